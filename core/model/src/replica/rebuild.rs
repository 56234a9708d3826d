//! Reading everything again, as after an update: the journal and what only this device
//! knows stay, all that follows from them is made anew.
//!
//! Invariant: what a rebuild leaves is what reading entries as they came had left.

use super::{OPEN_DOCUMENTS, Replica, load_authority};
use crate::journal::edited::DocumentCache;
use crate::journal::since;
use crate::keys::EntryHash;
use crate::projection::Changes;
use crate::rows::{Rows, RowsError, Table, TableKind, Tx};

/// Entries that are read at once.
const STEP: usize = 1_024;
/// Rows that are cleared at once.
const CLEARED: usize = 65_536;

/// Whether the rows of a table follow from entries and kept keys. The keys themselves
/// stay: they were sealed to this device once, and what it counted of its own grants no
/// entry tells.
const fn follows(table: Table) -> bool {
    matches!(table.kind(), TableKind::Open)
        || matches!(
            table,
            Table::Waiting
                | Table::Pending
                | Table::SealedRecords
                | Table::Bookings
                | Table::Services
                | Table::DealTags
                | Table::CreditNotes
                | Table::Receipts
                | Table::Applicants
                | Table::Refusals
        )
}

impl Replica {
    /// Makes every row anew that follows from entries, in the order of acceptance.
    pub fn rebuild(&mut self, tx: &mut Tx<'_>) -> Result<Changes, RowsError> {
        for table in Table::ALL.iter().copied().filter(|table| follows(*table)) {
            loop {
                let rows = tx.scan(table, &[], &[], false, CLEARED)?;
                let is_last = rows.len() < CLEARED;
                rows.into_iter().for_each(|(key, _)| tx.delete_raw(table, key));
                if is_last {
                    break;
                }
            }
        }
        self.documents = DocumentCache::new(OPEN_DOCUMENTS);
        self.authority = load_authority(tx, &self.hood)?;
        self.cuts = self.authority.cuts(&self.claim());
        let mut changes = Changes::default();
        let mut read = 0;
        loop {
            let part = since(tx, read, STEP)?;
            let Some((last, _)) = part.last() else { break };
            read = *last;
            let hashes: Vec<EntryHash> = part.into_iter().map(|(_, hash)| hash).collect();
            self.project(tx, &hashes, &mut changes)?;
        }
        changes.authority = true;
        self.settle(tx, &mut changes)?;
        Ok(changes)
    }
}
