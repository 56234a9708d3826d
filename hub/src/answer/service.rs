//! Answers about help: proposals, payments, thanks.

use palier_model::keys::{BookingId, EntryHash, MemberId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Price, Shown, Side, When, Why, Word};

/// What the two sides of help propose and say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Service {
    /// The listing's owner; null while the listing is not here.
    pub owner: Option<Shown<MemberId>>,
    /// Who helps; the other one pays.
    pub helper: Side,
    /// Which side this person is on.
    pub side: Side,
    /// What whoever answered thought it worth; null: nothing was said.
    pub wish: Option<Price>,
    /// Every time that was proposed, oldest first.
    pub proposals: Vec<Proposal>,
    /// Who says that it was done.
    pub done: Word,
}

/// A time that was proposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Proposal {
    /// Its entry.
    pub id: Shown<EntryHash>,
    /// By which side.
    pub by: Side,
    /// Whether this person proposed it.
    pub mine: bool,
    /// When it was made, as claimed.
    pub at: When,
    /// From when.
    pub start: When,
    /// Until when.
    pub end: Option<When>,
    /// What is given for it.
    pub price: Price,
    /// The word that went with it.
    pub text: String,
    /// Whether it is what is agreed.
    pub agreed: bool,
    /// Whether `booking accept` would agree to it now.
    pub open: bool,
}

/// How far a payment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// Not all of it was passed on.
    Due,
    /// It was passed on, and does not count yet.
    Held,
    /// It counts.
    Paid,
}

/// What a deal was agreed to cost, in whole minutes, and what of it was passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Payment {
    /// How far it is.
    pub status: PaymentStatus,
    /// Which side pays.
    pub payer: Side,
    /// Whether this person does.
    pub mine: bool,
    /// What was agreed.
    pub minutes: u64,
    /// What counts of what was passed on, less what was given back.
    pub paid: u64,
    /// What was passed on and does not count yet.
    pub held: u64,
    /// What was paid beyond what was agreed, to be given back with `credit pay`.
    pub excess: u64,
}

/// `booking done`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BookingDone {
    /// The booking.
    pub id: Shown<BookingId>,
    /// Always true: the answer comes after it is on disk.
    pub saved: bool,
    /// The payment as it stands now; null where nothing is to be paid.
    pub payment: Option<Payment>,
    /// Why this device did not pay; it stays due. Null where it did, or had not to.
    pub unpaid: Option<Why>,
}

/// An item of `thanks list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Thanks {
    /// Its entry.
    pub id: Shown<EntryHash>,
    /// Who thanks.
    pub from: Shown<MemberId>,
    /// That one's name; empty where it is not known.
    pub from_name: String,
    /// Who is thanked.
    pub to: Shown<MemberId>,
    /// When it was written, as claimed.
    pub at: When,
    /// The word.
    pub text: String,
    /// Whether the two thanked each other for the same deal. Nobody else can check more than
    /// that each named the other.
    pub mutual: bool,
    /// Of one's own word: from when on others are shown it; null: they are.
    pub hidden_until: Option<When>,
    /// The deal; null for others than its two sides.
    pub booking: Option<Shown<BookingId>>,
}
