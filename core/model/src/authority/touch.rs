//! What touches what: which acts a taker would void in the wide sense, and what the right
//! and the subject of an act rest on.

use super::act::Role;
use super::fact::Body;
use super::graph::At;
use super::rule::{Rules, Taking};

impl Rules {
    /// Whether a taker would void a node were it counted: the wide sense, in which a
    /// dismissal touches every act whose author held the role by a grant it ended.
    pub(super) fn hits(&self, taker: usize, at: At) -> bool {
        let (by, taking) = self.takers[taker];
        if let Taking::Manager(member, group) = taking {
            return self.hits_manager(taker, &group, &member, at);
        }
        let Taking::Role(member, role) = taking else { return self.cuts(taker, at) };
        let node = &self.graph.nodes[at];
        let uses = match &node.fact.body {
            Body::Admit { .. } => true,
            Body::Attest { .. }
            | Body::Appoint { .. }
            | Body::Dismiss { .. }
            | Body::Remove { .. }
            | Body::Second { .. }
            | Body::AddManager { .. }
            | Body::RemoveManager { .. } => role == Role::Coordinator,
            _ => false,
        };
        uses && by != at
            && node.author.is_some_and(|author| author.member == member)
            && !self.has_seen(taker, at)
            && self
                .grants_before(&member, at)
                .any(|grant| self.gives(grant, role) && !self.is_before(by, grant))
    }

    /// What a node's right and subject rest on: certificate, and admissions and grants
    /// of its author, and of its subject where that must be a member.
    pub(super) fn rests_on(&self, at: At) -> Vec<At> {
        let node = &self.graph.nodes[at];
        let Some(author) = node.author else { return Vec::new() };
        let mut on = Vec::new();
        if !node.is_by_phrase() && author.certificate != at {
            on.push(author.certificate);
        }
        match &node.fact.body {
            Body::Admit { .. }
            | Body::Dismiss { .. }
            | Body::Remove { .. }
            | Body::Second { .. }
            | Body::Leave { .. }
            | Body::FoundGroup => on.extend(self.grants_before(&author.member, at)),
            Body::AddManager { group, member } => {
                on.extend(self.grants_before(&author.member, at));
                on.extend(self.managing_before(group, &author.member, at));
                on.extend(self.grants_before(member, at).filter(|grant| self.admits(*grant)));
            }
            Body::RemoveManager { group, .. } => {
                on.extend(self.grants_before(&author.member, at));
                on.extend(self.managing_before(group, &author.member, at));
            }
            Body::Attest { member, .. } | Body::Appoint { member, .. } => {
                on.extend(self.grants_before(&author.member, at));
                on.extend(self.grants_before(member, at).filter(|grant| self.admits(*grant)));
            }
            _ => {}
        }
        on
    }
}
