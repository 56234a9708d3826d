//! Linking a second device: the two ends of `keys::link` over a session, and what is
//! handed over once both people's hands have confirmed the code.

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};

use super::join::new_store;
use super::{Engine, Event, Now, Stores};
use crate::authority::build;
use crate::codec;
use crate::journal::Root;
use crate::keys::{
    Accept, EntryHash, HoodId, LINK_PAYLOAD_BYTES, LinkError, LinkSecret, LinkStep, MemberId,
    NewDevice, Offer,
};
use crate::projection::Changes;
use crate::replica::{ActError, HoodRow, Replica, Standing};
use crate::rows::{MemoryRows, Tx};
use crate::seal::EpochSecret;
use crate::sync::{CloseReason, Met, SessionId};

/// Neighbourhoods that one link hands over.
const LINKED_HOODS: usize = 64;

/// How far a link is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkProgress {
    /// The other device has not come yet.
    Waiting,
    /// Both show this code.
    Comparing(String),
    /// Confirmed here; the other has not, or has not handed over yet.
    Confirmed,
}

/// A link under way.
pub struct DeviceLink {
    secret: LinkSecret,
    session: Option<SessionId>,
    end: End,
    code: Option<String>,
    confirmed: bool,
    /// On the new device: whose it becomes, as the old one revealed.
    member: Option<MemberId>,
}

enum End {
    /// The old device: nobody came yet.
    Offers,
    Old(Box<Offer>),
    /// The new device: not connected yet.
    Accepts,
    New(Box<Accept>),
}

impl DeviceLink {
    /// What both devices meet on.
    pub fn secret(&self) -> [u8; 32] {
        *self.secret.as_bytes()
    }

    /// How far it is.
    pub fn progress(&self) -> LinkProgress {
        match &self.code {
            _ if self.confirmed => LinkProgress::Confirmed,
            Some(code) => LinkProgress::Comparing(code.clone()),
            None => LinkProgress::Waiting,
        }
    }
}

/// What the new device is given.
#[derive(Serialize, Deserialize)]
struct Handed {
    recovery: [u8; 32],
    name: String,
    hoods: Vec<HandedHood>,
}

#[derive(Serialize, Deserialize)]
struct HandedHood {
    id: HoodId,
    root: Root,
    name: String,
    act: EntryHash,
    secrets: Vec<[u8; 32]>,
}

impl Engine {
    /// Begins a link as the old device: the secret goes into the QR.
    pub fn offer_link(&mut self, rng: &mut dyn CryptoRng) -> LinkSecret {
        let secret = LinkSecret::generate(rng);
        self.link = Some(DeviceLink {
            secret: secret.clone(),
            session: None,
            end: End::Offers,
            code: None,
            confirmed: false,
            member: None,
        });
        secret
    }

    /// Begins a link as the new device, with the secret it scanned.
    pub fn accept_link(&mut self, secret: LinkSecret) {
        self.link = Some(DeviceLink {
            secret,
            session: None,
            end: End::Accepts,
            code: None,
            confirmed: false,
            member: None,
        });
    }

    /// How far a link is, if one is under way.
    pub fn link_progress(&self) -> Option<LinkProgress> {
        self.link.as_ref().map(DeviceLink::progress)
    }

    /// Gives a link up.
    pub fn cancel_link(&mut self) {
        if let Some(link) = self.link.take()
            && let Some(session) = link.session
        {
            self.close_session(session, CloseReason::Done);
        }
    }

    /// The person says that the other device shows `typed`.
    pub fn confirm_link(
        &mut self,
        typed: &str,
        now: Now,
        stores: &mut dyn Stores,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), ActError> {
        let keys = self.me.keys.clone();
        let nothing = || ActError::not_found("device.nothing_pending");
        let link = self.link.as_mut().ok_or_else(nothing)?;
        let id = link.session.ok_or_else(nothing)?;
        let step = match &mut link.end {
            End::Old(offer) => offer.confirm(typed),
            End::New(accept) => accept.confirm(typed, &keys, rng),
            End::Offers | End::Accepts => return Err(nothing()),
        };
        match step {
            Ok(step) => {
                link.confirmed = true;
                self.link_step(id, step, now, stores, rng);
                self.run_effects(id, now, stores, rng);
                Ok(())
            }
            Err(LinkError::Code) => {
                self.link_failed("device.code_differs");
                Err(ActError::conflict("device.code_differs"))
            }
            Err(_) => Err(nothing()),
        }
    }

    pub(super) fn met_by_link(
        &mut self,
        id: SessionId,
        _met: &Met,
        now: Now,
        stores: &mut dyn Stores,
        rng: &mut dyn CryptoRng,
    ) {
        let Some(live) = self.sessions.get_mut(&id) else { return };
        live.session.open_link();
        let Some(link) = self.link.as_mut() else {
            self.close_session(id, CloseReason::Done);
            return;
        };
        // Only one comparison at a time: a second caller with the secret is turned away.
        if link.session.is_some() {
            self.close_session(id, CloseReason::Done);
            return;
        }
        link.session = Some(id);
        match link.end {
            End::Offers => {
                let (offer, first) =
                    Offer::new(link.secret.clone(), self.me.member, &self.me.keys, rng);
                link.end = End::Old(Box::new(offer));
                self.link_step(id, LinkStep::Send(first), now, stores, rng);
            }
            End::Accepts => {
                let accept = Accept::new(link.secret.clone(), &self.me.keys, rng);
                link.end = End::New(Box::new(accept));
            }
            End::Old(_) | End::New(_) => {}
        }
    }

    pub(super) fn link_frame(
        &mut self,
        id: SessionId,
        bytes: &[u8],
        now: Now,
        stores: &mut dyn Stores,
        rng: &mut dyn CryptoRng,
    ) {
        let keys = self.me.keys.clone();
        let Some(link) = self.link.as_mut().filter(|link| link.session == Some(id)) else {
            self.close_session(id, CloseReason::Protocol);
            return;
        };
        let step = match &mut link.end {
            End::Old(offer) => offer.receive(bytes, rng),
            End::New(accept) => accept.receive(bytes, &keys, rng),
            End::Offers | End::Accepts => Err(LinkError::Order),
        };
        match step {
            Ok(step) => self.link_step(id, step, now, stores, rng),
            Err(_) => {
                self.link_failed("device.link_failed");
                self.close_session(id, CloseReason::Protocol);
            }
        }
    }

    fn link_step(
        &mut self,
        id: SessionId,
        step: LinkStep,
        now: Now,
        stores: &mut dyn Stores,
        rng: &mut dyn CryptoRng,
    ) {
        let send = |engine: &mut Self, bytes: Vec<u8>| {
            if let Some(live) = engine.sessions.get_mut(&id) {
                live.session.send_link(bytes, &mut engine.no_fetches);
            }
        };
        match step {
            LinkStep::Send(bytes) => send(self, bytes),
            LinkStep::Compare { send: bytes, code } => {
                if let Some(bytes) = bytes {
                    send(self, bytes);
                }
                let code = code.to_string();
                if let Some(link) = &mut self.link {
                    link.code = Some(code.clone());
                    if let End::New(accept) = &link.end {
                        link.member = accept.member();
                    }
                }
                self.event(Event::LinkCode { code });
            }
            LinkStep::Certify(new) => {
                let handed = self.certify(&new, now, stores, rng);
                let keys = self.me.keys.clone();
                let link = self.link.as_mut().map(|link| &mut link.end);
                let bytes = match (handed, link) {
                    (Ok(payload), Some(End::Old(offer))) => {
                        offer.hand_over(&payload, &keys, rng).ok()
                    }
                    _ => None,
                };
                match bytes {
                    Some(bytes) => {
                        send(self, bytes);
                        self.link = None;
                        let member = self.me.member;
                        let hoods = self.hoods.keys().copied().collect();
                        self.event(Event::Linked { member, device: new.device, hoods });
                    }
                    None => self.link_failed("device.link_failed"),
                }
            }
            LinkStep::Done(payload) => {
                let member = self.link.as_ref().and_then(|link| link.member);
                self.take_over(id, member, &payload, now, stores, rng);
            }
            _ => {}
        }
    }

    /// Certifies the new device in every neighbourhood; gives what it is handed.
    fn certify(
        &mut self,
        new: &NewDevice,
        now: Now,
        stores: &mut dyn Stores,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, ActError> {
        let mut hoods = Vec::new();
        let ids: Vec<_> = self.hoods.keys().copied().take(LINKED_HOODS).collect();
        let member = self.me.member;
        for hash in ids {
            let row = self.read(&hash, stores, |replica, _| Ok(replica.hood().clone()))?;
            let (Standing::Member, Some(id), Some(root)) = (row.standing, row.id, row.root) else {
                continue;
            };
            let (act, secrets, name) = self.act(&hash, now, stores, |replica, tx| {
                replica.check_member()?;
                let mut changes = Changes::default();
                let act = build::certify(now.claimed, new.device, new.agreement);
                let draft = build::draft_certify(hash, member, &act);
                let act = replica.write_draft(tx, draft, &mut changes)?;
                replica.settle(tx, &mut changes)?;
                // A new epoch, so that the new device reads all that comes under it.
                replica.open_epoch(tx, now.claimed, rng, &mut changes)?;
                replica.settle(tx, &mut changes)?;
                let secrets = replica.reader().secrets().iter().map(|it| *it.to_bytes()).collect();
                Ok(((act, secrets, replica.name(tx)?), changes))
            })?;
            hoods.push(HandedHood { id, root, name, act, secrets });
        }
        let handed = Handed { recovery: self.me.recovery, name: self.name.clone(), hoods };
        let bytes = codec::encode(&handed);
        if bytes.len() > LINK_PAYLOAD_BYTES {
            return Err(ActError::invalid("device.too_much"));
        }
        Ok(bytes)
    }

    /// Becomes the member's device: sets up what was handed over.
    fn take_over(
        &mut self,
        id: SessionId,
        member: Option<MemberId>,
        payload: &[u8],
        now: Now,
        stores: &mut dyn Stores,
        rng: &mut dyn CryptoRng,
    ) {
        let handed = codec::decode::<Handed>(payload, LINK_PAYLOAD_BYTES);
        let (Some(member), Ok(handed)) = (member, handed) else {
            self.link_failed("device.link_failed");
            return;
        };
        self.me.member = member;
        self.me.certificate = None;
        self.me.recovery = handed.recovery;
        self.name = handed.name.clone();
        let mut hoods = Vec::new();
        for it in handed.hoods.into_iter().take(LINKED_HOODS) {
            let hash = it.id.hash();
            match self.set_up_linked(it, now, stores, rng) {
                Ok(()) => hoods.push(hash),
                Err(error) => tracing::error!(%error, "a neighbourhood was not set up"),
            }
        }
        self.link = None;
        let device = self.me.keys.id();
        self.event(Event::Linked { member, device, hoods });
        self.close_session(id, CloseReason::Done);
    }

    fn set_up_linked(
        &mut self,
        handed: HandedHood,
        now: Now,
        stores: &mut dyn Stores,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), ActError> {
        let hash = handed.id.hash();
        let rows = MemoryRows::default();
        let mut tx = Tx::new(&rows);
        let row = HoodRow {
            hash,
            id: Some(handed.id),
            root: Some(handed.root),
            name: handed.name,
            standing: Standing::Member,
            invitation: None,
        };
        let mut replica = Replica::prepare(&mut tx, &self.me, row, new_store(rng));
        replica.set_act(&mut tx, handed.act);
        for secret in handed.secrets {
            replica.learn_secret(&mut tx, EpochSecret::from_bytes(secret));
        }
        let writes = tx.into_writes();
        self.create(hash, now, stores, writes, replica, Changes::default())
    }

    /// The name that profiles begin with.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn link_session_gone(&mut self, id: SessionId) {
        if let Some(link) = &mut self.link
            && link.session == Some(id)
        {
            self.link_failed("device.link_failed");
        }
    }

    fn link_failed(&mut self, code: &'static str) {
        self.link = None;
        self.event(Event::LinkFailed { code });
    }
}
