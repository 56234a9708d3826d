//! Groups: who manages them, who managed them when an act was written, whose logs are
//! theirs (`docs/authority.md`).
//!
//! Invariant: a group is named by its founding; a manager is a member with an appointment
//! that counts and that no counted end of it had not come before.

use super::engine::{Authority, Status};
use super::fact::Body;
use super::graph::At;
use super::rule::{Rules, Taking};
use crate::journal::{GroupId, LogStart, Owner, Right};
use crate::keys::{DeviceId, EntryHash, MemberId};
use crate::time::Instant;

/// A group as the acts make it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Managed {
    /// Who founded it.
    pub founder: MemberId,
    /// Appointments that count and were not ended, with whose they are: the eldest first.
    managers: Vec<(At, MemberId)>,
}

impl Rules {
    /// The group and the member that a node makes its manager.
    pub(super) fn managed_by(&self, at: At) -> Option<(GroupId, MemberId)> {
        let node = &self.graph.nodes[at];
        match &node.fact.body {
            Body::FoundGroup => Some((node.fact.hash.into(), node.author?.member)),
            Body::AddManager { group, member } => Some((*group, *member)),
            _ => None,
        }
    }

    /// Sound appointments of a manager in the past of `at`.
    pub(super) fn managing_before(
        &self,
        group: &GroupId,
        member: &MemberId,
        at: At,
    ) -> impl Iterator<Item = At> {
        let grants = self.appointments(group, member).iter().copied();
        grants.filter(move |grant| self.is_before(*grant, at))
    }

    /// Every sound appointment of a manager.
    fn appointments(&self, group: &GroupId, member: &MemberId) -> &[At] {
        let of = self.managing.get(group).and_then(|of| of.get(member));
        of.map_or(&[][..], Vec::as_slice)
    }

    /// Whether `member` manages a group as seen from `at`, by an appointment that is `fit`:
    /// one in its past that counts, and every counted end of it lies in that appointment's
    /// past or had seen `at`.
    pub(super) fn manages(
        &self,
        group: &GroupId,
        member: &MemberId,
        at: At,
        holds: &impl Fn(At) -> bool,
        taken: &impl Fn(usize) -> bool,
        fit: impl Fn(At) -> bool,
    ) -> bool {
        let ends = Taking::Manager(*member, *group);
        self.managing_before(group, member, at).any(|grant| {
            holds(grant)
                && fit(grant)
                && self.takers_of.get(member).into_iter().flatten().all(|taker| {
                    let (by, taking) = self.takers[*taker];
                    taking != ends
                        || !taken(*taker)
                        || by == at
                        || self.is_before(by, grant)
                        || self.has_seen(*taker, at)
                })
        })
    }

    /// Whether the end of a manager touches a node: an act about the group by him, whose
    /// appointment it ended and which it had not seen.
    pub(super) fn hits_manager(
        &self,
        taker: usize,
        group: &GroupId,
        member: &MemberId,
        at: At,
    ) -> bool {
        let by = self.takers[taker].0;
        let node = &self.graph.nodes[at];
        let uses = match &node.fact.body {
            Body::AddManager { group: of, .. } | Body::RemoveManager { group: of, .. } => {
                of == group
            }
            _ => false,
        };
        uses && by != at
            && node.author.is_some_and(|author| author.member == *member)
            && !self.has_seen(taker, at)
            && self.managing_before(group, member, at).any(|grant| !self.is_before(by, grant))
    }
}

impl Authority {
    /// Draws a group from the appointments and ends that count.
    pub(super) fn draw_group(&mut self, group: &GroupId) {
        let Some(at) = self.rules.graph.place.get(&EntryHash(group.0)).copied() else { return };
        let Some(author) = self.rules.graph.nodes[at].author else { return };
        let is_group = matches!(self.rules.graph.nodes[at].fact.body, Body::FoundGroup);
        if !is_group || self.verdicts[at].is_err() {
            return;
        }
        let mut managers = Vec::new();
        for (member, grants) in self.rules.managing.get(group).into_iter().flatten() {
            let ends = Taking::Manager(*member, *group);
            let takers = self.counted.get(member).map_or(&[][..], Vec::as_slice);
            let stands = |grant: &&At| {
                self.verdicts[**grant].is_ok()
                    && takers.iter().all(|taker| {
                        let (by, taking) = self.rules.takers[*taker];
                        taking != ends || self.rules.is_before(by, **grant)
                    })
            };
            managers.extend(grants.iter().find(stands).map(|grant| (*grant, *member)));
        }
        managers.sort_unstable();
        self.groups.insert(*group, Managed { founder: author.member, managers });
    }

    /// Every group, in the order of ids.
    pub fn groups(&self) -> impl Iterator<Item = (&GroupId, &Managed)> {
        self.groups.iter()
    }

    /// A group.
    pub fn group(&self, group: &GroupId) -> Option<&Managed> {
        self.groups.get(group)
    }

    /// Who manages a group now: the eldest appointment first.
    pub fn managers(&self, group: &GroupId) -> Vec<MemberId> {
        let managers = self.groups.get(group).into_iter().flat_map(|known| &known.managers);
        managers.map(|(_, member)| *member).filter(|member| self.is_active(member)).collect()
    }

    /// Whether somebody answers for what an owner offers: the member is one of us, or the
    /// group has a manager.
    pub fn stands(&self, owner: &Owner) -> bool {
        match owner {
            Owner::Hood => false,
            Owner::Member(member) => self.is_active(member),
            Owner::Group(group) => !self.managers(group).is_empty(),
        }
    }

    /// Whether a member manages a group now.
    pub fn is_manager(&self, group: &GroupId, member: &MemberId) -> bool {
        self.management_of(group, member).is_some()
    }

    /// The appointment by which a member manages a group now: what entry 0 of its logs for
    /// the group names.
    pub fn management_of(&self, group: &GroupId, member: &MemberId) -> Option<EntryHash> {
        let known = self.groups.get(group)?.managers.iter();
        let (at, _) = known.into_iter().find(|(_, manager)| manager == member)?;
        self.is_active(member).then(|| self.rules.graph.nodes[*at].fact.hash)
    }

    /// Whether a manager may be put off by a member, as the rule says: by himself, a
    /// coordinator, or whoever managed the group before him.
    pub fn may_remove_manager(&self, group: &GroupId, by: &MemberId, who: &MemberId) -> bool {
        let current = self.management_of(group, by);
        let own = current.and_then(|act| self.rules.graph.place.get(&act).copied());
        let theirs = self.rules.appointments(group, who);
        let is_earlier = |own: At| theirs.iter().all(|it| self.rules.is_before(own, *it));
        by == who || self.has_role(by, super::Role::Coordinator) || own.is_some_and(is_earlier)
    }

    /// Whether a member was ever made a manager of a group by an act that would count were
    /// nothing ever taken away. Only grows.
    pub fn ever_managed(&self, group: &GroupId, member: &MemberId) -> bool {
        !self.rules.appointments(group, member).is_empty()
    }

    /// Whether a device's part in a group's account is over: by an act that would count were
    /// nothing ever taken away, its member manages the group no more or is gone, or it was
    /// revoked. Only grows.
    pub fn ever_ended(&self, group: &GroupId, device: &DeviceId) -> bool {
        let known = self.rules.certificates.get(device).into_iter().flatten();
        let owners = known.filter_map(|at| self.rules.graph.certifies(*at));
        owners.map(|(owner, _)| owner).any(|member| {
            let ends = self.rules.takers_of.get(&member).into_iter().flatten();
            ends.map(|taker| self.rules.takers[*taker].1).any(|taking| match taking {
                Taking::Member(..) => true,
                Taking::Manager(_, of) => of == *group,
                Taking::Device(_, of) => of == *device,
                Taking::Role(..) => false,
            })
        })
    }

    /// Since when somebody is in the neighbourhood no more, as whoever removed him claims.
    pub fn gone_since(&self, member: &MemberId) -> Option<Instant> {
        self.member(member).filter(|known| known.status != Status::Active)?;
        let takers = self.counted.get(member).into_iter().flatten();
        let out = takers.filter_map(|taker| match self.rules.takers[*taker] {
            (by, Taking::Member(..)) => Some(self.rules.graph.nodes[by].fact.at),
            _ => None,
        });
        out.min()
    }

    /// The manager and the appointment that entry 0 of a group's log claims, if they are
    /// here.
    pub(super) fn claim_for_group(
        &self,
        group: &GroupId,
        start: &LogStart,
    ) -> Option<(MemberId, At)> {
        let at = *self.rules.graph.place.get(&start.act)?;
        let (of, member) = self.rules.managed_by(at)?;
        (of == *group && self.has_certificate(&member, &start.device)).then_some((member, at))
    }

    /// Whether any certificate that would count, were nothing ever taken away, makes a
    /// device a member's.
    fn has_certificate(&self, member: &MemberId, device: &DeviceId) -> bool {
        let known = self.rules.certificates.get(device).into_iter().flatten();
        let mut owners = known.filter_map(|at| self.rules.graph.certifies(*at));
        owners.any(|(owner, _)| owner == *member)
    }

    /// Whether a group's log may be kept: its device is one of a member who was ever made
    /// its manager.
    pub(super) fn may_open_for_group(&self, group: &GroupId, start: &LogStart) -> Right {
        let Some(at) = self.rules.graph.place.get(&start.act).copied() else {
            return Right::UnknownAuthor;
        };
        if self.rules.managed_by(at).is_none_or(|(of, _)| of != *group) {
            return Right::Refused("authority.not_a_manager");
        }
        match self.claim_for_group(group, start) {
            Some((_, at)) if self.rules.sound[at] => Right::Granted,
            _ => Right::UnknownAuthor,
        }
    }

    /// Whether the end of a manager closes a log of his for the group: not one whose right
    /// is an appointment that came after.
    pub(super) fn ends_log(&self, taker: usize, start: &LogStart) -> bool {
        let (by, taking) = self.rules.takers[taker];
        let (Taking::Manager(_, group), Owner::Group(owner)) = (taking, start.descriptor.owner)
        else {
            return false;
        };
        let grant = self.rules.graph.place.get(&start.act);
        group == owner && grant.is_none_or(|grant| !self.rules.is_before(by, *grant))
    }
}
