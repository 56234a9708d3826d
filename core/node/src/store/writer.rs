//! The one who writes.

use std::fs;
use std::path::{Path, PathBuf};

use palier_model::rows::{RawRow, Rows, RowsError, Table, Writes};
use rusqlite::{Connection, TransactionBehavior};

use super::error::StoreError;
use super::origin::Witness;
use super::readers::{Reader, Readers};
use super::schema::{Sql, checksum};
use super::{FILE, connection, rows, search};

/// The log is written back by [`Store::maintain`] once it has grown past this.
const LOG_DUE_BYTES: u64 = 4 << 20;
/// A commit that finds the log larger than this does so itself: the bound on the
/// folder's growth if nobody maintains.
const LOG_CAP_BYTES: u64 = 64 << 20;

/// Memory that a store may use.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Cache of the writer, in KiB.
    pub writer_cache_kib: u32,
    /// Cache of each reader, in KiB.
    pub reader_cache_kib: u32,
    /// Readers that are kept open when idle.
    pub readers: usize,
}

impl Default for StoreOptions {
    /// For a phone: at most 10 MiB in all.
    fn default() -> Self {
        Self { writer_cache_kib: 4 << 10, reader_cache_kib: 2 << 10, readers: 3 }
    }
}

impl StoreOptions {
    /// For a machine that serves a whole neighbourhood.
    pub fn hub() -> Self {
        Self { writer_cache_kib: 32 << 10, reader_cache_kib: 8 << 10, readers: 8 }
    }
}

/// A store opened for writing. Whoever holds the folder's lock holds the only one.
///
/// ```
/// use palier_model::rows::{Rows, Table, Tx};
/// use palier_node::store::{Store, StoreOptions};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let dir = tempfile::tempdir()?;
/// let mut store = Store::open(dir.path(), StoreOptions::default())?;
/// let mut tx = Tx::new(store.rows());
/// tx.put_raw(Table::Settings, b"name".to_vec(), b"Awa".to_vec());
/// let writes = tx.into_writes();
/// store.commit(writes)?; // on disk now
/// assert_eq!(store.reader()?.get(Table::Settings, b"name")?, Some(b"Awa".to_vec()));
/// # Ok(()) }
/// ```
pub struct Store {
    pub(super) dir: PathBuf,
    pub(super) connection: Connection,
    readers: Readers,
    /// How many commits this store has seen.
    pub(super) commits: u64,
    pub(super) witness: Option<Box<dyn Witness>>,
    /// Reads share one transaction until [`Store::release`].
    held: bool,
}

impl Store {
    /// Opens the store in `dir`, which is created if need be.
    pub fn open(dir: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        fs::create_dir_all(dir).map_err(|error| StoreError::of_io(&error))?;
        let connection = connection::writer(dir, &options)?;
        let readers = Readers::new(dir.to_owned(), options);
        let mut store = Self {
            dir: dir.to_owned(),
            connection,
            readers,
            commits: 0,
            witness: None,
            held: false,
        };
        store.commits = store.origin()?.commits;
        store.update_index()?;
        Ok(store)
    }

    /// The folder it lies in.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What is committed, to lay a [`palier_model::rows::Tx`] over.
    pub fn rows(&self) -> &dyn Rows {
        self
    }

    /// The pool of readers, to hand to other threads.
    pub fn readers(&self) -> &Readers {
        &self.readers
    }

    /// A reader of what is committed now.
    pub fn reader(&self) -> Result<Reader, StoreError> {
        self.readers.get()
    }

    /// Keeps the writes of one act, all or none. When it returns they are on disk: the
    /// write-ahead log was synced, once. After an error nothing of them is there, and
    /// the next commit may be tried as if this one had not been.
    pub fn commit(&mut self, writes: Writes) -> Result<(), StoreError> {
        if writes.is_empty() {
            return Ok(());
        }
        let held = self.held;
        self.release();
        let commits = self.commits.saturating_add(1);
        let written = self.write(&writes, commits);
        self.settle(written)?;
        self.committed(commits);
        if self.log_bytes() > LOG_CAP_BYTES {
            self.checkpoint();
        }
        if held {
            self.hold();
        }
        Ok(())
    }

    /// Lets all reads until [`Store::release`] share one transaction: each by itself takes
    /// and leaves a lock on the file, which costs as much as the reading. A commit in
    /// between is seen by the reads after it.
    pub fn hold(&mut self) {
        if !self.held && self.connection.is_autocommit() {
            let begun = self.connection.prepare_cached("BEGIN").and_then(|mut it| it.execute([]));
            self.held = begun.is_ok();
        }
    }

    /// Ends what [`Store::hold`] began.
    pub fn release(&mut self) {
        if std::mem::take(&mut self.held)
            && let Err(error) =
                self.connection.prepare_cached("COMMIT").and_then(|mut it| it.execute([]))
        {
            tracing::warn!(%error, "a moment of reading was not ended");
        }
    }

    fn write(&mut self, writes: &Writes, commits: u64) -> rusqlite::Result<()> {
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // In the order of keys, so that each page of an index is touched once.
        for ((table, key), row) in writes {
            let sql = Sql::of(*table);
            match row {
                Some(row) => transaction.prepare_cached(&sql.put)?.execute((
                    key,
                    row,
                    checksum(*table, key, row),
                ))?,
                None => transaction.prepare_cached(&sql.delete)?.execute([key])?,
            };
        }
        search::follow(&transaction, writes)?;
        transaction
            .prepare_cached("UPDATE store_state SET commits = ?1, unsettled = 0")?
            .execute([commits as i64])?;
        transaction.commit()
    }

    /// After a failure, makes sure that no transaction is left open.
    pub(super) fn settle<T>(&mut self, result: rusqlite::Result<T>) -> Result<T, StoreError> {
        result.map_err(|error| {
            if !self.connection.is_autocommit() {
                let _ = self.connection.execute_batch("ROLLBACK");
            }
            StoreError::of(&error, &self.dir)
        })
    }

    /// Writes the log back into the database if it has grown; call it when nothing
    /// waits. It costs some syncs, so that no commit has to pay for them.
    pub fn maintain(&mut self) {
        if self.log_bytes() > LOG_DUE_BYTES {
            self.checkpoint();
        }
    }

    fn log_bytes(&self) -> u64 {
        fs::metadata(self.dir.join(format!("{FILE}-wal"))).map_or(0, |log| log.len())
    }

    /// A failure costs only room: the log goes on growing and is tried again.
    fn checkpoint(&mut self) {
        if let Err(error) = self.write_back() {
            tracing::warn!(%error, "the log could not be written back");
        }
        if let Some(witness) = &mut self.witness {
            witness.sync();
        }
    }

    fn write_back(&mut self) -> rusqlite::Result<()> {
        let (busy, log, done): (bool, i64, i64) =
            self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
        if !busy && log == done {
            // The next write begins the log anew and syncs its header on top: be it
            // this one, which nobody waits for.
            let commits = self.commits.saturating_add(1);
            self.connection.execute("UPDATE store_state SET commits = ?1", [commits as i64])?;
            self.committed(commits);
        }
        Ok(())
    }
}

impl Rows for Store {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, RowsError> {
        rows::get(&self.connection, table, key)
    }

    fn scan(
        &self,
        table: Table,
        from: &[u8],
        to: &[u8],
        reverse: bool,
        limit: usize,
    ) -> Result<Vec<RawRow>, RowsError> {
        rows::scan(&self.connection, table, from, to, reverse, limit)
    }
}
