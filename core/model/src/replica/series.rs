//! What comes again, asked for and answered at once.
//!
//! Invariant: of a series all that was to be written is written, or nothing; each
//! occurrence is a booking of its own, which lives and is answered on its own.

use std::collections::BTreeSet;

use rand_core::CryptoRng;

use super::refused::{of_rule, told};
use super::{ActError, NewRequest, Replica};
use crate::booking::series::{Planned, SeriesError, SeriesWish, plan};
use crate::booking::{self, Accepts, BookingView, Bookings, DomainView, RoomError, Status, Terms};
use crate::keys::{BookingId, DocId, SeriesId};
use crate::projection::Changes;
use crate::rows::Tx;
use crate::service::ServiceView;
use crate::time::civil::{Date, DateTime};
use crate::time::{Instant, Interval, Recurrence, RecurrenceError, Rule, Zone};

/// Bookings of one person that are looked through.
const BOOKINGS: usize = 1 << 16;

/// A time as a person gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// On the wall clock of the place.
    Wall(DateTime),
    /// The same everywhere.
    At(Instant),
}

impl Moment {
    pub(super) fn wall(self, zone: &Zone) -> Result<DateTime, ActError> {
        match self {
            Self::Wall(wall) => Ok(wall),
            Self::At(at) => zone.wall(at).map_err(|_| ActError::invalid("invalid.time")),
        }
    }
}

/// A series as its requester wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSeries {
    /// Of what.
    pub listing: DocId,
    /// When the first that can be begins.
    pub start: Moment,
    /// When that ends.
    pub end: Moment,
    /// How it comes again; it must have an end.
    pub rule: Rule,
    /// Dates on which nothing of it is, whether or not it would be.
    pub except: BTreeSet<Date>,
    /// How many units each time.
    pub quantity: u32,
    /// The text of the terms that is accepted, where there is one.
    pub accepts: Accepts,
}

/// What of a series is left out when it is written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SeriesSkip {
    /// All that cannot be had.
    pub conflicts: bool,
    /// These; each must be a day of the series.
    pub dates: BTreeSet<Date>,
}

/// A series before it is written.
#[derive(Debug, Clone)]
pub struct SeriesPlan {
    /// The terms in force.
    pub terms: Terms,
    /// The zone of the place.
    pub zone: Zone,
    /// Its occurrences by start, each with every rule that it breaks.
    pub items: Vec<(Planned, Vec<ActError>)>,
}

/// A series that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesWritten {
    /// Its id.
    pub series: SeriesId,
    /// The booking of each occurrence of the plan; none: it was left out.
    pub bookings: Vec<Option<BookingId>>,
}

/// What is done with all of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeriesAct {
    /// Say yes.
    Accept,
    /// Say no.
    Refuse,
    /// Give up, or take back what was accepted.
    Cancel,
}

impl Replica {
    /// Every occurrence of a series, with what it costs and what stands against it.
    pub fn plan_series(
        &self,
        tx: &Tx<'_>,
        now: Instant,
        new: &NewSeries,
        skip: &SeriesSkip,
    ) -> Result<SeriesPlan, ActError> {
        let domain = self.may_ask_for(tx, &new.listing, now)?;
        self.plan_in(tx, now, &domain, new, skip)
    }

    fn plan_in(
        &self,
        tx: &Tx<'_>,
        now: Instant,
        domain: &DomainView,
        new: &NewSeries,
        skip: &SeriesSkip,
    ) -> Result<SeriesPlan, ActError> {
        let terms = domain.terms(&new.listing).cloned();
        let terms = terms.ok_or_else(|| ActError::conflict("listing.not_resource"))?;
        let zone = terms.zone().map_err(|_| ActError::conflict("booking.unreadable_terms"))?;
        let (start, end) = (new.start.wall(&zone)?, new.end.wall(&zone)?);
        let wish = || -> Result<SeriesWish, SeriesError> {
            let recurrence = Recurrence::new(start, new.rule.clone())?;
            let mut wish = SeriesWish::new(recurrence, end, new.quantity)?;
            wish.leave_out(&new.except, false)?;
            wish.leave_out(&skip.dates, true)?;
            Ok(wish)
        };
        let me = (&self.me.member, self.footing(&domain.row.owner, &self.me.member));
        let planned = wish().and_then(|wish| plan(tx, domain, &new.listing, me, &wish, now));
        let items = planned.map_err(series_error)?.into_iter().map(|planned| {
            let at = told(planned.occurrence.interval.start, &zone);
            let broken = planned.broken.iter();
            let broken = broken.map(|it| of_rule(it, &zone).with("start_at", &at)).collect();
            (planned, broken)
        });
        Ok(SeriesPlan { items: items.collect(), terms, zone })
    }

    /// Asks for all of a series at once, or for all but what is skipped.
    pub fn create_series(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        new: &NewSeries,
        skip: &SeriesSkip,
        note: &str,
    ) -> Result<((SeriesPlan, SeriesWritten), Changes), ActError> {
        let domain = self.may_ask_for(tx, &new.listing, now)?;
        let plan = self.plan_in(tx, now, &domain, new, skip)?;
        let conflicts = plan.items.iter().filter(|(_, broken)| !broken.is_empty()).count();
        if conflicts == plan.items.len() || (conflicts > 0 && !skip.conflicts) {
            return Err(conflicts_error(&plan, conflicts));
        }
        let mut id = [0; 16];
        rng.fill_bytes(&mut id);
        let series = SeriesId(id);
        let mut changes = Changes::default();
        let mut bookings = Vec::with_capacity(plan.items.len());
        for (planned, broken) in &plan.items {
            if !broken.is_empty() {
                bookings.push(None);
                continue;
            }
            let request = NewRequest {
                listing: new.listing,
                interval: planned.occurrence.interval,
                quantity: new.quantity,
                waitlist: false,
                note: note.to_owned(),
                accepts: new.accepts,
            };
            let asked = (request, Some(series));
            bookings.push(Some(self.ask(tx, now, rng, &domain, asked, &mut changes)?));
        }
        Ok(((plan, SeriesWritten { series, bookings }), changes))
    }

    /// What of a series is open to an act of this person, by start.
    pub fn open_of_series(
        &self,
        tx: &Tx<'_>,
        now: Instant,
        series: &SeriesId,
        act: SeriesAct,
    ) -> Result<Vec<(BookingId, Interval)>, ActError> {
        if let Some(help) = self.open_help_of(tx, now, series, act)? {
            let newest = |it: &ServiceView| it.proposals.last().map(|it| it.interval);
            let when = |it: &ServiceView| it.life.interval.or(newest(it));
            let mut all: Vec<(BookingId, Interval)> =
                help.iter().filter_map(|it| Some((it.booking, when(it)?))).collect();
            all.sort_unstable_by_key(|(id, interval)| (interval.start, *id));
            return Ok(all);
        }
        let mut all = Vec::new();
        let mut requesters = BTreeSet::new();
        for (key, row) in tx.rows_with_prefix::<Bookings>(&[], BOOKINGS)? {
            if row.request().and_then(|request| request.record.series) != Some(*series) {
                continue;
            }
            let Some(id) = BookingId::from_slice(&key) else { continue };
            let view = booking::view(tx, &id, &self.me.member, &[], &self.authority, now)?;
            let Some(view) = view else { continue };
            requesters.extend(view.requester);
            all.push(view);
        }
        match requesters.len() {
            0 => return Err(ActError::not_found("series.not_found")),
            1 => {}
            // Somebody gave his request the id of another's series.
            _ => return Err(ActError::conflict("series.several_people")),
        }
        all.retain(|view| is_open(view, act));
        all.sort_unstable_by_key(|view| (view.interval.start, view.booking));
        Ok(all.into_iter().map(|view| (view.booking, view.interval)).collect())
    }
}

fn is_open(view: &BookingView, act: SeriesAct) -> bool {
    match act {
        SeriesAct::Accept => {
            matches!(view.status, Status::Requested | Status::Waiting | Status::Displaced)
        }
        SeriesAct::Refuse => matches!(view.status, Status::Requested | Status::Waiting),
        SeriesAct::Cancel => match view.status {
            Status::Requested | Status::Waiting | Status::Offered | Status::Displaced => true,
            Status::Confirmed => {
                view.life.is_none_or(|life| life.stage == booking::lifecycle::Stage::Booked)
            }
            _ => false,
        },
    }
}

/// A refusal that names each occurrence that cannot be had, and after it every rule that
/// it breaks.
fn conflicts_error(plan: &SeriesPlan, conflicts: usize) -> ActError {
    let mut error = ActError::conflict("series.conflicts")
        .with("conflicts", conflicts)
        .with("occurrences", plan.items.len());
    for (planned, broken) in plan.items.iter().filter(|(_, broken)| !broken.is_empty()) {
        let at = told(planned.occurrence.interval.start, &plan.zone);
        let mut of = ActError::conflict("series.conflict").with("start_at", at);
        of.also.clone_from(broken);
        error.also.push(of);
    }
    error
}

pub(super) fn series_error(error: SeriesError) -> ActError {
    match error {
        SeriesError::NoEnd => ActError::invalid("series.no_end"),
        SeriesError::Empty => ActError::invalid("series.empty"),
        SeriesError::TooMany => {
            ActError::invalid("series.too_many").with("most", booking::records::bounds::SERIES)
        }
        SeriesError::Length => ActError::invalid("invalid.interval"),
        SeriesError::NotADay(date) => ActError::invalid("series.not_a_day").with("date", date),
        SeriesError::Bounds(RecurrenceError(what)) => {
            ActError::invalid("series.rule").with("field", what)
        }
        SeriesError::Zone(_) => ActError::invalid("invalid.time"),
        SeriesError::Room(RoomError::NoSuchResource) => ActError::conflict("listing.not_resource"),
        SeriesError::Room(RoomError::Zone(_)) => ActError::conflict("booking.unreadable_terms"),
        SeriesError::Room(RoomError::Range(_)) => ActError::invalid("invalid.range"),
        SeriesError::Rows(error) => error.into(),
    }
}
