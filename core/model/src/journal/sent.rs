//! How far this node's order of acceptance has left the device: a peer holds it durably.

use super::log::EntryPlaces;
use crate::keys::EntryHash;
use crate::rows::{RowsError, Table, Tx, Typed};

/// One row: the highest number that a peer has read.
struct Sent;
impl Typed for Sent {
    const TABLE: Table = Table::Sent;
    type Key = str;
    type Row = u64;
}

const UP_TO: &str = "up to";

/// Notes that a peer holds everything up to the n-th entry.
pub fn mark_sent(tx: &mut Tx<'_>, n: u64) -> Result<(), RowsError> {
    if n > sent_up_to(tx)? {
        tx.put::<Sent>(UP_TO, &n);
    }
    Ok(())
}

/// The number of the last entry that a peer holds.
pub fn sent_up_to(tx: &Tx<'_>) -> Result<u64, RowsError> {
    Ok(tx.row::<Sent>(UP_TO)?.unwrap_or(0))
}

/// Whether an entry has left this device, or came from another.
pub fn is_sent(tx: &Tx<'_>, hash: &EntryHash) -> Result<bool, RowsError> {
    let Some(place) = tx.row::<EntryPlaces>(hash)? else { return Ok(false) };
    Ok(place.n <= sent_up_to(tx)?)
}
