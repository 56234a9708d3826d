//! A grant: one deal key handed to one reader, in the writer's outbox.

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::deal::{DealKey, KeyTag};
use super::pair::PairKey;
use super::{SealError, labels};
use crate::keys::LogId;
use crate::keys::aead::{TAG_BYTES, open_once, seal_once};

const TAG_END: usize = GrantTag::BYTES;
const SALT_END: usize = TAG_END + 32;

/// Bytes of every grant.
pub const GRANT_BYTES: usize = SALT_END + KeyTag::BYTES + DealKey::BYTES + TAG_BYTES;

/// By what a reader finds his grants: unlike any other to whoever lacks the pair key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GrantTag(pub [u8; Self::BYTES]);

impl GrantTag {
    /// Bytes of a grant tag.
    pub const BYTES: usize = 16;

    /// The tag of a grant in `log`, where the same pair has `earlier` grants before it.
    pub fn new(pair: &PairKey, log: &LogId, earlier: u64) -> Self {
        let full = pair.keyed(&[labels::TAG, &log.0, &earlier.to_le_bytes()]);
        let mut tag = Self([0; Self::BYTES]);
        tag.0.copy_from_slice(&full[..Self::BYTES]);
        tag
    }
}

impl crate::rows::Key for GrantTag {
    fn to_key(&self) -> Vec<u8> {
        self.0.to_vec()
    }
}

/// The payload of a grant. The entry's kind says that it is one; its length is fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant([u8; GRANT_BYTES]);

impl Grant {
    /// Hands `key` to the reader of `pair`. `core` are the entry's core bytes, `log` its
    /// log, `earlier` the number of grants to this pair before it in that log.
    pub fn seal(
        pair: &PairKey,
        log: &LogId,
        earlier: u64,
        core: &[u8],
        key: &DealKey,
        rng: &mut dyn CryptoRng,
    ) -> Self {
        let count = earlier.to_le_bytes();
        let mut plaintext = Zeroizing::new([0; KeyTag::BYTES + DealKey::BYTES]);
        plaintext[..KeyTag::BYTES].copy_from_slice(&key.tag().0);
        plaintext[KeyTag::BYTES..].copy_from_slice(key.key());
        // The salt hangs on place and content too: a clone that draws the same bytes
        // at the same count still wraps another key under another.
        let mut drawn = Zeroizing::new([0; 32]);
        rng.fill_bytes(drawn.as_mut());
        let place = blake3::hash(core);
        let salt = pair.keyed(&[
            labels::GRANT_SALT,
            drawn.as_ref(),
            &log.0,
            &count,
            place.as_bytes(),
            plaintext.as_ref(),
        ]);
        let mut bytes = [0; GRANT_BYTES];
        bytes[..TAG_END].copy_from_slice(&GrantTag::new(pair, log, earlier).0);
        bytes[TAG_END..SALT_END].copy_from_slice(salt.as_ref());
        let wrap = pair.keyed(&[labels::WRAP, &log.0, &count, salt.as_ref()]);
        let ad = [core, &bytes[..SALT_END]].concat();
        let sealed = seal_once(&wrap, &ad, plaintext.as_ref());
        bytes[SALT_END..].copy_from_slice(&sealed);
        Self(bytes)
    }

    /// A grant from an entry's payload: any bytes of the right length.
    pub fn from_bytes(payload: &[u8]) -> Result<Self, SealError> {
        payload.try_into().map(Self).map_err(|_| SealError::Length)
    }

    /// The payload.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_vec()
    }

    /// The tag by which its reader finds it.
    pub fn tag(&self) -> GrantTag {
        let mut tag = GrantTag([0; GrantTag::BYTES]);
        tag.0.copy_from_slice(&self.0[..TAG_END]);
        tag
    }

    /// The deal key, for the reader of `pair`.
    pub fn open(
        &self,
        pair: &PairKey,
        log: &LogId,
        earlier: u64,
        core: &[u8],
    ) -> Result<DealKey, SealError> {
        if self.tag() != GrantTag::new(pair, log, earlier) {
            return Err(SealError::OtherKey);
        }
        let (head, sealed) = self.0.split_at(SALT_END);
        let wrap = pair.keyed(&[labels::WRAP, &log.0, &earlier.to_le_bytes(), &head[TAG_END..]]);
        let ad = [core, head].concat();
        let plaintext = open_once(&wrap, &ad, sealed).ok_or(SealError::Refused)?;
        let (tag, key) = plaintext.split_at_checked(KeyTag::BYTES).ok_or(SealError::Refused)?;
        let key = DealKey::from_bytes(key.try_into().map_err(|_| SealError::Refused)?);
        if key.tag().0 == tag { Ok(key) } else { Err(SealError::Refused) }
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;
    use crate::seal::{DhCount, EpochSecret};

    const LOG: LogId = LogId([5; 32]);

    fn pair(writer: u8, reader: u8) -> PairKey {
        let reader = EpochSecret::from_bytes([reader; 32]);
        let writer = EpochSecret::from_bytes([writer; 32]);
        PairKey::for_writer(&writer, &reader.public(), &mut DhCount::default()).unwrap()
    }

    fn rng() -> ChaCha20Rng {
        ChaCha20Rng::from_seed([1; 32])
    }

    #[test]
    fn a_grant_opens_in_its_place_only() {
        let key = DealKey::from_bytes([9; 32]);
        let grant = Grant::seal(&pair(1, 2), &LOG, 3, b"core", &key, &mut rng());
        assert_eq!(grant.open(&pair(1, 2), &LOG, 3, b"core"), Ok(key));
        let other = LogId([6; 32]);
        assert_eq!(grant.open(&pair(2, 1), &LOG, 3, b"core"), Err(SealError::OtherKey));
        assert_eq!(grant.open(&pair(1, 2), &other, 3, b"core"), Err(SealError::OtherKey));
        assert_eq!(grant.open(&pair(1, 2), &LOG, 4, b"core"), Err(SealError::OtherKey));
        assert_eq!(grant.open(&pair(1, 2), &LOG, 3, b"fore"), Err(SealError::Refused));
    }

    #[test]
    fn every_flipped_bit_of_a_grant_is_refused() {
        let pair = pair(1, 2);
        let key = DealKey::from_bytes([9; 32]);
        let good = Grant::seal(&pair, &LOG, 0, b"core", &key, &mut rng()).to_bytes();
        assert_eq!(good.len(), GRANT_BYTES);
        for at in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[at / 8] ^= 1 << (at % 8);
            assert!(Grant::from_bytes(&bad).unwrap().open(&pair, &LOG, 0, b"core").is_err());
        }
        assert_eq!(Grant::from_bytes(&good[1..]), Err(SealError::Length));
    }

    #[test]
    fn a_grant_whose_key_tag_is_not_its_keys_is_refused() {
        let pair = pair(1, 2);
        let key = DealKey::from_bytes([9; 32]);
        let mut bytes = Grant::seal(&pair, &LOG, 0, b"core", &key, &mut rng()).to_bytes();
        // A reader, or the writer himself, seals another's key tag beside his own key.
        let count = 0u64.to_le_bytes();
        let wrap = pair.keyed(&[labels::WRAP, &LOG.0, &count, &bytes[TAG_END..SALT_END]]);
        let ad = [b"core", &bytes[..SALT_END]].concat();
        let forged = [[7; KeyTag::BYTES].as_slice(), &[9; 32]].concat();
        bytes[SALT_END..].copy_from_slice(&seal_once(&wrap, &ad, &forged));
        let grant = Grant::from_bytes(&bytes).unwrap();
        assert_eq!(grant.open(&pair, &LOG, 0, b"core"), Err(SealError::Refused));
    }

    #[test]
    fn a_clone_with_the_same_dice_wraps_under_another_key() {
        let pair = pair(1, 2);
        let seal = |core: &[u8], key: u8| {
            let key = DealKey::from_bytes([key; 32]);
            Grant::seal(&pair, &LOG, 0, core, &key, &mut rng()).to_bytes()
        };
        let (a, b, c) = (seal(b"core", 1), seal(b"core", 2), seal(b"fork", 1));
        let salts: std::collections::BTreeSet<_> =
            [&a, &b, &c].map(|grant| grant[TAG_END..SALT_END].to_vec()).into();
        assert_eq!(salts.len(), 3);
    }
}
