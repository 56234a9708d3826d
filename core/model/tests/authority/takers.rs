//! Which removals, dismissals, leavings and revocations count: the slow model's second
//! half.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use palier_model::authority::{Body, Role};
use palier_model::keys::EntryHash;

use super::{Broken, Oracle, Set, each, has};

impl Oracle<'_> {
    /// Whether a taker, were it counted, touches an act.
    fn hits(&self, taker: usize, x: usize) -> bool {
        if let Some(who) = self.ends_manager(taker) {
            return self.hits_manager(taker, who, x);
        }
        let Some((member, role)) = self.ends_role(taker) else {
            return self.voids_author(taker, x);
        };
        let uses = match &self.facts[x].body {
            Body::Admit { .. } => true,
            Body::Attest { .. }
            | Body::Appoint { .. }
            | Body::Dismiss { .. }
            | Body::Remove { .. }
            | Body::Second { .. }
            | Body::AddManager { .. }
            | Body::RemoveManager { .. } => role == Role::Coordinator,
            _ => false,
        };
        uses && taker != x
            && self.authors[x].is_some_and(|author| author.member == member)
            && !has(self.seen(taker), x)
            && each(self.past[x] & self.sound)
                .any(|grant| self.gives(grant, &member, role) && !has(self.past[grant], taker))
    }

    /// An act and all that its right and subject rest on.
    fn rests(&self, x: usize) -> Set {
        let mut all: Set = 1 << x;
        let Some(author) = self.authors[x] else { return all };
        if !self.by_phrase(x) && author.certificate != x {
            all |= self.rests(author.certificate);
        }
        let subject = match &self.facts[x].body {
            Body::Admit { .. }
            | Body::Dismiss { .. }
            | Body::Remove { .. }
            | Body::Second { .. }
            | Body::FoundGroup
            | Body::RemoveManager { .. }
            | Body::Leave { .. } => None,
            Body::Attest { member, .. }
            | Body::Appoint { member, .. }
            | Body::AddManager { member, .. } => Some(*member),
            _ => return all,
        };
        for grant in self.managing(x, author.member) {
            all |= self.rests(grant);
        }
        for grant in each(self.past[x] & self.sound) {
            let own = self.admits(grant, &author.member)
                || Role::ALL.iter().any(|role| self.gives(grant, &author.member, *role));
            if own || subject.is_some_and(|subject| self.admits(grant, &subject)) {
                all |= self.rests(grant);
            }
        }
        all
    }

    fn touches(&self, taker: usize, x: usize) -> bool {
        each(self.rests(x)).any(|on| self.hits(taker, on))
    }

    /// Place of `x` among `chosen`: again and again, of those whose chosen past stands
    /// already the smallest hash comes next.
    pub(super) fn place(&self, chosen: &[usize], x: usize) -> usize {
        let mut standing: Vec<usize> = Vec::new();
        while standing.len() < chosen.len() {
            let next = chosen
                .iter()
                .copied()
                .filter(|n| !standing.contains(n))
                .filter(|n| chosen.iter().all(|m| !has(self.past[*n], *m) || standing.contains(m)))
                .min_by_key(|n| self.facts[*n].hash);
            let Some(next) = next else { break };
            standing.push(next);
        }
        standing.iter().position(|n| *n == x).unwrap_or(usize::MAX)
    }

    fn seniority(&self, x: usize) -> (usize, EntryHash) {
        let grants: Vec<usize> = each(self.sound)
            .filter(|n| {
                matches!(
                    &self.facts[*n].body,
                    Body::Found { .. } | Body::Appoint { role: Role::Coordinator, .. }
                ) || matches!(&self.facts[*n].body, Body::Admit { roles, .. }
                    if roles.has(Role::Coordinator))
            })
            .collect();
        let place = self.authors[x].and_then(|author| {
            grants
                .iter()
                .filter(|grant| {
                    has(self.past[x], **grant)
                        && self.gives(**grant, &author.member, Role::Coordinator)
                })
                .map(|grant| self.place(&grants, *grant))
                .min()
        });
        (place.unwrap_or(usize::MAX), self.facts[x].hash)
    }

    fn device_seniority(&self, x: usize) -> (usize, EntryHash) {
        let certificates: Vec<usize> =
            each(self.sound).filter(|n| self.certifies(*n).is_some()).collect();
        let place = self.authors[x].map(|author| self.place(&certificates, author.certificate));
        (place.unwrap_or(usize::MAX), self.facts[x].hash)
    }

    fn seconders(&self, x: usize, other: usize) -> usize {
        if self.broken == Broken::Seconders {
            return 0;
        }
        let common = self.past[x] & self.past[other];
        let mut members = BTreeSet::new();
        for second in each(self.sound) {
            let Body::Second { act } = &self.facts[second].body else { continue };
            let Some(by) = self.authors[second] else { continue };
            let own = self.authors[x].is_some_and(|author| author.member == by.member);
            if *act != self.facts[x].hash || own || !has(self.past[second], x) {
                continue;
            }
            let takers = || each(self.sound).filter(|taker| self.is_taker(*taker));
            let revoked = takers().any(|taker| {
                self.ends_device(taker) == Some((by.member, by.device))
                    && !has(self.seen(taker), second)
            });
            let stands = each(common & self.sound).any(|grant| {
                self.gives(grant, &by.member, Role::Coordinator)
                    && !takers().any(|taker| {
                        let ends = self.ends_member(taker) == Some(by.member)
                            || self.ends_role(taker) == Some((by.member, Role::Coordinator));
                        ends && has(common, taker) && !has(self.past[grant], taker)
                    })
            });
            if stands && !revoked {
                members.insert(by.member);
            }
        }
        members.len()
    }

    fn outranks(&self, x: usize, other: usize) -> bool {
        if has(self.past[x], other) || has(self.past[other], x) {
            return false;
        }
        let charter = |n: usize| {
            matches!(
                self.facts[n].body,
                Body::Remove { .. } | Body::Dismiss { .. } | Body::RemoveManager { .. }
            )
        };
        if charter(x) && charter(other) {
            let (mine, theirs) = (self.seconders(x, other), self.seconders(other, x));
            let older = self.seniority(x) < self.seniority(other);
            let older = older != (self.broken == Broken::TieRule);
            return mine > theirs || (mine == theirs && older);
        }
        match (self.ends_device(x), self.ends_device(other)) {
            (Some((a, _)), Some((b, _))) if a == b => {
                self.device_seniority(x) < self.device_seniority(other)
            }
            _ => false,
        }
    }

    /// Whether `taker` can void `x`, so that `x` is decided after it.
    fn is_above(&self, taker: usize, x: usize) -> bool {
        if taker == x || !self.touches(taker, x) {
            return false;
        }
        let contested = self.hits(taker, x) || self.touches(x, taker);
        !(contested && self.outranks(x, taker))
    }

    pub(super) fn decide(&self) -> Set {
        let takers: Vec<usize> = each(self.sound).filter(|x| self.is_taker(*x)).collect();
        let above: HashMap<usize, Vec<usize>> = takers
            .iter()
            .map(|x| (*x, takers.iter().copied().filter(|t| self.is_above(*t, *x)).collect()))
            .collect();
        // Whoever is above someone above is above: two above each other form a circle.
        let mut reach: HashMap<usize, BTreeSet<usize>> =
            above.iter().map(|(x, all)| (*x, all.iter().copied().collect())).collect();
        loop {
            let before = reach.clone();
            for all in reach.values_mut() {
                for t in all.clone() {
                    all.extend(&before[&t]);
                }
            }
            if reach == before {
                break;
            }
        }
        let circle = |x: usize, t: usize| reach[&x].contains(&t) && reach[&t].contains(&x);
        let key = |x: usize| (!self.by_phrase(x), self.seniority(x));
        // Within a circle only the earlier in the fixed order can void the later.
        let voiders = |x: usize| -> Vec<usize> {
            let all = above[&x].iter().copied();
            let first = |t: usize| (key(t) < key(x)) != (self.broken == Broken::Circle);
            all.filter(|t| !circle(x, *t) || first(*t)).collect()
        };
        let mut decided: BTreeMap<usize, bool> = BTreeMap::new();
        while decided.len() < takers.len() {
            let mut moved = false;
            for x in &takers {
                if decided.contains_key(x) {
                    continue;
                }
                let voiders = voiders(*x);
                if !voiders.iter().all(|t| decided.contains_key(t)) {
                    continue;
                }
                let taken =
                    voiders.iter().filter(|t| decided[*t]).fold(0, |set: Set, t| set | 1 << t);
                decided.insert(*x, self.is_valid(*x, taken, &mut HashMap::new()));
                moved = true;
            }
            assert!(moved, "the rule gives no answer");
        }
        decided.iter().filter(|(_, counts)| **counts).fold(0, |set, (x, _)| set | 1 << x)
    }
}
