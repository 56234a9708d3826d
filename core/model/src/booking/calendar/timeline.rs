//! Which acceptances may touch an interval: an index by resource and stretch of time.

use std::collections::BTreeMap;

use crate::time::Interval;

/// Width of one bucket: about a day, the scale of most bookings.
const BUCKET_MS: i64 = 1 << 26;
/// An interval over more buckets than this is looked at by every query.
const MOST_BUCKETS: i64 = 32;

/// The end in milliseconds; the end of time where there is none.
pub(in crate::booking) fn end_ms(interval: &Interval) -> i64 {
    interval.end.map_or(i64::MAX, |end| end.0)
}

/// Whether less than `gap_ms` lies between two intervals, or they overlap.
pub(in crate::booking) fn conflict(a: &Interval, b: &Interval, gap_ms: i64) -> bool {
    a.start.0 < end_ms(b).saturating_add(gap_ms) && b.start.0 < end_ms(a).saturating_add(gap_ms)
}

/// Finds, among numbered intervals, those that may lie near a given one.
#[derive(Debug, Clone, Default)]
pub(super) struct Timeline {
    buckets: BTreeMap<(usize, i64), Vec<usize>>,
    long: BTreeMap<usize, Vec<usize>>,
}

impl Timeline {
    pub(super) fn add(&mut self, resource: usize, interval: &Interval, number: usize) {
        let first = interval.start.0.div_euclid(BUCKET_MS);
        let last = end_ms(interval).saturating_sub(1).div_euclid(BUCKET_MS);
        if last.saturating_sub(first) >= MOST_BUCKETS {
            self.long.entry(resource).or_default().push(number);
        } else {
            for bucket in first..=last {
                self.buckets.entry((resource, bucket)).or_default().push(number);
            }
        }
    }

    /// A superset of the intervals of `resource` in conflict with `interval`, each once.
    pub(super) fn near(&self, resource: usize, interval: &Interval, gap_ms: i64) -> Vec<usize> {
        let first = interval.start.0.saturating_sub(gap_ms).div_euclid(BUCKET_MS);
        let last = end_ms(interval).saturating_add(gap_ms).div_euclid(BUCKET_MS);
        let mut near = self.long.get(&resource).cloned().unwrap_or_default();
        for (_, numbers) in self.buckets.range((resource, first)..=(resource, last)) {
            near.extend(numbers);
        }
        near.sort_unstable();
        near.dedup();
        near
    }
}
