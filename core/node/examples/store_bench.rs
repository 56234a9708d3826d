//! Figures of the store beside plain SQLite: `cargo run --release -p palier-node
//! --example store_bench [ENTRIES]`. Prints a table; fails on nothing.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use palier_model::rows::{Rows, Table, Writes};
use palier_node::store::{Store, StoreOptions};
use rusqlite::Connection;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Bytes of a typical entry of the reference neighbourhood, cut to fit in a page or not.
const ENTRY_BYTES: [usize; 3] = [300, 1_200, 2_000];

fn main() -> Outcome<()> {
    let entries: u64 = std::env::args().nth(1).map_or(Ok(100_000), |count| count.parse())?;
    println!("| figure | value |\n|---|---|");
    for bytes in ENTRY_BYTES {
        layouts(entries, bytes)?;
    }
    one_transaction(entries)?;
    single_writes()?;
    Ok(())
}

fn line(name: &str, value: impl std::fmt::Display) {
    println!("| {name} | {value} |");
}

/// A reproducible 32-byte hash.
fn hash(n: u64) -> Vec<u8> {
    blake3::hash(&n.to_le_bytes()).as_bytes().to_vec()
}

/// Bytes that do not compress, different for each n.
fn row(n: u64, length: usize) -> Vec<u8> {
    let mut row = vec![0; length];
    blake3::Hasher::new_keyed(blake3::hash(&n.to_le_bytes()).as_bytes())
        .finalize_xof()
        .fill(&mut row);
    row
}

fn plain(dir: &Path, table: &str) -> Outcome<Connection> {
    let connection = Connection::open(dir.join("plain.db"))?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -4_096)?;
    connection.execute_batch(table)?;
    Ok(connection)
}

/// The same rows under random keys in a sorted tree and in a heap with an index,
/// in acts of 100, sorted within each as a commit does.
fn layouts(entries: u64, bytes: usize) -> Outcome<()> {
    let shapes = [
        (
            "tree",
            "CREATE TABLE t (key BLOB PRIMARY KEY NOT NULL, row BLOB NOT NULL) STRICT, WITHOUT ROWID",
        ),
        (
            "heap",
            "CREATE TABLE t (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, row BLOB NOT NULL) STRICT",
        ),
    ];
    for (name, sql) in shapes {
        let dir = tempfile::tempdir()?;
        let mut connection = plain(dir.path(), sql)?;
        let started = Instant::now();
        for first in (0..entries).step_by(100) {
            let mut batch: Vec<_> =
                (first..first + 100).map(|n| (hash(n), row(n, bytes))).collect();
            batch.sort();
            let transaction = connection.transaction()?;
            for (key, row) in batch {
                transaction
                    .prepare_cached("INSERT INTO t (key, row) VALUES (?1, ?2)")?
                    .execute((key, row))?;
            }
            transaction.commit()?;
        }
        let written = started.elapsed();
        let started = Instant::now();
        for n in (0..entries).step_by(10) {
            connection
                .prepare_cached("SELECT row FROM t WHERE key = ?1")?
                .query_row([hash(n)], |row| row.get::<_, Vec<u8>>(0))?;
        }
        let read = started.elapsed();
        connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
        let size = dir.path().join("plain.db").metadata()?.len();
        line(
            &format!("{name}, {entries} rows of {bytes} B, acts of 100"),
            format!(
                "{:.0} rows/s written, {:.0} rows/s read, {:.2} of the bytes on disk",
                entries as f64 / written.as_secs_f64(),
                (entries / 10) as f64 / read.as_secs_f64(),
                size as f64 / (entries * (bytes as u64 + 32)) as f64,
            ),
        );
    }
    Ok(())
}

/// Entries as a join keeps them, in one commit, beside plain SQLite's one transaction;
/// then the time to open what was kept.
fn one_transaction(entries: u64) -> Outcome<()> {
    let dir = tempfile::tempdir()?;
    let sql = "CREATE TABLE t (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, row BLOB NOT NULL) STRICT";
    let mut connection = plain(dir.path(), sql)?;
    let made: Vec<_> = (0..entries).map(|n| (hash(n), row(n, 600))).collect();
    let started = Instant::now();
    let transaction = connection.transaction()?;
    for (key, row) in &made {
        transaction
            .prepare_cached("INSERT INTO t (key, row) VALUES (?1, ?2)")?
            .execute((key, row))?;
    }
    transaction.commit()?;
    let floor = started.elapsed();
    drop(connection);

    let dir = tempfile::tempdir()?;
    let mut store = Store::open(dir.path(), StoreOptions::default())?;
    for (name, act) in [("one commit", entries as usize), ("commits of 1,000", 1_000)] {
        let table = if act == 1_000 { Table::BlobChunks } else { Table::Entries };
        let mut elapsed = Duration::ZERO;
        for chunk in made.chunks(act) {
            let writes: Writes =
                chunk.iter().map(|(key, row)| ((table, key.clone()), Some(row.clone()))).collect();
            let started = Instant::now();
            store.commit(writes)?;
            elapsed += started.elapsed();
        }
        line(
            &format!("{entries} rows of 600 B, {name}"),
            format!(
                "{:.0} rows/s, {:.2}x plain SQLite in one transaction ({:.0} rows/s)",
                entries as f64 / elapsed.as_secs_f64(),
                elapsed.as_secs_f64() / floor.as_secs_f64(),
                entries as f64 / floor.as_secs_f64(),
            ),
        );
    }
    let writes: Writes = (0..entries)
        .map(|n| {
            let mut key = hash(n / 50);
            key.extend((n % 50).to_be_bytes());
            key.extend(hash(n));
            ((Table::Receipts, key), Some(Vec::new()))
        })
        .collect();
    let started = Instant::now();
    store.commit(writes)?;
    line(
        "72-byte keys and no row, one commit",
        format!("{:.0} rows/s", entries as f64 / started.elapsed().as_secs_f64()),
    );
    drop(store);
    let mut opened = Vec::new();
    for _ in 0..20 {
        let started = Instant::now();
        let store = Store::open(dir.path(), StoreOptions::default())?;
        store.get(Table::Entries, &hash(7))?;
        opened.push(started.elapsed());
    }
    line(&format!("open with {entries} entries and read one"), quantiles(opened));
    Ok(())
}

/// One booking kept durably, and one plain insert, by turns.
fn single_writes() -> Outcome<()> {
    let dir = tempfile::tempdir()?;
    let mut store = Store::open(dir.path(), StoreOptions::default())?;
    let plain_dir = tempfile::tempdir()?;
    let plain = plain(plain_dir.path(), "CREATE TABLE t (key BLOB PRIMARY KEY, row BLOB)")?;
    let (mut bookings, mut inserts) = (Vec::new(), Vec::new());
    for n in 0..500 {
        let put = |table, key: Vec<u8>, bytes| ((table, key), Some(row(n, bytes)));
        let writes = Writes::from([
            put(Table::Entries, hash(n), 700),
            put(Table::Receipts, [hash(n), hash(n)].concat(), 0),
            put(Table::Logs, hash(1), 200),
            put(Table::Order, n.to_be_bytes().to_vec(), 64),
            put(Table::Settings, b"position".to_vec(), 40),
            put(Table::Bookings, hash(n), 400),
            put(Table::DomainOfBooking, hash(n), 32),
            put(Table::DealEntries, hash(n), 32),
        ]);
        let started = Instant::now();
        store.commit(writes)?;
        bookings.push(started.elapsed());
        let started = Instant::now();
        plain.execute("INSERT INTO t VALUES (?1, ?2)", (hash(n), row(n, 700)))?;
        inserts.push(started.elapsed());
        store.maintain();
    }
    let ratio = median(&mut bookings).as_secs_f64() / median(&mut inserts).as_secs_f64();
    line("commit of one booking (8 rows)", quantiles(bookings));
    line("one plain synchronous=FULL insert", quantiles(inserts));
    line("booking beside plain insert, medians", format!("{ratio:.2}x"));
    Ok(())
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn quantiles(mut times: Vec<Duration>) -> String {
    times.sort();
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3;
    format!("p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms", at(0.5), at(0.99), at(1.0))
}
