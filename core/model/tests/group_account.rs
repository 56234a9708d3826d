//! Whoever manages a group, or once did, does not empty the account of another who still
//! does: a closing counts only once the closed device's part is over, in whatever order
//! that comes to be known.

use std::cell::Cell;

use palier_model::journal::{Owner, Ref};
use palier_model::keys::{DeviceId, DocId, EntryHash, GroupId, LogId, MemberId};
use palier_model::ledger::{
    Account, CloseAccount, LedgerFacts, Transfer, Transfers, file_close, file_transfer,
    recount_lines,
};
use palier_model::rows::{MemoryRows, Tx};
use palier_model::time::Instant;

const GIVER: Account = member(1);
const FRIEND: Account = member(2);
const FOUNDERS: Account = group(3);
const THIEFS: Account = group(4);
const AT: Instant = Instant(1_795_521_600_000);

const fn member(n: u8) -> Account {
    Account { owner: Owner::Member(MemberId([n; 32])), device: DeviceId([n; 32]) }
}

const fn group(n: u8) -> Account {
    Account { owner: Owner::Group(GroupId([9; 32])), device: DeviceId([n; 32]) }
}

fn place(n: u8) -> Ref {
    Ref { document: DocId([n; 32]), log: LogId([n; 32]), seq: 1, hash: EntryHash([n; 32]) }
}

struct Charter {
    ended: Cell<bool>,
}

impl LedgerFacts for Charter {
    fn line(&self, account: &Account) -> u64 {
        if *account == GIVER { 120 } else { 0 }
    }

    fn may_close(&self, account: &Account) -> bool {
        matches!(account.owner, Owner::Member(_)) || self.ended.get()
    }
}

fn pays(payee: Account, minutes: u32, relies: Vec<Ref>) -> Transfer {
    Transfer { at: AT, n: 1, prev: None, payee, minutes, relies, deal: None }
}

/// Whether the theft counts, where the end of the founder's part is known before it is
/// written, after it, or never.
fn is_taken(before: bool, after: bool) -> bool {
    let charter = Charter { ended: Cell::new(before) };
    let rows = MemoryRows::default();
    let mut tx = Tx::new(&rows);
    file_transfer(&mut tx, &charter, place(10), &GIVER, pays(FOUNDERS, 60, vec![])).unwrap();
    let close =
        CloseAccount { at: AT, device: FOUNDERS.device, n: 0, last: None, heir: THIEFS.device };
    file_close(&mut tx, &charter, place(11), &THIEFS, close).unwrap();
    let theft = pays(FRIEND, 60, vec![place(10), place(11)]);
    file_transfer(&mut tx, &charter, place(12), &THIEFS, theft).unwrap();
    charter.ended.set(before || after);
    recount_lines(&mut tx, &charter).unwrap();
    tx.row::<Transfers>(&place(12).hash).unwrap().unwrap().state.is_ok()
}

#[test]
fn a_manager_does_not_inherit_from_one_who_is_still_there() {
    assert!(!is_taken(false, false));
    assert!(is_taken(true, false), "who is gone is inherited from");
    assert!(is_taken(false, true), "also where that is heard of later");
}
