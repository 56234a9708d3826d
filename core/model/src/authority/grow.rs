//! Authority as acts come in, one after the other.
//!
//! Invariant: [`Authority::add`] gives what [`Authority::compute`] would on the larger
//! set. It takes a short way where that is certain, and computes anew elsewhere.

use std::cell::OnceCell;
use std::sync::Arc;

use super::engine::Authority;
use super::fact::{Body, Fact};
use super::graph::At;
use crate::journal::Class;
use crate::keys::{EntryHash, LogId};

/// How [`Authority::add`] took a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It was here.
    Known,
    /// It moved nothing that was there.
    Extended,
    /// Something it needs has not come yet.
    Waits,
    /// All was computed anew.
    Recomputed,
}

impl Authority {
    /// Takes more facts in, computing anew at most once.
    pub fn add_all(&mut self, facts: impl IntoIterator<Item = Arc<Fact>>) -> Added {
        let mut facts = facts.into_iter();
        let mut added = Added::Known;
        while let Some(fact) = facts.next() {
            match self.take(fact) {
                Added::Known => {}
                Added::Recomputed => {
                    for fact in facts.by_ref() {
                        self.keep(fact);
                    }
                    self.recompute();
                    return Added::Recomputed;
                }
                short => added = short,
            }
        }
        added
    }

    /// Takes one more fact in. Answers are those of [`compute`](Self::compute) on the
    /// larger set.
    pub fn add(&mut self, fact: Arc<Fact>) -> Added {
        let added = self.take(fact);
        if added == Added::Recomputed {
            self.recompute();
        }
        added
    }

    fn recompute(&mut self) {
        let facts = std::mem::take(&mut self.facts);
        let followers = std::mem::take(&mut self.followers);
        *self = Self::compute_from(self.hood, self.root, facts, followers);
    }

    /// Keeps a fact without working anything out.
    fn keep(&mut self, fact: Arc<Fact>) {
        match followed(&fact) {
            Follows::Act => {
                self.facts.entry(fact.hash).or_insert(fact);
            }
            Follows::Log(log) => {
                let known = self.followers.entry(log).or_default();
                if let Err(place) = known.binary_search_by_key(&fact.hash, |known| known.hash) {
                    known.insert(place, fact);
                }
            }
            Follows::Nothing => {}
        }
    }

    /// Keeps a fact and takes the short way; `Recomputed` says that there is none.
    fn take(&mut self, fact: Arc<Fact>) -> Added {
        let hash = fact.hash;
        if matches!(followed(&fact), Follows::Log(_) | Follows::Nothing) {
            self.keep(fact);
            return Added::Extended;
        }
        if self.facts.contains_key(&hash) {
            return Added::Known;
        }
        self.facts.insert(hash, fact.clone());
        let Some(parents) = self.rules.graph.parents_of(&self.hood, &fact) else {
            self.rules.graph.waiting.insert(hash);
            return Added::Waits;
        };
        if !self.may_extend(&fact, &parents) {
            return Added::Recomputed;
        }
        self.extend(&fact, parents);
        Added::Extended
    }

    /// Whether a fact moves nothing that is there: it takes nothing and adds no rank,
    /// nothing here names it, and in the charter it has seen all.
    fn may_extend(&self, fact: &Fact, parents: &[At]) -> bool {
        let quiet = match &fact.body {
            Body::Start(_) | Body::Attest { .. } | Body::Other | Body::Void(_) => true,
            Body::Certify { .. } | Body::Admit { .. } | Body::Appoint { .. } => true,
            Body::FoundGroup | Body::AddManager { .. } => true,
            Body::Found { .. }
            | Body::Dismiss { .. }
            | Body::Remove { .. }
            | Body::Second { .. }
            | Body::Leave { .. }
            | Body::RemoveManager { .. }
            | Body::Revoke { .. } => false,
        };
        let graph = &self.rules.graph;
        if !quiet || graph.named.contains(&fact.hash) || self.claims_known_device(fact) {
            return false;
        }
        if matches!(fact.body, Body::Start(_)) {
            return true;
        }
        let start = graph.place.get(&EntryHash(fact.log.0));
        let in_charter = start.is_none_or(|at| graph.nodes[*at].class == Class::Charter);
        // Canonical order decides between several admissions or homes of one member: to
        // come last in the charter it must have seen all there is.
        let sees = |head: &EntryHash| {
            graph.place.get(head).is_some_and(|at| parents.binary_search(at).is_ok())
        };
        !in_charter || self.rules.charter_heads.iter().all(sees)
    }

    /// Whether a fact certifies a device that has a certificate: which of them goes
    /// first hangs on canonical order.
    fn claims_known_device(&self, fact: &Fact) -> bool {
        match &fact.body {
            Body::Certify { device, .. } => self.devices.contains_key(device),
            Body::Start(start) => {
                start.certificate.is_some() && self.devices.contains_key(&start.device)
            }
            _ => false,
        }
    }

    fn extend(&mut self, fact: &Arc<Fact>, parents: Vec<At>) {
        for parent in &parents {
            self.heads.remove(&self.rules.graph.nodes[*parent].fact.hash);
        }
        self.heads.insert(fact.hash);
        let at = self.rules.graph.push(&self.hood, fact, parents);
        self.rules.extend(at);
        self.rules.look_back_on_last();
        let verdict = self.rules.judge(
            at,
            |before| self.verdicts[before].is_ok(),
            |taker| {
                let member = self.rules.takers[taker].1.member();
                self.counted.get(member).is_some_and(|counted| counted.contains(&taker))
            },
        );
        self.newer |= matches!(fact.body, Body::Void("act.newer_version"));
        self.verdicts.push(verdict);
        self.certificate_order = OnceCell::new();
        self.draw(at);
        let member = match &fact.body {
            Body::Admit { member, .. }
            | Body::Attest { member, .. }
            | Body::Appoint { member, .. } => *member,
            Body::FoundGroup => return self.draw_group(&fact.hash.into()),
            Body::AddManager { group, .. } => return self.draw_group(&group.clone()),
            _ => return,
        };
        self.draw_member(&member);
    }
}

/// Where a fact belongs.
pub(super) enum Follows {
    /// Charter or identity: the graph.
    Act,
    /// Entry 0 of another class that continues this log.
    Log(LogId),
    /// Entry 0 of another class that continues nothing.
    Nothing,
}

pub(super) fn followed(fact: &Fact) -> Follows {
    let Body::Start(start) = &fact.body else { return Follows::Act };
    if start.descriptor.class.comes_first() {
        return Follows::Act;
    }
    start.continues.map_or(Follows::Nothing, |last| Follows::Log(last.log))
}
