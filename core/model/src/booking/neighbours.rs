//! What a deal's reading asks of the charter about those who make it.

use super::footing::Footing;
use super::lifecycle::Proof;
use super::still_out::is_genuine;
use crate::authority::Authority;
use crate::keys::MemberId;

/// Who is who, as far as it is known here.
pub trait Neighbours {
    /// Whether a proof is its member's word.
    fn is_genuine(&self, proof: &Proof) -> bool;
    /// What `asker` is to what `owner` shares.
    fn footing(&self, owner: &MemberId, asker: &MemberId) -> Footing;
    /// Whether somebody is in the neighbourhood no more: left, or was removed.
    fn is_gone(&self, member: &MemberId) -> bool;
}

impl Neighbours for Authority {
    fn is_genuine(&self, proof: &Proof) -> bool {
        is_genuine(self, proof)
    }

    fn footing(&self, owner: &MemberId, asker: &MemberId) -> Footing {
        Footing::in_hood(self, owner, asker)
    }

    fn is_gone(&self, member: &MemberId) -> bool {
        !self.is_active(member)
    }
}
