//! When to try again: delays that double, with jitter, and forget on success.
//!
//! Invariant: no clock and no randomness of its own; both come in.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// First delay.
const BASE: Duration = Duration::from_secs(1);
/// Longest delay: a hub that comes back is noticed within it.
const CEILING: Duration = Duration::from_secs(300);
/// Doublings after which the ceiling is reached.
const MAX_DOUBLINGS: u32 = 9;

#[derive(Clone, Copy, Debug)]
struct Wait {
    failures: u32,
    /// `None` while an attempt is under way.
    due: Option<Instant>,
}

/// Delays between attempts, for any kind of target.
///
/// ```
/// use std::time::{Duration, Instant};
/// use palier_node::net::Redialer;
/// let now = Instant::now();
/// let mut redialer = Redialer::default();
/// let due = redialer.failed("hub", now, 7);
/// assert!(due > now && due <= now + Duration::from_secs(1));
/// assert_eq!(redialer.due(due), vec!["hub"]);
/// redialer.succeeded(&"hub");
/// assert_eq!(redialer.next_at(), None);
/// ```
#[derive(Clone, Debug)]
pub struct Redialer<K> {
    waits: BTreeMap<K, Wait>,
}

impl<K> Default for Redialer<K> {
    fn default() -> Self {
        Redialer { waits: BTreeMap::new() }
    }
}

impl<K: Ord + Clone> Redialer<K> {
    /// An attempt failed: returns when to try again. `random` is any uniformly random number.
    pub fn failed(&mut self, key: K, now: Instant, random: u64) -> Instant {
        let wait = self.waits.entry(key).or_insert(Wait { failures: 0, due: None });
        let doublings = wait.failures.min(MAX_DOUBLINGS);
        let full = BASE.saturating_mul(1 << doublings).min(CEILING);
        // Between half and the whole, so that a building does not knock at once.
        let half_ms = u64::try_from(full.as_millis() / 2).unwrap_or(u64::MAX);
        let delay = Duration::from_millis(half_ms + random % (half_ms + 1));
        let due = now + delay;
        wait.failures = wait.failures.saturating_add(1);
        wait.due = Some(due);
        due
    }

    /// Something should be tried at this time, whatever went before.
    pub fn at(&mut self, key: K, when: Instant) {
        self.waits.entry(key).or_insert(Wait { failures: 0, due: None }).due = Some(when);
    }

    /// It worked, or is no longer wanted: forget it.
    pub fn succeeded(&mut self, key: &K) {
        self.waits.remove(key);
    }

    /// What is due now; each is given once, until it fails again.
    pub fn due(&mut self, now: Instant) -> Vec<K> {
        let mut ready = Vec::new();
        for (key, wait) in &mut self.waits {
            if wait.due.is_some_and(|due| due <= now) {
                wait.due = None;
                ready.push(key.clone());
            }
        }
        ready
    }

    /// When the next is due.
    pub fn next_at(&self) -> Option<Instant> {
        self.waits.values().filter_map(|wait| wait.due).min()
    }

    /// The network is back: all that wait are due now, with short delays again.
    pub fn hurry(&mut self, now: Instant) {
        for wait in self.waits.values_mut() {
            wait.failures = 0;
            if wait.due.is_some() {
                wait.due = Some(now);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_ceiling_and_stay_within_their_half() {
        let now = Instant::now();
        let mut redialer = Redialer::default();
        let mut whole = BASE;
        for round in 0..40u64 {
            let delay = redialer.failed(1, now, round.wrapping_mul(0x9e37_79b9_7f4a_7c15)) - now;
            assert!(delay <= whole && delay >= whole / 2, "round {round}: {delay:?} of {whole:?}");
            whole = (whole * 2).min(CEILING);
        }
    }

    #[test]
    fn success_forgets_and_one_attempt_at_a_time() {
        let now = Instant::now();
        let mut redialer = Redialer::default();
        let due = redialer.failed("a", now, 0);
        redialer.failed("b", now, u64::MAX);
        assert_eq!(redialer.due(now + CEILING), vec!["a", "b"]);
        assert!(redialer.due(now + CEILING).is_empty(), "under way");
        redialer.succeeded(&"a");
        assert_eq!(redialer.failed("a", now, 0), due, "begins again with the first delay");
    }

    #[test]
    fn the_network_coming_back_makes_all_due_at_once() {
        let now = Instant::now();
        let mut redialer = Redialer::default();
        for _ in 0..10 {
            redialer.failed("hub", now, u64::MAX);
        }
        redialer.hurry(now);
        assert_eq!(redialer.due(now), vec!["hub"]);
        assert!(redialer.failed("hub", now, u64::MAX) <= now + BASE);
    }
}
