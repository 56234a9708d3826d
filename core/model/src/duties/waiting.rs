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
    self, BookingRow, BookingStates, Bookings, DomainView, Footing, Holder, Offering, Reason,
    Standing, Waits, Wanted, offer_of,
};
use crate::rows::{RowsError, Tx};
use crate::time::Instant;

/// So many of one list are written to in one round.
const ROUND: usize = 64;

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
    if booking::who_may(view, me) != Standing::Holder {
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
        if waits.interval.start < now || ran_out {
            let state = tx.row::<BookingStates>(&(view.id, waits.booking))?;
            let id = waits.booking;
            let release = booking::release(view, me, id, state.as_ref(), Reason::NONE, now);
            due.duties.extend(release.ok().map(|decision| Duty::Release(Box::new(decision))));
        } else if is_in_line(authority, &row, &waits, now) {
            let request = row.request().map(|request| &request.record);
            let by_itself = request.is_some_and(|request| decides_by_itself(view, request));
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

/// Whether somebody on the list still waits: whoever is gone must not stand in the way of
/// those behind.
fn is_in_line(authority: &Authority, row: &BookingRow, waits: &Waits, now: Instant) -> bool {
    let Some(request) = row.request() else { return false };
    let is_gone = !request.counts || !authority.is_active(&request.by.member);
    !is_gone && !row.is_given_up() && waits.interval.start >= now
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
        if !ran_out && is_in_line(authority, &row, &waits, now) {
            return Ok(true);
        }
    }
    Ok(false)
}
