//! Whether one act counts, given which acts that take rights away do.
//!
//! Invariant: an act's standing follows from acts in its own past and from the takers
//! (removals, dismissals, leavings, revocations) that it had not seen.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::act::{Inviters, Policy, Role};
use super::fact::Body;
use super::graph::{At, Author, Graph};
use crate::journal::{Class, GroupId, Root};
use crate::keys::{DeviceId, EntryHash, MemberId};

/// Why an act does not count, and the act that is to blame for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Void {
    /// A stable code.
    pub code: &'static str,
    /// The act that took the right, where one did.
    pub by: Option<EntryHash>,
}

impl Void {
    pub(super) const fn because(code: &'static str) -> Self {
        Self { code, by: None }
    }
}

/// What a taker takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taking {
    /// A member is out: removed (`true`) or left.
    Member(MemberId, bool),
    /// A role is taken back.
    Role(MemberId, Role),
    /// A device is out.
    Device(MemberId, DeviceId),
    /// A member manages a group no more.
    Manager(MemberId, GroupId),
}

impl Taking {
    pub(super) const fn member(&self) -> &MemberId {
        match self {
            Self::Member(member, _)
            | Self::Role(member, _)
            | Self::Device(member, _)
            | Self::Manager(member, _) => member,
        }
    }

    const fn code(&self) -> &'static str {
        match self {
            Self::Member(_, true) => "act.author_removed",
            Self::Member(_, false) => "act.author_left",
            Self::Role(..) | Self::Manager(..) => "act.author_dismissed",
            Self::Device(..) => "act.device_revoked",
        }
    }
}

/// A node's past among the nodes that have a column: admissions, grants, takers.
pub(super) type Row = Arc<[u64]>;

/// The graph with all that follows from it before anything is taken away.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    pub(super) graph: Graph,
    root: Root,
    /// Policy of the founding act, once it is here.
    pub(super) policy: Option<Policy>,
    rows: Vec<Row>,
    column: Vec<Option<u32>>,
    columns: u32,
    /// Which nodes would count if nothing were ever taken away.
    pub(super) sound: Vec<bool>,
    /// Sound admissions and grants by the member they speak of.
    pub(super) grants: HashMap<MemberId, Vec<At>>,
    /// Sound foundings and appointments of managers, by group and manager.
    pub(super) managing: HashMap<GroupId, HashMap<MemberId, Vec<At>>>,
    /// Sound certificates by the device they are for.
    pub(super) certificates: HashMap<DeviceId, Vec<At>>,
    /// Sound acts that attest a member's home.
    pub(super) homes: HashMap<MemberId, Vec<At>>,
    /// Acts of the charter that no other act of the charter has in its past.
    pub(super) charter_heads: HashSet<EntryHash>,
    /// Sound takers by the member they speak of, as numbers into `takers`.
    pub(super) takers_of: HashMap<MemberId, Vec<usize>>,
    pub(super) takers: Vec<(At, Taking)>,
    /// Sound co-signatures by the act they stand under.
    seconds: HashMap<EntryHash, Vec<At>>,
    /// For each batch of 64 takers and each node, which of them had seen it.
    seen: Vec<Vec<u64>>,
}

impl Rules {
    pub(super) fn build(graph: Graph, root: Root) -> Self {
        let mut rules = Self {
            graph: Graph::default(),
            root,
            policy: None,
            rows: Vec::with_capacity(graph.nodes.len()),
            column: Vec::with_capacity(graph.nodes.len()),
            columns: 0,
            sound: Vec::with_capacity(graph.nodes.len()),
            grants: HashMap::new(),
            managing: HashMap::new(),
            certificates: HashMap::new(),
            homes: HashMap::new(),
            charter_heads: HashSet::new(),
            takers_of: HashMap::new(),
            takers: Vec::new(),
            seconds: HashMap::new(),
            seen: Vec::new(),
        };
        rules.graph = graph;
        for at in 0..rules.graph.nodes.len() {
            rules.extend(at);
        }
        rules.look_back();
        rules
    }

    /// Works out row and soundness of the next node in canonical order.
    pub(super) fn extend(&mut self, at: At) {
        self.rows.push(self.row_of(at));
        self.column.push(None);
        let taking = self.taking(at);
        // Takers are judged at the end, so nothing is taken here.
        let sound = self.judge(at, |before| self.sound[before], |_| false).is_ok();
        self.move_heads(at);
        self.sound.push(sound);
        if !sound {
            return;
        }
        if let Some(member) = self.speaks_for(at) {
            self.give_column(at);
            self.grants.entry(member).or_default().push(at);
        }
        if let Some((group, member)) = self.managed_by(at) {
            self.give_column(at);
            self.managing.entry(group).or_default().entry(member).or_default().push(at);
        }
        if let Some((_, device)) = self.graph.certifies(at) {
            self.certificates.entry(device).or_default().push(at);
        }
        if let Some(taking) = taking {
            self.give_column(at);
            self.takers_of.entry(*taking.member()).or_default().push(self.takers.len());
            self.takers.push((at, taking));
        }
        match &self.graph.nodes[at].fact.body {
            Body::Found { policy, .. } => self.policy = Some(*policy),
            Body::Admit { member, .. } | Body::Attest { member, .. } => {
                self.homes.entry(*member).or_default().push(at);
            }
            Body::Second { act } => self.seconds.entry(*act).or_default().push(at),
            _ => {}
        }
    }

    fn move_heads(&mut self, at: At) {
        let node = &self.graph.nodes[at];
        // A log of the charter begins with an entry that says nothing yet.
        if node.class == Class::Charter && node.fact.seq > 0 {
            for parent in &node.parents {
                self.charter_heads.remove(&self.graph.nodes[*parent].fact.hash);
            }
            self.charter_heads.insert(node.fact.hash);
        }
    }

    fn give_column(&mut self, at: At) {
        self.column[at] = Some(self.columns);
        self.columns += 1;
    }

    fn row_of(&self, at: At) -> Row {
        let parents = &self.graph.nodes[at].parents;
        let longest = parents.iter().copied().max_by_key(|parent| self.rows[*parent].len());
        let Some(longest) = longest else { return Arc::from([]) };
        if parents.len() == 1 && self.column[longest].is_none() {
            return self.rows[longest].clone();
        }
        let words = parents
            .iter()
            .map(|parent| {
                let own = self.column[*parent].map_or(0, |column| column as usize / 64 + 1);
                own.max(self.rows[*parent].len())
            })
            .max()
            .unwrap_or(0);
        let mut row = vec![0u64; words];
        for parent in parents {
            for (word, bits) in row.iter_mut().zip(self.rows[*parent].iter()) {
                *word |= bits;
            }
            if let Some(column) = self.column[*parent] {
                row[column as usize / 64] |= 1 << (column % 64);
            }
        }
        Arc::from(row)
    }

    /// Whether `before`, which has a column, lies in the past of `at`.
    pub(super) fn is_before(&self, before: At, at: At) -> bool {
        let Some(column) = self.column[before] else { return false };
        let word = self.rows[at].get(column as usize / 64).copied().unwrap_or(0);
        word >> (column % 64) & 1 == 1
    }

    /// Sound co-signatures under an act.
    pub(super) fn seconds_of(&self, act: &EntryHash) -> impl Iterator<Item = At> {
        self.seconds.get(act).into_iter().flatten().copied()
    }

    /// For every node, which takers had seen it: one pass backwards for 64 of them.
    fn look_back(&mut self) {
        for batch in self.takers.chunks(64) {
            let mut seen = vec![0u64; self.graph.nodes.len()];
            let mut own = vec![0u64; self.graph.nodes.len()];
            for (bit, (at, _)) in batch.iter().enumerate() {
                own[*at] = 1 << bit;
            }
            for at in (0..seen.len()).rev() {
                let mask = seen[at] | own[at];
                if mask != 0 {
                    for parent in &self.graph.nodes[at].parents {
                        seen[*parent] |= mask;
                    }
                }
            }
            self.seen.push(seen);
        }
        // Who saw an admission saw entry 0, which it names though it cannot refer to it.
        for at in self.grants.values().flatten().copied() {
            if let Some(named) = self.named_identity(at) {
                for seen in &mut self.seen {
                    seen[named] |= seen[at];
                }
            }
        }
    }

    /// Adds what the takers saw of a node that came last, and which none of them names.
    pub(super) fn look_back_on_last(&mut self) {
        let at = self.graph.nodes.len() - 1;
        let admissions: Vec<At> = match self.graph.nodes[at].author {
            Some(author) => self.grants.get(&author.member).cloned().unwrap_or_default(),
            None => Vec::new(),
        };
        let naming: Vec<At> = admissions
            .into_iter()
            .filter(|grant| self.named_identity(*grant) == Some(at))
            .collect();
        for seen in &mut self.seen {
            let mask = naming.iter().fold(0, |mask, grant| mask | seen[*grant]);
            seen.push(mask);
        }
    }

    /// The entry 0 that an admission or the founding names, if it is that member's.
    fn named_identity(&self, at: At) -> Option<At> {
        let (member, identity) = match &self.graph.nodes[at].fact.body {
            Body::Found { founder, identity, .. } => (founder, identity),
            Body::Admit { member, identity, .. } => (member, identity),
            _ => return None,
        };
        let named = *self.graph.place.get(identity)?;
        let node = &self.graph.nodes[named];
        let is_start = matches!(node.fact.body, Body::Start(_));
        (is_start && node.author.is_some_and(|author| author.member == *member)).then_some(named)
    }

    /// Whether a taker had seen a node.
    pub(super) fn has_seen(&self, taker: usize, at: At) -> bool {
        self.seen[taker / 64][at] >> (taker % 64) & 1 == 1
    }

    fn taking(&self, at: At) -> Option<Taking> {
        let node = &self.graph.nodes[at];
        let author = node.author?;
        Some(match &node.fact.body {
            Body::Remove { member, .. } => Taking::Member(*member, true),
            Body::Leave { .. } => Taking::Member(author.member, false),
            Body::Dismiss { member, role } => Taking::Role(*member, *role),
            Body::Revoke { device, .. } => Taking::Device(author.member, *device),
            Body::RemoveManager { group, member, .. } => Taking::Manager(*member, *group),
            _ => return None,
        })
    }

    /// The member that a node admits or gives a role to.
    fn speaks_for(&self, at: At) -> Option<MemberId> {
        match &self.graph.nodes[at].fact.body {
            Body::Found { founder, .. } => Some(*founder),
            Body::Admit { member, .. } | Body::Appoint { member, .. } => Some(*member),
            _ => None,
        }
    }

    /// Whether a node admits the member it speaks for.
    pub(super) fn admits(&self, at: At) -> bool {
        matches!(self.graph.nodes[at].fact.body, Body::Found { .. } | Body::Admit { .. })
    }

    /// Whether a node gives `role` to the member it speaks for.
    pub(super) fn gives(&self, at: At, role: Role) -> bool {
        match &self.graph.nodes[at].fact.body {
            Body::Found { .. } => role == Role::Coordinator,
            Body::Admit { roles, .. } => roles.has(role),
            Body::Appoint { role: given, .. } => *given == role,
            _ => false,
        }
    }

    /// Sound admissions and grants of `member` in the past of `at`.
    pub(super) fn grants_before(&self, member: &MemberId, at: At) -> impl Iterator<Item = At> {
        let grants = self.grants.get(member).map_or(&[][..], Vec::as_slice);
        grants.iter().copied().filter(move |grant| self.is_before(*grant, at))
    }

    /// Judges a node: `holds` says which nodes before it count, `taken` which takers do.
    pub(super) fn judge(
        &self,
        at: At,
        holds: impl Fn(At) -> bool,
        taken: impl Fn(usize) -> bool,
    ) -> Result<(), Void> {
        let node = &self.graph.nodes[at];
        if let Body::Void(code) = &node.fact.body {
            return Err(Void::because(code));
        }
        let Some(author) = node.author else { return Err(Void::because("act.no_author")) };
        if !node.is_by_phrase() && !holds(author.certificate) {
            let by = Some(self.graph.nodes[author.certificate].fact.hash);
            return Err(Void { code: "act.device_not_certified", by });
        }
        for taker in self.takers_of.get(&author.member).into_iter().flatten() {
            if taken(*taker) && self.cuts(*taker, at) {
                let (by, taking) = &self.takers[*taker];
                let by = Some(self.graph.nodes[*by].fact.hash);
                return Err(Void { code: taking.code(), by });
            }
        }
        self.judge_right(at, &author, &holds, &taken)
    }

    /// Whether a taker that counts voids a node for its author's or device's sake.
    pub(super) fn cuts(&self, taker: usize, at: At) -> bool {
        let (by, taking) = &self.takers[taker];
        let node = &self.graph.nodes[at];
        let Some(author) = node.author else { return false };
        if *by == at || self.has_seen(taker, at) {
            return false;
        }
        match taking {
            Taking::Member(member, _) => author.member == *member,
            Taking::Device(member, device) => {
                author.member == *member && author.device == *device && !node.is_by_phrase()
            }
            Taking::Role(..) | Taking::Manager(..) => false,
        }
    }

    fn judge_right(
        &self,
        at: At,
        author: &Author,
        holds: &impl Fn(At) -> bool,
        taken: &impl Fn(usize) -> bool,
    ) -> Result<(), Void> {
        let has = |role| self.has_role(&author.member, role, at, holds, taken);
        let coordinator =
            || if has(Role::Coordinator) { Ok(()) } else { Err(Void::because("act.no_right")) };
        let admitted = |member: &MemberId| {
            self.grants_before(member, at).any(|grant| self.admits(grant) && holds(grant))
        };
        let known =
            |member: &MemberId| self.grants_before(member, at).any(|grant| self.admits(grant));
        let subject = |good| if good { Ok(()) } else { Err(Void::because("act.subject")) };
        let node = &self.graph.nodes[at];
        match &node.fact.body {
            Body::Found { founder, identity, .. } => {
                let certificate = self.graph.nodes[author.certificate].fact.hash;
                let is_root = node.fact.hash == self.root.act
                    && node.fact.log == self.root.log
                    && author.member == *founder
                    && certificate == *identity;
                if is_root { Ok(()) } else { Err(Void::because("act.second_founding")) }
            }
            Body::Admit { roles, .. } => {
                let Some(policy) = self.policy else {
                    return Err(Void::because("act.no_right"));
                };
                let redeems = !policy.approval
                    && roles.is_empty()
                    && match policy.inviters {
                        Inviters::Coordinators => false,
                        Inviters::Hubs => has(Role::Hub),
                        Inviters::Members => admitted(&author.member),
                    };
                if redeems { Ok(()) } else { coordinator() }
            }
            Body::Attest { member, .. } | Body::Appoint { member, .. } => {
                coordinator()?;
                subject(admitted(member))
            }
            Body::Dismiss { member, role } => {
                coordinator()?;
                subject(self.grants_before(member, at).any(|grant| self.gives(grant, *role)))
            }
            Body::Remove { member, .. } => {
                coordinator()?;
                subject(*member != author.member && known(member))
            }
            Body::Second { .. } => coordinator(),
            Body::Leave { .. } | Body::FoundGroup => {
                if admitted(&author.member) {
                    Ok(())
                } else {
                    Err(Void::because("act.no_right"))
                }
            }
            Body::AddManager { group, member } => {
                if !self.manages(group, &author.member, at, holds, taken, |_| true) {
                    coordinator()?;
                }
                subject(admitted(member))
            }
            Body::RemoveManager { group, member, .. } => {
                let theirs = || self.managing_before(group, member, at);
                let is_earlier = |grant: At| theirs().all(|later| self.is_before(grant, later));
                if *member != author.member
                    && !self.manages(group, &author.member, at, holds, taken, is_earlier)
                {
                    coordinator()?;
                }
                subject(theirs().next().is_some())
            }
            _ => Ok(()),
        }
    }

    /// Whether `member` holds a role as seen from `at`: some grant in its past counts,
    /// and every counted dismissal lies in that grant's past or had seen `at`.
    fn has_role(
        &self,
        member: &MemberId,
        role: Role,
        at: At,
        holds: &impl Fn(At) -> bool,
        taken: &impl Fn(usize) -> bool,
    ) -> bool {
        self.grants_before(member, at).any(|grant| {
            self.gives(grant, role)
                && holds(grant)
                && self.takers_of.get(member).into_iter().flatten().all(|taker| {
                    let (by, taking) = self.takers[*taker];
                    taking != Taking::Role(*member, role)
                        || !taken(*taker)
                        || by == at
                        || self.is_before(by, grant)
                        || self.has_seen(*taker, at)
                })
        })
    }
}
