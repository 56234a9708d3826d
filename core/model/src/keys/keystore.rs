//! Where secrets rest: the host supplies it (a phone's keystore, a file of mode 0600).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use zeroize::Zeroizing;

/// Why a keystore did not do as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeystoreError {
    /// It is locked until its person unlocks the device.
    #[error("the keystore is locked")]
    Locked,
    /// The platform forbids it.
    #[error("the keystore refuses access")]
    Denied,
    /// What it holds is not what was stored.
    #[error("what the keystore holds cannot be read")]
    Corrupt,
    /// Anything else, in the platform's words.
    #[error("the keystore failed: {0}")]
    Failed(String),
}

/// A place for small secrets under names, outside every backup.
pub trait Keystore: Send + Sync {
    /// The secret under `name`, if there is one.
    fn load(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, KeystoreError>;

    /// Puts a secret under `name`, in place of what was there. It is kept for good
    /// when this returns.
    fn store(&self, name: &str, secret: &[u8]) -> Result<(), KeystoreError>;

    /// Forgets what is under `name`, if anything is.
    fn delete(&self, name: &str) -> Result<(), KeystoreError>;
}

/// A keystore that forgets when it is dropped: for tests and the simulator.
#[derive(Default)]
pub struct MemoryKeystore {
    secrets: Mutex<BTreeMap<String, Zeroizing<Vec<u8>>>>,
}

impl MemoryKeystore {
    fn secrets(&self) -> MutexGuard<'_, BTreeMap<String, Zeroizing<Vec<u8>>>> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keystore for MemoryKeystore {
    fn load(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, KeystoreError> {
        Ok(self.secrets().get(name).cloned())
    }

    fn store(&self, name: &str, secret: &[u8]) -> Result<(), KeystoreError> {
        self.secrets().insert(name.to_owned(), Zeroizing::new(secret.to_vec()));
        Ok(())
    }

    fn delete(&self, name: &str) -> Result<(), KeystoreError> {
        self.secrets().remove(name);
        Ok(())
    }
}

impl fmt::Debug for MemoryKeystore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryKeystore(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_replaced_and_forgotten() {
        let keystore = MemoryKeystore::default();
        keystore.store("a", b"one").unwrap();
        keystore.store("a", b"two").unwrap();
        assert_eq!(keystore.load("a").unwrap().unwrap().as_slice(), b"two");
        assert_eq!(keystore.load("b").unwrap(), None);
        keystore.delete("a").unwrap();
        assert_eq!(keystore.load("a").unwrap(), None);
    }
}
