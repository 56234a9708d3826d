//! What the driver keeps of peers, links and relays, and what it is asked and told.

use std::collections::{BTreeMap, BTreeSet};

use libp2p::core::transport::ListenerId;
use libp2p::swarm::ConnectionId;
use libp2p::{Multiaddr, PeerId, Stream};
use tokio::sync::{mpsc, oneshot};

use crate::net::error::NetError;
use crate::net::event::{Change, DownReason, Goodbye, LinkId};
use crate::net::hello::{Answer, Hello};
use crate::net::link::Order;
use crate::net::streams::Ticket;

/// What the handle asks for.
#[derive(Debug)]
pub(in crate::net) enum Command {
    Dial {
        peer: PeerId,
        addrs: Vec<Multiaddr>,
        keep: bool,
        reply: oneshot::Sender<Result<(), NetError>>,
    },
    Find(Multiaddr),
    Forget(PeerId),
    Close(LinkId, Goodbye),
    AddRelay {
        peer: PeerId,
        hub: Multiaddr,
        reply: oneshot::Sender<()>,
    },
    RemoveRelay(PeerId),
    Change(Change),
    Addresses(oneshot::Sender<Endpoints>),
    Shutdown,
}

/// Where this node can be found.
#[derive(Debug, Default)]
pub(in crate::net) struct Endpoints {
    pub(in crate::net) listen: Vec<Multiaddr>,
    pub(in crate::net) advertise: Vec<Multiaddr>,
    pub(in crate::net) relayed: Vec<Multiaddr>,
}

/// What the driver's own tasks report.
pub(super) enum Report {
    Heard { peer: PeerId, connection: ConnectionId, hello: u8, stream: Stream },
    Greeted { ticket: Ticket, answer: Option<(Answer, Stream)> },
    Probed { peer: PeerId, connection: ConnectionId, alive: bool },
    Ended { link: LinkId, reason: DownReason },
}

/// What is tried again after a while.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    Peer(PeerId),
    Relay(PeerId),
    Listen(usize),
    /// Not tried again: a connection a link has moved away from, to be closed.
    Leave(PeerId, ConnectionId),
}

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) relayed: bool,
    pub(super) dialer: bool,
}

/// How we stand with one peer.
#[derive(Default)]
pub(super) struct Peer {
    pub(super) connections: BTreeMap<ConnectionId, Connection>,
    pub(super) dialing: BTreeSet<ConnectionId>,
    pub(super) live: Option<LinkId>,
    /// Our attempt to open a new link.
    pub(super) opening: Option<Ticket>,
    /// The peer's attempt, kept until ours is answered.
    pub(super) held: Option<(ConnectionId, Hello, Stream)>,
    /// The owner asked for a link and has not heard of one yet.
    pub(super) wanted: bool,
    /// Substreams tried since it was asked for.
    pub(super) attempts: u8,
    /// Rounds of dials since it was asked for.
    pub(super) rounds: u8,
    /// Where it was last said to be.
    pub(super) addrs: Vec<Multiaddr>,
    /// To be dialled again whenever there is no link.
    pub(super) keep: bool,
}

impl Peer {
    pub(super) fn is_idle(&self) -> bool {
        self.connections.is_empty()
            && self.dialing.is_empty()
            && self.live.is_none()
            && self.opening.is_none()
            && self.held.is_none()
            && !self.wanted
            && !self.keep
    }
}

pub(super) struct LiveLink {
    pub(super) peer: PeerId,
    pub(super) connection: ConnectionId,
    pub(super) relayed: bool,
    pub(super) initiator: bool,
    pub(super) orders: mpsc::UnboundedSender<Order>,
    /// The connection it is moving away from.
    pub(super) leaving: Option<ConnectionId>,
}

/// Why we opened a substream.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    New(Hello),
    Move { link: LinkId, attempts: u8 },
    Probe,
}

pub(super) struct Opening {
    pub(super) peer: PeerId,
    pub(super) connection: ConnectionId,
    pub(super) purpose: Purpose,
}

pub(super) struct Relay {
    pub(super) hub: Multiaddr,
    pub(super) listener: Option<ListenerId>,
    pub(super) ready: Option<Multiaddr>,
}
