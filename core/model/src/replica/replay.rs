//! Building everything anew from the entries: what the doctor does, and the reference
//! that incremental projection is held to.
//!
//! Invariant: what comes out depends on the set of entries alone, and not on how they
//! once came in.

use std::collections::BTreeMap;

use super::{Me, Replica, setup};
use crate::journal::{Entries, Entry, EntryPlace, EntryPlaces, Run, position};
use crate::keys::{EntryHash, LogId};
use crate::projection::Changes;
use crate::rows::{Key, MemoryRows, Rows, RowsError, Table, TableKind, Tx, Typed, Writes};
use crate::sync::StoreId;

/// Rows read at once.
const STEP: usize = 1_024;

/// Private tables that no entry gives back: secrets that were handed over, and this
/// device's own notes on the deals it seals.
const KEPT: [Table; 4] = [Table::EpochSecrets, Table::DealKeys, Table::GrantCounts, Table::Deals];

/// Local tables about an order of acceptance that is made anew.
const DROPPED: [Table; 2] = [Table::Cursors, Table::Sent];

/// Private tables that are found again among the grants, if one begins from nothing.
const FOUND_AGAIN: [Table; 3] = [Table::DealKeys, Table::GrantCounts, Table::Deals];

/// Entries that are whole, but whose log or author lost something before them. They are
/// tried again whenever neighbours brought something back.
struct Unattached;
impl Typed for Unattached {
    const TABLE: Table = Table::Quarantine;
    type Key = (LogId, (u64, EntryHash));
    type Row = Entry;
}

/// What a store lost, beside rows that follow from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Loss {
    /// Entries, or what the device knew of its own logs.
    pub entries: bool,
    /// Keys, or what the device noted on the deals it seals.
    pub keys: bool,
}

impl Loss {
    /// What is lost with a row of a table.
    pub fn with(self, table: Table) -> Self {
        let of_logs = matches!(table, Table::Entries | Table::OwnLogs | Table::Settings);
        Self { entries: self.entries || of_logs, keys: self.keys || KEPT.contains(&table) }
    }
}

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

/// Reads every entry that can be read and builds all other rows anew. Where something is
/// lost, the device begins its next incarnation under `store`, so that what it wrote and
/// lost is not written twice; neighbours bring the rest back.
pub fn replay(
    rows: &dyn Rows,
    me: &Me,
    store: StoreId,
    loss: Loss,
) -> Result<Option<Replayed>, RowsError> {
    let old = Tx::new(rows);
    let mut base = MemoryRows::default();
    let is_kept = |table: &Table| {
        let is_local = table.kind() == TableKind::Local && !DROPPED.contains(table);
        let is_known = KEPT.contains(table) && !(loss.keys && FOUND_AGAIN.contains(table));
        is_local || is_known
    };
    let mut seed = Writes::new();
    for table in Table::ALL.iter().filter(|table| is_kept(table)) {
        for_each(&old, *table, |key, row| {
            seed.insert((*table, key), Some(row));
        })?;
    }
    base.commit(seed);
    let Some(mut replica) = Replica::load(&base, me)? else { return Ok(None) };
    let mut logs = Branches::default();
    let found = logs.read(&old, Table::Entries)?;
    logs.read(&old, Table::Quarantine)?;
    // The order says how many there were, even where entries are gone.
    let held = position(&old).map_or(found, |position| position.n.max(found));
    let mut tx = Tx::new(&base);
    setup::save_hood(&mut tx, &replica.hood);
    setup::save_self(&mut tx, &replica.own);
    replica.take_or_keep(&mut tx, &logs.into_runs())?;
    let taken = position(&tx)?.n;
    if loss != Loss::default() || taken < held {
        replica.begin_incarnation(&mut tx, store);
        replica.owe_what_was_lost(&mut tx)?;
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

/// The keys of entries that were accepted once and are gone.
pub fn lost_entries(rows: &dyn Rows) -> Result<Vec<Vec<u8>>, RowsError> {
    let tx = Tx::new(rows);
    let mut places = Vec::new();
    for_each(&tx, EntryPlaces::TABLE, |key, row| {
        let place = crate::codec::decode_prefix::<EntryPlace>(&row, row.len());
        if let (Some(hash), Ok((place, _))) = (EntryHash::from_slice(&key), place) {
            places.push((place.log, (place.seq, hash)));
        }
    })?;
    let mut lost = Vec::new();
    for place in places {
        if !tx.has::<Entries>(&place)? {
            lost.push(place.to_key());
        }
    }
    Ok(lost)
}

impl Replica {
    /// Tries again what follows from entries that were lost and have come back perhaps.
    pub fn reattach(&mut self, tx: &mut Tx<'_>) -> Result<Changes, RowsError> {
        let mut logs = Branches::default();
        if logs.read(tx, Table::Quarantine)? == 0 {
            return Ok(Changes::default());
        }
        self.take_or_keep(tx, &logs.into_runs())
    }

    /// Whether anything waits for entries that were lost.
    pub fn has_unattached(&self, tx: &Tx<'_>) -> Result<bool, RowsError> {
        Ok(!tx.scan(Table::Quarantine, &[], &[], false, 1)?.is_empty())
    }

    /// Takes entries of this very store; what has no ground to stand on is kept beside.
    fn take_or_keep(&mut self, tx: &mut Tx<'_>, runs: &[Run]) -> Result<Changes, RowsError> {
        let changes = self.take(tx, runs)?.changes;
        for entry in runs.iter().flat_map(|run| &run.entries) {
            let (log, hash) = (entry.header.log_id(), entry.header.hash());
            let key = (log, (entry.header.seq, hash));
            if tx.has::<EntryPlaces>(&hash)? {
                tx.delete::<Unattached>(&key);
            } else {
                tx.put::<Unattached>(&key, entry);
            }
        }
        Ok(changes)
    }
}

/// Entries by log, in order of seq.
#[derive(Default)]
struct Branches(BTreeMap<LogId, BTreeMap<(u64, EntryHash), Entry>>);

impl Branches {
    /// Adds what can be read of a table; says how many that were.
    fn read(&mut self, tx: &Tx<'_>, table: Table) -> Result<u64, RowsError> {
        let mut found = 0;
        for_each(tx, table, |key, row| {
            let log = key.get(..32).and_then(LogId::from_slice);
            let hash = key.get(40..).and_then(EntryHash::from_slice);
            let entry = crate::codec::decode_prefix::<Entry>(&row, row.len());
            if let (Some(log), Some(hash), Ok((entry, _))) = (log, hash, entry) {
                self.0.entry(log).or_default().insert((entry.header.seq, hash), entry);
                found += 1;
            }
        })?;
        Ok(found)
    }

    fn into_runs(self) -> Vec<Run> {
        let of_log = |entries: BTreeMap<(u64, EntryHash), Entry>| {
            branches(entries.into_iter().map(|((_, hash), entry)| (hash, entry)).collect())
        };
        self.0.into_values().flat_map(of_log).collect()
    }
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
