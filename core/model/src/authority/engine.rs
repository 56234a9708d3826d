//! Authority itself: members, roles and devices as they follow from the set of acts.
//!
//! Invariant: equal sets of facts give equal answers, whatever the order in which they
//! came.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::act::{Caps, Home, Role, Roles};
use super::contest;
use super::fact::{Body, Fact};
use super::graph::{At, Graph};
use super::groups::Managed;
use super::grow::{Follows, followed};
use super::rule::{Rules, Taking, Void};
use crate::journal::{Class, GroupId, Root};
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

/// Who may do what in one neighbourhood.
#[derive(Debug, Clone)]
pub struct Authority {
    pub(super) hood: HoodHash,
    pub(super) root: Root,
    pub(super) facts: HashMap<EntryHash, Arc<Fact>>,
    /// Logs of other classes that continue another: follower by the one followed.
    pub(super) followers: HashMap<LogId, Vec<Arc<Fact>>>,
    pub(super) rules: Rules,
    /// Per node, in canonical order.
    pub(super) verdicts: Vec<Result<(), Void>>,
    /// Counted takers by member.
    pub(super) counted: HashMap<MemberId, Vec<usize>>,
    pub(super) members: BTreeMap<MemberId, Member>,
    pub(super) groups: BTreeMap<GroupId, Managed>,
    pub(super) devices: BTreeMap<DeviceId, Vec<(At, Device)>>,
    pub(super) devices_of: BTreeMap<MemberId, Vec<DeviceId>>,
    pub(super) heads: HashSet<EntryHash>,
    pub(super) caps: Option<Caps>,
    pub(super) newer: bool,
    pub(super) certificate_order: OnceCell<HashMap<At, usize>>,
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

    pub(super) fn compute_from(
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
            groups: BTreeMap::new(),
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
        let groups: Vec<GroupId> = self.rules.managing.keys().copied().collect();
        for group in groups {
            self.draw_group(&group);
        }
    }

    /// Draws what one node says of a device.
    pub(super) fn draw(&mut self, at: At) {
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
    pub(super) fn draw_member(&mut self, member: &MemberId) {
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
}
