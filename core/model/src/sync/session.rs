//! A session: one stream between two nodes, from the meeting to its end, as a state
//! machine. `handle_*` and `on_*` take events, `poll_effect` gives what is to be done,
//! `next_timeout` says when to come back.
//!
//! Invariant: no bytes make it panic; a session that is over does nothing more.

use ed25519_dalek::SigningKey;

use super::effect::{CloseReason, Effect, Out, Stats};
use super::exchange::{Exchange, Open, Step as ExchangeStep};
use super::frame::{Bye, DeviceAddresses, Frame, FrameError, Ping};
use super::join::{JoinAnswer, JoinForm, Joining, Welcome};
use super::limits;
use super::live::{FetchBook, SessionId};
use super::meeting::{Credential, MeetKey, Meeting, Met, PeerCheck, PeerIds, Role, Step};
use crate::journal::{Position, Run, Verdict};
use crate::keys::{BlobId, DeviceId, EntryHash, HoodHash};
use crate::rows::{Rows, Tx};
use crate::time::Instant;

/// Sessions of one stream ask for signs of life so far apart …
const PING_APART_MS: i64 = 1_000;
/// … the last of them not much later than the first.
const BESIDE: u32 = 30;

/// What a session begins with.
pub struct Config {
    /// Names it among this node's sessions.
    pub id: SessionId,
    /// Who opened the stream.
    pub role: Role,
    /// The ids that the transport proved.
    pub peers: PeerIds,
    /// What this node can meet on: at most [`limits::SLOTS`] as initiator, the most wanted
    /// first; at most [`limits::MEET_KEYS`] as responder.
    pub credentials: Vec<Credential>,
    /// This device's key.
    pub signing: SigningKey,
    /// 32 fresh random bytes.
    pub seed: [u8; 32],
}

/// What the caller lends for one event. Before [`Effect::Met`] no row is read.
pub struct Context<'a> {
    /// The time.
    pub now: Instant,
    /// The neighbourhood's rows.
    pub rows: &'a dyn Rows,
    /// Who may be met.
    pub check: &'a dyn PeerCheck,
    /// What the neighbourhood's sessions are fetching.
    pub fetches: &'a mut FetchBook,
}

/// The result of one [`Effect::Accept`], once it is durable.
#[derive(Debug, Clone, Default)]
pub struct Accepted {
    /// What the gate said of each run, in order.
    pub verdicts: Vec<Verdict>,
    /// Where this node's order of acceptance stood before.
    pub from: u64,
    /// Where it stands now.
    pub to: Position,
}

enum Phase {
    Meeting(Box<Meeting>),
    Met(MeetKey, Box<Met>),
    Joining(Box<Joining>),
    Exchange(Box<Exchange>),
    Over,
}

/// One session.
pub struct Session {
    id: SessionId,
    role: Role,
    phase: Phase,
    keys: Vec<MeetKey>,
    out: Out,
    begun: Instant,
    heard: Instant,
    asked: Option<Instant>,
    unknown_frames: u32,
    /// Quiet for so long, it asks for a sign of life.
    ping_after_ms: i64,
    /// What was counted when entries began to be exchanged.
    met: Option<Stats>,
}

impl Session {
    /// A session on a new stream. The initiator's first frame is already among the effects.
    pub fn new(now: Instant, config: Config) -> Self {
        let keys = config.credentials.iter().map(|c| c.key.clone()).collect();
        let mut meeting = Meeting::new(
            config.role,
            config.peers,
            config.credentials,
            config.signing,
            &config.seed,
        );
        let mut out = Out::default();
        if let Some(first) = meeting.start() {
            out.send(&first);
        }
        Self {
            id: config.id,
            role: config.role,
            phase: Phase::Meeting(Box::new(meeting)),
            keys,
            out,
            begun: now,
            heard: now,
            asked: None,
            unknown_frames: 0,
            ping_after_ms: limits::PING_MS,
            met: None,
        }
    }

    /// It is one of several on a stream, the `nth` after the first: one asks for a sign of
    /// life, and what it hears serves the others.
    #[must_use]
    pub fn beside(mut self, nth: u32) -> Self {
        self.ping_after_ms += i64::from(nth.min(BESIDE)) * PING_APART_MS;
        self
    }

    /// The peer was heard on another session of the same stream: it lives.
    pub fn heard_beside(&mut self, now: Instant) {
        if self.is_exchanging() {
            self.heard = now;
            self.asked = None;
        }
    }

    /// The next thing to do.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.out.effects.pop_front()
    }

    /// What was counted so far.
    pub const fn stats(&self) -> Stats {
        self.out.stats
    }

    /// What was counted since two members met: the handshake is not in it.
    pub fn exchanged(&self) -> Stats {
        self.met.map_or(Stats::default(), |met| self.out.stats.since(&met))
    }

    /// Its name.
    pub const fn id(&self) -> SessionId {
        self.id
    }

    /// Whether it is over.
    pub const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    /// Whether members have met and nothing is on its way in either direction.
    pub fn is_quiet(&self) -> bool {
        matches!(&self.phase, Phase::Exchange(exchange) if exchange.is_quiet())
    }

    /// Whether it is not known yet who the other is.
    pub const fn is_meeting(&self) -> bool {
        matches!(self.phase, Phase::Meeting(_))
    }

    /// Whether members have met and exchange entries.
    pub const fn is_exchanging(&self) -> bool {
        matches!(self.phase, Phase::Exchange(_))
    }

    /// The member device at the other end, once entries are exchanged.
    pub fn peer_device(&self) -> Option<DeviceId> {
        match &self.phase {
            Phase::Exchange(exchange) => Some(exchange.device()),
            _ => None,
        }
    }

    /// Takes a frame in.
    pub fn handle_frame(&mut self, bytes: &[u8], context: &mut Context<'_>) {
        if self.is_over() {
            return;
        }
        self.heard = context.now;
        self.asked = None;
        self.out.stats.frames_in += 1;
        self.out.stats.bytes_in += bytes.len() as u64;
        let frame = Frame::from_bytes(bytes);
        if let Phase::Meeting(_) = self.phase {
            self.meet(frame.ok().flatten(), context);
            return;
        }
        let frame = match frame {
            Ok(Some(Frame::Bye(bye))) => {
                self.end(CloseReason::from_number(bye.reason), context.fetches, false);
                return;
            }
            Ok(Some(frame)) => frame,
            Ok(None) => {
                self.unknown_frames += 1;
                if self.unknown_frames > limits::UNKNOWN_FRAMES {
                    self.end(CloseReason::Flood, context.fetches, true);
                }
                return;
            }
            Err(FrameError::Unsupported(_)) => {
                self.end(CloseReason::Unsupported, context.fetches, true);
                return;
            }
            Err(_) => {
                self.end(CloseReason::Protocol, context.fetches, true);
                return;
            }
        };
        let tx = Tx::new(context.rows);
        let result = match &mut self.phase {
            Phase::Exchange(exchange) => {
                let mut step = ExchangeStep {
                    tx: &tx,
                    fetches: context.fetches,
                    now: context.now,
                    out: &mut self.out,
                };
                exchange.handle(frame, bytes.len(), &mut step)
            }
            Phase::Joining(joining) => joining.handle(frame, bytes.len(), &tx, &mut self.out),
            // The caller was told of the meeting and did not go on.
            Phase::Met(..) | Phase::Meeting(_) | Phase::Over => Err(CloseReason::Protocol),
        };
        self.finish(result, context.fetches);
    }

    fn meet(&mut self, frame: Option<Frame>, context: &mut Context<'_>) {
        let Phase::Meeting(meeting) = &mut self.phase else { return };
        match meeting.handle(frame, context.check) {
            Step::Send(frame) => {
                self.out.send(&frame);
            }
            Step::Failed(frame) => {
                if let Some(frame) = frame {
                    self.out.send(&frame);
                }
                self.end(CloseReason::NotMet, context.fetches, false);
            }
            Step::Done(frame, met) => {
                if let Some(frame) = frame {
                    self.out.send(&frame);
                }
                let Some(key) = self.keys.get(met.credential).cloned() else { return };
                let also = met.also.iter().filter_map(|it| self.keys.get(*it).cloned()).collect();
                self.keys.clear();
                self.out.push(Effect::Met { key: key.clone(), also, met: met.clone() });
                self.phase = Phase::Met(key, Box::new(met));
            }
        }
    }

    /// Goes on after two members have met.
    pub fn open(&mut self, open: Open, context: &mut Context<'_>) {
        let Phase::Met(MeetKey::Hood(_), met) = &self.phase else { return };
        let device = met.peer.device;
        self.met = Some(self.out.stats);
        let tx = Tx::new(context.rows);
        let mut step = ExchangeStep {
            tx: &tx,
            fetches: context.fetches,
            now: context.now,
            out: &mut self.out,
        };
        match Exchange::new(self.id, self.role, device, open, &mut step) {
            Ok(exchange) => self.phase = Phase::Exchange(Box::new(exchange)),
            Err(reason) => self.end(reason, context.fetches, true),
        }
    }

    /// Goes on as the bearer of an invitation to this neighbourhood and first act.
    pub fn open_bearer(&mut self, hood: HoodHash, act: EntryHash) {
        if let Phase::Met(key @ MeetKey::Invitation(_), met) = &self.phase {
            self.phase = Phase::Joining(Box::new(Joining::bearer(key, met, hood, act)));
        }
    }

    /// Goes on as the device that redeems the invitation: sends charter and identities.
    pub fn open_redeemer(&mut self, welcome: Welcome, context: &mut Context<'_>) {
        let Phase::Met(key @ MeetKey::Invitation(_), met) = &self.phase else { return };
        let tx = Tx::new(context.rows);
        match Joining::redeemer(key, met, welcome, &tx, &mut self.out) {
            Ok(joining) => self.phase = Phase::Joining(Box::new(joining)),
            Err(reason) => self.end(reason, context.fetches, true),
        }
    }

    /// Goes on as one of two devices to be linked.
    pub fn open_link(&mut self) {
        if let Phase::Met(key @ MeetKey::Link(_), met) = &self.phase {
            self.phase = Phase::Joining(Box::new(Joining::link(self.role, key, met)));
        }
    }

    /// The bearer applies, with its whole identity log.
    pub fn apply(&mut self, identity: &[Run], form: JoinForm, fetches: &mut FetchBook) {
        if let Phase::Joining(joining) = &mut self.phase {
            let result = joining.apply(identity, form, &mut self.out);
            self.finish(result, fetches);
        }
    }

    /// The redeemer answers; the bearer ends the session when it has the answer.
    pub fn admit_result(&mut self, answer: JoinAnswer, fetches: &mut FetchBook) {
        if let Phase::Joining(joining) = &mut self.phase {
            let result = joining.answer(answer, &mut self.out);
            self.finish(result, fetches);
        }
    }

    /// Sends a message of a device link.
    pub fn send_link(&mut self, bytes: Vec<u8>, fetches: &mut FetchBook) {
        if let Phase::Joining(joining) = &mut self.phase {
            let result = joining.send_link(bytes, &mut self.out);
            self.finish(result, fetches);
        }
    }

    /// What [`Effect::Accept`] asked for is durable.
    pub fn on_accepted(&mut self, ticket: u64, accepted: &Accepted, context: &mut Context<'_>) {
        let tx = Tx::new(context.rows);
        let result = match &mut self.phase {
            Phase::Exchange(exchange) => {
                let mut step = ExchangeStep {
                    tx: &tx,
                    fetches: context.fetches,
                    now: context.now,
                    out: &mut self.out,
                };
                exchange.on_accepted(
                    ticket,
                    &accepted.verdicts,
                    accepted.from,
                    accepted.to,
                    &mut step,
                )
            }
            Phase::Joining(joining) => {
                joining.on_accepted(ticket, &accepted.verdicts, &mut self.out)
            }
            _ => Ok(()),
        };
        self.finish(result, context.fetches);
    }

    /// Entries were accepted on this node, written here or brought by another session.
    pub fn handle_local(&mut self, now: Instant) {
        if let Phase::Exchange(exchange) = &mut self.phase {
            exchange.on_local(now);
        }
    }

    /// Asks for a blob of which `held` chunks are here (bit i for chunk i). False where
    /// this session cannot take one more.
    pub fn fetch_blob(&mut self, blob: BlobId, held: u8, context: &mut Context<'_>) -> bool {
        let tx = Tx::new(context.rows);
        let Phase::Exchange(exchange) = &mut self.phase else { return false };
        let mut step = ExchangeStep {
            tx: &tx,
            fetches: context.fetches,
            now: context.now,
            out: &mut self.out,
        };
        exchange.fetch_blob(blob, held, &mut step).unwrap_or(false)
    }

    /// The peer turned out to be removed, or not to be: it is only heard, or told all.
    pub fn hear_only(&mut self, only: bool, now: Instant) {
        if let Phase::Exchange(exchange) = &mut self.phase {
            exchange.hear_only(only, now);
        }
    }

    /// Tells the peer who is reachable where.
    pub fn tell_addresses(&mut self, devices: &[DeviceAddresses]) {
        if let Phase::Exchange(exchange) = &mut self.phase {
            exchange.tell_addresses(devices, &mut self.out);
        }
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, context: &mut Context<'_>) {
        let now = context.now;
        let result = match &mut self.phase {
            Phase::Over => return,
            Phase::Meeting(_) | Phase::Met(..) => {
                if now >= self.begun.plus_ms(limits::MEETING_MS) {
                    self.end(CloseReason::NotMet, context.fetches, false);
                }
                return;
            }
            Phase::Joining(_) => {
                let late = now >= self.heard.plus_ms(limits::STALL_MS);
                if late { Err(CloseReason::Stalled) } else { Ok(()) }
            }
            Phase::Exchange(exchange) => {
                let tx = Tx::new(context.rows);
                let mut step =
                    ExchangeStep { tx: &tx, fetches: context.fetches, now, out: &mut self.out };
                let result = exchange.on_timeout(&mut step);
                if now >= self.heard.plus_ms(limits::SILENCE_MS) {
                    Err(CloseReason::Silent)
                } else {
                    if self.asked.is_none() && now >= self.heard.plus_ms(self.ping_after_ms) {
                        self.asked = Some(now);
                        self.out.send(&Frame::Ping(Ping { answer: true }));
                    }
                    result
                }
            }
        };
        self.finish(result, context.fetches);
    }

    /// When [`Self::handle_timeout`] is next to be called: at once where something was
    /// asked of the session outside its own events, and waits to be sent.
    pub fn next_timeout(&self) -> Option<Instant> {
        if !self.out.effects.is_empty() {
            return Some(self.begun);
        }
        match &self.phase {
            Phase::Over => None,
            Phase::Meeting(_) | Phase::Met(..) => Some(self.begun.plus_ms(limits::MEETING_MS)),
            Phase::Joining(_) => Some(self.heard.plus_ms(limits::STALL_MS)),
            Phase::Exchange(exchange) => {
                let life = match self.asked {
                    None => self.heard.plus_ms(self.ping_after_ms),
                    Some(_) => self.heard.plus_ms(limits::SILENCE_MS),
                };
                Some(exchange.next_timeout().map_or(life, |at| at.min(life)))
            }
        }
    }

    /// Ends the session; the peer is told.
    pub fn close(&mut self, reason: CloseReason, fetches: &mut FetchBook) {
        self.end(reason, fetches, reason != CloseReason::Cut);
    }

    fn finish(&mut self, result: Result<(), CloseReason>, fetches: &mut FetchBook) {
        if let Err(reason) = result {
            self.end(reason, fetches, true);
        }
    }

    fn end(&mut self, reason: CloseReason, fetches: &mut FetchBook, tell: bool) {
        if self.is_over() {
            return;
        }
        // Before two nodes have met, a reason would say something to a stranger.
        let met = !matches!(self.phase, Phase::Meeting(_));
        if tell && met {
            self.out.send(&Frame::Bye(Bye { reason: reason as u8 }));
        }
        self.phase = Phase::Over;
        fetches.release_all(self.id);
        self.out.push(Effect::Close(reason));
    }
}
