//! Streams: what lies between this device and another, with a session for each
//! neighbourhood that both are in. The first session begins with the stream and speaks
//! plainly; each other has a channel, in which it meets and proves itself as if it were
//! alone.
//!
//! Invariants: a channel is begun only with whom this device met, for a neighbourhood in
//! which it knows that very device or which the other showed to know; so a peer learns of
//! no other. A session that ends takes no other along; the stream ends with the last.

use std::borrow::Cow;
use std::collections::BTreeSet;

use rand_core::CryptoRng;

use super::channels::{Stream, StreamId, opener_of};
use super::sessions::Live;
use super::{Engine, Event, Now, Output, Stores};
use crate::keys::{DeviceId, HoodHash, MemberId};
use crate::replica::Standing;
use crate::sync::frame::{CHANNEL, Channel};
use crate::sync::{CloseReason, Config, Credential, Frame, PeerIds, Role, Session, SessionId};
use crate::time::Instant;

impl Engine {
    /// A stream to a peer stands: its first session begins. Its frames are given to
    /// [`Self::handle_frame`].
    pub fn open_stream(
        &mut self,
        role: Role,
        peers: PeerIds,
        now: Now,
        stores: &mut dyn Stores,
        rng: &mut dyn CryptoRng,
    ) -> StreamId {
        let turn = if self.hoods.len() > 1 { rng.next_u32() as usize } else { 0 };
        let credentials = self.credentials(role, turn, now, stores);
        self.next_stream += 1;
        let stream = StreamId(self.next_stream);
        self.streams.insert(stream, Stream::new(role, peers.clone(), now.steady));
        let first = self.begin_session((stream, 0), role, peers, credentials, None, now, rng);
        self.run_effects(first, now, stores, rng);
        stream
    }

    /// Begins a session on a channel of a stream.
    #[allow(clippy::too_many_arguments)]
    fn begin_session(
        &mut self,
        (stream, channel): (StreamId, u32),
        role: Role,
        peers: PeerIds,
        credentials: Vec<Credential>,
        wants: Option<HoodHash>,
        now: Now,
        rng: &mut dyn CryptoRng,
    ) -> SessionId {
        self.next_session += 1;
        let id = SessionId(self.next_session);
        let mut seed = [0; 32];
        rng.fill_bytes(&mut seed);
        let signing = self.me.keys.signing().clone();
        let config = Config { id, role, peers, credentials, signing, seed };
        let session = Session::new(now.steady, config).beside(channel);
        self.sessions.insert(id, Live::new(session, stream, channel, wants));
        if let Some(stream) = self.streams.get_mut(&stream) {
            stream.channels.insert(channel, id);
        }
        id
    }

    /// Takes a frame of a stream in.
    pub fn handle_frame(
        &mut self,
        stream: StreamId,
        bytes: &[u8],
        now: Now,
        stores: &mut dyn Stores,
        rng: &mut dyn CryptoRng,
    ) {
        if let Some((id, bytes)) = self.route(stream, bytes, now, stores, rng) {
            self.with_session(id, now, stores, |it, context| it.handle_frame(&bytes, context));
            self.run_effects(id, now, stores, rng);
        }
    }

    /// Takes frames in, in the order in which they came. Those of one session that follow
    /// one another are given to it before what they ask is done, so that what they bring
    /// is committed together.
    pub fn handle_frames(
        &mut self,
        frames: Vec<(StreamId, Vec<u8>)>,
        now: Now,
        stores: &mut dyn Stores,
        rng: &mut dyn CryptoRng,
    ) {
        let mut gathers: Option<SessionId> = None;
        for (stream, bytes) in frames {
            let routed = self.route(stream, &bytes, now, stores, rng);
            let next = routed.as_ref().map(|(id, _)| *id);
            if let Some(id) = gathers.take_if(|id| Some(*id) != next) {
                self.run_effects(id, now, stores, rng);
            }
            let Some((id, bytes)) = routed else { continue };
            // Only a session that exchanges entries gathers: what comes before that
            // depends on the answer to each frame.
            let exchanges = self.sessions.get(&id).is_some_and(|it| it.session.is_exchanging());
            self.with_session(id, now, stores, |it, context| it.handle_frame(&bytes, context));
            if exchanges {
                gathers = Some(id);
            } else {
                self.run_effects(id, now, stores, rng);
            }
        }
        if let Some(id) = gathers {
            self.run_effects(id, now, stores, rng);
        }
    }

    /// The session that a frame of a stream is for, and what is said to it. The other side
    /// may have opened a channel with it.
    fn route<'a>(
        &mut self,
        id: StreamId,
        bytes: &'a [u8],
        now: Now,
        stores: &mut dyn Stores,
        rng: &mut dyn CryptoRng,
    ) -> Option<(SessionId, Cow<'a, [u8]>)> {
        let stream = self.streams.get_mut(&id)?;
        for beside in stream.channels.values() {
            if let Some(live) = self.sessions.get_mut(beside) {
                live.session.heard_beside(now.steady);
            }
        }
        // From a stranger a channel is what any other wrong frame is.
        if bytes.first() != Some(&CHANNEL) || stream.peer.is_none() {
            return Some((*stream.channels.get(&0)?, Cow::Borrowed(bytes)));
        }
        let Ok(Some(Frame::Channel(Channel { number, frame }))) = Frame::from_bytes(bytes) else {
            self.close_stream(id, CloseReason::Protocol, now, stores, rng);
            return None;
        };
        if let Some(known) = stream.channels.get(&number) {
            return Some((*known, Cow::Owned(frame)));
        }
        if opener_of(number) == stream.role || number <= stream.heard {
            // Said before its session was over here.
            return None;
        }
        stream.heard = number;
        if !stream.admits(now.steady) {
            return None;
        }
        let peers = stream.peers_of(stream.role.other());
        let credentials = self.credentials(Role::Responder, 0, now, stores);
        let session =
            self.begin_session((id, number), Role::Responder, peers, credentials, None, now, rng);
        Some((session, Cow::Owned(frame)))
    }

    /// Ends all sessions of a stream; the peer is told.
    fn close_stream(
        &mut self,
        id: StreamId,
        reason: CloseReason,
        now: Now,
        stores: &mut dyn Stores,
        rng: &mut dyn CryptoRng,
    ) {
        let Some(stream) = self.streams.get(&id) else { return };
        let sessions: Vec<SessionId> = stream.channels.values().copied().collect();
        for session in sessions {
            self.close_session(session, reason);
            self.run_effects(session, now, stores, rng);
        }
    }

    /// Whether anything still meets, joins or exchanges on a stream.
    pub fn has_stream(&self, id: StreamId) -> bool {
        self.streams.contains_key(&id)
    }

    /// A stream is gone, and with it its sessions.
    pub fn drop_stream(&mut self, id: StreamId) {
        let Some(stream) = self.streams.remove(&id) else { return };
        for session in stream.channels.into_values() {
            self.close_session(session, CloseReason::Cut);
            self.forget_session(session, CloseReason::Cut);
        }
    }

    /// A session is over; the stream is, with its last.
    pub(super) fn session_over(&mut self, id: SessionId, reason: CloseReason, now: Now) {
        let Some(live) = self.sessions.get(&id) else { return };
        let (on, channel) = (live.stream, live.channel);
        // A join that was answered ends well, and what follows need not wait.
        let joined = live.peer.is_none() && reason == CloseReason::Done;
        let hood = live.hood.or(live.wants).filter(|_| !joined);
        self.forget_session(id, reason);
        let Some(stream) = self.streams.get_mut(&on) else { return };
        stream.channels.remove(&channel);
        if stream.channels.is_empty() {
            self.streams.remove(&on);
            self.outputs.push_back(Output::Close { stream: on, reason });
        } else if let Some(hood) = hood {
            stream.ended(hood, reason, now.steady);
        }
    }

    /// Takes out a session that is over, and says so.
    fn forget_session(&mut self, id: SessionId, reason: CloseReason) {
        let Some(live) = self.remove_session(id) else { return };
        self.link_session_gone(id);
        let met = live.hood.zip(live.known_peer()).map(|(hood, (_, device))| (hood, device));
        self.event(Event::Parted { session: id, stream: live.stream, met, reason });
    }

    /// Notes whom a session met, and what else the two share; false where the session is
    /// one too many.
    pub(super) fn met_on_stream(
        &mut self,
        id: SessionId,
        hood: &HoodHash,
        peer: (MemberId, DeviceId),
        also: Vec<HoodHash>,
        now: Now,
    ) -> bool {
        let Some(live) = self.sessions.get(&id) else { return false };
        let (on, channel) = (live.stream, live.channel);
        let Some(stream) = self.streams.get_mut(&on) else { return false };
        let (_, device) = *stream.peer.get_or_insert(peer);
        if device != peer.1 {
            self.close_session(id, CloseReason::Protocol);
            return false;
        }
        stream.also.remove(hood);
        stream.tried.remove(hood);
        if stream.role == Role::Initiator && channel == 0 {
            stream.also.extend(also);
        }
        stream.look_soon(now.steady);
        // Both began one at once: that of whoever opened the stream stays, on both sides.
        let twin = stream.channels.iter().find(|(_, other)| {
            let other_hood = (self.sessions.get(*other))
                .filter(|it| !it.session.is_over())
                .and_then(|it| it.hood);
            **other != id && other_hood == Some(*hood)
        });
        match twin.map(|(channel, session)| (*channel, *session)) {
            Some((_, twin))
                if opener_of(channel) == Role::Initiator
                    && opener_of(self.channel_of(twin)) == Role::Responder =>
            {
                self.close_session(twin, CloseReason::Done);
                true
            }
            Some(_) => {
                self.close_session(id, CloseReason::Done);
                false
            }
            None => true,
        }
    }

    fn channel_of(&self, id: SessionId) -> u32 {
        self.sessions.get(&id).map_or(0, |live| live.channel)
    }

    /// Every stream is looked at again: this device came to a neighbourhood, or learnt who
    /// else is in one.
    pub(super) fn look_again(&mut self, now: Now) {
        for stream in self.streams.values_mut() {
            if stream.peer.is_some() {
                stream.look_soon(now.steady);
            }
        }
    }

    /// Looks, where that is due, what else is shared on a stream, and begins it.
    pub(super) fn look_over_streams(
        &mut self,
        now: Now,
        stores: &mut dyn Stores,
        rng: &mut dyn CryptoRng,
    ) {
        let is_due = |it: &Stream| it.look_at.is_some_and(|at| at <= now.steady);
        let due: Vec<StreamId> =
            self.streams.iter().filter(|(_, it)| is_due(it)).map(|(id, _)| *id).collect();
        for id in due {
            let (wanted, look_at) = self.wanted(id, now, stores);
            if let Some(stream) = self.streams.get_mut(&id) {
                stream.look_at = look_at;
            }
            for (hood, credential) in wanted {
                self.open_channel(id, hood, credential, now, stores, rng);
            }
        }
    }

    /// What a stream lacks of what both sides share, and when to look again.
    fn wanted(
        &self,
        id: StreamId,
        now: Now,
        stores: &dyn Stores,
    ) -> (Vec<(HoodHash, Credential)>, Option<Instant>) {
        let (mut wanted, mut look_at) = (Vec::new(), None);
        let Some(stream) = self.streams.get(&id) else { return (wanted, look_at) };
        let Some((member, device)) = stream.peer else { return (wanted, look_at) };
        let sessions = stream.channels.values().filter_map(|it| self.sessions.get(it));
        let begun: BTreeSet<HoodHash> =
            sessions.filter_map(|live| live.hood.or(live.wants)).collect();
        for (hash, hood) in &self.hoods {
            let replica = &hood.replica;
            let mut due = stream.tried.get(hash).map_or(now.steady, |(_, at)| *at);
            let credential = match replica.hood().standing {
                _ if begun.contains(hash) => None,
                Standing::Member => {
                    let known = replica.authority().device_of(&member, &device);
                    let is_known = known.is_some_and(|known| known.is_active);
                    (is_known || stream.also.contains(hash))
                        .then(|| self.member_credential(replica, stores))
                        .flatten()
                }
                Standing::Joining | Standing::AwaitingApproval => {
                    due = due.max(hood.ask_again_at.unwrap_or(due));
                    self.bearer_credential(replica, stores).filter(|it| it.expect == Some(device))
                }
                _ => None,
            };
            let Some(credential) = credential else { continue };
            if due <= now.steady {
                wanted.push((*hash, credential));
            } else {
                look_at = Some(look_at.map_or(due, |at: Instant| at.min(due)));
            }
        }
        (wanted, look_at)
    }

    fn open_channel(
        &mut self,
        id: StreamId,
        hood: HoodHash,
        credential: Credential,
        now: Now,
        stores: &mut dyn Stores,
        rng: &mut dyn CryptoRng,
    ) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        let Some(number) = stream.next_channel() else { return };
        let peers = stream.peers_of(stream.role);
        let credentials = vec![credential];
        let place = (id, number);
        let session =
            self.begin_session(place, Role::Initiator, peers, credentials, Some(hood), now, rng);
        self.run_effects(session, now, stores, rng);
    }

    /// When streams are next to be looked at.
    pub(super) fn next_look(&self) -> Option<Instant> {
        self.streams.values().filter_map(|stream| stream.look_at).min()
    }

    /// Whether a session that this device began beside others has not met yet, or is about
    /// to be begun.
    pub(super) fn is_meeting_more(&self) -> bool {
        let sessions = self.sessions.values();
        sessions.filter(|live| live.wants.is_some()).any(|live| live.session.is_meeting())
    }
}
