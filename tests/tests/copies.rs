//! Copies of a home: a clone forks and loses nothing; an old copy put back goes on.

use std::path::Path;

use palier_tests::{Person, binary};
use tempfile::TempDir;

fn copy(from: &Path, to: &Path) {
    let done = std::process::Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(done.is_ok_and(|status| status.success()));
}

fn titles(person: &Person) -> Vec<String> {
    let items = person.must(&["--offline", "listing", "list"]).json["items"].clone();
    let mut titles: Vec<String> = items
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["title"].as_str().unwrap_or_default().to_owned())
        .collect();
    titles.sort();
    titles
}

fn offer(person: &Person, title: &str) {
    person.must(&["--offline", "listing", "add", "tool", "--title", title]);
}

fn pass(from: &Person, to: &Person, root: &TempDir) {
    let file = root.path().join("pass.palier");
    let file = file.to_str().unwrap();
    from.must(&["--offline", "bundle", "export", file]);
    to.must(&["--offline", "bundle", "import", file]);
}

#[test]
fn a_home_copied_with_its_state_forks_and_all_of_it_is_on_all_three() {
    if binary().is_none() {
        return;
    }
    let root = TempDir::new().unwrap();
    let anna = Person::init(root.path(), "anna").unwrap();
    anna.must(&["hood", "found", "Ici"]);
    offer(&anna, "before");
    copy(&anna.home, &root.path().join("clone"));
    copy(&anna.state, &root.path().join("clone-state"));
    let mut clone = Person::at(root.path(), "clone").unwrap();
    clone.state = root.path().join("clone-state");
    offer(&anna, "here");
    offer(&clone, "there");
    let third = Person::init(root.path(), "third").unwrap();
    for (from, to) in [(&anna, &third), (&clone, &third), (&third, &anna), (&third, &clone)] {
        pass(from, to, &root);
    }
    for person in [&anna, &clone, &third] {
        assert_eq!(titles(person), ["before", "here", "there"]);
    }
    let doctor = third.must(&["--offline", "doctor"]);
    assert_eq!(doctor.json["ok"], false);
    assert!(!doctor.json["forks"].as_array().unwrap().is_empty());
}

#[test]
fn an_old_copy_put_back_goes_on_in_a_new_incarnation() {
    if binary().is_none() {
        return;
    }
    let root = TempDir::new().unwrap();
    let anna = Person::init(root.path(), "anna").unwrap();
    anna.must(&["hood", "found", "Ici"]);
    offer(&anna, "before");
    copy(&anna.home, &root.path().join("backup"));
    offer(&anna, "after");
    let bo = Person::init(root.path(), "bo").unwrap();
    pass(&anna, &bo, &root);
    std::fs::remove_dir_all(&anna.home).unwrap();
    copy(&root.path().join("backup"), &anna.home);
    offer(&anna, "restored");
    pass(&bo, &anna, &root);
    pass(&anna, &bo, &root);
    for person in [&anna, &bo] {
        assert_eq!(titles(person), ["after", "before", "restored"]);
    }
    let devices = anna.must(&["--offline", "device", "list"]).json;
    assert_eq!(devices["items"][0]["incarnation"], 1, "{devices}");
    let forks = bo.must(&["--offline", "doctor"]).json["forks"].clone();
    assert_eq!(forks.as_array().unwrap().len(), 0, "noticed, so nothing forked: {forks}");
}
