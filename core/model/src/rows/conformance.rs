//! What every store of rows must do, whatever it is made of.
//!
//! The in-memory rows are the reference: after each step of a seeded random walk the
//! store under test answers every question as they do. It panics where it finds a
//! difference, naming the seed.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use super::{MemoryRows, Rows, Table, Tx, Writes};

/// A store that can be read and written.
pub trait Store {
    /// What is stored.
    fn rows(&self) -> &dyn Rows;
    /// Keeps the writes of one act, all or none.
    fn commit(&mut self, writes: Writes);
    /// Closes and opens again, if the store outlives that.
    fn reopen(&mut self) {}
}

impl Store for MemoryRows {
    fn rows(&self) -> &dyn Rows {
        self
    }
    fn commit(&mut self, writes: Writes) {
        MemoryRows::commit(self, writes);
    }
}

/// Runs the whole suite; `make` gives an empty store each time.
pub fn check<S: Store>(mut make: impl FnMut() -> S) {
    rows_of_each_table_are_apart(&mut make());
    an_empty_key_and_an_empty_row_are_rows(&mut make());
    keys_sort_as_unsigned_bytes(&mut make());
    bounds_are_half_open(&mut make());
    the_last_write_of_an_act_counts(&mut make());
    a_large_row_comes_back_whole(&mut make());
    for seed in 0..8 {
        any_walk_reads_as_the_reference(&mut make(), seed);
    }
}

fn put(store: &mut impl Store, table: Table, key: &[u8], row: &[u8]) {
    store.commit(Writes::from([((table, key.to_vec()), Some(row.to_vec()))]));
}

fn keys(store: &impl Store, from: &[u8], to: &[u8], reverse: bool, limit: usize) -> Vec<Vec<u8>> {
    let found = store.rows().scan(Table::Settings, from, to, reverse, limit);
    found.expect("a scan").into_iter().map(|(key, _)| key).collect()
}

fn rows_of_each_table_are_apart(store: &mut impl Store) {
    for table in Table::ALL {
        put(store, *table, b"key", table.name().as_bytes());
    }
    store.reopen();
    for table in Table::ALL {
        let row = store.rows().get(*table, b"key").expect("a row");
        assert_eq!(row.as_deref(), Some(table.name().as_bytes()), "{table:?}");
        assert_eq!(store.rows().get(*table, b"other"), Ok(None));
        assert_eq!(store.rows().scan(*table, b"", b"", false, 9).map(|rows| rows.len()), Ok(1));
    }
}

fn an_empty_key_and_an_empty_row_are_rows(store: &mut impl Store) {
    for table in [Table::Settings, Table::Entries] {
        put(store, table, b"", b"");
        assert_eq!(store.rows().get(table, b""), Ok(Some(Vec::new())));
        assert_eq!(store.rows().scan(table, b"", b"", true, 1), Ok(vec![(vec![], vec![])]));
        store.commit(Writes::from([((table, Vec::new()), None)]));
        assert_eq!(store.rows().get(table, b""), Ok(None));
    }
}

fn keys_sort_as_unsigned_bytes(store: &mut impl Store) {
    let sorted: [&[u8]; 6] = [b"", b"\x00", b"\x00\x00", b"\x7f", b"\x80", b"\xff\xff"];
    for key in sorted.iter().rev() {
        put(store, Table::Settings, key, b"row");
    }
    assert_eq!(keys(store, b"", b"", false, 99), sorted);
    let mut backwards = sorted;
    backwards.reverse();
    assert_eq!(keys(store, b"", b"", true, usize::MAX), backwards);
}

fn bounds_are_half_open(store: &mut impl Store) {
    for key in [b"a", b"b", b"c"] {
        put(store, Table::Settings, key, b"row");
    }
    assert_eq!(keys(store, b"a", b"c", false, 9), [b"a", b"b"]);
    assert_eq!(keys(store, b"a", b"c", true, 1), [b"b"]);
    assert_eq!(keys(store, b"b", b"", false, 9), [b"b", b"c"]);
    assert_eq!(keys(store, b"", b"", false, 0), [b""; 0]);
    assert_eq!(keys(store, b"b", b"b", false, 9), [b""; 0]);
    assert_eq!(keys(store, b"c", b"a", false, 9), [b""; 0]);
}

fn the_last_write_of_an_act_counts(store: &mut impl Store) {
    let mut tx = Tx::new(store.rows());
    tx.put_raw(Table::Entries, b"key".to_vec(), b"first".to_vec());
    tx.delete_raw(Table::Entries, b"key".to_vec());
    tx.put_raw(Table::Entries, b"key".to_vec(), b"second".to_vec());
    tx.put_raw(Table::Entries, b"gone".to_vec(), b"row".to_vec());
    tx.delete_raw(Table::Entries, b"gone".to_vec());
    tx.delete_raw(Table::Entries, b"never there".to_vec());
    let writes = tx.into_writes();
    assert_eq!(store.rows().get(Table::Entries, b"key"), Ok(None), "written before the commit");
    store.commit(writes);
    store.commit(Writes::new());
    assert_eq!(store.rows().get(Table::Entries, b"key"), Ok(Some(b"second".to_vec())));
    assert_eq!(store.rows().get(Table::Entries, b"gone"), Ok(None));
}

fn a_large_row_comes_back_whole(store: &mut impl Store) {
    let row: Vec<u8> = (0..3_000_000_u32).map(|n| n.to_le_bytes()[1]).collect();
    for table in [Table::Settings, Table::Entries, Table::BlobChunks] {
        put(store, table, b"key", &row);
        store.reopen();
        assert_eq!(
            store.rows().get(table, b"key").map(|found| found.as_ref() == Some(&row)),
            Ok(true)
        );
    }
}

fn any_walk_reads_as_the_reference(store: &mut impl Store, seed: u64) {
    const TABLES: [Table; 4] = [Table::Settings, Table::Entries, Table::Listings, Table::Logs];
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut reference = MemoryRows::default();
    let key = |rng: &mut ChaCha8Rng| -> Vec<u8> {
        let length = rng.next_u32() % 3;
        (0..length).map(|_| [0, 1, 0x7f, 0x80, 0xff][rng.next_u32() as usize % 5]).collect()
    };
    for step in 0..120 {
        let mut writes = Writes::new();
        for _ in 0..rng.next_u32() % 6 {
            let table = TABLES[rng.next_u32() as usize % TABLES.len()];
            let length = [0, 3, 900, 1_100, 5_000][rng.next_u32() as usize % 5];
            let row = !rng.next_u32().is_multiple_of(3);
            let row = row.then(|| vec![rng.next_u32().to_le_bytes()[0]; length]);
            writes.insert((table, key(&mut rng)), row);
        }
        reference.commit(writes.clone());
        store.commit(writes);
        if step % 40 == 39 {
            store.reopen();
        }
        for _ in 0..6 {
            let table = TABLES[rng.next_u32() as usize % TABLES.len()];
            let (from, to) = (key(&mut rng), key(&mut rng));
            let (reverse, limit) = (rng.next_u32().is_multiple_of(2), rng.next_u32() as usize % 9);
            assert_eq!(
                store.rows().scan(table, &from, &to, reverse, limit),
                reference.scan(table, &from, &to, reverse, limit),
                "seed {seed}, step {step}: {table:?} {from:?}..{to:?} {reverse} {limit}"
            );
            assert_eq!(
                store.rows().get(table, &from),
                reference.get(table, &from),
                "seed {seed}, step {step}: {table:?} {from:?}"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_in_memory_conform() {
        check(MemoryRows::default);
    }
}
