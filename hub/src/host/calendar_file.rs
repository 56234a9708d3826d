//! Calendar files: bookings out, busy times in.

use palier_model::booking::{BookingView, Status, TermsEdit};
use palier_model::ical::{
    CalendarFile, Event, EventStatus, ImportError, When as EventTime, WriteError, busy_times,
    limits,
};
use palier_model::replica::ActError;
use palier_model::service::{ServiceView, Stage};
use palier_model::time::{Instant, Interval, Zone};

use super::bookings::title_of;
use super::{Opened, calendar, listings, read_file, write_file};
use crate::answer::{CalendarExported, CalendarImported, LeftOut};
use crate::backend::{BusyFile, CalendarFileOf, Scope};
use crate::errors::{CliError, Result};

/// How long after now an open-ended booking is told.
const OPEN_ENDED_MS: i64 = 366 * Instant::DAY_MS;
/// Most bookings of one file.
const EVENTS: usize = limits::EVENTS;
/// What stands behind a booking's id, so that it is nobody else's.
const UID_HOST: &str = "palier";

/// A booking as an event; what it is called is its listing's title, never a name.
fn event(view: &BookingView, title: String) -> Event {
    let changed_at = view.history.iter().map(|line| line.at).max().unwrap_or_default();
    Event {
        uid: format!("{}@{UID_HOST}", view.booking),
        // Each thing that happens to a booking is one more line of its history.
        sequence: u32::try_from(view.history.len().saturating_sub(1)).unwrap_or(u32::MAX),
        changed_at,
        status: match view.status {
            Status::Confirmed => EventStatus::Confirmed,
            Status::Requested => EventStatus::Tentative,
            _ => EventStatus::Cancelled,
        },
        when: EventTime::At(view.interval),
        summary: title,
        description: String::new(),
        location: String::new(),
    }
}

/// Help that was agreed, or for which a time is proposed, as an event; none before that.
fn help_event(view: &ServiceView, title: String) -> Option<Event> {
    let newest = view.proposals.last().map(|it| it.interval);
    let interval = view.life.interval.or(newest)?;
    let changed_at = view.history.iter().map(|line| line.at).max().unwrap_or_default();
    Some(Event {
        uid: format!("{}@{UID_HOST}", view.booking),
        sequence: u32::try_from(view.history.len().saturating_sub(1)).unwrap_or(u32::MAX),
        changed_at,
        status: match view.life.stage {
            Stage::Answered | Stage::Proposed => EventStatus::Tentative,
            Stage::Declined | Stage::Withdrawn | Stage::Cancelled => EventStatus::Cancelled,
            _ => EventStatus::Confirmed,
        },
        when: EventTime::At(interval),
        summary: title,
        description: String::new(),
        location: String::new(),
    })
}

impl Opened {
    pub(super) async fn export_calendar(
        &self,
        scope: &Scope,
        of: CalendarFileOf,
    ) -> Result<CalendarExported> {
        let hood = self.hood_of(scope).await?;
        let zone = listings::zone_name(&self.zone_of(hood).await?);
        let zone = Zone::named(&zone).map_err(|_| CliError::new("invalid.zone"))?;
        let me = self.identity.member;
        let (events, name) = self
            .look(hood, move |replica, tx, now| {
                let mut events = Vec::new();
                let asked = |view: &BookingView| match of.listing {
                    Some(listing) => view.listing == listing,
                    None => view.requester == Some(me),
                };
                for view in replica.bookings(tx, now)?.iter().filter(|view| asked(view)) {
                    events.push(event(view, title_of(tx, &view.listing)?));
                }
                for view in replica.services(tx, now)? {
                    // Both sides have it in their own.
                    if of.listing.is_none_or(|listing| view.listing == listing) {
                        events.extend(help_event(&view, title_of(tx, &view.listing)?));
                    }
                }
                let name = match of.listing {
                    // Only what this person can read stands in it: one's own is all.
                    Some(listing) => {
                        replica.own_listing(tx, &listing)?;
                        title_of(tx, &listing)?
                    }
                    None => replica.name(tx)?,
                };
                Ok((events, name))
            })
            .await?;
        if events.len() > EVENTS {
            return Err(CliError::new("calendar.too_many").param("limit", EVENTS));
        }
        let last = self.node.clock().claimed().plus_ms(OPEN_ENDED_MS);
        let file = CalendarFile { name: &name, zone: &zone, last, events: &events };
        let text = file.to_text().map_err(|error: WriteError| CliError::internal(error))?;
        write_file(&of.file, text.as_bytes())?;
        let events = u64::try_from(events.len()).unwrap_or(u64::MAX);
        Ok(CalendarExported { file: of.file.display().to_string(), events })
    }

    pub(super) async fn import_calendar(
        &self,
        scope: &Scope,
        busy: BusyFile,
    ) -> Result<CalendarImported> {
        let hood = self.hood_of(scope).await?;
        let too_long = || CliError::new("calendar.too_many").param("limit", limits::EVENTS);
        let bytes = read_file(&busy.file, limits::FILE_BYTES)?.ok_or_else(too_long)?;
        let wrong = || CliError::new("calendar.no_file").param("file", busy.file.display());
        let text = String::from_utf8(bytes).map_err(|_| wrong())?;
        let now = self.node.clock().claimed();
        let range =
            Interval::new(now, Some(busy.to)).map_err(|_| CliError::new("invalid.interval"))?;
        let id = busy.listing;
        let dry_run = busy.dry_run;
        let zone = self
            .look(hood, move |replica, tx, _| {
                let domain = replica.domain_of(tx, &id)?;
                let terms = domain.terms(&id);
                let terms = terms.ok_or_else(|| ActError::conflict("listing.not_resource"))?;
                terms.zone().map_err(|_| ActError::conflict("booking.unreadable_terms"))
            })
            .await?;
        let told = busy_times(&text, &zone, &range).map_err(|error| match error {
            ImportError::TooMany | ImportError::TooLong => too_long(),
            _ => wrong(),
        })?;
        let block = told.busy.intervals().to_vec();
        let blocked = u64::try_from(block.len()).unwrap_or(u64::MAX);
        let edit = TermsEdit { block, ..TermsEdit::default() };
        let unfitting = self
            .write(hood, move |replica, tx, now, _| {
                replica.own_listing(tx, &id)?;
                replica.set_terms(tx, now, &id, &edit, !dry_run)
            })
            .await?;
        let place = self.zone_of(hood).await?;
        Ok(CalendarImported {
            id: id.into(),
            saved: !dry_run,
            events: u64::try_from(told.events).unwrap_or(u64::MAX),
            blocked,
            left_out: told
                .left_out
                .iter()
                .map(|left| LeftOut {
                    event: u64::try_from(left.event).unwrap_or(u64::MAX),
                    why: left.why.to_owned(),
                })
                .collect(),
            would_not_fit: unfitting.into_iter().map(|it| calendar::unfit(it, &place)).collect(),
        })
    }
}
