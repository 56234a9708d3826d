//! The causal graph of acts: who wrote each, in canonical order, and what lies in
//! whose past.
//!
//! Invariant: nodes stand in canonical order (of those whose past stands already, the
//! smallest hash comes next), so a node's past lies before it. Adding acts never
//! changes the order of two that were there.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

use super::fact::{Body, Fact};
use crate::journal::{Class, Descriptor, LogStart, Owner, Tip};
use crate::keys::{DeviceId, DocId, EntryHash, HoodHash, LogId, MemberId};

/// Place of a node in canonical order.
pub(super) type At = usize;

/// Who wrote a node, and by which certificate of the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Author {
    pub(super) member: MemberId,
    pub(super) device: DeviceId,
    /// The node that certifies the device; the node itself where it carries that.
    pub(super) certificate: At,
}

/// An act in its place.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) fact: Arc<Fact>,
    pub(super) parents: Vec<At>,
    pub(super) author: Option<Author>,
    pub(super) class: Class,
}

impl Node {
    /// Whether the phrase itself speaks, so that no device's standing matters.
    pub(super) fn is_by_phrase(&self) -> bool {
        match &self.fact.body {
            Body::Start(start) => start.certificate.is_some(),
            Body::Certify { phrase, .. } | Body::Revoke { phrase, .. } => *phrase,
            _ => false,
        }
    }
}

/// The graph. Acts whose past is not all here are not in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
    pub(super) place: HashMap<EntryHash, At>,
    pub(super) by_log: HashMap<LogId, Vec<At>>,
    pub(super) children: Vec<Vec<At>>,
    /// Entries of each log that nodes name, by references and closings.
    pub(super) tips: HashMap<LogId, Vec<(At, Tip)>>,
}

/// What a fact names and cannot do without: it waits for these.
pub(super) fn needs(fact: &Fact, charter: &DocId, own: &DocId) -> Vec<EntryHash> {
    let mut needs = fact.causes.clone();
    match &fact.body {
        Body::Start(start) if start.act != EntryHash::ZERO => needs.push(start.act),
        _ if fact.seq > 0 => needs.push(fact.previous),
        _ => {}
    }
    let same_class = fact.refs.iter().filter(|at| at.document == *charter || at.document == *own);
    needs.extend(same_class.map(|at| at.hash));
    needs
}

/// What a fact names besides, with the place it says that has: seen if it is here.
pub(super) fn names(fact: &Fact) -> Vec<(EntryHash, LogId, u64)> {
    let mut names: Vec<_> = fact.refs.iter().map(|at| (at.hash, at.log, at.seq)).collect();
    if let Some(closing) = fact.closing() {
        names.extend(closing.tips().iter().map(|tip| (tip.hash, tip.log, tip.seq)));
    }
    if let Body::Start(start) = &fact.body {
        names.extend(start.continues.iter().map(|at| (at.hash, at.log, at.seq)));
    }
    names
}

impl Graph {
    /// Builds the graph of those facts whose past is all here.
    pub(super) fn build(hood: &HoodHash, facts: &HashMap<EntryHash, Arc<Fact>>) -> Self {
        let charter = Descriptor::charter(*hood).id();
        let settled = settle(&charter, facts);
        let edges: HashMap<EntryHash, Vec<EntryHash>> = settled
            .iter()
            .map(|hash| (*hash, parents_of(&facts[hash], &charter, facts, &settled)))
            .collect();
        let mut children: HashMap<EntryHash, Vec<EntryHash>> = HashMap::new();
        let mut missing: HashMap<EntryHash, usize> = HashMap::with_capacity(edges.len());
        let mut free = BinaryHeap::new();
        for (hash, parents) in &edges {
            missing.insert(*hash, parents.len());
            if parents.is_empty() {
                free.push(Reverse(*hash));
            }
            for parent in parents {
                children.entry(*parent).or_default().push(*hash);
            }
        }
        let mut graph = Self::default();
        while let Some(Reverse(hash)) = free.pop() {
            graph.push(hood, &facts[&hash], &edges[&hash]);
            for child in children.get(&hash).into_iter().flatten() {
                if let Some(left) = missing.get_mut(child) {
                    *left -= 1;
                    if *left == 0 {
                        free.push(Reverse(*child));
                    }
                }
            }
        }
        graph
    }

    /// Puts one more node at the end; its parents are here.
    pub(super) fn push(&mut self, hood: &HoodHash, fact: &Arc<Fact>, parents: &[EntryHash]) -> At {
        let at = self.nodes.len();
        let parents: Vec<At> =
            parents.iter().filter_map(|hash| self.place.get(hash).copied()).collect();
        for parent in &parents {
            self.children[*parent].push(at);
        }
        let (class, author) = match &fact.body {
            Body::Start(start) => (start.descriptor.class, self.author_of_start(hood, start, at)),
            _ => match self.place.get(&EntryHash(fact.log.0)) {
                Some(start) => (self.nodes[*start].class, self.nodes[*start].author),
                None => (Class::Charter, None),
            },
        };
        self.nodes.push(Node { fact: fact.clone(), parents, author, class });
        self.children.push(Vec::new());
        self.place.insert(fact.hash, at);
        for (hash, log, seq) in names(fact) {
            self.tips.entry(log).or_default().push((at, Tip { seq, hash }));
        }
        self.by_log.entry(fact.log).or_default().push(at);
        at
    }

    fn author_of_start(&self, hood: &HoodHash, start: &LogStart, at: At) -> Option<Author> {
        let descriptor = &start.descriptor;
        if descriptor.hood != *hood || !descriptor.is_well_formed() {
            return None;
        }
        if let (Some(certificate), Class::Identity) = (&start.certificate, descriptor.class) {
            let author =
                Author { member: certificate.member, device: start.device, certificate: at };
            return (descriptor.owner == Owner::Member(author.member)).then_some(author);
        }
        let certificate = *self.place.get(&start.act)?;
        let (member, device) = self.certifies(certificate)?;
        let fits = match descriptor.class {
            Class::Charter => true,
            Class::Identity => {
                // Only a certificate among the member's own acts opens an identity log.
                descriptor.owner == Owner::Member(member)
                    && matches!(self.nodes[certificate].fact.body, Body::Certify { .. })
            }
            _ => false,
        };
        (fits && device == start.device).then_some(Author { member, device, certificate })
    }

    /// Whose device a node certifies, if it is a certificate.
    pub(super) fn certifies(&self, at: At) -> Option<(MemberId, DeviceId)> {
        let node = &self.nodes[at];
        if node.class != Class::Identity {
            return None;
        }
        let author = node.author?;
        match &node.fact.body {
            Body::Start(start) if start.certificate.is_some() => {
                Some((author.member, start.device))
            }
            Body::Certify { device, .. } => Some((author.member, *device)),
            _ => None,
        }
    }

    /// The order of the chosen nodes: of those whose chosen past stands already, the
    /// smallest hash comes next. Others have no place.
    pub(super) fn order_of(&self, chosen: impl Fn(At) -> bool) -> HashMap<At, usize> {
        let mut missing: Vec<usize> = self.nodes.iter().map(|node| node.parents.len()).collect();
        let mut at_once: Vec<At> = Vec::new();
        let mut by_hash = BinaryHeap::new();
        let mut order = HashMap::new();
        let release = |at: At, at_once: &mut Vec<At>, by_hash: &mut BinaryHeap<_>| {
            if chosen(at) {
                by_hash.push(Reverse((self.nodes[at].fact.hash, at)));
            } else {
                at_once.push(at);
            }
        };
        for (at, left) in missing.iter().enumerate() {
            if *left == 0 {
                release(at, &mut at_once, &mut by_hash);
            }
        }
        loop {
            let at = match at_once.pop() {
                Some(at) => at,
                None => match by_hash.pop() {
                    Some(Reverse((_, at))) => {
                        order.insert(at, order.len());
                        at
                    }
                    None => return order,
                },
            };
            for child in &self.children[at] {
                missing[*child] -= 1;
                if missing[*child] == 0 {
                    release(*child, &mut at_once, &mut by_hash);
                }
            }
        }
    }
}

/// The facts whose whole past, as far as it must be here, is here.
fn settle(charter: &DocId, facts: &HashMap<EntryHash, Arc<Fact>>) -> HashSet<EntryHash> {
    let mut waiting: HashMap<EntryHash, Vec<EntryHash>> = HashMap::new();
    let mut missing: HashMap<EntryHash, usize> = HashMap::new();
    let mut ready = Vec::new();
    for fact in facts.values() {
        let needs: BTreeSet<_> =
            needs(fact, charter, &own_document(fact, facts)).into_iter().collect();
        if needs.is_empty() {
            ready.push(fact.hash);
        }
        missing.insert(fact.hash, needs.len());
        for need in needs {
            waiting.entry(need).or_default().push(fact.hash);
        }
    }
    let mut settled = HashSet::new();
    while let Some(hash) = ready.pop() {
        settled.insert(hash);
        for next in waiting.remove(&hash).unwrap_or_default() {
            if let Some(left) = missing.get_mut(&next) {
                *left -= 1;
                if *left == 0 {
                    ready.push(next);
                }
            }
        }
    }
    settled
}

/// The document a fact belongs to, if entry 0 of its log is here.
pub(super) fn own_document(fact: &Fact, facts: &HashMap<EntryHash, Arc<Fact>>) -> DocId {
    if fact.refs.is_empty() {
        return DocId::ZERO;
    }
    match facts.get(&EntryHash(fact.log.0)).map(|start| &start.body) {
        Some(Body::Start(start)) => start.descriptor.id(),
        _ => DocId::ZERO,
    }
}

/// What lies right before a fact: all it needs, and what it names besides as far as
/// that is here and where it says.
pub(super) fn parents_of(
    fact: &Fact,
    charter: &DocId,
    facts: &HashMap<EntryHash, Arc<Fact>>,
    settled: &HashSet<EntryHash>,
) -> Vec<EntryHash> {
    let mut parents = needs(fact, charter, &own_document(fact, facts));
    for (hash, log, seq) in names(fact) {
        let there = facts.get(&hash).is_some_and(|named| named.log == log && named.seq == seq);
        if there && settled.contains(&hash) {
            parents.push(hash);
        }
    }
    parents.sort_unstable();
    parents.dedup();
    parents
}
