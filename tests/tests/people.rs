//! Who comes and goes, over processes: let in by approval, refused, a second device linked
//! and revoked, a home made again from the twelve words.

use std::path::Path;

use palier_tests::{Person, Running, binary, until};
use tempfile::TempDir;

/// A founder with `palier run`, and a member who joined it.
fn founded(root: &Path) -> (Running, Person) {
    let anna = Person::init(root, "anna").unwrap();
    anna.must(&["hood", "found", "Les Érables"]);
    let running = anna.run(&[]);
    let bo = joined(&running, root, "bo");
    (running, bo)
}

fn joined(host: &Running, root: &Path, name: &str) -> Person {
    let guest = Person::init(root, name).unwrap();
    let link = host.person.must(&["invite", "create"]).text("link");
    assert_eq!(guest.must(&["join", &link]).text("status"), "joined");
    guest
}

/// The members that a home knows, by how they stand.
fn members(of: &Person, status: &str) -> Vec<serde_json::Value> {
    let list = of.must(&["member", "list"]);
    let items = list.json["items"].as_array().cloned().unwrap_or_default();
    items.into_iter().filter(|it| it["status"] == status).collect()
}

#[test]
fn who_asks_a_plain_member_is_let_in_or_refused_by_the_coordinator() {
    if binary().is_none() {
        return;
    }
    let root = TempDir::new().unwrap();
    let (anna, bo) = founded(root.path());
    let bo_runs = bo.run(&["--peer", &anna.address()]);
    let link = bo.must(&["invite", "create", "--approval", "--uses", "2"]).text("link");
    let (nora, omar) =
        (Person::init(root.path(), "nora").unwrap(), Person::init(root.path(), "omar").unwrap());
    for guest in [&nora, &omar] {
        let answer = guest.must(&["join", &link, "--lives", "B, 3e"]);
        assert_eq!(answer.text("status"), "awaiting_approval");
        assert_eq!(guest.must(&["hood", "show"]).text("status"), "awaiting_approval");
    }
    until("the applications reach the coordinator", || {
        members(&anna.person, "awaiting_approval").len() == 2
    });
    let id = |name: &str| {
        let waiting = members(&anna.person, "awaiting_approval");
        let it = waiting.iter().find(|it| it["name"] == name).unwrap();
        assert_eq!(it["lives"], "B, 3e");
        it["id"].as_str().unwrap().to_owned()
    };
    let (first, second) = (id("nora"), id("omar"));
    anna.person.must(&["member", "refuse", &second]);
    anna.person.must(&["member", "approve", &first, "--building", "B"]);
    assert!(members(&anna.person, "awaiting_approval").is_empty());
    until("both answers reach who redeems", || {
        members(&bo, "member").len() == 3 && members(&bo, "awaiting_approval").is_empty()
    });
    nora.must(&["sync"]);
    let own = nora.must(&["hood", "show"]);
    assert_eq!((own.text("status").as_str(), own.json["members"].as_u64()), ("member", Some(3)));
    assert_eq!(nora.must(&["profile", "show"]).text("building"), "B");
    // At once, and as often as it is asked.
    for _ in 0..2 {
        let told = omar.say(&["sync"]);
        assert_eq!((told.exit, told.json["error"]["code"].as_str()), (4, Some("join.refused")));
    }
    assert_eq!(omar.must(&["hood", "show"]).text("status"), "refused");
    drop(bo_runs);
}

#[test]
fn a_second_device_edits_apart_and_once_revoked_counts_no_more() {
    if binary().is_none() {
        return;
    }
    let root = TempDir::new().unwrap();
    let (anna, bo) = founded(root.path());
    let bo_runs = bo.run(&["--peer", &anna.address()]);
    let laptop = Person::init(root.path(), "laptop").unwrap();
    let refused = laptop.say(&["device", "link"]);
    assert_eq!(refused.json["error"]["code"], "device.needs_run");
    let laptop_runs = laptop.run(&[]);
    let link = bo.must(&["device", "link"]).text("link");
    let code = laptop.must(&["device", "link", &link]).text("code");
    assert!(!code.is_empty());
    let shown = bo.must(&["device", "link"]);
    assert_eq!((shown.text("status").as_str(), shown.text("code")), ("comparing", code.clone()));
    // On one side it is confirmed, on the other done.
    laptop.must(&["device", "link", "--confirm", &code, "--within", "1s"]);
    assert_eq!(bo.must(&["device", "link", "--confirm", &code]).text("status"), "linked");
    let device = |of: &Person| of.must(&["status"]).text("device");
    let (old, new) = (device(&bo), device(&laptop));
    let active = |of: &Person| {
        let list = of.say(&["device", "list"]);
        let items = list.json["items"].as_array().cloned().unwrap_or_default();
        items.iter().filter(|it| it["status"] == "active").count()
    };
    until("both know of both", || active(&bo) == 2 && active(&laptop) == 2);
    let listing = bo.must(&["listing", "add", "tool", "--title", "Perceuse"]).text("id");
    let title = |of: &Person| of.say(&["listing", "show", &listing]).text("title");
    until("the listing is on both", || title(&laptop) == "Perceuse");
    drop(laptop_runs);
    drop(bo_runs);
    // Apart, one writes the title, the other the text: both remain.
    bo.must(&["--offline", "listing", "edit", &listing, "--title", "Perceuse à percussion"]);
    laptop.must(&["--offline", "listing", "edit", &listing, "--text", "Avec ses forets."]);
    for person in [&bo, &laptop, &bo] {
        person.must(&["sync", "--peer", &anna.address()]);
    }
    for person in [&bo, &anna.person] {
        let it = person.must(&["listing", "show", &listing]);
        assert_eq!(it.text("title"), "Perceuse à percussion");
        assert_eq!(it.text("text"), "Avec ses forets.");
    }
    // Lost and revoked: what it writes from then on changes nothing for anyone.
    bo.must(&["--offline", "device", "revoke", &new]);
    assert_eq!(bo.say(&["--offline", "device", "revoke", &old]).exit, 5);
    laptop.must(&["--offline", "listing", "edit", &listing, "--title", "Vendue !"]);
    let file = root.path().join("late.palier");
    let file = file.to_str().unwrap();
    bo.must(&["sync", "--peer", &anna.address()]);
    laptop.must(&["--offline", "bundle", "export", file]);
    anna.person.say(&["bundle", "import", file]);
    assert_eq!(
        anna.person.must(&["listing", "show", &listing]).text("title"),
        "Perceuse à percussion"
    );
    let list = bo.must(&["--offline", "device", "list"]);
    let revoked = list.json["items"].as_array().unwrap().iter().find(|it| it["id"] == new.as_str());
    assert_eq!(revoked.unwrap()["status"], "revoked");
}

#[test]
fn a_home_made_from_the_words_reads_again_what_its_person_could() {
    if binary().is_none() {
        return;
    }
    let root = TempDir::new().unwrap();
    let anna = Person::init(root.path(), "anna").unwrap();
    anna.must(&["hood", "found", "Les Érables"]);
    let anna = anna.run(&[]);
    let bo = Person::at(root.path(), "bo").unwrap();
    let made = bo.must(&["init", "--name", "Bo"]);
    let words = made.json["phrase"]["fr"].as_str().unwrap().to_owned();
    let link = anna.person.must(&["invite", "create"]).text("link");
    bo.must(&["join", &link]);
    let place = anna.person.must(&["listing", "add", "parking", "--title", "Place 14"]).text("id");
    bo.must(&["sync"]);
    let (start, end) = ("2031-05-01T10:00:00+02:00", "2031-05-01T12:00:00+02:00");
    let asked = bo.must(&[
        "booking",
        "request",
        &place,
        "--start",
        start,
        "--end",
        end,
        "--text",
        "pour ma sœur",
    ]);
    let booking = asked.text("id");
    bo.must(&["sync"]);
    std::fs::remove_dir_all(&bo.home).unwrap();

    let sheet = anna.person.must(&["hood", "sheet"]).text("link");
    let file = root.path().join("mots.txt");
    std::fs::write(&file, &words).unwrap();
    let file = file.to_str().unwrap();
    // By the sheet, and by any invitation: each a home of its own.
    let invitation = anna.person.must(&["invite", "create"]).text("link");
    for (n, way) in [sheet, invitation].iter().enumerate() {
        let new = Person::at(root.path(), &format!("new{n}")).unwrap();
        let back = new.must(&["device", "recover", "--phrase", file, "--link", way]);
        assert_eq!(back.text("member"), made.text("member"));
        assert_eq!(back.json["hoods"].as_array().map(Vec::len), Some(1));
        let read = new.must(&["--offline", "booking", "show", &booking]);
        assert_eq!(read.text("status"), "requested");
        assert_eq!(new.must(&["--offline", "profile", "show"]).text("name"), "Bo");
        // It acts as the same person; the neighbour believes it.
        let title = format!("De retour {n}");
        let offer = new.must(&["listing", "add", "offer", "--title", &title]).text("id");
        new.must(&["sync"]);
        assert_eq!(anna.person.must(&["listing", "show", &offer]).text("title"), title);
    }
    // Another person's words open nothing, and leave the home as it was.
    let eve = Person::at(root.path(), "eve").unwrap();
    let other = eve.must(&["init", "--name", "Eve"]);
    let kept = eve.say(&["device", "recover", "--phrase", file]);
    assert_eq!((kept.exit, kept.json["error"]["code"].as_str()), (5, Some("home.already")));
    assert_eq!(eve.must(&["status"]).text("member"), other.text("member"));
}

#[test]
fn slips_are_told_and_nothing_comes_of_them() {
    if binary().is_none() {
        return;
    }
    let root = TempDir::new().unwrap();
    let (host, _bo) = founded(root.path());
    let anna = &host.person;
    let code = |answer: &palier_tests::Answer| {
        (answer.exit, answer.json["error"]["code"].as_str().unwrap_or_default().to_owned())
    };
    let known = members(anna, "member");
    let me = known.iter().find(|it| it["name"] == "anna").unwrap()["id"].as_str().unwrap();
    let oneself = anna.say(&["member", "remove", me]);
    assert_eq!(code(&oneself), (5, "member.oneself".to_owned()));
    let past = "2020-01-01T12:00:00+01:00";
    let over = anna.say(&["listing", "add", "tool", "--title", "Perceuse", "--until", past]);
    assert_eq!(code(&over), (7, "listing.until.past".to_owned()));
    let id = anna.must(&["listing", "add", "tool", "--title", "Perceuse"]).text("id");
    let renewed = anna.say(&["listing", "renew", &id, "--until", past]);
    assert_eq!(code(&renewed), (7, "listing.until.past".to_owned()));
    assert_eq!(anna.must(&["listing", "list"]).json["items"].as_array().map(Vec::len), Some(1));
}
