//! Connections come and go, substreams are opened and answered; of them at most one per peer is
//! the live link.

use std::time::{Duration, Instant};

use libp2p::swarm::ConnectionId;
use libp2p::{PeerId, Stream};
use tokio::sync::mpsc;

use super::{Connection, Driver, LiveLink, PROBE_WAIT, Purpose, Report, Target};
use crate::net::event::{DialFailure, DownReason, LinkId, NetEvent};
use crate::net::hello::{Answer, Hello, Standing, Verdict, judge};
use crate::net::link::{self, Link, Order, Seed};
use crate::net::streams::{OpenError, Ticket};

/// Attempts to open a link or to move it, before giving up until the next dial or connection.
const MAX_ATTEMPTS: u8 = 3;
/// After a move the old connection is closed this much later: the peer may still be reading.
const LEAVE_AFTER: Duration = Duration::from_secs(2);

impl Driver {
    pub(super) fn on_connected(&mut self, peer: PeerId, id: ConnectionId, connection: Connection) {
        let direct = !connection.relayed;
        let decider = self.me < peer;
        let state = self.peers.entry(peer).or_default();
        state.dialing.remove(&id);
        state.connections.insert(id, connection);
        if let Some(link) = state.live {
            if direct && decider {
                self.try_move(link, id, 0);
            }
        } else if state.wanted && state.opening.is_none() {
            self.open_link(peer, false);
        }
    }

    pub(super) fn on_disconnected(&mut self, peer: PeerId, id: ConnectionId) {
        self.redial.succeeded(&Target::Leave(peer, id));
        let Some(state) = self.peers.get_mut(&peer) else { return };
        if state.connections.remove(&id).is_none() {
            return;
        }
        if state.held.as_ref().is_some_and(|(connection, ..)| *connection == id) {
            state.held = None;
        }
        if let Some(live) = state.live.and_then(|link| self.links.get(&link))
            && live.connection == id
        {
            let _ = live.orders.send(Order::Gone);
        }
        let lost: Vec<Ticket> = self
            .openings
            .iter()
            .filter(|(_, opening)| opening.connection == id)
            .map(|(ticket, _)| *ticket)
            .collect();
        for ticket in lost {
            self.on_opened(ticket, Err(OpenError::Failed));
        }
        self.sweep(peer);
    }

    /// A connection is dead, whatever the kernel still believes.
    pub(super) fn kill(&mut self, peer: PeerId, id: ConnectionId, reason: DownReason) {
        if let Some(state) = self.peers.get(&peer)
            && let Some(live) = state.live.and_then(|link| self.links.get(&link))
            && (live.connection == id || live.leaving == Some(id))
        {
            let _ = live.orders.send(Order::Drop(reason));
        }
        self.swarm.close_connection(id);
        self.on_disconnected(peer, id);
    }

    /// Begins a new link over the best connection there is.
    pub(super) fn open_link(&mut self, peer: PeerId, replace: bool) {
        let Some(state) = self.peers.get_mut(&peer) else { return };
        let best = state.connections.iter().min_by_key(|(id, one)| (one.relayed, **id));
        let Some((&id, connection)) = best else { return };
        state.attempts = state.attempts.saturating_add(1);
        let initiator = connection.dialer;
        let hello = if replace { Hello::Replace { initiator } } else { Hello::New { initiator } };
        let ticket = self.open(peer, id, Purpose::New(hello));
        if let Some(state) = self.peers.get_mut(&peer) {
            state.opening = Some(ticket);
        }
    }

    fn try_move(&mut self, link: LinkId, to: ConnectionId, attempts: u8) {
        let Some(live) = self.links.get(&link) else { return };
        let moving = self
            .openings
            .values()
            .any(|one| matches!(one.purpose, Purpose::Move { link: other, .. } if other == link));
        if live.relayed && live.leaving.is_none() && !moving {
            self.open(live.peer, to, Purpose::Move { link, attempts: attempts + 1 });
        }
    }

    /// libp2p has opened our substream, or could not.
    pub(super) fn on_opened(&mut self, ticket: Ticket, result: Result<Stream, OpenError>) {
        let Some(opening) = self.openings.get(&ticket) else { return };
        let (peer, connection, wait) = (opening.peer, opening.connection, self.config.limits.hello);
        let reports = self.reports_tx.clone();
        match (opening.purpose, result) {
            (Purpose::Probe, result) => {
                self.openings.remove(&ticket);
                tokio::spawn(async move {
                    let alive = match result {
                        Ok(stream) => link::ping(stream, PROBE_WAIT).await,
                        // Alive enough to say that it knows no ping.
                        Err(error) => error == OpenError::Unsupported,
                    };
                    let _ = reports.send(Report::Probed { peer, connection, alive });
                });
            }
            (purpose @ (Purpose::New(_) | Purpose::Move { .. }), Ok(stream)) => {
                let hello = match purpose {
                    Purpose::New(hello) => hello,
                    Purpose::Move { .. } | Purpose::Probe => Hello::Move,
                };
                tokio::spawn(async move {
                    let answer = link::greet(stream, hello.byte(), wait).await;
                    let _ = reports.send(Report::Greeted { ticket, answer });
                });
            }
            (Purpose::New(_), Err(OpenError::Unsupported)) => {
                self.openings.remove(&ticket);
                self.attempt_over(peer, ticket, Some(DialFailure::NotPalier));
            }
            (Purpose::New(_) | Purpose::Move { .. }, Err(_)) => self.on_answer(ticket, None),
        }
    }

    /// The peer answered our hello, or did not in time.
    pub(super) fn on_answer(&mut self, ticket: Ticket, answer: Option<(Answer, Stream)>) {
        let Some(opening) = self.openings.remove(&ticket) else { return };
        let (peer, connection) = (opening.peer, opening.connection);
        match (opening.purpose, answer) {
            (Purpose::Probe, _) => {}
            (Purpose::New(hello), Some((Answer::Yes, stream))) => {
                let current = self.peers.get(&peer).is_some_and(|one| one.opening == Some(ticket));
                if !current {
                    return;
                }
                let initiator = matches!(
                    hello,
                    Hello::New { initiator: true } | Hello::Replace { initiator: true }
                );
                self.establish(peer, connection, initiator, stream, false);
                self.attempt_over(peer, ticket, None);
            }
            (Purpose::New(_), Some((Answer::Busy, _))) => {
                self.attempt_over(peer, ticket, Some(DialFailure::Busy));
            }
            (Purpose::New(_), answer) => {
                let Some(state) = self.peers.get_mut(&peer) else { return };
                if state.opening != Some(ticket) {
                    return;
                }
                let replace = matches!(answer, Some((Answer::Another, _)));
                let again = state.live.is_none()
                    && state.held.is_none()
                    && state.attempts < MAX_ATTEMPTS
                    && !state.connections.is_empty();
                if again {
                    self.open_link(peer, replace);
                } else if state.live.is_none() && !state.dialing.is_empty() {
                    // Another dial may still come through and begins anew.
                    state.opening = None;
                } else {
                    self.attempt_over(peer, ticket, Some(DialFailure::NoAnswer));
                }
            }
            (Purpose::Move { link, .. }, Some((Answer::Yes, stream))) => {
                self.move_link(link, connection, stream, false);
            }
            (Purpose::Move { link, attempts }, _) => {
                let there = self
                    .peers
                    .get(&peer)
                    .is_some_and(|state| state.connections.contains_key(&connection));
                if there && attempts < MAX_ATTEMPTS {
                    self.try_move(link, connection, attempts);
                }
            }
        }
    }

    /// Our attempt is decided; what the peer tried meanwhile is taken or refused.
    fn attempt_over(&mut self, peer: PeerId, ticket: Ticket, failure: Option<DialFailure>) {
        let Some(state) = self.peers.get_mut(&peer) else { return };
        if state.opening != Some(ticket) {
            return;
        }
        state.opening = None;
        let live = state.live.is_some();
        match state.held.take() {
            Some((_, _, stream)) if live => {
                tokio::spawn(link::refuse(stream, Answer::Another));
            }
            Some((connection, hello, stream)) => self.take(peer, connection, hello, stream),
            None => {
                if !live && let Some(reason) = failure {
                    self.give_up(peer, reason);
                }
            }
        }
        self.sweep(peer);
    }

    /// A peer opened a substream: hear what for, elsewhere.
    pub(super) fn hear(&mut self, peer: PeerId, connection: ConnectionId, stream: Stream) {
        if self.stopping.is_some() {
            return;
        }
        let (reports, wait) = (self.reports_tx.clone(), self.config.limits.hello);
        tokio::spawn(async move {
            if let Some((hello, stream)) = link::hear(stream, wait).await {
                let _ = reports.send(Report::Heard { peer, connection, hello, stream });
            }
        });
    }

    pub(super) fn on_hello(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        hello: u8,
        stream: Stream,
    ) {
        if self.stopping.is_some() {
            return;
        }
        let full = self.links.values().filter(|link| !link.initiator).count()
            >= self.config.limits.inbound_links
            || self.is_overwhelmed();
        let Some(state) = self.peers.get_mut(&peer) else { return };
        if !state.connections.contains_key(&connection) {
            return;
        }
        let Some(hello) = Hello::from_byte(hello) else {
            tokio::spawn(link::refuse(stream, Answer::Nonsense));
            return;
        };
        let standing = Standing {
            decider: self.me < peer,
            opening: state.opening.is_some(),
            holding: state.held.is_some(),
            live: state.live.is_some(),
            full,
        };
        match judge(hello, standing) {
            Verdict::Accept => {
                // The peer decides: our own attempt, if any, is off.
                state.opening = None;
                self.take(peer, connection, hello, stream);
            }
            Verdict::Hold => state.held = Some((connection, hello, stream)),
            Verdict::Move => {
                if let Some(link) = state.live {
                    self.move_link(link, connection, stream, true);
                }
            }
            Verdict::Refuse(answer) => {
                tokio::spawn(link::refuse(stream, answer));
            }
        }
    }

    fn take(&mut self, peer: PeerId, connection: ConnectionId, hello: Hello, stream: Stream) {
        let theirs =
            matches!(hello, Hello::New { initiator: true } | Hello::Replace { initiator: true });
        self.establish(peer, connection, !theirs, stream, true);
    }

    fn establish(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        initiator: bool,
        stream: Stream,
        greet: bool,
    ) {
        let Some(state) = self.peers.get(&peer) else { return };
        let Some(relayed) = state.connections.get(&connection).map(|one| one.relayed) else {
            return;
        };
        if let Some(old) = state.live {
            if let Some(live) = self.links.get(&old) {
                let _ = live.orders.send(Order::Drop(DownReason::Replaced));
            }
            self.on_ended(old, DownReason::Replaced);
        }
        let id = LinkId(self.fresh_id());
        let (orders, orders_rx) = mpsc::unbounded_channel();
        let (reader, writer, task) = link::link(Seed {
            id,
            stream,
            greet,
            max_frame_bytes: self.config.limits.max_frame_bytes,
            meter: self.board.open(id),
            orders: orders_rx,
            moved: self.moved_tx.clone(),
        });
        let reports = self.reports_tx.clone();
        tokio::spawn(async move {
            let reason = task.await;
            let _ = reports.send(Report::Ended { link: id, reason });
        });
        self.links
            .insert(id, LiveLink { peer, connection, relayed, initiator, orders, leaving: None });
        if let Some(state) = self.peers.get_mut(&peer) {
            state.live = Some(id);
            state.wanted = false;
            state.attempts = 0;
            state.rounds = 0;
        }
        self.redial.succeeded(&Target::Peer(peer));
        self.tell(NetEvent::LinkUp(Link { id, peer, initiator, relayed, reader, writer }));
        // A direct connection may have come up while this one was being opened.
        if relayed && self.me < peer {
            let direct = self.peers.get(&peer).and_then(|state| {
                state.connections.iter().find(|(_, one)| !one.relayed).map(|(id, _)| *id)
            });
            if let Some(direct) = direct {
                self.try_move(id, direct, 0);
            }
        }
    }

    fn move_link(&mut self, link: LinkId, to: ConnectionId, stream: Stream, greet: bool) {
        let Some(live) = self.links.get_mut(&link) else { return };
        let Some(relayed) = self
            .peers
            .get(&live.peer)
            .and_then(|state| state.connections.get(&to))
            .map(|connection| connection.relayed)
        else {
            return;
        };
        if live.leaving.is_some() {
            return;
        }
        live.leaving = Some(live.connection);
        live.connection = to;
        live.relayed = relayed;
        let _ = live.orders.send(Order::Move { stream, greet });
    }

    /// Both directions of a link have left the old connection.
    pub(super) fn on_moved(&mut self, link: LinkId) {
        let Some(live) = self.links.get_mut(&link) else { return };
        let (peer, relayed) = (live.peer, live.relayed);
        if let Some(old) = live.leaving.take() {
            self.redial.at(Target::Leave(peer, old), Instant::now() + LEAVE_AFTER);
        }
        self.tell(NetEvent::LinkMoved { link, relayed });
    }

    pub(super) fn on_ended(&mut self, link: LinkId, reason: DownReason) {
        let Some(live) = self.links.remove(&link) else { return };
        self.board.close(link);
        let peer = live.peer;
        if live.relayed {
            // The circuit is of no further use, and the relay counts it.
            self.redial.at(Target::Leave(peer, live.connection), Instant::now() + LEAVE_AFTER);
        }
        let mut again = false;
        if let Some(state) = self.peers.get_mut(&peer)
            && state.live == Some(link)
        {
            state.live = None;
            again = state.keep && !matches!(reason, DownReason::ClosedHere(_));
        }
        self.tell(NetEvent::LinkDown { link, peer, reason });
        if again && reason != DownReason::Replaced {
            self.try_later(Target::Peer(peer));
        }
        self.sweep(peer);
    }

    /// Forgets a peer there is nothing to remember of.
    pub(super) fn sweep(&mut self, peer: PeerId) {
        if self.peers.get(&peer).is_some_and(super::Peer::is_idle) {
            self.peers.remove(&peer);
        }
    }
}
