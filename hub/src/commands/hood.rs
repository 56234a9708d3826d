//! `hood`, `invite`, `join`.

use super::{On, Outcome};
use crate::answer::{JoinStatus, List};
use crate::args::{self, Hood, Invite};
use crate::backend::{Backend, NewInvitation};
use crate::errors::{CliError, Kind, Result};

pub(super) async fn hood<B: Backend>(on: On<'_, B>, verb: Hood) -> Result<Outcome> {
    Ok(match verb {
        Hood::Found(it) => on.node.hood_found(on.scope, it.name, it.zone).await?.into(),
        Hood::List => List::whole(on.node.hoods(on.scope).await?).into(),
        Hood::Show => on.node.hood(on.scope).await?.into(),
        Hood::Sheet => on.node.hood_sheet(on.scope).await?.into(),
        Hood::Leave => on.node.hood_leave(on.scope).await?.into(),
    })
}

pub(super) async fn invite<B: Backend>(on: On<'_, B>, verb: Invite) -> Result<Outcome> {
    Ok(match verb {
        Invite::Create(it) => {
            let new = NewInvitation {
                approval: it.approval,
                uses: it.uses,
                expires_in_ms: it.expires.as_ms(),
            };
            on.node.invite(on.scope, new).await?.into()
        }
        Invite::List => List::whole(on.node.invitations(on.scope).await?).into(),
        Invite::Revoke(it) => on.node.invite_revoke(on.scope, it.id).await?.into(),
    })
}

pub(super) async fn join<B: Backend>(on: On<'_, B>, it: args::Join) -> Result<Outcome> {
    if on.scope.offline {
        return Err(CliError::new("net.offline"));
    }
    let progress = on.context.progress();
    let joined = on.node.join(on.scope, it.link, it.lives, it.within.as_ms(), progress).await?;
    let is_refused = joined.status == JoinStatus::Refused;
    Ok(Outcome::from(joined).partial_if(is_refused, Kind::NotAllowed))
}
