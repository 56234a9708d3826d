//! People who ask to join: what becomes of them on the device that redeems their
//! invitation, and the way to the coordinators and back, sealed.
//!
//! Invariant: an admission is the charter's, never a row's; a row says only who waits.

use std::collections::{BTreeMap, BTreeSet};

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{ActError, Invitations, Replica};
use crate::authority::{Home, Permission, Role, Roles, Status, build::Newcomer};
use crate::codec;
use crate::journal::Run;
use crate::keys::{BookingId, MemberId};
use crate::projection::{Applicants, ApplicationRecord, Changes, RefusalRecord, Refusals, people};
use crate::rows::{RowsError, Table, Tx, Typed};
use crate::sync::{Application, JoinAnswer, JoinForm, bearer_entry};
use crate::time::Instant;

/// Applications that wait on one device.
const APPLICATIONS: usize = 500;
/// Rows of applications that are looked at.
const ROWS: usize = 20_000;
/// An application is remembered this long, so that its bearer can be told what came of it.
const REMEMBERED_MS: i64 = 60 * Instant::DAY_MS;

/// Someone who came to this device by an invitation that it redeems.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationRow {
    /// Who, when, and what it says of itself.
    pub record: ApplicationRecord,
    /// The coordinators to whom it was passed on; sorted.
    pub told: Vec<MemberId>,
}

/// member → application.
pub struct Applications;
impl Typed for Applications {
    const TABLE: Table = Table::Applications;
    type Key = MemberId;
    type Row = ApplicationRow;
}

/// Someone who waits for a coordinator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applicant {
    /// Who, when, and what it says of itself.
    pub record: ApplicationRecord,
    /// The members whose devices redeem: who can tell the applicant.
    pub redeemers: BTreeSet<MemberId>,
}

impl Replica {
    /// What becomes of someone who came by an invitation. Whoever is a member already is
    /// told so, so that a lost answer does no harm; whoever waits is told how that stands.
    pub fn consider(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        application: &Application,
    ) -> Result<(JoinAnswer, Changes), ActError> {
        let answer = |answer: JoinAnswer| Ok((answer, Changes::default()));
        let refused = |code: &str| answer(JoinAnswer::Refused(code.to_owned()));
        let member = application.peer.member;
        let Some((entry0, _)) = bearer_entry(&application.peer, &self.hood.hash) else {
            return refused("join.identity");
        };
        if let Some(known) = self.authority.member(&member) {
            return match known.status {
                Status::Active => {
                    forget(tx, &member)?;
                    answer(JoinAnswer::Joined)
                }
                _ => refused("join.removed"),
            };
        }
        if self.came_by(tx, &member, &application.invitation)? {
            return match self.is_refused(tx, &member, &application.invitation)? {
                true => refused("join.refused"),
                false => answer(JoinAnswer::AwaitingApproval),
            };
        }
        let Some(mut row) = tx.row::<Invitations>(&application.invitation)? else {
            return refused("invite.not_found");
        };
        if row.revoked || row.uses_left == 0 {
            return refused("invite.used");
        }
        if now > row.expires {
            return refused("invite.expired");
        }
        let waits = row.approval || self.check(Permission::Admit).is_err();
        if waits && self.waiting_here(tx)?.len() >= APPLICATIONS {
            return refused("join.too_many");
        }
        row.uses_left -= 1;
        tx.put::<Invitations>(&application.invitation, &row);
        let record = ApplicationRecord {
            at: now,
            member,
            identity: entry0.hash(),
            runs: application.identity.iter().map(|run| ByteBuf::from(run.to_bytes())).collect(),
            invitation: application.invitation,
            form: application.form.clone(),
        };
        drop_old(tx, now)?;
        let kept = ApplicationRow { record, told: Vec::new() };
        tx.put::<Applications>(&member, &kept);
        if waits {
            let changes = Changes { applications: true, ..Changes::default() };
            return Ok((JoinAnswer::AwaitingApproval, changes));
        }
        let changes = self.let_in(tx, now, &kept.record, Home::default(), row.roles)?;
        forget(tx, &member)?;
        Ok((JoinAnswer::Joined, changes))
    }

    /// Whether someone came by an invitation before.
    pub fn came_by(
        &self,
        tx: &Tx<'_>,
        member: &MemberId,
        invitation: &[u8; 32],
    ) -> Result<bool, RowsError> {
        let known = tx.row::<Applications>(member)?;
        Ok(known.is_some_and(|row| row.record.invitation == *invitation))
    }

    /// Whether this person may be met on an invitation that this device redeems.
    pub fn may_come_by(
        &self,
        tx: &Tx<'_>,
        invitation: &[u8; 32],
        member: &MemberId,
        now: Instant,
    ) -> Result<bool, RowsError> {
        let row = tx.row::<Invitations>(invitation)?;
        Ok(row.is_some_and(|row| row.is_open(now)) || self.came_by(tx, member, invitation)?)
    }

    /// The invitations by which someone may still be met: those that let someone in, then
    /// those whose bearers are to be told what came of them.
    pub fn answering(
        &self,
        tx: &Tx<'_>,
        now: Instant,
    ) -> Result<Vec<super::InvitationRow>, RowsError> {
        let mut rows = self.open_invitations(tx, now)?;
        for (_, known) in tx.rows_with_prefix::<Applications>(&[], ROWS)? {
            let row = tx.row::<Invitations>(&known.record.invitation)?;
            rows.extend(row.filter(|row| !rows.contains(row)));
        }
        Ok(rows)
    }

    /// Everyone who waits, as far as this member may know.
    pub fn applicants(&self, tx: &Tx<'_>) -> Result<Vec<Applicant>, RowsError> {
        let mut all: BTreeMap<MemberId, Applicant> = BTreeMap::new();
        let mut found: Vec<(MemberId, ApplicationRecord)> =
            self.waiting_here(tx)?.into_iter().map(|row| (self.me.member, row.record)).collect();
        for (key, row) in tx.rows_with_prefix::<Applicants>(&[], ROWS)? {
            let by = key.get(64..).and_then(MemberId::from_slice);
            let waits = self.waits(tx, &row.record)?;
            found.extend(by.filter(|_| waits).map(|by| (by, row.record)));
        }
        for (by, record) in found {
            let known = all.entry(record.member).or_insert_with(|| Applicant {
                record: record.clone(),
                redeemers: BTreeSet::new(),
            });
            known.redeemers.insert(by);
            if record.at > known.record.at {
                known.record = record;
            }
        }
        Ok(all.into_values().collect())
    }

    fn applicant(&self, tx: &Tx<'_>, member: &MemberId) -> Result<Applicant, ActError> {
        let found = self.applicants(tx)?.into_iter().find(|it| it.record.member == *member);
        found.ok_or_else(|| ActError::not_found("member.not_found"))
    }

    /// Approves someone who waits.
    pub fn approve(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        member: &MemberId,
        home: Home,
    ) -> Result<Changes, ActError> {
        self.check(Permission::Approve)?;
        let applicant = self.applicant(tx, member)?;
        // Roles only by an invitation of this very device: what another member passes on
        // says nothing of them.
        let invitation = tx.row::<Invitations>(&applicant.record.invitation)?;
        let roles = invitation.map(|invitation| invitation.roles).unwrap_or_default();
        let mut changes = self.let_in(tx, now, &applicant.record, home, roles)?;
        changes.applications = true;
        Ok(changes)
    }

    /// Turns someone who waits away; who redeems the invitation tells the person.
    pub fn refuse_application(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        member: &MemberId,
    ) -> Result<Changes, ActError> {
        self.check(Permission::Approve)?;
        let applicant = self.applicant(tx, member)?;
        let invitation = applicant.record.invitation;
        let record = RefusalRecord { at: now, member: *member, invitation };
        let mut readers = self.coordinators();
        readers.extend(applicant.redeemers);
        let deal = thread("palier refusal v1", member, &invitation);
        let mut changes = Changes { applications: true, ..Changes::default() };
        let sealed = (people::REFUSAL, codec::encode(&record));
        self.write_sealed(tx, now, rng, (&deal, &readers), sealed, &mut changes)?;
        self.settle(tx, &mut changes)?;
        Ok(changes)
    }

    /// Applications that some coordinator was not told of yet.
    pub(super) fn to_pass_on(&self, tx: &Tx<'_>) -> Result<Vec<ApplicationRow>, RowsError> {
        let coordinators = self.coordinators();
        let mut rows = self.waiting_here(tx)?;
        rows.retain(|row| coordinators.iter().any(|it| row.told.binary_search(it).is_err()));
        Ok(rows)
    }

    /// Passes applications on to the coordinators, sealed.
    pub(super) fn pass_applications_on(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        changes: &mut Changes,
    ) -> Result<(), ActError> {
        let coordinators = self.coordinators();
        for mut row in self.to_pass_on(tx)? {
            let record = &row.record;
            let deal = thread("palier application v1", &record.member, &record.invitation);
            let sealed = (people::APPLICATION, codec::encode(record));
            self.write_sealed(tx, now, rng, (&deal, &coordinators), sealed, changes)?;
            row.told = coordinators.iter().copied().collect();
            tx.put::<Applications>(&row.record.member, &row);
        }
        Ok(())
    }

    /// The coordinators besides this member.
    fn coordinators(&self) -> BTreeSet<MemberId> {
        let all = self.authority.members();
        all.filter(|(id, known)| {
            **id != self.me.member
                && known.status == Status::Active
                && known.roles.has(Role::Coordinator)
        })
        .map(|(id, _)| *id)
        .collect()
    }

    fn waiting_here(&self, tx: &Tx<'_>) -> Result<Vec<ApplicationRow>, RowsError> {
        let mut waiting = Vec::new();
        for (_, row) in tx.rows_with_prefix::<Applications>(&[], ROWS)? {
            if self.waits(tx, &row.record)? {
                waiting.push(row);
            }
        }
        Ok(waiting)
    }

    fn waits(&self, tx: &Tx<'_>, record: &ApplicationRecord) -> Result<bool, RowsError> {
        let known = self.authority.member(&record.member).is_some();
        Ok(!known && !self.is_refused(tx, &record.member, &record.invitation)?)
    }

    /// Whether someone who may approve said no.
    fn is_refused(
        &self,
        tx: &Tx<'_>,
        member: &MemberId,
        invitation: &[u8; 32],
    ) -> Result<bool, RowsError> {
        let prefix = [member.0, *invitation].concat();
        let said = tx.rows_with_prefix::<Refusals>(&prefix, ROWS)?;
        let may = |by: MemberId| self.authority.may(&by, Permission::Approve).is_ok();
        Ok(said
            .iter()
            .any(|(key, ())| key.get(64..).and_then(MemberId::from_slice).is_some_and(may)))
    }

    /// Writes the admission, then takes the newcomer's identity log in.
    fn let_in(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        record: &ApplicationRecord,
        home: Home,
        roles: Roles,
    ) -> Result<Changes, ActError> {
        let newcomer = Newcomer {
            member: record.member,
            entry0: record.identity,
            invitation: record.invitation,
            home,
            roles,
        };
        let mut changes = self.admit(tx, now, newcomer)?;
        let runs: Vec<Run> =
            record.runs.iter().filter_map(|run| Run::from_bytes(run).ok()).collect();
        changes.merge(self.take(tx, &runs)?.changes);
        Ok(changes)
    }
}

/// What stands for a deal where an application's records are sealed under one key.
fn thread(context: &str, member: &MemberId, invitation: &[u8; 32]) -> BookingId {
    BookingId(blake3::derive_key(context, &[member.0, *invitation].concat()))
}

/// Keeps that someone came, and no longer what it said of itself.
fn forget(tx: &mut Tx<'_>, member: &MemberId) -> Result<(), RowsError> {
    if let Some(mut row) = tx.row::<Applications>(member)? {
        row.record.runs.clear();
        row.record.form =
            JoinForm { name: String::new(), home: String::new(), languages: Vec::new() };
        tx.put::<Applications>(member, &row);
    }
    Ok(())
}

fn drop_old(tx: &mut Tx<'_>, now: Instant) -> Result<(), RowsError> {
    for (key, row) in tx.rows_with_prefix::<Applications>(&[], ROWS)? {
        if row.record.at.plus_ms(REMEMBERED_MS) < now {
            tx.delete_raw(Table::Applications, key);
        }
    }
    Ok(())
}
