//! Opened sealed records of services in, rows out.
//!
//! Invariant: a row is a pure function of the set of records and of what authority says
//! about them, whatever the order. Of each kind, each device and each member keep the
//! first few, so that nobody crowds out another.

use std::collections::BTreeSet;

use super::records::{Agreement, Proposal, Reply, Step, inner};
use super::rows::Services;
use crate::booking::{
    DomainFacts, Holder, ProjectError, Record, Said, note_tags,
    told::{SAID_BY_DEVICE, keep, recount_said},
};
use crate::journal::{Ref, Tip};
use crate::keys::{BookingId, MemberId};
use crate::rows::{RowsError, Tx};

/// Records of one kind that one device may write about one deal: what is past it is read
/// by nobody.
pub const MOST_SAID: usize = SAID_BY_DEVICE;
/// Deals that are looked at again.
const DEALS: usize = 1 << 20;

/// Whether an inner kind is one of services.
pub const fn is_kind(kind: u16) -> bool {
    matches!(kind, inner::REPLY | inner::PROPOSAL | inner::AGREEMENT | inner::STEP)
}

/// Takes in an opened record: its inner kind, its body, the entry it came in and who wrote
/// that. Gives the deal it is about.
pub fn project_sealed(
    tx: &mut Tx<'_>,
    facts: &dyn DomainFacts,
    kind: u16,
    body: &[u8],
    entry: &Ref,
    author: &Holder,
) -> Result<BookingId, ProjectError> {
    let counts = facts.counts(tx, &entry.log, &Tip { seq: entry.seq, hash: entry.hash })?;
    let (entry, by) = (*entry, *author);
    macro_rules! take {
        ($record:ident, $list:ident) => {{
            let booking = $record.booking;
            let mut row = tx.row::<Services>(&booking)?.unwrap_or_default();
            keep(&mut row.$list, Said { entry, by, counts, record: $record });
            tx.put::<Services>(&booking, &row);
            Ok(booking)
        }};
    }
    match kind {
        inner::REPLY => {
            let record = Reply::from_payload(body)?;
            if !record.is_by(&by.member) {
                return Err(ProjectError::Author);
            }
            note_tags(tx, &record.booking, &record.random);
            take!(record, replies)
        }
        inner::PROPOSAL => {
            let record = Proposal::from_payload(body)?;
            take!(record, proposals)
        }
        inner::AGREEMENT => {
            let record = Agreement::from_payload(body)?;
            take!(record, agreements)
        }
        inner::STEP => {
            let record = Step::from_payload(body)?;
            take!(record, steps)
        }
        kind => Err(ProjectError::Kind(kind)),
    }
}

/// Asks again which records of these members count, as when authority changed; gives the
/// deals that read otherwise now.
pub fn recount(
    tx: &mut Tx<'_>,
    facts: &dyn DomainFacts,
    members: &BTreeSet<MemberId>,
) -> Result<Vec<BookingId>, RowsError> {
    let mut changed = Vec::new();
    for (key, mut row) in tx.rows_with_prefix::<Services>(&[], DEALS)? {
        let Some(booking) = BookingId::from_slice(&key) else { continue };
        let any = recount_said(tx, facts, members, &mut row.replies)?
            | recount_said(tx, facts, members, &mut row.proposals)?
            | recount_said(tx, facts, members, &mut row.agreements)?
            | recount_said(tx, facts, members, &mut row.steps)?;
        if any {
            tx.put::<Services>(&booking, &row);
            changed.push(booking);
        }
    }
    Ok(changed)
}
