//! Whether a store is the one that this installation last wrote.
//!
//! The store holds a random install id and the number of its commits. A file named by
//! that id, in a place outside every backup, holds the highest number ever reached. A
//! store that has fewer commits than its file was put back from an old copy (or its log
//! was damaged); one whose file is not here, or is held by another process, is a clone.
//! Either gets a new id before anything else is written.
//!
//! The number is written behind each commit without a sync, so it survives the process
//! but perhaps not a power cut, after which it is too low, never too high: a sound
//! store is never taken for a copy. (A copy that shares id *and* file with its origin,
//! such as a whole machine restored, shows only as a fork.)

use std::fs::OpenOptions;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::HomeError;
use super::atomic::{private, sync_dir};
use super::lock::Locked;
use super::private_dir;
use crate::store::{InstallId, Origin, Store, Witness};

const MAGIC: &str = "palier install 1 ";
/// Digits of the highest u64: the number is written over in place.
const DIGITS: usize = 20;

/// What an opened store is to this installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i64)]
pub enum Opening {
    /// The one it closed, or lost in a crash.
    Same = 0,
    /// New: nothing was ever committed.
    Fresh = 1,
    /// An old copy put back, or a copy of another folder: a new incarnation and store
    /// id must be in the first commit.
    RestoredOrCloned = 2,
}

/// Compares the store with what this installation knows of it, gives it a new id where
/// they differ, and has its commits counted from now on.
pub(super) fn open(store: &mut Store, state: &Path) -> Result<Opening, HomeError> {
    let origin = store.origin()?;
    let known = match &origin.install {
        None => None,
        Some(id) => Mark::find(state, id)?.filter(|mark| mark.number <= origin.commits),
    };
    let (mark, id, opening) = match (known, origin.install) {
        (Some(mark), Some(id)) => (mark, id, unsettled(&origin)),
        (_, old) => {
            let id = InstallId::random().ok_or(HomeError::NoEntropy)?;
            let opening = match (old, unsettled(&origin)) {
                // A copy of a store that never held anything is as good as new.
                (None, _) | (_, Opening::Fresh) => Opening::Fresh,
                _ => Opening::RestoredOrCloned,
            };
            (Mark::create(state, &id)?, id, opening)
        }
    };
    // First the store, then the mark: it must never be ahead of a sound store.
    store.adopt(&id, opening as i64, Box::new(mark))?;
    Ok(opening)
}

/// What the store was said to be, if nothing was committed since.
fn unsettled(origin: &Origin) -> Opening {
    [Opening::Fresh, Opening::RestoredOrCloned]
        .into_iter()
        .find(|opening| *opening as i64 == origin.unsettled)
        .unwrap_or(Opening::Same)
}

/// The file outside the store, locked as long as the store is open.
struct Mark {
    file: Locked,
    number: u64,
}

impl Mark {
    fn name(id: &InstallId) -> String {
        format!("install-{}", id.to_hex())
    }

    /// The mark of an installation, unless it is not here, cannot be read, or a process
    /// holds it.
    fn find(state: &Path, id: &InstallId) -> Result<Option<Self>, HomeError> {
        let path = state.join(Self::name(id));
        let file = match OpenOptions::new().read(true).write(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let Ok(file) = Locked::take(file) else { return Ok(None) };
        let mut text = String::new();
        let read = (&*file).take(MAGIC.len() as u64 + DIGITS as u64).read_to_string(&mut text);
        let digits = read.ok().and_then(|_| text.strip_prefix(MAGIC));
        let number = digits.filter(|digits| digits.len() == DIGITS).and_then(|d| d.parse().ok());
        Ok(number.map(|number| Self { file, number }))
    }

    fn create(state: &Path, id: &InstallId) -> Result<Self, HomeError> {
        private_dir(state)?;
        let path = state.join(Self::name(id));
        let file =
            private(OpenOptions::new().read(true).write(true).create_new(true)).open(path)?;
        let mut mark = Self { file: Locked::take(file).map_err(io::Error::from)?, number: 0 };
        mark.write(0)?;
        mark.file.sync_all()?;
        sync_dir(state)?;
        Ok(mark)
    }

    fn write(&mut self, number: u64) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(format!("{MAGIC}{number:0DIGITS$}\n").as_bytes())?;
        self.number = number;
        Ok(())
    }
}

impl Witness for Mark {
    fn committed(&mut self, commits: u64) {
        // A number too low costs nothing but the notice of one restored copy.
        if let Err(error) = self.write(commits) {
            tracing::warn!(%error, "the number of commits could not be noted");
        }
    }

    fn sync(&mut self) {
        if let Err(error) = self.file.sync_data() {
            tracing::warn!(%error, "the number of commits could not be synced");
        }
    }
}
