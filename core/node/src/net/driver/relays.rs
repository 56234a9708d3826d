//! Reservations on hubs: asked for, renewed by libp2p, asked for again after every loss.

use libp2p::core::transport::ListenerId;
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};

use super::{Driver, Relay, Target};
use crate::net::dial::{circuit, peer_of};
use crate::net::event::NetEvent;

impl Driver {
    pub(super) fn add_relay(&mut self, peer: PeerId, hub: Multiaddr) {
        if let Some(relay) = self.relays.get_mut(&peer) {
            relay.hub = hub;
            if relay.listener.is_some() {
                return;
            }
        } else {
            self.relays.insert(peer, Relay { hub, listener: None, ready: None });
        }
        self.reserve(peer);
    }

    pub(super) fn remove_relay(&mut self, peer: PeerId) {
        self.redial.succeeded(&Target::Relay(peer));
        if let Some(listener) = self.relays.remove(&peer).and_then(|relay| relay.listener) {
            self.swarm.remove_listener(listener);
        }
    }

    pub(super) fn reserve(&mut self, peer: PeerId) {
        let Some(relay) = self.relays.get_mut(&peer) else { return };
        match self.swarm.listen_on(relay.hub.clone().with(Protocol::P2pCircuit)) {
            Ok(listener) => relay.listener = Some(listener),
            Err(error) => {
                tracing::debug!(%peer, %error, "cannot reserve");
                self.try_later(Target::Relay(peer));
            }
        }
    }

    /// The address of a peer behind each of our relays that stands.
    pub(super) fn circuits_to(&self, peer: PeerId) -> Vec<Multiaddr> {
        let standing =
            self.relays.iter().filter(|(hub, relay)| **hub != peer && relay.ready.is_some());
        standing.map(|(_, relay)| circuit(&relay.hub, peer)).collect()
    }

    pub(super) fn on_relay_listening(&mut self, listener: ListenerId, address: &Multiaddr) -> bool {
        let Some((peer, relay)) =
            self.relays.iter_mut().find(|(_, relay)| relay.listener == Some(listener))
        else {
            return false;
        };
        let peer = *peer;
        let addr = match peer_of(address) {
            Some(end) if end == self.me => address.clone(),
            _ => address.clone().with(Protocol::P2p(self.me)),
        };
        if relay.ready.replace(addr.clone()).is_none() {
            self.redial.succeeded(&Target::Relay(peer));
            self.tell(NetEvent::RelayReady { relay: peer, addr });
        }
        true
    }

    pub(super) fn on_relay_closed(&mut self, listener: ListenerId) -> bool {
        let Some((peer, relay)) =
            self.relays.iter_mut().find(|(_, relay)| relay.listener == Some(listener))
        else {
            return false;
        };
        let peer = *peer;
        relay.listener = None;
        if relay.ready.take().is_some() {
            self.tell(NetEvent::RelayLost { relay: peer });
        }
        self.try_later(Target::Relay(peer));
        true
    }
}
