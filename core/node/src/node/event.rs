//! What a node tells those who listen.

use palier_model::engine::Event;
use palier_model::keys::{DeviceId, HoodHash, MemberId};
use palier_model::listing::Found;

/// Something happened on this node.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum NodeEvent {
    /// Something in a neighbourhood or a session.
    Engine(Event),
    /// The node listens on an address, which ends with its peer id.
    Listening(String),
    /// A neighbour was met.
    PeerJoined {
        /// In which neighbourhood.
        hood: HoodHash,
        /// Who.
        member: MemberId,
        /// With which device.
        device: DeviceId,
        /// Where it is reached, as far as known.
        peer: String,
        /// Whether a hub passes the bytes on.
        relayed: bool,
    },
    /// A neighbour went.
    PeerLeft {
        /// In which neighbourhood.
        hood: HoodHash,
        /// With which device.
        device: DeviceId,
    },
    /// A new listing of somebody else fits searches that are kept here.
    SearchMatched {
        /// In which neighbourhood.
        hood: HoodHash,
        /// The listing, and which searches.
        found: Box<Found>,
    },
    /// A dial came to nothing.
    DialFailed {
        /// Whom it was for.
        peer: String,
    },
    /// The node is shut down; nothing more follows.
    Stopped,
}
