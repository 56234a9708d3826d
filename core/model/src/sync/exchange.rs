//! What two members say once they have met: hello, the gear, and then what is new.
//!
//! Either both cursors are good, and each tells the other its order of acceptance from
//! there; or the initiator reconciles both sets, and each tells from the point at which it
//! looked. Announcements, wants and runs are the same in both gears and live.

use super::addresses::AddressDesk;
use super::blob::BlobDesk;
use super::cursor::{self, Cursor, Interest, StoreId};
use super::effect::{CloseReason, Effect, Out};
use super::frame::{Ack, Frame, Hello, NewsItem, Ping, Reconcile};
use super::limits;
use super::live::{FetchBook, SessionId};
use super::meeting::Role;
use super::outbox::Outbox;
use super::reading::{Desk, Reading};
use super::reconcile::Reconciler;
use super::retry::Retry;
use super::telling::Telling;
use crate::journal::{Position, Verdict};
use crate::keys::{BlobId, DeviceId};
use crate::rows::{RowsError, Tx};
use crate::time::Instant;

/// What a session is opened with, once its caller knows the neighbourhood.
#[derive(Debug, Clone)]
pub struct Open {
    /// This node's store.
    pub store: StoreId,
    /// What this node wants to hold.
    pub interest: Interest,
    /// The peer is taken for removed, or not known: it is heard, and told nothing.
    pub hears_only: bool,
}

/// One exchange of entries.
pub(super) struct Exchange {
    pub(super) role: Role,
    device: DeviceId,
    open: Open,
    own_cursor: Option<Cursor>,
    hello_sent: bool,
    pub(super) peer: Option<Hello>,
    pub(super) both: Interest,
    pub(super) reading: Reading,
    pub(super) telling: Telling,
    pub(super) outbox: Outbox,
    runs_in_flight: usize,
    pub(super) blobs: BlobDesk,
    pub(super) reconciler: Option<Reconciler>,
    pub(super) reconciled_at: Option<Instant>,
    pub(super) reconcile_due: Option<Instant>,
    pub(super) retry: Retry,
    pub(super) acked_at: Instant,
    pub(super) addresses: AddressDesk,
    /// The peer is heard and told nothing.
    pub(super) hears_only: bool,
}

/// What each step is given.
pub(super) struct Step<'a, 'b> {
    pub(super) tx: &'a Tx<'b>,
    pub(super) fetches: &'a mut FetchBook,
    pub(super) now: Instant,
    pub(super) out: &'a mut Out,
}

impl<'b> Step<'_, 'b> {
    fn desk(&mut self) -> Desk<'_, 'b> {
        Desk { tx: self.tx, fetches: self.fetches, now: self.now, out: self.out }
    }
}

impl Exchange {
    /// Begins; the initiator speaks first.
    pub(super) fn new(
        session: SessionId,
        role: Role,
        device: DeviceId,
        open: Open,
        step: &mut Step<'_, '_>,
    ) -> Result<Self, CloseReason> {
        let own_cursor = cursor::load(step.tx, &device, &open.interest)?;
        let interest = open.interest.clone();
        let mut exchange = Self {
            role,
            device,
            own_cursor,
            hello_sent: false,
            peer: None,
            both: interest.clone(),
            reading: Reading::new(session, device, interest.clone(), own_cursor, step.now),
            telling: Telling::new(interest),
            outbox: Outbox::default(),
            runs_in_flight: 0,
            blobs: BlobDesk::default(),
            reconciler: None,
            reconciled_at: None,
            reconcile_due: None,
            retry: Retry::new(step.tx)?,
            acked_at: step.now,
            addresses: AddressDesk::default(),
            hears_only: open.hears_only,
            open,
        };
        if role == Role::Initiator {
            exchange.say_hello(false, step)?;
            // Without a cursor it is known already that sets must be compared.
            if own_cursor.is_none() && exchange.open.interest == Interest::full() {
                exchange.start_reconcile(step)?;
            }
        }
        Ok(exchange)
    }

    fn say_hello(&mut self, cursor_good: bool, step: &mut Step<'_, '_>) -> Result<(), CloseReason> {
        self.hello_sent = true;
        let hello = Hello {
            store: self.open.store,
            position: self.told_position(step)?,
            cursor: self.own_cursor,
            cursor_good,
            interest: self.open.interest.clone(),
        };
        step.out.send(&Frame::Hello(hello));
        Ok(())
    }

    pub(super) fn handle(
        &mut self,
        frame: Frame,
        size: usize,
        step: &mut Step<'_, '_>,
    ) -> Result<(), CloseReason> {
        if self.peer.is_none() && !matches!(frame, Frame::Hello(_)) {
            return Err(CloseReason::Protocol);
        }
        match frame {
            Frame::Hello(hello) => self.hello(hello, step)?,
            Frame::Reconcile(message) => self.reconcile(&message, step)?,
            Frame::Need(need) => self.need(&need, step)?,
            Frame::News(news) => {
                self.telling.peer_has(&news.items);
                self.reading.news(news, size, &mut step.desk())?;
            }
            Frame::Wants(wants) => {
                for want in &wants {
                    if self.hears_only {
                        self.outbox.deny(want)?;
                        continue;
                    }
                    step.out.stats.logs_opened += 1;
                    self.outbox.want(step.tx, want)?;
                }
                self.acked_at = step.now;
            }
            Frame::Runs(runs) => self.reading.runs(&runs, size, &mut step.desk())?,
            Frame::Ack(ack) => {
                self.runs_in_flight = self.runs_in_flight.saturating_sub(ack.runs as usize);
                self.telling.acked(ack.news, ack.read, step.out);
                self.acked_at = step.now;
            }
            Frame::BlobWant(want) => {
                if !self.hears_only && !self.blobs.want(want) {
                    return Err(CloseReason::Flood);
                }
            }
            Frame::BlobHead(head) => {
                self.reading.progress = step.now;
                if !self.blobs.head(head, step.out) {
                    return Err(CloseReason::Protocol);
                }
            }
            Frame::BlobChunk(chunk) => {
                self.reading.progress = step.now;
                // A chunk of a blob given up meanwhile is only acknowledged.
                self.blobs.chunk(chunk, step.out);
                let runs = u32::try_from(size).unwrap_or(u32::MAX);
                step.out.send(&Frame::Ack(Ack { runs, news: 0, read: None }));
            }
            Frame::Addresses(list) => {
                self.addresses.heard(&list.devices);
                step.out.push(Effect::Addresses(list.devices));
            }
            Frame::Ping(ping) => {
                if ping.answer {
                    step.out.send(&Frame::Ping(Ping { answer: false }));
                }
            }
            Frame::Bye(_)
            | Frame::Channel(_)
            | Frame::Sealed(_)
            | Frame::Meet(_)
            | Frame::MeetAnswer(_)
            | Frame::Proof(_)
            | Frame::No(()) => return Err(CloseReason::Protocol),
        }
        self.pump(step)
    }

    fn hello(&mut self, hello: Hello, step: &mut Step<'_, '_>) -> Result<(), CloseReason> {
        if self.peer.is_some() {
            return Err(CloseReason::Protocol);
        }
        self.both = self.open.interest.intersect(&hello.interest);
        self.telling = Telling::new(self.both.clone());
        // A cursor taken with another interest says nothing of what this one lacks.
        let same = self.both == self.open.interest && self.both == hello.interest;
        let good = |theirs: &Cursor| cursor::is_good(step.tx, &self.open.store, theirs);
        let theirs = match hello.cursor.filter(|_| same) {
            Some(cursor) if !self.hears_only && good(&cursor)? => Some(cursor.position.n),
            _ => None,
        };
        if let Some(n) = theirs {
            self.telling.begin(n, step.now);
            self.telling.acked(0, Some(n), step.out);
        }
        self.reading.begin(hello.store, hello.position.n);
        match self.role {
            Role::Responder => {
                let own = self.own_cursor.filter(|own| own.store == hello.store);
                self.own_cursor = own;
                self.say_hello(theirs.is_some(), step)?;
                self.peer = Some(hello);
            }
            Role::Initiator => {
                let both_good = theirs.is_some() && hello.cursor_good;
                self.peer = Some(hello);
                if !both_good && self.reconciler.is_none() {
                    self.start_reconcile(step)?;
                }
            }
        }
        self.tell_untold(step.out);
        self.reading.advance(step.out);
        Ok(())
    }

    /// Sends what there is room for.
    fn pump(&mut self, step: &mut Step<'_, '_>) -> Result<(), CloseReason> {
        if self.peer.is_none() {
            return Ok(());
        }
        self.telling.pump(step.tx, step.now, step.out)?;
        while self.runs_in_flight < limits::RUNS_WINDOW_BYTES {
            if let Some(batch) = self.outbox.next_batch(step.tx)? {
                if self.runs_in_flight == 0 {
                    self.acked_at = step.now;
                }
                self.runs_in_flight += step.out.send(&Frame::Runs(batch));
            } else if let Some(bytes) = self.blobs.serve(step.tx, step.out)? {
                self.runs_in_flight += bytes;
            } else {
                break;
            }
        }
        Ok(())
    }

    /// Entries were accepted on this node, in whatever way.
    pub(super) fn on_local(&mut self, now: Instant) {
        if !self.hears_only {
            self.telling.notice(now);
        }
        self.retry_if_incomplete(now);
        if self.reading.recheck_at.is_some() {
            self.reading.recheck_at = Some(now.plus_ms(limits::ANNOUNCE_MS));
        }
    }

    /// What this session asked to be accepted is durable; this node's order went from
    /// `from` to `to`.
    pub(super) fn on_accepted(
        &mut self,
        ticket: u64,
        verdicts: &[Verdict],
        from: u64,
        to: Position,
        step: &mut Step<'_, '_>,
    ) -> Result<(), CloseReason> {
        if to.n > from {
            self.telling.came_from_peer(from, to.n);
            if !self.hears_only {
                self.telling.notice(step.now);
            }
        }
        self.reading.on_accepted(ticket, verdicts, &mut step.desk())?;
        self.retry_if_incomplete(step.now);
        self.pump(step)
    }

    pub(super) fn on_timeout(&mut self, step: &mut Step<'_, '_>) -> Result<(), CloseReason> {
        let late = |since: Instant| step.now >= since.plus_ms(limits::STALL_MS);
        let reading_stalls =
            (self.reading.is_waiting() || self.blobs.is_waiting()) && late(self.reading.progress);
        let telling_stalls =
            (self.runs_in_flight > 0 || self.reconciler.is_some()) && late(self.acked_at);
        if reading_stalls || telling_stalls {
            return Err(CloseReason::Stalled);
        }
        if self.reading.recheck_at.is_some_and(|at| at <= step.now) {
            self.reading.recheck(&mut step.desk())?;
        }
        if self.retry.at.is_some_and(|at| at <= step.now) {
            self.retry(step)?;
        }
        if self.reconcile_due.is_some_and(|at| at <= step.now) && self.reconciler.is_none() {
            self.reconcile_due = None;
            match self.role {
                Role::Initiator => self.start_reconcile(step)?,
                Role::Responder => {
                    let ask = Reconcile { round: 0, message: Vec::new() };
                    step.out.send(&Frame::Reconcile(ask));
                    self.reconciled_at = None;
                }
            }
        }
        self.pump(step)
    }

    pub(super) fn next_timeout(&self) -> Option<Instant> {
        let reading_stalls = (self.reading.is_waiting() || self.blobs.is_waiting())
            .then(|| self.reading.progress.plus_ms(limits::STALL_MS));
        let telling_stalls = (self.runs_in_flight > 0 || self.reconciler.is_some())
            .then(|| self.acked_at.plus_ms(limits::STALL_MS));
        [
            self.telling.next_timeout(),
            self.reading.recheck_at,
            self.reconcile_due.filter(|_| self.reconciler.is_none()),
            self.retry.at,
            reading_stalls,
            telling_stalls,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Whether nothing is on its way in either direction.
    pub(super) fn is_quiet(&self) -> bool {
        self.peer.is_some()
            && self.reconciler.is_none()
            && !self.reading.is_waiting()
            && !self.telling.is_waiting()
            && !self.telling.is_due()
            && self.outbox.is_empty()
            && self.runs_in_flight == 0
            && !self.blobs.is_waiting()
    }

    pub(super) fn fetch_blob(
        &mut self,
        blob: BlobId,
        held: u8,
        step: &mut Step<'_, '_>,
    ) -> Result<bool, RowsError> {
        self.reading.progress = step.now;
        Ok(self.peer.is_some() && self.blobs.fetch(blob, held, step.out))
    }

    /// The device at the other end.
    pub(super) const fn device(&self) -> DeviceId {
        self.device
    }
}

pub(super) fn in_order(mut found: Vec<(u64, NewsItem)>) -> Vec<NewsItem> {
    found.sort_unstable();
    found.into_iter().map(|(_, item)| item).collect()
}
