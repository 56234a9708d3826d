//! `member`, `profile`.

use super::{On, Outcome, changed, paging, resolve};
use crate::args::{Member, Profile, Role};
use crate::backend::{Backend, MemberAct, ProfilePatch, RoleName};
use crate::errors::Result;

pub(super) async fn member<B: Backend>(on: On<'_, B>, verb: Member) -> Result<Outcome> {
    let (member, act) = match verb {
        Member::List(page) => return Ok(on.node.members(on.scope, paging(page)).await?.into()),
        Member::Show(it) => {
            let id = resolve::member(on.node, on.scope, &it.member).await?;
            return Ok(on.node.member(on.scope, id).await?.into());
        }
        Member::Approve(it) => {
            (it.member, MemberAct::Approve { building: it.building, landlord: it.landlord })
        }
        Member::Refuse(it) => (it.member, MemberAct::Refuse),
        Member::Attest(it) => {
            (it.member, MemberAct::Attest { building: it.building, landlord: it.landlord })
        }
        Member::Appoint(it) => (it.member, MemberAct::Appoint(role(it.role))),
        Member::Dismiss(it) => (it.member, MemberAct::Dismiss(role(it.role))),
        Member::Remove(it) => (it.member, MemberAct::Remove),
    };
    let id = resolve::member(on.node, on.scope, &member).await?;
    Ok(on.node.member_act(on.scope, id, act).await?.into())
}

const fn role(role: Role) -> RoleName {
    match role {
        Role::Coordinator => RoleName::Coordinator,
        Role::Hub => RoleName::Hub,
    }
}

pub(super) async fn profile<B: Backend>(on: On<'_, B>, verb: Profile) -> Result<Outcome> {
    match verb {
        Profile::Show(it) => {
            let member = match &it.member {
                None => None,
                Some(given) => Some(resolve::member(on.node, on.scope, given).await?),
            };
            Ok(on.node.profile(on.scope, member).await?.into())
        }
        Profile::Edit(it) => {
            let patch = ProfilePatch { name: it.name, about: it.about, languages: it.languages };
            Ok(on.node.profile_edit(on.scope, changed(patch)?).await?.into())
        }
    }
}
