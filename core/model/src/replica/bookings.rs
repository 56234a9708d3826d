//! One place, two people: asking, deciding, giving up, and who decides.

use std::collections::BTreeSet;

use rand_core::CryptoRng;

use super::owning::readers;
use super::refused::of_decision;
use super::{ActError, Replica};
use crate::booking::{
    self, Accepts, Answer, BookingRow, BookingState, BookingStates, BookingView, Bookings, Cancel,
    Care, Decision, DomainId, DomainView, Holder, Outcome, Reason, Record, Request, Said,
    Standing as Stands, Wanted, booked_by, booking_id,
};
use crate::journal::{Descriptor, Owner, kind};
use crate::keys::{BookingId, DeviceId, DocId, EntryHash, MemberId, SeriesId};
use crate::listing::{ListingRow, ListingStatus, Listings};
use crate::projection::Changes;
use crate::rows::{RowsError, Tx};
use crate::time::{Instant, Interval, Zone};

/// Resources of the same kind that are looked at for the same slot.
const OTHER_RESOURCES: usize = 16;
/// Listings that are looked through for them.
const OTHER_LISTINGS: usize = 512;
/// Bookings of one person that a list holds.
const BOOKINGS: usize = 1 << 16;

/// A request as its requester makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRequest {
    /// Of what.
    pub listing: DocId,
    /// When.
    pub interval: Interval,
    /// How many units.
    pub quantity: u32,
    /// Whether to wait where it is taken.
    pub waitlist: bool,
    /// A word to who decides.
    pub note: String,
    /// The text of the terms that is accepted, where there is one.
    pub accepts: Accepts,
}

impl Replica {
    pub(super) fn bookable(
        &self,
        tx: &Tx<'_>,
        id: &DocId,
        now: Instant,
    ) -> Result<(ListingRow, DomainView), ActError> {
        let row =
            tx.row::<Listings>(id)?.ok_or_else(|| ActError::not_found("listing.not_found"))?;
        match row.status(now) {
            ListingStatus::Published => {}
            ListingStatus::Withdrawn => return Err(ActError::conflict("listing.withdrawn")),
            _ => return Err(ActError::conflict("listing.not_open")),
        }
        let domain = row.content.domain;
        let domain = domain.ok_or_else(|| ActError::conflict("listing.not_resource"))?;
        let view = self.domain(tx, &domain)?;
        // A listing may point at any domain: only its owner's, and one that lists it, counts.
        if view.row.owned_by() != row.owner || view.row.record.index_of(id).is_none() {
            return Err(ActError::conflict("listing.not_resource"));
        }
        Ok((row, view))
    }

    pub(super) fn domain(&self, tx: &Tx<'_>, domain: &DomainId) -> Result<DomainView, ActError> {
        let view = DomainView::head(tx, domain)?;
        view.ok_or_else(|| ActError::not_found("listing.not_found"))
    }

    /// Asks for a resource: a sealed request to whoever may decide.
    pub fn request(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        new: NewRequest,
    ) -> Result<(BookingId, Changes), ActError> {
        let domain = self.may_ask_for(tx, &new.listing, now)?;
        let mut changes = Changes::default();
        let booking = self.ask(tx, now, rng, &domain, (new, None), &mut changes)?;
        Ok((booking, changes))
    }

    /// The domain of a listing that this person may ask for.
    pub(super) fn may_ask_for(
        &self,
        tx: &Tx<'_>,
        listing: &DocId,
        now: Instant,
    ) -> Result<DomainView, ActError> {
        self.check_member()?;
        let (_, domain) = self.bookable(tx, listing, now)?;
        // A manager borrows from his group as everyone does.
        if domain.row.owned_by() == self.owner() {
            return Err(ActError::conflict("booking.own"));
        }
        self.check_owner(tx, &domain)?;
        Ok(domain)
    }

    /// Writes one request, alone or of a series.
    pub(super) fn ask(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        domain: &DomainView,
        (new, series): (NewRequest, Option<SeriesId>),
        changes: &mut Changes,
    ) -> Result<BookingId, ActError> {
        if !new.interval.is_valid() || new.interval.start.0 < 0 {
            return Err(ActError::invalid("invalid.interval"));
        }
        let mut random = [0; 32];
        rng.fill_bytes(&mut random);
        let booking = booking_id(&self.me.member, &random);
        let wanted = Wanted {
            booking,
            resource: new.listing,
            interval: new.interval,
            quantity: new.quantity,
            footing: self.footing(&domain.row.owner, &self.me.member),
        };
        // A series was judged as a whole.
        if series.is_none() {
            self.may_ask(tx, now, domain, &wanted)?;
        }
        let accepted = match domain.terms(&new.listing) {
            Some(terms) => new
                .accepts
                .to(terms)
                .map_err(|_| ActError::conflict("booking.text_to_accept").to_read(&terms.accept))?,
            None => None,
        };
        let record = Request {
            at: now,
            booking,
            random,
            listing: new.listing,
            domain: domain.id,
            interval: new.interval,
            quantity: new.quantity,
            waitlist: new.waitlist,
            note: new.note,
            refs: Vec::new(),
            series,
            accepted,
        };
        let readers = readers(domain);
        self.write_deal(tx, now, rng, (&booking, &readers), &record, changes)?;
        Ok(booking)
    }

    pub(super) fn write_deal<R: Record>(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        deal: (&BookingId, &BTreeSet<MemberId>),
        record: &R,
        changes: &mut Changes,
    ) -> Result<EntryHash, ActError> {
        let body = record.to_payload().map_err(|_| ActError::invalid("invalid.text"))?;
        self.write_sealed(tx, now, rng, deal, (R::KIND, body), changes)
    }

    /// A booking with its request, as far as it can be read here.
    pub(super) fn deal(
        &self,
        tx: &Tx<'_>,
        booking: &BookingId,
    ) -> Result<(BookingRow, Said<Request>), ActError> {
        let not_found = || ActError::not_found("booking.not_found");
        let row = tx.row::<Bookings>(booking)?.ok_or_else(not_found)?;
        let request = row.request().cloned().ok_or_else(not_found)?;
        Ok((row, request))
    }

    pub(super) fn state_of(
        &self,
        tx: &Tx<'_>,
        domain: &DomainId,
        booking: &BookingId,
    ) -> Result<Option<BookingState>, RowsError> {
        tx.row::<BookingStates>(&(*domain, *booking))
    }

    /// Accepts a request, if it would count here.
    pub fn accept(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        booking: &BookingId,
        care: Care,
    ) -> Result<Changes, ActError> {
        self.check_member()?;
        let (row, request) = self.deal(tx, booking)?;
        let by = request.by.member;
        if row.is_given_up() {
            return Err(ActError::conflict("booking.wrong_state"));
        }
        let interval = request.record.interval;
        let domain = self.domain_over(tx, &request.record.domain, &interval, now)?;
        let domain = domain.ok_or_else(|| ActError::not_found("listing.not_found"))?;
        if !request.counts || !self.authority.is_active(&by) {
            return Err(ActError::conflict("booking.requester_gone"));
        }
        self.check_credits(tx, &Owner::Member(by))?;
        if !self.authority.stands(&domain.row.owned_by()) {
            return Err(ActError::conflict("listing.withdrawn"));
        }
        let wanted = Wanted {
            booking: *booking,
            resource: request.record.listing,
            interval: request.record.interval,
            quantity: request.record.quantity,
            footing: self.footing(&domain.row.owner, &by),
        };
        if care == Care::CalendarOnly {
            self.check_offers(tx, now, &domain, &wanted)?;
        }
        let state = self.state_of(tx, &domain.id, booking)?;
        let me = self.as_holder();
        let mine = booked_by(tx, &domain, &wanted.resource, &by, &interval, now)?;
        let decision = booking::accept(&domain, &me, &wanted, &mine, state.as_ref(), care, now)
            .map_err(|error| self.decide_error_of(&domain, &wanted.resource, &error))?;
        self.decide(tx, now, &decision)
    }

    pub(super) fn decide(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        decision: &Decision,
    ) -> Result<Changes, ActError> {
        let mut changes = Changes::default();
        self.write_decision(tx, now, decision, &mut changes)?;
        Ok(changes)
    }

    /// Writes a decision; gives its entry.
    pub(super) fn write_decision(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        decision: &Decision,
        changes: &mut Changes,
    ) -> Result<EntryHash, ActError> {
        let payload = decision.to_payload().map_err(|_| ActError::invalid("listing.terms"))?;
        let owner = self.decides_as(tx, &decision.domain)?;
        let open = Descriptor::open(self.hood.hash, owner, now);
        self.write(tx, &open, kind::open::DECISION, |_| payload, changes)
    }

    /// Says no, with a word if wanted.
    pub fn refuse(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        booking: &BookingId,
        reason: Reason,
        text: String,
    ) -> Result<Changes, ActError> {
        self.check_member()?;
        let (_, request) = self.deal(tx, booking)?;
        let domain = self.domain(tx, &request.record.domain)?;
        let me = self.as_holder();
        if booking::who_may(&domain, &me) == Stands::NotEntitled {
            return Err(ActError::not_allowed("booking.not_allowed"));
        }
        let state = self.state_of(tx, &domain.id, booking)?;
        if !matches!(
            state.as_ref().map(|state| &state.state),
            None | Some(booking::OpenState::Waiting(_))
        ) {
            return Err(ActError::conflict("booking.wrong_state"));
        }
        let answer = Answer {
            at: now,
            booking: *booking,
            request: request.entry.hash,
            outcome: Outcome::Refused { reason, text },
        };
        let mut changes = Changes::default();
        if state.is_some() {
            // Where all can see it.
            changes.merge(self.off_the_list(tx, now, &domain, booking, reason)?);
        }
        let mut readers = readers(&domain);
        readers.insert(request.by.member);
        self.write_deal(tx, now, rng, (booking, &readers), &answer, &mut changes)?;
        Ok(changes)
    }

    /// Gives a booking up: the requester his request, the owner's side what it accepted.
    pub fn cancel(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        booking: &BookingId,
        text: String,
    ) -> Result<Changes, ActError> {
        self.check_member()?;
        let (row, request) = self.deal(tx, booking)?;
        let domain = self.domain(tx, &request.record.domain)?;
        let state = self.state_of(tx, &domain.id, booking)?;
        let mine = request.by.member == self.me.member;
        let me = self.as_holder();
        if !mine && booking::who_may(&domain, &me) == Stands::NotEntitled {
            return Err(ActError::not_allowed("booking.not_allowed"));
        }
        // What was handed over is given back, not given up.
        let is_begun = row.steps.iter().any(|step| step.counts);
        if is_begun || row.cancels.iter().any(|cancel| cancel.by.member == self.me.member) {
            return Err(ActError::conflict("booking.wrong_state"));
        }
        let mut changes = Changes::default();
        let reason = if mine { Reason::CANCELLED_BY_REQUESTER } else { Reason::CANCELLED_BY_OWNER };
        if !mine {
            let decision = booking::release(&domain, &me, *booking, state.as_ref(), reason, now)
                .map_err(|error| of_decision(&error, &Zone::utc()))?;
            changes.merge(self.decide(tx, now, &decision)?);
        }
        let cancel = Cancel { at: now, booking: *booking, reason, text };
        let mut readers = readers(&domain);
        readers.insert(request.by.member);
        self.write_deal(tx, now, rng, (booking, &readers), &cancel, &mut changes)?;
        Ok(changes)
    }

    /// Acknowledges entries of the other party of a deal.
    pub(super) fn acknowledge(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        booking: &BookingId,
        hashes: Vec<EntryHash>,
    ) -> Result<Changes, ActError> {
        if self.is_service(tx, booking)? {
            return self.acknowledge_service(tx, now, rng, booking, hashes);
        }
        let (_, request) = self.deal(tx, booking)?;
        let mut readers = BTreeSet::from([request.by.member]);
        if let Some(domain) = DomainView::head(tx, &request.record.domain)? {
            readers.extend(super::owning::readers(&domain));
        }
        let receipt = booking::Receipt { at: now, hashes };
        let mut changes = Changes::default();
        self.write_deal(tx, now, rng, (booking, &readers), &receipt, &mut changes)?;
        Ok(changes)
    }

    /// Passes the decisions on a resource to another device, or, where its holder is
    /// lost, closes that one and names the next.
    pub fn set_holder(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        listing: &DocId,
        device: &DeviceId,
    ) -> Result<Changes, ActError> {
        self.check_member()?;
        let row = tx.row::<Listings>(listing)?;
        let row = row.ok_or_else(|| ActError::not_found("listing.not_found"))?;
        let domain = row.content.domain;
        let domain = domain.ok_or_else(|| ActError::conflict("listing.not_resource"))?;
        let domain = self.domain(tx, &domain)?;
        let to = self.holder_of(tx, device)?;
        if !domain.row.deciding.contains(&to.member) {
            return Err(ActError::not_allowed("booking.not_allowed"));
        }
        if domain.row.holder == to {
            return Ok(Changes::default());
        }
        let me = self.as_holder();
        if domain.row.holder == me {
            let decision = booking::hand_over(&domain, &me, to, now)
                .map_err(|error| of_decision(&error, &Zone::utc()))?;
            return self.decide(tx, now, &decision);
        }
        let close = booking::close_holder(&domain, &me, to, now)
            .map_err(|error| of_decision(&error, &Zone::utc()))?;
        let payload = close.to_payload().map_err(|_| ActError::invalid("listing.terms"))?;
        let owner = self.decides_as(tx, &domain.id)?;
        let open = Descriptor::open(self.hood.hash, owner, now);
        let mut changes = Changes::default();
        self.write(tx, &open, kind::open::CLOSE_HOLDER, |_| payload, &mut changes)?;
        Ok(changes)
    }

    /// A device as a holder, in the incarnation that is known here.
    pub fn holder_of(&self, tx: &Tx<'_>, device: &DeviceId) -> Result<Holder, ActError> {
        if *device == self.me.keys.id() {
            return Ok(self.as_holder());
        }
        let known = self.authority.device(device).filter(|known| known.is_active);
        let known = known.ok_or_else(|| ActError::not_found("device.not_found"))?;
        let incarnation = self.incarnation_of(tx, &known.member, device)?;
        Ok(Holder { member: known.member, device: *device, incarnation })
    }

    /// The newest incarnation in which a device wrote.
    fn incarnation_of(
        &self,
        tx: &Tx<'_>,
        member: &MemberId,
        device: &DeviceId,
    ) -> Result<u32, RowsError> {
        let identity = Descriptor::identity(self.hood.hash, *member);
        let mut newest = 0;
        for log in crate::journal::logs_of_document(tx, &identity.id())? {
            if let Some(row) = crate::journal::log_row(tx, &log)?
                && row.start.device == *device
            {
                newest = newest.max(row.start.incarnation);
            }
        }
        Ok(newest)
    }

    /// A booking as this member sees it.
    pub fn booking(
        &self,
        tx: &Tx<'_>,
        booking: &BookingId,
        now: Instant,
    ) -> Result<BookingView, ActError> {
        let (_, request) = self.deal(tx, booking)?;
        let others = self.others_like(tx, &request.record.listing, now)?;
        let view = booking::view(tx, booking, &self.me.member, &others, &self.authority, now)?;
        view.ok_or_else(|| ActError::not_found("booking.not_found"))
    }

    /// Every booking this member is a party of, newest request first.
    pub fn bookings(&self, tx: &Tx<'_>, now: Instant) -> Result<Vec<BookingView>, ActError> {
        let mut views = Vec::new();
        for (key, _) in tx.rows_with_prefix::<Bookings>(&[], BOOKINGS)? {
            let Some(id) = BookingId::from_slice(&key) else { continue };
            if let Some(view) = booking::view(tx, &id, &self.me.member, &[], &self.authority, now)?
            {
                views.push(view);
            }
        }
        let asked = |view: &BookingView| view.history.first().map(|line| line.at);
        views.sort_by(|a, b| asked(b).cmp(&asked(a)).then(a.booking.cmp(&b.booking)));
        Ok(views)
    }

    /// Published resources of the same kind, by other names: where the same slot may be
    /// free.
    fn others_like(
        &self,
        tx: &Tx<'_>,
        listing: &DocId,
        now: Instant,
    ) -> Result<Vec<(DomainId, DocId)>, RowsError> {
        let Some(row) = tx.row::<Listings>(listing)? else { return Ok(Vec::new()) };
        let listings = tx.rows_with_prefix::<Listings>(&[], OTHER_LISTINGS)?;
        let like = listings.into_iter().map(|(_, other)| other).filter(|other| {
            other.id != *listing
                && other.content.kind == row.content.kind
                && other.status(now) == ListingStatus::Published
                && other.owner != self.owner()
        });
        Ok(like
            .filter_map(|other| Some((other.content.domain?, other.id)))
            .take(OTHER_RESOURCES)
            .collect())
    }

    /// The domain of a listing, for those who look at its calendar.
    pub fn domain_of(&self, tx: &Tx<'_>, listing: &DocId) -> Result<DomainView, ActError> {
        let row = tx.row::<Listings>(listing)?;
        let row = row.ok_or_else(|| ActError::not_found("listing.not_found"))?;
        let domain = row.content.domain;
        self.domain(tx, &domain.ok_or_else(|| ActError::conflict("listing.not_resource"))?)
    }
}
