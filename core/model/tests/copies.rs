//! A device that exists twice, noticed or not, does not keep its neighbours busy.
#![cfg(feature = "sim")]

use palier_model::booking::{Mode, Terms};
use palier_model::journal::position;
use palier_model::keys::HoodHash;
use palier_model::listing::{ListingContent, ListingKind};
use palier_model::replica::Deciding;
use palier_model::sim::World;

fn entries(world: &mut World, node: usize, hood: &HoodHash) -> u64 {
    world.read(node, hood, |_, tx, _| Ok(position(tx)?.n)).unwrap()
}

#[test]
fn two_copies_of_a_device_that_opened_an_epoch_each_come_to_one() {
    for noticed in [true, false] {
        let mut world = World::new(31);
        let (anna, bo) = (world.add_person("Anna"), world.add_person("Bo"));
        let hood = world.found(anna, "Les Érables").unwrap();
        world.join(anna, bo, &hood).unwrap();
        world.connect(bo, anna);
        assert!(world.run_until_quiescent(60_000));
        world.disconnect(anna, bo);
        let me = world.nodes[anna].engine.me().clone();
        let twin = world.add_device(me, "twin");
        let copy = world.nodes[anna].stores.clone();
        if noticed {
            world.restore(twin, copy);
        } else {
            world.nodes[twin].stores = copy;
            world.restart(twin);
        }
        // Each links a telephone while they are apart, and so opens an epoch.
        for copy in [anna, twin] {
            assert!(world.link(copy, "telephone").1);
        }
        for copy in [anna, twin] {
            world.connect(copy, bo);
        }
        world.run_for(600_000);
        let before = entries(&mut world, bo, &hood);
        world.run_for(300_000);
        assert_eq!(entries(&mut world, bo, &hood), before, "noticed {noticed}");
    }
}

fn publish(world: &mut World, node: usize, hood: &HoodHash) {
    let published = world.act(node, hood, |replica, tx, now, rng| {
        let draft = ListingContent::new(ListingKind::Parking, "Place 12");
        let terms = Terms { mode: Mode::ByRequest, ..Terms::default() };
        let deciding =
            Deciding { holder: replica.as_holder(), deciders: Default::default(), terms };
        replica.publish(tx, now.claimed, rng, draft, Some(deciding))
    });
    published.unwrap();
}

#[test]
fn a_log_that_a_copy_opened_first_keeps_its_branch_when_this_device_opens_it_too() {
    let mut world = World::new(32);
    let names = ["Anna", "Bo", "Cyril"];
    let [anna, bo, cyril] = names.map(|name| world.add_person(name));
    let hood = world.found(anna, "Les Érables").unwrap();
    for guest in [bo, cyril] {
        world.join(anna, guest, &hood).unwrap();
        world.connect(guest, anna);
        assert!(world.run_until_quiescent(60_000));
        world.disconnect(guest, anna);
    }
    let me = world.nodes[bo].engine.me().clone();
    let twin = world.add_device(me, "twin");
    // Copied unnoticed before it wrote a listing: both open the very same log.
    world.nodes[twin].stores = world.nodes[bo].stores.clone();
    world.restart(twin);
    publish(&mut world, bo, &hood);
    for copy in [bo, twin] {
        world.connect(copy, anna);
    }
    world.run_until_quiescent(120_000);
    for copy in [bo, twin] {
        world.disconnect(copy, anna);
    }
    publish(&mut world, twin, &hood);
    // Whoever has nothing of it yet must get both branches.
    world.connect(cyril, twin);
    world.run_until_quiescent(120_000);
    assert_eq!(entries(&mut world, cyril, &hood), entries(&mut world, twin, &hood));
}
