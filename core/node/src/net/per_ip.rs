//! A bound on connections from one place: an IPv4 address, or an IPv6 /64.
//!
//! Relayed connections carry no address; those are bounded by the relay and per peer.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr};
use std::task::{Context, Poll};

use libp2p::PeerId;
use libp2p::core::transport::PortUse;
use libp2p::core::{Endpoint, Multiaddr};
use libp2p::multiaddr::Protocol;
use libp2p::swarm::behaviour::{ConnectionClosed, ListenFailure};
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
    THandlerOutEvent, ToSwarm, dummy,
};

#[derive(Debug, thiserror::Error)]
#[error("too many connections from {0}")]
struct TooMany(IpAddr);

pub(super) struct Behaviour {
    limit: usize,
    places: HashMap<ConnectionId, IpAddr>,
    counts: HashMap<IpAddr, usize>,
}

impl Behaviour {
    pub(super) fn new(limit: usize) -> Self {
        Behaviour { limit, places: HashMap::new(), counts: HashMap::new() }
    }

    fn forget(&mut self, connection: ConnectionId) {
        let Some(place) = self.places.remove(&connection) else { return };
        if let Some(count) = self.counts.get_mut(&place) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.counts.remove(&place);
            }
        }
    }
}

fn place(addr: &Multiaddr) -> Option<IpAddr> {
    if super::dial::is_relayed(addr) {
        return None;
    }
    addr.iter().find_map(|part| match part {
        Protocol::Ip4(ip) => Some(IpAddr::V4(ip)),
        Protocol::Ip6(ip) => {
            Some(IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX))))
        }
        _ => None,
    })
}

impl NetworkBehaviour for Behaviour {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        let Some(place) = place(remote) else { return Ok(()) };
        let count = self.counts.entry(place).or_default();
        if *count >= self.limit {
            return Err(ConnectionDenied::new(TooMany(place)));
        }
        *count = count.saturating_add(1);
        self.places.insert(connection, place);
        Ok(())
    }

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionClosed(ConnectionClosed { connection_id, .. })
            | FromSwarm::ListenFailure(ListenFailure { connection_id, .. }) => {
                self.forget(connection_id);
            }
            _ => {}
        }
    }

    fn on_connection_handler_event(
        &mut self,
        _: PeerId,
        _: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Infallible, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addr(text: &str) -> Multiaddr {
        text.parse().expect("address")
    }

    #[test]
    fn one_place_cannot_take_all_and_what_closes_is_given_back() {
        let mut limit = Behaviour::new(2);
        let here = addr("/ip4/127.0.0.1/tcp/1");
        let from = |n: u16| addr(&format!("/ip6/2001:db8::{n:x}/tcp/{n}"));
        let mut ask = |n: usize, remote: &Multiaddr| {
            limit.handle_pending_inbound_connection(ConnectionId::new_unchecked(n), &here, remote)
        };
        assert!(ask(1, &from(1)).is_ok());
        assert!(ask(2, &from(2)).is_ok());
        assert!(ask(3, &from(3)).is_err(), "same /64");
        assert!(ask(4, &addr("/ip4/192.0.2.9/tcp/9")).is_ok(), "elsewhere");
        limit.forget(ConnectionId::new_unchecked(1));
        assert!(
            limit
                .handle_pending_inbound_connection(ConnectionId::new_unchecked(5), &here, &from(5))
                .is_ok()
        );
        limit.forget(ConnectionId::new_unchecked(2));
        limit.forget(ConnectionId::new_unchecked(5));
        limit.forget(ConnectionId::new_unchecked(4));
        assert!(limit.counts.is_empty() && limit.places.is_empty());
    }
}
