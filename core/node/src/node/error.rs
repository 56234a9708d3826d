//! What went wrong, with what its person can do about it.

use palier_model::replica::{ActError, ErrorKind};
use palier_model::rows::RowsError;

use crate::home::HomeError;
use crate::net::NetError;
use crate::store::StoreError;

/// The code of an act that met damaged rows.
const DAMAGE: &str = "storage.corrupt";

/// Why the node did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// An act that was not done; nothing of it was written.
    #[error(transparent)]
    Act(#[from] ActError),
    /// The folder.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The disk or the database. What was being saved was not.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keystore.
    #[error("the keystore: {0}")]
    Keystore(#[from] palier_model::keys::KeystoreError),
    /// Sockets.
    #[error(transparent)]
    Net(#[from] NetError),
    /// There is no such neighbourhood here.
    #[error("this home holds no such neighbourhood")]
    NoHood,
    /// The home has no identity yet.
    #[error("this home has no identity yet")]
    NoIdentity,
    /// Nobody could be reached in time.
    #[error("nobody could be reached")]
    Unreachable,
    /// The time given ran out; what was done until then is kept.
    #[error("time ran out")]
    TimedOut,
    /// The node was shut down.
    #[error("the node was shut down")]
    Closed,
}

impl From<RowsError> for NodeError {
    fn from(error: RowsError) -> Self {
        Self::Act(error.into())
    }
}

impl NodeError {
    /// Whether bytes on disk are not those that were written.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Act(error) => error.code == DAMAGE,
            Self::Store(error) | Self::Home(HomeError::Store(error)) => matches!(
                error,
                StoreError::Corrupt(_) | StoreError::Rows(RowsError::Corrupt { .. })
            ),
            _ => false,
        }
    }

    /// An error of an act, by its code.
    pub fn act(kind: ErrorKind, code: &'static str) -> Self {
        Self::Act(ActError::new(kind, code))
    }
}
