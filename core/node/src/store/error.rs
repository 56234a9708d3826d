//! What can go wrong with the store, told by what the user can do about it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use palier_model::rows::RowsError;
use rusqlite::ErrorCode;

/// Why the store did not do what it was asked. Nothing of the act was kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// No room left; the store goes on by itself when there is.
    #[error("no room is left on the disk")]
    StorageFull,
    /// The folder or the disk does not take writes.
    #[error("the store cannot be written to")]
    ReadOnly,
    /// The file is not a sound database. [`crate::store`]'s salvage may help.
    #[error("the store is damaged: {0}")]
    Corrupt(String),
    /// Written by a later version of Palier.
    #[error("the store has format {found}, this version knows {known}")]
    NewerFormat {
        /// The format of the file.
        found: u32,
        /// The newest format of this version.
        known: u32,
    },
    /// A database, but not one of Palier's.
    #[error("not a store of Palier")]
    Foreign,
    /// Another process holds the database.
    #[error("the store is held by another process")]
    Busy,
    /// The disk failed.
    #[error("the disk failed: {0}")]
    Io(String),
    /// A row cannot be read back.
    #[error(transparent)]
    Rows(#[from] RowsError),
}

impl StoreError {
    /// Sorts an error of SQLite. `dir` is where the database lies: SQLite says "I/O
    /// error" of several things, so the disk itself is asked which.
    pub(crate) fn of(error: &rusqlite::Error, dir: &Path) -> Self {
        let rusqlite::Error::SqliteFailure(failure, _) = error else {
            return Self::Io(error.to_string());
        };
        match failure.code {
            ErrorCode::DiskFull => Self::StorageFull,
            ErrorCode::ReadOnly => Self::ReadOnly,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
                Self::Corrupt(error.to_string())
            }
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
            ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::PermissionDenied => {
                probe(dir).unwrap_or_else(|| Self::Io(error.to_string()))
            }
            _ => Self::Io(error.to_string()),
        }
    }

    /// Sorts an error of the file system.
    pub(crate) fn of_io(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::StorageFull,
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => Self::ReadOnly,
            _ => Self::Io(error.to_string()),
        }
    }
}

/// Removes its file again.
struct Probe(PathBuf);

impl Drop for Probe {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Whether a small file can be written, and if not, why.
fn probe(dir: &Path) -> Option<StoreError> {
    /// As much as SQLite's shared index grows by at once.
    const PROBE_BYTES: usize = 32 << 10;
    let probe = Probe(dir.join(format!("probe-{}", std::process::id())));
    let written = fs::File::create(&probe.0)
        .and_then(|mut file| file.write_all(&[0; PROBE_BYTES]).and_then(|()| file.sync_all()));
    match written {
        Ok(()) => None,
        Err(error) => match StoreError::of_io(&error) {
            StoreError::Io(_) => None,
            known => Some(known),
        },
    }
}
