//! Every byte of a bundle flipped, one at a time: the process lives, is quick and small,
//! says what was wrong by its exit code, and lists nothing that the intact bundle lacked.

#![cfg(unix)]

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use palier_tests::{Person, binary};
use serde_json::Value;
use tempfile::TempDir;

/// Every how many bytes one is flipped here; `PALIER_TEST_FLIP_STEP=1` flips them all.
const STEP: usize = 61;
/// As many as make about 4 KB.
const OFFERS: usize = 5;
/// Most processor time that an import may take.
const CPU: Duration = Duration::from_millis(200);
/// Most memory that any of the processes may have held.
const MEMORY_KIB: i64 = 64 << 10;

/// Processor time of all children that were waited for, and the most memory of any.
fn spent() -> (Duration, i64) {
    let used = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let micros = used.user_time().num_microseconds() + used.system_time().num_microseconds();
    (Duration::from_micros(micros.unsigned_abs()), used.max_rss())
}

/// What a home lists of the bundle, whole; and the names of owners, where profiles came
/// through.
fn listed(person: &Person) -> (Vec<Value>, Vec<Value>) {
    let list = person.say(&["--offline", "listing", "list"]);
    let mut items = list.json["items"].as_array().cloned().unwrap_or_default();
    for item in &mut items {
        // Told in the place's zone, so the hour hangs on whether its record came through.
        let until = item["until"].as_str().unwrap_or_default();
        item["until"] = until.get(13..23).unwrap_or(until).into();
    }
    let names = items.iter_mut().map(|item| item["owner_name"].take());
    let names = names.filter(|name| name != "").collect();
    (items, names)
}

fn bundle_of_about_4_kb(root: &Path, file: &str) -> Vec<u8> {
    let anna = Person::init(root, "anna").unwrap();
    anna.must(&["hood", "found", "Ici"]);
    for n in 0..OFFERS {
        let title = format!("Offer number {n}");
        anna.must(&["--offline", "listing", "add", "offer", "--title", &title]);
    }
    anna.must(&["--offline", "bundle", "export", file]);
    std::fs::read(file).unwrap()
}

// The only test of this file: what children spent is counted for the whole process.
#[test]
fn a_flipped_byte_is_refused_cheaply_and_nothing_new_is_listed() {
    if binary().is_none() {
        return;
    }
    let step = std::env::var("PALIER_TEST_FLIP_STEP").ok().and_then(|it| it.parse().ok());
    let step: usize = step.unwrap_or(STEP).max(1);
    let root = TempDir::new().unwrap();
    let path = root.path().join("it.palier");
    let file = path.to_str().unwrap();
    let intact = bundle_of_about_4_kb(root.path(), file);
    assert!((3_500..6_000).contains(&intact.len()), "{} bytes", intact.len());
    let reader = Person::init(root.path(), "reader").unwrap();
    let mut copied = reader.clone();
    copied.home = root.path().join("copy");
    let copy_home = || {
        let _ = std::fs::remove_dir_all(&copied.home);
        let done = Command::new("cp").arg("-a").arg(&reader.home).arg(&copied.home).status();
        assert!(done.is_ok_and(|status| status.success()));
    };
    copy_home();
    copied.must(&["--offline", "bundle", "import", file]);
    let (all, names) = listed(&copied);
    assert_eq!((all.len(), names.len()), (OFFERS, OFFERS));

    let (mut slowest, mut exits) = (Duration::ZERO, std::collections::BTreeMap::new());
    for at in (0..intact.len()).step_by(step) {
        let mut bad = intact.clone();
        bad[at] ^= 1 << (at % 8);
        std::fs::write(&path, &bad).unwrap();
        copy_home();
        let before = spent().0;
        let answer = copied.say(&["--offline", "bundle", "import", file]);
        let took = spent().0 - before;
        assert!([0, 5, 7].contains(&answer.exit), "byte {at}: {} {}", answer.exit, answer.json);
        assert!(took < CPU, "byte {at}: {took:?}");
        let (items, owners) = listed(&copied);
        assert!(items.iter().all(|item| all.contains(item)), "byte {at}: {items:?}");
        assert!(owners.iter().all(|name| names.contains(name)), "byte {at}: {owners:?}");
        slowest = slowest.max(took);
        *exits.entry(answer.exit).or_insert(0_u32) += 1;
    }
    let memory = spent().1;
    assert!(memory < MEMORY_KIB, "{memory} KiB");
    eprintln!(
        "{} bytes, every {step}: exits {exits:?}, slowest {slowest:?}, most {memory} KiB",
        intact.len()
    );
}
