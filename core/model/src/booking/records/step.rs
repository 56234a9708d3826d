//! What the parties say of a booking that holds: handed over, returned, and what went
//! wrong. Plaintexts of sealed records.

use serde::{Deserialize, Serialize};

use super::private::check_text;
use super::{Record, RecordError, check_instant, inner, within};
use crate::booking::lifecycle::Proof;
use crate::keys::BookingId;
use crate::time::Instant;

/// What is said. Numbers are on the wire for ever; unknown ones are kept and say nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StepKind(pub u16);

impl StepKind {
    /// It passed to whoever asked for it: the tool taken, the place or room entered.
    pub const HAND_OVER: Self = Self(1);
    /// It came back: the tool brought, the place or room left.
    pub const RETURN: Self = Self(2);
    /// Nobody came for it.
    pub const NO_SHOW: Self = Self(3);
    /// It is damaged.
    pub const DAMAGED: Self = Self(4);
    /// It is lost.
    pub const LOST: Self = Self(5);
    /// Somebody else is in the place.
    pub const OCCUPIED: Self = Self(6);
    /// It is still taken past its end.
    pub const OVERSTAY: Self = Self(7);
    /// What the other side says is not so.
    pub const DISPUTED: Self = Self(8);
    /// The two agree again: nothing is owed.
    pub const SETTLED: Self = Self(9);

    /// Whoever had it before has not brought it back yet: for who comes next.
    pub const NOT_BACK: Self = Self(10);

    /// Those this version knows.
    pub const ALL: [Self; 10] = [
        Self::HAND_OVER,
        Self::RETURN,
        Self::NO_SHOW,
        Self::DAMAGED,
        Self::LOST,
        Self::OCCUPIED,
        Self::OVERSTAY,
        Self::DISPUTED,
        Self::SETTLED,
        Self::NOT_BACK,
    ];

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self.0 {
            1 => "hand_over",
            2 => "return",
            3 => "no_show",
            4 => "damaged",
            5 => "lost",
            6 => "occupied",
            7 => "overstay",
            8 => "disputed",
            9 => "settled",
            10 => "not_back",
            _ => "other",
        }
    }
}

/// One party says something of a booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Claimed time.
    pub at: Instant,
    /// Of which booking.
    pub booking: BookingId,
    /// What.
    pub kind: StepKind,
    /// Its condition, or another word to the other side.
    pub text: String,
    /// What the other side's device showed: its word as well.
    pub proof: Option<Proof>,
}

impl Record for Step {
    const KIND: u16 = inner::STEP;

    fn check(&self) -> Result<(), RecordError> {
        check_instant(self.at)?;
        check_text(&self.text)?;
        let Some(proof) = &self.proof else { return Ok(()) };
        check_instant(proof.at)?;
        within(proof.booking == self.booking && proof.kind == self.kind, "proof")
    }
}
