//! Events written for other calendars.

use super::limits;
use super::lines::{escape, push};
use crate::time::civil::Date;
use crate::time::{ClockChange, Instant, Interval, Zone, ZoneError, date_time_text};

/// Whether an event takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventStatus {
    /// It is agreed.
    Confirmed,
    /// Not yet.
    Tentative,
    /// It does not: other calendars take it out.
    Cancelled,
}

/// When an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// At a time of the file's zone. Without an end it is told up to the file's last day.
    At(Interval),
    /// Whole days of the file's zone.
    Days {
        /// The first.
        first: Date,
        /// The one after the last.
        end: Date,
    },
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Stays the same as long as it is the same booking: its id, then `@palier`.
    pub uid: String,
    /// Rises with each change, and with the cancellation.
    pub sequence: u32,
    /// When it was last changed.
    pub changed_at: Instant,
    /// Whether it takes place.
    pub status: EventStatus,
    /// When.
    pub when: When,
    /// One line.
    pub summary: String,
    /// More words; may be empty.
    pub description: String,
    /// Where; may be empty.
    pub location: String,
}

/// A file of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarFile<'a> {
    /// Its name, as calendars show it.
    pub name: &'a str,
    /// The zone of the place.
    pub zone: &'a Zone,
    /// Up to when what has no end is told.
    pub last: Instant,
    /// The events.
    pub events: &'a [Event],
}

/// Why no file can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// More than [`limits::EVENTS`].
    #[error("too many events for one file")]
    TooMany,
    /// An event without time.
    #[error("an event must end after it starts")]
    Empty,
    /// No such time in this zone.
    #[error(transparent)]
    Zone(#[from] ZoneError),
}

impl CalendarFile<'_> {
    /// The text of the file.
    pub fn to_text(&self) -> Result<String, WriteError> {
        if self.events.len() > limits::EVENTS {
            return Err(WriteError::TooMany);
        }
        let mut text = String::new();
        let name = escape(self.name);
        for line in ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Palier//Palier//FR"] {
            push(&mut text, line);
        }
        push(&mut text, "CALSCALE:GREGORIAN");
        push(&mut text, &format!("NAME:{name}"));
        push(&mut text, &format!("X-WR-CALNAME:{name}"));
        self.time_zone(&mut text)?;
        for event in self.events {
            self.event(&mut text, event)?;
        }
        push(&mut text, "END:VCALENDAR");
        Ok(text)
    }

    fn event(&self, text: &mut String, event: &Event) -> Result<(), WriteError> {
        push(text, "BEGIN:VEVENT");
        push(text, &format!("UID:{}", escape(&event.uid)));
        push(text, &format!("SEQUENCE:{}", event.sequence));
        let changed = utc_text(event.changed_at)?;
        push(text, &format!("DTSTAMP:{changed}"));
        push(text, &format!("LAST-MODIFIED:{changed}"));
        let (start, end) = match event.when {
            When::At(interval) => {
                let end = interval.end.unwrap_or(self.last.max(interval.start.plus_ms(60_000)));
                if end <= interval.start {
                    return Err(WriteError::Empty);
                }
                (self.at(interval.start)?, self.at(end)?)
            }
            When::Days { first, end } if first < end => {
                let day = |date: Date| format!(";VALUE=DATE:{}", date.strftime("%Y%m%d"));
                (day(first), day(end))
            }
            When::Days { .. } => return Err(WriteError::Empty),
        };
        push(text, &format!("DTSTART{start}"));
        push(text, &format!("DTEND{end}"));
        push(text, &format!("SUMMARY:{}", escape(&event.summary)));
        for (name, value) in [("DESCRIPTION", &event.description), ("LOCATION", &event.location)] {
            if !value.is_empty() {
                push(text, &format!("{name}:{}", escape(value)));
            }
        }
        let (status, transparency) = match event.status {
            EventStatus::Confirmed => ("CONFIRMED", "OPAQUE"),
            EventStatus::Tentative => ("TENTATIVE", "OPAQUE"),
            EventStatus::Cancelled => ("CANCELLED", "TRANSPARENT"),
        };
        push(text, &format!("STATUS:{status}"));
        push(text, &format!("TRANSP:{transparency}"));
        push(text, "END:VEVENT");
        Ok(())
    }

    /// An instant as local time with its zone; the second of two alike in UTC, because
    /// local time means the first.
    fn at(&self, at: Instant) -> Result<String, WriteError> {
        let wall = self.zone.wall(at)?;
        let whole = at.0.rem_euclid(1_000) == 0;
        if self.zone.name() == "UTC" || whole && self.zone.instant(wall)? != at {
            return Ok(format!(":{}", utc_text(at)?));
        }
        Ok(format!(";TZID={}:{}", self.zone.name(), date_time_text(wall)))
    }

    /// The zone with each change of its clocks from a year before the first event on.
    fn time_zone(&self, text: &mut String) -> Result<(), WriteError> {
        let timed = self.events.iter().filter_map(|event| match event.when {
            When::At(interval) => Some(interval),
            When::Days { .. } => None,
        });
        let bounds = |range: Option<(Instant, Instant)>, it: Interval| {
            let end = it.end.unwrap_or(self.last).max(it.start);
            let (from, to) = range.unwrap_or((it.start, end));
            Some((from.min(it.start), to.max(end)))
        };
        let Some((from, to)) = timed.fold(None, bounds) else { return Ok(()) };
        if self.zone.name() == "UTC" {
            return Ok(());
        }
        let (before, to) = (from.plus_ms(-366 * Instant::DAY_MS), to.plus_ms(Instant::DAY_MS));
        push(text, "BEGIN:VTIMEZONE");
        push(text, &format!("TZID:{}", self.zone.name()));
        let changes = self.zone.changes(before, to, limits::CHANGES)?;
        // Where no change says what holds at the first event, something else must.
        let first = self.zone.offset_seconds(before)?;
        if self.zone.changes(before, from, 1)?.is_empty() {
            observance(text, false, first, first, &["19700101T000000".to_owned()], "");
        }
        let mut left: Vec<&ClockChange> = changes.iter().collect();
        while let Some(kind) = left.first().copied() {
            let alike = |it: &&ClockChange| it.kind() == kind.kind();
            let onset = |it: &&ClockChange| date_time_text(it.wall_before);
            let onsets: Vec<_> = left.iter().filter(|it| alike(it)).map(onset).collect();
            observance(text, kind.is_summer, kind.before, kind.after, &onsets, &kind.name);
            left.retain(|it| !alike(it));
        }
        push(text, "END:VTIMEZONE");
        Ok(())
    }
}

fn observance(text: &mut String, summer: bool, from: i32, to: i32, at: &[String], name: &str) {
    let kind = if summer { "DAYLIGHT" } else { "STANDARD" };
    push(text, &format!("BEGIN:{kind}"));
    for (index, onset) in at.iter().enumerate() {
        push(text, &format!("{}:{onset}", if index == 0 { "DTSTART" } else { "RDATE" }));
    }
    push(text, &format!("TZOFFSETFROM:{}", offset_text(from)));
    push(text, &format!("TZOFFSETTO:{}", offset_text(to)));
    if !name.is_empty() {
        push(text, &format!("TZNAME:{}", escape(name)));
    }
    push(text, &format!("END:{kind}"));
}

fn offset_text(seconds: i32) -> String {
    let (sign, all) = (if seconds < 0 { '-' } else { '+' }, seconds.unsigned_abs());
    let (hours, minutes, rest) = (all / 3_600, all / 60 % 60, all % 60);
    if rest == 0 {
        format!("{sign}{hours:02}{minutes:02}")
    } else {
        format!("{sign}{hours:02}{minutes:02}{rest:02}")
    }
}

fn utc_text(at: Instant) -> Result<String, ZoneError> {
    Ok(format!("{}Z", date_time_text(Zone::utc().wall(at)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paris() -> Zone {
        Zone::named("Europe/Paris").unwrap_or_else(|error| panic!("{error}"))
    }

    fn event(when: When, status: EventStatus) -> Event {
        Event {
            uid: "bkg_1@palier".into(),
            sequence: 2,
            changed_at: Instant(1_800_000_000_000),
            status,
            when,
            summary: "Perceuse, \"la grande\"; étage 3".into(),
            description: String::new(),
            location: String::new(),
        }
    }

    fn file(event: Event) -> Result<String, WriteError> {
        let (zone, last) = (paris(), Instant(1_900_000_000_000));
        CalendarFile { name: "Palier", zone: &zone, last, events: &[event] }.to_text()
    }

    #[test]
    fn a_whole_day_is_a_date_and_a_time_has_its_zone() {
        let first = Date::constant(2027, 3, 28);
        let days = When::Days { first, end: Date::constant(2027, 3, 29) };
        let text = file(event(days, EventStatus::Confirmed)).unwrap_or_default();
        assert!(text.contains("DTSTART;VALUE=DATE:20270328\r\nDTEND;VALUE=DATE:20270329\r\n"));
        assert!(text.contains("SUMMARY:Perceuse\\, \"la grande\"\\; étage 3\r\n"));
        let start = paris().instant(first.at(9, 30, 0, 0)).unwrap_or_default();
        let at = When::At(Interval { start, end: Some(start.plus_ms(3_600_000)) });
        let text = file(event(at, EventStatus::Cancelled)).unwrap_or_default();
        assert!(text.contains("DTSTART;TZID=Europe/Paris:20270328T093000\r\n"));
        assert!(text.contains("TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nTZNAME:CEST\r\n"));
        assert!(text.contains("STATUS:CANCELLED\r\n") && text.contains("SEQUENCE:2\r\n"));
    }

    #[test]
    fn the_second_of_two_hours_alike_is_told_in_utc() {
        let start = Instant(1_824_946_200_000); // 2027-10-31T01:30Z, 02:30 for the second time
        let at = When::At(Interval { start, end: Some(start.plus_ms(3_600_000)) });
        let text = file(event(at, EventStatus::Confirmed)).unwrap_or_default();
        assert!(text.contains("DTSTART:20271031T013000Z\r\n"), "{text}");
    }

    #[test]
    fn an_event_without_time_is_no_event() {
        let date = Date::constant(2027, 1, 1);
        let none = event(When::Days { first: date, end: date }, EventStatus::Confirmed);
        assert_eq!(file(none), Err(WriteError::Empty));
    }
}
