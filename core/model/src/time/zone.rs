//! The zone of a place: wall-clock time to instants and back.
//!
//! Invariant: one rule for all of Palier (`DESIGN.md`, Time and places). A wall time that
//! a change of the clocks skips is read with the offset before the change; one that comes
//! twice is the first. The zones are those compiled in, so that a node's answer does not
//! depend on the machine.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use super::{Instant, Interval, limits};

/// Why there is no zone, or no time in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ZoneError {
    /// No zone of that name is known.
    #[error("no such time zone")]
    Unknown,
    /// Before the year 1 or after 9999, or as good as.
    #[error("out of the range of calendars")]
    OutOfRange,
}

/// An IANA time zone.
///
/// ```
/// use palier_model::time::{Zone, civil::Date};
/// let paris = Zone::named("Europe/Paris").unwrap();
/// let day = paris.day(Date::constant(2027, 3, 28)).unwrap().unwrap();
/// assert_eq!(day.length_ms(), Some(23 * 3_600_000));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    name: String,
    rules: TimeZone,
}

impl Zone {
    /// The zone of that IANA name, `Europe/Paris`.
    pub fn named(name: &str) -> Result<Self, ZoneError> {
        let is_name = |b: u8| b.is_ascii_alphanumeric() || b"_+-/".contains(&b);
        if name.is_empty() || name.len() > limits::ZONE_NAME_BYTES || !name.bytes().all(is_name) {
            return Err(ZoneError::Unknown);
        }
        let rules = TimeZone::get(name).map_err(|_| ZoneError::Unknown)?;
        if rules.is_unknown() {
            return Err(ZoneError::Unknown);
        }
        let name = rules.iana_name().unwrap_or(name).to_owned();
        Ok(Self { name, rules })
    }

    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self { name: "UTC".to_owned(), rules: TimeZone::UTC }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The instant at which clocks show `wall`: of two the first; of none, that of the
    /// offset before the clocks jumped.
    pub fn instant(&self, wall: DateTime) -> Result<Instant, ZoneError> {
        let found = self.rules.to_ambiguous_timestamp(wall).compatible();
        found.map(|t| Instant(t.as_millisecond())).map_err(|_| ZoneError::OutOfRange)
    }

    /// What clocks show at an instant.
    pub fn wall(&self, at: Instant) -> Result<DateTime, ZoneError> {
        let at = Timestamp::from_millisecond(at.0).map_err(|_| ZoneError::OutOfRange)?;
        Ok(self.rules.to_datetime(at))
    }

    /// The offset from UTC at an instant, in seconds.
    pub fn offset_seconds(&self, at: Instant) -> Result<i32, ZoneError> {
        let at = Timestamp::from_millisecond(at.0).map_err(|_| ZoneError::OutOfRange)?;
        Ok(self.rules.to_offset(at).seconds())
    }

    /// The first instant after `from`, up to `to` included, at which the clocks change.
    pub fn change_between(&self, from: Instant, to: Instant) -> Result<Option<Instant>, ZoneError> {
        let from = Timestamp::from_millisecond(from.0).map_err(|_| ZoneError::OutOfRange)?;
        let next = self.rules.following(from).next();
        let next = next.map(|change| Instant(change.timestamp().as_millisecond()));
        Ok(next.filter(|at| *at <= to))
    }

    /// The first instant of a local day: midnight, or when the clocks jumped over it.
    pub fn day_start(&self, date: Date) -> Result<Instant, ZoneError> {
        self.instant(date.to_datetime(Time::midnight()))
    }

    /// A local day, of 23, 24 or 25 hours; `None` for one that a place left out when it
    /// moved over the date line.
    pub fn day(&self, date: Date) -> Result<Option<Interval>, ZoneError> {
        self.days(date, 1)
    }

    /// `count` local days from `first` on.
    pub fn days(&self, first: Date, count: u32) -> Result<Option<Interval>, ZoneError> {
        let start = self.day_start(first)?;
        let end = self.day_start(plus_days(first, i64::from(count))?)?;
        Ok(Interval::new(start, Some(end)).ok())
    }

    /// The local day in which an instant lies.
    pub fn date(&self, at: Instant) -> Result<Date, ZoneError> {
        let date = self.wall(at)?.date();
        // Where clocks went back over midnight they show yesterday's date again.
        let tomorrow = plus_days(date, 1)?;
        Ok(if self.day_start(tomorrow)? <= at { tomorrow } else { date })
    }

    pub(super) fn rules(&self) -> &TimeZone {
        &self.rules
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// A date moved by whole days.
pub(crate) fn plus_days(date: Date, days: i64) -> Result<Date, ZoneError> {
    let span = jiff::Span::new().try_days(days).map_err(|_| ZoneError::OutOfRange)?;
    date.checked_add(span).map_err(|_| ZoneError::OutOfRange)
}

/// A date moved by whole months; a day that the month lacks becomes its last.
pub(crate) fn plus_months(date: Date, months: i64) -> Result<Date, ZoneError> {
    let span = jiff::Span::new().try_months(months).map_err(|_| ZoneError::OutOfRange)?;
    date.checked_add(span).map_err(|_| ZoneError::OutOfRange)
}

/// Whole days from one date to another, negative if backwards.
pub(crate) fn days_between(from: Date, to: Date) -> i64 {
    from.duration_until(to).as_secs().div_euclid(86_400)
}

/// `date` at midnight plus `minutes` of the wall clock.
pub(crate) fn at_minute(date: Date, minutes: i64) -> Result<DateTime, ZoneError> {
    let date = plus_days(date, minutes.div_euclid(1_440))?;
    let minute = minutes.rem_euclid(1_440);
    let part = |n: i64| i8::try_from(n).unwrap_or(0);
    Ok(date.at(part(minute / 60), part(minute % 60), 0, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> Zone {
        Zone::named(name).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn at(text: &str) -> Instant {
        Instant(text.parse::<Timestamp>().map_or(i64::MIN, |t| t.as_millisecond()))
    }

    fn day(zone: &Zone, year: i16, month: i8, day: i8) -> Option<Interval> {
        zone.day(Date::constant(year, month, day)).unwrap_or_default()
    }

    #[test]
    fn a_whole_day_is_a_local_day() {
        let paris = zone("Europe/Paris");
        let spring =
            Interval { start: at("2027-03-27T23:00:00Z"), end: Some(at("2027-03-28T22:00:00Z")) };
        assert_eq!(day(&paris, 2027, 3, 28), Some(spring));
        assert_eq!(spring.length_ms(), Some(23 * 3_600_000));
        let autumn = day(&paris, 2027, 10, 31).and_then(|day| day.length_ms());
        assert_eq!(autumn, Some(25 * 3_600_000));
    }

    #[test]
    fn a_day_without_midnight_still_counts() {
        let cairo = day(&zone("Africa/Cairo"), 2027, 4, 30);
        assert_eq!(cairo.map(|day| day.start), Some(at("2027-04-29T22:00:00Z")));
        assert_eq!(cairo.and_then(|day| day.length_ms()), Some(23 * 3_600_000));
    }

    #[test]
    fn a_gap_takes_the_offset_before_it_and_a_fold_the_first() {
        let paris = zone("Europe/Paris");
        let half_past_two = |date: Date| paris.instant(date.at(2, 30, 0, 0));
        assert_eq!(half_past_two(Date::constant(2027, 3, 28)), Ok(at("2027-03-28T01:30:00Z")));
        assert_eq!(half_past_two(Date::constant(2027, 10, 31)), Ok(at("2027-10-31T00:30:00Z")));
    }

    #[test]
    fn a_day_that_a_place_left_out_is_none() {
        let apia = zone("Pacific/Apia");
        assert_eq!(day(&apia, 2011, 12, 30), None);
        let before = day(&apia, 2011, 12, 29).and_then(|day| day.end);
        assert_eq!(before, day(&apia, 2011, 12, 31).map(|day| day.start));
    }

    #[test]
    fn days_follow_each_other_without_hole_and_hold_their_instants() {
        let names = ["Europe/Paris", "Africa/Cairo", "America/Havana", "America/St_Johns"];
        for name in names.into_iter().chain(["Australia/Lord_Howe", "Pacific/Apia", "UTC"]) {
            let zone = zone(name);
            let mut date = Date::constant(2005, 1, 1);
            let mut end = zone.day_start(date).unwrap_or_default();
            while date.year() < 2013 {
                if let Some(day) = zone.day(date).unwrap_or_default() {
                    assert_eq!(day.start, end, "{name} {date}");
                    end = day.end.unwrap_or_default();
                    for inside in [day.start, day.start.plus_ms(5_400_000), end.plus_ms(-1)] {
                        assert_eq!(zone.date(inside), Ok(date), "{name} {inside:?}");
                    }
                }
                date = date.tomorrow().unwrap_or(Date::MAX);
            }
        }
    }

    #[test]
    fn only_zones_that_exist_are_zones() {
        for wrong in ["", "Europe/Atlantis", "Etc/Unknown", "../etc/passwd", "Europe/Paris\0"] {
            assert_eq!(Zone::named(wrong), Err(ZoneError::Unknown), "{wrong:?}");
        }
        assert_eq!(Zone::named("europe/paris").map(|zone| zone.name), Ok("Europe/Paris".into()));
    }

    #[test]
    fn far_instants_are_an_error_not_a_panic() {
        let paris = zone("Europe/Paris");
        assert_eq!(paris.wall(Instant(i64::MAX)), Err(ZoneError::OutOfRange));
        assert_eq!(paris.day(Date::MAX), Err(ZoneError::OutOfRange));
        assert_eq!(paris.days(Date::constant(2027, 1, 1), u32::MAX), Err(ZoneError::OutOfRange));
    }
}
