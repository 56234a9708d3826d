//! SQLite: the rows of the model, search, quarantine.
//!
//! One [`Store`] writes, any number of [`Reader`]s look on from other threads, each
//! at one unchanging moment. Invariants: a commit is one transaction and has reached
//! the disk when it returns; every row carries a checksum that is verified on each
//! reading, so that no byte altered on disk is ever taken for what was written.

mod connection;
mod doctor;
mod error;
mod origin;
mod readers;
mod rows;
mod schema;
mod search;
mod writer;

pub use doctor::{Damaged, Health, Salvage};
pub use error::StoreError;
pub(crate) use origin::{InstallId, Origin, Witness};
pub use readers::{Reader, Readers};
pub use schema::FORMAT;
pub use writer::{Store, StoreOptions};

/// The name of the database in the store's folder.
pub const FILE: &str = "palier.db";
