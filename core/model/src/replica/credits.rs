//! Credits: passing minutes on, to neighbours and between one's own devices.

use std::collections::BTreeSet;

use rand_core::CryptoRng;

use super::{ActError, Replica};
use crate::booking::Record;
use crate::journal::{Descriptor, Owner, Ref, kind, log_row};
use crate::keys::{BookingId, DeviceId, EntryHash, GroupId, MemberId};
use crate::ledger::{self, Account, DraftError, Figures, Note, Notes, TransferRow};
use crate::projection::Changes;
use crate::rows::{RowsError, Tx};
use crate::time::Instant;

/// Minutes that are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gift<'a> {
    /// The group whose they are; none: one's own.
    pub from: Option<GroupId>,
    /// To whom: a member or a group.
    pub to: Owner,
    /// How many.
    pub minutes: u32,
    /// A word to a member; empty for none.
    pub note: &'a str,
}

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
    /// This device as an account of its member, or of a group that he manages.
    pub fn account(&self, owner: Owner) -> Account {
        Account { owner, device: self.me.keys.id() }
    }

    /// In whose name minutes are passed on: this member's, or a group's that he manages.
    fn payer(&self, from: Option<&GroupId>) -> Result<Owner, ActError> {
        self.check_member()?;
        let Some(group) = from else { return Ok(self.owner()) };
        self.check_manager(group)?;
        Ok(Owner::Group(*group))
    }

    /// Gives minutes to a neighbour or a group, of one's own or of a group's; to a neighbour
    /// with a word that the two of them alone read. Gives the transfer's entry.
    pub fn give_credits(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        gift: Gift<'_>,
    ) -> Result<(EntryHash, Changes), ActError> {
        let Gift { from, to, minutes, note } = gift;
        let payer = self.payer(from.as_ref())?;
        if to == payer {
            return Err(ActError::conflict("credit.oneself"));
        }
        // Nobody could read it who comes to manage the group later.
        if matches!(to, Owner::Group(_)) && !note.is_empty() {
            return Err(ActError::invalid("credit.note"));
        }
        let payee = match &to {
            Owner::Member(to) if self.authority.is_active(to) => self.account_of(to)?,
            Owner::Group(group) => self.account_of_group(group)?,
            _ => return Err(ActError::not_found("member.not_found")),
        };
        let mut changes = Changes::default();
        if let Some(group) = &from {
            self.inherit_from_former(tx, now, group, &mut changes)?;
        }
        let at = self.pass_on(tx, now, payer, (payee, minutes), None, &mut changes)?;
        if let (Owner::Member(to), false) = (to, note.is_empty()) {
            let record = Note { at: now, transfer: at, text: note.to_owned() };
            let body = record.to_payload().map_err(|_| ActError::invalid("invalid.text"))?;
            let deal = BookingId(at.hash.0);
            let readers = BTreeSet::from([to]);
            self.write_sealed(tx, now, rng, (&deal, &readers), (Note::KIND, body), &mut changes)?;
        }
        self.settle(tx, &mut changes)?;
        Ok((at.hash, changes))
    }

    /// Passes a part of what this device can spend to another one of this member, or of a
    /// group's to a device of another manager.
    pub fn allot_credits(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        group: Option<GroupId>,
        (device, minutes): (DeviceId, u32),
    ) -> Result<(EntryHash, Changes), ActError> {
        let owner = self.payer(group.as_ref())?;
        if device == self.me.keys.id() {
            return Err(ActError::conflict("device.this"));
        }
        let is_theirs = match &group {
            None => self.devices_of_owner(&owner).contains(&device),
            Some(group) => self.is_managers_device(group, &device),
        };
        if !is_theirs {
            return Err(ActError::not_found("device.not_found"));
        }
        let mut changes = Changes::default();
        let payee = Account { owner, device };
        let at = self.pass_on(tx, now, owner, (payee, minutes), None, &mut changes)?;
        Ok((at.hash, changes))
    }

    /// Passes minutes on; `deal` is the tag of what they are for.
    pub(super) fn pass_on(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        owner: Owner,
        what: (Account, u32),
        deal: Option<[u8; 32]>,
        changes: &mut Changes,
    ) -> Result<Ref, ActError> {
        let minutes = what.1;
        let payer = self.account(owner);
        let draft = ledger::transfer(tx, &self.authority, &payer, what, deal, now);
        let record = draft.map_err(|error| match error {
            DraftError::Rows(error) => error.into(),
            DraftError::Short { available } => ActError::conflict("credit.short")
                .with("available", available)
                .with("minutes", minutes),
            DraftError::Held => ActError::conflict("credit.held"),
        })?;
        let payload = record.to_payload().map_err(|_| ActError::invalid("credit.minutes"))?;
        self.write_ledger(tx, owner, kind::ledger::TRANSFER, payload, changes)
    }

    fn write_ledger(
        &mut self,
        tx: &mut Tx<'_>,
        owner: Owner,
        kind: kind::Kind,
        payload: Vec<u8>,
        changes: &mut Changes,
    ) -> Result<Ref, ActError> {
        let ledger = Descriptor::ledger(self.hood.hash, owner);
        let hash = self.write(tx, &ledger, kind, |_| payload, changes)?;
        let missing = || ActError::new(super::ErrorKind::Internal, "internal");
        let place = tx.row::<crate::journal::EntryPlaces>(&hash)?.ok_or_else(missing)?;
        let document = log_row(tx, &place.log)?.ok_or_else(missing)?.document;
        Ok(Ref { document, log: place.log, seq: place.seq, hash })
    }

    /// Closes the account of a device that is no more, of this member or of a group he
    /// manages: what it could still spend passes to this one.
    pub(super) fn inherit_credits(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        account: Account,
        changes: &mut Changes,
    ) -> Result<(), ActError> {
        let heir = self.me.keys.id();
        let Some(record) = ledger::close(tx, &self.authority, &account, heir, now)? else {
            return Ok(());
        };
        let payload = record.to_payload().map_err(|_| ActError::invalid("credit.minutes"))?;
        self.write_ledger(tx, account.owner, kind::ledger::CLOSING, payload, changes)?;
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
        Ok(Account { owner: Owner::Member(*member), device })
    }

    /// The account of a group that minutes are given to: with the manager who was one first.
    pub(super) fn account_of_group(&self, group: &GroupId) -> Result<Account, ActError> {
        let missing = || ActError::not_found("group.not_found");
        self.authority.group(group).ok_or_else(missing)?;
        let nobody = || ActError::conflict("group.unmanaged");
        let first = self.authority.managers(group).into_iter().next().ok_or_else(nobody)?;
        Ok(Account { owner: Owner::Group(*group), ..self.account_of(&first)? })
    }

    /// The devices that may hold minutes of an owner: a member's own, or those of everyone
    /// who ever managed the group.
    pub(super) fn devices_of_owner(&self, owner: &Owner) -> Vec<DeviceId> {
        let of = |member: &MemberId| {
            let devices = self.authority.devices_of(member).into_iter();
            devices.map(|(id, _)| id).collect::<Vec<_>>()
        };
        match owner {
            Owner::Hood => Vec::new(),
            Owner::Member(member) => of(member),
            Owner::Group(group) => {
                let all = self.authority.members().map(|(id, _)| id);
                let mut devices: Vec<_> =
                    all.filter(|it| self.authority.ever_managed(group, it)).flat_map(of).collect();
                devices.sort_unstable();
                devices.dedup();
                devices
            }
        }
    }

    /// How a member or a group stands.
    pub fn credits(&self, tx: &Tx<'_>, owner: &Owner) -> Result<Figures, ActError> {
        let missing = match owner {
            Owner::Member(member) if self.authority.member(member).is_none() => "member.not_found",
            Owner::Group(group) if self.authority.group(group).is_none() => "group.not_found",
            _ => "",
        };
        if !missing.is_empty() {
            return Err(ActError::not_found(missing));
        }
        let devices = self.devices_of_owner(owner);
        Ok(ledger::figures(tx, &self.authority, owner, &devices)?)
    }

    /// The transfers of this member or of a group, newest claimed first, at most `limit`.
    /// Everyone may read those of a group.
    pub fn credit_statement(
        &self,
        tx: &Tx<'_>,
        of: &Owner,
        limit: usize,
    ) -> Result<Vec<StatementLine>, RowsError> {
        let mut lines = Vec::new();
        for transfer in ledger::statement(tx, of, limit)? {
            let mut note = String::new();
            // Whoever wrote for a group wrote the word in his own name.
            let writer = match transfer.payer.owner {
                Owner::Member(payer) => Some(payer),
                _ => self.authority.device(&transfer.payer.device).map(|device| device.member),
            };
            if let Some(writer) = writer {
                let row = tx.row::<Notes>(&(transfer.at.hash, writer))?;
                note = row.map(|row| row.record.text).unwrap_or_default();
            }
            let (payer, payee) = (transfer.payer.owner, transfer.record.payee.owner);
            let booking = match (&transfer.record.deal, payer, payee) {
                (Some(tag), Owner::Member(payer), Owner::Member(payee)) => {
                    let other = if payer == self.me.member { payee } else { payer };
                    self.deal_of_tag(tx, tag, &other)?
                }
                _ => None,
            };
            lines.push(StatementLine { transfer, note, booking });
        }
        Ok(lines)
    }

    /// Refuses a new deal with a member or a group that is proven to have spent the same
    /// minutes twice.
    pub(super) fn check_credits(&self, tx: &Tx<'_>, owner: &Owner) -> Result<(), ActError> {
        match ledger::double_spend(tx, owner)? {
            true => Err(ActError::not_allowed("credit.double_spend")),
            false => Ok(()),
        }
    }
}
