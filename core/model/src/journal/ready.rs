//! Which entries can be read: those whose causal past in their document is all here, and
//! where their log of promises goes on from another, what it goes on from.
//!
//! An entry is stored when it comes and read when nothing before it is missing, so that
//! what is read never depends on the order of arrival.

use std::collections::BTreeSet;

use super::document::Class;
use super::edited::is_left_out;
use super::entry::Entry;
use super::log::{EntryPlaces, Waiting, document_heads, entry, log_row};
use crate::keys::{DocId, EntryHash, LogId};
use crate::rows::{RowsError, Table, Tx, Typed};

/// entry hash → how many entries it still waits for.
pub struct Pending;

impl Typed for Pending {
    const TABLE: Table = Table::Pending;
    type Key = EntryHash;
    type Row = u32;
}

/// Whether an entry is here and has been read, or could be.
pub fn is_ready(tx: &Tx<'_>, hash: &EntryHash) -> Result<bool, RowsError> {
    Ok(tx.has::<EntryPlaces>(hash)? && !tx.has::<Pending>(hash)?)
}

/// Notes that newly stored entries have not been read: what follows them waits, also
/// where all of it was stored together.
pub(crate) fn mark_unread(tx: &mut Tx<'_>, hashes: &[EntryHash]) {
    for hash in hashes {
        tx.put::<Pending>(hash, &u32::MAX);
    }
}

/// The entry of another log that one of promises goes on from. What a calendar is told of
/// lies in the causal past, whichever log its writer wrote it in.
fn continued(tx: &Tx<'_>, hash: &EntryHash) -> Result<Option<EntryHash>, RowsError> {
    let start = log_row(tx, &LogId(hash.0))?.map(|row| row.start);
    let open = start.filter(|start| start.descriptor.class == Class::Open);
    Ok(open.and_then(|start| start.continues).map(|last| last.hash))
}

/// Notes what a newly stored entry waits for; true where that is nothing.
pub(crate) fn settle(tx: &mut Tx<'_>, hash: &EntryHash, entry: &Entry) -> Result<bool, RowsError> {
    let header = &entry.header;
    let mut before = header.causes.clone();
    if header.seq > 0 {
        before.push(header.previous);
    } else {
        before.extend(continued(tx, hash)?);
    }
    before.sort_unstable();
    before.dedup();
    let mut missing = 0;
    for cause in before {
        if !is_ready(tx, &cause)? {
            tx.put::<Waiting>(&(cause, *hash), &());
            missing += 1;
        }
    }
    if missing > 0 {
        tx.put::<Pending>(hash, &missing);
    } else {
        tx.delete::<Pending>(hash);
    }
    Ok(missing == 0)
}

/// Most entries woken at once; the rest are found on the next call.
const WAKE_STEP: usize = 1_024;

/// Entries that waited for nothing but `hash`, which can be read now.
pub(crate) fn wake(tx: &mut Tx<'_>, hash: &EntryHash) -> Result<Vec<EntryHash>, RowsError> {
    let mut ready = Vec::new();
    loop {
        let waiting = tx.rows_with_prefix::<Waiting>(&hash.0, WAKE_STEP)?;
        if waiting.is_empty() {
            return Ok(ready);
        }
        for (key, ()) in waiting {
            tx.delete_raw(Table::Waiting, key.clone());
            let Some(waiter) = key.get(32..).and_then(EntryHash::from_slice) else { continue };
            match tx.row::<Pending>(&waiter)? {
                Some(count) if count > 1 => tx.put::<Pending>(&waiter, &(count - 1)),
                Some(_) => {
                    tx.delete::<Pending>(&waiter);
                    ready.push(waiter);
                }
                None => {}
            }
        }
    }
}

/// Entries that are looked at to get behind those that wait.
const BEHIND_STEPS: usize = 1_024;

/// The frontier of what has been read of a document and counts: where the frontier itself
/// still waits for something, or was left out, what lies before it. So nobody takes up
/// what is known not to count by writing after it.
pub fn ready_heads(tx: &Tx<'_>, document: &DocId) -> Result<Vec<EntryHash>, RowsError> {
    let mut heads = BTreeSet::new();
    let mut looked_at = BTreeSet::new();
    let mut stack = document_heads(tx, document)?;
    while let Some(hash) = stack.pop() {
        if !looked_at.insert(hash) || looked_at.len() > BEHIND_STEPS {
            continue;
        }
        if is_ready(tx, &hash)? && !is_left_out(tx, document, &hash)? {
            heads.insert(hash);
        } else if let Some(waiting) = entry(tx, &hash)? {
            stack.push(waiting.header.previous);
            stack.extend(&waiting.header.causes);
        }
    }
    Ok(heads.into_iter().collect())
}
