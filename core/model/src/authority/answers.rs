//! What authority says when asked.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::act::{Caps, Role};
use super::contest;
use super::engine::{Authority, Device, Member, Status};
use super::fact::{Body, Fact};
use super::graph::At;
use super::rule::{Taking, Void};
use crate::journal::Root;
use crate::keys::{DeviceId, EntryHash, HoodHash, LogId, MemberId};

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

impl Authority {
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

    /// Whether an act has every revocation of a device of this member that counts in its
    /// past.
    pub fn saw_revocations(&self, member: &MemberId, act: &EntryHash) -> bool {
        let Some(at) = self.rules.graph.place.get(act) else { return false };
        let counted = self.counted.get(member).into_iter().flatten();
        let takers = counted.filter_map(|taker| self.rules.takers.get(*taker));
        let mut revocations = takers.filter(|(_, taking)| matches!(taking, Taking::Device(..)));
        revocations.all(|(by, _)| self.rules.is_before(*by, *at))
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

    /// What the next act of the charter names to have seen all of it. Acts that wait are
    /// not among them: whatever names one waits with it, for something that may never
    /// come. Those that weigh most go first, for an act names only so many.
    pub fn charter_heads(&self) -> Vec<EntryHash> {
        let graph = &self.rules.graph;
        let heads = self.rules.charter_heads.iter();
        self.by_weight(heads.filter_map(|hash| graph.place.get(hash).copied()).collect())
    }

    /// The same for a member's identity document, which has these logs.
    pub fn identity_heads(&self, logs: &[LogId]) -> Vec<EntryHash> {
        let graph = &self.rules.graph;
        let own = logs.iter().filter_map(|log| graph.by_log.get(log)).flatten();
        let own: BTreeSet<At> = own.copied().collect();
        let is_head = |at: &&At| !graph.children[**at].iter().any(|child| own.contains(child));
        self.by_weight(own.iter().filter(is_head).copied().collect())
    }

    fn by_weight(&self, mut heads: Vec<At>) -> Vec<EntryHash> {
        let nodes = &self.rules.graph.nodes;
        let weight = |at: At| {
            let says_nothing =
                matches!(nodes[at].fact.body, Body::Start(_) | Body::Other | Body::Void(_));
            let author = nodes[at].author.and_then(|author| self.members.get(&author.member));
            let has_role = author.is_some_and(|member| !member.roles.is_empty());
            (self.verdicts[at].is_err(), says_nothing, !has_role, nodes[at].fact.hash)
        };
        heads.sort_by_cached_key(|at| weight(*at));
        heads.into_iter().map(|at| nodes[at].fact.hash).collect()
    }

    /// Heads of the acts whose past is all here.
    pub fn heads(&self) -> &HashSet<EntryHash> {
        &self.heads
    }
}
