//! When a place is open: weekly hours, days unlike others, public holidays, closures.
//!
//! Of a local day counts, in this order: the exception of that date, the hours for public
//! holidays, the week. Hours belong to the day on which they begin, also those that go
//! past midnight. What is closed is taken off at the end, whatever day it falls on.
//! Ends of hours are resolved as all wall times are; hours that clocks jump over are none.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::wire::ClosureText;
use super::zone::{at_minute, plus_days};
use super::{
    Holiday, HolidayCalendar, Instant, Interval, IntervalSet, Recurrence, Weekday, Zone, ZoneError,
    limits,
};

/// Hours of a day, on the wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Window {
    /// First minute, since midnight, 0–1439.
    pub from: u16,
    /// First minute after it, up to 2880: past 1440 it runs into the next day.
    pub to: u16,
}

/// Hours of a weekday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WeekWindow {
    /// The day on which it begins.
    pub weekday: Weekday,
    /// The hours.
    pub window: Window,
}

/// What holds on public holidays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HolidayHours {
    /// Whose holidays.
    pub calendar: HolidayCalendar,
    /// The hours on such a day; none: closed.
    pub windows: Vec<Window>,
}

/// A closure that comes again: the maintenance of the first Monday.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "ClosureText", try_from = "ClosureText")]
pub struct Closure {
    /// When it begins.
    pub recurrence: Recurrence,
    /// How long it is on the wall clock, in minutes.
    pub minutes: u32,
}

/// When a place is open.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OpeningPlan {
    /// Hours of the week; `None`: day and night.
    pub weekly: Option<Vec<WeekWindow>>,
    /// Dates unlike others, with their hours; none: closed.
    #[serde(with = "super::wire::dates")]
    pub exceptions: BTreeMap<Date, Vec<Window>>,
    /// What holds on public holidays; `None`: they are days like others.
    pub holidays: Option<HolidayHours>,
    /// Closed at these times. They have no buffers.
    pub blackouts: Vec<Interval>,
    /// Closed again and again.
    pub closures: Vec<Closure>,
}

/// Why it is closed at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// Outside the hours of the week.
    Hours,
    /// Outside the hours of that date.
    Exception(Date),
    /// Outside the hours of a public holiday.
    Holiday(Date, Holiday),
    /// A closure, once or again and again.
    Blackout(Interval),
}

/// Why a plan cannot be laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpeningError {
    /// The plan breaks a limit.
    #[error("{0} is out of bounds")]
    Bounds(&'static str),
    /// Without an end, or longer than [`limits::RANGE_DAYS`].
    #[error("the range is too long")]
    RangeTooLong,
    /// No such time in this zone.
    #[error(transparent)]
    Zone(#[from] ZoneError),
}

impl Window {
    /// The whole day.
    pub const DAY: Self = Self { from: 0, to: 1_440 };

    /// Whether it holds a minute and is within its limits.
    pub const fn is_valid(&self) -> bool {
        self.from < 1_440 && self.from < self.to && self.to <= limits::LAST_MINUTE
    }

    /// When that is on a date; `None` where clocks jump over it.
    fn on(&self, zone: &Zone, date: Date) -> Result<Option<Interval>, ZoneError> {
        let start = zone.instant(at_minute(date, i64::from(self.from))?)?;
        let end = zone.instant(at_minute(date, i64::from(self.to))?)?;
        Ok(Interval::new(start, Some(end)).ok())
    }
}

/// Which rule says the hours of a date.
enum Says<'a> {
    Week(Weekday),
    Always,
    Exception(&'a [Window]),
    Holiday(Holiday, &'a [Window]),
}

impl OpeningPlan {
    /// Checks every limit.
    pub fn check(&self) -> Result<(), OpeningError> {
        let within = |holds, what| if holds { Ok(()) } else { Err(OpeningError::Bounds(what)) };
        let day = |windows: &Vec<Window>| {
            windows.len() <= limits::DAY_WINDOWS && windows.iter().all(Window::is_valid)
        };
        let weekly = self.weekly.as_deref().unwrap_or_default();
        within(weekly.len() <= limits::WEEK_WINDOWS, "weekly hours")?;
        within(weekly.iter().all(|it| it.window.is_valid()), "weekly hours")?;
        within(self.exceptions.len() <= limits::EXCEPTIONS, "exceptions")?;
        within(self.exceptions.values().all(day), "exceptions")?;
        within(self.exceptions.keys().all(|date| date.year() >= 1583), "exceptions")?;
        within(self.holidays.iter().all(|it| day(&it.windows)), "holiday hours")?;
        within(self.blackouts.len() <= limits::BLACKOUTS, "blackouts")?;
        within(self.blackouts.iter().all(Interval::is_valid), "blackouts")?;
        within(self.closures.len() <= limits::CLOSURES, "closures")?;
        let sound = |closure: &Closure| {
            (1..=limits::CLOSURE_MINUTES).contains(&closure.minutes)
                && closure.recurrence.check().is_ok()
        };
        within(self.closures.iter().all(sound), "closures")
    }

    /// When it is open within `range`. A range without an end can only be laid out for a
    /// plan that is open day and night but for blackouts.
    pub fn open(&self, zone: &Zone, range: &Interval) -> Result<IntervalSet, OpeningError> {
        let hours = self.hours(zone, range)?;
        Ok(hours.minus(&self.closed(zone, range)?))
    }

    /// Blackouts and closures that overlap `range`.
    pub fn closed(&self, zone: &Zone, range: &Interval) -> Result<IntervalSet, OpeningError> {
        let mut closed = self.blackouts.clone();
        closed.retain(|blackout| blackout.overlaps(range));
        if !self.closures.is_empty() {
            let range = bounded(range)?;
            for Closure { recurrence, minutes } in &self.closures {
                let found = recurrence.occurrences(zone, *minutes, &range, usize::MAX)?;
                closed.extend(found.items.iter().map(|item| item.interval));
            }
        }
        Ok(closed.into_iter().collect())
    }

    /// Why it is closed at an instant; `None`: it is open.
    pub fn why_closed(&self, zone: &Zone, at: Instant) -> Result<Option<Closed>, OpeningError> {
        let moment = Interval { start: at, end: Some(at.plus_ms(1)) };
        if let Some(blackout) = self.closed(zone, &moment)?.holding(at) {
            return Ok(Some(Closed::Blackout(*blackout)));
        }
        if self.hours(zone, &moment)?.contains(at) {
            return Ok(None);
        }
        let date = zone.date(at)?;
        Ok(Some(match self.says(date, &self.holidays_of(date, date)) {
            Says::Exception(_) => Closed::Exception(date),
            Says::Holiday(holiday, _) => Closed::Holiday(date, holiday),
            Says::Week(_) | Says::Always => Closed::Hours,
        }))
    }

    /// Opening hours within `range`, closures not yet taken off.
    pub fn hours(&self, zone: &Zone, range: &Interval) -> Result<IntervalSet, OpeningError> {
        if self.weekly.is_none() && self.exceptions.is_empty() && self.holidays.is_none() {
            return Ok(IntervalSet::of(*range));
        }
        let bounds = bounded(range)?;
        let last = plus_days(zone.date(bounds.end_or_max())?, 1)?;
        // A window may run into the next day, and a change of clocks moves it at most one.
        let mut date = plus_days(zone.date(bounds.start)?, -3)?;
        let holidays = self.holidays_of(date, last);
        let mut hours = Vec::new();
        while date <= last {
            let mut add = |window: &Window| -> Result<(), ZoneError> {
                hours.extend(window.on(zone, date)?);
                Ok(())
            };
            match self.says(date, &holidays) {
                Says::Exception(windows) | Says::Holiday(_, windows) => {
                    windows.iter().try_for_each(add)?;
                }
                Says::Always => add(&Window::DAY)?,
                Says::Week(weekday) => {
                    let own = self.weekly.iter().flatten().filter(|it| it.weekday == weekday);
                    own.map(|it| &it.window).try_for_each(add)?;
                }
            }
            date = plus_days(date, 1)?;
        }
        let hours: IntervalSet = hours.into_iter().collect();
        Ok(hours.intersection(&IntervalSet::of(*range)))
    }

    fn says(&self, date: Date, holidays: &BTreeMap<Date, Holiday>) -> Says<'_> {
        if let Some(windows) = self.exceptions.get(&date) {
            return Says::Exception(windows);
        }
        if let (Some(hours), Some(holiday)) = (&self.holidays, holidays.get(&date)) {
            return Says::Holiday(*holiday, &hours.windows);
        }
        if self.weekly.is_none() { Says::Always } else { Says::Week(Weekday::of(date)) }
    }

    fn holidays_of(&self, first: Date, last: Date) -> BTreeMap<Date, Holiday> {
        let Some(hours) = &self.holidays else { return BTreeMap::new() };
        let years: BTreeSet<i16> = (first.year()..=last.year()).collect();
        years.into_iter().flat_map(|year| hours.calendar.of_year(year)).collect()
    }
}

/// The range, if it has an end and is not too long.
fn bounded(range: &Interval) -> Result<Interval, OpeningError> {
    let most = limits::RANGE_DAYS * Instant::DAY_MS;
    match range.length_ms() {
        Some(length) if length <= most => Ok(*range),
        _ => Err(OpeningError::RangeTooLong),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paris() -> Zone {
        Zone::named("Europe/Paris").unwrap_or_else(|error| panic!("{error}"))
    }

    fn date(day: i8) -> Date {
        Date::constant(2027, 3, day)
    }

    fn days(first: i8, count: u32) -> Interval {
        let days = paris().days(date(first), count);
        days.ok().flatten().unwrap_or_else(|| panic!("days of March"))
    }

    fn at(day: i8, hour: i8, minute: i8) -> Instant {
        paris().instant(date(day).at(hour, minute, 0, 0)).unwrap_or_default()
    }

    fn hours(from: u16, to: u16) -> Window {
        Window { from: from * 60, to: to * 60 }
    }

    fn each_day(window: Window) -> Option<Vec<WeekWindow>> {
        Some(Weekday::ALL.iter().map(|day| WeekWindow { weekday: *day, window }).collect())
    }

    fn span(from: Instant, to: Instant) -> Interval {
        Interval { start: from, end: Some(to) }
    }

    fn open(plan: &OpeningPlan, range: &Interval) -> Vec<Interval> {
        let open = plan.open(&paris(), range).unwrap_or_else(|error| panic!("{error}"));
        open.intervals().to_vec()
    }

    #[test]
    fn hours_past_midnight_belong_to_the_day_they_begin() {
        let mut plan = OpeningPlan { weekly: each_day(hours(20, 26)), ..Default::default() };
        plan.exceptions.insert(date(10), Vec::new());
        let told = [
            span(at(9, 0, 0), at(9, 2, 0)),
            span(at(9, 20, 0), at(10, 2, 0)),
            span(at(11, 20, 0), at(12, 0, 0)),
        ];
        assert_eq!(open(&plan, &days(9, 3)), told);
        let closed = |hour| plan.why_closed(&paris(), at(10, hour, 0));
        assert_eq!(closed(1), Ok(None));
        assert_eq!(closed(21), Ok(Some(Closed::Exception(date(10)))));
    }

    #[test]
    fn public_holidays_have_their_own_hours_and_exceptions_go_before() {
        // Easter Monday of 2027 is 29 March.
        let holidays = HolidayHours { calendar: HolidayCalendar::France, windows: Vec::new() };
        let weekly = each_day(hours(9, 18));
        let mut plan = OpeningPlan { weekly, holidays: Some(holidays), ..Default::default() };
        assert_eq!(open(&plan, &days(29, 1)), []);
        let told = Closed::Holiday(date(29), Holiday::EasterMonday);
        assert_eq!(plan.why_closed(&paris(), at(29, 10, 0)), Ok(Some(told)));
        plan.exceptions.insert(date(29), vec![hours(14, 16)]);
        assert_eq!(open(&plan, &days(29, 1)), [span(at(29, 14, 0), at(29, 16, 0))]);
        plan.exceptions.clear();
        plan.holidays = None;
        assert_eq!(open(&plan, &days(29, 1)), [span(at(29, 9, 0), at(29, 18, 0))]);
    }

    #[test]
    fn day_and_night_may_go_on_without_an_end() {
        let for_ever = Interval { start: at(1, 0, 0), end: None };
        let blackout = span(at(5, 0, 0), at(6, 0, 0));
        let mut plan = OpeningPlan { blackouts: vec![blackout], ..Default::default() };
        let after = Interval { start: at(6, 0, 0), end: None };
        assert_eq!(open(&plan, &for_ever), [span(at(1, 0, 0), at(5, 0, 0)), after]);
        plan.weekly = each_day(hours(0, 24));
        assert_eq!(plan.open(&paris(), &for_ever), Err(OpeningError::RangeTooLong));
    }

    #[test]
    fn maintenance_comes_again() {
        let rule = "FREQ=MONTHLY;BYDAY=1MO".parse().unwrap_or_else(|error| panic!("{error}"));
        let start = Date::constant(2026, 1, 1).at(8, 0, 0, 0);
        let recurrence = Recurrence::new(start, rule).unwrap_or_else(|error| panic!("{error}"));
        let closures = vec![Closure { recurrence, minutes: 120 }];
        let plan = OpeningPlan { closures, ..Default::default() };
        let told = [span(at(1, 0, 0), at(1, 8, 0)), span(at(1, 10, 0), at(2, 0, 0))];
        assert_eq!(open(&plan, &days(1, 1)), told);
        let closure = Closed::Blackout(span(at(1, 8, 0), at(1, 10, 0)));
        assert_eq!(plan.why_closed(&paris(), at(1, 9, 0)), Ok(Some(closure)));
    }

    #[test]
    fn hours_that_the_clocks_jump_over_are_none() {
        let window = Window { from: 135, to: 180 };
        let plan = OpeningPlan { weekly: each_day(window), ..Default::default() };
        assert_eq!(open(&plan, &days(28, 1)), []);
        assert_eq!(open(&plan, &days(27, 1)).len(), 1);
    }

    #[test]
    fn limits_are_limits() {
        let broken = |plan: OpeningPlan| plan.check().is_err();
        assert!(OpeningPlan::default().check().is_ok());
        let late = Window { from: 1_000, to: 2_881 };
        assert!(broken(OpeningPlan { weekly: each_day(late), ..Default::default() }));
        let empty = Interval { start: Instant(1), end: Some(Instant(1)) };
        assert!(broken(OpeningPlan { blackouts: vec![empty], ..Default::default() }));
        let exceptions = [(date(1), vec![Window::DAY; limits::DAY_WINDOWS + 1])];
        assert!(broken(OpeningPlan { exceptions: exceptions.into(), ..Default::default() }));
        let decades =
            Interval { start: at(1, 0, 0), end: Some(at(1, 0, 0).plus_ms(400_000_000_000)) };
        let plan = OpeningPlan { weekly: each_day(Window::DAY), ..Default::default() };
        assert_eq!(plan.open(&paris(), &decades), Err(OpeningError::RangeTooLong));
    }
}
