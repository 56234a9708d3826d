//! The act that opens a key epoch, as it stands on the wire.

use std::collections::BTreeMap;

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use x25519_dalek::StaticSecret;
use zeroize::Zeroizing;

use super::KeyringError;
use crate::authority::phrase::PhraseAct;
use crate::authority::{ActError, Payload, Preamble};
use crate::journal::Signature;
use crate::journal::kind::{self, Kind};
use crate::keys::aead::{TAG_BYTES, open_once, seal_once};
use crate::keys::{DeviceId, DeviceKeys, EntryHash, Envelope, HoodHash, MemberId};
use crate::seal::{EpochKey, EpochSecret};

/// Most devices that one epoch is sealed to.
pub const EPOCH_DEVICES: usize = 32;
/// Most epochs that one epoch follows.
pub const EPOCH_PREDECESSORS: usize = 16;
/// Most earlier secrets that one epoch holds: 32 KiB of the 64 of a payload.
pub const EARLIER_SECRETS: usize = 1_024;

const SECRET_BYTES: usize = 32;
/// Purpose of the envelope for a device.
const DEVICE_INFO: &[u8] = b"palier epoch device v1";
/// Purpose of the envelope for the recovery key.
const RECOVERY_INFO: &[u8] = b"palier epoch recovery v1";
/// derive_key context: epoch secret → key for the earlier secrets.
const EARLIER_CONTEXT: &str = "palier epoch earlier v1";
const EARLIER_SALT: &[u8] = b"salt";
const EARLIER_KEY: &[u8] = b"key";

/// Whose epochs: what every envelope is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochOwner {
    /// The neighbourhood.
    pub hood: HoodHash,
    /// The member.
    pub member: MemberId,
}

/// An epoch's secret in an [`Envelope`], whose length is then fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedSecret {
    enc: [u8; 32],
    body: [u8; SECRET_BYTES],
    tag: [u8; TAG_BYTES],
}

/// An epoch's secret for one device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedToDevice {
    /// The device.
    pub device: DeviceId,
    /// The secret, sealed to its agreement key.
    pub secret: SealedSecret,
}

/// Payload of a `EPOCH` act. Field order is wire order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Epoch {
    /// What every act begins with.
    pub preamble: Preamble,
    /// The key to which others write.
    pub public: EpochKey,
    /// The `EPOCH` acts that it follows; sorted, no doubles.
    pub predecessors: Vec<EntryHash>,
    /// The secret for each device that was active; sorted by device, no doubles.
    pub devices: Vec<SealedToDevice>,
    /// The secret for the recovery key of the phrase.
    pub recovery: SealedSecret,
    /// Salt of what follows.
    pub salt: [u8; 32],
    /// The secrets of earlier epochs, sealed under this one's.
    pub earlier: Vec<u8>,
    /// The phrase's signature, where the phrase itself speaks.
    pub phrase: Option<Signature>,
}

/// What is needed to open the next epoch.
#[derive(Debug, Clone)]
pub struct NextEpoch<'a> {
    /// Whose.
    pub owner: EpochOwner,
    /// What the act begins with.
    pub preamble: Preamble,
    /// The acts it follows: [`Keyring::tips`](super::Keyring::tips).
    pub predecessors: Vec<EntryHash>,
    /// The active devices and their agreement keys.
    pub devices: &'a BTreeMap<DeviceId, [u8; 32]>,
    /// The recovery key that the phrase's certificate names.
    pub recovery: [u8; 32],
    /// Every earlier secret that this device knows.
    pub earlier: &'a [EpochSecret],
}

/// What an epoch tells whoever can open it.
#[derive(Debug, Clone)]
pub struct OpenedEpoch {
    /// Its own secret.
    pub secret: EpochSecret,
    /// Those before it, ordered by public key.
    pub earlier: Vec<EpochSecret>,
}

impl EpochOwner {
    fn device_info(&self, device: &DeviceId, public: &EpochKey) -> Vec<u8> {
        [DEVICE_INFO, &self.hood.0, &self.member.0, &device.0, &public.0].concat()
    }

    fn recovery_info(&self, public: &EpochKey) -> Vec<u8> {
        [RECOVERY_INFO, &self.hood.0, &self.member.0, &public.0].concat()
    }

    fn earlier_ad(&self, public: &EpochKey, salt: &[u8; 32]) -> Vec<u8> {
        [self.hood.0, self.member.0, public.0, *salt].concat()
    }
}

impl SealedSecret {
    fn seal(
        recipient: &[u8; 32],
        info: &[u8],
        secret: &EpochSecret,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, KeyringError> {
        let envelope = Envelope::seal(recipient, info, secret.to_bytes().as_ref(), rng)
            .map_err(|_| KeyringError::Key)?;
        let (body, tag) =
            envelope.ciphertext.split_at_checked(SECRET_BYTES).ok_or(KeyringError::Key)?;
        Ok(Self {
            enc: envelope.enc,
            body: body.try_into().map_err(|_| KeyringError::Key)?,
            tag: tag.try_into().map_err(|_| KeyringError::Key)?,
        })
    }

    fn open(&self, recipient: &StaticSecret, info: &[u8]) -> Result<EpochSecret, KeyringError> {
        let ciphertext = [self.body.as_slice(), &self.tag].concat();
        let secret = Envelope { enc: self.enc, ciphertext }
            .open(recipient, info)
            .map_err(|_| KeyringError::Refused)?;
        secret.as_slice().try_into().map(EpochSecret::from_bytes).map_err(|_| KeyringError::Refused)
    }
}

impl Epoch {
    /// Opens an epoch: the act's payload, and the secret.
    pub fn open_next(
        next: NextEpoch<'_>,
        rng: &mut dyn CryptoRng,
    ) -> Result<(Self, EpochSecret), KeyringError> {
        let NextEpoch { owner, preamble, mut predecessors, devices, recovery, earlier } = next;
        predecessors.sort_unstable();
        predecessors.dedup();
        if predecessors.len() > EPOCH_PREDECESSORS {
            return Err(KeyringError::Predecessors(predecessors.len()));
        }
        if devices.len() > EPOCH_DEVICES {
            return Err(KeyringError::Devices(devices.len()));
        }
        let secret = EpochSecret::generate(rng);
        let public = secret.public();
        let (salt, earlier) = seal_earlier(&owner, &secret, earlier)?;
        let devices = devices
            .iter()
            .map(|(device, agreement)| {
                let info = owner.device_info(device, &public);
                let secret = SealedSecret::seal(agreement, &info, &secret, rng)?;
                Ok(SealedToDevice { device: *device, secret })
            })
            .collect::<Result<_, KeyringError>>()?;
        let recovery = SealedSecret::seal(&recovery, &owner.recovery_info(&public), &secret, rng)?;
        let epoch =
            Self { preamble, public, predecessors, devices, recovery, salt, earlier, phrase: None };
        Ok((epoch, secret))
    }

    /// Reads the secrets with a device's key.
    pub fn open_with_device(
        &self,
        owner: &EpochOwner,
        keys: &DeviceKeys,
    ) -> Result<OpenedEpoch, KeyringError> {
        let device = keys.id();
        let sealed = self
            .devices
            .iter()
            .find(|sealed| sealed.device == device)
            .ok_or(KeyringError::NotForUs)?;
        let info = owner.device_info(&device, &self.public);
        self.open_with_secret(owner, sealed.secret.open(keys.agreement(), &info)?)
    }

    /// Reads the secrets with the recovery key of the phrase.
    pub fn open_with_recovery(
        &self,
        owner: &EpochOwner,
        recovery: &StaticSecret,
    ) -> Result<OpenedEpoch, KeyringError> {
        let secret = self.recovery.open(recovery, &owner.recovery_info(&self.public))?;
        self.open_with_secret(owner, secret)
    }

    /// How many earlier secrets it holds.
    pub fn earlier_secrets(&self) -> usize {
        self.earlier.len().saturating_sub(TAG_BYTES) / SECRET_BYTES
    }

    /// Reads the earlier secrets with the epoch's own.
    pub fn open_with_secret(
        &self,
        owner: &EpochOwner,
        secret: EpochSecret,
    ) -> Result<OpenedEpoch, KeyringError> {
        if secret.public() != self.public {
            return Err(KeyringError::Refused);
        }
        let key = earlier_key(&secret, &self.salt);
        let ad = owner.earlier_ad(&self.public, &self.salt);
        let plaintext = open_once(&key, &ad, &self.earlier).ok_or(KeyringError::Refused)?;
        let (secrets, rest) = plaintext.as_chunks::<SECRET_BYTES>();
        if secrets.len() > EARLIER_SECRETS || !rest.is_empty() {
            return Err(KeyringError::Refused);
        }
        let earlier = secrets.iter().map(|secret| EpochSecret::from_bytes(*secret)).collect();
        Ok(OpenedEpoch { secret, earlier })
    }
}

fn earlier_root(secret: &EpochSecret) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(blake3::derive_key(EARLIER_CONTEXT, secret.to_bytes().as_ref()))
}

fn keyed(key: &[u8; 32], parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut hasher = blake3::Hasher::new_keyed(key);
    for part in parts {
        hasher.update(part);
    }
    Zeroizing::new(*hasher.finalize().as_bytes())
}

fn earlier_key(secret: &EpochSecret, salt: &[u8; 32]) -> Zeroizing<[u8; 32]> {
    keyed(&earlier_root(secret), &[EARLIER_KEY, salt])
}

/// Salt and ciphertext. The salt hangs on the content: a clone that draws the same
/// secret seals another set of earlier ones under another key.
fn seal_earlier(
    owner: &EpochOwner,
    secret: &EpochSecret,
    earlier: &[EpochSecret],
) -> Result<([u8; 32], Vec<u8>), KeyringError> {
    let sorted: BTreeMap<EpochKey, &EpochSecret> = earlier
        .iter()
        .map(|earlier| (earlier.public(), earlier))
        .filter(|(public, _)| *public != secret.public())
        .collect();
    if sorted.len() > EARLIER_SECRETS {
        return Err(KeyringError::Earlier(sorted.len()));
    }
    let mut plaintext = Zeroizing::new(Vec::with_capacity(sorted.len() * SECRET_BYTES));
    for earlier in sorted.values() {
        plaintext.extend_from_slice(earlier.to_bytes().as_ref());
    }
    let parts = [EARLIER_SALT, &owner.hood.0, &owner.member.0, &plaintext];
    let salt = *keyed(&earlier_root(secret), &parts);
    let key = earlier_key(secret, &salt);
    let sealed = seal_once(&key, &owner.earlier_ad(&secret.public(), &salt), &plaintext);
    Ok((salt, sealed))
}

impl Payload for Epoch {
    fn preamble(&self) -> &Preamble {
        &self.preamble
    }

    fn check(&self) -> Result<(), ActError> {
        let secrets = self.earlier.len().checked_sub(TAG_BYTES).ok_or(ActError::Epoch)?;
        let is_in_order = self.predecessors.len() <= EPOCH_PREDECESSORS
            && self.predecessors.windows(2).all(|pair| pair[0] < pair[1])
            && self.devices.len() <= EPOCH_DEVICES
            && self.devices.windows(2).all(|pair| pair[0].device < pair[1].device)
            && secrets.is_multiple_of(SECRET_BYTES)
            && secrets / SECRET_BYTES <= EARLIER_SECRETS;
        if is_in_order { Ok(()) } else { Err(ActError::Epoch) }
    }
}

impl PhraseAct for Epoch {
    const KIND: Kind = kind::identity::EPOCH;

    fn phrase_mut(&mut self) -> &mut Option<Signature> {
        &mut self.phrase
    }

    fn phrase(&self) -> Option<Signature> {
        self.phrase
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;
    use crate::journal::limits::PAYLOAD_BYTES;
    use crate::keys::Phrase;
    use crate::time::Instant;

    const OWNER: EpochOwner = EpochOwner { hood: HoodHash([1; 32]), member: MemberId([2; 32]) };

    fn device(n: u8) -> DeviceKeys {
        DeviceKeys::from_entropy(&[n; 64])
    }

    fn rng() -> ChaCha20Rng {
        ChaCha20Rng::from_seed([1; 32])
    }

    fn secrets(count: usize) -> Vec<EpochSecret> {
        (0..count)
            .map(|n| {
                // Not in the lowest bits: X25519 ignores three of them.
                let mut bytes = [7; 32];
                bytes[8..16].copy_from_slice(&(n as u64).to_le_bytes());
                EpochSecret::from_bytes(bytes)
            })
            .collect()
    }

    fn make(devices: &[u8], earlier: &[EpochSecret]) -> Result<(Epoch, EpochSecret), KeyringError> {
        let devices =
            devices.iter().map(|n| (device(*n).id(), device(*n).agreement_public())).collect();
        let next = NextEpoch {
            owner: OWNER,
            preamble: Preamble::new(Instant(5), Vec::new()),
            predecessors: vec![EntryHash([9; 32]), EntryHash([8; 32]), EntryHash([9; 32])],
            devices: &devices,
            recovery: Phrase::from_entropy([3; 16]).member_key().recovery_public(),
            earlier,
        };
        Epoch::open_next(next, &mut rng())
    }

    #[test]
    fn devices_and_recovery_open_all_secrets_and_others_none() {
        let before = secrets(5);
        let (epoch, secret) = make(&[1, 2], &before).unwrap();
        let recovery = Phrase::from_entropy([3; 16]).member_key();
        let opened = [
            epoch.open_with_device(&OWNER, &device(1)).unwrap(),
            epoch.open_with_device(&OWNER, &device(2)).unwrap(),
            epoch.open_with_recovery(&OWNER, recovery.recovery()).unwrap(),
        ];
        for opened in opened {
            assert_eq!(opened.secret, secret);
            assert_eq!(*opened.secret.to_bytes(), *secret.to_bytes());
            let has = |wanted: &EpochSecret| opened.earlier.contains(wanted);
            assert!(opened.earlier.len() == 5 && before.iter().all(has));
        }
        let refused = epoch.open_with_device(&OWNER, &device(3)).err();
        assert_eq!(refused, Some(KeyringError::NotForUs));
        let stranger = Phrase::from_entropy([4; 16]).member_key();
        let refused = epoch.open_with_recovery(&OWNER, stranger.recovery()).err();
        assert_eq!(refused, Some(KeyringError::Refused));
        for owner in [
            EpochOwner { hood: HoodHash([7; 32]), ..OWNER },
            EpochOwner { member: MemberId([7; 32]), ..OWNER },
        ] {
            assert!(epoch.open_with_device(&owner, &device(1)).is_err());
            assert!(epoch.open_with_recovery(&owner, recovery.recovery()).is_err());
            assert!(epoch.open_with_secret(&owner, secret.clone()).is_err());
        }
    }

    #[test]
    fn no_secret_is_to_be_seen_in_the_act() {
        let before = secrets(3);
        let (epoch, secret) = make(&[1, 2], &before).unwrap();
        let bytes = epoch.to_bytes();
        for needle in before.iter().chain([&secret]) {
            assert!(!bytes.windows(32).any(|window| window == needle.to_bytes().as_slice()));
        }
    }

    #[test]
    fn every_flipped_byte_of_what_is_sealed_is_refused() {
        let (good, secret) = make(&[1], &secrets(2)).unwrap();
        let recovery = Phrase::from_entropy([3; 16]).member_key();
        let sealed_fields: [fn(&mut Epoch) -> &mut [u8]; 5] = [
            |epoch| &mut epoch.devices[0].secret.enc,
            |epoch| &mut epoch.devices[0].secret.body,
            |epoch| &mut epoch.devices[0].secret.tag,
            |epoch| &mut epoch.salt,
            |epoch| &mut epoch.earlier,
        ];
        for field in sealed_fields {
            for at in 0..field(&mut good.clone()).len() {
                let mut bad = good.clone();
                field(&mut bad)[at] ^= 1;
                assert!(bad.open_with_device(&OWNER, &device(1)).is_err());
            }
        }
        let mut bad = good.clone();
        bad.recovery.body[0] ^= 1;
        assert!(bad.open_with_recovery(&OWNER, recovery.recovery()).is_err());
        let mut bad = good;
        bad.public.0[0] ^= 1;
        assert!(bad.open_with_secret(&OWNER, secret).is_err());
    }

    #[test]
    fn limits_hold_when_made_and_when_read() {
        let many: Vec<u8> = (0..=32).collect();
        assert_eq!(make(&many, &[]).err(), Some(KeyringError::Devices(33)));
        let full = secrets(EARLIER_SECRETS);
        let (epoch, _) = make(&many[..32], &full).unwrap();
        assert!(epoch.to_bytes().len() < PAYLOAD_BYTES);
        assert_eq!(Epoch::from_bytes(&epoch.to_bytes()), Ok(epoch.clone()));
        let over = secrets(EARLIER_SECRETS + 1);
        assert_eq!(make(&[1], &over).err(), Some(KeyringError::Earlier(EARLIER_SECRETS + 1)));
        let spoils: [fn(&mut Epoch); 7] = [
            |epoch| epoch.earlier.clear(),
            |epoch| epoch.earlier.push(0),
            |epoch| epoch.earlier.extend([0; 32]),
            |epoch| epoch.devices.swap(0, 1),
            |epoch| epoch.devices.push(epoch.devices[31]),
            |epoch| epoch.predecessors.swap(0, 1),
            |epoch| epoch.predecessors = (0..17).map(|n| EntryHash([n; 32])).collect(),
        ];
        for (n, spoil) in spoils.into_iter().enumerate() {
            let mut bad = epoch.clone();
            spoil(&mut bad);
            assert_eq!(Epoch::from_bytes(&bad.to_bytes()), Err(ActError::Epoch), "spoil {n}");
        }
    }

    #[test]
    fn a_device_key_of_small_order_is_refused() {
        let devices = BTreeMap::from([(DeviceId([1; 32]), [0; 32])]);
        let next = NextEpoch {
            owner: OWNER,
            preamble: Preamble::new(Instant(5), Vec::new()),
            predecessors: Vec::new(),
            devices: &devices,
            recovery: [9; 32],
            earlier: &[],
        };
        assert_eq!(Epoch::open_next(next, &mut rng()).err(), Some(KeyringError::Key));
    }

    #[test]
    fn a_clone_with_the_same_dice_never_uses_a_key_twice() {
        // Both draw the same secret, but know other earlier ones.
        let ((a, _), (b, _)) = (make(&[1], &secrets(1)).unwrap(), make(&[1], &secrets(2)).unwrap());
        assert_eq!(a.public, b.public);
        assert_ne!(a.salt, b.salt);
        assert_ne!(a.earlier[..32], b.earlier[..32]);
    }

    #[test]
    fn the_phrase_can_sign_an_epoch() {
        let (mut epoch, _) = make(&[1], &[]).unwrap();
        let phrase = Phrase::from_entropy([3; 16]).member_key();
        epoch.sign(&OWNER.hood, phrase.signing());
        assert!(epoch.is_signed_by(&OWNER.hood, &phrase.id()));
        let mut unsigned = epoch.clone();
        unsigned.phrase = None;
        let same = phrase.sign_act(&OWNER.hood, kind::identity::EPOCH, &unsigned.to_bytes());
        assert_eq!(Some(same.signature), epoch.phrase);
        epoch.salt[0] ^= 1;
        assert!(!epoch.is_signed_by(&OWNER.hood, &phrase.id()));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_typed_error(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
            let _ = Epoch::from_bytes(&bytes);
        }
    }
}
