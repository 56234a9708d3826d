//! Transfers and closings as an honest device writes them.

use super::account::{Line, last_hash, line_of};
use super::project::LedgerFacts;
use super::records::{Account, CloseAccount, Transfer};
use super::rows::{Chain, Closes, ClosesOf};
use crate::keys::DeviceId;
use crate::rows::{Key, RowsError, Tx};
use crate::time::Instant;

/// Closings of one account that are looked at.
const CLOSINGS: usize = 1 << 10;

/// Why minutes cannot be passed on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DraftError {
    /// The store failed.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// More than can be spent here.
    #[error("{available} minutes can be spent here")]
    Short {
        /// What can.
        available: u64,
    },
    /// The account's own last transfer waits for what is not here.
    #[error("the last transfer of this device is held")]
    Held,
}

/// The next transfer of an account. It relies on no more than it needs, so that it counts
/// elsewhere as early as it can.
pub fn transfer(
    tx: &Tx<'_>,
    facts: &dyn LedgerFacts,
    payer: &Account,
    (payee, minutes): (Account, u32),
    deal: Option<[u8; 32]>,
    now: Instant,
) -> Result<Transfer, DraftError> {
    let line = line_of(tx, facts, payer)?.ok_or(DraftError::Held)?;
    let wanted = u64::from(minutes);
    let available = line.available();
    if wanted > available {
        return Err(DraftError::Short { available });
    }
    let Line { last: prev, next_n: n, cover, closings, with_closings, paid } = line;
    let mut relies = Vec::new();
    if cover.minutes < wanted {
        relies = closings;
        let mut have = with_closings.minutes;
        for (minutes, at) in paid {
            if have >= wanted {
                break;
            }
            relies.push(at);
            have = have.saturating_add(u64::from(minutes));
        }
        relies.sort_unstable();
    }
    Ok(Transfer { at: now, n, prev, payee, minutes, relies, deal })
}

/// The closing of another account of the same owner, in favour of `heir`; none where it
/// has nothing to pass on, or was closed at the same place before.
pub fn close(
    tx: &Tx<'_>,
    facts: &dyn LedgerFacts,
    account: &Account,
    heir: DeviceId,
    now: Instant,
) -> Result<Option<CloseAccount>, RowsError> {
    let Some(line) = line_of(tx, facts, account)? else { return Ok(None) };
    let of = (account.owner, account.device).to_key();
    for (key, ()) in tx.rows_with_prefix::<ClosesOf>(&of, CLOSINGS)? {
        let hash = last_hash(&key);
        let row = hash.map(|hash| tx.row::<Closes>(&hash)).transpose()?.flatten();
        if row.is_some_and(|row| row.record.last == line.last) {
            return Ok(None);
        }
    }
    let was_used = !tx.rows_with_prefix::<Chain>(&of, 1)?.is_empty();
    if !was_used && line.available() == 0 {
        return Ok(None);
    }
    let n = line.next_n.saturating_sub(1);
    Ok(Some(CloseAccount { at: now, device: account.device, n, last: line.last, heir }))
}
