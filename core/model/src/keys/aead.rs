//! ChaCha20-Poly1305 under keys that seal one message each, so with nonce 0.
//!
//! Invariant: whoever calls this derives the key from the message's place and from
//! fresh salt; no key is ever used for two messages.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, KeyInit, Nonce};
use zeroize::Zeroizing;

/// Bytes that sealing adds: the Poly1305 tag.
pub(crate) const TAG_BYTES: usize = 16;

/// Seals the one message of this key.
pub(crate) fn seal_once(key: &[u8; 32], ad: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let cipher = ChaCha20Poly1305::new(&Key::from(*key));
    // Fails only beyond 256 GiB, which every caller's limit excludes.
    cipher.encrypt(&Nonce::default(), Payload { msg: plaintext, aad: ad }).unwrap_or_default()
}

/// Opens the one message of this key.
pub(crate) fn open_once(
    key: &[u8; 32],
    ad: &[u8],
    ciphertext: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let cipher = ChaCha20Poly1305::new(&Key::from(*key));
    let payload = Payload { msg: ciphertext, aad: ad };
    cipher.decrypt(&Nonce::default(), payload).ok().map(Zeroizing::new)
}
