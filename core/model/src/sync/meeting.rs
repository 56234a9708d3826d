//! Meeting (`PROTOCOL.md` §8): two nodes find out whether they share a neighbourhood, an
//! invitation or a device link, and learn nothing else.
//!
//! Invariant: whatever is wrong, the other side sees frames of the same types and sizes
//! in the same order: a meet, a meet, a proof or "no", "no". Only whoever holds the secret
//! can tell a slot from noise.

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use subtle::{Choice, ConstantTimeEq};

use super::frame::{Claim, Frame};
use super::limits;
use crate::journal::Signature;
use crate::keys::{DeviceId, HoodHash, HoodId, MemberId};

/// What a proof's signature is made over, first.
const PROOF_CONTEXT: &[u8] = b"palier session v1";
/// Version of the meeting.
pub const MEET_VERSION: u8 = 1;

/// Which side of the connection a node is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It opened the stream.
    Initiator,
    /// It accepted it.
    Responder,
}

impl Role {
    const fn letter(self) -> &'static [u8; 1] {
        match self {
            Self::Initiator => b"I",
            Self::Responder => b"R",
        }
    }

    /// The other side.
    pub const fn other(self) -> Self {
        match self {
            Self::Initiator => Self::Responder,
            Self::Responder => Self::Initiator,
        }
    }
}

/// The ids the transport proved, so that nothing said here serves on another connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerIds {
    /// Who opened the stream.
    pub initiator: Vec<u8>,
    /// Who accepted it.
    pub responder: Vec<u8>,
}

impl PeerIds {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for id in [&self.initiator, &self.responder] {
            let id = &id[..id.len().min(limits::PEER_ID_BYTES)];
            bytes.push(u8::try_from(id.len()).unwrap_or(u8::MAX));
            bytes.extend_from_slice(id);
        }
        bytes
    }
}

/// A secret that two nodes may share.
#[derive(Clone, PartialEq, Eq)]
pub enum MeetKey {
    /// A neighbourhood both are in.
    Hood(HoodId),
    /// An invitation: the bearer has it, and the device that redeems it.
    Invitation([u8; 32]),
    /// A link between two devices of one member.
    Link([u8; 32]),
}

impl std::fmt::Debug for MeetKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Hood(_) => "Hood(…)",
            Self::Invitation(_) => "Invitation(…)",
            Self::Link(_) => "Link(…)",
        })
    }
}

impl MeetKey {
    /// The key M of slots.
    pub(super) fn key(&self) -> [u8; 32] {
        match self {
            Self::Hood(id) => blake3::derive_key("palier meet v1", &id.0),
            Self::Invitation(secret) => blake3::derive_key("palier meet invitation v1", secret),
            Self::Link(secret) => blake3::derive_key("palier meet link v1", secret),
        }
    }

    /// What proofs are bound to: the hood hash, or the hash that stands for the secret.
    pub fn context(&self) -> HoodHash {
        match self {
            Self::Hood(id) => id.hash(),
            Self::Invitation(_) | Self::Link(_) => {
                HoodHash(*blake3::keyed_hash(&self.key(), b"context").as_bytes())
            }
        }
    }
}

/// A secret with what this node shows to whoever shares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The secret.
    pub key: MeetKey,
    /// The member this device acts for there; zero where only the device matters.
    pub member: MemberId,
    /// What lets the other verify that: the signed entry 0 of the identity log, or
    /// whatever `authority` reads.
    pub certificate: Vec<u8>,
    /// The only device to be met, where it is known (the redeemer of an invitation).
    pub expect: Option<DeviceId>,
}

/// Whom the other side claims to be, once its signature held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// The member.
    pub member: MemberId,
    /// The device, which signed.
    pub device: DeviceId,
    /// What is to show that the device is the member's.
    pub certificate: Vec<u8>,
}

/// Decides whether a peer may be met: `authority` for a neighbourhood, whoever keeps the
/// invitations for an invitation.
pub trait PeerCheck {
    /// Whether this peer may go on. Its device has proved itself.
    fn allows(&self, key: &MeetKey, peer: &Peer) -> bool;
}

impl<F: Fn(&MeetKey, &Peer) -> bool> PeerCheck for F {
    fn allows(&self, key: &MeetKey, peer: &Peer) -> bool {
        self(key, peer)
    }
}

/// The first two frames of a meeting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meet {
    /// [`MEET_VERSION`].
    pub version: u8,
    /// Random, fresh.
    pub nonce: [u8; 32],
    /// Keyed hashes, or noise.
    pub slots: [[u8; 32]; limits::SLOTS],
}

/// The last two frames of a meeting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Which slot is meant.
    pub slot: u8,
    /// Who, signed.
    pub claim: Claim,
    /// What shows that the device is the member's.
    #[serde(with = "serde_bytes")]
    pub certificate: Vec<u8>,
}

/// What came of a meeting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Met {
    /// Which of this node's credentials served.
    pub credential: usize,
    /// Who the other is.
    pub peer: Peer,
    /// Other credentials that the other side shares: a session each is worth opening.
    pub also: Vec<usize>,
    /// Both nonces, for what is sealed later.
    pub nonces: [[u8; 32]; 2],
}

/// What to do after a step.
#[derive(Debug)]
pub enum Step {
    /// Send this and wait.
    Send(Frame),
    /// Send this if there is something; the meeting is over well.
    Done(Option<Frame>, Met),
    /// Send this; the meeting is over badly.
    Failed(Option<Frame>),
}

enum State {
    AwaitMeet,
    AwaitAnswer { own: Meet, slots: [Option<usize>; limits::SLOTS] },
    AwaitProof { own: Meet, theirs: Meet, matches: [Option<usize>; limits::SLOTS] },
    AwaitProofAnswer { own: Meet, theirs: Meet, slot: u8, credential: usize, also: Vec<usize> },
    AwaitNo,
    Over,
}

/// One side of a meeting.
pub struct Meeting {
    role: Role,
    peers: PeerIds,
    credentials: Vec<Credential>,
    device: DeviceId,
    signing: SigningKey,
    noise: blake3::OutputReader,
    state: State,
}

impl Meeting {
    /// A meeting about to begin. `seed` must be fresh random bytes: nonce and noise come
    /// from it.
    pub fn new(
        role: Role,
        peers: PeerIds,
        mut credentials: Vec<Credential>,
        signing: SigningKey,
        seed: &[u8; 32],
    ) -> Self {
        credentials.truncate(match role {
            Role::Initiator => limits::SLOTS,
            Role::Responder => limits::MEET_KEYS,
        });
        let device = DeviceId(signing.verifying_key().to_bytes());
        let noise =
            blake3::Hasher::new_derive_key("palier meet noise v1").update(seed).finalize_xof();
        Self { role, peers, credentials, device, signing, noise, state: State::AwaitMeet }
    }

    /// The initiator's first frame.
    pub fn start(&mut self) -> Option<Frame> {
        if self.role != Role::Initiator || !matches!(self.state, State::AwaitMeet) {
            return None;
        }
        let mut own = self.noise_meet();
        let mut slots = [None; limits::SLOTS];
        for (index, place) in self.shuffled().into_iter().enumerate().take(self.credentials.len()) {
            let m = self.credentials[index].key.key();
            own.slots[place] = self.slot(&m, Role::Initiator, &own.nonce, None);
            slots[place] = Some(index);
        }
        let frame = Frame::Meet(own.clone());
        self.state = State::AwaitAnswer { own, slots };
        Some(frame)
    }

    /// Takes the other's frame; none where its bytes were no frame.
    pub fn handle(&mut self, frame: Option<Frame>, check: &dyn PeerCheck) -> Step {
        let state = std::mem::replace(&mut self.state, State::Over);
        match (state, frame) {
            (State::AwaitMeet, Some(Frame::Meet(theirs))) => self.answer(theirs),
            (State::AwaitAnswer { own, slots }, Some(Frame::MeetAnswer(theirs))) => {
                self.prove(own, theirs, &slots)
            }
            (State::AwaitProof { own, theirs, matches }, Some(Frame::Proof(proof))) => {
                self.check_and_answer(&own, &theirs, &matches, &proof, check)
            }
            (
                State::AwaitProofAnswer { own, theirs, slot, credential, also },
                Some(Frame::Proof(proof)),
            ) => {
                let key = self.credentials[credential].key.clone();
                let signed = self.signature_holds(&key, Role::Responder, &theirs, &own, &proof);
                let good = signed && proof.slot == slot;
                match self.admit(credential, &proof, good, check) {
                    Some(peer) => {
                        let nonces = [own.nonce, theirs.nonce];
                        Step::Done(None, Met { credential, peer, also, nonces })
                    }
                    None => Step::Failed(None),
                }
            }
            // An initiator that was told "no" says nothing more; a responder always has
            // the last word, and it is the same one.
            (State::AwaitProofAnswer { .. } | State::AwaitNo | State::Over, _) => {
                Step::Failed(None)
            }
            (State::AwaitAnswer { .. }, _) => Step::Failed(Some(Frame::No(()))),
            (State::AwaitMeet, _) | (State::AwaitProof { .. }, _) => {
                Step::Failed(Some(Frame::No(())))
            }
        }
    }

    fn answer(&mut self, theirs: Meet) -> Step {
        let mut own = self.noise_meet();
        let mut matches = [None; limits::SLOTS];
        for (index, credential) in self.credentials.iter().enumerate() {
            let m = credential.key.key();
            let expected = self.slot(&m, Role::Initiator, &theirs.nonce, None);
            let reply = self.slot(&m, Role::Responder, &theirs.nonce, Some(&own.nonce));
            for (slot, found) in matches.iter_mut().enumerate() {
                let is_it: bool = theirs.slots[slot].ct_eq(&expected).into();
                if is_it {
                    own.slots[slot] = reply;
                    *found = Some(index);
                }
            }
        }
        if theirs.version != MEET_VERSION {
            matches = [None; limits::SLOTS];
        }
        let frame = Frame::MeetAnswer(own.clone());
        self.state = State::AwaitProof { own, theirs, matches };
        Step::Send(frame)
    }

    fn prove(&mut self, own: Meet, theirs: Meet, slots: &[Option<usize>; limits::SLOTS]) -> Step {
        let mut found: Vec<(u8, usize)> = Vec::new();
        for (slot, index) in (0_u8..).zip(slots) {
            let Some(index) = *index else { continue };
            let m = self.credentials[index].key.key();
            let expected = self.slot(&m, Role::Responder, &own.nonce, Some(&theirs.nonce));
            if bool::from(theirs.slots[usize::from(slot)].ct_eq(&expected)) {
                found.push((slot, index));
            }
        }
        // The credential the caller named first is the one it wants most.
        found.sort_by_key(|(_, index)| *index);
        let Some((slot, credential)) = found.first().copied() else {
            // Same number of frames, same size: the other cannot tell why.
            self.state = State::AwaitNo;
            return Step::Send(Frame::No(()));
        };
        let also = found[1..].iter().map(|(_, index)| *index).collect();
        let proof = self.proof(slot, credential, &own, &theirs);
        self.state = State::AwaitProofAnswer { own, theirs, slot, credential, also };
        Step::Send(Frame::Proof(proof))
    }

    fn check_and_answer(
        &mut self,
        own: &Meet,
        theirs: &Meet,
        matches: &[Option<usize>; limits::SLOTS],
        proof: &Proof,
        check: &dyn PeerCheck,
    ) -> Step {
        let slot = matches.get(usize::from(proof.slot)).copied().flatten();
        let Some(credential) = slot else { return Step::Failed(Some(Frame::No(()))) };
        let key = self.credentials[credential].key.clone();
        let good = self.signature_holds(&key, Role::Initiator, theirs, own, proof);
        let Some(peer) = self.admit(credential, proof, good, check) else {
            return Step::Failed(Some(Frame::No(())));
        };
        let mut also: Vec<usize> = matches.iter().flatten().copied().collect();
        also.retain(|index| *index != credential);
        let answer = self.proof(proof.slot, credential, own, theirs);
        let met = Met { credential, peer, also, nonces: [theirs.nonce, own.nonce] };
        Step::Done(Some(Frame::Proof(answer)), met)
    }

    /// Signature, expectation and the caller's check, all three looked at in any case.
    fn admit(
        &self,
        credential: usize,
        proof: &Proof,
        signature_holds: bool,
        check: &dyn PeerCheck,
    ) -> Option<Peer> {
        let credential = self.credentials.get(credential)?;
        let peer = Peer {
            member: proof.claim.member,
            device: proof.claim.device,
            certificate: proof.certificate.clone(),
        };
        let expected: Choice =
            credential.expect.map_or(Choice::from(1), |device| device.0.ct_eq(&peer.device.0));
        let itself = peer.device == self.device;
        let allowed = check.allows(&credential.key, &peer);
        (signature_holds & bool::from(expected) & allowed & !itself).then_some(peer)
    }

    fn proof(&self, slot: u8, credential: usize, own: &Meet, theirs: &Meet) -> Proof {
        let credential = &self.credentials[credential];
        let mut certificate = credential.certificate.clone();
        certificate.truncate(limits::CERTIFICATE_BYTES);
        let message = self.proof_message(
            &credential.key,
            self.role,
            &own.nonce,
            &theirs.nonce,
            &credential.member,
            &certificate,
        );
        let signature = Signature(self.signing.sign(&message).to_bytes());
        let claim = Claim { member: credential.member, device: self.device, signature };
        Proof { slot, claim, certificate }
    }

    fn signature_holds(
        &self,
        key: &MeetKey,
        signer: Role,
        signers: &Meet,
        others: &Meet,
        proof: &Proof,
    ) -> bool {
        let message = self.proof_message(
            key,
            signer,
            &signers.nonce,
            &others.nonce,
            &proof.claim.member,
            &proof.certificate,
        );
        let signature = ed25519_dalek::Signature::from_bytes(&proof.claim.signature.0);
        VerifyingKey::from_bytes(&proof.claim.device.0)
            .is_ok_and(|key| key.verify_strict(&message, &signature).is_ok())
    }

    fn proof_message(
        &self,
        key: &MeetKey,
        signer: Role,
        own_nonce: &[u8; 32],
        other_nonce: &[u8; 32],
        member: &MemberId,
        certificate: &[u8],
    ) -> Vec<u8> {
        [
            PROOF_CONTEXT,
            signer.letter(),
            &key.context().0,
            &self.peers.bytes(),
            own_nonce,
            other_nonce,
            &member.0,
            blake3::hash(certificate).as_bytes(),
        ]
        .concat()
    }

    fn slot(
        &self,
        m: &[u8; 32],
        role: Role,
        initiators: &[u8; 32],
        responders: Option<&[u8; 32]>,
    ) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(m);
        hasher.update(role.letter()).update(&self.peers.bytes()).update(initiators);
        if let Some(nonce) = responders {
            hasher.update(nonce);
        }
        *hasher.finalize().as_bytes()
    }

    fn noise_meet(&mut self) -> Meet {
        let mut meet =
            Meet { version: MEET_VERSION, nonce: [0; 32], slots: [[0; 32]; limits::SLOTS] };
        self.noise.fill(&mut meet.nonce);
        for slot in &mut meet.slots {
            self.noise.fill(slot);
        }
        meet
    }

    /// The places 0–7 in random order, so that a place says nothing of how many
    /// neighbourhoods this node is in.
    fn shuffled(&mut self) -> [usize; limits::SLOTS] {
        let mut places = std::array::from_fn(|place| place);
        for last in (1..limits::SLOTS).rev() {
            let mut byte = [0];
            self.noise.fill(&mut byte);
            places.swap(last, usize::from(byte[0]) % (last + 1));
        }
        places
    }
}

#[cfg(test)]
#[path = "tests/meeting.rs"]
mod tests;
