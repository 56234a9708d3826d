//! Prose about time: a month as a grid, what is free, a quote line by line, terms.

use jiff::civil::{Date, Weekday};
use unicode_width::UnicodeWidthStr as _;

use super::request::open_to;
use super::sharing::{money, price};
use super::style::{View, plain, short};
use super::table::table;
use super::when::{alternatives, date, moment, span};
use super::words::length;
use crate::answer::{
    BookingRequested, Calendar, CalendarDay, CalendarExported, CalendarImported, DayState,
    FreeResource, FreeSlot, Hours, QuotaTerms, Quote, Terms, TermsSaved, Why, WouldNotFit,
};
use crate::errors::{CliError, Kind};

/// Width of a day of the grid, in cells.
const CELL: usize = 11;
/// Names of weekdays, as texts are called.
const WEEKDAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// A rule that is broken, in words.
pub(super) fn why(it: &Why, view: &View<'_>) -> String {
    let mut error = CliError::of_kind(&it.code, Kind::Conflict);
    error.params.clone_from(&it.params);
    plain(&error.message(view.texts))
}

pub(super) fn whys(all: &[Why], view: &View<'_>) -> String {
    all.iter().map(|it| why(it, view)).collect::<Vec<_>>().join(" ")
}

/// How a day stands: a sign that is told without colour too.
fn sign(day: &CalendarDay, view: &View<'_>) -> (String, String) {
    let hours = |minutes: u64| match minutes {
        0..60 => view.with("length-minutes", [("n", minutes.into())]),
        _ => view.with("length-hours", [("n", (minutes / 60).into())]),
    };
    match day.state {
        DayState::Free => ("○".into(), String::new()),
        DayState::Partly => ("◐".into(), hours(day.free_minutes)),
        DayState::Full => ("●".into(), String::new()),
        DayState::Closed => ("–".into(), String::new()),
    }
}

/// The days of a range, week by week, with what is booked below.
pub(super) fn month(it: &Calendar, view: &View<'_>) -> String {
    let mut out =
        format!("{} {}\n", view.strong(&plain(&it.title)), view.faint(&short(&it.listing)));
    let who = open_to(&it.open_to, view);
    if !who.is_empty() {
        let mine = if it.open_to_me { String::new() } else { view.get("footing-not-me") };
        out.push_str(&view.field("field-open-to", format!("{who} {mine}").trim_end()));
    }
    let mut shown: Option<(i16, i8)> = None;
    let mut row = String::new();
    let flush = |row: &mut String, out: &mut String| {
        if !row.trim().is_empty() {
            out.push_str(&format!("  {}\n", row.trim_end()));
        }
        row.clear();
    };
    for day in &it.days {
        let Ok(of) = day.date.parse::<Date>() else { continue };
        let column = usize::try_from(of.weekday().to_monday_zero_offset()).unwrap_or(0);
        if shown != Some((of.year(), of.month())) {
            flush(&mut row, &mut out);
            let name = view.get(&format!("month-{}", of.month()));
            out.push_str(&format!("\n  {name} {}\n", of.year()));
            let head = |name: &str| pad(&view.get(name).chars().take(3).collect::<String>());
            let head: String = WEEKDAYS.iter().map(|name| head(name)).collect();
            out.push_str(&format!("  {}\n", view.faint(head.trim_end())));
            row = " ".repeat(column * CELL);
            shown = Some((of.year(), of.month()));
        } else if of.weekday() == Weekday::Monday {
            flush(&mut row, &mut out);
        }
        let (mark, left) = sign(day, view);
        let holiday = if day.holiday.is_some() { "*" } else { "" };
        row.push_str(&pad(&format!("{:>2}{holiday} {mark} {left}", of.day())));
    }
    flush(&mut row, &mut out);
    out.push_str(&format!("\n  {}\n", view.faint(&view.get("calendar-signs"))));
    for day in it.days.iter().filter(|day| day.holiday.is_some()) {
        let code = day.holiday.as_deref().unwrap_or_default();
        let name = view.get(&format!("holiday-{}", code.replace('_', "-")));
        out.push_str(&view.faint(&format!("  * {} {name}\n", day.date)));
    }
    if !it.busy.is_empty() {
        out.push_str(&format!("\n  {}\n", view.get("calendar-booked")));
        for busy in &it.busy {
            let when = span(&busy.start, busy.end.as_ref(), view);
            let many =
                if it.capacity > 1 { format!("{} × ", busy.quantity) } else { String::new() };
            let mine = if busy.mine { view.get("calendar-mine") } else { String::new() };
            let firm = if busy.firm { String::new() } else { view.get("calendar-not-firm") };
            let notes: Vec<String> =
                [mine, firm].into_iter().filter(|note| !note.is_empty()).collect();
            let notes =
                if notes.is_empty() { String::new() } else { format!(" ({})", notes.join(", ")) };
            out.push_str(&format!("    {many}{when}{notes}\n"));
        }
    }
    out.trim_end().to_owned()
}

fn pad(text: &str) -> String {
    let text = text.trim_end();
    format!("{text}{}", " ".repeat(CELL.saturating_sub(text.width()).max(1)))
}

/// When a resource is free.
pub(super) fn slots(items: &[FreeSlot], view: &View<'_>) -> String {
    let headings = ["col-when", "col-free"].map(|key| view.get(key));
    let rows: Vec<Vec<String>> = items
        .iter()
        .filter(|it| it.free > 0)
        .map(|it| vec![span(&it.start, Some(&it.end), view), it.free.to_string()])
        .collect();
    if rows.is_empty() { view.get("free-none") } else { wide(&headings, &rows) }
}

/// Which resources are free.
pub(super) fn resources(items: &[FreeResource], view: &View<'_>) -> String {
    if items.is_empty() {
        return view.get("free-none");
    }
    let headings = ["col-id", "col-title", "col-when", "col-free"].map(|key| view.get(key));
    let row = |it: &FreeResource| {
        let when = span(&it.start, it.end.as_ref(), view);
        vec![short(&it.listing), plain(&it.title), when, it.free.to_string()]
    };
    wide(&headings, &items.iter().map(row).collect::<Vec<_>>())
}

/// A table in which what is long (a span of two dates) is not cut.
fn wide(headings: &[String], rows: &[Vec<String>]) -> String {
    let is_long = rows.iter().flatten().any(|cell| cell.width() > 48);
    if !is_long {
        return table(headings, rows);
    }
    rows.iter().map(|row| row.join("  ")).collect::<Vec<_>>().join("\n")
}

pub(super) fn amount(n: u64, currency: Option<&str>, view: &View<'_>) -> String {
    match currency {
        None => view.get("price-free"),
        Some("minutes") => view.with("price-credits", [("n", n.into()), ("per", "".into())]),
        Some(_) => money(n, view),
    }
}

/// What it would cost, line by line.
pub(super) fn quote(it: &Quote, view: &View<'_>) -> String {
    let mut out =
        format!("{} {}\n", view.strong(&plain(&it.title)), view.faint(&short(&it.listing)));
    let long = it.minutes.map(|minutes| format!(" ({})", length(minutes, view)));
    let when = span(&it.start, it.end.as_ref(), view);
    out.push_str(&format!("  {when}{}\n", long.unwrap_or_default()));
    let currency = it.currency.as_deref();
    for line in &it.lines {
        let count = match line.unit.as_str() {
            "hour" => view.with("quote-hours", [("n", line.count.into())]),
            "day" => view.with("quote-days", [("n", line.count.into())]),
            "week" => view.with("quote-weeks", [("n", line.count.into())]),
            "month" => view.with("quote-months", [("n", line.count.into())]),
            _ => view.get("quote-once"),
        };
        let many = if line.quantity > 1 { format!(" × {}", line.quantity) } else { String::new() };
        let each = amount(line.price, currency, view);
        let sum = amount(line.amount, currency, view);
        out.push_str(&format!("  {count} × {each}{many} = {sum}\n"));
    }
    let total = match it.total {
        Some(total) => amount(total, currency, view),
        None => view.get("quote-no-total"),
    };
    out.push_str(&view.field("quote-total", &total));
    if it.deposit_cents > 0 {
        out.push_str(&view.field("field-deposit", &money(it.deposit_cents, view)));
    }
    if it.cancel_fee_percent > 0 {
        let until = moment(&it.cancel_free_until, view);
        let percent = u64::from(it.cancel_fee_percent);
        let text = [("until", until.into()), ("percent", percent.into())];
        out.push_str(&format!("  {}\n", view.with("quote-cancel", text)));
    }
    out.push_str(&view.field("field-accept", &plain(&it.accept)));
    if it.available {
        out.push_str(&format!("  {}\n", view.good(&view.get("quote-available"))));
    }
    for reason in &it.why_not {
        out.push_str(&format!("  {}\n", view.bad(&why(reason, view))));
    }
    if !it.alternatives.is_empty() {
        out.push_str(&format!("  {}\n", view.get("booking-alternatives")));
        for other in &it.alternatives {
            out.push_str(&format!("    {}\n", span(&other.start, other.end.as_ref(), view)));
        }
    }
    out.trim_end().to_owned()
}

/// A request that is on disk, and what stands there already.
pub(super) fn requested(it: &BookingRequested, view: &View<'_>) -> String {
    let mut out = view.with("saved", [("id", short(&it.id).into())]);
    if !it.why_not.is_empty() {
        out.push_str(&format!("\n{}\n", whys(&it.why_not, view)));
        out.push_str(&alternatives(&it.alternatives, view));
    }
    out.trim_end().to_owned()
}

/// Bookings that stay though they would not be allowed any more.
fn would_not_fit(items: &[WouldNotFit], view: &View<'_>) -> String {
    let mut out = String::new();
    if items.is_empty() {
        return out;
    }
    let n = u64::try_from(items.len()).unwrap_or(u64::MAX);
    out.push_str(&format!("\n{}\n", view.with("terms-would-not-fit", [("n", n.into())])));
    for it in items {
        let when = span(&it.start, it.end.as_ref(), view);
        out.push_str(&format!("  {} {when}: {}\n", short(&it.booking), whys(&it.why, view)));
    }
    out
}

pub(super) fn terms_saved(it: &TermsSaved, view: &View<'_>) -> String {
    let head = match it.saved {
        true => view.with("saved", [("id", short(&it.id).into())]),
        false => view.get("terms-dry-run"),
    };
    let mut out = format!("{head}{}", would_not_fit(&it.would_not_fit, view));
    if !it.cancelled.is_empty() {
        let n = u64::try_from(it.cancelled.len()).unwrap_or(u64::MAX);
        let fall = view.with("terms-cancelled", [("n", n.into())]);
        out = format!("{}\n{fall}\n", out.trim_end());
        for one in &it.cancelled {
            let when = span(&one.start, one.end.as_ref(), view);
            out.push_str(&format!("  {} {when}\n", short(&one.booking)));
        }
    }
    out.trim_end().to_owned()
}

pub(super) fn exported(it: &CalendarExported, view: &View<'_>) -> String {
    let params = [("n", it.events.into()), ("file", plain(&it.file).into())];
    view.with("calendar-exported", params)
}

pub(super) fn imported(it: &CalendarImported, view: &View<'_>) -> String {
    let head = match it.saved {
        true => view.with("saved", [("id", short(&it.id).into())]),
        false => view.get("terms-dry-run"),
    };
    let params = [("n", it.events.into()), ("blocked", it.blocked.into())];
    let mut out = format!("{head}\n{}\n", view.with("calendar-imported", params));
    for left in &it.left_out {
        let params = [("n", left.event.into()), ("why", plain(&left.why).into())];
        out.push_str(&format!("{}\n", view.with("calendar-left-out", params)));
    }
    format!("{out}{}", would_not_fit(&it.would_not_fit, view)).trim_end().to_owned()
}

fn hours(all: &[Hours], view: &View<'_>) -> String {
    if all.is_empty() {
        return view.get("terms-closed");
    }
    let tell = |it: &Hours| format!("{}–{}", it.from, next_day(&it.to));
    all.iter().map(tell).collect::<Vec<_>>().join(", ")
}

/// `26:00` as people say it: 02:00 of the next day.
fn next_day(clock: &str) -> String {
    match clock.split_once(':').and_then(|(hour, rest)| Some((hour.parse::<u8>().ok()?, rest))) {
        Some((hour, rest)) if (hour, rest) > (24, "00") => format!("{:02}:{rest}", hour - 24),
        _ => clock.to_owned(),
    }
}

fn quota(it: &QuotaTerms, view: &View<'_>) -> String {
    let most = match (it.most_bookings, it.most_minutes) {
        (Some(most), _) => view.with("quota-bookings", [("n", most.into())]),
        (None, most) => length(u64::from(most.unwrap_or(0)), view),
    };
    let window = match it.window.as_str() {
        "day" => view.get("quota-day"),
        "week" => view.get("quota-week"),
        "month" => view.get("quota-month"),
        "ahead" => view.get("quota-ahead"),
        _ => view.with("quota-rolling", [("n", it.days.unwrap_or(0).into())]),
    };
    format!("{most} {window}")
}

/// What bookings are held to, a line for each that is said.
pub(super) fn terms(it: &Terms, view: &View<'_>) -> String {
    let mut out = String::new();
    let span_of = |minutes: Option<u64>| minutes.map(|n| length(n, view)).unwrap_or_default();
    let some = |minutes: u64| (minutes > 0).then_some(minutes);
    let prices: Vec<String> = it.prices.iter().map(|one| price(*one, view)).collect();
    if prices.len() > 1 {
        out.push_str(&view.field("field-prices", &prices.join(", ")));
    }
    if it.deposit_cents > 0 {
        out.push_str(&view.field("field-deposit", &money(it.deposit_cents, view)));
    }
    out.push_str(&view.field("field-min", &span_of(it.min_minutes)));
    out.push_str(&view.field("field-max", &span_of(it.max_minutes)));
    out.push_str(&view.field("field-notice", &span_of(some(it.notice_minutes))));
    out.push_str(&view.field("field-leave-notice", &span_of(some(it.leave_notice_minutes))));
    out.push_str(&view.field("field-horizon", &span_of(it.horizon_minutes)));
    out.push_str(&view.field("field-step", &span_of(it.step_minutes.map(u64::from))));
    out.push_str(&view.field("field-buffer", &span_of(some(it.buffer_minutes))));
    for (at, name) in WEEKDAYS.iter().enumerate() {
        let Some(week) = &it.hours else { break };
        if at == 0 {
            out.push_str(&format!("  {}\n", view.get("field-hours")));
        }
        let of: Vec<Hours> = week
            .iter()
            .filter(|it| it.weekday == *name)
            .map(|it| Hours { from: it.from.clone(), to: it.to.clone() })
            .collect();
        out.push_str(&format!("    {}: {}\n", view.get(name), hours(&of, view)));
    }
    if it.attended == "ends" {
        out.push_str(&format!("  {}\n", view.get("terms-attended-ends")));
    }
    if let Some(holidays) = &it.holidays {
        out.push_str(&view.field("field-holidays", &hours(&holidays.hours, view)));
    }
    for day in &it.days {
        let name = day.date.parse().map(|day| date(day, view)).unwrap_or_default();
        out.push_str(&format!("    {name}: {}\n", hours(&day.hours, view)));
    }
    for blocked in &it.blocked {
        let when = span(&blocked.start, blocked.end.as_ref(), view);
        out.push_str(&view.field("field-blocked", &when));
    }
    for rule in &it.closures {
        out.push_str(&view.field("field-blocked", &plain(rule)));
    }
    for one in &it.quotas {
        out.push_str(&view.field("field-quota", &quota(one, view)));
    }
    if it.cancel_fee_percent > 0 {
        let before = length(it.cancel_free_minutes, view);
        let percent = u64::from(it.cancel_fee_percent);
        let text = [("before", before.into()), ("percent", percent.into())];
        out.push_str(&view.field("field-cancel", &view.with("terms-cancel", text)));
    }
    out.push_str(&view.field("field-open-to", &open_to(&it.open_to, view)));
    if it.attestation_required {
        out.push_str(&view.field("field-attestation", &view.get("attestation-required")));
    }
    out.push_str(&view.field("field-consent", &plain(it.consent.as_deref().unwrap_or_default())));
    out.push_str(&view.field("field-accept", &plain(&it.accept)));
    let offer = match it.offer_minutes {
        0 => view.get("terms-no-offer"),
        minutes => length(minutes, view),
    };
    out.push_str(&view.field("field-offer", &offer));
    out
}
