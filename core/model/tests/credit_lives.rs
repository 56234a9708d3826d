//! Whole neighbourhoods in which minutes are given and passed between devices: whatever
//! befalls, all agree on every balance, and what is read again is what was read.
//!
//! `PALIER_CREDIT_SEEDS` says how many seeds, `PALIER_CREDIT_FROM` the first one.
#![cfg(feature = "sim")]

use palier_model::sim::play_credits;

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn every_life_with_credits_ends_in_agreement() {
    let from = setting("PALIER_CREDIT_FROM", 0);
    let mut entries = 0;
    for seed in from..from + setting("PALIER_CREDIT_SEEDS", 60) {
        match play_credits(seed) {
            Ok(report) => entries += report.entries,
            Err(failure) => {
                let last = failure.trace.len().saturating_sub(12);
                let trace = failure.trace[last..].join("\n  ");
                panic!("seed {seed}, after step {}: {}\n  {trace}", failure.step, failure.what);
            }
        }
    }
    assert!(entries > 0, "somebody lived");
}
