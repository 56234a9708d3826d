//! Building everything anew from the entries: what the doctor does, and the reference
//! that incremental projection is held to.
//!
//! Invariant: what comes out depends on the set of entries alone, and not on how they
//! once came in.

use std::collections::BTreeMap;

use super::{Me, Replica};
use crate::journal::{Entries, Entry, Run, position};
use crate::keys::{EntryHash, LogId};
use crate::rows::{MemoryRows, Rows, RowsError, Table, TableKind, Tx, Typed, Writes};
use crate::sync::StoreId;

/// Rows read at once.
const STEP: usize = 1_024;

/// Private tables that no entry gives back: secrets that were handed over, and this
/// device's own notes on the deals it seals.
const KEPT: [Table; 4] = [Table::EpochSecrets, Table::DealKeys, Table::GrantCounts, Table::Deals];

/// Local tables about an order of acceptance that is made anew.
const DROPPED: [Table; 2] = [Table::Cursors, Table::Sent];

/// What a replay did.
#[derive(Debug, Clone, Default)]
pub struct Replayed {
    /// To be committed in one transaction.
    pub writes: Writes,
    /// Entries found.
    pub found: u64,
    /// Entries that stand again: fewer where something was damaged.
    pub taken: u64,
}

/// Reads every entry that can be read and builds all other rows anew. Where entries are
/// lost, the device begins its next incarnation under `store`, so that what it wrote and
/// lost is not written twice; neighbours bring the rest back.
pub fn replay(rows: &dyn Rows, me: &Me, store: StoreId) -> Result<Option<Replayed>, RowsError> {
    let old = Tx::new(rows);
    let mut base = MemoryRows::default();
    let is_kept = |table: &Table| {
        (table.kind() == TableKind::Local && !DROPPED.contains(table)) || KEPT.contains(table)
    };
    let mut seed = Writes::new();
    for table in Table::ALL.iter().filter(|table| is_kept(table)) {
        for_each(&old, *table, |key, row| {
            seed.insert((*table, key), Some(row));
        })?;
    }
    base.commit(seed);
    let (runs, held, found) = runs_of(&old)?;
    let Some(mut replica) = Replica::load(&base, me)? else { return Ok(None) };
    let mut tx = Tx::new(&base);
    replica.take(&mut tx, &runs)?;
    let taken = position(&tx)?.n;
    if taken < held {
        replica.begin_incarnation(&mut tx, store);
    }
    let mut writes = Writes::new();
    for table in Table::ALL.iter().filter(|table| !is_kept(table)) {
        for_each(&old, *table, |key, _| {
            writes.insert((*table, key), None);
        })?;
    }
    writes.extend(tx.into_writes());
    Ok(Some(Replayed { writes, found, taken }))
}

/// The runs of all entries that can be read, how many entries there were, and how many
/// were found.
fn runs_of(tx: &Tx<'_>) -> Result<(Vec<Run>, u64, u64), RowsError> {
    let mut logs: BTreeMap<LogId, Vec<(EntryHash, Entry)>> = BTreeMap::new();
    let mut found = 0;
    for_each(tx, Entries::TABLE, |key, row| {
        let log = key.get(..32).and_then(LogId::from_slice);
        let hash = key.get(40..).and_then(EntryHash::from_slice);
        let entry = crate::codec::decode_prefix::<Entry>(&row, row.len());
        if let (Some(log), Some(hash), Ok((entry, _))) = (log, hash, entry) {
            logs.entry(log).or_default().push((hash, entry));
            found += 1;
        }
    })?;
    // The order says how many there were, even where entries are gone.
    let held = position(tx).map_or(found, |position| position.n.max(found));
    let mut runs = Vec::new();
    for entries in logs.into_values() {
        runs.extend(branches(entries));
    }
    Ok((runs, held, found))
}

/// Entries of one log, in order of seq, as runs: each continues something before it, and
/// ends where the next one does not follow.
fn branches(entries: Vec<(EntryHash, Entry)>) -> Vec<Run> {
    let mut open: Vec<(EntryHash, Vec<Entry>)> = Vec::new();
    for (hash, entry) in entries {
        let follows = open.iter().position(|(tip, _)| *tip == entry.header.previous);
        match follows.filter(|_| entry.header.seq > 0) {
            Some(at) => {
                open[at].0 = hash;
                open[at].1.push(entry);
            }
            None => open.push((hash, vec![entry])),
        }
    }
    let mut runs = Vec::new();
    for (_, entries) in open {
        // In pieces that each end in a signature, so that what is lost at the end of one
        // does not take what came before with it.
        let mut piece = Vec::new();
        for entry in entries {
            let signed = entry.signature.is_some();
            piece.push(entry);
            if signed && piece.len() >= 64 {
                runs.push(Run { entries: std::mem::take(&mut piece) });
            }
        }
        if !piece.is_empty() {
            runs.push(Run { entries: piece });
        }
    }
    runs
}

fn for_each(
    tx: &Tx<'_>,
    table: Table,
    mut row: impl FnMut(Vec<u8>, Vec<u8>),
) -> Result<(), RowsError> {
    let mut from = Vec::new();
    loop {
        let part = tx.scan(table, &from, &[], false, STEP)?;
        let last = part.last().map(|(key, _)| key.clone());
        let more = part.len() == STEP;
        for (key, bytes) in part {
            row(key, bytes);
        }
        match last.filter(|_| more) {
            Some(last) => {
                from = last;
                from.push(0);
            }
            None => return Ok(()),
        }
    }
}
