//! No byte altered on disk is ever taken for what was written.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;

use palier_model::rows::{Rows, RowsError, Table, Writes};
use palier_model::time::Instant;
use palier_node::home::{Home, Opening};
use palier_node::store::{Damaged, FILE, Store, StoreOptions};

type Everything = BTreeMap<(Table, Vec<u8>), Vec<u8>>;

fn hash(n: u64) -> Vec<u8> {
    blake3::hash(&n.to_le_bytes()).as_bytes().to_vec()
}

/// A row that nothing else on disk looks like.
fn row(n: u64) -> Vec<u8> {
    let mut row = vec![0; 40 + n as usize * 131 % 2_500];
    blake3::Hasher::new_derive_key("row").update(&n.to_le_bytes()).finalize_xof().fill(&mut row);
    row
}

fn filled(dir: &Path, entries: u64) -> Everything {
    let mut store = Store::open(dir, StoreOptions::default()).unwrap();
    let mut all = Everything::new();
    for n in 0..entries {
        let key = hash(n);
        all.insert((Table::Entries, key.clone()), row(n));
        all.insert((Table::Receipts, key), vec![1; n as usize % 9]);
    }
    all.insert((Table::Settings, b"name".to_vec()), b"Awa".to_vec());
    store
        .commit(all.iter().map(|(key, row)| (key.clone(), Some(row.clone()))).collect::<Writes>())
        .unwrap();
    all
}

/// Reads all there is in every way. `Err`: something was noticed.
fn read(store: &Store, all: &Everything) -> Result<(), String> {
    let mut missing = None;
    for ((table, key), row) in all {
        match store.get(*table, key) {
            Ok(Some(found)) => assert_eq!(found, *row, "wrong bytes were read"),
            Ok(None) => missing = Some(format!("{table:?} {key:?} is gone")),
            Err(error) => return Err(error.to_string()),
        }
    }
    let mut seen = 0;
    for table in Table::ALL {
        for reverse in [false, true] {
            let rows = store.scan(*table, b"", b"", reverse, usize::MAX);
            for (key, row) in rows.map_err(|error| error.to_string())? {
                assert_eq!(all.get(&(*table, key)), Some(&row), "wrong bytes were read");
                seen += 1;
            }
        }
    }
    if seen != all.len() * 2 {
        missing = Some(format!("{seen} rows of {}", all.len() * 2));
    }
    missing.map_or(Ok(()), Err)
}

#[test]
fn every_byte_flipped_is_noticed_or_harmless() {
    // All of them once; every so many each time.
    let step = std::env::var("PALIER_TEST_FLIP_STEP").map_or(211, |step| step.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let all = filled(dir.path(), 24);
    let path = dir.path().join(FILE);
    let good = fs::read(&path).unwrap();
    let (mut flipped, mut refused, mut noticed, mut found_by_check) = (0, 0, 0, 0);
    for at in (0..good.len()).step_by(step) {
        // Pages of the tables that hold rows, and the first ones with the schema.
        let page = &good[at / 4_096 * 4_096..][..4_096];
        if page.iter().filter(|byte| **byte != 0).count() < 200 && at > 4_096 {
            continue;
        }
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        fs::write(&path, &bad).unwrap();
        flipped += 1;
        let Ok(store) = Store::open(dir.path(), StoreOptions::default()) else {
            refused += 1;
            continue;
        };
        let outcome = read(&store, &all);
        let sound = store.check().is_ok_and(|health| health.is_sound());
        if outcome.is_err() {
            noticed += 1;
        }
        if !sound {
            found_by_check += 1;
        }
        if let Err(lost) = outcome {
            assert!(!sound, "byte {at}: {lost}, but the doctor sees nothing");
        }
        drop(store);
        // Whatever SQLite left beside it belongs to the altered file.
        for beside in ["-wal", "-shm"] {
            let _ = fs::remove_file(dir.path().join(format!("{FILE}{beside}")));
        }
    }
    eprintln!(
        "{flipped} bytes flipped: {refused} not opened, {noticed} noticed on reading, \
         {found_by_check} named by the doctor"
    );
    assert!(flipped > 100 && noticed > 10 && found_by_check >= noticed, "nothing was altered");
}

/// Alters bytes of the database file where `needle` lies in it.
fn alter(dir: &Path, needle: &[u8]) {
    let path = dir.join(FILE);
    let bytes = fs::read(&path).unwrap();
    let at = bytes.windows(needle.len()).position(|window| window == needle).unwrap();
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(&[bytes[at] ^ 0x55], at as u64).unwrap();
}

#[test]
fn a_damaged_row_is_named_set_aside_and_can_be_written_again() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 24);
    let damaged = Damaged { table: Table::Entries, key: hash(3) };
    alter(dir.path(), &row(3)[..16]);
    let mut store = Store::open(dir.path(), StoreOptions::default()).unwrap();
    let corrupt = RowsError::Corrupt { table: Table::Entries, key: hash(3) };
    assert_eq!(store.get(Table::Entries, &hash(3)), Err(corrupt.clone()));
    assert_eq!(store.scan(Table::Entries, b"", b"", false, 99), Err(corrupt));
    let health = store.check().unwrap();
    assert_eq!((health.damaged, health.structure), (vec![damaged.clone()], vec![]));
    assert!(store.quarantine(&damaged, Instant(7)).unwrap());
    assert!(!store.quarantine(&damaged, Instant(7)).unwrap());
    assert_eq!(store.get(Table::Entries, &hash(3)), Ok(None));
    assert!(store.check().unwrap().is_sound());
    assert_eq!(store.quarantined().unwrap(), [damaged]);
    let again = Writes::from([((Table::Entries, hash(3)), Some(row(3)))]);
    store.commit(again).unwrap();
    assert_eq!(store.get(Table::Entries, &hash(3)), Ok(Some(row(3))));
    store.forget_quarantined(false).unwrap();
    assert_eq!(store.quarantined().unwrap(), []);
}

#[test]
fn a_row_under_an_altered_key_is_found_and_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 24);
    let path = dir.path().join(FILE);
    // In the row itself, where its beginning follows the key; not in the index.
    let bytes = fs::read(&path).unwrap();
    let at = bytes
        .windows(32)
        .enumerate()
        .filter(|(_, window)| *window == hash(5))
        .map(|(at, _)| at)
        .find(|at| bytes[at + 32..].windows(16).take(16).any(|window| window == &row(5)[..16]))
        .unwrap();
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(&[bytes[at] ^ 1], at as u64).unwrap();
    let mut store = Store::open(dir.path(), StoreOptions::default()).unwrap();
    let mut key = hash(5);
    key[0] ^= 1;
    let health = store.check().unwrap();
    assert_eq!(health.damaged, [Damaged { table: Table::Entries, key: key.clone() }]);
    assert!(store.quarantine(&health.damaged[0], Instant(7)).unwrap());
    assert!(store.check().unwrap().is_sound());
    let again = Writes::from([((Table::Entries, hash(5)), Some(row(5)))]);
    store.commit(again).unwrap();
    assert_eq!(store.get(Table::Entries, &hash(5)), Ok(Some(row(5))));
}

#[test]
fn of_a_torn_file_every_sound_row_is_saved_and_the_loss_is_told() {
    let root = tempfile::tempdir().unwrap();
    let (dir, state) = (root.path().join("home"), root.path().join("state"));
    let home = Home::create(&dir, &state).unwrap();
    let (store, _) = home.open_store(StoreOptions::default()).unwrap();
    drop(store);
    let all = filled(&dir, 2_000);
    // The page with row 1,000 is overwritten, head and all.
    let path = dir.join(FILE);
    let bytes = fs::read(&path).unwrap();
    let needle = &row(1_000)[..16];
    let at = bytes.windows(16).position(|window| window == needle).unwrap() / 4_096 * 4_096;
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(&[0xa5; 4_096], at as u64).unwrap();
    let (store, opening) = home.open_store(StoreOptions::default()).unwrap();
    assert_eq!(opening, Opening::Same);
    assert!(!store.check().unwrap().structure.is_empty());
    drop(store);
    let salvage = home.salvage(&StoreOptions::default(), Instant(9)).unwrap();
    assert_eq!(salvage.torn, [Table::Entries]);
    let lost = all.len() as u64 - salvage.saved;
    assert!((1..40).contains(&lost), "{lost} rows of {} are lost", all.len());
    let (mut store, opening) = home.open_store(StoreOptions::default()).unwrap();
    assert_eq!(opening, Opening::RestoredOrCloned, "own entries may be among the lost");
    assert!(store.check().unwrap().is_sound());
    for table in Table::ALL {
        for (key, row) in store.scan(*table, b"", b"", false, usize::MAX).unwrap() {
            assert_eq!(all.get(&(*table, key)), Some(&row));
        }
    }
    let again: Writes = all.into_iter().map(|(key, row)| (key, Some(row))).collect();
    store.commit(again).unwrap();
    assert!(store.check().unwrap().is_sound());
    assert!(dir.join(format!("{FILE}.damaged-9")).exists());
}

#[test]
fn a_backup_is_whole_and_knows_that_it_was_put_back() {
    let root = tempfile::tempdir().unwrap();
    let (dir, state) = (root.path().join("home"), root.path().join("state"));
    let home = Home::create(&dir, &state).unwrap();
    let (mut store, _) = home.open_store(StoreOptions::default()).unwrap();
    let put = |store: &mut Store, n| {
        store.commit(Writes::from([((Table::Entries, hash(n)), Some(row(n)))])).unwrap();
    };
    put(&mut store, 1);
    let copy = root.path().join("copy.db");
    store.back_up(&copy).unwrap();
    assert!(store.back_up(&copy).is_err(), "written over an older backup");
    put(&mut store, 2);
    drop(store);
    fs::copy(&copy, dir.join(FILE)).unwrap();
    let (store, opening) = home.open_store(StoreOptions::default()).unwrap();
    assert_eq!(opening, Opening::RestoredOrCloned);
    assert_eq!(store.get(Table::Entries, &hash(1)), Ok(Some(row(1))));
    assert_eq!(store.get(Table::Entries, &hash(2)), Ok(None));
    assert!(store.check().unwrap().is_sound());
}

#[test]
fn whole_tables_are_read_in_order_past_damage() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 24);
    alter(dir.path(), &row(3)[..16]);
    let store = Store::open(dir.path(), StoreOptions::default()).unwrap();
    let mut keys = Vec::new();
    let end = store.for_each_row(Table::Entries, |key, _| keys.push(key.to_vec()));
    assert_eq!(end, Err(RowsError::Corrupt { table: Table::Entries, key: hash(3) }));
    assert_eq!(keys.len(), 23);
    assert!(keys.is_sorted());
}
