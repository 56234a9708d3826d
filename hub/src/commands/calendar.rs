//! `calendar`, and the terms of a listing.

use jiff::civil::{Date, DateTime};
use palier_model::booking::availability::Attendance;
use palier_model::booking::records::bounds;
use palier_model::booking::{Mode, TermsEdit, tiers};
use palier_model::time::{Instant, Interval};

use super::{On, Outcome, listing, resolve};
use crate::answer::{Per, Price};
use crate::args::{
    self, AttendedArg, AttestationArg, Calendar, ClosedArg, OnArg, TermsArgs, TiersArg, TimeArg,
};
use crate::backend::{Backend, BusyFile, CalendarFileOf, FreeQuery, ListingEdit, ListingPatch};
use crate::errors::{CliError, Result};

pub(super) async fn calendar<B: Backend>(on: On<'_, B>, verb: Calendar) -> Result<Outcome> {
    match verb {
        Calendar::Show(it) => show(on, it).await,
        Calendar::Free(it) => free(on, it).await,
        Calendar::Quote(it) => quote(on, it).await,
        Calendar::Block(it) => block(on, it).await,
        Calendar::Due(it) => Ok(on.node.reminders(on.scope, it.within.as_ms()).await?.into()),
        Calendar::Export(it) => export(on, it).await,
        Calendar::Import(it) => import(on, it).await,
    }
}

fn interval(start: Instant, end: Option<Instant>) -> Result<Interval> {
    Interval::new(start, end).map_err(|_| CliError::new("invalid.interval"))
}

impl<B: Backend> On<'_, B> {
    async fn range(&self, from: TimeArg, to: TimeArg) -> Result<Interval> {
        interval(self.instant(from).await?, Some(self.instant(to).await?))
    }

    /// The date it is on the clocks of the place.
    async fn today(&self) -> Result<Date> {
        let zone = self.zone().await?;
        let now = jiff::Timestamp::from_millisecond(self.node.now().0);
        Ok(zone.to_datetime(now.map_err(|_| CliError::new("invalid.time"))?).date())
    }

    async fn at(&self, wall: DateTime) -> Result<Instant> {
        self.instant(TimeArg::Local(wall)).await
    }

    /// From a date to another.
    async fn dates(&self, first: Date, end: Date) -> Result<Interval> {
        let (start, end) = (first.at(0, 0, 0, 0), end.at(0, 0, 0, 0));
        interval(self.at(start).await?, Some(self.at(end).await?))
    }

    /// A day, or a part of one.
    async fn day(&self, on: OnArg) -> Result<Interval> {
        let wrong = || CliError::new("invalid.time");
        let date = on.date(self.today().await?).ok_or_else(wrong)?;
        let Some((from, to)) = on.part() else {
            return self.dates(date, date.tomorrow().map_err(|_| wrong())?).await;
        };
        let clock = |minute: u16| {
            let part = |n: u16| i8::try_from(n).unwrap_or(0);
            date.at(part(minute / 60), part(minute % 60), 0, 0)
        };
        interval(self.at(clock(from)).await?, Some(self.at(clock(to)).await?))
    }
}

async fn show<B: Backend>(on: On<'_, B>, it: args::CalendarShow) -> Result<Outcome> {
    let id = resolve::listing(on.node, on.scope, &it.listing).await?;
    let clocks = on.node.clocks(on.scope, id).await?;
    let on = on.on_clocks(&clocks);
    let range = match (it.from, it.to) {
        (Some(from), Some(to)) => on.range(from, to).await?,
        _ => {
            let first = match it.month {
                Some(month) => month.0,
                None => on.today().await?.first_of_month(),
            };
            let next = first.checked_add(jiff::Span::new().months(1));
            on.dates(first, next.map_err(|_| CliError::new("invalid.time"))?).await?
        }
    };
    Ok(on.node.calendar(on.scope, id, range).await?.into())
}

async fn free<B: Backend>(on: On<'_, B>, it: args::CalendarFree) -> Result<Outcome> {
    let listing = match &it.listing {
        None => None,
        Some(given) => Some(resolve::listing(on.node, on.scope, given).await?),
    };
    let clocks = match listing {
        None => on.zone().await?,
        Some(id) => on.node.clocks(on.scope, id).await?,
    };
    let on = on.on_clocks(&clocks);
    let range = match (it.on, it.from, it.to) {
        (Some(day), ..) => on.day(day).await?,
        (None, Some(from), Some(to)) => on.range(from, to).await?,
        _ => return Err(CliError::new("invalid.interval")),
    };
    let length_ms = it.length.map(args::Duration::as_ms);
    let query = FreeQuery { range, length_ms, quantity: it.quantity };
    match listing {
        Some(id) => Ok(on.node.free(on.scope, id, query).await?.into()),
        None => {
            let kind = it.kind.map(listing::kind);
            Ok(on.node.free_resources(on.scope, kind, query).await?.into())
        }
    }
}

async fn quote<B: Backend>(on: On<'_, B>, it: args::CalendarQuote) -> Result<Outcome> {
    let id = resolve::listing(on.node, on.scope, &it.listing).await?;
    let clocks = on.node.clocks(on.scope, id).await?;
    let on = on.on_clocks(&clocks);
    let wanted = match (it.on, it.start) {
        (Some(day), _) => on.day(day).await?,
        (None, Some(start)) => interval(on.instant(start).await?, on.instant_if(it.end).await?)?,
        (None, None) => return Err(CliError::new("invalid.interval")),
    };
    Ok(on.node.quote(on.scope, id, wanted, it.quantity).await?.into())
}

async fn block<B: Backend>(on: On<'_, B>, it: args::CalendarBlock) -> Result<Outcome> {
    let id = resolve::listing(on.node, on.scope, &it.listing).await?;
    let clocks = on.node.clocks(on.scope, id).await?;
    let range = on.on_clocks(&clocks).range(it.from, it.to).await?;
    let mut terms = TermsEdit::default();
    match (it.remove, it.cancel) {
        (true, _) => terms.unblock.push(range),
        (false, false) => terms.block.push(range),
        (false, true) => {}
    }
    let broken = it.cancel.then(|| (range, it.text.unwrap_or_default()));
    let content = ListingPatch::default();
    let edit = ListingEdit { content, terms, broken, dry_run: it.dry_run };
    Ok(on.node.listing_edit(on.scope, id, edit).await?.into())
}

async fn export<B: Backend>(on: On<'_, B>, it: args::CalendarExport) -> Result<Outcome> {
    let listing = match &it.listing {
        None => None,
        Some(given) => Some(resolve::listing(on.node, on.scope, given).await?),
    };
    let of = CalendarFileOf { listing, file: on.context.path(&it.file) };
    Ok(on.node.calendar_export(on.scope, of).await?.into())
}

async fn import<B: Backend>(on: On<'_, B>, it: args::CalendarImport) -> Result<Outcome> {
    let listing = resolve::listing(on.node, on.scope, &it.listing).await?;
    let to = on.instant(it.to).await?;
    let file = on.context.path(&it.file);
    let busy = BusyFile { listing, file, to, dry_run: it.dry_run };
    Ok(on.node.calendar_import(on.scope, busy).await?.into())
}

/// What the arguments change of the terms, the price aside.
pub(super) fn terms(it: TermsArgs) -> Result<TermsEdit> {
    let mode = match (it.instant, it.by_request) {
        (true, _) => Some(Mode::Instant),
        (false, true) => Some(Mode::ByRequest),
        (false, false) => None,
    };
    let mut edit = TermsEdit {
        capacity: it.capacity,
        mode,
        buffer_ms: it.buffer.map(|span| span.0.unwrap_or(0)),
        min_length_ms: it.min.map(|span| span.0),
        max_length_ms: it.max.map(|span| span.0),
        notice_ms: it.notice.map(|span| span.0.unwrap_or(0)),
        leave_notice_ms: it.leave_notice.map(|span| span.0.unwrap_or(0)),
        horizon_ms: it.horizon.map(|span| span.0),
        step_minutes: it.step.map(|step| step.0),
        zone: it.time_zone,
        holidays: it.holidays.map(|holidays| holidays.0),
        attendance: it.attended.map(|when| match when {
            AttendedArg::Throughout => Attendance::Throughout,
            AttendedArg::Ends => Attendance::AtEnds,
        }),
        cancellation: it.cancel.map(|cancel| cancel.0),
        accept: it.accept,
        offer_ms: it.offer.map(|span| span.0.unwrap_or(0)),
        tiers: it.tiers.map(|who| match who {
            TiersArg::Building => tiers::BUILDING,
            TiersArg::Landlord => tiers::LANDLORD,
            TiersArg::All => bounds::TIERS,
        }),
        attested: it.attestation.map(|which| which == AttestationArg::Required),
        consent: if it.owned { Some(None) } else { it.consent.map(Some) },
        ..TermsEdit::default()
    };
    if !it.hours.is_empty() {
        let weekly: Vec<_> = it.hours.iter().filter_map(|hours| hours.0.clone()).collect();
        // `always` beside hours says nothing more than the hours.
        edit.weekly = Some((!weekly.is_empty()).then(|| weekly.concat()));
    }
    for closed in it.closed {
        match closed {
            ClosedArg::Dates(dates) => {
                edit.exceptions.extend(dates.into_iter().map(|date| (date, Some(Vec::new()))));
            }
            // `never` beside others says nothing more than those.
            ClosedArg::Again(again) => edit.closures.get_or_insert_default().extend(again),
        }
    }
    for day in it.day {
        edit.exceptions.extend(day.dates.into_iter().map(|date| (date, day.hours.clone())));
    }
    if !it.quota.is_empty() {
        edit.quotas = Some(it.quota.iter().filter_map(|quota| quota.0).collect());
    }
    edit.deposit_cents = match it.deposit.map(|price| price.0) {
        None => None,
        Some(Price::Free) => Some(0),
        Some(Price::Euros { cents, per: Per::Once }) => Some(cents),
        Some(_) => return Err(CliError::new("invalid.deposit")),
    };
    Ok(edit)
}
