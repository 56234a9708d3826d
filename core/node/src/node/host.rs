//! The thread that owns everything: engine, stores, network. Calls, frames and time come
//! in through bounded queues, one after the other, so there is nothing to lock.

use std::time::Duration;

use palier_model::engine::{Engine, Event, Now, Output, Stores};
use palier_model::keys::HoodHash;
use palier_model::projection::Changes;
use palier_model::replica::{ActError, Replica};
use palier_model::rows::Tx;
use palier_model::sync::{CloseReason, JoinAnswer, PeerIds, Role, SessionId};
use palier_model::time::Instant;
use tokio::sync::{broadcast, mpsc};

use super::clock::Clock;
use super::entropy::SystemRng;
use super::event::NodeEvent;
use super::inbox::{Call, Inbox, Input};
use super::network::Network;
use super::stores::HoodStores;
use super::{Identity, NodeError};
use crate::net::{LinkId, NetEvent};

/// How often devices heard of are dialled again, and the store is cared for.
const HOUSEKEEPING: Duration = Duration::from_secs(5);
/// The longest sleep while nothing is due.
const LONGEST_WAIT_MS: i64 = 60_000;

/// Everything a node is, on its own thread.
pub struct Host {
    /// The device.
    pub engine: Engine,
    /// Its stores.
    pub stores: HoodStores,
    /// Its clocks.
    pub clock: std::sync::Arc<Clock>,
    /// Who it is.
    pub identity: Identity,
    pub(super) events: broadcast::Sender<NodeEvent>,
    pub(super) inputs: mpsc::Sender<Input>,
    pub(super) inbox: Inbox,
    pub(super) network: Option<Network>,
    pub(super) rng: SystemRng,
    pub(super) ailing: super::mend::Ailing,
    /// Whether somebody wants to hear what kept searches find.
    pub(super) looks_out: bool,
}

impl Host {
    /// Both clocks now.
    pub fn now(&self) -> Now {
        Now { claimed: self.clock.claimed(), steady: self.clock.steady() }
    }

    /// Does an act in a neighbourhood; returns when it is on disk.
    pub fn act<R>(
        &mut self,
        hood: &HoodHash,
        act: impl FnOnce(
            &mut Replica,
            &mut Tx<'_>,
            Instant,
            &mut SystemRng,
        ) -> Result<(R, Changes), ActError>,
    ) -> Result<R, NodeError> {
        let now = self.now();
        let rng = &mut self.rng;
        let done = self
            .engine
            .act(hood, now, &mut self.stores, |replica, tx| act(replica, tx, now.claimed, rng));
        self.notice(hood, done.map_err(NodeError::from))
    }

    /// Reads a neighbourhood.
    pub fn read<R>(
        &mut self,
        hood: &HoodHash,
        read: impl FnOnce(&mut Replica, &Tx<'_>, Instant) -> Result<R, ActError>,
    ) -> Result<R, NodeError> {
        let now = self.clock.claimed();
        let stores: &dyn Stores = &self.stores;
        let done = self.engine.read(hood, stores, |replica, tx| read(replica, tx, now));
        self.notice(hood, done.map_err(NodeError::from))
    }

    /// Runs until it is told to stop, or nobody is left who could.
    pub(super) async fn run(
        mut self,
        mut calls: mpsc::Receiver<Call>,
        mut queue: mpsc::Receiver<Input>,
    ) {
        let mut housekeeping = tokio::time::interval(HOUSEKEEPING);
        housekeeping.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        self.drain().await;
        loop {
            let (waits, wait) = (self.inbox.is_empty(), self.wait());
            tokio::select! {
                biased;
                _ = housekeeping.tick() => self.keep_house().await,
                call = calls.recv() => match call {
                    Some(Call::Stop(done)) => {
                        self.stop().await;
                        // Stores and lock too, before anybody is told so.
                        drop(self);
                        drop(queue);
                        let _ = done.send(());
                        return;
                    }
                    Some(call) => self.answer(call).await,
                    None => {
                        self.stop().await;
                        return;
                    }
                },
                Some(input) = queue.recv(), if waits => {
                    self.take_in(Some(input), &mut queue).await;
                    self.take_turn().await;
                }
                // What this node says, and what it hears, passes between two turns.
                () = tokio::task::yield_now(), if !waits => {
                    self.take_in(None, &mut queue).await;
                    self.take_turn().await;
                }
                () = tokio::time::sleep(wait), if waits => {}
            }
            if self.engine.next_timeout().is_some_and(|at| at <= self.clock.steady()) {
                let now = self.now();
                let Self { engine, stores, rng, .. } = &mut self;
                stores.holding(|stores| engine.handle_timeout(now, stores, rng));
            }
            self.drain().await;
        }
    }

    /// Takes in what the network brought.
    async fn take_in(&mut self, first: Option<Input>, queue: &mut mpsc::Receiver<Input>) {
        let mut next = first;
        while let Some(event) = self.inbox.fill(next.take(), queue) {
            self.handle_net(*event).await;
        }
    }

    /// Does what one turn holds; what several frames brought is committed together.
    async fn take_turn(&mut self) {
        let turn = self.inbox.turn();
        let now = self.now();
        if !turn.frames.is_empty() {
            let Self { engine, stores, rng, .. } = self;
            stores.holding(|stores| engine.handle_frames(turn.frames, now, stores, rng));
        }
        // What the frames led to is done before their link is gone: a join that was
        // answered dials anew when its link ends.
        self.drain().await;
        for (stream, link) in turn.ended {
            match link {
                Some(link) => self.link_down(link).await,
                None => self.engine.drop_stream(stream),
            }
        }
    }

    /// A link is gone, and all that came on it was dealt with.
    async fn link_down(&mut self, link: LinkId) {
        let stream = self.network.as_mut().and_then(|network| network.forget(link));
        if let Some(stream) = stream {
            self.engine.drop_stream(stream);
        }
        // The link that joined is gone: meet again, as a member now.
        if let Some(network) = &mut self.network
            && std::mem::take(&mut network.redial)
        {
            network.dial_kept().await;
        }
    }

    fn wait(&self) -> Duration {
        let now = self.clock.steady().0;
        let at = self.engine.next_timeout().map_or(i64::MAX, |at| at.0);
        let ms = at.saturating_sub(now).clamp(1, LONGEST_WAIT_MS);
        Duration::from_millis(u64::try_from(ms).unwrap_or(1))
    }

    async fn answer(&mut self, call: Call) {
        match call {
            Call::Job(job) => {
                job(self);
                // Before anything else is asked: who is told of damage may ask again.
                self.mend_ailing();
            }
            Call::Connect(config, done) => {
                let opened = self.connect(&config).await;
                let _ = done.send(opened);
            }
            Call::Keep(addrs, done) => {
                let kept = match &mut self.network {
                    Some(network) => network.keep(&addrs).await,
                    None => Err(NodeError::Unreachable),
                };
                let _ = done.send(kept);
            }
            Call::Addresses(reply) => {
                let addrs = match &self.network {
                    Some(network) => network.addresses().await,
                    None => Vec::new(),
                };
                let _ = reply.send(addrs);
            }
            Call::Stop(_) => {}
        }
    }

    async fn connect(&mut self, config: &super::config::NetworkConfig) -> Result<(), NodeError> {
        if self.network.is_none() {
            let keypair = super::transport::keypair(config.hub, self.stores.home())?;
            self.network = Some(Network::start(config, keypair, self.inputs.clone())?);
        }
        let mut known = config.peers.clone();
        known.extend(self.known_hubs());
        if let Some(network) = &mut self.network {
            // An address that no longer parses must not keep a node from opening.
            for addr in known {
                if let Err(error) = network.keep(&[addr]).await {
                    tracing::warn!(%error, "an address was not dialled");
                }
            }
        }
        Ok(())
    }

    async fn handle_net(&mut self, event: NetEvent) {
        match event {
            NetEvent::LinkUp(link) => {
                let me = self.network.as_ref().map(|network| network.net.peer_id().to_bytes());
                let (me, them) = (me.unwrap_or_default(), link.peer.to_bytes());
                let (role, peers) = if link.initiator {
                    (Role::Initiator, PeerIds { initiator: me, responder: them })
                } else {
                    (Role::Responder, PeerIds { initiator: them, responder: me })
                };
                let now = self.now();
                // The link first: the first frame must find its way out.
                let stream =
                    self.engine.open_stream(role, peers, now, &mut self.stores, &mut self.rng);
                let inputs = self.inputs.clone();
                if let Some(network) = &mut self.network {
                    network.attach(link, stream, inputs);
                }
            }
            NetEvent::LinkDown { link, .. } => {
                let known = self.network.as_ref().and_then(|network| network.links.get(&link));
                match known.map(|live| live.stream) {
                    Some(stream) => self.inbox.link_down(stream, link),
                    None => self.link_down(link).await,
                }
            }
            NetEvent::LinkMoved { link, relayed } => {
                if let Some(network) = &mut self.network
                    && let Some(live) = network.links.get_mut(&link)
                {
                    live.relayed = relayed;
                }
            }
            NetEvent::DialFailed { peer, .. } => {
                self.tell(NodeEvent::DialFailed { peer: peer.to_string() });
            }
            NetEvent::Discovered { peer, addrs } => {
                if let Some(network) = &mut self.network {
                    network.found(peer, &addrs);
                    network.dial(peer, addrs).await;
                }
            }
            NetEvent::Listening { .. }
            | NetEvent::External { .. }
            | NetEvent::RelayReady { .. } => {
                self.addresses_changed().await;
            }
            _ => {}
        }
    }

    /// Carries out what the engine asks.
    pub(super) async fn drain(&mut self) {
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Send { stream, from, bytes } => {
                    let network = self.network.as_ref();
                    if !network.is_none_or(|it| it.send(stream, from, bytes)) {
                        // A slow reader comes back to its cursor.
                        self.engine.close_session(from, CloseReason::Flood);
                    }
                }
                Output::Close { stream, .. } => {
                    if let Some(network) = &mut self.network {
                        network.close(stream);
                    }
                }
                Output::Event(event) => self.handle_event(event).await,
            }
        }
    }

    async fn handle_event(&mut self, event: Event) {
        match &event {
            Event::Met { session, stream, hood, member, device } => {
                if let Some(network) = &self.network
                    && let Some(id) = network.by_stream.get(stream)
                    && let Some(link) = network.links.get(id)
                {
                    self.tell(NodeEvent::PeerJoined {
                        hood: *hood,
                        member: *member,
                        device: *device,
                        peer: link.peer.to_string(),
                        relayed: link.relayed,
                    });
                }
                self.tell_addresses(Some(*session));
            }
            Event::Parted { met: Some((hood, device)), reason, .. } => {
                if *reason == CloseReason::Store {
                    self.ailing.notice(hood);
                }
                self.tell(NodeEvent::PeerLeft { hood: *hood, device: *device });
            }
            Event::Linked { .. } => {
                self.keep_linked();
                if let Some(network) = &mut self.network {
                    network.redial_kept();
                }
            }
            // The session that joined is over: meet again, as a member now.
            Event::JoinAnswered { answer: JoinAnswer::Joined, .. } => {
                if let Some(network) = &mut self.network {
                    network.redial_kept();
                }
            }
            Event::CaughtUp { hood, .. } => {
                if let Err(error) = self.introduce(hood) {
                    tracing::info!(%error, "the profile was not published");
                }
                if let Err(error) = self.make_whole(hood) {
                    tracing::warn!(%error, "what was lost could not be asked for");
                }
            }
            Event::Addresses { hood, devices } => self.heard(*hood, devices).await,
            Event::Changed { hood, changes } => self.look_out(hood, Some(&changes.listings)),
            _ => {}
        }
        self.tell(NodeEvent::Engine(event));
    }

    async fn keep_house(&mut self) {
        if let Some(network) = &mut self.network {
            network.dial_kept().await;
            network.dial_heard(&self.engine).await;
        }
        self.mend_ailing();
        for (_, store) in self.stores.all_mut() {
            store.maintain();
        }
    }

    pub(super) fn tell(&self, event: NodeEvent) {
        // Nobody listening is no error.
        let _ = self.events.send(event);
    }

    async fn stop(&mut self) {
        let peers: Vec<SessionId> = self.engine.peers().iter().map(|peer| peer.session).collect();
        for session in peers {
            self.engine.close_session(session, CloseReason::Done);
            let now = self.now();
            self.engine.handle_timeout(now, &mut self.stores, &mut self.rng);
        }
        self.mend_ailing();
        self.engine.flush_all(&mut self.stores);
        self.drain().await;
        if let Some(network) = self.network.take() {
            network.net.shutdown().await;
        }
        self.tell(NodeEvent::Stopped);
    }
}
