//! The parties' own side of a deal: plaintexts of sealed records.

use serde::{Deserialize, Serialize};

use super::{
    DomainId, Reason, Record, RecordError, bounds, check_instant, check_interval, inner, within,
};
use crate::journal::Ref;
use crate::keys::{BookingId, DocId, EntryHash, MemberId, SeriesId};
use crate::time::{Instant, Interval};

/// The id of a booking: BLAKE3(member ‖ 32 random bytes). Only who knows the random
/// bytes can tell whose it is.
pub fn booking_id(member: &MemberId, random: &[u8; 32]) -> BookingId {
    let mut hasher = blake3::Hasher::new();
    hasher.update(member.as_bytes()).update(random);
    BookingId(*hasher.finalize().as_bytes())
}

/// What a tag of a deal is for: each use has tags of its own, so that nobody can match
/// a transfer with thanks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TagUse {
    /// A transfer of credits.
    Transfer,
    /// Thanks.
    Thanks,
}

/// What tells the parties of a deal, in an open record, which deal it is about: a keyed
/// hash under the random bytes of its request. Says nothing to others, who know the id of
/// a booking at most.
pub fn deal_tag(of: TagUse, booking: &BookingId, random: &[u8; 32]) -> [u8; 32] {
    let context: &[u8] = match of {
        TagUse::Transfer => b"palier deal transfer v1",
        TagUse::Thanks => b"palier deal thanks v1",
    };
    let mut hasher = blake3::Hasher::new_keyed(random);
    hasher.update(context).update(booking.as_bytes());
    *hasher.finalize().as_bytes()
}

/// Somebody asks for a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Claimed time; buys nothing.
    pub at: Instant,
    /// [`booking_id`] of its writer and `random`.
    pub booking: BookingId,
    /// Proves that the id is its writer's.
    pub random: [u8; 32],
    /// What is asked for.
    pub listing: DocId,
    /// The domain that decides on it.
    pub domain: DomainId,
    /// When.
    pub interval: Interval,
    /// How many units.
    pub quantity: u32,
    /// Whether to wait where it is taken.
    pub waitlist: bool,
    /// A word to the owner.
    pub note: String,
    /// What it refers to.
    pub refs: Vec<Ref>,
    /// What it was asked for together with.
    pub series: Option<SeriesId>,
    /// The text of the terms that it accepts, by [`crate::booking::text_hash`].
    pub accepted: Option<[u8; 32]>,
}

/// What the decider said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Yes: by this decision.
    Accepted(Ref),
    /// No.
    Refused {
        /// Why.
        reason: Reason,
        /// A word to the requester.
        text: String,
    },
}

/// The decider's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Claimed time; buys nothing.
    pub at: Instant,
    /// What it answers.
    pub booking: BookingId,
    /// The request's entry.
    pub request: EntryHash,
    /// The answer.
    pub outcome: Outcome,
}

/// One party gives the booking up. The calendar's side is a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancel {
    /// Claimed time; buys nothing.
    pub at: Instant,
    /// What is given up.
    pub booking: BookingId,
    /// Why.
    pub reason: Reason,
    /// A word to the other.
    pub text: String,
}

/// Says which entries of the other have arrived; batched, at most one a minute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Claimed time; buys nothing.
    pub at: Instant,
    /// Entries that arrived; sorted, no doubles.
    pub hashes: Vec<EntryHash>,
}

pub(crate) fn check_text(text: &str) -> Result<(), RecordError> {
    within(text.len() <= bounds::TEXT_BYTES, "text")
}

impl Request {
    /// Whether the booking's id is `member`'s.
    pub fn is_by(&self, member: &MemberId) -> bool {
        booking_id(member, &self.random) == self.booking
    }
}

impl Record for Request {
    const KIND: u16 = inner::REQUEST;

    fn check(&self) -> Result<(), RecordError> {
        check_instant(self.at)?;
        check_interval(&self.interval)?;
        within((1..=bounds::UNITS).contains(&self.quantity), "quantity")?;
        within(self.refs.len() <= crate::journal::limits::REFS, "refs")?;
        check_text(&self.note)
    }
}

impl Record for Answer {
    const KIND: u16 = inner::ANSWER;

    fn check(&self) -> Result<(), RecordError> {
        check_instant(self.at)?;
        match &self.outcome {
            Outcome::Accepted(_) => Ok(()),
            Outcome::Refused { text, .. } => check_text(text),
        }
    }
}

impl Record for Cancel {
    const KIND: u16 = inner::CANCEL;

    fn check(&self) -> Result<(), RecordError> {
        check_instant(self.at)?;
        check_text(&self.text)
    }
}

impl Record for Receipt {
    const KIND: u16 = inner::RECEIPT;

    fn check(&self) -> Result<(), RecordError> {
        check_instant(self.at)?;
        let sorted = self.hashes.windows(2).all(|pair| pair[0] < pair[1]);
        within(sorted && self.hashes.len() <= bounds::RECEIPT_HASHES, "hashes")
    }
}
