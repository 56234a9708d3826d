//! The two halves of a key epoch: what is certified in the open, and the secret.

use std::fmt;

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

/// The X25519 public key of an epoch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EpochKey(pub [u8; 32]);

/// The secret of an epoch, with its public half at hand. Wiped when dropped.
#[derive(Clone)]
pub struct EpochSecret {
    secret: StaticSecret,
    public: EpochKey,
}

impl EpochSecret {
    /// The epoch of this secret. Computes the public half.
    pub fn from_bytes(secret: [u8; 32]) -> Self {
        let secret = StaticSecret::from(secret);
        let public = EpochKey(PublicKey::from(&secret).to_bytes());
        Self { secret, public }
    }

    /// A new epoch.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        let mut secret = Zeroizing::new([0; 32]);
        rng.fill_bytes(secret.as_mut());
        Self::from_bytes(*secret)
    }

    /// The secret's bytes.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(*self.secret.as_bytes())
    }

    /// The public half.
    pub fn public(&self) -> EpochKey {
        self.public
    }

    pub(super) fn secret(&self) -> &StaticSecret {
        &self.secret
    }
}

impl PartialEq for EpochSecret {
    fn eq(&self, other: &Self) -> bool {
        // The public halves follow from the secrets, so they tell as much and leak nothing.
        self.public == other.public
    }
}

impl Eq for EpochSecret {}

impl fmt::Debug for EpochSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EpochSecret({:?}, …)", self.public)
    }
}

impl fmt::Debug for EpochKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EpochKey({:02x}{:02x}{:02x}{:02x}…)", self.0[0], self.0[1], self.0[2], self.0[3])
    }
}

impl crate::rows::Key for EpochKey {
    fn to_key(&self) -> Vec<u8> {
        self.0.to_vec()
    }
}
