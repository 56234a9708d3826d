//! What a deal's reading asks of the charter about those who make it.

use super::footing::Footing;
use super::lifecycle::Proof;
use super::still_out::is_genuine;
use crate::authority::Authority;
use crate::keys::MemberId;
use crate::time::Instant;

/// Who is who, as far as it is known here.
pub trait Neighbours {
    /// Whether a proof is its member's word.
    fn is_genuine(&self, proof: &Proof) -> bool;
    /// What `asker` is to what `owner` shares.
    fn footing(&self, owner: &MemberId, asker: &MemberId) -> Footing;
    /// Since when somebody is in the neighbourhood no more: left, or was removed.
    fn gone_since(&self, member: &MemberId) -> Option<Instant>;
}

impl Neighbours for Authority {
    fn is_genuine(&self, proof: &Proof) -> bool {
        is_genuine(self, proof)
    }

    fn footing(&self, owner: &MemberId, asker: &MemberId) -> Footing {
        Footing::in_hood(self, owner, asker)
    }

    fn gone_since(&self, member: &MemberId) -> Option<Instant> {
        Self::gone_since(self, member)
    }
}
