//! Finding damage, setting it aside, saving what is sound.
//!
//! A row that fails its checksum is quarantined: its bytes are moved aside and the row
//! is gone, so that whoever owns its table can fetch or compute it again. Where the
//! trees of the file themselves are damaged, [`Store::salvage`] copies every sound row
//! into a new file.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use palier_model::rows::{RowsError, Table, TableKind};
use palier_model::time::Instant;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension};

use super::error::StoreError;
use super::origin::InstallId;
use super::rows::{self, Interrupted, Order};
use super::schema::{Layout, checksum, layout};
use super::writer::{Store, StoreOptions};
use super::{FILE, connection, search};

/// Most complaints of SQLite that are listed.
const MAX_COMPLAINTS: u32 = 100;
/// Where a salvaged store is made.
const SALVAGE_FILE: &str = "salvage.db";

/// A row whose bytes are not those that were written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Damaged {
    /// The table it lies in.
    pub table: Table,
    /// Its key, as it now stands in the table.
    pub key: Vec<u8>,
}

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// Rows that fail their checksum.
    pub damaged: Vec<Damaged>,
    /// What SQLite says of the file's trees. Not empty: salvage.
    pub structure: Vec<String>,
    /// Whether the index of listings must be made anew.
    pub index_damaged: bool,
}

impl Health {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        *self == Self::default()
    }
}

/// What a salvage saved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Salvage {
    /// Rows copied.
    pub saved: u64,
    /// Rows that fail their checksum, left behind.
    pub damaged: Vec<Damaged>,
    /// Tables that could not be read to their end: how many rows are gone is unknown.
    pub torn: Vec<Table>,
}

impl Store {
    /// Reads everything: SQLite's own check of the trees, then every row.
    pub fn check(&self) -> Result<Health, StoreError> {
        let mut health = Health { structure: self.complaints(), ..Health::default() };
        for table in Table::ALL {
            let read = rows::walk(&self.connection, *table, Order::Disk, |row| {
                if row.bytes(*table).is_none() {
                    health.damaged.push(Damaged { table: *table, key: row.key });
                }
                Ok(())
            });
            if let Err(error) = read.map_err(rusqlite::Error::from) {
                health.structure.push(format!("{}: {error}", table.name()));
            }
        }
        let index = self
            .connection
            .execute("INSERT INTO search_words (search_words) VALUES ('integrity-check')", []);
        health.index_damaged = index.is_err() || !self.index_agrees();
        Ok(health)
    }

    /// `integrity_check` also holds indexes against their tables, `quick_check` would
    /// not.
    fn complaints(&self) -> Vec<String> {
        let ask = || -> rusqlite::Result<Vec<String>> {
            let sql = format!("PRAGMA integrity_check({MAX_COMPLAINTS})");
            let mut statement = self.connection.prepare(&sql)?;
            statement.query_map([], |row| row.get(0))?.collect()
        };
        match ask() {
            Ok(said) => said.into_iter().filter(|line| line != "ok").collect(),
            Err(error) => vec![error.to_string()],
        }
    }

    /// Whether the index names no listing that is not there.
    fn index_agrees(&self) -> bool {
        let strays: rusqlite::Result<i64> = self.connection.query_row(
            "SELECT count(*) FROM search_docs WHERE key NOT IN (SELECT key FROM listings)",
            [],
            |row| row.get(0),
        );
        strays.is_ok_and(|strays| strays == 0)
    }

    /// Moves a damaged row aside. Whether one was there.
    pub fn quarantine(&mut self, damaged: &Damaged, now: Instant) -> Result<bool, StoreError> {
        let (commits, result) = (self.commits.saturating_add(1), self.set_aside(damaged, now));
        let there = self.settle(result)?;
        if there {
            self.committed(commits);
        }
        Ok(there)
    }

    fn set_aside(&mut self, damaged: &Damaged, now: Instant) -> rusqlite::Result<bool> {
        let commits = self.commits.saturating_add(1);
        let name = damaged.table.name();
        let transaction = self.connection.transaction()?;
        // Looked for in the table itself: an altered key is not where its index says.
        let (scan, id) = match layout(damaged.table) {
            Layout::Tree => ("", "key"),
            Layout::Heap => ("NOT INDEXED", "id"),
        };
        let sql = format!("SELECT {id}, row FROM {name} {scan} WHERE key = ?1");
        let found = transaction
            .prepare(&sql)?
            .query_row([&damaged.key], |row| Ok((row.get::<_, Value>(0)?, row.get::<_, Value>(1)?)))
            .optional()?;
        let Some((id_value, row)) = found else { return Ok(false) };
        transaction.execute(
            "INSERT INTO damaged (table_number, key, row, noticed_ms) VALUES (?1, ?2, ?3, ?4)",
            (damaged.table as u8, &damaged.key, row, now.0),
        )?;
        // An index that leads elsewhere than to this row would refuse the deletion.
        let led: Option<Value> = transaction
            .query_row(&format!("SELECT {id} FROM {name} WHERE key = ?1"), [&damaged.key], |row| {
                row.get(0)
            })
            .optional()?;
        if led.as_ref() != Some(&id_value) {
            transaction.execute(&format!("REINDEX {name}"), [])?;
        }
        transaction.execute(&format!("DELETE FROM {name} WHERE {id} = ?1"), [id_value])?;
        if damaged.table == Table::Listings {
            search::remove(&transaction, &damaged.key)?;
        }
        transaction.execute("UPDATE store_state SET commits = ?1", [commits as i64])?;
        transaction.commit()?;
        Ok(true)
    }

    /// Notes rows that are gone and that only neighbours can give back: they are told of
    /// until they are here again.
    pub fn await_rows(
        &mut self,
        table: Table,
        keys: &[Vec<u8>],
        now: Instant,
    ) -> Result<(), StoreError> {
        let done = (|| {
            let transaction = self.connection.transaction()?;
            for key in keys {
                transaction.execute(
                    "INSERT INTO damaged (table_number, key, row, noticed_ms)
                     SELECT ?1, ?2, NULL, ?3 WHERE NOT EXISTS (SELECT 1 FROM damaged
                     WHERE table_number = ?1 AND key = ?2 AND row IS NULL)",
                    (table as u8, key, now.0),
                )?;
            }
            transaction.commit()
        })();
        self.settle(done)
    }

    /// Rows that were set aside or are awaited, the oldest first.
    pub fn quarantined(&self) -> Result<Vec<Damaged>, StoreError> {
        let list = || -> rusqlite::Result<Vec<(u8, Vec<u8>)>> {
            let mut statement = self.connection.prepare(
                "SELECT table_number, key FROM damaged GROUP BY table_number, key ORDER BY min(id)",
            )?;
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        };
        let rows = list().map_err(|error| StoreError::of(&error, &self.dir))?;
        let table = |number| Table::ALL.iter().copied().find(|table| *table as u8 == number);
        Ok(rows
            .into_iter()
            .filter_map(|(number, key)| Some(Damaged { table: table(number)?, key }))
            .collect())
    }

    /// Forgets what was set aside, once it was told; with `awaited`, also what never came
    /// back.
    pub fn forget_quarantined(&mut self, awaited: bool) -> Result<(), StoreError> {
        let sql = "DELETE FROM damaged WHERE ?1 OR row IS NOT NULL";
        let done = self.connection.execute(sql, [awaited]);
        self.settle(done).map(|_| ())
    }

    /// Forgets awaited rows that are here again.
    pub fn forget_returned(&mut self) -> Result<(), StoreError> {
        for Damaged { table, key } in self.quarantined()? {
            let name = table.name();
            let sql = format!(
                "DELETE FROM damaged WHERE row IS NULL AND table_number = ?1 AND key = ?2
                 AND EXISTS (SELECT 1 FROM {name} WHERE {name}.key = ?2)"
            );
            let done = self.connection.execute(&sql, (table as u8, key));
            self.settle(done)?;
        }
        Ok(())
    }

    /// Empties every table of a kind, in one transaction: the beginning of a rebuild.
    pub fn clear_tables(&mut self, kind: TableKind) -> Result<(), StoreError> {
        let (commits, result) = (self.commits.saturating_add(1), self.clear(kind));
        self.settle(result)?;
        self.committed(commits);
        Ok(())
    }

    fn clear(&mut self, kind: TableKind) -> rusqlite::Result<()> {
        let commits = self.commits.saturating_add(1);
        let transaction = self.connection.transaction()?;
        for table in Table::ALL.iter().filter(|table| table.kind() == kind) {
            transaction.execute(&format!("DELETE FROM {}", table.name()), [])?;
        }
        if Table::Listings.kind() == kind {
            search::clear(&transaction)?;
        }
        transaction.execute("UPDATE store_state SET commits = ?1", [commits as i64])?;
        transaction.commit()
    }

    /// Reads a whole table in the order of keys, one row in memory at a time. Damaged
    /// rows are passed over, and the first of them is the error at the end.
    pub fn for_each_row(
        &self,
        table: Table,
        mut each: impl FnMut(&[u8], &[u8]),
    ) -> Result<(), RowsError> {
        let mut damaged = None;
        rows::walk(&self.connection, table, Order::Key, |row| {
            match row.bytes(table) {
                Some((key, bytes)) => each(key, bytes),
                None => damaged = damaged.take().or(Some(row.key)),
            }
            Ok(())
        })
        .map_err(|error| RowsError::Storage(rusqlite::Error::from(error).to_string()))?;
        damaged.map_or(Ok(()), |key| Err(RowsError::Corrupt { table, key }))
    }

    /// Writes a copy of the store to `file`, compact and sound, while others read. It
    /// carries this store's install id, so a home made of it knows that it was restored.
    pub fn back_up(&self, file: &Path) -> Result<(), StoreError> {
        let dir = file.parent().unwrap_or(Path::new("."));
        let name = file.to_str().ok_or_else(|| StoreError::Io("not a name in UTF-8".to_owned()))?;
        self.connection
            .execute("VACUUM INTO ?1", [name])
            .map_err(|error| StoreError::of(&error, dir))?;
        fs::File::open(file)
            .and_then(|copy| copy.sync_all())
            .map_err(|error| StoreError::of_io(&error))
    }

    /// Copies every sound row of the store in `dir` into a new file and puts it in place
    /// of the old one, which stays beside it under `set_aside`. For a store whose trees
    /// are damaged; nobody may have it open.
    pub fn salvage(
        dir: &Path,
        set_aside: &str,
        options: &StoreOptions,
    ) -> Result<Salvage, StoreError> {
        let sort = |error: rusqlite::Error| StoreError::of(&error, dir);
        let io = |error: std::io::Error| StoreError::of_io(&error);
        for left_over in [SALVAGE_FILE.to_owned(), format!("{SALVAGE_FILE}-wal")] {
            let _ = fs::remove_file(dir.join(left_over));
        }
        let old = Connection::open(dir.join(FILE)).map_err(sort)?;
        let mut new = connection::writer_of(dir, SALVAGE_FILE, options)?;
        let mut salvage = Salvage::default();
        let transaction = new.transaction().map_err(sort)?;
        for table in Table::ALL {
            copy_table(&old, &transaction, *table, &mut salvage).map_err(sort)?;
        }
        copy_state(&old, &transaction, &salvage).map_err(sort)?;
        note_salvage(&old, &transaction, &salvage).map_err(sort)?;
        transaction.commit().map_err(sort)?;
        new.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(sort)?;
        drop((old, new));
        // Without its log, which belongs to the old file alone.
        let _ = fs::remove_file(dir.join(format!("{FILE}-wal")));
        let _ = fs::remove_file(dir.join(format!("{FILE}-shm")));
        fs::rename(dir.join(FILE), dir.join(set_aside)).map_err(io)?;
        fs::rename(dir.join(SALVAGE_FILE), dir.join(FILE)).map_err(io)?;
        Ok(salvage)
    }
}

/// From both ends, so that one torn page costs what lies on it and no more.
fn copy_table(
    old: &Connection,
    new: &Connection,
    table: Table,
    salvage: &mut Salvage,
) -> rusqlite::Result<()> {
    let sql = format!(
        "INSERT INTO {} (key, row, sum) VALUES (?1, ?2, ?3) ON CONFLICT (key) DO NOTHING",
        table.name()
    );
    let mut insert = new.prepare(&sql)?;
    let mut damaged = BTreeSet::new();
    for order in [Order::Disk, Order::DiskReverse] {
        let read = rows::walk(old, table, order, |row| {
            match row.bytes(table) {
                Some((key, bytes)) => {
                    let sum = checksum(table, key, bytes);
                    salvage.saved += insert.execute((key, bytes, sum))? as u64;
                }
                None => {
                    damaged.insert(Damaged { table, key: row.key });
                }
            }
            Ok(())
        });
        match (read, order) {
            (Ok(()), _) => break,
            (Err(Interrupted::Taking(error)), _) => return Err(error),
            (Err(Interrupted::Reading(_)), Order::Disk) => salvage.torn.push(table),
            (Err(Interrupted::Reading(_)), _) => {}
        }
    }
    salvage.damaged.extend(damaged);
    Ok(())
}

/// The install id stays if nothing of the journal is missing. Otherwise it is dropped
/// for one that no installation knows: the home takes the store for an old copy, which
/// it now is, and goes on in a new incarnation.
fn copy_state(old: &Connection, new: &Connection, salvage: &Salvage) -> rusqlite::Result<()> {
    let of_journal = |table: &Table| table.kind() == TableKind::Journal;
    let lost = salvage.torn.iter().any(of_journal)
        || salvage.damaged.iter().any(|row| of_journal(&row.table));
    let state = old.query_row("SELECT install, commits, unsettled FROM store_state", [], |row| {
        Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
    });
    let unknown = || (vec![0; InstallId::BYTES], 0, 0);
    let state = state.ok().filter(|_| !lost).unwrap_or_else(unknown);
    new.execute("UPDATE store_state SET install = ?1, commits = ?2, unsettled = ?3", state)?;
    Ok(())
}

/// What was left behind is told of by the doctor, like what lay aside before. A table
/// that could not be read to its end is named by an empty key.
fn note_salvage(old: &Connection, new: &Connection, salvage: &Salvage) -> rusqlite::Result<()> {
    let sql = "INSERT INTO damaged (table_number, key, row, noticed_ms) VALUES (?1, ?2, ?3, 0)";
    let mut note = new.prepare(sql)?;
    let earlier = || -> rusqlite::Result<Vec<(u8, Vec<u8>, Value)>> {
        let mut statement = old.prepare("SELECT table_number, key, row FROM damaged")?;
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
    };
    for row in earlier().unwrap_or_default() {
        note.execute(row)?;
    }
    for damaged in &salvage.damaged {
        note.execute((damaged.table as u8, &damaged.key, [0_u8; 0]))?;
    }
    for table in &salvage.torn {
        note.execute((*table as u8, [0_u8; 0], [0_u8; 0]))?;
    }
    Ok(())
}
