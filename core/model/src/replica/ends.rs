//! Another end for a booking that holds: asked for by its requester, answered by who
//! decides; and notice by either side for one that has no end.

use std::collections::BTreeSet;

use rand_core::CryptoRng;

use super::calendar::of_room;
use super::owning::readers;
use super::refused::{of_decision, of_rule, told};
use super::{ActError, Quoted, Replica};
use crate::booking::lifecycle::Side;
use crate::booking::tariff::{Quote, TariffError};
use crate::booking::{
    self, BookingRow, Care, DecideError, Decision, Decisions, DomainView, Extension,
    ExtensionAnswer, Footing, Held, NewEnd, Notice, OpenState, Outcome, Reason, Request, Said,
    Standing as Stands,
};
use crate::journal::{Owner, Ref};
use crate::keys::{BookingId, EntryHash, MemberId};
use crate::projection::Changes;
use crate::rows::Tx;
use crate::time::{Instant, Interval, Zone};

/// What another end would mean.
#[derive(Debug, Clone)]
pub struct EndQuoted {
    /// The end the booking has.
    pub end: Option<Instant>,
    /// What it costs as it is; an error where there is no total.
    pub before: Result<Quote, TariffError>,
    /// The whole with the other end: what it costs, and which rules it breaks.
    pub then: Quoted,
    /// The latest end up to the one asked for that breaks none.
    pub latest: Option<Instant>,
}

/// A booking that counts, for one of its sides.
struct Holding {
    row: BookingRow,
    request: Said<Request>,
    domain: DomainView,
    held: Held,
    side: Side,
}

impl Holding {
    fn readers(&self) -> BTreeSet<MemberId> {
        let mut all = readers(&self.domain);
        all.insert(self.request.by.member);
        all
    }

    fn interval(&self, end: Option<Instant>) -> Interval {
        Interval { start: self.held.interval.start, end }
    }
}

impl Replica {
    /// A booking whose end may still change.
    fn holding(&self, tx: &Tx<'_>, id: &BookingId, now: Instant) -> Result<Holding, ActError> {
        let wrong_state = || ActError::conflict("booking.wrong_state");
        let (row, request) = self.deal(tx, id)?;
        let domain = self.domain(tx, &request.record.domain)?;
        let side = booking::side_of(&row, &domain, &self.me.member);
        let side = side.ok_or_else(|| ActError::not_allowed("booking.not_allowed"))?;
        let life = self.booking(tx, id, now)?.life.ok_or_else(wrong_state)?;
        let state = self.state_of(tx, &domain.id, id)?;
        match state.map(|state| state.state) {
            Some(OpenState::Held(held)) if booking::may_change_at(life.stage) => {
                Ok(Holding { row, request, domain, held, side })
            }
            _ => Err(wrong_state()),
        }
    }

    /// What another end of a booking would mean to its requester: the price of the whole and
    /// what it is now, what stands against it, how late it could be.
    pub fn quote_end(
        &self,
        tx: &Tx<'_>,
        now: Instant,
        id: &BookingId,
        end: Option<Instant>,
    ) -> Result<EndQuoted, ActError> {
        let it = self.holding(tx, id, now)?;
        self.end_quoted(tx, now, &it, end)
    }

    fn end_quoted(
        &self,
        tx: &Tx<'_>,
        now: Instant,
        it: &Holding,
        end: Option<Instant>,
    ) -> Result<EndQuoted, ActError> {
        let (held, interval) = (&it.held, it.interval(end));
        if !interval.is_valid() {
            return Err(ActError::invalid("invalid.interval"));
        }
        let view = DomainView::over(tx, &it.domain.id, &interval)?;
        let view = view.ok_or_else(|| ActError::not_found("listing.not_found"))?;
        let terms = view.terms(&held.resource).cloned();
        let terms = terms.ok_or_else(|| ActError::conflict("listing.not_resource"))?;
        let zone = terms.zone().map_err(|_| ActError::conflict("booking.unreadable_terms"))?;
        let price =
            |of: &Interval| terms.tariff.quote(&zone, of, held.quantity, terms.deposit_cents);
        let by = it.request.by.member;
        let mine = booking::booked_beside(tx, &view, held, &by, &interval, now)?;
        let new = NewEnd { held, end, mine: &mine, footing: self.footing(&view.row.owner, &by) };
        let broken = booking::why_not_end(&view, &new, now).map_err(of_room)?;
        let broken: Vec<ActError> = broken.iter().map(|why| of_rule(why, &zone)).collect();
        let latest = match broken.is_empty() {
            true => None,
            false => booking::latest_end(&view, &new, now),
        };
        let (before, quote) = (price(&held.interval), price(&interval));
        let then = Quoted { terms, zone, quote, broken, alternatives: Vec::new() };
        Ok(EndQuoted { end: held.interval.end, before, then, latest })
    }

    /// Asks for another end. That others stand there is no reason not to ask.
    pub fn ask_end(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        id: &BookingId,
        end: Option<Instant>,
        note: String,
    ) -> Result<(EndQuoted, Changes), ActError> {
        self.check_member()?;
        let it = self.holding(tx, id, now)?;
        if it.side != Side::Requester {
            return Err(ActError::not_allowed("booking.end.requester"));
        }
        if it.held.interval.end == end {
            return Err(ActError::conflict("booking.end.same"));
        }
        if it.held.interval.end.is_none() {
            return Err(ActError::conflict("booking.end.notice"));
        }
        self.check_may_say_more(&it.row.extensions)?;
        self.check_owner(tx, &it.domain)?;
        let quoted = self.end_quoted(tx, now, &it, end)?;
        let others = ["booking.why.taken", "booking.why.part"];
        let against = quoted.then.broken.iter().find(|why| !others.contains(&why.code));
        if let Some(why) = against {
            return Err(with_latest(why.clone(), quoted.latest, &quoted.then.zone));
        }
        let turn = booking::next_turn(&it.row);
        let record = Extension { at: now, booking: *id, end, note, turn };
        let mut changes = Changes::default();
        self.write_deal(tx, now, rng, (id, &it.readers()), &record, &mut changes)?;
        Ok((quoted, changes))
    }

    /// One more would be said and not kept, or answered and the answer not kept.
    fn check_may_say_more<R>(&self, said: &[Said<R>]) -> Result<(), ActError> {
        let own = said.iter().filter(|it| it.by.member == self.me.member).count();
        if own >= booking::SAID_BY_DEVICE {
            return Err(ActError::conflict("booking.end.too_many"));
        }
        Ok(())
    }

    /// Gives a booking the end that was asked for last, if that would count here.
    pub fn grant_end(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        id: &BookingId,
        care: Care,
    ) -> Result<Changes, ActError> {
        self.check_member()?;
        let it = self.holding(tx, id, now)?;
        let asked = self.asked(&it)?;
        let by = it.request.by.member;
        if !it.request.counts || !self.authority.is_active(&by) {
            return Err(ActError::conflict("booking.requester_gone"));
        }
        if !self.authority.stands(&it.domain.row.owned_by()) {
            return Err(ActError::conflict("listing.withdrawn"));
        }
        self.check_credits(tx, &Owner::Member(by))?;
        let interval = it.interval(asked.record.end);
        let view = DomainView::over(tx, &it.domain.id, &interval)?;
        let view = view.ok_or_else(|| ActError::not_found("listing.not_found"))?;
        let mine = booking::booked_beside(tx, &view, &it.held, &by, &interval, now)?;
        let new = NewEnd {
            held: &it.held,
            end: asked.record.end,
            mine: &mine,
            footing: self.footing(&view.row.owner, &by),
        };
        let me = self.as_holder();
        let decision = booking::resize(&view, &me, &new, care, now).map_err(|error| {
            let zone = view.terms(&it.held.resource).and_then(|terms| terms.zone().ok());
            let zone = zone.unwrap_or_else(Zone::utc);
            let refused = match &error {
                DecideError::Already => ActError::conflict("booking.end.same"),
                error => of_decision(error, &zone),
            };
            with_latest(refused, booking::latest_end(&view, &new, now), &zone)
        })?;
        let mut changes = Changes::default();
        let by_decision = self.decide_at(tx, now, &decision, &mut changes)?;
        let answer = ExtensionAnswer {
            at: now,
            booking: *id,
            asked: asked.entry.hash,
            outcome: Outcome::Accepted(by_decision),
        };
        self.write_deal(tx, now, rng, (id, &it.readers()), &answer, &mut changes)?;
        Ok(changes)
    }

    /// Says no to the end that was asked for last.
    pub fn refuse_end(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        id: &BookingId,
        reason: Reason,
        text: String,
    ) -> Result<Changes, ActError> {
        self.check_member()?;
        let it = self.holding(tx, id, now)?;
        let asked = self.asked(&it)?.entry.hash;
        let outcome = Outcome::Refused { reason, text };
        let answer = ExtensionAnswer { at: now, booking: *id, asked, outcome };
        let mut changes = Changes::default();
        self.write_deal(tx, now, rng, (id, &it.readers()), &answer, &mut changes)?;
        Ok(changes)
    }

    /// The question that this side may answer.
    fn asked(&self, it: &Holding) -> Result<Said<Extension>, ActError> {
        if booking::who_may(&it.domain, &self.as_holder()) == Stands::NotEntitled {
            return Err(ActError::not_allowed("booking.not_allowed"));
        }
        let asked = booking::asked_end(&it.row);
        let open = asked.filter(|asked| booking::is_open(&it.row, &it.domain, &it.held, asked));
        open.cloned().ok_or_else(|| ActError::conflict("booking.end.not_asked"))
    }

    /// Ends a booking that has no end. The owner's side frees the time from then on; for the
    /// requester's the decider's device does.
    pub fn give_notice(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        id: &BookingId,
        end: Instant,
        text: String,
    ) -> Result<Changes, ActError> {
        self.check_member()?;
        let it = self.holding(tx, id, now)?;
        if !booking::ends_by_notice(&it.row, &it.held) {
            return Err(ActError::conflict("booking.notice.has_end"));
        }
        let terms = it.domain.terms(&it.held.resource);
        let terms = terms.ok_or_else(|| ActError::conflict("listing.not_resource"))?;
        let zone = terms.zone().unwrap_or_else(|_| Zone::utc());
        let earliest = booking::earliest_end(terms, it.held.interval.start, now);
        if end < earliest {
            let early = ActError::conflict("booking.notice.too_early");
            return Err(early.with("earliest_at", told(earliest, &zone)));
        }
        if it.held.interval.end.is_some_and(|before| before <= end) {
            return Err(ActError::conflict("booking.end.same"));
        }
        self.check_may_say_more(&it.row.notices)?;
        let mut changes = Changes::default();
        let notice = Notice { at: now, booking: *id, end, text };
        self.write_deal(tx, now, rng, (id, &it.readers()), &notice, &mut changes)?;
        if it.side == Side::Owner {
            changes.merge(self.end_by_notice(tx, now, id, end)?);
        }
        Ok(changes)
    }

    /// Has a booking end as notice was given.
    pub(super) fn end_by_notice(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        id: &BookingId,
        end: Instant,
    ) -> Result<Changes, ActError> {
        let it = self.holding(tx, id, now)?;
        let new = NewEnd { held: &it.held, end: Some(end), mine: &[], footing: Footing::NEAREST };
        let me = self.as_holder();
        let decision = booking::resize(&it.domain, &me, &new, Care::CalendarOnly, now)
            .map_err(|error| of_decision(&error, &Zone::utc()))?;
        self.decide(tx, now, &decision)
    }

    /// Writes a decision and says where it is.
    fn decide_at(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        decision: &Decision,
        changes: &mut Changes,
    ) -> Result<Ref, ActError> {
        let hash = self.write_decision(tx, now, decision, changes)?;
        let key = (decision.domain, self.me.member, hash);
        let row = tx.row::<Decisions>(&key)?;
        let row = row.ok_or_else(|| ActError::conflict("booking.incomplete"))?;
        Ok(row.entry)
    }

    /// Whether the question is still the one that waits for an answer.
    pub(super) fn still_asked(
        &self,
        tx: &Tx<'_>,
        id: &BookingId,
        asked: &EntryHash,
    ) -> Result<bool, ActError> {
        let (row, _) = self.deal(tx, id)?;
        Ok(booking::asked_end(&row).is_some_and(|last| last.entry.hash == *asked))
    }
}

/// Says until when it could be as well.
fn with_latest(mut error: ActError, latest: Option<Instant>, zone: &Zone) -> ActError {
    match latest {
        Some(latest) => {
            let until = ActError::conflict("booking.end.latest");
            error.also.push(until.with("latest_at", told(latest, zone)));
            error
        }
        None => error,
    }
}
