//! What the swarm and its behaviours say, passed on to whoever deals with it.

use std::collections::{BTreeMap, BTreeSet};

use libp2p::swarm::{DialError, SwarmEvent};
use libp2p::{Multiaddr, PeerId, autonat, identify, mdns, ping};

use super::state::Connection;
use super::{Driver, MAX_ADDRS};
use crate::net::behaviour::BehaviourEvent;
use crate::net::dial::{is_relayed, without_peer};
use crate::net::event::{DownReason, NetEvent, Reachability};
use crate::net::streams;

impl Driver {
    pub(super) fn on_swarm(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, .. } => {
                let connection =
                    Connection { relayed: endpoint.is_relayed(), dialer: endpoint.is_dialer() };
                self.on_connected(peer_id, connection_id, connection);
                self.on_found(peer_id, connection_id);
            }
            SwarmEvent::ConnectionClosed { peer_id, connection_id, .. } => {
                self.on_disconnected(peer_id, connection_id);
            }
            SwarmEvent::OutgoingConnectionError { peer_id: None, connection_id, .. } => {
                self.finding.remove(&connection_id);
            }
            SwarmEvent::OutgoingConnectionError { peer_id: Some(peer), connection_id, error } => {
                if matches!(error, DialError::Denied { .. }) {
                    tracing::warn!(%error, "a limit of this node lets no link come about");
                } else {
                    tracing::debug!(%peer, %error, "dial failed");
                }
                self.on_dial_error(peer, connection_id, &error);
            }
            SwarmEvent::NewListenAddr { listener_id, address } => {
                self.on_listening(listener_id, address);
            }
            SwarmEvent::ExpiredListenAddr { listener_id, address }
                if self.listeners.contains_key(&listener_id) =>
            {
                self.tell(NetEvent::NotListening { addr: address });
            }
            SwarmEvent::ListenerClosed { listener_id, reason, .. } => {
                tracing::debug!(?reason, "listener closed");
                self.on_listener_closed(listener_id);
            }
            SwarmEvent::ExternalAddrConfirmed { address } if !is_relayed(&address) => {
                self.tell(NetEvent::External { addr: without_peer(&address) });
            }
            SwarmEvent::Behaviour(event) => self.on_behaviour(event),
            _ => {}
        }
    }

    fn on_behaviour(&mut self, event: BehaviourEvent) {
        match event {
            BehaviourEvent::Streams(streams::Event::Inbound { peer, connection, stream }) => {
                self.hear(peer, connection, stream);
            }
            BehaviourEvent::Streams(streams::Event::Opened { ticket, result }) => {
                self.on_opened(ticket, result);
            }
            BehaviourEvent::Ping(ping::Event { peer, connection, result: Err(failure) })
                if !matches!(failure, ping::Failure::Unsupported) =>
            {
                tracing::debug!(%peer, %failure, "ping failed");
                self.kill(peer, connection, DownReason::Lost);
            }
            BehaviourEvent::Mdns(mdns::Event::Discovered(found)) => {
                let mut peers: BTreeMap<PeerId, Vec<Multiaddr>> = BTreeMap::new();
                for (peer, addr) in found {
                    if peer == self.me {
                        continue;
                    }
                    let addrs = peers.entry(peer).or_default();
                    if addrs.len() < MAX_ADDRS {
                        addrs.push(without_peer(&addr).with_p2p(peer).unwrap_or_else(|addr| addr));
                    }
                }
                for (peer, addrs) in peers {
                    self.tell(NetEvent::Discovered { peer, addrs });
                }
            }
            BehaviourEvent::Mdns(mdns::Event::Expired(gone)) => {
                let peers: BTreeSet<PeerId> = gone.into_iter().map(|(peer, _)| peer).collect();
                for peer in peers {
                    self.tell(NetEvent::Vanished { peer });
                }
            }
            BehaviourEvent::Dcutr(event) => {
                tracing::debug!(peer = %event.remote_peer_id, result = ?event.result, "hole punch");
                self.tell(NetEvent::HolePunch {
                    peer: event.remote_peer_id,
                    direct: event.result.is_ok(),
                });
            }
            BehaviourEvent::AutonatClient(autonat::v2::client::Event { result, .. }) => {
                let verdict = match (result, self.reachability) {
                    (Ok(()), _) => Reachability::Public,
                    // One address that works is enough.
                    (Err(_), Reachability::Public) => Reachability::Public,
                    (Err(_), _) => Reachability::Private,
                };
                if verdict != self.reachability {
                    self.reachability = verdict;
                    self.tell(NetEvent::Reachability(verdict));
                }
            }
            BehaviourEvent::Identify(identify::Event::Received { peer_id, info, .. }) => {
                tracing::debug!(%peer_id, agent = %info.agent_version.escape_debug(),
                    observed = %info.observed_addr, "identified");
            }
            _ => {}
        }
    }
}
