//! Days of the week, as RFC 5545 writes them.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A day of the week. The week begins on Monday (ISO 8601).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Weekday {
    /// `MO`, 0.
    Monday,
    /// `TU`, 1.
    Tuesday,
    /// `WE`, 2.
    Wednesday,
    /// `TH`, 3.
    Thursday,
    /// `FR`, 4.
    Friday,
    /// `SA`, 5.
    Saturday,
    /// `SU`, 6.
    Sunday,
}

impl Weekday {
    /// From Monday to Sunday.
    pub const ALL: [Self; 7] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
    ];
    const CODES: [&'static str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

    /// That of a date.
    pub fn of(date: Date) -> Self {
        let index = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or(0);
        Self::ALL[index % 7]
    }

    /// Days since Monday, 0–6.
    pub const fn index(self) -> u8 {
        self as u8
    }

    /// How many days after the last `other` it is, 0–6.
    pub const fn days_after(self, other: Self) -> u8 {
        (self.index() + 7 - other.index()) % 7
    }

    /// Its two letters in RFC 5545.
    pub const fn code(self) -> &'static str {
        Self::CODES[self as usize]
    }

    /// The day that two letters stand for.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::CODES.iter().position(|known| *known == code).map(|index| Self::ALL[index])
    }
}
