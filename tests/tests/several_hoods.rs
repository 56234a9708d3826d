//! A hub in two neighbourhoods, residents in both or in one, over processes: each
//! neighbourhood that two share lives between them, however they came to it.

use std::collections::BTreeSet;

use palier_tests::{Person, binary, until};
use tempfile::TempDir;

/// The devices that a node talks to in a neighbourhood.
fn met(of: &Person, hood: &str) -> BTreeSet<String> {
    let status = of.must(&["-n", hood, "status"]).json;
    let peers = status["peers"].as_array().cloned().unwrap_or_default();
    assert!(peers.iter().all(|peer| peer["hood"] == hood), "{peers:?}");
    peers.iter().filter_map(|peer| Some(peer["device"].as_str()?.to_owned())).collect()
}

fn device(of: &Person) -> String {
    of.must(&["status"]).text("device")
}

fn publish(by: &Person, hood: &str, title: &str) -> String {
    by.must(&["-n", hood, "listing", "add", "tool", "--title", title]).text("id")
}

fn arrives(at: &Person, hood: &str, id: &str) {
    until("it is listed", || at.say(&["-n", hood, "listing", "show", id]).exit == 0);
}

#[test]
fn a_hub_in_two_neighbourhoods_serves_residents_of_both_and_of_one() {
    if binary().is_none() {
        return;
    }
    let root = TempDir::new().unwrap();
    let [hub, anna, bo, cyril] =
        ["hub", "anna", "bo", "cyril"].map(|name| Person::init(root.path(), name).unwrap());
    let north = hub.must(&["hood", "found", "Nord"]).text("id");
    let south = hub.must(&["hood", "found", "Sud"]).text("id");
    let hub_runs = hub.run(&[]);
    let invite = |hood: &str| hub.must(&["-n", hood, "invite", "create"]).text("link");

    // Anna joins both one after the other, with nothing running; Bo the second while his
    // node talks to the hub in the first; Cyril is in one only.
    for hood in [&north, &south] {
        assert_eq!(anna.must(&["join", &invite(hood)]).text("status"), "joined");
    }
    assert_eq!(bo.must(&["join", &invite(&north)]).text("status"), "joined");
    assert_eq!(cyril.must(&["join", &invite(&south)]).text("status"), "joined");
    let bo_runs = bo.run(&["--peer", &hub_runs.address()]);
    until("Bo talks to the hub", || met(&hub, &north).contains(&device(&bo)));
    assert_eq!(bo.must(&["join", &invite(&south)]).text("status"), "joined");
    until("in both", || {
        let of_bo = device(&bo);
        met(&hub, &south).contains(&of_bo) && met(&hub, &north).contains(&of_bo)
    });

    let anna_runs = anna.run(&["--peer", &hub_runs.address()]);
    let cyril_runs = cyril.run(&["--peer", &hub_runs.address()]);
    let devices = |people: &[&Person]| people.iter().map(|it| device(it)).collect();
    let (both, all): (BTreeSet<_>, BTreeSet<_>) =
        (devices(&[&anna, &bo]), devices(&[&anna, &bo, &cyril]));
    until("the hub meets each in each", || met(&hub, &north) == both && met(&hub, &south) == all);
    let from_north = publish(&anna, &north, "Échelle");
    let from_south = publish(&anna, &south, "Perceuse");
    for person in [&hub, &bo] {
        arrives(person, &north, &from_north);
        arrives(person, &south, &from_south);
    }
    arrives(&cyril, &south, &from_south);
    arrives(&anna, &south, &publish(&cyril, &south, "Scie"));
    arrives(&anna, &north, &publish(&bo, &north, "Diable"));

    // Nothing of the other neighbourhood is at Cyril's, nor does anybody of it talk to him
    // there.
    assert_eq!(cyril.must(&["hood", "list"]).json["items"].as_array().unwrap().len(), 1);
    assert_ne!(cyril.say(&["listing", "show", &from_north]).exit, 0);

    // One command in a home at rest brings what is new, of one neighbourhood or of both.
    anna_runs.stop();
    let later: Vec<String> =
        [&north, &south].iter().map(|hood| publish(&hub, hood, "Escabeau")).collect();
    let address = hub_runs.address();
    let done = anna.must(&["-n", &south, "sync", "--peer", &address]).json;
    assert!(done["complete"] == true && done["received"].as_u64() >= Some(1), "{done}");
    assert_eq!(anna.must(&["--offline", "-n", &south, "listing", "show", &later[1]]).exit, 0);
    anna.must(&["sync", "--peer", &address]);
    assert_eq!(anna.must(&["--offline", "-n", &north, "listing", "show", &later[0]]).exit, 0);
    for running in [bo_runs, cyril_runs, hub_runs] {
        running.stop();
    }
}
