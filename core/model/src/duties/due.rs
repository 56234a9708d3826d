//! Which duties the rows ask for.

use std::collections::BTreeMap;

use super::Todo;
use crate::authority::Authority;
use crate::booking::{
    self, BookingRow, BookingStates, Bookings, Calendars, DecideError, Decision, DomainView, Held,
    Holder, Mode, NewEnd, OpenState, Reason, Receipts, Standing, Wanted,
};
use crate::keys::{BookingId, EntryHash, MemberId};
use crate::projection::{keyring_of, own_acts_wait};
use crate::rows::{Key, RowsError, Tx};
use crate::service::{self, Services};
use crate::time::{Instant, Interval};

/// Bookings and domains looked at in one round; the rest come in the next.
const ROUND: usize = 256;
/// Rows looked at after a start.
const EVERYTHING: usize = 1 << 20;

/// Something this device is to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Duty {
    /// Open the next key epoch.
    OpenEpoch,
    /// Say what was seen: makes firm, or settles a change of holder.
    Seen(Box<Decision>),
    /// Accept by itself, for the resource is instant.
    Accept(BookingId),
    /// Refuse by itself.
    Refuse(BookingId, Reason),
    /// Give a booking the end its requester asks for; the question.
    Extend(BookingId, EntryHash),
    /// Say no to that.
    KeepEnd(BookingId, EntryHash, Reason),
    /// End a booking as notice was given.
    Leave(BookingId, Instant),
    /// Take a booking out that its requester gave up.
    Release(Box<Decision>),
    /// Acknowledge entries of a deal.
    Acknowledge(BookingId, Vec<EntryHash>),
}

/// The duties of a device, in the order in which they are to be done. What was looked at
/// leaves `todo`; a duty that is done puts what it changed back.
pub fn due(
    tx: &Tx<'_>,
    authority: &Authority,
    me: &Holder,
    todo: &mut Todo,
    now: Instant,
) -> Result<Vec<Duty>, RowsError> {
    if std::mem::take(&mut todo.all) {
        for (key, _) in tx.rows_with_prefix::<Bookings>(&[], EVERYTHING)? {
            todo.bookings.extend(BookingId::from_slice(&key));
        }
        for (key, _) in tx.rows_with_prefix::<Services>(&[], EVERYTHING)? {
            todo.receipts.extend(BookingId::from_slice(&key));
        }
        todo.receipts.extend(&todo.bookings);
        for (key, row) in tx.rows_with_prefix::<Calendars>(&[], EVERYTHING)? {
            if row.deciding.contains(&me.member) {
                todo.domains.extend(EntryHash::from_slice(&key));
            }
        }
    }
    let mut duties = Vec::new();
    if std::mem::take(&mut todo.epochs) && needs_epoch(tx, authority, me)? {
        duties.push(Duty::OpenEpoch);
    }
    for _ in 0..ROUND {
        let Some(booking) = todo.bookings.pop_first() else { break };
        duties.extend(of_booking(tx, authority, me, &booking, now)?);
    }
    for _ in 0..ROUND {
        let Some(domain) = todo.domains.pop_first() else { break };
        let Some(view) = DomainView::head(tx, &domain)? else { continue };
        if !view.row.deciding.contains(&me.member) {
            continue;
        }
        duties.extend(of_displaced(tx, authority, me, &view, now)?);
        if let Ok(Some(decision)) = booking::seen(&view, me, now) {
            duties.push(Duty::Seen(Box::new(decision)));
        }
    }
    if !todo.receipts.is_empty() && todo.may_receipt(now) {
        let owed = receipts(tx, &me.member, todo)?;
        if !owed.is_empty() {
            todo.receipted(now);
        } else {
            todo.receipts.clear();
        }
        duties.extend(owed.into_iter().map(|(booking, hashes)| Duty::Acknowledge(booking, hashes)));
    }
    Ok(duties)
}

fn needs_epoch(tx: &Tx<'_>, authority: &Authority, me: &Holder) -> Result<bool, RowsError> {
    let active = authority.device_of(&me.member, &me.device).is_some_and(|it| it.is_active);
    // An epoch that waits changes nothing about what is seen: the next look would ask for
    // another one, and so for ever.
    if !active || own_acts_wait(tx, authority, me)? {
        return Ok(false);
    }
    let ring = keyring_of(tx, authority, &me.member)?;
    let opener = ring.opener();
    Ok(ring.needs_new_epoch().is_some() && opener.is_none_or(|device| device == me.device))
}

fn of_booking(
    tx: &Tx<'_>,
    authority: &Authority,
    me: &Holder,
    id: &BookingId,
    now: Instant,
) -> Result<Option<Duty>, RowsError> {
    let Some(row) = tx.row::<Bookings>(id)? else { return Ok(None) };
    let Some(request) = row.request() else { return Ok(None) };
    let interval = request.record.interval;
    let Some(view) = DomainView::over(tx, &request.record.domain, &interval)? else {
        return Ok(None);
    };
    let standing = booking::who_may(&view, me);
    let state = tx.row::<BookingStates>(&(view.id, *id))?;
    if row.is_given_up() {
        let decided_here = state.as_ref().is_some_and(|state| match &state.state {
            OpenState::Held(held) => held.decided_by == *me,
            _ => false,
        });
        if standing != Standing::Holder && !(standing == Standing::StandIn && decided_here) {
            return Ok(None);
        }
        let reason = Reason::CANCELLED_BY_REQUESTER;
        let release = booking::release(&view, me, *id, state.as_ref(), reason, now);
        return Ok(release.ok().map(|decision| Duty::Release(Box::new(decision))));
    }
    if let Some(OpenState::Held(held)) = state.as_ref().map(|state| &state.state) {
        return of_end(tx, authority, me, (&row, &view), held, now);
    }
    let is_instant =
        view.terms(&request.record.listing).is_some_and(|terms| terms.mode == Mode::Instant);
    let open = state.is_none() && !is_refused(&row, &view);
    if !(open && is_instant && standing == Standing::Holder) {
        return Ok(None);
    }
    let is_one_of_us =
        authority.is_active(&request.by.member) && authority.stands(&view.row.owned_by());
    if !request.counts || !is_one_of_us {
        return Ok(None);
    }
    let wanted = Wanted {
        booking: *id,
        resource: request.record.listing,
        interval: request.record.interval,
        quantity: request.record.quantity,
        tier: 0,
    };
    let care = booking::Care::AllTerms;
    let by = request.by.member;
    let mine = booking::booked_by(tx, &view, &wanted.resource, &by, &interval, now)?;
    Ok(match booking::accept(&view, me, &wanted, &mine, state.as_ref(), care, now) {
        Ok(_) => Some(Duty::Accept(*id)),
        Err(booking::DecideError::Taken { .. }) if request.record.waitlist => None,
        Err(booking::DecideError::Taken { .. }) => Some(Duty::Refuse(*id, Reason::TAKEN)),
        Err(booking::DecideError::Terms(broken)) => {
            let reason = broken.first().map_or(Reason::TERMS, |first| first.reason());
            Some(Duty::Refuse(*id, reason))
        }
        Err(_) => None,
    })
}

/// Notice that was given, and another end asked for of an instant resource.
fn of_end(
    tx: &Tx<'_>,
    authority: &Authority,
    me: &Holder,
    (row, view): (&BookingRow, &DomainView),
    held: &Held,
    now: Instant,
) -> Result<Option<Duty>, RowsError> {
    let standing = booking::who_may(view, me);
    let may_end =
        standing == Standing::Holder || (standing == Standing::StandIn && held.decided_by == *me);
    if let Some(end) = booking::noticed_end(row, view, held, now).filter(|_| may_end) {
        return Ok(Some(Duty::Leave(held.booking, end)));
    }
    let is_instant = view.terms(&held.resource).is_some_and(|terms| terms.mode == Mode::Instant);
    if !is_instant || standing != Standing::Holder {
        return Ok(None);
    }
    let Some(asked) = booking::asked_end(row) else { return Ok(None) };
    let is_one_of_us =
        authority.is_active(&asked.by.member) && authority.stands(&view.row.owned_by());
    if !is_one_of_us || !booking::is_open(row, view, held, asked) {
        return Ok(None);
    }
    let interval = Interval { start: held.interval.start, end: asked.record.end };
    let Some(view) = DomainView::over(tx, &view.id, &interval)? else { return Ok(None) };
    let mine = booking::booked_beside(tx, &view, held, &asked.by.member, &interval, now)?;
    let new = NewEnd { held, end: asked.record.end, mine: &mine };
    let (id, question) = (held.booking, asked.entry.hash);
    Ok(match booking::resize(&view, me, &new, booking::Care::AllTerms, now) {
        Ok(_) => Some(Duty::Extend(id, question)),
        Err(DecideError::Taken { .. }) => Some(Duty::KeepEnd(id, question, Reason::TAKEN)),
        Err(DecideError::Terms(broken)) => {
            let reason = broken.first().map_or(Reason::TERMS, |first| first.reason());
            Some(Duty::KeepEnd(id, question, reason))
        }
        Err(_) => None,
    })
}

/// Whether someone entitled has said no.
fn is_refused(row: &BookingRow, view: &DomainView) -> bool {
    let refuses = |answer: &booking::Said<booking::Answer>| {
        answer.counts
            && matches!(answer.record.outcome, booking::Outcome::Refused { .. })
            && view.row.entitled.contains(&answer.by.member)
    };
    row.answers.iter().any(refuses)
}

/// Instant resources take displaced bookings back when there is room again, in their
/// order; each one's turn comes when the one before it has been written.
fn of_displaced(
    tx: &Tx<'_>,
    authority: &Authority,
    me: &Holder,
    view: &DomainView,
    now: Instant,
) -> Result<Option<Duty>, RowsError> {
    if booking::who_may(view, me) != Standing::Holder {
        return Ok(None);
    }
    let mut displaced = Vec::new();
    for (_, state) in tx.rows_with_prefix::<BookingStates>(&view.id.to_key(), EVERYTHING)? {
        if let OpenState::Displaced(out) = state.state {
            displaced.push(out);
        }
    }
    displaced.sort_unstable_by_key(|out| (out.place.unwrap_or(u32::MAX), out.booking));
    for out in displaced {
        let is_instant = view.terms(&out.resource).is_some_and(|terms| terms.mode == Mode::Instant);
        let row = tx.row::<Bookings>(&out.booking)?.unwrap_or_default();
        let Some(request) = row.request() else { continue };
        let is_over = out.interval.start < now;
        // Whoever is gone must not stand in the way of those behind.
        let is_gone = !request.counts || !authority.is_active(&request.by.member);
        if !is_instant || row.is_given_up() || is_gone || is_over {
            continue;
        }
        let Some(there) = DomainView::over(tx, &view.id, &out.interval)? else { continue };
        let others = there.in_the_way(&out.resource, &out.interval, out.quantity);
        if others.is_ok_and(|others| others.is_empty()) {
            return Ok(Some(Duty::Accept(out.booking)));
        }
    }
    Ok(None)
}

/// Entries of others that this member has not acknowledged, deal by deal.
fn receipts(
    tx: &Tx<'_>,
    me: &MemberId,
    todo: &Todo,
) -> Result<BTreeMap<BookingId, Vec<EntryHash>>, RowsError> {
    let mut owed: BTreeMap<BookingId, Vec<EntryHash>> = BTreeMap::new();
    for id in &todo.receipts {
        for hash in service::theirs(tx, id, me)? {
            owe(tx, me, id, hash, &mut owed)?;
        }
        let Some(row) = tx.row::<Bookings>(id)? else { continue };
        let Some(request) = row.request() else { continue };
        let theirs = std::iter::once((request.counts, request.by.member, request.entry.hash))
            .chain(row.answers.iter().map(|it| (it.counts, it.by.member, it.entry.hash)))
            .chain(row.cancels.iter().map(|it| (it.counts, it.by.member, it.entry.hash)))
            .chain(row.steps.iter().map(|it| (it.counts, it.by.member, it.entry.hash)))
            .chain(row.extensions.iter().map(|it| (it.counts, it.by.member, it.entry.hash)))
            .chain(row.extension_answers.iter().map(|it| (it.counts, it.by.member, it.entry.hash)))
            .chain(row.notices.iter().map(|it| (it.counts, it.by.member, it.entry.hash)));
        for (counts, by, hash) in theirs {
            if by == *me || !counts {
                continue;
            }
            owe(tx, me, id, hash, &mut owed)?;
        }
    }
    for hashes in owed.values_mut() {
        hashes.sort_unstable();
        hashes.dedup();
        hashes.truncate(booking::records::bounds::RECEIPT_HASHES);
    }
    Ok(owed)
}

/// Notes an entry of a deal that this member has not acknowledged.
fn owe(
    tx: &Tx<'_>,
    me: &MemberId,
    id: &BookingId,
    hash: EntryHash,
    owed: &mut BTreeMap<BookingId, Vec<EntryHash>>,
) -> Result<(), RowsError> {
    let known = tx.row::<Receipts>(&hash)?.unwrap_or_default();
    if !known.iter().any(|(member, _)| member == me) {
        owed.entry(*id).or_default().push(hash);
    }
    Ok(())
}
