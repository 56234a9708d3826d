//! The order in which this node accepted entries, with a rolling hash: a peer that
//! says how far it has read needs one small round trip to go on.

use serde::{Deserialize, Serialize};

use crate::codec;
use crate::keys::EntryHash;
use crate::rows::{Key, Rows, RowsError, Table, Tx, Typed};

/// `n` → what was accepted as the n-th, from 1.
pub struct Order;

impl Typed for Order {
    const TABLE: Table = Table::Order;
    type Key = u64;
    type Row = OrderRow;
}

/// One step in the order of acceptance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRow {
    /// The entry.
    pub entry: EntryHash,
    /// BLAKE3(rolling hash before ‖ entry hash).
    pub rolling: [u8; 32],
}

/// How far an order goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Position {
    /// Entries accepted.
    pub n: u64,
    /// The rolling hash over them; zero for none.
    pub hash: [u8; 32],
}

/// How far this node's order goes.
pub fn position(tx: &Tx<'_>) -> Result<Position, RowsError> {
    let last = tx.scan(Table::Order, &[], &[], true, 1)?;
    let Some((key, row)) = last.first() else { return Ok(Position::default()) };
    let row: OrderRow = codec::decode_kept(row, row.len()).map_err(|_| corrupt(key))?;
    Ok(Position { n: key_number(key)?, hash: row.rolling })
}

/// The rolling hash after the n-th entry.
pub fn hash_at(tx: &Tx<'_>, n: u64) -> Result<Option<[u8; 32]>, RowsError> {
    if n == 0 {
        return Ok(Some([0; 32]));
    }
    Ok(tx.row::<Order>(&n)?.map(|row| row.rolling))
}

/// Up to `limit` entries accepted after the n-th, in order.
pub fn since(tx: &Tx<'_>, n: u64, limit: usize) -> Result<Vec<(u64, EntryHash)>, RowsError> {
    let from = n.saturating_add(1).to_key();
    tx.scan(Table::Order, &from, &[], false, limit)?
        .into_iter()
        .map(|(key, row)| {
            let n = key_number(&key)?;
            let entry = row.get(..32).and_then(EntryHash::from_slice);
            Ok((n, entry.ok_or_else(|| corrupt(&key))?))
        })
        .collect()
}

/// Puts entries at the end of the order.
pub(super) fn push(tx: &mut Tx<'_>, entries: &[EntryHash]) -> Result<Position, RowsError> {
    let mut at = position(tx)?;
    for entry in entries {
        at.n += 1;
        at.hash = *blake3::hash(&[at.hash, entry.0].concat()).as_bytes();
        tx.put::<Order>(&at.n, &OrderRow { entry: *entry, rolling: at.hash });
    }
    Ok(at)
}

fn key_number(key: &[u8]) -> Result<u64, RowsError> {
    key.try_into().map(u64::from_be_bytes).map_err(|_| corrupt(key))
}

fn corrupt(key: &[u8]) -> RowsError {
    RowsError::Corrupt { table: Table::Order, key: key.to_vec() }
}
