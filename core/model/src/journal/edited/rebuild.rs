//! A document read anew from those of its entries that count.
//!
//! A log may be closed after its entries came, and opened again when the closing itself
//! turns out not to count. Automerge takes no change back, so the document is then made
//! anew. An entry that counts brings along all it has seen in the document: a void change
//! on which one of somebody still entitled depends is adopted (`PROTOCOL.md` §6).

use std::collections::{BTreeMap, BTreeSet};

use super::cache::DocumentCache;
use super::project::{Outcome, apply_all, forget_passed};
use super::row::{Objects, Passed, PassedEntries, PassedRow};
use crate::journal::ready::is_ready;
use crate::journal::{Descriptor, Entries, Entry, Tip, logs_of_document};
use crate::keys::{DocId, EntryHash, LogId};
use crate::rows::{RowsError, Tx};

/// Says whether an entry counts by itself: its log was not closed before it.
pub type Counts<'a> = &'a dyn Fn(&Tx<'_>, &LogId, &Tip) -> Result<bool, RowsError>;

/// Entries of one log that are looked at.
const ENTRIES_OF_LOG: usize = 1 << 20;

/// Whether an entry was left out of its document, since it does not count.
pub fn is_left_out(tx: &Tx<'_>, document: &DocId, entry: &EntryHash) -> Result<bool, RowsError> {
    let row = tx.row::<PassedEntries>(&(*document, *entry))?;
    Ok(row.is_some_and(|row| row.why == Passed::LeftOut))
}

/// Makes a document anew. Tells what became of each entry that counts.
pub fn rebuild(
    tx: &mut Tx<'_>,
    cache: &mut DocumentCache,
    descriptor: &Descriptor,
    counts: Counts<'_>,
) -> Result<Vec<(EntryHash, Outcome)>, RowsError> {
    let id = descriptor.id();
    let entries = ready_entries(tx, &id)?;
    let counting = counting(tx, &entries, counts)?;
    let ordered = causes_first(&entries, &counting);
    forget_passed(tx, &id)?;
    tx.delete::<Objects>(&id);
    let mut outcomes = Vec::new();
    if !ordered.is_empty() {
        let applied: Vec<Entry> = ordered.iter().map(|(_, entry)| (*entry).clone()).collect();
        let became = apply_all(tx, cache, descriptor, &applied)?;
        outcomes = ordered.iter().map(|(hash, _)| *hash).zip(became).collect();
    }
    let is_full = outcomes.iter().any(|(_, outcome)| *outcome == Outcome::Full);
    if !is_full {
        let row = PassedRow { why: Passed::LeftOut, past: Vec::new() };
        for hash in entries.keys().filter(|hash| !counting.contains(hash)) {
            tx.put::<PassedEntries>(&(id, *hash), &row);
        }
    }
    Ok(outcomes)
}

/// An entry and where it lies.
type Placed = (LogId, Entry);

/// The entries of a document before which nothing is missing.
fn ready_entries(tx: &Tx<'_>, id: &DocId) -> Result<BTreeMap<EntryHash, Placed>, RowsError> {
    let mut entries = BTreeMap::new();
    for log in logs_of_document(tx, id)? {
        for (_, entry) in tx.rows_with_prefix::<Entries>(&log.0, ENTRIES_OF_LOG)? {
            let hash = entry.hash();
            if is_ready(tx, &hash)? {
                entries.insert(hash, (log, entry));
            }
        }
    }
    Ok(entries)
}

/// What an entry names in its document: the one before it, and heads of other logs.
fn named(entry: &Entry) -> impl Iterator<Item = &EntryHash> {
    let previous = (entry.header.seq > 0).then_some(&entry.header.previous);
    previous.into_iter().chain(&entry.header.causes)
}

/// The entries that count by themselves, and all that those have seen.
fn counting(
    tx: &Tx<'_>,
    entries: &BTreeMap<EntryHash, Placed>,
    counts: Counts<'_>,
) -> Result<BTreeSet<EntryHash>, RowsError> {
    let mut counting = BTreeSet::new();
    let mut seen = Vec::new();
    for (hash, (log, entry)) in entries {
        if counts(tx, log, &Tip { seq: entry.header.seq, hash: *hash })? {
            seen.push(*hash);
        }
    }
    while let Some(hash) = seen.pop() {
        let Some((_, entry)) = entries.get(&hash) else { continue };
        if counting.insert(hash) {
            seen.extend(named(entry));
        }
    }
    Ok(counting)
}

/// The wanted entries, each after all it names; without those that name what is not here.
fn causes_first<'a>(
    entries: &'a BTreeMap<EntryHash, Placed>,
    wanted: &BTreeSet<EntryHash>,
) -> Vec<(EntryHash, &'a Entry)> {
    let mut missing: BTreeMap<EntryHash, usize> = BTreeMap::new();
    let mut followers: BTreeMap<EntryHash, Vec<EntryHash>> = BTreeMap::new();
    for hash in wanted {
        let Some((_, entry)) = entries.get(hash) else { continue };
        let before: BTreeSet<&EntryHash> = named(entry).collect();
        missing.insert(*hash, before.len());
        for cause in before {
            followers.entry(*cause).or_default().push(*hash);
        }
    }
    let none_missing = missing.iter().filter(|(_, count)| **count == 0);
    let mut ready: Vec<EntryHash> = none_missing.map(|(hash, _)| *hash).collect();
    let mut ordered = Vec::with_capacity(missing.len());
    while let Some(hash) = ready.pop() {
        let Some((_, entry)) = entries.get(&hash) else { continue };
        ordered.push((hash, entry));
        for follower in followers.get(&hash).into_iter().flatten() {
            if let Some(count) = missing.get_mut(follower) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    ready.push(*follower);
                }
            }
        }
    }
    ordered
}
