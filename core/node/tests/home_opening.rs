//! One owner a folder; copies put back and cloned folders are noticed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use palier_model::rows::{Rows, Table, Writes};
use palier_node::home::{Home, HomeError, Opening};
use palier_node::store::Store;
use tempfile::TempDir;

/// Often enough that a lock which outlives its owner is met.
const VISITS: usize = 500;

struct Place {
    root: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap() }
    }
    fn dir(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }
    fn create(&self, name: &str) -> (Home, Store, Opening) {
        let home = Home::create(&self.dir(name), &self.dir("state")).unwrap();
        let (store, opening) = home.open_store(Default::default()).unwrap();
        (home, store, opening)
    }
    fn open(&self, name: &str) -> (Home, Store, Opening) {
        let home = Home::open(&self.dir(name), &self.dir("state")).unwrap();
        let (store, opening) = home.open_store(Default::default()).unwrap();
        (home, store, opening)
    }
    /// Opens, writes if asked to, closes.
    fn visit(&self, name: &str, writes: u64) -> Opening {
        let (_home, mut store, opening) = self.open(name);
        for n in 0..writes {
            write(&mut store, n);
        }
        opening
    }
    fn copy(&self, from: &str, to: &str) {
        let _ = fs::remove_dir_all(self.dir(to));
        copy(&self.dir(from), &self.dir(to));
    }
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-r").arg(from).arg(to).status().unwrap().success());
}

fn write(store: &mut Store, n: u64) {
    let key = n.to_be_bytes().to_vec();
    store.commit(Writes::from([((Table::Entries, key), Some(vec![1; 500]))])).unwrap();
}

#[test]
fn the_store_it_closed_is_the_same() {
    let place = Place::new();
    let (home, mut store, opening) = place.create("home");
    assert_eq!(opening, Opening::Fresh);
    write(&mut store, 1);
    drop((store, home));
    for _ in 0..3 {
        assert_eq!(place.visit("home", 2), Opening::Same);
    }
}

/// A process holds a copy of every file its parent had open between its fork and the
/// start of its program: a home closed meanwhile was taken for a clone.
#[test]
fn what_was_closed_is_free_at_once_though_processes_begin_meanwhile() {
    let place = Place::new();
    drop(place.create("home"));
    assert_eq!(place.visit("home", 1), Opening::Fresh);
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                assert!(Command::new("true").status().unwrap().success());
            }
        });
        let taken = (0..VISITS).filter(|_| place.visit("home", 1) != Opening::Same).count();
        over.store(true, Ordering::Relaxed);
        assert_eq!(taken, 0, "visits that were taken for a clone");
    });
}

#[test]
fn an_old_copy_put_back_is_noticed_whenever_it_was_made() {
    let place = Place::new();
    drop(place.create("home"));
    assert_eq!(place.visit("home", 3), Opening::Fresh);
    // Made while it was closed, and while a long-lived process had it open.
    place.copy("home", "closed");
    let (home, mut store, _) = place.open("home");
    write(&mut store, 10);
    place.copy("home", "running");
    write(&mut store, 11);
    drop((store, home));
    for backup in ["closed", "running"] {
        place.copy(backup, "home");
        assert_eq!(place.visit("home", 0), Opening::RestoredOrCloned, "{backup}");
        // Told until something was committed, then it is settled.
        assert_eq!(place.visit("home", 1), Opening::RestoredOrCloned, "{backup}");
        assert_eq!(place.visit("home", 1), Opening::Same, "{backup}");
        // The same copy once more.
        place.copy(backup, "home");
        assert_eq!(place.visit("home", 1), Opening::RestoredOrCloned, "{backup}");
    }
}

#[test]
fn of_two_copies_one_goes_on_and_the_other_is_noticed() {
    let place = Place::new();
    drop(place.create("home"));
    place.visit("home", 3);
    place.copy("home", "clone");
    assert_eq!(place.visit("home", 0), Opening::Same);
    assert_eq!(place.visit("clone", 1), Opening::RestoredOrCloned);
    assert_eq!(place.visit("home", 1), Opening::Same);
    assert_eq!(place.visit("clone", 1), Opening::Same);
    // A folder that was only moved is no clone.
    fs::rename(place.dir("home"), place.dir("moved")).unwrap();
    assert_eq!(place.visit("moved", 1), Opening::Same);
}

#[test]
fn a_clone_of_a_running_home_is_noticed_at_once() {
    let place = Place::new();
    let (home, mut store, _) = place.create("home");
    write(&mut store, 1);
    place.copy("home", "clone");
    assert_eq!(place.visit("clone", 1), Opening::RestoredOrCloned);
    drop((store, home));
    assert_eq!(place.visit("home", 1), Opening::Same);
}

#[test]
fn on_another_machine_a_copy_is_noticed() {
    let place = Place::new();
    drop(place.create("home"));
    place.visit("home", 1);
    let other = Place::new();
    copy(&place.dir("home"), &other.dir("home"));
    assert_eq!(other.visit("home", 1), Opening::RestoredOrCloned);
    // Copied with its state it cannot be told from its origin: that shows as a fork.
    let twin = Place::new();
    copy(&other.dir("home"), &twin.dir("home"));
    copy(&other.dir("state"), &twin.dir("state"));
    assert_eq!(twin.visit("home", 1), Opening::Same);
}

#[test]
fn a_number_that_a_power_cut_left_too_low_is_no_copy() {
    let place = Place::new();
    drop(place.create("home"));
    place.visit("home", 1);
    place.copy("state", "old state");
    place.visit("home", 50);
    place.copy("old state", "state");
    assert_eq!(place.visit("home", 1), Opening::Same);
    // One that cannot be read is taken for none.
    for file in fs::read_dir(place.dir("state")).unwrap() {
        fs::write(file.unwrap().path(), "palier install 1 not a number at all\n").unwrap();
    }
    assert_eq!(place.visit("home", 1), Opening::RestoredOrCloned);
}

#[test]
fn commits_lost_from_a_damaged_log_are_noticed() {
    let place = Place::new();
    drop(place.create("home"));
    let (home, mut store, _) = place.open("home");
    for n in 0..5 {
        write(&mut store, n);
    }
    // As a crash leaves it, with a byte altered in the last frame of the log.
    place.copy("home", "crashed");
    drop((store, home));
    place.copy("crashed", "home");
    let log = place.dir("home").join("palier.db-wal");
    let mut bytes = fs::read(&log).unwrap();
    let last = bytes.len() - 100;
    bytes[last] ^= 1;
    fs::write(&log, bytes).unwrap();
    assert_eq!(place.visit("home", 1), Opening::RestoredOrCloned);
}

#[test]
fn a_second_owner_is_told_so_and_whose_it_is() {
    let place = Place::new();
    let (home, store, _) = place.create("home");
    match Home::open(&place.dir("home"), &place.dir("state")) {
        Err(HomeError::Held { pid }) => assert_eq!(pid, Some(std::process::id())),
        other => panic!("{other:?}"),
    }
    drop((store, home));
    place.visit("home", 1);
    let again = Home::create(&place.dir("home"), &place.dir("state"));
    assert!(matches!(again, Err(HomeError::There(_))));
    let absent = Home::open(&place.dir("nothing"), &place.dir("state"));
    assert!(matches!(absent, Err(HomeError::NotThere(_))));
    assert!(!place.dir("nothing").exists(), "looking made a folder");
}

/// Not a test of its own: the process that the next one starts and kills.
#[test]
fn child_that_holds_a_home() {
    let Some(root) = std::env::var_os("PALIER_TEST_HOLD").map(PathBuf::from) else { return };
    let home = Home::create(&root.join("home"), &root.join("state")).unwrap();
    let (mut store, _) = home.open_store(Default::default()).unwrap();
    write(&mut store, 7);
    fs::write(root.join("ready"), "").unwrap();
    loop {
        std::thread::park();
    }
}

#[test]
fn the_lock_of_a_killed_owner_is_taken_over() {
    let place = Place::new();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_holds_a_home"])
        .env("PALIER_TEST_HOLD", place.root.path())
        .spawn()
        .unwrap();
    while !place.dir("ready").exists() {
        assert!(child.try_wait().unwrap().is_none(), "the child ended");
        std::thread::yield_now();
    }
    match Home::open(&place.dir("home"), &place.dir("state")) {
        Err(HomeError::Held { pid }) => assert_eq!(pid, Some(child.id())),
        other => panic!("{other:?}"),
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let (_home, store, opening) = place.open("home");
    assert_eq!(opening, Opening::Same);
    let key = 7_u64.to_be_bytes();
    assert!(store.get(Table::Entries, &key).unwrap().is_some(), "a commit was lost");
}
