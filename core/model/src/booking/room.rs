//! A domain as it stands, and what can be had there: free and busy, why not, what else.
//!
//! Invariant: what is told free would be accepted, and what is not would be displaced:
//! the same gap and the same peak as in the calendar's pass, over what counts now.

use serde::{Deserialize, Serialize};

use super::availability::{Asker, Occupied, PartTree, Refusal, Relation, Segment, Survey};
use super::calendar::{Held, Waits, conflict};
use super::decide::Wanted;
use super::footing::Footing;
use super::records::{DomainId, Terms};
use super::rows::{Bookings, CalendarRow, CalendarSlots, Calendars};
use super::slots::slots_over;
use crate::keys::{BookingId, DocId, MemberId};
use crate::rows::{Key, RowsError, Tx};
use crate::time::{Instant, Interval, OpeningError, Zone, ZoneError, limits};

/// Most slots of one domain that are looked at.
const SLOTS: usize = 1 << 17;
/// How far around a wish others are looked for, at least, in days.
const AROUND_DAYS: i64 = 28;
/// How far in terms of its own length.
const AROUND_LENGTHS: i64 = 4;

/// A domain as it stands: its row and what counts in the range it was read over.
#[derive(Debug, Clone)]
pub struct DomainView {
    /// Its id.
    pub id: DomainId,
    /// The row.
    pub row: CalendarRow,
    /// What counts, by start.
    pub held: Vec<Held>,
    /// What is still out past its end, as far as that was looked for: it stands there from
    /// its start until it may be counted on again.
    pub out: Vec<Held>,
}

/// Another slot that could be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Alternative {
    /// Of what.
    pub listing: DocId,
    /// When.
    pub interval: Interval,
}

/// Why no question about a resource can be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RoomError {
    /// Not among the resources of the domain.
    #[error("no such resource in this domain")]
    NoSuchResource,
    /// A zone that this version does not know.
    #[error(transparent)]
    Zone(#[from] ZoneError),
    /// The range is too long, or out of the range of calendars.
    #[error(transparent)]
    Range(#[from] OpeningError),
}

impl DomainView {
    /// Reads a domain with all that counts in it, if it is here and its founding counts.
    /// Costs as much as it holds: questions about a time ask [`Self::over`].
    pub fn load(tx: &Tx<'_>, domain: &DomainId) -> Result<Option<Self>, RowsError> {
        let Some(mut view) = Self::head(tx, domain)? else { return Ok(None) };
        let slots = tx.rows_with_prefix::<CalendarSlots>(&domain.to_key(), SLOTS)?;
        view.held = slots.into_iter().map(|(_, held)| held).collect();
        view.held.sort_unstable_by_key(|held| (held.interval.start, held.booking));
        Ok(Some(view))
    }

    /// Reads its row alone.
    pub fn head(tx: &Tx<'_>, domain: &DomainId) -> Result<Option<Self>, RowsError> {
        let row = tx.row::<Calendars>(domain)?.filter(|row| row.counts);
        Ok(row.map(|row| Self { id: *domain, row, held: Vec::new(), out: Vec::new() }))
    }

    /// Reads it with what counts in a range, and within the gap on either side.
    pub fn over(
        tx: &Tx<'_>,
        domain: &DomainId,
        range: &Interval,
    ) -> Result<Option<Self>, RowsError> {
        let Some(mut view) = Self::head(tx, domain)? else { return Ok(None) };
        view.held = slots_over(tx, domain, &view.with_gaps(range))?;
        Ok(Some(view))
    }

    /// Reads it with what counts around a wish: where the nearest others are looked for.
    pub fn around(
        tx: &Tx<'_>,
        domain: &DomainId,
        wanted: &Interval,
        now: Instant,
    ) -> Result<Option<Self>, RowsError> {
        Self::over(tx, domain, &around(wanted, now))
    }

    fn with_gaps(&self, range: &Interval) -> Interval {
        let widest = self.row.terms.iter().map(Terms::gap_ms).max().unwrap_or(0);
        // One instant more: what is looked at may ask whether its end is still free.
        let widest = i64::try_from(widest).unwrap_or(i64::MAX).saturating_add(1);
        Interval {
            start: range.start.plus_ms(-widest),
            end: range.end.map(|end| end.plus_ms(widest)),
        }
    }

    /// The terms of a resource in force.
    pub fn terms(&self, resource: &DocId) -> Option<&Terms> {
        self.row.terms.get(self.row.record.index_of(resource)?)
    }

    /// The booking `id`, if it counts in what was read.
    pub fn held(&self, booking: &BookingId) -> Option<&Held> {
        self.held.iter().find(|held| held.booking == *booking)
    }

    /// What bookings of `other` are to `resource`.
    fn relation(&self, tree: &PartTree, resource: &DocId, other: &DocId) -> Option<Relation> {
        let record = &self.row.record;
        tree.relation(record.index_of(resource)?, record.index_of(other)?)
    }

    /// Whether a booking of one may stand in the way of one of the other.
    pub(super) fn touches(&self, resource: &DocId, other: &DocId) -> bool {
        self.relation(&self.tree(), resource, other).is_some()
    }

    fn tree(&self) -> PartTree {
        PartTree::of_domain(&self.row.record).unwrap_or_default()
    }

    /// What counts within the gap of an interval, on a resource, its parts and what it is
    /// part of.
    pub(super) fn near(&self, resource: &DocId, interval: &Interval) -> Vec<&Held> {
        let Some(terms) = self.terms(resource) else { return Vec::new() };
        let gap_ms = i64::try_from(terms.gap_ms()).unwrap_or(i64::MAX);
        let tree = self.tree();
        self.standing_there()
            .filter(|held| conflict(&held.interval, interval, gap_ms))
            .filter(|held| self.relation(&tree, resource, &held.resource).is_some())
            .collect()
    }

    /// Bookings within the gap of an interval: what stands in the way where it is taken.
    pub fn standing(&self, resource: &DocId, interval: &Interval) -> Vec<BookingId> {
        self.near(resource, interval).into_iter().map(|held| held.booking).collect()
    }

    /// What is booked of a resource, its parts and what it is part of, near a range: all
    /// but one.
    pub(super) fn occupied(
        &self,
        resource: &DocId,
        range: &Interval,
        without: Option<&BookingId>,
    ) -> Vec<Occupied> {
        let tree = self.tree();
        let near = self.near(resource, range).into_iter();
        let others = near.filter(|held| Some(&held.booking) != without);
        let occupied = others.filter_map(|held| {
            let relation = self.relation(&tree, resource, &held.resource)?;
            Some(Occupied { interval: held.interval, quantity: held.quantity, relation })
        });
        occupied.collect()
    }

    pub(super) fn of(&self, resource: &DocId) -> Result<(&Terms, Zone), RoomError> {
        let terms = self.terms(resource).ok_or(RoomError::NoSuchResource)?;
        Ok((terms, terms.zone()?))
    }

    /// Every rule of the terms that a wish breaks; empty: it can be had. The view was
    /// read over the wish.
    pub fn why_not(
        &self,
        resource: &DocId,
        wanted: &Interval,
        quantity: u32,
        asker: &Asker<'_>,
    ) -> Result<Vec<Refusal>, RoomError> {
        let (terms, zone) = self.of(resource)?;
        let occupied = self.occupied(resource, wanted, None);
        let survey = match Survey::new(&zone, terms, &occupied, *wanted) {
            Err(OpeningError::RangeTooLong) => return Ok(vec![without_end(wanted)]),
            survey => survey?,
        };
        let broken = survey.why_not(wanted, quantity, asker)?;
        self.naming_what_is_out(broken, |it| it.why_not(resource, wanted, quantity, asker))
    }

    /// What of that nobody can make an exception of: how many there are, closures, what
    /// is booked.
    pub fn in_the_way(
        &self,
        resource: &DocId,
        wanted: &Interval,
        quantity: u32,
    ) -> Result<Vec<Refusal>, RoomError> {
        let terms = self.terms(resource).ok_or(RoomError::NoSuchResource)?;
        // Only closures that come again need the zone.
        let zone = match terms.zone() {
            Err(_) if terms.opening.closures.is_empty() => Zone::utc(),
            zone => zone?,
        };
        let occupied = self.occupied(resource, wanted, None);
        let survey = match Survey::of_calendar(&zone, terms, &occupied, *wanted) {
            Err(OpeningError::RangeTooLong) => return Ok(vec![without_end(wanted)]),
            survey => survey?,
        };
        let broken = survey.in_the_way(wanted, quantity)?;
        self.naming_what_is_out(broken, |it| it.in_the_way(resource, wanted, quantity))
    }

    /// The same with others booked besides.
    #[must_use]
    pub fn with(mut self, others: &[Wanted]) -> Self {
        let (decided_by, decision) = (self.row.holder, self.id);
        self.held.extend(others.iter().map(|wanted| Held {
            booking: wanted.booking,
            resource: wanted.resource,
            interval: wanted.interval,
            quantity: wanted.quantity,
            firm: false,
            place: 0,
            decided_by,
            decision,
            resized: None,
        }));
        self.held.sort_unstable_by_key(|held| (held.interval.start, held.booking));
        self
    }

    /// Whether somebody who waits could have it now. The view was read over what he waits
    /// for.
    pub fn has_room(&self, waits: &Waits) -> bool {
        let others = self.in_the_way(&waits.resource, &waits.interval, waits.quantity);
        others.is_ok_and(|others| others.is_empty())
    }

    /// Whether somebody who waits could have it now, and no longer once `wanted` is booked.
    pub fn is_overtaken(&self, waits: &Waits, wanted: &Wanted) -> bool {
        waits.booking != wanted.booking
            && self.has_room(waits)
            && !self.clone().with(&[*wanted]).has_room(waits)
    }

    /// How many units of a resource are free when, over a range that was read: segments
    /// without holes. An interval can be had for so many units as are free at each of its
    /// instants.
    pub fn free(&self, resource: &DocId, range: &Interval) -> Result<Vec<Segment>, RoomError> {
        let (terms, zone) = self.of(resource)?;
        let occupied = self.occupied(resource, range, None);
        Ok(Survey::new(&zone, terms, &occupied, *range)?.free())
    }

    /// The first of so long within a range that was read.
    pub fn earliest(
        &self,
        resource: &DocId,
        range: &Interval,
        length: super::availability::Length,
        quantity: u32,
        asker: &Asker<'_>,
    ) -> Result<Option<Interval>, RoomError> {
        let (terms, zone) = self.of(resource)?;
        let occupied = self.occupied(resource, range, None);
        let survey = Survey::new(&zone, terms, &occupied, *range)?;
        Ok(survey.earliest(length, quantity, asker)?)
    }

    /// Slots as long as `wanted` nearest to it on the same resource, nearest first, that
    /// break no rule. The view was read around the wish.
    pub fn alternatives(
        &self,
        resource: &DocId,
        wanted: &Interval,
        quantity: u32,
        asker: &Asker<'_>,
        limit: usize,
    ) -> Vec<Alternative> {
        let range = around(wanted, asker.now);
        let found = || -> Result<Vec<Interval>, RoomError> {
            let (terms, zone) = self.of(resource)?;
            let occupied = self.occupied(resource, &range, None);
            let survey = Survey::new(&zone, terms, &occupied, range)?;
            Ok(survey.alternatives(wanted, quantity, asker, limit)?)
        };
        // Where nothing can be said, nothing is offered.
        let found = found().unwrap_or_default().into_iter();
        found.map(|interval| Alternative { listing: *resource, interval }).collect()
    }

    /// Bookings still to end at `now` that other terms would not allow: they stay, and
    /// whoever sets the terms is told. Rules about the asker, and how long ahead, were
    /// kept when they were made.
    pub fn would_not_fit(
        &self,
        resource: &DocId,
        terms: &Terms,
        now: Instant,
    ) -> Result<Vec<(Held, Vec<Refusal>)>, RoomError> {
        let index = self.row.record.index_of(resource).ok_or(RoomError::NoSuchResource)?;
        let mut then = Self { out: Vec::new(), ..self.clone() };
        let slot = then.row.terms.get_mut(index).ok_or(RoomError::NoSuchResource)?;
        *slot = Terms {
            notice_ms: 0,
            horizon_ms: None,
            quotas: Vec::new(),
            tiers: super::records::bounds::TIERS,
            attested: false,
            ..terms.clone()
        };
        let zone = terms.zone()?;
        let asker = Asker { footing: Footing::NEAREST, mine: &[], now: Instant(0) };
        let mut found = Vec::new();
        for held in &self.held {
            if held.resource != *resource || held.interval.end.is_some_and(|end| end <= now) {
                continue;
            }
            let occupied = then.occupied(resource, &held.interval, Some(&held.booking));
            let survey = Survey::new(&zone, &then.row.terms[index], &occupied, held.interval);
            let broken = match survey {
                Err(OpeningError::RangeTooLong) => vec![without_end(&held.interval)],
                survey => survey?.why_not(&held.interval, held.quantity, &asker)?,
            };
            if !broken.is_empty() {
                found.push((held.clone(), broken));
            }
        }
        Ok(found)
    }
}

/// What a range that is too long for opening hours breaks.
fn without_end(wanted: &Interval) -> Refusal {
    match wanted.end {
        None => Refusal::OpenEnded,
        Some(_) => Refusal::TooLong {
            most_ms: u64::try_from(limits::RANGE_DAYS * Instant::DAY_MS).unwrap_or(u64::MAX),
        },
    }
}

/// The range in which others than a wish are looked for: about a month on either side,
/// more for a long one, not before `now`.
fn around(wanted: &Interval, now: Instant) -> Interval {
    let length = wanted.length_ms().unwrap_or(0);
    let longest = limits::RANGE_DAYS * Instant::DAY_MS / 3;
    let reach = length.saturating_mul(AROUND_LENGTHS).max(AROUND_DAYS * Instant::DAY_MS);
    let reach = reach.min(longest);
    let start = wanted.start.plus_ms(-reach).max(now.min(wanted.start));
    let end = wanted.start.plus_ms(length.min(longest)).plus_ms(reach);
    Interval { start, end: Some(end) }
}

/// What a member has booked of a resource within reach of a wish: what its quotas count.
/// As far as it can be told here: whose a booking is, only its parties know.
pub fn booked_by(
    tx: &Tx<'_>,
    domain: &DomainView,
    resource: &DocId,
    member: &MemberId,
    wanted: &Interval,
    now: Instant,
) -> Result<Vec<Interval>, RowsError> {
    booked_besides(tx, domain, (resource, None), member, wanted, now)
}

/// The same but for one booking, if that is given.
pub(super) fn booked_besides(
    tx: &Tx<'_>,
    domain: &DomainView,
    (resource, but): (&DocId, Option<&BookingId>),
    member: &MemberId,
    wanted: &Interval,
    now: Instant,
) -> Result<Vec<Interval>, RowsError> {
    let quotas = domain.terms(resource).map(|terms| terms.quotas.as_slice()).unwrap_or_default();
    let Some(reach_ms) = quotas.iter().map(super::availability::Quota::reach_ms).max() else {
        return Ok(Vec::new());
    };
    let mut range = Interval {
        start: wanted.start.plus_ms(-reach_ms),
        end: wanted.end.map(|end| end.plus_ms(reach_ms)),
    };
    if quotas.iter().any(super::availability::Quota::is_ahead) {
        range = Interval { start: range.start.min(now), end: None };
    }
    let mut mine = Vec::new();
    for held in slots_over(tx, &domain.id, &range)? {
        if held.resource != *resource || but == Some(&held.booking) {
            continue;
        }
        let row = tx.row::<Bookings>(&held.booking)?;
        let requester = row.and_then(|row| row.request().map(|request| request.by.member));
        if requester == Some(*member) {
            mine.push(held.interval);
        }
    }
    Ok(mine)
}
