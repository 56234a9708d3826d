//! Answers about what was handed over.

use palier_model::keys::{BookingId, DocId, MemberId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{Shown, When};
use super::{Quote, Why};

/// When each side said something, as it claimed; null: not yet.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Word {
    /// Whoever asked.
    pub requester: Option<When>,
    /// The owner's side.
    pub owner: Option<When>,
}

/// A side of a deal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Whoever asked or answered.
    Requester,
    /// The owner's side.
    Owner,
}

/// What became of another end that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndBecame {
    /// Nobody answered yet.
    Asked,
    /// It ends then, or did.
    Granted,
    /// Somebody said yes, and something stood there.
    DidNotFit,
    /// The answer was no.
    Refused,
    /// Nobody answered, and there is nothing left to answer.
    Lapsed,
}

/// Another end that was asked for: the last of several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AskedEnd {
    /// When it was asked for, as claimed.
    pub at: When,
    /// The end; null: until notice.
    pub until: Option<When>,
    /// What became of it.
    pub became: EndBecame,
    /// Why not: a stable code, or an empty text.
    pub reason: String,
    /// The words of whoever asked.
    pub note: String,
    /// The words of whoever decided.
    pub text: String,
    /// While it is not answered: every rule against it, as far as is known here.
    pub why_not: Vec<Why>,
    /// The latest end up to that one which no rule is against.
    pub latest_end: Option<When>,
}

/// Notice that was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GivenNotice {
    /// By which side.
    pub by: Side,
    /// When, as claimed.
    pub at: When,
    /// The end it names.
    pub until: When,
    /// The words with it.
    pub text: String,
    /// Whether the booking ends then.
    pub took: bool,
    /// The first end that it could name, where that is later.
    pub earliest: Option<When>,
}

/// `booking extend`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EndAsked {
    /// The booking.
    pub id: Shown<BookingId>,
    /// Whether it is on disk; false only with `--dry-run`.
    pub saved: bool,
    /// The end it has; null: none.
    pub end: Option<When>,
    /// What it costs as it is; null: until notice there is no total.
    pub total: Option<u64>,
    /// The whole with the end that is asked for: its price line by line, and every rule
    /// against it.
    pub then: Box<Quote>,
    /// How much more that is; null where either has no total.
    pub added: Option<i64>,
    /// The latest end up to the one asked for which no rule is against.
    pub latest_end: Option<When>,
}

/// What a code is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QrStep {
    /// It passes to whoever asked for it.
    Handover,
    /// It comes back.
    Return,
}

/// `qr show`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QrShown {
    /// The text of the code.
    pub code: String,
    /// Of which booking.
    pub booking: Shown<BookingId>,
    /// About what.
    pub step: QrStep,
    /// No longer good from then on.
    pub expires: When,
}

/// `qr verify`; what does not hold is an error, with `qr.tampered`, `qr.other_booking`,
/// `qr.other_step`, `qr.expired`, …
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QrChecked {
    /// Always true.
    pub valid: bool,
    /// Of which booking.
    pub booking: Shown<BookingId>,
    /// About what.
    pub step: QrStep,
    /// Whose device signed it.
    pub holder: Shown<MemberId>,
    /// Of what.
    pub resource: Shown<DocId>,
    /// Its title; empty until it came.
    pub title: String,
    /// When it was shown.
    pub at: When,
}
