//! How a node is opened.

use std::path::PathBuf;
use std::sync::Arc;

use palier_model::keys::Keystore;
use palier_model::time::Instant;

use crate::store::StoreOptions;

/// Where a node lives and what it may do.
#[derive(Clone)]
pub struct NodeConfig {
    /// The folder.
    pub dir: PathBuf,
    /// A place outside every backup, shared by the homes of one user.
    pub state: PathBuf,
    /// Where secrets lie; a file in the folder where none is given.
    pub keystore: Option<Arc<dyn Keystore>>,
    /// Sockets, if it may have any.
    pub network: Option<NetworkConfig>,
    /// The time to claim instead of the clock's.
    pub now: Option<Instant>,
    /// Sizes of caches.
    pub store: StoreOptions,
}

impl NodeConfig {
    /// A node in a folder, without sockets.
    pub fn offline(dir: impl Into<PathBuf>, state: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            state: state.into(),
            keystore: None,
            network: None,
            now: None,
            store: StoreOptions::default(),
        }
    }
}

/// Sockets. Addresses are multiaddresses.
#[derive(Debug, Clone, Default)]
pub struct NetworkConfig {
    /// Where to listen; empty: nowhere.
    pub listen: Vec<String>,
    /// What to tell others besides.
    pub advertise: Vec<String>,
    /// Whom to dial at once; each ends with a peer id.
    pub peers: Vec<String>,
    /// Whether to look on the local network.
    pub mdns: bool,
    /// Always on: relays, holds thousands of sessions, keeps its transport key.
    pub hub: bool,
}
