//! Thanks as they are written, and the rows they lie in.

use serde::{Deserialize, Serialize};

use crate::booking::records::{check_instant, within};
use crate::booking::{Holder, ProjectError, Record, RecordError};
use crate::journal::kind::{self, Kind};
use crate::journal::{Entry, Ref};
use crate::keys::{EntryHash, MemberId};
use crate::rows::{Table, Tx, Typed};
use crate::time::Instant;

/// Limits on thanks.
pub mod bounds {
    /// Longest text, in characters.
    pub const TEXT_CHARS: usize = 500;
    /// Earlier words that one may replace.
    pub const OVER: usize = 16;
    /// Words of one device about one deal that are kept.
    pub const BY_DEVICE: usize = 16;
    /// The same of one member.
    pub const BY_MEMBER: usize = 128;
}

/// Payload of kind `open::THANKS`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thanks {
    /// Claimed time.
    pub at: Instant,
    /// Who is thanked.
    pub to: MemberId,
    /// The tag of the deal: tells the two which it is, and nothing to others.
    pub deal: [u8; 32],
    /// The word; none takes it back.
    pub text: Option<String>,
    /// Earlier words of its writer that it replaces; sorted, no doubles.
    pub over: Vec<EntryHash>,
}

impl Record for Thanks {
    const KIND: Kind = kind::open::THANKS;

    fn check(&self) -> Result<(), RecordError> {
        check_instant(self.at)?;
        if let Some(text) = &self.text {
            let is_blank = text.trim().is_empty();
            within(!is_blank && text.chars().count() <= bounds::TEXT_CHARS, "text")?;
        }
        let sorted = self.over.windows(2).all(|pair| pair[0] < pair[1]);
        within(sorted && self.over.len() <= bounds::OVER, "over")
    }
}

/// A word with who wrote it and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// Its entry.
    pub entry: Ref,
    /// Who wrote it.
    pub by: Holder,
    /// What it says.
    pub record: Thanks,
}

/// All words of one member about one deal, in the order of their entries.
pub type ThanksRow = Vec<Given>;

/// who is thanked ‖ tag of the deal ‖ who thanks → words.
pub struct ThanksRows;
impl Typed for ThanksRows {
    const TABLE: Table = Table::Thanks;
    type Key = (MemberId, [u8; 32], MemberId);
    type Row = ThanksRow;
}

/// Takes in a `THANKS` entry. Whether it counts is asked on reading. Gives who is thanked.
pub fn take(
    tx: &mut Tx<'_>,
    entry: &Entry,
    at: Ref,
    by: &Holder,
) -> Result<MemberId, ProjectError> {
    let record = Thanks::from_payload(&entry.payload)?;
    let to = record.to;
    if to == by.member {
        return Err(ProjectError::Author);
    }
    let key = (to, record.deal, by.member);
    let mut row = tx.row::<ThanksRows>(&key)?.unwrap_or_default();
    let Err(place) = row.binary_search_by_key(&at.hash, |given| given.entry.hash) else {
        return Ok(to);
    };
    row.insert(place, Given { entry: at, by: *by, record });
    drop_last(&mut row, bounds::BY_DEVICE, |given| given.by.device == by.device);
    drop_last(&mut row, bounds::BY_MEMBER, |_| true);
    tx.put::<ThanksRows>(&key, &row);
    Ok(to)
}

/// Where there are more than so many, drops the one that lies last in its log: of each
/// device the first are kept, whatever came first.
fn drop_last(row: &mut ThanksRow, most: usize, of: impl Fn(&Given) -> bool) {
    let those = || row.iter().enumerate().filter(|(_, given)| of(given));
    if those().count() > most
        && let Some((last, _)) = those().max_by_key(|(_, it)| (it.entry.seq, it.entry.hash))
    {
        row.remove(last);
    }
}
