//! Asking again what counts, of members of whom that may have changed: a closing came, or
//! turned out not to count, or a certificate did.
//!
//! Invariant: what is left is what a rebuild leaves. Calendars and the name of the place
//! ask for themselves ([`Replica::settle`]); key epochs are asked when they are read.

use std::collections::BTreeSet;

use super::Replica;
use crate::booking;
use crate::journal::{Class, Documents, Owner};
use crate::keys::{EntryHash, MemberId};
use crate::projection::Changes;
use crate::rows::{RowsError, Tx};
use crate::service;

/// Documents that are looked at.
const DOCUMENTS: usize = 1 << 20;

impl Replica {
    /// Brings documents and deals in line with what counts now; true where that was asked
    /// of anybody.
    pub(super) fn recount(
        &mut self,
        tx: &mut Tx<'_>,
        changes: &mut Changes,
    ) -> Result<bool, RowsError> {
        let mut members: BTreeSet<MemberId> = std::mem::take(&mut changes.recount);
        members.retain(|member| self.cuts.contains_key(member));
        if changes.authority {
            let cuts = self.authority.cuts(&self.claim());
            let either = self.cuts.keys().chain(cuts.keys());
            members.extend(either.filter(|member| self.cuts.get(member) != cuts.get(member)));
            self.cuts = cuts;
        }
        if members.is_empty() {
            return Ok(false);
        }
        self.recount_documents(tx, &members, changes)?;
        changes.bookings.extend(booking::recount(tx, &self.authority, &members)?);
        changes.bookings.extend(service::recount(tx, &self.authority, &members)?);
        Ok(true)
    }

    /// Whose device this is, and the certificate that its logs name.
    pub(super) fn claim(&self) -> (MemberId, EntryHash) {
        (self.me.member, self.own.act)
    }

    fn recount_documents(
        &mut self,
        tx: &mut Tx<'_>,
        members: &BTreeSet<MemberId>,
        changes: &mut Changes,
    ) -> Result<(), RowsError> {
        for (_, row) in tx.rows_with_prefix::<Documents>(&[], DOCUMENTS)? {
            let of = row.descriptor;
            let is_theirs = match of.owner {
                Owner::Member(owner) => members.contains(&owner),
                Owner::Group(group) => {
                    members.iter().any(|it| self.authority.ever_managed(&group, it))
                }
                Owner::Hood => false,
            };
            if of.class != Class::Object || !is_theirs {
                continue;
            }
            self.projector(tx, changes).rebuild_document(&of, &BTreeSet::new())?;
        }
        Ok(())
    }
}
