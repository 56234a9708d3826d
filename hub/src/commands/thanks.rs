//! `thanks`.

use super::{On, Outcome, resolve};
use crate::answer::List;
use crate::args::Thanks;
use crate::backend::Backend;
use crate::errors::Result;

pub(super) async fn thanks<B: Backend>(on: On<'_, B>, verb: Thanks) -> Result<Outcome> {
    let (given, text) = match verb {
        Thanks::List(it) => {
            let member = match &it.member {
                None => None,
                Some(given) => Some(resolve::member(on.node, on.scope, given).await?),
            };
            return Ok(List::whole(on.node.thanks(on.scope, member).await?).into());
        }
        Thanks::Give(it) => (it.booking, Some(it.text)),
        Thanks::Withdraw(it) => (it.booking, None),
    };
    let id = resolve::booking(on.node, on.scope, &given).await?;
    Ok(on.node.thanks_give(on.scope, id, text).await?.into())
}
