//! The contest by hand: two deciders who do not hear each other give one place to two
//! people; then files are passed on, and everywhere one holds it and the other sees why.

use palier_tests::{Person, binary};
use tempfile::TempDir;

const START: &str = "2031-05-01T10:00:00+02:00";
const END: &str = "2031-05-01T12:00:00+02:00";

fn joined(root: &TempDir, host: &Person, name: &str) -> Person {
    let guest = Person::init(root.path(), name).unwrap();
    let running = host.run(&[]);
    let link = host.must(&["invite", "create"]).text("link");
    let answer = guest.must(&["join", &link]);
    assert_eq!(answer.text("status"), "joined");
    drop(running);
    guest
}

#[test]
fn of_two_acceptances_one_is_firm_and_the_other_sees_why_in_every_home() {
    if binary().is_none() {
        return;
    }
    let root = TempDir::new().unwrap();
    let hub = Person::init(root.path(), "hub").unwrap();
    hub.must(&["hood", "found", "Les Érables"]);
    let owner = joined(&root, &hub, "owner");
    let (awa, karim) = (joined(&root, &hub, "awa"), joined(&root, &hub, "karim"));
    let hub_device = hub.must(&["status"]).text("device");
    for person in [&owner, &awa, &karim] {
        hub.pass_to(person);
    }
    let place = owner
        .must(&[
            "--offline",
            "listing",
            "add",
            "parking",
            "--title",
            "Place 14",
            "--holder",
            &hub_device,
        ])
        .text("id");
    for person in [&hub, &awa, &karim] {
        owner.pass_to(person);
    }
    let ask = |person: &Person| {
        let words = ["--offline", "booking", "request", &place, "--start", START, "--end", END];
        person.must(&words).text("id")
    };
    let (first, second) = (ask(&awa), ask(&karim));
    awa.pass_to(&hub);
    karim.pass_to(&owner);
    hub.must(&["--offline", "booking", "accept", &first]);
    owner.must(&["--offline", "booking", "accept", &second]);
    // One decider alone never gives it twice.
    karim.pass_to(&hub);
    let twice = hub.say(&["--offline", "booking", "accept", &second]);
    assert_eq!((twice.exit, twice.json["error"]["code"].as_str()), (5, Some("booking.taken")));
    let shown = |person: &Person, id: &str| person.must(&["--offline", "booking", "show", id]).json;
    assert_eq!(shown(&owner, &second)["firm"], false);
    assert_eq!(shown(&owner, &second)["waiting_for"][0], hub_device.as_str());

    let everyone = [&hub, &owner, &awa, &karim];
    for _ in 0..2 {
        for from in everyone {
            for to in everyone {
                if from.home != to.home {
                    from.pass_to(to);
                }
            }
        }
    }
    for person in [&hub, &owner, &awa] {
        let winner = shown(person, &first);
        assert_eq!(
            (winner["status"].as_str(), winner["firm"].as_bool()),
            (Some("confirmed"), Some(true))
        );
    }
    for person in [&hub, &owner, &karim] {
        let loser = shown(person, &second);
        assert_eq!(loser["status"], "displaced", "{loser}");
        assert!(!loser["alternatives"].as_array().unwrap().is_empty());
        assert_eq!(loser["waitlist"], 1);
    }
    // A third party sees that something is busy, and never whose it is.
    assert_eq!(awa.say(&["--offline", "booking", "show", &second]).exit, 3);
    let digest = |person: &Person| person.must(&["--offline", "status"]).text("open_digest");
    let digests: std::collections::BTreeSet<String> =
        everyone.iter().map(|it| digest(it)).collect();
    assert_eq!(digests.len(), 1);
}
