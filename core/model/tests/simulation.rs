//! Whole neighbourhoods from seeds: whatever befalls, all agree again, nothing is booked
//! twice, and nothing firm falls without a name.
//!
//! `PALIER_SIM_SEEDS` says how many seeds, `PALIER_SIM_FROM` the first one; a failure
//! names the seed that plays it again.
#![cfg(feature = "sim")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use palier_model::sim::play;

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

/// Failures after which no more seeds are begun.
const ENOUGH: usize = 8;

#[test]
fn every_seed_ends_in_agreement() {
    let from = setting("PALIER_SIM_FROM", 0);
    let end = from + setting("PALIER_SIM_SEEDS", 300);
    let shown = if end - from == 1 { usize::MAX } else { 12 };
    let next = AtomicU64::new(from);
    let failures = Mutex::new(Vec::new());
    let totals = Mutex::new([0_u64; 4]);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end || failures.lock().unwrap().len() >= ENOUGH {
                        break;
                    }
                    let failure = match catch_unwind(AssertUnwindSafe(|| play(seed))) {
                        Ok(Ok(report)) => {
                            let mut totals = totals.lock().unwrap();
                            totals[0] += report.entries as u64;
                            totals[1] += report.deals as u64;
                            totals[2] += report.counted;
                            totals[3] += report.firm as u64;
                            continue;
                        }
                        Ok(Err(failure)) => {
                            let from = failure.trace.len().saturating_sub(shown);
                            let trace = failure.trace[from..].join("\n  ");
                            format!("after step {}: {}\n  {trace}", failure.step, failure.what)
                        }
                        Err(panic) => {
                            let text = panic.downcast_ref::<String>().cloned();
                            let text = text.or_else(|| {
                                panic.downcast_ref::<&str>().map(|text| (*text).to_owned())
                            });
                            format!("panicked: {}", text.unwrap_or_default())
                        }
                    };
                    failures.lock().unwrap().push((seed, failure));
                }
            });
        }
    });
    let [entries, deals, counted, firm] = *totals.lock().unwrap();
    eprintln!("{entries} entries, {deals} deals, {counted} calendars counted, {firm} firm");
    let mut failures = failures.into_inner().unwrap();
    failures.sort();
    let lines: Vec<String> = failures
        .iter()
        .map(|(seed, what)| format!("PALIER_SIM_FROM={seed} PALIER_SIM_SEEDS=1: {what}"))
        .collect();
    assert!(failures.is_empty(), "{} seeds failed:\n{}", failures.len(), lines.join("\n\n"));
}

#[test]
fn a_seed_plays_the_same_life_again() {
    for seed in [3, 4, 5] {
        let mark = || match play(seed) {
            Ok(report) => Ok((report.mark, report.entries)),
            Err(failure) => Err(failure.what),
        };
        assert_eq!(mark(), mark(), "seed {seed}");
    }
}
