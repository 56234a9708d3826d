//! A decision in a domain.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{
    DomainId, Holder, Reason, Record, RecordError, Terms, bounds, check_instant, check_interval,
    within,
};
use crate::codec;
use crate::journal::Ref;
use crate::journal::kind::{self, Kind};
use crate::journal::limits;
use crate::keys::{BookingId, DocId};
use crate::time::{Instant, Interval};

/// What a decision does.
///
/// On the wire a code and its body, so that a code of a later version is carried,
/// keeps its place on the spine and changes nothing here. A known code's body has
/// exactly the fields below: new fields are a new code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// A booking is taken into the calendar.
    Accept {
        /// The booking.
        booking: BookingId,
        /// What is booked.
        resource: DocId,
        /// When.
        interval: Interval,
        /// How many units.
        quantity: u32,
        /// Tier of the requester as the decider judged it; 0 is this building.
        tier: u8,
    },
    /// A booking is taken out; its id never counts again.
    Release {
        /// The booking.
        booking: BookingId,
        /// Why.
        reason: Reason,
    },
    /// Other terms from here on.
    Terms {
        /// Of what.
        resource: DocId,
        /// The terms.
        terms: Box<Terms>,
        /// Bookings these terms cancel, by name; sorted, no doubles.
        cancels: Vec<BookingId>,
    },
    /// The spine goes on with another holder.
    HandOver {
        /// Who holds next.
        to: Holder,
    },
    /// Nothing but: I have seen the heads named.
    Seen,
    /// A booking that counts ends at another time; start, resource and quantity stay.
    Resize {
        /// The booking.
        booking: BookingId,
        /// The end its writer saw in force; none: it had none.
        from: Option<Instant>,
        /// The end it is to have; none: none.
        end: Option<Instant>,
    },
    /// A booking waits for room: it stands on the list at the place of this decision.
    Queue {
        /// The booking.
        booking: BookingId,
        /// What it is for.
        resource: DocId,
        /// When.
        interval: Interval,
        /// How many units.
        quantity: u32,
    },
    /// A code of a later version.
    Unknown {
        /// The code.
        code: u16,
        /// Its body.
        body: Vec<u8>,
    },
}

/// A decision: `{domain, tenure, prev, seen, op}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Claimed time; buys nothing.
    pub at: Instant,
    /// The domain.
    pub domain: DomainId,
    /// The tenure its writer knew of.
    pub tenure: u32,
    /// On the spine: the spine decision before it, or what began the tenure (none:
    /// the domain record). Else the writer's own decision before it, if any.
    pub prev: Option<Ref>,
    /// Heads of the domain (decisions and closings of holders) its writer knew;
    /// sorted, no doubles.
    pub seen: Vec<Ref>,
    /// What it does.
    pub op: Op,
}

const ACCEPT: u16 = 1;
const RELEASE: u16 = 2;
const TERMS: u16 = 3;
const HAND_OVER: u16 = 4;
const SEEN: u16 = 5;
const RESIZE: u16 = 6;
const QUEUE: u16 = 7;

type AcceptBody = (BookingId, DocId, Interval, u32, u8);
type QueueBody = (BookingId, DocId, Interval, u32);

impl Op {
    /// The booking an acceptance, a release, another end or a queueing is about.
    pub const fn booking(&self) -> Option<BookingId> {
        match self {
            Self::Accept { booking, .. }
            | Self::Release { booking, .. }
            | Self::Resize { booking, .. }
            | Self::Queue { booking, .. } => Some(*booking),
            _ => None,
        }
    }

    /// Whether a change of the end makes a booking longer: meant as its writer saw it.
    pub(in crate::booking) fn lengthens(from: Option<Instant>, end: Option<Instant>) -> bool {
        let at = |end: Option<Instant>| end.map_or(i64::MAX, |end| end.0);
        at(end) > at(from)
    }

    fn to_wire(&self) -> (u16, Vec<u8>) {
        match self {
            Self::Accept { booking, resource, interval, quantity, tier } => {
                let body: AcceptBody = (*booking, *resource, *interval, *quantity, *tier);
                (ACCEPT, codec::encode(&body))
            }
            Self::Release { booking, reason } => (RELEASE, codec::encode(&(booking, reason))),
            Self::Terms { resource, terms, cancels } => {
                (TERMS, codec::encode(&(resource, terms, cancels)))
            }
            Self::HandOver { to } => (HAND_OVER, codec::encode(to)),
            Self::Seen => (SEEN, Vec::new()),
            Self::Resize { booking, from, end } => (RESIZE, codec::encode(&(booking, from, end))),
            Self::Queue { booking, resource, interval, quantity } => {
                let body: QueueBody = (*booking, *resource, *interval, *quantity);
                (QUEUE, codec::encode(&body))
            }
            Self::Unknown { code, body } => (*code, body.clone()),
        }
    }

    fn from_wire(code: u16, body: Vec<u8>) -> Result<Self, codec::DecodeError> {
        let limit = limits::PAYLOAD_BYTES;
        Ok(match code {
            ACCEPT => {
                let (booking, resource, interval, quantity, tier) =
                    codec::decode::<AcceptBody>(&body, limit)?;
                Self::Accept { booking, resource, interval, quantity, tier }
            }
            RELEASE => {
                let (booking, reason) = codec::decode(&body, limit)?;
                Self::Release { booking, reason }
            }
            TERMS => {
                let (resource, terms, cancels) = codec::decode(&body, limit)?;
                Self::Terms { resource, terms, cancels }
            }
            HAND_OVER => Self::HandOver { to: codec::decode(&body, limit)? },
            SEEN => codec::decode::<()>(&body, limit).map(|()| Self::Seen)?,
            RESIZE => {
                let (booking, from, end) = codec::decode(&body, limit)?;
                Self::Resize { booking, from, end }
            }
            QUEUE => {
                let (booking, resource, interval, quantity) =
                    codec::decode::<QueueBody>(&body, limit)?;
                Self::Queue { booking, resource, interval, quantity }
            }
            _ => Self::Unknown { code, body },
        })
    }

    fn check(&self) -> Result<(), RecordError> {
        match self {
            Self::Accept { interval, quantity, tier, .. } => {
                check_interval(interval)?;
                within((1..=bounds::UNITS).contains(quantity), "quantity")?;
                within(*tier <= bounds::TIERS, "tier")
            }
            Self::Queue { interval, quantity, .. } => {
                check_interval(interval)?;
                within((1..=bounds::UNITS).contains(quantity), "quantity")
            }
            Self::Terms { terms, cancels, .. } => {
                let sorted = cancels.windows(2).all(|pair| pair[0] < pair[1]);
                within(sorted && cancels.len() <= bounds::CANCELS, "cancels")?;
                terms.check()
            }
            Self::Resize { from, end, .. } => {
                from.iter().chain(end).try_for_each(|at| check_instant(*at))?;
                within(from != end, "end")
            }
            Self::Release { .. } | Self::HandOver { .. } | Self::Seen => Ok(()),
            Self::Unknown { code, .. } => within(*code == 0 || *code > QUEUE, "code"),
        }
    }
}

impl Serialize for Op {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.to_wire().serialize(s)
    }
}

impl<'de> Deserialize<'de> for Op {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let (code, body) = <(u16, Vec<u8>)>::deserialize(d)?;
        Self::from_wire(code, body).map_err(D::Error::custom)
    }
}

/// Whether references are sorted, not doubled and few enough.
pub(super) fn check_seen(seen: &[Ref]) -> Result<(), RecordError> {
    let sorted = seen.windows(2).all(|pair| pair[0] < pair[1]);
    within(sorted && seen.len() <= bounds::SEEN, "seen")
}

impl Record for Decision {
    const KIND: Kind = kind::open::DECISION;

    fn check(&self) -> Result<(), RecordError> {
        check_instant(self.at)?;
        within(self.tenure <= bounds::TENURE, "tenure")?;
        check_seen(&self.seen)?;
        self.op.check()
    }
}
