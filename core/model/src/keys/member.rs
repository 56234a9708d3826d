//! The keys of a member, which follow from the phrase, and what the phrase signs.
//!
//! Invariant: these keys are made from the phrase when it is needed and dropped after;
//! no phone keeps them.

use std::fmt;

use ed25519_dalek::SigningKey;
use hkdf::Hkdf;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::signature::{BadSignature, Signature};
use super::{DeviceId, HoodHash, MemberId};

/// HKDF salt.
const PHRASE_SALT: &[u8] = b"palier phrase v1";
/// HKDF info of the ed25519 seed.
const SIGNING_INFO: &[u8] = b"palier member signing v1";
/// HKDF info of the X25519 secret.
const RECOVERY_INFO: &[u8] = b"palier member recovery v1";
/// Context of a [`PhraseCertificate`].
const DEVICE_CONTEXT: &[u8] = b"palier device v1";
/// Context of a [`PhraseSignature`].
const ACT_CONTEXT: &[u8] = b"palier phrase act v1";

/// A member's ed25519 key and X25519 recovery key. Wiped when dropped.
pub struct MemberKey {
    signing: SigningKey,
    recovery: StaticSecret,
}

/// A device's certificate by the phrase itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhraseCertificate {
    /// The member whose phrase signs.
    pub member: MemberId,
    /// The device's X25519 key, for key epochs sealed to it.
    pub agreement: [u8; 32],
    /// The X25519 key derived from the phrase: epochs are sealed to it too, so that a
    /// recovered phone reads all that the member could. Signed, so that no device can
    /// slip in another.
    pub recovery: [u8; 32],
    /// The phrase key's signature over "palier device v1" ‖ device ‖ agreement ‖
    /// recovery. It names no neighbourhood: the phrase is at hand once, when the device
    /// is set up, and not again whenever its person joins somewhere.
    pub signature: Signature,
}

/// The phrase's signature under an act, which then outranks those of devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhraseSignature {
    /// The phrase key's signature over "palier phrase act v1" ‖ hood hash ‖ kind
    /// (2 bytes, little-endian) ‖ BLAKE3(the act's payload without this signature).
    pub signature: Signature,
}

impl MemberKey {
    /// The keys that follow from the phrase's entropy.
    pub(super) fn from_entropy(entropy: &[u8]) -> Self {
        let hkdf = Hkdf::<Sha256>::new(Some(PHRASE_SALT), entropy);
        let expand = |info: &[u8]| {
            let mut key = Zeroizing::new([0; 32]);
            // Fails only for more than 255 blocks.
            let done = hkdf.expand(info, key.as_mut());
            debug_assert!(done.is_ok());
            key
        };
        Self {
            signing: SigningKey::from_bytes(&expand(SIGNING_INFO)),
            recovery: StaticSecret::from(*expand(RECOVERY_INFO)),
        }
    }

    /// The member.
    pub fn id(&self) -> MemberId {
        MemberId(self.signing.verifying_key().to_bytes())
    }

    /// The key with which the phrase speaks.
    pub fn signing(&self) -> &SigningKey {
        &self.signing
    }

    /// The secret that opens what was sealed for a recovery.
    pub fn recovery(&self) -> &StaticSecret {
        &self.recovery
    }

    /// The public half of [`recovery`](Self::recovery).
    pub fn recovery_public(&self) -> [u8; 32] {
        PublicKey::from(&self.recovery).to_bytes()
    }

    /// Certifies a device, in whatever neighbourhood.
    pub fn certify_device(&self, device: &DeviceId, agreement: &[u8; 32]) -> PhraseCertificate {
        let recovery = self.recovery_public();
        let parts = [DEVICE_CONTEXT, &device.0, agreement, &recovery];
        let signature = Signature::over(&self.signing, &parts);
        PhraseCertificate { member: self.id(), agreement: *agreement, recovery, signature }
    }

    /// Signs an act. `unsigned` is its payload encoded without the phrase's signature.
    pub fn sign_act(&self, hood: &HoodHash, kind: u16, unsigned: &[u8]) -> PhraseSignature {
        PhraseSignature::of(&self.signing, hood, kind, unsigned)
    }
}

impl fmt::Debug for MemberKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemberKey({:?}, …)", self.id())
    }
}

impl PhraseCertificate {
    /// Checks that the member's phrase certifies `device`.
    pub fn verify(&self, device: &DeviceId) -> Result<(), BadSignature> {
        let parts = [DEVICE_CONTEXT, &device.0, &self.agreement, &self.recovery];
        self.signature.verify(&self.member.0, &parts)
    }
}

impl PhraseSignature {
    /// Signs an act with the phrase's key. `unsigned` is its payload encoded without the
    /// phrase's signature.
    pub fn of(phrase: &SigningKey, hood: &HoodHash, kind: u16, unsigned: &[u8]) -> Self {
        let hash = blake3::hash(unsigned);
        let parts = [ACT_CONTEXT, &hood.0, &kind.to_le_bytes(), hash.as_bytes()];
        Self { signature: Signature::over(phrase, &parts) }
    }

    /// Checks that the member's phrase signed this act in this neighbourhood.
    pub fn verify(
        &self,
        member: &MemberId,
        hood: &HoodHash,
        kind: u16,
        unsigned: &[u8],
    ) -> Result<(), BadSignature> {
        let hash = blake3::hash(unsigned);
        let parts = [ACT_CONTEXT, &hood.0, &kind.to_le_bytes(), hash.as_bytes()];
        self.signature.verify(&member.0, &parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Phrase;

    const HOOD: HoodHash = HoodHash([1; 32]);
    const DEVICE: DeviceId = DeviceId([2; 32]);

    #[test]
    fn a_certificate_holds_for_one_device_with_its_keys_only() {
        let key = Phrase::from_entropy([3; 16]).member_key();
        let good = key.certify_device(&DEVICE, &[4; 32]);
        assert_eq!(good.verify(&DEVICE), Ok(()));
        assert!(good.verify(&DeviceId([9; 32])).is_err());
        assert!(PhraseCertificate { agreement: [9; 32], ..good }.verify(&DEVICE).is_err());
        assert!(PhraseCertificate { recovery: [9; 32], ..good }.verify(&DEVICE).is_err());
        let other = Phrase::from_entropy([5; 16]).member_key().id();
        assert!(PhraseCertificate { member: other, ..good }.verify(&DEVICE).is_err());
    }

    #[test]
    fn a_small_order_member_key_signs_nothing() {
        // The neutral point verifies anything under the loose check.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let mut forged = [0; 64];
        forged[0] = 1;
        let certificate = PhraseCertificate {
            member: MemberId(neutral),
            agreement: [4; 32],
            recovery: [5; 32],
            signature: Signature(forged),
        };
        assert_eq!(certificate.verify(&DEVICE), Err(BadSignature));
    }

    #[test]
    fn an_act_signed_for_one_kind_or_hood_serves_no_other() {
        let key = Phrase::from_entropy([3; 16]).member_key();
        let signature = key.sign_act(&HOOD, 0x31, b"act");
        let check = |member: &MemberId, hood: &HoodHash, kind, act: &[u8]| {
            signature.verify(member, hood, kind, act).is_ok()
        };
        assert!(check(&key.id(), &HOOD, 0x31, b"act"));
        assert!(!check(&key.id(), &HOOD, 0x30, b"act"));
        assert!(!check(&key.id(), &HoodHash([9; 32]), 0x31, b"act"));
        assert!(!check(&key.id(), &HOOD, 0x31, b"acts"));
        assert!(!check(&MemberId([9; 32]), &HOOD, 0x31, b"act"));
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", Phrase::from_entropy([3; 16]).member_key());
        assert!(shown.starts_with("MemberKey(mem_") && shown.len() < 32);
    }
}
