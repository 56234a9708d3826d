//! How many units are free at each instant of a range.

use std::collections::BTreeMap;

use super::survey::{Occupied, Relation, Segment};
use crate::time::{Instant, Interval};

/// A stretch of time that keeps so many units from a booking which holds any of it.
struct Block {
    from: i64,
    to: i64,
    units: u64,
}

/// Units free over `range`, in segments without holes. What is occupied is followed by
/// `gap_ms`; units are counted at the peak of what a booking and its own gap would meet.
pub(super) fn free_units(
    capacity: u32,
    gap_ms: i64,
    occupied: &[Occupied],
    range: &Interval,
) -> Vec<Segment> {
    let mut blocks = blocks_of_units(gap_ms, occupied, range);
    for other in occupied.iter().filter(|other| other.relation == Relation::Part) {
        // A part, or what it is part of, takes all.
        blocks.push(Block {
            from: other.interval.start.0.saturating_sub(gap_ms),
            to: other.interval.end_or_max().0.saturating_add(gap_ms),
            units: u64::from(capacity),
        });
    }
    let (first, last) = (range.start.0, range.end_or_max().0);
    let mut steps: Vec<(i64, bool, u64)> = Vec::with_capacity(2 * blocks.len());
    for Block { from, to, units } in blocks {
        let (from, to) = (from.max(first), to.min(last));
        if from < to {
            steps.extend([(from, true, units), (to, false, units)]);
        }
    }
    steps.sort_unstable();
    // The greatest of the blocks at an instant is what is taken there.
    let mut now: BTreeMap<u64, usize> = BTreeMap::new();
    let mut segments: Vec<Segment> = Vec::new();
    let mut at = first;
    let mut tell = |from: i64, to: i64, taken: u64| {
        if from >= to {
            return;
        }
        let free = u32::try_from(u64::from(capacity).saturating_sub(taken)).unwrap_or(0);
        match segments.last_mut() {
            Some(segment) if segment.free == free => segment.end = Instant(to),
            _ => segments.push(Segment { start: Instant(from), end: Instant(to), free }),
        }
    };
    for (when, begins, units) in steps {
        tell(at, when, now.last_key_value().map_or(0, |(units, _)| *units));
        at = when;
        if begins {
            *now.entry(units).or_default() += 1;
        } else if let Some(count) = now.get_mut(&units) {
            *count -= 1;
            if *count == 0 {
                now.remove(&units);
            }
        }
    }
    tell(at, last, 0);
    segments
}

/// Stretches in which bookings of the resource itself are out together, each with the
/// gap that follows it, moved to where a booking would meet them with its own gap.
fn blocks_of_units(gap_ms: i64, occupied: &[Occupied], range: &Interval) -> Vec<Block> {
    let last = range.end_or_max().0.saturating_add(gap_ms).saturating_add(1);
    let mut steps: Vec<(i64, bool, u64)> = Vec::new();
    for other in occupied.iter().filter(|other| other.relation == Relation::Same) {
        let from = other.interval.start.0.max(range.start.0);
        let to = other.interval.end_or_max().0.saturating_add(gap_ms).min(last);
        if from < to {
            let units = u64::from(other.quantity);
            steps.extend([(from, true, units), (to, false, units)]);
        }
    }
    // At one instant ends come before starts: intervals are half-open.
    steps.sort_unstable();
    let (mut blocks, mut units, mut at) = (Vec::new(), 0_u64, 0);
    for (when, begins, more) in steps {
        if units > 0 && at < when {
            blocks.push(Block { from: at.saturating_sub(gap_ms), to: when, units });
        }
        at = when;
        units = if begins { units + more } else { units - more };
    }
    blocks
}
