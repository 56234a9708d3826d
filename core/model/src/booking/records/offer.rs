//! Room that came free, offered to somebody who waits. Plaintexts of sealed records.

use serde::{Deserialize, Serialize};

use super::private::check_text;
use super::{Record, RecordError, check_instant, inner, within};
use crate::keys::{BookingId, EntryHash};
use crate::time::Instant;

/// Who decides offers a booking that waits what it waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Claimed time; buys nothing.
    pub at: Instant,
    /// To which one.
    pub booking: BookingId,
    /// Until when it can be taken.
    pub until: Instant,
    /// A word to the requester.
    pub text: String,
}

/// The requester takes an offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// Claimed time; buys nothing.
    pub at: Instant,
    /// Which booking.
    pub booking: BookingId,
    /// The offer's entry.
    pub offer: EntryHash,
}

impl Record for Offer {
    const KIND: u16 = inner::OFFER;

    fn check(&self) -> Result<(), RecordError> {
        check_instant(self.at)?;
        check_instant(self.until)?;
        within(self.until > self.at, "until")?;
        check_text(&self.text)
    }
}

impl Record for Taken {
    const KIND: u16 = inner::TAKEN;

    fn check(&self) -> Result<(), RecordError> {
        check_instant(self.at)
    }
}
