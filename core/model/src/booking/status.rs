//! A booking as its parties see it: a join of what they told each other and of the
//! calendar, computed on reading.
//!
//! Invariant: two parties that hold the same entries are shown the same status, firm
//! or not, place on the waiting list and history. Only `delivery` is each one's own.

use serde::{Deserialize, Serialize};

use super::accepted::TextAccepted;
use super::availability::Asker;
use super::calendar::Effect;
use super::extension::{AskedEnd, GivenNotice, told_of_end, told_of_notice};
use super::footing::Footing;
use super::history::{delivery, history};
use super::lifecycle::{self, Life, Proof, Side};
use super::records::{DomainId, Holder, Outcome, Reason, StepKind};
use super::room::{Alternative, DomainView, booked_by};
use super::rows::{BookingRow, BookingState, BookingStates, Bookings, OpenState, Said};
use crate::keys::{BookingId, DeviceId, DocId, EntryHash, MemberId, SeriesId};
use crate::rows::{Key, RowsError, Tx};
use crate::time::{Instant, Interval};

/// How many other slots a view offers.
const ALTERNATIVES: usize = 5;
/// Most states of one domain that are looked at for its waiting list.
const STATES: usize = 1 << 17;

/// Where a booking stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Asked for; nobody has decided.
    Requested,
    /// It counts in the calendar.
    Confirmed,
    /// It was accepted and its place was taken.
    Displaced,
    /// The answer was no.
    Refused,
    /// Given up or taken back.
    Cancelled,
    /// Its time began before anybody answered.
    Lapsed,
}

/// How far an act got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// On this device only.
    OnDevice,
    /// A session or a bundle took it.
    Sent,
    /// An entry of the other names it.
    Received,
}

/// What a line of history is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deed {
    /// The request.
    Requested,
    /// An answer: no.
    Refused(Reason),
    /// One party gave it up.
    Cancelled(Reason),
    /// What an open decision did.
    Decided(Effect),
    /// What one side said of a booking that holds.
    Said(StepKind),
    /// The requester asks for another end; none: until notice.
    EndAsked(Option<Instant>),
    /// An answer to that: no.
    EndRefused(Reason),
    /// One side gave notice to then.
    NoticeGiven(Instant),
}

/// Which act did what, by which device, when as it claimed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// The act.
    pub act: EntryHash,
    /// Who.
    pub by: Holder,
    /// When, as claimed.
    pub at: Instant,
    /// What.
    pub deed: Deed,
    /// The closing past which a former holder wrote it.
    pub past_closing: Option<EntryHash>,
}

/// A booking as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookingView {
    /// The booking.
    pub booking: BookingId,
    /// The domain that decides.
    pub domain: DomainId,
    /// What it is for.
    pub listing: DocId,
    /// Who asked; none where the request is not readable here.
    pub requester: Option<MemberId>,
    /// Whose it is.
    pub owner: Option<MemberId>,
    /// When.
    pub interval: Interval,
    /// How many units.
    pub quantity: u32,
    /// The requester's word.
    pub note: String,
    /// What whoever asked is to the place, and whether the terms in force serve that.
    pub footing: Footing,
    /// See [`Self::footing`].
    pub is_served: bool,
    /// Whether it accepts the text that is to be accepted now.
    pub text_accepted: TextAccepted,
    /// What it was asked for together with.
    pub series: Option<SeriesId>,
    /// Where it stands.
    pub status: Status,
    /// Whether a confirmed booking can fall only by a named act.
    pub firm: bool,
    /// Whose devices it waits for.
    pub waiting_for: Vec<DeviceId>,
    /// Why it was refused, displaced or cancelled.
    pub reason: Option<Reason>,
    /// The decider's word.
    pub text: String,
    /// The booking that stands in its place.
    pub by: Option<BookingId>,
    /// What else is free, nearest first.
    pub alternatives: Vec<Alternative>,
    /// Place on the waiting list of its slot, from 1.
    pub waitlist: Option<u32>,
    /// Of a confirmed one: where it stands between its sides.
    pub life: Option<Life>,
    /// Whether its end can change only by a named act.
    pub end_firm: bool,
    /// Another end that was asked for, and what became of it.
    pub asked_end: Option<AskedEnd>,
    /// Notice that was given.
    pub notice: Option<GivenNotice>,
    /// How far the viewer's last act got.
    pub delivery: Delivery,
    /// Which act did what, in the order of the calendar and then of claimed time.
    pub history: Vec<HistoryEntry>,
    /// When this view changes by itself.
    pub changes_at: Option<Instant>,
}

/// A booking as `viewer` sees it at `now`; `others` are resources besides its own to
/// look for the same slot on; `genuine` says whether a proof is its member's word, `footing` what the second
/// member is to what the first one shares. `None`:
/// neither requested nor decided, as far as is known.
pub fn view(
    tx: &Tx<'_>,
    booking: &BookingId,
    viewer: &MemberId,
    others: &[(DomainId, DocId)],
    genuine: &dyn Fn(&Proof) -> bool,
    footing: &dyn Fn(&MemberId, &MemberId) -> Footing,
    now: Instant,
) -> Result<Option<BookingView>, RowsError> {
    let row = tx.row::<Bookings>(booking)?.unwrap_or_default();
    let Some(request) = row.request() else { return Ok(None) };
    let record = &request.record;
    let domain = DomainView::head(tx, &record.domain)?;
    let state = tx.row::<BookingStates>(&(record.domain, *booking))?;
    let judged = judge(&row, domain.as_ref(), state.as_ref(), now);
    let mut view = BookingView {
        booking: *booking,
        domain: record.domain,
        listing: record.listing,
        requester: Some(request.by.member),
        owner: domain.as_ref().map(|domain| domain.row.owner),
        interval: record.interval,
        quantity: record.quantity,
        note: record.note.clone(),
        footing: Footing { tier: 2, attested: false },
        is_served: true,
        text_accepted: TextAccepted::NotAsked,
        series: record.series,
        status: judged.status,
        firm: false,
        waiting_for: Vec::new(),
        reason: judged.reason,
        text: judged.text,
        by: None,
        alternatives: Vec::new(),
        waitlist: None,
        life: None,
        end_firm: false,
        asked_end: None,
        notice: None,
        delivery: delivery(tx, &row, viewer)?,
        history: history(&row, domain.as_ref(), state.as_ref()),
        changes_at: None,
    };
    if let Some(OpenState::Held(held)) = state.as_ref().map(|state| &state.state) {
        view.firm = held.firm && view.status == Status::Confirmed;
        view.end_firm = view.firm && held.resized.is_none_or(|it| it.firm);
        view.interval = held.interval;
        view.quantity = held.quantity;
    }
    if view.status == Status::Requested && record.interval.start > now {
        view.changes_at = Some(record.interval.start);
    }
    let Some(domain) = domain else { return Ok(Some(view)) };
    view.footing = footing(&domain.row.owner, &request.by.member);
    if let Some(terms) = domain.terms(&record.listing) {
        view.is_served = view.footing.is_served(terms);
        view.text_accepted = record.text_accepted(terms);
    }
    if view.status == Status::Confirmed {
        let said = said(&row, &domain, genuine);
        let life = lifecycle::life(&view.interval, &said, now);
        view.changes_at = life.changes_at;
        view.life = Some(life);
    }
    let stage = view.life.map(|life| life.stage);
    view.asked_end = told_of_end(&row, &domain, state.as_ref(), stage);
    view.notice = told_of_notice(&row, &domain, &view.interval, &view.listing);
    if view.status == Status::Confirmed && !view.end_firm {
        view.waiting_for.clone_from(&domain.row.waiting_for);
    }
    let is_open = matches!(view.status, Status::Displaced | Status::Requested | Status::Refused);
    if is_open && view.interval.start >= now {
        view.alternatives = alternatives(tx, &view, request.by.member, others, footing, now)?;
    }
    if let Some(OpenState::Displaced(displaced)) = state.as_ref().map(|state| &state.state) {
        view.by = displaced.by;
        if view.status == Status::Displaced {
            view.waitlist = waitlist_place(tx, &record.domain, booking)?;
        }
    }
    Ok(Some(view))
}

/// What else is free for who asked: the same at another time, others at the same time.
/// Nothing for a request whose slot is free still.
fn alternatives(
    tx: &Tx<'_>,
    view: &BookingView,
    requester: MemberId,
    others: &[(DomainId, DocId)],
    footing: &dyn Fn(&MemberId, &MemberId) -> Footing,
    now: Instant,
) -> Result<Vec<Alternative>, RowsError> {
    let BookingView { listing, interval, quantity, .. } = view;
    let Some(domain) = DomainView::around(tx, &view.domain, interval, now)? else {
        return Ok(Vec::new());
    };
    let mine = booked_by(tx, &domain, listing, &requester, interval, now)?;
    let asker = Asker { footing: view.footing, mine: &mine, now };
    let is_free = domain.in_the_way(listing, interval, *quantity).is_ok_and(|it| it.is_empty());
    if is_free && view.status == Status::Requested {
        return Ok(Vec::new());
    }
    let mut found = domain.alternatives(listing, interval, *quantity, &asker, ALTERNATIVES);
    for (other, listing) in others.iter().take(ALTERNATIVES) {
        let Some(other) = DomainView::over(tx, other, interval)? else { continue };
        let mine = booked_by(tx, &other, listing, &requester, interval, now)?;
        let footing = footing(&other.row.owner, &requester);
        let asker = Asker { footing, mine: &mine, now };
        let broken = other.why_not(listing, interval, *quantity, &asker);
        if broken.is_ok_and(|broken| broken.is_empty()) {
            found.push(Alternative { listing: *listing, interval: *interval });
        }
    }
    Ok(found)
}

struct Judged {
    status: Status,
    reason: Option<Reason>,
    text: String,
}

fn judge(
    row: &BookingRow,
    domain: Option<&DomainView>,
    state: Option<&BookingState>,
    now: Instant,
) -> Judged {
    let judged = |status, reason, text: &str| Judged { status, reason, text: text.to_owned() };
    let is_decider =
        |by: &Holder| domain.is_some_and(|domain| domain.row.entitled.contains(&by.member));
    let requester = row.request().map(|request| request.by.member);
    // What came back before its end, or was never come for, was released for others.
    let is_over = |reason| matches!(reason, Reason::ENDED_EARLY | Reason::NO_SHOW);
    if let Some(OpenState::Released(released)) = state.map(|state| &state.state) {
        if is_over(released.reason) && row.steps.iter().any(|said| said.counts) {
            return judged(Status::Confirmed, Some(released.reason), "");
        }
        let text = last(&row.cancels).map_or("", |cancel| cancel.record.text.as_str());
        return judged(Status::Cancelled, Some(released.reason), text);
    }
    // A party's word ends it even before the decider's device has released the place.
    let cancel = row
        .cancels
        .iter()
        .filter(|said| said.counts)
        .filter(|said| Some(said.by.member) == requester || is_decider(&said.by))
        .max_by_key(|said| (said.record.at, said.entry.hash));
    if let Some(cancel) = cancel {
        return judged(Status::Cancelled, Some(cancel.record.reason), &cancel.record.text);
    }
    let answers = row.answers.iter().filter(|said| said.counts && is_decider(&said.by));
    let refused = answers
        .filter_map(|said| match &said.record.outcome {
            Outcome::Refused { reason, text } => Some((said, *reason, text)),
            Outcome::Accepted(_) => None,
        })
        .max_by_key(|(said, ..)| (said.record.at, said.entry.hash));
    match state.map(|state| &state.state) {
        Some(OpenState::Held(_)) => return judged(Status::Confirmed, None, ""),
        Some(OpenState::Displaced(displaced)) if refused.is_none() => {
            return judged(Status::Displaced, Some(displaced.reason), "");
        }
        _ => {}
    }
    if let Some((_, reason, text)) = refused {
        return judged(Status::Refused, Some(reason), text);
    }
    if row.request().is_some_and(|said| !said.counts) {
        return judged(Status::Cancelled, Some(Reason::CLOSED), "");
    }
    let begun = row.request().is_some_and(|said| said.record.interval.start < now);
    judged(if begun { Status::Lapsed } else { Status::Requested }, None, "")
}

/// The side that a member is on.
pub fn side_of(row: &BookingRow, domain: &DomainView, member: &MemberId) -> Option<Side> {
    if row.request().is_some_and(|request| request.by.member == *member) {
        Some(Side::Requester)
    } else if domain.row.entitled.contains(member) {
        Some(Side::Owner)
    } else {
        None
    }
}

/// What each side said of a booking: by its own record, or by a proof that the other side
/// took in.
pub(super) fn said(
    row: &BookingRow,
    domain: &DomainView,
    genuine: &dyn Fn(&Proof) -> bool,
) -> Vec<lifecycle::Said> {
    let mut said = Vec::new();
    for step in row.steps.iter().filter(|step| step.counts) {
        let Some(side) = side_of(row, domain, &step.by.member) else { continue };
        let record = &step.record;
        said.push(lifecycle::Said { kind: record.kind, side, at: record.at });
        let Some(proof) = &record.proof else { continue };
        let shown_by = side_of(row, domain, &proof.member);
        if shown_by == Some(side.other()) && genuine(proof) {
            said.push(lifecycle::Said { kind: proof.kind, side: side.other(), at: proof.at });
        }
    }
    said
}

fn last<R>(said: &[Said<R>]) -> Option<&Said<R>> {
    said.iter().rfind(|said| said.counts)
}

/// Whom a displaced booking stands behind: displaced ones of the same slot, in the order
/// of the calendar. It follows from open records alone, so all see the same.
fn waitlist_place(
    tx: &Tx<'_>,
    domain: &DomainId,
    booking: &BookingId,
) -> Result<Option<u32>, RowsError> {
    let waiting = displaced(tx, domain)?;
    let Some(me) = waiting.iter().find(|(_, id, ..)| id == booking) else { return Ok(None) };
    let before = waiting.iter().filter(|other| {
        (other.0, other.1) < (me.0, me.1) && other.2 == me.2 && other.3.overlaps(&me.3)
    });
    Ok(u32::try_from(before.count() + 1).ok())
}

type Waiting = (u32, BookingId, DocId, Interval);

fn displaced(tx: &Tx<'_>, domain: &DomainId) -> Result<Vec<Waiting>, RowsError> {
    let states = tx.rows_with_prefix::<BookingStates>(&domain.to_key(), STATES)?;
    Ok(states
        .into_iter()
        .filter_map(|(_, state)| match state.state {
            OpenState::Displaced(out) => {
                Some((out.place.unwrap_or(u32::MAX), out.booking, out.resource, out.interval))
            }
            _ => None,
        })
        .collect())
}

/// The waiting list of a slot as its deciders see it: displaced bookings in the order of
/// the calendar, then open requests that said they would wait, by claimed time.
pub fn waitlist(
    tx: &Tx<'_>,
    domain: &DomainId,
    listing: &DocId,
    slot: &Interval,
    now: Instant,
) -> Result<Vec<BookingId>, RowsError> {
    let mut list: Vec<Waiting> = displaced(tx, domain)?
        .into_iter()
        .filter(|(_, _, resource, interval)| resource == listing && interval.overlaps(slot))
        .collect();
    list.sort_unstable_by_key(|(place, id, ..)| (*place, *id));
    let mut ids: Vec<BookingId> = list.into_iter().map(|(_, id, ..)| id).collect();
    let view = DomainView::head(tx, domain)?;
    let mut asked: Vec<(Instant, BookingId)> = Vec::new();
    for (_, row) in tx.rows_with_prefix::<Bookings>(&[], STATES)? {
        let Some(request) = row.request() else { continue };
        let record = &request.record;
        let here = record.domain == *domain
            && record.listing == *listing
            && record.waitlist
            && record.interval.overlaps(slot);
        let state = tx.row::<BookingStates>(&(*domain, record.booking))?;
        let open =
            state.is_none() && judge(&row, view.as_ref(), None, now).status == Status::Requested;
        if here && open {
            asked.push((record.at, record.booking));
        }
    }
    asked.sort_unstable();
    ids.extend(asked.into_iter().map(|(_, id)| id));
    Ok(ids)
}
