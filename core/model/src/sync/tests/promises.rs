//! What a session promises, one promise a test.

use super::super::*;
use super::world::{HOOD, World, with_context};
use crate::journal::Descriptor;
use crate::rows::{Table, Tx};

#[test]
fn strangers_end_up_with_equal_sets() {
    let mut world = World::new(2);
    world.nodes[0].charter(3);
    world.nodes[0].write_objects(0..40, 3);
    world.nodes[1].charter(2);
    world.nodes[1].write_objects(0..70, 2);
    world.connect(0, 1);
    world.settle();
    world.assert_equal();
    assert_eq!((world.nodes[0].caught_up, world.nodes[1].caught_up), (1, 1));
    assert!(world.nodes.iter().all(|node| node.fetches.is_empty()));
}

#[test]
fn a_third_gets_what_a_second_brought() {
    let mut world = World::new(3);
    world.nodes[0].write_objects(0..20, 2);
    world.nodes[2].write_objects(0..20, 2);
    world.connect(0, 1);
    world.connect(1, 2);
    world.settle();
    world.assert_equal();
    world.write(0, |node| node.write_objects(5..8, 1));
    world.settle();
    world.assert_equal();
}

#[test]
fn charter_and_identity_come_before_anything_else() {
    let mut world = World::new(2);
    world.nodes[0].write_objects(0..30, 5);
    let member = crate::keys::MemberId(world.nodes[0].author.device.0);
    world.nodes[0].write(&Descriptor::identity(HOOD.hash(), member), 30, 100);
    world.nodes[0].charter(30);
    world.connect(0, 1);
    world.settle();
    world.assert_equal();
    let tx = Tx::new(&world.nodes[1].rows);
    let mut seen_other = false;
    for (_, hash) in crate::journal::since(&tx, 0, 10_000).unwrap() {
        let place = tx.row::<crate::journal::EntryPlaces>(&hash).unwrap().unwrap();
        let row = crate::journal::log_row(&tx, &place.log).unwrap().unwrap();
        let first = row.start.descriptor.class.comes_first();
        assert!(!(first && seen_other), "an act after other entries");
        seen_other |= !first;
    }
}

#[test]
fn what_is_new_is_announced_within_one_batch_window() {
    let mut world = World::new(2);
    world.nodes[0].write_objects(0..5, 1);
    world.connect(0, 1);
    world.settle();
    let before = world.now;
    world.write(0, |node| node.write_objects(2..3, 1));
    let at = before.plus_ms(limits::ANNOUNCE_MS);
    while world.now < at {
        world.step();
    }
    world.step();
    world.step();
    world.assert_equal();
    // Small, so it came with its announcement: nobody asked for anything.
    assert!(world.now.0 - before.0 <= limits::ANNOUNCE_MS + 3);
}

#[test]
fn what_came_from_a_peer_is_not_told_back() {
    let mut world = World::new(2);
    world.nodes[0].write_objects(0..200, 3);
    world.connect(0, 1);
    world.settle();
    let told = world.wires[0].at_b.stats().bytes_out;
    // Meeting, hello, reconciliation, wants and acks; the 200 logs would add 7 KB.
    assert!(told < 20_000, "{told}");
    world.cut();
    world.connect(0, 1);
    world.settle();
    let stats = world.wires[0].at_b.stats();
    assert_eq!(stats.reconcile_rounds, 0, "both cursors are good");
}

#[test]
fn a_large_entry_is_pulled_from_one_neighbour_only() {
    let mut world = World::new(4);
    world.nodes[0].write_objects(0..3, 1);
    for other in 1..4 {
        let (first, rest) = world.nodes.split_at_mut(1);
        rest[other - 1].copy_of(&first[0]);
    }
    // 1 and 2 get it first, then both announce it to 3.
    world.connect(0, 1);
    world.connect(0, 2);
    world.settle();
    world.connect(1, 3);
    world.connect(2, 3);
    world.settle();
    world.write(0, |node| {
        let object = node.object(1);
        node.write(&object, 1, 40_000);
    });
    world.settle();
    world.assert_equal();
    let runs: u64 = world
        .wires
        .iter()
        .filter(|wire| wire.b == 3)
        .map(|wire| wire.at_a.stats().payload_bytes_out)
        .sum();
    assert!((40_000..60_000).contains(&runs), "{runs}");
}

#[test]
fn a_connection_cut_at_every_frame_goes_on_where_it_stopped() {
    let mut cuts = 0;
    for budget in 0..400 {
        let mut world = World::new(2);
        world.nodes[0].charter(3);
        world.nodes[0].write_objects(0..12, 30);
        world.nodes[1].write_objects(0..40, 2);
        world.connect_for(0, 1, Some(budget));
        world.settle_within(1_000);
        let carried = world.wires[0].carried;
        world.cut();
        assert!(world.nodes.iter().all(|node| node.fetches.is_empty()));
        // The other way round, and cut once more.
        world.connect_for(1, 0, Some(budget / 2));
        world.settle_within(1_000);
        world.cut();
        world.connect(0, 1);
        world.settle();
        world.assert_equal();
        if carried < budget {
            break;
        }
        cuts += 1;
    }
    assert!(cuts > 15, "{cuts} cuts");
}

#[test]
fn what_was_taken_before_a_cut_is_not_sent_again() {
    let mut world = World::new(2);
    world.nodes[0].write_objects(0..400, 30);
    world.connect(0, 1);
    let mut bytes = 0;
    for _ in 0..30 {
        for _ in 0..9 {
            world.step();
        }
        bytes += world.wires[0].at_a.stats().payload_bytes_out;
        world.cut();
        world.connect(0, 1);
    }
    world.settle();
    world.assert_equal();
    bytes += world.wires[0].at_a.stats().payload_bytes_out;
    let mut alone = World::new(2);
    alone.nodes[0].copy_of(&world.nodes[0]);
    alone.connect(0, 1);
    alone.settle();
    let once = alone.wires[0].at_a.stats().payload_bytes_out;
    // What was under way at each cut, at most one window.
    assert!(bytes < once * 3, "{bytes} where {once} are enough");
}

#[test]
fn a_restored_store_is_compared_anew_and_loses_nothing() {
    let mut world = World::new(2);
    world.nodes[0].write_objects(0..20, 2);
    world.connect(0, 1);
    world.settle();
    let old = world.nodes[1].rows.clone();
    world.write(0, |node| node.write_objects(0..20, 1));
    world.write(1, |node| node.write_objects(100..110, 1));
    world.settle();
    world.cut();
    // An old copy is put back: new store, as the node does.
    world.nodes[1].rows = old;
    world.nodes[1].store = StoreId([99; 16]);
    world.connect(0, 1);
    world.settle();
    world.assert_equal();
}

#[test]
fn an_old_copy_that_kept_its_store_id_is_found_out_by_its_hash() {
    let mut world = World::new(2);
    world.nodes[0].write_objects(0..20, 2);
    world.connect(0, 1);
    world.settle();
    let old = world.nodes[1].rows.clone();
    world.write(1, |node| node.write_objects(100..110, 1));
    world.settle();
    world.cut();
    world.nodes[1].rows = old;
    world.nodes[1].write_objects(200..215, 1);
    world.connect(0, 1);
    world.settle();
    world.assert_equal();
}

#[test]
fn a_fork_travels_with_both_branches() {
    let mut world = World::new(3);
    world.nodes[0].write_objects(0..3, 4);
    world.connect(0, 1);
    world.settle();
    world.cut();
    // A clone goes on from the same point.
    let (first, rest) = world.nodes.split_at_mut(2);
    rest[0].rows = first[0].rows.clone();
    rest[0].author = first[0].author.clone();
    let object = first[0].object(1);
    first[0].write(&object, 5, 100);
    rest[0].write(&object, 70, 90);
    // The clone is the same device, so it meets the other through node 1.
    world.connect(0, 1);
    world.connect(1, 2);
    world.settle();
    world.assert_equal();
    let tx = Tx::new(&world.nodes[1].rows);
    let forked = world.nodes[1]
        .rows
        .table(Table::Logs)
        .filter_map(|(key, _)| crate::keys::LogId::from_slice(key))
        .filter(|log| !crate::journal::log_row(&tx, log).unwrap().unwrap().is_linear())
        .count();
    assert_eq!(forked, 1);
}

#[test]
fn a_log_with_more_branches_than_fit_the_fingerprints_still_travels() {
    let mut world = World::new(2);
    world.nodes[0].write_objects(0..3, 2);
    let base = world.nodes[0].rows.clone();
    let object = world.nodes[0].object(1);
    let mut whole = super::world::Node::new(1);
    whole.rows = base.clone();
    for branch in 0..12 {
        let mut clone = super::world::Node::new(1);
        clone.rows = base.clone();
        clone.write(&object, 1, 50 + branch);
        let tx = Tx::new(&clone.rows);
        let log = crate::journal::logs_of_document(&tx, &object.id()).unwrap()[0];
        let runs = crate::journal::Run::collect(&tx, &log, &[], 1 << 20).unwrap();
        let mut tx = Tx::new(&whole.rows);
        for run in &runs {
            crate::journal::accept(&mut tx, &whole.rights, run).unwrap();
        }
        let writes = tx.into_writes();
        whole.rows.commit(writes);
    }
    world.nodes[0].rows = whole.rows;
    world.nodes[1].write_objects(0..2, 1);
    world.connect(1, 0);
    world.settle();
    world.assert_equal();
    // And by the cursor, and quietly the next time.
    world.cut();
    world.connect(0, 1);
    world.settle();
    assert_eq!(world.wires[0].at_a.stats().payload_bytes_out, 0);
}

#[test]
fn entries_of_an_author_not_known_yet_are_fetched_when_he_is() {
    let mut world = World::new(3);
    world.nodes[0].write_objects(0..10, 2);
    world.nodes[1].rights.unknown = vec![world.nodes[0].author.device];
    world.nodes[1].write_objects(0..4, 1);
    world.connect(0, 1);
    world.settle();
    assert!(world.nodes[1].entries().len() < world.nodes[0].entries().len());
    // Reconnecting before he is known asks again, and is refused again.
    world.cut();
    world.connect(0, 1);
    world.settle();
    assert!(world.nodes[1].entries().len() < world.nodes[0].entries().len());
    // Nothing happens as long as nothing was learned; then an act comes, by any way.
    let rounds = world.wires[0].at_a.stats().reconcile_rounds;
    world.nodes[1].rights.unknown.clear();
    world.write(1, |node| node.write_objects(40..41, 1));
    world.settle_within(50_000);
    assert_eq!(world.wires[0].at_a.stats().reconcile_rounds, rounds);
    world.write(1, |node| node.charter(1));
    world.settle_within(50_000);
    assert_eq!(world.nodes[0].entries(), world.nodes[1].entries());
}

#[test]
fn what_is_refused_for_good_is_asked_for_once() {
    let mut world = World::new(2);
    world.nodes[0].write_objects(0..10, 2);
    world.nodes[1].rights.refused = vec![world.nodes[0].author.device];
    world.connect(0, 1);
    world.settle();
    world.cut();
    world.connect(0, 1);
    world.settle();
    assert_eq!(world.wires[0].at_a.stats().payload_bytes_out, 0);
    assert_eq!(world.wires[0].at_a.stats().reconcile_rounds, 0);
}

#[test]
fn a_long_log_refused_for_good_does_not_keep_the_cursor_from_moving() {
    let mut world = World::new(2);
    world.nodes[1].rights.refused = vec![world.nodes[0].author.device];
    let object = world.nodes[0].object(1);
    // It comes in several runs, of which only the first shows whose it is.
    world.nodes[0].write(&object, 200, 1_000);
    world.connect(0, 1);
    world.settle();
    world.cut();
    world.connect(0, 1);
    world.settle();
    assert_eq!(world.wires[0].at_a.stats().payload_bytes_out, 0);
    assert_eq!(world.wires[0].at_a.stats().reconcile_rounds, 0);
}

#[test]
fn the_peer_is_said_to_have_read_only_what_it_stored() {
    let mut world = World::new(2);
    world.nodes[0].write_objects(0..10, 2);
    world.connect(0, 1);
    world.settle();
    let n = crate::journal::position(&Tx::new(&world.nodes[0].rows)).unwrap().n;
    assert_eq!(world.nodes[0].peer_read, n);
    // One that refuses for now has not read.
    world.nodes[1].rights.cap = Some(3);
    world.nodes[1].rights.unknown = vec![world.nodes[0].author.device];
    world.write(0, |node| node.write_objects(50..51, 1));
    world.settle();
    assert_eq!(world.nodes[0].peer_read, n);
}

#[test]
fn a_blob_cut_in_the_middle_goes_on_at_the_chunk_where_it_stopped() {
    let bytes: Vec<u8> = (0..500_000_u32).map(|i| (i % 253) as u8).collect();
    let mut world = World::new(2);
    let mut tx = Tx::new(&world.nodes[0].rows);
    let id = blob::put(&mut tx, &bytes).unwrap();
    let writes = tx.into_writes();
    world.nodes[0].rows.commit(writes);
    let fetch = |world: &mut World, carried: Option<usize>| {
        let wire = world.connect(1, 0);
        world.settle();
        let held = Tx::new(&world.nodes[1].rows).row::<blob::Blobs>(&id).unwrap();
        let held = held.map_or(0, |row| row.held);
        let now = world.now;
        let session = &mut world.wires[wire].at_a;
        assert!(with_context(&mut world.nodes[1], now, |c| session.fetch_blob(id, held, c)));
        world.wires[wire].budget = carried;
        world.timers();
        world.step();
        world.settle_within(1_000);
        world.cut();
    };
    fetch(&mut world, Some(5));
    let before = world.nodes[1].blob_bytes;
    assert!(before > 0 && before < bytes.len());
    fetch(&mut world, None);
    assert_eq!(world.nodes[1].blob_bytes, bytes.len(), "no chunk came twice");
    let held = blob::read(&Tx::new(&world.nodes[1].rows), &id).unwrap();
    assert_eq!(held, Some(bytes));
    assert!(world.nodes[1].others.contains(&format!("BlobDone({id:?})")));
}

#[test]
fn addresses_reach_the_other_side() {
    let mut world = World::new(2);
    world.connect(0, 1);
    world.settle();
    let device = world.nodes[0].author.device;
    let list = [DeviceAddresses { device, addresses: vec!["/ip4/10.0.0.1/tcp/9".into()] }];
    world.wires[0].at_a.tell_addresses(&list);
    let pass = |world: &mut World| {
        world.timers();
        world.flow();
        world.settle();
    };
    pass(&mut world);
    let heard = |world: &World, node: usize| {
        world.nodes[node].others.iter().filter(|other| other.contains("10.0.0.1")).count()
    };
    assert_eq!(heard(&world, 1), 1);
    // Said again by either side, it is news to nobody; where it changed, it is.
    world.wires[0].at_a.tell_addresses(&list);
    world.wires[0].at_b.tell_addresses(&list);
    pass(&mut world);
    assert_eq!((heard(&world, 0), heard(&world, 1)), (0, 1));
    let moved = ["/ip4/10.0.0.1/tcp/10".into()];
    let moved = [DeviceAddresses { device, addresses: moved.into() }];
    world.wires[0].at_a.tell_addresses(&moved);
    pass(&mut world);
    assert_eq!(heard(&world, 1), 2);
}

#[test]
fn a_peer_that_falls_silent_is_given_up_and_an_idle_one_costs_little() {
    let mut world = World::new(2);
    world.connect(0, 1);
    world.settle();
    let before = world.wires[0].at_a.stats();
    let begun = world.now;
    while world.now < begun.plus_ms(10 * 60_000) {
        world.now = world.now.plus_ms(1_000);
        world.step();
        world.step();
    }
    let after = world.wires[0].at_a.stats();
    let bytes = after.bytes_in + after.bytes_out - before.bytes_in - before.bytes_out;
    assert!(bytes < 10 * 100, "{bytes} bytes in ten idle minutes");
    world.wires[0].budget = Some(0);
    world.settle_within(200_000);
    assert!(world.wires[0].at_a.is_over() && world.wires[0].at_b.is_over());
}
