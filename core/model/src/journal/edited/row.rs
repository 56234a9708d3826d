//! Edited documents as they are stored: the changes themselves, in an order that only
//! their set decides. No automerge bytes: rows of two nodes with the same entries are
//! equal, and an update of automerge has nothing to migrate.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Edited;
use crate::keys::{DocId, EntryHash};
use crate::rows::{Table, Typed};

/// One change of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeRow {
    /// Its entry.
    pub entry: EntryHash,
    /// The changes it follows, sorted: the heads of its causal past.
    pub past: Vec<EntryHash>,
    /// The entry's payload.
    pub payload: Vec<u8>,
}

/// A document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectRow {
    /// More was written than a document may hold: it says nothing any more.
    pub full: bool,
    /// Its changes, each after those it follows.
    pub changes: Vec<ChangeRow>,
}

/// document id → document.
#[derive(Debug)]
pub struct Objects;

impl Typed for Objects {
    const TABLE: Table = Table::Objects;
    type Key = DocId;
    type Row = ObjectRow;
}

/// Why an entry of a document is no change of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Passed {
    /// Entry 0 of a log, or a kind of a later version.
    OtherKind,
    /// Its content was not readable: what follows it in its log is not read.
    Void,
    /// It does not count: its log was closed before it, and nothing that counts has
    /// seen it.
    LeftOut,
}

/// An entry of a document that is no change of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedRow {
    /// Why.
    pub why: Passed,
    /// The changes that stand for it where a later entry names it as a cause.
    pub past: Vec<EntryHash>,
}

/// document id ‖ entry hash → entry that is no change. The same table as
/// [`Objects`], whose keys are shorter.
#[derive(Debug)]
pub struct PassedEntries;

impl Typed for PassedEntries {
    const TABLE: Table = Table::Objects;
    type Key = (DocId, EntryHash);
    type Row = PassedRow;
}

impl Edited {
    /// The row: a function of the set of changes.
    pub fn to_row(&self) -> ObjectRow {
        let mut nodes: Vec<_> = self.nodes.iter().map(Arc::as_ref).collect();
        // A change's first counter is larger than those of all before it.
        nodes.sort_by_key(|node| (node.start_op, node.entry));
        let past = |deps: &[u32]| {
            deps.iter().filter_map(|dep| Some(self.nodes.get(*dep as usize)?.entry)).collect()
        };
        let changes = nodes.into_iter().map(|node| ChangeRow {
            entry: node.entry,
            past: past(&node.deps),
            payload: node.payload.clone(),
        });
        ObjectRow { full: self.full, changes: changes.collect() }
    }

    /// The document of a row; none if the row is not what was written.
    pub fn from_row(row: &ObjectRow) -> Option<Self> {
        let mut edited = Self { full: row.full, ..Self::new() };
        if row.full {
            return row.changes.is_empty().then_some(edited);
        }
        let mut staged = Vec::with_capacity(row.changes.len());
        for change in &row.changes {
            staged.push(edited.stage(&change.entry, &change.past, &change.payload).ok()??);
        }
        edited.settle(staged, false).ok()?;
        Some(edited)
    }
}
