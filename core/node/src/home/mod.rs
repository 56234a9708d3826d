//! The folder a node lives in: lock, install id, key file.
//!
//! One folder has one owner process at a time; the lock is the operating system's and
//! falls with the process. What must be on disk is synced before a call returns.

mod atomic;
mod install;
mod keyfile;
mod lock;
mod paths;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use atomic::write_atomically;
pub use install::Opening;
pub use keyfile::FileKeystore;
pub use paths::{Platform, Profile, ProfileError, default_home, default_state};

use palier_model::time::Instant;

use crate::store::{self, Salvage, Store, StoreError, StoreOptions};
use lock::Lock;

/// Why a home was not opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HomeError {
    /// There is none in this folder.
    #[error("there is no home in {0}")]
    NotThere(PathBuf),
    /// There is one already.
    #[error("there is a home in {0} already")]
    There(PathBuf),
    /// Another process holds it.
    #[error("another process holds this home{}", pid.map(|pid| format!(" (process {pid})")).unwrap_or_default())]
    Held {
        /// Its process id, if it could be read.
        pid: Option<u32>,
    },
    /// The disk or the database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No random bytes are to be had.
    #[error("the system gives no random bytes")]
    NoEntropy,
}

impl From<io::Error> for HomeError {
    fn from(error: io::Error) -> Self {
        Self::Store(StoreError::of_io(&error))
    }
}

/// A folder held by this process, until it is dropped.
///
/// ```
/// use palier_node::home::{Home, HomeError, Opening};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let dirs = tempfile::tempdir()?;
/// # let (dir, state) = (dirs.path().join("home"), dirs.path().join("state"));
/// let home = Home::create(&dir, &state)?;
/// assert!(matches!(Home::open(&dir, &state), Err(HomeError::Held { .. })));
/// let (store, opening) = home.open_store(Default::default())?;
/// assert_eq!(opening, Opening::Fresh);
/// # drop(store);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Home {
    dir: PathBuf,
    state: PathBuf,
    _lock: Lock,
}

impl Home {
    /// Whether a home was made in `dir`.
    pub fn is_there(dir: &Path) -> bool {
        dir.join(store::FILE).is_file()
    }

    /// Takes hold of the home in `dir`. `state` is a place outside every backup
    /// ([`default_state`]), shared by all homes of one user.
    pub fn open(dir: &Path, state: &Path) -> Result<Self, HomeError> {
        let not_there = || HomeError::NotThere(dir.to_owned());
        // A lock without a store: somebody may be making the home just now. Where there
        // is neither, looking leaves nothing behind.
        if !Self::is_there(dir) && !dir.join(lock::FILE).exists() {
            return Err(not_there());
        }
        let home = Self::hold(dir, state)?;
        if Self::is_there(dir) { Ok(home) } else { Err(not_there()) }
    }

    /// Makes a home in `dir` and takes hold of it.
    pub fn create(dir: &Path, state: &Path) -> Result<Self, HomeError> {
        let home = Self::hold(dir, state)?;
        // Asked under the lock, so that of two processes one makes it.
        if Self::is_there(dir) {
            return Err(HomeError::There(dir.to_owned()));
        }
        Ok(home)
    }

    fn hold(dir: &Path, state: &Path) -> Result<Self, HomeError> {
        private_dir(dir)?;
        let lock = Lock::take(dir)?;
        Ok(Self { dir: dir.to_owned(), state: state.to_owned(), _lock: lock })
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The secrets that lie in the folder.
    pub fn keystore(&self) -> FileKeystore {
        FileKeystore::new(self.dir.clone())
    }

    /// Opens the store and says whether it is the one this installation closed.
    ///
    /// [`Opening::Fresh`] and [`Opening::RestoredOrCloned`] are told again at each
    /// opening until the first commit: that one must carry the new incarnation and
    /// store id, so that no crash can lose the news.
    pub fn open_store(&self, options: StoreOptions) -> Result<(Store, Opening), HomeError> {
        let mut store = Store::open(&self.dir, options)?;
        let opening = install::open(&mut store, &self.state)?;
        Ok((store, opening))
    }

    /// As [`open_store`](Self::open_store), for a store in a folder of the home: each
    /// neighbourhood has its own.
    pub fn open_store_in(
        &self,
        folder: &str,
        options: StoreOptions,
    ) -> Result<(Store, Opening), HomeError> {
        let dir = self.dir.join(folder);
        private_dir(&dir)?;
        let mut store = Store::open(&dir, options)?;
        let opening = install::open(&mut store, &self.state)?;
        Ok((store, opening))
    }

    /// Saves what is sound of a store whose file is damaged ([`Health::structure`]), with
    /// the store closed. The damaged file stays beside the new one. If any of the journal
    /// was lost, the next opening says [`Opening::RestoredOrCloned`].
    ///
    /// [`Health::structure`]: crate::store::Health::structure
    pub fn salvage(&self, options: &StoreOptions, now: Instant) -> Result<Salvage, HomeError> {
        salvage_in(&self.dir, options, now)
    }

    /// As [`salvage`](Self::salvage), for a store in a folder of the home.
    pub fn salvage_in(
        &self,
        folder: &str,
        options: &StoreOptions,
        now: Instant,
    ) -> Result<Salvage, HomeError> {
        salvage_in(&self.dir.join(folder), options, now)
    }
}

fn salvage_in(dir: &Path, options: &StoreOptions, now: Instant) -> Result<Salvage, HomeError> {
    let set_aside = format!("{}.damaged-{}", store::FILE, now.0);
    Ok(Store::salvage(dir, &set_aside, options)?)
}

/// Creates a folder that only its user may enter; an existing one is left as it is.
fn private_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}
