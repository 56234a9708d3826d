//! The keys of a device: made on it, kept by the platform's keystore, never backed up.

use std::fmt;

use ed25519_dalek::SigningKey;
use rand_core::CryptoRng;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::DeviceId;
use super::keystore::{Keystore, KeystoreError};

/// Version of the stored form.
const STORED_VERSION: u8 = 1;
/// Name under which a keystore holds the device's keys.
const KEYSTORE_NAME: &str = "palier-device-keys";

/// Stored bytes that are no device keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the keys of a device, or of a later version")]
pub struct DeviceKeysError;

/// A device's ed25519 key, with which it signs entries, and its X25519 key, to which
/// key epochs are sealed. Wiped when dropped.
#[derive(Clone)]
pub struct DeviceKeys {
    signing: SigningKey,
    agreement: StaticSecret,
}

impl DeviceKeys {
    /// Bytes of entropy that keys are made from.
    pub const ENTROPY_BYTES: usize = 64;

    /// Keys from entropy: the ed25519 seed, then the X25519 secret.
    pub fn from_entropy(entropy: &[u8; Self::ENTROPY_BYTES]) -> Self {
        let (mut signing, mut agreement) = (Zeroizing::new([0; 32]), Zeroizing::new([0; 32]));
        signing.copy_from_slice(&entropy[..32]);
        agreement.copy_from_slice(&entropy[32..]);
        Self {
            signing: SigningKey::from_bytes(&signing),
            agreement: StaticSecret::from(*agreement),
        }
    }

    /// New keys.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        let mut entropy = Zeroizing::new([0; Self::ENTROPY_BYTES]);
        rng.fill_bytes(entropy.as_mut());
        Self::from_entropy(&entropy)
    }

    /// What a keystore keeps: a version byte and 64 bytes.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(1 + Self::ENTROPY_BYTES));
        bytes.push(STORED_VERSION);
        bytes.extend_from_slice(self.signing.as_bytes());
        bytes.extend_from_slice(self.agreement.as_bytes());
        bytes
    }

    /// Keys from what a keystore kept.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DeviceKeysError> {
        match bytes.split_first() {
            Some((&STORED_VERSION, entropy)) => {
                entropy.try_into().map(Self::from_entropy).map_err(|_| DeviceKeysError)
            }
            _ => Err(DeviceKeysError),
        }
    }

    /// The keys that `keystore` holds, if it holds any.
    pub fn load(keystore: &dyn Keystore) -> Result<Option<Self>, KeystoreError> {
        match keystore.load(KEYSTORE_NAME)? {
            None => Ok(None),
            Some(bytes) => Self::from_bytes(&bytes).map(Some).map_err(|_| KeystoreError::Corrupt),
        }
    }

    /// Has `keystore` hold these keys.
    pub fn store(&self, keystore: &dyn Keystore) -> Result<(), KeystoreError> {
        keystore.store(KEYSTORE_NAME, &self.to_bytes())
    }

    /// The device.
    pub fn id(&self) -> DeviceId {
        DeviceId(self.signing.verifying_key().to_bytes())
    }

    /// The key that signs entries.
    pub fn signing(&self) -> &SigningKey {
        &self.signing
    }

    /// The secret to which key epochs are sealed.
    pub fn agreement(&self) -> &StaticSecret {
        &self.agreement
    }

    /// The public half of [`agreement`](Self::agreement).
    pub fn agreement_public(&self) -> [u8; 32] {
        PublicKey::from(&self.agreement).to_bytes()
    }
}

impl fmt::Debug for DeviceKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceKeys(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::MemoryKeystore;

    fn entropy() -> [u8; 64] {
        std::array::from_fn(|at| at as u8)
    }

    #[test]
    fn keys_come_back_from_their_keystore() {
        let keystore = MemoryKeystore::default();
        assert!(DeviceKeys::load(&keystore).unwrap().is_none());
        let keys = DeviceKeys::from_entropy(&entropy());
        keys.store(&keystore).unwrap();
        let back = DeviceKeys::load(&keystore).unwrap().unwrap();
        assert_eq!(back.id(), keys.id());
        assert_eq!(back.agreement_public(), keys.agreement_public());
    }

    #[test]
    fn other_versions_and_lengths_are_refused() {
        let good = DeviceKeys::from_entropy(&entropy()).to_bytes();
        assert_eq!(good.len(), 65);
        assert!(DeviceKeys::from_bytes(&good[..64]).is_err());
        assert!(DeviceKeys::from_bytes(&[&[2], &good[1..]].concat()).is_err());
        assert!(DeviceKeys::from_bytes(&[]).is_err());
        let keystore = MemoryKeystore::default();
        keystore.store(KEYSTORE_NAME, &[9]).unwrap();
        assert_eq!(DeviceKeys::load(&keystore).err(), Some(KeystoreError::Corrupt));
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", DeviceKeys::from_entropy(&entropy())), "DeviceKeys(…)");
    }
}
