//! The one task that owns the swarm: commands in, events out.
//!
//! Invariant: it never waits for anybody. Events its owner does not read are kept up to a bound,
//! beyond which new links are refused; everything that talks to a peer is a task of its own.

mod dials;
mod hearing;
mod links;
mod relays;
mod state;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use libp2p::core::transport::ListenerId;
use libp2p::swarm::ConnectionId;
use libp2p::{Multiaddr, PeerId, Swarm};
use tokio::sync::mpsc;

pub(super) use self::state::{Command, Endpoints};
use self::state::{Connection, LiveLink, Opening, Peer, Purpose, Relay, Report, Target};
use super::behaviour::Behaviour;
use super::config::{NetConfig, Role};
use super::dial::{is_relayed, peer_of, without_peer};
use super::error::NetError;
use super::event::{Change, DownReason, Goodbye, LinkId, NetEvent, Reachability};
use super::link::{Moved, Order};
use super::redial::Redialer;
use super::stats::Board;
use super::streams::{self, PING, Ticket};
use super::transport::transports;

/// Time for links to say goodbye at shutdown.
const SHUTDOWN_WAIT: Duration = Duration::from_secs(3);
/// A connection that does not echo for this long after the network came back is dead.
const PROBE_WAIT: Duration = Duration::from_secs(5);
/// Addresses remembered for a peer that is kept.
const MAX_ADDRS: usize = 32;

pub(super) struct Driver {
    swarm: Swarm<Behaviour>,
    config: NetConfig,
    me: PeerId,
    events: mpsc::Sender<NetEvent>,
    outbox: VecDeque<NetEvent>,
    commands: mpsc::Receiver<Command>,
    reports_tx: mpsc::UnboundedSender<Report>,
    reports: mpsc::UnboundedReceiver<Report>,
    /// Dials to addresses that name nobody.
    finding: HashMap<ConnectionId, Multiaddr>,
    moved_tx: mpsc::UnboundedSender<Moved>,
    moved: mpsc::UnboundedReceiver<Moved>,
    board: Arc<Board>,
    peers: HashMap<PeerId, Peer>,
    links: BTreeMap<LinkId, LiveLink>,
    openings: BTreeMap<Ticket, Opening>,
    relays: BTreeMap<PeerId, Relay>,
    listeners: HashMap<ListenerId, usize>,
    redial: Redialer<Target>,
    next_id: u64,
    offline: bool,
    reachability: Reachability,
    stopping: Option<Instant>,
}

impl Driver {
    /// Must be called inside the runtime that will run it.
    pub(super) fn new(
        config: NetConfig,
        events: mpsc::Sender<NetEvent>,
        commands: mpsc::Receiver<Command>,
        board: Arc<Board>,
    ) -> Result<Self, NetError> {
        let (transport, relay_client) = transports(&config.keypair, &config.limits)?;
        let behaviour = Behaviour::new(&config, relay_client)?;
        let me = config.keypair.public().to_peer_id();
        let swarm_config = libp2p::swarm::Config::with_tokio_executor()
            .with_idle_connection_timeout(config.limits.idle);
        let (reports_tx, reports) = mpsc::unbounded_channel();
        let (moved_tx, moved) = mpsc::unbounded_channel();
        let mut driver = Driver {
            swarm: Swarm::new(transport, behaviour, me, swarm_config),
            me,
            events,
            outbox: VecDeque::new(),
            commands,
            reports_tx,
            reports,
            moved_tx,
            moved,
            board,
            peers: HashMap::new(),
            links: BTreeMap::new(),
            openings: BTreeMap::new(),
            relays: BTreeMap::new(),
            listeners: HashMap::new(),
            redial: Redialer::default(),
            finding: HashMap::new(),
            next_id: 0,
            offline: false,
            reachability: Reachability::Unknown,
            stopping: None,
            config,
        };
        for (index, addr) in driver.config.listen.clone().into_iter().enumerate() {
            let listener = driver
                .swarm
                .listen_on(addr.clone())
                .map_err(|error| NetError::Listen { addr, reason: error.to_string() })?;
            driver.listeners.insert(listener, index);
        }
        for addr in driver.config.advertise.clone() {
            driver.swarm.add_external_address(without_peer(&addr));
        }
        for hub in driver.config.relays.clone() {
            let peer = peer_of(&hub).ok_or_else(|| NetError::NoPeer(hub.clone()))?;
            driver.add_relay(peer, hub);
        }
        Ok(driver)
    }

    /// Until shut down, or until nobody holds a handle.
    pub(super) async fn run(mut self) {
        let events = self.events.clone();
        loop {
            if let Some(deadline) = self.stopping
                && (self.links.is_empty() || Instant::now() >= deadline)
            {
                break;
            }
            let wake = self.wake_at();
            tokio::select! {
                event = self.swarm.select_next_some() => self.on_swarm(event),
                Some(report) = self.reports.recv() => self.on_report(report),
                Some(Moved(link)) = self.moved.recv() => self.on_moved(link),
                command = self.commands.recv(), if self.stopping.is_none() => {
                    self.on_command(command.unwrap_or(Command::Shutdown));
                }
                permit = events.reserve(), if !self.outbox.is_empty() => match permit {
                    Ok(permit) => if let Some(event) = self.outbox.pop_front() {
                        permit.send(event);
                    },
                    // Nobody listens: nobody can want the links either.
                    Err(_) => self.outbox.clear(),
                },
                () = tokio::time::sleep_until(wake.into()) => self.on_time(),
            }
        }
        while let Some(event) = self.outbox.pop_front() {
            if self.events.try_send(event).is_err() {
                break;
            }
        }
    }

    fn wake_at(&self) -> Instant {
        let far = Instant::now() + Duration::from_secs(86_400);
        let due = if self.offline { None } else { self.redial.next_at() };
        [due, self.stopping].into_iter().flatten().min().unwrap_or(far)
    }

    fn on_time(&mut self) {
        if self.offline {
            return;
        }
        for target in self.redial.due(Instant::now()) {
            match target {
                Target::Peer(peer) => self.redial_peer(peer),
                Target::Relay(relay) => self.reserve(relay),
                Target::Listen(index) => self.listen_again(index),
                Target::Leave(peer, connection) => {
                    self.redial.succeeded(&Target::Leave(peer, connection));
                    self.swarm.close_connection(connection);
                }
            }
        }
    }

    fn try_later(&mut self, target: Target) {
        self.redial.failed(target, Instant::now(), random());
    }

    /// Tells the owner, or keeps it until the owner reads.
    fn tell(&mut self, event: NetEvent) {
        if self.outbox.is_empty() {
            match self.events.try_send(event) {
                Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => return,
                Err(mpsc::error::TrySendError::Full(event)) => self.outbox.push_back(event),
            }
            return;
        }
        let minor = matches!(
            event,
            NetEvent::Discovered { .. } | NetEvent::Vanished { .. } | NetEvent::HolePunch { .. }
        );
        if !(minor && self.is_overwhelmed()) {
            self.outbox.push_back(event);
        }
    }

    /// The owner is far behind: no new links until it has read.
    fn is_overwhelmed(&self) -> bool {
        self.outbox.len() > self.config.limits.events
    }

    fn fresh_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Dial { peer, addrs, keep, reply } => {
                let _ = reply.send(self.dial(peer, addrs, keep));
            }
            Command::Find(addr) => self.find(addr),
            Command::Forget(peer) => {
                self.redial.succeeded(&Target::Peer(peer));
                if let Some(state) = self.peers.get_mut(&peer) {
                    state.keep = false;
                }
                self.sweep(peer);
            }
            Command::Close(link, bye) => {
                if let Some(link) = self.links.get(&link) {
                    let _ = link.orders.send(Order::Close(bye));
                }
            }
            Command::AddRelay { peer, hub, reply } => {
                self.add_relay(peer, hub);
                let _ = reply.send(());
            }
            Command::RemoveRelay(peer) => self.remove_relay(peer),
            Command::Change(change) => self.on_change(change),
            Command::Addresses(reply) => {
                let _ = reply.send(self.endpoints());
            }
            Command::Shutdown => {
                self.stopping = Some(Instant::now() + SHUTDOWN_WAIT);
                for link in self.links.values() {
                    let _ = link.orders.send(Order::Close(Goodbye::Done));
                }
            }
        }
    }

    fn on_report(&mut self, report: Report) {
        match report {
            Report::Heard { peer, connection, hello, stream } => {
                self.on_hello(peer, connection, hello, stream);
            }
            Report::Greeted { ticket, answer } => self.on_answer(ticket, answer),
            Report::Probed { peer, connection, alive } => {
                if !alive {
                    self.kill(peer, connection, DownReason::NetworkChanged);
                }
            }
            Report::Ended { link, reason } => self.on_ended(link, reason),
        }
    }

    fn on_change(&mut self, change: Change) {
        let now = Instant::now();
        match change {
            Change::Gone => self.offline = true,
            Change::Back => {
                self.offline = false;
                let connections: Vec<(PeerId, ConnectionId)> = self
                    .peers
                    .iter()
                    .flat_map(|(peer, state)| state.connections.keys().map(|id| (*peer, *id)))
                    .collect();
                for (peer, connection) in connections {
                    self.open(peer, connection, Purpose::Probe);
                }
                self.redial.hurry(now);
            }
            Change::Switched => {
                self.offline = false;
                self.reachability = Reachability::Unknown;
                let connections: Vec<(PeerId, ConnectionId)> = self
                    .peers
                    .iter()
                    .flat_map(|(peer, state)| state.connections.keys().map(|id| (*peer, *id)))
                    .collect();
                for (peer, connection) in connections {
                    self.kill(peer, connection, DownReason::NetworkChanged);
                }
                self.redial.hurry(now);
            }
        }
    }

    fn endpoints(&self) -> Endpoints {
        let named =
            |addr: &Multiaddr| without_peer(addr).with_p2p(self.me).unwrap_or_else(|addr| addr);
        let mut advertise: Vec<Multiaddr> = self.config.advertise.iter().map(named).collect();
        for addr in self.swarm.external_addresses().filter(|addr| !is_relayed(addr)).map(named) {
            if !advertise.contains(&addr) {
                advertise.push(addr);
            }
        }
        let mut listen: Vec<Multiaddr> =
            self.swarm.listeners().filter(|addr| !is_relayed(addr)).map(named).collect();
        listen.sort_by_key(super::dial::is_very_local);
        let relayed = self.relays.values().filter_map(|relay| relay.ready.clone()).collect();
        Endpoints { listen, advertise, relayed }
    }

    fn on_listening(&mut self, listener: ListenerId, address: Multiaddr) {
        if self.on_relay_listening(listener, &address) {
            return;
        }
        if let Some(index) = self.listeners.get(&listener) {
            self.redial.succeeded(&Target::Listen(*index));
        }
        // A relay tells its clients its own addresses; without one nobody can reserve.
        if self.config.role == Role::Hub && self.config.advertise.is_empty() {
            self.swarm.add_external_address(address.clone());
        }
        self.tell(NetEvent::Listening { addr: address });
    }

    fn on_listener_closed(&mut self, listener: ListenerId) {
        if self.on_relay_closed(listener) {
            return;
        }
        if let Some(index) = self.listeners.remove(&listener) {
            self.try_later(Target::Listen(index));
        }
    }

    fn listen_again(&mut self, index: usize) {
        let Some(addr) = self.config.listen.get(index).cloned() else { return };
        match self.swarm.listen_on(addr) {
            Ok(listener) => {
                self.listeners.insert(listener, index);
            }
            Err(error) => {
                tracing::debug!(%error, "cannot listen yet");
                self.try_later(Target::Listen(index));
            }
        }
    }

    /// Opens a substream of the right protocol.
    fn open(&mut self, peer: PeerId, connection: ConnectionId, purpose: Purpose) -> Ticket {
        let ticket = Ticket(self.fresh_id());
        self.openings.insert(ticket, Opening { peer, connection, purpose });
        let protocol = match purpose {
            Purpose::Probe => PING,
            Purpose::New(_) | Purpose::Move { .. } => streams::PALIER,
        };
        self.swarm.behaviour_mut().streams.open(peer, connection, ticket, protocol);
        ticket
    }
}

/// For jitter only.
fn random() -> u64 {
    getrandom::u64().unwrap_or(0x9e37_79b9_7f4a_7c15)
}
