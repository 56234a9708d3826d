//! Reading, and the writes of one act laid over it.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::table::{Key, Table, Typed};
use crate::codec;

/// Largest row that is read back, in bytes.
const ROW_LIMIT: usize = 16 << 20;

/// A store that could not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowsError {
    /// The disk or the database failed.
    #[error("the store could not be read: {0}")]
    Storage(String),
    /// A row is not what was written.
    #[error("a row of {table} cannot be read back", table = table.name())]
    Corrupt {
        /// The table it lies in.
        table: Table,
        /// Its key.
        key: Vec<u8>,
    },
}

/// One row as it lies in a table: key and value.
pub type RawRow = (Vec<u8>, Vec<u8>);

/// Rows of one type, each with its key.
pub type TypedRows<R> = Vec<(Vec<u8>, R)>;

/// What the model may read. Keys sort as bytes.
pub trait Rows {
    /// The row under `key`.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, RowsError>;

    /// Up to `limit` rows with `from <= key < to` (`to` empty: to the end of the
    /// table), in the order of keys, or backwards.
    fn scan(
        &self,
        table: Table,
        from: &[u8],
        to: &[u8],
        reverse: bool,
        limit: usize,
    ) -> Result<Vec<RawRow>, RowsError>;
}

/// The writes of one act: for each table and key the new row, or its removal.
pub type Writes = BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>>;

/// Reads through its own writes.
pub struct Tx<'a> {
    base: &'a dyn Rows,
    writes: Writes,
}

impl<'a> Tx<'a> {
    /// An act on what is stored, with nothing written yet.
    pub fn new(base: &'a dyn Rows) -> Self {
        Self { base, writes: Writes::new() }
    }

    /// What is to be committed.
    pub fn into_writes(self) -> Writes {
        self.writes
    }

    /// Whether anything was written.
    pub fn is_clean(&self) -> bool {
        self.writes.is_empty()
    }

    /// What was written so far.
    pub fn writes(&self) -> &Writes {
        &self.writes
    }

    /// Drops every write and returns them: the act is undone.
    pub fn take_writes(&mut self) -> Writes {
        std::mem::take(&mut self.writes)
    }

    /// Takes writes in again, laid over those already here.
    pub fn absorb(&mut self, writes: Writes) {
        self.writes.extend(writes);
    }

    /// The typed row under `key`.
    pub fn row<T: Typed>(&self, key: &T::Key) -> Result<Option<T::Row>, RowsError> {
        let key = key.to_key();
        match self.get(T::TABLE, &key)? {
            None => Ok(None),
            Some(bytes) => match codec::decode_prefix(&bytes, ROW_LIMIT) {
                Ok((row, _)) => Ok(Some(row)),
                Err(_) => Err(RowsError::Corrupt { table: T::TABLE, key }),
            },
        }
    }

    /// Whether there is a row under `key`.
    pub fn has<T: Typed>(&self, key: &T::Key) -> Result<bool, RowsError> {
        Ok(self.get(T::TABLE, &key.to_key())?.is_some())
    }

    /// Writes a typed row.
    pub fn put<T: Typed>(&mut self, key: &T::Key, row: &T::Row) {
        self.put_raw(T::TABLE, key.to_key(), codec::encode(row));
    }

    /// Removes a row, if there is one.
    pub fn delete<T: Typed>(&mut self, key: &T::Key) {
        self.writes.insert((T::TABLE, key.to_key()), None);
    }

    /// Writes bytes under a key.
    pub fn put_raw(&mut self, table: Table, key: Vec<u8>, row: Vec<u8>) {
        self.writes.insert((table, key), Some(row));
    }

    /// Removes what lies under a key.
    pub fn delete_raw(&mut self, table: Table, key: Vec<u8>) {
        self.writes.insert((table, key), None);
    }

    /// Typed rows whose keys begin with `prefix`, in the order of keys.
    pub fn rows_with_prefix<T: Typed>(
        &self,
        prefix: &[u8],
        limit: usize,
    ) -> Result<TypedRows<T::Row>, RowsError> {
        let end = prefix_end(prefix);
        self.scan(T::TABLE, prefix, &end, false, limit)?
            .into_iter()
            .map(|(key, bytes)| match codec::decode_prefix(&bytes, ROW_LIMIT) {
                Ok((row, _)) => Ok((key, row)),
                Err(_) => Err(RowsError::Corrupt { table: T::TABLE, key }),
            })
            .collect()
    }
}

/// The first key after all that begin with `prefix`; empty where there is none.
pub(crate) fn prefix_end(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.last_mut() {
        if *last < 0xff {
            *last += 1;
            return end;
        }
        end.pop();
    }
    end
}

impl Rows for Tx<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, RowsError> {
        match self.writes.get(&(table, key.to_vec())) {
            Some(written) => Ok(written.clone()),
            None => self.base.get(table, key),
        }
    }

    fn scan(
        &self,
        table: Table,
        from: &[u8],
        to: &[u8],
        reverse: bool,
        limit: usize,
    ) -> Result<Vec<RawRow>, RowsError> {
        if !to.is_empty() && to <= from {
            return Ok(Vec::new());
        }
        let upper = if to.is_empty() {
            next_table(table).map_or(Bound::Unbounded, |next| Bound::Excluded((next, Vec::new())))
        } else {
            Bound::Excluded((table, to.to_vec()))
        };
        let mine: Vec<_> = self
            .writes
            .range((Bound::Included((table, from.to_vec())), upper))
            .map(|((_, key), row)| (key.clone(), row.clone()))
            .collect();
        if mine.is_empty() {
            return self.base.scan(table, from, to, reverse, limit);
        }
        // Each removal here can hide one stored row, so ask for that many more.
        let hidden = mine.iter().filter(|(_, row)| row.is_none()).count();
        let stored = self.base.scan(table, from, to, reverse, limit.saturating_add(hidden))?;
        let mut merged: BTreeMap<Vec<u8>, Option<Vec<u8>>> =
            stored.into_iter().map(|(key, row)| (key, Some(row))).collect();
        merged.extend(mine);
        let present = merged.into_iter().filter_map(|(key, row)| row.map(|row| (key, row)));
        Ok(if reverse {
            let mut all: Vec<_> = present.collect();
            all.reverse();
            all.truncate(limit);
            all
        } else {
            present.take(limit).collect()
        })
    }
}

fn next_table(table: Table) -> Option<Table> {
    // Numbers go to new tables as they come, not in the order of the list.
    Table::ALL.iter().copied().filter(|next| *next > table).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::MemoryRows;

    #[test]
    fn a_scan_to_the_end_of_a_table_shows_no_row_of_another_staged_one() {
        let rows = MemoryRows::default();
        let mut tx = Tx::new(&rows);
        for table in Table::ALL {
            tx.put_raw(*table, vec![*table as u8], vec![*table as u8]);
        }
        for table in Table::ALL {
            let own = vec![(vec![*table as u8], vec![*table as u8])];
            assert_eq!(tx.scan(*table, &[], &[], false, 100), Ok(own), "{}", table.name());
        }
    }
}
