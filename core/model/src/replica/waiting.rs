//! Waiting for room, and what is offered of it.

use rand_core::CryptoRng;

use super::owning::readers;
use super::refused::{of_decision, told};
use super::{ActError, NewRequest, Replica};
use crate::booking::{
    self, Accepts, Bookings, DomainId, DomainView, Offer, OpenState, Standing as Stands, Status,
    Taken, Wanted, offer_of,
};
use crate::journal::Owner;
use crate::keys::BookingId;
use crate::projection::Changes;
use crate::rows::{RowsError, Tx};
use crate::time::{Instant, Interval, Zone};

impl Replica {
    /// Asks again for what was refused, displaced or let go, this time to wait for it: a
    /// request of its own, at the end of the list. One that waits already stays where it
    /// is.
    pub fn wait(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        booking: &BookingId,
    ) -> Result<(BookingId, Changes), ActError> {
        let (_, request) = self.deal(tx, booking)?;
        if request.by.member != self.me.member {
            return Err(ActError::not_allowed("booking.not_allowed"));
        }
        let view = self.booking(tx, booking, now)?;
        if view.waitlist.is_some() {
            return Ok((*booking, Changes::default()));
        }
        match view.status {
            Status::Requested | Status::Refused | Status::Displaced => {}
            Status::Cancelled if view.has_lost_its_offer() => {}
            _ => return Err(ActError::conflict("booking.wrong_state")),
        }
        let record = request.record;
        let again = NewRequest {
            listing: record.listing,
            interval: record.interval,
            quantity: record.quantity,
            waitlist: true,
            note: record.note,
            accepts: record.accepted.map_or(Accepts::Nothing, Accepts::This),
        };
        self.request(tx, now, rng, again)
    }

    /// Offers somebody who waits what it waits for; `for_ms`: for so long instead of what
    /// the terms say.
    pub fn offer(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        booking: &BookingId,
        for_ms: Option<u64>,
        text: String,
    ) -> Result<Changes, ActError> {
        self.check_member()?;
        let (row, request) = self.deal(tx, booking)?;
        let domain = self.domain(tx, &request.record.domain)?;
        if booking::who_may(&domain, &self.as_holder()) == Stands::NotEntitled {
            return Err(ActError::not_allowed("booking.not_allowed"));
        }
        if !request.counts || !self.authority.is_active(&request.by.member) {
            return Err(ActError::conflict("booking.requester_gone"));
        }
        if !self.authority.stands(&domain.row.owned_by()) {
            return Err(ActError::conflict("listing.withdrawn"));
        }
        self.check_credits(tx, &Owner::Member(request.by.member))?;
        let list = booking::waiting(tx, &domain.id)?;
        let waits = list.into_iter().find(|waits| waits.booking == *booking);
        let waits = waits.filter(|_| !row.is_given_up());
        let waits = waits.ok_or_else(|| ActError::conflict("waitlist.not_waiting"))?;
        let zone = domain.terms(&waits.resource).and_then(|terms| terms.zone().ok());
        let zone = zone.unwrap_or_else(Zone::utc);
        if let Some(offer) = offer_of(&row, &domain).filter(|offer| !offer.has_run_out(now)) {
            let until = told(offer.until, &zone);
            return Err(ActError::conflict("waitlist.offered").with("until_at", until));
        }
        let there = DomainView::over(tx, &domain.id, &waits.interval)?;
        let there = there.ok_or_else(|| ActError::not_found("listing.not_found"))?;
        if !there.has_room(&waits) {
            let by = there.standing(&waits.resource, &waits.interval).len();
            return Err(ActError::conflict("booking.taken").with("by", by));
        }
        let usual_ms = domain.terms(&waits.resource).map_or(0, |terms| terms.offer_ms);
        let ms = i64::try_from(for_ms.unwrap_or(usual_ms)).unwrap_or(i64::MAX);
        let until = now.plus_ms(ms).min(waits.interval.start);
        if until <= now {
            return Err(ActError::conflict("waitlist.too_late"));
        }
        let offer = Offer { at: now, booking: *booking, until, text };
        let mut readers = readers(&domain);
        readers.insert(request.by.member);
        let mut changes = Changes::default();
        self.write_deal(tx, now, rng, (booking, &readers), &offer, &mut changes)?;
        Ok(changes)
    }

    /// Takes what was offered. The decider's device accepts it then.
    pub fn take_offer(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        booking: &BookingId,
    ) -> Result<Changes, ActError> {
        self.check_member()?;
        let (row, request) = self.deal(tx, booking)?;
        if request.by.member != self.me.member {
            return Err(ActError::not_allowed("booking.not_allowed"));
        }
        let domain = self.domain(tx, &request.record.domain)?;
        let offer = offer_of(&row, &domain);
        let offer = offer.ok_or_else(|| ActError::conflict("waitlist.no_offer"))?;
        if offer.is_taken {
            return Ok(Changes::default());
        }
        let state = self.state_of(tx, &domain.id, booking)?.map(|state| state.state);
        let waits = matches!(state, Some(OpenState::Waiting(_) | OpenState::Displaced(_)));
        if offer.has_run_out(now) || !waits || row.is_given_up() {
            return Err(ActError::conflict("waitlist.ran_out"));
        }
        let taken = Taken { at: now, booking: *booking, offer: offer.entry };
        let mut changes = Changes::default();
        self.write_deal(tx, now, rng, (booking, &readers(&domain)), &taken, &mut changes)?;
        Ok(changes)
    }

    /// Whether an acceptance would take what somebody else has been offered.
    pub(super) fn check_offers(
        &self,
        tx: &Tx<'_>,
        now: Instant,
        domain: &DomainView,
        wanted: &Wanted,
    ) -> Result<(), ActError> {
        for waits in booking::waiting(tx, &domain.id)? {
            let row = tx.row::<Bookings>(&waits.booking)?.unwrap_or_default();
            let Some(offer) = offer_of(&row, domain) else { continue };
            if offer.has_run_out(now) || row.is_given_up() {
                continue;
            }
            let Some(there) = DomainView::over(tx, &domain.id, &waits.interval)? else { continue };
            if there.is_overtaken(&waits, wanted) {
                let zone = domain.terms(&waits.resource).and_then(|terms| terms.zone().ok());
                let until = told(offer.until, &zone.unwrap_or_else(Zone::utc));
                return Err(ActError::conflict("booking.offered").with("until_at", until));
            }
        }
        Ok(())
    }

    /// Takes a booking off the waiting list, where it stands there.
    pub(super) fn off_the_list(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        domain: &DomainView,
        booking: &BookingId,
        reason: booking::Reason,
    ) -> Result<Changes, ActError> {
        let state = self.state_of(tx, &domain.id, booking)?;
        let me = self.as_holder();
        let decision = booking::release(domain, &me, *booking, state.as_ref(), reason, now)
            .map_err(|error| of_decision(&error, &Zone::utc()))?;
        self.decide(tx, now, &decision)
    }

    /// When a booking is, as far as it can be known here.
    pub fn interval_of(
        &self,
        tx: &Tx<'_>,
        domain: &DomainId,
        id: &BookingId,
    ) -> Result<Option<Interval>, RowsError> {
        if let Some(state) = self.state_of(tx, domain, id)? {
            return Ok(match state.state {
                OpenState::Held(held) => Some(held.interval),
                OpenState::Displaced(out) => Some(out.interval),
                OpenState::Waiting(waits) => Some(waits.interval),
                OpenState::Released(_) => None,
            });
        }
        let row = tx.row::<Bookings>(id)?;
        Ok(row.and_then(|row| Some(row.request()?.record.interval)))
    }
}
