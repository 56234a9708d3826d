//! How a node takes part: its key, its role and its limits.

use std::time::Duration;

use libp2p::Multiaddr;
use libp2p::identity::Keypair;

use super::frame::MAX_FRAME_BYTES;

/// What a node is to others on the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A resident's device: few sessions, no service to strangers.
    Phone,
    /// Always on: relays, tells others how they are seen, holds thousands of sessions.
    Hub,
}

/// Everything [`super::Net::start`] needs. No name is ever resolved: addresses are numeric.
#[derive(Clone, Debug)]
pub struct NetConfig {
    /// The transport's key: new at every start on a phone, kept on a hub.
    pub keypair: Keypair,
    /// Phone or hub.
    pub role: Role,
    /// Addresses to listen on; `/ip4/0.0.0.0/tcp/0` takes any free port.
    pub listen: Vec<Multiaddr>,
    /// Addresses others should be told beside those listened on (a forwarded port).
    pub advertise: Vec<Multiaddr>,
    /// Whether to announce this node on the local network and look for others.
    pub mdns: bool,
    /// Hubs (with their peer id) to keep a reservation on.
    pub relays: Vec<Multiaddr>,
    /// Bounds on everything others can make this node hold.
    pub limits: Limits,
}

impl NetConfig {
    /// A phone with a key of its own for this start, listening nowhere yet.
    pub fn phone() -> Self {
        NetConfig {
            keypair: Keypair::generate_ed25519(),
            role: Role::Phone,
            listen: Vec::new(),
            advertise: Vec::new(),
            mdns: false,
            relays: Vec::new(),
            limits: Limits::phone(),
        }
    }

    /// A hub with its lasting key, listening nowhere yet.
    pub fn hub(keypair: Keypair) -> Self {
        NetConfig { keypair, role: Role::Hub, limits: Limits::hub(), ..NetConfig::phone() }
    }
}

/// Bounds on what peers can make this node hold.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Links others may have opened to this node.
    pub inbound_links: usize,
    /// Connections others may have established, links or not.
    pub inbound_connections: u32,
    /// Connections others may be in the middle of establishing.
    pub pending_inbound: u32,
    /// Connections this node may be in the middle of establishing.
    pub pending_outbound: u32,
    /// Connections with one peer (direct, relayed, dial-backs).
    pub connections_per_peer: u32,
    /// Connections from one IPv4 address or one IPv6 /64: a whole building may sit behind one.
    pub connections_per_ip: usize,
    /// New connections are refused while the process holds more than this, in bytes.
    pub memory_bytes: usize,
    /// Largest frame taken, in bytes; at most [`MAX_FRAME_BYTES`].
    pub max_frame_bytes: usize,
    /// A connection without a link is closed after this.
    pub idle: Duration,
    /// Time to answer a hello.
    pub hello: Duration,
    /// Time to establish a connection we dial.
    pub connect: Duration,
    /// Time for somebody who connected to finish establishing.
    pub accept: Duration,
    /// Between two pings on a connection. The phone pays for both sides' pings.
    pub ping: Duration,
    /// Events kept while the owner does not read them; beyond it new links are refused.
    pub events: usize,
    /// As a relay: reservations held.
    pub relay_reservations: usize,
    /// As a relay: circuits open at once.
    pub relay_circuits: usize,
    /// As a relay: circuits of one peer.
    pub relay_circuits_per_peer: usize,
    /// As a relay: bytes one circuit may carry. libp2p's 128 KiB do not hold a first sync.
    pub relay_circuit_bytes: u64,
    /// As a relay: how long one circuit may last.
    pub relay_circuit_duration: Duration,
}

impl Limits {
    /// A phone's limits: 24 sessions accepted (`PROTOCOL.md` §8).
    pub fn phone() -> Self {
        Limits {
            inbound_links: 24,
            inbound_connections: 64,
            pending_inbound: 32,
            pending_outbound: 32,
            connections_per_peer: 6,
            connections_per_ip: 48,
            memory_bytes: 512 << 20,
            max_frame_bytes: MAX_FRAME_BYTES,
            idle: Duration::from_secs(20),
            hello: Duration::from_secs(10),
            connect: Duration::from_secs(15),
            accept: Duration::from_secs(15),
            // With the hub's own pings and all headers this is under 2 KB a minute (P12); at 45 s
            // it was 1,972 bytes.
            ping: Duration::from_secs(60),
            events: 256,
            relay_reservations: 0,
            relay_circuits: 0,
            relay_circuits_per_peer: 0,
            relay_circuit_bytes: 0,
            relay_circuit_duration: Duration::ZERO,
        }
    }

    /// A hub's limits: thousands of sessions, whole buildings behind one address.
    pub fn hub() -> Self {
        Limits {
            inbound_links: 8_192,
            inbound_connections: 12_288,
            pending_inbound: 512,
            pending_outbound: 256,
            connections_per_peer: 8,
            connections_per_ip: 4_096,
            memory_bytes: 2 << 30,
            // Phones ping; the hub only needs to notice those that vanished.
            ping: Duration::from_secs(120),
            // A hub dials hardly but to test a phone's address, and the phone waits 10 s for the
            // verdict: a home router that drops our SYN must not cost more, or the phone learns
            // nothing and asks for ever.
            connect: Duration::from_secs(6),
            events: 4_096,
            relay_reservations: 8_192,
            relay_circuits: 2_048,
            relay_circuits_per_peer: 32,
            // The reference neighbourhood is some 50 MB; this leaves room for several.
            relay_circuit_bytes: 256 << 20,
            relay_circuit_duration: Duration::from_secs(3_600),
            ..Limits::phone()
        }
    }
}
