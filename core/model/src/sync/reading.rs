//! Reading a peer: what it announced, what of it was asked for, and how far its order has
//! been read.
//!
//! Invariant: the cursor only moves to a point when every branch announced up to it is
//! held durably, or was refused for a reason that more knowledge cannot change.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::cursor::{Cursor, CursorRow, Interest, StoreId};
use super::effect::{CloseReason, Effect, Out};
use super::frame::{Ack, Frame, News, NewsItem, Runs, Want};
use super::limits;
use super::live::{FetchBook, SessionId};
use super::outbox::{entry_of_short, logs_of_short};
use super::short::Short;
use crate::journal::{Position, RefusalCode, Run, Verdict, log_row};
use crate::keys::DeviceId;
use crate::rows::{RowsError, Tx};
use crate::time::Instant;

/// Runs that are put through the gate in one transaction, in bytes of frames.
const ACCEPT_BYTES: usize = limits::BATCH_BYTES;
/// Announcements are acknowledged late while more logs than this are under way.
const BUSY_LOGS: usize = 8 * limits::LOGS;
/// Bytes of tips in one frame of wants.
const WANTS_BYTES: usize = 128 << 10;
/// Logs remembered as refused for good.
const REFUSED_LOGS: usize = 4_096;

/// What came and was not yet dealt with.
enum Arrived {
    Runs { runs: Vec<Run>, done: Vec<Short>, bytes: usize },
    News { to: Option<Position>, items: Vec<NewsItem>, bytes: usize },
}

/// Announced branches whose logs are not all here yet.
struct Page {
    to: Option<Position>,
    left: BTreeSet<Short>,
}

struct Wanted {
    tips: Vec<(u64, Short)>,
    /// Asked of this peer; else another session is at it.
    asked: bool,
}

struct Accepting {
    ticket: u64,
    bytes: usize,
    done: Vec<Short>,
}

/// One peer as it is read.
pub(super) struct Reading {
    session: SessionId,
    device: DeviceId,
    interest: Interest,
    store: Option<StoreId>,
    /// How far has been read; kept durably only while `complete`.
    at: Position,
    /// What is kept durably: none before the first time.
    saved: Option<Position>,
    /// Nothing was refused that more knowledge could make acceptable.
    pub(super) complete: bool,
    /// A list was read to its end in this session.
    has_read: bool,
    target: Option<u64>,
    pages: VecDeque<Page>,
    wanted: BTreeMap<Short, Wanted>,
    refused: BTreeSet<Short>,
    queue: VecDeque<Arrived>,
    queued_bytes: usize,
    accepting: Option<Accepting>,
    tickets: u64,
    late_news: usize,
    /// When something that is due last came.
    pub(super) progress: Instant,
    pub(super) recheck_at: Option<Instant>,
}

/// What reading needs from outside.
pub(super) struct Desk<'a, 'b> {
    pub(super) tx: &'a Tx<'b>,
    pub(super) fetches: &'a mut FetchBook,
    pub(super) now: Instant,
    pub(super) out: &'a mut Out,
}

impl Reading {
    pub(super) fn new(
        session: SessionId,
        device: DeviceId,
        interest: Interest,
        cursor: Option<Cursor>,
        now: Instant,
    ) -> Self {
        let at = cursor.map(|cursor| cursor.position).unwrap_or_default();
        Self {
            session,
            device,
            interest,
            store: cursor.map(|cursor| cursor.store),
            at,
            saved: cursor.map(|cursor| cursor.position),
            complete: true,
            has_read: false,
            target: None,
            pages: VecDeque::new(),
            wanted: BTreeMap::new(),
            refused: BTreeSet::new(),
            queue: VecDeque::new(),
            queued_bytes: 0,
            accepting: None,
            tickets: 0,
            late_news: 0,
            progress: now,
            recheck_at: None,
        }
    }

    /// The peer said which store it reads from and how far its order goes.
    pub(super) fn begin(&mut self, store: StoreId, target: u64) {
        self.store = Some(store);
        self.target = Some(target);
    }

    /// A reconciliation begins: what it finds is the whole truth.
    pub(super) fn restart(&mut self) {
        self.complete = true;
        self.refused.clear();
    }

    /// Whether something this peer owes has not come.
    pub(super) fn is_waiting(&self) -> bool {
        self.wanted.values().any(|wanted| wanted.asked)
    }

    /// Takes a frame of runs in.
    pub(super) fn runs(
        &mut self,
        runs: &Runs,
        size: usize,
        desk: &mut Desk<'_, '_>,
    ) -> Result<(), CloseReason> {
        let mut parsed = Vec::with_capacity(runs.runs.len());
        for bytes in &runs.runs {
            parsed.push(Run::from_bytes(bytes).map_err(|_| CloseReason::Misbehaved)?);
        }
        self.arrive(Arrived::Runs { runs: parsed, done: runs.done.clone(), bytes: size }, size)?;
        self.progress = desk.now;
        self.go_on(desk)
    }

    /// Takes a page of announcements in.
    pub(super) fn news(
        &mut self,
        news: News,
        size: usize,
        desk: &mut Desk<'_, '_>,
    ) -> Result<(), CloseReason> {
        if !news.inline.is_empty() {
            let mut runs = Vec::with_capacity(news.inline.len());
            for bytes in &news.inline {
                runs.push(Run::from_bytes(bytes).map_err(|_| CloseReason::Misbehaved)?);
            }
            self.arrive(Arrived::Runs { runs, done: Vec::new(), bytes: 0 }, 0)?;
        }
        self.arrive(Arrived::News { to: news.to, items: news.items, bytes: size }, size)?;
        self.go_on(desk)
    }

    fn arrive(&mut self, arrived: Arrived, size: usize) -> Result<(), CloseReason> {
        self.queued_bytes += size;
        let window =
            limits::RUNS_WINDOW_BYTES + limits::NEWS_WINDOW_BYTES + 2 * limits::FRAME_BYTES;
        if self.queued_bytes > window || self.queue.len() > window / 64 {
            return Err(CloseReason::Flood);
        }
        self.queue.push_back(arrived);
        Ok(())
    }

    /// The caller's transaction is durable.
    pub(super) fn on_accepted(
        &mut self,
        ticket: u64,
        verdicts: &[Verdict],
        desk: &mut Desk<'_, '_>,
    ) -> Result<(), CloseReason> {
        let Some(accepting) = self.accepting.take_if(|accepting| accepting.ticket == ticket) else {
            return Ok(());
        };
        for verdict in verdicts {
            desk.out.stats.entries_in += verdict.accepted.len() as u64;
            let Some(refusal) = &verdict.refused else { continue };
            match refusal.code {
                RefusalCode::Malformed | RefusalCode::Start | RefusalCode::Signature => {
                    return Err(CloseReason::Misbehaved);
                }
                RefusalCode::UnknownAuthor => self.complete = false,
                // The rest of a log whose beginning was refused, or of an announcement
                // whose beginning is not here: what is lacking in the end is told by
                // the tips, once all has come.
                RefusalCode::Chain => {}
                _ => {
                    if self.refused.len() < REFUSED_LOGS {
                        self.refused.insert(Short::of(&refusal.log.0));
                    }
                }
            }
            tracing::debug!(code = refusal.code.code(), log = ?refusal.log, "entries refused");
        }
        self.progress = desk.now;
        self.queued_bytes = self.queued_bytes.saturating_sub(accepting.bytes);
        for log in &accepting.done {
            self.resolve(log, desk)?;
        }
        if accepting.bytes > 0 {
            let runs = u32::try_from(accepting.bytes).unwrap_or(u32::MAX);
            desk.out.send(&Frame::Ack(Ack { runs, news: 0, read: None }));
        }
        self.advance(desk.out);
        self.go_on(desk)
    }

    /// Deals with what came, in order, up to the next transaction.
    fn go_on(&mut self, desk: &mut Desk<'_, '_>) -> Result<(), CloseReason> {
        while self.accepting.is_none() {
            match self.queue.pop_front() {
                None => break,
                Some(Arrived::News { to, items, bytes }) => {
                    self.page(to, &items, bytes, desk)?;
                }
                Some(Arrived::Runs { mut runs, mut done, mut bytes }) => {
                    while bytes < ACCEPT_BYTES
                        && let Some(Arrived::Runs { .. }) = self.queue.front()
                        && let Some(Arrived::Runs { runs: more, done: ended, bytes: size }) =
                            self.queue.pop_front()
                    {
                        runs.extend(more);
                        done.extend(ended);
                        bytes += size;
                    }
                    self.tickets += 1;
                    let ticket = self.tickets;
                    self.accepting = Some(Accepting { ticket, bytes, done });
                    if runs.is_empty() {
                        return self.on_accepted(ticket, &[], desk);
                    }
                    desk.out.push(Effect::Accept { ticket, runs });
                }
            }
        }
        Ok(())
    }

    fn page(
        &mut self,
        to: Option<Position>,
        items: &[NewsItem],
        bytes: usize,
        desk: &mut Desk<'_, '_>,
    ) -> Result<(), CloseReason> {
        let mut left = BTreeSet::new();
        let mut ask = Vec::new();
        for item in items {
            if holds(desk.tx, item)? {
                continue;
            }
            left.insert(item.log);
            let tip = (item.seq, item.tip);
            if let Some(wanted) = self.wanted.get_mut(&item.log) {
                if wanted.tips.len() < limits::HAVE_TIPS {
                    wanted.tips.push(tip);
                }
                continue;
            }
            if self.wanted.len() >= limits::WANTED_LOGS {
                return Err(CloseReason::Flood);
            }
            let asked = desk.fetches.claim(item.log, self.session, desk.now);
            self.wanted.insert(item.log, Wanted { tips: vec![tip], asked });
            if asked {
                ask.push(item.log);
            } else {
                self.recheck_at = Some(desk.now.plus_ms(limits::RECHECK_MS));
            }
        }
        self.ask(&ask, desk)?;
        self.keep_page(to, left);
        self.queued_bytes = self.queued_bytes.saturating_sub(bytes);
        self.late_news += bytes;
        self.advance(desk.out);
        Ok(())
    }

    fn keep_page(&mut self, to: Option<Position>, left: BTreeSet<Short>) {
        // A page that waits for nothing more than the one before it becomes part of it.
        if let Some(last) = self.pages.back_mut()
            && left.is_subset(&last.left)
        {
            last.to = to.or(last.to);
            return;
        }
        self.pages.push_back(Page { to, left });
    }

    fn ask(&mut self, logs: &[Short], desk: &mut Desk<'_, '_>) -> Result<(), CloseReason> {
        let mut wants = Vec::new();
        let mut bytes = 0;
        for log in logs {
            let mut have = Vec::new();
            for id in logs_of_short(desk.tx, log)? {
                desk.out.stats.logs_opened += 1;
                let row = log_row(desk.tx, &id)?;
                let tips = row.map(|row| row.tips).unwrap_or_default();
                have.extend(tips.iter().map(|tip| (tip.seq, Short::of(&tip.hash.0))));
            }
            have.truncate(limits::HAVE_TIPS);
            bytes += 20 + have.len() * 26;
            wants.push(Want { log: *log, have });
            if bytes >= WANTS_BYTES || wants.len() >= limits::LOGS {
                desk.out.send(&Frame::Wants(std::mem::take(&mut wants)));
                bytes = 0;
            }
        }
        if !wants.is_empty() {
            desk.out.send(&Frame::Wants(wants));
        }
        if !logs.is_empty() {
            self.progress = desk.now;
        }
        Ok(())
    }

    /// All that the peer had of a log has come, or another session was at it.
    fn resolve(&mut self, log: &Short, desk: &mut Desk<'_, '_>) -> Result<(), CloseReason> {
        let Some(wanted) = self.wanted.remove(log) else { return Ok(()) };
        desk.fetches.release(log, self.session);
        if !self.refused.contains(log) {
            for (seq, tip) in wanted.tips {
                if !holds(desk.tx, &NewsItem { log: *log, seq, tip })? {
                    self.complete = false;
                }
            }
        }
        for page in &mut self.pages {
            page.left.remove(log);
        }
        Ok(())
    }

    /// Looks again at logs that another session was fetching.
    pub(super) fn recheck(&mut self, desk: &mut Desk<'_, '_>) -> Result<(), CloseReason> {
        self.recheck_at = None;
        let (mut ask, mut here, mut is_left) = (Vec::new(), Vec::new(), false);
        for (log, wanted) in &mut self.wanted {
            if wanted.asked {
                desk.fetches.renew(*log, self.session, desk.now);
                continue;
            }
            let mut held = true;
            for (seq, tip) in &wanted.tips {
                held &= holds(desk.tx, &NewsItem { log: *log, seq: *seq, tip: *tip })?;
            }
            if held {
                here.push(*log);
            } else if desk.fetches.claim(*log, self.session, desk.now) {
                wanted.asked = true;
                ask.push(*log);
            } else {
                is_left = true;
            }
        }
        for log in &here {
            self.resolve(log, desk)?;
        }
        self.ask(&ask, desk)?;
        if is_left || !self.wanted.is_empty() {
            self.recheck_at = Some(desk.now.plus_ms(limits::RECHECK_MS));
        }
        self.advance(desk.out);
        Ok(())
    }

    /// Moves past complete pages; keeps the cursor and tells the peer.
    pub(super) fn advance(&mut self, out: &mut Out) {
        while self.pages.front().is_some_and(|page| page.left.is_empty()) {
            if let Some(page) = self.pages.pop_front()
                && let Some(to) = page.to
            {
                self.at = to;
                self.has_read = true;
            }
        }
        let mut read = None;
        if self.complete
            && self.saved != Some(self.at)
            && self.has_read
            && let Some(store) = self.store
        {
            self.saved = Some(self.at);
            read = Some(self.at.n);
            let cursor = Cursor { store, position: self.at };
            let row = CursorRow { cursor, interest: self.interest.clone() };
            out.push(Effect::SaveCursor { device: self.device, row });
        }
        let news = if self.wanted.len() < BUSY_LOGS { self.late_news } else { 0 };
        if read.is_some() || news > 0 {
            self.late_news -= news;
            let news = u32::try_from(news).unwrap_or(u32::MAX);
            out.send(&Frame::Ack(Ack { runs: 0, news, read }));
        }
        if self.pages.is_empty() && self.target.is_some_and(|target| self.at.n >= target) {
            self.target = None;
            out.push(Effect::CaughtUp { complete: self.complete });
        }
    }
}

/// Whether the branch an announcement names is held.
fn holds(tx: &Tx<'_>, item: &NewsItem) -> Result<bool, RowsError> {
    for log in logs_of_short(tx, &item.log)? {
        if entry_of_short(tx, &log, item.seq, &item.tip)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
