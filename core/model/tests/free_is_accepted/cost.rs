//! A question costs what lies around it, not the size of the calendar.

use std::cell::Cell;
use std::time::Instant as Clock;

use palier_model::booking::availability::Asker;
use palier_model::booking::{CalendarSlots, Calendars, DomainView, Footing, Held, slot_key};
use palier_model::keys::DocId;
use palier_model::rows::{MemoryRows, RawRow, Rows, RowsError, Table, Tx};
use palier_model::time::{Instant, Interval};

use super::{Dice, ME, World, booking, hash};

const HOUR_MS: i64 = 3_600_000;
const START_MS: i64 = 1_800_000_000_000;

/// Rows that count how many of them are read.
struct Counted<'a> {
    rows: &'a MemoryRows,
    read: Cell<usize>,
}

impl Rows for Counted<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, RowsError> {
        self.read.set(self.read.get() + 1);
        self.rows.get(table, key)
    }

    fn scan(
        &self,
        table: Table,
        from: &[u8],
        to: &[u8],
        reverse: bool,
        limit: usize,
    ) -> Result<Vec<RawRow>, RowsError> {
        let rows = self.rows.scan(table, from, to, reverse, limit)?;
        self.read.set(self.read.get() + 1 + rows.len());
        Ok(rows)
    }
}

/// A pool with one booking after another, of an hour up to four days, some until notice.
fn calendar(count: usize) -> (MemoryRows, DocId) {
    let mut dice = Dice(3);
    let view = World::new(&mut dice).view();
    let resource = view.row.record.resources[0].listing;
    let mut rows = MemoryRows::default();
    let mut tx = Tx::new(&rows);
    tx.put::<Calendars>(&view.id, &view.row);
    for n in 0..count {
        let start = Instant(START_MS + n as i64 * HOUR_MS);
        let length = HOUR_MS * [1, 2, 5, 24, 96][n % 5];
        let end = (n % 1_000 != 999 || n < count - 1_000).then(|| start.plus_ms(length));
        let held = Held {
            booking: booking(n),
            resource,
            interval: Interval { start, end },
            quantity: 1,
            firm: true,
            place: n as u32,
            decided_by: ME,
            decision: hash(n),
            resized: None,
        };
        tx.put::<CalendarSlots>(&slot_key(&view.id, &held.interval, &held.booking), &held);
    }
    let writes = tx.into_writes();
    rows.commit(writes);
    (rows, resource)
}

#[test]
fn a_question_reads_what_lies_around_it_not_the_whole_calendar() {
    let mut read = Vec::new();
    for count in [2_000, 20_000, 200_000] {
        let (rows, resource) = calendar(count);
        let counted = Counted { rows: &rows, read: Cell::new(0) };
        let tx = Tx::new(&counted);
        // An hour in the middle: what an acceptance looks at.
        let start = Instant(START_MS + count as i64 / 2 * HOUR_MS);
        let wanted = Interval { start, end: Some(start.plus_ms(HOUR_MS)) };
        let begun = Clock::now();
        let view = DomainView::over(&tx, &hash(9_999), &wanted).unwrap().unwrap();
        let asker = Asker { footing: Footing::NEAREST, mine: &[], now: Instant(0) };
        view.why_not(&resource, &wanted, 1, &asker).unwrap();
        let one = (counted.read.replace(0), begun.elapsed());
        // A month: what a person looks at.
        let month = Interval { start, end: Some(start.plus_ms(30 * 24 * HOUR_MS)) };
        let begun = Clock::now();
        let view = DomainView::over(&tx, &hash(9_999), &month).unwrap().unwrap();
        view.free(&resource, &month).unwrap();
        let all = (counted.read.replace(0), begun.elapsed());
        println!("{count} bookings: an hour {one:?}, a month {all:?}");
        read.push((one.0, all.0));
    }
    let [small, _, large] = read.as_slice() else { panic!("three sizes") };
    assert!(large.0 <= small.0 + 8 && large.1 <= small.1 + 8, "{read:?}");
    assert!(large.0 < 500 && large.1 < 2_000, "{read:?}");
}
