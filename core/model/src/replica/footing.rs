//! What people are to what others share, as the charter attests their homes.

use super::{ActError, Replica};
use crate::booking::{Footing, Terms, tiers};
use crate::keys::MemberId;

impl Replica {
    /// What `asker` is to what `owner` shares.
    pub fn footing(&self, owner: &MemberId, asker: &MemberId) -> Footing {
        Footing::in_hood(&self.authority, owner, asker)
    }

    /// Whether terms of one's own could serve anybody: near to a home that nobody attests is
    /// nobody.
    pub(super) fn check_tiers(&self, terms: &Terms) -> Result<(), ActError> {
        let home = self.authority.member(&self.me.member).map(|it| it.home).unwrap_or_default();
        let is_near_to_some = match terms.tiers {
            tiers::BUILDING => home.building != 0,
            tiers::LANDLORD => home.building != 0 || home.landlord != 0,
            _ => true,
        };
        match is_near_to_some {
            true => Ok(()),
            false => Err(ActError::conflict("listing.tiers.not_attested")),
        }
    }
}
