//! From typed operations to an automerge change, checked on the way against the causal
//! past: every object, element and predecessor that is named must be there and be of
//! the kind that the operation needs.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use automerge::legacy::{ElementId, Key, ObjectId, Op as LegacyOp, OpId, OpType};
use automerge::{ActorId, Change, ChangeHash, ExpandedChange, ObjType, ScalarValue};

use super::ContentError;
use super::index::{Index, Object, OpPlace, Put, Was};
use crate::journal::change::{After, ChangeBody, NewValue, ObjectRef, Op, OpRef};
use crate::keys::EntryHash;

/// What the causal past of a change holds.
pub(super) trait Past {
    /// The place of an entry's change, if it lies in the causal past.
    fn place(&self, entry: &EntryHash) -> Option<u32>;
    /// The operations of the change at a place.
    fn index(&self, change: u32) -> Option<&Index>;
    /// The counter of a change's first operation, and its actor.
    fn start(&self, change: u32) -> Option<(u64, &ActorId)>;
}

/// A change built, and what its operations were.
pub(super) struct Built {
    pub(super) change: Change,
    pub(super) index: Index,
}

/// The actor of an entry's change. Each entry is an actor of its own, so an operation's
/// id *is* entry and number, every node builds the same change, and no fork can repeat
/// an (actor, seq).
pub(super) fn actor(entry: &EntryHash) -> ActorId {
    ActorId::from(&entry.0[..])
}

/// Builds the change of `entry`, which will stand at place `own`.
pub(super) fn build(
    body: &ChangeBody,
    entry: &EntryHash,
    own: u32,
    deps: Vec<ChangeHash>,
    past: &dyn Past,
) -> Result<Built, ContentError> {
    let table = body.table.iter().map(|entry| past.place(entry).ok_or(ContentError::Missing));
    let actor = actor(entry);
    let count = body.count() as usize;
    let mut builder = Builder {
        past,
        table: table.collect::<Result<_, _>>()?,
        own,
        start: body.start_op,
        index: Index::default(),
        values: BTreeMap::new(),
        ops: Vec::with_capacity(count),
        actor,
    };
    for op in &body.ops {
        builder.op(op)?;
    }
    let start_op = NonZeroU64::new(body.start_op).ok_or(ContentError::Counter)?;
    let change = Change::from(ExpandedChange {
        operations: builder.ops,
        actor_id: builder.actor,
        hash: None,
        seq: 1,
        start_op,
        time: body.at.0,
        message: None,
        deps,
        extra_bytes: Vec::new(),
        author: None,
    });
    Ok(Built { change, index: builder.index })
}

/// A place for a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Slot {
    Key(Object, String),
    Element(OpPlace),
}

struct Builder<'a> {
    past: &'a dyn Past,
    table: Vec<u32>,
    own: u32,
    start: u64,
    actor: ActorId,
    index: Index,
    /// The latest value this change itself put at a place; none if it removed it again.
    values: BTreeMap<Slot, Option<u32>>,
    ops: Vec<LegacyOp>,
}

impl Builder<'_> {
    fn op(&mut self, op: &Op) -> Result<(), ContentError> {
        match op {
            Op::Put { map, key, value, over } => {
                let (object, depth) = self.map(map)?;
                let put = Put::of(value, depth).ok_or(ContentError::Depth)?;
                let pred = self.over_key(over, object, key, false)?;
                self.replaces_own(Slot::Key(object, key.clone()), over)?;
                self.push(object, Key::from(key), action(value), pred, false)?;
                self.index.push(Was::AtKey { map: object, key: key.clone(), put }, 1);
            }
            Op::Delete { map, key, over } => {
                let (object, _) = self.map(map)?;
                let pred = self.over_key(over, object, key, false)?;
                self.removes_own(Slot::Key(object, key.clone()), over);
                self.push(object, Key::from(key), OpType::Delete, pred, false)?;
                self.index.push(Was::Nothing, 1);
            }
            Op::Increment { map, key, by, over } => {
                let (object, _) = self.map(map)?;
                let pred = self.over_key(over, object, key, true)?;
                self.push(object, Key::from(key), OpType::Increment(*by), pred, false)?;
                self.index.push(Was::Nothing, 1);
            }
            Op::Insert { list, after, value } => {
                let (object, depth) = self.list(list)?;
                let put = Put::of(value, depth).ok_or(ContentError::Depth)?;
                let key = self.after(after, object)?;
                self.push(object, key, action(value), Vec::new(), true)?;
                self.index.push(Was::Inserted { into: object, put }, 1);
            }
            Op::Set { list, element, value, over } => {
                let (object, depth) = self.list(list)?;
                let put = Put::of(value, depth).ok_or(ContentError::Depth)?;
                let element = self.element(element, object)?;
                let pred = self.over_element(over, element, false)?;
                self.replaces_own(Slot::Element(element), over)?;
                let key = self.element_key(element)?;
                self.push(object, key, action(value), pred, false)?;
                self.index.push(Was::AtElement { element, put }, 1);
            }
            Op::Add { list, element, by, over } => {
                let (object, _) = self.list(list)?;
                let element = self.element(element, object)?;
                let pred = self.over_element(over, element, true)?;
                let key = self.element_key(element)?;
                self.push(object, key, OpType::Increment(*by), pred, false)?;
                self.index.push(Was::Nothing, 1);
            }
            Op::Remove { from, element, over } => {
                let object = self.sequence(from)?;
                let element = self.element(element, object)?;
                let pred = self.over_element(over, element, false)?;
                self.removes_own(Slot::Element(element), over);
                let key = self.element_key(element)?;
                self.push(object, key, OpType::Delete, pred, false)?;
                self.index.push(Was::Nothing, 1);
            }
            Op::RemoveRun { from, first, count } => {
                let object = self.sequence(from)?;
                let first = self.place(first)?;
                let inserted =
                    |was: &Was| matches!(was, Was::Inserted { into, .. } if *into == object);
                let index = self.index_of(first.change).ok_or(ContentError::Missing)?;
                if !index.all(first.number, *count, inserted) {
                    return Err(ContentError::Missing);
                }
                for n in 0..*count {
                    let number = first.number.checked_add(n).ok_or(ContentError::Missing)?;
                    let element = OpPlace { number, ..first };
                    if first.change == self.own {
                        self.removes_own(Slot::Element(element), &[OpRef { entry: 0, number }]);
                    }
                    let id = self.id(element)?;
                    self.push(object, Key::from(&id), OpType::Delete, vec![id], false)?;
                }
                self.index.push(Was::Nothing, *count);
            }
            Op::Splice { text, after, insert } => {
                let object = self.text(text)?;
                let mut key = self.after(after, object)?;
                let mut next = self.next_counter()?;
                for c in insert.chars() {
                    let value = OpType::Put(ScalarValue::from(c));
                    self.push(object, key, value, Vec::new(), true)?;
                    key = Key::Seq(ElementId::Id(OpId::new(next, &self.actor)));
                    next = next.checked_add(1).ok_or(ContentError::Counter)?;
                }
                let was = Was::Inserted { into: object, put: Put::Plain };
                self.index.push(was, op.count());
            }
        }
        Ok(())
    }

    /// What this change itself put at a place must be named by what it puts there later:
    /// else one change could lay thousands of values side by side, more than a later
    /// one can name.
    fn replaces_own(&mut self, slot: Slot, over: &[OpRef]) -> Result<(), ContentError> {
        let number = self.index.count();
        let before = match (self.values.insert(slot.clone(), Some(number)), slot) {
            (Some(before), _) => before,
            (None, Slot::Element(element)) if element.change == self.own => Some(element.number),
            (None, _) => None,
        };
        match before {
            Some(number) if !over.contains(&OpRef { entry: 0, number }) => Err(ContentError::Kind),
            _ => Ok(()),
        }
    }

    fn removes_own(&mut self, slot: Slot, over: &[OpRef]) {
        let before = match (self.values.get(&slot), &slot) {
            (Some(before), _) => *before,
            (None, Slot::Element(element)) if element.change == self.own => Some(element.number),
            (None, _) => None,
        };
        if before.is_some_and(|number| over.contains(&OpRef { entry: 0, number })) {
            self.values.insert(slot, None);
        }
    }

    fn next_counter(&self) -> Result<u64, ContentError> {
        self.start.checked_add(self.ops.len() as u64).ok_or(ContentError::Counter)
    }

    fn push(
        &mut self,
        object: Object,
        key: Key,
        action: OpType,
        pred: Vec<OpId>,
        insert: bool,
    ) -> Result<(), ContentError> {
        let obj = match object {
            Object::Root => ObjectId::Root,
            Object::Made(place) => ObjectId::Id(self.id(place)?),
        };
        self.ops.push(LegacyOp { action, obj, key, pred: pred.into(), insert });
        Ok(())
    }

    /// Where the operation stands that is named.
    fn place(&self, op: &OpRef) -> Result<OpPlace, ContentError> {
        let change = match (op.entry as usize).checked_sub(1) {
            None => self.own,
            Some(place) => *self.table.get(place).ok_or(ContentError::Missing)?,
        };
        Ok(OpPlace { change, number: op.number })
    }

    fn index_of(&self, change: u32) -> Option<&Index> {
        if change == self.own { Some(&self.index) } else { self.past.index(change) }
    }

    fn was(&self, place: OpPlace) -> Result<&Was, ContentError> {
        let index = self.index_of(place.change).ok_or(ContentError::Missing)?;
        index.get(place.number).ok_or(ContentError::Missing)
    }

    fn id(&self, place: OpPlace) -> Result<OpId, ContentError> {
        let (start, actor) = if place.change == self.own {
            (self.start, &self.actor)
        } else {
            self.past.start(place.change).ok_or(ContentError::Missing)?
        };
        let counter = start.checked_add(u64::from(place.number)).ok_or(ContentError::Counter)?;
        Ok(OpId::new(counter, actor))
    }

    fn made(&self, object: &ObjectRef) -> Result<(Object, Put), ContentError> {
        let ObjectRef::Made(op) = object else { return Ok((Object::Root, Put::Map(0))) };
        let place = self.place(op)?;
        let put = self.was(place)?.put().ok_or(ContentError::Kind)?;
        Ok((Object::Made(place), put))
    }

    fn map(&self, object: &ObjectRef) -> Result<(Object, u8), ContentError> {
        match self.made(object)? {
            (object, Put::Map(depth)) => Ok((object, depth)),
            _ => Err(ContentError::Kind),
        }
    }

    fn list(&self, object: &ObjectRef) -> Result<(Object, u8), ContentError> {
        match self.made(object)? {
            (object, Put::List(depth)) => Ok((object, depth)),
            _ => Err(ContentError::Kind),
        }
    }

    fn text(&self, object: &ObjectRef) -> Result<Object, ContentError> {
        match self.made(object)? {
            (object, Put::Text(_)) => Ok(object),
            _ => Err(ContentError::Kind),
        }
    }

    fn sequence(&self, object: &ObjectRef) -> Result<Object, ContentError> {
        match self.made(object)? {
            (object, Put::List(_) | Put::Text(_)) => Ok(object),
            _ => Err(ContentError::Kind),
        }
    }

    fn element(&self, op: &OpRef, object: Object) -> Result<OpPlace, ContentError> {
        let place = self.place(op)?;
        match self.was(place)? {
            Was::Inserted { into, .. } if *into == object => Ok(place),
            _ => Err(ContentError::Kind),
        }
    }

    fn element_key(&self, element: OpPlace) -> Result<Key, ContentError> {
        Ok(Key::Seq(ElementId::Id(self.id(element)?)))
    }

    fn after(&self, after: &After, object: Object) -> Result<Key, ContentError> {
        match after {
            After::Head => Ok(Key::head()),
            After::Element(op) => self.element_key(self.element(op, object)?),
        }
    }

    fn over_key(
        &self,
        over: &[OpRef],
        object: Object,
        at: &str,
        counters: bool,
    ) -> Result<Vec<OpId>, ContentError> {
        let fits = |_: OpPlace, was: &Was| match was {
            Was::AtKey { map, key, .. } => *map == object && key == at,
            _ => false,
        };
        self.over(over, fits, counters)
    }

    fn over_element(
        &self,
        over: &[OpRef],
        at: OpPlace,
        counters: bool,
    ) -> Result<Vec<OpId>, ContentError> {
        let fits = |place: OpPlace, was: &Was| match was {
            Was::Inserted { .. } => place == at,
            Was::AtElement { element, .. } => *element == at,
            _ => false,
        };
        self.over(over, fits, counters)
    }

    /// The predecessors, each of which must fit. An increment must find a counter among
    /// them; where devices put other values beside it, it names those as well.
    fn over(
        &self,
        over: &[OpRef],
        fits: impl Fn(OpPlace, &Was) -> bool,
        counters: bool,
    ) -> Result<Vec<OpId>, ContentError> {
        let mut found_counter = false;
        let mut ids = Vec::with_capacity(over.len());
        for op in over {
            let place = self.place(op)?;
            let was = self.was(place)?;
            if !fits(place, was) {
                return Err(ContentError::Kind);
            }
            found_counter |= was.put() == Some(Put::Counter);
            ids.push(self.id(place)?);
        }
        if counters && !found_counter { Err(ContentError::Kind) } else { Ok(ids) }
    }
}

fn action(value: &NewValue) -> OpType {
    match value {
        NewValue::Null => OpType::Put(ScalarValue::Null),
        NewValue::Bool(yes) => OpType::Put(ScalarValue::Boolean(*yes)),
        NewValue::Int(n) => OpType::Put(ScalarValue::Int(*n)),
        NewValue::Str(text) => OpType::Put(ScalarValue::from(text.as_str())),
        NewValue::Bytes(bytes) => OpType::Put(ScalarValue::Bytes(bytes.clone())),
        NewValue::Counter(n) => OpType::Put(ScalarValue::counter(*n)),
        NewValue::Map => OpType::Make(ObjType::Map),
        NewValue::List => OpType::Make(ObjType::List),
        NewValue::Text => OpType::Make(ObjType::Text),
    }
}
