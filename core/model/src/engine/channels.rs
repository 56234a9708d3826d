//! What is known of one stream: its channels, what was tried on it, and when to look again
//! what else is shared.
//!
//! Invariant: no number names two channels of one stream, so a frame that was on its way
//! when its session ended is never taken for another's.

use std::collections::{BTreeMap, BTreeSet};

use crate::keys::{DeviceId, HoodHash, MemberId};
use crate::sync::{CloseReason, PeerIds, Role, SessionId, limits};
use crate::time::Instant;

/// Whoever did not open the stream looks so much later what else is shared, so that both
/// do not begin the same at once.
const LOOK_MS: i64 = 2_000;
/// What was begun and ended is begun again after this …
const AGAIN_MS: i64 = 5_000;
/// … what the other side did not want, after twice as long each time, up to this.
const AGAIN_MOST_MS: i64 = 600_000;

/// A stream, as the engine and its host call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub u64);

/// A stream to a peer.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) role: Role,
    peers: PeerIds,
    /// Whom its sessions met.
    pub(super) peer: Option<(MemberId, DeviceId)>,
    /// Its sessions by channel; 0 is the one it began with.
    pub(super) channels: BTreeMap<u32, SessionId>,
    /// The last channel that this side opened.
    opened: u32,
    /// The last that the other opened.
    pub(super) heard: u32,
    /// Neighbourhoods that the other showed to know and that have no session.
    pub(super) also: BTreeSet<HoodHash>,
    /// Neighbourhoods tried: how often in vain, and when again.
    pub(super) tried: BTreeMap<HoodHash, (u32, Instant)>,
    /// When to look what else is shared.
    pub(super) look_at: Option<Instant>,
    /// Channels that the other may open at once, and since when.
    allowed: (i64, Instant),
}

impl Stream {
    pub(super) fn new(role: Role, peers: PeerIds, now: Instant) -> Self {
        let opened = match role {
            Role::Initiator => u32::MAX,
            Role::Responder => 0,
        };
        Self {
            role,
            peers,
            peer: None,
            channels: BTreeMap::new(),
            opened,
            heard: 0,
            also: BTreeSet::new(),
            tried: BTreeMap::new(),
            look_at: None,
            allowed: (limits::CHANNEL_TRIES, now),
        }
    }

    /// Ids as a session on a channel sees them: whoever opened that is its initiator.
    pub(super) fn peers_of(&self, opener: Role) -> PeerIds {
        match opener {
            Role::Initiator => self.peers.clone(),
            Role::Responder => PeerIds {
                initiator: self.peers.responder.clone(),
                responder: self.peers.initiator.clone(),
            },
        }
    }

    /// The number of the next channel that this side opens: odd ones are the initiator's.
    pub(super) fn next_channel(&mut self) -> Option<u32> {
        if self.channels.len() >= limits::CHANNELS {
            return None;
        }
        let next = match self.opened {
            u32::MAX => 1,
            last => last.checked_add(2).filter(|next| *next < u32::MAX)?,
        };
        self.opened = next;
        Some(next)
    }

    /// Whether the other side may open this channel now.
    pub(super) fn admits(&mut self, now: Instant) -> bool {
        let (left, since) = self.allowed;
        let more = (now.0 - since.0).max(0) / limits::CHANNEL_TRY_MS;
        let left = (left + more).min(limits::CHANNEL_TRIES);
        let since = if left == limits::CHANNEL_TRIES {
            now
        } else {
            since.plus_ms(more * limits::CHANNEL_TRY_MS)
        };
        let admitted = left > 0 && self.channels.len() < limits::CHANNELS;
        self.allowed = (if admitted { left - 1 } else { left }, since);
        admitted
    }

    /// Looks soon what else is shared.
    pub(super) fn look_soon(&mut self, now: Instant) {
        let at = match self.role {
            Role::Initiator => now,
            Role::Responder => now.plus_ms(LOOK_MS),
        };
        self.look_at = Some(self.look_at.map_or(at, |known| known.min(at)));
    }

    /// Notes that a session of a neighbourhood is over.
    pub(super) fn ended(&mut self, hood: HoodHash, reason: CloseReason, now: Instant) {
        let failed = self.tried.get(&hood).map_or(0, |(failed, _)| *failed);
        let (failed, wait) = match reason {
            CloseReason::NotMet => {
                self.also.remove(&hood);
                let wait = AGAIN_MS.saturating_mul(2 << failed.min(8)).min(AGAIN_MOST_MS);
                (failed.saturating_add(1), wait)
            }
            _ => (failed, AGAIN_MS),
        };
        self.tried.insert(hood, (failed, now.plus_ms(wait)));
        self.look_soon(now.plus_ms(wait));
    }
}

/// Who opened a channel.
pub(super) fn opener_of(channel: u32) -> Role {
    if channel == 0 || channel % 2 == 1 { Role::Initiator } else { Role::Responder }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(role: Role) -> Stream {
        let peers = PeerIds { initiator: vec![1], responder: vec![2] };
        Stream::new(role, peers, Instant(0))
    }

    #[test]
    fn both_sides_never_give_two_channels_one_number() {
        let (mut one, mut other) = (stream(Role::Initiator), stream(Role::Responder));
        let mut seen = BTreeSet::from([0]);
        for _ in 0..20 {
            for (it, role) in [(&mut one, Role::Initiator), (&mut other, Role::Responder)] {
                let number = it.next_channel().unwrap();
                assert!(seen.insert(number));
                assert_eq!(opener_of(number), role);
            }
        }
        one.opened = u32::MAX - 2;
        assert_eq!(one.next_channel(), None);
    }

    #[test]
    fn channels_in_haste_are_not_heard_and_in_time_admitted_again() {
        let mut it = stream(Role::Responder);
        let many = (0..1_000).filter(|_| it.admits(Instant(5))).count() as i64;
        assert_eq!(many, limits::CHANNEL_TRIES);
        assert!(!it.admits(Instant(limits::CHANNEL_TRY_MS - 1)));
        assert!(it.admits(Instant(limits::CHANNEL_TRY_MS * 2)));
        let later = Instant(limits::CHANNEL_TRY_MS * 1_000);
        let many = (0..1_000).filter(|_| it.admits(later)).count() as i64;
        assert_eq!(many, limits::CHANNEL_TRIES);
    }
}
