//! How the model reads and writes: one synchronous trait for reading, writes as data.
//!
//! A [`Tx`] lays the writes of one act over what is stored; nothing is changed until
//! whoever owns the store takes [`Tx::into_writes`] and commits them in one
//! transaction. The same model code so runs on a `BTreeMap` in the simulator and on
//! SQLite in the node; one conformance suite holds both alike.

#[cfg(any(test, feature = "sim"))]
pub mod conformance;
mod memory;
mod table;
mod tx;

pub use memory::MemoryRows;
pub(crate) use table::typed_table;
pub use table::{Key, Table, TableKind, Typed};
pub(crate) use tx::prefix_end;
pub use tx::{RawRow, Rows, RowsError, Tx, TypedRows, Writes};
