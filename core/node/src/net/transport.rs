//! The list of transports: the one place to add QUIC when a figure asks for it.

use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::timeout::TransportTimeout;
use libp2p::core::transport::{Boxed, OrTransport};
use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::{PeerId, Transport as _, noise, relay, tcp, yamux};

use super::closing::Closing;
use super::config::Limits;
use super::error::NetError;

/// Substreams of one connection. A hub carries each circuit of a peer as one of them.
const MAX_SUBSTREAMS: usize = 256;

pub(super) type Transports = Boxed<(PeerId, StreamMuxerBox)>;

/// TCP and circuits through relays, each with Noise and Yamux.
pub(super) fn transports(
    keypair: &Keypair,
    limits: &Limits,
) -> Result<(Transports, relay::client::Behaviour), NetError> {
    let (circuits, client) = relay::client::new(keypair.public().to_peer_id());
    let tcp = tcp::tokio::Transport::new(tcp::Config::default().nodelay(true));
    let noise =
        noise::Config::new(keypair).map_err(|error| NetError::Transport(error.to_string()))?;
    let mut yamux = yamux::Config::default();
    yamux.set_max_num_streams(MAX_SUBSTREAMS);
    let upgraded = OrTransport::new(circuits, tcp)
        .upgrade(Version::V1Lazy)
        .authenticate(noise)
        .multiplex(yamux);
    let in_time = TransportTimeout::with_ingoing_timeout(upgraded, limits.accept);
    let transport = TransportTimeout::with_outgoing_timeout(in_time, limits.connect)
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(Closing::new(muxer))))
        .boxed();
    Ok((transport, client))
}
