//! What the neighbourhood is called, and the zone of its clocks: an open record, since
//! the charter holds no names.

use serde::{Deserialize, Serialize};

use crate::codec;
use crate::journal::limits;
use crate::keys::EntryHash;
use crate::rows::{RowsError, Table, Tx, Typed};
use crate::time::Instant;

/// Longest name of a neighbourhood, in characters.
const PLACE_NAME_CHARS: usize = 80;
/// Longest name of a zone, in bytes.
const ZONE_BYTES: usize = 64;

/// Payload of kind `open::PLACE`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceRecord {
    /// Claimed time.
    pub at: Instant,
    /// What people call it.
    pub name: String,
    /// IANA zone of its clocks: `Europe/Paris`.
    pub zone: String,
}

impl PlaceRecord {
    /// Whether it is within its limits.
    pub fn is_valid(&self) -> bool {
        let name = self.name.trim();
        !name.is_empty()
            && name.chars().count() <= PLACE_NAME_CHARS
            && !name.chars().any(char::is_control)
            && self.zone.len() <= ZONE_BYTES
            && jiff::tz::TimeZone::get(&self.zone).is_ok()
    }
}

/// The one row of the place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceRow {
    /// The record in force.
    pub record: PlaceRecord,
    /// Its entry.
    pub entry: EntryHash,
}

/// Table of one row.
pub struct Place;
impl Typed for Place {
    const TABLE: Table = Table::Place;
    type Key = str;
    type Row = PlaceRow;
}

impl Place {
    /// The key of the one row.
    pub const KEY: &'static str = "place";
}

/// Takes a record by a coordinator in: of several the latest claimed counts, then the
/// larger hash. A name is no contest, so a claimed time may decide it.
pub fn project_place(tx: &mut Tx<'_>, hash: &EntryHash, payload: &[u8]) -> Result<(), RowsError> {
    let Ok((record, _)) = codec::decode_prefix::<PlaceRecord>(payload, limits::PAYLOAD_BYTES)
    else {
        return Ok(());
    };
    if !record.is_valid() {
        return Ok(());
    }
    let newer = match tx.row::<Place>(Place::KEY)? {
        Some(row) => (record.at, *hash) > (row.record.at, row.entry),
        None => true,
    };
    if newer {
        tx.put::<Place>(Place::KEY, &PlaceRow { record, entry: *hash });
    }
    Ok(())
}
