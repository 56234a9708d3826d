//! One owner process a folder, by a lock that the system drops with its process.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::HomeError;

/// The name of the locked file.
pub(super) const FILE: &str = "lock";

/// How often, and after how long, a held lock is tried again.
const FORK_TRIES: u32 = 10;
const FORK_WAIT: Duration = Duration::from_millis(5);

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
        match try_for_a_moment(&file) {
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

/// A process that was just forked holds a copy of every open file until it runs its
/// program: a lock that was given back may so be held a moment longer.
fn try_for_a_moment(file: &File) -> Result<(), TryLockError> {
    for _ in 0..FORK_TRIES {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(FORK_WAIT),
            other => return other,
        }
    }
    file.try_lock()
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Before the lock falls, so that it is not the next owner's that goes.
        let _ = fs::remove_file(&self.owner);
    }
}
