//! What the neighbourhood is called, and the zone of its clocks: an open record, since
//! the charter holds no names.

use serde::{Deserialize, Serialize};

use super::facts::entry_counts;
use crate::authority::{Authority, Body, Role};
use crate::codec;
use crate::journal::{EntryPlaces, Owner, Tip, limits, log_row};
use crate::keys::EntryHash;
use crate::listing::zone_is_named;
use crate::rows::{RowsError, Table, Tx, Typed};
use crate::time::Instant;

/// Longest name of a neighbourhood, in characters.
const PLACE_NAME_CHARS: usize = 80;

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
    /// Whether it may be written: within its limits, and of a zone that this machine
    /// knows.
    pub fn may_be_written(&self) -> bool {
        self.is_valid() && jiff::tz::TimeZone::get(&self.zone).is_ok()
    }

    /// Whether it is within its limits. The same on every machine, whatever zones it knows.
    pub fn is_valid(&self) -> bool {
        let name = self.name.trim();
        !name.is_empty()
            && name.chars().count() <= PLACE_NAME_CHARS
            && !name.chars().any(char::is_control)
            && !self.zone.is_empty()
            && zone_is_named(&self.zone)
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

/// entry hash → a record by whomever: who speaks for the neighbourhood can change.
struct PlaceClaims;
impl Typed for PlaceClaims {
    const TABLE: Table = Table::Place;
    type Key = EntryHash;
    type Row = PlaceRow;
}

/// Most records that are looked at.
const CLAIMS: usize = 65_536;

/// Files a record; [`choose_place`] says whether it counts.
pub(super) fn project_place(tx: &mut Tx<'_>, hash: &EntryHash, payload: &[u8]) {
    let Ok((record, _)) = codec::decode_prefix::<PlaceRecord>(payload, limits::PAYLOAD_BYTES)
    else {
        return;
    };
    if record.is_valid() {
        tx.put::<PlaceClaims>(hash, &PlaceRow { record, entry: *hash });
    }
}

/// Chooses the record in force: of those by coordinators the latest claimed, then the
/// larger hash; where none of them spoke, the founder's. A name is no contest, so a
/// claimed time may decide it. True where that changed anything.
pub fn choose_place(tx: &mut Tx<'_>, authority: &Authority) -> Result<bool, RowsError> {
    let founder = match authority.fact(&authority.root().act).map(|fact| &fact.body) {
        Some(Body::Found { founder, .. }) => Some(*founder),
        _ => None,
    };
    let mut best: Option<(bool, PlaceRow)> = None;
    for (key, row) in tx.rows_with_prefix::<PlaceClaims>(&[], CLAIMS)? {
        if key.as_slice() == Place::KEY.as_bytes() {
            continue;
        }
        let Some(at) = tx.row::<EntryPlaces>(&row.entry)? else { continue };
        let Some(log) = log_row(tx, &at.log)? else { continue };
        let Owner::Member(author) = log.start.descriptor.owner else { continue };
        let is_coordinator = authority.has_role(&author, Role::Coordinator);
        let tip = Tip { seq: at.seq, hash: row.entry };
        if !(is_coordinator || founder == Some(author))
            || !entry_counts(tx, authority, &at.log, &tip)?
        {
            continue;
        }
        let rank = |(speaks, row): &(bool, PlaceRow)| (*speaks, row.record.at, row.entry);
        let claim = (is_coordinator, row);
        if best.as_ref().is_none_or(|best| rank(&claim) > rank(best)) {
            best = Some(claim);
        }
    }
    let best = best.map(|(_, row)| row);
    let held = tx.row::<Place>(Place::KEY)?;
    if held == best {
        return Ok(false);
    }
    match best {
        Some(row) => tx.put::<Place>(Place::KEY, &row),
        None => tx.delete::<Place>(Place::KEY),
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Zones are added every year; a phone with last year's still shows the name.
    #[test]
    fn a_zone_that_this_machine_does_not_know_hides_no_name() {
        let place = |zone: &str| PlaceRecord {
            at: Instant(0),
            name: "Les Lilas".into(),
            zone: zone.into(),
        };
        let known = place("Europe/Paris");
        assert!(known.is_valid() && known.may_be_written());
        let of_next_year = place("Europe/Atlantis");
        assert!(of_next_year.is_valid() && !of_next_year.may_be_written());
        assert!(!place("").is_valid() && !place("no zone at all").is_valid());
    }
}
