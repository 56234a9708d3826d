//! The index of listings: finds what [`SearchQuery::matches`] would, without reading all.
//!
//! FTS5 holds for each listing that may be shown its words as `fold` leaves them (no
//! accents, case or ligatures; more than `remove_diacritics` does) and its kind,
//! category, zone and price as terms beside them, so that a rare category among
//! frequent words costs no more than the other way round. The number of a document
//! sorts as the results do, the latest changed first, so a page is read and no more.
//! It is written in the transaction of the listing itself, and made anew from the rows
//! when [`VERSION`] changes or `doctor` finds it damaged.

use std::collections::BTreeSet;

use palier_model::codec;
use palier_model::keys::DocId;
use palier_model::listing::{
    ListingRow, ListingState, Listings, MaxPrice, Price, SearchCursor, SearchPage, SearchQuery,
    fold,
};
use palier_model::rows::{Rows, RowsError, Table, Tx, Writes};
use palier_model::time::Instant;
use rusqlite::{Connection, OptionalExtension, Transaction};

use super::error::StoreError;
use super::readers::Reader;
use super::rows::{self, Order};
use super::writer::Store;

/// What the index holds, and how: raised when that changes.
pub(super) const VERSION: i64 = 1;

/// The tables. No positions and no text are kept, only which listing has which term;
/// the shortest prefixes, found in many listings, have an index of their own.
const TABLES: &str = "
    CREATE TABLE search_docs (
        id INTEGER PRIMARY KEY,
        key BLOB NOT NULL UNIQUE,
        expires_ms INTEGER
    ) STRICT;
    CREATE VIRTUAL TABLE search_words USING fts5 (
        terms, content = '', contentless_delete = 1, detail = none,
        tokenize = 'ascii', prefix = '2 3 4 5'
    );";

/// Largest listing row that is indexed.
const ROW_LIMIT_BYTES: usize = 1 << 20;
/// Bits of a document number that come from the listing's id.
const ID_BITS: u32 = 21;

/// The place of a listing in the order of results, highest first. Two listings changed
/// in one millisecond whose ids begin alike are told apart by the next free number.
fn place(updated_at: Instant, id: &DocId) -> i64 {
    const LATEST_MS: i64 = (1 << (63 - ID_BITS)) - 1;
    let [a, b, c, d, ..] = id.0;
    let first = i64::from(u32::from_be_bytes([a, b, c, d]) >> (32 - ID_BITS));
    // Among listings of one instant the lower id comes first.
    (updated_at.0.clamp(0, LATEST_MS) << ID_BITS) + ((1 << ID_BITS) - 1 - first)
}

/// A term that no word can be: words begin with `w`.
fn tag(kind: char, value: &str) -> String {
    let hash = blake3::hash(value.as_bytes());
    format!("{kind}{}", &hash.to_hex()[..12])
}

fn word(word: &str) -> String {
    format!("w{word}")
}

/// The least k such that an amount is at most 2^k.
fn magnitude(amount: u32) -> u32 {
    u32::BITS - amount.saturating_sub(1).leading_zeros()
}

/// Everything a listing is found by.
fn terms(row: &ListingRow) -> String {
    let content = &row.content;
    let text = row.search_text();
    let mut terms: BTreeSet<String> = text.split(' ').map(word).collect();
    terms.insert(tag('k', content.kind.code()));
    terms.insert(tag('c', content.category.code()));
    terms.insert(tag('z', &fold(&content.zone)));
    let mut up_to = |letter: &str, amount: u32| {
        terms.extend((magnitude(amount)..=u32::BITS).map(|k| format!("{letter}{k}")));
    };
    match content.price {
        Price::Free => {
            terms.insert("free".to_owned());
        }
        Price::Credits { minutes, .. } => up_to("m", minutes),
        Price::Euros { cents, .. } => up_to("e", cents),
    }
    terms.into_iter().collect::<Vec<_>>().join(" ")
}

/// The query in FTS5's language; `None` where nothing is asked for. Words are folded,
/// hence letters and digits only, and quoted: no operator can come from a person.
fn expression(query: &SearchQuery) -> Option<String> {
    let quoted = |term: String| format!("\"{term}\"");
    let mut all: Vec<String> =
        query.words().iter().map(|asked| quoted(word(asked)) + " *").collect();
    all.extend(query.kind.map(|kind| quoted(tag('k', kind.code()))));
    all.extend(query.category.map(|category| quoted(tag('c', category.code()))));
    all.extend(query.zone.as_ref().map(|zone| quoted(tag('z', &fold(zone)))));
    // Finds up to twice the price; the row decides.
    all.extend(query.max_price.map(|most| match most {
        MaxPrice::Credits(minutes) => format!("(\"free\" OR \"m{}\")", magnitude(minutes)),
        MaxPrice::EuroCents(cents) => format!("(\"free\" OR \"e{}\")", magnitude(cents)),
        _ => "\"free\"".to_owned(),
    }));
    (!all.is_empty()).then(|| all.join(" AND "))
}

/// One listing as the index holds it.
struct Doc {
    place: i64,
    key: Vec<u8>,
    expires_ms: Option<i64>,
    terms: String,
}

impl Doc {
    /// `None` where it is not to be found: withdrawn, paused, or not a listing's row.
    fn of(key: &[u8], row: &[u8]) -> Option<Self> {
        let (row, _) = codec::decode_prefix::<ListingRow>(row, ROW_LIMIT_BYTES).ok()?;
        if row.content.state != ListingState::Published {
            return None;
        }
        Some(Self {
            place: place(row.updated_at, &row.id),
            key: key.to_vec(),
            expires_ms: row.content.expires_at.map(|at| at.0),
            terms: terms(&row),
        })
    }

    fn insert(mut self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let mut taken = transaction.prepare_cached("SELECT 1 FROM search_docs WHERE id = ?1")?;
        while taken.exists([self.place])? {
            self.place -= 1;
        }
        transaction
            .prepare_cached("INSERT INTO search_docs (id, key, expires_ms) VALUES (?1, ?2, ?3)")?
            .execute((self.place, &self.key, self.expires_ms))?;
        transaction
            .prepare_cached("INSERT INTO search_words (rowid, terms) VALUES (?1, ?2)")?
            .execute((self.place, &self.terms))?;
        Ok(())
    }
}

/// Takes a listing out of the index.
pub(super) fn remove(transaction: &Transaction<'_>, key: &[u8]) -> rusqlite::Result<()> {
    let mut find =
        transaction.prepare_cached("DELETE FROM search_docs WHERE key = ?1 RETURNING id")?;
    let found: Option<i64> = find.query_row([key], |row| row.get(0)).optional()?;
    if let Some(id) = found {
        transaction.prepare_cached("DELETE FROM search_words WHERE rowid = ?1")?.execute([id])?;
    }
    Ok(())
}

/// Follows the writes of one act, in its transaction.
pub(super) fn follow(transaction: &Transaction<'_>, writes: &Writes) -> rusqlite::Result<()> {
    let first = (Table::Listings, Vec::new());
    let changed = writes.range(first..).take_while(|((table, _), _)| *table == Table::Listings);
    let mut docs = Vec::new();
    for ((_, key), row) in changed {
        remove(transaction, key)?;
        docs.extend(row.as_ref().and_then(|row| Doc::of(key, row)));
    }
    insert_all(transaction, docs)
}

/// FTS5 begins a new segment whenever a number is lower than the one before.
fn insert_all(transaction: &Transaction<'_>, mut docs: Vec<Doc>) -> rusqlite::Result<()> {
    docs.sort_by_key(|doc| doc.place);
    docs.into_iter().try_for_each(|doc| doc.insert(transaction))
}

/// Makes the empty tables of the index, in place of any that are there, to be filled by
/// the next opening.
pub(super) fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "DROP TABLE IF EXISTS search_words;
        DROP TABLE IF EXISTS search_docs;
        UPDATE store_state SET search_version = 0;",
    )?;
    connection.execute_batch(TABLES)
}

/// Empties the index, in the transaction that empties the listings.
pub(super) fn clear(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute_batch(
        "INSERT INTO search_words (search_words) VALUES ('delete-all'); DELETE FROM search_docs;",
    )
}

/// One page of what `query` finds.
fn search(
    connection: &Connection,
    rows: &dyn Rows,
    query: &SearchQuery,
    now: Instant,
) -> Result<SearchPage, RowsError> {
    let failed = |error: rusqlite::Error| RowsError::Storage(error.to_string());
    let before = match &query.cursor {
        None => i64::MAX,
        Some(cursor) => begin(connection, cursor).map_err(failed)?,
    };
    let expression = expression(query);
    let sql = if expression.is_some() {
        "SELECT docs.key, docs.expires_ms FROM search_words AS words
         CROSS JOIN search_docs AS docs ON docs.id = words.rowid
         WHERE words.search_words MATCH ?2 AND words.rowid < ?1 ORDER BY words.rowid DESC"
    } else {
        "SELECT key, expires_ms FROM search_docs
         WHERE id < ?1 AND ?2 IS NULL ORDER BY id DESC"
    };
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut found = statement.query((before, expression)).map_err(failed)?;
    let tx = Tx::new(rows);
    let mut items: Vec<ListingRow> = Vec::new();
    let mut more = false;
    while let Some(doc) = found.next().map_err(failed)? {
        let expires_ms: Option<i64> = doc.get(1).map_err(failed)?;
        if expires_ms.is_some_and(|end| end <= now.0) {
            continue;
        }
        let key: Vec<u8> = doc.get(0).map_err(failed)?;
        let id = DocId::from_slice(&key).ok_or_else(|| RowsError::Storage(STALE.to_owned()))?;
        let row = tx.row::<Listings>(&id)?;
        let row = row.ok_or_else(|| RowsError::Storage(STALE.to_owned()))?;
        if !query.matches_fields(&row, now) {
            continue;
        }
        if items.len() == query.page_size() {
            more = true;
            break;
        }
        items.push(row);
    }
    let next = items.last().filter(|_| more);
    let next = next.map(|row| SearchCursor { updated_at: row.updated_at, id: row.id });
    Ok(SearchPage { items, next })
}

const STALE: &str = "the index names a listing that is not there";

/// The place of the row that a cursor names, also where it is gone by now.
fn begin(connection: &Connection, cursor: &SearchCursor) -> rusqlite::Result<i64> {
    let place = place(cursor.updated_at, &cursor.id);
    let now: Option<i64> = connection
        .prepare_cached("SELECT id FROM search_docs WHERE key = ?1")?
        .query_row([cursor.id.0], |row| row.get(0))
        .optional()?;
    // Changed since, it stands elsewhere; moved aside by a neighbour, it is near.
    Ok(now.filter(|now| now >> ID_BITS == place >> ID_BITS).unwrap_or(place))
}

impl Reader {
    /// Listings that `query` finds at `now`, the latest changed first.
    pub fn search(&self, query: &SearchQuery, now: Instant) -> Result<SearchPage, RowsError> {
        search(self.connection()?, self, query, now)
    }
}

impl Store {
    /// Listings that `query` finds at `now`, the latest changed first.
    pub fn search(&self, query: &SearchQuery, now: Instant) -> Result<SearchPage, RowsError> {
        search(&self.connection, self, query, now)
    }

    /// Makes the index of listings anew from their rows. Rows that cannot be read are
    /// left out; the doctor names them.
    pub fn reindex(&mut self) -> Result<(), StoreError> {
        let done = self.reindex_in_one_transaction();
        self.settle(done)
    }

    fn reindex_in_one_transaction(&mut self) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        create(&transaction)?;
        let mut docs = Vec::new();
        rows::walk(&transaction, Table::Listings, Order::Disk, |row| {
            if let Some((key, bytes)) = row.bytes(Table::Listings) {
                docs.extend(Doc::of(key, bytes));
            }
            Ok(())
        })?;
        insert_all(&transaction, docs)?;
        transaction.execute("UPDATE store_state SET search_version = ?1", [VERSION])?;
        transaction.commit()
    }

    /// Makes the index anew if an older version made it, or none did.
    pub(super) fn update_index(&mut self) -> Result<(), StoreError> {
        let made = self
            .connection
            .query_row("SELECT search_version FROM store_state", [], |row| row.get::<_, i64>(0));
        if self.settle(made)? == VERSION { Ok(()) } else { self.reindex() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn magnitudes_cover_their_amounts() {
        for amount in [0, 1, 2, 3, 4, 5, 500, 512, 513, u32::MAX] {
            let k = magnitude(amount);
            assert!(u64::from(amount) <= 1 << k, "{amount}");
            assert!(k == 0 || u64::from(amount) > 1 << (k - 1), "{amount}");
        }
    }

    #[test]
    fn places_sort_the_latest_first_then_the_lower_id() {
        let id = |first| DocId([first; 32]);
        let early = place(Instant(5), &id(0));
        assert!(place(Instant(6), &id(255)) > early);
        assert!(early > place(Instant(5), &id(1)));
        assert!(place(Instant(i64::MAX), &id(0)) > place(Instant(i64::MIN), &id(0)));
    }

    #[test]
    fn no_query_speaks_the_language_of_the_index() {
        let query = |text: &str| SearchQuery { text: text.to_owned(), ..Default::default() };
        assert_eq!(
            expression(&query("\" OR terms: * NEAR(")).as_deref(),
            Some("\"wor\" * AND \"wterms\" * AND \"wnear\" *")
        );
        assert_eq!(expression(&query(" \"'*- ")), None);
    }
}
