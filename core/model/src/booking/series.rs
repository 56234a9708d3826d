//! What comes again, asked for at once: every occurrence with what it costs and what
//! stands against it, before anything is written.
//!
//! Invariant: an occurrence is free exactly where a request for it alone would be, once
//! all free ones before it were booked by the same person: so quotas are judged over the
//! whole series, and no two occurrences stand in each other's way.

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime};

use super::availability::{Asker, Refusal};
use super::decide::Wanted;
use super::footing::Footing;
use super::records::bounds;
use super::room::{Alternative, DomainView, RoomError, booked_by};
use super::tariff::{Quote, TariffError};
use crate::keys::{BookingId, DocId, MemberId};
use crate::rows::{RowsError, Tx};
use crate::time::{
    Bound, Instant, Interval, Occurrence, Recurrence, RecurrenceError, Zone, ZoneError, limits,
};

/// How many other slots are offered for each occurrence.
const ALTERNATIVES: usize = 3;

/// Which occurrences are wanted, on the clocks of the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesWish {
    /// When they begin.
    pub recurrence: Recurrence,
    /// How long each is on the wall clock.
    pub minutes: u32,
    /// How many units.
    pub quantity: u32,
}

/// One occurrence of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Which, and when.
    pub occurrence: Occurrence,
    /// Every rule that it breaks; empty: it can be had.
    pub broken: Vec<Refusal>,
    /// What it costs.
    pub quote: Result<Quote, TariffError>,
    /// What else could be had, nearest first, where it cannot.
    pub alternatives: Vec<Alternative>,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SeriesError {
    /// It goes on for ever.
    #[error("a series must have an end")]
    NoEnd,
    /// Not one occurrence.
    #[error("there is no such day")]
    Empty,
    /// More than one series may have.
    #[error("more than {} occurrences", bounds::SERIES)]
    TooMany,
    /// Ends before it begins, does not last whole minutes, or lasts longer than a year.
    #[error("an occurrence of that length cannot be")]
    Length,
    /// A day that is to be left out is none of its days.
    #[error("nothing of the series is on {0}")]
    NotADay(Date),
    /// The rule, the start or what is taken out.
    #[error(transparent)]
    Bounds(#[from] RecurrenceError),
    /// A time out of the range of calendars.
    #[error(transparent)]
    Zone(#[from] ZoneError),
    /// No question about the resource can be answered.
    #[error(transparent)]
    Room(#[from] RoomError),
    /// The rows.
    #[error(transparent)]
    Rows(#[from] RowsError),
}

impl SeriesWish {
    /// What comes again as often as `recurrence` says, from its start to `end` on the wall
    /// clock.
    pub fn new(recurrence: Recurrence, end: DateTime, quantity: u32) -> Result<Self, SeriesError> {
        recurrence.check()?;
        let long = end.duration_since(recurrence.start);
        let minutes = u32::try_from(long.as_mins()).map_err(|_| SeriesError::Length)?;
        let is_whole = long == jiff::SignedDuration::from_mins(i64::from(minutes));
        if !is_whole || !(1..=limits::OCCURRENCE_MINUTES).contains(&minutes) {
            return Err(SeriesError::Length);
        }
        Ok(Self { recurrence, minutes, quantity })
    }

    /// Takes the occurrences of some dates out. `must`: each must be a day of the series.
    pub fn leave_out(&mut self, dates: &BTreeSet<Date>, must: bool) -> Result<(), SeriesError> {
        let start = self.recurrence.start;
        if must {
            let days: BTreeSet<Date> =
                self.recurrence.starts().take(bounds::SERIES).map(|at| at.date()).collect();
            if let Some(other) = dates.difference(&days).next() {
                return Err(SeriesError::NotADay(*other));
            }
        }
        let times = dates.iter().map(|date| date.to_datetime(start.time()));
        self.recurrence.exceptions.extend(times);
        Ok(self.recurrence.check()?)
    }

    /// All of them, by start.
    pub fn occurrences(&self, zone: &Zone) -> Result<Vec<Occurrence>, SeriesError> {
        if self.recurrence.rule.bound == Bound::Forever {
            return Err(SeriesError::NoEnd);
        }
        let always = Interval { start: Instant(0), end: None };
        let found = self.recurrence.occurrences(zone, self.minutes, &always, bounds::SERIES)?;
        match found.items.as_slice() {
            [] => Err(SeriesError::Empty),
            _ if found.is_cut => Err(SeriesError::TooMany),
            _ => Ok(found.items),
        }
    }
}

/// What each occurrence costs `member`, and whether it could be had now.
pub fn plan(
    tx: &Tx<'_>,
    domain: &DomainView,
    resource: &DocId,
    (member, footing): (&MemberId, Footing),
    wish: &SeriesWish,
    now: Instant,
) -> Result<Vec<Planned>, SeriesError> {
    let terms = domain.terms(resource).ok_or(RoomError::NoSuchResource)?;
    let zone = terms.zone()?;
    let occurrences = wish.occurrences(&zone)?;
    let end = occurrences.iter().map(|it| it.interval.end_or_max()).max();
    let start = occurrences.first().map_or(now, |it| it.interval.start);
    let all = Interval { start, end };
    let mut mine = booked_by(tx, domain, resource, member, &all, now)?;
    let mut own: Vec<Wanted> = Vec::new();
    let mut planned = Vec::with_capacity(occurrences.len());
    for occurrence in occurrences {
        let interval = occurrence.interval;
        let Some(view) = DomainView::over(tx, &domain.id, &interval)? else {
            return Err(RoomError::NoSuchResource.into());
        };
        let view = view.with(&own);
        let asker = Asker { footing, mine: &mine, now };
        let broken = view.why_not(resource, &interval, wish.quantity, &asker)?;
        let quote = terms.tariff.quote(&zone, &interval, wish.quantity, terms.deposit_cents);
        if broken.is_empty() {
            own.push(stand_for(own.len(), resource, &interval, wish.quantity));
            mine.push(interval);
        }
        planned.push(Planned { occurrence, broken, quote, alternatives: Vec::new() });
    }
    // Others are looked for beside all that would be written.
    for conflict in planned.iter_mut().filter(|it| !it.broken.is_empty()) {
        let interval = conflict.occurrence.interval;
        let Some(view) = DomainView::around(tx, &domain.id, &interval, now)? else { continue };
        let asker = Asker { footing, mine: &mine, now };
        let view = view.with(&own);
        conflict.alternatives =
            view.alternatives(resource, &interval, wish.quantity, &asker, ALTERNATIVES);
    }
    Ok(planned)
}

/// Stands for an occurrence that is not written yet.
fn stand_for(number: usize, resource: &DocId, interval: &Interval, quantity: u32) -> Wanted {
    let mut id = [0; 32];
    id[..8].copy_from_slice(&u64::try_from(number).unwrap_or(u64::MAX).to_be_bytes());
    let booking = BookingId(id);
    Wanted {
        booking,
        resource: *resource,
        interval: *interval,
        quantity,
        footing: Footing::NEAREST,
    }
}
