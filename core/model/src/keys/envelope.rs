//! Bytes sealed to one X25519 key: RFC 9180 (HPKE), mode Base,
//! DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305, one message a context.
//!
//! Invariant: an envelope says nothing of who sealed it. Whoever needs to know that
//! signs what stands around it.

use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use rand_chacha::ChaCha20Rng;
use rand_core::{CryptoRng, SeedableRng};
use serde::{Deserialize, Serialize};
use x25519_dalek::StaticSecret;
use zeroize::Zeroizing;

use super::aead::TAG_BYTES;

type PublicKey = <X25519HkdfSha256 as Kem>::PublicKey;
type PrivateKey = <X25519HkdfSha256 as Kem>::PrivateKey;
type EncappedKey = <X25519HkdfSha256 as Kem>::EncappedKey;

/// BLAKE3 context under which random bytes and the message give the randomness used.
const RANDOMNESS_CONTEXT: &str = "palier envelope randomness v1";

/// Bytes sealed to one X25519 key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The encapsulated key.
    pub enc: [u8; 32],
    /// The ciphertext: the message and 16 bytes more.
    pub ciphertext: Vec<u8>,
}

/// Why an envelope was neither made nor opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// The key gives no secret (a point of small order).
    #[error("no secret can be agreed with this key")]
    Key,
    /// Not sealed to this key, or not for this purpose, or altered.
    #[error("not sealed to this key, or altered")]
    Refused,
}

impl Envelope {
    /// Bytes that an envelope is longer than its message.
    pub const OVERHEAD_BYTES: usize = 32 + TAG_BYTES;

    /// Seals `message` to `recipient`. `info` says for what purpose; whoever opens it
    /// must give the same.
    pub fn seal(
        recipient: &[u8; 32],
        info: &[u8],
        message: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, EnvelopeError> {
        let key = PublicKey::from_bytes(recipient).map_err(|_| EnvelopeError::Key)?;
        // A cloned machine may draw the same bytes twice; other messages, or other
        // readers, must not then meet the same ephemeral key.
        let mut drawn = Zeroizing::new([0; 32]);
        rng.fill_bytes(drawn.as_mut());
        let mut hasher = blake3::Hasher::new_derive_key(RANDOMNESS_CONTEXT);
        hasher.update(drawn.as_ref()).update(recipient);
        hasher.update(blake3::hash(info).as_bytes()).update(message);
        let mut randomness = ChaCha20Rng::from_seed(*hasher.finalize().as_bytes());
        let (enc, ciphertext) = hpke::single_shot_seal_with_rng::<
            ChaCha20Poly1305,
            HkdfSha256,
            X25519HkdfSha256,
        >(&OpModeS::Base, &key, info, message, b"", &mut randomness)
        .map_err(|_| EnvelopeError::Key)?;
        Ok(Self { enc: enc.to_bytes().into(), ciphertext })
    }

    /// Opens with the recipient's secret.
    pub fn open(
        &self,
        recipient: &StaticSecret,
        info: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
        let key =
            PrivateKey::from_bytes(recipient.as_bytes()).map_err(|_| EnvelopeError::Refused)?;
        let enc = EncappedKey::from_bytes(&self.enc).map_err(|_| EnvelopeError::Refused)?;
        hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &key,
            &enc,
            info,
            &self.ciphertext,
            b"",
        )
        .map(Zeroizing::new)
        .map_err(|_| EnvelopeError::Refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use x25519_dalek::PublicKey;

    fn rng() -> ChaCha20Rng {
        ChaCha20Rng::from_seed([1; 32])
    }

    #[test]
    fn opens_with_the_right_key_and_purpose_only() {
        let secret = StaticSecret::from([7; 32]);
        let public = PublicKey::from(&secret).to_bytes();
        let envelope = Envelope::seal(&public, b"for", b"message", &mut rng()).unwrap();
        assert_eq!(envelope.ciphertext.len() + 32, 7 + Envelope::OVERHEAD_BYTES);
        assert_eq!(**envelope.open(&secret, b"for").unwrap(), *b"message");
        assert!(envelope.open(&secret, b"other").is_err());
        assert!(envelope.open(&StaticSecret::from([8; 32]), b"for").is_err());
        for at in 0..envelope.ciphertext.len() {
            let mut bad = envelope.clone();
            bad.ciphertext[at] ^= 1;
            assert!(bad.open(&secret, b"for").is_err());
        }
        for at in 0..32 {
            let mut bad = envelope.clone();
            bad.enc[at] ^= 1;
            assert!(bad.open(&secret, b"for").is_err());
        }
    }

    #[test]
    fn a_key_of_small_order_is_refused() {
        assert_eq!(Envelope::seal(&[0; 32], b"", b"message", &mut rng()), Err(EnvelopeError::Key));
    }

    #[test]
    fn a_cloned_generator_does_not_repeat_an_ephemeral_key() {
        let public = PublicKey::from(&StaticSecret::from([7; 32])).to_bytes();
        let a = Envelope::seal(&public, b"for", b"one", &mut rng()).unwrap();
        let b = Envelope::seal(&public, b"for", b"two", &mut rng()).unwrap();
        assert_ne!(a.enc, b.enc);
    }
}
