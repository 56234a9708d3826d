//! What the phrase itself signs: device certificates in entry 0, and phrase acts.
//!
//! Invariant: certificates and acts have contexts of their own, and an act's is followed
//! by neighbourhood and kind, so that no signature can be taken for another.

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};

use super::act::{Certify, Payload, Revoke};
use crate::journal::kind::{self, Kind};
use crate::journal::{PhraseCertificate, Signature};
use crate::keys::{DeviceId, HoodHash, MemberId};

const DEVICE_CONTEXT: &[u8] = b"palier device v1";
const ACT_CONTEXT: &[u8] = b"palier phrase act v1";

/// An act that the phrase can sign.
pub trait PhraseAct: Payload + Clone {
    /// Its kind, which the signature names.
    const KIND: Kind;

    /// Where the signature stands.
    fn phrase_mut(&mut self) -> &mut Option<Signature>;

    /// The signature, if there is one.
    fn phrase(&self) -> Option<Signature>;

    /// Context ‖ hood hash ‖ kind ‖ BLAKE3(the act without its signature).
    fn signed_bytes(&self, hood: &HoodHash) -> Vec<u8> {
        let mut body = self.clone();
        *body.phrase_mut() = None;
        let hash = blake3::hash(&body.to_bytes());
        [ACT_CONTEXT, &hood.0, &Self::KIND.to_le_bytes(), hash.as_bytes()].concat()
    }

    /// Signs with the phrase's key.
    fn sign(&mut self, hood: &HoodHash, phrase: &SigningKey) {
        let signature = phrase.sign(&self.signed_bytes(hood)).to_bytes();
        *self.phrase_mut() = Some(Signature(signature));
    }

    /// Whether it carries the signature of this member's phrase.
    fn is_signed_by(&self, hood: &HoodHash, member: &MemberId) -> bool {
        self.phrase()
            .is_some_and(|signature| is_signature_of(member, &self.signed_bytes(hood), &signature))
    }
}

macro_rules! phrase_act {
    ($($act:ident, $kind:path;)*) => { $(
        impl PhraseAct for $act {
            const KIND: Kind = $kind;
            fn phrase_mut(&mut self) -> &mut Option<Signature> {
                &mut self.phrase
            }
            fn phrase(&self) -> Option<Signature> {
                self.phrase
            }
        }
    )* };
}

phrase_act! {
    Certify, kind::identity::CERTIFY;
    Revoke, kind::identity::REVOKE;
}

/// Certifies a device by the phrase, for entry 0 of its identity log, in whatever
/// neighbourhood.
pub fn certify_device(
    phrase: &SigningKey,
    device: &DeviceId,
    agreement: [u8; 32],
    recovery: [u8; 32],
) -> PhraseCertificate {
    let member = MemberId(phrase.verifying_key().to_bytes());
    let signature = phrase.sign(&device_bytes(device, &agreement, &recovery)).to_bytes();
    PhraseCertificate { member, agreement, recovery, signature: Signature(signature) }
}

/// Whether a certificate is its member's phrase speaking of this device.
pub fn is_certified(device: &DeviceId, certificate: &PhraseCertificate) -> bool {
    let signed = device_bytes(device, &certificate.agreement, &certificate.recovery);
    is_signature_of(&certificate.member, &signed, &certificate.signature)
}

fn device_bytes(device: &DeviceId, agreement: &[u8; 32], recovery: &[u8; 32]) -> Vec<u8> {
    [DEVICE_CONTEXT, &device.0, agreement, recovery].concat()
}

fn is_signature_of(member: &MemberId, signed: &[u8], signature: &Signature) -> bool {
    let Ok(key) = VerifyingKey::from_bytes(&member.0) else { return false };
    let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
    key.verify_strict(signed, &signature).is_ok()
}
