//! The owner's end: start, ask, stop.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use libp2p::{Multiaddr, PeerId};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, oneshot, watch};

use super::config::{NetConfig, Role};
use super::dial::{is_very_local, peer_of};
use super::driver::{Command, Driver, Endpoints};
use super::error::NetError;
use super::event::{Change, Goodbye, LinkId, NetEvent};
use super::stats::{Board, Stats};

/// Commands waiting for the driver.
const COMMANDS: usize = 64;
/// Threads of a hub's network: Noise is what costs.
const HUB_THREADS: usize = 4;
/// Time for tasks to end once the driver has.
const TASKS_WAIT: Duration = Duration::from_secs(5);

/// Starts the network.
///
/// ```no_run
/// use palier_node::net::{Net, NetConfig, NetEvent};
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let mut config = NetConfig::phone();
/// config.listen.push("/ip4/0.0.0.0/tcp/0".parse()?);
/// let (net, mut events) = Net::start(config)?;
/// while let Some(event) = events.recv().await {
///     if let NetEvent::LinkUp(mut link) = event {
///         link.writer.send(b"hello".to_vec()).await?;
///         let _answer = link.reader.recv().await;
///     }
/// }
/// net.shutdown().await;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Net;

impl Net {
    /// Opens the sockets and starts the task that owns them, on a thread of its own.
    pub fn start(config: NetConfig) -> Result<(NetHandle, mpsc::Receiver<NetEvent>), NetError> {
        let runtime =
            runtime(config.role).map_err(|error| NetError::Transport(error.to_string()))?;
        let me = config.keypair.public().to_peer_id();
        let board = Arc::<Board>::default();
        let (events_tx, events) = mpsc::channel(config.limits.events.max(1));
        let (commands, commands_rx) = mpsc::channel(COMMANDS);
        let (running_tx, running) = watch::channel(());
        let driver = {
            let _inside = runtime.enter();
            Driver::new(config, events_tx, commands_rx, board.clone())?
        };
        thread::Builder::new()
            .name("palier-net".into())
            .spawn(move || {
                runtime.block_on(driver.run());
                // Also ends what libp2p spawned and forgot (mDNS keeps a task per interface).
                runtime.shutdown_timeout(TASKS_WAIT);
                // libp2p's timers live on a thread of the process, which holds wakers and with
                // them the runtime's descriptors until it has seen that they were dropped. It
                // sees that before it fires a later one.
                futures::executor::block_on(futures_timer::Delay::new(Duration::ZERO));
                drop(running_tx);
            })
            .map_err(|error| NetError::Transport(error.to_string()))?;
        Ok((NetHandle { me, commands, board, running }, events))
    }
}

fn runtime(role: Role) -> std::io::Result<Runtime> {
    match role {
        Role::Phone => Builder::new_current_thread().enable_all().build(),
        Role::Hub => {
            let threads = thread::available_parallelism().map_or(1, usize::from).min(HUB_THREADS);
            Builder::new_multi_thread()
                .worker_threads(threads)
                .thread_name("palier-net")
                .enable_all()
                .build()
        }
    }
}

/// Where this node can be found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// Listened on, each ending with this node's peer id.
    pub listen: Vec<Multiaddr>,
    /// Given by the owner, or confirmed by a hub.
    pub advertise: Vec<Multiaddr>,
    /// Through relays.
    pub relayed: Vec<Multiaddr>,
}

impl Addresses {
    /// What to put into an invitation: advertised, local, relayed; this machine's own only when
    /// there is nothing else.
    pub fn for_invitation(&self) -> Vec<Multiaddr> {
        let mut all: Vec<Multiaddr> = Vec::new();
        for addr in self.advertise.iter().chain(&self.listen).chain(&self.relayed) {
            if !all.contains(addr) {
                all.push(addr.clone());
            }
        }
        let far: Vec<Multiaddr> = all.iter().filter(|addr| !is_very_local(addr)).cloned().collect();
        if far.is_empty() { all } else { far }
    }
}

/// The running network. Clones speak to the same; when all are dropped it shuts down.
#[derive(Clone, Debug)]
pub struct NetHandle {
    me: PeerId,
    commands: mpsc::Sender<Command>,
    board: Arc<Board>,
    running: watch::Receiver<()>,
}

impl NetHandle {
    /// This node's peer id.
    pub fn peer_id(&self) -> PeerId {
        self.me
    }

    /// Makes a link with the peer an address names, once. Ends in `LinkUp` or `DialFailed`,
    /// unless there is a link already.
    pub async fn dial(&self, addr: Multiaddr) -> Result<(), NetError> {
        let peer = peer_of(&addr).ok_or_else(|| NetError::NoPeer(addr.clone()))?;
        if peer == self.me {
            return Err(NetError::Myself(addr));
        }
        self.dial_peer(peer, vec![addr]).await
    }

    /// Makes a link with a peer at any of these addresses; with none, through the relays.
    pub async fn dial_peer(&self, peer: PeerId, addrs: Vec<Multiaddr>) -> Result<(), NetError> {
        self.ask(|reply| Command::Dial { peer, addrs, keep: false, reply }).await?
    }

    /// As [`NetHandle::dial_peer`], and again, with growing delays, whenever the link ends
    /// otherwise than by our own closing, until [`NetHandle::forget`].
    pub async fn keep(&self, peer: PeerId, addrs: Vec<Multiaddr>) -> Result<(), NetError> {
        self.ask(|reply| Command::Dial { peer, addrs, keep: true, reply }).await?
    }

    /// Finds out who answers at an address that names nobody (typed in by hand) and keeps
    /// a link with them, told by `Discovered`; once, where nobody answers.
    pub async fn find(&self, addr: Multiaddr) {
        let _ = self.commands.send(Command::Find(addr)).await;
    }

    /// Undoes [`NetHandle::keep`]; a live link stays.
    pub async fn forget(&self, peer: PeerId) {
        let _ = self.commands.send(Command::Forget(peer)).await;
    }

    /// Says goodbye after what is queued and ends the link.
    pub async fn close(&self, link: LinkId, bye: Goodbye) {
        let _ = self.commands.send(Command::Close(link, bye)).await;
    }

    /// Keeps a reservation on a hub, renewed and taken again after every loss.
    pub async fn add_relay(&self, hub: Multiaddr) -> Result<(), NetError> {
        let peer = peer_of(&hub).ok_or_else(|| NetError::NoPeer(hub.clone()))?;
        if peer == self.me {
            return Err(NetError::Myself(hub));
        }
        self.ask(|reply| Command::AddRelay { peer, hub, reply }).await
    }

    /// Gives the reservation on a hub back.
    pub async fn remove_relay(&self, hub: PeerId) {
        let _ = self.commands.send(Command::RemoveRelay(hub)).await;
    }

    /// What the platform says about the network.
    pub async fn network_changed(&self, change: Change) {
        let _ = self.commands.send(Command::Change(change)).await;
    }

    /// Where this node can be found now.
    pub async fn addresses(&self) -> Result<Addresses, NetError> {
        let Endpoints { listen, advertise, relayed } = self.ask(Command::Addresses).await?;
        Ok(Addresses { listen, advertise, relayed })
    }

    /// What all links carried since the start.
    pub fn stats(&self) -> Stats {
        self.board.total()
    }

    /// What one live link carried.
    pub fn link_stats(&self, link: LinkId) -> Option<Stats> {
        self.board.link(link)
    }

    /// How many links are live.
    pub fn links(&self) -> usize {
        self.board.links()
    }

    /// Says goodbye on every link and stops. When this returns no socket, task or timer of the
    /// network is left. May be called again.
    pub async fn shutdown(&self) {
        let _ = self.commands.send(Command::Shutdown).await;
        let mut running = self.running.clone();
        while running.changed().await.is_ok() {}
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, NetError> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).await.map_err(|_| NetError::Stopped)?;
        answer.await.map_err(|_| NetError::Stopped)
    }
}
