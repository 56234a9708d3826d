//! The causal graph of acts: who wrote each, in canonical order, and what lies in
//! whose past.
//!
//! Invariant: nodes stand in canonical order (of those whose past stands already, the
//! smallest hash comes next), so a node's past lies before it. Adding acts never
//! changes the order of two that were there.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
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
    /// Facts that wait for others.
    pub(super) waiting: HashSet<EntryHash>,
    /// Entries that facts name and that are not here.
    pub(super) named: HashSet<EntryHash>,
    /// Entries of each log that nodes name, by references and closings.
    pub(super) tips: HashMap<LogId, Vec<(At, Tip)>>,
}

/// What a fact names and cannot do without: it waits for these. `start` is entry 0 of
/// its log, if that is here.
pub(super) fn needs<'a>(
    fact: &Fact,
    charter: &DocId,
    start: impl FnOnce() -> Option<&'a Fact>,
) -> Vec<EntryHash> {
    let mut needs = fact.causes.clone();
    match &fact.body {
        Body::Start(start) if start.act != EntryHash::ZERO => needs.push(start.act),
        _ if fact.seq > 0 => needs.push(fact.previous),
        _ => {}
    }
    if !fact.refs.is_empty() {
        let own = start().and_then(|start| match &start.body {
            Body::Start(start) => Some(start.descriptor.id()),
            _ => None,
        });
        let waits = |document: DocId| document == *charter || Some(document) == own;
        needs.extend(fact.refs.iter().filter(|at| waits(at.document)).map(|at| at.hash));
    }
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
        let list: Vec<&Arc<Fact>> = facts.values().collect();
        let mut graph = Self::default();
        let parents = graph.resolve(&Descriptor::charter(*hood).id(), &list);
        let mut children: Vec<Vec<usize>> = vec![Vec::new(); list.len()];
        let mut missing = vec![0usize; list.len()];
        let mut free = BinaryHeap::new();
        for (number, parents) in parents.iter().enumerate() {
            let Some(parents) = parents else { continue };
            missing[number] = parents.len();
            if parents.is_empty() {
                free.push(Reverse((list[number].hash, number)));
            }
            for parent in parents {
                children[*parent].push(number);
            }
        }
        let mut place: Vec<At> = vec![0; list.len()];
        while let Some(Reverse((_, number))) = free.pop() {
            let known = parents[number].iter().flatten().map(|parent| place[*parent]).collect();
            place[number] = graph.push(hood, list[number], known);
            for child in &children[number] {
                missing[*child] -= 1;
                if missing[*child] == 0 {
                    free.push(Reverse((list[*child].hash, *child)));
                }
            }
        }
        graph
    }

    /// For each fact the numbers of those right before it; `None` for one that waits.
    /// Notes on the way which names lead nowhere yet.
    fn resolve(&mut self, charter: &DocId, list: &[&Arc<Fact>]) -> Vec<Option<Vec<usize>>> {
        let numbers: HashMap<EntryHash, usize> =
            list.iter().enumerate().map(|(number, fact)| (fact.hash, number)).collect();
        let start_of =
            |fact: &Fact| numbers.get(&EntryHash(fact.log.0)).map(|start| list[*start].as_ref());
        let mut needed: Vec<Option<Vec<usize>>> = Vec::with_capacity(list.len());
        let mut children: Vec<Vec<usize>> = vec![Vec::new(); list.len()];
        let mut ready = Vec::new();
        for (number, fact) in list.iter().enumerate() {
            let mut all = Some(Vec::new());
            for need in needs(fact, charter, || start_of(fact)) {
                match numbers.get(&need) {
                    Some(parent) => all.iter_mut().for_each(|all| all.push(*parent)),
                    None => {
                        self.named.insert(need);
                        all = None;
                    }
                }
            }
            if let Some(all) = &mut all {
                all.sort_unstable();
                all.dedup();
                for parent in all.iter() {
                    children[*parent].push(number);
                }
                if all.is_empty() {
                    ready.push(number);
                }
            }
            needed.push(all);
        }
        let mut missing: Vec<usize> =
            needed.iter().map(|all| all.as_ref().map_or(usize::MAX, Vec::len)).collect();
        let mut settled = vec![false; list.len()];
        while let Some(number) = ready.pop() {
            settled[number] = true;
            for child in &children[number] {
                missing[*child] = missing[*child].saturating_sub(1);
                if missing[*child] == 0 {
                    ready.push(*child);
                }
            }
        }
        for (number, fact) in list.iter().enumerate() {
            for (hash, log, seq) in names(fact) {
                let Some(named) = numbers.get(&hash).copied() else {
                    self.named.insert(hash);
                    continue;
                };
                let there = list[named].log == log && list[named].seq == seq && settled[named];
                if let (true, Some(all)) = (there && settled[number], &mut needed[number])
                    && !all.contains(&named)
                {
                    all.push(named);
                }
            }
            if !settled[number] {
                needed[number] = None;
                self.waiting.insert(fact.hash);
            }
        }
        needed
    }

    /// What lies right before a fact that is not here yet, if all it needs is: what it
    /// needs, and what it names besides as far as that is here and where it says. Notes
    /// which names lead nowhere yet.
    pub(super) fn parents_of(&mut self, hood: &HoodHash, fact: &Fact) -> Option<Vec<At>> {
        let charter = Descriptor::charter(*hood).id();
        let needs = needs(fact, &charter, || self.start_of(fact));
        let mut parents: Vec<At> =
            needs.iter().filter_map(|need| self.place.get(need).copied()).collect();
        if parents.len() < needs.len() {
            self.named.extend(needs);
            return None;
        }
        for (hash, log, seq) in names(fact) {
            match self.place.get(&hash) {
                Some(at) => {
                    let named = &self.nodes[*at].fact;
                    if named.log == log && named.seq == seq {
                        parents.push(*at);
                    }
                }
                None => {
                    self.named.insert(hash);
                }
            }
        }
        parents.sort_unstable();
        parents.dedup();
        Some(parents)
    }

    fn start_of(&self, fact: &Fact) -> Option<&Fact> {
        Some(self.nodes[*self.place.get(&EntryHash(fact.log.0))?].fact.as_ref())
    }

    /// Puts one more node at the end; its parents are here.
    pub(super) fn push(&mut self, hood: &HoodHash, fact: &Arc<Fact>, parents: Vec<At>) -> At {
        let at = self.nodes.len();
        for parent in &parents {
            self.children[*parent].push(at);
        }
        let (class, author) = match &fact.body {
            Body::Start(start) => (start.descriptor.class, self.author_of_start(hood, start, at)),
            // The entry before stands in the same log.
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
