//! Hostile bytes: whatever comes, no panic, and no memory beyond the limits.

use super::super::*;
use super::world::{World, drain, with_context};
use crate::time::Instant;

struct Random(u64);

impl Random {
    fn below(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below.max(1) as u64) as usize
    }
}

/// Frames of honest sessions, in both directions.
fn recorded() -> Vec<Vec<u8>> {
    let mut world = World::new(2);
    world.nodes[0].charter(4);
    world.nodes[0].write_objects(0..60, 2);
    world.nodes[1].write_objects(0..30, 2);
    let peers = PeerIds { initiator: vec![0; 38], responder: vec![1; 38] };
    let now = world.now;
    let mut a = world.nodes[0].session(now, Role::Initiator, &peers);
    let mut b = world.nodes[1].session(now, Role::Responder, &peers);
    let mut all = Vec::new();
    let (mut to_b, _) = drain(&mut world.nodes[0], &mut a, now);
    loop {
        let mut to_a = Vec::new();
        for bytes in to_b.drain(..) {
            with_context(&mut world.nodes[1], now, |c| b.handle_frame(&bytes, c));
            to_a.extend(drain(&mut world.nodes[1], &mut b, now).0);
            all.push(bytes);
        }
        for bytes in to_a {
            with_context(&mut world.nodes[0], now, |c| a.handle_frame(&bytes, c));
            to_b.extend(drain(&mut world.nodes[0], &mut a, now).0);
            all.push(bytes);
        }
        if to_b.is_empty() {
            break;
        }
    }
    all
}

fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..1 + random.below(3) {
        let at = random.below(bytes.len());
        match random.below(6) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][random.below(5)],
            2 => bytes.truncate(at.max(1)),
            3 => bytes.insert(at, random.below(256) as u8),
            4 => {
                let end = (at + random.below(40)).min(bytes.len());
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            _ => {
                let end = (at + random.below(40)).min(bytes.len());
                bytes.drain(at..end);
                if bytes.is_empty() {
                    bytes.push(0x15);
                }
            }
        }
    }
}

/// Mutants of one run of the test; PALIER_MUTANTS asks for more.
fn mutants() -> usize {
    std::env::var("PALIER_MUTANTS").ok().and_then(|n| n.parse().ok()).unwrap_or(2_000)
}

#[test]
fn mutated_frames_never_panic_nor_grow_without_bound() {
    let frames = recorded();
    let after_meeting: Vec<_> = frames.iter().filter(|f| f[0] < 0x80).cloned().collect();
    assert!(after_meeting.len() > 15);
    let mut random = Random(7);
    let total = mutants();
    let mut done = 0;
    let mut survived = 0_usize;
    let mut world = World::new(2);
    world.nodes[0].charter(4);
    world.nodes[0].write_objects(0..20, 2);
    world.nodes[1].write_objects(0..20, 2);
    let rows = [world.nodes[0].rows.clone(), world.nodes[1].rows.clone()];
    while done < total {
        let victim = random.below(2);
        for (node, rows) in world.nodes.iter_mut().zip(&rows) {
            node.rows = rows.clone();
            node.accepts.clear();
            node.others.clear();
        }
        let wire = world.connect(0, 1);
        for _ in 0..4 + random.below(12) {
            world.step();
        }
        // Until the victim gives up, it is fed mutants of what honest peers say.
        let fed = 1 + random.below(60);
        for _ in 0..fed {
            let pool = if random.below(8) == 0 { &frames } else { &after_meeting };
            let mut bytes = pool[random.below(pool.len())].clone();
            if random.below(20) > 0 {
                mutate(&mut bytes, &mut random);
            }
            let now = world.now.plus_ms(random.below(3_000) as i64);
            world.now = now;
            let (node, session) = if victim == 0 {
                (&mut world.nodes[0], &mut world.wires[wire].at_a)
            } else {
                (&mut world.nodes[1], &mut world.wires[wire].at_b)
            };
            with_context(node, now, |c| session.handle_frame(&bytes, c));
            if random.below(4) == 0 {
                with_context(node, now, |c| session.handle_timeout(c));
            }
            let (sent, _) = drain(node, session, now);
            let bytes: usize = sent.iter().map(Vec::len).sum();
            assert!(bytes <= limits::RUNS_WINDOW_BYTES + limits::NEWS_WINDOW_BYTES + (1 << 20));
            done += 1;
            if session.is_over() {
                break;
            }
            survived += 1;
        }
        world.cut();
        assert!(world.nodes.iter().all(|node| node.fetches.is_empty()));
    }
    assert!(survived > total / 10, "{survived} of {total} got past the first door");
    // Nothing stored breaks what comes after.
    world.connect(0, 1);
    world.settle();
    world.assert_equal();
}

#[test]
fn random_bytes_as_the_first_frames_get_a_no_and_nothing_else() {
    let mut random = Random(3);
    let mut world = World::new(1);
    let peers = PeerIds { initiator: vec![9; 38], responder: vec![1; 38] };
    let frames = recorded();
    for _ in 0..2_000 {
        let mut session = world.nodes[0].session(Instant(0), Role::Responder, &peers);
        for _ in 0..4 {
            let mut bytes = frames[random.below(frames.len().min(4))].clone();
            mutate(&mut bytes, &mut random);
            with_context(&mut world.nodes[0], Instant(0), |c| session.handle_frame(&bytes, c));
            for frame in drain(&mut world.nodes[0], &mut session, Instant(0)).0 {
                let len = frame.len();
                assert!(len == limits::MEET_FRAME_BYTES || len == limits::PROOF_FRAME_BYTES);
            }
        }
        assert!(session.peer_device().is_none());
    }
}

#[test]
fn negentropy_of_hostile_bytes_is_bounded() {
    let mut world = World::new(1);
    world.nodes[0].write_objects(0..500, 1);
    let snapshot = || {
        let tx = crate::rows::Tx::new(&world.nodes[0].rows);
        reconcile::Snapshot::take(&tx, &Interest::full()).unwrap()
    };
    let honest = reconcile::Reconciler::new(snapshot()).start().unwrap();
    let mut random = Random(11);
    let mut side = reconcile::Reconciler::new(snapshot());
    for _ in 0..5_000 {
        let mut bytes = honest.clone();
        mutate(&mut bytes, &mut random);
        side.round = 0;
        if let Ok(answer) = side.answer(&bytes) {
            assert!(answer.len() < limits::RECONCILE_BYTES + 4_096);
        }
    }
    side.round = limits::RECONCILE_ROUNDS;
    assert_eq!(side.answer(&honest), Err(reconcile::Failed::TooLong));
}

#[test]
fn a_peer_that_sends_more_than_its_window_is_closed() {
    let mut world = World::new(2);
    world.connect(0, 1);
    world.settle();
    // Runs that are never committed may not go on for ever.
    let now = world.now;
    let mut runs = Vec::new();
    {
        let node = &mut world.nodes[0];
        let object = node.object(77);
        node.write(&object, 60, 2_000);
        let tx = crate::rows::Tx::new(&node.rows);
        let log = crate::journal::logs_of_document(&tx, &object.id()).unwrap()[0];
        for run in crate::journal::Run::collect(&tx, &log, &[], 100_000).unwrap() {
            runs.push(serde_bytes::ByteBuf::from(run.to_bytes()));
        }
    }
    let bytes = Frame::Runs(frame::Runs { runs, done: Vec::new() }).to_bytes();
    assert!(bytes.len() > 60_000);
    let session = &mut world.wires[0].at_b;
    let mut sent = 0;
    while !session.is_over() {
        with_context(&mut world.nodes[1], now, |c| session.handle_frame(&bytes, c));
        sent += bytes.len();
        assert!(sent < 8 << 20);
    }
}
