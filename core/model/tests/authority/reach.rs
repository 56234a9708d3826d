//! How far logs of other classes count: the slow model's third part.

use palier_model::authority::Body;
use palier_model::journal::{LogStart, Owner};
use palier_model::keys::{EntryHash, LogId, MemberId};

use super::{Broken, Oracle, Set, closing_tips, each, has};

/// Logs that are followed by `continues`.
const FOLLOWED: usize = 64;

impl Oracle<'_> {
    /// How far a log counts: none for to its end.
    pub(super) fn reach(
        &self,
        log: &LogId,
        start: &LogStart,
        logs: &[(LogId, LogStart)],
        taken: Set,
        counts: Set,
        is_member: &dyn Fn(&MemberId) -> bool,
    ) -> Option<(u64, EntryHash)> {
        let nothing = (0, EntryHash(log.0));
        if let Owner::Group(group) = start.descriptor.owner {
            let Some((member, device, grant)) = self.claims_for_group(start, group) else {
                return Some(nothing);
            };
            let certified = each(counts).any(|x| self.certifies(x) == Some((member, device)));
            if !is_member(&member) || !has(counts, grant) || !certified {
                return Some(nothing);
            }
            let closers = each(taken).filter(|taker| {
                self.ends_member(*taker) == Some(member)
                    || self.ends_device(*taker) == Some((member, device))
                    || (self.ends_manager(*taker) == Some((member, group))
                        && !has(self.past[grant], *taker))
            });
            return closers
                .map(|taker| self.last_named(taker, log, logs, FOLLOWED).unwrap_or(nothing))
                .min();
        }
        let certified = self.number(&start.act).and_then(|at| Some((at, self.certifies(at)?)));
        let Some((certificate, (member, device))) = certified else { return Some(nothing) };
        let is_own = start.descriptor.owner == Owner::Member(member) && device == start.device;
        if !is_own || !is_member(&member) || !has(counts, certificate) {
            return Some(nothing);
        }
        let closers = each(taken).filter(|taker| {
            self.ends_member(*taker) == Some(member)
                || self.ends_device(*taker) == Some((member, device))
        });
        let further = u64::from(self.broken == Broken::Reach);
        closers
            .map(|taker| self.last_named(taker, log, logs, FOLLOWED).unwrap_or(nothing))
            .min()
            .map(|(seq, hash)| (seq + further, hash))
    }

    /// The furthest entry of a log that a closing or its past names, else where the log
    /// left off that continues it and is named itself.
    fn last_named(
        &self,
        taker: usize,
        log: &LogId,
        logs: &[(LogId, LogStart)],
        depth: usize,
    ) -> Option<(u64, EntryHash)> {
        let seen = self.seen(taker) | 1 << taker;
        let named = each(seen).flat_map(|x| {
            let fact = self.facts[x];
            let tips = closing_tips(fact).iter().map(|tip| (tip.log, (tip.seq, tip.hash)));
            let refs = fact.refs.iter().map(|at| (at.log, (at.seq, at.hash)));
            let continues = match &fact.body {
                Body::Start(start) => start.continues,
                _ => None,
            };
            let continues = continues.map(|at| (at.log, (at.seq, at.hash)));
            tips.chain(refs).chain(continues).collect::<Vec<_>>()
        });
        let furthest = named.filter(|(of, _)| of == log).map(|(_, at)| at).max();
        if furthest.is_some() || depth == 0 {
            return furthest;
        }
        let followers = logs.iter().filter_map(|(next, start)| {
            let last = start.continues.filter(|last| last.log == *log)?;
            self.last_named(taker, next, logs, depth - 1)?;
            Some((last.seq, last.hash))
        });
        followers.min()
    }
}
