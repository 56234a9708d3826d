//! Time, opening hours and prices against slow and obvious oracles that share no code
//! with the engine: clocks of five zones laid out minute by minute, calendars walked day
//! by day, prices by trying everything.
//!
//! `PALIER_TIME_CASES=1000000 cargo test --release -p palier-model --test time_oracles`
//! runs more; a failure prints the seed, which `PALIER_FIRST` replays.

#![allow(clippy::print_stdout)]

mod availability;
mod clocks;
mod dice;
mod opening;
mod price;
mod recurrence;

use std::time::Instant as Clock;

use dice::Dice;

/// Random cases on each run.
const CASES: u64 = 50_000;

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

/// Runs a case for each seed and says how many and how long.
fn each_seed(what: &str, case: impl FnMut(&mut Dice, u64)) {
    each_share(1, what, case);
}

/// The same, where one case tries as much as `weight` others.
fn each_share(weight: u64, what: &str, mut case: impl FnMut(&mut Dice, u64)) {
    let (first, cases) = (number("PALIER_FIRST", 0), number("PALIER_TIME_CASES", CASES) / weight);
    let begun = Clock::now();
    for seed in first..first + cases {
        case(&mut Dice::new(seed), seed);
    }
    println!("{what}: {cases} cases from {first} in {:.1} s", begun.elapsed().as_secs_f32());
}
