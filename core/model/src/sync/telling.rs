//! Telling a peer what there is: pages of announcements, from a list that a reconciliation
//! made or from this node's order of acceptance.
//!
//! Invariant: only positions are kept, never entries: a peer that reads slowly costs
//! nothing, and goes on from where it was.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_bytes::ByteBuf;

use super::cursor::Interest;
use super::effect::{CloseReason, Effect, Out};
use super::frame::{Frame, News, NewsItem};
use super::limits;
use super::short::Short;
use crate::journal::{Entries, EntryPlaces, LogRow, Position, Run, Tip, hash_at, log_row, since};
use crate::keys::{EntryHash, LogId};
use crate::rows::{RowsError, Tx};
use crate::time::Instant;

/// A page with more new entries than this carries none inline. One document in a hundred
/// of ten thousand changed is still told in one go.
const INLINE_ENTRIES: usize = 128;
/// Intervals of the order that came from the peer, remembered so as not to echo them.
const INTERVALS: usize = 1_024;

/// A list being told, and how far whoever has all of it has read.
struct List {
    items: VecDeque<NewsItem>,
    to: Option<Position>,
}

/// One peer as it is told.
pub(super) struct Telling {
    interest: Interest,
    /// Announced from the order up to here; none until the gear is known.
    announced: Option<u64>,
    lists: VecDeque<List>,
    in_flight: usize,
    /// When new entries are to be announced.
    pub(super) due: Option<Instant>,
    /// When a page that brings nothing is to be sent, only to move the peer's cursor.
    pub(super) advance_at: Option<Instant>,
    from_peer: Vec<(u64, u64)>,
    peer_tips: BTreeSet<(Short, Short)>,
    peer_tips_order: VecDeque<(Short, Short)>,
    read: u64,
}

impl Telling {
    pub(super) fn new(interest: Interest) -> Self {
        Self {
            interest,
            announced: None,
            lists: VecDeque::new(),
            in_flight: 0,
            due: None,
            advance_at: None,
            from_peer: Vec::new(),
            peer_tips: BTreeSet::new(),
            peer_tips_order: VecDeque::new(),
            read: 0,
        }
    }

    /// The order is told from here on.
    pub(super) fn begin(&mut self, from: u64, now: Instant) {
        self.announced = Some(from);
        self.due = Some(now);
    }

    /// Nothing is told from the order until a reconciliation says where to begin.
    pub(super) fn pause(&mut self) {
        self.announced = None;
        self.lists.clear();
    }

    /// Nothing more is told, and nothing is due.
    pub(super) fn stop(&mut self) {
        self.pause();
        self.due = None;
        self.advance_at = None;
    }

    /// Whether bytes are on the way that the peer has not dealt with.
    pub(super) fn is_waiting(&self) -> bool {
        self.in_flight > 0
    }

    /// Tells a list. With `to` given it is the whole of what a reconciliation found.
    pub(super) fn list(&mut self, items: Vec<NewsItem>, to: Option<Position>) {
        self.lists.push_back(List { items: items.into(), to });
    }

    /// New entries were accepted here, by whatever way.
    pub(super) fn notice(&mut self, now: Instant) {
        if self.due.is_none() {
            self.due = Some(now.plus_ms(limits::ANNOUNCE_MS));
        }
    }

    /// Entries after `from` up to `to` of this node's order came from the peer.
    pub(super) fn came_from_peer(&mut self, from: u64, to: u64) {
        match self.from_peer.last_mut() {
            Some(last) if last.1 == from => last.1 = to,
            _ => self.from_peer.push((from, to)),
        }
        let announced = self.announced.unwrap_or(0);
        if self.from_peer.len() > INTERVALS {
            self.from_peer.retain(|(_, to)| *to > announced);
            // Forgetting one only means to announce what the peer has.
            let excess = self.from_peer.len().saturating_sub(INTERVALS);
            self.from_peer.drain(..excess);
        }
    }

    /// The peer announced this itself.
    pub(super) fn peer_has(&mut self, items: &[NewsItem]) {
        for item in items.iter().take(limits::PEER_TIPS) {
            if self.peer_tips.insert((item.log, item.tip)) {
                self.peer_tips_order.push_back((item.log, item.tip));
            }
        }
        while self.peer_tips_order.len() > limits::PEER_TIPS {
            if let Some(oldest) = self.peer_tips_order.pop_front() {
                self.peer_tips.remove(&oldest);
            }
        }
    }

    /// The peer dealt with announcements, and has read so far.
    pub(super) fn acked(&mut self, news: u32, read: Option<u64>, out: &mut Out) {
        self.in_flight = self.in_flight.saturating_sub(news as usize);
        if let Some(n) = read
            && n > self.read
        {
            self.read = n;
            out.push(Effect::PeerRead { n });
        }
    }

    /// Sends pages while there is room.
    pub(super) fn pump(
        &mut self,
        tx: &Tx<'_>,
        now: Instant,
        out: &mut Out,
    ) -> Result<(), CloseReason> {
        while self.in_flight < limits::NEWS_WINDOW_BYTES {
            let Some(page) = self.next_page(tx, now, out)? else { break };
            self.in_flight += out.send(&Frame::News(page));
        }
        Ok(())
    }

    fn next_page(
        &mut self,
        tx: &Tx<'_>,
        now: Instant,
        out: &mut Out,
    ) -> Result<Option<News>, RowsError> {
        if let Some(list) = self.lists.front_mut() {
            let count = list.items.len().min(limits::LOGS);
            let items: Vec<_> = list.items.drain(..count).collect();
            let to = if list.items.is_empty() { list.to } else { None };
            if list.items.is_empty() {
                self.lists.pop_front();
            }
            return Ok(Some(News { to, items, inline: Vec::new() }));
        }
        let Some(announced) = self.announced else { return Ok(None) };
        if self.due.is_some_and(|due| due <= now) {
            let page = self.order_page(tx, announced, out)?;
            match page {
                None => self.due = None,
                Some(page) if page.items.is_empty() => {
                    // Nothing the peer lacks: its cursor can wait, with later ones.
                    self.announced = page.to.map(|to| to.n);
                    let at = now.plus_ms(limits::ADVANCE_MS);
                    self.advance_at = Some(self.advance_at.unwrap_or(at).min(at));
                    return self.next_page(tx, now, out);
                }
                Some(page) => {
                    self.announced = page.to.map(|to| to.n);
                    self.advance_at = None;
                    return Ok(Some(page));
                }
            }
        }
        if self.advance_at.is_some_and(|at| at <= now) {
            self.advance_at = None;
            if let Some(hash) = hash_at(tx, announced)? {
                let to = Some(Position { n: announced, hash });
                return Ok(Some(News { to, items: Vec::new(), inline: Vec::new() }));
            }
        }
        Ok(None)
    }

    /// What was accepted after the n-th entry, as branches that end there: each tip is
    /// announced by the page its entry falls into.
    fn order_page(
        &self,
        tx: &Tx<'_>,
        announced: u64,
        out: &mut Out,
    ) -> Result<Option<News>, RowsError> {
        let rows = since(tx, announced, limits::PAGE_ENTRIES)?;
        let mut page = PageBuilder::default();
        let mut end = announced;
        for (n, hash) in &rows {
            if page.logs.len() >= limits::LOGS {
                break;
            }
            end = *n;
            if !self.is_from_peer(*n) {
                page.entry(tx, *hash)?;
            }
        }
        if end == announced {
            return Ok(None);
        }
        let Some(hash) = hash_at(tx, end)? else { return Ok(None) };
        let known = |item: &NewsItem| self.peer_tips.contains(&(item.log, item.tip));
        let (items, inline) = page.finish(tx, &self.interest, &known, out)?;
        Ok(Some(News { to: Some(Position { n: end, hash }), items, inline }))
    }

    fn is_from_peer(&self, n: u64) -> bool {
        let after = self.from_peer.partition_point(|(from, _)| *from < n);
        after > 0 && self.from_peer.get(after - 1).is_some_and(|(_, to)| n <= *to)
    }
}

#[derive(Default)]
struct PageBuilder {
    /// Logs in the order in which they first appear.
    order: Vec<LogId>,
    /// Entries of each, as (seq, hash).
    logs: BTreeMap<LogId, Vec<(u64, EntryHash)>>,
    entries: usize,
}

impl PageBuilder {
    fn entry(&mut self, tx: &Tx<'_>, hash: EntryHash) -> Result<(), RowsError> {
        let Some(place) = tx.row::<EntryPlaces>(&hash)? else { return Ok(()) };
        self.entries += 1;
        let entries = self.logs.entry(place.log).or_default();
        if entries.is_empty() {
            self.order.push(place.log);
        }
        entries.push((place.seq, hash));
        Ok(())
    }

    fn finish(
        self,
        tx: &Tx<'_>,
        interest: &Interest,
        known: &dyn Fn(&NewsItem) -> bool,
        out: &mut Out,
    ) -> Result<(Vec<NewsItem>, Vec<ByteBuf>), RowsError> {
        let (mut first, mut rest, mut inline) = (Vec::new(), Vec::new(), Vec::new());
        let mut inline_bytes = 0;
        for log in &self.order {
            let Some(row) = log_row(tx, log)? else { continue };
            out.stats.logs_opened += 1;
            if !interest.covers(&row.start.descriptor) {
                continue;
            }
            let Some(entries) = self.logs.get(log) else { continue };
            let is_new = |tip: &&Tip| entries.contains(&(tip.seq, tip.hash));
            let items: Vec<NewsItem> = row
                .tips
                .iter()
                .filter(is_new)
                .map(|tip| NewsItem {
                    log: Short::of(&log.0),
                    seq: tip.seq,
                    tip: Short::of(&tip.hash.0),
                })
                .filter(|item| !known(item))
                .collect();
            if items.is_empty() {
                continue;
            }
            if self.entries <= INLINE_ENTRIES
                && inline_bytes < limits::INLINE_PAGE_BYTES
                && let Some(run) = small_run(tx, log, &row, entries)?
            {
                inline_bytes += run.len();
                inline.push(ByteBuf::from(run));
            }
            let is_first = row.start.descriptor.class.comes_first();
            if is_first { &mut first } else { &mut rest }.extend(items);
        }
        first.extend(rest);
        Ok((first, inline))
    }
}

/// The page's entries of a log as a run, where that is small and the log never forked.
fn small_run(
    tx: &Tx<'_>,
    log: &LogId,
    row: &LogRow,
    entries: &[(u64, EntryHash)],
) -> Result<Option<Vec<u8>>, RowsError> {
    let (Some(tip), Some(oldest)) = (row.tips.first(), entries.iter().min()) else {
        return Ok(None);
    };
    if !row.is_linear() {
        return Ok(None);
    }
    let mut have = Vec::new();
    if let Some(seq) = oldest.0.checked_sub(1) {
        let Some(entry) = tx.row::<Entries>(&(*log, *oldest))? else { return Ok(None) };
        have.push(Tip { seq, hash: entry.header.previous });
    }
    let mut runs = Run::collect(tx, log, &have, limits::INLINE_BYTES)?;
    let Some(run) = runs.pop().filter(|_| runs.is_empty()) else { return Ok(None) };
    if run.entries.last().map(|entry| entry.header.seq) != Some(tip.seq) {
        return Ok(None);
    }
    let bytes = run.to_bytes();
    Ok((bytes.len() <= limits::INLINE_BYTES + 256).then_some(bytes))
}
