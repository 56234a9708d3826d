//! How a database is opened, for writing and for reading.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::error::StoreError;
use super::schema::{self, APPLICATION_ID, FORMAT};
use super::{FILE, StoreOptions};

/// More statements than a store has, so that none is compiled twice.
const STATEMENTS: usize = 512;
/// How long a lock of somebody else is waited for. Nobody should hold one (the folder
/// has one owner), but a person may look into the file with a tool of theirs.
const BUSY: Duration = Duration::from_secs(5);
/// After a checkpoint a log larger than this is cut back to it.
const LOG_KEPT_BYTES: u32 = 8 << 20;

/// Opens the database in `dir` for writing, creating and upgrading it as needed.
pub(super) fn writer(dir: &Path, options: &StoreOptions) -> Result<Connection, StoreError> {
    writer_of(dir, FILE, options)
}

/// The same for a file of another name.
pub(super) fn writer_of(
    dir: &Path,
    file: &str,
    options: &StoreOptions,
) -> Result<Connection, StoreError> {
    open_writer(&dir.join(file), options).map_err(|error| match error {
        Opening::Sqlite(error) => StoreError::of(&error, dir),
        Opening::Store(error) => error,
    })
}

/// Opens the database in `dir` for reading only.
pub(super) fn reader(dir: &Path, options: &StoreOptions) -> Result<Connection, StoreError> {
    let open = || -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(dir.join(FILE), flags)?;
        prepare(&connection, options.reader_cache_kib)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    };
    open().map_err(|error| StoreError::of(&error, dir))
}

/// Either kind of failure, until the folder is at hand to sort them.
enum Opening {
    Sqlite(rusqlite::Error),
    Store(StoreError),
}

impl From<rusqlite::Error> for Opening {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<StoreError> for Opening {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

fn open_writer(file: &Path, options: &StoreOptions) -> Result<Connection, Opening> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    if connection.is_readonly("main")? {
        return Err(StoreError::ReadOnly.into());
    }
    prepare(&connection, options.writer_cache_kib)?;
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let objects: u32 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if id != APPLICATION_ID && (id != 0 || found != 0 || objects != 0) {
        return Err(StoreError::Foreign.into());
    }
    if found > FORMAT {
        return Err(StoreError::NewerFormat { found, known: FORMAT }.into());
    }
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        return Err(StoreError::Io(format!("the journal stays in mode {mode}")).into());
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "journal_size_limit", LOG_KEPT_BYTES)?;
    // Checkpoints are made by `Store::maintain`, not inside the commit that happens to
    // come last: that one would answer many times later than the others.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    // "Deleted" is to mean it: freed bytes are overwritten.
    connection.pragma_update(None, "secure_delete", true)?;
    schema::migrate(&connection, found)?;
    Ok(connection)
}

/// What holds for every connection.
fn prepare(connection: &Connection, cache_kib: u32) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    // A plan may not hang on the values bound to it: else SQLite compiles a range scan
    // anew whenever its bounds change, which cost more than half of all reading.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "cache_size", -i64::from(cache_kib))?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // A read error under mmap is a signal that kills the process.
    connection.pragma_update(None, "mmap_size", 0)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)
}
