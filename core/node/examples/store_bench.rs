//! Figures of the store beside plain SQLite: `cargo run --release -p palier-node
//! --example store_bench [ENTRIES [layouts|search]]`. Prints a table; fails on nothing.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use palier_model::journal::Owner;
use palier_model::keys::{DocId, MemberId};
use palier_model::listing::{
    Category, ListingContent, ListingKind, ListingRow, Listings, MaxPrice, Per, Price, SearchQuery,
};
use palier_model::rows::{Rows, Table, Tx, Writes};
use palier_model::time::Instant as Moment;
use palier_node::store::{Store, StoreOptions};
use rusqlite::Connection;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Bytes of a typical entry of the reference neighbourhood, cut to fit in a page or not.
const ENTRY_BYTES: [usize; 3] = [300, 1_200, 2_000];

fn main() -> Outcome<()> {
    let entries: u64 = std::env::args().nth(1).map_or(Ok(100_000), |count| count.parse())?;
    println!("| figure | value |\n|---|---|");
    if std::env::args().any(|argument| argument == "layouts") {
        for bytes in ENTRY_BYTES {
            layouts(entries, bytes)?;
        }
    }
    let only_search = std::env::args().any(|argument| argument == "search");
    if !only_search {
        one_transaction(entries)?;
        single_writes()?;
    }
    searches(entries / 2)?;
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
            put(Table::BookingStates, hash(n), 32),
            put(Table::Deals, hash(n), 32),
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

/// Queries on ten times the listings of the reference neighbourhood.
fn searches(listings: u64) -> Outcome<()> {
    let dir = tempfile::tempdir()?;
    let mut store = Store::open(dir.path(), StoreOptions::default())?;
    let started = Instant::now();
    for first in (0..listings).step_by(500) {
        let mut tx = Tx::new(store.rows());
        for n in first..first + 500 {
            let row = listing(n);
            tx.put::<Listings>(&row.id, &row);
        }
        let writes = tx.into_writes();
        store.commit(writes)?;
        store.maintain();
    }
    let per_s = listings as f64 / started.elapsed().as_secs_f64();
    line(
        &format!("{listings} listings kept and indexed, acts of 500"),
        format!("{per_s:.0} rows/s"),
    );
    let started = Instant::now();
    store.reindex()?;
    line("index made anew", format!("{:.0} ms", started.elapsed().as_secs_f64() * 1e3));
    let reader = store.reader()?;
    let ask = |text: &str| SearchQuery { text: text.to_owned(), limit: 20, ..Default::default() };
    let cases: [(&str, SearchQuery); 9] = [
        ("search: nothing asked, first page", ask("")),
        ("search: one frequent word", ask(&word(0))),
        ("search: one letter", ask("b")),
        ("search: two frequent words", ask(&format!("{} {}", word(1), word(2)))),
        ("search: a rare word", ask(&word(4_990))),
        ("search: a word nobody has", ask("zzz")),
        (
            "browse: kind and zone",
            SearchQuery {
                kind: Some(ListingKind::Parking),
                zone: Some("zone 3".to_owned()),
                ..ask("")
            },
        ),
        (
            "search: three words, category, price",
            SearchQuery {
                category: Some(Category::ALL[2]),
                max_price: Some(MaxPrice::EuroCents(20)),
                ..ask(&format!("{} {} c", word(0), word(1)))
            },
        ),
        (
            "browse: price no more than the lowest",
            SearchQuery {
                max_price: Some(MaxPrice::EuroCents(1)),
                kind: Some(ListingKind::Room),
                ..ask("")
            },
        ),
    ];
    for (name, query) in cases {
        let (mut times, mut found) = (Vec::new(), 0);
        for _ in 0..60 {
            let started = Instant::now();
            let page = reader.search(&query, Moment(0))?;
            times.push(started.elapsed());
            found = page.items.len();
        }
        line(name, format!("{found} found, {}", quantiles(times)));
    }
    // What people may type, one after another; of five runs the best, since the
    // machine has other work.
    for (name, cut) in [("whole words", 99), ("words cut short", 3)] {
        let mut times = Vec::new();
        for n in 0..1_000_u64 {
            let typed = |n| word(skewed(n)).chars().take(cut).collect::<String>();
            let mut query = ask(&format!("{} {}", typed(n * 2), typed(n * 2 + 1)));
            query.kind = n.is_multiple_of(3).then_some(ListingKind::Tool);
            query.zone = n.is_multiple_of(4).then(|| format!("Zone {}", n % 40));
            let mut best = Duration::MAX;
            for _ in 0..5 {
                let started = Instant::now();
                reader.search(&query, Moment(0))?;
                best = best.min(started.elapsed());
            }
            times.push(best);
        }
        line(&format!("1,000 different searches, two {name}"), quantiles(times));
    }
    line("bytes on disk", dir.path().join("palier.db").metadata()?.len());
    let started = Instant::now();
    store.check()?;
    line("doctor reads all of it", format!("{:.0} ms", started.elapsed().as_secs_f64() * 1e3));
    Ok(())
}

/// Low numbers often, high ones rarely, as words in a language.
fn skewed(n: u64) -> u64 {
    let hash = blake3::hash(&n.to_le_bytes());
    let byte = |at: usize| {
        f64::from(u16::from_le_bytes([hash.as_bytes()[at], hash.as_bytes()[at + 1]])) / 65_536.0
    };
    (5_000.0_f64.powf(byte(0)) - 1.0) as u64
}

/// The nth word of a made-up language: one to four syllables, the frequent ones short.
fn word(n: u64) -> String {
    const CONSONANTS: [&str; 14] =
        ["b", "c", "d", "f", "g", "l", "m", "n", "p", "r", "s", "t", "v", "ch"];
    const VOWELS: [&str; 6] = ["a", "e", "i", "o", "u", "é"];
    let hash = blake3::hash(&(n + 1_000_000).to_le_bytes());
    let syllables = 1 + (n + 1).ilog2() as usize / 4;
    (0..syllables)
        .map(|at| {
            let bytes = &hash.as_bytes()[at * 2..];
            format!("{}{}", CONSONANTS[bytes[0] as usize % 14], VOWELS[bytes[1] as usize % 6])
        })
        .collect()
}

fn listing(n: u64) -> ListingRow {
    let words = |first: u64, count: u64| {
        (first..first + count).map(|n| word(skewed(n))).collect::<Vec<_>>().join(" ")
    };
    let mut content = ListingContent::new(
        ListingKind::ALL[n as usize % ListingKind::ALL.len()],
        words(n * 100, 4),
    );
    content.text = words(n * 100 + 4, 60);
    content.category = Category::ALL[(n / 7) as usize % Category::ALL.len()];
    content.zone = format!("Zone {}", n / 3 % 40);
    content.price = Price::Euros { cents: 1 + (skewed(n) * 7) as u32, per: Per::ALL[0] };
    let id = DocId(*blake3::hash(&n.to_le_bytes()).as_bytes());
    let owner = Owner::Member(MemberId([1; 32]));
    // Not in the order of time: the index has to sort.
    let updated_at = Moment(1_700_000_000_000 + (n * 7_919 % 50_021) as i64 * 1_000);
    ListingRow { id, owner, content, created_at: Moment(0), updated_at }
}
