//! Addresses: every one we dial names its peer, directly or behind a relay.

use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};

/// The peer an address leads to: its last part must be `/p2p/…`.
pub fn peer_of(addr: &Multiaddr) -> Option<PeerId> {
    match addr.iter().last() {
        Some(Protocol::P2p(peer)) => Some(peer),
        _ => None,
    }
}

/// The address without the peer at its end.
pub fn without_peer(addr: &Multiaddr) -> Multiaddr {
    let mut bare = addr.clone();
    if matches!(bare.iter().last(), Some(Protocol::P2p(_))) {
        bare.pop();
    }
    bare
}

/// The address of `peer` behind `relay` (an address with the relay's peer id).
pub fn circuit(relay: &Multiaddr, peer: PeerId) -> Multiaddr {
    relay.clone().with(Protocol::P2pCircuit).with(Protocol::P2p(peer))
}

/// Whether a connection at this address passes through a relay.
pub(super) fn is_relayed(addr: &Multiaddr) -> bool {
    addr.iter().any(|part| matches!(part, Protocol::P2pCircuit))
}

/// Whether only this machine or this cable can use the address.
pub(super) fn is_very_local(addr: &Multiaddr) -> bool {
    addr.iter().any(|part| match part {
        Protocol::Ip4(ip) => ip.is_loopback() || ip.is_link_local() || ip.is_unspecified(),
        Protocol::Ip6(ip) => ip.is_loopback() || ip.is_unspecified() || ip.is_unicast_link_local(),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peer_is_the_last_part_not_the_relay() {
        let (relay, peer) = (PeerId::random(), PeerId::random());
        let hub: Multiaddr = format!("/ip4/192.0.2.1/tcp/4001/p2p/{relay}").parse().expect("addr");
        let through = circuit(&hub, peer);
        assert_eq!(peer_of(&hub), Some(relay));
        assert_eq!(peer_of(&through), Some(peer));
        assert!(is_relayed(&through) && !is_relayed(&hub));
        assert_eq!(peer_of(&without_peer(&hub)), None);
    }
}
