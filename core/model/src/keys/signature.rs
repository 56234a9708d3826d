//! Signatures: always over a context of their own, always checked strictly.

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

/// An ed25519 signature.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signature(pub [u8; 64]);

/// A signature that is not the named key's over these bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("bad signature")]
pub struct BadSignature;

impl Signature {
    /// Signs the parts, one after the other. The first is the context, which keeps a
    /// signature made for one purpose from serving another.
    pub(crate) fn over(key: &SigningKey, parts: &[&[u8]]) -> Self {
        Self(key.sign(&parts.concat()).to_bytes())
    }

    /// Checks the signature strictly: no key of small order, no second encoding.
    pub(crate) fn verify(&self, key: &[u8; 32], parts: &[&[u8]]) -> Result<(), BadSignature> {
        let key = VerifyingKey::from_bytes(key).map_err(|_| BadSignature)?;
        let signature = ed25519_dalek::Signature::from_bytes(&self.0);
        key.verify_strict(&parts.concat(), &signature).map_err(|_| BadSignature)
    }
}

impl std::fmt::Debug for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signature({:02x}{:02x}…)", self.0[0], self.0[1])
    }
}

impl Serialize for Signature {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        // Two halves: serde has arrays of up to 32 elements, and no length goes out.
        let (a, b) = self.0.split_at(32);
        let a: [u8; 32] = a.try_into().map_err(serde::ser::Error::custom)?;
        let b: [u8; 32] = b.try_into().map_err(serde::ser::Error::custom)?;
        (a, b).serialize(s)
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let (a, b) = <([u8; 32], [u8; 32])>::deserialize(d)?;
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&a);
        bytes[32..].copy_from_slice(&b);
        Ok(Self(bytes))
    }
}
