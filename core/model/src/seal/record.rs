//! One record sealed: a key of its own, a commitment, padding.

use std::fmt;

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::deal::{DealKey, KeyTag};
use super::pair::keyed;
use super::{SealError, labels};
use crate::journal::limits::PAYLOAD_BYTES;
use crate::keys::aead::{TAG_BYTES, open_once, seal_once};

const TAG_END: usize = KeyTag::BYTES;
const SALT_END: usize = TAG_END + 32;
const COMMIT_END: usize = SALT_END + 32;
/// Bytes of the length that stands before the plaintext.
const LENGTH_BYTES: usize = 4;

/// Bytes that a payload is longer than the padded plaintext.
pub const SEALED_OVERHEAD_BYTES: usize = COMMIT_END + TAG_BYTES;

/// Lengths that a padded plaintext can have: a carrier sees no more of it than which.
/// The last fills the largest payload.
pub const PAD_BUCKETS: [usize; 10] = [
    128,
    256,
    512,
    1_024,
    2_048,
    4_096,
    8_192,
    16_384,
    32_768,
    PAYLOAD_BYTES - SEALED_OVERHEAD_BYTES,
];

/// Most bytes that one record seals.
pub const PLAINTEXT_BYTES: usize = PAYLOAD_BYTES - SEALED_OVERHEAD_BYTES - LENGTH_BYTES;

/// The key of one record: what is revealed to a moderator opens this record and no
/// other. Wiped when dropped.
#[derive(Clone)]
pub struct RecordKey(Zeroizing<[u8; 32]>);

/// A sealed payload, seen from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedPayload<'a> {
    bytes: &'a [u8],
}

impl<'a> SealedPayload<'a> {
    /// Any bytes of one of the right lengths.
    pub fn from_bytes(payload: &'a [u8]) -> Result<Self, SealError> {
        let padded = payload.len().checked_sub(SEALED_OVERHEAD_BYTES);
        match padded {
            Some(padded) if PAD_BUCKETS.contains(&padded) => Ok(Self { bytes: payload }),
            _ => Err(SealError::Length),
        }
    }

    /// Under which deal key it is sealed.
    pub fn key_tag(&self) -> KeyTag {
        let mut tag = KeyTag([0; KeyTag::BYTES]);
        tag.0.copy_from_slice(&self.bytes[..TAG_END]);
        tag
    }

    fn salt(&self) -> &'a [u8] {
        &self.bytes[TAG_END..SALT_END]
    }

    /// The record's key, for whoever holds its deal key. Opens nothing yet.
    pub fn reveal(&self, key: &DealKey, core: &[u8]) -> Result<RecordKey, SealError> {
        if self.key_tag() != key.tag() {
            return Err(SealError::OtherKey);
        }
        Ok(RecordKey::new(key, self.salt(), core))
    }
}

impl RecordKey {
    /// k = keyed-BLAKE3(deal key, "k" ‖ salt ‖ BLAKE3(core)).
    fn new(key: &DealKey, salt: &[u8], core: &[u8]) -> Self {
        let core = blake3::hash(core);
        Self(keyed(key.key(), &[labels::RECORD, salt, core.as_bytes()]))
    }

    /// c = keyed-BLAKE3(k, "commit" ‖ salt ‖ BLAKE3(core)).
    fn commitment(&self, salt: &[u8], core: &[u8]) -> Zeroizing<[u8; 32]> {
        let core = blake3::hash(core);
        keyed(&self.0, &[labels::COMMIT, salt, core.as_bytes()])
    }

    /// A key that was revealed.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// What is revealed.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        self.0.clone()
    }

    /// Opens the one record of this key: first the commitment, which binds key, salt
    /// and place, then the rest.
    pub fn open(
        &self,
        core: &[u8],
        payload: &SealedPayload<'_>,
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (head, sealed) = payload.bytes.split_at(COMMIT_END);
        let expected = self.commitment(payload.salt(), core);
        if !bool::from(expected.as_slice().ct_eq(&head[SALT_END..])) {
            return Err(SealError::Commitment);
        }
        let ad = [core, head].concat();
        let padded = open_once(&self.0, &ad, sealed).ok_or(SealError::Refused)?;
        unpad(&padded)
    }
}

impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordKey(…)")
    }
}

/// Seals a record under its deal's key into the payload of the entry whose core bytes
/// are `core`.
pub fn seal_record(
    key: &DealKey,
    core: &[u8],
    plaintext: &[u8],
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, SealError> {
    let padded = pad(plaintext)?;
    let mut drawn = Zeroizing::new([0; 32]);
    rng.fill_bytes(drawn.as_mut());
    let salts = Zeroizing::new(blake3::derive_key(labels::SALT_CONTEXT, key.key()));
    let place = blake3::hash(core);
    let salt = keyed(&salts, &[drawn.as_ref(), place.as_bytes(), &padded]);
    let k = RecordKey::new(key, salt.as_ref(), core);
    let mut payload = Vec::with_capacity(SEALED_OVERHEAD_BYTES + padded.len());
    payload.extend_from_slice(&key.tag().0);
    payload.extend_from_slice(salt.as_ref());
    payload.extend_from_slice(k.commitment(salt.as_ref(), core).as_ref());
    let ad = [core, &payload].concat();
    payload.extend(seal_once(&k.0, &ad, &padded));
    Ok(payload)
}

/// Opens a record sealed under `key` in the entry whose core bytes are `core`.
pub fn open_record(
    key: &DealKey,
    core: &[u8],
    payload: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let payload = SealedPayload::from_bytes(payload)?;
    payload.reveal(key, core)?.open(core, &payload)
}

/// The smallest bucket that holds so many bytes of plaintext.
fn bucket(plaintext: usize) -> Option<usize> {
    let needed = plaintext.checked_add(LENGTH_BYTES)?;
    PAD_BUCKETS.into_iter().find(|bucket| needed <= *bucket)
}

/// Length, plaintext, zeros up to the smallest bucket that holds them.
fn pad(plaintext: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let too_long = SealError::TooLong { size: plaintext.len(), limit: PLAINTEXT_BYTES };
    let bucket = bucket(plaintext.len()).ok_or(too_long)?;
    let length = u32::try_from(plaintext.len()).map_err(|_| too_long)?;
    let mut padded = Zeroizing::new(Vec::with_capacity(bucket));
    padded.extend_from_slice(&length.to_le_bytes());
    padded.extend_from_slice(plaintext);
    padded.resize(bucket, 0);
    Ok(padded)
}

/// The plaintext, if it was padded in the one way allowed.
fn unpad(padded: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let (length, rest) = padded.split_first_chunk().ok_or(SealError::Padding)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| SealError::Padding)?;
    let (plaintext, zeros) = rest.split_at_checked(length).ok_or(SealError::Padding)?;
    if bucket(length) != Some(padded.len()) || zeros.iter().any(|byte| *byte != 0) {
        return Err(SealError::Padding);
    }
    Ok(Zeroizing::new(plaintext.to_vec()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;

    fn rng() -> ChaCha20Rng {
        ChaCha20Rng::from_seed([1; 32])
    }

    fn seal(core: &[u8], plaintext: &[u8]) -> Vec<u8> {
        seal_record(&DealKey::from_bytes([9; 32]), core, plaintext, &mut rng()).unwrap()
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens_and_is_not_to_be_seen(
            key: [u8; 32],
            core in prop::collection::vec(any::<u8>(), 0..200),
            plaintext in prop::collection::vec(any::<u8>(), 0..3_000),
            seed: [u8; 32],
        ) {
            let key = DealKey::from_bytes(key);
            let mut rng = ChaCha20Rng::from_seed(seed);
            let payload = seal_record(&key, &core, &plaintext, &mut rng).unwrap();
            prop_assert_eq!(&**open_record(&key, &core, &payload).unwrap(), &plaintext);
            // 6 bytes or more do not come about by chance.
            for needle in plaintext.windows(6).step_by(7) {
                prop_assert!(!payload.windows(6).any(|window| window == needle));
            }
        }

        #[test]
        fn any_bytes_are_a_typed_error(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(open_record(&DealKey::from_bytes([9; 32]), b"core", &bytes).is_err());
        }
    }

    #[test]
    fn every_flipped_bit_of_a_record_is_refused() {
        let key = DealKey::from_bytes([9; 32]);
        let good = seal(b"core", b"the code of the gate is 4711");
        assert!(open_record(&key, b"core", &good).is_ok());
        for at in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[at / 8] ^= 1 << (at % 8);
            let refused = open_record(&key, b"core", &bad).unwrap_err();
            let expected = match at / 8 {
                0..TAG_END => SealError::OtherKey,
                TAG_END..COMMIT_END => SealError::Commitment,
                _ => SealError::Refused,
            };
            assert_eq!(refused, expected, "byte {}", at / 8);
        }
    }

    #[test]
    fn another_key_or_place_opens_nothing() {
        let payload = seal(b"core", b"secret");
        let other = DealKey::from_bytes([8; 32]);
        assert_eq!(open_record(&other, b"core", &payload), Err(SealError::OtherKey));
        let mut relabelled = payload.clone();
        relabelled[..TAG_END].copy_from_slice(&other.tag().0);
        assert_eq!(open_record(&other, b"core", &relabelled), Err(SealError::Commitment));
        let key = DealKey::from_bytes([9; 32]);
        assert_eq!(open_record(&key, b"fork", &payload), Err(SealError::Commitment));
    }

    #[test]
    fn a_clone_with_the_same_dice_never_uses_a_key_twice() {
        let key = DealKey::from_bytes([9; 32]);
        let kept = |payload: &[u8], core: &[u8]| {
            let payload = SealedPayload::from_bytes(payload).unwrap();
            (payload.salt().to_vec(), payload.reveal(&key, core).unwrap().to_bytes().to_vec())
        };
        let cases: [(&[u8], &[u8]); 3] = [(b"core", b"one"), (b"fork", b"one"), (b"core", b"two")];
        let seen = cases.map(|(core, text)| kept(&seal(core, text), core));
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            assert_ne!(seen[a].0, seen[b].0);
            assert_ne!(seen[a].1, seen[b].1);
        }
    }

    #[test]
    fn a_revealed_key_opens_one_record_only() {
        let key = DealKey::from_bytes([9; 32]);
        let (one, two) = (seal(b"core 1", b"one"), seal(b"core 2", b"two"));
        let (one, two) =
            (SealedPayload::from_bytes(&one).unwrap(), SealedPayload::from_bytes(&two).unwrap());
        let revealed = one.reveal(&key, b"core 1").unwrap().to_bytes();
        let revealed = RecordKey::from_bytes(*revealed);
        assert_eq!(**revealed.open(b"core 1", &one).unwrap(), *b"one");
        assert_eq!(revealed.open(b"core 2", &two), Err(SealError::Commitment));
        assert_eq!(revealed.open(b"core 2", &one), Err(SealError::Commitment));
    }

    #[test]
    fn lengths_show_the_bucket_only() {
        assert_eq!(PAD_BUCKETS.last(), Some(&65_440));
        let sizes = [0, 1, 124].map(|n| seal(b"core", &vec![1; n]).len());
        assert_eq!(sizes, [128 + SEALED_OVERHEAD_BYTES; 3]);
        assert_eq!(seal(b"core", &[1; 125]).len(), 256 + SEALED_OVERHEAD_BYTES);
        assert_eq!(seal(b"core", &[1; PLAINTEXT_BYTES]).len(), PAYLOAD_BYTES);
        let key = DealKey::from_bytes([9; 32]);
        assert_eq!(
            seal_record(&key, b"core", &[1; PLAINTEXT_BYTES + 1], &mut rng()),
            Err(SealError::TooLong { size: PLAINTEXT_BYTES + 1, limit: PLAINTEXT_BYTES })
        );
    }

    #[test]
    fn padding_has_one_form() {
        let mut padded = pad(b"abc").unwrap();
        assert!(unpad(&padded).is_ok());
        padded[127] = 1;
        assert_eq!(unpad(&padded), Err(SealError::Padding));
        padded[127] = 0;
        padded[2] = 1;
        assert_eq!(unpad(&padded), Err(SealError::Padding));
        padded[2] = 0;
        padded.resize(256, 0);
        assert_eq!(unpad(&padded), Err(SealError::Padding));
        assert_eq!(unpad(&[1]), Err(SealError::Padding));
    }
}
