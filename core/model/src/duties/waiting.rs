//! What a decider's device does for those who wait: offers room that came free to the
//! first who fits, accepts who took an offer, and goes on to the next where one ran out.
//!
//! Invariant: nobody is offered what somebody before him on the list, who still waits,
//! could have beside what runs; and no two offers that run are for the same room.

use super::Duty;
use super::due::decides_by_itself;
use crate::authority::Authority;
use crate::booking::lifecycle::Proof;
use crate::booking::{
    self, BookingRow, BookingStates, Bookings, Care, DecideError, DomainView, Footing, Holder,
    Offering, Reason, Standing, Waits, Wanted, availability::Refusal, offer_of,
};
use crate::journal::Owner;
use crate::ledger;
use crate::rows::{RowsError, Tx};
use crate::time::Instant;

/// So many of one list are written to in one round.
const ROUND: usize = 64;
/// What is past for so long leaves the list: a clock that is ahead by less empties none.
const OVER_MS: i64 = 7 * Instant::DAY_MS;

/// What is due on the list of a domain, and when it is to be looked at again.
#[derive(Debug, Default)]
pub(super) struct Due {
    pub(super) duties: Vec<Duty>,
    pub(super) again: Option<Instant>,
}

/// What is due on the waiting list of a domain.
pub(super) fn of_waiting(
    tx: &Tx<'_>,
    authority: &Authority,
    me: &Holder,
    view: &DomainView,
    now: Instant,
) -> Result<Due, RowsError> {
    let mut due = Due::default();
    // Of what is nobody's any more nothing is offered.
    if booking::who_may(view, me) != Standing::Holder || !authority.stands(&view.row.owned_by()) {
        return Ok(due);
    }
    let room = Room { tx, authority, me, view, now };
    let mut line: Vec<(Waits, Option<Offering>, bool)> = Vec::new();
    for waits in booking::waiting(tx, &view.id)? {
        if due.duties.len() >= ROUND {
            break;
        }
        let row = tx.row::<Bookings>(&waits.booking)?.unwrap_or_default();
        let offer = offer_of(&row, view);
        let ran_out = offer.as_ref().is_some_and(|offer| offer.ends_waiting(&waits, now));
        // What nobody can have any more leaves the list, or that would grow for ever.
        if waits.interval.start.plus_ms(OVER_MS) < now || ran_out {
            let state = tx.row::<BookingStates>(&(view.id, waits.booking))?;
            let id = waits.booking;
            let release = booking::release(view, me, id, state.as_ref(), Reason::NONE, now);
            due.duties.extend(release.ok().map(|decision| Duty::Release(Box::new(decision))));
        } else if is_in_line(tx, authority, &row, &waits, now)? && room.is_lawful(&row, &waits)? {
            let request = row.request().map(|request| &request.record);
            // One more of this device would be written and not kept.
            let mine = row.offers.iter().filter(|it| it.by.device == me.device).count();
            let by_itself = mine < booking::SAID_BY_DEVICE
                && request.is_some_and(|request| decides_by_itself(view, request));
            line.push((waits, offer.filter(|offer| !offer.has_run_out(now)), by_itself));
        }
    }
    // Room that was offered, whoever has it.
    let offered = line.iter().filter(|(_, offer, _)| offer.is_some());
    let mut spoken_for: Vec<Wanted> = offered.map(|(waits, ..)| wanted(waits)).collect();
    for (waits, offer, by_itself) in line {
        if due.duties.len() >= ROUND {
            break;
        }
        let at_once = view.terms(&waits.resource).is_some_and(|terms| terms.offer_ms == 0);
        match offer {
            Some(offer) if offer.is_taken => {
                let fits = room.is_there(&waits, &[])?;
                due.duties.extend(fits.then_some(Duty::Accept(waits.booking)));
            }
            Some(offer) => {
                due.again = Some(due.again.map_or(offer.until, |at| at.min(offer.until)));
            }
            // Who waits for a person's word keeps his place before those behind him.
            None if room.is_there(&waits, &spoken_for)? => {
                spoken_for.push(wanted(&waits));
                let id = waits.booking;
                let duty = if at_once { Duty::Accept(id) } else { Duty::Offer(id) };
                due.duties.extend(by_itself.then_some(duty));
            }
            None => {}
        }
    }
    Ok(due)
}

fn wanted(waits: &Waits) -> Wanted {
    Wanted {
        booking: waits.booking,
        resource: waits.resource,
        interval: waits.interval,
        quantity: waits.quantity,
        footing: Footing::NEAREST,
    }
}

/// Whether somebody on the list still waits: whoever is gone, or could not be accepted, must
/// not stand in the way of those behind.
fn is_in_line(
    tx: &Tx<'_>,
    authority: &Authority,
    row: &BookingRow,
    waits: &Waits,
    now: Instant,
) -> Result<bool, RowsError> {
    let Some(request) = row.request() else { return Ok(false) };
    let by = request.by.member;
    let is_gone = !request.counts || !authority.is_active(&by);
    let waits = !is_gone && !row.is_given_up() && waits.interval.start >= now;
    Ok(waits && !ledger::double_spend(tx, &Owner::Member(by))?)
}

/// Where room is looked for.
struct Room<'a> {
    tx: &'a Tx<'a>,
    authority: &'a Authority,
    me: &'a Holder,
    view: &'a DomainView,
    now: Instant,
}

impl Room<'_> {
    /// Whether the terms would let somebody who waits have it by now: whom they serve, and
    /// how much one may have. What he asked in time he asked in time.
    fn is_lawful(&self, row: &BookingRow, waits: &Waits) -> Result<bool, RowsError> {
        let Some(request) = row.request() else { return Ok(false) };
        let there = DomainView::around(self.tx, &self.view.id, &waits.interval, self.now)?;
        let Some(there) = there else { return Ok(false) };
        let by = request.by.member;
        let footing = Footing::in_hood(self.authority, &there.row.owner, &by);
        let (of, when) = (&waits.resource, &waits.interval);
        let mine = booking::booked_by(self.tx, &there, of, &by, when, self.now)?;
        let wanted = Wanted { footing, ..wanted(waits) };
        let told = booking::check(&there, &wanted, &mine, Care::AllTerms, self.now);
        let Err(DecideError::Terms(broken)) = told else { return Ok(true) };
        let late = |why: &Refusal| matches!(why, Refusal::TooSoon { .. } | Refusal::TooFar { .. });
        Ok(broken.iter().all(late))
    }

    /// Whether there is room for somebody beside what is spoken for and what is not back.
    fn is_there(&self, waits: &Waits, spoken_for: &[Wanted]) -> Result<bool, RowsError> {
        let there = DomainView::over(self.tx, &self.view.id, &waits.interval)?;
        let Some(mut there) = there else { return Ok(false) };
        let genuine = |proof: &Proof| booking::is_genuine(self.authority, proof);
        there.note_still_out(self.tx, &waits.interval, &genuine, &self.me.member, self.now)?;
        Ok(there.with(spoken_for).has_room(waits))
    }
}

/// Whether an acceptance would take the room of somebody who waits and could have it.
pub(super) fn is_behind_others(
    tx: &Tx<'_>,
    authority: &Authority,
    view: &DomainView,
    wanted: &Wanted,
    now: Instant,
) -> Result<bool, RowsError> {
    for waits in booking::waiting(tx, &view.id)? {
        let Some(there) = DomainView::over(tx, &view.id, &waits.interval)? else { continue };
        if !there.is_overtaken(&waits, wanted) {
            continue;
        }
        let row = tx.row::<Bookings>(&waits.booking)?.unwrap_or_default();
        let ran_out = offer_of(&row, view).is_some_and(|offer| offer.ends_waiting(&waits, now));
        if !ran_out && is_in_line(tx, authority, &row, &waits, now)? {
            return Ok(true);
        }
    }
    Ok(false)
}
