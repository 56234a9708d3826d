//! Groups: the slow model's fourth part.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use palier_model::authority::{Body, Role};
use palier_model::journal::{GroupId, LogStart};
use palier_model::keys::{DeviceId, MemberId};

use super::{Broken, Oracle, Set, each, has};

/// A group: its founder, and its managers in the order of their appointments.
pub type GroupAnswer = (MemberId, Vec<MemberId>);

impl Oracle<'_> {
    /// Whom an act makes a manager of which group.
    pub(super) fn manager_made(&self, x: usize) -> Option<(MemberId, GroupId)> {
        match &self.facts[x].body {
            Body::FoundGroup => Some((self.authors[x]?.member, self.facts[x].hash.into())),
            Body::AddManager { group, member } => Some((*member, *group)),
            _ => None,
        }
    }

    pub(super) fn ends_manager(&self, taker: usize) -> Option<(MemberId, GroupId)> {
        match &self.facts[taker].body {
            Body::RemoveManager { group, member, .. } if self.broken != Broken::StaysManager => {
                Some((*member, *group))
            }
            _ => None,
        }
    }

    /// Appointments of a manager that an act saw.
    fn appointments(&self, who: (MemberId, GroupId), x: usize) -> Vec<usize> {
        each(self.past[x] & self.sound).filter(|a| self.manager_made(*a) == Some(who)).collect()
    }

    fn stands(&self, who: (MemberId, GroupId), grant: usize, x: usize, taken: Set) -> bool {
        each(taken).all(|taker| {
            self.ends_manager(taker) != Some(who)
                || taker == x
                || has(self.past[grant], taker)
                || has(self.seen(taker), x)
        })
    }

    pub(super) fn may_add_manager(
        &self,
        x: usize,
        (group, author): (GroupId, MemberId),
        taken: Set,
        memo: &mut HashMap<usize, bool>,
    ) -> bool {
        let who = (author, group);
        self.broken == Broken::AnyManager
            || self.has_role(&author, Role::Coordinator, x, taken, memo)
            || self
                .appointments(who, x)
                .into_iter()
                .any(|a| self.is_valid(a, taken, memo) && self.stands(who, a, x, taken))
    }

    pub(super) fn may_remove_manager(
        &self,
        x: usize,
        (group, author, subject): (GroupId, MemberId, MemberId),
        taken: Set,
        memo: &mut HashMap<usize, bool>,
    ) -> bool {
        let theirs = self.appointments((subject, group), x);
        if theirs.is_empty() {
            return false;
        }
        let who = (author, group);
        let any = self.broken == Broken::AnyRemoves;
        author == subject
            || self.has_role(&author, Role::Coordinator, x, taken, memo)
            || self.appointments(who, x).into_iter().any(|a| {
                self.is_valid(a, taken, memo)
                    && self.stands(who, a, x, taken)
                    && (any || theirs.iter().all(|later| has(self.past[*later], a)))
            })
    }

    /// Whether the end of a manager touches an act.
    pub(super) fn hits_manager(&self, taker: usize, who: (MemberId, GroupId), x: usize) -> bool {
        let about = match &self.facts[x].body {
            Body::AddManager { group, .. } | Body::RemoveManager { group, .. } => *group == who.1,
            _ => false,
        };
        about
            && taker != x
            && self.authors[x].is_some_and(|author| author.member == who.0)
            && !has(self.seen(taker), x)
            && self.appointments(who, x).iter().any(|a| !has(self.past[*a], taker))
    }

    /// What the right of an act about a group rests on besides: appointments of its author.
    pub(super) fn managing(&self, x: usize, author: MemberId) -> Vec<usize> {
        match &self.facts[x].body {
            Body::AddManager { group, .. } | Body::RemoveManager { group, .. } => {
                self.appointments((author, *group), x)
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn groups(
        &self,
        counts: Set,
        taken: Set,
        is_active: &dyn Fn(&MemberId) -> bool,
    ) -> BTreeMap<GroupId, GroupAnswer> {
        let all: Vec<usize> = (0..self.facts.len()).collect();
        let founded = each(counts).filter(|x| matches!(self.facts[*x].body, Body::FoundGroup));
        let of = |x: usize| {
            let group = self.facts[x].hash.into();
            let mut managers: Vec<(usize, MemberId)> = Vec::new();
            let ever: BTreeSet<MemberId> = each(counts)
                .filter_map(|a| self.manager_made(a))
                .filter(|(_, of)| *of == group)
                .map(|(member, _)| member)
                .collect();
            for member in ever.into_iter().filter(|member| is_active(member)) {
                let who = (member, group);
                let stands = each(counts)
                    .filter(|a| self.manager_made(*a) == Some(who))
                    .filter(|a| {
                        each(taken)
                            .all(|t| self.ends_manager(t) != Some(who) || has(self.past[*a], t))
                    })
                    .map(|a| self.place(&all, a))
                    .min();
                managers.extend(stands.map(|place| (place, member)));
            }
            managers.sort_unstable();
            let founder = self.authors[x].map(|author| author.member);
            let founder = founder.unwrap_or(MemberId([0; 32]));
            (group, (founder, managers.into_iter().map(|(_, member)| member).collect()))
        };
        founded.map(of).collect()
    }

    /// Who wrote a group's log, as its entry 0 claims: member, device, appointment.
    pub(super) fn claims_for_group(
        &self,
        start: &LogStart,
        group: GroupId,
    ) -> Option<(MemberId, DeviceId, usize)> {
        let grant = self.number(&start.act)?;
        let (member, of) = self.manager_made(grant)?;
        let device = start.device;
        let is_theirs = each(self.sound).any(|x| self.certifies(x) == Some((member, device)));
        (of == group && is_theirs).then_some((member, device, grant))
    }
}
