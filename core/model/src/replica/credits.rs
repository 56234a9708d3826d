//! Credits: passing minutes on, to neighbours and between one's own devices.

use std::collections::BTreeSet;

use rand_core::CryptoRng;

use super::{ActError, Replica};
use crate::booking::Record;
use crate::journal::{Descriptor, Ref, kind, log_row};
use crate::keys::{BookingId, DeviceId, EntryHash, MemberId};
use crate::ledger::{self, Account, DraftError, Figures, Note, Notes, TransferRow};
use crate::projection::Changes;
use crate::rows::{RowsError, Tx};
use crate::time::Instant;

/// A line of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementLine {
    /// The transfer and what became of it.
    pub transfer: TransferRow,
    /// The word that went with it, where this device can read it; empty for none.
    pub note: String,
    /// The deal it is for, where this member is a side of it.
    pub booking: Option<BookingId>,
}

impl Replica {
    /// This device as an account.
    pub fn account(&self) -> Account {
        Account { member: self.me.member, device: self.me.keys.id() }
    }

    /// Gives minutes to a neighbour, with a word that the two of them alone read. Gives the
    /// transfer's entry.
    pub fn give_credits(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        (to, minutes): (MemberId, u32),
        note: &str,
    ) -> Result<(EntryHash, Changes), ActError> {
        self.check_member()?;
        if to == self.me.member {
            return Err(ActError::conflict("credit.oneself"));
        }
        if !self.authority.is_active(&to) {
            return Err(ActError::not_found("member.not_found"));
        }
        let payee = self.account_of(&to)?;
        let mut changes = Changes::default();
        let at = self.pass_on(tx, now, (payee, minutes), None, &mut changes)?;
        if !note.is_empty() {
            let record = Note { at: now, transfer: at, text: note.to_owned() };
            let body = record.to_payload().map_err(|_| ActError::invalid("invalid.text"))?;
            let deal = BookingId(at.hash.0);
            let readers = BTreeSet::from([to]);
            self.write_sealed(tx, now, rng, (&deal, &readers), (Note::KIND, body), &mut changes)?;
        }
        self.settle(tx, &mut changes)?;
        Ok((at.hash, changes))
    }

    /// Passes a part of what this device can spend to another one of this member.
    pub fn allot_credits(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        device: DeviceId,
        minutes: u32,
    ) -> Result<(EntryHash, Changes), ActError> {
        self.check_member()?;
        let member = self.me.member;
        if device == self.me.keys.id() {
            return Err(ActError::conflict("device.this"));
        }
        if !self.authority.device_of(&member, &device).is_some_and(|known| known.is_active) {
            return Err(ActError::not_found("device.not_found"));
        }
        let mut changes = Changes::default();
        let at =
            self.pass_on(tx, now, (Account { member, device }, minutes), None, &mut changes)?;
        Ok((at.hash, changes))
    }

    /// Passes minutes on; `deal` is the tag of what they are for.
    pub(super) fn pass_on(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        what: (Account, u32),
        deal: Option<[u8; 32]>,
        changes: &mut Changes,
    ) -> Result<Ref, ActError> {
        let minutes = what.1;
        let payer = self.account();
        let draft = ledger::transfer(tx, &self.authority, &payer, what, deal, now);
        let record = draft.map_err(|error| match error {
            DraftError::Rows(error) => error.into(),
            DraftError::Short { available } => ActError::conflict("credit.short")
                .with("available", available)
                .with("minutes", minutes),
            DraftError::Held => ActError::conflict("credit.held"),
        })?;
        let payload = record.to_payload().map_err(|_| ActError::invalid("credit.minutes"))?;
        self.write_ledger(tx, kind::ledger::TRANSFER, payload, changes)
    }

    fn write_ledger(
        &mut self,
        tx: &mut Tx<'_>,
        kind: kind::Kind,
        payload: Vec<u8>,
        changes: &mut Changes,
    ) -> Result<Ref, ActError> {
        let ledger = Descriptor::ledger(self.hood.hash, self.owner());
        let hash = self.write(tx, &ledger, kind, |_| payload, changes)?;
        let missing = || ActError::new(super::ErrorKind::Internal, "internal");
        let place = tx.row::<crate::journal::EntryPlaces>(&hash)?.ok_or_else(missing)?;
        let document = log_row(tx, &place.log)?.ok_or_else(missing)?.document;
        Ok(Ref { document, log: place.log, seq: place.seq, hash })
    }

    /// Closes the accounts of a device of this member that is no more: what it could still
    /// spend passes to this one.
    pub(super) fn inherit_credits(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        device: DeviceId,
        changes: &mut Changes,
    ) -> Result<(), ActError> {
        let heir = self.me.keys.id();
        let account = Account { member: self.me.member, device };
        let Some(record) = ledger::close(tx, &self.authority, &account, heir, now)? else {
            return Ok(());
        };
        let payload = record.to_payload().map_err(|_| ActError::invalid("credit.minutes"))?;
        self.write_ledger(tx, kind::ledger::CLOSING, payload, changes)?;
        Ok(())
    }

    /// The account of a member that minutes are given to: its active device that was
    /// certified first.
    pub(super) fn account_of(&self, member: &MemberId) -> Result<Account, ActError> {
        let devices = self.authority.devices_of(member).into_iter();
        let active = devices.filter(|(_, known)| known.is_active).map(|(id, _)| id);
        let first =
            active.reduce(|a, b| if self.authority.certified_before(&b, &a) { b } else { a });
        let device = first.ok_or_else(|| ActError::conflict("credit.no_device"))?;
        Ok(Account { member: *member, device })
    }

    /// How a member stands.
    pub fn credits(&self, tx: &Tx<'_>, member: &MemberId) -> Result<Figures, ActError> {
        if self.authority.member(member).is_none() {
            return Err(ActError::not_found("member.not_found"));
        }
        let devices: Vec<DeviceId> =
            self.authority.devices_of(member).into_iter().map(|(id, _)| id).collect();
        Ok(ledger::figures(tx, &self.authority, member, &devices)?)
    }

    /// This member's transfers, newest claimed first, at most `limit`.
    pub fn credit_statement(
        &self,
        tx: &Tx<'_>,
        limit: usize,
    ) -> Result<Vec<StatementLine>, RowsError> {
        let mut lines = Vec::new();
        for transfer in ledger::statement(tx, &self.me.member, limit)? {
            let note = tx.row::<Notes>(&(transfer.at.hash, transfer.payer.member))?;
            let note = note.map(|note| note.record.text).unwrap_or_default();
            let parties = (transfer.payer.member, transfer.record.payee.member);
            let other = if parties.0 == self.me.member { parties.1 } else { parties.0 };
            let booking = match &transfer.record.deal {
                Some(tag) => self.deal_of_tag(tx, tag, &other)?,
                None => None,
            };
            lines.push(StatementLine { transfer, note, booking });
        }
        Ok(lines)
    }

    /// Refuses a new deal with a member that is proven to have spent the same minutes twice.
    pub(super) fn check_credits(&self, tx: &Tx<'_>, member: &MemberId) -> Result<(), ActError> {
        match ledger::double_spend(tx, member)? {
            true => Err(ActError::not_allowed("credit.double_spend")),
            false => Ok(()),
        }
    }
}
