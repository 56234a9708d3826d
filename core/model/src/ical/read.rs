//! Busy times read from a calendar file, for blackouts.
//!
//! Strict: what cannot be read exactly is left out and told, never guessed. Nothing but
//! times is kept: no titles, no names.

use std::collections::{BTreeMap, BTreeSet};

use super::limits;
use super::lines::{Line, unfold};
use crate::time::civil::{Date, DateTime};
use crate::time::{
    Instant, Interval, IntervalSet, Recurrence, Rule, Zone, days_between, plus_days, read_date,
    read_date_time,
};

/// Why no busy times can be read from a file at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// Longer than [`limits::FILE_BYTES`].
    #[error("the file is too long")]
    TooLong,
    /// Not a calendar file.
    #[error("not a calendar file")]
    NotACalendar,
    /// More than [`limits::EVENTS`] events, or than [`limits::OCCURRENCES`] of them.
    #[error("too many events")]
    TooMany,
}

/// An event that is not among the busy times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Which event of the file, from 1.
    pub event: usize,
    /// What about it is not read: `RRULE`, `TZID`, …
    pub why: &'static str,
}

/// What a file says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BusyTimes {
    /// When somebody is busy, within the range.
    pub busy: IntervalSet,
    /// How many events were read.
    pub events: usize,
    /// Those that were not.
    pub left_out: Vec<LeftOut>,
}

/// A time as a file says it.
#[derive(Debug, Clone)]
enum Stamp {
    Day(Date),
    At(Zone, DateTime),
}

/// How long an event is.
#[derive(Debug, Clone, Copy)]
enum Length {
    Days(i64),
    Ms(i64),
}

/// What is read of one event.
struct Event {
    uid: String,
    start: Stamp,
    length: Length,
    rule: Option<Rule>,
    exceptions: BTreeSet<DateTime>,
    replaces: Option<Stamp>,
    is_busy: bool,
}

/// Reads when somebody is busy within `range`, which must have an end. Times without a zone
/// are those of `zone`.
pub fn busy_times(text: &str, zone: &Zone, range: &Interval) -> Result<BusyTimes, ImportError> {
    if text.len() > limits::FILE_BYTES {
        return Err(ImportError::TooLong);
    }
    let lines = unfold(text.strip_prefix('\u{feff}').unwrap_or(text));
    let is_calendar =
        lines.first().is_some_and(|line| line.eq_ignore_ascii_case("BEGIN:VCALENDAR"));
    if !is_calendar || range.end.is_none() {
        return Err(ImportError::NotACalendar);
    }
    let mut told = BusyTimes::default();
    let mut events = Vec::new();
    for (index, lines) in blocks(&lines)?.into_iter().enumerate() {
        match event(&lines, zone) {
            Ok(event) => events.push((index + 1, event)),
            Err(why) => told.left_out.push(LeftOut { event: index + 1, why }),
        }
    }
    // An event that replaces an occurrence of a series takes it out there.
    let mut replaced: BTreeMap<&str, BTreeSet<Instant>> = BTreeMap::new();
    for (_, event) in &events {
        if let Some(at) = event.replaces.as_ref().and_then(|stamp| stamp.instant(zone)) {
            replaced.entry(&event.uid).or_default().insert(at);
        }
    }
    let mut busy = Vec::new();
    for (index, event) in &events {
        let without = replaced.get(event.uid.as_str()).filter(|_| event.replaces.is_none());
        match event.intervals(zone, range, without) {
            _ if !event.is_busy => told.events += 1,
            Some(found) => {
                told.events += 1;
                busy.extend(found);
            }
            None => told.left_out.push(LeftOut { event: *index, why: "DTSTART" }),
        }
        if busy.len() > limits::OCCURRENCES {
            return Err(ImportError::TooMany);
        }
    }
    told.left_out.sort_unstable_by_key(|left| left.event);
    let all: IntervalSet = busy.into_iter().collect();
    told.busy = all.intersection(&IntervalSet::of(*range));
    Ok(told)
}

/// The lines of each event, without those of alarms and the like within it.
fn blocks(lines: &[String]) -> Result<Vec<Vec<&str>>, ImportError> {
    let (mut events, mut inside): (Vec<Vec<&str>>, Vec<&str>) = (Vec::new(), Vec::new());
    for line in lines {
        let is = |head: &str| {
            line.get(..head.len()).is_some_and(|start| start.eq_ignore_ascii_case(head))
        };
        if is("BEGIN:") {
            inside.push(&line["BEGIN:".len()..]);
            let depth = inside.len();
            if depth > 8 {
                return Err(ImportError::NotACalendar);
            }
            if depth == 2 && inside[1].eq_ignore_ascii_case("VEVENT") {
                if events.len() >= limits::EVENTS {
                    return Err(ImportError::TooMany);
                }
                events.push(Vec::new());
            }
        } else if is("END:") {
            let began = inside.pop().ok_or(ImportError::NotACalendar)?;
            if !began.eq_ignore_ascii_case(&line["END:".len()..]) {
                return Err(ImportError::NotACalendar);
            }
        } else if let [_, block] = inside.as_slice()
            && block.eq_ignore_ascii_case("VEVENT")
            && let Some(event) = events.last_mut()
        {
            event.push(line);
        }
    }
    if inside.is_empty() { Ok(events) } else { Err(ImportError::NotACalendar) }
}

fn event(lines: &[&str], zone: &Zone) -> Result<Event, &'static str> {
    let (mut uid, mut start, mut end, mut duration) = (String::new(), None, None, None);
    let (mut rule, mut replaces, mut is_busy) = (None, None, true);
    let mut without: Vec<Line<'_>> = Vec::new();
    for line in lines {
        if line.len() > limits::LINE_BYTES {
            return Err("a line that is too long");
        }
        let line = Line::parse(line).ok_or("a line that is none")?;
        let once = |is_new: bool, what| if is_new { Ok(()) } else { Err(what) };
        match line.name.to_ascii_uppercase().as_str() {
            "UID" => uid = line.value.to_owned(),
            "DTSTART" => once(start.replace(stamp(&line, line.value, zone)?).is_none(), "DTSTART")?,
            "DTEND" => once(end.replace(stamp(&line, line.value, zone)?).is_none(), "DTEND")?,
            "DURATION" => duration = Some(length(line.value).ok_or("DURATION")?),
            "RRULE" => once(rule.replace(line.value).is_none(), "RRULE")?,
            "EXDATE" => without.push(line),
            "RECURRENCE-ID" if line.param("RANGE").is_some() => return Err("RANGE"),
            "RECURRENCE-ID" => replaces = Some(stamp(&line, line.value, zone)?),
            "RDATE" | "EXRULE" => return Err("RDATE"),
            "STATUS" if line.value.eq_ignore_ascii_case("CANCELLED") => is_busy = false,
            "TRANSP" if line.value.eq_ignore_ascii_case("TRANSPARENT") => is_busy = false,
            _ => {}
        }
    }
    let start = start.ok_or("DTSTART")?;
    let length = match (&start, end, duration) {
        (_, Some(_), Some(_)) => return Err("DURATION"),
        (Stamp::Day(first), Some(Stamp::Day(end)), None) => Length::Days(days_between(*first, end)),
        (Stamp::Day(_), None, None) => Length::Days(1),
        (Stamp::At(..), Some(end @ Stamp::At(..)), None) => {
            let (from, to) =
                (start.instant(zone).ok_or("DTSTART")?, end.instant(zone).ok_or("DTEND")?);
            Length::Ms(to.0 - from.0)
        }
        (Stamp::Day(_), None, Some(length @ Length::Days(_))) => length,
        (Stamp::At(..), None, Some(Length::Ms(ms))) => Length::Ms(ms),
        // A day of a duration is a day on the wall clock: as good as its hours here.
        (Stamp::At(..), None, Some(Length::Days(days))) => Length::Ms(days * Instant::DAY_MS),
        // It ends when it starts: nobody is busy.
        (Stamp::At(..), None, None) => Length::Ms(0),
        _ => return Err("DTEND"),
    };
    let is_backwards = matches!(length, Length::Days(n) | Length::Ms(n) if n < 0);
    if is_backwards {
        return Err("DTEND");
    }
    let of_zone = start.zone(zone);
    let rule = rule.map(|rule| Rule::from_ical(rule, of_zone)).transpose();
    let rule = rule.map_err(|_| "RRULE")?;
    let mut exceptions = BTreeSet::new();
    for line in &without {
        for value in line.value.split(',') {
            let at = stamp(line, value, zone)?.instant(zone).ok_or("EXDATE")?;
            exceptions.insert(of_zone.wall(at).map_err(|_| "EXDATE")?);
        }
    }
    Ok(Event { uid, start, length, rule, exceptions, replaces, is_busy })
}

impl Stamp {
    fn instant(&self, zone: &Zone) -> Option<Instant> {
        match self {
            Self::Day(date) => zone.day_start(*date).ok(),
            Self::At(of, wall) => of.instant(*wall).ok(),
        }
    }

    fn zone<'a>(&'a self, zone: &'a Zone) -> &'a Zone {
        match self {
            Self::Day(_) => zone,
            Self::At(of, _) => of,
        }
    }
}

impl Event {
    /// When it is, near the range; `None`: out of the range of calendars.
    fn intervals(
        &self,
        zone: &Zone,
        range: &Interval,
        without: Option<&BTreeSet<Instant>>,
    ) -> Option<Vec<Interval>> {
        let of = self.start.zone(zone);
        let first = match &self.start {
            Stamp::Day(date) => date.at(0, 0, 0, 0),
            Stamp::At(_, wall) => *wall,
        };
        let mut starts = vec![first];
        if let Some(rule) = &self.rule {
            let mut recurrence = Recurrence::new(first, rule.clone()).ok()?;
            recurrence.exceptions = self.exceptions.clone();
            recurrence.check().ok()?;
            let slack = match self.length {
                Length::Days(days) => days.checked_add(2)?.checked_mul(Instant::DAY_MS)?,
                Length::Ms(ms) => ms.checked_add(2 * Instant::DAY_MS)?,
            };
            let from = of.wall(range.start.plus_ms(-slack)).ok()?;
            let to = of.wall(range.end_or_max().plus_ms(slack)).ok()?;
            let near = recurrence.starts_from(from).take_while(|at| *at <= to);
            starts.extend(near.take(limits::OCCURRENCES + 1));
        }
        starts.dedup();
        let mut found = Vec::new();
        for wall in starts.into_iter().filter(|wall| !self.exceptions.contains(wall)) {
            let start = of.instant(wall).ok()?;
            if without.is_some_and(|without| without.contains(&start)) {
                continue;
            }
            let end = match self.length {
                Length::Days(days) => of.day_start(plus_days(wall.date(), days).ok()?).ok()?,
                Length::Ms(ms) => start.plus_ms(ms),
            };
            let interval = Interval { start, end: Some(end) };
            if interval.is_valid() && interval.overlaps(range) {
                found.push(interval);
            }
        }
        Some(found)
    }
}

/// A date, a time in UTC, of a named zone, or of the place.
fn stamp(line: &Line<'_>, value: &str, zone: &Zone) -> Result<Stamp, &'static str> {
    let is_date = line.param("VALUE").is_some_and(|kind| kind.eq_ignore_ascii_case("DATE"));
    if is_date {
        return read_date(value).map(Stamp::Day).ok_or("VALUE=DATE");
    }
    let (wall, of) = match (value.strip_suffix('Z'), line.param("TZID")) {
        (Some(utc), _) => (utc, Zone::utc()),
        (None, Some(name)) => (value, Zone::named(name).map_err(|_| "TZID")?),
        (None, None) => (value, zone.clone()),
    };
    let wall = read_date_time(wall).ok_or("a date and time")?;
    Ok(Stamp::At(of, wall))
}

/// `P2W`, `P1D`, `PT1H30M`: a length that is not negative.
fn length(text: &str) -> Option<Length> {
    let text = text.strip_prefix('+').unwrap_or(text).strip_prefix('P')?;
    let (days, time) = text.split_once('T').unwrap_or((text, ""));
    let parts = |text: &str, units: &[(char, i64)]| -> Option<i64> {
        let (mut sum, mut digits, mut units) = (0_i64, String::new(), units.iter());
        for c in text.chars() {
            if c.is_ascii_digit() && digits.len() < 9 {
                digits.push(c);
            } else {
                let (_, each) = units.find(|(unit, _)| *unit == c)?;
                sum = sum.checked_add(digits.parse::<i64>().ok()?.checked_mul(*each)?)?;
                digits.clear();
            }
        }
        digits.is_empty().then_some(sum)
    };
    let whole = parts(days, &[('W', 7), ('D', 1)])?;
    let rest = parts(time, &[('H', 3_600_000), ('M', 60_000), ('S', 1_000)])?;
    if text.is_empty() {
        None
    } else if rest == 0 {
        Some(Length::Days(whole))
    } else {
        Some(Length::Ms(whole.checked_mul(Instant::DAY_MS)?.checked_add(rest)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paris() -> Zone {
        Zone::named("Europe/Paris").unwrap_or_else(|error| panic!("{error}"))
    }

    fn range() -> Interval {
        let at = |date: Date| paris().day_start(date).unwrap_or_default();
        let (start, end) = (at(Date::constant(2027, 1, 1)), at(Date::constant(2028, 1, 1)));
        Interval { start, end: Some(end) }
    }

    fn read(events: &str) -> Result<BusyTimes, ImportError> {
        let text = format!("BEGIN:VCALENDAR\r\n{events}END:VCALENDAR\r\n");
        busy_times(&text, &paris(), &range())
    }

    fn hours(events: &str) -> Vec<i64> {
        let told = read(events).unwrap_or_default();
        assert_eq!(told.left_out, []);
        told.busy.intervals().iter().map(|it| it.length_ms().unwrap_or(0) / 3_600_000).collect()
    }

    #[test]
    fn busy_is_what_takes_place_and_takes_time() {
        let event = |lines: &str| format!("BEGIN:VEVENT\r\nUID:1\r\n{lines}END:VEVENT\r\n");
        let day = "DTSTART;VALUE=DATE:20270328\r\n";
        assert_eq!(hours(&event(day)), [23]);
        assert_eq!(hours(&event(&format!("{day}TRANSP:TRANSPARENT\r\n"))), []);
        assert_eq!(hours(&event(&format!("{day}STATUS:CANCELLED\r\n"))), []);
        assert_eq!(hours(&event(&format!("{day}DURATION:P1W\r\n"))), [7 * 24 - 1]);
        let alarm = "BEGIN:VALARM\r\nTRIGGER:-PT15M\r\nDURATION:PT9H\r\nEND:VALARM\r\n";
        let at = "DTSTART;TZID=Europe/Paris:20270601T090000\r\nDURATION:PT2H\r\n";
        assert_eq!(hours(&event(&format!("{at}{alarm}"))), [2]);
        assert_eq!(hours(&event("DTSTART:20270601T090000Z\r\n")), []);
    }

    #[test]
    fn a_series_is_without_what_was_taken_out_or_moved() {
        let series = "BEGIN:VEVENT\r\nUID:1\r\nDTSTART:20270601T090000Z\r\nDURATION:PT1H\r\n\
            RRULE:FREQ=DAILY;COUNT=4\r\nEXDATE:20270602T090000Z\r\nEND:VEVENT\r\n";
        assert_eq!(hours(series), [1, 1, 1]);
        let moved = "BEGIN:VEVENT\r\nUID:1\r\nRECURRENCE-ID:20270603T090000Z\r\n\
            DTSTART:20270603T100000Z\r\nDURATION:PT3H\r\nEND:VEVENT\r\n";
        assert_eq!(hours(&format!("{series}{moved}")), [1, 3, 1]);
    }

    #[test]
    fn what_is_not_read_is_told_and_the_rest_is_kept() {
        let event = |lines: &str| format!("BEGIN:VEVENT\r\nUID:1\r\n{lines}END:VEVENT\r\n");
        let good = event("DTSTART;VALUE=DATE:20270601\r\n");
        for (lines, why) in [
            ("", "DTSTART"),
            ("DTSTART:20270230T000000Z\r\n", "a date and time"),
            ("DTSTART;TZID=Somewhere:20270601T090000\r\n", "TZID"),
            ("DTSTART;VALUE=DATE:20270601\r\nRRULE:FREQ=YEARLY\r\n", "RRULE"),
            ("DTSTART;VALUE=DATE:20270601\r\nRDATE;VALUE=DATE:20270701\r\n", "RDATE"),
            ("DTSTART;VALUE=DATE:20270601\r\nDTEND;VALUE=DATE:20270501\r\n", "DTEND"),
            ("DTSTART;VALUE=DATE:20270601\r\nDURATION:P99999999999D\r\n", "DURATION"),
        ] {
            let told = read(&format!("{}{good}", event(lines))).unwrap_or_default();
            assert_eq!(told.left_out, [LeftOut { event: 1, why }], "{lines:?}");
            assert_eq!((told.events, told.busy.intervals().len()), (1, 1));
        }
    }

    #[test]
    fn bombs_and_noise_are_refused() {
        assert_eq!(busy_times("", &paris(), &range()), Err(ImportError::NotACalendar));
        assert_eq!(read("BEGIN:VEVENT\r\n"), Err(ImportError::NotACalendar));
        assert_eq!(read("END:VEVENT\r\n"), Err(ImportError::NotACalendar));
        let deep = "BEGIN:X\r\n".repeat(1_000);
        assert_eq!(read(&deep), Err(ImportError::NotACalendar));
        let many = "BEGIN:VEVENT\r\nEND:VEVENT\r\n".repeat(limits::EVENTS + 1);
        assert_eq!(read(&many), Err(ImportError::TooMany));
        let long = "x".repeat(limits::FILE_BYTES);
        assert_eq!(read(&long), Err(ImportError::TooLong));
        let daily = "BEGIN:VEVENT\r\nDTSTART:20270101T000000Z\r\nDURATION:P1D\r\n\
            RRULE:FREQ=DAILY\r\nEND:VEVENT\r\n";
        assert_eq!(read(&daily.repeat(100)), Err(ImportError::TooMany));
    }
}
