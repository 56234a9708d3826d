//! Members, devices, profiles.

use std::collections::BTreeMap;

use palier_model::authority::{Home, Role, Status};
use palier_model::keys::{DeviceId, HoodHash, MemberId};
use palier_model::listing::{ProfileEdit, Profiles};
use palier_model::time::Instant;

use super::hoods::role_name;
use super::{Opened, saved};
use crate::answer::{
    Device, DeviceStatus, List, Member, MemberStatus, Profile, Saved, Shown, When,
};
use crate::backend::{MemberAct, Paging, ProfilePatch, RoleName, Scope};
use crate::errors::{CliError, Result};

/// A member as it was read.
struct Read {
    id: MemberId,
    name: String,
    roles: Vec<String>,
    status: MemberStatus,
    lives: Option<String>,
    home: Home,
    since: Option<Instant>,
    accepted: BTreeMap<DeviceId, u64>,
}

impl Opened {
    async fn read_members(&self, hood: HoodHash) -> Result<Vec<Read>> {
        self.look(hood, |replica, tx, _| {
            let authority = replica.authority();
            let accepted = replica.accepted(tx)?;
            let founder = authority.fact(&authority.root().act).and_then(|fact| match &fact.body {
                palier_model::authority::Body::Found { founder, .. } => Some(*founder),
                _ => None,
            });
            let mut all = Vec::new();
            for (id, member) in authority.members() {
                let name = tx.row::<Profiles>(id)?.map(|row| row.content.name);
                let mut roles: Vec<String> = member.roles.iter().map(role_name).collect();
                if founder == Some(*id) {
                    roles.push("founder".to_owned());
                }
                let devices = authority.devices_of(id).into_iter();
                all.push(Read {
                    id: *id,
                    name: name.unwrap_or_default(),
                    roles,
                    status: match member.status {
                        Status::Active => MemberStatus::Member,
                        Status::Removed => MemberStatus::Removed,
                        Status::Left => MemberStatus::Left,
                    },
                    lives: None,
                    home: member.home,
                    since: authority.fact(&member.admitted).map(|fact| fact.at),
                    accepted: devices
                        .map(|(device, _)| (device, accepted.get(&device).copied().unwrap_or(0)))
                        .collect(),
                });
            }
            for applicant in replica.applicants(tx)? {
                let record = applicant.record;
                all.push(Read {
                    id: record.member,
                    name: record.form.name,
                    roles: Vec::new(),
                    status: MemberStatus::AwaitingApproval,
                    lives: Some(record.form.home).filter(|home| !home.is_empty()),
                    home: Home::default(),
                    since: Some(record.at),
                    accepted: BTreeMap::new(),
                });
            }
            Ok(all)
        })
        .await
    }

    async fn show_members(&self, hood: HoodHash) -> Result<Vec<Member>> {
        let zone = self.zone_of(hood).await?;
        let shown = self.read_members(hood).await?.into_iter().map(|read| Member {
            id: read.id.into(),
            name: read.name,
            roles: read.roles,
            status: read.status,
            lives: read.lives,
            building: code_text(read.home.building),
            landlord: code_text(read.home.landlord),
            since: read.since.map(|at| When::new(at, &zone)),
            thanks: None,
            accepted_up_to: read.accepted.into_iter().map(|(id, n)| (Shown(id), n)).collect(),
        });
        Ok(shown.collect())
    }

    pub(super) async fn all_members(&self, scope: &Scope, paging: Paging) -> Result<List<Member>> {
        let hood = self.hood_of(scope).await?;
        page(self.show_members(hood).await?, &paging, |member| member.id.to_string())
    }

    pub(super) async fn one_member(&self, scope: &Scope, id: MemberId) -> Result<Member> {
        let hood = self.hood_of(scope).await?;
        let found = self.show_members(hood).await?.into_iter().find(|member| member.id.0 == id);
        let mut found = found.ok_or_else(|| CliError::new("member.not_found"))?;
        let is_known = !matches!(found.status, MemberStatus::AwaitingApproval);
        if is_known {
            let thanks = self.thanks_of(scope, Some(id)).await?;
            let shown = thanks.iter().filter(|it| it.hidden_until.is_none()).count();
            found.thanks = Some(shown as u64);
        }
        Ok(found)
    }

    pub(super) async fn act_on_member(
        &self,
        scope: &Scope,
        id: MemberId,
        act: MemberAct,
    ) -> Result<Saved> {
        let hood = self.hood_of(scope).await?;
        let home = match &act {
            MemberAct::Approve { building, landlord }
            | MemberAct::Attest { building, landlord } => {
                Home { building: code(building.as_deref())?, landlord: code(landlord.as_deref())? }
            }
            _ => Home::default(),
        };
        self.write(hood, move |replica, tx, now, rng| {
            let role = |role: RoleName| match role {
                RoleName::Coordinator => Role::Coordinator,
                RoleName::Hub => Role::Hub,
            };
            let changes = match act {
                MemberAct::Approve { .. } => replica.approve(tx, now, &id, home)?,
                MemberAct::Attest { .. } => replica.attest(tx, now, id, home)?,
                MemberAct::Appoint(name) => replica.appoint(tx, now, id, role(name))?,
                MemberAct::Dismiss(name) => replica.dismiss(tx, now, id, role(name))?,
                MemberAct::Refuse => replica.refuse_application(tx, now, rng, &id)?,
                MemberAct::Remove if replica.authority().member(&id).is_none() => {
                    replica.refuse_application(tx, now, rng, &id)?
                }
                MemberAct::Remove => replica.remove(tx, now, id)?,
            };
            Ok(((), changes))
        })
        .await?;
        Ok(saved(id))
    }

    pub(super) async fn own_devices(&self, scope: &Scope) -> Result<Vec<Device>> {
        let hood = self.hood_of(scope).await?;
        let zone = self.zone_of(hood).await?;
        let this = self.device;
        let devices = self
            .look(hood, move |replica, tx, _| {
                let authority = replica.authority();
                let mut devices = Vec::new();
                for (id, device) in authority.devices_of(&replica.me().member) {
                    let at = authority.fact(&device.certificate).map(|fact| fact.at);
                    let incarnation =
                        replica.holder_of(tx, &id).map_or(0, |holder| holder.incarnation);
                    devices.push((id, device.is_active, at, incarnation));
                }
                Ok(devices)
            })
            .await?;
        let shown = devices.into_iter().map(|(id, is_active, at, incarnation)| Device {
            id: id.into(),
            this: id == this,
            status: if is_active { DeviceStatus::Active } else { DeviceStatus::Revoked },
            incarnation,
            since: at.filter(|at| at.0 > 0).map(|at| When::new(at, &zone)),
        });
        Ok(shown.collect())
    }

    pub(super) async fn profile_of(
        &self,
        scope: &Scope,
        member: Option<MemberId>,
    ) -> Result<Profile> {
        let hood = self.hood_of(scope).await?;
        let id = member.unwrap_or(self.identity.member);
        let (row, home) = self
            .look(hood, move |replica, tx, _| {
                let home = replica.authority().member(&id).map(|member| member.home);
                Ok((tx.row::<Profiles>(&id)?, home))
            })
            .await?;
        let Some(home) = home else { return Err(CliError::new("member.not_found")) };
        let content = row.map(|row| row.content).unwrap_or_default();
        Ok(Profile {
            member: id.into(),
            name: content.name,
            about: content.about,
            languages: content.languages,
            building: code_text(home.building),
            photo: content.photo.map(|photo| photo.blob.into()),
        })
    }

    pub(super) async fn edit_profile(&self, scope: &Scope, patch: ProfilePatch) -> Result<Saved> {
        let hood = self.hood_of(scope).await?;
        let edit = ProfileEdit {
            name: patch.name,
            about: patch.about,
            languages: patch.languages,
            photo: None,
        };
        self.write(hood, move |replica, tx, now, _| {
            Ok(((), replica.edit_profile(tx, now, &edit)?))
        })
        .await?;
        Ok(saved(self.identity.member))
    }
}

/// One part of a list; `next` is the key of the last item shown.
pub(super) fn page<T>(
    items: Vec<T>,
    paging: &Paging,
    key: impl Fn(&T) -> String,
) -> Result<List<T>> {
    let skip = match &paging.after {
        None => 0,
        Some(after) => {
            let at = items.iter().position(|it| key(it) == *after);
            // Beginning again instead would have a script read the list for ever.
            at.ok_or_else(|| CliError::new("invalid.after"))? + 1
        }
    };
    let limit = paging.limit.max(1) as usize;
    let more = items.len() > skip + limit;
    let items: Vec<T> = items.into_iter().skip(skip).take(limit).collect();
    let next = items.last().filter(|_| more).map(key);
    Ok(List { items, next })
}

/// A building or landlord: up to four letters or digits, which the charter holds as a
/// number that means something only in the place itself.
fn code(text: Option<&str>) -> Result<u32> {
    let Some(text) = text else { return Ok(0) };
    let text = text.trim().to_uppercase();
    let fits = (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
    if !fits {
        return Err(CliError::new("invalid.code").param("value", text));
    }
    Ok(text.bytes().fold(0, |code, byte| (code << 8) | u32::from(byte)))
}

fn code_text(code: u32) -> Option<String> {
    let bytes: Vec<u8> = code.to_be_bytes().into_iter().filter(|byte| *byte != 0).collect();
    String::from_utf8(bytes).ok().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_building_goes_there_and_back() {
        for text in ["A", "B2", "1234"] {
            assert_eq!(code_text(code(Some(text)).unwrap()).as_deref(), Some(text));
        }
        assert_eq!(code_text(code(None).unwrap()), None);
        assert!(code(Some("escalier")).is_err());
    }
}
