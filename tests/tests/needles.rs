//! Needles: what one neighbour writes to another lies in no file of a third one or of the
//! hub that carries it, in whatever encoding, and in nobody's log, however talkative.

use palier_tests::needle::{Found, Needle, files, find};
use palier_tests::{Person, Running, binary, until};
use tempfile::TempDir;

const START: &str = "2031-05-01T10:00:00+02:00";
const END: &str = "2031-05-01T12:00:00+02:00";

struct Street {
    root: TempDir,
    hub: Person,
    owner: Person,
    asker: Person,
    third: Person,
}

impl Street {
    fn everyone(&self) -> [&Person; 4] {
        [&self.hub, &self.owner, &self.asker, &self.third]
    }

    fn logs(&self) -> Vec<std::path::PathBuf> {
        self.everyone().iter().filter_map(|person| person.log.clone()).collect()
    }
}

/// A person whose every process logs all it can.
fn talkative(root: &TempDir, name: &str) -> Option<Person> {
    let mut person = Person::at(root.path(), name)?;
    person.log = Some(root.path().join(format!("{name}.log")));
    person.must(&["init", "--name", name]);
    Some(person)
}

fn shows(person: &Person, id: &str, status: &str) -> bool {
    person.say(&["booking", "show", id]).json["status"] == status
}

#[test]
fn words_in_a_deal_are_in_no_file_of_those_who_carry_it_and_in_no_log() {
    if binary().is_none() {
        return;
    }
    let deep = std::env::var_os("PALIER_TEST_NEEDLES_DEEP").is_some();
    let root = TempDir::new().expect("a folder");
    let [asked, answered, lives] = [(); 3].map(|()| Needle::random());
    let make = |name: &str| talkative(&root, name).expect("a home");
    let (hub, owner, asker, third) = (make("hub"), make("owner"), make("asker"), make("third"));
    hub.must(&["hood", "found", "Ici"]);
    let hub_runs = hub.run(&[]);
    for person in [&owner, &third] {
        person.must(&["join", &hub.must(&["invite", "create"]).text("link")]);
    }
    let link = hub.must(&["invite", "create"]).text("link");
    asker.must(&["join", &link, "--lives", lives.text()]);
    let address = hub_runs.address();
    let start = |person: &Person| person.run(&["--peer", &address]);
    let mut running: Vec<Running> = [&owner, &asker, &third].map(start).into();
    running.push(hub_runs);
    let place = owner.must(&["listing", "add", "parking", "--title", "Place 14"]).text("id");
    until("the place is listed", || asker.say(&["listing", "show", &place]).exit == 0);

    // Asked with words, and answered with words.
    let mut ask = vec!["booking", "request", &place, "--start", START, "--end", END];
    ask.extend(["--text", asked.text()]);
    let booking = asker.must(&ask).text("id");
    until("the request arrives", || shows(&owner, &booking, "requested"));
    let read = owner.must(&["booking", "show", &booking]).json.to_string();
    assert!(read.contains(asked.text()), "whom it is for reads it: {read}");
    owner.must(&["booking", "refuse", &booking, "--text", answered.text()]);
    until("the answer arrives", || shows(&asker, &booking, "refused"));
    let read = asker.must(&["booking", "show", &booking]).json.to_string();
    assert!(read.contains(answered.text()), "whom it is for reads it: {read}");

    // Everybody holds the same, what is sealed included.
    let street = Street { root, hub, owner, asker, third };
    let entries = |person: &Person| person.must(&["status"]).json["entries"].as_u64();
    until("all hold it", || {
        let all = street.everyone().map(entries);
        all[0] > Some(0) && all.iter().all(|it| *it == all[0])
    });
    assert_eq!(street.third.say(&["booking", "show", &booking]).exit, 3);
    // As they lie there while the processes run, log and index of the store included.
    look(&street, [&asked, &answered, &lives], deep);
    let wal = files(&street.third.home).iter().any(|file| {
        file.extension().is_some_and(|it| it.to_string_lossy().ends_with("sqlite-wal"))
            || file.to_string_lossy().ends_with("-wal")
    });
    assert!(wal, "the third party's store has a log, and it was looked into");
    drop(running);
    let file = street.root.path().join("third.palier");
    let path = file.to_str().expect("a path");
    street.third.must(&["--offline", "bundle", "export", path]);
    look(&street, [&asked, &answered, &lives], deep);
    assert_eq!(find(&[&asked, &answered, &lives], &file, true), [], "in a bundle");
}

fn look(street: &Street, needles: [&Needle; 3], deep: bool) {
    let [asked, answered, lives] = needles;
    let none: [Found; 0] = [];
    let deal = [asked, answered];
    assert_eq!(find(&deal, &street.hub.home, deep), none, "carried");
    assert_eq!(find(&deal, &street.hub.state, deep), none, "beside the homes");
    assert_eq!(find(&needles, &street.third.home, deep), none, "carried");
    assert_eq!(find(&[lives], &street.owner.home, deep), none, "only who admits reads it");
    for log in street.logs() {
        let text = std::fs::read_to_string(&log).expect("a log");
        assert!(text.contains("TRACE"), "{} says little", log.display());
        for needle in needles {
            assert_eq!(needle.within(text.as_bytes()), None, "{}", log.display());
        }
    }
    // The looking itself finds what is there.
    let home = &street.owner.home;
    assert!(!find(&[asked], home, false).is_empty(), "the owner's own home holds what he reads");
}
