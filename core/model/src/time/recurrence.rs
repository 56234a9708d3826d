//! What comes again: rules after RFC 5545, section 3.3.10, in wall-clock time.
//!
//! Invariant: a rule is expanded in local naive time, with no zone in sight; instants
//! come afterwards (`occurrences.rs`). A month without the day is skipped.
//!
//! Where RFC 5545 leaves it open: a start that the rule does not name is no occurrence
//! (as in Python's `dateutil`), and the end of a rule is compared in wall time.

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime};

use super::zone::{days_between, plus_days, plus_months};
use super::{Weekday, limits};

/// Which days of a period.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pattern {
    /// Each day.
    Daily,
    /// Days of a week.
    Weekly {
        /// Which; none: that of the start.
        weekdays: BTreeSet<Weekday>,
        /// The day on which a week begins: matters where not every week counts.
        week_start: Weekday,
    },
    /// Days of a month by number.
    MonthlyByDay {
        /// 1–31, or −1 (the last) to −31; none: that of the start.
        days: BTreeSet<i8>,
    },
    /// Days of a month by weekday.
    MonthlyByWeekday {
        /// The first (1) to the fifth, the last (−1) to the fifth last, or each (0).
        weekdays: BTreeSet<(i8, Weekday)>,
    },
}

/// How long a rule goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bound {
    /// Without an end.
    Forever,
    /// Up to this wall time, included.
    Until(DateTime),
    /// So many occurrences, those taken out included.
    Count(u32),
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rule {
    /// Which days.
    pub pattern: Pattern,
    /// Every so many days, weeks or months; at least 1.
    pub interval: u16,
    /// How long.
    pub bound: Bound,
}

/// A rule with its start and what is taken out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recurrence {
    /// The first that can be; its time is that of each. In whole seconds.
    pub start: DateTime,
    /// The rule.
    pub rule: Rule,
    /// Starts of occurrences that do not take place.
    pub exceptions: BTreeSet<DateTime>,
}

/// What a rule or recurrence may not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is out of bounds")]
pub struct RecurrenceError(pub &'static str);

impl Rule {
    /// Checks every bound.
    pub fn check(&self) -> Result<(), RecurrenceError> {
        let within = |holds, what| if holds { Ok(()) } else { Err(RecurrenceError(what)) };
        within((1..=limits::RULE_INTERVAL).contains(&self.interval), "interval")?;
        match self.bound {
            Bound::Forever => {}
            Bound::Until(at) => within(is_usual(at), "until")?,
            Bound::Count(count) => within((1..=limits::RULE_COUNT).contains(&count), "count")?,
        }
        match &self.pattern {
            Pattern::Daily | Pattern::Weekly { .. } => Ok(()),
            Pattern::MonthlyByDay { days } => {
                within(days.iter().all(|day| *day != 0 && (-31..=31).contains(day)), "month day")
            }
            Pattern::MonthlyByWeekday { weekdays } => {
                let known = |(nth, _): &(i8, Weekday)| (-5..=5).contains(nth);
                within(!weekdays.is_empty() && weekdays.iter().all(known), "weekday")
            }
        }
    }

    /// The dates of the period that begins on `first`, rising.
    fn dates_in(&self, start: Date, first: Date, dates: &mut Vec<Date>) {
        match &self.pattern {
            Pattern::Daily => dates.push(first),
            Pattern::Weekly { weekdays, week_start } => {
                let own = Weekday::of(start);
                let is_in = |day: &Weekday| {
                    if weekdays.is_empty() { *day == own } else { weekdays.contains(day) }
                };
                for day in Weekday::ALL.iter().filter(|day| is_in(day)) {
                    dates.extend(plus_days(first, i64::from(day.days_after(*week_start))));
                }
            }
            Pattern::MonthlyByDay { days } => {
                let last = first.days_in_month();
                let day_of = |day: i8| if day < 0 { last + 1 + day } else { day };
                let own = [start.day()];
                let listed = if days.is_empty() { own.iter() } else { own[..0].iter() };
                for day in listed.chain(days).map(|day| day_of(*day)) {
                    dates.extend(Date::new(first.year(), first.month(), day));
                }
            }
            Pattern::MonthlyByWeekday { weekdays } => {
                let last = first.days_in_month();
                for (nth, weekday) in weekdays {
                    let to_first = weekday.days_after(Weekday::of(first));
                    let first_day = 1 + i8::try_from(to_first).unwrap_or(0);
                    let count = (last - first_day) / 7 + 1;
                    let wanted = match nth {
                        0 => 1..=count,
                        1.. => *nth..=(*nth).min(count),
                        _ => (count + 1 + nth).max(1)..=(count + 1 + nth),
                    };
                    for nth in wanted {
                        let day = first_day + 7 * (nth - 1);
                        dates.extend(Date::new(first.year(), first.month(), day));
                    }
                }
            }
        }
        dates.sort_unstable();
        dates.dedup();
    }

    /// The first day of period number `n`, the one that holds the start being 0.
    fn period(&self, start: Date, n: i64) -> Option<Date> {
        let units = n.checked_mul(i64::from(self.interval))?;
        match &self.pattern {
            Pattern::Daily => plus_days(start, units).ok(),
            Pattern::Weekly { week_start, .. } => {
                let back = i64::from(Weekday::of(start).days_after(*week_start));
                plus_days(start, units.checked_mul(7)?.checked_sub(back)?).ok()
            }
            _ => plus_months(start.first_of_month(), units).ok(),
        }
    }

    /// A period that begins before `date`, and not long before.
    fn period_before(&self, start: Date, date: Date) -> i64 {
        let interval = i64::from(self.interval.max(1));
        let units = match &self.pattern {
            Pattern::Daily => days_between(start, date),
            Pattern::Weekly { .. } => days_between(start, date).div_euclid(7),
            _ => {
                let months = |date: Date| i64::from(date.year()) * 12 + i64::from(date.month());
                months(date) - months(start)
            }
        };
        (units.div_euclid(interval) - 1).max(0)
    }
}

impl Recurrence {
    /// A recurrence with nothing taken out.
    pub fn new(start: DateTime, rule: Rule) -> Result<Self, RecurrenceError> {
        let recurrence = Self { start, rule, exceptions: BTreeSet::new() };
        recurrence.check().map(|()| recurrence)
    }

    /// Checks every bound.
    pub fn check(&self) -> Result<(), RecurrenceError> {
        self.rule.check()?;
        if !is_usual(self.start) {
            return Err(RecurrenceError("start"));
        }
        let usual = self.exceptions.iter().all(|at| is_usual(*at));
        if self.exceptions.len() > limits::RULE_EXCEPTIONS || !usual {
            return Err(RecurrenceError("exceptions"));
        }
        Ok(())
    }

    /// All starts, rising. Without an end they go on to the year 9999: take as many as
    /// you need.
    pub fn starts(&self) -> Starts<'_> {
        self.starts_from(self.start)
    }

    /// The starts at or after a wall time. A rule that counts is counted from its start;
    /// any other costs nothing for the time that lies before.
    pub fn starts_from(&self, from: DateTime) -> Starts<'_> {
        let period = match self.rule.bound {
            Bound::Count(_) => 0,
            _ => self.rule.period_before(self.start.date(), from.date()),
        };
        let left = match self.rule.bound {
            Bound::Count(count) => Some(count),
            _ => None,
        };
        Starts { of: self, from: from.max(self.start), period, dates: Vec::new(), left }
    }
}

/// Starts of a recurrence in wall time, rising.
#[derive(Debug, Clone)]
pub struct Starts<'a> {
    of: &'a Recurrence,
    from: DateTime,
    /// The next period to look at.
    period: i64,
    /// Dates of the last one still to come, the next at the end.
    dates: Vec<Date>,
    /// How many the rule still counts.
    left: Option<u32>,
}

impl Iterator for Starts<'_> {
    type Item = DateTime;

    fn next(&mut self) -> Option<DateTime> {
        let Recurrence { start, rule, exceptions } = self.of;
        loop {
            while let Some(date) = self.dates.pop() {
                let at = date.to_datetime(start.time());
                if at < *start {
                    continue;
                }
                if matches!(rule.bound, Bound::Until(last) if at > last) {
                    return None;
                }
                if let Some(left) = &mut self.left {
                    *left = left.checked_sub(1)?;
                }
                if at >= self.from && !exceptions.contains(&at) {
                    return Some(at);
                }
            }
            if self.left == Some(0) {
                return None;
            }
            // Dates are few enough that the walk ends: the calendar does in 9999.
            let first = rule.period(start.date(), self.period)?;
            if matches!(rule.bound, Bound::Until(last) if first > last.date()) {
                return None;
            }
            self.period += 1;
            rule.dates_in(start.date(), first, &mut self.dates);
            self.dates.reverse();
        }
    }
}

/// Whether a wall time is in whole seconds of the years 1583–9999.
fn is_usual(at: DateTime) -> bool {
    at.year() >= 1583 && at.subsec_nanosecond() == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(start: &str, rule: &str, take: usize) -> Vec<String> {
        let rule = rule.parse().unwrap_or_else(|error| panic!("{rule}: {error}"));
        let start = start.parse().unwrap_or_default();
        let recurrence = Recurrence::new(start, rule).unwrap_or_else(|error| panic!("{error}"));
        recurrence.starts().take(take).map(|at| at.date().to_string()).collect()
    }

    #[test]
    fn a_month_without_the_day_is_skipped() {
        let told = ["2027-01-31", "2027-03-31", "2027-05-31", "2027-07-31"];
        assert_eq!(starts("2027-01-31T09:00", "FREQ=MONTHLY", 4), told);
        let fifth = ["2027-01-30", "2027-05-29", "2027-07-31"];
        assert_eq!(starts("2027-01-01T09:00", "FREQ=MONTHLY;BYDAY=5SA", 3), fifth);
        let leap = ["2028-02-29", "2032-02-29"];
        assert_eq!(starts("2028-02-29T09:00", "FREQ=MONTHLY;INTERVAL=12", 2), leap);
    }

    #[test]
    fn a_day_that_never_comes_ends_the_walk() {
        let rule = "FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=30";
        assert!(starts("2027-02-01T09:00", rule, 1).is_empty());
    }

    #[test]
    fn the_week_start_says_which_weeks_count() {
        // The example of RFC 5545, page 124.
        let mo = "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO";
        let su = "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU";
        let start = "1997-08-05T09:00";
        assert_eq!(starts(start, mo, 9), ["1997-08-05", "1997-08-10", "1997-08-19", "1997-08-24"]);
        assert_eq!(starts(start, su, 9), ["1997-08-05", "1997-08-17", "1997-08-19", "1997-08-31"]);
    }

    #[test]
    fn exceptions_are_counted_and_taken_out() {
        let rule: Rule = "FREQ=DAILY;COUNT=3".parse().unwrap_or_else(|_| panic!("a rule"));
        let start = Date::constant(2027, 1, 1).at(9, 0, 0, 0);
        let mut recurrence = Recurrence::new(start, rule).unwrap_or_else(|_| panic!("bounds"));
        recurrence.exceptions.insert(Date::constant(2027, 1, 2).at(9, 0, 0, 0));
        recurrence.exceptions.insert(Date::constant(2027, 1, 3).at(8, 0, 0, 0));
        let days: Vec<_> = recurrence.starts().map(|at| at.day()).collect();
        assert_eq!(days, [1, 3]);
    }

    #[test]
    fn looking_far_ahead_costs_no_walk_from_the_start() {
        let rule: Rule = "FREQ=DAILY;INTERVAL=3".parse().unwrap_or_else(|_| panic!("a rule"));
        let start = Date::constant(1600, 1, 1).at(9, 0, 0, 0);
        let recurrence = Recurrence::new(start, rule).unwrap_or_else(|_| panic!("bounds"));
        let late = Date::constant(9990, 1, 1).at(0, 0, 0, 0);
        let mut walk = recurrence.starts_from(late);
        assert!(
            walk.next().is_some_and(|at| at >= late && at.date() <= Date::constant(9990, 1, 3))
        );
        assert!(walk.period - recurrence.rule.period_before(start.date(), late.date()) <= 3);
    }
}
