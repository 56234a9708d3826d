//! The sessions of a device: whom it meets, in which neighbourhood, and how much they say.

use super::{Engine, Hood, StreamId};
use crate::keys::{DeviceId, HoodHash, MemberId};
use crate::sync::{CloseReason, Session, SessionId, Stats, limits};

/// A session and whom it is with.
pub(super) struct Live {
    pub(super) session: Session,
    /// The stream it is on.
    pub(super) stream: StreamId,
    /// Where on it.
    pub(super) channel: u32,
    /// What this device began it for.
    pub(super) wants: Option<HoodHash>,
    pub(super) hood: Option<HoodHash>,
    pub(super) peer: Option<(MemberId, DeviceId)>,
    /// How far the peer is trusted.
    pub(super) footing: Footing,
}

/// How far a device that proved itself is trusted in a neighbourhood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Footing {
    /// It is told everything.
    Told,
    /// A member's phrase certifies it, and nobody said so here yet: it is told everything.
    ByPhrase,
    /// It was removed or revoked: it is heard and told nothing.
    Removed,
    /// This node does not know it, so that who it says it is stays unsaid: it is heard and
    /// told nothing. Such a node may itself lack what says who the other is: the act that
    /// admitted it, lost with a damaged row or with all that came after a backup, or the
    /// certificate of a new phone. Nobody else may be there to bring that.
    Unknown,
}

impl Footing {
    /// Whether the device is heard and told nothing.
    pub(super) fn is_heard_only(self) -> bool {
        matches!(self, Self::Removed | Self::Unknown)
    }
}

impl Live {
    pub(super) fn new(
        session: Session,
        stream: StreamId,
        channel: u32,
        wants: Option<HoodHash>,
    ) -> Self {
        Self { session, stream, channel, wants, hood: None, peer: None, footing: Footing::Unknown }
    }

    /// Whom the session is with, where that is known.
    pub(super) fn known_peer(&self) -> Option<(MemberId, DeviceId)> {
        self.peer.filter(|_| self.footing != Footing::Unknown)
    }
}

/// A neighbour who is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetPeer {
    /// On which session.
    pub session: SessionId,
    /// On which stream.
    pub stream: StreamId,
    /// In which neighbourhood.
    pub hood: HoodHash,
    /// Who.
    pub member: MemberId,
    /// With which device.
    pub device: DeviceId,
    /// Whether nothing is on its way.
    pub is_quiet: bool,
}

impl Engine {
    /// The neighbours that are met, once for each neighbourhood shared with them.
    pub fn peers(&self) -> Vec<MetPeer> {
        self.sessions
            .iter()
            .filter_map(|(id, live)| {
                let (member, device) = live.known_peer()?;
                let (hood, is_quiet) = (live.hood?, live.session.is_quiet());
                Some(MetPeer { session: *id, stream: live.stream, hood, member, device, is_quiet })
            })
            .collect()
    }

    /// Whether neighbours are met, in this neighbourhood or in any, and nothing is on its
    /// way to or from them.
    pub fn is_at_rest(&self, hood: Option<&HoodHash>) -> bool {
        let peers = self.peers();
        let mut met = peers.iter().filter(|peer| hood.is_none_or(|hood| peer.hood == *hood));
        let is_met = met.clone().next().is_some();
        is_met && met.all(|peer| peer.is_quiet) && (hood.is_some() || !self.is_meeting_more())
    }

    /// What a session counted.
    pub fn session_stats(&self, id: SessionId) -> Option<Stats> {
        self.sessions.get(&id).map(|live| live.session.stats())
    }

    /// What all sessions exchanged since the engine was made, handshakes left out.
    pub fn exchanged(&self) -> Stats {
        let live = self.sessions.values().map(|live| live.session.exchanged());
        live.fold(self.exchanged, |sum, stats| sum.plus(&stats))
    }

    /// Takes a session that is over out.
    pub(super) fn remove_session(&mut self, id: SessionId) -> Option<Live> {
        let live = self.sessions.remove(&id)?;
        self.exchanged = self.exchanged.plus(&live.session.exchanged());
        Some(live)
    }

    /// Ends a session; the peer is told.
    pub fn close_session(&mut self, id: SessionId, reason: CloseReason) {
        let Some(live) = self.sessions.get_mut(&id) else { return };
        let fetches = match live.hood.and_then(|hood| self.fetches.get_mut(&hood)) {
            Some(fetches) => fetches,
            None => &mut self.no_fetches,
        };
        live.session.close(reason, fetches);
    }

    /// Ends the longest-standing sessions with those who are only heard, where these are
    /// more than may be: one of a device, and a few in all.
    pub(super) fn limit_heard(&mut self) {
        let mut places: Vec<(HoodHash, DeviceId)> = Vec::new();
        let mut too_many = Vec::new();
        for (id, live) in self.sessions.iter().rev() {
            let (Some(hood), Some((_, device))) = (live.hood, live.peer) else { continue };
            if !live.footing.is_heard_only() || live.session.is_over() {
                continue;
            }
            if places.contains(&(hood, device)) || places.len() >= limits::HEARD_SESSIONS {
                too_many.push(*id);
            } else {
                places.push((hood, device));
            }
        }
        for id in too_many {
            self.close_session(id, CloseReason::Done);
        }
    }
}

impl Hood {
    /// How a device that proved itself stands; `by_phrase`: it showed that the phrase of
    /// the member it names certifies it.
    pub(super) fn footing(&self, member: &MemberId, device: &DeviceId, by_phrase: bool) -> Footing {
        let authority = self.replica.authority();
        match authority.device_of(member, device) {
            Some(known) if known.is_active => Footing::Told,
            Some(_) => Footing::Removed,
            // A device that was just linked knows the root and nobody yet.
            None if authority.members().next().is_none() => Footing::Told,
            None if by_phrase && authority.is_active(member) => Footing::ByPhrase,
            None => Footing::Unknown,
        }
    }
}
