//! What can go wrong when the network is started or asked for something.

use libp2p::Multiaddr;

/// An error of the network's own; a peer's failings are events instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetError {
    /// The address does not end with the peer it should lead to.
    #[error("the address {0} does not name the peer (/p2p/…)")]
    NoPeer(Multiaddr),
    /// The address leads back to this node.
    #[error("the address {0} is this node's own")]
    Myself(Multiaddr),
    /// No address of the kind this node can use.
    #[error("there is no address to dial")]
    NoAddress,
    /// An address to listen on was refused by the system.
    #[error("cannot listen on {addr}: {reason}")]
    Listen {
        /// The address asked for.
        addr: Multiaddr,
        /// The system's words.
        reason: String,
    },
    /// The transport could not be set up.
    #[error("cannot set up the transport: {0}")]
    Transport(String),
    /// The network has been shut down.
    #[error("the network is shut down")]
    Stopped,
}
