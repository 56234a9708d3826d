//! Readers for screens: each sees one moment, from any thread, while the writer writes.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use palier_model::rows::{RawRow, Rows, RowsError, Table};
use rusqlite::Connection;

use super::error::StoreError;
use super::writer::StoreOptions;
use super::{connection, rows};

/// A pool of read-only connections to one store.
#[derive(Clone)]
pub struct Readers(Arc<Pool>);

struct Pool {
    dir: PathBuf,
    options: StoreOptions,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(dir: PathBuf, options: StoreOptions) -> Self {
        Self(Arc::new(Pool { dir, options, idle: Mutex::default() }))
    }

    /// A reader of what is committed now. Later commits do not change what it sees;
    /// hold it for one screen or query, since the log cannot shrink below it.
    pub fn get(&self) -> Result<Reader, StoreError> {
        let idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => connection::reader(&self.0.dir, &self.0.options)?,
        };
        let begin = || -> rusqlite::Result<()> {
            connection.prepare_cached("BEGIN")?.execute([])?;
            // The moment is fixed by the first reading, not by BEGIN.
            connection
                .prepare_cached("SELECT commits FROM store_state")?
                .query_row([], |row| row.get::<_, i64>(0))?;
            Ok(())
        };
        begin().map_err(|error| StoreError::of(&error, &self.0.dir))?;
        Ok(Reader { connection: Some(connection), pool: Arc::clone(&self.0) })
    }

    /// Closes the connections that nobody uses, before the folder is left alone.
    pub fn close_idle(&self) {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// One moment of a store.
pub struct Reader {
    /// Taken only by the drop.
    connection: Option<Connection>,
    pool: Arc<Pool>,
}

impl Reader {
    pub(super) fn connection(&self) -> Result<&Connection, RowsError> {
        let closed = || RowsError::Storage("the reader was closed".to_owned());
        self.connection.as_ref().ok_or_else(closed)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if connection.prepare_cached("ROLLBACK").and_then(|mut end| end.execute([])).is_err() {
            return;
        }
        let mut idle = self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < self.pool.options.readers {
            idle.push(connection);
        }
    }
}

impl Rows for Reader {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, RowsError> {
        rows::get(self.connection()?, table, key)
    }

    fn scan(
        &self,
        table: Table,
        from: &[u8],
        to: &[u8],
        reverse: bool,
        limit: usize,
    ) -> Result<Vec<RawRow>, RowsError> {
        rows::scan(self.connection()?, table, from, to, reverse, limit)
    }
}
