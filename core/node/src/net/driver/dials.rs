//! Dials: whom to reach where, how often, and when to give up.

use std::time::{Duration, Instant};

use libp2p::multiaddr::Protocol;
use libp2p::swarm::{ConnectionId, DialError, dial_opts::DialOpts, dial_opts::PeerCondition};
use libp2p::{Multiaddr, PeerId};

use super::state::Target;
use super::{Driver, MAX_ADDRS};
use crate::net::dial::{is_relayed, peer_of};
use crate::net::error::NetError;
use crate::net::event::{DialFailure, NetEvent};

/// Further rounds of dials when nobody answered.
const ROUNDS: u8 = 1;
/// Pause before the next round, for the peer with the smaller id and for the other.
const AGAIN_DECIDER: Duration = Duration::from_millis(100);
const AGAIN_FOLLOWER: Duration = Duration::from_millis(1_000);

impl Driver {
    /// Finds out who answers at an address that names nobody, and keeps a link with them.
    pub(super) fn find(&mut self, addr: Multiaddr) {
        let options = DialOpts::unknown_peer_id().address(addr.clone()).build();
        let connection = options.connection_id();
        if self.swarm.dial(options).is_ok() {
            self.finding.insert(connection, addr);
        }
    }

    /// Somebody answered where nobody was named.
    pub(super) fn on_found(&mut self, peer: PeerId, connection: ConnectionId) {
        let Some(addr) = self.finding.remove(&connection) else { return };
        let addr = addr.with(Protocol::P2p(peer));
        self.tell(NetEvent::Discovered { peer, addrs: vec![addr.clone()] });
        if let Err(error) = self.dial(peer, vec![addr], true) {
            tracing::debug!(%peer, %error, "found, but not kept");
        }
    }

    pub(super) fn dial(
        &mut self,
        peer: PeerId,
        mut addrs: Vec<Multiaddr>,
        keep: bool,
    ) -> Result<(), NetError> {
        if let Some(wrong) = addrs.iter().find(|addr| peer_of(addr) != Some(peer)) {
            return Err(NetError::NoPeer(wrong.clone()));
        }
        addrs.truncate(MAX_ADDRS);
        let state = self.peers.entry(peer).or_default();
        state.keep |= keep;
        // Who is asked for again while being dialled there already is not dialled twice:
        // each connection costs both sides two kilobytes.
        let under_way = state.wanted && (!state.dialing.is_empty() || state.opening.is_some());
        let is_known = addrs.iter().all(|addr| state.addrs.contains(addr));
        if under_way && is_known {
            return Ok(());
        }
        state.addrs.clone_from(&addrs);
        if state.live.is_some() {
            return Ok(());
        }
        state.rounds = 0;
        self.redial.succeeded(&Target::Peer(peer));
        if addrs.is_empty() {
            addrs = self.circuits_to(peer);
        }
        let Some(state) = self.peers.get(&peer) else { return Ok(()) };
        if addrs.is_empty() && state.connections.is_empty() {
            if keep {
                self.try_later(Target::Peer(peer));
                return Ok(());
            }
            self.sweep(peer);
            return Err(NetError::NoAddress);
        }
        self.reach(peer, addrs);
        Ok(())
    }

    /// It is time to try a peer again.
    pub(super) fn redial_peer(&mut self, peer: PeerId) {
        let wanted = self
            .peers
            .get(&peer)
            .filter(|state| state.live.is_none() && (state.keep || state.wanted));
        let Some(state) = wanted else {
            self.redial.succeeded(&Target::Peer(peer));
            return;
        };
        let mut addrs = state.addrs.clone();
        for addr in self.circuits_to(peer) {
            if !addrs.contains(&addr) {
                addrs.push(addr);
            }
        }
        self.reach(peer, addrs);
    }

    pub(super) fn reach(&mut self, peer: PeerId, addrs: Vec<Multiaddr>) {
        let Some(state) = self.peers.get_mut(&peer) else { return };
        state.wanted = true;
        state.attempts = 0;
        if !state.connections.is_empty() && state.opening.is_none() {
            self.open_link(peer, false);
        }
        // Two dials: a relayed connection that is there first must not call off the direct one.
        let direct_there = self
            .peers
            .get(&peer)
            .is_some_and(|state| state.connections.values().any(|connection| !connection.relayed));
        let any_there = self.peers.get(&peer).is_some_and(|state| !state.connections.is_empty());
        let (relayed, direct): (Vec<_>, Vec<_>) = addrs.into_iter().partition(is_relayed);
        let mut begun = false;
        for (addrs, there) in [(direct, direct_there), (relayed, any_there)] {
            if addrs.is_empty() || there {
                continue;
            }
            begun = true;
            // The port we listen on is used (never `allocate_new_port`): hole punching needs it.
            let opts =
                DialOpts::peer_id(peer).condition(PeerCondition::Always).addresses(addrs).build();
            let connection = opts.connection_id();
            if let Some(state) = self.peers.get_mut(&peer) {
                state.dialing.insert(connection);
            }
            if let Err(error) = self.swarm.dial(opts) {
                self.on_dial_error(peer, connection, &error);
            }
        }
        if !begun && !any_there {
            self.give_up(peer, DialFailure::Unreachable);
        }
    }

    pub(super) fn on_dial_error(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        error: &DialError,
    ) {
        let Some(state) = self.peers.get_mut(&peer) else { return };
        let ours = state.dialing.remove(&connection);
        if ours && state.wanted && state.dialing.is_empty() && state.opening.is_none() {
            match error {
                _ if !state.connections.is_empty() => self.give_up(peer, DialFailure::NoAnswer),
                DialError::WrongPeerId { .. } => self.give_up(peer, DialFailure::WrongPeer),
                DialError::Denied { .. } => self.give_up(peer, DialFailure::LimitHere),
                // Two nodes that dial each other at the same moment, both from the port they
                // listen on, get one TCP connection with two dialers, which fails on both sides.
                // So it is tried once more, and not at the same moment.
                _ if state.rounds < ROUNDS => {
                    state.rounds += 1;
                    let pause = if self.me < peer { AGAIN_DECIDER } else { AGAIN_FOLLOWER };
                    self.redial.at(Target::Peer(peer), Instant::now() + pause);
                }
                _ => self.give_up(peer, DialFailure::Unreachable),
            }
        }
        self.sweep(peer);
    }

    pub(super) fn give_up(&mut self, peer: PeerId, reason: DialFailure) {
        let Some(state) = self.peers.get_mut(&peer) else { return };
        let kept = state.keep;
        state.rounds = 0;
        if std::mem::take(&mut state.wanted) {
            self.tell(NetEvent::DialFailed { peer, reason });
        }
        if kept {
            self.try_later(Target::Peer(peer));
        }
    }
}
