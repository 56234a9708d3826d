//! Reading rows from one connection, each against its checksum.

use palier_model::rows::{RawRow, RowsError, Table};
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, params};

use super::schema::{Layout, Sql, checksum, layout};

/// The row under `key`.
pub(super) fn get(
    connection: &Connection,
    table: Table,
    key: &[u8],
) -> Result<Option<Vec<u8>>, RowsError> {
    let corrupt = |error: rusqlite::Error| sort(&error, table, key);
    let mut statement = connection.prepare_cached(&Sql::of(table).get).map_err(corrupt)?;
    let found = statement
        .query_row([key], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?)))
        .optional()
        .map_err(corrupt)?;
    match found {
        None => Ok(None),
        Some((row, sum)) if sum == checksum(table, key, &row) => Ok(Some(row)),
        Some(_) => Err(RowsError::Corrupt { table, key: key.to_vec() }),
    }
}

/// Up to `limit` rows with `from <= key < to`, `to` empty: no upper bound.
pub(super) fn scan(
    connection: &Connection,
    table: Table,
    from: &[u8],
    to: &[u8],
    reverse: bool,
    limit: usize,
) -> Result<Vec<RawRow>, RowsError> {
    if limit == 0 || (!to.is_empty() && to <= from) {
        return Ok(Vec::new());
    }
    let bounded = !to.is_empty();
    let sql = &Sql::of(table).scan[usize::from(reverse)][usize::from(bounded)];
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut reached = from.to_vec();
    let corrupt = |error: rusqlite::Error, near: &[u8]| sort(&error, table, near);
    let mut statement = connection.prepare_cached(sql).map_err(|error| corrupt(error, from))?;
    let mut rows = if bounded {
        statement.query(params![from, limit, to])
    } else {
        statement.query(params![from, limit])
    }
    .map_err(|error| corrupt(error, from))?;
    let mut found = Vec::new();
    loop {
        let row = match rows.next() {
            Ok(Some(row)) => row,
            Ok(None) => return Ok(found),
            Err(error) => return Err(corrupt(error, &reached)),
        };
        let read = || -> rusqlite::Result<_> { Ok((row.get(0)?, row.get(1)?, row.get(2)?)) };
        let (key, bytes, sum): (Vec<u8>, Vec<u8>, i64) =
            read().map_err(|error| corrupt(error, &reached))?;
        if sum != checksum(table, &key, &bytes) {
            return Err(RowsError::Corrupt { table, key });
        }
        reached.clone_from(&key);
        found.push((key, bytes));
    }
}

/// Damage to the tree itself is told with the key at which it was met; anything else
/// is a failure of the disk.
fn sort(error: &rusqlite::Error, table: Table, key: &[u8]) -> RowsError {
    let damaged = match error {
        rusqlite::Error::SqliteFailure(failure, _) => {
            matches!(failure.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
        }
        // A column of another type than was written.
        rusqlite::Error::InvalidColumnType(..) => true,
        _ => false,
    };
    if damaged {
        RowsError::Corrupt { table, key: key.to_vec() }
    } else {
        RowsError::Storage(error.to_string())
    }
}

/// A row as it lies on disk, perhaps not as it was written.
pub(super) struct StoredRow {
    pub(super) key: Vec<u8>,
    row: Option<Vec<u8>>,
    sum: Option<i64>,
}

impl StoredRow {
    /// A column of another type than was written is damage, not an error.
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let blob = |at| -> rusqlite::Result<Option<Vec<u8>>> {
            Ok(row.get_ref(at)?.as_blob().ok().map(<[u8]>::to_vec))
        };
        Ok(Self {
            key: blob(0)?.unwrap_or_default(),
            row: blob(1)?,
            sum: row.get_ref(2)?.as_i64().ok(),
        })
    }

    /// Key and row, if they are what was written.
    pub(super) fn bytes(&self, table: Table) -> Option<(&[u8], &[u8])> {
        let row = self.row.as_deref()?;
        (self.sum? == checksum(table, &self.key, row)).then_some((&self.key, row))
    }
}

/// In which order a whole table is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// By key.
    Key,
    /// As the rows lie on disk, without trusting any index.
    Disk,
    /// The same from the end.
    DiskReverse,
}

/// Why a walk through a table ended early.
pub(super) enum Interrupted {
    /// The next row could not be read.
    Reading(rusqlite::Error),
    /// It was not taken.
    Taking(rusqlite::Error),
}

impl From<Interrupted> for rusqlite::Error {
    fn from(interrupted: Interrupted) -> Self {
        match interrupted {
            Interrupted::Reading(error) | Interrupted::Taking(error) => error,
        }
    }
}

/// Walks through a whole table, one row in memory at a time.
pub(super) fn walk(
    connection: &Connection,
    table: Table,
    order: Order,
    mut each: impl FnMut(StoredRow) -> rusqlite::Result<()>,
) -> Result<(), Interrupted> {
    let name = table.name();
    let by = match (layout(table), order) {
        (_, Order::Key) => "ORDER BY key",
        (Layout::Heap, Order::Disk) => "NOT INDEXED ORDER BY id",
        (Layout::Heap, Order::DiskReverse) => "NOT INDEXED ORDER BY id DESC",
        (Layout::Tree, Order::Disk) => "ORDER BY key",
        (Layout::Tree, Order::DiskReverse) => "ORDER BY key DESC",
    };
    let mut statement = connection
        .prepare(&format!("SELECT key, row, sum FROM {name} {by}"))
        .map_err(Interrupted::Reading)?;
    let mut rows = statement.query([]).map_err(Interrupted::Reading)?;
    while let Some(row) = rows.next().map_err(Interrupted::Reading)? {
        let row = StoredRow::read(row).map_err(Interrupted::Reading)?;
        each(row).map_err(Interrupted::Taking)?;
    }
    Ok(())
}
