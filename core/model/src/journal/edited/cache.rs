//! The few documents that are open, so that a change does not load its document anew.

use std::collections::BTreeMap;

use super::Edited;
use super::row::Objects;
use crate::codec;
use crate::keys::DocId;
use crate::rows::{Key as _, Rows as _, RowsError, Table, Tx};

/// Largest row of a document, in bytes.
const ROW_BYTES: usize = 16 << 20;

/// Operations in all open documents together: what one full document may have, and a
/// third more. A document that alone has more is the only one that is open.
const OPEN_OPS: u64 = 65_536;

/// Open documents, the least recently used dropped first. Never wrong: a document is
/// only used if the row it was read from is still the one stored.
#[derive(Debug)]
pub struct DocumentCache {
    capacity: usize,
    open: BTreeMap<DocId, Slot>,
    /// Operations in them.
    ops: u64,
    clock: u64,
    opened: u64,
}

#[derive(Debug)]
struct Slot {
    row: [u8; 32],
    used: u64,
    document: Edited,
}

impl DocumentCache {
    /// A cache of at most `capacity` documents.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, open: BTreeMap::new(), ops: 0, clock: 0, opened: 0 }
    }

    /// How many documents were loaded from their rows so far.
    pub fn opened(&self) -> u64 {
        self.opened
    }

    /// How many documents are open.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether none is open.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Drops every open document.
    pub fn clear(&mut self) {
        self.open.clear();
        self.ops = 0;
    }

    /// A document for reading; none where nothing was written into it yet.
    pub fn read(&mut self, tx: &Tx<'_>, id: &DocId) -> Result<Option<&Edited>, RowsError> {
        let Some(bytes) = tx.get(Table::Objects, &id.to_key())? else { return Ok(None) };
        let document = self.take_from(id, &bytes)?;
        self.put_back(id, &bytes, document);
        Ok(self.open.get(id).map(|slot| &slot.document))
    }

    /// A document to be changed and [put back](Self::put_back), empty where there is no
    /// row.
    pub(super) fn take(&mut self, tx: &Tx<'_>, id: &DocId) -> Result<Edited, RowsError> {
        match tx.get(Table::Objects, &id.to_key())? {
            Some(bytes) => self.take_from(id, &bytes),
            None => Ok(Edited::new()),
        }
    }

    fn take_from(&mut self, id: &DocId, bytes: &[u8]) -> Result<Edited, RowsError> {
        let digest = *blake3::hash(bytes).as_bytes();
        if let Some(slot) = self.remove(id).filter(|slot| slot.row == digest) {
            return Ok(slot.document);
        }
        self.opened = self.opened.saturating_add(1);
        let corrupt = || RowsError::Corrupt { table: Table::Objects, key: id.to_key() };
        let row = codec::decode_kept(bytes, ROW_BYTES).map_err(|_| corrupt())?;
        Edited::from_row(&row).ok_or_else(corrupt)
    }

    pub(super) fn put_back(&mut self, id: &DocId, row: &[u8], document: Edited) {
        self.clock = self.clock.saturating_add(1);
        let row = *blake3::hash(row).as_bytes();
        self.remove(id);
        self.ops = self.ops.saturating_add(document.op_count());
        self.open.insert(*id, Slot { row, used: self.clock, document });
        while self.open.len() > self.capacity.max(1) || (self.ops > OPEN_OPS && self.open.len() > 1)
        {
            let oldest = self.open.iter().min_by_key(|(_, slot)| slot.used).map(|(id, _)| *id);
            match oldest {
                Some(oldest) => self.remove(&oldest),
                None => break,
            };
        }
    }

    fn remove(&mut self, id: &DocId) -> Option<Slot> {
        let slot = self.open.remove(id)?;
        self.ops = self.ops.saturating_sub(slot.document.op_count());
        Some(slot)
    }

    /// Stores a changed document and keeps it open.
    pub(super) fn store(&mut self, tx: &mut Tx<'_>, id: &DocId, document: Edited) {
        let row = codec::encode(&document.to_row());
        self.put_back(id, &row, document);
        tx.put_raw(<Objects as crate::rows::Typed>::TABLE, id.to_key(), row);
    }
}

#[cfg(test)]
mod tests {
    use automerge::ROOT;
    use automerge::transaction::Transactable;

    use super::super::testing::{Log, Node};
    use super::*;

    #[test]
    fn documents_stay_open_until_they_are_too_many_or_too_large() {
        let mut node = Node::new();
        let (mut log, start) = Log::start(1);
        node.apply(&start);
        log.edit(&mut node, 1, |tx| (0..100_i64).try_for_each(|n| tx.put(ROOT, n.to_string(), n)));
        let document = node.document();
        let each = document.op_count();
        assert!(each >= 100, "{each} operations");
        let id = |n: u16| {
            DocId(std::array::from_fn(|at| if at == 0 { n as u8 } else { (n >> 8) as u8 }))
        };
        let mut few = DocumentCache::new(3);
        let mut many = DocumentCache::new(usize::MAX);
        for n in 0..2_000 {
            few.put_back(&id(n), b"row", document.clone());
            many.put_back(&id(n), b"row", document.clone());
            // What is put back twice counts once.
            many.put_back(&id(n), b"row", document.clone());
            assert!(few.len() <= 3);
            assert_eq!(many.ops, many.len() as u64 * each);
            assert!(many.ops <= OPEN_OPS);
        }
        assert_eq!((few.len(), many.len() as u64), (3, OPEN_OPS / each));
        let kept: Vec<_> = (1_997..2_000).map(id).collect();
        assert!(kept.iter().all(|id| few.open.contains_key(id)), "the last ones used");
        few.clear();
        assert_eq!((few.ops, few.is_empty()), (0, true));
    }
}
