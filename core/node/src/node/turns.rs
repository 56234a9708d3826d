//! Turns: what comes from several is taken from each in turn, by bytes, so that a flood of
//! one delays the others by no more than its share. Sessions take turns on a link they
//! share, links take turns at this node. Deficit round robin (Shreedhar and Varghese,
//! "Efficient fair queueing using deficit round robin", 1995).
//!
//! Invariant: what comes from one is taken in the order in which it came in.

use std::collections::{BTreeMap, VecDeque};

/// Bytes that each may have taken before the next has its turn.
const QUANTUM_BYTES: usize = 8 << 10;
/// What one costs beside its bytes.
const COST_BYTES: usize = 64;

/// What waits of one.
#[derive(Debug)]
struct Line<T> {
    items: VecDeque<(usize, T)>,
    /// Bytes it was given and has not used.
    credit: usize,
}

/// What waits, by whom it comes from.
#[derive(Debug)]
pub(super) struct Turns<K, T> {
    lines: BTreeMap<K, Line<T>>,
    /// Whose turn it is, and who is next.
    order: VecDeque<K>,
    len: usize,
}

impl<K, T> Default for Turns<K, T> {
    fn default() -> Self {
        Self { lines: BTreeMap::new(), order: VecDeque::new(), len: 0 }
    }
}

impl<K: Copy + Ord, T> Turns<K, T> {
    /// How many wait.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Whether none does.
    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Puts one in, of so many bytes.
    pub(super) fn push(&mut self, from: K, bytes: usize, item: T) {
        let line = self.lines.entry(from).or_insert_with(|| {
            self.order.push_back(from);
            Line { items: VecDeque::new(), credit: QUANTUM_BYTES }
        });
        line.items.push_back((bytes + COST_BYTES, item));
        self.len += 1;
    }

    /// Takes the next out, and tells whose it is.
    pub(super) fn pop(&mut self) -> Option<(K, T)> {
        loop {
            let from = *self.order.front()?;
            let line = self.lines.get_mut(&from)?;
            let cost = line.items.front().map_or(0, |(cost, _)| *cost);
            if cost > line.credit {
                line.credit += QUANTUM_BYTES;
                self.order.rotate_left(1);
                continue;
            }
            line.credit -= cost;
            let (_, item) = line.items.pop_front()?;
            self.len -= 1;
            if line.items.is_empty() {
                // Who has nothing to say saves nothing up.
                self.lines.remove(&from);
                self.order.pop_front();
            }
            return Some((from, item));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_one_delays_another_by_no_more_than_a_turn() {
        let mut turns = Turns::default();
        for n in 0..100 {
            turns.push(1, QUANTUM_BYTES, n);
        }
        for n in 200..210 {
            turns.push(2, 100, n);
        }
        assert_eq!(turns.len(), 110);
        let order: Vec<i32> = std::iter::from_fn(|| turns.pop()).map(|(_, item)| item).collect();
        let last = order.iter().position(|item| *item == 209).unwrap();
        assert!(last <= 11, "ten small ones came {last} deep");
        let flood: Vec<_> = order.iter().copied().filter(|item| *item < 100).collect();
        assert!(flood.len() == 100 && flood.is_sorted(), "in the order in which they came in");
        assert!(turns.is_empty() && turns.pop().is_none());
    }

    #[test]
    fn what_is_larger_than_a_turn_saves_up_for_it() {
        let mut turns = Turns::default();
        turns.push('a', 10 * QUANTUM_BYTES, 'A');
        for _ in 0..3 {
            turns.push('b', 4 * QUANTUM_BYTES, 'B');
        }
        let order: String = std::iter::from_fn(|| turns.pop()).map(|(_, item)| item).collect();
        assert_eq!(order, "BBAB");
    }
}
