//! What the network tells its owner, and the words for why a link ended.

use std::fmt;

use libp2p::{Multiaddr, PeerId};

use super::link::Link;

/// One link of this start of the network; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub(super) u64);

impl fmt::Display for LinkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "link {}", self.0)
    }
}

/// What happened. `LinkDown` comes exactly once for each `LinkUp`, and after it.
#[derive(Debug)]
#[non_exhaustive]
pub enum NetEvent {
    /// Frames can be exchanged with a peer. The owner closes a link whose meeting takes too long.
    LinkUp(Link),
    /// The link is over; its reader gives what had arrived, then nothing.
    LinkDown {
        /// Which link.
        link: LinkId,
        /// With whom.
        peer: PeerId,
        /// Why.
        reason: DownReason,
    },
    /// The link goes on over another connection; no frame was lost.
    LinkMoved {
        /// Which link.
        link: LinkId,
        /// Whether it passes through a relay now.
        relayed: bool,
    },
    /// A link asked for did not come about.
    DialFailed {
        /// Whom we tried to reach.
        peer: PeerId,
        /// Why not.
        reason: DialFailure,
    },
    /// A peer announced itself on the local network.
    Discovered {
        /// Its peer id.
        peer: PeerId,
        /// Where it listens, each ending with the peer id.
        addrs: Vec<Multiaddr>,
    },
    /// A peer on the local network has not been heard of for a while.
    Vanished {
        /// Its peer id.
        peer: PeerId,
    },
    /// This node listens on an address.
    Listening {
        /// Without the peer id.
        addr: Multiaddr,
    },
    /// This node no longer listens on an address.
    NotListening {
        /// Without the peer id.
        addr: Multiaddr,
    },
    /// Others can reach this node at this address.
    External {
        /// As others see it.
        addr: Multiaddr,
    },
    /// The verdict of hubs on whether this node can be dialled from outside changed.
    Reachability(Reachability),
    /// A reservation on a relay stands; the address leads to this node through it.
    RelayReady {
        /// The relay.
        relay: PeerId,
        /// Relayed address of this node, ending with its peer id.
        addr: Multiaddr,
    },
    /// The reservation is gone; it is tried again with growing delays.
    RelayLost {
        /// The relay.
        relay: PeerId,
    },
    /// An attempt to leave the relay for a direct connection ended.
    HolePunch {
        /// With whom.
        peer: PeerId,
        /// Whether there is a direct connection now.
        direct: bool,
    },
}

/// Why a link ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DownReason {
    /// This side said goodbye.
    ClosedHere(Goodbye),
    /// The other side said goodbye.
    ClosedThere(Goodbye),
    /// The connection broke.
    Lost,
    /// The two sides agreed on a newer link between them.
    Replaced,
    /// The device changed networks, or the peer no longer answered after it came back.
    NetworkChanged,
    /// The network was shut down.
    Shutdown,
}

/// The code sent at the end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Goodbye {
    /// Nothing more to say.
    Done,
    /// A frame was larger than allowed.
    OversizedFrame,
    /// A frame could not be understood.
    BadFrame,
    /// The meeting did not succeed, in time or at all.
    NoMeeting,
    /// The node keeps another session instead.
    Busy,
    /// The peer sent more, or read less, than agreed.
    Misbehaved,
    /// A code of a later version.
    Other(u8),
}

impl Goodbye {
    pub(super) fn code(self) -> u8 {
        match self {
            Goodbye::Done => 1,
            Goodbye::OversizedFrame => 2,
            Goodbye::BadFrame => 3,
            Goodbye::NoMeeting => 4,
            Goodbye::Busy => 5,
            Goodbye::Misbehaved => 6,
            Goodbye::Other(code) => code,
        }
    }

    pub(super) fn from_code(code: u8) -> Self {
        match code {
            1 => Goodbye::Done,
            2 => Goodbye::OversizedFrame,
            3 => Goodbye::BadFrame,
            4 => Goodbye::NoMeeting,
            5 => Goodbye::Busy,
            6 => Goodbye::Misbehaved,
            other => Goodbye::Other(other),
        }
    }
}

/// Why a dial came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DialFailure {
    /// Nobody answered at any address.
    Unreachable,
    /// Somebody else answered.
    WrongPeer,
    /// The peer speaks libp2p, but not Palier.
    NotPalier,
    /// The peer holds as many sessions as it wants.
    Busy,
    /// The peer answered too slowly or not sensibly.
    NoAnswer,
    /// This node holds as many connections as it may.
    LimitHere,
}

/// Whether this node can be dialled from outside, as far as hubs could tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reachability {
    /// Not known yet.
    Unknown,
    /// A hub reached it.
    Public,
    /// A hub tried and could not.
    Private,
}

/// What the platform says about the device's network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// No network: stop trying. Sessions stay, since a short gap does them no harm.
    Gone,
    /// The same network is back: see which connections still live, and dial again at once.
    Back,
    /// Another network: every connection is dead, begin again.
    Switched,
}
