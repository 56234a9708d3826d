//! Secrets in a file of mode 0600: the keystore of machines without a better one.
//!
//! The file is `palier keys 1\n`, the postcard encoding of a map from names to
//! secrets, and the BLAKE3 of all before it. It is replaced as a whole.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use palier_model::keys::{Keystore, KeystoreError};
use zeroize::{Zeroize, Zeroizing};

use super::atomic::write_atomically;

const MAGIC: &[u8] = b"palier keys 1\n";
const HASH_BYTES: usize = 32;
/// A keystore holds a handful of keys.
const LIMIT_BYTES: u64 = 1 << 20;

/// Secrets by name.
#[derive(Default)]
struct Secrets(BTreeMap<String, Vec<u8>>);

impl Drop for Secrets {
    fn drop(&mut self) {
        self.0.values_mut().for_each(Zeroize::zeroize);
    }
}

/// The keystore in a home's folder.
pub struct FileKeystore {
    path: PathBuf,
    /// One change at a time: each reads the file and replaces it.
    turn: Mutex<()>,
}

impl FileKeystore {
    pub(super) fn new(dir: PathBuf) -> Self {
        Self { path: dir.join("keys"), turn: Mutex::default() }
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) -> Result<Secrets, KeystoreError> {
        let size = match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Secrets::default()),
            other => other.map_err(failed)?.len(),
        };
        if size > LIMIT_BYTES {
            return Err(KeystoreError::Corrupt);
        }
        let bytes = Zeroizing::new(fs::read(&self.path).map_err(failed)?);
        let (body, hash) = bytes.split_last_chunk::<HASH_BYTES>().ok_or(KeystoreError::Corrupt)?;
        if blake3::hash(body) != *hash {
            return Err(KeystoreError::Corrupt);
        }
        let encoded = body.strip_prefix(MAGIC).ok_or(KeystoreError::Corrupt)?;
        postcard::from_bytes(encoded).map(Secrets).map_err(|_| KeystoreError::Corrupt)
    }

    fn write(&self, secrets: &Secrets) -> Result<(), KeystoreError> {
        let encoded = postcard::to_stdvec(&secrets.0)
            .map_err(|error| KeystoreError::Failed(error.to_string()))?;
        let encoded = Zeroizing::new(encoded);
        let mut bytes =
            Zeroizing::new(Vec::with_capacity(MAGIC.len() + encoded.len() + HASH_BYTES));
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&encoded);
        let hash = blake3::hash(&bytes);
        bytes.extend_from_slice(hash.as_bytes());
        write_atomically(&self.path, &bytes).map_err(failed)
    }
}

impl Keystore for FileKeystore {
    fn load(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, KeystoreError> {
        let _turn = self.turn();
        Ok(self.read()?.0.remove(name).map(Zeroizing::new))
    }

    fn store(&self, name: &str, secret: &[u8]) -> Result<(), KeystoreError> {
        let _turn = self.turn();
        let mut secrets = self.read()?;
        if let Some(mut old) = secrets.0.insert(name.to_owned(), secret.to_vec()) {
            old.zeroize();
        }
        self.write(&secrets)
    }

    fn delete(&self, name: &str) -> Result<(), KeystoreError> {
        let _turn = self.turn();
        let mut secrets = self.read()?;
        match secrets.0.remove(name) {
            None => Ok(()),
            Some(mut old) => {
                old.zeroize();
                self.write(&secrets)
            }
        }
    }
}

impl fmt::Debug for FileKeystore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileKeystore({})", self.path.display())
    }
}

fn failed(error: io::Error) -> KeystoreError {
    match error.kind() {
        io::ErrorKind::PermissionDenied => KeystoreError::Denied,
        _ => KeystoreError::Failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_outlive_the_process_and_are_their_users_alone() {
        let dir = tempfile::tempdir().unwrap();
        let keystore = FileKeystore::new(dir.path().to_owned());
        assert_eq!(keystore.load("a").unwrap(), None);
        keystore.store("a", b"one").unwrap();
        keystore.store("b", b"two").unwrap();
        keystore.store("a", b"three").unwrap();
        let again = FileKeystore::new(dir.path().to_owned());
        assert_eq!(again.load("a").unwrap().unwrap().as_slice(), b"three");
        assert_eq!(again.load("b").unwrap().unwrap().as_slice(), b"two");
        again.delete("a").unwrap();
        assert_eq!(again.load("a").unwrap(), None);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(dir.path().join("keys")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "something was left behind");
    }

    #[test]
    fn every_byte_altered_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let keystore = FileKeystore::new(dir.path().to_owned());
        keystore.store("a", b"secret").unwrap();
        let good = fs::read(dir.path().join("keys")).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            fs::write(dir.path().join("keys"), &bad).unwrap();
            assert_eq!(keystore.load("a"), Err(KeystoreError::Corrupt), "byte {at}");
            assert!(keystore.store("b", b"over it").is_err(), "byte {at}: written over");
        }
        fs::write(dir.path().join("keys"), &good[..good.len() - 1]).unwrap();
        assert_eq!(keystore.load("a"), Err(KeystoreError::Corrupt));
    }

    #[test]
    fn a_left_over_of_a_crash_is_in_nobodys_way() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("keys.new"), b"half").unwrap();
        let keystore = FileKeystore::new(dir.path().to_owned());
        keystore.store("a", b"one").unwrap();
        assert_eq!(keystore.load("a").unwrap().unwrap().as_slice(), b"one");
    }
}
