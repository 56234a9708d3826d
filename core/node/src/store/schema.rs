//! The tables on disk, their layout, and how older formats become the present one.
//!
//! Every table of the model is `key BLOB, row BLOB, sum INTEGER`; `sum` is the
//! checksum of [`checksum`]. Tables of large rows keep them in the order of arrival
//! beside an index of keys ([`Layout::Heap`]); the others are one tree sorted by key.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use palier_model::rows::Table;
use rusqlite::Connection;

use super::search;

/// The number of the format that this version writes (`PRAGMA user_version`).
pub const FORMAT: u32 = 1;

/// Marks the file as one of Palier's (`PRAGMA application_id`): "Pali".
pub(super) const APPLICATION_ID: i32 = 0x5061_6c69;

/// How the rows of a table lie on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// One tree sorted by key that holds the rows themselves: small rows.
    Tree,
    /// Rows one after the other as they came, and an index of keys. A tree keeps at
    /// most a quarter of a page of a row beside its key and sends the rest to pages of
    /// its own, and random keys (hashes) touch a page for each row.
    Heap,
}

/// How the rows of `table` lie.
pub(super) const fn layout(table: Table) -> Layout {
    match table {
        Table::Entries
        | Table::Objects
        | Table::Listings
        | Table::Bookings
        | Table::Services
        | Table::Decisions
        | Table::Calendars
        | Table::Profiles
        | Table::BlobChunks => Layout::Heap,
        _ => Layout::Tree,
    }
}

/// The statements of one table.
pub(super) struct Sql {
    pub(super) get: String,
    pub(super) put: String,
    pub(super) delete: String,
    /// Indexed by `reverse` and by whether there is an upper bound.
    pub(super) scan: [[String; 2]; 2],
}

impl Sql {
    /// The statements of `table`, made once.
    pub(super) fn of(table: Table) -> &'static Self {
        static ALL: OnceLock<Vec<Option<Sql>>> = OnceLock::new();
        static NONE: OnceLock<Sql> = OnceLock::new();
        let all = ALL.get_or_init(|| {
            let mut all: Vec<Option<Sql>> = (0..=u8::MAX).map(|_| None).collect();
            for table in Table::ALL {
                all[*table as usize] = Some(Sql::new(table.name()));
            }
            all
        });
        // Every table has a place in the list; the other arm only spares a panic.
        all[table as usize].as_ref().unwrap_or_else(|| NONE.get_or_init(|| Sql::new(table.name())))
    }

    fn new(name: &str) -> Self {
        let scan = |order: &str, upper: &str| {
            format!(
                "SELECT key, row, sum FROM {name} WHERE key >= ?1 {upper} ORDER BY key {order} LIMIT ?2"
            )
        };
        let both = |order: &str| [scan(order, ""), scan(order, "AND key < ?3")];
        Self {
            get: format!("SELECT row, sum FROM {name} WHERE key = ?1"),
            put: format!(
                "INSERT INTO {name} (key, row, sum) VALUES (?1, ?2, ?3) \
                 ON CONFLICT (key) DO UPDATE SET row = excluded.row, sum = excluded.sum"
            ),
            delete: format!("DELETE FROM {name} WHERE key = ?1"),
            scan: [both("ASC"), both("DESC")],
        }
    }
}

/// What is kept with a row to notice bytes altered on disk: the first 8 bytes of
/// BLAKE3(table number ‖ length of the key ‖ key ‖ row).
pub(super) fn checksum(table: Table, key: &[u8], row: &[u8]) -> i64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[table as u8]);
    hasher.update(&(key.len() as u64).to_le_bytes());
    hasher.update(key);
    hasher.update(row);
    let mut first = [0; 8];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    i64::from_le_bytes(first)
}

/// Turns a store of one format into the next. Each runs in the transaction that also
/// raises the number, so a crash leaves one or the other.
type Step = fn(&Connection) -> rusqlite::Result<()>;

/// Steps from format n (its index) to n + 1. Released steps are never changed.
const STEPS: [Step; FORMAT as usize] = [create];

/// Format 1: the tables.
fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "CREATE TABLE store_state (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            install BLOB NOT NULL,
            commits INTEGER NOT NULL,
            unsettled INTEGER NOT NULL,
            search_version INTEGER NOT NULL,
            tables INTEGER NOT NULL
        ) STRICT;
        INSERT INTO store_state VALUES (1, x'', 0, 0, 0, 0);
        CREATE TABLE damaged (
            id INTEGER PRIMARY KEY,
            table_number INTEGER NOT NULL,
            key BLOB NOT NULL,
            row BLOB,
            noticed_ms INTEGER NOT NULL
        ) STRICT;",
    )
}

/// Brings a store to the present format. The caller has refused newer ones.
pub(super) fn migrate(connection: &Connection, found: u32) -> rusqlite::Result<()> {
    migrate_by(connection, found, &STEPS)
}

fn migrate_by(connection: &Connection, found: u32, steps: &[Step]) -> rusqlite::Result<()> {
    for (to, step) in (1_u32..).zip(steps).skip(found as usize) {
        let transaction = connection.unchecked_transaction()?;
        step(&transaction)?;
        if to == 1 {
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        }
        transaction.pragma_update(None, "user_version", to)?;
        transaction.commit()?;
    }
    create_missing(connection)
}

/// Tables may be added without a new format: an older version leaves them alone, and
/// what they hold is either rebuilt from the journal or was never known to it. One that
/// was there before and is not found is damage: an empty one in its place would hide
/// the loss.
fn create_missing(connection: &Connection) -> rusqlite::Result<()> {
    let mut names = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
    let present: BTreeSet<String> =
        names.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    drop(names);
    let missing: Vec<Table> =
        Table::ALL.iter().copied().filter(|table| !present.contains(table.name())).collect();
    let index_missing = !present.contains("search_docs") || !present.contains("search_words");
    if missing.is_empty() && !index_missing {
        return Ok(());
    }
    let known = u32::try_from(Table::ALL.len()).unwrap_or(u32::MAX);
    let gone = u32::try_from(missing.len()).unwrap_or(u32::MAX);
    let made: u32 = connection.query_row("SELECT tables FROM store_state", [], |row| row.get(0))?;
    if gone > 0 && known - gone < made {
        return Err(damaged(&format!("table {} is gone", missing[0].name())));
    }
    let transaction = connection.unchecked_transaction()?;
    for table in missing {
        transaction.execute_batch(&create_table(table))?;
    }
    if index_missing {
        search::create(&transaction)?;
    }
    transaction.execute("UPDATE store_state SET tables = max(tables, ?1)", [known])?;
    transaction.commit()
}

fn create_table(table: Table) -> String {
    let name = table.name();
    match layout(table) {
        Layout::Tree => format!(
            "CREATE TABLE {name} (key BLOB PRIMARY KEY NOT NULL, row BLOB NOT NULL, \
             sum INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
        ),
        Layout::Heap => format!(
            "CREATE TABLE {name} (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, \
             sum INTEGER NOT NULL, row BLOB NOT NULL) STRICT;"
        ),
    }
}

/// Damage that SQLite itself cannot see.
fn damaged(what: &str) -> rusqlite::Error {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    rusqlite::Error::SqliteFailure(code, Some(what.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_of_a_row_is_in_its_checksum() {
        let sum = checksum(Table::Logs, b"ab", b"c");
        assert_ne!(sum, checksum(Table::Entries, b"ab", b"c"));
        assert_ne!(sum, checksum(Table::Logs, b"a", b"bc"));
        assert_ne!(sum, checksum(Table::Logs, b"ab", b"d"));
    }

    #[test]
    fn an_older_store_takes_each_step_once_and_keeps_its_rows() -> rusqlite::Result<()> {
        let connection = Connection::open_in_memory()?;
        migrate_by(&connection, 0, &STEPS)?;
        connection.execute("INSERT INTO settings VALUES (x'61', x'62', 3)", [])?;
        let added: Step =
            |connection| connection.execute_batch("ALTER TABLE settings ADD COLUMN later INTEGER");
        migrate_by(&connection, 1, &[create, added])?;
        let row: Vec<u8> =
            connection.query_row("SELECT row FROM settings", [], |row| row.get(0))?;
        let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        assert_eq!((row.as_slice(), version), (b"b".as_slice(), 2));
        Ok(())
    }

    #[test]
    fn a_table_that_is_gone_is_damage_and_a_new_one_is_made() -> rusqlite::Result<()> {
        let connection = Connection::open_in_memory()?;
        migrate_by(&connection, 0, &STEPS)?;
        connection.execute_batch("DROP TABLE entries")?;
        assert!(migrate_by(&connection, 1, &STEPS).is_err());
        // As a version that did not know of it would have left the store.
        connection.execute("UPDATE store_state SET tables = tables - 1", [])?;
        migrate_by(&connection, 1, &STEPS)?;
        connection.query_row("SELECT count(*) FROM entries", [], |_| Ok(()))
    }

    #[test]
    fn a_step_that_fails_leaves_the_older_format() -> rusqlite::Result<()> {
        let connection = Connection::open_in_memory()?;
        migrate_by(&connection, 0, &STEPS)?;
        let failing: Step =
            |connection| connection.execute_batch("CREATE TABLE half (a) STRICT; nonsense");
        assert!(migrate_by(&connection, 1, &[create, failing]).is_err());
        let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        assert_eq!(version, 1);
        let halves: u32 = connection.query_row(
            "SELECT count(*) FROM sqlite_schema WHERE name = 'half'",
            [],
            |row| row.get(0),
        )?;
        assert_eq!(halves, 0);
        Ok(())
    }
}
