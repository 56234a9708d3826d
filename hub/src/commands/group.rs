//! `group`.

use super::{On, Outcome, resolve};
use crate::answer::List;
use crate::args::{Group, GroupMember};
use crate::backend::{Backend, GroupAct};
use crate::errors::Result;

pub(super) async fn group<B: Backend>(on: On<'_, B>, verb: Group) -> Result<Outcome> {
    Ok(match verb {
        Group::Found(it) => {
            on.node.group_found(on.scope, it.name, it.about.unwrap_or_default()).await?.into()
        }
        Group::List => List::whole(on.node.groups(on.scope).await?).into(),
        Group::Show(it) => {
            let id = resolve::group(on.node, on.scope, &it.group).await?;
            on.node.group(on.scope, id).await?.into()
        }
        Group::Add(it) => act(on, it, GroupAct::Add).await?,
        Group::Remove(it) => act(on, it, GroupAct::Remove).await?,
    })
}

async fn act<B: Backend>(on: On<'_, B>, it: GroupMember, act: GroupAct) -> Result<Outcome> {
    let group = resolve::group(on.node, on.scope, &it.group).await?;
    let member = resolve::member(on.node, on.scope, &it.member).await?;
    Ok(on.node.group_act(on.scope, group, member, act).await?.into())
}
