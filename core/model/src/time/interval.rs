//! Half-open intervals.

use serde::{Deserialize, Serialize};

use super::Instant;

/// Why two instants make no interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the end must come after the start")]
pub struct IntervalError;

/// From `start` (included) to `end` (excluded; without one it runs until notice).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Interval {
    /// First instant that belongs to it.
    pub start: Instant,
    /// First instant after it that does not.
    pub end: Option<Instant>,
}

impl Interval {
    /// An interval that is not empty.
    pub fn new(start: Instant, end: Option<Instant>) -> Result<Self, IntervalError> {
        if end.is_some_and(|end| end <= start) {
            return Err(IntervalError);
        }
        Ok(Self { start, end })
    }

    /// Whether the value, as it came from outside, is not empty.
    pub fn is_valid(&self) -> bool {
        self.end.is_none_or(|end| end > self.start)
    }

    /// Whether both hold some instant. Symmetric.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.end.is_none_or(|end| other.start < end) && other.end.is_none_or(|end| self.start < end)
    }

    /// Whether `at` lies in it.
    pub fn contains(&self, at: Instant) -> bool {
        self.start <= at && self.end.is_none_or(|end| at < end)
    }

    /// How long it is, in milliseconds; `None` until notice.
    pub fn length_ms(&self) -> Option<i64> {
        self.end.map(|end| end.0.saturating_sub(self.start.0))
    }

    /// The end; the end of time where there is none.
    pub(crate) fn end_or_max(&self) -> Instant {
        self.end.unwrap_or(Instant(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn touching_intervals_do_not_overlap_and_open_ends_do() {
        let a = Interval { start: Instant(0), end: Some(Instant(10)) };
        let b = Interval { start: Instant(10), end: None };
        let c = Interval { start: Instant(5), end: None };
        assert!(!a.overlaps(&b) && !b.overlaps(&a));
        assert!(a.overlaps(&c) && c.overlaps(&a) && b.overlaps(&c));
    }
}
