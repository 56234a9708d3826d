//! Reading, and the writes of one act laid over it.

use std::borrow::Borrow;
use std::cell::Cell;
use std::cmp::Ordering;
use std::collections::{BTreeMap, VecDeque};
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

/// Where a row lies, so that staged rows are found by a borrowed key.
trait Place {
    fn place(&self) -> (Table, &[u8]);
}

impl Place for (Table, Vec<u8>) {
    fn place(&self) -> (Table, &[u8]) {
        (self.0, &self.1)
    }
}

impl Place for (Table, &[u8]) {
    fn place(&self) -> (Table, &[u8]) {
        *self
    }
}

impl<'a> Borrow<dyn Place + 'a> for (Table, Vec<u8>) {
    fn borrow(&self) -> &(dyn Place + 'a) {
        self
    }
}

impl PartialEq for dyn Place + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.place() == other.place()
    }
}

impl Eq for dyn Place + '_ {}

impl PartialOrd for dyn Place + '_ {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for dyn Place + '_ {
    fn cmp(&self, other: &Self) -> Ordering {
        self.place().cmp(&other.place())
    }
}

/// Reads through its own writes.
pub struct Tx<'a> {
    base: &'a dyn Rows,
    writes: Writes,
    /// Whether tables that mostly hold nothing are stored empty, once asked.
    stored_empty: [Cell<Option<bool>>; MOSTLY_EMPTY.len()],
}

/// Tables that hold a row only while something waits, and are asked for every entry.
const MOSTLY_EMPTY: [Table; 2] = [Table::Waiting, Table::Pending];

impl<'a> Tx<'a> {
    /// An act on what is stored, with nothing written yet.
    pub fn new(base: &'a dyn Rows) -> Self {
        Self { base, writes: Writes::new(), stored_empty: Default::default() }
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
        if self.writes.is_empty() {
            self.writes = writes;
        } else {
            self.writes.extend(writes);
        }
    }

    /// The typed row under `key`.
    pub fn row<T: Typed>(&self, key: &T::Key) -> Result<Option<T::Row>, RowsError> {
        let key = key.to_key();
        match self.get(T::TABLE, &key)? {
            None => Ok(None),
            Some(bytes) => match codec::decode_kept(&bytes, ROW_LIMIT) {
                Ok(row) => Ok(Some(row)),
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
        self.delete_raw(T::TABLE, key.to_key());
    }

    /// Writes bytes under a key.
    pub fn put_raw(&mut self, table: Table, key: Vec<u8>, row: Vec<u8>) {
        self.writes.insert((table, key), Some(row));
    }

    /// Removes what lies under a key.
    pub fn delete_raw(&mut self, table: Table, key: Vec<u8>) {
        // What is stored nowhere needs no removal; where that cannot be told, it is
        // removed all the same.
        if self.is_stored_empty(table) {
            self.writes.remove(&(table, key));
        } else {
            self.writes.insert((table, key), None);
        }
    }

    /// Whether a table is known to be stored empty, whatever is staged. What is stored does
    /// not change under a `Tx`, so that is asked once; of most tables it is not asked. A
    /// table whose first row cannot be read is not known to be empty: whoever reads a row
    /// of it hears of that row alone.
    fn is_stored_empty(&self, table: Table) -> bool {
        let Some(place) = MOSTLY_EMPTY.iter().position(|it| *it == table) else { return false };
        let known = &self.stored_empty[place];
        if let Some(is_empty) = known.get() {
            return is_empty;
        }
        let first = self.base.scan(table, &[], &[], false, 1);
        let is_empty = first.is_ok_and(|rows| rows.is_empty());
        known.set(Some(is_empty));
        is_empty
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
            .map(|(key, bytes)| match codec::decode_kept(&bytes, ROW_LIMIT) {
                Ok(row) => Ok((key, row)),
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
        match self.writes.get(&(table, key) as &dyn Place) {
            Some(written) => Ok(written.clone()),
            None if self.is_stored_empty(table) => Ok(None),
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
        let range = self.writes.range((Bound::Included((table, from.to_vec())), upper));
        let ordered: Box<dyn Iterator<Item = _>> =
            if reverse { Box::new(range.rev()) } else { Box::new(range) };
        let mut staged = ordered.peekable();
        let is_stored_empty = self.is_stored_empty(table);
        if staged.peek().is_none() {
            if is_stored_empty {
                return Ok(Vec::new());
            }
            return self.base.scan(table, from, to, reverse, limit);
        }
        // Neither side is read further than the rows asked for: an act that stages
        // thousands of rows looks for the last of them again and again.
        let mut stored = Stored::new(self.base, table, (from, to), reverse);
        stored.is_over = is_stored_empty;
        let mut rows = Vec::new();
        while rows.len() < limit {
            let order = match (staged.peek(), stored.peek(limit - rows.len())?) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(((_, mine), _)), Some(theirs)) if reverse => theirs.cmp(mine),
                (Some(((_, mine), _)), Some(theirs)) => mine.cmp(theirs),
            };
            if order.is_ge() {
                let row = stored.next();
                rows.extend(row.filter(|_| order.is_gt()));
            }
            if order.is_le()
                && let Some(((_, key), Some(row))) = staged.next()
            {
                rows.push((key.clone(), row.clone()));
            }
        }
        Ok(rows)
    }
}

/// Stored rows of a range, read as they are needed.
struct Stored<'a> {
    base: &'a dyn Rows,
    table: Table,
    from: Vec<u8>,
    to: Vec<u8>,
    reverse: bool,
    ahead: VecDeque<RawRow>,
    is_over: bool,
}

impl<'a> Stored<'a> {
    fn new(base: &'a dyn Rows, table: Table, range: (&[u8], &[u8]), reverse: bool) -> Self {
        let (from, to) = (range.0.to_vec(), range.1.to_vec());
        Self { base, table, from, to, reverse, ahead: VecDeque::new(), is_over: false }
    }

    /// The key of the next row; where it must be read, so are up to `wanted`.
    fn peek(&mut self, wanted: usize) -> Result<Option<&Vec<u8>>, RowsError> {
        if self.ahead.is_empty() && !self.is_over {
            let rows = self.base.scan(self.table, &self.from, &self.to, self.reverse, wanted)?;
            self.is_over = rows.len() < wanted;
            match rows.last() {
                Some((last, _)) if self.reverse => self.to.clone_from(last),
                Some((last, _)) => self.from = [last.as_slice(), &[0]].concat(),
                None => {}
            }
            // Nothing lies before the empty key, and as an end it would mean "to the end".
            self.is_over |= self.reverse && self.to.is_empty();
            self.ahead = rows.into();
        }
        Ok(self.ahead.front().map(|(key, _)| key))
    }

    fn next(&mut self) -> Option<RawRow> {
        self.ahead.pop_front()
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

    #[test]
    fn tables_that_mostly_hold_nothing_are_read_and_cleared_as_all_others() {
        for is_stored in [false, true] {
            let mut stored = MemoryRows::default();
            if is_stored {
                stored.commit([((Table::Pending, key(3)), Some(vec![3]))].into());
            }
            let mut tx = Tx::new(&stored);
            tx.delete_raw(Table::Pending, key(1));
            tx.put_raw(Table::Pending, key(2), vec![2]);
            tx.put_raw(Table::Pending, key(4), vec![4]);
            tx.delete_raw(Table::Pending, key(4));
            let kept = is_stored.then_some(vec![3]);
            assert_eq!(tx.get(Table::Pending, &key(3)), Ok(kept.clone()));
            let mut rows = vec![(key(2), vec![2])];
            rows.extend(kept.map(|row| (key(3), row)));
            assert_eq!(tx.scan(Table::Pending, &[], &[], false, 9), Ok(rows));
            assert_eq!(tx.scan(Table::Pending, &key(4), &[], false, 9), Ok(Vec::new()));
            tx.delete_raw(Table::Pending, key(3));
            let mut committed = stored.clone();
            committed.commit(tx.into_writes());
            let left = committed.scan(Table::Pending, &[], &[], false, 9);
            assert_eq!(left, Ok(vec![(key(2), vec![2])]));
        }
    }

    /// Rows of which those before a key cannot be read.
    struct Damaged(MemoryRows, Vec<u8>);

    impl Damaged {
        fn check(&self, table: Table, key: &[u8]) -> Result<(), RowsError> {
            let is_whole = key >= &self.1[..];
            is_whole.then_some(()).ok_or(RowsError::Corrupt { table, key: key.to_vec() })
        }
    }

    impl Rows for Damaged {
        fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, RowsError> {
            self.check(table, key)?;
            self.0.get(table, key)
        }

        fn scan(
            &self,
            table: Table,
            from: &[u8],
            to: &[u8],
            reverse: bool,
            limit: usize,
        ) -> Result<Vec<(Vec<u8>, Vec<u8>)>, RowsError> {
            self.check(table, from)?;
            self.0.scan(table, from, to, reverse, limit)
        }
    }

    #[test]
    fn a_damaged_first_row_hinders_the_reading_of_no_other() {
        let mut stored = MemoryRows::default();
        for n in [1, 3] {
            stored.commit([((Table::Pending, key(n)), Some(vec![7]))].into());
        }
        let damaged = Damaged(stored, key(2));
        let tx = Tx::new(&damaged);
        assert_eq!(tx.get(Table::Pending, &key(3)), Ok(Some(vec![7])));
        let rows = tx.scan(Table::Pending, &key(2), &[], false, 9);
        assert_eq!(rows, Ok(vec![(key(3), vec![7])]));
        assert!(tx.get(Table::Pending, &key(1)).is_err(), "the damaged one is told of");
    }

    /// Rows that count how many were read from them.
    struct Counted(MemoryRows, std::cell::Cell<usize>);

    impl Rows for Counted {
        fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, RowsError> {
            self.0.get(table, key)
        }

        fn scan(
            &self,
            table: Table,
            from: &[u8],
            to: &[u8],
            reverse: bool,
            limit: usize,
        ) -> Result<Vec<RawRow>, RowsError> {
            let rows = self.0.scan(table, from, to, reverse, limit)?;
            self.1.set(self.1.get() + rows.len());
            Ok(rows)
        }
    }

    fn key(n: u32) -> Vec<u8> {
        n.to_be_bytes().to_vec()
    }

    #[test]
    fn staged_and_stored_rows_are_scanned_as_if_all_were_stored() {
        let mut stored = MemoryRows::default();
        let mut writes = Writes::new();
        for n in 0..60 {
            writes.insert((Table::Order, key(n * 2)), Some(vec![0]));
        }
        stored.commit(writes);
        let mut tx = Tx::new(&stored);
        for n in 0..40 {
            // Some are new, some replace, some remove, in clusters and alone.
            match (n * 7 % 5, n < 20) {
                (0 | 1, _) => tx.put_raw(Table::Order, key(n * 3), vec![1]),
                (2, true) => tx.put_raw(Table::Order, key(n * 2), vec![2]),
                _ => tx.delete_raw(Table::Order, key(n * 2)),
            }
        }
        let mut all = stored.clone();
        all.commit(tx.writes().clone());
        for from in [0, 1, 20, 61, 118, 200] {
            for to in [vec![], key(1), key(40), key(77), key(119), key(300)] {
                for (reverse, limit) in [false, true]
                    .into_iter()
                    .flat_map(|reverse| [0, 1, 2, 7, 1_000, usize::MAX].map(|l| (reverse, l)))
                {
                    let scan =
                        |rows: &dyn Rows| rows.scan(Table::Order, &key(from), &to, reverse, limit);
                    assert_eq!(scan(&tx), scan(&all), "{from} {to:?} {reverse} {limit}");
                }
            }
        }
    }

    #[test]
    fn the_last_of_many_staged_rows_is_found_without_reading_the_others() {
        let stored = Counted(MemoryRows::default(), std::cell::Cell::new(0));
        let mut tx = Tx::new(&stored);
        let begun = std::time::Instant::now();
        for n in 0..50_000 {
            tx.put_raw(Table::Order, key(n), vec![1]);
            let last = tx.scan(Table::Order, &[], &[], true, 1).unwrap();
            assert_eq!(last, [(key(n), vec![1])]);
        }
        assert_eq!(stored.1.get(), 0);
        // Reading all of them each time takes minutes.
        assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    }
}
