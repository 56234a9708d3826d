//! The causal graph of a domain's acts.
//!
//! Acts are laid on chains, each act seeing the one before it on its chain; the causal
//! past of an act is then one number per chain. With *n* acts and at most *w* of them
//! mutually concurrent this takes about n·w numbers, and "has a seen b?" is one
//! comparison.

use std::collections::{BTreeMap, BTreeSet};

use super::act::{Act, ActKind, Domain};
use crate::booking::records::Op;
use crate::keys::{EntryHash, MemberId};

/// An act by its place in the graph.
pub(super) type NodeId = usize;

/// What sorts decisions of one group.
type SortKey = (u64, bool, u8, [u8; 32], EntryHash);

pub(super) struct Node<'a> {
    pub(super) act: &'a Act,
    chain: usize,
    position: u32,
    clock: Vec<u32>,
    /// By someone entitled.
    pub(super) entitled: bool,
    /// Counts and is by someone entitled.
    pub(super) valid: bool,
    pub(super) key: SortKey,
    /// Direct past without what others of it have seen.
    pub(super) maximal_past: Vec<NodeId>,
}

impl Node<'_> {
    /// What it does, for a decision that counts.
    pub(super) fn op(&self) -> Option<&Op> {
        match &self.act.kind {
            ActKind::Decision { op, .. } if self.valid => Some(op),
            _ => None,
        }
    }
}

pub(super) struct Graph<'a> {
    pub(super) domain: &'a Domain,
    pub(super) nodes: Vec<Node<'a>>,
    index: BTreeMap<EntryHash, NodeId>,
    chains: Vec<Vec<NodeId>>,
    pub(super) incomplete: Vec<EntryHash>,
    pub(super) entitled: Vec<MemberId>,
    /// Whom acts of the owner name as holder, and which act does.
    pub(super) named: Vec<(MemberId, NodeId)>,
}

impl<'a> Graph<'a> {
    pub(super) fn new(domain: &'a Domain, acts: &'a [Act]) -> Self {
        let (order, incomplete) = causal_order(domain, acts);
        let mut graph = Self {
            domain,
            nodes: Vec::with_capacity(order.len()),
            index: BTreeMap::new(),
            chains: Vec::new(),
            incomplete,
            entitled: Vec::new(),
            named: Vec::new(),
        };
        // Decisions that count among the first k of each chain.
        let mut counted: Vec<Vec<u64>> = Vec::new();
        for act in order {
            let id = graph.push(act);
            let member = act.author.member;
            let is_owner = member == domain.owner;
            let entitled = is_owner
                || domain.record.deciders.contains(&member)
                || graph.named.iter().any(|(who, by)| *who == member && graph.sees(id, *by))
                || (domain.managers.contains(&member)
                    && matches!(act.kind, ActKind::Decision { .. }));
            let valid = act.counts && entitled;
            let depth: u64 = graph.nodes[id]
                .clock
                .iter()
                .enumerate()
                .map(|(chain, len)| counted[chain].get(*len as usize).copied().unwrap_or(0))
                .sum();
            let node = &mut graph.nodes[id];
            node.entitled = entitled;
            node.valid = valid;
            node.key = sort_key(domain, act, depth);
            if valid
                && is_owner
                && let Some(to) = names_holder(act)
            {
                graph.named.push((to, id));
            }
            let is_decision = valid && matches!(act.kind, ActKind::Decision { .. });
            let chain = node.chain;
            if chain == counted.len() {
                counted.push(vec![0]);
            }
            let before = counted[chain].last().copied().unwrap_or(0);
            counted[chain].push(before + u64::from(is_decision));
        }
        let mut entitled: BTreeSet<MemberId> = graph.named.iter().map(|(who, _)| *who).collect();
        entitled.extend(&domain.record.deciders);
        entitled.extend(&domain.managers);
        entitled.insert(domain.owner);
        graph.entitled = entitled.into_iter().collect();
        graph
    }

    /// Adds an act all of whose past is there.
    fn push(&mut self, act: &'a Act) -> NodeId {
        let id = self.nodes.len();
        let direct: BTreeSet<NodeId> =
            act.past.iter().filter_map(|hash| self.index.get(hash).copied()).collect();
        let maximal: Vec<NodeId> = direct
            .iter()
            .copied()
            .filter(|a| !direct.iter().any(|b| b != a && self.sees(*b, *a)))
            .collect();
        let mut clock: Vec<u32> = Vec::new();
        for past in &maximal {
            let node = &self.nodes[*past];
            if clock.len() < node.clock.len().max(node.chain + 1) {
                clock.resize(node.clock.len().max(node.chain + 1), 0);
            }
            for (mine, theirs) in clock.iter_mut().zip(&node.clock) {
                *mine = (*mine).max(*theirs);
            }
            clock[node.chain] = clock[node.chain].max(node.position + 1);
        }
        let extends = maximal.iter().find(|past| {
            let node = &self.nodes[**past];
            self.chains[node.chain].last() == Some(*past)
        });
        let chain = extends.map_or(self.chains.len(), |past| self.nodes[*past].chain);
        if chain == self.chains.len() {
            self.chains.push(Vec::new());
        }
        let position = u32::try_from(self.chains[chain].len()).unwrap_or(u32::MAX);
        self.chains[chain].push(id);
        self.index.insert(act.hash, id);
        self.nodes.push(Node {
            act,
            chain,
            position,
            clock,
            entitled: false,
            valid: false,
            key: (0, false, 0, [0; 32], act.hash),
            maximal_past: maximal,
        });
        id
    }

    /// Whether `b` lies in the causal past of `a`.
    pub(super) fn sees(&self, a: NodeId, b: NodeId) -> bool {
        let b = &self.nodes[b];
        self.nodes[a].clock.get(b.chain).is_some_and(|seen| *seen > b.position)
    }

    pub(super) fn find(&self, hash: &EntryHash) -> Option<NodeId> {
        self.index.get(hash).copied()
    }

    /// What `of` has seen and `but` (itself included) has not: all of the past of `of`
    /// where `but` is none.
    pub(super) fn past_of(&self, of: NodeId, but: Option<NodeId>) -> Vec<NodeId> {
        let mut past = Vec::new();
        for (chain, len) in self.nodes[of].clock.iter().enumerate() {
            let mut from = 0;
            if let Some(but) = but {
                let but = &self.nodes[but];
                from = but.clock.get(chain).copied().unwrap_or(0);
                if but.chain == chain {
                    from = from.max(but.position + 1);
                }
            }
            let nodes = self.chains[chain].get(from as usize..*len as usize);
            past.extend_from_slice(nodes.unwrap_or_default());
        }
        past
    }

    /// Whether `a` has seen the act `hash`, or that is the domain record.
    pub(super) fn has_seen(&self, a: NodeId, hash: &EntryHash) -> bool {
        *hash == self.domain.id || self.find(hash).is_some_and(|b| self.sees(a, b))
    }

    /// Valid acts that no other valid act has seen.
    pub(super) fn heads(&self) -> Vec<NodeId> {
        let valid = |id: &NodeId| self.nodes[*id].valid;
        // Only the last valid act of a chain can be a head.
        let ends: Vec<NodeId> = self
            .chains
            .iter()
            .filter_map(|chain| chain.iter().rev().copied().find(|id| valid(id)))
            .collect();
        let unseen = |a: &NodeId| !ends.iter().any(|b| b != a && self.sees(*b, *a));
        ends.iter().copied().filter(unseen).collect()
    }
}

/// Whom an act names as holder.
fn names_holder(act: &Act) -> Option<MemberId> {
    match &act.kind {
        ActKind::Decision { op: Op::HandOver { to }, .. } => Some(to.member),
        ActKind::Close { new_holder, .. } => Some(new_holder.member),
        ActKind::Decision { .. } => None,
    }
}

/// `(depth, releases first, tier, BLAKE3(domain ‖ depth ‖ device), entry hash)`.
fn sort_key(domain: &Domain, act: &Act, depth: u64) -> SortKey {
    let (is_release, tier) = match &act.kind {
        ActKind::Decision { op: Op::Release { .. }, .. } => (true, 0),
        ActKind::Decision { op: Op::Accept { tier, .. }, .. } => (false, *tier),
        _ => (false, 0),
    };
    let mut hasher = blake3::Hasher::new();
    hasher.update(domain.id.as_bytes());
    hasher.update(&depth.to_le_bytes());
    hasher.update(act.author.device.as_bytes());
    (depth, !is_release, tier, *hasher.finalize().as_bytes(), act.hash)
}

/// The acts whose causal past is all there, each after its past; and the others.
fn causal_order<'a>(domain: &Domain, acts: &'a [Act]) -> (Vec<&'a Act>, Vec<EntryHash>) {
    let by_hash: BTreeMap<EntryHash, &Act> = acts.iter().map(|act| (act.hash, act)).collect();
    let mut waits: BTreeMap<EntryHash, usize> = BTreeMap::new();
    let mut followers: BTreeMap<EntryHash, Vec<EntryHash>> = BTreeMap::new();
    let mut ready: Vec<EntryHash> = Vec::new();
    for act in by_hash.values() {
        let past: BTreeSet<_> = act.past.iter().filter(|hash| **hash != domain.id).collect();
        for hash in &past {
            followers.entry(**hash).or_default().push(act.hash);
        }
        if past.is_empty() {
            ready.push(act.hash);
        } else {
            waits.insert(act.hash, past.len());
        }
    }
    let mut order = Vec::with_capacity(by_hash.len());
    while let Some(hash) = ready.pop() {
        order.push(by_hash[&hash]);
        for follower in followers.remove(&hash).unwrap_or_default() {
            if let Some(count) = waits.get_mut(&follower) {
                *count -= 1;
                if *count == 0 {
                    waits.remove(&follower);
                    ready.push(follower);
                }
            }
        }
    }
    (order, waits.into_keys().collect())
}
