//! Who was removed is told nothing more, and is still heard: of two removals made apart
//! only one counts, and both sides must come to know of both.
#![cfg(feature = "sim")]

use palier_model::authority::{Role, Status};
use palier_model::journal::position;
use palier_model::keys::{HoodHash, MemberId};
use palier_model::listing::{ListingContent, ListingKind};
use palier_model::sim::World;

fn entries(world: &mut World, node: usize, hood: &HoodHash) -> u64 {
    world.read(node, hood, |_, tx, _| Ok(position(tx)?.n)).unwrap()
}

fn member(world: &World, node: usize) -> MemberId {
    world.nodes[node].engine.me().member
}

fn remove(world: &mut World, by: usize, whom: usize, hood: &HoodHash) {
    let whom = member(world, whom);
    let removed =
        world.act(by, hood, |replica, tx, now, _| Ok(((), replica.remove(tx, now.claimed, whom)?)));
    removed.unwrap();
}

fn publish(world: &mut World, by: usize, hood: &HoodHash) {
    let published = world.act(by, hood, |replica, tx, now, rng| {
        let draft = ListingContent::new(ListingKind::Parking, "Place 12");
        replica.publish(tx, now.claimed, rng, draft, None)
    });
    published.unwrap();
}

fn status(world: &World, of: usize, by: usize, hood: &HoodHash) -> Option<Status> {
    let replica = world.nodes[by].engine.replica(hood).unwrap();
    replica.authority().member(&member(world, of)).map(|known| known.status)
}

#[test]
fn nobody_is_told_that_removing_oneself_worked() {
    let mut world = World::new(20);
    let (anna, bo) = (world.add_person("Anna"), world.add_person("Bo"));
    let hood = world.found(anna, "Les Érables").unwrap();
    world.join(anna, bo, &hood).unwrap();
    let members = [anna, bo].map(|node| member(&world, node));
    let appointed = world.act(anna, &hood, |replica, tx, now, _| {
        Ok(((), replica.appoint(tx, now.claimed, members[1], Role::Coordinator)?))
    });
    appointed.unwrap();
    let before = entries(&mut world, anna, &hood);
    let removed = world.act(anna, &hood, |replica, tx, now, _| {
        Ok(((), replica.remove(tx, now.claimed, members[0])?))
    });
    assert_eq!(removed.unwrap_err().code, "member.oneself");
    assert_eq!(entries(&mut world, anna, &hood), before);
    assert_eq!(status(&world, anna, anna, &hood), Some(Status::Active));
}

#[test]
fn a_session_that_stands_tells_a_removed_member_nothing_more() {
    let mut world = World::new(21);
    let (anna, bo) = (world.add_person("Anna"), world.add_person("Bo"));
    let hood = world.found(anna, "Les Érables").unwrap();
    world.join(anna, bo, &hood).unwrap();
    world.connect(bo, anna);
    assert!(world.run_until_quiescent(60_000));
    let before = entries(&mut world, bo, &hood);
    remove(&mut world, anna, bo, &hood);
    publish(&mut world, anna, &hood);
    assert!(world.run_until_quiescent(60_000));
    assert_eq!(entries(&mut world, bo, &hood), before);
    // Nor does a new session, whoever opens it.
    for (from, to) in [(bo, anna), (anna, bo)] {
        world.disconnect(anna, bo);
        world.connect(from, to);
        world.run_until_quiescent(60_000);
        assert_eq!(entries(&mut world, bo, &hood), before);
    }
    assert_eq!(status(&world, bo, anna, &hood), Some(Status::Removed));
}

#[test]
fn members_who_removed_each_other_apart_are_both_heard_and_one_removal_counts() {
    let mut world = World::new(22);
    let names = ["Anna", "Bo", "Cyril"];
    let [anna, bo, cyril] = names.map(|name| world.add_person(name));
    let hood = world.found(anna, "Les Érables").unwrap();
    for guest in [bo, cyril] {
        world.join(anna, guest, &hood).unwrap();
        world.connect(guest, anna);
    }
    let junior = member(&world, bo);
    let appointed = world.act(anna, &hood, |replica, tx, now, _| {
        Ok(((), replica.appoint(tx, now.claimed, junior, Role::Coordinator)?))
    });
    appointed.unwrap();
    assert!(world.run_until_quiescent(60_000));
    world.disconnect(bo, anna);
    world.disconnect(cyril, anna);
    remove(&mut world, anna, bo, &hood);
    publish(&mut world, anna, &hood);
    remove(&mut world, bo, anna, &hood);
    // Cyril hears the junior first, and so takes the founder for removed.
    world.connect(cyril, bo);
    world.run_until_quiescent(60_000);
    assert_eq!(status(&world, anna, cyril, &hood), Some(Status::Removed));
    world.connect(cyril, anna);
    world.run_until_quiescent(60_000);
    for by in [anna, cyril] {
        assert_eq!(status(&world, anna, by, &hood), Some(Status::Active));
        assert_eq!(status(&world, bo, by, &hood), Some(Status::Removed));
    }
    publish(&mut world, cyril, &hood);
    world.run_until_quiescent(60_000);
    assert_eq!(entries(&mut world, cyril, &hood), entries(&mut world, anna, &hood));
}
