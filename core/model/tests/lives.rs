//! Whole neighbourhoods in which more is done beside all else: minutes are given and passed
//! between devices; what was booked is handed over and comes back. Whatever befalls, all
//! agree, and what is read again is what was read.
//!
//! `PALIER_LIVES_SEEDS` says how many seeds of each, `PALIER_LIVES_FROM` the first one.
#![cfg(feature = "sim")]

use palier_model::sim::{Beside, Report, play_beside};

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

/// Plays each seed; says what all of them held.
fn lives(beside: Beside) -> Report {
    let from = setting("PALIER_LIVES_FROM", 0);
    let seeds = setting("PALIER_LIVES_SEEDS", 100);
    let shown = if seeds == 1 { usize::MAX } else { 12 };
    let (mut all, mut failures) = (Report::default(), Vec::new());
    for seed in from..from + seeds {
        match play_beside(seed, beside) {
            Ok(report) => {
                all.entries += report.entries;
                all.said += report.said;
                all.deals += report.deals;
            }
            Err(failure) => {
                let last = failure.trace.len().saturating_sub(shown);
                let trace = failure.trace[last..].join("\n  ");
                let what = &failure.what;
                failures.push(format!("seed {seed}, step {}: {what}\n  {trace}", failure.step));
            }
        }
    }
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
    all
}

#[test]
fn every_life_with_credits_ends_in_agreement() {
    assert!(lives(Beside::Credits).entries > 0, "somebody lived");
}

#[test]
fn every_life_with_hand_overs_ends_in_agreement() {
    let said = lives(Beside::HandOvers).said;
    assert!(said > 0, "somebody said something");
}

#[test]
fn every_life_of_help_and_longer_bookings_ends_in_agreement() {
    let all = lives(Beside::Help);
    assert!(all.said > 0 && all.deals > 0, "somebody helped");
}

#[test]
fn two_devices_that_revoke_each_other_apart_leave_no_deal_unread() {
    if let Err(failure) = play_beside(397, Beside::Credits) {
        panic!("seed 397: {}", failure.what);
    }
}
