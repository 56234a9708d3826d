//! Where the socket of a home lies.
//!
//! In the home, unless its path is too long for a socket: then in a short private
//! folder, whose name is written into the home.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// The socket's name in the home.
const SOCKET: &str = "palier.sock";
/// Where the home says that the socket lies elsewhere.
const ELSEWHERE: &str = "palier.sock.path";
/// Longest path a socket takes everywhere (macOS: 104 with the closing zero).
const MAX_PATH_BYTES: usize = 100;

/// The socket of a home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketPath {
    home: PathBuf,
}

impl SocketPath {
    /// That of `home`, which should be absolute.
    pub fn of(home: &Path) -> Self {
        Self { home: home.to_owned() }
    }

    /// Where to connect; `None` where nobody can have listened.
    pub fn find(&self) -> Option<PathBuf> {
        if self.fits_in_home() {
            return Some(self.in_home());
        }
        let path = fs::read_to_string(self.home.join(ELSEWHERE)).ok()?;
        Some(PathBuf::from(path.trim_end()))
    }

    /// Where to listen. Whoever holds the home may call it: what an owner that
    /// crashed left behind is removed.
    pub fn prepare(&self) -> io::Result<PathBuf> {
        let path = if self.fits_in_home() { self.in_home() } else { self.make_elsewhere()? };
        remove(&path)?;
        Ok(path)
    }

    /// Takes the socket away at the end.
    pub fn clean(&self) {
        let Some(path) = self.find() else { return };
        let _ = remove(&path);
        if !self.fits_in_home() {
            let _ = remove(&self.home.join(ELSEWHERE));
            if let Some(folder) = path.parent() {
                let _ = fs::remove_dir(folder);
            }
        }
    }

    fn in_home(&self) -> PathBuf {
        self.home.join(SOCKET)
    }

    fn fits_in_home(&self) -> bool {
        self.in_home().as_os_str().len() <= MAX_PATH_BYTES
    }

    fn make_elsewhere(&self) -> io::Result<PathBuf> {
        let owner = fs::metadata(&self.home)?.uid();
        let base = std::env::var_os("XDG_RUNTIME_DIR")
            .map(PathBuf::from)
            .filter(|dir| dir.is_absolute() && dir.as_os_str().len() < MAX_PATH_BYTES / 2)
            .unwrap_or_else(|| PathBuf::from("/tmp"));
        let tag = blake3::hash(self.home.as_os_str().as_encoded_bytes()).to_hex();
        let folder = base.join(format!("palier-{owner}-{}", &tag[..16]));
        match DirBuilder::new().mode(0o700).create(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            other => other?,
        }
        // Somebody else may have made it first, to listen in our place.
        let found = fs::symlink_metadata(&folder)?;
        if !found.is_dir() || found.uid() != owner || found.mode() & 0o077 != 0 {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "not a folder of ours"));
        }
        let path = folder.join("s");
        fs::write(self.home.join(ELSEWHERE), format!("{}\n", path.display()))?;
        Ok(path)
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
