//! Logs as they are stored. A log is a tree: a restored backup or a cloned phone may
//! continue it twice, and no branch is ever removed for that.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::document::Descriptor;
use super::entry::{Entry, LogStart};
use crate::keys::{DocId, EntryHash, LogId};
use crate::rows::{Rows, RowsError, Table, Tx, Typed};

/// The end of a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Tip {
    /// Its position in the log.
    pub seq: u64,
    /// Its hash.
    pub hash: EntryHash,
}

/// What is known of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogRow {
    /// The document it belongs to.
    pub document: DocId,
    /// Payload of entry 0.
    pub start: LogStart,
    /// The ends of its branches, sorted; one unless it was forked.
    pub tips: Vec<Tip>,
    /// Entries held.
    pub entries: u64,
    /// Bytes of header and payload held.
    pub bytes: u64,
}

impl LogRow {
    /// Whether it never forked.
    pub fn is_linear(&self) -> bool {
        self.tips.len() == 1
    }
}

/// Where an entry lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryPlace {
    /// Its log.
    pub log: LogId,
    /// Its position there.
    pub seq: u64,
    /// Its position in this node's order of acceptance.
    pub n: u64,
}

/// What is known of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentRow {
    /// What names it.
    pub descriptor: Descriptor,
    /// Entries that no other entry held here names as previous or cause; sorted.
    pub frontier: Vec<EntryHash>,
}

/// document id → row.
pub struct Documents;
impl Typed for Documents {
    const TABLE: Table = Table::Documents;
    type Key = DocId;
    type Row = DocumentRow;
}

/// missing entry hash ‖ waiting entry hash.
pub struct Waiting;
impl Typed for Waiting {
    const TABLE: Table = Table::Waiting;
    type Key = (EntryHash, EntryHash);
    type Row = ();
}

/// log id → row.
pub struct Logs;
impl Typed for Logs {
    const TABLE: Table = Table::Logs;
    type Key = LogId;
    type Row = LogRow;
}

/// document id ‖ log id.
pub struct LogsByDocument;
impl Typed for LogsByDocument {
    const TABLE: Table = Table::LogsByDocument;
    type Key = (DocId, LogId);
    type Row = ();
}

/// log id ‖ seq ‖ entry hash → entry.
pub struct Entries;
impl Typed for Entries {
    const TABLE: Table = Table::Entries;
    type Key = (LogId, (u64, EntryHash));
    type Row = Entry;
}

/// entry hash → place.
pub struct EntryPlaces;
impl Typed for EntryPlaces {
    const TABLE: Table = Table::EntryPlaces;
    type Key = EntryHash;
    type Row = EntryPlace;
}

/// Most logs of one document that are looked at.
const LOGS_OF_DOCUMENT: usize = 65_536;

/// The row of a log.
pub fn log_row(tx: &Tx<'_>, log: &LogId) -> Result<Option<LogRow>, RowsError> {
    tx.row::<Logs>(log)
}

/// An entry by its hash.
pub fn entry(tx: &Tx<'_>, hash: &EntryHash) -> Result<Option<Entry>, RowsError> {
    match tx.row::<EntryPlaces>(hash)? {
        Some(place) => tx.row::<Entries>(&(place.log, (place.seq, *hash))),
        None => Ok(None),
    }
}

/// The logs of a document, in the order of their ids.
pub fn logs_of_document(tx: &Tx<'_>, document: &DocId) -> Result<Vec<LogId>, RowsError> {
    let end = crate::rows::prefix_end(&document.0);
    let rows = tx.scan(Table::LogsByDocument, &document.0, &end, false, LOGS_OF_DOCUMENT)?;
    Ok(rows.iter().filter_map(|(key, _)| LogId::from_slice(key.get(32..)?)).collect())
}

/// The frontier of a document: what a new entry names to have seen all of it.
pub fn document_heads(tx: &Tx<'_>, document: &DocId) -> Result<Vec<EntryHash>, RowsError> {
    Ok(tx.row::<Documents>(document)?.map(|row| row.frontier).unwrap_or_default())
}

/// The entries of `log` after `after` (all of them for [`EntryHash::ZERO`]) up to and
/// with `to`, oldest first. Empty where `after` is no ancestor of `to`.
pub fn path(
    tx: &Tx<'_>,
    log: &LogId,
    after: &EntryHash,
    to: &EntryHash,
) -> Result<Vec<EntryHash>, RowsError> {
    let mut path = Vec::new();
    let mut at = *to;
    while at != *after {
        let Some(place) = tx.row::<EntryPlaces>(&at)? else { return Ok(Vec::new()) };
        let Some(entry) = tx.row::<Entries>(&(*log, (place.seq, at)))? else {
            return Ok(Vec::new());
        };
        path.push(at);
        if place.seq == 0 {
            if *after != EntryHash::ZERO {
                return Ok(Vec::new());
            }
            break;
        }
        at = entry.header.previous;
    }
    path.reverse();
    Ok(path)
}

/// Whether `ancestor` lies on the way from entry 0 to `descendant`, both of `log`.
pub fn is_ancestor_or_same(
    tx: &Tx<'_>,
    log: &LogId,
    ancestor: &Tip,
    descendant: &Tip,
) -> Result<bool, RowsError> {
    if ancestor.seq > descendant.seq {
        return Ok(false);
    }
    if ancestor.seq == descendant.seq {
        return Ok(ancestor.hash == descendant.hash);
    }
    let Some(row) = log_row(tx, log)? else { return Ok(false) };
    if row.is_linear() {
        let held = |tip: &Tip| tx.has::<Entries>(&(*log, (tip.seq, tip.hash)));
        return Ok(held(ancestor)? && held(descendant)?);
    }
    let mut at = *descendant;
    while at.seq > ancestor.seq {
        let Some(entry) = tx.row::<Entries>(&(*log, (at.seq, at.hash)))? else {
            return Ok(false);
        };
        at = Tip { seq: at.seq - 1, hash: entry.header.previous };
    }
    Ok(at.hash == ancestor.hash)
}

/// The entries of a forked log that whoever holds `have` lacks, oldest first and branch
/// after branch, as paths: each begins right after something he holds or an earlier path.
pub(super) fn missing_paths(
    tx: &Tx<'_>,
    log: &LogId,
    row: &LogRow,
    have: &[Tip],
) -> Result<Vec<Vec<Tip>>, RowsError> {
    let mut known: BTreeSet<EntryHash> = BTreeSet::new();
    for tip in have {
        if tx.has::<Entries>(&(*log, (tip.seq, tip.hash)))? {
            walk_back(tx, log, *tip, &mut |at| known.insert(at.hash))?;
        }
    }
    let mut paths = Vec::new();
    for tip in &row.tips {
        let mut path = Vec::new();
        walk_back(tx, log, *tip, &mut |at| {
            let go_on = !known.contains(&at.hash);
            if go_on {
                path.push(at);
            }
            go_on
        })?;
        path.reverse();
        known.extend(path.iter().map(|at| at.hash));
        if !path.is_empty() {
            paths.push(path);
        }
    }
    Ok(paths)
}

/// Walks from `from` towards entry 0 for as long as `go_on` says so.
fn walk_back(
    tx: &Tx<'_>,
    log: &LogId,
    from: Tip,
    go_on: &mut dyn FnMut(Tip) -> bool,
) -> Result<(), RowsError> {
    let mut at = from;
    while go_on(at) && at.seq > 0 {
        let Some(entry) = tx.row::<Entries>(&(*log, (at.seq, at.hash)))? else { return Ok(()) };
        at = Tip { seq: at.seq - 1, hash: entry.header.previous };
    }
    Ok(())
}
