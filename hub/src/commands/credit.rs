//! `credit`.

use palier_model::journal::Owner;
use palier_model::keys::GroupId;

use super::{On, Outcome, paging, resolve};
use crate::args::{Credit, PartyRef, Ref};
use crate::backend::{Backend, NewGift};
use crate::errors::Result;

pub(super) async fn credit<B: Backend>(on: On<'_, B>, verb: Credit) -> Result<Outcome> {
    Ok(match verb {
        Credit::Balance(it) => {
            let whose = match (&it.member, group(on, it.of.as_ref()).await?) {
                (_, Some(group)) => Some(Owner::Group(group)),
                (None, None) => None,
                (Some(given), None) => {
                    Some(Owner::Member(resolve::member(on.node, on.scope, given).await?))
                }
            };
            on.node.credit_balance(on.scope, whose).await?.into()
        }
        Credit::Give(it) => {
            let to = match &it.to {
                PartyRef::Member(to) => {
                    Owner::Member(resolve::member(on.node, on.scope, to).await?)
                }
                PartyRef::Group(to) => Owner::Group(resolve::group(on.node, on.scope, to).await?),
            };
            let from = group(on, it.of.as_ref()).await?;
            let note = it.note.unwrap_or_default();
            let gift = NewGift { from, to, minutes: it.minutes, note };
            on.node.credit_give(on.scope, gift).await?.into()
        }
        Credit::Allot(it) => {
            let device = resolve::device(on.node, on.scope, &it.device).await?;
            let group = group(on, it.of.as_ref()).await?;
            on.node.credit_allot(on.scope, group, device, it.minutes).await?.into()
        }
        Credit::Pay(it) => {
            let id = resolve::booking(on.node, on.scope, &it.booking).await?;
            on.node.credit_pay(on.scope, id).await?.into()
        }
        Credit::List(it) => {
            let group = group(on, it.of.as_ref()).await?;
            match it.csv {
                Some(file) => {
                    on.node.credit_file(on.scope, group, on.context.path(&file)).await?.into()
                }
                None => on.node.credit_lines(on.scope, group, paging(it.page)).await?.into(),
            }
        }
    })
}

/// The group whose account is meant; none: one's own.
async fn group<B: Backend>(on: On<'_, B>, given: Option<&Ref<GroupId>>) -> Result<Option<GroupId>> {
    match given {
        None => Ok(None),
        Some(given) => resolve::group(on.node, on.scope, given).await.map(Some),
    }
}
