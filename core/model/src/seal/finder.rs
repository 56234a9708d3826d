//! How a reader finds what was granted to him: by look-up.
//!
//! Invariant: one X25519 per pair of epochs, ever; a grant for somebody else costs one
//! look-up in a map.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::SealError;
use super::deal::DealKey;
use super::epoch::{EpochKey, EpochSecret};
use super::grant::{Grant, GrantTag};
use super::pair::{DhCount, PairKey};
use crate::journal::limits::LOG_ENTRIES;
use crate::keys::LogId;

/// A writer's epoch and a reader's epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PairId {
    /// The writer's.
    pub writer: EpochKey,
    /// The reader's.
    pub reader: EpochKey,
}

/// A grant that may come, or that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// Between which epochs.
    pub pair: PairId,
    /// In which log.
    pub log: LogId,
    /// Number of grants for this pair before it in that log.
    pub earlier: u64,
}

/// Tags a reader waits for, in the logs of authors he knows.
#[derive(Debug, Default)]
pub struct GrantFinder {
    pairs: BTreeMap<PairId, PairKey>,
    /// How many grants of a pair are known in a log.
    known: BTreeMap<(PairId, LogId), u64>,
    /// Tags of those known and of the one after. Those known stay: two branches of a
    /// forked log use the same count.
    tags: BTreeMap<GrantTag, Expected>,
    count: DhCount,
}

impl GrantFinder {
    /// A finder that waits for nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Waits for grants by `writer` to `reader` in `log`. Does nothing the second time.
    pub fn watch(
        &mut self,
        reader: &EpochSecret,
        writer: &EpochKey,
        log: &LogId,
    ) -> Result<(), SealError> {
        self.resume(reader, writer, log, 0).map(|_| ())
    }

    /// As [`watch`](Self::watch), where `known` grants were found before. Gives the tags
    /// that were not waited for until now.
    pub fn resume(
        &mut self,
        reader: &EpochSecret,
        writer: &EpochKey,
        log: &LogId,
        known: u64,
    ) -> Result<Vec<GrantTag>, SealError> {
        let pair = PairId { writer: *writer, reader: reader.public() };
        let known = known.min(LOG_ENTRIES);
        let first = match self.known.get(&(pair, *log)) {
            Some(have) if *have >= known => return Ok(Vec::new()),
            Some(have) => have.saturating_add(1),
            None => 0,
        };
        let key = match self.pairs.get(&pair) {
            Some(key) => key.clone(),
            None => {
                let key = PairKey::for_reader(reader, writer, &mut self.count)?;
                self.pairs.insert(pair, key.clone());
                key
            }
        };
        let mut new = Vec::new();
        for earlier in first..=known {
            let tag = GrantTag::new(&key, log, earlier);
            self.tags.insert(tag, Expected { pair, log: *log, earlier });
            new.push(tag);
        }
        self.known.insert((pair, *log), known);
        Ok(new)
    }

    /// The grant of this tag, if it is one that was waited for.
    pub fn find(&self, tag: &GrantTag) -> Option<&Expected> {
        self.tags.get(tag)
    }

    /// Opens the grant in an entry of `log` whose core bytes are `core`. `None` if it is
    /// for somebody else. When it is ours, the next one is waited for.
    pub fn open(
        &mut self,
        log: &LogId,
        core: &[u8],
        payload: &[u8],
    ) -> Result<Option<(Expected, DealKey)>, SealError> {
        let grant = Grant::from_bytes(payload)?;
        let Some(expected) = self.find(&grant.tag()).copied() else { return Ok(None) };
        let Some(pair) = self.pairs.get(&expected.pair) else { return Ok(None) };
        if expected.log != *log {
            return Ok(None);
        }
        let key = grant.open(pair, log, expected.earlier, core)?;
        let next = expected.earlier.saturating_add(1);
        let known = self.known.entry((expected.pair, *log)).or_default();
        if *known < next {
            *known = next;
            let tag = GrantTag::new(pair, log, next);
            self.tags.insert(tag, Expected { earlier: next, ..expected });
        }
        Ok(Some((expected, key)))
    }

    /// The pair's key, if some log of the pair is watched.
    pub fn pair(&self, pair: &PairId) -> Option<&PairKey> {
        self.pairs.get(pair)
    }

    /// How many grants were found for a pair in a log: where to resume.
    pub fn known(&self, pair: &PairId, log: &LogId) -> u64 {
        self.known.get(&(*pair, *log)).copied().unwrap_or(0)
    }

    /// The tag of the next grant of a pair in a log, if that is watched.
    pub fn next(&self, pair: &PairId, log: &LogId) -> Option<GrantTag> {
        Some(GrantTag::new(self.pairs.get(pair)?, log, self.known(pair, log)))
    }

    /// How many X25519 the finder has done.
    pub fn count(&self) -> DhCount {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;

    fn secret(n: u8) -> EpochSecret {
        EpochSecret::from_bytes([n; 32])
    }

    fn log(n: u8) -> LogId {
        LogId([n; 32])
    }

    fn grant(writer: u8, reader: u8, log: &LogId, earlier: u64, key: u8) -> Vec<u8> {
        let mut count = DhCount::default();
        let pair =
            PairKey::for_writer(&secret(writer), &secret(reader).public(), &mut count).unwrap();
        let mut rng = ChaCha20Rng::from_seed([1; 32]);
        let key = DealKey::from_bytes([key; 32]);
        Grant::seal(&pair, log, earlier, b"core", &key, &mut rng).to_bytes()
    }

    #[test]
    fn finding_ones_own_among_1000_foreign_costs_one_x25519_per_author() {
        let me = secret(1);
        let mut finder = GrantFinder::new();
        for author in 2..12 {
            // Two logs each: phone and tablet.
            for n in [author, author + 100] {
                finder.watch(&me, &secret(author).public(), &log(n)).unwrap();
            }
        }
        for n in 0..1_000u64 {
            let author = 2 + (n % 10) as u8;
            let foreign = grant(author, 200, &log(author), n / 10, 7);
            assert_eq!(finder.open(&log(author), b"core", &foreign), Ok(None));
        }
        for n in 0..20 {
            let mine = grant(5, 1, &log(105), n, n as u8);
            let (expected, key) = finder.open(&log(105), b"core", &mine).unwrap().unwrap();
            assert_eq!(expected.earlier, n);
            assert_eq!(key, DealKey::from_bytes([n as u8; 32]));
        }
        assert_eq!(finder.count(), DhCount(10));
    }

    #[test]
    fn both_branches_of_a_fork_are_found() {
        let mut finder = GrantFinder::new();
        finder.watch(&secret(1), &secret(2).public(), &log(1)).unwrap();
        for (earlier, key) in [(0, 10), (1, 11), (2, 12), (1, 21), (2, 22), (3, 23)] {
            let found = finder.open(&log(1), b"core", &grant(2, 1, &log(1), earlier, key));
            assert_eq!(found.unwrap().unwrap().1, DealKey::from_bytes([key; 32]));
        }
        let pair = PairId { writer: secret(2).public(), reader: secret(1).public() };
        assert_eq!(finder.known(&pair, &log(1)), 4);
    }

    #[test]
    fn a_grant_moved_to_another_log_is_not_ours() {
        let mut finder = GrantFinder::new();
        finder.watch(&secret(1), &secret(2).public(), &log(1)).unwrap();
        finder.watch(&secret(1), &secret(2).public(), &log(2)).unwrap();
        let mine = grant(2, 1, &log(1), 0, 3);
        assert_eq!(finder.open(&log(2), b"core", &mine), Ok(None));
        assert_eq!(finder.open(&log(1), b"fork", &mine), Err(SealError::Refused));
        assert!(finder.open(&log(1), b"core", &mine).unwrap().is_some());
        assert_eq!(finder.open(&log(1), b"core", &mine[1..]), Err(SealError::Length));
    }

    #[test]
    fn a_restarted_finder_goes_on_where_it_stopped() {
        let mut finder = GrantFinder::new();
        finder.resume(&secret(1), &secret(2).public(), &log(1), 2).unwrap();
        finder.watch(&secret(1), &secret(2).public(), &log(1)).unwrap();
        for earlier in [2, 3, 0, 1] {
            let found = finder.open(&log(1), b"core", &grant(2, 1, &log(1), earlier, 1));
            assert!(found.unwrap().is_some(), "{earlier}");
        }
        assert_eq!(finder.open(&log(1), b"core", &grant(2, 1, &log(1), 5, 1)), Ok(None));
        assert_eq!(finder.count(), DhCount(1));
    }

    #[test]
    fn an_epoch_of_small_order_is_refused() {
        let watched = GrantFinder::new().watch(&secret(1), &EpochKey([0; 32]), &log(1));
        assert_eq!(watched, Err(SealError::ZeroSecret));
    }
}
