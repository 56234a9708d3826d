//! Writes a calendar file, or reads the busy times of one.
//!
//! `calendar_file write ZONE < EVENTS` reads lines of `UID SEQUENCE STATUS START END`, in
//! seconds since 1970, status being `confirmed`, `tentative` or `cancelled`, and writes the
//! file. `calendar_file busy ZONE START END < FILE` answers
//! `{"busy": [[START, END], …], "left_out": [[EVENT, "why"], …]}`.

#![allow(clippy::print_stdout)]

use std::io::Read;

use palier_model::ical::{CalendarFile, Event, EventStatus, When, busy_times};
use palier_model::time::{Instant, Interval, Zone};

fn main() -> Result<(), String> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input).map_err(|error| error.to_string())?;
    let zone = |name: &str| Zone::named(name).map_err(|error| error.to_string());
    let answer = match words.as_slice() {
        ["write", name] => write(&zone(name)?, &input)?,
        ["busy", name, start, end] => busy(&zone(name)?, interval(start, end)?, &input)?,
        _ => return Err("write ZONE | busy ZONE START END".into()),
    };
    print!("{answer}");
    Ok(())
}

fn interval(start: &str, end: &str) -> Result<Interval, String> {
    let at = |text: &str| text.parse().map(|seconds: i64| Instant(seconds * 1_000));
    let (start, end) = (at(start).map_err(|_| "not a time")?, at(end).map_err(|_| "not a time")?);
    Interval::new(start, Some(end)).map_err(|error| error.to_string())
}

fn write(zone: &Zone, input: &str) -> Result<String, String> {
    let mut events = Vec::new();
    for line in input.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let [uid, sequence, status, start, end] = words.as_slice() else {
            return Err("UID SEQUENCE STATUS START END".into());
        };
        events.push(Event {
            uid: (*uid).to_owned(),
            sequence: sequence.parse().map_err(|_| "not a number")?,
            changed_at: Instant(1_800_000_000_000),
            status: match *status {
                "confirmed" => EventStatus::Confirmed,
                "tentative" => EventStatus::Tentative,
                "cancelled" => EventStatus::Cancelled,
                _ => return Err("no such status".into()),
            },
            when: When::At(interval(start, end)?),
            summary: format!("Salle commune ; é, \\ {uid} {}", "ç".repeat(60)),
            description: "Apporter :\n- une clé".to_owned(),
            location: String::new(),
        });
    }
    let last = Instant(2_000_000_000_000);
    let file = CalendarFile { name: "Palier", zone, last, events: &events };
    file.to_text().map_err(|error| error.to_string())
}

fn busy(zone: &Zone, range: Interval, input: &str) -> Result<String, String> {
    let told = busy_times(input, zone, &range).map_err(|error| error.to_string())?;
    let seconds = |at: Instant| at.0 / 1_000;
    let end = |it: &Interval| it.end.map_or(0, seconds);
    let busy = told.busy.intervals().iter();
    let busy: Vec<_> = busy.map(|it| format!("[{}, {}]", seconds(it.start), end(it))).collect();
    let left = told.left_out.iter().map(|left| format!("[{}, \"{}\"]", left.event, left.why));
    let left: Vec<_> = left.collect();
    Ok(format!("{{\"busy\": [{}], \"left_out\": [{}]}}\n", busy.join(", "), left.join(", ")))
}
