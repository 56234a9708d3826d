//! One owner process a folder, by a lock that the system drops with its process.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use super::HomeError;

/// The name of the locked file.
pub(super) const FILE: &str = "lock";

/// Held while it lives.
#[derive(Debug)]
pub(super) struct Lock {
    /// Dropping it drops the lock.
    _file: File,
    owner: PathBuf,
}

impl Lock {
    /// Takes the lock of `dir` or says who holds it, at once.
    pub(super) fn take(dir: &Path) -> Result<Self, HomeError> {
        let file =
            OpenOptions::new().create(true).truncate(false).write(true).open(dir.join(FILE))?;
        // The owner is written beside the lock: elsewhere than on Unix a locked file
        // cannot be read.
        let owner = dir.join("owner");
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let pid = fs::read_to_string(&owner).ok();
                return Err(HomeError::Held { pid: pid.and_then(|pid| pid.trim().parse().ok()) });
            }
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        fs::write(&owner, format!("{}\n", std::process::id()))?;
        Ok(Self { _file: file, owner })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Before the lock falls, so that it is not the next owner's that goes.
        let _ = fs::remove_file(&self.owner);
    }
}
