//! Which duties the rows ask for.

use std::collections::BTreeMap;

use super::Todo;
use super::waiting::{is_behind_others, of_waiting};
use crate::authority::Authority;
use crate::booking::lifecycle::Proof;
use crate::booking::{
    self, BookingRow, BookingStates, Bookings, Calendars, DecideError, Decision, DomainView,
    Footing, Held, Holder, Mode, NewEnd, OpenState, Reason, Receipts, Request, Standing, Wanted,
};
use crate::keyring::EARLIER_SECRETS;
use crate::keys::{BookingId, EntryHash, MemberId};
use crate::projection::{EpochSecrets, keyring_of, own_acts_wait};
use crate::rows::{RowsError, Tx};
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
    /// Put on the waiting list.
    Queue(Box<Decision>),
    /// Offer what it waits for.
    Offer(BookingId),
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
    if std::mem::take(&mut todo.members) {
        todo.bookings.extend(of_who_is_gone(tx, authority)?);
    }
    let mut duties = Vec::new();
    if std::mem::take(&mut todo.epochs) && needs_epoch(tx, authority, me)? {
        duties.push(Duty::OpenEpoch);
    }
    todo.wake(now);
    let round = next_bookings(tx, todo)?;
    // Offers, and who took them, are not told by the calendar.
    for id in &round {
        let Some(row) = tx.row::<Bookings>(id)? else { continue };
        let offered = !row.offers.is_empty() || !row.taken.is_empty();
        if let Some(request) = row.request().filter(|_| offered) {
            todo.domains.insert(request.record.domain);
        }
    }
    for _ in 0..ROUND {
        let Some(domain) = todo.domains.pop_first() else { break };
        // What could not be answered before may be now.
        todo.bookings.extend(todo.open.remove(&domain).unwrap_or_default());
        let Some(view) = DomainView::head(tx, &domain)? else { continue };
        if !view.row.deciding.contains(&me.member) {
            continue;
        }
        let waiting = of_waiting(tx, authority, me, &view, now)?;
        duties.extend(waiting.duties);
        if let Some(at) = waiting.again {
            todo.wake_at(at, domain);
        }
        if let Ok(Some(decision)) = booking::seen(&view, me, now) {
            duties.push(Duty::Seen(Box::new(decision)));
        }
    }
    for booking in round {
        match of_booking(tx, authority, me, &booking, now)? {
            Some(duty) => duties.push(duty),
            None => note_open(tx, me, &booking, todo)?,
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

/// Bookings of members who are in the neighbourhood no more.
fn of_who_is_gone(tx: &Tx<'_>, authority: &Authority) -> Result<Vec<BookingId>, RowsError> {
    let is_gone = |member: &MemberId| authority.gone_since(member).is_some();
    if !authority.members().any(|(member, _)| is_gone(member)) {
        return Ok(Vec::new());
    }
    let rows = tx.rows_with_prefix::<Bookings>(&[], EVERYTHING)?.into_iter();
    let gone = rows.filter(|(_, row)| row.request().is_some_and(|it| is_gone(&it.by.member)));
    Ok(gone.filter_map(|(key, _)| BookingId::from_slice(&key)).collect())
}

fn needs_epoch(tx: &Tx<'_>, authority: &Authority, me: &Holder) -> Result<bool, RowsError> {
    let active = authority.device_of(&me.member, &me.device).is_some_and(|it| it.is_active);
    // An epoch that waits changes nothing about what is seen: the next look would ask for
    // another one, and so for ever.
    if !active || own_acts_wait(tx, authority, me)? {
        return Ok(false);
    }
    let ring = keyring_of(tx, authority, &me.member)?;
    if ring.needs_new_epoch().is_some() {
        return Ok(ring.opener().is_none_or(|device| device == me.device));
    }
    // Its opener did not know the secret of another that was opened at the same time, and
    // was sealed to others: whoever knows more hands that on, or it is lost for who came
    // between the two.
    let Some(facts) = ring.for_writing() else { return Ok(false) };
    let known = tx.rows_with_prefix::<EpochSecrets>(&[], EARLIER_SECRETS)?.len();
    Ok(known > facts.earlier.saturating_add(1) && tx.has::<EpochSecrets>(&facts.public.0)?)
}

/// Bookings to be looked at in this round, in an order that nobody could foresee when he
/// made an id: neither a clock nor an id buys a place.
fn next_bookings(tx: &Tx<'_>, todo: &mut Todo) -> Result<Vec<BookingId>, RowsError> {
    let seed = crate::journal::position(tx)?.hash;
    let turn = |id: &BookingId| {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed).update(id.as_bytes());
        *hasher.finalize().as_bytes()
    };
    let from = BookingId(seed);
    let all = todo.bookings.range(from..).chain(todo.bookings.range(..from));
    let mut round: Vec<BookingId> = all.take(ROUND).copied().collect();
    for id in &round {
        todo.bookings.remove(id);
    }
    round.sort_unstable_by_key(turn);
    Ok(round)
}

/// Remembers a request on which this device may decide when something else changes.
fn note_open(tx: &Tx<'_>, me: &Holder, id: &BookingId, todo: &mut Todo) -> Result<(), RowsError> {
    let Some(row) = tx.row::<Bookings>(id)? else { return Ok(()) };
    let Some(request) = row.request().filter(|_| !row.is_given_up()) else { return Ok(()) };
    let Some(view) = DomainView::head(tx, &request.record.domain)? else { return Ok(()) };
    let is_undecided = !tx.has::<BookingStates>(&(view.id, *id))? && !is_refused(&row, &view);
    if is_undecided && booking::who_may(&view, me) == Standing::Holder {
        todo.open.entry(view.id).or_default().insert(*id);
    }
    Ok(())
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
    let Some(mut view) = DomainView::over(tx, &request.record.domain, &interval)? else {
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
        // Who is gone comes for nothing: it is free again. What he has he still has to give
        // back.
        let has_begun = held.interval.start <= now || row.steps.iter().any(|step| step.counts);
        if authority.gone_since(&request.by.member).is_some() && !has_begun {
            let may = standing == Standing::Holder
                || (standing == Standing::StandIn && held.decided_by == *me);
            let reason = Reason::REQUESTER_GONE;
            let release = booking::release(&view, me, *id, state.as_ref(), reason, now);
            let release = release.ok().filter(|_| may);
            return Ok(release.map(|decision| Duty::Release(Box::new(decision))));
        }
        return of_end(tx, authority, me, (&row, &view), held, now);
    }
    let is_instant = decides_by_itself(&view, &request.record);
    let is_undecided = match state.as_ref().map(|state| &state.state) {
        None => true,
        // It fell with who had accepted it: it waits, without a place.
        Some(OpenState::Displaced(out)) => out.place.is_none(),
        Some(_) => false,
    };
    if standing != Standing::Holder || !is_undecided || is_refused(&row, &view) {
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
        footing: Footing::in_hood(authority, &view.row.owner, &request.by.member),
    };
    let by = request.by.member;
    let mine = booking::booked_by(tx, &view, &wanted.resource, &by, &interval, now)?;
    let is_in_line = booking::waiting(tx, &view.id)?.iter().any(|waits| waits.booking == *id);
    let queue = |view: &DomainView| -> Option<Duty> {
        if is_in_line {
            return None;
        }
        let decision = booking::queue(view, me, &wanted, state.as_ref(), now).ok()?;
        (interval.start > now).then(|| Duty::Queue(Box::new(decision)))
    };
    if !is_instant || state.is_some() {
        // Whether a person would make an exception, only that person knows.
        let waits = request.record.waitlist || state.is_some();
        let care = booking::Care::CalendarOnly;
        let told = booking::check(&view, &wanted, &mine, care, now);
        let is_taken = matches!(told, Err(booking::DecideError::Taken { .. }));
        let is_behind = || is_behind_others(tx, authority, &view, &wanted, now);
        return Ok(if waits && (is_taken || is_behind()?) { queue(&view) } else { None });
    }
    let genuine = |proof: &Proof| booking::is_genuine(authority, proof);
    view.note_still_out(tx, &interval, &genuine, &me.member, now)?;
    let care = booking::Care::AllTerms;
    let told = booking::accept(&view, me, &wanted, &mine, state.as_ref(), care, now);
    let told = match told {
        Ok(_) if is_behind_others(tx, authority, &view, &wanted, now)? => {
            Err(booking::DecideError::Taken { by: Vec::new() })
        }
        told => told.map(|_| ()),
    };
    Ok(match told {
        Ok(()) => Some(Duty::Accept(*id)),
        Err(booking::DecideError::Taken { .. }) if request.record.waitlist => queue(&view),
        Err(booking::DecideError::Taken { .. }) => Some(Duty::Refuse(*id, Reason::TAKEN)),
        Err(booking::DecideError::Terms(broken)) => {
            let reason = broken.first().map_or(Reason::TERMS, |first| first.reason());
            Some(Duty::Refuse(*id, reason))
        }
        Err(_) => None,
    })
}

/// Whether the holder's device may say yes to a request by itself: what accepts another text
/// than the one in force waits for a person.
pub(super) fn decides_by_itself(view: &DomainView, request: &Request) -> bool {
    view.terms(&request.listing).is_some_and(|terms| {
        terms.mode == Mode::Instant && request.text_accepted(terms).is_enough()
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
    // Another answer of this device would be written and not kept, and so for ever.
    let by_me = |it: &&booking::Said<booking::ExtensionAnswer>| it.by.device == me.device;
    let is_full = row.extension_answers.iter().filter(by_me).count() >= booking::SAID_BY_DEVICE;
    if !is_one_of_us || is_full || !booking::is_open(row, view, held, asked) {
        return Ok(None);
    }
    let interval = Interval { start: held.interval.start, end: asked.record.end };
    let Some(view) = DomainView::over(tx, &view.id, &interval)? else { return Ok(None) };
    // A longer end is no way round those who wait.
    if let Some(more) = held.interval.end.filter(|end| interval.end.is_none_or(|new| new > *end)) {
        let wanted = Wanted {
            booking: held.booking,
            resource: held.resource,
            interval: Interval { start: more, end: interval.end },
            quantity: held.quantity,
            footing: Footing::NEAREST,
        };
        if is_behind_others(tx, authority, &view, &wanted, now)? {
            return Ok(Some(Duty::KeepEnd(held.booking, asked.entry.hash, Reason::TAKEN)));
        }
    }
    let mine = booking::booked_beside(tx, &view, held, &asked.by.member, &interval, now)?;
    let new = NewEnd {
        held,
        end: asked.record.end,
        mine: &mine,
        footing: Footing::in_hood(authority, &view.row.owner, &asked.by.member),
    };
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
            .chain(row.notices.iter().map(|it| (it.counts, it.by.member, it.entry.hash)))
            .chain(row.offers.iter().map(|it| (it.counts, it.by.member, it.entry.hash)))
            .chain(row.taken.iter().map(|it| (it.counts, it.by.member, it.entry.hash)));
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
