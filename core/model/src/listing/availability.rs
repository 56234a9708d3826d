//! When something can be had, as data: weekly windows and exceptions, in wall-clock
//! time of a zone. What is really free follows from the terms and the decisions.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::error::Invalid;

/// Most windows in one week.
pub const MAX_WINDOWS: usize = 42;
/// Most exceptions.
pub const MAX_EXCEPTIONS: usize = 128;
/// Most windows on one exceptional day.
pub const MAX_DAY_WINDOWS: usize = 6;
/// Longest name of a time zone, in bytes.
pub const MAX_ZONE_BYTES: usize = 64;
/// Minutes in a day of the wall clock.
pub const DAY_MINUTES: u16 = 1_440;

/// From `from` (included) to `to` (excluded), in minutes since midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DayWindow {
    /// Start, 0–1,439.
    pub from: u16,
    /// End, up to 1,440.
    pub to: u16,
}

/// A window of a weekday: 0 is Monday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WeekWindow {
    /// 0 (Monday) to 6.
    pub weekday: u8,
    /// When on that day.
    pub window: DayWindow,
}

/// A calendar day. Sorts as time does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Day {
    /// Year, 1–9999.
    pub year: i16,
    /// Month, 1–12.
    pub month: u8,
    /// Day of the month.
    pub day: u8,
}

/// When something can be had.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Availability {
    /// IANA name of the zone; empty: the neighbourhood's.
    pub zone: String,
    /// The weekly plan, sorted; empty: always.
    pub weekly: Vec<WeekWindow>,
    /// Days unlike the plan: the windows of that day, none if closed.
    pub exceptions: BTreeMap<Day, Vec<DayWindow>>,
}

impl DayWindow {
    /// Whether it holds a minute and ends with the day.
    pub const fn is_valid(&self) -> bool {
        self.from < self.to && self.to <= DAY_MINUTES
    }

    fn write(&self, text: &mut String) {
        let clock = |minutes: u16| (minutes / 60, minutes % 60);
        let ((h, m), (to_h, to_m)) = (clock(self.from), clock(self.to));
        let _ = write!(text, "{h:02}:{m:02}-{to_h:02}:{to_m:02}");
    }

    fn parse(text: &str) -> Option<Self> {
        let clock = |text: &str| {
            let (h, m) = text.split_once(':')?;
            let two = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
            let (hours, minutes) = (h.parse::<u16>().ok()?, m.parse::<u16>().ok()?);
            (two(h) && two(m) && hours <= 24 && minutes < 60).then_some(hours * 60 + minutes)
        };
        let (from, to) = text.split_once('-')?;
        let window = Self { from: clock(from)?, to: clock(to)? };
        window.is_valid().then_some(window)
    }
}

impl Day {
    /// Whether there is such a day.
    pub fn is_valid(&self) -> bool {
        let (Ok(month), Ok(day)) = (i8::try_from(self.month), i8::try_from(self.day)) else {
            return false;
        };
        self.year >= 1 && jiff::civil::Date::new(self.year, month, day).is_ok()
    }

    /// Its text, `2026-12-24`.
    pub fn key(&self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }

    /// The day a text names, if there is such a day.
    pub fn from_key(key: &str) -> Option<Self> {
        let mut parts = key.split('-');
        let day = Self {
            year: parts.next()?.parse().ok()?,
            month: parts.next()?.parse().ok()?,
            day: parts.next()?.parse().ok()?,
        };
        (day.is_valid() && day.key() == key).then_some(day)
    }
}

/// Whether windows are possible, sorted and apart.
fn windows_are_valid(windows: &[DayWindow]) -> bool {
    windows.len() <= MAX_DAY_WINDOWS
        && windows.iter().all(DayWindow::is_valid)
        && windows.windows(2).all(|pair| pair[0].to <= pair[1].from)
}

/// The text of one day: `09:00-12:00 14:00-18:00`, empty if closed.
pub fn day_to_text(windows: &[DayWindow]) -> String {
    let mut text = String::new();
    for window in windows {
        if !text.is_empty() {
            text.push(' ');
        }
        window.write(&mut text);
    }
    text
}

/// The windows that a text of one day stands for.
pub fn day_from_text(text: &str) -> Option<Vec<DayWindow>> {
    let words = text.split(' ').filter(|word| !word.is_empty()).take(MAX_DAY_WINDOWS + 1);
    let windows: Vec<_> = words.map(DayWindow::parse).collect::<Option<_>>()?;
    windows_are_valid(&windows).then_some(windows)
}

/// The text of a weekly plan: `0 09:00-12:00 5 10:00-16:00`, 0 being Monday.
pub fn week_to_text(weekly: &[WeekWindow]) -> String {
    let mut text = String::new();
    for WeekWindow { weekday, window } in weekly {
        if !text.is_empty() {
            text.push(' ');
        }
        let _ = write!(text, "{weekday} ");
        window.write(&mut text);
    }
    text
}

/// The plan that a text stands for.
pub fn week_from_text(text: &str) -> Option<Vec<WeekWindow>> {
    let mut words = text.split(' ').filter(|word| !word.is_empty());
    let mut weekly = Vec::new();
    while let Some(weekday) = words.next() {
        if weekly.len() == MAX_WINDOWS {
            return None;
        }
        let weekday = weekday.parse().ok()?;
        weekly.push(WeekWindow { weekday, window: DayWindow::parse(words.next()?)? });
    }
    week_is_valid(&weekly).then_some(weekly)
}

fn week_is_valid(weekly: &[WeekWindow]) -> bool {
    let apart = |pair: &[WeekWindow]| {
        pair[0].weekday < pair[1].weekday
            || pair[0].weekday == pair[1].weekday && pair[0].window.to <= pair[1].window.from
    };
    weekly.len() <= MAX_WINDOWS
        && weekly.iter().all(|w| w.weekday < 7 && w.window.is_valid())
        && weekly.windows(2).all(apart)
}

/// Whether it looks like the name of a zone. Rows must not depend on the zones that
/// one machine happens to know, so this is all that is asked of what others wrote.
pub(crate) fn zone_is_named(zone: &str) -> bool {
    zone.len() <= MAX_ZONE_BYTES
        && zone.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+-/".contains(&b))
}

impl Availability {
    pub(super) fn check(&self, errors: &mut Invalid) {
        if !self.zone.is_empty()
            && (!zone_is_named(&self.zone) || jiff::tz::TimeZone::get(&self.zone).is_err())
        {
            errors.add("listing.availability.zone");
        }
        errors.at_most("listing.availability.windows", self.weekly.len(), MAX_WINDOWS);
        if self.weekly.len() <= MAX_WINDOWS && !week_is_valid(&self.weekly) {
            errors.add("listing.availability.week");
        }
        errors.at_most("listing.availability.exceptions", self.exceptions.len(), MAX_EXCEPTIONS);
        let day_is_valid =
            |(day, windows): (&Day, &Vec<_>)| day.is_valid() && windows_are_valid(windows);
        if !self.exceptions.iter().all(day_is_valid) {
            errors.add("listing.availability.day");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_goes_there_and_back_and_must_be_sorted_and_apart() {
        let text = "0 08:00-12:00 0 14:00-24:00 6 00:00-00:01";
        let week = week_from_text(text).unwrap_or_default();
        assert_eq!(week.len(), 3);
        assert_eq!(week_to_text(&week), text);
        for wrong in [
            "7 08:00-09:00",
            "0 09:00-08:00",
            "0 8:00-9:00",
            "0",
            "0 08:00-24:01",
            "1 08:00-09:00 0 08:00-09:00",
            "0 08:00-10:00 0 09:00-11:00",
            "0 +8:00-09:00",
        ] {
            assert_eq!(week_from_text(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn only_real_days_are_days() {
        assert!(Day::from_key("2028-02-29").is_some());
        for wrong in ["2027-02-29", "2027-2-28", "2027-13-01", "-001-01-01", "0000-01-01", "x"] {
            assert_eq!(Day::from_key(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_zone_must_exist_when_written() {
        let mut errors = Invalid::default();
        let zone = |zone: &str| Availability { zone: zone.into(), ..Default::default() };
        zone("Europe/Paris").check(&mut errors);
        assert!(errors.0.is_empty());
        zone("Europe/Atlantis").check(&mut errors);
        assert!(errors.has("listing.availability.zone"));
    }
}
