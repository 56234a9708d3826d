//! Ledger entries in, rows out. What is worked out again is what names something that
//! changed, directly or through others; never an account as a whole, never the
//! neighbourhood.

use std::collections::BTreeSet;

use super::records::{Account, CloseAccount, Note, Transfer};
use super::rows::{
    AccountRow, Accounts, Chain, CloseRow, Closes, ClosesOf, Deals, Edges, NoteRow, Notes, Open,
    OpenRow, Statement, Sums, SumsRow, TransferRow, Transfers,
};
use super::rule::{self, Counted, CountedClose, Held, Past, Standing};
use crate::booking::{ProjectError, Record};
use crate::journal::{Entry, Owner, Ref};
use crate::keys::{DeviceId, EntryHash, GroupId, MemberId};
use crate::rows::{Key, RowsError, Tx};

/// Most rows that are looked at under one key.
const ROWS: usize = 1 << 20;

/// What ledgers ask of authority.
pub trait LedgerFacts {
    /// The credit line that lies with an account, in minutes. Grows with the set of acts
    /// and never shrinks, whatever is taken away later.
    fn line(&self, account: &Account) -> u64;

    /// Whether another device of its owner may close an account: a member's own devices may
    /// close each other; of a group's account the device's part must be over. Grows with
    /// the set of acts and never shrinks.
    fn may_close(&self, account: &Account) -> bool;
}

/// Takes in a ledger entry written by a device of a member or a group; gives whose ledgers it concerns.
///
/// Call it for every such entry that was accepted, whether or not what it names is here.
pub fn take(
    tx: &mut Tx<'_>,
    facts: &dyn LedgerFacts,
    entry: &Entry,
    at: Ref,
    by: &Account,
) -> Result<BTreeSet<Owner>, ProjectError> {
    match entry.header.kind {
        Transfer::KIND => {
            let record = Transfer::from_payload(&entry.payload)?;
            if record.payee == *by {
                return Err(ProjectError::Author);
            }
            Ok(file_transfer(tx, facts, at, by, record)?)
        }
        CloseAccount::KIND => {
            let record = CloseAccount::from_payload(&entry.payload)?;
            Ok(file_close(tx, facts, at, by, record)?)
        }
        kind => Err(ProjectError::Kind(kind)),
    }
}

/// Takes in the word that went with a transfer, opened. Nothing but its two parties reads
/// it, so it is believed only of them.
pub fn take_note(
    tx: &mut Tx<'_>,
    body: &[u8],
    at: &Ref,
    by: &MemberId,
) -> Result<EntryHash, ProjectError> {
    let record = Note::from_payload(body)?;
    let transfer = record.transfer.hash;
    let known = tx.row::<Notes>(&(transfer, *by))?;
    if known.is_none_or(|known| at.hash < known.entry) {
        tx.put::<Notes>(&(transfer, *by), &NoteRow { entry: at.hash, record });
    }
    Ok(transfer)
}

/// Files a transfer and works out what follows from it.
pub fn file_transfer(
    tx: &mut Tx<'_>,
    facts: &dyn LedgerFacts,
    at: Ref,
    payer: &Account,
    record: Transfer,
) -> Result<BTreeSet<Owner>, RowsError> {
    let mut touched = BTreeSet::from([payer.owner, record.payee.owner]);
    if tx.has::<Transfers>(&at.hash)? {
        return Ok(touched);
    }
    let n = u64::from(record.n);
    for named in record.prev.iter().chain(&record.relies) {
        tx.put::<Edges>(&(named.hash, at.hash), &());
    }
    tx.put::<Chain>(&(payer.owner, payer.device, (n, at.hash)), &());
    let claimed = u64::try_from(record.at.0).unwrap_or(0);
    for owner in [payer.owner, record.payee.owner] {
        tx.put::<Statement>(&(owner, claimed, at.hash), &());
    }
    if let Some(tag) = record.deal {
        tx.put::<Deals>(&(tag, payer.owner, at.hash), &());
    }
    change(tx, facts, payer, |_| {})?;
    let same_n = (payer.owner, payer.device, n).to_key();
    if tx.rows_with_prefix::<Chain>(&same_n, 2)?.len() > 1 {
        let first = |known: Option<u32>| known.map_or(record.n, |known| known.min(record.n));
        change(tx, facts, payer, |row| row.double = Some(first(row.double)))?;
        change_sums(tx, &payer.owner, |sums| sums.double_spend = true)?;
    }
    let row = TransferRow { at, payer: *payer, record, state: Err(Held::Waits) };
    count(tx, &row, true)?;
    tx.put::<Transfers>(&at.hash, &row);
    settle(tx, facts, at.hash, &mut touched)?;
    Ok(touched)
}

/// Files a closing of an account of its writer's owner, and works out what follows.
pub fn file_close(
    tx: &mut Tx<'_>,
    facts: &dyn LedgerFacts,
    at: Ref,
    by: &Account,
    record: CloseAccount,
) -> Result<BTreeSet<Owner>, RowsError> {
    let mut touched = BTreeSet::from([by.owner]);
    if tx.has::<Closes>(&at.hash)? {
        return Ok(touched);
    }
    if let Some(last) = &record.last {
        tx.put::<Edges>(&(last.hash, at.hash), &());
    }
    let closed = Account { owner: by.owner, device: record.device };
    tx.put::<ClosesOf>(&(closed.owner, closed.device, at.hash), &());
    change(tx, facts, &closed, |_| {})?;
    let row = CloseRow { at, by: *by, record, state: Err(Held::Waits) };
    tx.put::<Closes>(&at.hash, &row);
    settle(tx, facts, at.hash, &mut touched)?;
    Ok(touched)
}

/// Brings covers in line with credit lines as they are now, as when authority changed;
/// gives whose ledgers are concerned.
pub fn recount_lines(
    tx: &mut Tx<'_>,
    facts: &dyn LedgerFacts,
) -> Result<BTreeSet<Owner>, RowsError> {
    let mut touched = BTreeSet::new();
    for (key, row) in tx.rows_with_prefix::<Accounts>(&[], ROWS)? {
        let Some(account) = account_of(&key) else { continue };
        let line = facts.line(&account);
        let of = (account.owner, account.device).to_key();
        if line == row.line {
            // A closing may have waited for the end of who is closed.
            if matches!(account.owner, Owner::Group(_)) {
                for hash in hashes(tx.rows_with_prefix::<ClosesOf>(&of, ROWS)?) {
                    settle(tx, facts, hash, &mut touched)?;
                }
            }
            continue;
        }
        change(tx, facts, &account, |row| row.line = line)?;
        touched.insert(account.owner);
        let first = (account.owner, account.device, 1_u64).to_key();
        let mut again = hashes(tx.rows_with_prefix::<Chain>(&first, ROWS)?);
        again.extend(hashes(tx.rows_with_prefix::<ClosesOf>(&of, ROWS)?));
        for hash in again {
            settle(tx, facts, hash, &mut touched)?;
        }
    }
    Ok(touched)
}

/// The account a key begins with.
fn account_of(key: &[u8]) -> Option<Account> {
    let id = key.get(1..33)?;
    let owner = match key.first()? {
        1 => Owner::Member(MemberId::from_slice(id)?),
        2 => Owner::Group(GroupId::from_slice(id)?),
        _ => return None,
    };
    let device = key.get(33..65).and_then(DeviceId::from_slice)?;
    Some(Account { owner, device })
}

/// The hashes at the end of keys.
pub(super) fn hashes<R>(rows: Vec<(Vec<u8>, R)>) -> Vec<EntryHash> {
    let hash = |key: &[u8]| EntryHash::from_slice(key.get(key.len().checked_sub(32)?..)?);
    rows.iter().filter_map(|(key, _)| hash(key)).collect()
}

/// Judges an entry again, and whatever names it where that changed anything. Covers only
/// grow, so this comes to an end.
fn settle(
    tx: &mut Tx<'_>,
    facts: &dyn LedgerFacts,
    first: EntryHash,
    touched: &mut BTreeSet<Owner>,
) -> Result<(), RowsError> {
    let mut again = vec![first];
    while let Some(hash) = again.pop() {
        let changed = if let Some(row) = tx.row::<Transfers>(&hash)? {
            settle_transfer(tx, facts, row, touched)?
        } else if let Some(row) = tx.row::<Closes>(&hash)? {
            settle_close(tx, facts, row)?
        } else {
            false
        };
        if changed {
            again.extend(hashes(tx.rows_with_prefix::<Edges>(&hash.to_key(), ROWS)?));
        }
    }
    Ok(())
}

fn settle_transfer(
    tx: &mut Tx<'_>,
    facts: &dyn LedgerFacts,
    row: TransferRow,
    touched: &mut BTreeSet<Owner>,
) -> Result<bool, RowsError> {
    let state = rule::judge(&row.payer, &row.record, &Known { tx, facts })?;
    if state == row.state {
        return Ok(false);
    }
    let counted = state.is_ok();
    let counts_now = counted && row.state.is_err();
    let hash = row.at.hash;
    let new = TransferRow { state, ..row };
    tx.put::<Transfers>(&hash, &new);
    if counts_now {
        count(tx, &new, false)?;
        touched.extend([new.payer.owner, new.record.payee.owner]);
        let payee = new.record.payee;
        if !is_relied_on(tx, &hash)? {
            let open = OpenRow::Paid(new.record.minutes);
            tx.put::<Open>(&(payee.owner, payee.device, hash), &open);
        }
        for relied in &new.record.relies {
            close_open(tx, &relied.hash)?;
        }
    }
    Ok(counted)
}

fn settle_close(
    tx: &mut Tx<'_>,
    facts: &dyn LedgerFacts,
    row: CloseRow,
) -> Result<bool, RowsError> {
    let closed = Account { owner: row.by.owner, device: row.record.device };
    let state = rule::judge_close(&closed, &row.record, &Known { tx, facts })?;
    if state == row.state {
        return Ok(false);
    }
    let hash = row.at.hash;
    if state.is_ok() && !is_relied_on(tx, &hash)? {
        let key = (row.by.owner, row.record.heir, hash);
        tx.put::<Open>(&key, &OpenRow::Inherited(closed));
    }
    let counts = state.is_ok();
    tx.put::<Closes>(&hash, &CloseRow { state, ..row });
    Ok(counts)
}

/// Whether any transfer that counts relies on an entry.
fn is_relied_on(tx: &Tx<'_>, hash: &EntryHash) -> Result<bool, RowsError> {
    for by in hashes(tx.rows_with_prefix::<Edges>(&hash.to_key(), ROWS)?) {
        if let Some(row) = tx.row::<Transfers>(&by)?
            && row.state.is_ok()
            && row.record.relies.iter().any(|relied| relied.hash == *hash)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Nobody can rely on it anew: a transfer that counts does.
fn close_open(tx: &mut Tx<'_>, hash: &EntryHash) -> Result<(), RowsError> {
    if let Some(paid) = tx.row::<Transfers>(hash)? {
        let payee = paid.record.payee;
        tx.delete::<Open>(&(payee.owner, payee.device, *hash));
    } else if let Some(closing) = tx.row::<Closes>(hash)? {
        tx.delete::<Open>(&(closing.by.owner, closing.record.heir, *hash));
    }
    Ok(())
}

/// Adds a transfer to the sums of its two sides: a new one to those that are held, another
/// from there to those that count.
fn count(tx: &mut Tx<'_>, row: &TransferRow, is_new: bool) -> Result<(), RowsError> {
    let (payer, payee) = (row.payer.owner, row.record.payee.owner);
    if payer == payee {
        return Ok(());
    }
    let minutes = u64::from(row.record.minutes);
    let moved = |held: &mut u64, counted: &mut u64| {
        if is_new {
            *held = held.saturating_add(minutes);
        } else {
            *held = held.saturating_sub(minutes);
            *counted = counted.saturating_add(minutes);
        }
    };
    change_sums(tx, &payer, |sums| moved(&mut sums.held_out, &mut sums.given))?;
    change_sums(tx, &payee, |sums| moved(&mut sums.held_in, &mut sums.received))
}

fn change_sums(
    tx: &mut Tx<'_>,
    owner: &Owner,
    how: impl FnOnce(&mut SumsRow),
) -> Result<(), RowsError> {
    let mut sums = tx.row::<Sums>(owner)?.unwrap_or_default();
    how(&mut sums);
    tx.put::<Sums>(owner, &sums);
    Ok(())
}

/// Changes the row of an account. Its line is noted where the row begins, and from then on
/// by [`recount_lines`] alone, which works out again what hangs on it.
fn change(
    tx: &mut Tx<'_>,
    facts: &dyn LedgerFacts,
    account: &Account,
    how: impl FnOnce(&mut AccountRow),
) -> Result<(), RowsError> {
    let key = (account.owner, account.device);
    let mut row = match tx.row::<Accounts>(&key)? {
        Some(row) => row,
        None => AccountRow { line: facts.line(account), ..AccountRow::default() },
    };
    how(&mut row);
    tx.put::<Accounts>(&key, &row);
    Ok(())
}

/// What is known, as the rule asks for it.
pub(super) struct Known<'a, 'tx> {
    pub(super) tx: &'a Tx<'tx>,
    pub(super) facts: &'a dyn LedgerFacts,
}

impl Past for Known<'_, '_> {
    type Error = RowsError;

    fn line(&self, account: &Account) -> u64 {
        self.facts.line(account)
    }

    fn may_close(&self, account: &Account) -> bool {
        self.facts.may_close(account)
    }

    fn standing(&self, hash: &EntryHash) -> Result<Option<Standing>, RowsError> {
        if let Some(row) = self.tx.row::<Transfers>(hash)? {
            let TransferRow { payer, record, state, .. } = row;
            return Ok(state.ok().map(|cover| {
                let Transfer { n, payee, minutes, .. } = record;
                Standing::Transfer(Counted { payer, n, payee, minutes, cover })
            }));
        }
        let Some(row) = self.tx.row::<Closes>(hash)? else { return Ok(None) };
        let owner = row.by.owner;
        Ok(row.state.ok().map(|cover| {
            Standing::Close(CountedClose {
                closed: Account { owner, device: row.record.device },
                heir: Account { owner, device: row.record.heir },
                last: row.record.last.map(|last| last.hash),
                cover,
            })
        }))
    }

    fn is_used(
        &self,
        transfer: &EntryHash,
        account: &Account,
        last: Option<&EntryHash>,
    ) -> Result<bool, RowsError> {
        let Some(last) = last else { return Ok(false) };
        let Some(end) = self.tx.row::<Transfers>(last)? else { return Ok(false) };
        for by in hashes(self.tx.rows_with_prefix::<Edges>(&transfer.to_key(), ROWS)?) {
            let Some(row) = self.tx.row::<Transfers>(&by)? else { continue };
            let relies = row.record.relies.iter().any(|relied| relied.hash == *transfer);
            if relies && row.payer == *account && self.is_before_or_same(&row, &end)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Known<'_, '_> {
    /// Whether `row` stands on the branch of its account that `end`, which counts, ends.
    fn is_before_or_same(&self, row: &TransferRow, end: &TransferRow) -> Result<bool, RowsError> {
        if row.record.n > end.record.n {
            return Ok(false);
        }
        let of = (end.payer.owner, end.payer.device);
        let double = self.tx.row::<Accounts>(&of)?.and_then(|row| row.double);
        if double.is_none_or(|double| double > end.record.n) {
            // All that lie before the end have an n of their own.
            return Ok(true);
        }
        let mut at = end.clone();
        while at.record.n > row.record.n {
            let Some(prev) = at.record.prev else { return Ok(false) };
            let Some(before) = self.tx.row::<Transfers>(&prev.hash)? else { return Ok(false) };
            at = before;
        }
        Ok(at.at.hash == row.at.hash)
    }
}
