//! Help between neighbours: answering an offer or a need, finding a time, saying that it
//! was done.

use std::collections::BTreeSet;

use rand_core::CryptoRng;

use super::fees::{fee_of, minutes_of};
use super::{ActError, Replica};
use crate::booking::lifecycle::{Side, StepError};
use crate::booking::{Receipt, booking_id};
use crate::journal::Owner;
use crate::keys::{BookingId, DocId, EntryHash, MemberId, SeriesId};
use crate::listing::{ListingKind, ListingRow, ListingState, ListingStatus, Listings};
use crate::projection::Changes;
use crate::rows::{RowsError, Tx};
use crate::service::{
    self, Agreement, Fee, Move, Proposal, Reply, ServiceRow, ServiceView, Services, Stage, Step,
    StepKind,
};
use crate::time::{Instant, Interval};

/// Deals that are looked at.
const DEALS: usize = 1 << 16;

/// An answer to an offer or a need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReply {
    /// To which listing.
    pub listing: DocId,
    /// A time to propose at once.
    pub interval: Option<Interval>,
    /// Minutes of help for it, where the listing's price says otherwise.
    pub minutes: Option<u32>,
    /// A word to the owner.
    pub text: String,
}

/// A time that is proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProposal {
    /// When.
    pub interval: Interval,
    /// Minutes of help for it, where the listing's price says otherwise.
    pub minutes: Option<u32>,
    /// A word to the other side.
    pub text: String,
}

/// What a side does with a deal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceAct {
    /// Proposes a time.
    Propose(NewProposal),
    /// Agrees to the newest time that the other side proposed.
    Agree,
    /// Says no before anything is agreed, with a word.
    Refuse(String),
    /// Ends it before it was done, with a word.
    End(String),
    /// Says something else.
    Say(StepKind, String),
}

/// A deal for one of its sides.
struct Party {
    row: ServiceRow,
    view: ServiceView,
    side: Side,
    /// The other side's member.
    other: MemberId,
    readers: BTreeSet<MemberId>,
}

impl Replica {
    /// Whether a deal is about help: an answer to an offer or a need.
    pub fn is_service(&self, tx: &Tx<'_>, booking: &BookingId) -> Result<bool, RowsError> {
        let is_booking = tx.row::<crate::booking::Bookings>(booking)?;
        if is_booking.is_some_and(|row| row.request().is_some()) {
            return Ok(false);
        }
        Ok(tx.row::<Services>(booking)?.is_some_and(|row| row.reply().is_some()))
    }

    /// Whether a listing is answered rather than booked by time.
    pub fn is_answered(&self, tx: &Tx<'_>, listing: &DocId) -> Result<bool, RowsError> {
        let row = tx.row::<Listings>(listing)?;
        Ok(row.is_some_and(|row| is_service_kind(row.content.kind)))
    }

    /// Answers an offer or a need: sealed for its owner.
    pub fn answer_listing(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        new: NewReply,
    ) -> Result<(BookingId, Changes), ActError> {
        let mut changes = Changes::default();
        let booking = self.answer_in(tx, now, rng, (new, None), &mut changes)?;
        Ok((booking, changes))
    }

    /// An offer or a need that this member can answer now, with whose it is.
    pub(super) fn may_answer(
        &self,
        tx: &Tx<'_>,
        now: Instant,
        listing: &DocId,
    ) -> Result<(ListingRow, MemberId), ActError> {
        self.check_member()?;
        let row = tx.row::<Listings>(listing)?;
        let row = row.ok_or_else(|| ActError::not_found("listing.not_found"))?;
        match row.status(now) {
            ListingStatus::Published => {}
            ListingStatus::Withdrawn => return Err(ActError::conflict("listing.withdrawn")),
            ListingStatus::Filled => return Err(ActError::conflict("listing.filled")),
            _ => return Err(ActError::conflict("listing.not_open")),
        }
        if !is_service_kind(row.content.kind) {
            return Err(ActError::conflict("listing.not_service"));
        }
        let owner = service::owner_of(tx, listing)?;
        let owner = owner.ok_or_else(|| ActError::not_found("listing.not_found"))?;
        if owner == self.me.member {
            return Err(ActError::conflict("booking.own"));
        }
        Ok((row, owner))
    }

    /// Answers, alone or as one of several that are written together.
    pub(super) fn answer_in(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        (new, series): (NewReply, Option<SeriesId>),
        changes: &mut Changes,
    ) -> Result<BookingId, ActError> {
        let (row, owner) = self.may_answer(tx, now, &new.listing)?;
        self.check_credits(tx, &Owner::Member(owner))?;
        if let Some(interval) = &new.interval {
            check_time(interval, now)?;
        }
        let mut random = [0; 32];
        rng.fill_bytes(&mut random);
        let booking = booking_id(&self.me.member, &random);
        let record = Reply {
            at: now,
            booking,
            random,
            listing: new.listing,
            helps: row.content.kind == ListingKind::Need,
            fee: new.minutes.map(minutes_of),
            text: new.text,
            refs: Vec::new(),
            series,
        };
        let readers = BTreeSet::from([owner, self.me.member]);
        self.write_deal(tx, now, rng, (&booking, &readers), &record, changes)?;
        if let Some(interval) = new.interval {
            let fee = fee_of(tx, &row, &interval, new.minutes)?;
            let record =
                Proposal { at: now, booking, interval, fee, text: String::new(), over: Vec::new() };
            self.write_deal(tx, now, rng, (&booking, &readers), &record, changes)?;
        }
        Ok(booking)
    }

    /// Does what a side does with a deal.
    pub fn act_on_service(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        booking: &BookingId,
        act: ServiceAct,
    ) -> Result<Changes, ActError> {
        match act {
            ServiceAct::Propose(new) => self.propose(tx, now, rng, booking, new),
            ServiceAct::Agree => self.agree(tx, now, rng, booking),
            ServiceAct::Refuse(text) => self.refuse_service(tx, now, rng, booking, text),
            ServiceAct::End(text) => self.end_service(tx, now, rng, booking, text),
            ServiceAct::Say(kind, text) => self.say(tx, now, rng, (booking, kind), text),
        }
    }

    /// Proposes a time, first or instead of another.
    pub fn propose(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        booking: &BookingId,
        new: NewProposal,
    ) -> Result<Changes, ActError> {
        let party = self.side_of_service(tx, booking, now)?;
        self.may_go_on(&party)?;
        service::may(&party.view.life, Move::Propose, party.side, false, now).map_err(refused)?;
        check_time(&new.interval, now)?;
        self.check_room(&party.row.proposals)?;
        let fee = match (new.minutes, tx.row::<Listings>(&party.view.listing)?) {
            (None, Some(row)) => fee_of(tx, &row, &new.interval, None)?,
            (minutes, _) => minutes.map_or(Fee::Free, minutes_of),
        };
        let told = service::told_of(tx, &party.row)?;
        let agreed = service::in_force(&told).into_iter().map(|(agreed, _)| agreed.id);
        let open = party.view.proposals.iter().filter(|it| it.is_open).map(|it| it.id);
        let record = Proposal {
            at: now,
            booking: *booking,
            interval: new.interval,
            fee,
            text: new.text,
            over: named(agreed.chain(open)),
        };
        let mut changes = Changes::default();
        let deal = (booking, &party.readers);
        self.write_deal(tx, now, rng, deal, &record, &mut changes)?;
        Ok(changes)
    }

    /// Agrees to the newest time that the other side proposed.
    pub fn agree(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        booking: &BookingId,
    ) -> Result<Changes, ActError> {
        let party = self.side_of_service(tx, booking, now)?;
        self.may_go_on(&party)?;
        self.check_credits(tx, &Owner::Member(party.other))?;
        service::may(&party.view.life, Move::Agree, party.side, false, now).map_err(refused)?;
        let open = party.view.open_to(party.side, now);
        let open = open.ok_or_else(|| ActError::conflict("booking.no_proposal"))?;
        // Who helps follows from what is answered; whoever answered could say otherwise.
        let kind = tx.row::<Listings>(&party.view.listing)?.map(|row| row.content.kind);
        let helper = match kind {
            Some(ListingKind::Need) => Some(Side::Requester),
            Some(ListingKind::Offer) => Some(Side::Owner),
            _ => None,
        };
        if open.fee != Fee::Free && helper.is_some_and(|helper| helper != party.view.helper) {
            return Err(ActError::conflict("booking.other_direction"));
        }
        self.check_room(&party.row.agreements)?;
        let told = service::told_of(tx, &party.row)?;
        let over = named(service::in_force(&told).into_iter().map(|(agreed, _)| agreed.id));
        let record = Agreement { at: now, booking: *booking, proposal: open.id, over };
        let mut changes = Changes::default();
        self.write_deal(tx, now, rng, (booking, &party.readers), &record, &mut changes)?;
        Ok(changes)
    }

    /// Says something of a deal: done, disputed, settled, …
    pub fn say(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        (booking, kind): (&BookingId, StepKind),
        text: String,
    ) -> Result<Changes, ActError> {
        let party = self.side_of_service(tx, booking, now)?;
        let side =
            |by: &MemberId| service::side_of(&party.view.requester, party.view.owner.as_ref(), by);
        let before = party.row.steps.iter().any(|step| {
            step.counts && step.record.kind == kind && side(&step.by.member) == Some(party.side)
        });
        let what = Move::Say(kind);
        service::may(&party.view.life, what, party.side, before, now).map_err(refused)?;
        self.check_room(&party.row.steps)?;
        let record = Step { at: now, booking: *booking, kind, text };
        let mut changes = Changes::default();
        self.write_deal(tx, now, rng, (booking, &party.readers), &record, &mut changes)?;
        Ok(changes)
    }

    /// Ends a deal before it was done: declined, taken back or called off, whichever it is
    /// from where it stands and by this side.
    pub fn end_service(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        booking: &BookingId,
        text: String,
    ) -> Result<Changes, ActError> {
        let party = self.side_of_service(tx, booking, now)?;
        let kind = match (party.view.life.stage, party.side) {
            (Stage::Answered | Stage::Proposed, Side::Requester) => StepKind::WITHDRAWN,
            (Stage::Answered | Stage::Proposed, Side::Owner) => StepKind::DECLINED,
            _ => StepKind::CANCELLED,
        };
        self.say(tx, now, rng, (booking, kind), text)
    }

    /// Says no to an answer, or to the time that was proposed, before anything is agreed.
    pub fn refuse_service(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        booking: &BookingId,
        text: String,
    ) -> Result<Changes, ActError> {
        let kind = match self.side_of_service(tx, booking, now)?.side {
            Side::Requester => StepKind::WITHDRAWN,
            Side::Owner => StepKind::DECLINED,
        };
        self.say(tx, now, rng, (booking, kind), text)
    }

    /// A deal about help as this member sees it.
    pub fn service(
        &self,
        tx: &Tx<'_>,
        booking: &BookingId,
        now: Instant,
    ) -> Result<ServiceView, ActError> {
        let view = service::view(tx, booking, &self.me.member, now)?;
        view.filter(|view| self.own_side(view).is_some())
            .ok_or_else(|| ActError::not_found("booking.not_found"))
    }

    /// Every deal about help that this member is a side of, newest answer first.
    pub fn services(&self, tx: &Tx<'_>, now: Instant) -> Result<Vec<ServiceView>, RowsError> {
        let mut views = Vec::new();
        for (key, _) in tx.rows_with_prefix::<Services>(&[], DEALS)? {
            let Some(id) = BookingId::from_slice(&key) else { continue };
            let view = service::view(tx, &id, &self.me.member, now)?;
            views.extend(view.filter(|view| self.own_side(view).is_some()));
        }
        let asked = |view: &ServiceView| view.history.first().map(|line| line.at);
        views.sort_by(|a, b| asked(b).cmp(&asked(a)).then(a.booking.cmp(&b.booking)));
        Ok(views)
    }

    /// How many neighbours answered a listing of this member's, but for those who took it
    /// back; none where it is another's: nobody else can know.
    pub fn answers_to(
        &self,
        tx: &Tx<'_>,
        listing: &DocId,
        now: Instant,
    ) -> Result<Option<u64>, RowsError> {
        if service::owner_of(tx, listing)? != Some(self.me.member) {
            return Ok(None);
        }
        let of =
            |view: &ServiceView| view.listing == *listing && view.life.stage != Stage::Withdrawn;
        let who: BTreeSet<MemberId> =
            self.services(tx, now)?.iter().filter(|it| of(it)).map(|it| it.requester).collect();
        Ok(Some(who.len() as u64))
    }

    /// Marks an offer or a need of this member's as filled: shown to nobody else any more,
    /// until it is renewed.
    pub fn fill_listing(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        listing: &DocId,
    ) -> Result<Changes, ActError> {
        if !is_service_kind(self.own_listing(tx, listing)?.content.kind) {
            return Err(ActError::conflict("listing.not_service"));
        }
        let state = Some(ListingState::Filled);
        let edit = crate::listing::ListingEdit { state, ..Default::default() };
        self.edit_listing(tx, now, listing, &edit)
    }

    /// Which side of a deal this member is on.
    pub fn own_side(&self, view: &ServiceView) -> Option<Side> {
        service::side_of(&view.requester, view.owner.as_ref(), &self.me.member)
    }

    /// Acknowledges entries of the other side.
    pub(super) fn acknowledge_service(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        booking: &BookingId,
        hashes: Vec<EntryHash>,
    ) -> Result<Changes, ActError> {
        let party = self.side_of_service(tx, booking, now)?;
        let mut changes = Changes::default();
        let receipt = Receipt { at: now, hashes };
        self.write_deal(tx, now, rng, (booking, &party.readers), &receipt, &mut changes)?;
        Ok(changes)
    }

    fn side_of_service(
        &self,
        tx: &Tx<'_>,
        booking: &BookingId,
        now: Instant,
    ) -> Result<Party, ActError> {
        self.check_member()?;
        let not_found = || ActError::not_found("booking.not_found");
        let view = self.service(tx, booking, now)?;
        let side = self.own_side(&view).ok_or_else(not_found)?;
        let other = view.member(side.other()).ok_or_else(not_found)?;
        let row = tx.row::<Services>(booking)?.ok_or_else(not_found)?;
        let readers = BTreeSet::from([other, self.me.member]);
        Ok(Party { row, view, side, other, readers })
    }

    /// Nothing is agreed with somebody who is gone; what is agreed can still be said done.
    fn may_go_on(&self, party: &Party) -> Result<(), ActError> {
        match self.authority.is_active(&party.other) {
            true => Ok(()),
            false => Err(ActError::conflict("booking.other_gone")),
        }
    }

    /// What one device says beyond the limit is read by nobody: it is not written.
    fn check_room<R>(&self, said: &[crate::booking::Said<R>]) -> Result<(), ActError> {
        match service::said_by_device(said, &self.as_holder()) < service::MOST_SAID {
            true => Ok(()),
            false => Err(ActError::conflict("booking.step.too_many")),
        }
    }
}

/// Whether listings of a kind are answered.
const fn is_service_kind(kind: ListingKind) -> bool {
    matches!(kind, ListingKind::Offer | ListingKind::Need)
}

/// A time that can be proposed: it has an end, and is not over.
fn check_time(interval: &Interval, now: Instant) -> Result<(), ActError> {
    match interval.end {
        Some(end) if interval.is_valid() && interval.start.0 >= 0 && end > now => Ok(()),
        _ => Err(ActError::invalid("invalid.interval")),
    }
}

/// What a record names as replaced: as many as it may.
fn named(entries: impl Iterator<Item = EntryHash>) -> Vec<EntryHash> {
    let mut over: Vec<EntryHash> = entries.take(service::bounds::OVER).collect();
    over.sort_unstable();
    over.dedup();
    over
}

fn refused(error: StepError<Stage>) -> ActError {
    let out = ActError::conflict(error.code());
    match error {
        StepError::OtherSide => ActError::not_allowed(error.code()),
        StepError::Stage(stage) => out.with("stage", stage.code()),
        StepError::TooEarly { from } => out.with("from", from.0),
        StepError::TooLate { until } => out.with("until", until.0),
        StepError::Said => out,
    }
}
