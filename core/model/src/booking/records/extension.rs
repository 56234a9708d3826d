//! The parties' words about another end: asked for, answered, and notice given. Plaintexts
//! of sealed records; that it ends then is an open decision.

use serde::{Deserialize, Serialize};

use super::private::check_text;
use super::{Outcome, Record, RecordError, check_instant, inner};
use crate::keys::{BookingId, EntryHash};
use crate::time::Instant;

/// The requester asks for another end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// Claimed time; buys nothing.
    pub at: Instant,
    /// Of which booking.
    pub booking: BookingId,
    /// The end asked for; none: until notice.
    pub end: Option<Instant>,
    /// A word to who decides.
    pub note: String,
    /// How many turns of asking its writer had seen: 0 for the first, else one more than the
    /// latest. Which question is the last one hangs on this and not on a clock.
    pub turn: u32,
}

/// What the decider's side says to that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtensionAnswer {
    /// Claimed time; buys nothing.
    pub at: Instant,
    /// Of which booking.
    pub booking: BookingId,
    /// The entry that asked.
    pub asked: EntryHash,
    /// Yes, by this decision; or no.
    pub outcome: Outcome,
}

/// One side ends a booking that has no end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Claimed time.
    pub at: Instant,
    /// Which booking.
    pub booking: BookingId,
    /// When it ends.
    pub end: Instant,
    /// A word to the other.
    pub text: String,
}

impl Record for Extension {
    const KIND: u16 = inner::EXTENSION;

    fn check(&self) -> Result<(), RecordError> {
        check_instant(self.at)?;
        self.end.map_or(Ok(()), check_instant)?;
        check_text(&self.note)
    }
}

impl Record for ExtensionAnswer {
    const KIND: u16 = inner::EXTENSION_ANSWER;

    fn check(&self) -> Result<(), RecordError> {
        check_instant(self.at)?;
        match &self.outcome {
            Outcome::Accepted(_) => Ok(()),
            Outcome::Refused { text, .. } => check_text(text),
        }
    }
}

impl Record for Notice {
    const KIND: u16 = inner::NOTICE;

    fn check(&self) -> Result<(), RecordError> {
        check_instant(self.at)?;
        check_instant(self.end)?;
        check_text(&self.text)
    }
}
