//! Sets of instants, as intervals.
//!
//! Invariant: the intervals are sorted, not empty and do not touch, so that two sets are
//! equal where they hold the same instants.

use super::{Instant, Interval};

/// A set of instants. All questions are answered in the time that its intervals take to
/// be looked at once, or less.
///
/// ```
/// use palier_model::time::{Instant, Interval, IntervalSet};
/// let hours = |from, to: Option<i64>| Interval { start: Instant(from), end: to.map(Instant) };
/// let open: IntervalSet = [hours(8, Some(12)), hours(12, None)].into_iter().collect();
/// assert_eq!(open.intervals(), [hours(8, None)]);
/// let noon: IntervalSet = [hours(12, Some(14))].into_iter().collect();
/// assert_eq!(open.minus(&noon).intervals(), [hours(8, Some(12)), hours(14, None)]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IntervalSet {
    intervals: Vec<Interval>,
}

impl FromIterator<Interval> for IntervalSet {
    /// The union of intervals in any order; those that are empty add nothing.
    fn from_iter<I: IntoIterator<Item = Interval>>(intervals: I) -> Self {
        let mut all: Vec<_> = intervals.into_iter().filter(Interval::is_valid).collect();
        all.sort_unstable_by_key(|interval| interval.start);
        let mut set = Self::default();
        for interval in all {
            set.push(interval);
        }
        set
    }
}

impl IntervalSet {
    /// The set of all instants of one interval.
    pub fn of(interval: Interval) -> Self {
        [interval].into_iter().collect()
    }

    /// Its intervals, in order.
    pub fn intervals(&self) -> &[Interval] {
        &self.intervals
    }

    /// Whether it holds no instant.
    pub fn is_empty(&self) -> bool {
        self.intervals.is_empty()
    }

    /// Whether an instant is in it.
    pub fn contains(&self, at: Instant) -> bool {
        self.holding(at).is_some()
    }

    /// The interval of the set in which an instant lies.
    pub fn holding(&self, at: Instant) -> Option<&Interval> {
        let after = self.intervals.partition_point(|interval| interval.start <= at);
        let last = self.intervals.get(after.checked_sub(1)?)?;
        last.contains(at).then_some(last)
    }

    /// Whether every instant of an interval is in it.
    pub fn covers(&self, interval: &Interval) -> bool {
        let ends_in = |held: &Interval| interval.end_or_max() <= held.end_or_max();
        self.holding(interval.start).is_some_and(ends_in)
    }

    /// The first instant of an interval that is not in it.
    pub fn first_missing(&self, interval: &Interval) -> Option<Instant> {
        let missing = match self.holding(interval.start) {
            None => interval.start,
            Some(held) => held.end?,
        };
        interval.contains(missing).then_some(missing)
    }

    /// What is in one or the other.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.combine(other, |mine, theirs| mine || theirs)
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.combine(other, |mine, theirs| mine && theirs)
    }

    /// What is in this one and not in the other.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        self.combine(other, |mine, theirs| mine && !theirs)
    }

    /// Walks over all bounds of both once. `keep` of two falses must be false.
    fn combine(&self, other: &Self, keep: impl Fn(bool, bool) -> bool) -> Self {
        let mut result = Self::default();
        let (mut mine, mut theirs) = (self.bounds().peekable(), other.bounds().peekable());
        let (mut in_mine, mut in_theirs) = (false, false);
        let mut since: Option<Instant> = None;
        loop {
            let at = match (mine.peek(), theirs.peek()) {
                (Some(a), Some(b)) => *a.min(b),
                (Some(at), None) | (None, Some(at)) => *at,
                (None, None) => break,
            };
            if mine.next_if_eq(&at).is_some() {
                in_mine = !in_mine;
            }
            if theirs.next_if_eq(&at).is_some() {
                in_theirs = !in_theirs;
            }
            match (since, keep(in_mine, in_theirs)) {
                (None, true) => since = Some(at),
                (Some(start), false) => {
                    result.push(Interval { start, end: Some(at) });
                    since = None;
                }
                _ => {}
            }
        }
        if let Some(start) = since {
            result.push(Interval { start, end: None });
        }
        result
    }

    /// Starts and ends in turn, strictly rising; without the end of an open one.
    fn bounds(&self) -> impl Iterator<Item = Instant> + '_ {
        self.intervals.iter().flat_map(|it| std::iter::once(it.start).chain(it.end))
    }

    /// Adds an interval that does not start before the last one.
    fn push(&mut self, interval: Interval) {
        match self.intervals.last_mut() {
            Some(last) if interval.start <= last.end_or_max() => {
                last.end = last.end.zip(interval.end).map(|(a, b)| a.max(b));
            }
            _ => self.intervals.push(interval),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// No bound lies after this; what is in the set there is in it for ever.
    const LAST: i64 = 40;

    fn sets() -> impl Strategy<Value = Vec<(i64, Option<i64>)>> {
        proptest::collection::vec((0..LAST, proptest::option::weighted(0.9, 0..=LAST)), 0..8)
    }

    fn set(parts: &[(i64, Option<i64>)]) -> IntervalSet {
        let of = |(start, end): &(i64, Option<i64>)| Interval {
            start: Instant(*start),
            end: end.map(Instant),
        };
        parts.iter().map(of).collect()
    }

    fn holds(parts: &[(i64, Option<i64>)], at: i64) -> bool {
        parts.iter().any(|(start, end)| *start <= at && end.is_none_or(|end| at < end))
    }

    proptest! {
        #[test]
        fn sets_hold_what_their_parts_hold(a in sets(), b in sets(), from in 0..LAST, len in 1..9) {
            let (one, other) = (set(&a), set(&b));
            let both = [
                one.union(&other), one.intersection(&other), one.minus(&other), other.minus(&one),
            ];
            for at in -1..=LAST + 1 {
                let (in_a, in_b) = (holds(&a, at), holds(&b, at));
                let told = [in_a || in_b, in_a && in_b, in_a && !in_b, in_b && !in_a];
                for (set, told) in both.iter().zip(told) {
                    prop_assert_eq!(set.contains(Instant(at)), told);
                }
            }
            for set in both.iter().chain([&one]) {
                let apart = |pair: &[Interval]| pair[0].end.is_some_and(|end| end < pair[1].start);
                prop_assert!(set.intervals().windows(2).all(apart));
                prop_assert!(set.intervals().iter().all(Interval::is_valid));
            }
            prop_assert_eq!(one.union(&other), other.union(&one));
            prop_assert_eq!(one.intersection(&other), other.intersection(&one));
            let to = from + i64::from(len);
            let piece = Interval { start: Instant(from), end: Some(Instant(to)) };
            let missing = (from..to).find(|at| !holds(&a, *at)).map(Instant);
            prop_assert_eq!(one.first_missing(&piece), missing);
            prop_assert_eq!(one.covers(&piece), missing.is_none());
            let for_ever = Interval { start: Instant(from), end: None };
            prop_assert_eq!(one.covers(&for_ever), (from..=LAST).all(|at| holds(&a, at)));
        }
    }
}
