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
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;

    struct Pair {
        old: Offer,
        new: Accept,
        old_keys: DeviceKeys,
        new_keys: DeviceKeys,
        rng: ChaCha20Rng,
        first: Vec<u8>,
    }

    const MEMBER: MemberId = MemberId([3; 32]);

    fn pair(seed: u64) -> Pair {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let (old_keys, new_keys) = (DeviceKeys::generate(&mut rng), DeviceKeys::generate(&mut rng));
        let secret = LinkSecret::generate(&mut rng);
        let (old, first) = Offer::new(secret.clone(), MEMBER, &old_keys, &mut rng);
        let new = Accept::new(secret, &new_keys, &mut rng);
        Pair { old, new, old_keys, new_keys, rng, first }
    }

    fn sent(step: LinkStep) -> Vec<u8> {
        match step {
            LinkStep::Send(frame) | LinkStep::Compare { send: Some(frame), .. } => frame,
            other => panic!("nothing to send: {other:?}"),
        }
    }

    fn shown(step: &LinkStep) -> String {
        match step {
            LinkStep::Compare { code, .. } => code.to_string(),
            other => panic!("no code: {other:?}"),
        }
    }

    impl Pair {
        /// Up to the codes: (old's, new's).
        fn compare(&mut self) -> (String, String) {
            let Self { old, new, new_keys, rng, first, .. } = self;
            let commitment = sent(new.receive(first, new_keys, rng).unwrap());
            let reveal = sent(old.receive(&commitment, rng).unwrap());
            let step = new.receive(&reveal, new_keys, rng).unwrap();
            let new_code = shown(&step);
            let old_code = shown(&old.receive(&sent(step), rng).unwrap());
            (old_code, new_code)
        }
    }

    #[test]
    fn two_devices_link_and_hand_over() {
        for old_confirms_first in [true, false] {
            let mut p = pair(1);
            let (old_code, new_code) = p.compare();
            assert_eq!(old_code, new_code);
            assert_eq!(p.new.member(), Some(MEMBER));
            assert_eq!(p.old.hand_over(b"", &p.old_keys, &mut p.rng), Err(LinkError::Order));
            let expected =
                NewDevice { device: p.new_keys.id(), agreement: p.new_keys.agreement_public() };
            if old_confirms_first {
                assert_eq!(p.old.confirm(&new_code), Ok(LinkStep::Wait));
            }
            let confirmed = sent(p.new.confirm(&old_code, &p.new_keys, &mut p.rng).unwrap());
            let mut step = p.old.receive(&confirmed, &mut p.rng).unwrap();
            if !old_confirms_first {
                assert_eq!(step, LinkStep::Wait);
                step = p.old.confirm(&new_code).unwrap();
            }
            assert_eq!(step, LinkStep::Certify(expected));
            let payload = vec![5; LINK_PAYLOAD_BYTES];
            let too_large =
                p.old.hand_over(&[payload.as_slice(), &[0]].concat(), &p.old_keys, &mut p.rng);
            assert_eq!(too_large, Err(LinkError::TooLarge(LINK_PAYLOAD_BYTES + 1)));
            let last = p.old.hand_over(&payload, &p.old_keys, &mut p.rng).unwrap();
            let done = p.new.receive(&last, &p.new_keys, &mut p.rng).unwrap();
            assert_eq!(done, LinkStep::Done(Zeroizing::new(payload)));
            assert_eq!(p.old.receive(&confirmed, &mut p.rng), Err(LinkError::Order));
        }
    }

    #[test]
    fn a_man_in_the_middle_who_swaps_keys_makes_the_codes_differ() {
        // He photographed the QR, so the frames are open to him: the worst there is.
        let mut differ = 0;
        for seed in 0..1_000 {
            let mut p = pair(seed);
            let secret = p.old.secret.clone();
            let (mut to_old, mut to_new);
            let his = DeviceKeys::generate(&mut p.rng);
            let his_first;
            (to_new, his_first) = Offer::new(secret.clone(), MEMBER, &his, &mut p.rng);
            to_old = Accept::new(secret, &his, &mut p.rng);
            // He plays the new device to the old one, and the old one to the new one; he
            // plays the second game to its end before he reveals anything in the first.
            let commitment = sent(p.new.receive(&his_first, &p.new_keys, &mut p.rng).unwrap());
            let reveal = sent(to_new.receive(&commitment, &mut p.rng).unwrap());
            let step = p.new.receive(&reveal, &p.new_keys, &mut p.rng).unwrap();
            let new_code = shown(&step);
            to_new.receive(&sent(step), &mut p.rng).unwrap();
            let commitment = sent(to_old.receive(&p.first, &his, &mut p.rng).unwrap());
            let reveal = sent(p.old.receive(&commitment, &mut p.rng).unwrap());
            let step = to_old.receive(&reveal, &his, &mut p.rng).unwrap();
            let old_code = shown(&p.old.receive(&sent(step), &mut p.rng).unwrap());
            if old_code != new_code {
                differ += 1;
                assert_eq!(p.old.confirm(&new_code), Err(LinkError::Code));
                // No second try.
                assert_eq!(p.old.confirm(&old_code), Err(LinkError::Order));
            }
        }
        assert_eq!(differ, 1_000);
    }

    #[test]
    fn whoever_reveals_something_else_than_committed_is_refused() {
        // The new device, having seen the old one's reveal, looks for a better nonce.
        let mut p = pair(1);
        let commitment = sent(p.new.receive(&p.first, &p.new_keys, &mut p.rng).unwrap());
        let reveal = sent(p.old.receive(&commitment, &mut p.rng).unwrap());
        p.new.reveal.nonce[0] ^= 1;
        let step = p.new.receive(&reveal, &p.new_keys, &mut p.rng).unwrap();
        assert_eq!(p.old.receive(&sent(step), &mut p.rng), Err(LinkError::Commitment));
        // And the old one.
        let mut p = pair(1);
        let commitment = sent(p.new.receive(&p.first, &p.new_keys, &mut p.rng).unwrap());
        p.old.reveal.nonce[0] ^= 1;
        let reveal = sent(p.old.receive(&commitment, &mut p.rng).unwrap());
        assert_eq!(p.new.receive(&reveal, &p.new_keys, &mut p.rng), Err(LinkError::Commitment));
    }

    #[test]
    fn nothing_is_handed_over_before_both_ends_confirmed() {
        let mut p = pair(1);
        let (_, code) = p.compare();
        assert_eq!(p.old.confirm(&code), Ok(LinkStep::Wait));
        assert_eq!(p.old.hand_over(b"", &p.old_keys, &mut p.rng), Err(LinkError::Order));
        // Somebody who knows the secret and the code, but not the new device's key.
        let stranger = DeviceKeys::generate(&mut p.rng);
        let forged = sent(p.new.confirm(&code, &stranger, &mut p.rng).unwrap());
        assert_eq!(p.old.receive(&forged, &mut p.rng), Err(LinkError::Signature));
        assert_eq!(p.old.hand_over(b"", &p.old_keys, &mut p.rng), Err(LinkError::Order));
    }

    #[test]
    fn a_handover_by_another_than_the_old_device_is_refused() {
        let mut p = pair(1);
        let (_, code) = p.compare();
        let confirmed = sent(p.new.confirm(&code, &p.new_keys, &mut p.rng).unwrap());
        p.old.receive(&confirmed, &mut p.rng).unwrap();
        p.old.confirm(&code).unwrap();
        let stranger = DeviceKeys::generate(&mut p.rng);
        let forged = p.old.hand_over(b"a trap", &stranger, &mut p.rng).unwrap();
        let refused = p.new.receive(&forged, &p.new_keys, &mut p.rng);
        assert_eq!(refused, Err(LinkError::Signature));
    }

    #[test]
    fn every_flipped_byte_and_every_frame_sent_back_is_refused() {
        let frames_until = |stop: usize| {
            let mut p = pair(1);
            let mut frames = vec![p.first.clone()];
            while frames.len() <= stop {
                let last = &frames[frames.len() - 1];
                let step = if frames.len() % 2 == 1 {
                    p.new.receive(last, &p.new_keys, &mut p.rng)
                } else {
                    p.old.receive(last, &mut p.rng)
                };
                frames.push(sent(step.unwrap()));
            }
            (p, frames)
        };
        for stop in 0..4 {
            let (_, frames) = frames_until(stop);
            for at in 0..frames[stop].len() {
                let (mut p, mut frames) = frames_until(stop);
                frames[stop][at] ^= 1;
                let refused = if stop % 2 == 0 {
                    p.new.receive(&frames[stop], &p.new_keys, &mut p.rng)
                } else {
                    p.old.receive(&frames[stop], &mut p.rng)
                };
                assert_eq!(refused, Err(LinkError::Frame));
            }
            let (mut p, frames) = frames_until(stop);
            let back = if stop % 2 == 0 {
                p.old.receive(&frames[stop], &mut p.rng)
            } else {
                p.new.receive(&frames[stop], &p.new_keys, &mut p.rng)
            };
            assert!(back.is_err());
        }
        let mut p = pair(1);
        assert_eq!(p.old.receive(&vec![0; 1 << 20], &mut p.rng), Err(LinkError::Frame));
    }

    #[test]
    fn frames_show_no_keys_to_who_lacks_the_secret() {
        let mut p = pair(1);
        let commitment = sent(p.new.receive(&p.first, &p.new_keys, &mut p.rng).unwrap());
        let reveal = sent(p.old.receive(&commitment, &mut p.rng).unwrap());
        for needle in [MEMBER.0, p.old_keys.id().0, p.old_keys.agreement_public()] {
            assert!(!reveal.windows(32).any(|window| window == needle));
        }
        let other = LinkSecret::generate(&mut p.rng);
        let mut stranger = Accept::new(other, &p.new_keys, &mut p.rng);
        let refused = stranger.receive(&p.first, &p.new_keys, &mut p.rng);
        assert_eq!(refused, Err(LinkError::Frame));
    }
}
