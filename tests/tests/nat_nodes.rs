//! Whole nodes in two homes behind NAT, with a hub between them: `palier run` leaves the
//! relay where routers allow it and says so where they do not; a cable cut and joined again
//! needs nobody's help.

#![cfg(target_os = "linux")]

use std::time::{Duration, Instant};

use palier_tests::netns::{Lab, Nat};
use palier_tests::{Person, Running, binary};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(90);

struct Street {
    lab: Lab,
    hub: Running,
    a: Running,
    b: Running,
    _root: TempDir,
}

impl Street {
    /// A hub and two residents at home, all in one neighbourhood; none where namespaces
    /// cannot be made.
    fn build(nat: Nat) -> Option<Self> {
        binary()?;
        let lab = Lab::two_homes(nat)?;
        let root = TempDir::new().expect("a folder");
        let person = |name: &str, place: &str| {
            let person = Person::at(root.path(), name).expect("the command");
            let person = lab.put(place, person);
            person.must(&["init", "--name", name]);
            person
        };
        let (hub, a, b) = (person("hub", "hub"), person("a", "a"), person("b", "b"));
        hub.must(&["hood", "found", "Ici"]);
        let me = hub.must(&["--offline", "status"]).text("member");
        hub.must(&["--offline", "member", "appoint", &me, "hub"]);
        let listen = format!("{}:4747", Lab::HUB);
        let hub_runs = hub.run_at(&listen, &[]);
        for person in [&a, &b] {
            person.must(&["join", &hub.must(&["invite", "create"]).text("link")]);
        }
        let [a, b] = [a, b].map(|person| person.run_at("0.0.0.0:0", &[]));
        Some(Self { lab, hub: hub_runs, a, b, _root: root })
    }
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
    }
}

/// Whether the way from one to another is relayed; none where there is no way.
fn relayed(from: &Running, to: &Running) -> Option<bool> {
    let them = to.person.must(&["status"]).text("device");
    let status = from.person.must(&["status"]).json;
    let peers = status["peers"].as_array()?;
    peers.iter().find(|peer| peer["device"] == them.as_str())?["relayed"].as_bool()
}

fn publish(from: &Running, title: &str) -> String {
    from.person.must(&["listing", "add", "tool", "--title", title]).text("id")
}

fn arrives(at: &Running, id: &str) {
    until("it is listed", || at.person.say(&["listing", "show", id]).exit == 0);
}

#[test]
fn two_nodes_behind_kind_routers_end_up_with_a_direct_way_and_survive_a_cut_cable() {
    let Some(street) = Street::build(Nat::Kind) else { return };
    let (a, b) = (&street.a, &street.b);
    until("a direct way", || relayed(a, b) == Some(false) && relayed(b, a) == Some(false));
    arrives(b, &publish(a, "Directly"));

    street.lab.cut("homea");
    let meanwhile = publish(b, "While the cable is out");
    arrives(&street.hub, &meanwhile);
    let own = publish(a, "Written alone");
    assert_eq!(a.person.say(&["listing", "show", &meanwhile]).exit, 3, "the cable is out");
    street.lab.join("homea");
    arrives(a, &meanwhile);
    arrives(b, &own);
    arrives(a, &publish(b, "Joined again"));
}

#[test]
fn two_nodes_behind_unkind_routers_say_that_they_are_relayed() {
    let Some(street) = Street::build(Nat::Symmetric) else { return };
    let (a, b) = (&street.a, &street.b);
    until("a relayed way", || relayed(a, b) == Some(true) && relayed(b, a) == Some(true));
    arrives(b, &publish(a, "Through the hub"));
    assert_eq!(relayed(a, &street.hub), Some(false));
    assert_eq!(relayed(a, b), Some(true));
}
