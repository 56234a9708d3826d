//! Documents: what an entry belongs to.

use serde::{Deserialize, Serialize};

use crate::codec;
pub use crate::keys::GroupId;
use crate::keys::{DocId, HoodHash, MemberId};
use crate::time::Instant;

/// What a document holds, and so who may write it, who may read it and how long it
/// is kept. The order is that in which references may point: backwards only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Class {
    /// Acts of the neighbourhood: keys, hashes, dates, codes; no names, no reasons.
    Charter,
    /// Acts of one member on devices, key epochs, mandates, closings.
    Identity,
    /// Credit transfers.
    Ledger,
    /// What is edited: one automerge document each (a profile, a listing, a page).
    Object,
    /// What is promised in the open: terms, decisions, announcements.
    Open,
    /// Reserved: tickets to the landlord's contact.
    Ticket,
    /// What is private: an outbox of sealed records.
    Sealed,
}

impl Class {
    /// Every class, in order.
    pub const ALL: [Self; 7] = [
        Self::Charter,
        Self::Identity,
        Self::Ledger,
        Self::Object,
        Self::Open,
        Self::Ticket,
        Self::Sealed,
    ];

    /// Whether documents of this class are reconciled before all others.
    pub const fn comes_first(self) -> bool {
        matches!(self, Self::Charter | Self::Identity)
    }
}

/// Whose document it is: only the owner's devices write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Owner {
    /// The neighbourhood: its charter.
    Hood,
    /// One member.
    Member(MemberId),
    /// A group: written by its managers' devices.
    Group(GroupId),
}

/// The time a document covers, or what tells two documents of one owner apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Period {
    /// Kept for ever: one per class and owner.
    Ever,
    /// An object: a random number tells it from the owner's other objects.
    Object([u8; 16]),
    /// A calendar year in UTC.
    Year(i16),
    /// A calendar quarter in UTC, 0–3.
    Quarter(i16, u8),
}

/// What names a document. Its [`DocId`] is the hash of these bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Descriptor {
    /// The neighbourhood.
    pub hood: HoodHash,
    /// What it holds.
    pub class: Class,
    /// Whose it is.
    pub owner: Owner,
    /// When, or which.
    pub period: Period,
}

impl Descriptor {
    /// The id: BLAKE3 of the encoded descriptor.
    pub fn id(&self) -> DocId {
        DocId(*blake3::hash(&codec::encode(self)).as_bytes())
    }

    /// Whether class, owner and period go together.
    pub fn is_well_formed(&self) -> bool {
        let owner_fits = match self.class {
            Class::Charter => self.owner == Owner::Hood,
            Class::Identity => matches!(self.owner, Owner::Member(_)),
            _ => self.owner != Owner::Hood,
        };
        let period_fits = match self.class {
            Class::Charter | Class::Identity | Class::Ledger => self.period == Period::Ever,
            Class::Object => matches!(self.period, Period::Object(_)),
            Class::Open | Class::Ticket => matches!(self.period, Period::Year(_)),
            Class::Sealed => matches!(self.period, Period::Quarter(_, 0..=3)),
        };
        owner_fits && period_fits
    }

    /// The charter of a neighbourhood.
    pub const fn charter(hood: HoodHash) -> Self {
        Self { hood, class: Class::Charter, owner: Owner::Hood, period: Period::Ever }
    }

    /// The identity document of a member.
    pub const fn identity(hood: HoodHash, member: MemberId) -> Self {
        Self { hood, class: Class::Identity, owner: Owner::Member(member), period: Period::Ever }
    }

    /// The ledger of an owner.
    pub const fn ledger(hood: HoodHash, owner: Owner) -> Self {
        Self { hood, class: Class::Ledger, owner, period: Period::Ever }
    }

    /// The open document of an owner for the year of `at`.
    pub fn open(hood: HoodHash, owner: Owner, at: Instant) -> Self {
        let (year, _) = at.year_and_quarter();
        Self { hood, class: Class::Open, owner, period: Period::Year(year) }
    }

    /// The outbox of an owner for the quarter of `at`.
    pub fn sealed(hood: HoodHash, owner: Owner, at: Instant) -> Self {
        let (year, quarter) = at.year_and_quarter();
        Self { hood, class: Class::Sealed, owner, period: Period::Quarter(year, quarter) }
    }

    /// An object of an owner.
    pub const fn object(hood: HoodHash, owner: Owner, number: [u8; 16]) -> Self {
        Self { hood, class: Class::Object, owner, period: Period::Object(number) }
    }
}
