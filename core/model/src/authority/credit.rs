//! With which device the credit line of a member lies (`PROTOCOL.md` §7).
//!
//! Invariant: the answer only grows with the set of acts, as the right to write does. A
//! transfer that once counted must count for ever, so an admission that was voided since
//! still gives its line.

use super::engine::Authority;
use super::fact::Body;
use crate::journal::{Class, Owner};
use crate::keys::{DeviceId, MemberId};

impl Authority {
    /// Whether the credit line of a member lies with a device: whether any admission that
    /// would count, were nothing ever taken away, names entry 0 of an identity log of it.
    ///
    /// Where two admissions of one member name two devices, each has the line: to choose
    /// between them would un-count what the other spent.
    pub fn holds_line(&self, member: &MemberId, device: &DeviceId) -> bool {
        let grants = self.rules.grants.get(member).into_iter().flatten();
        let bodies = grants.map(|at| &self.rules.graph.nodes[*at].fact.body);
        let mut named = bodies.filter_map(|body| match body {
            Body::Found { founder, identity, .. } if founder == member => Some(identity),
            Body::Admit { member: admitted, identity, .. } if admitted == member => Some(identity),
            _ => None,
        });
        named.any(|identity| {
            let Some(Body::Start(start)) = self.fact(identity).map(|fact| &fact.body) else {
                return false;
            };
            start.descriptor.class == Class::Identity
                && start.descriptor.owner == Owner::Member(*member)
                && start.certificate.is_some()
                && start.device == *device
        })
    }
}
