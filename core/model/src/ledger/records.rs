//! What stands in ledgers, byte for byte: transfers and closings of accounts, open to
//! every neighbour; and the note to a gift, which is the plaintext of a sealed record.
//!
//! Invariant: a ledger says how much and between whom, never why.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::booking::records::bounds::{INSTANT_MS, TEXT_BYTES};
use crate::booking::{Record, RecordError};
use crate::journal::kind::{self, Kind};
use crate::journal::{Owner, Ref};
use crate::keys::DeviceId;
use crate::time::Instant;

/// Limits on what these records hold.
pub mod bounds {
    /// Most minutes of one transfer: some two years day and night.
    pub const MINUTES: u32 = 1_000_000;
    /// Transfers of one device.
    pub const TRANSFERS: u32 = 1 << 24;
    /// Transfers and closings that one transfer may rely on: at some 110 bytes each they
    /// fit one payload.
    pub const RELIES: usize = 256;
}

/// Kinds of sealed record about credits. Numbers are on the wire for ever.
pub mod inner {
    /// [`super::Note`].
    pub const NOTE: u16 = 0x30;
}

/// One device of one owner, a member or a group: what holds minutes and passes them on,
/// whatever its incarnation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Account {
    /// Whose it is.
    pub owner: Owner,
    /// The device.
    pub device: DeviceId,
}

/// Minutes passed on. Its payer is the device that wrote it; to a device of the payer's own
/// owner it passes a part of the allotment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Claimed time; buys nothing.
    pub at: Instant,
    /// Which of its payer's transfers this is, from 1.
    pub n: u32,
    /// The one before it; none for the first.
    pub prev: Option<Ref>,
    /// To whom.
    pub payee: Account,
    /// How much, in minutes.
    pub minutes: u32,
    /// Transfers it spends of, and closings it inherits by; sorted, no doubles.
    pub relies: Vec<Ref>,
    /// What tells the parties which deal it settles; says nothing to others.
    pub deal: Option<[u8; 32]>,
}

/// Ends an account: what it could still spend after its transfer `n` passes to the heir.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseAccount {
    /// Claimed time; buys nothing.
    pub at: Instant,
    /// The device whose account ends: one of the same owner.
    pub device: DeviceId,
    /// How many transfers of it are known.
    pub n: u32,
    /// The last of them; none where there is none.
    pub last: Option<Ref>,
    /// The device of the same owner that inherits.
    pub heir: DeviceId,
}

/// A word that goes with a transfer, sealed between the two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Claimed time; buys nothing.
    pub at: Instant,
    /// The transfer.
    pub transfer: Ref,
    /// The word.
    pub text: String,
}

fn within(holds: bool, what: &'static str) -> Result<(), RecordError> {
    if holds { Ok(()) } else { Err(RecordError::Bounds(what)) }
}

fn check_instant(at: Instant) -> Result<(), RecordError> {
    within((0..=INSTANT_MS).contains(&at.0), "instant")
}

impl Record for Transfer {
    const KIND: Kind = kind::ledger::TRANSFER;

    fn check(&self) -> Result<(), RecordError> {
        check_instant(self.at)?;
        within((1..=bounds::TRANSFERS).contains(&self.n), "n")?;
        within((self.n == 1) == self.prev.is_none(), "prev")?;
        within((1..=bounds::MINUTES).contains(&self.minutes), "minutes")?;
        within(self.payee.owner != Owner::Hood, "payee")?;
        let sorted = self.relies.windows(2).all(|pair| pair[0] < pair[1]);
        within(sorted && self.relies.len() <= bounds::RELIES, "relies")?;
        // One entry named twice, under two places, would be counted twice.
        let once: BTreeSet<_> = self.relies.iter().map(|relied| relied.hash).collect();
        within(once.len() == self.relies.len(), "relies")
    }
}

impl Record for CloseAccount {
    const KIND: Kind = kind::ledger::CLOSING;

    fn check(&self) -> Result<(), RecordError> {
        check_instant(self.at)?;
        within(self.n <= bounds::TRANSFERS, "n")?;
        within((self.n == 0) == self.last.is_none(), "last")?;
        within(self.device != self.heir, "heir")
    }
}

impl Record for Note {
    const KIND: u16 = inner::NOTE;

    fn check(&self) -> Result<(), RecordError> {
        check_instant(self.at)?;
        within(!self.text.is_empty() && self.text.len() <= TEXT_BYTES, "text")
    }
}
