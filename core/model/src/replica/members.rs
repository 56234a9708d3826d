//! People: who is admitted, attested, appointed, dismissed, removed.

use super::{ActError, Replica};
use crate::authority::build::{self, Draft, Newcomer};
use crate::authority::{Home, Permission, Role, Status};
use crate::keys::{EntryHash, MemberId};
use crate::projection::Changes;
use crate::rows::Tx;
use crate::time::Instant;

impl Replica {
    /// Writes an act of charter or identity that `authority` built.
    pub fn write_draft(
        &mut self,
        tx: &mut Tx<'_>,
        draft: Draft,
        changes: &mut Changes,
    ) -> Result<EntryHash, ActError> {
        self.write(tx, &draft.document, draft.kind, |_| draft.payload, changes)
    }

    fn charter_act(&mut self, tx: &mut Tx<'_>, draft: Draft) -> Result<Changes, ActError> {
        let mut changes = Changes::default();
        self.write_draft(tx, draft, &mut changes)?;
        self.settle(tx, &mut changes)?;
        Ok(changes)
    }

    /// Whether this member may do something, on this device and with this version.
    pub fn check(&self, permission: Permission) -> Result<(), ActError> {
        self.check_member()?;
        if self.authority.has_newer_version() {
            return Err(ActError::conflict("hood.needs_update"));
        }
        let may = self.authority.may(&self.me.member, permission);
        may.map_err(|_| ActError::not_allowed("member.not_allowed"))
    }

    fn known_member(&self, member: &MemberId) -> Result<(), ActError> {
        match self.authority.member(member) {
            Some(known) if known.status == Status::Active => Ok(()),
            _ => Err(ActError::not_found("member.not_found")),
        }
    }

    /// Admits a member.
    pub(super) fn admit(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        newcomer: Newcomer,
    ) -> Result<Changes, ActError> {
        self.charter_act(tx, build::admit(now, self.hood.hash, newcomer))
    }

    /// Attests building and landlord.
    pub fn attest(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        member: MemberId,
        home: Home,
    ) -> Result<Changes, ActError> {
        self.check(Permission::Attest)?;
        self.known_member(&member)?;
        self.charter_act(tx, build::attest(now, self.hood.hash, member, home))
    }

    /// Gives a role.
    pub fn appoint(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        member: MemberId,
        role: Role,
    ) -> Result<Changes, ActError> {
        self.check(Permission::Appoint)?;
        self.known_member(&member)?;
        if self.authority.has_role(&member, role) {
            return Err(ActError::conflict("member.already"));
        }
        self.charter_act(tx, build::appoint(now, self.hood.hash, member, role))
    }

    /// Takes a role back.
    pub fn dismiss(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        member: MemberId,
        role: Role,
    ) -> Result<Changes, ActError> {
        self.check(Permission::Appoint)?;
        self.known_member(&member)?;
        if role == Role::Coordinator {
            self.check_not_last(&member)?;
        }
        self.charter_act(tx, build::dismiss(now, self.hood.hash, member, role))
    }

    /// Removes a member; its logs count up to what is known of them here.
    pub fn remove(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        member: MemberId,
    ) -> Result<Changes, ActError> {
        self.check(Permission::Remove)?;
        self.known_member(&member)?;
        // Such an act counts for nothing: whoever wants to go leaves.
        if member == self.me.member {
            return Err(ActError::conflict("member.oneself"));
        }
        self.check_not_last(&member)?;
        let draft = build::remove(tx, &self.authority, now, member)?;
        self.charter_act(tx, draft)
    }

    /// Co-signs another act.
    pub fn second(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        act: EntryHash,
    ) -> Result<Changes, ActError> {
        self.check(Permission::Second)?;
        self.charter_act(tx, build::second(now, self.hood.hash, act))
    }

    fn check_not_last(&self, member: &MemberId) -> Result<(), ActError> {
        let others = self
            .authority
            .members()
            .filter(|(id, known)| *id != member && known.roles.has(Role::Coordinator))
            .count();
        if others == 0 && self.authority.has_role(member, Role::Coordinator) {
            return Err(ActError::conflict("member.last_coordinator"));
        }
        Ok(())
    }
}
