//! What the two sides of a service write, byte for byte: plaintexts of sealed records.

use serde::{Deserialize, Serialize};

use crate::booking::records::{check_instant, check_interval, check_text, within};
use crate::booking::{Record, RecordError, booking_id};
use crate::journal::Ref;
use crate::keys::{BookingId, DocId, EntryHash, MemberId, SeriesId};
use crate::time::{Instant, Interval};

/// Limits on what these records hold.
pub mod bounds {
    /// Most minutes of help that one deal is agreed to cost: what one transfer can pass on.
    pub const MINUTES: u32 = crate::ledger::bounds::MINUTES;
    /// Most cents of one deal.
    pub const CENTS: u32 = 100_000_000;
    /// Earlier proposals and agreements that one may replace.
    pub const OVER: usize = 16;
}

/// Kinds of sealed record about services. Numbers are on the wire for ever.
pub mod inner {
    /// [`super::Reply`].
    pub const REPLY: u16 = 0x40;
    /// [`super::Proposal`].
    pub const PROPOSAL: u16 = 0x41;
    /// [`super::Agreement`].
    pub const AGREEMENT: u16 = 0x42;
    /// [`super::Step`].
    pub const STEP: u16 = 0x43;
}

/// What one side gives the other for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Fee {
    /// Nothing.
    Free,
    /// Minutes of help.
    Minutes(u32),
    /// Money, in cents: handed over by the two themselves.
    Cents(u32),
}

impl Fee {
    /// Minutes of help, 0 where it is paid otherwise.
    pub const fn minutes(self) -> u32 {
        match self {
            Self::Minutes(minutes) => minutes,
            Self::Free | Self::Cents(_) => 0,
        }
    }

    pub(crate) fn check(self) -> Result<(), RecordError> {
        match self {
            Self::Free => Ok(()),
            Self::Minutes(n) => within((1..=bounds::MINUTES).contains(&n), "minutes"),
            Self::Cents(n) => within((1..=bounds::CENTS).contains(&n), "cents"),
        }
    }
}

/// Somebody answers an offer or a need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// Claimed time; buys nothing.
    pub at: Instant,
    /// [`booking_id`] of its writer and `random`.
    pub booking: BookingId,
    /// Proves that the id is its writer's, and makes the tags that tell the two sides
    /// which deal a transfer is for.
    pub random: [u8; 32],
    /// What is answered.
    pub listing: DocId,
    /// Whether its writer is who helps: a need is answered. Who pays hangs on it, so it
    /// must not move with the listing.
    pub helps: bool,
    /// What its writer thinks it is worth, where they say so.
    pub fee: Option<Fee>,
    /// A word to the owner.
    pub text: String,
    /// What it refers to.
    pub refs: Vec<Ref>,
    /// What it was written together with: random, and the same in all of them.
    pub series: Option<SeriesId>,
}

/// One side proposes a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Claimed time; buys nothing.
    pub at: Instant,
    /// Of which deal.
    pub booking: BookingId,
    /// When. It has an end.
    pub interval: Interval,
    /// What whoever is helped gives for it.
    pub fee: Fee,
    /// A word to the other: the exact place, a phone number.
    pub text: String,
    /// Proposals and agreements that its writer knew and would have this one instead of;
    /// sorted, no doubles.
    pub over: Vec<EntryHash>,
}

/// One side agrees to what the other proposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// Claimed time; buys nothing.
    pub at: Instant,
    /// Of which deal.
    pub booking: BookingId,
    /// The proposal's entry.
    pub proposal: EntryHash,
    /// Agreements that its writer knew and that this one replaces; sorted, no doubles.
    pub over: Vec<EntryHash>,
}

/// What is said. Numbers are on the wire for ever; unknown ones are kept and say nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StepKind(pub u16);

impl StepKind {
    /// The owner says no.
    pub const DECLINED: Self = Self(1);
    /// Whoever answered takes the answer back.
    pub const WITHDRAWN: Self = Self(2);
    /// One side calls off what was agreed.
    pub const CANCELLED: Self = Self(3);
    /// It was done.
    pub const DONE: Self = Self(4);
    /// What the other side says is not so.
    pub const DISPUTED: Self = Self(5);
    /// The two agree again.
    pub const SETTLED: Self = Self(6);

    /// Those this version knows.
    pub const ALL: [Self; 6] = [
        Self::DECLINED,
        Self::WITHDRAWN,
        Self::CANCELLED,
        Self::DONE,
        Self::DISPUTED,
        Self::SETTLED,
    ];

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self.0 {
            1 => "declined",
            2 => "withdrawn",
            3 => "cancelled",
            4 => "done",
            5 => "disputed",
            6 => "settled",
            _ => "other",
        }
    }
}

/// One side says something of a deal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Claimed time.
    pub at: Instant,
    /// Of which deal.
    pub booking: BookingId,
    /// What.
    pub kind: StepKind,
    /// A word to the other side.
    pub text: String,
}

impl Reply {
    /// Whether the deal's id is `member`'s.
    pub fn is_by(&self, member: &MemberId) -> bool {
        booking_id(member, &self.random) == self.booking
    }
}

fn check_over(over: &[EntryHash]) -> Result<(), RecordError> {
    let sorted = over.windows(2).all(|pair| pair[0] < pair[1]);
    within(sorted && over.len() <= bounds::OVER, "over")
}

impl Record for Reply {
    const KIND: u16 = inner::REPLY;

    fn check(&self) -> Result<(), RecordError> {
        check_instant(self.at)?;
        self.fee.map_or(Ok(()), Fee::check)?;
        within(self.refs.len() <= crate::journal::limits::REFS, "refs")?;
        check_text(&self.text)
    }
}

impl Record for Proposal {
    const KIND: u16 = inner::PROPOSAL;

    fn check(&self) -> Result<(), RecordError> {
        check_instant(self.at)?;
        check_interval(&self.interval)?;
        within(self.interval.end.is_some(), "interval")?;
        self.fee.check()?;
        check_over(&self.over)?;
        check_text(&self.text)
    }
}

impl Record for Agreement {
    const KIND: u16 = inner::AGREEMENT;

    fn check(&self) -> Result<(), RecordError> {
        check_instant(self.at)?;
        check_over(&self.over)
    }
}

impl Record for Step {
    const KIND: u16 = inner::STEP;

    fn check(&self) -> Result<(), RecordError> {
        check_instant(self.at)?;
        check_text(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proposal(end: Option<i64>, fee: Fee) -> Proposal {
        Proposal {
            at: Instant(1),
            booking: BookingId([1; 32]),
            interval: Interval { start: Instant(10), end: end.map(Instant) },
            fee,
            text: String::new(),
            over: Vec::new(),
        }
    }

    #[test]
    fn a_proposal_has_an_end_and_a_fee_within_bounds() {
        let good = proposal(Some(20), Fee::Minutes(60));
        let bytes = good.to_payload().unwrap();
        assert_eq!(Proposal::from_payload(&bytes).unwrap(), good);
        // What a later version adds is left alone.
        let longer = [&bytes[..], &[7, 7]].concat();
        assert_eq!(Proposal::from_payload(&longer).unwrap(), good);
        for bad in [
            proposal(None, Fee::Free),
            proposal(Some(10), Fee::Free),
            proposal(Some(20), Fee::Minutes(0)),
            proposal(Some(20), Fee::Minutes(bounds::MINUTES + 1)),
            proposal(Some(20), Fee::Cents(0)),
        ] {
            assert!(bad.to_payload().is_err(), "{bad:?}");
            assert!(Proposal::from_payload(&crate::codec::encode(&bad)).is_err());
        }
    }

    #[test]
    fn an_agreement_names_what_it_replaces_once_and_in_order() {
        let of = |over: Vec<u8>| Agreement {
            at: Instant(1),
            booking: BookingId([1; 32]),
            proposal: EntryHash([9; 32]),
            over: over.into_iter().map(|n| EntryHash([n; 32])).collect(),
        };
        assert!(of(vec![1, 2]).check().is_ok());
        assert!(of(vec![2, 1]).check().is_err());
        assert!(of(vec![1, 1]).check().is_err());
        assert!(of((1..=17).collect()).check().is_err());
    }
}
