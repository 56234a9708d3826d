//! The common case without a pass: the holder goes on where all is firm and he has seen
//! everything, so his decision comes last and moves nothing before it.
//!
//! Invariant: what is written is what [`super::recompute`] would write; tests hold both
//! equal after every act.

use super::calendar::{
    Displaced, Effect, Held, HistoryLine, Released, Resized, Waits, conflict, end_ms, peak,
};
use super::records::{Decision, DomainId, Holder, Op, Reason};
use super::room::DomainView;
use super::rows::{
    BookingState, BookingStates, CalendarRow, CalendarSlots, Calendars, OpenState, Waitlists,
};
use super::slots::slot_key;
use super::waiting::waiting;
use crate::journal::Ref;
use crate::keys::{BookingId, DocId};
use crate::rows::{RowsError, Tx};
use crate::time::Interval;

/// Whether a decision comes last in a domain where all before it is firm.
pub(super) fn comes_last(row: &CalendarRow, decision: &Decision, author: &Holder) -> bool {
    let follows = row.spine_end.or(row.begun_by).map(|at| at.hash);
    let prev = decision.prev.map(|at| at.hash).filter(|prev| *prev != row.founded.hash);
    row.counts
        && row.is_plain
        && row.incomplete.is_empty()
        && row.firm_places == row.places
        && row.waiting_for.is_empty()
        && row.entitled.contains(&author.member)
        && row.holder == *author
        && row.tenure == decision.tenure
        && follows == prev
        && row.heads == decision.seen
        && matches!(
            decision.op,
            Op::Accept { .. }
                | Op::Release { .. }
                | Op::Seen
                | Op::Resize { .. }
                | Op::Queue { .. }
        )
}

/// Writes what a decision for which [`comes_last`] holds changes.
pub(super) fn extend(
    tx: &mut Tx<'_>,
    domain: &DomainId,
    mut row: CalendarRow,
    decision: &Decision,
    author: &Holder,
    at: &Ref,
) -> Result<(), RowsError> {
    match &decision.op {
        Op::Accept { booking, .. } => accept(tx, domain, &row, decision, author, at, booking)?,
        Op::Release { booking, reason } => {
            release(tx, domain, &row, decision, author, at, booking, *reason)?;
        }
        Op::Resize { .. } => resize(tx, domain, &mut row, decision, author, at)?,
        Op::Queue { booking, .. } => queue(tx, domain, &row, decision, author, at, booking)?,
        _ => {}
    }
    row.spine_end = Some(*at);
    row.heads = vec![*at];
    row.places = row.places.saturating_add(1);
    row.firm_places = row.places;
    match row.last_of.binary_search_by_key(author, |(who, _)| *who) {
        Ok(mine) => {
            let last = &mut row.last_of[mine].1;
            if (at.seq, at.hash) > (last.seq, last.hash) {
                *last = *at;
            }
        }
        Err(place) => row.last_of.insert(place, (*author, *at)),
    }
    tx.put::<Calendars>(domain, &row);
    Ok(())
}

fn line(row: &CalendarRow, decision: &Decision, author: &Holder, at: &Ref) -> HistoryLine {
    HistoryLine {
        act: at.hash,
        by: *author,
        at: decision.at,
        effect: Effect::NoChange,
        place: Some(row.places),
        past_closing: None,
    }
}

fn accept(
    tx: &mut Tx<'_>,
    domain: &DomainId,
    row: &CalendarRow,
    decision: &Decision,
    author: &Holder,
    at: &Ref,
    booking: &BookingId,
) -> Result<(), RowsError> {
    let Op::Accept { resource, interval, quantity, .. } = &decision.op else { return Ok(()) };
    let Some(view) = DomainView::over(tx, domain, interval)? else { return Ok(()) };
    if view.terms(resource).is_none() {
        return Ok(());
    }
    let state = tx.row::<BookingStates>(&(*domain, *booking))?;
    let mut line = line(row, decision, author, at);
    let mut history = state.as_ref().map(|state| state.history.clone()).unwrap_or_default();
    if let Some(BookingState {
        state: state @ (OpenState::Held(_) | OpenState::Released(_)), ..
    }) = state
    {
        history.push(line);
        tx.put::<BookingStates>(&(*domain, *booking), &BookingState { state, history });
        return Ok(());
    }
    let mine = waiting(tx, domain)?.into_iter().find(|waits| waits.booking == *booking);
    let blocked = in_the_way(&view, booking, (resource, interval, *quantity));
    let state = if let Some((by, reason)) = blocked {
        line.effect = Effect::Displaced(reason);
        let (place, queued_by, decision, overtaken_by) = match mine {
            Some(mine) => (mine.place, mine.queued_by, mine.decision, mine.overtaken_by),
            None => (row.places, *author, at.hash, Vec::new()),
        };
        let waits = Waits {
            booking: *booking,
            resource: *resource,
            interval: *interval,
            quantity: *quantity,
            place,
            queued_by,
            decision,
            overtaken_by,
        };
        join(tx, domain, &waits);
        OpenState::Displaced(Displaced {
            booking: *booking,
            resource: *resource,
            interval: *interval,
            quantity: *quantity,
            by,
            place: Some(row.places),
            reason,
            decided_by: *author,
            decision: at.hash,
        })
    } else {
        let own = mine.as_ref().map_or(u32::MAX, |mine| mine.place);
        let fitting = fitting(tx, &view, booking, (resource, interval), own)?;
        line.effect = Effect::Accepted;
        let held = Held {
            booking: *booking,
            resource: *resource,
            interval: *interval,
            quantity: *quantity,
            firm: true,
            place: row.places,
            decided_by: *author,
            decision: at.hash,
            resized: None,
        };
        tx.put::<CalendarSlots>(&slot_key(domain, interval, booking), &held);
        if let Some(mine) = mine {
            leave(tx, domain, &mine);
        }
        for waits in fitting {
            if !has_room(tx, domain, &waits)? {
                let line = HistoryLine { effect: Effect::Overtaken(*booking), ..line.clone() };
                overtake(tx, domain, waits, line)?;
            }
        }
        OpenState::Held(held)
    };
    history.push(line);
    tx.put::<BookingStates>(&(*domain, *booking), &BookingState { state, history });
    Ok(())
}

/// What stands in the way of a wish in a domain that was read over its interval, `booking`
/// itself left out, and why it does; none: there is room, by the calendar's own count.
fn in_the_way(
    view: &DomainView,
    booking: &BookingId,
    (resource, interval, quantity): (&DocId, &Interval, u32),
) -> Option<(Option<BookingId>, Reason)> {
    let Some(terms) = view.terms(resource) else { return Some((None, Reason::TERMS)) };
    let gap_ms = i64::try_from(terms.gap_ms()).unwrap_or(i64::MAX);
    let mut near = view.near(resource, interval);
    near.retain(|held| held.booking != *booking);
    let has_parts = near.iter().any(|held| held.resource != *resource);
    let units = near.iter().map(|held| (held.interval, held.quantity));
    let taken = if has_parts { 0 } else { peak(units, interval, gap_ms) };
    if !has_parts && taken + u64::from(quantity) <= u64::from(terms.capacity) {
        return None;
    }
    let others = near.iter().filter(|held| !has_parts || held.resource != *resource);
    let by = others.min_by_key(|held| (held.interval.start, held.booking)).map(|it| it.booking);
    let reason = match (has_parts, near.is_empty()) {
        (true, _) => Reason::PARTS,
        (false, true) => Reason::TERMS,
        (false, false) => Reason::TAKEN,
    };
    Some((by, reason))
}

/// Another end for a booking. Whoever comes last has seen every acceptance of it.
fn resize(
    tx: &mut Tx<'_>,
    domain: &DomainId,
    row: &mut CalendarRow,
    decision: &Decision,
    author: &Holder,
    at: &Ref,
) -> Result<(), RowsError> {
    let Op::Resize { booking, from, end } = &decision.op else { return Ok(()) };
    let Some(mut state) = tx.row::<BookingStates>(&(*domain, *booking))? else {
        // Nobody accepted it: the act leaves no state.
        row.is_plain = false;
        return Ok(());
    };
    let mut line = line(row, decision, author, at);
    if let OpenState::Held(held) = &mut state.state {
        let interval = Interval { end: *end, ..held.interval };
        let (old, new) = (end_ms(&held.interval), end_ms(&interval));
        line.effect = match Op::lengthens(*from, *end) {
            _ if !interval.is_valid() => Effect::NoChange,
            false if new < old => Effect::Resized { end: *end },
            true if new > old => {
                let Some(view) = DomainView::over(tx, domain, &interval)? else { return Ok(()) };
                let wish = (&held.resource, &interval, held.quantity);
                match in_the_way(&view, booking, wish) {
                    Some((_, reason)) => Effect::Kept { end: *end, reason },
                    None => Effect::Resized { end: *end },
                }
            }
            _ => Effect::NoChange,
        };
        if matches!(line.effect, Effect::Resized { .. }) {
            tx.delete::<CalendarSlots>(&slot_key(domain, &held.interval, booking));
            held.interval = interval;
            held.resized =
                Some(Resized { decision: at.hash, by: *author, place: row.places, firm: true });
            tx.put::<CalendarSlots>(&slot_key(domain, &interval, booking), held);
        }
    }
    state.history.push(line);
    tx.put::<BookingStates>(&(*domain, *booking), &state);
    Ok(())
}

/// Whether somebody who waits would have room now.
fn has_room(tx: &Tx<'_>, domain: &DomainId, waits: &Waits) -> Result<bool, RowsError> {
    let Some(view) = DomainView::over(tx, domain, &waits.interval)? else { return Ok(false) };
    let wish = (&waits.resource, &waits.interval, waits.quantity);
    Ok(in_the_way(&view, &waits.booking, wish).is_none())
}

/// Those before a place on the list that would have room now where a booking is to go.
fn fitting(
    tx: &Tx<'_>,
    view: &DomainView,
    booking: &BookingId,
    (resource, interval): (&DocId, &Interval),
    own: u32,
) -> Result<Vec<Waits>, RowsError> {
    let widest = view.row.terms.iter().map(super::records::Terms::gap_ms).max().unwrap_or(0);
    let gap_ms = i64::try_from(widest).unwrap_or(i64::MAX);
    let mut fitting = Vec::new();
    for waits in waiting(tx, &view.id)? {
        let is_near = waits.place < own
            && waits.booking != *booking
            && view.touches(resource, &waits.resource)
            && conflict(&waits.interval, interval, gap_ms);
        if is_near && has_room(tx, &view.id, &waits)? {
            fitting.push(waits);
        }
    }
    Ok(fitting)
}

fn join(tx: &mut Tx<'_>, domain: &DomainId, waits: &Waits) {
    tx.put::<Waitlists>(&(*domain, u64::from(waits.place), waits.booking), waits);
}

fn leave(tx: &mut Tx<'_>, domain: &DomainId, waits: &Waits) {
    tx.delete::<Waitlists>(&(*domain, u64::from(waits.place), waits.booking));
}

/// Tells somebody who waits that another got the room.
fn overtake(
    tx: &mut Tx<'_>,
    domain: &DomainId,
    mut waits: Waits,
    line: HistoryLine,
) -> Result<(), RowsError> {
    waits.overtaken_by.push(line.act);
    join(tx, domain, &waits);
    let key = (*domain, waits.booking);
    if let Some(mut state) = tx.row::<BookingStates>(&key)? {
        state.history.push(line);
        if let OpenState::Waiting(before) = &mut state.state {
            *before = waits;
        }
        tx.put::<BookingStates>(&key, &state);
    }
    Ok(())
}

fn queue(
    tx: &mut Tx<'_>,
    domain: &DomainId,
    row: &CalendarRow,
    decision: &Decision,
    author: &Holder,
    at: &Ref,
    booking: &BookingId,
) -> Result<(), RowsError> {
    let Op::Queue { resource, interval, quantity, .. } = &decision.op else { return Ok(()) };
    if row.record.index_of(resource).is_none() {
        return Ok(());
    }
    let mut line = line(row, decision, author, at);
    let key = (*domain, *booking);
    let state = match tx.row::<BookingStates>(&key)? {
        Some(mut state) => {
            state.history.push(line);
            state
        }
        None => {
            let waits = Waits {
                booking: *booking,
                resource: *resource,
                interval: *interval,
                quantity: *quantity,
                place: row.places,
                queued_by: *author,
                decision: at.hash,
                overtaken_by: Vec::new(),
            };
            join(tx, domain, &waits);
            line.effect = Effect::Queued;
            BookingState { state: OpenState::Waiting(waits), history: vec![line] }
        }
    };
    tx.put::<BookingStates>(&key, &state);
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "one arm of `extend`, split for length")]
fn release(
    tx: &mut Tx<'_>,
    domain: &DomainId,
    row: &CalendarRow,
    decision: &Decision,
    author: &Holder,
    at: &Ref,
    booking: &BookingId,
    reason: Reason,
) -> Result<(), RowsError> {
    let mut line = line(row, decision, author, at);
    line.effect = Effect::Released(reason);
    let (before, mut history) = match tx.row::<BookingStates>(&(*domain, *booking))? {
        Some(state) => (Some(state.state), state.history),
        None => (None, Vec::new()),
    };
    let state = match before {
        // It was taken out before: what counts is the first time.
        Some(state @ OpenState::Released(_)) => state,
        before => {
            if let Some(OpenState::Held(held)) = before {
                tx.delete::<CalendarSlots>(&slot_key(domain, &held.interval, booking));
            } else if let Some(mine) =
                waiting(tx, domain)?.into_iter().find(|waits| waits.booking == *booking)
            {
                leave(tx, domain, &mine);
            }
            OpenState::Released(Released {
                booking: *booking,
                reason,
                place: row.places,
                by: *author,
                decision: at.hash,
            })
        }
    };
    history.push(line);
    tx.put::<BookingStates>(&(*domain, *booking), &BookingState { state, history });
    Ok(())
}
