//! How a home is opened, in whose name things happen, how far they are.

use std::sync::Arc;

use palier_model::keys::MemberId;
use palier_model::time::Instant;
use serde::{Deserialize, Serialize};

/// In whose name, where and when an operation happens.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// The neighbourhood, by id, beginning of it, or name; needed only with several.
    pub hood: Option<String>,
    /// The member whose mandate is used.
    pub mandate_of: Option<MemberId>,
    /// Open no socket.
    pub offline: bool,
}

/// How a home is opened.
#[derive(Debug, Clone, Default)]
pub struct Opening {
    /// Sockets, if it may have any.
    pub network: Option<Network>,
    /// The time to claim instead of the clock's.
    pub now: Option<Instant>,
}

/// Which sockets a node opens. Addresses are multiaddresses.
#[derive(Debug, Clone, Default)]
pub struct Network {
    /// Where to listen; empty: any port (a hub: 4747).
    pub listen: Vec<String>,
    /// What to tell others instead.
    pub advertise: Vec<String>,
    /// Whom to dial at once.
    pub peers: Vec<String>,
    /// Whether to look on the local network.
    pub mdns: bool,
    /// Whether it stays up and serves others (`run`), or only asks (`sync`, `join`).
    pub serve: bool,
}

/// What takes more than a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Something.
    Working,
    /// A home is opened.
    Opening,
    /// Another command of this home is waited for.
    Waiting,
    /// A neighbour is looked for.
    Meeting,
    /// Entries are exchanged.
    Syncing,
    /// Rows are checked or built anew.
    Checking,
    /// A file is read or written.
    Bundling,
}

/// How far something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// What goes on.
    pub stage: Stage,
    /// How much is done.
    pub done: u64,
    /// Of how much, if that is known.
    pub total: Option<u64>,
}

/// Where progress is told. Must not block.
pub type OnProgress = Arc<dyn Fn(Progress) + Send + Sync>;

/// Which part of a list.
#[derive(Debug, Clone)]
pub struct Paging {
    /// How many at most.
    pub limit: u32,
    /// Where the part before ended.
    pub after: Option<String>,
}
