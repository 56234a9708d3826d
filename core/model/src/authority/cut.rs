//! Members of whom not everything counts.
//!
//! Invariant: where the [`Cut`] of a member and the logs that continue others are the
//! same, so is how far each of its logs counts.

use std::collections::{BTreeMap, BTreeSet};

use super::answers::Standing;
use super::engine::{Authority, Status};
use super::fact::Body;
use super::rule::Taking;
use crate::keys::{EntryHash, MemberId};

/// What keeps some of a member's entries from counting.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cut {
    /// Admissions that do not count, where none does.
    not_admitted: BTreeSet<EntryHash>,
    /// Removals, leavings and revocations that count.
    closed_by: BTreeSet<EntryHash>,
    /// Certificates that do not count.
    not_certified: BTreeSet<EntryHash>,
    /// Appointments as manager that do not count.
    not_manager: BTreeSet<EntryHash>,
}

impl Authority {
    /// Every member of whom not everything counts. What is to be looked at again when
    /// acts came is what hangs on members whose cut is another than it was.
    ///
    /// `own`: whose device this is, and the certificate that its logs name. It may be lost,
    /// and what the device writes meanwhile counts when it is back; what others write is
    /// not let in before their certificates.
    pub fn cuts(&self, own: &(MemberId, EntryHash)) -> BTreeMap<MemberId, Cut> {
        let mut cuts: BTreeMap<MemberId, Cut> = BTreeMap::new();
        let (member, certificate) = own;
        if matches!(self.explain(certificate), Standing::Unknown | Standing::Waiting) {
            cuts.entry(*member).or_default().not_certified.insert(*certificate);
        }
        for (member, takers) in &self.counted {
            for (at, taking) in takers.iter().filter_map(|taker| self.rules.takers.get(*taker)) {
                if matches!(taking, Taking::Member(..) | Taking::Device(..) | Taking::Manager(..)) {
                    let act = self.rules.graph.nodes[*at].fact.hash;
                    cuts.entry(*member).or_default().closed_by.insert(act);
                }
            }
        }
        let nodes = self.rules.graph.nodes.iter().zip(&self.verdicts).enumerate();
        for (at, (node, verdict)) in nodes {
            if verdict.is_ok() {
                continue;
            }
            let act = node.fact.hash;
            if let Some((member, _)) = self.rules.graph.certifies(at) {
                cuts.entry(member).or_default().not_certified.insert(act);
            }
            if let Some((_, member)) = self.rules.managed_by(at) {
                cuts.entry(member).or_default().not_manager.insert(act);
            }
            if let Body::Admit { member, .. } = &node.fact.body
                && !self.members.contains_key(member)
            {
                cuts.entry(*member).or_default().not_admitted.insert(act);
            }
        }
        cuts
    }

    /// Whether a member is one of us now.
    pub fn is_active(&self, member: &MemberId) -> bool {
        self.member(member).is_some_and(|known| known.status == Status::Active)
    }
}
