//! What a writer and a reader share: one X25519 between their epochs.

use std::fmt;

use subtle::ConstantTimeEq;
use x25519_dalek::PublicKey;
use zeroize::Zeroizing;

use super::epoch::{EpochKey, EpochSecret};
use super::{SealError, labels};

/// How many X25519 were done: what a look-up costs is a promise, so it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DhCount(pub u64);

/// P: the key that one writer's epoch and one reader's epoch share. Wiped when dropped.
#[derive(Clone)]
pub struct PairKey(Zeroizing<[u8; 32]>);

impl PairKey {
    /// The key as its writer makes it.
    pub fn for_writer(
        writer: &EpochSecret,
        reader: &EpochKey,
        count: &mut DhCount,
    ) -> Result<Self, SealError> {
        Self::agree(writer, reader, &writer.public(), reader, count)
    }

    /// The key as its reader makes it.
    pub fn for_reader(
        reader: &EpochSecret,
        writer: &EpochKey,
        count: &mut DhCount,
    ) -> Result<Self, SealError> {
        Self::agree(reader, writer, writer, &reader.public(), count)
    }

    /// P = derive_key("palier grant v1", X25519 ‖ writer pk ‖ reader pk).
    fn agree(
        own: &EpochSecret,
        other: &EpochKey,
        writer: &EpochKey,
        reader: &EpochKey,
        count: &mut DhCount,
    ) -> Result<Self, SealError> {
        count.0 = count.0.saturating_add(1);
        let shared = own.secret().diffie_hellman(&PublicKey::from(other.0));
        if shared.as_bytes().ct_eq(&[0; 32]).into() {
            return Err(SealError::ZeroSecret);
        }
        let mut hasher = blake3::Hasher::new_derive_key(labels::PAIR_CONTEXT);
        hasher.update(shared.as_bytes()).update(&writer.0).update(&reader.0);
        Ok(Self(Zeroizing::new(*hasher.finalize().as_bytes())))
    }

    /// keyed-BLAKE3(P, the parts one after the other).
    pub(super) fn keyed(&self, parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
        keyed(&self.0, parts)
    }
}

impl fmt::Debug for PairKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PairKey(…)")
    }
}

/// keyed-BLAKE3(key, the parts one after the other).
pub(super) fn keyed(key: &[u8; 32], parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut hasher = blake3::Hasher::new_keyed(key);
    for part in parts {
        hasher.update(part);
    }
    Zeroizing::new(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_make_one_key_and_the_other_way_round_is_another() {
        let (a, b) = (EpochSecret::from_bytes([1; 32]), EpochSecret::from_bytes([2; 32]));
        let mut count = DhCount::default();
        let written = PairKey::for_writer(&a, &b.public(), &mut count).unwrap();
        let read = PairKey::for_reader(&b, &a.public(), &mut count).unwrap();
        let back = PairKey::for_writer(&b, &a.public(), &mut count).unwrap();
        assert_eq!(written.0, read.0);
        assert_ne!(written.0, back.0);
        assert_eq!(count, DhCount(3));
    }

    #[test]
    fn keys_of_small_order_are_refused() {
        let own = EpochSecret::from_bytes([1; 32]);
        let one = std::array::from_fn(|at| u8::from(at == 0));
        // u = 0, u = 1, and u = p, which is 0 written in another way.
        let p = std::array::from_fn(|at| match at {
            0 => 0xed,
            31 => 0x7f,
            _ => 0xff,
        });
        for point in [[0; 32], one, p] {
            let mut count = DhCount::default();
            let made = PairKey::for_reader(&own, &EpochKey(point), &mut count);
            assert_eq!(made.err(), Some(SealError::ZeroSecret));
        }
    }
}
