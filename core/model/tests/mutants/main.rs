//! What a member may send that got past the first door: entries of every class and
//! kind, mutated in their structure, hashed and signed anew, and session frames in any
//! state and order, against a device with charter, listings, bookings and members.
//!
//! No panic, nothing slow, nothing large; and after every round of mutants the device
//! publishes, edits and decides, an honest neighbour gets it, and what it read as it came
//! is what it reads again. `PALIER_MUTANTS` says how many, `PALIER_MUTANTS_FROM` from
//! which round; a failure names the round that plays it again.
#![cfg(feature = "sim")]

mod attack;
mod bearer;
mod bombs;
mod frames;
mod mutate;
mod pen;
mod scene;
mod waiting;

use std::panic::{AssertUnwindSafe, catch_unwind};

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use attack::Attack;
use scene::Scene;

/// Mutants of one round.
const ROUND: u64 = 250;
/// What a device may grow by while it is fed.
const MEMORY_LIMIT_KIB: u64 = 64 << 10;

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[test]
fn whatever_a_member_signs_the_next_honest_act_arrives() {
    let from = setting("PALIER_MUTANTS_FROM", 0);
    let rounds = setting("PALIER_MUTANTS", 3_000).div_ceil(ROUND);
    let mut scene = Scene::new();
    let mut totals = attack::Totals::default();
    let mut base = None;
    for round in from..from + rounds {
        let played = catch_unwind(AssertUnwindSafe(|| {
            scene.reset();
            let rng = ChaCha20Rng::seed_from_u64(round);
            let mut attack = Attack::new(&mut scene, rng, &mut totals);
            for _ in 0..ROUND {
                attack.mutant();
            }
            attack.end();
            scene.check(round);
        }));
        if let Err(panic) = played {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|it| (*it).to_owned()));
            let text = text.unwrap_or_default();
            panic!("PALIER_MUTANTS_FROM={round} PALIER_MUTANTS={ROUND}: {text}");
        }
        // The allocator has warmed up after a few rounds.
        if round == from + 3 {
            base = Some(resident_kib());
        }
        let grown = base.map_or(0, |base| resident_kib().saturating_sub(base));
        assert!(grown < MEMORY_LIMIT_KIB, "round {round}: {grown} KiB more than at first");
        if (round + 1 - from).is_multiple_of(200) {
            eprintln!("{} rounds: {totals:?}, {grown} KiB", round + 1 - from);
        }
    }
    eprintln!("{rounds} rounds: {totals:?}");
    assert!(totals.accepted > totals.mutants / 10, "too few get past the first door");
}
