//! What happened to a booking, line by line, and how far what was said of it got.

use super::calendar::HistoryLine;
use super::records::{Holder, Outcome};
use super::room::DomainView;
use super::rows::{BookingRow, BookingState, Receipts};
use super::status::{Deed, Delivery, HistoryEntry};
use crate::keys::{EntryHash, MemberId};
use crate::rows::{RowsError, Tx};
use crate::time::Instant;

/// What happened, in the order of the calendar and then of claimed time.
pub(super) fn history(
    row: &BookingRow,
    domain: Option<&DomainView>,
    state: Option<&BookingState>,
) -> Vec<HistoryEntry> {
    let line = |act, by, at, deed| HistoryEntry { act, by, at, deed, past_closing: None };
    let requester = row.request().map(|request| request.by.member);
    let is_party = |by: &Holder| {
        Some(by.member) == requester
            || domain.is_some_and(|domain| domain.row.entitled.contains(&by.member))
    };
    let mut said: Vec<HistoryEntry> = Vec::new();
    for answer in row.answers.iter().filter(|it| it.counts && is_party(&it.by)) {
        if let Outcome::Refused { reason, .. } = answer.record.outcome {
            let deed = Deed::Refused(reason);
            said.push(line(answer.entry.hash, answer.by, answer.record.at, deed));
        }
    }
    for offer in row.offers.iter().filter(|it| it.counts && is_party(&it.by)) {
        said.push(line(offer.entry.hash, offer.by, offer.record.at, Deed::Offered));
    }
    for taken in row.taken.iter().filter(|it| it.counts && Some(it.by.member) == requester) {
        said.push(line(taken.entry.hash, taken.by, taken.record.at, Deed::Taken));
    }
    for cancel in row.cancels.iter().filter(|it| it.counts && is_party(&it.by)) {
        let deed = Deed::Cancelled(cancel.record.reason);
        said.push(line(cancel.entry.hash, cancel.by, cancel.record.at, deed));
    }
    for step in row.steps.iter().filter(|it| it.counts && is_party(&it.by)) {
        let deed = Deed::Said(step.record.kind);
        said.push(line(step.entry.hash, step.by, step.record.at, deed));
    }
    for asked in row.extensions.iter().filter(|it| it.counts && is_party(&it.by)) {
        let deed = Deed::EndAsked(asked.record.end);
        said.push(line(asked.entry.hash, asked.by, asked.record.at, deed));
    }
    for answer in row.extension_answers.iter().filter(|it| it.counts && is_party(&it.by)) {
        if let Outcome::Refused { reason, .. } = answer.record.outcome {
            let deed = Deed::EndRefused(reason);
            said.push(line(answer.entry.hash, answer.by, answer.record.at, deed));
        }
    }
    for notice in row.notices.iter().filter(|it| it.counts && is_party(&it.by)) {
        let deed = Deed::NoticeGiven(notice.record.end);
        said.push(line(notice.entry.hash, notice.by, notice.record.at, deed));
    }
    said.sort_by_key(|entry| (entry.at, entry.act));
    let mut history: Vec<HistoryEntry> = Vec::new();
    if let Some(request) = row.request() {
        history.push(line(request.entry.hash, request.by, request.record.at, Deed::Requested));
    }
    let decided = state.map(|state| state.history.as_slice()).unwrap_or_default();
    history.extend(decided.iter().map(|done: &HistoryLine| HistoryEntry {
        act: done.act,
        by: done.by,
        at: done.at,
        deed: Deed::Decided(done.effect),
        past_closing: done.past_closing,
    }));
    history.extend(said);
    history
}

/// How far the viewer's last sealed act on a booking got.
pub(super) fn delivery(
    tx: &Tx<'_>,
    row: &BookingRow,
    viewer: &MemberId,
) -> Result<Delivery, RowsError> {
    let mut mine: Vec<(Instant, EntryHash)> = Vec::new();
    let mut theirs_name: Vec<EntryHash> = Vec::new();
    if let Some(request) = row.request()
        && request.by.member == *viewer
    {
        mine.push((request.record.at, request.entry.hash));
    }
    for answer in &row.answers {
        if answer.by.member == *viewer {
            mine.push((answer.record.at, answer.entry.hash));
        } else {
            theirs_name.push(answer.record.request);
        }
    }
    let cancels = row.cancels.iter().filter(|cancel| cancel.by.member == *viewer);
    mine.extend(cancels.map(|cancel| (cancel.record.at, cancel.entry.hash)));
    let offers = row.offers.iter().filter(|it| it.by.member == *viewer);
    mine.extend(offers.map(|it| (it.record.at, it.entry.hash)));
    let taken = row.taken.iter().filter(|it| it.by.member == *viewer);
    mine.extend(taken.map(|it| (it.record.at, it.entry.hash)));
    theirs_name.extend(row.taken.iter().map(|it| it.record.offer));
    let steps = row.steps.iter().filter(|step| step.by.member == *viewer);
    mine.extend(steps.map(|step| (step.record.at, step.entry.hash)));
    let asked = row.extensions.iter().filter(|it| it.by.member == *viewer);
    mine.extend(asked.map(|it| (it.record.at, it.entry.hash)));
    for answer in &row.extension_answers {
        if answer.by.member == *viewer {
            mine.push((answer.record.at, answer.entry.hash));
        } else {
            theirs_name.push(answer.record.asked);
        }
    }
    let notices = row.notices.iter().filter(|it| it.by.member == *viewer);
    mine.extend(notices.map(|it| (it.record.at, it.entry.hash)));
    let Some((_, act)) = mine.into_iter().max() else { return Ok(Delivery::Received) };
    delivery_of(tx, &act, viewer, &theirs_name)
}

/// How far one entry of `viewer` got; `named` are entries the others' records name.
pub fn delivery_of(
    tx: &Tx<'_>,
    act: &EntryHash,
    viewer: &MemberId,
    named: &[EntryHash],
) -> Result<Delivery, RowsError> {
    let receipts = tx.row::<Receipts>(act)?.unwrap_or_default();
    if named.contains(act) || receipts.iter().any(|(member, _)| member != viewer) {
        return Ok(Delivery::Received);
    }
    let sent = crate::journal::is_sent(tx, act)?;
    Ok(if sent { Delivery::Sent } else { Delivery::OnDevice })
}
