//! Frames that wait for one link: the sessions on it take turns, so that a flood in one
//! neighbourhood delays a word in another by no more than a frame.
//!
//! Invariant: frames of one session go out in the order in which they came in.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

use palier_model::sync::SessionId;

/// Frames by the session that says them.
#[derive(Debug, Default)]
pub(super) struct Turns {
    waiting: BTreeMap<SessionId, VecDeque<Vec<u8>>>,
    /// Whose turn it was last.
    last: Option<SessionId>,
}

impl Turns {
    /// Puts a frame in.
    pub(super) fn push(&mut self, from: SessionId, frame: Vec<u8>) {
        self.waiting.entry(from).or_default().push_back(frame);
    }

    /// Takes the next frame out, and tells whose it is.
    pub(super) fn pop(&mut self) -> Option<(SessionId, Vec<u8>)> {
        let after = self.last.map_or(Bound::Unbounded, Bound::Excluded);
        let next = self.waiting.range((after, Bound::Unbounded)).next();
        let from = *next.or_else(|| self.waiting.iter().next())?.0;
        let frames = self.waiting.get_mut(&from)?;
        let frame = frames.pop_front()?;
        if frames.is_empty() {
            self.waiting.remove(&from);
        }
        self.last = Some(from);
        Some((from, frame))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_in_one_session_delays_another_by_no_more_than_a_frame() {
        let mut turns = Turns::default();
        for n in 0..100 {
            turns.push(SessionId(1), vec![n]);
        }
        assert_eq!(turns.pop(), Some((SessionId(1), vec![0])));
        turns.push(SessionId(2), vec![200]);
        turns.push(SessionId(3), vec![201]);
        turns.push(SessionId(2), vec![202]);
        let order: Vec<_> = std::iter::from_fn(|| turns.pop()).map(|(_, frame)| frame[0]).collect();
        assert_eq!(order[..5], [200, 201, 1, 202, 2]);
        assert_eq!(order.len(), 102);
        assert!(order[4..].is_sorted(), "in the order in which they came in");
    }
}
