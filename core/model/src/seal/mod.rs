//! Sealing (`PROTOCOL.md` §5): grants, deal keys and per-entry keys.
//!
//! A sealed log is an outbox. Each deal has a random [`DealKey`] per author log; a
//! grant hands it to one reader, found by him through a look-up of its tag, and says
//! to nobody else whom it is for. Each record has a key of its own, which can be
//! revealed without opening any other.
//!
//! Invariants: no key seals two messages, even where a cloned machine draws the same
//! random bytes again; a reader does one X25519 per pair of epochs, whatever the number
//! of grants. Bytes and labels: `docs/format.md`.

mod deal;
mod epoch;
mod finder;
mod grant;
mod labels;
mod pair;
mod record;

pub use deal::{DealKey, KeyTag};
pub use epoch::{EpochKey, EpochSecret};
pub use finder::{Expected, GrantFinder, PairId};
pub use grant::{GRANT_BYTES, Grant, GrantTag};
pub use pair::{DhCount, PairKey};
pub use record::{
    PAD_BUCKETS, PLAINTEXT_BYTES, RecordKey, SEALED_OVERHEAD_BYTES, SealedPayload, open_record,
    seal_record,
};

/// Why something was neither sealed nor opened. Says nothing of the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// X25519 with this key gives nothing but zeros.
    #[error("no secret can be agreed with this key")]
    ZeroSecret,
    /// More plaintext than a record holds.
    #[error("{size} bytes where a sealed record holds at most {limit}")]
    TooLong {
        /// Bytes offered.
        size: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Not the length of a grant or of a sealed record.
    #[error("not the length of something sealed")]
    Length,
    /// Sealed under another key.
    #[error("sealed under another key")]
    OtherKey,
    /// The commitment is not to this key, record and place.
    #[error("the commitment does not match")]
    Commitment,
    /// Altered, or not for this place.
    #[error("altered, or not for this place")]
    Refused,
    /// Padded in another way than the one allowed.
    #[error("wrong padding")]
    Padding,
}
