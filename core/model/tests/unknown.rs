//! Whom a node does not know is heard, if he has the neighbourhood's secret: he may be the
//! only one who still has what says who he is.
#![cfg(feature = "sim")]

use std::collections::BTreeSet;

use palier_model::booking::{Care, Terms};
use palier_model::engine::Event;
use palier_model::journal::{Entries, Entry, kind, log_row, position};
use palier_model::keys::{DeviceId, HoodHash};
use palier_model::listing::{ListingContent, ListingKind};
use palier_model::replica::{Deciding, Me, NewRequest};
use palier_model::rows::{Table, Tx};
use palier_model::sim::World;
use palier_model::time::{Instant, Interval};

fn entries(world: &mut World, node: usize, hood: &HoodHash) -> u64 {
    world.read(node, hood, |_, tx, _| Ok(position(tx)?.n)).unwrap()
}

fn digest(world: &mut World, node: usize, hood: &HoodHash) -> [u8; 32] {
    world.read(node, hood, |replica, tx, _| Ok(replica.open_digest(tx)?)).unwrap()
}

fn publish(world: &mut World, by: usize, hood: &HoodHash) {
    let published = world.act(by, hood, |replica, tx, now, rng| {
        let draft = ListingContent::new(ListingKind::Tool, "Échelle");
        replica.publish(tx, now.claimed, rng, draft, None)
    });
    published.unwrap();
}

fn device(world: &World, node: usize) -> DeviceId {
    world.nodes[node].engine.me().keys.id()
}

/// Whether a device says that it meets another.
fn says_met(world: &World, node: usize, other: DeviceId) -> bool {
    let peers = world.nodes[node].engine.peers();
    let told = |event: &Event| matches!(event, Event::Met { device, .. } if *device == other);
    assert_eq!(
        peers.iter().any(|peer| peer.device == other),
        world.nodes[node].events.iter().any(told),
        "what is asked and what is told agree"
    );
    peers.iter().any(|peer| peer.device == other)
}

/// The keys of the entries that a device holds.
fn held(world: &World, node: usize, hood: &HoodHash) -> Vec<Vec<u8>> {
    let rows = world.nodes[node].stores.memory(hood).unwrap();
    rows.table(Table::Entries).map(|(key, _)| key.clone()).collect()
}

/// They meet until each says for a moment that nothing more is on its way: so `sync` ends.
fn meet(world: &mut World, a: usize, b: usize) {
    world.connect(a, b);
    let mut quiet = 0;
    for _ in 0..2_000 {
        world.run_for(50);
        let is_over = [a, b].iter().all(|node| world.nodes[*node].engine.is_at_rest(None));
        quiet = if is_over { quiet + 1 } else { 0 };
        if quiet == 8 {
            break;
        }
    }
    assert_eq!(quiet, 8, "it never came to rest");
    world.disconnect(a, b);
}

/// Two neighbours, each with a listing and a profile.
fn two(seed: u64) -> (World, HoodHash) {
    let mut world = World::new(seed);
    let (anna, bo) = (world.add_person("Anna"), world.add_person("Bo"));
    let hood = world.found(anna, "Les Érables").unwrap();
    world.join(anna, bo, &hood).unwrap();
    for node in [anna, bo] {
        meet(&mut world, anna, bo);
        publish(&mut world, node, &hood);
    }
    meet(&mut world, anna, bo);
    (world, hood)
}

#[test]
fn each_entry_that_is_lost_comes_back_from_the_only_neighbour() {
    let (mut world, hood) = two(31);
    for (node, other) in [(0, 1), (1, 0)] {
        let keys = held(&world, node, &hood);
        assert!(keys.len() > 12, "{} entries", keys.len());
        for key in keys {
            world.lose(node, &hood, key.clone()).unwrap();
            assert!(!held(&world, node, &hood).contains(&key));
            meet(&mut world, node, other);
            assert_eq!(
                digest(&mut world, node, &hood),
                digest(&mut world, other, &hood),
                "{key:02x?} of {node}"
            );
            assert!(held(&world, node, &hood).contains(&key), "{key:02x?} of {node}");
            let rows = world.nodes[node].stores.memory(&hood).unwrap();
            assert!(rows.table(Table::Quarantine).next().is_none(), "{key:02x?} of {node}");
        }
    }
}

#[test]
fn a_copy_from_before_the_only_neighbour_came_learns_of_her_again() {
    let mut world = World::new(32);
    let (anna, bo) = (world.add_person("Anna"), world.add_person("Bo"));
    let hood = world.found(anna, "Les Érables").unwrap();
    publish(&mut world, anna, &hood);
    let copy = world.nodes[anna].stores.clone();
    world.join(anna, bo, &hood).unwrap();
    meet(&mut world, anna, bo);
    publish(&mut world, bo, &hood);
    publish(&mut world, anna, &hood);
    meet(&mut world, anna, bo);
    let before = digest(&mut world, bo, &hood);
    world.restore(anna, copy);
    meet(&mut world, anna, bo);
    assert_eq!(digest(&mut world, anna, &hood), before);
    assert_eq!(digest(&mut world, bo, &hood), before);
    publish(&mut world, anna, &hood);
    meet(&mut world, bo, anna);
    assert_eq!(digest(&mut world, bo, &hood), digest(&mut world, anna, &hood));
    assert_ne!(digest(&mut world, bo, &hood), before);
}

#[test]
fn a_new_phone_is_heard_though_the_old_one_that_certified_it_is_gone() {
    let (mut world, hood) = two(33);
    let (phone, linked) = world.link(1, "Bo's new phone");
    assert!(linked);
    // The old phone brings the new one what there is, and is never seen again.
    meet(&mut world, 1, phone);
    publish(&mut world, phone, &hood);
    world.connect(phone, 0);
    assert!(world.run_until_quiescent(120_000));
    assert!(says_met(&world, 0, device(&world, phone)));
    assert_eq!(digest(&mut world, 0, &hood), digest(&mut world, phone, &hood));
    publish(&mut world, 0, &hood);
    assert!(world.run_until_quiescent(120_000));
    assert_eq!(digest(&mut world, 0, &hood), digest(&mut world, phone, &hood));
}

#[test]
fn whoever_has_the_secret_alone_is_told_nothing_and_taken_for_nobody() {
    let (mut world, hood) = two(34);
    // Somebody got hold of the secret and of all that Bo's device knew once, and says with
    // keys of his own that he is Bo.
    let copy = world.nodes[1].stores.clone();
    let bo = world.nodes[1].engine.me().clone();
    let thief = world.add_person("Bo");
    let keys = world.nodes[thief].engine.me().keys.clone();
    publish(&mut world, 0, &hood);
    let before = entries(&mut world, 1, &hood);
    let open = digest(&mut world, 0, &hood);
    let thief = world.add_device(Me { keys, ..bo }, "Bo");
    world.restore(thief, copy);
    // What such a device says by itself goes out under its own key.
    for (from, to) in [(thief, 0), (0, thief)] {
        world.connect(from, to);
        world.run_until_quiescent(120_000);
        assert!(!says_met(&world, 0, device(&world, thief)));
        world.disconnect(thief, 0);
    }
    let held = entries(&mut world, thief, &hood);
    assert!(held <= before + 1, "{held} entries, {before} before");
    assert_eq!(digest(&mut world, 0, &hood), open, "what he says does not count");
}

/// The entry with which a device opened its first key epoch.
fn epoch_of(world: &World, by: usize, at: usize, hood: &HoodHash) -> Vec<u8> {
    let tx = Tx::new(world.nodes[at].stores.memory(hood).unwrap());
    let all = tx.rows_with_prefix::<Entries>(&[], 10_000).unwrap();
    let is_it = |entry: &Entry| {
        let log = log_row(&tx, &entry.header.log_id()).unwrap().unwrap();
        entry.header.kind == kind::identity::EPOCH && log.start.device == device(world, by)
    };
    all.into_iter().find(|(_, entry)| is_it(entry)).expect("an epoch").0
}

#[test]
fn who_asked_before_the_key_of_whoever_decides_was_there_hands_the_deal_over_later() {
    for restarts in [false, true] {
        let (mut world, hood) = two(35);
        let decider = world.add_person("Dora");
        world.join(0, decider, &hood).unwrap();
        for node in [decider, 1] {
            meet(&mut world, 0, node);
        }
        let dora = world.nodes[decider].engine.me().member;
        let place = world.act(0, &hood, |replica, tx, now, rng| {
            let draft = ListingContent::new(ListingKind::Parking, "Place 14");
            let (holder, terms) = (replica.as_holder(), Terms::default());
            let deciding = Deciding { holder, deciders: BTreeSet::from([dora]), terms };
            replica.publish(tx, now.claimed, rng, draft, Some(deciding))
        });
        let listing = place.unwrap();
        for node in [decider, 1] {
            meet(&mut world, 0, node);
        }
        let lost = epoch_of(&world, decider, 1, &hood);
        world.lose(1, &hood, lost).unwrap();
        let start = Instant(1_796_000_000_000);
        let interval = Interval { start, end: Some(start.plus_ms(3_600_000)) };
        let new = NewRequest {
            listing,
            interval,
            quantity: 1,
            waitlist: false,
            note: "merci".into(),
            accepts: Default::default(),
        };
        let booking = world
            .act(1, &hood, |replica, tx, now, rng| replica.request(tx, now.claimed, rng, new))
            .unwrap();
        if restarts {
            world.restart(1);
        }
        meet(&mut world, 1, decider);
        let decided = world.act(decider, &hood, |replica, tx, now, _| {
            Ok(((), replica.accept(tx, now.claimed, &booking, Care::AllTerms)?))
        });
        decided.expect("she reads the request and decides");
    }
}

#[test]
fn a_newcomer_sends_nothing_twice_to_whom_does_not_know_him_yet() {
    let (mut world, hood) = two(36);
    for _ in 0..400 {
        publish(&mut world, 0, &hood);
    }
    meet(&mut world, 0, 1);
    let held = entries(&mut world, 0, &hood);
    let cyril = world.add_person("Cyril");
    world.join(0, cyril, &hood).unwrap();
    meet(&mut world, 0, cyril);
    assert!(entries(&mut world, cyril, &hood) > held);
    // Bo has all of it but what came with Cyril.
    let before = world.network.bytes;
    meet(&mut world, cyril, 1);
    let bytes = world.network.bytes - before;
    assert_eq!(digest(&mut world, 1, &hood), digest(&mut world, cyril, &hood));
    eprintln!("{bytes} bytes of {held} entries");
    assert!(bytes < 40 * held, "{bytes} bytes for {held} entries that both have");
}
