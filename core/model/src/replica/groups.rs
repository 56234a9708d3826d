//! Groups: founded by a member, run by its managers, with documents and an account of its
//! own.

use std::collections::BTreeSet;

use super::{ActError, Gift, Replica};
use crate::authority::build;
use crate::journal::{Author, Owner};
use crate::keys::{DeviceId, GroupId, MemberId};
use crate::ledger::{self, Account};
use crate::listing::{GroupProfiles, ProfileEdit, group_document};
use crate::projection::Changes;
use crate::rows::{RowsError, Tx};
use crate::time::Instant;

/// A group as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupView {
    /// Which.
    pub id: GroupId,
    /// Its name; empty until that came.
    pub name: String,
    /// A few words.
    pub about: String,
    /// Who founded it.
    pub founder: MemberId,
    /// When its founder says that was.
    pub since: Instant,
    /// Who manages it, whoever was one first before the others.
    pub managers: Vec<MemberId>,
}

impl Replica {
    /// This device as it writes in documents of an owner: what gives the right to a group's
    /// logs is the appointment as its manager.
    pub(super) fn author_in(&self, owner: &Owner) -> Author {
        let mut author = self.me.author(&self.own);
        if let Owner::Group(group) = owner
            && let Some(act) = self.authority.management_of(group, &self.me.member)
        {
            author.act = act;
        }
        author
    }

    /// Whether this member manages a group, on this device.
    pub fn check_manager(&self, group: &GroupId) -> Result<(), ActError> {
        self.check_member()?;
        if self.authority.group(group).is_none() {
            return Err(ActError::not_found("group.not_found"));
        }
        match self.authority.is_manager(group, &self.me.member) {
            true => Ok(()),
            false => Err(ActError::not_allowed("group.not_manager")),
        }
    }

    /// Founds a group with this member as its first manager; gives its id.
    pub fn found_group(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        (name, about): (String, String),
    ) -> Result<(GroupId, Changes), ActError> {
        self.check_member()?;
        self.check_version()?;
        let mut changes = Changes::default();
        let draft = build::found_group(now, self.hood.hash);
        let group: GroupId = self.write_draft(tx, draft, &mut changes)?.into();
        let edit = ProfileEdit { name: Some(name), about: Some(about), ..ProfileEdit::default() };
        self.write_profile(tx, now, group_document(self.hood.hash, group), &edit, &mut changes)?;
        self.settle(tx, &mut changes)?;
        Ok((group, changes))
    }

    /// Changes what a group says of itself.
    pub fn edit_group(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        group: &GroupId,
        edit: &ProfileEdit,
    ) -> Result<Changes, ActError> {
        self.check_manager(group)?;
        let mut changes = Changes::default();
        self.write_profile(tx, now, group_document(self.hood.hash, *group), edit, &mut changes)?;
        Ok(changes)
    }

    fn check_version(&self) -> Result<(), ActError> {
        match self.authority.has_newer_version() {
            true => Err(ActError::conflict("hood.needs_update")),
            false => Ok(()),
        }
    }

    /// Makes a member a manager of a group.
    pub fn add_manager(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        group: GroupId,
        member: MemberId,
    ) -> Result<Changes, ActError> {
        self.check_version()?;
        // A coordinator puts managers in where none is left to do it.
        if !self.is_coordinator() {
            self.check_manager(&group)?;
        }
        self.check_member()?;
        self.authority.group(&group).ok_or_else(|| ActError::not_found("group.not_found"))?;
        if !self.authority.is_active(&member) {
            return Err(ActError::not_found("member.not_found"));
        }
        if self.authority.is_manager(&group, &member) {
            return Err(ActError::conflict("group.already"));
        }
        let mut changes = Changes::default();
        let draft = build::add_manager(now, self.hood.hash, group, member);
        self.write_draft(tx, draft, &mut changes)?;
        self.settle(tx, &mut changes)?;
        Ok(changes)
    }

    /// Ends a manager: oneself, one who came later, or any as a coordinator. What he wrote
    /// for the group counts up to what is known here; what lies with his devices of its
    /// account passes on.
    pub fn remove_manager(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        group: GroupId,
        member: MemberId,
    ) -> Result<Changes, ActError> {
        self.check_member()?;
        self.check_version()?;
        self.authority.group(&group).ok_or_else(|| ActError::not_found("group.not_found"))?;
        if !self.authority.is_manager(&group, &member) {
            return Err(ActError::not_found("group.no_manager"));
        }
        if !self.authority.may_remove_manager(&group, &self.me.member, &member) {
            return Err(ActError::not_allowed("group.not_senior"));
        }
        if self.authority.managers(&group).len() == 1 {
            return Err(ActError::conflict("group.last_manager"));
        }
        let mut changes = Changes::default();
        if member == self.me.member {
            self.hand_on(tx, now, &group, &mut changes)?;
        }
        let draft = build::remove_manager(tx, &self.authority, now, group, member)?;
        self.write_draft(tx, draft, &mut changes)?;
        self.settle(tx, &mut changes)?;
        self.inherit_from_former(tx, now, &group, &mut changes)?;
        Ok(changes)
    }

    fn is_coordinator(&self) -> bool {
        self.authority.has_role(&self.me.member, crate::authority::Role::Coordinator)
    }

    /// Passes what this device holds of a group's minutes to whoever stays.
    fn hand_on(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        group: &GroupId,
        changes: &mut Changes,
    ) -> Result<(), ActError> {
        let owner = Owner::Group(*group);
        let left = ledger::available(tx, &self.authority, &self.account(owner))?;
        let me = self.me.member;
        let mut others = self.authority.managers(group).into_iter();
        let Some(next) = others.find(|it| *it != me) else { return Ok(()) };
        let most = u64::from(ledger::bounds::MINUTES);
        let Ok(minutes) = u32::try_from(left.min(most)) else { return Ok(()) };
        if minutes > 0 {
            let payee = Account { owner, ..self.account_of(&next)? };
            self.pass_on(tx, now, owner, (payee, minutes), None, changes)?;
        }
        Ok(())
    }

    /// Takes over what lies with devices that write for a group no more. Only the device
    /// that gifts come to does so: of two heirs each would have it.
    pub(super) fn inherit_from_former(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        group: &GroupId,
        changes: &mut Changes,
    ) -> Result<(), ActError> {
        let owner = Owner::Group(*group);
        let own = self.account(owner);
        if self.account_of_group(group).ok() != Some(own) {
            return Ok(());
        }
        let current: BTreeSet<DeviceId> = self.managers_devices(group);
        for device in self.devices_of_owner(&owner) {
            if !current.contains(&device) {
                self.inherit_credits(tx, now, Account { owner, device }, changes)?;
            }
        }
        Ok(())
    }

    /// The devices that may write for a group now.
    fn managers_devices(&self, group: &GroupId) -> BTreeSet<DeviceId> {
        let managers = self.authority.managers(group).into_iter();
        let devices = managers.flat_map(|it| self.authority.devices_of(&it));
        devices.filter(|(_, known)| known.is_active).map(|(id, _)| id).collect()
    }

    /// Whether a device may write for a group now.
    pub(super) fn is_managers_device(&self, group: &GroupId, device: &DeviceId) -> bool {
        self.managers_devices(group).contains(device)
    }

    /// Every group.
    pub fn groups(&self, tx: &Tx<'_>) -> Result<Vec<GroupView>, RowsError> {
        let ids: Vec<GroupId> = self.authority.groups().map(|(id, _)| *id).collect();
        let mut groups = Vec::with_capacity(ids.len());
        for id in ids {
            groups.extend(self.group(tx, &id)?);
        }
        Ok(groups)
    }

    /// One group; none where it is not known.
    pub fn group(&self, tx: &Tx<'_>, id: &GroupId) -> Result<Option<GroupView>, RowsError> {
        let Some(known) = self.authority.group(id) else { return Ok(None) };
        let content = tx.row::<GroupProfiles>(id)?.map(|row| row.content).unwrap_or_default();
        let founded = self.authority.fact(&crate::keys::EntryHash(id.0));
        Ok(Some(GroupView {
            id: *id,
            name: content.name,
            about: content.about,
            founder: known.founder,
            since: founded.map_or(Instant(0), |fact| fact.at),
            managers: self.authority.managers(id),
        }))
    }
}

impl Gift<'_> {
    /// Minutes of one's own, without a word.
    pub const fn of(to: Owner, minutes: u32) -> Self {
        Self { from: None, to, minutes, note: "" }
    }
}
