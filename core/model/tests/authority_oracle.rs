//! The engine beside a slow model of the same rule, on neighbourhoods drawn at random.

// Shared by several test binaries, each of which uses a part.
#![allow(unreachable_pub, dead_code)]

#[path = "authority/oracle.rs"]
mod oracle;
#[path = "authority/world.rs"]
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use oracle::{Answer, Broken, MemberAnswer};
use palier_model::authority::{Added, Authority, Fact, Reach, Standing, Status};
use rand_core::Rng;
use world::{HOOD, World, draw, draw_with_groups};

/// What the engine says, in the oracle's words.
fn said(authority: &Authority, world: &World, facts: &[Arc<Fact>]) -> Answer {
    let mut counts = BTreeSet::new();
    let mut settled = BTreeSet::new();
    for fact in facts {
        match authority.explain(&fact.hash) {
            Standing::Counts => {
                counts.insert(fact.hash);
                settled.insert(fact.hash);
            }
            Standing::Void(_) => {
                settled.insert(fact.hash);
            }
            Standing::Waiting | Standing::Unknown => {}
        }
    }
    let members: BTreeMap<_, _> = authority
        .members()
        .map(|(id, member)| {
            let status = match member.status {
                Status::Active => "active",
                Status::Removed => "removed",
                Status::Left => "left",
            };
            let roles = member.roles.iter().collect();
            (*id, MemberAnswer { status, roles, home: member.home })
        })
        .collect();
    let mut active_devices = BTreeSet::new();
    for id in members.keys() {
        for (device, known) in authority.devices_of(id) {
            if known.is_active {
                active_devices.insert((*id, device));
            }
        }
    }
    let groups = authority
        .groups()
        .map(|(id, group)| (*id, (group.founder, authority.managers(id))))
        .collect();
    let mut reach = BTreeMap::new();
    for (log, start) in &world.promises {
        if let Reach::UpTo(tip) = authority.closing_of(log, start) {
            reach.insert(*log, (tip.seq, tip.hash));
        }
    }
    Answer { counts, settled, members, active_devices, groups, reach }
}

fn shuffle(world: &mut World, facts: &mut [Arc<Fact>]) {
    for at in (1..facts.len()).rev() {
        facts.swap(at, (world.rng.next_u64() % (at as u64 + 1)) as usize);
    }
}

/// The facts of a world as some node holds them: in any order, perhaps not all.
fn held(world: &mut World) -> Vec<Arc<Fact>> {
    let mut facts = world.facts.clone();
    facts.truncate(oracle::MOST);
    shuffle(world, &mut facts);
    if world.chance(25) {
        let keep = facts.len() - world.below(4);
        facts.truncate(keep);
    }
    facts
}

/// Every second neighbourhood has groups.
fn drawn(seed: u64) -> World {
    if seed % 2 == 1 { draw_with_groups(seed) } else { draw(seed / 2) }
}

fn compare(seed: u64, broken: Broken) -> Result<(), String> {
    let mut world = drawn(seed);
    let facts = held(&mut world);
    let all = facts.iter().cloned().chain(world.promise_facts());
    let engine = Authority::compute(HOOD, world.root, all);
    let refs: Vec<&Fact> = facts.iter().map(Arc::as_ref).collect();
    let expected = oracle::answer(HOOD, world.root, &refs, &world.promises, broken);
    let got = said(&engine, &world, &facts);
    if got == expected { Ok(()) } else { Err(format!("seed {seed}: {got:?}\n!=\n{expected:?}")) }
}

/// Graphs in the ordinary test; `PALIER_GRAPHS=100000` for a long run.
fn graphs() -> u64 {
    std::env::var("PALIER_GRAPHS").ok().and_then(|n| n.parse().ok()).unwrap_or(3_000)
}

#[test]
fn the_engine_says_what_the_slow_model_says() {
    for seed in 0..2 * graphs() {
        if let Err(difference) = compare(seed, Broken::Nothing) {
            panic!("{difference}");
        }
    }
}

#[test]
fn a_broken_rule_is_noticed() {
    for broken in [
        Broken::Entitled,
        Broken::Forgotten,
        Broken::StrongRemoval,
        Broken::TieRule,
        Broken::Closing,
        Broken::Reach,
        Broken::Seconders,
        Broken::Circle,
        Broken::AnyManager,
        Broken::AnyRemoves,
        Broken::StaysManager,
    ] {
        let noticed = (0..6_000).find(|seed| compare(*seed, broken).is_err());
        let graphs = noticed.map(|seed| seed + 1);
        assert!(graphs.is_some(), "{broken:?} went unnoticed");
        eprintln!("{broken:?}: noticed at graph {graphs:?}");
    }
}

#[test]
fn one_act_at_a_time_in_any_order_gives_what_all_at_once_gives() {
    for seed in 0..graphs() / 10 {
        let mut world = drawn(seed);
        let mut facts = held(&mut world);
        if seed / 2 % 2 == 0 {
            facts = world.facts.clone();
        }
        facts.extend(world.promise_facts());
        shuffle(&mut world, &mut facts);
        let mut grown = Authority::compute(HOOD, world.root, []);
        for (n, fact) in facts.iter().enumerate() {
            grown.add(fact.clone());
            let whole = Authority::compute(HOOD, world.root, facts[..=n].iter().cloned());
            assert_eq!(
                said(&grown, &world, &facts),
                said(&whole, &world, &facts),
                "seed {seed}, act {n}"
            );
        }
        let known = facts.iter().find(|fact| world.facts.contains(fact)).unwrap().clone();
        assert_eq!(grown.add(known), Added::Known);
        let (first, rest) = facts.split_at(facts.len() / 2);
        let mut halves = Authority::compute(HOOD, world.root, first.iter().cloned());
        halves.add_all(rest.iter().cloned());
        assert_eq!(said(&halves, &world, &facts), said(&grown, &world, &facts), "seed {seed}");
    }
}
