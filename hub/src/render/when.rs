//! Dates and times as people write them.

use jiff::civil::{Date, DateTime, Weekday};

use super::View;
use crate::answer::{Span, When};

/// `mardi 1 décembre 2026, 14:00` / `Tuesday 1 December 2026, 14:00`
pub(super) fn moment(when: &When, view: &View<'_>) -> String {
    let wall = when.wall();
    format!("{}, {}", date(wall.date(), view), time(wall))
}

/// From one to the other; the second date only where it differs.
pub(super) fn span(start: &When, end: Option<&When>, view: &View<'_>) -> String {
    let from = moment(start, view);
    let Some(end) = end else { return view.with("until-notice", [("from", from.into())]) };
    let to =
        if end.wall().date() == start.wall().date() { time(end.wall()) } else { moment(end, view) };
    format!("{from} – {to}")
}

/// What could be had instead of what was refused, one a line; empty where nothing is.
pub fn alternatives(spans: &[Span], view: &View<'_>) -> String {
    if spans.is_empty() {
        return String::new();
    }
    let line = |it: &Span| format!("  {}", span(&it.start, it.end.as_ref(), view));
    let lines: Vec<String> = spans.iter().map(line).collect();
    format!("{}\n{}", view.get("booking-alternatives"), lines.join("\n"))
}

fn time(wall: DateTime) -> String {
    format!("{:02}:{:02}", wall.hour(), wall.minute())
}

pub(super) fn date(date: Date, view: &View<'_>) -> String {
    let weekday = match date.weekday() {
        Weekday::Monday => "monday",
        Weekday::Tuesday => "tuesday",
        Weekday::Wednesday => "wednesday",
        Weekday::Thursday => "thursday",
        Weekday::Friday => "friday",
        Weekday::Saturday => "saturday",
        Weekday::Sunday => "sunday",
    };
    let params = [
        ("weekday", view.get(weekday).into()),
        ("day", i64::from(date.day()).into()),
        ("month", view.get(&format!("month-{}", date.month())).into()),
        // As a text: a year is no quantity.
        ("year", date.year().to_string().into()),
    ];
    view.with("date", params)
}
