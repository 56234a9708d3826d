//! Reading rows from one connection, each against its checksum.

use palier_model::rows::{RawRow, RowsError, Table};
use rusqlite::{Connection, ErrorCode, OptionalExtension, params};

use super::schema::{Sql, checksum};

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
