//! Occurrences of a recurrence as intervals of real time.
//!
//! Both ends are kept as wall time: what goes from 22:00 to 02:00 ends at 02:00, however
//! many hours that is. Where the clocks jump so that the end would not come after the
//! start, its length on the wall clock counts as real time instead.

use jiff::civil::DateTime;

use super::zone::{Zone, ZoneError};
use super::{Instant, Interval, Recurrence, limits};

/// One of those that come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occurrence {
    /// Its start on the wall clock: what names it within its recurrence.
    pub start: DateTime,
    /// When that is.
    pub interval: Interval,
}

/// Occurrences of a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrences {
    /// By start on the wall clock.
    pub items: Vec<Occurrence>,
    /// Whether there are more of them in the range than were asked for.
    pub is_cut: bool,
}

impl Recurrence {
    /// The occurrences that overlap `range`, each `minutes` long on the wall clock, at
    /// most `limit` and [`limits::OCCURRENCES`].
    pub fn occurrences(
        &self,
        zone: &Zone,
        minutes: u32,
        range: &Interval,
        limit: usize,
    ) -> Result<Occurrences, ZoneError> {
        let limit = limit.min(limits::OCCURRENCES);
        let minutes = minutes.clamp(1, limits::OCCURRENCE_MINUTES);
        // Offsets from UTC differ by at most 26 hours within one zone.
        let slack = i64::from(minutes) * 60_000 + 2 * Instant::DAY_MS;
        let earliest = zone.instant(self.start)?.max(range.start);
        let from = zone.wall(earliest.plus_ms(-slack)).unwrap_or(self.start);
        let to = range.end.map(|end| zone.wall(end.plus_ms(slack))).transpose()?;
        let mut occurrences = Occurrences { items: Vec::new(), is_cut: false };
        for start in self.starts_from(from) {
            if to.is_some_and(|to| start > to) {
                break;
            }
            let Ok(interval) = wall_interval(zone, start, minutes) else { break };
            if !interval.overlaps(range) {
                continue;
            }
            if occurrences.items.len() >= limit {
                occurrences.is_cut = true;
                break;
            }
            occurrences.items.push(Occurrence { start, interval });
        }
        Ok(occurrences)
    }
}

/// What begins at `start` and is `minutes` long on the wall clock.
fn wall_interval(zone: &Zone, start: DateTime, minutes: u32) -> Result<Interval, ZoneError> {
    let span = jiff::SignedDuration::from_mins(i64::from(minutes));
    let end = start.checked_add(span).map_err(|_| ZoneError::OutOfRange)?;
    let (from, to) = (zone.instant(start)?, zone.instant(end)?);
    let to = if to > from { to } else { from.plus_ms(i64::from(minutes) * 60_000) };
    Ok(Interval { start: from, end: Some(to) })
}

#[cfg(test)]
mod tests {
    use jiff::civil::Date;

    use super::*;

    fn zone(name: &str) -> Zone {
        Zone::named(name).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn at(text: &str) -> Instant {
        Instant(text.parse::<jiff::Timestamp>().map_or(i64::MIN, |t| t.as_millisecond()))
    }

    fn weekly(start: DateTime) -> Recurrence {
        let rule = "FREQ=WEEKLY".parse().unwrap_or_else(|error| panic!("{error}"));
        Recurrence::new(start, rule).unwrap_or_else(|error| panic!("{error}"))
    }

    fn around(text: &str) -> Interval {
        let middle = at(text);
        let day = Instant::DAY_MS / 2;
        Interval { start: middle.plus_ms(-day), end: Some(middle.plus_ms(day)) }
    }

    #[test]
    fn weekly_half_past_two_over_both_changes_of_the_clocks() {
        let half_past_two = weekly(Date::constant(2027, 3, 7).at(2, 30, 0, 0));
        for told in ["2027-03-28T01:30:00Z", "2027-10-31T00:30:00Z", "2027-04-04T00:30:00Z"] {
            let found = half_past_two.occurrences(&zone("Europe/Paris"), 60, &around(told), 9);
            let starts = found.map(|found| {
                found.items.iter().map(|item| item.interval.start).collect::<Vec<_>>()
            });
            assert_eq!(starts, Ok(vec![at(told)]));
        }
    }

    #[test]
    fn the_end_is_kept_on_the_wall_clock_and_comes_after_the_start() {
        let paris = zone("Europe/Paris");
        let night = weekly(Date::constant(2027, 3, 6).at(22, 0, 0, 0));
        let found = night.occurrences(&paris, 360, &around("2027-03-28T00:00:00Z"), 9);
        let items = found.map(|found| found.items).unwrap_or_default();
        assert_eq!(items[0].interval.length_ms(), Some(5 * 3_600_000));
        // 02:15 to 03:00, where there is no such time: still three quarters of an hour.
        let gap = weekly(Date::constant(2027, 3, 7).at(2, 15, 0, 0));
        let found = gap.occurrences(&paris, 45, &around("2027-03-28T01:15:00Z"), 9);
        let items = found.map(|found| found.items).unwrap_or_default();
        assert_eq!(items[0].interval.length_ms(), Some(45 * 60_000));
    }

    #[test]
    fn what_began_before_the_range_and_lasts_into_it_is_there() {
        let days = weekly(Date::constant(2027, 1, 1).at(0, 0, 0, 0));
        let range = around("2027-06-01T12:00:00Z");
        let found = days.occurrences(&Zone::utc(), 6 * 1_440, &range, 9);
        let starts = found.map(|found| found.items.iter().map(|it| it.start.day()).collect());
        assert_eq!(starts, Ok(vec![28_i8]));
    }

    #[test]
    fn more_than_asked_for_is_said() {
        let days = weekly(Date::constant(2027, 1, 1).at(0, 0, 0, 0));
        let range = Interval { start: at("2027-01-01T00:00:00Z"), end: None };
        let found = days.occurrences(&Zone::utc(), 60, &range, 3);
        assert!(found.is_ok_and(|found| found.items.len() == 3 && found.is_cut));
    }
}
