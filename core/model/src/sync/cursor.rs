//! Cursors: how far one node has read another's order of acceptance. Reconnecting costs
//! one small round trip, however many documents there are.

use serde::{Deserialize, Serialize};

use crate::journal::{Class, Descriptor, Period, Position, hash_at};
use crate::keys::DeviceId;
use crate::rows::{RowsError, Table, Tx, Typed};

/// A store: new at install, restore and clone, so that no cursor outlives what it is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StoreId(pub [u8; 16]);

/// How far a store's order has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The store.
    pub store: StoreId,
    /// How far, with the rolling hash there.
    pub position: Position,
}

/// The lowest period wanted of a class; none given means all of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Interest {
    /// (class, lowest number of period), sorted, each class once.
    pub floors: Vec<(Class, u32)>,
}

impl Interest {
    /// Everything.
    pub fn full() -> Self {
        Self::default()
    }

    /// Whether it is written as it must be.
    pub fn is_bounded(&self) -> bool {
        self.floors.len() <= Class::ALL.len() && self.floors.windows(2).all(|w| w[0].0 < w[1].0)
    }

    /// What both sides want.
    pub fn intersect(&self, other: &Self) -> Self {
        let floors = Class::ALL
            .iter()
            .filter_map(|class| {
                let floor = self.floor(*class).max(other.floor(*class));
                (floor > 0).then_some((*class, floor))
            })
            .collect();
        Self { floors }
    }

    /// Whether a document is wanted. Charter and identity always are.
    pub fn covers(&self, descriptor: &Descriptor) -> bool {
        let period = period_number(&descriptor.period);
        period == 0 || descriptor.class.comes_first() || period >= self.floor(descriptor.class)
    }

    fn floor(&self, class: Class) -> u32 {
        self.floors.iter().find(|(of, _)| *of == class).map_or(0, |(_, floor)| *floor)
    }
}

/// Quarters since the year −32768, from 4; 0 for what has no time.
pub fn period_number(period: &Period) -> u32 {
    let quarters = |year: i16, quarter: u8| {
        let years = u32::from(year.abs_diff(i16::MIN));
        years * 4 + u32::from(quarter.min(3)) + 4
    };
    match period {
        Period::Ever | Period::Object(_) => 0,
        Period::Year(year) => quarters(*year, 0),
        Period::Quarter(year, quarter) => quarters(*year, *quarter),
    }
}

/// What is kept of a peer: how far it has been read, and with which interest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CursorRow {
    /// How far.
    pub cursor: Cursor,
    /// What was asked for while reading.
    pub interest: Interest,
}

/// device id → cursor on its store.
pub struct Cursors;
impl Typed for Cursors {
    const TABLE: Table = Table::Cursors;
    type Key = DeviceId;
    type Row = CursorRow;
}

/// How far a device's store has been read with this interest.
pub fn load(
    tx: &Tx<'_>,
    device: &DeviceId,
    interest: &Interest,
) -> Result<Option<Cursor>, RowsError> {
    let row = tx.row::<Cursors>(device)?;
    Ok(row.filter(|row| row.interest == *interest).map(|row| row.cursor))
}

/// Keeps how far a device's store has been read.
pub fn save(tx: &mut Tx<'_>, device: &DeviceId, row: &CursorRow) {
    tx.put::<Cursors>(device, row);
}

/// Whether a peer's cursor names this store and a point its order really went through.
pub fn is_good(tx: &Tx<'_>, store: &StoreId, cursor: &Cursor) -> Result<bool, RowsError> {
    Ok(cursor.store == *store && hash_at(tx, cursor.position.n)? == Some(cursor.position.hash))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Owner;
    use crate::keys::{HoodHash, MemberId};
    use crate::time::Instant;

    #[test]
    fn the_later_floor_of_two_interests_holds_and_charter_is_always_wanted() {
        let at =
            |year| Instant(i64::from(year - 1970) * 365 * Instant::DAY_MS + Instant::DAY_MS * 40);
        let owner = Owner::Member(MemberId([1; 32]));
        let open = |year| Descriptor::open(HoodHash([2; 32]), owner, at(year));
        let floor = |year| period_number(&Period::Year(year));
        let a = Interest { floors: vec![(Class::Open, floor(2020))] };
        let b = Interest { floors: vec![(Class::Open, floor(2022))] };
        let both = a.intersect(&b);
        assert!(!both.covers(&open(2021)) && both.covers(&open(2022)));
        assert!(a.covers(&open(2021)));
        assert!(both.covers(&Descriptor::charter(HoodHash([2; 32]))));
        assert_eq!(Interest::full().intersect(&Interest::full()), Interest::full());
    }
}
