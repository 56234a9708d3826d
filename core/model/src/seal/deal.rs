//! The key of a deal or thread in one author's log.

use std::fmt;

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::labels;

/// What tells in the open under which deal key a record is sealed. Follows from the
/// key, so that a grant cannot pass one key off as another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KeyTag(pub [u8; Self::BYTES]);

impl KeyTag {
    /// Bytes of a key tag.
    pub const BYTES: usize = 16;
}

impl fmt::Debug for KeyTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyTag({:02x}{:02x}{:02x}{:02x}…)", self.0[0], self.0[1], self.0[2], self.0[3])
    }
}

impl crate::rows::Key for KeyTag {
    fn to_key(&self) -> Vec<u8> {
        self.0.to_vec()
    }
}

/// A random key under which one author seals one deal's records in one log. Whoever
/// holds it reads them all. Wiped when dropped.
#[derive(Clone)]
pub struct DealKey {
    key: Zeroizing<[u8; 32]>,
    tag: KeyTag,
}

impl DealKey {
    /// Bytes of a deal key.
    pub const BYTES: usize = 32;

    /// The deal key of these bytes.
    pub fn from_bytes(key: [u8; Self::BYTES]) -> Self {
        let key = Zeroizing::new(key);
        let full = blake3::derive_key(labels::KEY_TAG_CONTEXT, key.as_ref());
        let mut tag = KeyTag([0; KeyTag::BYTES]);
        tag.0.copy_from_slice(&full[..KeyTag::BYTES]);
        Self { key, tag }
    }

    /// A new deal key.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        let mut key = Zeroizing::new([0; Self::BYTES]);
        rng.fill_bytes(key.as_mut());
        Self::from_bytes(*key)
    }

    /// The key's bytes.
    pub fn to_bytes(&self) -> Zeroizing<[u8; Self::BYTES]> {
        self.key.clone()
    }

    /// What stands in the open beside each record sealed under it.
    pub fn tag(&self) -> KeyTag {
        self.tag
    }

    pub(super) fn key(&self) -> &[u8; Self::BYTES] {
        &self.key
    }
}

impl PartialEq for DealKey {
    fn eq(&self, other: &Self) -> bool {
        subtle::ConstantTimeEq::ct_eq(self.key.as_ref(), other.key.as_ref()).into()
    }
}

impl Eq for DealKey {}

impl fmt::Debug for DealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DealKey({:?}, …)", self.tag)
    }
}
