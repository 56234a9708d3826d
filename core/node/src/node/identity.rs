//! Who this home is: kept by the keystore beside the device's keys.

use palier_model::codec;
use palier_model::journal::PhraseCertificate;
use palier_model::keys::{DeviceKeys, Keystore, Language, MemberId, Phrase};
use palier_model::replica::Me;
use palier_model::time::Instant;
use serde::{Deserialize, Serialize};

use super::NodeError;
use super::entropy::system_rng;

const KEYSTORE_NAME: &str = "palier-identity";
const IDENTITY_BYTES: usize = 4_096;
/// Under this name lies what opens the key epochs of the devices before this one.
const RECOVERY_NAME: &str = "palier-recovery";
/// It is kept this long after the words were given, so that every neighbourhood can be
/// come back to; then it is forgotten, as the words are.
const RECOVERY_MS: i64 = 7 * Instant::DAY_MS;

/// What is kept of a person in a home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Who.
    pub member: MemberId,
    /// The phrase's certificate of this device; none where another device linked it.
    pub certificate: Option<PhraseCertificate>,
    /// The key that a recovery opens.
    pub recovery: [u8; 32],
    /// The name to be shown in neighbourhoods joined later.
    pub name: String,
}

/// A new identity, with the words that are shown once.
pub struct NewIdentity {
    /// Who.
    pub identity: Identity,
    /// The device.
    pub keys: DeviceKeys,
    /// The phrase in French and in English.
    pub words: (String, String),
}

impl Identity {
    /// A new person: phrase, device, certificate. Nothing is kept yet.
    pub fn create(name: &str) -> NewIdentity {
        let phrase = Phrase::generate(&mut system_rng());
        let words = (
            phrase.words(Language::French).to_string(),
            phrase.words(Language::English).to_string(),
        );
        let (identity, keys) = Self::of_phrase(&phrase, name);
        NewIdentity { identity, keys, words }
    }

    /// The person of a phrase, on a device made here and now.
    pub fn of_phrase(phrase: &Phrase, name: &str) -> (Self, DeviceKeys) {
        let keys = DeviceKeys::generate(&mut system_rng());
        let member = phrase.member_key();
        let certificate = member.certify_device(&keys.id(), &keys.agreement_public());
        let identity = Self {
            member: member.id(),
            certificate: Some(certificate),
            recovery: member.recovery_public(),
            name: name.to_owned(),
        };
        (identity, keys)
    }

    /// Keeps what a recovery needs of the phrase, for a while.
    pub fn keep_recovery(
        phrase: &Phrase,
        now: Instant,
        keystore: &dyn Keystore,
    ) -> Result<(), NodeError> {
        let secret = phrase.member_key().recovery().to_bytes();
        let row = zeroize::Zeroizing::new(codec::encode(&(now, secret)));
        keystore.store(RECOVERY_NAME, &row)?;
        Ok(())
    }

    /// What was kept for a recovery, unless that was too long ago.
    pub fn load_recovery(
        now: Instant,
        keystore: &dyn Keystore,
    ) -> Result<Option<[u8; 32]>, NodeError> {
        let Some(bytes) = keystore.load(RECOVERY_NAME)? else { return Ok(None) };
        match codec::decode::<(Instant, [u8; 32])>(&bytes, IDENTITY_BYTES) {
            Ok((at, secret)) if now < at.plus_ms(RECOVERY_MS) => Ok(Some(secret)),
            _ => {
                keystore.delete(RECOVERY_NAME)?;
                Ok(None)
            }
        }
    }

    /// The identity that was kept.
    pub fn load(keystore: &dyn Keystore) -> Result<Option<(Self, DeviceKeys)>, NodeError> {
        let Some(bytes) = keystore.load(KEYSTORE_NAME)? else { return Ok(None) };
        let corrupt = || palier_model::keys::KeystoreError::Corrupt;
        let identity = codec::decode(&bytes, IDENTITY_BYTES).map_err(|_| corrupt())?;
        let keys = DeviceKeys::load(keystore)?.ok_or_else(corrupt)?;
        Ok(Some((identity, keys)))
    }

    /// Keeps it. The keys first: an identity without them would be of no use.
    pub fn store(&self, keys: &DeviceKeys, keystore: &dyn Keystore) -> Result<(), NodeError> {
        keys.store(keystore)?;
        keystore.store(KEYSTORE_NAME, &codec::encode(self))?;
        Ok(())
    }

    /// The identity as replicas see it.
    pub fn me(&self, keys: &DeviceKeys) -> Me {
        Me {
            member: self.member,
            keys: keys.clone(),
            certificate: self.certificate,
            recovery: self.recovery,
        }
    }
}
