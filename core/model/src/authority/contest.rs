//! Which takers count where they contradict each other.
//!
//! A taker is decided after all those that could void it. Of two concurrent ones of a
//! kind that would void each other, or where one would void the other directly, only
//! the higher in rank can void the lower. Where that still runs in a circle, the circle
//! is taken in a fixed order: the phrase, then seniority, then hash.
//!
//! Invariant: every taker is decided exactly once, so any set of acts has one answer.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::act::Role;
use super::fact::Body;
use super::graph::At;
use super::rule::{Rules, Taking, Void};

/// The verdict on each taker, by its number.
pub(super) fn decide(rules: &Rules) -> Vec<Result<(), Void>> {
    let mut contest = Contest::new(rules);
    for circle in contest.circles() {
        for taker in circle {
            contest.decide(taker);
        }
    }
    contest.verdicts.into_iter().map(|verdict| verdict.unwrap_or(Ok(()))).collect()
}

struct Contest<'a> {
    rules: &'a Rules,
    /// For each taker all that it rests on, itself included, in canonical order.
    rests: Vec<Vec<At>>,
    /// For each taker those that can void it.
    above: Vec<Vec<usize>>,
    /// Place of each coordinator's grant by seniority.
    grant_order: HashMap<At, usize>,
    verdicts: Vec<Option<Result<(), Void>>>,
}

impl<'a> Contest<'a> {
    fn new(rules: &'a Rules) -> Self {
        let count = rules.takers.len();
        let is_grant = |at: At| rules.sound[at] && rules.gives(at, Role::Coordinator);
        let mut contest = Self {
            rules,
            rests: (0..count).map(|taker| rest(rules, rules.takers[taker].0)).collect(),
            above: Vec::new(),
            grant_order: rules.graph.order_of(is_grant),
            verdicts: vec![None; count],
        };
        contest.above = contest.find_above();
        contest
    }

    fn find_above(&self) -> Vec<Vec<usize>> {
        let rules = self.rules;
        // For each taker those that touch it, and whether directly.
        let touched: Vec<BTreeMap<usize, bool>> = (0..self.rests.len())
            .map(|taker| {
                let own = rules.takers[taker].0;
                let mut by = BTreeMap::new();
                for at in &self.rests[taker] {
                    let Some(author) = rules.graph.nodes[*at].author else { continue };
                    for other in rules.takers_of.get(&author.member).into_iter().flatten() {
                        if *other != taker && rules.hits(*other, *at) {
                            *by.entry(*other).or_default() |= *at == own;
                        }
                    }
                }
                by
            })
            .collect();
        let mut certificates = None;
        (0..touched.len())
            .map(|taker| {
                let outranked = |other: usize, direct: bool| {
                    (direct || touched[other].contains_key(&taker))
                        && self.outranks(taker, other, &mut certificates)
                };
                let mut outranked = outranked;
                touched[taker]
                    .iter()
                    .filter(|(other, direct)| !outranked(**other, **direct))
                    .map(|(other, _)| *other)
                    .collect()
            })
            .collect()
    }

    /// Whether `this` is concurrent with `other`, of its kind, and higher in rank.
    fn outranks(
        &self,
        this: usize,
        other: usize,
        certificates: &mut Option<HashMap<At, usize>>,
    ) -> bool {
        let rules = self.rules;
        let ((at, taking), (other_at, other_taking)) = (&rules.takers[this], &rules.takers[other]);
        if rules.is_before(*at, *other_at) || rules.is_before(*other_at, *at) {
            return false;
        }
        let ranked = |taking: &Taking| {
            matches!(taking, Taking::Member(_, true) | Taking::Role(..) | Taking::Manager(..))
        };
        match (taking, other_taking) {
            (Taking::Device(member, _), Taking::Device(other_member, _)) => {
                let order = certificates
                    .get_or_insert_with(|| rules.graph.order_of(|at| is_certificate(rules, at)));
                let key = |at: At| {
                    let node = &rules.graph.nodes[at];
                    let certificate = node.author.map(|author| author.certificate);
                    let place = certificate.and_then(|at| order.get(&at).copied());
                    (place.unwrap_or(usize::MAX), node.fact.hash)
                };
                member == other_member && key(*at) < key(*other_at)
            }
            _ if ranked(taking) && ranked(other_taking) => {
                let (mine, theirs) =
                    (self.seconders(*at, *other_at), self.seconders(*other_at, *at));
                mine > theirs || (mine == theirs && self.seniority(*at) < self.seniority(*other_at))
            }
            _ => false,
        }
    }

    /// Seniority of an act's author, the older the less, then the act's hash.
    fn seniority(&self, at: At) -> (usize, crate::keys::EntryHash) {
        let node = &self.rules.graph.nodes[at];
        let place = node.author.and_then(|author| {
            self.rules
                .grants_before(&author.member, at)
                .filter_map(|grant| self.grant_order.get(&grant).copied())
                .min()
        });
        (place.unwrap_or(usize::MAX), node.fact.hash)
    }

    /// How many coordinators co-signed `at` whose standing lies in the past of both
    /// acts: appointed there, and not taken there.
    fn seconders(&self, at: At, other: At) -> usize {
        let rules = self.rules;
        let hash = rules.graph.nodes[at].fact.hash;
        let author = rules.graph.nodes[at].author.map(|author| author.member);
        let mut members = BTreeSet::new();
        for second in rules.seconds_of(&hash) {
            let Some(by) = rules.graph.nodes[second].author else { continue };
            let takers = rules.takers_of.get(&by.member).map_or(&[][..], Vec::as_slice);
            let revoked = takers.iter().any(|taker| {
                rules.takers[*taker].1 == Taking::Device(by.member, by.device)
                    && !rules.has_seen(*taker, second)
            });
            let both = |node: At| rules.is_before(node, at) && rules.is_before(node, other);
            let stands = rules.grants_before(&by.member, at).any(|grant| {
                rules.gives(grant, Role::Coordinator)
                    && both(grant)
                    && !takers.iter().any(|taker| {
                        let (taken, taking) = rules.takers[*taker];
                        let ends = match taking {
                            Taking::Member(..) => true,
                            Taking::Role(_, role) => role == Role::Coordinator,
                            Taking::Device(..) | Taking::Manager(..) => false,
                        };
                        ends && both(taken) && !rules.is_before(taken, grant)
                    })
            });
            if stands && !revoked && author != Some(by.member) && rules.is_before(at, second) {
                members.insert(by.member);
            }
        }
        members.len()
    }

    /// The takers, each after all that can void it; those of a circle together, in the
    /// fixed order.
    fn circles(&self) -> Vec<Vec<usize>> {
        let count = self.above.len();
        let mut below = vec![Vec::new(); count];
        for (taker, above) in self.above.iter().enumerate() {
            for other in above {
                below[*other].push(taker);
            }
        }
        // Kosaraju: in the reverse order of leaving, each search against the arrows
        // from a taker not yet taken finds its circle, and circles come in order.
        let mut circles = Vec::new();
        let mut taken = vec![false; count];
        for start in leaving_order(&below).into_iter().rev() {
            let mut circle = Vec::new();
            let mut stack = vec![start];
            while let Some(taker) = stack.pop() {
                if !std::mem::replace(&mut taken[taker], true) {
                    circle.push(taker);
                    stack.extend(self.above[taker].iter().filter(|other| !taken[**other]));
                }
            }
            if !circle.is_empty() {
                circle.sort_by_key(|taker| {
                    let at = self.rules.takers[*taker].0;
                    (!self.rules.graph.nodes[at].is_by_phrase(), self.seniority(at))
                });
                circles.push(circle);
            }
        }
        circles
    }

    fn decide(&mut self, taker: usize) {
        let rules = self.rules;
        let above: BTreeSet<usize> = self.above[taker]
            .iter()
            .copied()
            .filter(|other| matches!(self.verdicts[*other], Some(Ok(()))))
            .collect();
        let mut held: HashMap<At, Result<(), Void>> = HashMap::new();
        for at in &self.rests[taker] {
            let holds = |before: At| {
                // What it does not rest on is asked for only where nothing is taken.
                held.get(&before).map_or(rules.sound[before], Result::is_ok)
            };
            let verdict = rules.judge(*at, holds, |other| above.contains(&other));
            held.insert(*at, verdict);
        }
        self.verdicts[taker] = held.remove(&rules.takers[taker].0);
    }
}

/// Whether a node certifies a device and would count if nothing were taken away.
pub(super) fn is_certificate(rules: &Rules, at: At) -> bool {
    rules.sound[at]
        && match &rules.graph.nodes[at].fact.body {
            Body::Start(start) => start.certificate.is_some(),
            Body::Certify { .. } => true,
            _ => false,
        }
}

/// A node and all it rests on, in canonical order.
fn rest(rules: &Rules, at: At) -> Vec<At> {
    let mut found = BTreeSet::from([at]);
    let mut stack = vec![at];
    while let Some(next) = stack.pop() {
        for on in rules.rests_on(next) {
            if found.insert(on) {
                stack.push(on);
            }
        }
    }
    found.into_iter().collect()
}

/// The order in which a depth-first search leaves the nodes.
fn leaving_order(below: &[Vec<usize>]) -> Vec<usize> {
    let mut order = Vec::with_capacity(below.len());
    let mut entered = vec![false; below.len()];
    for start in 0..below.len() {
        if std::mem::replace(&mut entered[start], true) {
            continue;
        }
        let mut stack = vec![(start, 0)];
        while let Some((at, next)) = stack.last_mut() {
            match below[*at].get(*next) {
                Some(child) => {
                    *next += 1;
                    if !std::mem::replace(&mut entered[*child], true) {
                        stack.push((*child, 0));
                    }
                }
                None => {
                    order.push(*at);
                    stack.pop();
                }
            }
        }
    }
    order
}
