//! Telling a peer what there is: pages of announcements, from a list that a reconciliation
//! made or from this node's order of acceptance. While a peer has much left to read, what
//! owners with little to say wrote meanwhile is told ahead of its turn: a flood delays
//! nobody but the one who floods.
//!
//! Invariant: only positions are kept, never entries: a peer that reads slowly costs
//! nothing, and goes on from where it was.

use std::collections::{BTreeSet, VecDeque};

use super::cursor::Interest;
use super::effect::{CloseReason, Effect, Out};
use super::frame::{Frame, News, NewsItem};
use super::limits;
use super::page::Page;
use super::short::Short;
use crate::journal::{Position, hash_at, position, since};
use crate::rows::{RowsError, Tx};
use crate::time::Instant;

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
    due: Option<Instant>,
    /// There is more in the order to announce, as soon as there is room.
    is_behind: bool,
    /// Looked through up to here for what goes ahead of its turn.
    looked: u64,
    /// When a page that brings nothing is to be sent, only to move the peer's cursor.
    advance_at: Option<Instant>,
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
            is_behind: false,
            looked: 0,
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
        self.is_behind = false;
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

    /// Whether something is still to be announced.
    pub(super) const fn is_due(&self) -> bool {
        self.due.is_some() || self.is_behind
    }

    /// When there is something to announce next.
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        // Before the gear is known, and while there is no room, time alone changes nothing.
        let due = self.due.filter(|_| self.announced.is_some());
        let has_room = self.in_flight < limits::NEWS_WINDOW_BYTES;
        let advance = self.advance_at.filter(|_| self.announced.is_some() && has_room);
        due.into_iter().chain(advance).min()
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

    /// Sends pages while there is room, and where there is none, what cannot wait for it.
    pub(super) fn pump(
        &mut self,
        tx: &Tx<'_>,
        now: Instant,
        out: &mut Out,
    ) -> Result<(), CloseReason> {
        let looks = self.announced.is_some() && self.due.is_some_and(|due| due <= now);
        if looks {
            self.due = None;
            self.is_behind = true;
        }
        while self.in_flight < limits::NEWS_WINDOW_BYTES {
            let Some(page) = self.next_page(tx, now, out)? else { break };
            self.in_flight += out.send(&Frame::News(page));
        }
        if looks && let Some(page) = self.ahead(tx, out)? {
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
        let Some(mut announced) = self.announced else { return Ok(None) };
        while self.is_behind {
            let Some(page) = self.order_page(tx, announced, out)? else {
                self.is_behind = false;
                break;
            };
            if let Some(to) = page.to {
                announced = to.n;
                self.announced = Some(to.n);
            }
            if !page.items.is_empty() {
                self.advance_at = None;
                return Ok(Some(page));
            }
            // Nothing the peer lacks: its cursor can wait, with later ones.
            let at = now.plus_ms(limits::ADVANCE_MS);
            self.advance_at = Some(self.advance_at.unwrap_or(at).min(at));
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
        let Some((end, page)) = self.gather(tx, announced)? else {
            return Ok(None);
        };
        let Some(hash) = hash_at(tx, end)? else { return Ok(None) };
        let (items, inline) =
            page.finish(tx, &|item| self.is_known(item), self.is_waiting(), out)?;
        Ok(Some(News { to: Some(Position { n: end, hash }), items, inline }))
    }

    /// What must not wait until the peer has read all before it: of what was accepted
    /// since the last look, what comes first, and what owners wrote who wrote little.
    /// It will be announced in its turn again, and is held by then.
    fn ahead(&mut self, tx: &Tx<'_>, out: &mut Out) -> Result<Option<News>, RowsError> {
        let head = position(tx)?.n;
        let earliest = head.saturating_sub(limits::PAGE_ENTRIES as u64);
        let from = self.looked.max(self.announced.unwrap_or(0)).max(earliest);
        let is_behind = self.is_behind || !self.lists.is_empty();
        if !is_behind {
            self.looked = head;
            return Ok(None);
        }
        if self.in_flight >= limits::NEWS_WINDOW_BYTES + limits::AHEAD_BYTES {
            return Ok(None);
        }
        self.looked = head;
        let Some((_, mut page)) = self.gather(tx, from)? else {
            return Ok(None);
        };
        page.keep_small_owners(limits::AHEAD_ENTRIES);
        let (items, inline) =
            page.finish(tx, &|item| self.is_known(item), self.is_waiting(), out)?;
        Ok((!items.is_empty()).then_some(News { to: None, items, inline }))
    }

    /// What was accepted after the n-th entry and did not come from the peer, as far as a
    /// page holds it; with the number of the last entry looked at.
    fn gather(&self, tx: &Tx<'_>, from: u64) -> Result<Option<(u64, Page)>, RowsError> {
        let mut page = Page::default();
        let mut end = None;
        for (n, hash) in since(tx, from, limits::PAGE_ENTRIES)? {
            if page.is_full() {
                break;
            }
            end = Some(n);
            if !self.is_from_peer(n) {
                page.add(tx, hash, &self.interest)?;
            }
        }
        Ok(end.map(|end| (end, page)))
    }

    fn is_known(&self, item: &NewsItem) -> bool {
        self.peer_tips.contains(&(item.log, item.tip))
    }

    fn is_from_peer(&self, n: u64) -> bool {
        let after = self.from_peer.partition_point(|(from, _)| *from < n);
        after > 0 && self.from_peer.get(after - 1).is_some_and(|(_, to)| n <= *to)
    }
}
