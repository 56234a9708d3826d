//! The second gear: both sides compare what they hold as a set, by fingerprints of ranges.
//!
//! An item stands for a branch of a log: key class ‖ period ‖ BLAKE3(log ‖ tip), so that
//! charter and identity sort first. The algorithm is negentropy version 1. Its decoder
//! sees hostile bytes: messages are bounded, rounds are counted, and a panic in it is a
//! failed reconciliation.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use negentropy::{Id, Negentropy, NegentropyStorageVector};

use super::cursor::{Interest, period_number};
use super::frame::NewsItem;
use super::limits;
use super::short::Short;
use crate::codec;
use crate::journal::limits::LOG_TIPS;
use crate::journal::{LogRow, Position, Tip, position};
use crate::keys::LogId;
use crate::rows::{Rows, RowsError, Table, Tx};

/// Rows of logs read at once.
const SCAN_ROWS: usize = 1_024;

/// The id of an item.
pub fn item_id(log: &LogId, tip: &Tip) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&log.0).update(&tip.hash.0);
    *hasher.finalize().as_bytes()
}

/// A reconciliation that cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failed {
    /// The other side's message is not one.
    Malformed,
    /// Too many rounds or items.
    TooLong,
}

/// What one side holds at the moment it begins.
pub struct Snapshot {
    storage: NegentropyStorageVector,
    items: BTreeMap<[u8; 32], (u64, NewsItem)>,
    /// Branches of logs with too many of them to be in the fingerprints.
    pub listed: Vec<NewsItem>,
    /// How far the order of acceptance went.
    pub position: Position,
}

impl Snapshot {
    /// What a node shows that shows nothing.
    pub fn empty() -> Self {
        let mut storage = NegentropyStorageVector::new();
        let _ = storage.seal();
        Self { storage, items: BTreeMap::new(), listed: Vec::new(), position: Position::default() }
    }

    /// Reads the rows of all logs, and no entry.
    pub fn take(tx: &Tx<'_>, interest: &Interest) -> Result<Self, RowsError> {
        let mut storage = NegentropyStorageVector::new();
        let mut items = BTreeMap::new();
        let mut listed = Vec::new();
        let mut from = Vec::new();
        loop {
            let rows = tx.scan(Table::Logs, &from, &[], false, SCAN_ROWS)?;
            let is_last = rows.len() < SCAN_ROWS;
            for (key, bytes) in rows {
                let corrupt = || RowsError::Corrupt { table: Table::Logs, key: key.clone() };
                let log = LogId::from_slice(&key).ok_or_else(corrupt)?;
                let (row, _) =
                    codec::decode_prefix::<LogRow>(&bytes, bytes.len()).map_err(|_| corrupt())?;
                if interest.covers(&row.start.descriptor) {
                    add_log(&log, &row, &mut storage, &mut items, &mut listed);
                }
                from.clone_from(&key);
            }
            if is_last {
                break;
            }
            from.push(0);
        }
        // Sealing only sorts; it can fail only when done twice.
        let _ = storage.seal();
        Ok(Self { storage, items, listed, position: position(tx)? })
    }

    /// Items in the fingerprints.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is nothing to compare.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The branches behind ids, charter and identity first. Ids of nothing held here are
    /// left out, and none is given twice.
    pub fn items_of(&mut self, ids: &[[u8; 32]]) -> Vec<(u64, NewsItem)> {
        ids.iter().filter_map(|id| self.items.remove(id)).collect()
    }
}

fn add_log(
    log: &LogId,
    row: &LogRow,
    storage: &mut NegentropyStorageVector,
    items: &mut BTreeMap<[u8; 32], (u64, NewsItem)>,
    listed: &mut Vec<NewsItem>,
) {
    let descriptor = &row.start.descriptor;
    let key = (descriptor.class as u64) << 32 | u64::from(period_number(&descriptor.period));
    for tip in &row.tips {
        let item = NewsItem { log: Short::of(&log.0), seq: tip.seq, tip: Short::of(&tip.hash.0) };
        if row.tips.len() > LOG_TIPS {
            listed.push(item);
            continue;
        }
        let id = item_id(log, tip);
        // Inserting fails only once sealed.
        let _ = storage.insert(key, Id::from_byte_array(id));
        items.insert(id, (key, item));
    }
}

/// What the initiator does next.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Send this message.
    Send(Vec<u8>),
    /// Both sets are known.
    Done {
        /// Ids only this side holds.
        have: Vec<[u8; 32]>,
        /// Ids only the other side holds.
        need: Vec<[u8; 32]>,
    },
}

/// One side of a reconciliation.
pub struct Reconciler {
    /// What this side holds.
    pub snapshot: Snapshot,
    /// The round that is expected next.
    pub round: u32,
    have: Vec<Id>,
    need: Vec<Id>,
}

impl Reconciler {
    /// A reconciliation over what is held now.
    pub fn new(snapshot: Snapshot) -> Self {
        Self { snapshot, round: 0, have: Vec::new(), need: Vec::new() }
    }

    /// The initiator's first message.
    pub fn start(&mut self) -> Result<Vec<u8>, Failed> {
        let storage = &self.snapshot.storage;
        guarded(|| Negentropy::borrowed(storage, limits::RECONCILE_BYTES as u64)?.initiate())
    }

    /// The initiator takes an answer.
    pub fn step(&mut self, message: &[u8]) -> Result<Next, Failed> {
        self.count_round()?;
        let Self { snapshot, have, need, .. } = self;
        let answer = guarded(|| {
            let mut side = Negentropy::borrowed(&snapshot.storage, limits::RECONCILE_BYTES as u64)?;
            side.set_initiator();
            side.reconcile_with_ids(message, have, need)
        })?;
        if self.need.len() > limits::RECONCILE_IDS || self.have.len() > limits::RECONCILE_IDS {
            return Err(Failed::TooLong);
        }
        Ok(match answer {
            Some(message) => Next::Send(message),
            None => {
                let bytes = |ids: &mut Vec<Id>| {
                    let mut ids: Vec<[u8; 32]> = ids.drain(..).map(|id| *id).collect();
                    // In one order whatever the crate's hash sets did, so that a
                    // simulation replays.
                    ids.sort_unstable();
                    ids.dedup();
                    ids
                };
                Next::Done { have: bytes(&mut self.have), need: bytes(&mut self.need) }
            }
        })
    }

    /// The responder takes a message and answers it.
    pub fn answer(&mut self, message: &[u8]) -> Result<Vec<u8>, Failed> {
        self.count_round()?;
        let storage = &self.snapshot.storage;
        guarded(|| {
            Negentropy::borrowed(storage, limits::RECONCILE_BYTES as u64)?.reconcile(message)
        })
    }

    fn count_round(&mut self) -> Result<(), Failed> {
        self.round += 1;
        if self.round > limits::RECONCILE_ROUNDS { Err(Failed::TooLong) } else { Ok(()) }
    }
}

fn guarded<T>(run: impl FnOnce() -> Result<T, negentropy::Error>) -> Result<T, Failed> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(_)) | Err(_) => Err(Failed::Malformed),
    }
}
