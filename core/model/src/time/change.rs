//! When the clocks of a zone change, for calendars that must be told.

use jiff::Timestamp;
use jiff::civil::DateTime;

use super::{Instant, Zone, ZoneError};

/// A change of the clocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockChange {
    /// What the clocks would show at that instant, had they not changed.
    pub wall_before: DateTime,
    /// Seconds ahead of UTC before it.
    pub before: i32,
    /// Seconds ahead of UTC from it on.
    pub after: i32,
    /// Whether summer time begins.
    pub is_summer: bool,
    /// What the time is called from then on: `CEST`.
    pub name: String,
}

impl ClockChange {
    /// All but when: changes alike come again.
    pub fn kind(&self) -> (i32, i32, bool, &str) {
        (self.before, self.after, self.is_summer, &self.name)
    }
}

impl Zone {
    /// The first `limit` changes after `from` and before `to`.
    pub fn changes(
        &self,
        from: Instant,
        to: Instant,
        limit: usize,
    ) -> Result<Vec<ClockChange>, ZoneError> {
        let start = Timestamp::from_millisecond(from.0).map_err(|_| ZoneError::OutOfRange)?;
        let mut before = self.offset_seconds(from)?;
        let mut changes = Vec::new();
        for change in self.rules().following(start).take(limit) {
            let at = Instant(change.timestamp().as_millisecond());
            if at >= to {
                break;
            }
            let wall = Zone::utc().wall(at.plus_ms(i64::from(before) * 1_000))?;
            let after = change.offset().seconds();
            let is_summer = change.dst().is_dst();
            let name = change.abbreviation().to_owned();
            changes.push(ClockChange { wall_before: wall, before, after, is_summer, name });
            before = after;
        }
        Ok(changes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_changes_of_a_year_are_told_in_the_time_before_them() {
        let paris = Zone::named("Europe/Paris").unwrap_or_else(|error| panic!("{error}"));
        let (from, to) = (Instant(1_798_761_600_000), Instant(1_830_297_600_000));
        let changes = paris.changes(from, to, 9).unwrap_or_default();
        let told: Vec<_> =
            changes.iter().map(|it| (it.wall_before.to_string(), it.name.as_str())).collect();
        let march = ("2027-03-28T02:00:00".to_owned(), "CEST");
        assert_eq!(told, [march, ("2027-10-31T03:00:00".to_owned(), "CET")]);
        assert_eq!(changes[0].kind(), (3_600, 7_200, true, "CEST"));
    }
}
