//! The network: frames (opaque bytes) between peers, and nothing of what they mean.
//!
//! One task owns the libp2p swarm (`driver`), in a runtime of its own, so that
//! [`NetHandle::shutdown`] returns when no socket, task or timer is left. Between two peers
//! there is at most one live [`Link`]: a long-lived substream of `/palier/1` (`streams`), opened
//! with one byte and answered with one (`hello`), carrying length-prefixed frames (`frame`),
//! served by one task (`link`). A link that began through a relay moves to a direct connection
//! without losing a frame.
//!
//! Invariants: no queue here is unbounded in bytes; a slow reader holds back its own peer and
//! nobody else; every dial names the peer it expects; nothing here knows an entry, a member or a
//! neighbourhood.

mod behaviour;
mod closing;
mod config;
mod dial;
mod driver;
mod error;
mod event;
mod frame;
mod handle;
mod hello;
mod link;
mod per_ip;
mod redial;
mod stats;
mod streams;
mod transport;

pub use config::{Limits, NetConfig, Role};
pub use dial::{circuit, peer_of, without_peer};
pub use error::NetError;
pub use event::{Change, DialFailure, DownReason, Goodbye, LinkId, NetEvent, Reachability};
pub use frame::MAX_FRAME_BYTES;
pub use handle::{Addresses, Net, NetHandle};
pub use libp2p::identity::Keypair;
pub use libp2p::multiaddr::Protocol;
pub use libp2p::{Multiaddr, PeerId};
pub use link::{FrameReader, FrameWriter, Link, LinkClosed, TrySendError};
pub use redial::Redialer;
pub use stats::Stats;
