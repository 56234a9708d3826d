//! Why something was refused, released or set aside: a number on the wire, a stable
//! code for scripts.

use serde::{Deserialize, Serialize};

/// A reason. Numbers are on the wire for ever; unknown ones are kept as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Reason(pub u16);

impl Reason {
    /// None was given.
    pub const NONE: Self = Self(0);
    /// The requester gave it up.
    pub const CANCELLED_BY_REQUESTER: Self = Self(1);
    /// The owner took it back.
    pub const CANCELLED_BY_OWNER: Self = Self(2);
    /// Nobody came.
    pub const NO_SHOW: Self = Self(3);
    /// It ended before its time.
    pub const ENDED_EARLY: Self = Self(4);
    /// The listing was withdrawn.
    pub const WITHDRAWN: Self = Self(5);
    /// Another booking stands there.
    pub const TAKEN: Self = Self(6);
    /// The terms do not allow it.
    pub const TERMS: Self = Self(7);
    /// Not open to this person.
    pub const NOT_ELIGIBLE: Self = Self(8);
    /// The thing cannot be used.
    pub const UNAVAILABLE: Self = Self(9);
    /// A closing of the device or person that decided.
    pub const CLOSED: Self = Self(10);
    /// Its parts, or what it is part of, are booked.
    pub const PARTS: Self = Self(11);

    /// Whoever asked is in the neighbourhood no more.
    pub const REQUESTER_GONE: Self = Self(17);
    /// Whoever it is of is in the neighbourhood no more.
    pub const OWNER_GONE: Self = Self(18);
    /// What was there before is not back yet.
    pub const STILL_OUT: Self = Self(16);

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self.0 {
            0 => "none",
            1 => "cancelled_by_requester",
            2 => "cancelled_by_owner",
            3 => "no_show",
            4 => "ended_early",
            5 => "withdrawn",
            6 => "taken",
            7 => "terms",
            8 => "not_eligible",
            9 => "unavailable",
            10 => "closed",
            11 => "parts",
            16 => "still_out",
            17 => "requester_gone",
            18 => "owner_gone",
            _ => "other",
        }
    }
}
