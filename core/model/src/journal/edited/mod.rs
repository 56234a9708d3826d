//! Edited documents: entries of kind `change` in, one automerge document out
//! (`PROTOCOL.md` §3, "Content").
//!
//! Invariants: no foreign byte reaches automerge, every change is built here from typed
//! operations; whether an entry is good is a pure function of the entry and its causal
//! past; what a document says is a function of the set of its entries, and so are the
//! bytes of its row; a document that automerge could not apply and read is never kept.
//! Automerge's own format is nowhere written or loaded: rows hold the changes as they
//! came, and a row is read by applying them again.

mod build;
mod cache;
mod index;
mod local;
mod project;
mod rebuild;
mod row;

#[cfg(test)]
mod converge;
#[cfg(test)]
mod testing;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use automerge::legacy::OpId;
use automerge::{ActorId, Automerge, Change, ChangeHash, TextEncoding};

pub use cache::DocumentCache;
pub use local::EditError;
pub use project::{Outcome, apply, apply_all, past_of};
pub use rebuild::{Counts, is_left_out, rebuild};
pub use row::{ChangeRow, ObjectRow, Objects, Passed, PassedEntries, PassedRow};

use self::build::{Built, Past, actor, build};
use self::index::{Index, Put, Was};
use super::change::{BodyError, ChangeBody};
use crate::keys::EntryHash;
use crate::time::Instant;

/// Most changes of one document. Past this it is [full](Edited::is_full).
pub const DOCUMENT_CHANGES: usize = 4_096;
/// Most operations of one document.
pub const DOCUMENT_OPS: u64 = 49_152;
/// Most maps, lists and texts of one document.
pub const DOCUMENT_OBJECTS: u64 = 8_192;
/// Most bytes of payload of one document.
pub const DOCUMENT_BYTES: u64 = 2 << 20;

/// Why an entry's content is not readable. The reading of its log ends there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContentError {
    /// The payload is no change.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// Something is named that is not in the causal past.
    #[error("names what is not in its past")]
    Missing,
    /// Something is named that is not of the kind, or not at the place, it must be.
    #[error("names what is not of that kind")]
    Kind,
    /// The first counter does not follow the largest of the causal past.
    #[error("first counter out of place")]
    Counter,
    /// Objects nested too deep.
    #[error("nested too deep")]
    Depth,
    /// An earlier entry of the log was not readable.
    #[error("follows an entry that is not readable")]
    Stopped,
    /// This version cannot apply it: tried again when rows are rebuilt after an update.
    #[error("not readable by this version")]
    Unreadable,
}

impl ContentError {
    /// A stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Body(BodyError::Decode(_)) => "content.malformed",
            Self::Body(BodyError::TooLarge) => "content.large",
            Self::Body(BodyError::Empty) => "content.empty",
            Self::Body(BodyError::Order | BodyError::Forward) => "content.order",
            Self::Body(BodyError::Range) => "content.range",
            Self::Missing => "content.missing",
            Self::Kind => "content.kind",
            Self::Counter => "content.counter",
            Self::Depth => "content.depth",
            Self::Stopped => "content.stopped",
            Self::Unreadable => "content.unreadable",
        }
    }
}

/// One change of a document.
#[derive(Debug)]
struct Node {
    entry: EntryHash,
    actor: ActorId,
    hash: ChangeHash,
    /// Places of the changes it follows: the heads of its causal past, sorted by entry.
    deps: Vec<u32>,
    start_op: u64,
    at: Instant,
    payload: Vec<u8>,
    index: Index,
}

impl Node {
    /// The counter after its last operation.
    fn end(&self) -> u64 {
        self.start_op.saturating_add(u64::from(self.index.count()))
    }
}

/// An automerge document with what each of its changes and operations was.
#[derive(Debug, Clone)]
pub struct Edited {
    doc: Automerge,
    nodes: Vec<Arc<Node>>,
    places: BTreeMap<EntryHash, u32>,
    ops: u64,
    objects: u64,
    bytes: u64,
    full: bool,
}

impl Default for Edited {
    fn default() -> Self {
        Self::new()
    }
}

/// Which places lie in a causal past.
struct Ancestors<'a> {
    document: &'a Edited,
    seen: Vec<bool>,
}

impl Past for Ancestors<'_> {
    fn place(&self, entry: &EntryHash) -> Option<u32> {
        let place = *self.document.places.get(entry)?;
        self.seen.get(place as usize)?.then_some(place)
    }

    fn index(&self, change: u32) -> Option<&Index> {
        self.document.nodes.get(change as usize).map(|node| &node.index)
    }

    fn start(&self, change: u32) -> Option<(u64, &ActorId)> {
        let node = self.document.nodes.get(change as usize)?;
        Some((node.start_op, &node.actor))
    }
}

impl Edited {
    /// A document that nothing was written into.
    pub fn new() -> Self {
        Self {
            doc: Automerge::new_with_encoding(TextEncoding::UnicodeCodePoint),
            nodes: Vec::new(),
            places: BTreeMap::new(),
            ops: 0,
            objects: 0,
            bytes: 0,
            full: false,
        }
    }

    /// The document, for reading.
    pub fn doc(&self) -> &Automerge {
        &self.doc
    }

    /// Whether its owner's devices wrote more than a document may hold. It then says
    /// nothing any more: a rule by which part of it stays would hang on who came first.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// Whether nothing was written into it.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// How many changes it holds.
    pub fn change_count(&self) -> usize {
        self.nodes.len()
    }

    /// How many operations it holds.
    pub fn op_count(&self) -> u64 {
        self.ops
    }

    /// Whether it holds the change of an entry.
    pub fn holds(&self, entry: &EntryHash) -> bool {
        self.places.contains_key(entry)
    }

    /// The changes that no other follows, sorted.
    pub fn heads(&self) -> Vec<EntryHash> {
        let mut is_head = vec![true; self.nodes.len()];
        for dep in self.nodes.iter().flat_map(|node| &node.deps) {
            if let Some(head) = is_head.get_mut(*dep as usize) {
                *head = false;
            }
        }
        self.places.iter().filter(|(_, place)| is_head[**place as usize]).map(|(e, _)| *e).collect()
    }

    /// Claimed times of the earliest and the latest change.
    pub fn times(&self) -> Option<(Instant, Instant)> {
        let times = self.nodes.iter().map(|node| node.at);
        Some((times.clone().min()?, times.max()?))
    }

    /// Takes the change of one entry in. `past` are the changes at the heads of its
    /// causal past (more of that past may be named). An error leaves the document as it
    /// was.
    pub fn apply(
        &mut self,
        entry: &EntryHash,
        past: &[EntryHash],
        payload: &[u8],
    ) -> Result<(), ContentError> {
        match self.stage(entry, past, payload)? {
            Some(change) => self.settle(vec![change], true),
            None => Ok(()),
        }
    }

    /// Checks a change and notes what its operations are; none if it is known, or the
    /// document full. Automerge gets it by [`Self::settle`].
    fn stage(
        &mut self,
        entry: &EntryHash,
        past: &[EntryHash],
        payload: &[u8],
    ) -> Result<Option<Change>, ContentError> {
        if self.full || self.holds(entry) {
            return Ok(None);
        }
        let body = ChangeBody::from_payload(payload)?;
        let (deps, ancestors) = self.ancestors(past).ok_or(ContentError::Missing)?;
        let largest = deps.iter().filter_map(|dep| self.nodes.get(*dep as usize));
        let first = largest.map(|node| node.end()).max().unwrap_or(1);
        if body.start_op != first {
            return Err(ContentError::Counter);
        }
        let own = u32::try_from(self.nodes.len()).map_err(|_| ContentError::Unreadable)?;
        let hashes = deps.iter().filter_map(|dep| self.nodes.get(*dep as usize));
        let hashes = hashes.map(|node| node.hash).collect();
        // The checks let nothing through that automerge refuses to encode; were that
        // wrong, its panic must not end the process.
        let built = catch_unwind(AssertUnwindSafe(|| build(&body, entry, own, hashes, &ancestors)));
        let Built { change, index } = built.map_err(|_| ContentError::Unreadable)??;
        self.ops = self.ops.saturating_add(u64::from(index.count()));
        self.objects = self.objects.saturating_add(u64::from(index.objects()));
        self.bytes = self.bytes.saturating_add(payload.len() as u64);
        self.places.insert(*entry, own);
        self.nodes.push(Arc::new(Node {
            entry: *entry,
            actor: actor(entry),
            hash: change.hash(),
            deps,
            start_op: body.start_op,
            at: body.at,
            payload: payload.to_vec(),
            index,
        }));
        if self.nodes.len() > DOCUMENT_CHANGES
            || self.ops > DOCUMENT_OPS
            || self.objects > DOCUMENT_OBJECTS
            || self.bytes > DOCUMENT_BYTES
        {
            *self = Self { full: true, ..Self::new() };
            return Ok(None);
        }
        Ok(Some(change))
    }

    /// Applies staged changes to a copy, reads it through where `check` says so, then
    /// swaps. On failure the staged changes are taken back.
    fn settle(&mut self, changes: Vec<Change>, check: bool) -> Result<(), ContentError> {
        if self.full || changes.is_empty() {
            return Ok(());
        }
        let count = changes.len();
        match catch_unwind(AssertUnwindSafe(|| applied(&self.doc, changes, check))) {
            Ok(Some(doc)) => {
                self.doc = doc;
                Ok(())
            }
            _ => {
                for _ in 0..count {
                    if let Some(node) = self.nodes.pop() {
                        self.places.remove(&node.entry);
                        self.ops = self.ops.saturating_sub(u64::from(node.index.count()));
                        self.objects = self.objects.saturating_sub(u64::from(node.index.objects()));
                        self.bytes = self.bytes.saturating_sub(node.payload.len() as u64);
                    }
                }
                Err(ContentError::Unreadable)
            }
        }
    }

    /// The heads of the causal past below some changes, sorted; unknown ones left out.
    fn reduce(&self, past: &[EntryHash]) -> Vec<EntryHash> {
        let known: Vec<_> = past.iter().filter(|entry| self.holds(entry)).copied().collect();
        let heads = self.ancestors(&known).map(|(heads, _)| heads).unwrap_or_default();
        heads.iter().filter_map(|head| Some(self.nodes.get(*head as usize)?.entry)).collect()
    }

    fn node(&self, entry: &EntryHash) -> Option<&Node> {
        let place = *self.places.get(entry)?;
        self.nodes.get(place as usize).map(Arc::as_ref)
    }

    /// Whether an operation made a text.
    fn is_text(&self, id: &OpId) -> bool {
        let Some(entry) = EntryHash::from_slice(id.actor().to_bytes()) else { return false };
        let Some(node) = self.node(&entry) else { return false };
        let number = id.counter().checked_sub(node.start_op).and_then(|n| u32::try_from(n).ok());
        let was = number.and_then(|number| node.index.get(number));
        matches!(was.and_then(Was::put), Some(Put::Text(_)))
    }

    /// The causal past below some changes: its heads among them, sorted by entry, and
    /// all of it. None where one is not known.
    fn ancestors(&self, past: &[EntryHash]) -> Option<(Vec<u32>, Ancestors<'_>)> {
        let mut named: Vec<_> =
            past.iter().map(|entry| self.places.get(entry).copied()).collect::<Option<_>>()?;
        named.sort_unstable();
        named.dedup();
        // First everything below the named ones: what of them is found there is no head.
        let mut seen = vec![false; self.nodes.len()];
        let mut stack: Vec<u32> = Vec::new();
        for place in &named {
            stack.extend(&self.nodes.get(*place as usize)?.deps);
        }
        while let Some(place) = stack.pop() {
            let was_seen = seen.get_mut(place as usize)?;
            if !std::mem::replace(was_seen, true) {
                stack.extend(&self.nodes.get(place as usize)?.deps);
            }
        }
        let mut heads: Vec<_> = named.into_iter().filter(|place| !seen[*place as usize]).collect();
        for place in &heads {
            seen[*place as usize] = true;
        }
        heads.sort_by_key(|place| self.nodes[*place as usize].entry);
        Some((heads, Ancestors { document: self, seen }))
    }
}

/// A copy of `doc` with `changes`, if it can be read. What cannot be panics here, within
/// the caller's guard, and not where it is shown.
fn applied(doc: &Automerge, changes: Vec<Change>, check: bool) -> Option<Automerge> {
    let hashes: Vec<_> = changes.iter().map(Change::hash).collect();
    let mut next = doc.clone();
    next.apply_changes(changes).ok()?;
    if hashes.iter().any(|hash| next.get_change_meta_by_hash(hash).is_none()) {
        return None;
    }
    if check {
        let _ = next.hydrate(None);
    }
    Some(next)
}
