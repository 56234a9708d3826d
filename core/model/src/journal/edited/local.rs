//! A person's own edit: made in an automerge transaction, then told as typed
//! operations.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use automerge::hydrate::{self, Value};
use automerge::legacy::{ElementId, Key, ObjectId, Op as LegacyOp, OpId, OpType};
use automerge::transaction::{CommitOptions, Transaction};
use automerge::{ActorId, Automerge, AutomergeError, ObjType, ReadDoc, ScalarValue, TextEncoding};

use super::{DOCUMENT_BYTES, DOCUMENT_CHANGES, DOCUMENT_OBJECTS, DOCUMENT_OPS, Edited};
use crate::journal::change::{
    After, BodyError, ChangeBody, NewValue, ObjectRef, Op, OpRef, PREDECESSORS,
};
use crate::journal::limits::PAYLOAD_BYTES;
use crate::keys::EntryHash;
use crate::time::Instant;

/// Most operations of an edit that may use the last part of a document.
const SMALL_EDIT_OPS: u32 = 8;

/// Why an edit was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// The edit asked for something that the document cannot do.
    #[error("the document cannot be edited so: {0}")]
    Refused(String),
    /// Too much for one change.
    #[error("too much for one change")]
    TooLarge,
    /// The document is near the most it may hold: make a new one.
    #[error("this document holds as much as it may")]
    DocumentFull,
    /// What it is to be built on has not been applied here.
    #[error("an earlier change is not known here")]
    Missing,
}

impl Edited {
    /// Makes an edit on top of the changes `past` (usually [`Self::heads`]) and returns
    /// the change to be appended, none if nothing changed. The entry that carries it
    /// must name exactly that past.
    pub fn edit(
        &self,
        past: &[EntryHash],
        at: Instant,
        edit: impl FnOnce(&mut Transaction<'_>) -> Result<(), AutomergeError>,
    ) -> Result<Option<ChangeBody>, EditError> {
        let made = catch_unwind(AssertUnwindSafe(|| self.try_edit(past, at, edit)));
        made.unwrap_or_else(|_| Err(EditError::Refused("automerge gave up".into())))
    }

    fn try_edit(
        &self,
        past: &[EntryHash],
        at: Instant,
        edit: impl FnOnce(&mut Transaction<'_>) -> Result<(), AutomergeError>,
    ) -> Result<Option<ChangeBody>, EditError> {
        let (deps, _) = self.ancestors(past).ok_or(EditError::Missing)?;
        let mut doc = self.at(&deps)?;
        // Stands in for the entry hash, which is not known before the payload is.
        let actor = ActorId::from(&[0xff; 33][..]);
        doc.set_actor(actor.clone());
        let mut transaction = doc.transaction();
        edit(&mut transaction).map_err(refused)?;
        let (hash, _) = transaction.commit_with(CommitOptions::default().with_time(at.0));
        let Some(change) = hash.and_then(|hash| doc.get_change_by_hash(&hash)) else {
            return Ok(None);
        };
        let change = change.decode();
        let body = Teller::tell(self, at, u64::from(change.start_op), &actor, &change.operations)?;
        self.rehearse(&body, &deps, &doc)?;
        Ok(Some(body))
    }

    /// The document as the changes `deps` left it.
    fn at(&self, deps: &[u32]) -> Result<Automerge, EditError> {
        if deps.is_empty() {
            return Ok(Automerge::new_with_encoding(TextEncoding::UnicodeCodePoint));
        }
        let hashes: Vec<_> =
            deps.iter().filter_map(|dep| Some(self.nodes.get(*dep as usize)?.hash)).collect();
        let (mut heads, mut wanted) = (self.doc.get_heads(), hashes.clone());
        heads.sort_unstable();
        wanted.sort_unstable();
        if heads == wanted {
            return Ok(self.doc.clone());
        }
        self.doc.fork_at(&hashes).map_err(refused)
    }

    /// Takes the change in as every other node will, and compares.
    fn rehearse(&self, body: &ChangeBody, deps: &[u32], doc: &Automerge) -> Result<(), EditError> {
        let payload = body.to_payload();
        if payload.len() > PAYLOAD_BYTES {
            return Err(EditError::TooLarge);
        }
        // The last part of a document is kept for small edits, such as withdrawing it.
        let share = if body.count() <= SMALL_EDIT_OPS { 15 } else { 12 };
        let makes = |op: &&Op| match op {
            Op::Put { value, .. } | Op::Insert { value, .. } | Op::Set { value, .. } => {
                matches!(value, NewValue::Map | NewValue::List | NewValue::Text)
            }
            _ => false,
        };
        let objects = body.ops.iter().filter(makes).count();
        let beyond = |held: u64, more: u64, most: u64| {
            held.saturating_add(more) > most.saturating_mul(share) / 16
        };
        if self.is_full()
            || beyond(self.nodes.len() as u64, 1, DOCUMENT_CHANGES as u64)
            || beyond(self.ops, u64::from(body.count()), DOCUMENT_OPS)
            || objects > 0 && beyond(self.objects, objects as u64, DOCUMENT_OBJECTS)
            || beyond(self.bytes, payload.len() as u64, DOCUMENT_BYTES)
        {
            return Err(EditError::DocumentFull);
        }
        let past: Vec<_> =
            deps.iter().filter_map(|dep| Some(self.nodes.get(*dep as usize)?.entry)).collect();
        let entry = EntryHash(*blake3::hash(&payload).as_bytes());
        let mut copy = self.clone();
        copy.apply(&entry, &past, &payload).map_err(|error| match error {
            super::ContentError::Body(BodyError::TooLarge) => EditError::TooLarge,
            error => EditError::Refused(error.to_string()),
        })?;
        let hashes: Vec<_> = copy.nodes.last().map(|node| node.hash).into_iter().collect();
        let same = alike(&copy.doc.hydrate(Some(&hashes)), &doc.hydrate(None));
        if same { Ok(()) } else { Err(EditError::Refused("it would not be read alike".into())) }
    }
}

/// Whether two documents are read alike. What lies hidden beside a value may differ,
/// where an operation could not name all of it.
fn alike(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Map(a), Value::Map(b)) => {
            let found = |(key, value): (&String, &hydrate::MapValue)| {
                b.get(key).is_some_and(|other| alike(&value.value, other))
            };
            a.len() == b.len() && a.iter().all(found)
        }
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| alike(&a.value, &b.value))
        }
        (a, b) => a == b,
    }
}

fn refused(error: AutomergeError) -> EditError {
    EditError::Refused(error.to_string())
}

/// Tells automerge operations as ours.
struct Teller<'a> {
    document: &'a Edited,
    actor: &'a ActorId,
    start_op: u64,
    entries: BTreeMap<EntryHash, u32>,
    /// Texts made by this change itself.
    texts: BTreeSet<u64>,
    ops: Vec<Op>,
    /// Counter of the last operation told.
    counter: u64,
}

impl<'a> Teller<'a> {
    fn tell(
        document: &'a Edited,
        at: Instant,
        start_op: u64,
        actor: &'a ActorId,
        operations: &[LegacyOp],
    ) -> Result<ChangeBody, EditError> {
        let mut entries = BTreeSet::new();
        for op in operations {
            let object = match &op.obj {
                ObjectId::Id(id) => Some(id),
                ObjectId::Root => None,
            };
            let element = match &op.key {
                Key::Seq(ElementId::Id(id)) => Some(id),
                _ => None,
            };
            let spare = op.pred.len().saturating_sub(PREDECESSORS);
            for id in op
                .pred
                .iter()
                .skip(spare)
                .chain(object)
                .chain(element)
                .filter(|id| id.actor() != actor)
            {
                entries.insert(entry_of(id)?);
            }
        }
        let table: Vec<_> = entries.into_iter().collect();
        let entries = table.iter().zip(1..).map(|(entry, n)| (*entry, n)).collect();
        let texts = BTreeSet::new();
        let mut teller = Teller {
            document,
            actor,
            start_op,
            entries,
            texts,
            ops: Vec::new(),
            counter: start_op,
        };
        for (op, counter) in operations.iter().zip(start_op..) {
            teller.counter = counter;
            teller.op(op)?;
        }
        Ok(ChangeBody { at, start_op, table, ops: teller.ops })
    }

    fn op(&mut self, op: &LegacyOp) -> Result<(), EditError> {
        let object = match &op.obj {
            ObjectId::Root => ObjectRef::Root,
            ObjectId::Id(id) => ObjectRef::Made(self.reference(id)?),
        };
        if matches!(op.action, OpType::Make(ObjType::Text)) {
            self.texts.insert(self.counter);
        }
        // Of more values side by side than one operation may name, the latest are named:
        // what is put wins over the others all the same.
        let spare = op.pred.len().saturating_sub(PREDECESSORS);
        let over = op.pred.iter().skip(spare);
        let mut over: Vec<_> = over.map(|id| self.reference(id)).collect::<Result<_, _>>()?;
        over.sort_unstable();
        let told = match (&op.key, &op.action) {
            (Key::Map(key), OpType::Delete) => {
                Op::Delete { map: object, key: key.to_string(), over }
            }
            (Key::Map(key), OpType::Increment(by)) => {
                Op::Increment { map: object, key: key.to_string(), by: *by, over }
            }
            (Key::Map(key), action) => {
                Op::Put { map: object, key: key.to_string(), value: value(action)?, over }
            }
            (Key::Seq(element), action) if op.insert => {
                let after = match element {
                    ElementId::Head => After::Head,
                    ElementId::Id(id) => After::Element(self.reference(id)?),
                };
                return self.insert(object, op, after, action);
            }
            (Key::Seq(ElementId::Head), _) => return Err(unknown()),
            (Key::Seq(ElementId::Id(id)), action) => {
                let element = self.reference(id)?;
                match action {
                    OpType::Delete if over == [element] => return self.remove(object, element),
                    OpType::Delete => Op::Remove { from: object, element, over },
                    OpType::Increment(by) => Op::Add { list: object, element, by: *by, over },
                    action => Op::Set { list: object, element, value: value(action)?, over },
                }
            }
        };
        self.ops.push(told);
        Ok(())
    }

    fn insert(
        &mut self,
        object: ObjectRef,
        op: &LegacyOp,
        after: After,
        action: &OpType,
    ) -> Result<(), EditError> {
        if !self.is_text(&op.obj) {
            self.ops.push(Op::Insert { list: object, after, value: value(action)? });
            return Ok(());
        }
        let OpType::Put(ScalarValue::Str(inserted)) = action else { return Err(unknown()) };
        // The next character of the same splice follows the operation just told.
        let before = self.counter.checked_sub(1).and_then(|c| c.checked_sub(self.start_op));
        let before = before.and_then(|number| u32::try_from(number).ok());
        let goes_on = before.map(|number| After::Element(OpRef { entry: 0, number }));
        if let Some(Op::Splice { text, insert, .. }) = self.ops.last_mut()
            && *text == object
            && goes_on == Some(after)
        {
            insert.push_str(inserted);
            return Ok(());
        }
        self.ops.push(Op::Splice { text: object, after, insert: inserted.to_string() });
        Ok(())
    }

    fn remove(&mut self, object: ObjectRef, element: OpRef) -> Result<(), EditError> {
        if let Some(Op::RemoveRun { from, first, count }) = self.ops.last_mut()
            && *from == object
            && first.entry == element.entry
            && first.number.checked_add(*count) == Some(element.number)
        {
            *count += 1;
            return Ok(());
        }
        self.ops.push(Op::RemoveRun { from: object, first: element, count: 1 });
        Ok(())
    }

    fn is_text(&self, object: &ObjectId) -> bool {
        match object {
            ObjectId::Root => false,
            ObjectId::Id(id) if id.actor() == self.actor => self.texts.contains(&id.counter()),
            ObjectId::Id(id) => self.document.is_text(id),
        }
    }

    fn reference(&self, id: &OpId) -> Result<OpRef, EditError> {
        let number = |start: u64| {
            id.counter().checked_sub(start).and_then(|n| u32::try_from(n).ok()).ok_or_else(unknown)
        };
        if id.actor() == self.actor {
            return Ok(OpRef { entry: 0, number: number(self.start_op)? });
        }
        let hash = entry_of(id)?;
        let start = self.document.node(&hash).ok_or(EditError::Missing)?.start_op;
        let entry = *self.entries.get(&hash).ok_or_else(unknown)?;
        Ok(OpRef { entry, number: number(start)? })
    }
}

fn entry_of(id: &OpId) -> Result<EntryHash, EditError> {
    EntryHash::from_slice(id.actor().to_bytes()).ok_or(EditError::Missing)
}

fn value(action: &OpType) -> Result<NewValue, EditError> {
    Ok(match action {
        OpType::Make(ObjType::Map) => NewValue::Map,
        OpType::Make(ObjType::List) => NewValue::List,
        OpType::Make(ObjType::Text) => NewValue::Text,
        OpType::Put(ScalarValue::Null) => NewValue::Null,
        OpType::Put(ScalarValue::Boolean(yes)) => NewValue::Bool(*yes),
        OpType::Put(ScalarValue::Int(n)) => NewValue::Int(*n),
        OpType::Put(ScalarValue::Str(text)) => NewValue::Str(text.to_string()),
        OpType::Put(ScalarValue::Bytes(bytes)) => NewValue::Bytes(bytes.clone()),
        OpType::Put(ScalarValue::Counter(counter)) => NewValue::Counter(i64::from(counter)),
        _ => return Err(unknown()),
    })
}

fn unknown() -> EditError {
    EditError::Refused("this kind of operation is not told to others".into())
}
