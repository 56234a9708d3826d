//! Rows in memory: the simulator's store, and the reference for every other one.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::table::Table;
use super::tx::{RawRow, Rows, RowsError, Writes};

/// A store that forgets when it is dropped.
#[derive(Debug, Clone, Default)]
pub struct MemoryRows {
    tables: BTreeMap<Table, BTreeMap<Vec<u8>, Vec<u8>>>,
}

impl MemoryRows {
    /// Commits the writes of one act.
    pub fn commit(&mut self, writes: Writes) {
        for ((table, key), row) in writes {
            let rows = self.tables.entry(table).or_default();
            match row {
                Some(row) => rows.insert(key, row),
                None => rows.remove(&key),
            };
        }
    }

    /// Every row of a table.
    pub fn table(&self, table: Table) -> impl Iterator<Item = (&Vec<u8>, &Vec<u8>)> {
        self.tables.get(&table).into_iter().flatten()
    }
}

impl Rows for MemoryRows {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, RowsError> {
        Ok(self.tables.get(&table).and_then(|rows| rows.get(key)).cloned())
    }

    fn scan(
        &self,
        table: Table,
        from: &[u8],
        to: &[u8],
        reverse: bool,
        limit: usize,
    ) -> Result<Vec<RawRow>, RowsError> {
        let Some(rows) = self.tables.get(&table) else { return Ok(Vec::new()) };
        if !to.is_empty() && to <= from {
            return Ok(Vec::new());
        }
        let upper = if to.is_empty() { Bound::Unbounded } else { Bound::Excluded(to) };
        let range = rows.range::<[u8], _>((Bound::Included(from), upper));
        let own = |(key, row): (&Vec<u8>, &Vec<u8>)| (key.clone(), row.clone());
        Ok(if reverse {
            range.rev().take(limit).map(own).collect()
        } else {
            range.take(limit).map(own).collect()
        })
    }
}
