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
use super::neighbours::Neighbours;
use super::offers::{Offering, offer_of};
use super::records::{DomainId, Holder, Outcome, Reason, StepKind};
use super::room::{Alternative, DomainView, booked_by};
use super::rows::{BookingRow, BookingState, BookingStates, Bookings, OpenState, Said};
use super::waiting::{place_in, waiting};
use crate::keys::{BookingId, DeviceId, DocId, EntryHash, MemberId, SeriesId};
use crate::rows::{RowsError, Tx};
use crate::time::{Instant, Interval};

/// How many other slots a view offers.
const ALTERNATIVES: usize = 5;

/// Where a booking stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Asked for; nobody has decided.
    Requested,
    /// It counts in the calendar.
    Confirmed,
    /// On the waiting list.
    Waiting,
    /// On the waiting list, and offered what it waits for.
    Offered,
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
    /// It was offered what it waits for.
    Offered,
    /// Its requester took that.
    Taken,
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
    /// What was offered to it while it waited.
    pub offer: Option<Offering>,
    /// Of one that waits: whether there is room for it now.
    pub has_room: bool,
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
/// look for the same slot on. `None`: neither requested nor decided, as far as is known.
///
/// What has not begun when its owner goes, goes with him: it is shown as cancelled, though
/// nobody is left who could decide so.
pub fn view(
    tx: &Tx<'_>,
    booking: &BookingId,
    viewer: &MemberId,
    others: &[(DomainId, DocId)],
    neighbours: &dyn Neighbours,
    now: Instant,
) -> Result<Option<BookingView>, RowsError> {
    let row = tx.row::<Bookings>(booking)?.unwrap_or_default();
    let Some(request) = row.request() else { return Ok(None) };
    let record = &request.record;
    let domain = DomainView::head(tx, &record.domain)?;
    let state = tx.row::<BookingStates>(&(record.domain, *booking))?;
    let mut judged = judge(&row, domain.as_ref(), state.as_ref(), now);
    let owner = domain.as_ref().filter(|domain| domain.row.group.is_none());
    let gone = owner.and_then(|domain| neighbours.gone_since(&domain.row.owner));
    let had_begun =
        |since: Instant| record.interval.start <= since || row.steps.iter().any(|step| step.counts);
    if gone.is_some_and(|since| !had_begun(since)) && may_go_with_its_owner(judged.status) {
        (judged.status, judged.reason) = (Status::Cancelled, Some(Reason::OWNER_GONE));
    }
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
        offer: None,
        has_room: false,
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
    let is_asked = matches!(view.status, Status::Requested | Status::Waiting);
    if is_asked && record.interval.start > now {
        view.changes_at = Some(record.interval.start);
    }
    let Some(domain) = domain else { return Ok(Some(view)) };
    view.footing = neighbours.footing(&domain.row.owner, &request.by.member);
    if let Some(terms) = domain.terms(&record.listing) {
        view.is_served = view.footing.is_served(terms);
        view.text_accepted = record.text_accepted(terms);
    }
    if view.status == Status::Confirmed {
        let said = said(&row, &domain, &|proof| neighbours.is_genuine(proof));
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
    let is_open = matches!(
        view.status,
        Status::Displaced | Status::Requested | Status::Waiting | Status::Refused
    );
    let by_itself = [Some(Reason::UNAVAILABLE), Some(Reason::OWNER_GONE)];
    let fell = view.status == Status::Cancelled && by_itself.contains(&view.reason);
    if (is_open || fell) && view.interval.start >= now {
        view.alternatives = alternatives(tx, &view, request.by.member, others, neighbours, now)?;
    }
    if let Some(OpenState::Displaced(displaced)) = state.as_ref().map(|state| &state.state) {
        view.by = displaced.by;
    }
    view.offer = offer_of(&row, &domain);
    if matches!(view.status, Status::Displaced | Status::Waiting) {
        waits(tx, &mut view, &domain, now)?;
    }
    Ok(Some(view))
}

impl BookingView {
    /// Whether it left the waiting list because what it was offered was not taken, or that
    /// was heard of too late.
    pub fn has_lost_its_offer(&self) -> bool {
        let accepted = |it: &HistoryEntry| it.deed == Deed::Decided(Effect::Accepted);
        self.status == Status::Cancelled
            && self.reason == Some(Reason::NONE)
            && self.offer.is_some()
            && !self.history.iter().any(accepted)
    }
}

/// What is shown of one that waits: its place, and what it is offered.
fn waits(
    tx: &Tx<'_>,
    view: &mut BookingView,
    domain: &DomainView,
    now: Instant,
) -> Result<(), RowsError> {
    let list = waiting(tx, &domain.id)?;
    view.waitlist = place_in(domain, &list, &view.booking);
    let Some(mine) = list.iter().find(|waits| waits.booking == view.booking) else {
        return Ok(());
    };
    let there = DomainView::over(tx, &domain.id, &mine.interval)?;
    view.has_room = there.is_some_and(|there| there.has_room(mine));
    let Some(offer) = &view.offer else { return Ok(()) };
    // Others may have been accepted in its place meanwhile.
    if !offer.has_run_out(now) && view.has_room {
        view.status = Status::Offered;
        view.changes_at = (!offer.is_taken).then_some(offer.until);
    }
    Ok(())
}

/// What else is free for who asked: the same at another time, others at the same time.
/// Nothing for a request whose slot is free still.
fn alternatives(
    tx: &Tx<'_>,
    view: &BookingView,
    requester: MemberId,
    others: &[(DomainId, DocId)],
    neighbours: &dyn Neighbours,
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
    let mut found = match view.reason {
        // What is gone with its owner is free at no time.
        Some(Reason::OWNER_GONE) => Vec::new(),
        _ => domain.alternatives(listing, interval, *quantity, &asker, ALTERNATIVES),
    };
    for (other, listing) in others.iter().take(ALTERNATIVES) {
        let Some(other) = DomainView::over(tx, other, interval)? else { continue };
        let mine = booked_by(tx, &other, listing, &requester, interval, now)?;
        let footing = neighbours.footing(&other.row.owner, &requester);
        let asker = Asker { footing, mine: &mine, now };
        let broken = other.why_not(listing, interval, *quantity, &asker);
        if broken.is_ok_and(|broken| broken.is_empty()) {
            found.push(Alternative { listing: *listing, interval: *interval });
        }
    }
    Ok(found)
}

/// Whether something that stands so is nothing any more without its owner.
const fn may_go_with_its_owner(status: Status) -> bool {
    matches!(
        status,
        Status::Requested
            | Status::Waiting
            | Status::Offered
            | Status::Confirmed
            | Status::Displaced
    )
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
        let refused = refusal(row, &is_decider);
        // Taken off the waiting list: nobody had accepted it.
        let was_booked = state
            .is_some_and(|state| state.history.iter().any(|line| line.effect == Effect::Accepted));
        if let (Some((reason, text)), false) = (refused, was_booked) {
            return judged(Status::Refused, Some(reason), text);
        }
        let begun = row.request().is_some_and(|said| said.record.interval.start < now);
        if !was_booked && released.reason == Reason::NONE && begun && row.cancels.is_empty() {
            return judged(Status::Lapsed, None, "");
        }
        if is_over(released.reason) && row.steps.iter().any(|said| said.counts) {
            return judged(Status::Confirmed, Some(released.reason), "");
        }
        let text = last(&row.cancels).map_or("", |cancel| cancel.record.text.as_str());
        // Terms that name it say only that it fell; who set them says why.
        let why = row.cancels.iter().rfind(|said| said.counts && is_decider(&said.by));
        let reason = match why {
            Some(said) if released.reason == Reason::TERMS => said.record.reason,
            _ => released.reason,
        };
        return judged(Status::Cancelled, Some(reason), text);
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
    let refused = refusal(row, &is_decider);
    match state.map(|state| &state.state) {
        Some(OpenState::Held(_)) => return judged(Status::Confirmed, None, ""),
        Some(OpenState::Displaced(displaced)) if refused.is_none() => {
            return judged(Status::Displaced, Some(displaced.reason), "");
        }
        _ => {}
    }
    let is_waiting = matches!(state.map(|state| &state.state), Some(OpenState::Waiting(_)));
    if let Some((reason, text)) = refused {
        return judged(Status::Refused, Some(reason), text);
    }
    if row.request().is_some_and(|said| !said.counts) {
        return judged(Status::Cancelled, Some(Reason::CLOSED), "");
    }
    let begun = row.request().is_some_and(|said| said.record.interval.start < now);
    let open = if is_waiting { Status::Waiting } else { Status::Requested };
    judged(if begun { Status::Lapsed } else { open }, None, "")
}

/// The last of the refusals by those who decide.
fn refusal<'a>(
    row: &'a BookingRow,
    is_decider: &dyn Fn(&Holder) -> bool,
) -> Option<(Reason, &'a str)> {
    let answers = row.answers.iter().filter(|said| said.counts && is_decider(&said.by));
    let refused = answers.filter_map(|said| match &said.record.outcome {
        Outcome::Refused { reason, text } => Some((said, *reason, text)),
        Outcome::Accepted(_) => None,
    });
    let last = refused.max_by_key(|(said, ..)| (said.record.at, said.entry.hash));
    last.map(|(_, reason, text)| (reason, text.as_str()))
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

/// Whether a request is open: nobody has said anything on it.
pub(super) fn is_open_request(row: &BookingRow, domain: &DomainView, now: Instant) -> bool {
    judge(row, Some(domain), None, now).status == Status::Requested
}
