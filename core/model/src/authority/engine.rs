//! Authority itself: members, roles and devices as they follow from the set of acts.
//!
//! Invariant: equal sets of facts give equal answers, whatever the order in which they
//! came. [`Authority::add`] takes a short way where that is certain to give what
//! [`Authority::compute`] would, and computes anew elsewhere.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::act::{Caps, Home, Role, Roles};
use super::contest;
use super::fact::{Body, Fact};
use super::graph::{At, Graph};
use super::rule::{Rules, Taking, Void};
use crate::journal::{Class, Root};
use crate::keys::{DeviceId, EntryHash, HoodHash, LogId, MemberId};

/// Where a member stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// One of us.
    Active,
    /// Removed by an act that counts.
    Removed,
    /// Left of its own will.
    Left,
}

/// A member as the acts make it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Where it stands.
    pub status: Status,
    /// Its roles; none unless it is active.
    pub roles: Roles,
    /// What is attested of its home.
    pub home: Home,
    /// The admission that counts; of several the first in canonical order.
    pub admitted: EntryHash,
    /// Entry 0 of the identity log that the admission names.
    pub identity: EntryHash,
}

/// A device as the acts make it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device {
    /// Whose it is.
    pub member: MemberId,
    /// The act that certifies it.
    pub certificate: EntryHash,
    /// Its X25519 key.
    pub agreement: [u8; 32],
    /// Not revoked, and its member is active.
    pub is_active: bool,
    /// It wrote a log under this certificate, so it holds the key.
    pub has_written: bool,
}

/// What became of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It counts.
    Counts,
    /// It does not.
    Void(Void),
    /// Something it needs has not come yet.
    Waiting,
    /// It is not here.
    Unknown,
}

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

/// Who may do what in one neighbourhood.
#[derive(Debug, Clone)]
pub struct Authority {
    pub(super) hood: HoodHash,
    pub(super) root: Root,
    facts: HashMap<EntryHash, Arc<Fact>>,
    /// Logs of other classes that continue another: follower by the one followed.
    pub(super) followers: HashMap<LogId, Vec<Arc<Fact>>>,
    pub(super) rules: Rules,
    /// Per node, in canonical order.
    verdicts: Vec<Result<(), Void>>,
    /// Counted takers by member.
    pub(super) counted: HashMap<MemberId, Vec<usize>>,
    members: BTreeMap<MemberId, Member>,
    pub(super) devices: BTreeMap<DeviceId, Vec<(At, Device)>>,
    devices_of: BTreeMap<MemberId, Vec<DeviceId>>,
    heads: HashSet<EntryHash>,
    caps: Option<Caps>,
    newer: bool,
    certificate_order: OnceCell<HashMap<At, usize>>,
}

impl Authority {
    /// Works out who may do what from a set of facts, in any order.
    pub fn compute(hood: HoodHash, root: Root, facts: impl IntoIterator<Item = Arc<Fact>>) -> Self {
        let mut acts = HashMap::new();
        let mut followers: HashMap<LogId, BTreeMap<EntryHash, Arc<Fact>>> = HashMap::new();
        for fact in facts {
            match followed(&fact) {
                Follows::Act => {
                    acts.insert(fact.hash, fact);
                }
                Follows::Log(log) => {
                    followers.entry(log).or_default().insert(fact.hash, fact);
                }
                Follows::Nothing => {}
            }
        }
        let followers = followers
            .into_iter()
            .map(|(log, facts)| (log, facts.into_values().collect()))
            .collect();
        Self::compute_from(hood, root, acts, followers)
    }

    fn compute_from(
        hood: HoodHash,
        root: Root,
        facts: HashMap<EntryHash, Arc<Fact>>,
        followers: HashMap<LogId, Vec<Arc<Fact>>>,
    ) -> Self {
        let rules = Rules::build(Graph::build(&hood, &facts), root);
        let decisions = contest::decide(&rules);
        let mut authority = Self {
            hood,
            root,
            followers,
            verdicts: Vec::with_capacity(rules.graph.nodes.len()),
            counted: HashMap::new(),
            members: BTreeMap::new(),
            devices: BTreeMap::new(),
            devices_of: BTreeMap::new(),
            heads: HashSet::new(),
            caps: None,
            newer: false,
            certificate_order: OnceCell::new(),
            facts,
            rules,
        };
        authority.settle(&decisions);
        authority
    }

    /// Judges every node, takers as decided, and draws members and devices from it.
    fn settle(&mut self, decisions: &[Result<(), Void>]) {
        let numbers: HashMap<At, usize> =
            self.rules.takers.iter().enumerate().map(|(taker, (at, _))| (*at, taker)).collect();
        let mut counts = vec![false; decisions.len()];
        for (taker, (_, taking)) in self.rules.takers.iter().enumerate() {
            counts[taker] = decisions[taker].is_ok();
            if counts[taker] {
                self.counted.entry(*taking.member()).or_default().push(taker);
            }
        }
        for at in 0..self.rules.graph.nodes.len() {
            let verdict = match numbers.get(&at) {
                Some(taker) => decisions[*taker],
                None => self.rules.judge(
                    at,
                    |before| self.verdicts[before].is_ok(),
                    |taker| counts[taker],
                ),
            };
            self.verdicts.push(verdict);
        }
        for (at, node) in self.rules.graph.nodes.iter().enumerate() {
            if self.rules.graph.children[at].is_empty() {
                self.heads.insert(node.fact.hash);
            }
            self.newer |= matches!(node.fact.body, Body::Void("act.newer_version"));
        }
        for at in 0..self.rules.graph.nodes.len() {
            self.draw(at);
        }
        let members: Vec<MemberId> = self.rules.grants.keys().copied().collect();
        for member in members {
            self.draw_member(&member);
        }
    }

    /// Draws what one node says of a device.
    fn draw(&mut self, at: At) {
        let node = &self.rules.graph.nodes[at];
        if let (Body::Found { caps, .. }, Ok(())) = (&node.fact.body, &self.verdicts[at]) {
            self.caps = Some(*caps);
        }
        if let (Body::Start(_), Some(author), Class::Identity) =
            (&node.fact.body, node.author, node.class)
        {
            let known = self.devices.get_mut(&author.device);
            let mut own = known.into_iter().flatten();
            if let Some((_, device)) = own.find(|(own, _)| *own == author.certificate) {
                device.has_written = true;
            }
        }
        if self.verdicts[at].is_err() {
            return;
        }
        let Some((member, device)) = self.rules.graph.certifies(at) else { return };
        let (agreement, has_written) = match &node.fact.body {
            Body::Start(start) => {
                (start.certificate.map_or([0; 32], |certificate| certificate.agreement), true)
            }
            Body::Certify { agreement, .. } => (*agreement, false),
            _ => return,
        };
        let takers = self.counted.get(&member).map_or(&[][..], Vec::as_slice);
        let is_active = !takers
            .iter()
            .any(|taker| self.rules.takers[*taker].1 == Taking::Device(member, device));
        let certificate = node.fact.hash;
        self.devices
            .entry(device)
            .or_default()
            .push((at, Device { member, certificate, agreement, is_active, has_written }));
        let of = self.devices_of.entry(member).or_default();
        if let Err(place) = of.binary_search(&device) {
            of.insert(place, device);
        }
    }

    /// Draws a member from the admissions, grants, and takers that count.
    fn draw_member(&mut self, member: &MemberId) {
        self.members.remove(member);
        let grants = self.rules.grants.get(member).map_or(&[][..], Vec::as_slice);
        let counting: Vec<At> =
            grants.iter().copied().filter(|at| self.verdicts[*at].is_ok()).collect();
        let Some(first) = counting.iter().copied().find(|at| self.rules.admits(*at)) else {
            return;
        };
        let takers = self.counted.get(member).map_or(&[][..], Vec::as_slice);
        let taking = |taker: &usize| &self.rules.takers[*taker];
        let mut status = Status::Active;
        for taker in takers {
            match taking(taker).1 {
                Taking::Member(_, true) => status = Status::Removed,
                Taking::Member(_, false) if status == Status::Active => status = Status::Left,
                _ => {}
            }
        }
        let holds = |role: Role| {
            status == Status::Active
                && counting.iter().any(|grant| {
                    self.rules.gives(*grant, role)
                        && takers.iter().all(|taker| {
                            let (by, taking) = taking(taker);
                            *taking != Taking::Role(*member, role)
                                || self.rules.is_before(*by, *grant)
                        })
                })
        };
        let roles = Role::ALL.into_iter().filter(|role| holds(*role)).collect();
        let identity = match &self.rules.graph.nodes[first].fact.body {
            Body::Found { identity, .. } | Body::Admit { identity, .. } => *identity,
            _ => EntryHash::ZERO,
        };
        let admitted = self.rules.graph.nodes[first].fact.hash;
        let home = self.home_of(member);
        self.members.insert(*member, Member { status, roles, home, admitted, identity });
    }

    /// What the last act in canonical order that counts attests of a member's home.
    fn home_of(&self, member: &MemberId) -> Home {
        let attested = self.rules.homes.get(member).into_iter().flatten().rev();
        attested
            .filter(|at| self.verdicts[**at].is_ok())
            .find_map(|at| match &self.rules.graph.nodes[*at].fact.body {
                Body::Admit { home, .. } | Body::Attest { home, .. } => Some(*home),
                _ => None,
            })
            .unwrap_or_default()
    }

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
            Body::Found { .. }
            | Body::Dismiss { .. }
            | Body::Remove { .. }
            | Body::Second { .. }
            | Body::Leave { .. }
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
            _ => return,
        };
        self.draw_member(&member);
    }

    /// The neighbourhood.
    pub fn hood(&self) -> HoodHash {
        self.hood
    }

    /// Where it begins.
    pub fn root(&self) -> Root {
        self.root
    }

    /// Entries per log, once the founding act is here.
    pub fn caps(&self) -> Option<&Caps> {
        self.caps.as_ref()
    }

    /// Whether an act of a newer charter version is here: this node goes on carrying
    /// but neither decides nor admits until it is updated.
    pub fn has_newer_version(&self) -> bool {
        self.newer
    }

    /// Every member there is or was, in the order of ids.
    pub fn members(&self) -> impl Iterator<Item = (&MemberId, &Member)> {
        self.members.iter()
    }

    /// A member.
    pub fn member(&self, member: &MemberId) -> Option<&Member> {
        self.members.get(member)
    }

    /// Whether a member is active and holds a role.
    pub fn has_role(&self, member: &MemberId, role: Role) -> bool {
        self.members.get(member).is_some_and(|known| known.roles.has(role))
    }

    /// A device with a certificate that counts. Where several members claim one, that
    /// under which it wrote itself goes first, then the first in canonical order.
    pub fn device(&self, device: &DeviceId) -> Option<Device> {
        let known = self.devices.get(device)?;
        let (_, found) = known.iter().min_by_key(|(_, known)| !known.has_written)?;
        Some(self.with_member(*found))
    }

    /// The certificate under which a member claims a device.
    pub fn device_of(&self, member: &MemberId, device: &DeviceId) -> Option<Device> {
        let known = self.devices.get(device)?;
        let own = known.iter().filter(|(_, known)| known.member == *member);
        let (_, found) = own.min_by_key(|(_, known)| !known.has_written)?;
        Some(self.with_member(*found))
    }

    fn with_member(&self, mut device: Device) -> Device {
        let member = self.members.get(&device.member);
        device.is_active &= member.is_some_and(|member| member.status == Status::Active);
        device
    }

    /// The devices of a member, revoked ones included, in the order of ids.
    pub fn devices_of(&self, member: &MemberId) -> Vec<(DeviceId, Device)> {
        let devices = self.devices_of.get(member).into_iter().flatten();
        devices.filter_map(|id| Some((*id, self.device_of(member, id)?))).collect()
    }

    /// Whether device `a` was certified before device `b`: by causal past, of concurrent
    /// certificates by hash. One without a certificate comes after all that have one.
    pub fn certified_before(&self, a: &DeviceId, b: &DeviceId) -> bool {
        let order = self.certificate_order.get_or_init(|| {
            let rules = &self.rules;
            rules.graph.order_of(|at| contest::is_certificate(rules, at))
        });
        let key = |device: &DeviceId| {
            let known = self.devices.get(device).into_iter().flatten();
            let place = known.filter_map(|(at, _)| order.get(at).copied()).min();
            (place.unwrap_or(usize::MAX), *device)
        };
        key(a) < key(b)
    }

    /// What became of an act.
    pub fn explain(&self, act: &EntryHash) -> Standing {
        match self.rules.graph.place.get(act) {
            Some(at) => match self.verdicts[*at] {
                Ok(()) => Standing::Counts,
                Err(void) => Standing::Void(void),
            },
            None if self.rules.graph.waiting.contains(act) => Standing::Waiting,
            None => Standing::Unknown,
        }
    }

    /// Whether an act counts.
    pub fn counts_act(&self, act: &EntryHash) -> bool {
        self.explain(act) == Standing::Counts
    }

    /// The acts that do not count, in canonical order, and why.
    pub fn void_acts(&self) -> impl Iterator<Item = (EntryHash, Void)> {
        let nodes = self.rules.graph.nodes.iter().zip(&self.verdicts);
        nodes.filter_map(|(node, verdict)| Some((node.fact.hash, verdict.err()?)))
    }

    /// A fact.
    pub fn fact(&self, hash: &EntryHash) -> Option<&Fact> {
        self.facts.get(hash).map(Arc::as_ref)
    }

    /// Every fact of charter and identity, in no order.
    pub fn facts(&self) -> impl Iterator<Item = &Arc<Fact>> {
        self.facts.values()
    }

    /// Acts whose past is not all here.
    pub fn waiting(&self) -> usize {
        self.rules.graph.waiting.len()
    }

    /// Heads of the acts whose past is all here.
    pub fn heads(&self) -> &HashSet<EntryHash> {
        &self.heads
    }
}

/// Where a fact belongs.
enum Follows {
    /// Charter or identity: the graph.
    Act,
    /// Entry 0 of another class that continues this log.
    Log(LogId),
    /// Entry 0 of another class that continues nothing.
    Nothing,
}

fn followed(fact: &Fact) -> Follows {
    let Body::Start(start) = &fact.body else { return Follows::Act };
    if start.descriptor.class.comes_first() {
        return Follows::Act;
    }
    start.continues.map_or(Follows::Nothing, |last| Follows::Log(last.log))
}
