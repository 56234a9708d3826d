//! Figures of `PROTOCOL.md` §8 and the targets P2–P4, as tests of their bounds. Run with
//! `--nocapture` to see them.

#![allow(clippy::print_stdout)]

use super::world::World;

/// Two nodes that hold the same `logs` and have read each other.
fn acquainted(logs: u64) -> World {
    let mut world = World::new(2);
    world.nodes[0].write_objects(0..logs, 1);
    let (a, b) = world.nodes.split_at_mut(1);
    b[0].copy_of(&a[0]);
    world.connect(0, 1);
    world.settle();
    world.cut();
    world
}

/// Connects, runs until both are caught up and all is equal; counts half round trips and
/// bytes after the meeting.
fn reconnect(world: &mut World) -> (u32, u64, u64, u64) {
    let wire = world.connect(0, 1);
    while world.wires[wire].at_a.peer_device().is_none() {
        world.step();
    }
    let meeting: u64 = 2 * (290 + 1_024);
    let (caught, trips) = ([world.nodes[0].caught_up, world.nodes[1].caught_up], world.trips);
    let mut last = 0;
    loop {
        let more = world.step();
        let up = world.nodes[0].caught_up > caught[0] && world.nodes[1].caught_up > caught[1];
        if up && last == 0 {
            last = world.trips - trips;
        }
        if !more {
            break;
        }
    }
    world.assert_equal();
    let a = world.wires[wire].at_a.stats();
    let b = world.wires[wire].at_b.stats();
    let all = a.bytes_out + b.bytes_out - meeting;
    let payload = a.payload_bytes_out + b.payload_bytes_out;
    (last, all - payload, payload, a.logs_opened.max(b.logs_opened))
}

#[test]
fn a_quiet_reconnect_is_one_small_round_trip_however_many_logs() {
    let mut sizes = Vec::new();
    for logs in [100, 1_000, 10_000] {
        let mut world = acquainted(logs);
        let (trips, bytes, payload, opened) = reconnect(&mut world);
        println!("quiet, {logs} logs: {trips} half trips, {bytes} B, {opened} logs opened");
        assert!(trips <= 2, "{trips} half trips");
        assert!(bytes <= 1_024, "{bytes} bytes");
        assert_eq!((payload, opened), (0, 0));
        sizes.push(bytes);
    }
    assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 16);
}

#[test]
fn one_percent_changed_is_two_round_trips_and_opens_only_those_logs() {
    for logs in [1_000, 10_000] {
        let mut world = acquainted(logs);
        world.nodes[0].write_objects(0..logs / 100, 1);
        let (trips, bytes, payload, opened) = reconnect(&mut world);
        println!("1 % of {logs}: {trips} half trips, {bytes} B beside {payload} B, {opened} logs");
        assert!(trips <= 4, "{trips} half trips");
        assert!(bytes <= 10_000, "{bytes} bytes");
        // Announced, wanted, or looked at for what is held: each of the changed ones.
        assert!(opened <= 2 * logs / 100, "{opened} logs opened");
    }
}

#[test]
fn strangers_with_one_percent_difference_need_four_round_trips_and_150_kb() {
    let mut world = World::new(2);
    let logs = 10_000;
    world.nodes[0].write_objects(0..logs, 1);
    let (a, b) = world.nodes.split_at_mut(1);
    b[0].copy_of(&a[0]);
    a[0].write_objects(0..logs / 200, 1);
    b[0].write_objects(0..logs / 200, 1);
    let (trips, bytes, payload, opened) = reconnect(&mut world);
    println!("strangers, 1 %: {trips} half trips, {bytes} B beside {payload} B, {opened} logs");
    assert!(trips <= 8, "{trips} half trips");
    assert!(bytes <= 150_000, "{bytes} bytes");
}

#[test]
fn a_first_sync_costs_little_beside_its_entries() {
    let mut world = World::new(2);
    world.nodes[0].charter(10);
    world.nodes[0].write_objects(0..4_000, 5);
    let begun = std::time::Instant::now();
    let (trips, bytes, payload, _) = reconnect(&mut world);
    println!(
        "first sync of 4,000 logs: {trips} half trips, {bytes} B beside {payload} B, {:?}",
        begun.elapsed()
    );
    assert!(bytes < payload / 4, "{bytes} beside {payload}");
}
