//! Bytes altered on disk: the doctor names the rows, and a neighbour gives them back.

use std::fs;
use std::path::{Path, PathBuf};

use palier_tests::{Person, Running, binary, until};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use tempfile::TempDir;

const PAGE: usize = 4_096;

struct Neighbours {
    _root: TempDir,
    anna: Person,
    bo: Running,
    booking: String,
}

/// Two homes that hold the same: listings of both, and a deal between them.
fn neighbours() -> Option<Neighbours> {
    binary()?;
    let root = TempDir::new().unwrap();
    let anna = Person::init(root.path(), "anna")?;
    anna.must(&["hood", "found", "Ici"]);
    let bo = Person::init(root.path(), "bo")?;
    let running = anna.run(&[]);
    let link = anna.must(&["invite", "create"]).text("link");
    assert_eq!(bo.must(&["join", &link]).text("status"), "joined");
    for n in 0..6 {
        anna.must(&["listing", "add", "tool", "--title", &format!("Of Anna {n}")]);
    }
    let place = anna.must(&["listing", "add", "parking", "--title", "Place 14"]).text("id");
    let bo = bo.run(&["--peer", &running.address()]);
    for n in 0..3 {
        bo.person.must(&["listing", "add", "tool", "--title", &format!("Of Bo {n}")]);
    }
    let (start, end) = ("2031-05-01T10:00:00+02:00", "2031-05-01T12:00:00+02:00");
    let request = ["booking", "request", &place, "--start", start, "--end", end];
    until("bo can ask for the place", || bo.person.say(&["listing", "show", &place]).exit == 0);
    let booking = bo.person.must(&request).text("id");
    until("anna sees the request", || anna.say(&["booking", "show", &booking]).exit == 0);
    anna.must(&["booking", "accept", &booking]);
    until("both hold the same", || same(&anna, &bo.person));
    until("bo sees the answer", || status_of(&bo.person, &booking) == "confirmed");
    drop(running);
    // The log goes into the database when the home is closed in order.
    anna.must(&["--offline", "status"]);
    Some(Neighbours { _root: root, anna, bo, booking })
}

fn status_of(person: &Person, booking: &str) -> String {
    person.say(&["booking", "show", booking]).text("status")
}

fn same(one: &Person, other: &Person) -> bool {
    let digest = |person: &Person| person.must(&["status"]).json["open_digest"].clone();
    digest(one) == digest(other)
}

fn database(person: &Person) -> PathBuf {
    let hoods = fs::read_dir(person.home.join("hoods")).unwrap();
    hoods.flatten().next().unwrap().path().join("palier.db")
}

/// Where the bytes of some rows of a table lie in the file: the n-th that is found there.
fn place_of_row(file: &Path, bytes: &[u8], table: &str, n: usize) -> Option<usize> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let connection = Connection::open_with_flags(file, flags).unwrap();
    let is_heap: bool = connection
        .prepare(&format!("SELECT * FROM {table} LIMIT 0"))
        .unwrap()
        .column_names()
        .into_iter()
        .any(|name| name == "id");
    let mut rows = connection.prepare(&format!("SELECT key, sum, row FROM {table}")).unwrap();
    let rows = rows
        .query_map([], |row| {
            Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?, row.get::<_, Vec<u8>>(2)?))
        })
        .unwrap();
    let places = rows.flatten().filter(|(_, _, row)| !row.is_empty()).filter_map(|it| {
        let (key, sum, row) = it;
        let sum = sum.to_be_bytes();
        // As SQLite lays the columns out; long rows go on elsewhere after their beginning.
        let (before, after) = if is_heap { (&sum[..], &[][..]) } else { (&[][..], &sum[..]) };
        let after = if row.len() < 200 { after } else { &[] };
        let head = if row.len() < 200 { &row[..] } else { &row[..16] };
        let needle = [&key, before, head, after].concat();
        let at = bytes.windows(needle.len()).rposition(|window| window == needle)?;
        Some(at + key.len() + before.len())
    });
    places.collect::<Vec<_>>().get(n).copied()
}

fn tables_named(doctor: &Value) -> Vec<String> {
    let rows = doctor["quarantined"].as_array().cloned().unwrap_or_default();
    rows.iter().map(|row| row["table"].as_str().unwrap_or_default().to_owned()).collect()
}

/// After a sync: both hold the same, what was agreed is still seen, nothing is wrong.
fn assert_healed(it: &Neighbours, what: &str) {
    it.anna.must(&["sync", "--peer", &it.bo.address(), "--within", "30s"]);
    until(&format!("{what}: both hold the same"), || {
        let done = same(&it.anna, &it.bo.person);
        if !done {
            it.anna.say(&["sync", "--peer", &it.bo.address(), "--within", "10s"]);
        }
        done
    });
    let doctor = it.anna.must(&["--offline", "doctor"]).json;
    assert_eq!((&doctor["ok"], &doctor["forks"]), (&true.into(), &Value::Array(vec![])), "{what}");
    let listed = it.anna.must(&["--offline", "listing", "list"]).json["items"].clone();
    assert_eq!(listed.as_array().map(Vec::len), Some(10), "{what}");
    assert_eq!(status_of(&it.anna, &it.booking), "confirmed", "{what}");
}

#[test]
fn altered_rows_of_every_table_are_named_and_a_neighbour_heals_them() {
    let Some(it) = neighbours() else { return };
    let file = database(&it.anna);
    // A few entries first (the deal's, a listing's, one of the charter), each alone.
    for n in [0, 3, 9, 15] {
        let mut bytes = fs::read(&file).unwrap();
        let at = place_of_row(&file, &bytes, "entries", n).expect("an entry is on disk");
        bytes[at] ^= 0x55;
        fs::write(&file, bytes).unwrap();
        let doctor = it.anna.must(&["--offline", "doctor"]).json;
        assert_eq!(
            (&doctor["ok"], tables_named(&doctor).contains(&"entries".into())),
            (&false.into(), true),
            "entry {n}: {doctor}"
        );
        // Lost is lost until it is back, however often one asks.
        let again = it.anna.must(&["--offline", "doctor"]).json;
        assert!(tables_named(&again).contains(&"entries".into()), "entry {n}: {again}");
        assert_healed(&it, &format!("entry {n}"));
    }
    // Then something of everything, at once.
    let tables = [
        "entries",
        "entry_places",
        "entry_order",
        "logs",
        "documents",
        "listings",
        "objects",
        "profiles",
        "calendars",
        "decisions",
        "bookings",
        "deal_keys",
        "epoch_secrets",
        "own_logs",
        "settings",
        "cursors",
    ];
    let mut bytes = fs::read(&file).unwrap();
    let mut altered = Vec::new();
    for table in tables {
        if let Some(at) = place_of_row(&file, &bytes, table, 0) {
            bytes[at] ^= 0x55;
            altered.push(table.to_owned());
        }
    }
    assert!(altered.len() > 12, "{altered:?}");
    fs::write(&file, bytes).unwrap();
    let doctor = it.anna.must(&["--offline", "doctor"]).json;
    let named = tables_named(&doctor);
    let unnamed: Vec<_> = altered.iter().filter(|table| !named.contains(table)).collect();
    assert!(unnamed.is_empty(), "{unnamed:?} of {altered:?}: {doctor}");
    assert_healed(&it, "something of everything");
}

#[test]
fn a_torn_page_of_entries_costs_nothing_that_a_neighbour_has() {
    let Some(it) = neighbours() else { return };
    let file = database(&it.anna);
    let mut bytes = fs::read(&file).unwrap();
    let at = place_of_row(&file, &bytes, "entries", 5).expect("an entry is on disk");
    let page = at / PAGE * PAGE;
    bytes[page..page + PAGE].fill(0xa5);
    fs::write(&file, bytes).unwrap();
    let doctor = it.anna.must(&["--offline", "doctor"]).json;
    assert!(tables_named(&doctor).contains(&"entries".to_owned()), "{doctor}");
    assert_healed(&it, "a torn page");
}

#[test]
fn a_home_met_with_damage_while_it_runs_mends_itself_and_asks_again() {
    let Some(it) = neighbours() else { return };
    let file = database(&it.anna);
    let mut bytes = fs::read(&file).unwrap();
    for table in ["entries", "listings", "objects"] {
        let at = place_of_row(&file, &bytes, table, 1).expect("a row is on disk");
        bytes[at] ^= 0x55;
    }
    fs::write(&file, bytes).unwrap();
    let running = it.anna.run(&["--peer", &it.bo.address()]);
    // Whatever meets the damage first, nobody has to call the doctor.
    until("what was lost is back", || {
        let listed = it.anna.say(&["listing", "list"]).json["items"].clone();
        listed.as_array().map(Vec::len) == Some(10) && same(&it.anna, &it.bo.person)
    });
    drop(running);
}

/// The power fails, and a byte of the log of writes is wrong when it is back: SQLite drops
/// all that lies behind it, so the home is older than what it had promised. It goes on
/// writing before it meets anybody, and still what a neighbour had counts.
#[test]
fn a_byte_altered_in_the_log_of_writes_costs_nothing_that_a_neighbour_has() {
    let Some(it) = neighbours() else { return };
    let running = it.anna.run(&["--peer", &it.bo.address()]);
    let bo = &it.bo.person;
    let place = bo.must(&["booking", "show", &it.booking]).text("listing");
    let (start, end) = ("2031-06-01T10:00:00+02:00", "2031-06-01T12:00:00+02:00");
    for n in 0..4 {
        it.anna.must(&["listing", "add", "tool", "--title", &format!("Behind {n}")]);
    }
    let asked = bo.must(&["booking", "request", &place, "--start", start, "--end", end]);
    let promised = asked.text("id");
    until("anna sees the request", || it.anna.say(&["booking", "show", &promised]).exit == 0);
    it.anna.must(&["booking", "accept", &promised]);
    until("bo has all of it", || same(&it.anna, bo) && status_of(bo, &promised) == "confirmed");
    running.kill();
    let log = database(&it.anna).with_extension("db-wal");
    let mut bytes = fs::read(&log).unwrap();
    assert!(bytes.len() > 8 * PAGE, "{} bytes of log", bytes.len());
    // In the first frame: nothing of what was written since the opening is left.
    bytes[32 + 24 + PAGE / 2] ^= 0x40;
    fs::write(&log, bytes).unwrap();
    let held = || it.anna.must(&["--offline", "listing", "list"]).json["items"].clone();
    let titles = |items: &Value| {
        let items = items.as_array().cloned().unwrap_or_default();
        items.iter().map(|it| it["title"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let before: Vec<String> = titles(&held());
    assert!(!before.iter().any(|title| title == "Behind 3"), "nothing was lost: {before:?}");
    it.anna.must(&["--offline", "listing", "add", "tool", "--title", "After"]);
    it.anna.must(&["sync", "--peer", &it.bo.address(), "--within", "30s"]);
    until("both hold the same", || {
        let done = same(&it.anna, bo);
        if !done {
            it.anna.say(&["sync", "--peer", &it.bo.address(), "--within", "10s"]);
        }
        done
    });
    for person in [&it.anna, bo] {
        let all: Vec<String> = titles(&person.must(&["listing", "list"]).json["items"]);
        for title in ["Behind 0", "Behind 3", "After", "Of Anna 0", "Of Bo 2"] {
            assert!(all.iter().any(|it| it == title), "{title} is not in {all:?}");
        }
        for booking in [&it.booking, &promised] {
            assert_eq!(status_of(person, booking), "confirmed");
        }
    }
    let doctor = it.anna.must(&["--offline", "doctor"]).json;
    assert_eq!((&doctor["ok"], &doctor["forks"]), (&true.into(), &Value::Array(vec![])));
}
