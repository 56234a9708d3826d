//! `credit`.

use super::{On, Outcome, paging, resolve};
use crate::args::Credit;
use crate::backend::{Backend, NewGift};
use crate::errors::Result;

pub(super) async fn credit<B: Backend>(on: On<'_, B>, verb: Credit) -> Result<Outcome> {
    Ok(match verb {
        Credit::Balance(it) => {
            let member = match &it.member {
                None => None,
                Some(given) => Some(resolve::member(on.node, on.scope, given).await?),
            };
            on.node.credit_balance(on.scope, member).await?.into()
        }
        Credit::Give(it) => {
            let member = resolve::member(on.node, on.scope, &it.member).await?;
            let gift = NewGift { member, minutes: it.minutes, note: it.note.unwrap_or_default() };
            on.node.credit_give(on.scope, gift).await?.into()
        }
        Credit::Allot(it) => {
            let device = resolve::device(on.node, on.scope, &it.device).await?;
            on.node.credit_allot(on.scope, device, it.minutes).await?.into()
        }
        Credit::Pay(it) => {
            let id = resolve::booking(on.node, on.scope, &it.booking).await?;
            on.node.credit_pay(on.scope, id).await?.into()
        }
        Credit::List(it) => match it.csv {
            Some(file) => on.node.credit_file(on.scope, on.context.path(&file)).await?.into(),
            None => on.node.credit_lines(on.scope, paging(it.page)).await?.into(),
        },
    })
}
