//! One owner process a file, by a lock that the system drops with its process.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};

use super::HomeError;

/// The name of the locked file.
pub(super) const FILE: &str = "lock";

/// A file that only this process holds, until it is dropped.
///
/// The lock is given back by word, not by closing the file: a process that was just
/// forked holds a copy of every open file until it runs its program, and a lock lasts
/// as long as any copy.
#[derive(Debug)]
pub(super) struct Locked(File);

impl Locked {
    /// Takes the lock, or fails at once where another holds it.
    pub(super) fn take(file: File) -> Result<Self, TryLockError> {
        file.try_lock()?;
        Ok(Self(file))
    }
}

impl Deref for Locked {
    type Target = File;

    fn deref(&self) -> &File {
        &self.0
    }
}

impl DerefMut for Locked {
    fn deref_mut(&mut self) -> &mut File {
        &mut self.0
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

/// A folder that only this process holds.
#[derive(Debug)]
pub(super) struct Lock {
    owner: PathBuf,
    _file: Locked,
}

impl Lock {
    /// Takes the lock of `dir` or says who holds it, at once.
    pub(super) fn take(dir: &Path) -> Result<Self, HomeError> {
        let file =
            OpenOptions::new().create(true).truncate(false).write(true).open(dir.join(FILE))?;
        // The owner is written beside the lock: elsewhere than on Unix a locked file
        // cannot be read.
        let owner = dir.join("owner");
        let file = match Locked::take(file) {
            Ok(file) => file,
            Err(TryLockError::WouldBlock) => {
                let pid = fs::read_to_string(&owner).ok();
                return Err(HomeError::Held { pid: pid.and_then(|pid| pid.trim().parse().ok()) });
            }
            Err(TryLockError::Error(error)) => return Err(error.into()),
        };
        fs::write(&owner, format!("{}\n", std::process::id()))?;
        Ok(Self { owner, _file: file })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Before the lock falls, so that it is not the next owner's that goes.
        let _ = fs::remove_file(&self.owner);
    }
}
