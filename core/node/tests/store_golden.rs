//! A store of every released format is opened and keeps its rows, for ever.
//!
//! The golden files are made by `PALIER_WRITE_GOLDEN=1 cargo test --test store_golden`,
//! once a format, and never again.

use std::fs;
use std::path::{Path, PathBuf};

use palier_model::rows::{Rows, Table, Writes};
use palier_node::home::{Home, Opening};
use palier_node::store::{FILE, FORMAT, Store, StoreOptions};
use rusqlite::Connection;

fn golden(format: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/store-v{format}.sql"))
}

/// A row in each table that the first format had a number for.
fn rows() -> Writes {
    let long = (0..3_000_u32).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect::<Vec<_>>();
    let row = |table: Table| match table {
        Table::Entries => long.clone(),
        Table::Receipts => Vec::new(),
        table => table.name().as_bytes().to_vec(),
    };
    let numbered = Table::ALL.iter().filter(|table| !matches!(table, Table::Listings));
    numbered.map(|table| ((*table, vec![7, *table as u8]), Some(row(*table)))).collect()
}

fn dump(file: &Path) -> String {
    let connection = Connection::open(file).unwrap();
    let version: u32 =
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    let id: u32 = connection.pragma_query_value(None, "application_id", |row| row.get(0)).unwrap();
    let mut out = format!("PRAGMA application_id = {id};\nPRAGMA user_version = {version};\n");
    for (name, sql) in schema(&connection) {
        // The index is made from the rows, so no format depends on it.
        if name == "search_docs" || name.starts_with("search_words") {
            continue;
        }
        out.push_str(&format!("{sql};\n"));
        let mut columns = connection.prepare(&format!("SELECT * FROM {name}")).unwrap();
        let names: Vec<String> = columns.column_names().map(str::to_owned).collect();
        let quoted: Vec<_> = names.iter().map(|name| format!("quote({name})")).collect();
        columns = connection.prepare(&format!("SELECT {} FROM {name}", quoted.join(", "))).unwrap();
        let mut rows = columns.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let values: Vec<String> = (0..names.len()).map(|at| row.get(at).unwrap()).collect();
            out.push_str(&format!("INSERT INTO {name} VALUES ({});\n", values.join(", ")));
        }
    }
    out
}

/// The tables and how they were made, without SQLite's own.
fn schema(connection: &Connection) -> Vec<(String, String)> {
    let sql = "SELECT name, sql FROM sqlite_schema WHERE type = 'table' \
               AND name NOT LIKE 'sqlite%' ORDER BY name";
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn stores_of_every_format_open_and_keep_their_rows() {
    if std::env::var_os("PALIER_WRITE_GOLDEN").is_some() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path(), StoreOptions::default()).unwrap();
        store.commit(rows()).unwrap();
        drop(store);
        fs::write(golden(FORMAT), dump(&dir.path().join(FILE))).unwrap();
    }
    for format in 1..=FORMAT {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("home");
        fs::create_dir(&dir).unwrap();
        let old = Connection::open(dir.join(FILE)).unwrap();
        old.execute_batch(&fs::read_to_string(golden(format)).unwrap()).unwrap();
        let tables = schema(&old);
        drop(old);
        let home = Home::open(&dir, &root.path().join("state")).unwrap();
        let (mut store, opening) = home.open_store(StoreOptions::default()).unwrap();
        assert_eq!(opening, Opening::Fresh, "no home had opened it");
        let mut read = 0;
        for ((table, key), row) in rows() {
            if tables.iter().any(|(name, _)| name == table.name()) {
                assert_eq!(store.get(table, &key).unwrap(), row, "format {format}, {table:?}");
                read += 1;
            }
        }
        assert!(read > 30, "format {format}: the golden file holds nothing");
        assert!(store.check().unwrap().is_sound());
        store.commit(rows()).unwrap();
    }
}

#[test]
fn the_format_has_its_golden_file_and_no_table_of_it_was_changed() {
    let old = Connection::open_in_memory().unwrap();
    old.execute_batch(&fs::read_to_string(golden(FORMAT)).unwrap()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    drop(Store::open(dir.path(), StoreOptions::default()).unwrap());
    let new = schema(&Connection::open(dir.path().join(FILE)).unwrap());
    for table in schema(&old) {
        assert!(new.contains(&table), "{table:?} was changed without a new format number");
    }
}
