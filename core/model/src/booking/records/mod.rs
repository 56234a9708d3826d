//! What people write about bookings, byte for byte.
//!
//! Open records (`DOMAIN`, `DECISION`, `CLOSE_HOLDER`) are read by every neighbour;
//! the others are the plaintext of sealed ones. Each begins with the claimed time.
//! Invariant: nothing is encoded or decoded without [`Record::check`].

mod close;
mod decision;
mod domain;
mod extension;
mod offer;
mod private;
mod reason;
mod step;
mod terms;
#[cfg(test)]
mod tests;

use serde::{Serialize, de::DeserializeOwned};

pub use close::CloseHolder;
pub use decision::{Decision, Op};
pub use domain::{DomainId, DomainRecord, Holder, Resource};
pub use extension::{Extension, ExtensionAnswer, Notice};
pub use offer::{Offer, Taken};
pub(crate) use private::check_text;
pub use private::{Answer, Cancel, Outcome, Receipt, Request, TagUse, booking_id, deal_tag};
pub use reason::Reason;
pub use step::{Step, StepKind};
pub use terms::{Cancellation, Mode, Terms};

use crate::codec::{self, DecodeError};
use crate::journal::limits;
use crate::time::{Instant, Interval};

/// Limits on what these records hold.
pub mod bounds {
    /// Resources of one domain: a garage and its places.
    pub const RESOURCES: usize = 64;
    /// Members entitled to decide besides the owner.
    pub const DECIDERS: usize = 16;
    /// Heads of a domain one record may name.
    pub const SEEN: usize = 32;
    /// Occurrences of one series.
    pub const SERIES: usize = 200;
    /// Bookings that one record of terms may cancel.
    pub const CANCELS: usize = 256;
    /// Quotas of one resource.
    pub const QUOTAS: usize = 8;
    /// Bytes of the terms of one resource, all their hours and closures included.
    pub const TERMS_BYTES: usize = 16 << 10;
    /// Bytes of a note or a text of refusal.
    pub const TEXT_BYTES: usize = 2_000;
    /// Bytes of a landlord's consent, as its owner states it.
    pub const CONSENT_BYTES: usize = 500;
    /// Bytes kept for fields of a later version.
    pub const MORE_BYTES: usize = 4_096;
    /// Most units of one resource, or asked for at once.
    pub const UNITS: u32 = 100_000;
    /// Longest span of time in terms: ten years.
    pub const SPAN_MS: u64 = 10 * 366 * 86_400_000;
    /// Instants lie in the years 1970 to 2200 or so.
    pub const INSTANT_MS: i64 = 7_258_118_400_000;
    /// Highest price or deposit, in cents or minutes.
    pub const PRICE: u64 = 100_000_000;
    /// Hashes acknowledged by one receipt.
    pub const RECEIPT_HASHES: usize = 512;
    /// Tiers of eligibility: 0 is this building.
    pub const TIERS: u8 = 8;
    /// Changes of holder in one domain.
    pub const TENURE: u32 = 1_000_000;
}

/// Kinds of sealed record, as they stand at the front of a plaintext.
///
/// Numbers are on the wire for ever: never reuse one.
pub mod inner {
    /// [`super::Receipt`].
    pub const RECEIPT: u16 = 0x01;
    /// [`super::Request`].
    pub const REQUEST: u16 = 0x10;
    /// [`super::Answer`].
    pub const ANSWER: u16 = 0x11;
    /// [`super::Cancel`].
    pub const CANCEL: u16 = 0x12;
    /// [`super::Step`].
    pub const STEP: u16 = 0x13;
    /// [`super::Extension`].
    pub const EXTENSION: u16 = 0x14;
    /// [`super::ExtensionAnswer`].
    pub const EXTENSION_ANSWER: u16 = 0x15;
    /// [`super::Offer`].
    pub const OFFER: u16 = 0x16;
    /// [`super::Taken`].
    pub const TAKEN: u16 = 0x17;
    /// [`super::Notice`].
    pub const NOTICE: u16 = 0x1c;
}

/// Bytes that are no record of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// Not the shape.
    #[error(transparent)]
    Bytes(#[from] DecodeError),
    /// A field is out of bounds.
    #[error("{0} is out of bounds")]
    Bounds(&'static str),
}

/// A record's payload.
pub trait Record: Serialize + DeserializeOwned {
    /// Its kind: of the entry for open records, inner for sealed ones.
    const KIND: u16;

    /// Checks every bound that this record alone can be checked for.
    fn check(&self) -> Result<(), RecordError>;

    /// The payload's bytes, checked.
    fn to_payload(&self) -> Result<Vec<u8>, RecordError> {
        self.check()?;
        let bytes = codec::encode(self);
        within(bytes.len() <= limits::PAYLOAD_BYTES, "size")?;
        Ok(bytes)
    }

    /// Reads a payload; bytes after it belong to a later version and are left alone.
    fn from_payload(bytes: &[u8]) -> Result<Self, RecordError> {
        let (record, _) = codec::decode_prefix::<Self>(bytes, limits::PAYLOAD_BYTES)?;
        record.check()?;
        Ok(record)
    }
}

/// `Ok` where a bound holds.
pub(crate) fn within(holds: bool, what: &'static str) -> Result<(), RecordError> {
    if holds { Ok(()) } else { Err(RecordError::Bounds(what)) }
}

/// Whether a claimed instant lies where calendars can go.
pub(crate) fn check_instant(at: Instant) -> Result<(), RecordError> {
    within((0..=bounds::INSTANT_MS).contains(&at.0), "instant")
}

/// Whether an interval is one and lies where calendars can go.
pub(crate) fn check_interval(interval: &Interval) -> Result<(), RecordError> {
    check_instant(interval.start)?;
    interval.end.map_or(Ok(()), check_instant)?;
    within(interval.is_valid(), "interval")
}
