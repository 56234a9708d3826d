//! Entries of an edited document in, its rows out.
//!
//! What is no readable change (entry 0, a kind of a later version, void content) stands
//! for the changes before it, so that an honest device that names it as a cause is
//! still read by all alike.

use std::collections::BTreeMap;

use automerge::Change;

use super::cache::DocumentCache;
use super::row::{Passed, PassedEntries, PassedRow};
use super::{ContentError, Edited};
use crate::journal::{Descriptor, Entry, kind};
use crate::keys::{DocId, EntryHash};
use crate::rows::{Rows as _, RowsError, Table, Tx};

/// Rows removed at a time.
const FORGET_PAGE: usize = 1_024;

/// What became of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It changed the document.
    Changed,
    /// It was known.
    Known,
    /// Nothing to read: entry 0 of a log, or a kind of a later version.
    Passed,
    /// This entry of its causal past has not been applied: try again after it.
    Waiting(EntryHash),
    /// Not readable: the reading of its log ends here.
    Void(ContentError),
    /// The document is full and says nothing any more.
    Full,
}

/// Applies one entry whose causes have been applied.
pub fn apply(
    tx: &mut Tx<'_>,
    cache: &mut DocumentCache,
    descriptor: &Descriptor,
    entry: &Entry,
) -> Result<Outcome, RowsError> {
    let outcomes = apply_all(tx, cache, descriptor, std::slice::from_ref(entry))?;
    Ok(outcomes.into_iter().next().unwrap_or(Outcome::Known))
}

/// Applies entries of one document, each after its causes; the document is saved and
/// checked once. The result is the same as one by one.
pub fn apply_all(
    tx: &mut Tx<'_>,
    cache: &mut DocumentCache,
    descriptor: &Descriptor,
    entries: &[Entry],
) -> Result<Vec<Outcome>, RowsError> {
    let id = descriptor.id();
    let document = cache.take(tx, &id)?;
    let mut batch = Batch { id, document, passed: BTreeMap::new(), staged: Vec::new() };
    let mut outcomes = Vec::with_capacity(entries.len());
    for entry in entries {
        outcomes.push(batch.entry(tx, entry)?);
    }
    let changes = std::mem::take(&mut batch.staged);
    if let Err(error) = batch.document.settle(changes, true) {
        let [entry] = entries else {
            // One of them cannot be applied: find it, so that only its log stops.
            let each = entries.iter().map(|entry| apply(tx, cache, descriptor, entry));
            return each.collect();
        };
        outcomes = vec![batch.void(tx, entry, error)?];
    }
    let full = batch.document.is_full();
    if full {
        outcomes.iter_mut().for_each(|outcome| *outcome = Outcome::Full);
    }
    if full {
        forget_passed(tx, &id)?;
    } else {
        for (entry, row) in &batch.passed {
            tx.put::<PassedEntries>(&(id, *entry), row);
        }
    }
    if full || outcomes.contains(&Outcome::Changed) {
        cache.store(tx, &id, batch.document);
    }
    Ok(outcomes)
}

/// Removes what was noted beside a document. Of one that is full: which entries came
/// before it was is no function of their set.
pub(super) fn forget_passed(tx: &mut Tx<'_>, id: &DocId) -> Result<(), RowsError> {
    // The first key after the document's own: its id and one more byte.
    let mut from = id.0.to_vec();
    from.push(0);
    let end = crate::rows::prefix_end(&id.0);
    loop {
        let rows = tx.scan(Table::Objects, &from, &end, false, FORGET_PAGE)?;
        for (key, _) in &rows {
            tx.delete_raw(Table::Objects, key.clone());
        }
        if rows.len() < FORGET_PAGE {
            return Ok(());
        }
    }
}

/// The changes at the heads of what `causes` (previous included) have seen: what an
/// entry that names them is built on. None where one has not been applied.
pub fn past_of(
    tx: &Tx<'_>,
    document: &Edited,
    id: &DocId,
    causes: &[EntryHash],
) -> Result<Option<Vec<EntryHash>>, RowsError> {
    let mut past = Vec::new();
    for cause in causes {
        if document.holds(cause) {
            past.push(*cause);
        } else {
            match tx.row::<PassedEntries>(&(*id, *cause))? {
                Some(row) => past.extend(row.past),
                None => return Ok(None),
            }
        }
    }
    Ok(Some(document.reduce(&past)))
}

struct Batch {
    id: DocId,
    document: Edited,
    passed: BTreeMap<EntryHash, PassedRow>,
    staged: Vec<Change>,
}

/// What an entry stands for where another names it.
enum Stand {
    Change,
    Passed(PassedRow),
    Unknown,
}

impl Batch {
    fn stand(&self, tx: &Tx<'_>, entry: &EntryHash) -> Result<Stand, RowsError> {
        if self.document.holds(entry) {
            return Ok(Stand::Change);
        }
        if let Some(row) = self.passed.get(entry) {
            return Ok(Stand::Passed(row.clone()));
        }
        let row = tx.row::<PassedEntries>(&(self.id, *entry))?;
        Ok(row.map_or(Stand::Unknown, Stand::Passed))
    }

    fn entry(&mut self, tx: &Tx<'_>, entry: &Entry) -> Result<Outcome, RowsError> {
        if self.document.is_full() {
            return Ok(Outcome::Full);
        }
        let hash = entry.hash();
        if !matches!(self.stand(tx, &hash)?, Stand::Unknown) {
            return Ok(Outcome::Known);
        }
        let header = &entry.header;
        if header.seq == 0 {
            self.passed.insert(hash, PassedRow { why: Passed::OtherKind, past: Vec::new() });
            return Ok(Outcome::Passed);
        }
        let mut past = Vec::new();
        for cause in std::iter::once(&header.previous).chain(&header.causes) {
            match self.stand(tx, cause)? {
                Stand::Change => past.push(*cause),
                Stand::Passed(row) if row.why == Passed::Void && *cause == header.previous => {
                    return self.void(tx, entry, ContentError::Stopped);
                }
                Stand::Passed(row) => past.extend(row.past),
                Stand::Unknown => return Ok(Outcome::Waiting(*cause)),
            }
        }
        if header.kind != kind::CHANGE {
            let past = self.document.reduce(&past);
            self.passed.insert(hash, PassedRow { why: Passed::OtherKind, past });
            return Ok(Outcome::Passed);
        }
        match self.document.stage(&hash, &past, &entry.payload) {
            Ok(Some(change)) => {
                self.staged.push(change);
                Ok(Outcome::Changed)
            }
            Ok(None) => Ok(Outcome::Full),
            Err(error) => self.void(tx, entry, error),
        }
    }

    /// Notes an entry as void. It stands for the changes before it in its log alone:
    /// what it claims to have seen besides is not believed.
    fn void(
        &mut self,
        tx: &Tx<'_>,
        entry: &Entry,
        error: ContentError,
    ) -> Result<Outcome, RowsError> {
        let past = match self.stand(tx, &entry.header.previous)? {
            Stand::Change => vec![entry.header.previous],
            Stand::Passed(row) => row.past,
            Stand::Unknown => Vec::new(),
        };
        self.passed.insert(entry.hash(), PassedRow { why: Passed::Void, past });
        Ok(Outcome::Void(error))
    }
}
