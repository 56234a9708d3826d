//! What stands in the way of an acceptance, and how much of it at one time.

use std::collections::BTreeMap;

use super::pass::Occupied;
use super::timeline::{conflict, end_ms};
use crate::keys::BookingId;
use crate::time::{Instant, Interval};

/// What stands in the way: each booking once, however many sources name it and whatever
/// end they give it: the latest. `true`: it counts here.
#[derive(Default)]
pub(super) struct Occupants(BTreeMap<(BookingId, usize, Instant, u32), (Occupied, bool)>);

impl Occupants {
    pub(super) fn add(&mut self, what: Occupied, counts: bool) {
        let key = (what.booking, what.resource, what.interval.start, what.quantity);
        let (held, held_counts) = self.0.entry(key).or_insert((what, false));
        if end_ms(&what.interval) > end_ms(&held.interval) {
            *held = what;
        }
        *held_counts |= counts;
    }

    pub(super) fn in_conflict(self, interval: &Interval, gap_ms: i64) -> Vec<(Occupied, bool)> {
        let mut all: Vec<_> = self.0.into_values().collect();
        all.retain(|(other, _)| conflict(&other.interval, interval, gap_ms));
        all
    }
}

/// The greatest quantity out at one time within `within`, each interval made longer by
/// the gap that must follow it. All of them are in conflict with `within`.
pub(in crate::booking) fn peak(
    units: impl Iterator<Item = (Interval, u32)>,
    within: &Interval,
    gap_ms: i64,
) -> u64 {
    let mut steps: Vec<(i64, bool, u64)> = Vec::new();
    for (interval, quantity) in units {
        let start = interval.start.0.max(within.start.0);
        let end = end_ms(&interval).saturating_add(gap_ms);
        steps.push((start, true, u64::from(quantity)));
        steps.push((end, false, u64::from(quantity)));
    }
    // At one instant ends come before starts: intervals are half-open.
    steps.sort_unstable();
    let (mut now, mut peak) = (0, 0);
    for (_, starts, quantity) in steps {
        now = if starts { now + quantity } else { now - quantity };
        peak = peak.max(now);
    }
    peak
}
