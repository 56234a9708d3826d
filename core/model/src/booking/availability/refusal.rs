//! Why something cannot be booked: the exact rule.

use super::quota::Quota;
use crate::booking::records::Reason;
use crate::time::{Closed, Instant};

/// A rule that a wish breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// None is asked for, or more than there are.
    Quantity {
        /// How many there are.
        most: u32,
    },
    /// Not open to this person.
    Tier {
        /// Tiers below this one are served.
        served: u8,
    },
    /// Only whom a landlord attests may ask.
    NotAttested,
    /// It is over already.
    Past,
    /// It must have an end.
    OpenEnded,
    /// Shorter than allowed.
    TooShort {
        /// Shortest, in milliseconds.
        least_ms: u64,
    },
    /// Longer than allowed.
    TooLong {
        /// Longest, in milliseconds.
        most_ms: u64,
    },
    /// Not asked for early enough.
    TooSoon {
        /// First start that is.
        earliest: Instant,
    },
    /// Asked for too early.
    TooFar {
        /// Last start that may be asked for now.
        latest: Instant,
    },
    /// Start or end do not lie on the steps of the clock.
    Step {
        /// Minutes from one to the next.
        minutes: u16,
    },
    /// Closed.
    Closed {
        /// The first instant at which it is.
        at: Instant,
        /// Why.
        why: Closed,
    },
    /// A part of it, or the whole that it is part of, is booked.
    Part {
        /// From when on.
        at: Instant,
    },
    /// Booked.
    Taken {
        /// The first instant at which not enough units are free.
        at: Instant,
        /// How many are, there.
        free: u32,
    },
    /// What was there before is not back yet.
    StillOut {
        /// It is not counted on before.
        until: Instant,
    },
    /// More than one member may have.
    Quota(Quota),
}

impl Refusal {
    /// Whether it is only that others were there before.
    pub const fn is_taken(&self) -> bool {
        matches!(self, Self::Part { .. } | Self::Taken { .. })
    }

    /// The reason that is told to the requester where a device refuses by itself.
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Part { .. } => Reason::PARTS,
            Self::Taken { .. } => Reason::TAKEN,
            Self::StillOut { .. } => Reason::STILL_OUT,
            Self::Tier { .. } | Self::NotAttested => Reason::NOT_ELIGIBLE,
            Self::Closed { .. } | Self::Quantity { .. } => Reason::UNAVAILABLE,
            _ => Reason::TERMS,
        }
    }

    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Quantity { .. } => "booking.why.quantity",
            Self::Tier { .. } => "booking.why.tier",
            Self::NotAttested => "booking.why.not_attested",
            Self::Past => "booking.why.past",
            Self::OpenEnded => "booking.why.open_ended",
            Self::TooShort { .. } => "booking.why.too_short",
            Self::TooLong { .. } => "booking.why.too_long",
            Self::TooSoon { .. } => "booking.why.too_soon",
            Self::TooFar { .. } => "booking.why.too_far",
            Self::Step { .. } => "booking.why.step",
            Self::Closed { why, .. } => match why {
                Closed::Hours => "booking.why.closed",
                Closed::Exception(_) => "booking.why.exception",
                Closed::Holiday(..) => "booking.why.holiday",
                Closed::Blackout(_) => "booking.why.blackout",
            },
            Self::Part { .. } => "booking.why.part",
            Self::Taken { .. } => "booking.why.taken",
            Self::StillOut { .. } => "booking.why.still_out",
            Self::Quota(_) => "booking.why.quota",
        }
    }
}
