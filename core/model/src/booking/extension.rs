//! Another end for a booking that holds: what was asked and what became of it, notice for
//! what has none, and what a decider may write about either.
//!
//! Invariants: a later end is held to the terms and to what stands there as the whole new
//! interval would be, the booking itself left out. What becomes of a question follows from
//! what was answered and from the calendar, whatever the order of arrival. A notice ends a
//! booking no earlier than the terms say, whichever side gives it.

use serde::{Deserialize, Serialize};

use super::availability::{Asker, Refusal, Survey};
use super::calendar::{Effect, Held, end_ms};
use super::decide::{self, Care, DecideError, Wanted};
use super::footing::Footing;
use super::lifecycle::{Side, Stage};
use super::records::{Decision, Extension, Holder, Notice, Op, Outcome, Reason, Terms};
use super::room::{DomainView, RoomError, booked_besides};
use super::rows::{BookingRow, BookingState, OpenState, Said};
use super::status::side_of;
use crate::keys::{BookingId, EntryHash, MemberId};
use crate::rows::{RowsError, Tx};
use crate::time::{Instant, Interval, limits};

/// A notice that says it was given longer ago than this counts from then on: a claimed time
/// alone does not shorten it for whoever hears of it late.
pub const NOTICE_HEARD_MS: i64 = 7 * Instant::DAY_MS;

/// What became of a question for another end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Became {
    /// Nobody answered yet.
    Open,
    /// It ends then, or did.
    Granted,
    /// Somebody said yes, and something stood there.
    DidNotFit(Reason),
    /// The answer was no.
    Refused(Reason),
    /// Nobody answered, and there is nothing left to answer.
    Lapsed,
}

/// Another end that its requester asked for, the last of several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedEnd {
    /// The entry that asked.
    pub asked: EntryHash,
    /// When, as claimed.
    pub at: Instant,
    /// The end; none: until notice.
    pub end: Option<Instant>,
    /// The requester's word.
    pub note: String,
    /// What became of it.
    pub became: Became,
    /// The decider's word.
    pub text: String,
}

/// A notice that was given, the one with the earliest end that took, else the last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenNotice {
    /// By which side.
    pub by: Side,
    /// When, as claimed.
    pub at: Instant,
    /// The end it names.
    pub end: Instant,
    /// The word with it.
    pub text: String,
    /// Whether the booking ends then.
    pub took: bool,
    /// The first end that it could name, where that is later than the one it names.
    pub earliest: Option<Instant>,
}

/// The last question for another end that counts: of those asked without knowing of each
/// other, the one that claims the later time.
pub fn asked_end(row: &BookingRow) -> Option<&Said<Extension>> {
    let last = |it: &&Said<Extension>| (it.record.turn, it.record.at, it.entry.seq, it.entry.hash);
    questions(row).max_by_key(last)
}

/// The turn of the next question.
pub fn next_turn(row: &BookingRow) -> u32 {
    questions(row).map(|it| it.record.turn.saturating_add(1)).max().unwrap_or(0)
}

fn questions(row: &BookingRow) -> impl Iterator<Item = &Said<Extension>> {
    let requester = row.request().map(|request| request.by.member);
    row.extensions.iter().filter(move |it| it.counts && Some(it.by.member) == requester)
}

/// Whether it waits for an answer.
pub fn is_open(
    row: &BookingRow,
    domain: &DomainView,
    held: &Held,
    asked: &Said<Extension>,
) -> bool {
    let answered = row.extension_answers.iter().any(|it| {
        let decides = domain.row.entitled.contains(&it.by.member);
        it.counts && decides && it.record.asked == asked.entry.hash
    });
    !answered && asked.record.end != held.interval.end
}

/// What became of the last question. `stage`: where the booking stands, if it holds.
pub(super) fn told_of_end(
    row: &BookingRow,
    domain: &DomainView,
    state: Option<&BookingState>,
    stage: Option<Stage>,
) -> Option<AskedEnd> {
    let asked = asked_end(row)?;
    let end = asked.record.end;
    let answers = row.extension_answers.iter().filter(|it| {
        let decides = domain.row.entitled.contains(&it.by.member);
        it.counts && decides && it.record.asked == asked.entry.hash
    });
    let (mut became, mut text) = (None, String::new());
    for answer in answers {
        match &answer.record.outcome {
            Outcome::Accepted(by) => {
                let lines = state.map(|state| state.history.as_slice()).unwrap_or_default();
                let line = lines.iter().find(|line| line.act == by.hash);
                became = match (line.map(|line| line.effect), became) {
                    (Some(Effect::Resized { end: given }), _) if given == end => {
                        Some(Became::Granted)
                    }
                    (Some(Effect::Kept { reason, .. }), None | Some(Became::Refused(_))) => {
                        Some(Became::DidNotFit(reason))
                    }
                    (_, became) => became,
                };
            }
            Outcome::Refused { reason, text: why } => {
                became = became.or(Some(Became::Refused(*reason)));
                text.clone_from(why);
            }
        }
    }
    let held = state.and_then(|state| match &state.state {
        OpenState::Held(held) => Some(held),
        _ => None,
    });
    if held.is_some_and(|held| held.interval.end == end) {
        // The calendar may know before the answer is here.
        became = Some(Became::Granted);
    }
    let may_still = held.is_some() && stage.is_some_and(may_change_at);
    let became = became.unwrap_or(if may_still { Became::Open } else { Became::Lapsed });
    let Extension { at, note, .. } = &asked.record;
    if !matches!(became, Became::Refused(_)) {
        text.clear();
    }
    let (asked, note) = (asked.entry.hash, note.clone());
    Some(AskedEnd { asked, at: *at, end, note, became, text })
}

/// Whether the end of a booking can still change where it stands so.
pub const fn may_change_at(stage: Stage) -> bool {
    matches!(stage, Stage::Booked | Stage::HandedOver | Stage::Overdue | Stage::Ended)
}

/// The first end that a notice given `at` may name.
pub fn earliest_end(terms: &Terms, start: Instant, at: Instant) -> Instant {
    let ms = |span: u64| i64::try_from(span).unwrap_or(i64::MAX);
    let least = start.plus_ms(ms(terms.min_length_ms.unwrap_or(1).max(1)));
    at.plus_ms(ms(terms.leave_notice_ms)).max(least)
}

/// Whether notice is what ends a booking: it has no end, or one that a notice gave it.
pub fn ends_by_notice(row: &BookingRow, held: &Held) -> bool {
    let named = |end| row.notices.iter().any(|it| it.counts && it.record.end == end);
    held.interval.end.is_none_or(named)
}

/// The notices of both sides.
fn notices<'a>(
    row: &'a BookingRow,
    domain: &'a DomainView,
) -> impl Iterator<Item = (Side, &'a Notice)> {
    let counted = row.notices.iter().filter(|it| it.counts);
    counted.filter_map(|it| Some((side_of(row, domain, &it.by.member)?, &it.record)))
}

/// The end that lawful notices heard by `now` give a booking, where it has a later one.
pub fn noticed_end(
    row: &BookingRow,
    domain: &DomainView,
    held: &Held,
    now: Instant,
) -> Option<Instant> {
    let terms = domain.terms(&held.resource)?;
    if !ends_by_notice(row, held) {
        return None;
    }
    let lawful = notices(row, domain).filter(|(_, notice)| {
        let at = notice.at.max(now.plus_ms(-NOTICE_HEARD_MS));
        notice.end >= earliest_end(terms, held.interval.start, at)
    });
    let end = lawful.map(|(_, notice)| notice.end).min()?;
    (end.0 < end_ms(&held.interval)).then_some(end)
}

/// The notice that counts for a booking.
pub(super) fn told_of_notice(
    row: &BookingRow,
    domain: &DomainView,
    interval: &Interval,
    listing: &crate::keys::DocId,
) -> Option<GivenNotice> {
    let terms = domain.terms(listing);
    let given = notices(row, domain).max_by_key(|(_, notice)| {
        (interval.end == Some(notice.end), notice.at, std::cmp::Reverse(notice.end))
    });
    let (by, notice) = given?;
    let took = interval.end == Some(notice.end);
    let earliest = terms.map(|terms| earliest_end(terms, interval.start, notice.at));
    Some(GivenNotice {
        by,
        at: notice.at,
        end: notice.end,
        text: notice.text.clone(),
        took,
        earliest: earliest.filter(|earliest| !took && *earliest > notice.end),
    })
}

/// A booking that counts and the end it is to have.
#[derive(Debug, Clone, Copy)]
pub struct NewEnd<'a> {
    /// The booking as it counts.
    pub held: &'a Held,
    /// The end it is to have.
    pub end: Option<Instant>,
    /// What its requester has booked beside it.
    pub mine: &'a [Interval],
    /// What its requester is to the place.
    pub footing: Footing,
}

impl NewEnd<'_> {
    /// The whole new interval.
    pub const fn interval(&self) -> Interval {
        Interval { start: self.held.interval.start, end: self.end }
    }

    fn is_later(&self) -> bool {
        end_ms(&self.interval()) > end_ms(&self.held.interval)
    }
}

impl DomainView {
    /// The domain as an end of `booking` is judged: without it, and without rules about how
    /// long before its start it is asked for.
    fn without(&self, booking: &BookingId) -> Self {
        let mut view = self.clone();
        view.held.retain(|held| held.booking != *booking);
        view.out.retain(|held| held.booking != *booking);
        for terms in &mut view.row.terms {
            (terms.notice_ms, terms.horizon_ms) = (0, None);
        }
        view
    }
}

/// Whether a booking could have another end. An earlier one it can always have. The view
/// was read over the new interval.
pub fn check_end(
    domain: &DomainView,
    new: &NewEnd<'_>,
    care: Care,
    now: Instant,
) -> Result<(), DecideError> {
    let (held, interval) = (new.held, new.interval());
    if !interval.is_valid() {
        return Err(DecideError::Nothing);
    }
    if !new.is_later() {
        return Ok(());
    }
    let wanted = Wanted {
        booking: held.booking,
        resource: held.resource,
        interval,
        quantity: held.quantity,
        footing: new.footing,
    };
    decide::check(&domain.without(&held.booking), &wanted, new.mine, care, now)
}

/// Every rule of the terms that a booking would break with another end; empty: none.
pub fn why_not_end(
    domain: &DomainView,
    new: &NewEnd<'_>,
    now: Instant,
) -> Result<Vec<Refusal>, RoomError> {
    let (held, interval) = (new.held, new.interval());
    if !new.is_later() {
        return Ok(Vec::new());
    }
    let asker = Asker { footing: new.footing, mine: new.mine, now };
    domain.without(&held.booking).why_not(&held.resource, &interval, held.quantity, &asker)
}

/// The latest end up to the one wanted with which a booking would keep all the rules, if
/// that is later than the one it has.
pub fn latest_end(domain: &DomainView, new: &NewEnd<'_>, now: Instant) -> Option<Instant> {
    let (held, mut interval) = (new.held, new.interval());
    let after = held.interval.end?;
    let longest = limits::RANGE_DAYS * Instant::DAY_MS;
    let last = interval.start.plus_ms(longest);
    interval.end = Some(interval.end.map_or(last, |end| end.min(last)));
    let view = domain.without(&held.booking);
    let (terms, zone) = view.of(&held.resource).ok()?;
    let occupied = view.occupied(&held.resource, &interval, None);
    let survey = Survey::new(&zone, terms, &occupied, interval).ok()?;
    let asker = Asker { footing: new.footing, mine: new.mine, now };
    survey.latest_end(&interval, after, held.quantity, &asker).ok()?
}

/// Gives a booking another end, if that would count here.
pub fn resize(
    domain: &DomainView,
    me: &Holder,
    new: &NewEnd<'_>,
    care: Care,
    now: Instant,
) -> Result<Decision, DecideError> {
    let (booking, from, end) = (new.held.booking, new.held.interval.end, new.end);
    if from == end {
        return Err(DecideError::Already);
    }
    let decision = decide::decision(domain, me, Op::Resize { booking, from, end }, now)?;
    check_end(domain, new, care, now)?;
    Ok(decision)
}

/// What the requester of a booking has booked beside it, within reach of an interval.
pub fn booked_beside(
    tx: &Tx<'_>,
    domain: &DomainView,
    held: &Held,
    member: &MemberId,
    interval: &Interval,
    now: Instant,
) -> Result<Vec<Interval>, RowsError> {
    let of = (&held.resource, Some(&held.booking));
    booked_besides(tx, domain, of, member, interval, now)
}
