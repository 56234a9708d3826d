//! The libp2p behaviours of a node, by role.

use std::num::NonZeroU32;
use std::time::Duration;

use libp2p::connection_limits::{self, ConnectionLimits};
use libp2p::swarm::NetworkBehaviour;
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::{autonat, dcutr, identify, mdns, memory_connection_limits, ping, relay};

use super::config::{NetConfig, Role};
use super::error::NetError;
use super::{per_ip, streams};

/// Told to peers; no version of the system or the phone.
const AGENT: &str = concat!("palier/", env!("CARGO_PKG_VERSION"));
/// Identify repeats itself this often: its news are pushed, so hardly ever.
const IDENTIFY_EVERY: Duration = Duration::from_secs(6 * 3_600);
/// A peer that does not answer a ping for this long is gone.
const PING_TIMEOUT: Duration = Duration::from_secs(20);
/// How often a phone asks a hub about addresses not tested yet; silent when there are none. Not
/// often: against a hub that gives no verdict libp2p asks for ever.
const PROBE_EVERY: Duration = Duration::from_secs(60);
/// Relay: one building asks from one address, so per address it is generous.
const RELAY_RATE_PER_IP: NonZeroU32 = NonZeroU32::new(2_000).expect("not zero");
/// Relay: attempts of one peer, refilled one per `RELAY_REFILL`.
const RELAY_RATE_PER_PEER: NonZeroU32 = NonZeroU32::new(60).expect("not zero");
const RELAY_REFILL: Duration = Duration::from_secs(10);

// Limits come first: a connection they deny is never seen by the others.
#[derive(NetworkBehaviour)]
pub(super) struct Behaviour {
    pub(super) limits: connection_limits::Behaviour,
    pub(super) memory: memory_connection_limits::Behaviour,
    pub(super) per_ip: per_ip::Behaviour,
    pub(super) streams: streams::Behaviour,
    pub(super) ping: ping::Behaviour,
    pub(super) identify: identify::Behaviour,
    pub(super) mdns: Toggle<mdns::tokio::Behaviour>,
    pub(super) relay_client: relay::client::Behaviour,
    pub(super) relay: Toggle<relay::Behaviour>,
    pub(super) dcutr: Toggle<dcutr::Behaviour>,
    pub(super) autonat_client: Toggle<autonat::v2::client::Behaviour>,
    pub(super) autonat_server: Toggle<autonat::v2::server::Behaviour>,
}

impl Behaviour {
    pub(super) fn new(
        config: &NetConfig,
        relay_client: relay::client::Behaviour,
    ) -> Result<Self, NetError> {
        let limits = &config.limits;
        let public = config.keypair.public();
        let me = public.to_peer_id();
        let hub = config.role == Role::Hub;
        let connections = ConnectionLimits::default()
            .with_max_established_incoming(Some(limits.inbound_connections))
            .with_max_pending_incoming(Some(limits.pending_inbound))
            .with_max_pending_outgoing(Some(limits.pending_outbound))
            .with_max_established_per_peer(Some(limits.connections_per_peer));
        let mdns = config
            .mdns
            .then(|| mdns::tokio::Behaviour::new(mdns::Config::default(), me))
            .transpose()
            .map_err(|error| NetError::Transport(format!("mDNS: {error}")))?;
        let relay = hub.then(|| {
            let mut relay = relay::Behaviour::new(me, relay_config(config));
            relay.set_status(Some(relay::Status::Enable));
            relay
        });
        Ok(Behaviour {
            limits: connection_limits::Behaviour::new(connections),
            memory: memory_connection_limits::Behaviour::with_max_bytes(limits.memory_bytes),
            per_ip: per_ip::Behaviour::new(limits.connections_per_ip),
            streams: streams::Behaviour::default(),
            ping: ping::Behaviour::new(
                ping::Config::new().with_interval(limits.ping).with_timeout(PING_TIMEOUT),
            ),
            identify: identify::Behaviour::new(
                identify::Config::new("/palier/1".into(), public)
                    .with_agent_version(AGENT.into())
                    .with_interval(IDENTIFY_EVERY)
                    .with_push_listen_addr_updates(false)
                    .with_cache_size(0)
                    // Where a phone sits in its own network is nobody's business.
                    .with_hide_listen_addrs(true),
            ),
            mdns: mdns.into(),
            relay_client,
            relay: relay.into(),
            dcutr: Some(dcutr::Behaviour::new(me)).into(),
            autonat_client: (!hub)
                .then(|| {
                    let config =
                        autonat::v2::client::Config::default().with_probe_interval(PROBE_EVERY);
                    autonat::v2::client::Behaviour::new(rand::make_rng(), config)
                })
                .into(),
            autonat_server: hub.then(autonat::v2::server::Behaviour::default).into(),
        })
    }
}

fn relay_config(config: &NetConfig) -> relay::Config {
    let limits = &config.limits;
    let config = relay::Config {
        max_reservations: limits.relay_reservations,
        max_reservations_per_peer: 4,
        reservation_duration: Duration::from_secs(3_600),
        reservation_rate_limiters: Vec::new(),
        max_circuits: limits.relay_circuits,
        max_circuits_per_peer: limits.relay_circuits_per_peer,
        max_circuit_duration: limits.relay_circuit_duration,
        max_circuit_bytes: limits.relay_circuit_bytes,
        circuit_src_rate_limiters: Vec::new(),
    };
    config
        .reservation_rate_per_peer(RELAY_RATE_PER_PEER, RELAY_REFILL)
        .reservation_rate_per_ip(RELAY_RATE_PER_IP, RELAY_REFILL)
        .circuit_src_per_peer(RELAY_RATE_PER_PEER, RELAY_REFILL)
        .circuit_src_per_ip(RELAY_RATE_PER_IP, RELAY_REFILL)
}
