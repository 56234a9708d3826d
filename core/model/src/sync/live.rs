//! Which session fetches which log, so that what six neighbours announce is pulled once.

use std::collections::BTreeMap;

use super::limits;
use super::short::Short;
use crate::time::Instant;

/// Names one session of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionId(pub u64);

/// What is being fetched, and by whom. One per neighbourhood, shared by its sessions.
#[derive(Debug, Default)]
pub struct FetchBook {
    claims: BTreeMap<Short, (SessionId, Instant)>,
}

impl FetchBook {
    /// Claims a log for a session, unless another is at it and not late.
    pub fn claim(&mut self, log: Short, session: SessionId, now: Instant) -> bool {
        match self.claims.get(&log) {
            Some((other, until)) if *other != session && now < *until => false,
            _ => {
                self.claims.insert(log, (session, now.plus_ms(limits::CLAIM_MS)));
                true
            }
        }
    }

    /// Prolongs the claims of a session that is making progress.
    pub fn renew(&mut self, log: Short, session: SessionId, now: Instant) {
        if let Some((holder, until)) = self.claims.get_mut(&log)
            && *holder == session
        {
            *until = now.plus_ms(limits::CLAIM_MS);
        }
    }

    /// Gives up a session's claim on one log.
    pub fn release(&mut self, log: &Short, session: SessionId) {
        if self.claims.get(log).is_some_and(|(holder, _)| *holder == session) {
            self.claims.remove(log);
        }
    }

    /// Gives up all claims of a session that ended.
    pub fn release_all(&mut self, session: SessionId) {
        self.claims.retain(|_, (holder, _)| *holder != session);
    }

    /// Logs being fetched.
    pub fn len(&self) -> usize {
        self.claims.len()
    }

    /// Whether nothing is being fetched.
    pub fn is_empty(&self) -> bool {
        self.claims.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_fetched_by_one_session_until_that_is_late_or_gone() {
        let mut book = FetchBook::default();
        let (a, b, log) = (SessionId(1), SessionId(2), Short([1; 16]));
        assert!(book.claim(log, a, Instant(0)));
        assert!(!book.claim(log, b, Instant(1)));
        book.renew(log, a, Instant(5_000));
        assert!(!book.claim(log, b, Instant(limits::CLAIM_MS)));
        assert!(book.claim(log, b, Instant(5_000 + limits::CLAIM_MS)));
        book.release(&log, a);
        assert_eq!(book.len(), 1);
        book.release_all(b);
        assert!(book.is_empty());
    }
}
