//! Calendars: free and busy, quotes, terms as they are shown.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use palier_model::booking::availability::{
    Attendance, Length, Measure, Quota, QuotaWindow, Segment,
};
use palier_model::booking::tariff::{Currency, Line, Tariff, TariffError, Unit};
use palier_model::booking::{
    Alternative as ModelAlternative, DomainView, Held, Terms as ModelTerms,
};
use palier_model::keys::DocId;
use palier_model::listing::Listings;
use palier_model::replica::{ActError, Quoted, Unfitting, served_code};
use palier_model::time::{HolidayCalendar, HolidayHours, Instant, Interval, Weekday, Window, Zone};

use super::bookings::title_of;
use super::listings::{kind_in, kind_out};
use super::{Opened, errors};
use crate::answer::{
    Alternative, Busy, Calendar, CalendarDay, DayHours, DayState, FreeResource, FreeSlot,
    HolidayTerms, Hours, List, ListingKind, Per, Price, QuotaTerms, Quote, QuoteLine, Span, Terms,
    WeekHours, When, Why, WouldNotFit,
};
use crate::backend::{FreeQuery, Scope};
use crate::errors::{CliError, Result};

/// Most days that one answer shows.
const DAYS: usize = 400;
/// Milliseconds in a minute.
const MINUTE_MS: i64 = 60_000;

/// The zone of a resource, as answers need it.
pub(super) fn zone_of(terms: &ModelTerms) -> TimeZone {
    TimeZone::get(&terms.zone).unwrap_or(TimeZone::UTC)
}

pub(super) fn span(interval: &Interval, zone: &TimeZone) -> Span {
    Span {
        start: When::new(interval.start, zone),
        end: interval.end.map(|end| When::new(end, zone)),
    }
}

fn slot(segment: &Segment, zone: &TimeZone) -> FreeSlot {
    let (start, end) = (When::new(segment.start, zone), When::new(segment.end, zone));
    FreeSlot { start, end, free: segment.free }
}

pub(super) fn whys(broken: Vec<ActError>) -> Vec<Why> {
    broken.into_iter().flat_map(|error| errors::of_act(error).reasons()).collect()
}

pub(super) fn unfit(it: Unfitting, zone: &TimeZone) -> WouldNotFit {
    let Held { booking, interval, quantity, .. } = it.held;
    let Span { start, end } = span(&interval, zone);
    WouldNotFit { booking: booking.into(), start, end, quantity, why: whys(it.broken) }
}

impl Opened {
    /// The clocks of a resource; those of the neighbourhood where it has none.
    pub(super) async fn clocks_of(&self, scope: &Scope, id: DocId) -> Result<TimeZone> {
        let hood = self.hood_of(scope).await?;
        let terms = self
            .look(hood, move |_, tx, _| {
                let row = tx.row::<Listings>(&id)?;
                let Some(domain) = row.and_then(|row| row.content.domain) else { return Ok(None) };
                let view = DomainView::head(tx, &domain)?;
                Ok(view.and_then(|view| view.terms(&id).cloned()))
            })
            .await?;
        match terms {
            Some(terms) => Ok(zone_of(&terms)),
            None => self.zone_of(hood).await,
        }
    }

    pub(super) async fn one_calendar(
        &self,
        scope: &Scope,
        id: DocId,
        range: Interval,
    ) -> Result<Calendar> {
        let hood = self.hood_of(scope).await?;
        let (calendar, title, mine) = self
            .look(hood, move |replica, tx, now| {
                let calendar = replica.calendar(tx, now, &id, &range)?;
                let mine: std::result::Result<Vec<bool>, ActError> =
                    calendar.held.iter().map(|held| replica.is_mine(tx, &held.booking)).collect();
                Ok((calendar, title_of(tx, &id)?, mine?))
            })
            .await?;
        let zone = zone_of(&calendar.terms);
        let busy = calendar.held.iter().zip(mine).map(|(held, mine)| {
            let Span { start, end } = span(&held.interval, &zone);
            let (quantity, firm) = (held.quantity, held.firm);
            Busy { booking: held.booking.into(), start, end, quantity, firm, mine }
        });
        Ok(Calendar {
            listing: id.into(),
            title,
            zone: calendar.zone.name().to_owned(),
            capacity: calendar.terms.capacity,
            open_to: served_code(calendar.terms.tiers).to_owned(),
            open_to_me: calendar.open_to_me,
            start: When::new(range.start, &zone),
            end: When::new(range.end.unwrap_or(range.start), &zone),
            days: days(&calendar.terms, &calendar.zone, &calendar.free, &range)?,
            busy: busy.collect(),
            free: calendar.free.iter().map(|segment| slot(segment, &zone)).collect(),
        })
    }

    pub(super) async fn free_slots(
        &self,
        scope: &Scope,
        id: DocId,
        query: FreeQuery,
    ) -> Result<List<FreeSlot>> {
        let hood = self.hood_of(scope).await?;
        let range = query.range;
        let calendar =
            self.look(hood, move |replica, tx, now| replica.calendar(tx, now, &id, &range)).await?;
        let zone = zone_of(&calendar.terms);
        let free = match query.length_ms {
            None if query.quantity == 1 => calendar.free,
            None => calendar.free.into_iter().filter(|it| it.free >= query.quantity).collect(),
            Some(length) => long_enough(&calendar.free, query.quantity, length),
        };
        Ok(List::whole(free.iter().map(|segment| slot(segment, &zone)).collect()))
    }

    pub(super) async fn free_of_kind(
        &self,
        scope: &Scope,
        kind: Option<ListingKind>,
        query: FreeQuery,
    ) -> Result<List<FreeResource>> {
        let hood = self.hood_of(scope).await?;
        let zone = self.zone_of(hood).await?;
        let length = query.length_ms.map(|ms| match u32::try_from(ms / Instant::DAY_MS) {
            // Whole days are local days, however many hours they have.
            Ok(days) if days > 0 && ms % Instant::DAY_MS == 0 => Length::Days(days),
            _ => Length::Ms(ms),
        });
        let found = self
            .look(hood, move |replica, tx, now| {
                let kind = kind.map(kind_in);
                replica.free_resources(tx, now, kind, &query.range, length, query.quantity)
            })
            .await?;
        let show = |it: palier_model::replica::FreeResource| {
            let Span { start, end } = span(&it.interval, &zone);
            let content = it.listing.content;
            let (kind, title) = (kind_out(content.kind), content.title);
            FreeResource { listing: it.listing.id.into(), kind, title, start, end, free: it.free }
        };
        Ok(List::whole(found.into_iter().map(show).collect()))
    }

    pub(super) async fn one_quote(
        &self,
        scope: &Scope,
        id: DocId,
        interval: Interval,
        quantity: u32,
    ) -> Result<Quote> {
        let hood = self.hood_of(scope).await?;
        let (quoted, title) = self
            .look(hood, move |replica, tx, now| {
                let quoted = replica.quote(tx, now, &id, &interval, quantity)?;
                Ok((quoted, title_of(tx, &id)?))
            })
            .await?;
        quote(id, title, &interval, quantity, quoted)
    }
}

/// Stretches in which so many are free for at least so long.
fn long_enough(free: &[Segment], quantity: u32, length_ms: i64) -> Vec<Segment> {
    let mut found: Vec<Segment> = Vec::new();
    for segment in free.iter().filter(|it| it.free >= quantity) {
        match found.last_mut() {
            Some(last) if last.end == segment.start => {
                last.end = segment.end;
                last.free = last.free.min(segment.free);
            }
            _ => found.push(*segment),
        }
    }
    found.retain(|it| it.end.0.saturating_sub(it.start.0) >= length_ms);
    found
}

/// The days of a range, each with what is open and what is free in it.
fn days(
    terms: &ModelTerms,
    zone: &Zone,
    free: &[Segment],
    range: &Interval,
) -> Result<Vec<CalendarDay>> {
    let wrong = |_| CliError::new("invalid.range");
    let end = range.end.unwrap_or(range.start);
    let mut date = zone.date(range.start).map_err(wrong)?;
    // Where hours count only at both ends a tool that is out over night is not closed.
    let open = match terms.attendance {
        Attendance::Throughout => terms.opening.open(zone, range),
        Attendance::AtEnds => terms
            .opening
            .closed(zone, range)
            .map(|closed| palier_model::time::IntervalSet::of(*range).minus(&closed)),
    };
    let open = open.map_err(|_| CliError::new("invalid.range"))?;
    let mut days = Vec::new();
    let mut first = 0;
    while days.len() < DAYS {
        let Some(day) = zone.day(date).map_err(wrong)? else {
            date = next(date)?;
            continue;
        };
        let last = day.end.unwrap_or(day.start);
        if day.start >= end {
            break;
        }
        let (from, to) = (day.start.max(range.start), last.min(end));
        let shared = |start: Instant, end: Instant| (end.min(to).0 - start.max(from).0).max(0);
        while free.get(first).is_some_and(|it| it.end <= from) {
            first += 1;
        }
        let of_day = free[first..].iter().take_while(|it| it.start < to);
        let (mut some_ms, mut all_ms) = (0, 0);
        for segment in of_day {
            let length = shared(segment.start, segment.end);
            some_ms += if segment.free > 0 { length } else { 0 };
            all_ms += if segment.free == terms.capacity { length } else { 0 };
        }
        let open_ms: i64 =
            open.intervals().iter().map(|it| shared(it.start, it.end.unwrap_or(end))).sum();
        let state = match (open_ms, some_ms, all_ms) {
            (0, ..) => DayState::Closed,
            (_, 0, _) => DayState::Full,
            (open, _, all) if all == open => DayState::Free,
            _ => DayState::Partly,
        };
        let minutes = |ms: i64| u64::try_from(ms / MINUTE_MS).unwrap_or(0);
        let calendar = terms.opening.holidays.as_ref().map(|it| it.calendar).unwrap_or_default();
        days.push(CalendarDay {
            date: date.to_string(),
            state,
            free_minutes: minutes(some_ms),
            open_minutes: minutes(open_ms),
            holiday: calendar.on(date).map(|holiday| holiday.code().to_owned()),
        });
        date = next(date)?;
    }
    Ok(days)
}

fn next(date: Date) -> Result<Date> {
    date.tomorrow().map_err(|_| CliError::new("invalid.range"))
}

const fn currency(currency: Currency) -> &'static str {
    match currency {
        Currency::Cents => "cents",
        Currency::Minutes => "minutes",
    }
}

const fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Once => "once",
        Unit::Hour => "hour",
        Unit::Day => "day",
        Unit::Week => "week",
        Unit::Month => "month",
    }
}

pub(super) fn quote(
    id: DocId,
    title: String,
    interval: &Interval,
    quantity: u32,
    quoted: Quoted,
) -> Result<Quote> {
    let zone = zone_of(&quoted.terms);
    let Span { start, end } = span(interval, &zone);
    let (priced, total) = match quoted.quote {
        Ok(quote) => (Some(quote.clone()), Some(quote.total)),
        // Until notice there is no total, only the prices.
        Err(TariffError::OpenEnded) => (None, None),
        Err(TariffError::TooHigh) => return Err(CliError::new("invalid.quantity")),
        Err(_) => return Err(CliError::new("invalid.range")),
    };
    let line = |it: &Line| QuoteLine {
        unit: unit(it.unit).to_owned(),
        count: it.count,
        price: it.price,
        quantity: it.quantity,
        amount: it.amount,
    };
    let free_ms = i64::try_from(quoted.terms.cancellation.free_until_ms).unwrap_or(i64::MAX);
    let deposit = quoted.terms.deposit_cents.saturating_mul(u64::from(quantity));
    let alternative = |it: &ModelAlternative| {
        let Span { start, end } = span(&it.interval, &zone);
        Alternative { listing: it.listing.into(), title: title.clone(), start, end }
    };
    Ok(Quote {
        listing: id.into(),
        start,
        end,
        zone: quoted.zone.name().to_owned(),
        minutes: interval.length_ms().map(|ms| u64::try_from(ms / MINUTE_MS).unwrap_or(0)),
        quantity,
        currency: currency_of(&quoted.terms.tariff),
        lines: priced.iter().flat_map(|quote| &quote.lines).map(line).collect(),
        total,
        deposit_cents: priced.as_ref().map_or(deposit, |quote| quote.deposit_cents),
        cancel_free_until: When::new(interval.start.plus_ms(-free_ms), &zone),
        cancel_fee_percent: u32::from(quoted.terms.cancellation.fee_percent),
        accept: quoted.terms.accept.clone(),
        available: quoted.broken.is_empty(),
        alternatives: quoted.alternatives.iter().map(alternative).collect(),
        why_not: whys(quoted.broken),
        title,
    })
}

pub(super) fn currency_of(tariff: &Tariff) -> Option<String> {
    match tariff {
        Tariff::Free => None,
        Tariff::Once { currency: of, .. } | Tariff::ByTime { currency: of, .. } => {
            Some(currency(*of).to_owned())
        }
    }
}

/// Every price of a tariff.
fn prices(tariff: &Tariff) -> Vec<Price> {
    let price = |of: Currency, amount: u64, per: Per| match of {
        Currency::Cents => Price::Euros { cents: amount, per },
        Currency::Minutes => Price::Credits { minutes: amount, per },
    };
    match *tariff {
        Tariff::Free => Vec::new(),
        Tariff::Once { currency, amount } => vec![price(currency, amount, Per::Once)],
        Tariff::ByTime { currency, rates } => {
            let all = [
                (Per::Hour, rates.hour),
                (Per::Day, rates.day),
                (Per::Week, rates.week),
                (Per::Month, rates.month),
            ];
            let some = |(per, rate): (Per, Option<u64>)| Some(price(currency, rate?, per));
            all.into_iter().filter_map(some).collect()
        }
    }
}

fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

fn hours(window: &Window) -> Hours {
    Hours { from: clock(window.from), to: clock(window.to) }
}

const fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "monday",
        Weekday::Tuesday => "tuesday",
        Weekday::Wednesday => "wednesday",
        Weekday::Thursday => "thursday",
        Weekday::Friday => "friday",
        Weekday::Saturday => "saturday",
        Weekday::Sunday => "sunday",
    }
}

fn quota(it: &Quota) -> QuotaTerms {
    let (window, days) = match it.window {
        QuotaWindow::Rolling { days } => ("rolling", Some(u32::from(days))),
        QuotaWindow::Day => ("day", None),
        QuotaWindow::Week => ("week", None),
        QuotaWindow::Month => ("month", None),
        QuotaWindow::Ahead => ("ahead", None),
    };
    let (most_bookings, most_minutes) = match it.most {
        Measure::Bookings(most) => (Some(most), None),
        Measure::Minutes(most) => (None, Some(most)),
    };
    QuotaTerms { window: window.to_owned(), days, most_bookings, most_minutes }
}

fn holidays(it: &HolidayHours) -> HolidayTerms {
    let calendar = match it.calendar {
        HolidayCalendar::France => "france",
        HolidayCalendar::AlsaceMoselle => "alsace_moselle",
    };
    let hours = it.windows.iter().map(hours).collect();
    HolidayTerms { calendar: calendar.to_owned(), hours }
}

/// Terms as they are shown.
pub(super) fn terms(it: &ModelTerms) -> Terms {
    let zone = zone_of(it);
    let minutes = |ms: u64| ms.div_ceil(MINUTE_MS.unsigned_abs());
    let opening = &it.opening;
    let weekly = opening.weekly.as_ref().map(|weekly| {
        let hours = |at: &palier_model::time::WeekWindow| WeekHours {
            weekday: weekday(at.weekday).to_owned(),
            from: clock(at.window.from),
            to: clock(at.window.to),
        };
        weekly.iter().map(hours).collect()
    });
    let day = |(date, windows): (&Date, &Vec<Window>)| DayHours {
        date: date.to_string(),
        hours: windows.iter().map(hours).collect(),
    };
    Terms {
        time_zone: it.zone.clone(),
        min_minutes: it.min_length_ms.map(minutes),
        max_minutes: it.max_length_ms.map(minutes),
        notice_minutes: minutes(it.notice_ms),
        leave_notice_minutes: minutes(it.leave_notice_ms),
        horizon_minutes: it.horizon_ms.map(minutes),
        step_minutes: it.step_minutes.map(u32::from),
        buffer_minutes: minutes(it.gap_ms()),
        hours: weekly,
        days: opening.exceptions.iter().map(day).collect(),
        holidays: opening.holidays.as_ref().map(holidays),
        attended: match it.attendance {
            Attendance::Throughout => "throughout".to_owned(),
            Attendance::AtEnds => "ends".to_owned(),
        },
        blocked: opening.blackouts.iter().map(|at| span(at, &zone)).collect(),
        closures: opening.closures.iter().map(|it| it.recurrence.rule.to_string()).collect(),
        quotas: it.quotas.iter().map(quota).collect(),
        prices: prices(&it.tariff),
        deposit_cents: it.deposit_cents,
        cancel_free_minutes: minutes(it.cancellation.free_until_ms),
        cancel_fee_percent: u32::from(it.cancellation.fee_percent),
        accept: it.accept.clone(),
        offer_minutes: minutes(it.offer_ms),
        open_to: served_code(it.tiers).to_owned(),
        attestation_required: it.attested,
        consent: it.consent.clone(),
    }
}
