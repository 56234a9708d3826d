//! Answers about what was handed over.

use palier_model::keys::{BookingId, DocId, MemberId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{Shown, When};

/// When each side said something, as it claimed; null: not yet.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Word {
    /// Whoever asked.
    pub requester: Option<When>,
    /// The owner's side.
    pub owner: Option<When>,
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
