//! Which acts count, given which takers do: the slow model's first rule.

use std::collections::HashMap;

use palier_model::authority::{Body, Inviters, Role};
use palier_model::keys::{DeviceId, MemberId};

use super::{Broken, Oracle, Set, each, has};

impl Oracle<'_> {
    /// Past, and every entry 0 named by a sound admission (or the founding) in it.
    pub(super) fn seen(&self, taker: usize) -> Set {
        let mut seen = self.past[taker];
        for x in each(self.past[taker] & self.sound) {
            let (member, identity) = match &self.facts[x].body {
                Body::Found { founder, identity, .. } => (founder, identity),
                Body::Admit { member, identity, .. } => (member, identity),
                _ => continue,
            };
            if let Some(named) = self.number(identity)
                && matches!(self.facts[named].body, Body::Start(_))
                && self.authors[named].is_some_and(|author| author.member == *member)
            {
                seen |= 1 << named;
            }
        }
        seen
    }

    pub(super) fn is_taker(&self, x: usize) -> bool {
        let taker = matches!(
            self.facts[x].body,
            Body::Remove { .. }
                | Body::Leave { .. }
                | Body::Dismiss { .. }
                | Body::Revoke { .. }
                | Body::RemoveManager { .. }
        );
        taker && has(self.sound, x)
    }

    /// Whose standing a taker ends, wholly.
    pub(super) fn ends_member(&self, taker: usize) -> Option<MemberId> {
        match &self.facts[taker].body {
            Body::Remove { .. } if self.broken == Broken::Forgotten => None,
            Body::Remove { member, .. } => Some(*member),
            Body::Leave { .. } => Some(self.authors[taker]?.member),
            _ => None,
        }
    }

    pub(super) fn ends_role(&self, taker: usize) -> Option<(MemberId, Role)> {
        match &self.facts[taker].body {
            Body::Dismiss { member, role } => Some((*member, *role)),
            _ => None,
        }
    }

    pub(super) fn ends_device(&self, taker: usize) -> Option<(MemberId, DeviceId)> {
        match &self.facts[taker].body {
            Body::Revoke { device, .. } => Some((self.authors[taker]?.member, *device)),
            _ => None,
        }
    }

    pub(super) fn admits(&self, x: usize, member: &MemberId) -> bool {
        match &self.facts[x].body {
            Body::Found { founder, .. } => founder == member,
            Body::Admit { member: admitted, .. } => admitted == member,
            _ => false,
        }
    }

    pub(super) fn gives(&self, x: usize, member: &MemberId, role: Role) -> bool {
        match &self.facts[x].body {
            Body::Found { founder, .. } => founder == member && role == Role::Coordinator,
            Body::Admit { member: to, roles, .. } => to == member && roles.has(role),
            Body::Appoint { member: to, role: given } => to == member && *given == role,
            _ => false,
        }
    }

    pub(super) fn voids_author(&self, taker: usize, x: usize) -> bool {
        let Some(author) = self.authors[x] else { return false };
        if taker == x {
            return false;
        }
        let unseen = if self.broken == Broken::StrongRemoval {
            has(self.past[x], taker)
        } else {
            !has(self.seen(taker), x)
        };
        let member = self.ends_member(taker) == Some(author.member);
        let device = self.ends_device(taker) == Some((author.member, author.device));
        unseen && (member || (device && !self.by_phrase(x)))
    }

    pub(super) fn has_role(
        &self,
        member: &MemberId,
        role: Role,
        x: usize,
        taken: Set,
        memo: &mut HashMap<usize, bool>,
    ) -> bool {
        each(self.past[x] & self.sound).any(|grant| {
            self.gives(grant, member, role)
                && self.is_valid(grant, taken, memo)
                && each(taken).all(|taker| {
                    self.ends_role(taker) != Some((*member, role))
                        || taker == x
                        || has(self.past[grant], taker)
                        || has(self.seen(taker), x)
                })
        })
    }

    pub(super) fn is_admitted(
        &self,
        member: &MemberId,
        x: usize,
        taken: Set,
        memo: &mut HashMap<usize, bool>,
    ) -> bool {
        each(self.past[x] & self.sound)
            .any(|grant| self.admits(grant, member) && self.is_valid(grant, taken, memo))
    }

    /// Whether an act counts if exactly `taken` of the takers do.
    pub(super) fn is_valid(&self, x: usize, taken: Set, memo: &mut HashMap<usize, bool>) -> bool {
        if let Some(known) = memo.get(&x) {
            return *known;
        }
        let valid = self.work_out(x, taken, memo);
        memo.insert(x, valid);
        valid
    }

    pub(super) fn work_out(&self, x: usize, taken: Set, memo: &mut HashMap<usize, bool>) -> bool {
        let Some(author) = self.authors[x] else { return false };
        if matches!(self.facts[x].body, Body::Void(_)) {
            return false;
        }
        let certified = self.by_phrase(x)
            || author.certificate == x
            || self.is_valid(author.certificate, taken, memo);
        if !certified || each(taken).any(|taker| self.voids_author(taker, x)) {
            return false;
        }
        let member = &author.member;
        match &self.facts[x].body {
            Body::Found { founder, identity, .. } => {
                self.facts[x].hash == self.root.act
                    && self.facts[x].log == self.root.log
                    && founder == member
                    && self.facts[author.certificate].hash == *identity
            }
            Body::Admit { roles, .. } => {
                let founded = self.facts.iter().position(|fact| fact.hash == self.root.act);
                let Some(founded) = founded.filter(|founded| has(self.sound, *founded)) else {
                    return false;
                };
                let Body::Found { policy, .. } = &self.facts[founded].body else { return false };
                let redeems = !policy.approval && roles.is_empty();
                self.has_role(member, Role::Coordinator, x, taken, memo)
                    || (redeems
                        && policy.inviters == Inviters::Hubs
                        && self.has_role(member, Role::Hub, x, taken, memo))
                    || (redeems
                        && policy.inviters == Inviters::Members
                        && self.is_admitted(member, x, taken, memo))
            }
            Body::Attest { member: subject, .. } | Body::Appoint { member: subject, .. } => {
                self.has_role(member, Role::Coordinator, x, taken, memo)
                    && self.is_admitted(subject, x, taken, memo)
            }
            Body::Dismiss { member: subject, role } => {
                self.has_role(member, Role::Coordinator, x, taken, memo)
                    && each(self.past[x] & self.sound)
                        .any(|grant| self.gives(grant, subject, *role))
            }
            Body::Remove { member: subject, .. } => {
                let entitled = self.broken == Broken::Entitled;
                (entitled || self.has_role(member, Role::Coordinator, x, taken, memo))
                    && subject != member
                    && each(self.past[x] & self.sound).any(|grant| self.admits(grant, subject))
            }
            Body::Second { .. } => self.has_role(member, Role::Coordinator, x, taken, memo),
            Body::Leave { .. } | Body::FoundGroup => self.is_admitted(member, x, taken, memo),
            Body::AddManager { group, member: subject } => {
                self.may_add_manager(x, (*group, *member), taken, memo)
                    && self.is_admitted(subject, x, taken, memo)
            }
            Body::RemoveManager { group, member: subject, .. } => {
                self.may_remove_manager(x, (*group, *member, *subject), taken, memo)
            }
            _ => true,
        }
    }
}
