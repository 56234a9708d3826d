//! A point in time as it stands in records.

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00Z, as its writer claimed. Buys nothing: no
/// contest is decided by it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Instant(pub i64);

impl Instant {
    /// Milliseconds in a day of 24 hours.
    pub const DAY_MS: i64 = 86_400_000;

    /// This instant moved by `ms` milliseconds, held within the range of the type.
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// The calendar year in UTC, and the quarter 0–3 in it.
    pub fn year_and_quarter(self) -> (i16, u8) {
        let Ok(t) = jiff::Timestamp::from_millisecond(self.0) else {
            return (if self.0 < 0 { i16::MIN } else { i16::MAX }, 0);
        };
        let date = jiff::tz::TimeZone::UTC.to_datetime(t);
        let quarter = (date.month() - 1) / 3;
        (date.year(), quarter.unsigned_abs())
    }
}
