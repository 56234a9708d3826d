//! Frames of a device link, and what both ends must come to from them.
//!
//! Every frame is sealed under the secret of the QR, so that others on the Wi-Fi learn
//! nothing; the compared code guards against someone who photographed the QR.

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::aead::{TAG_BYTES, open_once, seal_once};
use super::link::LinkError;
use super::link_text::LinkSecret;
use super::{DeviceId, Envelope, MemberId, Signature};
use crate::codec;

/// Most bytes that the old device can hand over.
pub const LINK_PAYLOAD_BYTES: usize = 48 << 10;
/// Largest frame, in bytes.
pub const LINK_FRAME_BYTES: usize = LINK_PAYLOAD_BYTES + 512;

/// derive_key context: link secret → key of frames.
const FRAME_CONTEXT: &str = "palier link frame v1";
/// derive_key context: end ‖ reveal → commitment.
const COMMIT_CONTEXT: &str = "palier link commit v1";
/// derive_key context: secret ‖ commitments ‖ reveals → transcript.
const TRANSCRIPT_CONTEXT: &str = "palier link transcript v1";
/// derive_key context: transcript → code.
const CODE_CONTEXT: &str = "palier link code v1";
/// The new device's signature: the code was confirmed there.
pub(super) const CONFIRM_CONTEXT: &[u8] = b"palier link confirm v1";
/// The old device's signature over what it hands over, and the purpose of the envelope.
const HANDOVER_CONTEXT: &[u8] = b"palier link handover v1";

/// Digits of a code: one try a QR, so a man in the middle has one in 100 million.
const CODE_MODULUS: u64 = 100_000_000;

/// Which end speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum End {
    /// The device that is certified already.
    Old = 0,
    /// The device to be certified.
    New = 1,
}

/// What the old device commits to, and then reveals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OldReveal {
    pub(super) member: MemberId,
    pub(super) device: DeviceId,
    pub(super) agreement: [u8; 32],
    pub(super) nonce: [u8; 32],
}

/// What the new device commits to, and then reveals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NewReveal {
    pub(super) device: DeviceId,
    pub(super) agreement: [u8; 32],
    pub(super) nonce: [u8; 32],
}

/// The new device says that its person confirmed the code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Confirmed {
    pub(super) signature: Signature,
}

/// What the old device hands over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Handover {
    pub(super) envelope: Envelope,
    pub(super) signature: Signature,
}

/// The code that both screens show. Compare it as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkCode(u32);

impl LinkCode {
    /// Whether this is what a person typed or read out; spacing does not matter.
    pub fn is(&self, typed: &str) -> bool {
        let digits: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        digits == format!("{:08}", self.0)
    }
}

impl std::fmt::Display for LinkCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04} {:04}", self.0 / 10_000, self.0 % 10_000)
    }
}

/// The commitment of one end to what it will reveal.
pub(super) fn commitment(end: End, reveal: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key(COMMIT_CONTEXT);
    hasher.update(&[end as u8]).update(reveal);
    *hasher.finalize().as_bytes()
}

/// All that was said, in one hash.
pub(super) fn transcript(
    secret: &LinkSecret,
    commitments: [&[u8; 32]; 2],
    reveals: [&[u8]; 2],
) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key(TRANSCRIPT_CONTEXT);
    hasher.update(secret.as_bytes());
    hasher.update(commitments[0]).update(commitments[1]);
    hasher.update(reveals[0]).update(reveals[1]);
    *hasher.finalize().as_bytes()
}

/// The code of a transcript.
pub(super) fn code(transcript: &[u8; 32]) -> LinkCode {
    let hash = blake3::derive_key(CODE_CONTEXT, transcript);
    let number = hash[..8].iter().rev().fold(0u64, |sum, byte| (sum << 8) | u64::from(*byte));
    LinkCode(u32::try_from(number % CODE_MODULUS).unwrap_or(0))
}

/// What the envelope of the handover is for.
pub(super) fn handover_info(transcript: &[u8; 32]) -> Vec<u8> {
    [HANDOVER_CONTEXT, transcript].concat()
}

/// Seals and opens frames: 32 bytes of salt, then the ciphertext. Each end counts its
/// frames from 0; neither can be sent back to where it came from.
pub(super) struct Frames {
    key: Zeroizing<[u8; 32]>,
    end: End,
    sent: u8,
    received: u8,
}

impl Frames {
    pub(super) fn new(secret: &LinkSecret, end: End) -> Self {
        let key = Zeroizing::new(blake3::derive_key(FRAME_CONTEXT, secret.as_bytes()));
        Self { key, end, sent: 0, received: 0 }
    }

    fn frame_key(&self, end: End, number: u8, salt: &[u8]) -> Zeroizing<[u8; 32]> {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&[end as u8, number]).update(salt);
        Zeroizing::new(*hasher.finalize().as_bytes())
    }

    /// The next frame of this end.
    pub(super) fn seal(&mut self, message: &impl Serialize, rng: &mut dyn CryptoRng) -> Vec<u8> {
        let plaintext = Zeroizing::new(codec::encode(message));
        let mut frame = vec![0; 32];
        rng.fill_bytes(&mut frame);
        // As in sealing: the salt hangs on the content, whatever the dice say.
        let salt =
            *blake3::keyed_hash(&self.key, &[&frame, plaintext.as_slice()].concat()).as_bytes();
        frame.copy_from_slice(&salt);
        let key = self.frame_key(self.end, self.sent, &salt);
        self.sent = self.sent.saturating_add(1);
        frame.extend(seal_once(&key, b"", &plaintext));
        frame
    }

    /// The next frame of the other end.
    pub(super) fn open<T>(&mut self, frame: &[u8]) -> Result<T, LinkError>
    where
        T: Serialize + serde::de::DeserializeOwned,
    {
        if frame.len() > LINK_FRAME_BYTES || frame.len() < 32 + TAG_BYTES {
            return Err(LinkError::Frame);
        }
        let (salt, sealed) = frame.split_at(32);
        let other = match self.end {
            End::Old => End::New,
            End::New => End::Old,
        };
        let key = self.frame_key(other, self.received, salt);
        let plaintext = open_once(&key, b"", sealed).ok_or(LinkError::Frame)?;
        self.received = self.received.saturating_add(1);
        codec::decode(&plaintext, LINK_FRAME_BYTES).map_err(|_| LinkError::Frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_eight_digits_and_spacing_does_not_matter() {
        let code = LinkCode(120_034);
        assert_eq!(code.to_string(), "0012 0034");
        assert!(code.is("00120034") && code.is(" 0012-0034 ") && code.is("0012 0034"));
        assert!(!code.is("120034") && !code.is("0012003") && !code.is("00120035") && !code.is(""));
    }
}
