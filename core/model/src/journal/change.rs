//! Payload of a `change`: typed operations on an edited document, in an encoding of our
//! own (`docs/format.md`).
//!
//! An operation is named by the entry it stands in and its number there, never by
//! anything of automerge: the wire does not hang on a version of it, and no foreign
//! automerge bytes exist. An operation number counts what automerge counts: each
//! character of a splice and each element of a removed run is one.
//!
//! Invariant: a body that passed [`ChangeBody::check`] is bounded in operations, text,
//! table and nesting before anything is built from it.

use serde::{Deserialize, Serialize};

use super::limits::PAYLOAD_BYTES;
use crate::codec::{self, DecodeError};
use crate::keys::EntryHash;
use crate::time::Instant;

/// Most operations of one change.
pub const CHANGE_OPS: u32 = 16_384;
/// Most other entries that one change may name.
pub const CHANGE_TABLE: usize = 1_024;
/// Longest text or byte string in one value, in bytes.
pub const VALUE_BYTES: usize = 16 << 10;
/// Longest key of a map, in bytes.
pub const KEY_BYTES: usize = 64;
/// Most predecessors of one operation.
pub const PREDECESSORS: usize = 64;
/// Counters and what is added to them stay within ± this, so that no sum of all
/// operations a document may hold can overflow.
pub const COUNTER_MAX: i64 = 1 << 31;
/// Latest time that can be claimed: the end of the year 9999.
const LATEST: Instant = Instant(253_402_300_799_999);

/// One operation: the entry it stands in (0: this one, n: number n − 1 of the table),
/// and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OpRef {
    /// 0 for this change, else 1 + place in the table.
    pub entry: u32,
    /// Number of the operation in its change, from 0.
    pub number: u32,
}

/// An object of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ObjectRef {
    /// The map that is always there.
    Root,
    /// What this operation made.
    Made(OpRef),
}

/// A place in a list or text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum After {
    /// Before everything.
    Head,
    /// After the element that this operation inserted.
    Element(OpRef),
}

/// What is put.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum NewValue {
    /// Nothing.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A string that is replaced as a whole.
    Str(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A counter that merges by adding.
    Counter(i64),
    /// A new map.
    Map,
    /// A new list.
    List,
    /// A new text that merges character by character.
    Text,
}

/// An operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Op {
    /// Puts a value under a key, over the values that were seen there.
    Put { map: ObjectRef, key: String, value: NewValue, over: Vec<OpRef> },
    /// Removes what was seen under a key.
    Delete { map: ObjectRef, key: String, over: Vec<OpRef> },
    /// Adds to the counters seen under a key.
    Increment { map: ObjectRef, key: String, by: i64, over: Vec<OpRef> },
    /// Inserts an element into a list.
    Insert { list: ObjectRef, after: After, value: NewValue },
    /// Replaces what was seen at an element of a list.
    Set { list: ObjectRef, element: OpRef, value: NewValue, over: Vec<OpRef> },
    /// Adds to the counters seen at an element of a list.
    Add { list: ObjectRef, element: OpRef, by: i64, over: Vec<OpRef> },
    /// Removes what was seen at an element of a list or text.
    Remove { from: ObjectRef, element: OpRef, over: Vec<OpRef> },
    /// Removes elements whose insertions have consecutive numbers in one change, each
    /// seen as it was inserted. Counts as `count` operations.
    RemoveRun { from: ObjectRef, first: OpRef, count: u32 },
    /// Inserts characters into a text. Counts as one operation for each.
    Splice { text: ObjectRef, after: After, insert: String },
}

/// What a change says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeBody {
    /// When, as its writer claims.
    pub at: Instant,
    /// Counter of the first operation: 1 + the largest in the causal past.
    pub start_op: u64,
    /// Entries that operations name; sorted, no doubles.
    pub table: Vec<EntryHash>,
    /// The operations, at least one.
    pub ops: Vec<Op>,
}

/// Why a payload is not a change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// Not the bytes of a change.
    #[error("change: {0}")]
    Decode(#[from] DecodeError),
    /// More operations, or a larger value, than one change may have.
    #[error("change is too large")]
    TooLarge,
    /// Nothing to do, or an operation that does nothing.
    #[error("change is empty")]
    Empty,
    /// Table or predecessors out of order, doubled or out of range.
    #[error("references are not in order")]
    Order,
    /// An operation refers to itself or to a later one.
    #[error("an operation refers forward")]
    Forward,
    /// A counter, an increment or the claimed time out of range.
    #[error("a number is out of range")]
    Range,
}

impl Op {
    /// How many operations it counts as.
    pub fn count(&self) -> u32 {
        match self {
            Self::RemoveRun { count, .. } => *count,
            Self::Splice { insert, .. } => {
                u32::try_from(insert.chars().count()).unwrap_or(u32::MAX)
            }
            _ => 1,
        }
    }
}

impl ChangeBody {
    /// The payload.
    pub fn to_payload(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Decodes a payload strictly and checks all that it alone can be checked for.
    pub fn from_payload(payload: &[u8]) -> Result<Self, BodyError> {
        let body: Self = codec::decode(payload, PAYLOAD_BYTES)?;
        body.check()?;
        Ok(body)
    }

    /// How many operations it holds. Call after [`Self::check`].
    pub fn count(&self) -> u32 {
        self.ops.iter().map(Op::count).fold(0, u32::saturating_add)
    }

    /// Checks limits, order and ranges.
    pub fn check(&self) -> Result<(), BodyError> {
        if self.ops.is_empty() {
            return Err(BodyError::Empty);
        }
        if self.at < Instant(0) || self.at > LATEST {
            return Err(BodyError::Range);
        }
        if self.table.len() > CHANGE_TABLE || self.ops.len() > CHANGE_OPS as usize {
            return Err(BodyError::TooLarge);
        }
        if !self.table.windows(2).all(|pair| pair[0] < pair[1]) {
            return Err(BodyError::Order);
        }
        let mut checker =
            Checker { table: self.table.len(), used: vec![false; self.table.len()], number: 0 };
        for op in &self.ops {
            checker.op(op)?;
        }
        // A name that nothing uses would be a second encoding of the same change.
        if checker.used.iter().all(|used| *used) { Ok(()) } else { Err(BodyError::Order) }
    }
}

struct Checker {
    table: usize,
    used: Vec<bool>,
    number: u32,
}

impl Checker {
    fn op(&mut self, op: &Op) -> Result<(), BodyError> {
        match op {
            Op::Put { map, key, value, over } => {
                self.object(map)?;
                key_fits(key)?;
                value_fits(value)?;
                self.over(over)?;
            }
            Op::Delete { map, key, over } => {
                self.object(map)?;
                key_fits(key)?;
                self.some_over(over)?;
            }
            Op::Increment { map, key, by, over } => {
                self.object(map)?;
                key_fits(key)?;
                counter_fits(*by)?;
                self.some_over(over)?;
            }
            Op::Insert { list, after, value } => {
                self.object(list)?;
                self.after(after)?;
                value_fits(value)?;
            }
            Op::Set { list, element, value, over } => {
                self.object(list)?;
                self.reference(element)?;
                value_fits(value)?;
                self.over(over)?;
            }
            Op::Add { list, element, by, over } => {
                self.object(list)?;
                self.reference(element)?;
                counter_fits(*by)?;
                self.some_over(over)?;
            }
            Op::Remove { from, element, over } => {
                self.object(from)?;
                self.reference(element)?;
                self.some_over(over)?;
            }
            Op::RemoveRun { from, first, count } => {
                self.object(from)?;
                self.reference(first)?;
                let last = count.checked_sub(1).ok_or(BodyError::Empty)?;
                let last = first.number.checked_add(last).ok_or(BodyError::TooLarge)?;
                self.reference(&OpRef { number: last, ..*first })?;
            }
            Op::Splice { text, after, insert } => {
                self.object(text)?;
                self.after(after)?;
                if insert.is_empty() {
                    return Err(BodyError::Empty);
                }
            }
        }
        self.number = self.number.checked_add(op.count()).ok_or(BodyError::TooLarge)?;
        if self.number > CHANGE_OPS { Err(BodyError::TooLarge) } else { Ok(()) }
    }

    fn reference(&mut self, op: &OpRef) -> Result<(), BodyError> {
        let entry = op.entry as usize;
        if entry > self.table {
            return Err(BodyError::Order);
        }
        match entry.checked_sub(1).and_then(|place| self.used.get_mut(place)) {
            Some(used) => *used = true,
            None if op.number >= self.number => return Err(BodyError::Forward),
            None => {}
        }
        Ok(())
    }

    fn object(&mut self, object: &ObjectRef) -> Result<(), BodyError> {
        match object {
            ObjectRef::Root => Ok(()),
            ObjectRef::Made(op) => self.reference(op),
        }
    }

    fn after(&mut self, after: &After) -> Result<(), BodyError> {
        match after {
            After::Head => Ok(()),
            After::Element(op) => self.reference(op),
        }
    }

    fn over(&mut self, over: &[OpRef]) -> Result<(), BodyError> {
        if over.len() > PREDECESSORS {
            return Err(BodyError::TooLarge);
        }
        if !over.windows(2).all(|pair| pair[0] < pair[1]) {
            return Err(BodyError::Order);
        }
        over.iter().try_for_each(|op| self.reference(op))
    }

    fn some_over(&mut self, over: &[OpRef]) -> Result<(), BodyError> {
        if over.is_empty() { Err(BodyError::Empty) } else { self.over(over) }
    }
}

fn key_fits(key: &str) -> Result<(), BodyError> {
    match key.len() {
        0 => Err(BodyError::Empty),
        1..=KEY_BYTES => Ok(()),
        _ => Err(BodyError::TooLarge),
    }
}

fn counter_fits(by: i64) -> Result<(), BodyError> {
    if (-COUNTER_MAX..=COUNTER_MAX).contains(&by) { Ok(()) } else { Err(BodyError::Range) }
}

fn value_fits(value: &NewValue) -> Result<(), BodyError> {
    let bytes = match value {
        NewValue::Str(text) => text.len(),
        NewValue::Bytes(bytes) => bytes.len(),
        NewValue::Counter(n) => return counter_fits(*n),
        _ => 0,
    };
    if bytes > VALUE_BYTES { Err(BodyError::TooLarge) } else { Ok(()) }
}
