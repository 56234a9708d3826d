//! One page of announcements: branches that end in given entries, and the small ones of
//! those entries themselves.

use std::collections::{BTreeMap, BTreeSet};

use serde_bytes::ByteBuf;

use super::cursor::Interest;
use super::effect::Out;
use super::frame::NewsItem;
use super::limits;
use super::short::Short;
use crate::journal::{Entries, EntryPlaces, LogRow, Owner, Run, Tip, log_row};
use crate::keys::{EntryHash, LogId};
use crate::rows::{RowsError, Tx};

/// A log with those of its entries that are to be announced, as (seq, hash).
struct Line {
    id: LogId,
    row: LogRow,
    entries: Vec<(u64, EntryHash)>,
}

impl Line {
    fn comes_first(&self) -> bool {
        self.row.start.descriptor.class.comes_first()
    }

    const fn owner(&self) -> Owner {
        self.row.start.descriptor.owner
    }
}

/// A page that is being put together.
#[derive(Default)]
pub(super) struct Page {
    /// In the order in which the logs first appear.
    lines: Vec<Line>,
    of: BTreeMap<LogId, usize>,
    /// Logs the peer does not want.
    left_out: BTreeSet<LogId>,
    /// Entries by owner.
    owners: BTreeMap<Owner, usize>,
}

impl Page {
    /// Whether no further log may be put in.
    pub(super) fn is_full(&self) -> bool {
        self.lines.len() + self.left_out.len() >= limits::LOGS
    }

    /// Puts an entry in.
    pub(super) fn add(
        &mut self,
        tx: &Tx<'_>,
        hash: EntryHash,
        interest: &Interest,
    ) -> Result<(), RowsError> {
        let Some(place) = tx.row::<EntryPlaces>(&hash)? else { return Ok(()) };
        let at = match self.of.get(&place.log) {
            Some(at) => *at,
            None if self.left_out.contains(&place.log) => return Ok(()),
            None => {
                let row = log_row(tx, &place.log)?;
                let Some(row) = row.filter(|row| interest.covers(&row.start.descriptor)) else {
                    self.left_out.insert(place.log);
                    return Ok(());
                };
                self.of.insert(place.log, self.lines.len());
                self.lines.push(Line { id: place.log, row, entries: Vec::new() });
                self.lines.len() - 1
            }
        };
        if let Some(line) = self.lines.get_mut(at) {
            *self.owners.entry(line.owner()).or_default() += 1;
            line.entries.push((place.seq, hash));
        }
        Ok(())
    }

    /// Leaves out owners with more entries than this; what comes first stays.
    pub(super) fn keep_small_owners(&mut self, entries: usize) {
        let owners = &self.owners;
        let is_small = |line: &Line| owners.get(&line.owner()).is_none_or(|n| *n <= entries);
        self.lines.retain(|line| line.comes_first() || is_small(line));
    }

    /// What is announced, in the order in which it should be asked for, and what rides
    /// along: first what comes first, then the entries of owners with few of them.
    /// `is_busy`: the peer has announcements to deal with.
    pub(super) fn finish(
        self,
        tx: &Tx<'_>,
        is_known: &dyn Fn(&NewsItem) -> bool,
        is_busy: bool,
        out: &mut Out,
    ) -> Result<(Vec<NewsItem>, Vec<ByteBuf>), RowsError> {
        let Self { lines, owners, .. } = self;
        let (most, room) = if is_busy {
            (limits::AHEAD_ENTRIES, limits::INLINE_BUSY_BYTES)
        } else {
            (limits::INLINE_ENTRIES, limits::INLINE_PAGE_BYTES)
        };
        let (mut first, mut rest, mut small) = (Vec::new(), Vec::new(), Vec::new());
        for line in &lines {
            out.stats.logs_opened += 1;
            let items: Vec<NewsItem> = line
                .row
                .tips
                .iter()
                .filter(|tip| line.entries.contains(&(tip.seq, tip.hash)))
                .map(|tip| NewsItem {
                    log: Short::of(&line.id.0),
                    seq: tip.seq,
                    tip: Short::of(&tip.hash.0),
                })
                .filter(|item| !is_known(item))
                .collect();
            if items.is_empty() {
                continue;
            }
            let entries = owners.get(&line.owner()).copied().unwrap_or_default();
            if entries <= most {
                small.push((!line.comes_first(), entries, line));
            }
            if line.comes_first() { &mut first } else { &mut rest }.extend(items);
        }
        small.sort_by_key(|(is_later, entries, _)| (*is_later, *entries));
        let (mut inline, mut bytes) = (Vec::new(), 0);
        for (_, _, line) in small {
            if bytes >= room {
                break;
            }
            if let Some(run) = small_run(tx, line)? {
                bytes += run.len();
                inline.push(ByteBuf::from(run));
            }
        }
        first.extend(rest);
        Ok((first, inline))
    }
}

/// The page's entries of a log as a run, where that is small and the log never forked.
fn small_run(tx: &Tx<'_>, line: &Line) -> Result<Option<Vec<u8>>, RowsError> {
    let (Some(tip), Some(oldest)) = (line.row.tips.first(), line.entries.iter().min()) else {
        return Ok(None);
    };
    if !line.row.is_linear() {
        return Ok(None);
    }
    let mut have = Vec::new();
    if let Some(seq) = oldest.0.checked_sub(1) {
        let Some(entry) = tx.row::<Entries>(&(line.id, *oldest))? else { return Ok(None) };
        have.push(Tip { seq, hash: entry.header.previous });
    }
    let mut runs = Run::collect(tx, &line.id, &have, limits::INLINE_BYTES)?;
    let Some(run) = runs.pop().filter(|_| runs.is_empty()) else { return Ok(None) };
    if run.entries.last().map(|entry| entry.header.seq) != Some(tip.seq) {
        return Ok(None);
    }
    let bytes = run.to_bytes();
    Ok((bytes.len() <= limits::INLINE_BYTES + 256).then_some(bytes))
}
