//! The node's side of the network: links become sessions, addresses become dials.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant as Steady};

use palier_model::authority::Authority;
use palier_model::engine::{Engine, StreamId};
use palier_model::keys::DeviceId;
use palier_model::sync::SessionId;
use tokio::sync::mpsc;

use super::NodeError;
use super::config::NetworkConfig;
use super::inbox::Input;
use super::turns::Turns;
use crate::net::{
    FrameWriter, Keypair, Link, LinkId, Multiaddr, Net, NetConfig, NetHandle, PeerId, peer_of,
    without_peer,
};

/// Frames of one session that wait in this process, at most, in bytes: it never has more
/// on its way than its windows.
const QUEUE_BYTES: usize = 8 << 20;
/// Frames of one link that do, whatever the number of its sessions.
const LINK_QUEUE_BYTES: usize = 32 << 20;
/// Devices heard of that are dialled again while they are not met.
const REDIAL_EVERY: Duration = Duration::from_secs(5);
/// Devices beyond the hubs that a phone keeps sessions with.
const PEERS_WANTED: usize = 6;
/// Hubs on which a phone keeps a place to be reached through.
const RELAYS: usize = 2;

/// A link, on which sessions are.
pub(super) struct LiveLink {
    /// What the engine calls the stream.
    pub(super) stream: StreamId,
    /// Who the transport says it is.
    pub(super) peer: PeerId,
    /// Whether it passes through a relay.
    pub(super) relayed: bool,
    /// Frames on their way to the task that writes them.
    outbox: mpsc::UnboundedSender<(SessionId, Vec<u8>)>,
    queued: Queued,
}

/// Bytes that wait, by session.
type Queued = Arc<Mutex<BTreeMap<SessionId, usize>>>;

/// The network while it runs.
pub(super) struct Network {
    /// The handle.
    pub(super) net: NetHandle,
    /// Live links.
    pub(super) links: BTreeMap<LinkId, LiveLink>,
    /// Link of a stream.
    pub(super) by_stream: BTreeMap<StreamId, LinkId>,
    /// Where devices were heard to listen.
    pub(super) heard: BTreeMap<DeviceId, Vec<Multiaddr>>,
    /// Addresses that are always tried: hubs, peers given by hand.
    kept: BTreeMap<PeerId, Vec<Multiaddr>>,
    /// Addresses given by hand that name nobody, and where nobody answered yet.
    unnamed: BTreeSet<Multiaddr>,
    advertises: bool,
    dialled: BTreeMap<PeerId, Steady>,
    /// Hubs through which this node can be reached, and where they are.
    relays: BTreeMap<PeerId, Multiaddr>,
    /// Own addresses as last told.
    pub(super) told: Vec<String>,
    is_hub: bool,
    /// Those always wanted are to be dialled as soon as their links are gone.
    pub(super) redial: bool,
}

impl Network {
    /// Opens the sockets. Events go into `inputs`.
    pub(super) fn start(
        config: &NetworkConfig,
        keypair: Keypair,
        inputs: mpsc::Sender<Input>,
    ) -> Result<Self, NodeError> {
        let mut net = if config.hub { NetConfig::hub(keypair) } else { NetConfig::phone() };
        net.listen = parse_all(&config.listen)?;
        net.advertise = parse_all(&config.advertise)?;
        net.mdns = config.mdns;
        let (handle, mut events) = Net::start(net)?;
        tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                if inputs.send(Input::Net(Box::new(event))).await.is_err() {
                    return;
                }
            }
        });
        Ok(Self {
            net: handle,
            links: BTreeMap::new(),
            by_stream: BTreeMap::new(),
            heard: BTreeMap::new(),
            kept: BTreeMap::new(),
            unnamed: BTreeSet::new(),
            advertises: !config.advertise.is_empty(),
            dialled: BTreeMap::new(),
            relays: BTreeMap::new(),
            told: Vec::new(),
            is_hub: config.hub,
            redial: false,
        })
    }

    /// Takes a new link: its frames go into `inputs`, what is sent goes out in order.
    pub(super) fn attach(&mut self, link: Link, stream: StreamId, inputs: mpsc::Sender<Input>) {
        let Link { id, peer, relayed, mut reader, writer, .. } = link;
        let (outbox, frames) = mpsc::unbounded_channel();
        let queued = Queued::default();
        tokio::spawn(write_frames(frames, writer, queued.clone()));
        tokio::spawn(async move {
            while let Some(frame) = reader.recv().await {
                if inputs.send(Input::Frame(stream, frame)).await.is_err() {
                    return;
                }
            }
            let _ = inputs.send(Input::LinkEnd(stream)).await;
        });
        self.links.insert(id, LiveLink { stream, peer, relayed, outbox, queued });
        self.by_stream.insert(stream, id);
    }

    /// Queues a frame that one session says on a stream; false where the peer reads too
    /// slowly for that session to go on.
    pub(super) fn send(&self, stream: StreamId, from: SessionId, bytes: Vec<u8>) -> bool {
        let link = self.by_stream.get(&stream).and_then(|id| self.links.get(id));
        let Some(link) = link else { return true };
        let fits = {
            let mut queued = link.queued.lock().unwrap_or_else(PoisonError::into_inner);
            let all: usize = queued.values().sum::<usize>() + bytes.len();
            let own = queued.entry(from).or_default();
            *own += bytes.len();
            *own <= QUEUE_BYTES && all <= LINK_QUEUE_BYTES
        };
        fits && link.outbox.send((from, bytes)).is_ok()
    }

    /// Ends the link of a stream, after what is queued.
    pub(super) fn close(&mut self, stream: StreamId) {
        let Some(id) = self.by_stream.remove(&stream) else { return };
        if let Some(link) = self.links.remove(&id) {
            // Dropping the outbox lets the writer finish and end the link.
            drop(link.outbox);
        }
    }

    /// Forgets a link that is over; gives its stream.
    pub(super) fn forget(&mut self, id: LinkId) -> Option<StreamId> {
        let link = self.links.remove(&id)?;
        self.by_stream.remove(&link.stream);
        Some(link.stream)
    }

    /// Keeps a link with whoever an address names.
    pub(super) async fn keep(&mut self, addrs: &[String]) -> Result<(), NodeError> {
        let mut by_peer: BTreeMap<PeerId, Vec<Multiaddr>> = BTreeMap::new();
        for addr in parse_all(addrs)? {
            match peer_of(&addr) {
                None => {
                    self.unnamed.insert(addr.clone());
                    self.net.find(addr).await;
                }
                Some(peer) if peer == self.net.peer_id() => {}
                Some(peer) => by_peer.entry(peer).or_default().push(addr),
            }
        }
        for (peer, addrs) in by_peer {
            self.kept.insert(peer, addrs.clone());
            self.net.keep(peer, addrs).await?;
        }
        Ok(())
    }

    /// Dials those always wanted that are not linked: a link this side closed is not
    /// taken up again by itself.
    pub(super) async fn dial_kept(&mut self) {
        for addr in &self.unnamed {
            self.net.find(addr.clone()).await;
        }
        for (peer, addrs) in self.kept.clone() {
            self.dial(peer, addrs).await;
        }
    }

    /// Notes who was found at addresses that named nobody.
    pub(super) fn found(&mut self, peer: PeerId, addrs: &[Multiaddr]) {
        for addr in addrs {
            if self.unnamed.remove(&without_peer(addr)) {
                self.kept.insert(peer, vec![addr.clone()]);
            }
        }
    }

    /// Lets those always wanted be dialled again at once.
    pub(super) fn redial_kept(&mut self) {
        self.dialled.clear();
        self.redial = true;
    }

    /// Dials a peer once, unless that was just done.
    pub(super) async fn dial(&mut self, peer: PeerId, addrs: Vec<Multiaddr>) {
        if peer == self.net.peer_id() || self.links.values().any(|link| link.peer == peer) {
            return;
        }
        let recent = self.dialled.get(&peer).is_some_and(|at| at.elapsed() < REDIAL_EVERY);
        if !recent {
            self.dialled.insert(peer, Steady::now());
            let _ = self.net.dial_peer(peer, addrs).await;
        }
    }

    /// Notes where a device listens, as a neighbour says.
    pub(super) fn hear(&mut self, device: DeviceId, addrs: &[String]) {
        let addrs: Vec<Multiaddr> = addrs.iter().filter_map(|addr| addr.parse().ok()).collect();
        let addrs: Vec<_> = addrs.into_iter().filter(|addr| peer_of(addr).is_some()).collect();
        if !addrs.is_empty() {
            self.heard.insert(device, addrs);
        }
    }

    /// Lets itself be reached through a hub, at the address it gives: behind a home router
    /// there is no other way in.
    pub(super) async fn relay_through(&mut self, addrs: &[Multiaddr]) {
        let Some((addr, hub)) = addrs.iter().find_map(|addr| Some((addr, peer_of(addr)?))) else {
            return;
        };
        let known = self.relays.get(&hub);
        let has_room = known.is_some() || self.relays.len() < RELAYS;
        if self.is_hub || known == Some(addr) || !has_room {
            return;
        }
        match self.net.add_relay(addr.clone()).await {
            Ok(()) => {
                self.relays.insert(hub, addr.clone());
            }
            Err(error) => tracing::debug!(%error, "no place on a hub"),
        }
    }

    /// Dials devices heard of that are not met, as long as more sessions are wanted.
    pub(super) async fn dial_heard(&mut self, engine: &Engine) {
        if self.is_hub {
            return;
        }
        let own = engine.me().keys.id();
        let peers = engine.peers();
        let met: BTreeSet<DeviceId> = peers.iter().map(|peer| peer.device).collect();
        // A neighbourhood with many at hand does not keep another from its few.
        let lacking: Vec<&Authority> = engine
            .hoods()
            .filter(|(hood, _)| {
                peers.iter().filter(|peer| peer.hood == **hood).count() < PEERS_WANTED
            })
            .map(|(_, replica)| replica.authority())
            .collect();
        let is_wanted = |device: &DeviceId| {
            lacking.iter().any(|it| it.device(device).is_some_and(|known| known.is_active))
        };
        let wanted: Vec<(PeerId, Vec<Multiaddr>)> = self
            .heard
            .iter()
            .filter(|(device, _)| **device != own && !met.contains(*device) && is_wanted(device))
            .filter_map(|(_, addrs)| Some((peer_of(addrs.first()?)?, addrs.clone())))
            .take(PEERS_WANTED * 2)
            .collect();
        for (peer, addrs) in wanted {
            self.dial(peer, addrs).await;
        }
    }

    /// Where this node can be found now, as text.
    pub(super) async fn addresses(&self) -> Vec<String> {
        let Ok(addresses) = self.net.addresses().await else { return Vec::new() };
        // What is given by hand stands instead of what is listened on.
        let told = if self.advertises {
            addresses.advertise.into_iter().chain(addresses.relayed).collect()
        } else {
            addresses.for_invitation()
        };
        told.iter().map(ToString::to_string).collect()
    }
}

/// Writes frames: those of one session in the order in which they were queued, the
/// sessions in turns.
async fn write_frames(
    mut frames: mpsc::UnboundedReceiver<(SessionId, Vec<u8>)>,
    writer: FrameWriter,
    queued: Queued,
) {
    let mut turns: Turns<SessionId, Vec<u8>> = Turns::default();
    loop {
        while let Ok((from, frame)) = frames.try_recv() {
            turns.push(from, frame.len(), frame);
        }
        let Some((from, frame)) = turns.pop() else {
            let Some((from, frame)) = frames.recv().await else { return };
            turns.push(from, frame.len(), frame);
            continue;
        };
        let size = frame.len();
        let sent = writer.send(frame).await;
        let mut queued = queued.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(left) = queued.get_mut(&from) {
            *left = left.saturating_sub(size);
            if *left == 0 {
                queued.remove(&from);
            }
        }
        if sent.is_err() {
            return;
        }
    }
}

/// Addresses from text.
pub(super) fn parse_all(addrs: &[String]) -> Result<Vec<Multiaddr>, NodeError> {
    use palier_model::replica::ErrorKind;
    let parse =
        |addr: &String| addr.parse().map_err(|_| NodeError::act(ErrorKind::Invalid, "net.address"));
    addrs.iter().map(parse).collect()
}
