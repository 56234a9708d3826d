//! Sessions: frames in and out, and what they ask of the neighbourhoods.

use rand_core::CryptoRng;

use super::{Engine, Event, Hood, Now, Output, Stores, store_reason};
use crate::journal::{mark_sent, position};
use crate::keys::HoodHash;
use crate::replica::{Replica, Standing};
use crate::rows::{Rows, Table, Tx};
use crate::sync::frame::Channel;
use crate::sync::{
    Accepted, CloseReason, Context, Credential, DeviceAddresses, Effect, Frame, Interest,
    InvitationLink, MeetKey, Met, Open, Peer, Role, Session, SessionId, bearer_entry, cursor,
    limits,
};

/// Joins under way that one meeting offers.
const JOINS: usize = 3;

/// Who may be met, by what this device knows.
struct Check<'a> {
    now: Now,
    engine: &'a Engine,
    stores: &'a dyn Stores,
}

impl Check<'_> {
    fn allows(&self, key: &MeetKey, peer: &Peer) -> bool {
        match key {
            // Whoever has the secret is heard; told is whom the charter names.
            MeetKey::Hood(id) => self.engine.hoods.contains_key(&id.hash()),
            MeetKey::Invitation(secret) => {
                self.engine.may_come_by(secret, &peer.member, self.now, self.stores)
            }
            // Whoever has the secret may try: the codes are compared by people.
            MeetKey::Link(_) => self.engine.link.is_some(),
        }
    }
}

impl Engine {
    /// What this device can meet on: links and joins under way first, then its
    /// neighbourhoods, then (as the one who is called) its open invitations. Which
    /// neighbourhood comes first, and which are offered where they are many, is another
    /// by `turn`: in the first of those shared one side may not know the other yet.
    pub(super) fn credentials(
        &self,
        role: Role,
        turn: usize,
        now: Now,
        stores: &dyn Stores,
    ) -> Vec<Credential> {
        let mut credentials = Vec::new();
        let member = self.me.member;
        if let Some(link) = &self.link {
            let key = MeetKey::Link(link.secret());
            credentials.push(Credential { key, member, certificate: Vec::new(), expect: None });
        }
        let replicas = self.hoods.values().map(|hood| &hood.replica);
        let mut hoods: Vec<Credential> =
            replicas.filter_map(|replica| self.member_credential(replica, stores)).collect();
        if role == Role::Responder {
            credentials.extend(hoods);
            credentials.extend(self.invited_credentials(now, stores));
            return credentials;
        }
        let asks = |hood: &&Hood| hood.ask_again_at.is_none_or(|at| at <= now.steady);
        let joins: Vec<Credential> = (self.hoods.values().filter(asks))
            .filter_map(|hood| self.bearer_credential(&hood.replica, stores))
            .take(JOINS)
            .collect();
        credentials.extend(joins);
        if !hoods.is_empty() {
            let first = turn % hoods.len();
            hoods.rotate_left(first);
        }
        hoods.truncate(limits::SLOTS.saturating_sub(credentials.len()));
        credentials.extend(hoods);
        credentials
    }

    /// What a member shows in a neighbourhood.
    pub(super) fn member_credential(
        &self,
        replica: &Replica,
        stores: &dyn Stores,
    ) -> Option<Credential> {
        let row = replica.hood();
        let id = row.id.filter(|_| row.standing == Standing::Member)?;
        Some(Credential {
            key: MeetKey::Hood(id),
            member: self.me.member,
            certificate: self.certificate_for(replica, stores),
            expect: None,
        })
    }

    /// What open invitations are met on.
    fn invited_credentials(&self, now: Now, stores: &dyn Stores) -> Vec<Credential> {
        let mut credentials = Vec::new();
        for (hash, hood) in &self.hoods {
            let Some(rows) = stores.rows(hash) else { continue };
            let tx = Tx::new(rows);
            let open = hood.replica.answering(&tx, now.claimed).unwrap_or_default();
            credentials.extend(open.into_iter().map(|row| Credential {
                key: MeetKey::Invitation(row.secret),
                member: self.me.member,
                certificate: Vec::new(),
                expect: None,
            }));
        }
        credentials
    }

    /// Tells the peer of a session who is reachable where: this device, and those of the
    /// given ones that are in that session's neighbourhood. Nobody learns so who is in
    /// another.
    pub fn tell_addresses(
        &mut self,
        id: SessionId,
        devices: &[DeviceAddresses],
        now: Now,
        stores: &mut dyn Stores,
        rng: &mut dyn CryptoRng,
    ) {
        let Some(live) = self.sessions.get_mut(&id) else { return };
        let Some(hood) = live.hood.and_then(|hood| self.hoods.get(&hood)) else { return };
        let own = self.me.keys.id();
        let is_in = |it: &&DeviceAddresses| {
            let known = hood.replica.authority().device(&it.device);
            it.device == own || known.is_some_and(|known| known.is_active)
        };
        let devices: Vec<DeviceAddresses> = devices.iter().filter(is_in).cloned().collect();
        live.session.tell_addresses(&devices);
        self.run_effects(id, now, stores, rng);
    }

    pub(super) fn time_out_sessions(
        &mut self,
        now: Now,
        stores: &mut dyn Stores,
        rng: &mut dyn CryptoRng,
    ) {
        let due: Vec<SessionId> = self
            .sessions
            .iter()
            .filter(|(_, live)| live.session.next_timeout().is_none_or(|at| at <= now.steady))
            .map(|(id, _)| *id)
            .collect();
        for id in due {
            self.with_session(id, now, stores, |session, context| session.handle_timeout(context));
            self.run_effects(id, now, stores, rng);
        }
    }

    /// Lends a session what it needs for one event.
    pub(super) fn with_session<R>(
        &mut self,
        id: SessionId,
        now: Now,
        stores: &dyn Stores,
        event: impl FnOnce(&mut Session, &mut Context<'_>) -> R,
    ) -> Option<R> {
        let mut live = self.sessions.remove(&id)?;
        let hood = live.hood;
        let mut fetches = match &hood {
            Some(hood) => self.fetches.remove(hood).unwrap_or_default(),
            None => std::mem::take(&mut self.no_fetches),
        };
        let rows: &dyn Rows = hood.and_then(|hood| stores.rows(&hood)).unwrap_or(&self.no_rows);
        let check =
            |key: &MeetKey, peer: &Peer| Check { now, engine: self, stores }.allows(key, peer);
        let mut context = Context { now: now.steady, rows, check: &check, fetches: &mut fetches };
        let result = event(&mut live.session, &mut context);
        match hood {
            Some(hood) => {
                self.fetches.insert(hood, fetches);
            }
            None => self.no_fetches = fetches,
        }
        self.sessions.insert(id, live);
        Some(result)
    }

    /// Does what a session asks, until it asks nothing more.
    pub(super) fn run_effects(
        &mut self,
        id: SessionId,
        now: Now,
        stores: &mut dyn Stores,
        rng: &mut dyn CryptoRng,
    ) {
        while let Some(effect) =
            self.sessions.get_mut(&id).and_then(|live| live.session.poll_effect())
        {
            self.run_effect(id, effect, now, stores, rng);
        }
    }

    fn run_effect(
        &mut self,
        id: SessionId,
        effect: Effect,
        now: Now,
        stores: &mut dyn Stores,
        rng: &mut dyn CryptoRng,
    ) {
        let hood = self.sessions.get(&id).and_then(|live| live.hood);
        match (effect, hood) {
            (Effect::Send(bytes), _) => self.send(id, bytes),
            (Effect::Met { key, also, met }, _) => {
                self.met(id, &key, &also, &met, now, stores, rng);
            }
            (Effect::Accept { ticket, runs }, Some(hood)) => {
                self.accept(id, &hood, ticket, &runs, now, stores);
            }
            (Effect::SaveCursor { device, row }, Some(hood)) => {
                let Some(rows) = stores.rows(&hood) else { return };
                let mut tx = Tx::new(rows);
                cursor::save(&mut tx, &device, &row);
                let writes = tx.into_writes();
                self.defer(&hood, now, writes);
            }
            (Effect::CaughtUp { .. }, Some(hood)) => {
                self.recover_secrets(&hood, now, stores);
                self.event(Event::CaughtUp { session: id, hood });
            }
            (Effect::PeerRead { n }, Some(hood)) => self.peer_read(&hood, n, now, stores),
            (Effect::Addresses(devices), Some(hood)) => {
                let devices = devices.into_iter().map(|it| (it.device, it.addresses)).collect();
                self.event(Event::Addresses { hood, devices });
            }
            (Effect::BlobChunk { blob, size, chunks, index, bytes }, Some(hood)) => {
                self.blob_chunk(&hood, &blob, (size, &chunks), (index, &bytes), now, stores);
            }
            (Effect::BlobDone(blob), Some(hood)) => self.event(Event::BlobArrived { hood, blob }),
            (Effect::BlobMissing(blob), Some(_)) => {
                self.event(Event::BlobMissing { session: id, blob });
            }
            (Effect::Close(reason), _) => {
                self.shows_certificate |= reason == CloseReason::NotMet;
                self.session_over(id, reason, now);
            }
            (Effect::Link(bytes), _) => self.link_frame(id, &bytes, now, stores, rng),
            (effect, Some(hood)) => self.join_effect(id, &hood, effect, now, stores),
            (_, None) => self.close_session(id, CloseReason::Protocol),
        }
    }

    fn send(&mut self, id: SessionId, bytes: Vec<u8>) {
        let Some(live) = self.sessions.get(&id) else { return };
        let (stream, number) = (live.stream, live.channel);
        let bytes = match number {
            0 => bytes,
            number => Frame::Channel(Channel { number, frame: bytes }).to_bytes(),
        };
        self.outputs.push_back(Output::Send { stream, from: id, bytes });
    }

    /// Two nodes have met: on a neighbourhood, an invitation or a link.
    #[allow(clippy::too_many_arguments)]
    fn met(
        &mut self,
        id: SessionId,
        key: &MeetKey,
        also: &[MeetKey],
        met: &Met,
        now: Now,
        stores: &mut dyn Stores,
        rng: &mut dyn CryptoRng,
    ) {
        let hood: Option<HoodHash> = match key {
            MeetKey::Hood(hood) => Some(hood.hash()),
            MeetKey::Invitation(secret) => self.hood_of_invitation(secret, stores),
            MeetKey::Link(_) => None,
        };
        let Some(live) = self.sessions.get_mut(&id) else { return };
        live.hood = hood;
        match key {
            MeetKey::Hood(_) => {
                let Some(hash) = hood else { return };
                let (member, device) = (met.peer.member, met.peer.device);
                let Some(known) = self.hoods.get(&hash) else { return };
                let store = known.replica.own().store;
                // Back from a recovery, a device brings its identity log itself.
                let by_phrase = bearer_entry(&met.peer, &hash).is_some();
                let footing = known.footing(&member, &device, by_phrase);
                live.footing = footing;
                let also = also.iter().filter_map(|key| match key {
                    MeetKey::Hood(id) => Some(id.hash()),
                    MeetKey::Invitation(_) | MeetKey::Link(_) => None,
                });
                if !self.met_on_stream(id, &hash, (member, device), also.collect(), now) {
                    return;
                }
                if let Some(live) = self.sessions.get_mut(&id) {
                    live.peer = Some((member, device));
                }
                self.limit_heard();
                self.say_met(id);
                let hears_only = footing.is_heard_only();
                let open = Open { store, interest: Interest::full(), hears_only };
                self.with_session(id, now, stores, |session, context| session.open(open, context));
            }
            MeetKey::Invitation(_) => self.met_by_invitation(id, hood, now, stores),
            MeetKey::Link(_) => self.met_by_link(id, met, now, stores, rng),
        }
    }

    /// Says who was met, once that is known.
    pub(super) fn say_met(&mut self, id: SessionId) {
        let Some(live) = self.sessions.get(&id) else { return };
        let (Some(hood), Some((member, device))) = (live.hood, live.known_peer()) else { return };
        let stream = live.stream;
        self.event(Event::Met { session: id, stream, hood, member, device });
    }

    /// The neighbourhood whose invitation has this secret: one this device redeems, or
    /// one it wants to join.
    pub(super) fn hood_of_invitation(
        &self,
        secret: &[u8; 32],
        stores: &dyn Stores,
    ) -> Option<HoodHash> {
        let id = blake3::hash(secret);
        self.hoods.iter().find_map(|(hash, hood)| {
            let link = hood.replica.hood().invitation.as_deref();
            let is_bearer = link
                .and_then(|link| InvitationLink::from_text(link).ok())
                .is_some_and(|link| link.secret == *secret);
            let redeems = || {
                let rows = stores.rows(hash);
                let row = rows.map(|rows| rows.get(Table::Invitations, id.as_bytes()));
                matches!(row, Some(Ok(Some(_))))
            };
            (is_bearer || redeems()).then_some(*hash)
        })
    }

    fn accept(
        &mut self,
        id: SessionId,
        hash: &HoodHash,
        ticket: u64,
        runs: &[crate::journal::Run],
        now: Now,
        stores: &mut dyn Stores,
    ) {
        let (Some(hood), Some(rows)) = (self.hoods.get_mut(hash), stores.rows(hash)) else {
            return;
        };
        let mut tx = Tx::new(rows);
        tx.absorb(hood.deferred.clone());
        let staged = (|| {
            let before = position(&tx)?.n;
            let taken = hood.replica.take(&mut tx, runs)?;
            Ok((before, taken, position(&tx)?))
        })();
        let (before, taken, after) = match staged {
            Ok(staged) => staged,
            Err(error) => {
                self.reload(hash, stores);
                self.close_session(id, store_reason(&error));
                return;
            }
        };
        let writes = tx.into_writes();
        if after.n > before
            && let Err(error) = stores.commit(hash, writes)
        {
            self.reload(hash, stores);
            self.event(Event::StoreFailed { hood: *hash, error });
            self.close_session(id, CloseReason::Store);
            return;
        }
        if after.n > before {
            self.committed(hash, now, stores, taken.changes, before, after);
        }
        let accepted = Accepted { verdicts: taken.verdicts, from: before, to: after };
        self.with_session(id, now, stores, |session, context| {
            session.on_accepted(ticket, &accepted, context);
        });
    }

    fn peer_read(&mut self, hash: &HoodHash, n: u64, now: Now, stores: &mut dyn Stores) {
        let Some(hood) = self.hoods.get_mut(hash) else { return };
        if n <= hood.sent {
            return;
        }
        hood.sent = n;
        let Some(rows) = stores.rows(hash) else { return };
        let mut tx = Tx::new(rows);
        if mark_sent(&mut tx, n).is_err() {
            return;
        }
        let writes = tx.into_writes();
        self.defer(hash, now, writes);
        self.event(Event::Sent { hood: *hash, n });
    }
}
