//! Five zones and a calendar, written down without the engine's libraries.
//!
//! Minutes are counted since 1970-01-01T00:00Z, days since 1970-01-01. Rules of the
//! clocks from 2026 to 2029 after the tz database.

use std::sync::LazyLock;

/// First day of the tables, and the one after their last.
pub(crate) const DAYS: (i64, i64) = (20_454, 21_915); // 2026-01-01 … 2030-01-01
pub(crate) const NAMES: [&str; 5] =
    ["UTC", "Europe/Paris", "Africa/Cairo", "America/Santiago", "Australia/Lord_Howe"];
const DAY: i64 = 1_440;
const NONE: i64 = i64::MAX;

/// A date with its weekday, 0 being Monday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
    pub(crate) weekday: i64,
}

pub(crate) fn month_length(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The dates of all days up to 2200, walked one by one.
static CALENDAR: LazyLock<Vec<Date>> = LazyLock::new(|| {
    let mut date = Date { year: 1970, month: 1, day: 1, weekday: 3 };
    let mut all = Vec::new();
    while date.year < 2200 {
        all.push(date);
        date.weekday = (date.weekday + 1) % 7;
        date.day += 1;
        if date.day > month_length(date.year, date.month) {
            (date.day, date.month) = (1, date.month + 1);
        }
        if date.month > 12 {
            (date.month, date.year) = (1, date.year + 1);
        }
    }
    all
});

pub(crate) fn date(day: i64) -> Date {
    CALENDAR[day as usize]
}

pub(crate) fn day_of(year: i64, month: i64, day: i64) -> i64 {
    let is = |date: &Date| (date.year, date.month, date.day) == (year, month, day);
    let near = (year - 1970) * 365;
    (near..).find(|day| is(&date(*day))).unwrap_or(0)
}

/// What clocks of one zone show.
pub(crate) struct Clocks {
    pub(crate) name: &'static str,
    /// Minutes at which they change, with the offset from then on.
    pub(crate) changes: Vec<(i64, i64)>,
    offsets: Vec<i64>,
    /// First minute at which they show each minute.
    first: Vec<i64>,
}

pub(crate) static ZONES: LazyLock<Vec<Clocks>> = LazyLock::new(|| NAMES.map(Clocks::new).into());

impl Clocks {
    fn new(name: &'static str) -> Self {
        // The n-th or last (0) weekday of a month.
        let nth = |year, month, weekday, nth: i64| {
            let days = day_of(year, month, 1)..day_of(year, month, month_length(year, month)) + 1;
            let all: Vec<i64> = days.filter(|day| date(*day).weekday == weekday).collect();
            DAY * if nth == 0 { all[all.len() - 1] } else { all[nth as usize - 1] }
        };
        let (thursday, friday, sunday) = (3, 4, 6);
        let sunday_from_second = |year, month| {
            let first = nth(year, month, sunday, 1);
            if date(first / DAY).day > 1 { first } else { first + 7 * DAY }
        };
        let mut changes = Vec::new();
        for year in 2025..=2029 {
            changes.extend(match name {
                "Europe/Paris" => {
                    vec![(nth(year, 3, sunday, 0) + 60, 120), (nth(year, 10, sunday, 0) + 60, 60)]
                }
                "Africa/Cairo" => vec![
                    (nth(year, 4, friday, 0) - 120, 180),
                    (nth(year, 10, thursday, 0) + DAY - 180, 120),
                ],
                // The first Sunday from the second day on, at midnight.
                "America/Santiago" => vec![
                    (sunday_from_second(year, 4) + 180, -240),
                    (sunday_from_second(year, 9) + 240, -180),
                ],
                "Australia/Lord_Howe" => vec![
                    (nth(year, 4, sunday, 1) + 120 - 660, 630),
                    (nth(year, 10, sunday, 1) + 120 - 630, 660),
                ],
                _ => vec![],
            });
        }
        let offset = |minute: i64| {
            let last = changes.iter().rev().find(|(at, _)| *at <= minute);
            last.map_or(0, |(_, offset)| *offset)
        };
        let minutes = DAYS.0 * DAY..DAYS.1 * DAY;
        let offsets: Vec<i64> = minutes.clone().map(offset).collect();
        let mut first = vec![NONE; ((DAYS.1 - DAYS.0 + 4) * DAY) as usize];
        for minute in minutes.rev() {
            let offset = offsets[(minute - DAYS.0 * DAY) as usize];
            first[Self::slot(minute + offset)] = minute;
        }
        Self { name, changes, offsets, first }
    }

    fn slot(wall: i64) -> usize {
        (wall - (DAYS.0 - 2) * DAY) as usize
    }

    /// What the clocks show at a minute.
    pub(crate) fn wall(&self, minute: i64) -> i64 {
        minute + self.offsets[(minute - DAYS.0 * DAY) as usize]
    }

    /// When the clocks show it: of two the first; of none, as if they had not changed.
    pub(crate) fn minute(&self, wall: i64) -> i64 {
        let shown = (0..).find(|back| self.first[Self::slot(wall - back)] != NONE).unwrap_or(0);
        self.first[Self::slot(wall - shown)] + shown
    }
}

/// A minute near which something happens more often than by chance.
pub(crate) fn minute_of(dice: &mut super::Dice, zone: &Clocks, step: i64) -> i64 {
    // Room for what is asked after it.
    let (from, to) = ((DAYS.0 + 120) * DAY, (DAYS.1 - 400) * DAY);
    let inside: Vec<i64> =
        zone.changes.iter().map(|(at, _)| *at).filter(|at| (from..to).contains(at)).collect();
    let minute = if inside.is_empty() || dice.chance(50) {
        dice.from(from, to)
    } else {
        dice.one_of(&inside) + dice.from(-2_000, 2_000)
    };
    minute - minute.rem_euclid(step)
}

mod tests {
    use palier_model::time::{Instant, Zone, civil};

    use super::*;

    #[test]
    fn wall_times_and_instants_are_those_of_the_clocks() {
        for clocks in ZONES.iter() {
            let zone = Zone::named(clocks.name).unwrap();
            for minute in ((DAYS.0 + 2) * DAY..(DAYS.1 - 2) * DAY).step_by(10) {
                let wall = clocks.wall(minute);
                let shown = date(wall / DAY);
                let civil = civil::Date::new(shown.year as i16, shown.month as i8, shown.day as i8);
                let at = |hour, minute| civil.clone().unwrap().at(hour, minute, 0, 0);
                let told = at((wall % DAY / 60) as i8, (wall % 60) as i8);
                assert_eq!(zone.wall(Instant(minute * 60_000)), Ok(told), "{}", clocks.name);
            }
            for wall in ((DAYS.0 + 2) * DAY..(DAYS.1 - 2) * DAY).step_by(10) {
                let shown = date(wall / DAY);
                let civil = civil::Date::new(shown.year as i16, shown.month as i8, shown.day as i8);
                let told = civil.unwrap().at((wall % DAY / 60) as i8, (wall % 60) as i8, 0, 0);
                let found = zone.instant(told).map(|at| at.0);
                assert_eq!(found, Ok(clocks.minute(wall) * 60_000), "{} {told}", clocks.name);
            }
        }
    }
}
