//! Whose a domain is: in whose document it is decided, whether deals can be made with its
//! owner, who reads its requests.

use std::collections::BTreeSet;

use super::{ActError, Replica};
use crate::booking::{Calendars, DomainId, DomainView};
use crate::journal::Owner;
use crate::keys::MemberId;
use crate::rows::{RowsError, Tx};

impl Replica {
    /// In whose document this device decides on a domain: a manager in his group's.
    pub(super) fn decides_as(&self, tx: &Tx<'_>, domain: &DomainId) -> Result<Owner, RowsError> {
        let group = tx.row::<Calendars>(domain)?.and_then(|row| row.group);
        let managed = group.filter(|group| self.authority.is_manager(group, &self.me.member));
        Ok(managed.map_or(self.owner(), Owner::Group))
    }

    /// Whether deals can be made with the owner of a domain.
    pub(super) fn check_owner(&self, tx: &Tx<'_>, domain: &DomainView) -> Result<(), ActError> {
        match domain.row.owned_by() {
            Owner::Group(group) if self.authority.managers(&group).is_empty() => {
                Err(ActError::conflict("group.unmanaged"))
            }
            owner => self.check_credits(tx, &owner),
        }
    }
}

/// Who reads the requests of a domain: the owner and whoever may decide; of a group's, its
/// managers as they are.
pub(super) fn readers(domain: &DomainView) -> BTreeSet<MemberId> {
    let mut readers: BTreeSet<MemberId> = domain.row.deciding.iter().copied().collect();
    if domain.row.group.is_none() {
        readers.insert(domain.row.owner);
    }
    readers
}
