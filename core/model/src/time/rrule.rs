//! The text of a rule: the value of an `RRULE` (RFC 5545, section 3.3.10).
//!
//! Read strictly: what this cannot keep is an error, never left out. Written in one way:
//! one text for one rule. In a rule by itself `UNTIL` is local time, as RFC 5545 wants it
//! for a start in local time; in a calendar file, where the start has a zone, it is UTC.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::str::FromStr;

use jiff::civil::{Date, DateTime};

use super::recurrence::{Bound, Pattern, RecurrenceError, Rule};
use super::{Weekday, Zone, limits};

/// Why a text is no rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// Longer than [`limits::RULE_TEXT_BYTES`].
    #[error("the rule is too long")]
    TooLong,
    /// Not `NAME=VALUE;NAME=VALUE`.
    #[error("not the text of a rule")]
    Malformed,
    /// A part or a frequency that is not kept here.
    #[error("this kind of rule is not known here")]
    Unknown,
    /// A part stands there twice, or the frequency is missing.
    #[error("{0} must stand there once")]
    Once(&'static str),
    /// A value that the part cannot have.
    #[error("not a value of {0}")]
    Value(&'static str),
    /// Parts that cannot stand beside each other.
    #[error("{0} cannot stand beside {1}")]
    Together(&'static str, &'static str),
    /// In UTC without a zone, or in local time where UTC is wanted.
    #[error("UNTIL is in the wrong kind of time")]
    UntilZone,
    /// Out of bounds.
    #[error(transparent)]
    Bounds(#[from] RecurrenceError),
}

/// The parts of a rule as they stand.
#[derive(Default)]
struct Parts<'a> {
    freq: Option<&'a str>,
    interval: Option<&'a str>,
    count: Option<&'a str>,
    until: Option<&'a str>,
    by_day: Option<&'a str>,
    by_month_day: Option<&'a str>,
    week_start: Option<&'a str>,
}

impl Rule {
    /// Reads the rule of a start that has a zone: `UNTIL` is a date or in UTC.
    pub fn from_ical(text: &str, zone: &Zone) -> Result<Self, RuleError> {
        read(text, Some(zone))
    }

    /// Writes the rule for a start in `zone`, with `UNTIL` in UTC.
    pub fn to_ical(&self, zone: &Zone) -> Result<String, RuleError> {
        let text = Self { bound: Bound::Forever, ..self.clone() }.to_string();
        Ok(match self.bound {
            Bound::Until(at) => {
                let at = zone.instant(at).map_err(|_| RuleError::Value("UNTIL"))?;
                let at = Zone::utc().wall(at).map_err(|_| RuleError::Value("UNTIL"))?;
                format!("{text};UNTIL={}Z", date_time_text(at))
            }
            Bound::Count(count) => format!("{text};COUNT={count}"),
            Bound::Forever => text,
        })
    }
}

impl FromStr for Rule {
    type Err = RuleError;

    /// Reads a rule in local time.
    fn from_str(text: &str) -> Result<Self, RuleError> {
        read(text, None)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let join = |items: &mut dyn Iterator<Item = String>| {
            let mut text = String::new();
            for item in items {
                let comma = if text.is_empty() { "" } else { "," };
                let _ = write!(text, "{comma}{item}");
            }
            text
        };
        f.write_str(match self.pattern {
            Pattern::Daily => "FREQ=DAILY",
            Pattern::Weekly { .. } => "FREQ=WEEKLY",
            _ => "FREQ=MONTHLY",
        })?;
        if self.interval != 1 {
            write!(f, ";INTERVAL={}", self.interval)?;
        }
        match &self.pattern {
            Pattern::Daily => {}
            Pattern::Weekly { weekdays, week_start } => {
                let days = join(&mut weekdays.iter().map(|day| day.code().to_owned()));
                if !days.is_empty() {
                    write!(f, ";BYDAY={days}")?;
                }
                if *week_start != Weekday::Monday {
                    write!(f, ";WKST={}", week_start.code())?;
                }
            }
            Pattern::MonthlyByDay { days } => {
                let days = join(&mut days.iter().map(i8::to_string));
                if !days.is_empty() {
                    write!(f, ";BYMONTHDAY={days}")?;
                }
            }
            Pattern::MonthlyByWeekday { weekdays } => {
                let day = |(nth, day): &(i8, Weekday)| match nth {
                    0 => day.code().to_owned(),
                    _ => format!("{nth}{}", day.code()),
                };
                write!(f, ";BYDAY={}", join(&mut weekdays.iter().map(day)))?;
            }
        }
        match self.bound {
            Bound::Forever => Ok(()),
            Bound::Until(at) => write!(f, ";UNTIL={}", date_time_text(at)),
            Bound::Count(count) => write!(f, ";COUNT={count}"),
        }
    }
}

fn read(text: &str, zone: Option<&Zone>) -> Result<Rule, RuleError> {
    let parts = split(text)?;
    let pattern = match parts.freq.ok_or(RuleError::Once("FREQ"))? {
        "DAILY" => match (parts.by_day, parts.by_month_day) {
            (None, None) => Pattern::Daily,
            _ => return Err(RuleError::Unknown),
        },
        "WEEKLY" => {
            if parts.by_month_day.is_some() {
                return Err(RuleError::Together("FREQ=WEEKLY", "BYMONTHDAY"));
            }
            let named = list(parts.by_day, "BYDAY", Weekday::from_code)?;
            let start = parts
                .week_start
                .map(|code| Weekday::from_code(code).ok_or(RuleError::Value("WKST")));
            let week_start = start.transpose()?.unwrap_or(Weekday::Monday);
            Pattern::Weekly { weekdays: named, week_start }
        }
        "MONTHLY" => match (parts.by_day, parts.by_month_day) {
            // Both together are the days that are both: not kept here.
            (Some(_), Some(_)) => return Err(RuleError::Unknown),
            (Some(_), None) => {
                let weekdays = list(parts.by_day, "BYDAY", nth_weekday)?;
                Pattern::MonthlyByWeekday { weekdays }
            }
            (None, days) => {
                let days = list(days, "BYMONTHDAY", |day| signed(day, 31))?;
                Pattern::MonthlyByDay { days }
            }
        },
        "SECONDLY" | "MINUTELY" | "HOURLY" | "YEARLY" => return Err(RuleError::Unknown),
        _ => return Err(RuleError::Value("FREQ")),
    };
    // Without a week to begin it says nothing; RFC 5545 allows it.
    let known_start = parts.week_start.is_none_or(|code| Weekday::from_code(code).is_some());
    if !known_start {
        return Err(RuleError::Value("WKST"));
    }
    let value = |text: Option<&str>, part| {
        text.map(|text| digits(text).ok_or(RuleError::Value(part))).transpose()
    };
    let interval = value(parts.interval, "INTERVAL")?.unwrap_or(1);
    let interval = u16::try_from(interval).map_err(|_| RuleError::Value("INTERVAL"))?;
    let bound = match (value(parts.count, "COUNT")?, parts.until) {
        (Some(_), Some(_)) => return Err(RuleError::Together("COUNT", "UNTIL")),
        (Some(count), None) => Bound::Count(count),
        (None, Some(until)) => Bound::Until(read_until(until, zone)?),
        (None, None) => Bound::Forever,
    };
    let rule = Rule { pattern, interval, bound };
    rule.check()?;
    Ok(rule)
}

fn split(text: &str) -> Result<Parts<'_>, RuleError> {
    if text.len() > limits::RULE_TEXT_BYTES {
        return Err(RuleError::TooLong);
    }
    let mut parts = Parts::default();
    for part in text.split(';') {
        let (name, value) = part.split_once('=').ok_or(RuleError::Malformed)?;
        let (slot, name) = match name {
            "FREQ" => (&mut parts.freq, "FREQ"),
            "INTERVAL" => (&mut parts.interval, "INTERVAL"),
            "COUNT" => (&mut parts.count, "COUNT"),
            "UNTIL" => (&mut parts.until, "UNTIL"),
            "BYDAY" => (&mut parts.by_day, "BYDAY"),
            "BYMONTHDAY" => (&mut parts.by_month_day, "BYMONTHDAY"),
            "WKST" => (&mut parts.week_start, "WKST"),
            _ => return Err(RuleError::Unknown),
        };
        if slot.replace(value).is_some() {
            return Err(RuleError::Once(name));
        }
    }
    Ok(parts)
}

/// A list of values apart from each other; the empty text is none.
fn list<T: Ord>(
    text: Option<&str>,
    part: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<BTreeSet<T>, RuleError> {
    let mut all = BTreeSet::new();
    for item in text.into_iter().flat_map(|text| text.split(',')) {
        if !all.insert(read(item).ok_or(RuleError::Value(part))?) {
            return Err(RuleError::Value(part));
        }
    }
    Ok(all)
}

/// `2MO`, `-1SU`, `FR`.
fn nth_weekday(text: &str) -> Option<(i8, Weekday)> {
    let (nth, code) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let nth = if nth.is_empty() { 0 } else { signed(nth, 5)? };
    Some((nth, Weekday::from_code(code)?))
}

/// A number other than zero, at most `most` either way; `+` is allowed.
fn signed(text: &str, most: u32) -> Option<i8> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let number = digits(text).filter(|number| (1..=most).contains(number))?;
    let number = i8::try_from(number).ok()?;
    Some(if negative { -number } else { number })
}

/// A number of digits alone.
fn digits(text: &str) -> Option<u32> {
    let only_digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    only_digits.then(|| text.parse().ok()).flatten()
}

fn read_until(text: &str, zone: Option<&Zone>) -> Result<DateTime, RuleError> {
    let wrong = RuleError::Value("UNTIL");
    if let Some(date) = read_date(text) {
        // A date is meant with its whole day.
        return Ok(date.at(23, 59, 59, 0));
    }
    match (text.strip_suffix('Z'), zone) {
        (Some(text), Some(zone)) => {
            let utc = read_date_time(text).ok_or(wrong)?;
            let at = Zone::utc().instant(utc).map_err(|_| wrong)?;
            zone.wall(at).map_err(|_| wrong)
        }
        (None, None) => read_date_time(text).ok_or(wrong),
        _ => Err(RuleError::UntilZone),
    }
}

/// The date that `20270328` stands for.
pub(crate) fn read_date(text: &str) -> Option<Date> {
    if text.len() != 8 {
        return None;
    }
    let number = i32::try_from(digits(text)?).ok()?;
    let part = |n: i32| i8::try_from(n).ok();
    let year = i16::try_from(number / 10_000).ok()?;
    Date::new(year, part(number / 100 % 100)?, part(number % 100)?).ok()
}

/// The wall time that `20270328T023000` stands for.
pub(crate) fn read_date_time(text: &str) -> Option<DateTime> {
    let (date, time) = text.split_once('T')?;
    if time.len() != 6 {
        return None;
    }
    let number = i32::try_from(digits(time)?).ok()?;
    let part = |n: i32| i8::try_from(n).ok();
    let date = read_date(date)?;
    let (hour, minute, second) =
        (part(number / 10_000)?, part(number / 100 % 100)?, part(number % 100)?);
    DateTime::new(date.year(), date.month(), date.day(), hour, minute, second, 0).ok()
}

/// `20270328T023000`.
pub(crate) fn date_time_text(at: DateTime) -> String {
    let (year, month, day) = (at.year(), at.month(), at.day());
    let (hour, minute, second) = (at.hour(), at.minute(), at.second());
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_has_one_text() {
        for text in [
            "FREQ=DAILY",
            "FREQ=DAILY;INTERVAL=3;COUNT=10",
            "FREQ=WEEKLY;BYDAY=MO,WE,SU;UNTIL=20271231T235959",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;WKST=SU",
            "FREQ=MONTHLY",
            "FREQ=MONTHLY;BYMONTHDAY=-1,1,15",
            "FREQ=MONTHLY;BYDAY=-1FR,MO,2TU",
        ] {
            let rule: Rule = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(rule.to_string(), text);
        }
        let other = "COUNT=2;BYDAY=+1SU;FREQ=MONTHLY;INTERVAL=01".parse::<Rule>();
        assert_eq!(other.map(|rule| rule.to_string()), Ok("FREQ=MONTHLY;BYDAY=1SU;COUNT=2".into()));
    }

    #[test]
    fn what_is_not_kept_is_an_error() {
        let long = format!("FREQ=DAILY;COUNT={}", "1".repeat(limits::RULE_TEXT_BYTES));
        for (text, error) in [
            ("", RuleError::Malformed),
            ("FREQ=DAILY;", RuleError::Malformed),
            ("freq=daily", RuleError::Unknown),
            ("FREQ=YEARLY", RuleError::Unknown),
            ("FREQ=OFTEN", RuleError::Value("FREQ")),
            ("INTERVAL=2", RuleError::Once("FREQ")),
            ("FREQ=DAILY;FREQ=DAILY", RuleError::Once("FREQ")),
            ("FREQ=DAILY;BYSETPOS=1", RuleError::Unknown),
            ("FREQ=DAILY;BYDAY=MO", RuleError::Unknown),
            ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", RuleError::Unknown),
            ("FREQ=WEEKLY;BYMONTHDAY=1", RuleError::Together("FREQ=WEEKLY", "BYMONTHDAY")),
            ("FREQ=WEEKLY;BYDAY=1MO", RuleError::Value("BYDAY")),
            ("FREQ=WEEKLY;BYDAY=MO,MO", RuleError::Value("BYDAY")),
            ("FREQ=WEEKLY;BYDAY=", RuleError::Value("BYDAY")),
            ("FREQ=MONTHLY;BYDAY=6MO", RuleError::Value("BYDAY")),
            ("FREQ=MONTHLY;BYDAY=éé", RuleError::Value("BYDAY")),
            ("FREQ=MONTHLY;BYMONTHDAY=0", RuleError::Value("BYMONTHDAY")),
            ("FREQ=MONTHLY;BYMONTHDAY=32", RuleError::Value("BYMONTHDAY")),
            ("FREQ=DAILY;INTERVAL=0", RuleError::Bounds(RecurrenceError("interval"))),
            ("FREQ=DAILY;INTERVAL=70000", RuleError::Value("INTERVAL")),
            ("FREQ=DAILY;COUNT=0", RuleError::Bounds(RecurrenceError("count"))),
            ("FREQ=DAILY;COUNT=10001", RuleError::Bounds(RecurrenceError("count"))),
            ("FREQ=DAILY;COUNT=-1", RuleError::Value("COUNT")),
            ("FREQ=DAILY;COUNT=2;UNTIL=20270101", RuleError::Together("COUNT", "UNTIL")),
            ("FREQ=DAILY;UNTIL=20270230", RuleError::Value("UNTIL")),
            ("FREQ=DAILY;UNTIL=20270101T000000Z", RuleError::UntilZone),
            ("FREQ=DAILY;UNTIL=20270101T240000", RuleError::Value("UNTIL")),
            ("FREQ=WEEKLY;WKST=XX", RuleError::Value("WKST")),
            ("FREQ=DAILY;WKST=XX", RuleError::Value("WKST")),
            (&long, RuleError::TooLong),
        ] {
            assert_eq!(text.parse::<Rule>(), Err(error), "{text:?}");
        }
    }

    #[test]
    fn until_is_utc_where_the_start_has_a_zone() {
        let paris = Zone::named("Europe/Paris").unwrap_or_else(|_| Zone::utc());
        let rule = Rule::from_ical("FREQ=DAILY;UNTIL=20270701T073000Z", &paris);
        let told = Date::constant(2027, 7, 1).at(9, 30, 0, 0);
        assert_eq!(rule.as_ref().map(|rule| rule.bound), Ok(Bound::Until(told)));
        let text = rule.and_then(|rule| rule.to_ical(&paris));
        assert_eq!(text, Ok("FREQ=DAILY;UNTIL=20270701T073000Z".into()));
        let local = Rule::from_ical("FREQ=DAILY;UNTIL=20270701T073000", &paris);
        assert_eq!(local, Err(RuleError::UntilZone));
        let date = Rule::from_ical("FREQ=DAILY;UNTIL=20270701", &paris).map(|rule| rule.bound);
        assert_eq!(date, Ok(Bound::Until(Date::constant(2027, 7, 1).at(23, 59, 59, 0))));
    }
}
