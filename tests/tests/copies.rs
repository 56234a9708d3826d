//! Copies of a home: a clone forks and loses nothing; an old copy put back goes on.

use std::path::Path;

use palier_tests::{Person, binary, until};
use tempfile::TempDir;

fn copy(from: &Path, to: &Path) {
    let done = std::process::Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(done.is_ok_and(|status| status.success()));
}

fn titles(person: &Person) -> Vec<String> {
    titles_of(person, &["--offline", "listing", "list"])
}

fn titles_of(person: &Person, words: &[&str]) -> Vec<String> {
    let items = person.must(words).json["items"].clone();
    let mut titles: Vec<String> = items
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["title"].as_str().unwrap_or_default().to_owned())
        .collect();
    titles.sort();
    titles
}

fn offer(person: &Person, title: &str) -> String {
    person.must(&["--offline", "listing", "add", "tool", "--title", title]).text("id")
}

/// What a home says of everything open in it.
fn digest(person: &Person) -> String {
    person.must(&["--offline", "status"]).text("open_digest")
}

#[test]
fn a_home_copied_with_its_state_forks_and_all_of_it_is_on_all_three() {
    if binary().is_none() {
        return;
    }
    let root = TempDir::new().unwrap();
    let anna = Person::init(root.path(), "anna").unwrap();
    anna.must(&["hood", "found", "Ici"]);
    let before = offer(&anna, "before");
    copy(&anna.home, &root.path().join("clone"));
    copy(&anna.state, &root.path().join("clone-state"));
    let mut clone = Person::at(root.path(), "clone").unwrap();
    clone.state = root.path().join("clone-state");
    offer(&anna, "here");
    offer(&clone, "there");
    // The same listing, so that one log goes on twice.
    let edit = |person: &Person, field: &str, text: &str| {
        person.must(&["--offline", "listing", "edit", &before, field, text]);
    };
    edit(&anna, "--text", "from here");
    edit(&clone, "--zone", "there");
    let third = Person::init(root.path(), "third").unwrap();
    for (from, to) in [(&anna, &third), (&clone, &third), (&third, &anna), (&third, &clone)] {
        from.pass_to(to);
    }
    for person in [&anna, &clone, &third] {
        assert_eq!(titles(person), ["before", "here", "there"]);
        let shown = person.must(&["--offline", "listing", "show", &before]).json;
        assert_eq!((&shown["text"], &shown["zone"]), (&"from here".into(), &"there".into()));
        assert_eq!(digest(person), digest(&third));
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
    anna.pass_to(&bo);
    std::fs::remove_dir_all(&anna.home).unwrap();
    copy(&root.path().join("backup"), &anna.home);
    offer(&anna, "restored");
    bo.pass_to(&anna);
    anna.pass_to(&bo);
    for person in [&anna, &bo] {
        assert_eq!(titles(person), ["after", "before", "restored"]);
    }
    assert_eq!(digest(&anna), digest(&bo));
    let devices = anna.must(&["--offline", "device", "list"]).json;
    assert_eq!(devices["items"][0]["incarnation"], 1, "{devices}");
    let forks = bo.must(&["--offline", "doctor"]).json["forks"].clone();
    assert_eq!(forks.as_array().unwrap().len(), 0, "noticed, so nothing forked: {forks}");
}

#[test]
fn a_restored_home_gets_back_by_a_session_what_its_neighbour_had_and_stays_decider() {
    if binary().is_none() {
        return;
    }
    let root = TempDir::new().unwrap();
    let anna = Person::init(root.path(), "anna").unwrap();
    anna.must(&["hood", "found", "Ici"]);
    let place = anna.must(&["--offline", "listing", "add", "parking", "--title", "Place 14"]);
    let place = place.text("id");
    let running = anna.run(&[]);
    let link = anna.must(&["invite", "create"]).text("link");
    let bo = Person::init(root.path(), "bo").unwrap();
    assert_eq!(bo.must(&["join", &link]).text("status"), "joined");
    drop(running);
    anna.must(&["--offline", "status"]);
    copy(&anna.home, &root.path().join("backup"));
    // After the copy was made: a listing, and a promise to Bo.
    let running = anna.run(&[]);
    anna.must(&["listing", "add", "tool", "--title", "after"]);
    let bo = bo.run(&["--peer", &running.address()]);
    until("bo knows the place", || bo.person.say(&["listing", "show", &place]).exit == 0);
    let asked = bo.person.must(&[
        "booking",
        "request",
        &place,
        "--start",
        "2031-05-01T10:00:00+02:00",
        "--end",
        "2031-05-01T12:00:00+02:00",
    ]);
    let booking = asked.text("id");
    until("anna sees the request", || anna.say(&["booking", "show", &booking]).exit == 0);
    anna.must(&["booking", "accept", &booking]);
    let status = |person: &Person| person.say(&["booking", "show", &booking]).text("status");
    until("bo has the promise", || {
        status(&bo.person) == "confirmed"
            && titles_of(&bo.person, &["listing", "list"]).contains(&"after".into())
    });
    drop(running);
    std::fs::remove_dir_all(&anna.home).unwrap();
    copy(&root.path().join("backup"), &anna.home);
    anna.must(&["sync", "--peer", &bo.address()]);
    until("the promise is back", || {
        let back = status(&anna) == "confirmed" && titles(&anna) == ["Place 14", "after"];
        if !back {
            anna.say(&["sync", "--peer", &bo.address(), "--within", "10s"]);
        }
        back
    });
    let devices = anna.must(&["--offline", "device", "list"]).json;
    assert_eq!(devices["items"][0]["incarnation"], 1, "{devices}");
    let forks = anna.must(&["--offline", "doctor"]).json["forks"].clone();
    assert_eq!(forks.as_array().unwrap().len(), 0, "{forks}");
}
