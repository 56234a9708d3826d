//! What people are shown of credits: balance, what can be spent here, statement.
//!
//! Invariant: the balance is what counts of an owner's transfers, the same on every node
//! with the same entries; what can be spent is a device's own, since no other may spend it
//! while the two cannot see each other.

use super::project::{LedgerFacts, hashes};
use super::records::{Account, bounds};
use super::rows::{Chain, Closes, Deals, Open, OpenRow, Statement, Sums, TransferRow, Transfers};
use super::rule::Cover;
use crate::journal::{Owner, Ref};
use crate::keys::{DeviceId, EntryHash, MemberId};
use crate::rows::{Key, Rows as _, RowsError, Tx, Typed};

/// Rows of one account that are looked at.
const ROWS: usize = 1 << 16;
/// Closings by which one account inherits that are looked at.
const CLOSINGS: usize = 32;

/// The end of an account's chain, and what it may draw on beside what it has there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its last transfer.
    pub last: Option<Ref>,
    /// The n of the next.
    pub next_n: u32,
    /// What it can spend without relying on anything new.
    pub cover: Cover,
    /// Closings by which it inherits.
    pub closings: Vec<Ref>,
    /// What it can spend relying on those alone.
    pub with_closings: Cover,
    /// What was paid to it and nobody relied on: the largest first, at most as many as one
    /// transfer may name.
    pub paid: Vec<(u32, Ref)>,
}

impl Line {
    /// What one transfer can spend, in minutes.
    pub fn available(&self) -> u64 {
        let paid = self.paid.iter().map(|(minutes, _)| u64::from(*minutes));
        paid.fold(self.with_closings.minutes, u64::saturating_add)
    }
}

/// Where an account stands; none while its own last transfer is held.
pub fn line_of(
    tx: &Tx<'_>,
    facts: &dyn LedgerFacts,
    account: &Account,
) -> Result<Option<Line>, RowsError> {
    let prefix = (account.owner, account.device).to_key();
    let end = crate::rows::prefix_end(&prefix);
    let tip = tx.scan(Chain::TABLE, &prefix, &end, true, 1)?;
    let (mut last, mut next_n) = (None, 1);
    let mut cover = Cover { minutes: facts.line(account), ..Cover::default() };
    if let Some(hash) = hashes(tip).first() {
        let Some(row) = tx.row::<Transfers>(hash)? else { return Ok(None) };
        let Ok(left) = row.state else { return Ok(None) };
        (last, next_n, cover) = (Some(row.at), row.record.n.saturating_add(1), left);
    }
    let mut line =
        Line { last, next_n, with_closings: cover.clone(), cover, closings: vec![], paid: vec![] };
    let mut to_look = vec![*account];
    to_look.extend(line.cover.heir_of.iter().map(|(closed, _)| *closed));
    let mut looked_at = Vec::new();
    while let Some(of) = to_look.pop() {
        if looked_at.contains(&of) {
            continue;
        }
        looked_at.push(of);
        for (key, open) in tx.rows_with_prefix::<Open>(&(of.owner, of.device).to_key(), ROWS)? {
            let Some(hash) = last_hash(&key) else { continue };
            match open {
                OpenRow::Paid(minutes) => {
                    if let Some(row) = tx.row::<Transfers>(&hash)? {
                        line.paid.push((minutes, row.at));
                    }
                }
                OpenRow::Inherited(closed) if of == *account => {
                    let Some(row) = tx.row::<Closes>(&hash)? else { continue };
                    let Ok(theirs) = &row.state else { continue };
                    let is_known = line.with_closings.inherits(&closed);
                    if is_known || closed == *account || line.closings.len() >= CLOSINGS {
                        continue;
                    }
                    let last = row.record.last.map(|last| last.hash);
                    line.with_closings.inherit(closed, last, theirs);
                    line.closings.push(row.at);
                    to_look.push(closed);
                    to_look.extend(theirs.heir_of.iter().map(|(closed, _)| *closed));
                }
                OpenRow::Inherited(_) => {}
            }
        }
    }
    line.paid.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    line.paid.truncate(bounds::RELIES.saturating_sub(line.closings.len()));
    Ok(Some(line))
}

/// The hash at the end of a key.
pub(super) fn last_hash(key: &[u8]) -> Option<EntryHash> {
    EntryHash::from_slice(key.get(key.len().checked_sub(32)?..)?)
}

/// What an account can spend in one transfer, in minutes; nothing while its own last
/// transfer is held.
pub fn available(
    tx: &Tx<'_>,
    facts: &dyn LedgerFacts,
    account: &Account,
) -> Result<u64, RowsError> {
    Ok(line_of(tx, facts, account)?.map_or(0, |line| line.available()))
}

/// One device of an owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceFigures {
    /// Which.
    pub device: DeviceId,
    /// The credit line that lies with it, in minutes.
    pub line: u64,
    /// What it can spend, as far as is known here, in minutes.
    pub spendable: u64,
}

/// How a member or a group stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// Whose.
    pub owner: Owner,
    /// Minutes received less minutes given, as far as they count.
    pub balance: i64,
    /// How far below nothing the balance may go, in minutes.
    pub line: u64,
    /// Minutes from others whose transfers are held.
    pub held_in: u64,
    /// Minutes to others whose transfers are held.
    pub held_out: u64,
    /// By how much the balance is below the line: after a double spend, a restored copy or
    /// a closing.
    pub overdraft: u64,
    /// Whether two of its transfers prove that it spent twice.
    pub double_spend: bool,
    /// Its devices, in the order of ids.
    pub devices: Vec<DeviceFigures>,
}

/// How a member or a group with these devices stands.
pub fn figures(
    tx: &Tx<'_>,
    facts: &dyn LedgerFacts,
    owner: &Owner,
    devices: &[DeviceId],
) -> Result<Figures, RowsError> {
    let sums = tx.row::<Sums>(owner)?.unwrap_or_default();
    let mut all = Vec::new();
    for device in devices.iter().copied() {
        let account = Account { owner: *owner, device };
        let spendable = available(tx, facts, &account)?;
        all.push(DeviceFigures { device, line: facts.line(&account), spendable });
    }
    let signed = |minutes: u64| i64::try_from(minutes).unwrap_or(i64::MAX);
    let line = all.iter().fold(0_u64, |sum, device| sum.saturating_add(device.line));
    let balance = signed(sums.received).saturating_sub(signed(sums.given));
    let below = balance.saturating_add(signed(line));
    Ok(Figures {
        owner: *owner,
        balance,
        line,
        held_in: sums.held_in,
        held_out: sums.held_out,
        overdraft: if below < 0 { below.unsigned_abs() } else { 0 },
        double_spend: sums.double_spend,
        devices: all,
    })
}

/// Whether a member or a group is proven to have spent twice: two transfers of one device
/// under one n. Honest nodes make no new deal with it.
pub fn double_spend(tx: &Tx<'_>, owner: &Owner) -> Result<bool, RowsError> {
    Ok(tx.row::<Sums>(owner)?.is_some_and(|sums| sums.double_spend))
}

/// Transfers between two members that name a deal by its tag.
pub fn of_deal(
    tx: &Tx<'_>,
    tag: &[u8; 32],
    from: &MemberId,
    to: &MemberId,
) -> Result<Vec<TransferRow>, RowsError> {
    let mut rows = Vec::new();
    for hash in hashes(tx.rows_with_prefix::<Deals>(&(*tag, Owner::Member(*from)).to_key(), ROWS)?)
    {
        let row = tx.row::<Transfers>(&hash)?;
        rows.extend(row.filter(|row| row.record.payee.owner == Owner::Member(*to)));
    }
    Ok(rows)
}

/// The transfers of a member or a group, newest claimed first.
pub fn statement(tx: &Tx<'_>, owner: &Owner, limit: usize) -> Result<Vec<TransferRow>, RowsError> {
    let prefix = owner.to_key();
    let end = crate::rows::prefix_end(&prefix);
    let mut rows = Vec::new();
    for hash in hashes(tx.scan(Statement::TABLE, &prefix, &end, true, limit)?) {
        rows.extend(tx.row::<Transfers>(&hash)?);
    }
    Ok(rows)
}
