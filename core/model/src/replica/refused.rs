//! What a decision says no to, as an error with typed values.

use super::ActError;
use crate::booking::availability::{Measure, Quota, QuotaWindow, Refusal};
use crate::booking::{DecideError, tiers};
use crate::time::{Closed, Instant, Interval, Zone};

/// Milliseconds in a minute.
const MINUTE_MS: u64 = 60_000;

/// The error of a decision; instants are told on the clocks of `zone`.
pub(super) fn of_decision(error: &DecideError, zone: &Zone) -> ActError {
    match error {
        DecideError::NotEntitled | DecideError::NotHolder => {
            ActError::not_allowed("booking.not_allowed")
        }
        DecideError::Taken { by } => ActError::conflict("booking.taken").with("by", by.len()),
        DecideError::Terms(broken) => of_rules(broken, zone),
        error => ActError::conflict(error.code()),
    }
}

/// The first rule that is broken, with the others beside it.
fn of_rules(broken: &[Refusal], zone: &Zone) -> ActError {
    let mut all = broken.iter().map(|refusal| of_rule(refusal, zone));
    let mut first = all.next().unwrap_or_else(|| ActError::conflict("booking.terms"));
    first.also = all.collect();
    first
}

/// One rule. Lengths are whole minutes, instants RFC 3339 with offset, dates ISO 8601.
pub(super) fn of_rule(refusal: &Refusal, zone: &Zone) -> ActError {
    let error = ActError::conflict(refusal.code());
    let up = |ms: &u64| ms.div_ceil(MINUTE_MS);
    match refusal {
        Refusal::Quantity { most } => error.with("most", most),
        Refusal::Tier { served } => error.with("served", served_code(*served)),
        Refusal::TooShort { least_ms } => error.with("least_minutes", up(least_ms)),
        Refusal::TooLong { most_ms } => error.with("most_minutes", most_ms / MINUTE_MS),
        Refusal::TooSoon { earliest } => error.with("earliest_at", told(*earliest, zone)),
        Refusal::TooFar { latest } => error.with("latest_at", told(*latest, zone)),
        Refusal::Step { minutes } => error.with("step_minutes", minutes),
        Refusal::Closed { at, why } => {
            let error = error.with("at", told(*at, zone));
            match why {
                Closed::Exception(date) => error.with("date", date),
                Closed::Holiday(date, holiday) => {
                    error.with("date", date).with("holiday", holiday.code())
                }
                Closed::Blackout(Interval { end: Some(end), .. }) => {
                    error.with("until_at", told(*end, zone))
                }
                _ => error,
            }
        }
        Refusal::Part { at } => error.with("at", told(*at, zone)),
        Refusal::Taken { at, free } => error.with("at", told(*at, zone)).with("free", free),
        Refusal::StillOut { until } => error.with("until_at", told(*until, zone)),
        Refusal::Quota(quota) => of_quota(quota, error),
        _ => error,
    }
}

/// Who is served, as a stable code.
pub const fn served_code(served: u8) -> &'static str {
    match served {
        0 => "nobody",
        tiers::BUILDING => "building",
        tiers::LANDLORD => "landlord",
        _ => "all",
    }
}

fn of_quota(quota: &Quota, error: ActError) -> ActError {
    let error = match quota.most {
        Measure::Bookings(most) => error.with("most_bookings", most),
        Measure::Minutes(most) => error.with("most_minutes", most),
    };
    match quota.window {
        QuotaWindow::Rolling { days } => error.with("window", "rolling").with("days", days),
        QuotaWindow::Day => error.with("window", "day"),
        QuotaWindow::Week => error.with("window", "week"),
        QuotaWindow::Month => error.with("window", "month"),
        QuotaWindow::Ahead => error.with("window", "ahead"),
    }
}

/// An instant as RFC 3339, on the clocks of a zone.
pub(super) fn told(at: Instant, zone: &Zone) -> String {
    let offset_s = zone.offset_seconds(at).unwrap_or(0);
    let offset = jiff::tz::Offset::from_seconds(offset_s).unwrap_or(jiff::tz::Offset::UTC);
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.display_with_offset(offset).to_string()
}
