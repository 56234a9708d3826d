//! Looking at a calendar before asking: free and busy, a quote, what new terms would do.

use super::refused::{of_decision, of_rule};
use super::{ActError, Replica};
use crate::booking::availability::{Asker, Length, Segment};
use crate::booking::tariff::{Quote, TariffError};
use crate::booking::{
    self, Alternative, Care, DecideError, DomainId, DomainView, Held, RoomError, Terms, TermsEdit,
    Wanted, booked_by,
};
use crate::keys::{BookingId, DocId};
use crate::listing::{ListingKind, ListingRow, ListingStatus, Listings};
use crate::projection::Changes;
use crate::rows::{RowsError, Tx};
use crate::time::{Instant, Interval, Zone, limits};

/// How many other slots are offered.
const ALTERNATIVES: usize = 5;
/// Listings that one search by time looks at.
const LISTINGS: usize = 1 << 17;

/// A resource over a range.
#[derive(Debug, Clone)]
pub struct Calendar {
    /// The terms in force.
    pub terms: Terms,
    /// The zone of the place.
    pub zone: Zone,
    /// Units free, segments without holes.
    pub free: Vec<Segment>,
    /// What counts of this resource, by start.
    pub held: Vec<Held>,
    /// Whether the terms serve this person, as the charter attests his home.
    pub open_to_me: bool,
}

/// What a wish would cost, and whether it could be had.
#[derive(Debug, Clone)]
pub struct Quoted {
    /// The terms in force.
    pub terms: Terms,
    /// The zone of the place.
    pub zone: Zone,
    /// What it costs; an error where there is no total.
    pub quote: Result<Quote, TariffError>,
    /// Every rule that it breaks, as errors with typed values; empty: it can be had.
    pub broken: Vec<ActError>,
    /// What else could be had, nearest first, where it cannot.
    pub alternatives: Vec<Alternative>,
}

/// A booking that new terms would not allow any more. It stays.
#[derive(Debug, Clone)]
pub struct Unfitting {
    /// The booking.
    pub held: Held,
    /// Every rule that it breaks, as errors with typed values.
    pub broken: Vec<ActError>,
}

/// A resource that can be had at a time.
#[derive(Debug, Clone)]
pub struct FreeResource {
    /// Its listing.
    pub listing: ListingRow,
    /// When: the first that fits.
    pub interval: Interval,
    /// How many units are free throughout.
    pub free: u32,
}

impl Replica {
    /// A domain with what counts in a range, and what is still out as far as this device
    /// knows.
    pub(super) fn domain_over(
        &self,
        tx: &Tx<'_>,
        domain: &DomainId,
        range: &Interval,
        now: Instant,
    ) -> Result<Option<DomainView>, RowsError> {
        let mut view = DomainView::over(tx, domain, range)?;
        if let Some(view) = &mut view {
            view.note_still_out(tx, range, &self.genuine(), &self.me.member, now)?;
        }
        Ok(view)
    }

    /// The resource of a listing with what counts in a range.
    fn resource_over(
        &self,
        tx: &Tx<'_>,
        listing: &DocId,
        range: &Interval,
        now: Instant,
    ) -> Result<(DomainView, Terms, Zone), ActError> {
        let head = self.domain_of(tx, listing)?;
        let view = self.domain_over(tx, &head.id, range, now)?.unwrap_or(head);
        let terms = view.terms(listing).cloned();
        let terms = terms.ok_or_else(|| ActError::conflict("listing.not_resource"))?;
        let zone = terms.zone().map_err(|_| ActError::conflict("booking.unreadable_terms"))?;
        Ok((view, terms, zone))
    }

    /// A resource over a range, for a calendar.
    pub fn calendar(
        &self,
        tx: &Tx<'_>,
        now: Instant,
        listing: &DocId,
        range: &Interval,
    ) -> Result<Calendar, ActError> {
        check_range(range)?;
        let (view, terms, zone) = self.resource_over(tx, listing, range, now)?;
        let free = view.free(listing, range).map_err(of_room)?;
        let mine = |held: &Held| held.resource == *listing && held.interval.overlaps(range);
        let held = view.held.iter().filter(|held| mine(held)).cloned().collect();
        let open_to_me = self.footing(&view.row.owner, &self.me.member).is_served(&terms)
            || view.row.owner == self.me.member;
        Ok(Calendar { terms, zone, free, held, open_to_me })
    }

    /// What a wish would cost, whether it could be had by this person now, and if not why
    /// and what else.
    pub fn quote(
        &self,
        tx: &Tx<'_>,
        now: Instant,
        listing: &DocId,
        interval: &Interval,
        quantity: u32,
    ) -> Result<Quoted, ActError> {
        let (view, terms, zone) = self.resource_over(tx, listing, interval, now)?;
        let quote = terms.tariff.quote(&zone, interval, quantity, terms.deposit_cents);
        let mine = booked_by(tx, &view, listing, &self.me.member, interval, now)?;
        let footing = self.footing(&view.row.owner, &self.me.member);
        let asker = Asker { footing, mine: &mine, now };
        let broken = view.why_not(listing, interval, quantity, &asker).map_err(of_room)?;
        let alternatives = match broken.is_empty() {
            true => Vec::new(),
            false => self.alternatives(tx, &view, listing, interval, quantity, &asker)?,
        };
        let broken = broken.iter().map(|refusal| of_rule(refusal, &zone)).collect();
        Ok(Quoted { terms, zone, quote, broken, alternatives })
    }

    fn alternatives(
        &self,
        tx: &Tx<'_>,
        view: &DomainView,
        listing: &DocId,
        interval: &Interval,
        quantity: u32,
        asker: &Asker<'_>,
    ) -> Result<Vec<Alternative>, ActError> {
        let mut around = DomainView::around(tx, &view.id, interval, asker.now)?;
        if let Some(around) = &mut around {
            around.out.clone_from(&view.out);
        }
        let found = around
            .map(|around| around.alternatives(listing, interval, quantity, asker, ALTERNATIVES));
        Ok(found.unwrap_or_default())
    }

    /// Whether this person may ask for it. That others were there before is no reason not
    /// to: they may give it back, or this device may not know yet.
    pub(super) fn may_ask(
        &self,
        tx: &Tx<'_>,
        now: Instant,
        domain: &DomainView,
        wanted: &Wanted,
    ) -> Result<(), ActError> {
        let interval = &wanted.interval;
        let Some(view) = self.domain_over(tx, &domain.id, interval, now)? else { return Ok(()) };
        let mine = booked_by(tx, &view, &wanted.resource, &self.me.member, interval, now)?;
        match booking::check(&view, wanted, &mine, Care::AllTerms, now) {
            Ok(()) | Err(DecideError::Taken { .. }) => Ok(()),
            Err(error) => {
                let mut refused = self.decide_error_of(&view, &wanted.resource, &error);
                let asker = Asker { footing: wanted.footing, mine: &mine, now };
                let Wanted { resource, quantity, .. } = wanted;
                refused.offers =
                    self.alternatives(tx, &view, resource, interval, *quantity, &asker)?;
                Err(refused)
            }
        }
    }

    /// An error of a decision, told on the clocks of the place.
    pub(super) fn decide_error_of(
        &self,
        view: &DomainView,
        resource: &DocId,
        error: &DecideError,
    ) -> ActError {
        let zone = view.terms(resource).and_then(|terms| terms.zone().ok());
        of_decision(error, &zone.unwrap_or_else(Zone::utc))
    }

    /// Published resources of a kind (any kind) of which `quantity` units can be had by
    /// this person within a range: the whole range, or the first of some length in it.
    pub fn free_resources(
        &self,
        tx: &Tx<'_>,
        now: Instant,
        kind: Option<ListingKind>,
        range: &Interval,
        length: Option<Length>,
        quantity: u32,
    ) -> Result<Vec<FreeResource>, ActError> {
        check_range(range)?;
        let mut found = Vec::new();
        for (_, row) in tx.rows_with_prefix::<Listings>(&[], LISTINGS)? {
            let is_asked = kind.is_none_or(|kind| kind == row.content.kind)
                && row.status(now) == ListingStatus::Published
                && row.owner != self.owner();
            let Some(domain) = row.content.domain.filter(|_| is_asked) else { continue };
            let Some(view) = self.domain_over(tx, &domain, range, now)? else { continue };
            if view.row.owned_by() != row.owner || view.terms(&row.id).is_none() {
                continue;
            }
            let mine = booked_by(tx, &view, &row.id, &self.me.member, range, now)?;
            let footing = self.footing(&view.row.owner, &self.me.member);
            let asker = Asker { footing, mine: &mine, now };
            // One whose terms cannot be read here is not free here.
            let Ok(fit) = first_fit(&view, &row.id, range, length, quantity, &asker) else {
                continue;
            };
            let Some(interval) = fit else { continue };
            let free = view.free(&row.id, &interval).unwrap_or_default();
            let free = free.iter().map(|segment| segment.free).min().unwrap_or(0);
            found.push(FreeResource { listing: row, interval, free });
        }
        Ok(found)
    }

    /// What other terms would do to what is confirmed.
    pub fn would_not_fit(
        &self,
        tx: &Tx<'_>,
        now: Instant,
        listing: &DocId,
        terms: &Terms,
    ) -> Result<Vec<Unfitting>, ActError> {
        let ahead = Interval { start: now, end: None };
        let (view, ..) = self.resource_over(tx, listing, &ahead, now)?;
        let zone = terms.zone().map_err(|_| ActError::invalid("invalid.zone"))?;
        let found = view.would_not_fit(listing, terms, now).map_err(of_room)?;
        let tell = |(held, broken): (Held, Vec<_>)| Unfitting {
            held,
            broken: broken.iter().map(|refusal| of_rule(refusal, &zone)).collect(),
        };
        Ok(found.into_iter().map(tell).collect())
    }

    /// Sets other terms. What is confirmed stays; what of it would not be allowed any more
    /// is told. Without `write` nothing is changed.
    pub fn set_terms(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        listing: &DocId,
        edit: &TermsEdit,
        write: bool,
    ) -> Result<(Vec<Unfitting>, Changes), ActError> {
        self.check_member()?;
        let domain = self.domain_of(tx, listing)?;
        let before = domain.terms(listing);
        let before = before.ok_or_else(|| ActError::conflict("listing.not_resource"))?;
        let terms = edit.applied_to(before, now);
        check_terms(&terms)?;
        if edit.tiers.is_some() {
            self.check_tiers(&terms)?;
        }
        let me = self.as_holder();
        let changed = terms != *before;
        let unfitting = self.would_not_fit(tx, now, listing, &terms)?;
        let decision = booking::set_terms(&domain, &me, *listing, terms, Vec::new(), now)
            .map_err(|error| self.decide_error_of(&domain, listing, &error))?;
        let changes = match write && changed {
            true => self.decide(tx, now, &decision)?,
            false => Changes::default(),
        };
        Ok((unfitting, changes))
    }

    /// Whether a booking was asked for by this person, as far as that can be read here.
    pub fn is_mine(&self, tx: &Tx<'_>, id: &BookingId) -> Result<bool, ActError> {
        let row = tx.row::<booking::Bookings>(id)?;
        let requester = row.and_then(|row| row.request().map(|request| request.by.member));
        Ok(requester == Some(self.me.member))
    }
}

fn first_fit(
    view: &DomainView,
    listing: &DocId,
    range: &Interval,
    length: Option<Length>,
    quantity: u32,
    asker: &Asker<'_>,
) -> Result<Option<Interval>, RoomError> {
    match length {
        Some(length) => view.earliest(listing, range, length, quantity, asker),
        None => {
            let broken = view.why_not(listing, range, quantity, asker)?;
            Ok(broken.is_empty().then_some(*range))
        }
    }
}

/// Terms that may be written: within their limits, of a zone that this version knows.
pub(super) fn check_terms(terms: &Terms) -> Result<(), ActError> {
    terms.zone().map_err(|_| ActError::invalid("invalid.zone").with("value", &terms.zone))?;
    terms.check().map_err(|error| match error {
        booking::RecordError::Bounds(what) => {
            ActError::invalid("listing.terms").with("field", what)
        }
        booking::RecordError::Bytes(_) => ActError::invalid("listing.terms"),
    })
}

/// A range that a calendar can be laid out over.
fn check_range(range: &Interval) -> Result<(), ActError> {
    let most = limits::RANGE_DAYS * Instant::DAY_MS;
    match range.length_ms() {
        Some(length) if length > 0 && length <= most && range.start.0 >= 0 => Ok(()),
        _ => Err(ActError::invalid("invalid.range")),
    }
}

pub(super) fn of_room(error: RoomError) -> ActError {
    match error {
        RoomError::NoSuchResource => ActError::conflict("listing.not_resource"),
        RoomError::Zone(_) => ActError::conflict("booking.unreadable_terms"),
        RoomError::Range(_) => ActError::invalid("invalid.range"),
    }
}
