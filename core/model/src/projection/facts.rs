//! What rows ask of authority: whether an entry counts.

use crate::authority::{Authority, Reach};
use crate::booking::{BookingFacts, DomainFacts, Managers};
use crate::journal::{Descriptor, Owner, Tip, is_ancestor_or_same, log_row, logs_of_document};
use crate::keys::{DeviceId, GroupId, LogId, MemberId};
use crate::ledger::{Account, LINE_MINUTES, LedgerFacts};
use crate::rows::{RowsError, Tx};

/// Whether an entry counts: nothing that counts closed its log before it.
pub fn entry_counts(
    tx: &Tx<'_>,
    authority: &Authority,
    log: &LogId,
    tip: &Tip,
) -> Result<bool, RowsError> {
    let Some(row) = log_row(tx, log)? else { return Ok(false) };
    match authority.closing_of(log, &row.start) {
        Reach::Open => Ok(true),
        Reach::UpTo(last) => is_ancestor_or_same(tx, log, tip, &last),
    }
}

/// Whether any log of a document was closed.
pub(super) fn is_closed(
    tx: &Tx<'_>,
    authority: &Authority,
    of: &Descriptor,
) -> Result<bool, RowsError> {
    for log in logs_of_document(tx, &of.id())? {
        if let Some(row) = log_row(tx, &log)?
            && authority.closing_of(&log, &row.start) != Reach::Open
        {
            return Ok(true);
        }
    }
    Ok(false)
}

impl BookingFacts for Authority {
    fn certified_earlier(&self, a: &DeviceId, b: &DeviceId) -> bool {
        self.certified_before(a, b)
    }

    fn devices(&self, member: &MemberId) -> Vec<DeviceId> {
        let devices = self.devices_of(member).into_iter();
        devices.filter(|(_, device)| device.is_active).map(|(id, _)| id).collect()
    }
}

impl DomainFacts for Authority {
    fn managers(&self, group: &GroupId) -> Managers {
        let all = self.members().map(|(member, _)| *member);
        let ever = all.filter(|member| self.ever_managed(group, member)).collect();
        Managers { ever, now: Authority::managers(self, group).into_iter().collect() }
    }

    fn counts(&self, tx: &Tx<'_>, log: &LogId, tip: &Tip) -> Result<bool, RowsError> {
        entry_counts(tx, self, log, tip)
    }
}

impl LedgerFacts for Authority {
    fn line(&self, account: &Account) -> u64 {
        match account.owner {
            Owner::Member(member) if self.holds_line(&member, &account.device) => LINE_MINUTES,
            // What a group spends it was given.
            _ => 0,
        }
    }

    fn may_close(&self, account: &Account) -> bool {
        match &account.owner {
            Owner::Group(group) => self.ever_ended(group, &account.device),
            _ => true,
        }
    }
}
