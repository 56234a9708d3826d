//! Devices that write one document, for the tests beside this code.

use std::collections::BTreeMap;

use automerge::transaction::{Transactable, Transaction};
use automerge::{AutomergeError, ObjId, ObjType, ROOT, ReadDoc, ScalarValue, Value};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::{DocumentCache, Edited, Outcome, apply, past_of};
use crate::journal::{Descriptor, Entry, Header, Owner, kind};
use crate::keys::{EntryHash, HoodHash, LogId, MemberId};
use crate::rows::{MemoryRows, Table, Tx};
use crate::time::Instant;

pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// 0 … n − 1.
    pub(super) fn below(&mut self, n: usize) -> usize {
        self.0.next_u64() as usize % n.max(1)
    }

    pub(super) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0.next_u64()
    }
}

pub(super) fn descriptor() -> Descriptor {
    Descriptor::object(HoodHash([1; 32]), Owner::Member(MemberId([2; 32])), [3; 16])
}

/// A node that holds one document.
pub(super) struct Node {
    pub(super) rows: MemoryRows,
    pub(super) cache: DocumentCache,
    pub(super) descriptor: Descriptor,
}

impl Node {
    pub(super) fn new() -> Self {
        Self { rows: MemoryRows::default(), cache: DocumentCache::new(4), descriptor: descriptor() }
    }

    pub(super) fn apply(&mut self, entry: &Entry) -> Outcome {
        self.apply_all(std::slice::from_ref(entry)).remove(0)
    }

    pub(super) fn apply_all(&mut self, entries: &[Entry]) -> Vec<Outcome> {
        let mut tx = Tx::new(&self.rows);
        let outcome = super::apply_all(&mut tx, &mut self.cache, &self.descriptor, entries);
        let writes = tx.into_writes();
        self.rows.commit(writes);
        outcome.expect("rows")
    }

    pub(super) fn document(&mut self) -> Edited {
        let tx = Tx::new(&self.rows);
        let document = self.cache.read(&tx, &self.descriptor.id()).expect("rows");
        document.cloned().unwrap_or_default()
    }

    pub(super) fn objects(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        self.rows.table(Table::Objects).map(|(k, v)| (k.clone(), v.clone())).collect()
    }

    pub(super) fn past(&mut self, causes: &[EntryHash]) -> Vec<EntryHash> {
        let document = self.document();
        let tx = Tx::new(&self.rows);
        past_of(&tx, &document, &self.descriptor.id(), causes).expect("rows").expect("applied")
    }
}

/// A device's log of the document.
#[derive(Clone)]
pub(super) struct Log {
    pub(super) id: LogId,
    pub(super) tip: EntryHash,
    pub(super) seq: u64,
}

impl Log {
    /// A log and its entry 0.
    pub(super) fn start(device: u8) -> (Self, Entry) {
        let payload = vec![device];
        let header =
            Header::new(LogId::ZERO, 0, EntryHash::ZERO, Vec::new(), kind::LOG_START, &payload);
        let entry = Entry { header, payload, signature: None };
        (Self { id: LogId(entry.hash().0), tip: entry.hash(), seq: 0 }, entry)
    }

    pub(super) fn append(&mut self, causes: &[EntryHash], payload: Vec<u8>) -> Entry {
        let causes = causes.iter().filter(|cause| **cause != self.tip).copied().collect();
        let header = Header::new(self.id, self.seq + 1, self.tip, causes, kind::CHANGE, &payload);
        let entry = Entry { header, payload, signature: None };
        self.tip = entry.hash();
        self.seq += 1;
        entry
    }

    /// Edits on top of all that `node` holds; none if nothing changed.
    pub(super) fn edit(
        &mut self,
        node: &mut Node,
        at: i64,
        edit: impl FnOnce(&mut Transaction<'_>) -> Result<(), AutomergeError>,
    ) -> Option<Entry> {
        let document = node.document();
        let heads = document.heads();
        let mut causes = heads.clone();
        causes.push(self.tip);
        let past = node.past(&causes);
        let body = document.edit(&past, Instant(at), edit).expect("edit")?;
        let entry = self.append(&heads, body.to_payload());
        assert_eq!(node.apply(&entry), Outcome::Changed);
        Some(entry)
    }
}

/// A random edit of whatever is there: maps, lists, texts, counters, nesting.
pub(super) fn scribble(dice: &mut Dice, tx: &mut Transaction<'_>) -> Result<(), AutomergeError> {
    for _ in 0..=dice.below(4) {
        let mut objects = vec![(ROOT, ObjType::Map)];
        let mut n = 0;
        while n < objects.len() {
            objects.extend(children(tx, &objects[n].0.clone(), objects[n].1)?);
            n += 1;
        }
        let (object, kind) = objects.swap_remove(dice.below(objects.len()));
        match kind {
            ObjType::Text => scribble_text(dice, tx, &object)?,
            ObjType::List => scribble_list(dice, tx, &object)?,
            _ => scribble_map(dice, tx, &object)?,
        }
    }
    Ok(())
}

fn children(
    tx: &Transaction<'_>,
    object: &ObjId,
    kind: ObjType,
) -> Result<Vec<(ObjId, ObjType)>, AutomergeError> {
    let mut found = Vec::new();
    let mut add = |value: Option<(Value<'_>, ObjId)>| {
        if let Some((Value::Object(kind), id)) = value {
            found.push((id, kind));
        }
    };
    if kind == ObjType::Map {
        for key in tx.keys(object) {
            add(tx.get(object, key.as_str())?);
        }
    } else if kind == ObjType::List {
        for n in 0..tx.length(object) {
            add(tx.get(object, n)?);
        }
    }
    Ok(found)
}

fn scalar(dice: &mut Dice) -> ScalarValue {
    match dice.below(5) {
        0 => ScalarValue::Int(dice.next() as i64),
        1 => ScalarValue::counter(dice.below(9) as i64),
        2 => ScalarValue::Boolean(dice.one_in(2)),
        3 => ScalarValue::Bytes(vec![7; dice.below(5)]),
        _ => ScalarValue::from("wört"),
    }
}

fn scribble_map(
    dice: &mut Dice,
    tx: &mut Transaction<'_>,
    map: &ObjId,
) -> Result<(), AutomergeError> {
    let key = ["a", "b", "c", "é"][dice.below(4)];
    let kinds = [ObjType::Map, ObjType::List, ObjType::Text];
    match dice.below(6) {
        0 => tx.delete(map, key),
        1 | 2 => tx.put_object(map, key, kinds[dice.below(3)]).map(drop),
        3 if is_counter(tx.get(map, key)?) => tx.increment(map, key, 3),
        _ => tx.put(map, key, scalar(dice)),
    }
}

fn is_counter(value: Option<(Value<'_>, ObjId)>) -> bool {
    value.is_some_and(
        |(value, _)| matches!(value, Value::Scalar(v) if matches!(*v, ScalarValue::Counter(_))),
    )
}

fn scribble_list(
    dice: &mut Dice,
    tx: &mut Transaction<'_>,
    list: &ObjId,
) -> Result<(), AutomergeError> {
    let length = tx.length(list);
    let at = dice.below(length);
    match dice.below(6) {
        0 if length > 0 => tx.delete(list, at),
        1 if length > 0 => tx.put(list, at, scalar(dice)),
        2 if length > 0 && is_counter(tx.get(list, at)?) => tx.increment(list, at, -2),
        3 => tx.insert_object(list, at, ObjType::Map).map(drop),
        4 => tx.insert_object(list, at, ObjType::Text).map(drop),
        _ => tx.insert(list, at, scalar(dice)),
    }
}

fn scribble_text(
    dice: &mut Dice,
    tx: &mut Transaction<'_>,
    text: &ObjId,
) -> Result<(), AutomergeError> {
    let length = tx.length(text);
    let at = dice.below(length + 1);
    let removed = dice.below((length - at).min(5) + 1);
    let words = ["", "x", "deux mots", "é\u{301}🙂", "\u{0}"];
    tx.splice_text(text, at, removed as isize, words[dice.below(5)])
}

pub(super) fn apply_one(node: &mut Node, entry: &Entry) -> Outcome {
    let mut tx = Tx::new(&node.rows);
    let outcome = apply(&mut tx, &mut node.cache, &node.descriptor, entry).expect("rows");
    let writes = tx.into_writes();
    node.rows.commit(writes);
    outcome
}
