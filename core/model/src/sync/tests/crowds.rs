//! Floods and many sessions.

use super::super::*;
use super::world::World;

#[test]
fn a_flood_in_one_log_delays_the_next_entry_of_another_by_no_more_than_a_window() {
    let mut world = World::new(3);
    world.connect(0, 1);
    world.settle();
    let flood = world.nodes[0].object(1);
    world.write(0, |node| node.write(&flood, 40_000, 200));
    // Until the flood is well under way.
    while world.nodes[1].entries().len() < 2_000 {
        world.step();
        world.timers();
    }
    assert!(world.nodes[1].entries().len() < 30_000);
    let honest = world.nodes[0].object(2);
    world.write(0, |node| node.write(&honest, 1, 5_000));
    let log = {
        let tx = crate::rows::Tx::new(&world.nodes[0].rows);
        crate::journal::logs_of_document(&tx, &honest.id()).unwrap()[0]
    };
    let arrived = |world: &World| {
        let tx = crate::rows::Tx::new(&world.nodes[1].rows);
        crate::journal::log_row(&tx, &log).unwrap().is_some()
    };
    // The announcement waits for its batch; the flood goes on meanwhile.
    let written = world.now;
    let mut after_announcement = 0;
    while !arrived(&world) {
        world.step();
        if world.now >= written.plus_ms(limits::ANNOUNCE_MS) {
            after_announcement += 1;
        }
        assert!(after_announcement < 10, "the flood goes first");
    }
    world.settle();
    assert_eq!(world.nodes[0].entries(), world.nodes[1].entries());
}

#[test]
fn what_a_neighbour_writes_is_told_ahead_of_a_flood_of_logs() {
    let mut world = World::new(3);
    world.connect(0, 1);
    world.connect(2, 0);
    world.settle();
    world.write(0, |node| {
        for number in 0..14_000 {
            let descriptor = node.object(number);
            node.write(&descriptor, 1, 2_000);
        }
    });
    // Until more logs are wanted than announcements are acknowledged for at once.
    let held = |world: &World| {
        let tx = crate::rows::Tx::new(&world.nodes[1].rows);
        crate::journal::position(&tx).unwrap().n
    };
    while held(&world) < 1_500 {
        world.step();
        world.timers();
    }
    world.write(2, |node| node.write_objects(0..1, 1));
    let document = world.nodes[2].object(0);
    let arrived = |world: &World, node: usize| {
        let tx = crate::rows::Tx::new(&world.nodes[node].rows);
        !crate::journal::logs_of_document(&tx, &document.id()).unwrap().is_empty()
    };
    let mut here = None;
    while !arrived(&world, 1) {
        if here.is_none() && arrived(&world, 0) {
            here = Some(world.now);
        }
        assert!(held(&world) < 14_000, "the flood goes first");
        if let Some(here) = here {
            assert!(world.now <= here.plus_ms(limits::ANNOUNCE_MS + 20), "it waits its turn");
        }
        world.step();
        world.timers();
    }
    assert!(here.is_some());
    world.settle();
    world.assert_equal();
}

#[test]
fn a_flood_written_while_others_write_keeps_pages_few() {
    let mut world = World::new(2);
    world.connect(0, 1);
    world.settle();
    let flood = world.nodes[0].object(1);
    for round in 0..40 {
        world.write(0, |node| node.write(&flood, 300, 400));
        world.write(0, |node| node.write_objects(100 + round..101 + round, 1));
        for _ in 0..20 {
            world.step();
        }
    }
    world.settle();
    world.assert_equal();
}

#[test]
fn six_neighbours_with_the_same_news_agree_and_fetch_it_once() {
    let mut world = World::new(7);
    world.nodes[0].write_objects(0..300, 4);
    for peer in 1..6 {
        let (first, rest) = world.nodes.split_at_mut(1);
        rest[peer - 1].copy_of(&first[0]);
    }
    for peer in 0..6 {
        world.connect(6, peer);
    }
    world.settle();
    world.assert_equal();
    let runs: u64 = world.wires.iter().map(|w| w.at_b.stats().payload_bytes_out).sum();
    let mut alone = World::new(2);
    alone.nodes[0].copy_of(&world.nodes[0]);
    alone.connect(1, 0);
    alone.settle();
    let once = alone.wires[0].at_b.stats().payload_bytes_out;
    assert!(runs < once * 5 / 4, "{runs} bytes where {once} are enough");
}

#[test]
fn a_ring_of_nodes_with_random_writes_and_cuts_converges() {
    for seed in 0..20_u64 {
        let mut world = World::new(5);
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut random = move |below: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % below
        };
        for _ in 0..60 {
            let node = random(5) as usize;
            match random(5) {
                0 => world.cut(),
                1 => {
                    let other = (node + 1 + random(4) as usize) % 5;
                    let budget = (random(3) == 0).then(|| random(30) as usize);
                    world.connect_for(node, other, budget);
                }
                _ => world.write(node, |node| {
                    let object = random(6);
                    node.write_objects(object..object + 1, 1 + random(4) as usize);
                }),
            }
            for _ in 0..random(40) {
                world.step();
            }
        }
        world.cut();
        for node in 0..5 {
            world.connect(node, (node + 1) % 5);
        }
        world.settle();
        let first = world.nodes[0].entries();
        assert!(world.nodes.iter().all(|node| node.entries() == first), "seed {seed}");
        assert!(world.nodes.iter().all(|node| node.fetches.is_empty()), "seed {seed}");
    }
}
