//! What an owner changes of the terms: only what is given.

use std::collections::{BTreeMap, BTreeSet};

use super::availability::{Attendance, Quota};
use super::records::{Cancellation, Mode, Terms};
use super::tariff::Tariff;
use crate::time::civil::Date;
use crate::time::{
    Closure, HolidayHours, Instant, Interval, IntervalSet, Recurrence, Rule, WeekWindow, Window,
    at_minute,
};

/// Fields of [`Terms`] to change. What may be absent is an option in an option:
/// `Some(None)` takes it away.
///
/// ```
/// use palier_model::booking::{Terms, TermsEdit};
/// use palier_model::time::Instant;
/// let edit = TermsEdit { step_minutes: Some(Some(15)), ..TermsEdit::default() };
/// let terms = edit.applied_to(&Terms::default(), Instant(0));
/// assert_eq!(terms.step_minutes, Some(15));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TermsEdit {
    /// Units that can be out at once.
    pub capacity: Option<u32>,
    /// Who answers.
    pub mode: Option<Mode>,
    /// Free time between two bookings.
    pub buffer_ms: Option<u64>,
    /// Shortest booking.
    pub min_length_ms: Option<Option<u64>>,
    /// Longest booking.
    pub max_length_ms: Option<Option<u64>>,
    /// Asked for at least this long before the start.
    pub notice_ms: Option<u64>,
    /// Asked for at most this long before the start.
    pub horizon_ms: Option<Option<u64>>,
    /// Steps of the local clock.
    pub step_minutes: Option<Option<u16>>,
    /// Tiers from this one on are not served.
    pub tiers: Option<u8>,
    /// How much one member may have.
    pub quotas: Option<Vec<Quota>>,
    /// The zone of the place.
    pub zone: Option<String>,
    /// Hours of the week; none: day and night.
    pub weekly: Option<Option<Vec<WeekWindow>>>,
    /// Dates unlike others, with their hours; none: like others again.
    pub exceptions: BTreeMap<Date, Option<Vec<Window>>>,
    /// What holds on public holidays; none: they are days like others.
    pub holidays: Option<Option<HolidayHours>>,
    /// Closed then.
    pub block: Vec<Interval>,
    /// Closed no longer then.
    pub unblock: Vec<Interval>,
    /// When hours count.
    pub attendance: Option<Attendance>,
    /// What it costs.
    pub tariff: Option<Tariff>,
    /// Deposit, in whole cents.
    pub deposit_cents: Option<u64>,
    /// What cancelling costs.
    pub cancellation: Option<Cancellation>,
    /// What a requester agrees to.
    pub accept: Option<String>,
    /// How long before its end a booking without one is ended.
    pub leave_notice_ms: Option<u64>,
    /// How long somebody who waits is offered room that came free.
    pub offer_ms: Option<u64>,
    /// Whether only people whom a landlord attests may ask.
    pub attested: Option<bool>,
    /// Where the landlord of what is let on agrees to it; none: it is the owner's.
    pub consent: Option<Option<String>>,
    /// Closed again and again, instead of what was so before.
    pub closures: Option<Vec<ClosedAgain>>,
}

/// Hours that are closed again and again, from the day on which that is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedAgain {
    /// On which days.
    pub rule: Rule,
    /// Which hours of them.
    pub window: Window,
}

impl ClosedAgain {
    /// The closure, begun on a date; none where calendars do not reach.
    fn from(&self, date: Date) -> Option<Closure> {
        let start = at_minute(date, i64::from(self.window.from)).ok()?;
        let recurrence = Recurrence { start, rule: self.rule.clone(), exceptions: BTreeSet::new() };
        let minutes = u32::from(self.window.to.saturating_sub(self.window.from));
        Some(Closure { recurrence, minutes })
    }
}

impl TermsEdit {
    /// The terms as they will be. Closures and dates that are over at `now` are left out.
    #[must_use]
    pub fn applied_to(&self, terms: &Terms, now: Instant) -> Terms {
        let mut terms = terms.clone();
        let edit = self.clone();
        set(&mut terms.capacity, edit.capacity);
        set(&mut terms.mode, edit.mode);
        if let Some(buffer) = edit.buffer_ms {
            (terms.buffer_before_ms, terms.buffer_after_ms) = (0, buffer);
        }
        set(&mut terms.min_length_ms, edit.min_length_ms);
        set(&mut terms.max_length_ms, edit.max_length_ms);
        set(&mut terms.notice_ms, edit.notice_ms);
        set(&mut terms.horizon_ms, edit.horizon_ms);
        set(&mut terms.step_minutes, edit.step_minutes);
        set(&mut terms.tiers, edit.tiers);
        set(&mut terms.quotas, edit.quotas);
        set(&mut terms.zone, edit.zone);
        set(&mut terms.attendance, edit.attendance);
        set(&mut terms.tariff, edit.tariff);
        set(&mut terms.deposit_cents, edit.deposit_cents);
        set(&mut terms.cancellation, edit.cancellation);
        set(&mut terms.accept, edit.accept);
        set(&mut terms.leave_notice_ms, edit.leave_notice_ms);
        set(&mut terms.offer_ms, edit.offer_ms);
        set(&mut terms.attested, edit.attested);
        set(&mut terms.consent, edit.consent);
        self.open(&mut terms, now);
        terms
    }

    fn open(&self, terms: &mut Terms, now: Instant) {
        let today = terms.zone().and_then(|zone| zone.date(now));
        let opening = &mut terms.opening;
        set(&mut opening.weekly, self.weekly.clone());
        set(&mut opening.holidays, self.holidays.clone());
        for (date, hours) in &self.exceptions {
            match hours {
                Some(hours) => opening.exceptions.insert(*date, hours.clone()),
                None => opening.exceptions.remove(date),
            };
        }
        if let (Some(closures), Ok(today)) = (&self.closures, &today) {
            let begun = closures.iter().filter_map(|it| it.from(*today));
            // What was closed so before goes on from where it began.
            let kept = |it: Closure| {
                let same = |old: &&Closure| {
                    old.minutes == it.minutes
                        && old.recurrence.rule == it.recurrence.rule
                        && old.recurrence.start.time() == it.recurrence.start.time()
                };
                opening.closures.iter().find(same).cloned().unwrap_or(it)
            };
            opening.closures = begun.map(kept).collect();
        }
        let is_over = |date: &Date| today.as_ref().is_ok_and(|today| date < today);
        opening.exceptions.retain(|date, _| !is_over(date));
        let blocked: IntervalSet = opening.blackouts.iter().chain(&self.block).copied().collect();
        let left = blocked.minus(&self.unblock.iter().copied().collect());
        let ahead = left.intervals().iter().filter(|it| it.end.is_none_or(|end| end > now));
        opening.blackouts = ahead.copied().collect();
    }
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{Bound, Pattern, Weekday, Zone};

    #[test]
    fn what_is_closed_again_and_again_is_so_on_the_clocks_of_the_place_from_that_day_on() {
        let zone = Zone::named("Europe/Paris").unwrap();
        let at = |text: &str| zone.instant(text.parse().unwrap()).unwrap();
        let weekly =
            |day| Pattern::Weekly { weekdays: BTreeSet::from([day]), week_start: Weekday::Monday };
        let noon = |day| ClosedAgain {
            rule: Rule { pattern: weekly(day), interval: 1, bound: Bound::Forever },
            window: Window { from: 720, to: 840 },
        };
        let mut terms = Terms { zone: "Europe/Paris".into(), ..Terms::default() };
        let edit = |closures| TermsEdit { closures: Some(closures), ..TermsEdit::default() };
        // A Wednesday: the first Monday is the 29th, after the clocks went forward.
        let now = at("2027-03-24T18:00");
        terms = edit(vec![noon(Weekday::Monday)]).applied_to(&terms, now);
        let range = Interval { start: at("2027-03-20T00:00"), end: Some(at("2027-04-10T00:00")) };
        let closed = terms.opening.closed(&zone, &range).unwrap();
        let times = |day| Interval {
            start: at(&format!("{day}T12:00")),
            end: Some(at(&format!("{day}T14:00"))),
        };
        assert_eq!(closed.intervals(), [times("2027-03-29"), times("2027-04-05")]);
        // Said again with another it goes on as it was; none ends both.
        let later = at("2027-04-07T00:00");
        let more = edit(vec![noon(Weekday::Monday), noon(Weekday::Friday)]);
        let terms = more.applied_to(&terms, later);
        let starts: Vec<_> = terms.opening.closures.iter().map(|it| it.recurrence.start).collect();
        assert_eq!(starts[0].date().to_string(), "2027-03-24");
        assert_eq!(starts[1].date().to_string(), "2027-04-07");
        assert_eq!(edit(vec![]).applied_to(&terms, later).opening.closures, []);
        assert_eq!(TermsEdit::default().applied_to(&terms, later), terms);
    }

    fn hours(from: i64, to: i64) -> Interval {
        Interval { start: Instant(from), end: Some(Instant(to)) }
    }

    #[test]
    fn only_what_is_given_changes_and_what_is_over_goes() {
        let mut terms = Terms { notice_ms: 5, ..Terms::of_capacity(3) };
        terms.opening.blackouts = vec![hours(0, 10), hours(20, 40)];
        let block = TermsEdit { block: vec![hours(35, 60)], ..TermsEdit::default() };
        let terms = block.applied_to(&terms, Instant(15));
        assert_eq!((terms.capacity, terms.notice_ms), (3, 5));
        assert_eq!(terms.opening.blackouts, [hours(20, 60)]);
        let unblock = TermsEdit { unblock: vec![hours(30, 50)], ..TermsEdit::default() };
        let terms = unblock.applied_to(&terms, Instant(15));
        assert_eq!(terms.opening.blackouts, [hours(20, 30), hours(50, 60)]);
        assert_eq!(TermsEdit::default().applied_to(&terms, Instant(15)), terms);
    }
}
