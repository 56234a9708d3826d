//! Saved means saved: kills, syncs, full and read-only disks.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use palier_model::rows::{Rows, Table, Writes};
use palier_node::home::{Home, Opening};
use palier_node::store::{FORMAT, Store, StoreError, StoreOptions};

/// An act of several rows, of which the first two together are told by one number.
fn act(n: u64) -> Writes {
    let key = n.to_be_bytes().to_vec();
    Writes::from([
        ((Table::Settings, b"last".to_vec()), Some(key.clone())),
        ((Table::Order, key.clone()), Some(key)),
        ((Table::Entries, hash(n)), Some(row(n))),
        ((Table::Deals, hash(n)), n.is_multiple_of(3).then(Vec::new)),
    ])
}

fn hash(n: u64) -> Vec<u8> {
    blake3::hash(&n.to_le_bytes()).as_bytes().to_vec()
}

fn row(n: u64) -> Vec<u8> {
    vec![n.to_le_bytes()[0]; 100 + n as usize * 37 % 6_000]
}

fn last(store: &Store) -> u64 {
    let last = store.get(Table::Settings, b"last").unwrap();
    last.map_or(0, |last| u64::from_be_bytes(last.try_into().unwrap()))
}

/// Every act up to the last is there, whole.
fn assert_whole(store: &Store) {
    let last = last(store);
    let order = store.scan(Table::Order, b"", b"", false, usize::MAX).unwrap();
    assert_eq!(order.len() as u64, last, "an act is there in part");
    for n in 1..=last {
        assert_eq!(store.get(Table::Entries, &hash(n)).unwrap(), Some(row(n)), "act {n}");
    }
    assert_eq!(store.scan(Table::Entries, b"", b"", false, usize::MAX).unwrap().len() as u64, last);
}

/// Runs the test `name` of this file in a process of its own.
fn child(name: &str, variable: &str, dir: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--nocapture"]).env(variable, dir).stdout(Stdio::piped());
    command
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// Not a test of its own: writes until it is killed, telling each act that is saved.
#[test]
fn child_that_writes() {
    let Some(root) = std::env::var_os("PALIER_TEST_WRITE").map(PathBuf::from) else { return };
    let home = Home::open(&root.join("home"), &root.join("state")).unwrap();
    let (mut store, opening) = home.open_store(StoreOptions::default()).unwrap();
    assert_eq!(opening, Opening::Same);
    for n in last(&store) + 1.. {
        store.commit(act(n)).unwrap();
        say(&format!("saved {n}"));
        store.maintain();
    }
}

fn saved(line: &str) -> Option<u64> {
    line.split_once("saved ").and_then(|(_, n)| n.trim().parse().ok())
}

#[test]
fn killed_at_any_point_it_keeps_what_it_said_was_saved() {
    let kills = std::env::var("PALIER_TEST_KILLS").map_or(20, |kills| kills.parse().unwrap());
    let root = tempfile::tempdir().unwrap();
    let (dir, state) = (root.path().join("home"), root.path().join("state"));
    let home = Home::create(&dir, &state).unwrap();
    let (mut store, _) = home.open_store(StoreOptions::default()).unwrap();
    store.commit(act(1)).unwrap();
    drop((store, home));
    let mut acknowledged = 1;
    for kill in 0..kills {
        let mut process =
            child("child_that_writes", "PALIER_TEST_WRITE", root.path()).spawn().unwrap();
        let mut lines =
            BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        // Between none and forty acts, while the next one is being written.
        let wait_for = blake3::hash(&u64::to_le_bytes(kill)).as_bytes()[0] % 40;
        acknowledged = lines
            .by_ref()
            .filter_map(|line| saved(&line))
            .take(wait_for.into())
            .last()
            .unwrap_or(acknowledged);
        process.kill().unwrap();
        acknowledged = lines.filter_map(|line| saved(&line)).last().unwrap_or(acknowledged);
        process.wait().unwrap();
        let home = Home::open(&dir, &state).unwrap();
        let (store, opening) = home.open_store(StoreOptions::default()).unwrap();
        assert_eq!(opening, Opening::Same, "kill {kill}: taken for a copy");
        assert!(last(&store) >= acknowledged, "kill {kill}: {acknowledged} is lost");
        assert_whole(&store);
        if kill % 10 == 9 {
            assert!(store.check().unwrap().is_sound(), "kill {kill}");
        }
    }
    eprintln!("{kills} kills, {acknowledged} acts acknowledged, none lost");
}

/// Not a test of its own: runs under `strace`.
#[test]
fn child_that_is_watched() {
    let Some(root) = std::env::var_os("PALIER_TEST_WATCH").map(PathBuf::from) else { return };
    let home = Home::create(&root.join("home"), &root.join("state")).unwrap();
    let (mut store, _) = home.open_store(StoreOptions::default()).unwrap();
    say("saved 0");
    for n in 1..=30 {
        store.commit(act(n)).unwrap();
        say(&format!("saved {n}"));
    }
}

#[test]
fn each_answer_comes_after_one_sync_of_the_log() {
    let root = tempfile::tempdir().unwrap();
    let trace = root.path().join("trace");
    let inner = child("child_that_is_watched", "PALIER_TEST_WATCH", root.path());
    let ran = Command::new("strace")
        .args(["-f", "-y", "-s", "60", "-e", "trace=fsync,fdatasync,sync,syncfs,msync,write", "-o"])
        .arg(&trace)
        .arg(inner.get_program())
        .args(inner.get_args())
        .env("PALIER_TEST_WATCH", root.path())
        .stdout(Stdio::null())
        .status();
    if !ran.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: strace is not here or may not trace");
        return;
    }
    let trace = fs::read_to_string(trace).unwrap();
    let (mut syncs, mut answers) = (Vec::new(), 0);
    for line in trace.lines() {
        if line.contains("sync(") {
            syncs.push(line);
        } else if let Some(n) = line.split_once("saved ").map(|(_, n)| n) {
            if !n.starts_with("0\\n") {
                assert_eq!(syncs.len(), 1, "before answer {n}: {syncs:?}");
                assert!(syncs[0].contains("palier.db-wal>)"), "{}", syncs[0]);
                answers += 1;
            }
            syncs.clear();
        }
    }
    assert_eq!(answers, 30, "the trace was not understood");
}

/// A small disk of its own; `None`, said loudly, where none can be had.
struct Disk(PathBuf, #[allow(dead_code)] tempfile::TempDir);

impl Disk {
    fn new(options: &str) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().join("disk");
        fs::create_dir(&at).unwrap();
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&at).output();
        if !mounted.is_ok_and(|out| out.status.success()) {
            eprintln!("SKIPPED: a tmpfs can be mounted only by root");
            return None;
        }
        Some(Self(at, dir))
    }

    fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        let status = Command::new("mount").args(["-o", &options]).arg(&self.0).status();
        assert!(status.unwrap().success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Leaves `free` bytes of the disk.
fn fill(disk: &Path, free: u64) {
    let mut file = fs::File::create(disk.join("filling")).unwrap();
    while file.write_all(&[1; 4_096]).is_ok() {}
    let size = file.metadata().unwrap().len();
    file.set_len(size - free / 4_096 * 4_096).unwrap();
}

/// Emptied first: a process that another test just began may still hold the file.
fn make_room(disk: &Path) {
    fs::File::create(disk.join("filling")).unwrap();
    fs::remove_file(disk.join("filling")).unwrap();
}

#[test]
fn a_full_disk_is_told_and_work_goes_on_when_there_is_room() {
    let Some(disk) = Disk::new("size=8m") else { return };
    let (dir, state) = (disk.0.join("home"), disk.0.join("state"));
    let home = Home::create(&dir, &state).unwrap();
    let (mut store, _) = home.open_store(StoreOptions::default()).unwrap();
    store.commit(act(1)).unwrap();
    let mut saved = 1;
    for free in [0, 4_096, 12_288, 40_960, 200_000] {
        fill(&disk.0, free);
        let reader = store.reader().unwrap();
        let error = loop {
            match store.commit(act(saved + 1)) {
                Ok(()) => saved += 1,
                Err(error) => break error,
            }
        };
        assert!(matches!(error, StoreError::StorageFull), "{free} bytes free: {error}");
        // It stays so, reading goes on, and nothing of the act is there.
        assert!(matches!(store.commit(act(saved + 1)), Err(StoreError::StorageFull)));
        assert_eq!(last(&store), saved);
        assert!(reader.get(Table::Entries, &hash(1)).unwrap().is_some());
        drop(reader);
        store.maintain();
        make_room(&disk.0);
        store.commit(act(saved + 1)).unwrap();
        saved += 1;
        assert_whole(&store);
    }
    assert!(store.check().unwrap().is_sound());
    drop(store);
    let (store, opening) = home.open_store(StoreOptions::default()).unwrap();
    assert_eq!(opening, Opening::Same);
    assert_whole(&store);
}

#[test]
fn a_disk_that_fills_by_writing_alone_keeps_what_it_took() {
    let Some(disk) = Disk::new("size=8m") else { return };
    let mut store = Store::open(&disk.0, StoreOptions::default()).unwrap();
    let error = (1..).find_map(|n| store.commit(act(n)).err()).unwrap();
    assert!(matches!(error, StoreError::StorageFull), "{error}");
    let saved = last(&store);
    drop(store);
    let store = Store::open(&disk.0, StoreOptions::default()).unwrap();
    assert_eq!(last(&store), saved);
    assert_whole(&store);
}

#[test]
fn nothing_is_made_on_a_disk_that_was_full_before() {
    let Some(disk) = Disk::new("size=1m") else { return };
    for free in [0, 4_096, 8_192, 65_536] {
        fill(&disk.0, free);
        let error = Store::open(&disk.0, StoreOptions::default()).err();
        assert!(matches!(error, Some(StoreError::StorageFull)), "{free} free: {error:?}");
        make_room(&disk.0);
    }
    let mut store = Store::open(&disk.0, StoreOptions::default()).unwrap();
    store.commit(act(1)).unwrap();
}

#[test]
fn a_read_only_disk_is_told_at_once() {
    let Some(disk) = Disk::new("size=8m") else { return };
    let mut store = Store::open(&disk.0, StoreOptions::default()).unwrap();
    store.commit(act(1)).unwrap();
    drop(store);
    disk.remount("ro");
    let error = Store::open(&disk.0, StoreOptions::default()).err();
    assert!(matches!(error, Some(StoreError::ReadOnly)), "{error:?}");
    let error = Home::open(&disk.0, &disk.0.join("state")).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("cannot be written"), "{error}");
    disk.remount("rw");
    assert_eq!(last(&Store::open(&disk.0, StoreOptions::default()).unwrap()), 1);
}

#[test]
fn a_store_of_a_later_version_and_a_strangers_file_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let open = || Store::open(dir.path(), StoreOptions::default()).err();
    assert!(open().is_none());
    let file = dir.path().join("palier.db");
    let plain = rusqlite::Connection::open(&file).unwrap();
    plain.pragma_update(None, "user_version", FORMAT + 1).unwrap();
    match open() {
        Some(StoreError::NewerFormat { found, known }) => {
            assert_eq!((found, known), (FORMAT + 1, FORMAT));
        }
        other => panic!("{other:?}"),
    }
    plain.pragma_update(None, "user_version", FORMAT).unwrap();
    assert!(open().is_none());
    drop(plain);
    fs::remove_file(&file).unwrap();
    let plain = rusqlite::Connection::open(&file).unwrap();
    plain.execute_batch("CREATE TABLE theirs (a)").unwrap();
    assert!(matches!(open(), Some(StoreError::Foreign)));
    drop(plain);
    fs::write(&file, "no database at all, but a letter to the landlord").unwrap();
    assert!(matches!(open(), Some(StoreError::Corrupt(_))));
}
