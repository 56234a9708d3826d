//! A second device is linked: the old one shows a QR, the new one scans it, both show a
//! code, and their person says on both that it is the same.
//!
//! ```text
//! old                                new
//!  commitment ──────────────────────▶
//!   ◀────────────────────── commitment
//!  reveal ──────────────────────────▶      member, device key, agreement key, nonce
//!   ◀────────────────────────── reveal     device key, agreement key, nonce
//!            both show the code
//!   ◀─────────────────────── confirmed     after the person confirmed it there
//!  handover ────────────────────────▶      after the person confirmed it here too
//! ```
//!
//! Invariant: each end has the other's commitment before it reveals anything, so nobody
//! in the middle can search for keys that give the same code. After any error, and after
//! a wrong code, an end is dead: a new QR is needed.

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::link_text::LinkSecret;
use super::link_wire::{
    CONFIRM_CONTEXT, Confirmed, End, Frames, Handover, LINK_PAYLOAD_BYTES, LinkCode, NewReveal,
    OldReveal, code, commitment, handover_info, transcript,
};
use super::{DeviceId, DeviceKeys, Envelope, MemberId, Signature};
use crate::codec;

/// Why a link came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// Not a frame of this link, or not the one that comes next.
    #[error("not the next message of this link")]
    Frame,
    /// The other end revealed something else than it had committed to.
    #[error("the other device did not keep its commitment")]
    Commitment,
    /// The codes are not the same: somebody is in between.
    #[error("the codes differ: somebody may be listening in; start again")]
    Code,
    /// A signature is not the other device's.
    #[error("bad signature of the other device")]
    Signature,
    /// What was handed over does not open.
    #[error("what was handed over cannot be opened")]
    Handover,
    /// More than can be handed over.
    #[error("{0} bytes are too many to hand over")]
    TooLarge(usize),
    /// Called before its time, or after the link came to an end.
    #[error("not the time for this step")]
    Order,
}

/// What a step asks of the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkStep {
    /// Nothing: wait for the other end, or for the person.
    Wait,
    /// Send this frame.
    Send(Vec<u8>),
    /// Send this frame, if there is one, and show the code.
    Compare {
        /// The frame.
        send: Option<Vec<u8>>,
        /// The code.
        code: LinkCode,
    },
    /// Both ends confirmed: certify this device, then call [`Offer::hand_over`].
    Certify(NewDevice),
    /// The link is done; this was handed over.
    Done(Zeroizing<Vec<u8>>),
}

/// The device that both ends confirmed: what the act that certifies it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewDevice {
    /// Its signing key.
    pub device: DeviceId,
    /// Its X25519 key.
    pub agreement: [u8; 32],
}

/// The old device's end.
pub struct Offer {
    secret: LinkSecret,
    frames: Frames,
    commitment: [u8; 32],
    reveal: OldReveal,
    state: OfferState,
}

enum OfferState {
    AwaitsCommitment,
    AwaitsReveal { theirs: [u8; 32] },
    Compares { transcript: [u8; 32], new: NewDevice, confirmed_here: bool, confirmed_there: bool },
    HandsOver { transcript: [u8; 32], new: NewDevice },
    Over,
}

impl Offer {
    /// The end of the device with `keys`, and its first frame.
    pub fn new(
        secret: LinkSecret,
        member: MemberId,
        keys: &DeviceKeys,
        rng: &mut dyn CryptoRng,
    ) -> (Self, Vec<u8>) {
        let reveal = OldReveal {
            member,
            device: keys.id(),
            agreement: keys.agreement_public(),
            nonce: nonce(rng),
        };
        let commitment = commitment(End::Old, &codec::encode(&reveal));
        let mut frames = Frames::new(&secret, End::Old);
        let first = frames.seal(&commitment, rng);
        (Self { secret, frames, commitment, reveal, state: OfferState::AwaitsCommitment }, first)
    }

    /// Takes a frame of the new device.
    pub fn receive(
        &mut self,
        frame: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<LinkStep, LinkError> {
        match std::mem::replace(&mut self.state, OfferState::Over) {
            OfferState::AwaitsCommitment => {
                let theirs = self.frames.open(frame)?;
                self.state = OfferState::AwaitsReveal { theirs };
                Ok(LinkStep::Send(self.frames.seal(&self.reveal, rng)))
            }
            OfferState::AwaitsReveal { theirs } => {
                let reveal: NewReveal = self.frames.open(frame)?;
                let bytes = codec::encode(&reveal);
                if commitment(End::New, &bytes) != theirs {
                    return Err(LinkError::Commitment);
                }
                let transcript = transcript(
                    &self.secret,
                    [&self.commitment, &theirs],
                    [&codec::encode(&self.reveal), &bytes],
                );
                let new = NewDevice { device: reveal.device, agreement: reveal.agreement };
                self.state = OfferState::Compares {
                    transcript,
                    new,
                    confirmed_here: false,
                    confirmed_there: false,
                };
                Ok(LinkStep::Compare { send: None, code: code(&transcript) })
            }
            OfferState::Compares { transcript, new, confirmed_here, confirmed_there: false } => {
                let confirmed: Confirmed = self.frames.open(frame)?;
                confirmed
                    .signature
                    .verify(&new.device.0, &[CONFIRM_CONTEXT, &transcript])
                    .map_err(|_| LinkError::Signature)?;
                Ok(self.compared(transcript, new, confirmed_here, true))
            }
            _ => Err(LinkError::Order),
        }
    }

    /// The person says on this device that the other shows `typed`.
    pub fn confirm(&mut self, typed: &str) -> Result<LinkStep, LinkError> {
        match std::mem::replace(&mut self.state, OfferState::Over) {
            OfferState::Compares { transcript, new, confirmed_there, .. } => {
                if !code(&transcript).is(typed) {
                    return Err(LinkError::Code);
                }
                Ok(self.compared(transcript, new, true, confirmed_there))
            }
            other => {
                self.state = other;
                Err(LinkError::Order)
            }
        }
    }

    fn compared(
        &mut self,
        transcript: [u8; 32],
        new: NewDevice,
        confirmed_here: bool,
        confirmed_there: bool,
    ) -> LinkStep {
        if confirmed_here && confirmed_there {
            self.state = OfferState::HandsOver { transcript, new };
            LinkStep::Certify(new)
        } else {
            self.state = OfferState::Compares { transcript, new, confirmed_here, confirmed_there };
            LinkStep::Wait
        }
    }

    /// After the new device was certified: the last frame, with what it needs
    /// (neighbourhood, root, hubs, epoch secrets) sealed to its key.
    pub fn hand_over(
        &mut self,
        payload: &[u8],
        keys: &DeviceKeys,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, LinkError> {
        let OfferState::HandsOver { transcript, new } = &self.state else {
            return Err(LinkError::Order);
        };
        if payload.len() > LINK_PAYLOAD_BYTES {
            return Err(LinkError::TooLarge(payload.len()));
        }
        let envelope = Envelope::seal(&new.agreement, &handover_info(transcript), payload, rng)
            .map_err(|_| LinkError::Handover)?;
        let parts = handover_parts(transcript, &envelope);
        let signature = Signature::over(keys.signing(), &parts.each_ref().map(AsRef::as_ref));
        self.state = OfferState::Over;
        Ok(self.frames.seal(&Handover { envelope, signature }, rng))
    }
}

/// The new device's end.
pub struct Accept {
    secret: LinkSecret,
    frames: Frames,
    commitment: [u8; 32],
    reveal: NewReveal,
    state: AcceptState,
}

enum AcceptState {
    AwaitsCommitment,
    AwaitsReveal { theirs: [u8; 32] },
    Compares { transcript: [u8; 32], old: OldReveal },
    AwaitsHandover { transcript: [u8; 32], old: OldReveal },
    Over,
}

impl Accept {
    /// The end of the device with `keys`, which scanned `secret`.
    pub fn new(secret: LinkSecret, keys: &DeviceKeys, rng: &mut dyn CryptoRng) -> Self {
        let reveal =
            NewReveal { device: keys.id(), agreement: keys.agreement_public(), nonce: nonce(rng) };
        let commitment = commitment(End::New, &codec::encode(&reveal));
        let frames = Frames::new(&secret, End::New);
        Self { secret, frames, commitment, reveal, state: AcceptState::AwaitsCommitment }
    }

    /// Takes a frame of the old device.
    pub fn receive(
        &mut self,
        frame: &[u8],
        keys: &DeviceKeys,
        rng: &mut dyn CryptoRng,
    ) -> Result<LinkStep, LinkError> {
        match std::mem::replace(&mut self.state, AcceptState::Over) {
            AcceptState::AwaitsCommitment => {
                let theirs = self.frames.open(frame)?;
                self.state = AcceptState::AwaitsReveal { theirs };
                Ok(LinkStep::Send(self.frames.seal(&self.commitment, rng)))
            }
            AcceptState::AwaitsReveal { theirs } => {
                let old: OldReveal = self.frames.open(frame)?;
                let bytes = codec::encode(&old);
                if commitment(End::Old, &bytes) != theirs {
                    return Err(LinkError::Commitment);
                }
                let transcript = transcript(
                    &self.secret,
                    [&theirs, &self.commitment],
                    [&bytes, &codec::encode(&self.reveal)],
                );
                self.state = AcceptState::Compares { transcript, old };
                let send = Some(self.frames.seal(&self.reveal, rng));
                Ok(LinkStep::Compare { send, code: code(&transcript) })
            }
            AcceptState::AwaitsHandover { transcript, old } => {
                let handover: Handover = self.frames.open(frame)?;
                let parts = handover_parts(&transcript, &handover.envelope);
                handover
                    .signature
                    .verify(&old.device.0, &parts.each_ref().map(AsRef::as_ref))
                    .map_err(|_| LinkError::Signature)?;
                let info = handover_info(&transcript);
                let payload = handover
                    .envelope
                    .open(keys.agreement(), &info)
                    .map_err(|_| LinkError::Handover)?;
                Ok(LinkStep::Done(payload))
            }
            _ => Err(LinkError::Order),
        }
    }

    /// The person says on this device that the other shows `typed`.
    pub fn confirm(
        &mut self,
        typed: &str,
        keys: &DeviceKeys,
        rng: &mut dyn CryptoRng,
    ) -> Result<LinkStep, LinkError> {
        match std::mem::replace(&mut self.state, AcceptState::Over) {
            AcceptState::Compares { transcript, old } => {
                if !code(&transcript).is(typed) {
                    return Err(LinkError::Code);
                }
                let signature = Signature::over(keys.signing(), &[CONFIRM_CONTEXT, &transcript]);
                self.state = AcceptState::AwaitsHandover { transcript, old };
                Ok(LinkStep::Send(self.frames.seal(&Confirmed { signature }, rng)))
            }
            other => {
                self.state = other;
                Err(LinkError::Order)
            }
        }
    }

    /// Whose device this becomes, once the other end has said so.
    pub fn member(&self) -> Option<MemberId> {
        match &self.state {
            AcceptState::Compares { old, .. } | AcceptState::AwaitsHandover { old, .. } => {
                Some(old.member)
            }
            _ => None,
        }
    }
}

fn nonce(rng: &mut dyn CryptoRng) -> [u8; 32] {
    let mut nonce = [0; 32];
    rng.fill_bytes(&mut nonce);
    nonce
}

/// What the old device signs: context ‖ transcript ‖ enc ‖ ciphertext.
fn handover_parts(transcript: &[u8; 32], envelope: &Envelope) -> [Vec<u8>; 3] {
    [handover_info(transcript), envelope.enc.to_vec(), envelope.ciphertext.clone()]
}

#[cfg(test)]
mod tests;
