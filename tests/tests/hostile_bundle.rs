//! Every byte of a bundle flipped, one at a time: the process lives, says so by its exit
//! code, and lists nothing that the intact bundle lacked.

use palier_tests::{Person, binary};
use tempfile::TempDir;

/// Every how many bytes one is flipped here; `PALIER_TEST_FLIP_STEP=1` flips them all.
const STEP: usize = 61;

#[test]
fn a_flipped_byte_is_refused_and_nothing_new_is_listed() {
    if binary().is_none() {
        return;
    }
    let step = std::env::var("PALIER_TEST_FLIP_STEP").ok().and_then(|it| it.parse().ok());
    let step: usize = step.unwrap_or(STEP).max(1);
    let root = TempDir::new().unwrap();
    let anna = Person::init(root.path(), "anna").unwrap();
    anna.must(&["hood", "found", "Ici"]);
    for n in 0..6 {
        let title = format!("Offer number {n}");
        anna.must(&["--offline", "listing", "add", "offer", "--title", &title]);
    }
    let file = root.path().join("it.palier");
    anna.must(&["--offline", "bundle", "export", file.to_str().unwrap()]);
    let intact = std::fs::read(&file).unwrap();
    let reader = Person::init(root.path(), "reader").unwrap();
    let titles = |person: &Person| -> Vec<String> {
        let list = person.say(&["--offline", "listing", "list"]);
        let items = list.json["items"].as_array().cloned().unwrap_or_default();
        items.iter().map(|item| item["title"].to_string()).collect()
    };
    let all = titles(&anna);
    let copy = root.path().join("copy");
    for at in (0..intact.len()).step_by(step) {
        let mut bad = intact.clone();
        bad[at] ^= 1 << (at % 8);
        std::fs::write(&file, &bad).unwrap();
        let _ = std::fs::remove_dir_all(&copy);
        let copied =
            std::process::Command::new("cp").arg("-a").arg(&reader.home).arg(&copy).status();
        assert!(copied.is_ok_and(|status| status.success()));
        let mut person = reader.clone();
        person.home.clone_from(&copy);
        let answer = person.say(&["--offline", "bundle", "import", file.to_str().unwrap()]);
        assert!(
            [0, 5, 7].contains(&answer.exit),
            "byte {at}: exit {} {}",
            answer.exit,
            answer.json
        );
        let listed = titles(&person);
        assert!(listed.iter().all(|title| all.contains(title)), "byte {at}: {listed:?}");
    }
    std::fs::write(&file, &intact).unwrap();
    reader.must(&["--offline", "bundle", "import", file.to_str().unwrap()]);
    assert_eq!(titles(&reader).len(), all.len());
}
