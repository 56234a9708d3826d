//! Several neighbourhoods over one stream: each that both are in lives there, none is in
//! another's way, and nobody learns of one that he is not in.
#![cfg(feature = "sim")]

use std::collections::BTreeSet;

use palier_model::engine::Event;
use palier_model::journal::position;
use palier_model::keys::{HoodHash, HoodId};
use palier_model::listing::{ListingContent, ListingKind};
use palier_model::replica::{NewInvitation, Standing};
use palier_model::sim::World;
use palier_model::sync::frame::Channel;
use palier_model::sync::meeting::Meet;
use palier_model::sync::{
    CloseReason, DeviceAddresses, Frame, JoinForm, RecoverySheet, SessionId, limits,
};
use palier_model::time::Instant;
use rand_core::Rng;

fn publish(world: &mut World, by: usize, hood: &HoodHash) {
    assert!(may_publish(world, by, hood));
}

/// False where its admission has not reached the device yet.
fn may_publish(world: &mut World, by: usize, hood: &HoodHash) -> bool {
    let published = world.act(by, hood, |replica, tx, now, rng| {
        let draft = ListingContent::new(ListingKind::Tool, "Échelle");
        replica.publish(tx, now.claimed, rng, draft, None)
    });
    published.is_ok()
}

fn entries(world: &mut World, node: usize, hood: &HoodHash) -> u64 {
    world.read(node, hood, |_, tx, _| Ok(position(tx)?.n)).unwrap()
}

/// Whom a device meets, as (other's device belongs to node, neighbourhood).
fn met(world: &World, node: usize, other: usize) -> Vec<HoodHash> {
    let device = world.nodes[other].engine.me().keys.id();
    let peers = world.nodes[node].engine.peers();
    let mut hoods: Vec<_> =
        peers.iter().filter(|peer| peer.device == device).map(|peer| peer.hood).collect();
    hoods.sort();
    hoods
}

fn rests(world: &mut World) {
    assert!(world.run_until_quiescent(120_000), "it never came to rest");
}

fn agree(world: &mut World, a: usize, b: usize, hood: &HoodHash) {
    assert_eq!(entries(world, a, hood), entries(world, b, hood));
}

/// Devices in neighbourhoods: the first founds each, those named join it.
fn world(seed: u64, names: &[&str], hoods: &[&[usize]]) -> (World, Vec<HoodHash>) {
    let mut world = World::new(seed);
    for name in names {
        world.add_person(name);
    }
    let mut all = Vec::new();
    for (n, members) in hoods.iter().enumerate() {
        let hood = world.found(members[0], &format!("Number {n}")).unwrap();
        for guest in &members[1..] {
            world.join(members[0], *guest, &hood).unwrap();
            assert_eq!(
                world.nodes[*guest].engine.replica(&hood).unwrap().hood().standing,
                Standing::Member
            );
        }
        all.push(hood);
    }
    (world, all)
}

fn sorted(hoods: &[HoodHash]) -> Vec<HoodHash> {
    let mut hoods = hoods.to_vec();
    hoods.sort();
    hoods
}

#[test]
fn every_neighbourhood_of_two_lives_over_one_stream_whoever_opened_it() {
    for (from, to) in [(0, 1), (1, 0)] {
        let (mut world, hoods) = world(1, &["Anna", "Bo"], &[&[0, 1], &[0, 1], &[1, 0]]);
        world.connect(from, to);
        rests(&mut world);
        assert_eq!(met(&world, 0, 1), sorted(&hoods));
        assert_eq!(met(&world, 1, 0), sorted(&hoods));
        for hood in &hoods {
            for by in [0, 1] {
                let before = entries(&mut world, by, hood);
                publish(&mut world, by, hood);
                rests(&mut world);
                assert!(entries(&mut world, by, hood) > before);
                agree(&mut world, 0, 1, hood);
            }
        }
    }
}

#[test]
fn a_neighbour_learns_nothing_of_what_he_is_not_in() {
    // Bo is in one neighbourhood with Anna. Whether she is in another, and he too, with
    // other people, changes no byte between them.
    let bytes = |more: &[&[usize]]| {
        let mut hoods: Vec<&[usize]> = vec![&[0, 1]];
        hoods.extend(more);
        let (mut world, hoods) = world(2, &["Anna", "Bo", "Cyril", "Dora"], &hoods);
        // Bo opens the stream, then Anna does.
        let mut counts = Vec::new();
        for (from, to) in [(1, 0), (0, 1)] {
            let before = world.network.bytes;
            world.connect(from, to);
            rests(&mut world);
            world.advance(30_000);
            rests(&mut world);
            assert_eq!(met(&world, 0, 1), hoods[..1]);
            counts.push(world.network.bytes - before);
            world.disconnect(0, 1);
        }
        counts
    };
    let alone = bytes(&[]);
    assert_eq!(bytes(&[&[0, 2]]), alone);
    assert_eq!(bytes(&[&[0, 2], &[1, 3], &[2, 0]]), alone);
}

#[test]
fn what_is_joined_while_the_stream_stands_lives_on_it_at_once() {
    let (mut world, hoods) = world(3, &["Anna", "Bo"], &[&[0, 1]]);
    for (from, to) in [(1, 0), (0, 1)] {
        world.connect(from, to);
        rests(&mut world);
        let hood = world.found(0, "Later").unwrap();
        let new = NewInvitation {
            approval: false,
            uses: 1,
            good_for_ms: Instant::DAY_MS,
            roles: Default::default(),
        };
        let link = world
            .act(0, &hood, |replica, tx, now, rng| {
                Ok((replica.invite(tx, now.claimed, rng, new, Vec::new())?, Default::default()))
            })
            .unwrap();
        let form = JoinForm { name: "Bo".into(), home: String::new(), languages: Vec::new() };
        let now = world.now(1);
        let it = &mut world.nodes[1];
        it.engine.prepare_join(&link, form, now, &mut it.stores, &mut world.rng).unwrap();
        world.pump(1);
        rests(&mut world);
        assert!(met(&world, 0, 1).contains(&hood) && met(&world, 1, 0).contains(&hood));
        assert!(met(&world, 0, 1).contains(&hoods[0]), "the other was taken along");
        publish(&mut world, 0, &hood);
        rests(&mut world);
        agree(&mut world, 0, 1, &hood);
        world.disconnect(0, 1);
    }
}

#[test]
fn whoever_learns_later_that_a_neighbour_joined_begins_it_then() {
    // Bo and the hub talk in one neighbourhood; Bo joins the other at Anna's, and the hub
    // hears of it from her.
    for (from, to) in [(1, 2), (2, 1)] {
        let (mut world, hoods) = world(4, &["Anna", "Bo", "Hub"], &[&[0, 1, 2], &[0, 2]]);
        // Bo has yet to hear of the hub.
        world.connect(0, 1);
        rests(&mut world);
        world.disconnect(0, 1);
        world.connect(from, to);
        rests(&mut world);
        assert_eq!(met(&world, 2, 1), [hoods[0]]);
        world.join(0, 1, &hoods[1]).unwrap();
        rests(&mut world);
        world.connect(0, 2);
        rests(&mut world);
        world.run_for(30_000);
        assert_eq!(met(&world, 2, 1), sorted(&hoods));
        publish(&mut world, 1, &hoods[1]);
        rests(&mut world);
        agree(&mut world, 2, 1, &hoods[1]);
        agree(&mut world, 2, 0, &hoods[1]);
    }
}

#[test]
fn whom_one_side_does_not_know_yet_in_one_neighbourhood_is_met_in_another() {
    // Bo and Cyril joined one at Anna's and never heard of each other there.
    let (mut world, hoods) = world(13, &["Anna", "Bo", "Cyril"], &[&[0, 1, 2], &[1, 2]]);
    let met = (0..12).any(|_| {
        world.connect(1, 2);
        rests(&mut world);
        let found = met(&world, 1, 2).contains(&hoods[1]);
        world.disconnect(1, 2);
        found
    });
    assert!(met);
}

#[test]
fn more_neighbourhoods_than_a_meeting_has_slots_all_live() {
    let many: Vec<&[usize]> = vec![&[0, 1]; limits::SLOTS + 4];
    let (mut world, hoods) = world(5, &["Anna", "Bo"], &many);
    world.connect(1, 0);
    rests(&mut world);
    assert_eq!(met(&world, 0, 1), sorted(&hoods));
    assert_eq!(met(&world, 1, 0), sorted(&hoods));
}

#[test]
fn one_shared_among_more_than_a_meeting_has_slots_is_found_within_a_few_meetings() {
    let mut many: Vec<&[usize]> = vec![&[1, 2]; 2 * limits::SLOTS];
    many.push(&[0, 1]);
    let (mut world, hoods) = world(6, &["Anna", "Bo", "Cyril"], &many);
    let shared = hoods[2 * limits::SLOTS];
    let met = (0..12).any(|_| {
        world.connect(1, 0);
        rests(&mut world);
        let found = met(&world, 0, 1) == [shared];
        world.disconnect(0, 1);
        found
    });
    assert!(met);
}

#[test]
fn whoever_knows_a_neighbourhoods_id_and_has_no_right_gets_a_no_and_nothing_else() {
    for (from, to) in [(1, 0), (0, 1)] {
        let (mut world, hoods) = world(7, &["Anna", "Mallory"], &[&[0, 1], &[0]]);
        publish(&mut world, 0, &hoods[1]);
        let row = world.nodes[0].engine.replica(&hoods[1]).unwrap().hood().clone();
        let (id, root): (HoodId, _) = (row.id.unwrap(), row.root.unwrap());
        let sheet = RecoverySheet {
            hood: id,
            log: root.log,
            act: root.act,
            hood_name: row.name,
            addresses: Vec::new(),
        };
        let now = world.now(1);
        let it = &mut world.nodes[1];
        it.engine.prepare_recovery(&sheet, now, &mut it.stores, &mut world.rng).unwrap();
        world.pump(1);
        let before = entries(&mut world, 1, &hoods[1]);
        for _ in 0..3 {
            world.connect(from, to);
            rests(&mut world);
            world.run_for(60_000);
            // He may meet the other one first and be told no there: then nothing lives.
            assert!(met(&world, 0, 1).iter().all(|hood| *hood == hoods[0]));
            assert_eq!(entries(&mut world, 1, &hoods[1]), before);
            world.disconnect(0, 1);
        }
    }
}

/// The session of a neighbourhood on a device.
fn session(world: &World, node: usize, hood: &HoodHash) -> SessionId {
    let peers = world.nodes[node].engine.peers();
    peers.iter().find(|peer| peer.hood == *hood).unwrap().session
}

#[test]
fn a_session_that_ends_takes_no_other_along_and_begins_again() {
    let (mut world, hoods) = world(8, &["Anna", "Bo"], &[&[0, 1], &[0, 1], &[0, 1]]);
    world.connect(1, 0);
    rests(&mut world);
    for (ended, by) in [(0, 0), (1, 1), (2, 0), (0, 1)] {
        let kept: Vec<_> = (0..3).filter(|n| *n != ended).collect();
        let before: Vec<_> = kept.iter().map(|n| session(&world, by, &hoods[*n])).collect();
        let gone = session(&world, by, &hoods[ended]);
        world.nodes[by].engine.close_session(gone, CloseReason::Stalled);
        world.run_for(1_000);
        assert!(!met(&world, 0, 1).contains(&hoods[ended]));
        publish(&mut world, 0, &hoods[kept[0]]);
        publish(&mut world, 0, &hoods[ended]);
        world.run_for(2_000);
        agree(&mut world, 0, 1, &hoods[kept[0]]);
        world.run_for(30_000);
        let after: Vec<_> = kept.iter().map(|n| session(&world, by, &hoods[*n])).collect();
        assert_eq!(before, after, "the others went on");
        assert_eq!(met(&world, 0, 1), sorted(&hoods));
        agree(&mut world, 0, 1, &hoods[ended]);
    }
    // The stream ends with the last.
    for hood in &hoods {
        let id = session(&world, 0, hood);
        world.nodes[0].engine.close_session(id, CloseReason::Done);
    }
    world.run_for(1_000);
    assert!(world.network.between(0, Some(1)).is_empty());
}

#[test]
fn an_open_stream_with_nothing_to_say_is_asked_for_life_by_one_session_only() {
    let quiet = |count: usize| {
        let many: Vec<&[usize]> = vec![&[0, 1]; count];
        let (mut world, _) = world(9, &["Anna", "Bo"], &many);
        world.connect(1, 0);
        rests(&mut world);
        world.run_for(10_000);
        let before = world.network.bytes;
        world.run_for(600_000);
        assert_eq!(met(&world, 0, 1).len(), count, "it lives");
        world.network.bytes - before
    };
    let (one, six) = (quiet(1), quiet(6));
    assert!(six < 2 * one, "{six} bytes in six, {one} in one");
}

#[test]
fn a_member_who_opens_channels_without_end_gets_few() {
    let (mut world, hoods) = world(10, &["Anna", "Mallory"], &[&[0, 1], &[0]]);
    world.connect(1, 0);
    rests(&mut world);
    let stream = world.nodes[0].engine.peers()[0].stream;
    let mut answered = 0_u64;
    for round in 0..2_000_u32 {
        let mut nonce = [0; 32];
        world.rng.fill_bytes(&mut nonce);
        nonce[0] = 0x7f;
        let meet = Meet { version: 1, nonce, slots: [nonce; limits::SLOTS] };
        let frame = match round % 5 {
            0..=2 => Frame::Meet(meet).to_bytes(),
            3 => nonce.to_vec(),
            _ => Frame::No(()).to_bytes(),
        };
        let number = [2 * round + 1, round, round + 100_000][round as usize % 3];
        let bytes = Frame::Channel(Channel { number, frame }).to_bytes();
        let now = world.now(0);
        let before = world.network.bytes;
        let it = &mut world.nodes[0];
        it.engine.handle_frame(stream, &bytes, now, &mut it.stores, &mut world.rng);
        world.pump(0);
        answered += world.network.bytes - before;
    }
    let most = limits::CHANNEL_TRIES as u64 * (limits::MEET_FRAME_BYTES as u64 + 2_100);
    assert!(answered < most, "{answered} bytes");
    assert_eq!(world.nodes[0].engine.peers().len(), 1);
    world.run_for(1_000);
    assert_eq!(met(&world, 0, 1), [hoods[0]], "what lived before lives");
}

#[test]
fn the_removed_take_a_few_places_only() {
    let names: Vec<String> = (0..9).map(|n| format!("Person {n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let everybody: Vec<usize> = (0..9).collect();
    let (mut world, hoods) = world(11, &names, &[&everybody]);
    let hood = hoods[0];
    for whom in 2..9 {
        let member = world.nodes[whom].engine.me().member;
        world
            .act(0, &hood, |replica, tx, now, _| Ok(((), replica.remove(tx, now.claimed, member)?)))
            .unwrap();
    }
    world.connect(1, 0);
    for removed in 2..9 {
        world.connect(removed, 0);
        world.connect(removed, 0);
    }
    rests(&mut world);
    let peers = world.nodes[0].engine.peers();
    let devices: BTreeSet<_> = peers.iter().map(|peer| peer.device).collect();
    assert_eq!(peers.len(), 1 + limits::HEARD_SESSIONS);
    assert_eq!(devices.len(), peers.len(), "one of a device");
    assert_eq!(met(&world, 0, 1), [hood], "who is in is not turned away");
}

#[test]
fn nobody_is_told_where_devices_of_another_neighbourhood_are() {
    let (mut world, hoods) = world(12, &["Anna", "Bo", "Cyril"], &[&[0, 1], &[0, 2], &[0, 1]]);
    world.connect(1, 0);
    rests(&mut world);
    let addresses = |node: usize, world: &World| DeviceAddresses {
        device: world.nodes[node].engine.me().keys.id(),
        addresses: vec![format!("/ip4/192.168.1.{node}/tcp/4747")],
    };
    let all = [addresses(0, &world), addresses(2, &world)];
    for hood in [hoods[0], hoods[2]] {
        let on = session(&world, 0, &hood);
        let now = world.now(0);
        let it = &mut world.nodes[0];
        it.engine.tell_addresses(on, &all, now, &mut it.stores, &mut world.rng);
        world.pump(0);
    }
    rests(&mut world);
    let told: Vec<_> = (world.nodes[1].events.iter())
        .filter_map(|event| match event {
            Event::Addresses { hood, devices } => Some((*hood, devices.clone())),
            _ => None,
        })
        .collect();
    let own = (all[0].device, all[0].addresses.clone());
    assert_eq!(told, [(hoods[0], vec![own.clone()]), (hoods[2], vec![own])]);
}

/// Five devices in three neighbourhoods that overlap; they write, meet, are cut off and
/// restarted by chance.
fn street(seed: u64) {
    let members: [&[usize]; 3] = [&[0, 1, 2, 3], &[0, 2, 4], &[3, 0, 1]];
    let (mut world, hoods) = world(seed, &["A", "B", "C", "D", "E"], &members);
    for _ in 0..60 {
        let draw = |world: &mut World, of: usize| world.rng.next_u32() as usize % of;
        let (a, b, n) = (draw(&mut world, 5), draw(&mut world, 5), draw(&mut world, 3));
        match draw(&mut world, 8) {
            0..=2 if members[n].contains(&a) => {
                may_publish(&mut world, a, &hoods[n]);
            }
            3 | 4 if a != b && world.network.between(a, Some(b)).is_empty() => {
                world.connect(a, b);
            }
            5 => world.disconnect(a, b),
            6 if draw(&mut world, 3) == 0 => world.restart(a),
            7 => {
                let peers = world.nodes[a].engine.peers();
                if let Some(peer) = peers.get(draw(&mut world, peers.len().max(1))) {
                    let (session, reason) = (peer.session, CloseReason::Stalled);
                    world.nodes[a].engine.close_session(session, reason);
                }
            }
            _ => {}
        }
        let ms = i64::from(world.rng.next_u32() % 4_000);
        world.run_for(ms);
    }
    // One who is not known yet in the first that is tried comes again, as nodes do.
    for _ in 0..12 {
        for node in 1..5 {
            if world.network.between(0, Some(node)).is_empty() {
                world.connect(node, 0);
            }
        }
        world.run_for(10_000);
    }
    // Long enough for whatever was told no, or ended, to be begun again.
    world.run_for(700_000);
    for (hood, members) in hoods.iter().zip(members) {
        for node in 0..5 {
            let is_in = members.contains(&node);
            assert_eq!(world.nodes[node].engine.replica(hood).is_some(), is_in, "seed {seed}");
            if is_in {
                let (first, it) = (members[0], node);
                let both = [first, it].map(|node| entries(&mut world, node, hood));
                assert_eq!(both[0], both[1], "seed {seed}: {first} and {it} in {hood:?}");
            }
        }
    }
    for node in 1..5 {
        let shared = members.iter().filter(|it| it.contains(&0) && it.contains(&node)).count();
        assert_eq!(met(&world, 0, node).len(), shared, "seed {seed}: 0 and {node}");
        assert_eq!(met(&world, node, 0).len(), shared, "seed {seed}: {node} and 0");
    }
}

#[test]
fn neighbourhoods_that_overlap_agree_each_for_itself_whatever_is_cut() {
    for seed in 100..130 {
        street(seed);
    }
}
