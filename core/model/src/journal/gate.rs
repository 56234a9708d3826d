//! The gate, first part: carriage. Decides what is stored and passed on, without any
//! key, as a function of charter, identity and the logs; never of clock or arrival.
//!
//! The order of checks is the order of their cost: sizes, right to write, chain,
//! signature, caps. A run that breaks a rule loses what comes after its last good
//! signature; what came before is kept.

use super::entry::{Entry, LogStart, verify_entry};
use super::log::{
    DocumentRow, Documents, Entries, EntryPlace, EntryPlaces, LogRow, Logs, LogsByDocument, Tip,
    Waiting, log_row,
};
use super::rights::{Right, Rights};
use super::run::{Run, entry_bytes};
use super::{limits, order};
use crate::codec;
use crate::keys::{EntryHash, LogId};
use crate::rows::{RowsError, Tx};

/// Largest payload of entry 0, in bytes.
const LOG_START_BYTES: usize = 1_024;
/// Branches a log may have before further ones are not stored.
const BRANCHES: usize = 256;
/// Entries waiting for one that are looked at.
const WAITERS: usize = 1_024;

/// Which rule a run broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RefusalCode {
    /// Header, payload or order of causes is malformed.
    Malformed,
    /// Entry 0 does not fit its document.
    Start,
    /// The author is not known here; another time perhaps.
    UnknownAuthor,
    /// The author has no right to write there.
    NoRight(&'static str),
    /// It does not follow from what is held.
    Chain,
    /// A signature is bad, missing at the end, or too far from the next.
    Signature,
    /// The log is full.
    Full,
    /// Too far past the closing of its log.
    Closed,
}

impl RefusalCode {
    /// The stable code, as scripts see it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "gate.malformed",
            Self::Start => "gate.start",
            Self::UnknownAuthor => "gate.unknown_author",
            Self::NoRight(code) => code,
            Self::Chain => "gate.chain",
            Self::Signature => "gate.signature",
            Self::Full => "gate.full",
            Self::Closed => "gate.closed",
        }
    }
}

/// A run, or the rest of one, that was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// Which rule.
    pub code: RefusalCode,
    /// The log.
    pub log: LogId,
    /// Entries not taken.
    pub entries: usize,
}

/// What became of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// Entries that are new here, in order.
    pub accepted: Vec<EntryHash>,
    /// What was not taken, and why.
    pub refused: Option<Refusal>,
}

/// Takes a run in, as far as it is good.
pub fn accept(tx: &mut Tx<'_>, rights: &dyn Rights, run: &Run) -> Result<Verdict, RowsError> {
    let Some(first) = run.entries.first() else { return Ok(Verdict::default()) };
    let log = first.header.log_id();
    let refuse = |code, entries| Refusal { code, log, entries };
    let place = match place_of(tx, rights, &log, first)? {
        Ok(place) => place,
        Err(code) => {
            return Ok(Verdict {
                accepted: Vec::new(),
                refused: Some(refuse(code, run.entries.len())),
            });
        }
    };
    let (good, hashes, fault) = check_chain(tx, rights, &log, &place, &run.entries)?;
    let accepted = store(tx, &log, place, &run.entries[..good], &hashes[..good])?;
    let refused = fault.map(|code| refuse(code, run.entries.len() - good));
    Ok(Verdict { accepted, refused })
}

/// Where a run is to be put.
struct Place {
    row: LogRow,
    is_new: bool,
    /// What lies before it since the last signature that is held.
    unsigned: Unsigned,
}

/// Entries since a signature, and their bytes.
#[derive(Debug, Clone, Copy, Default)]
struct Unsigned {
    entries: usize,
    bytes: usize,
}

impl Unsigned {
    fn add(&mut self, entry: &Entry) {
        self.entries += 1;
        self.bytes += entry_bytes(entry);
    }

    /// Whether the next signature comes too late.
    const fn is_too_far(self) -> bool {
        self.entries > limits::RUN_SIGNATURE_ENTRIES
            || (self.bytes > limits::RUN_SIGNATURE_BYTES && self.entries > 1)
    }
}

/// What lies unsigned before an entry that follows `previous`; none where that is not held.
/// A branch may leave the log between two signatures: whoever is handed it later needs one
/// as near as everywhere else.
fn unsigned_before(
    tx: &Tx<'_>,
    log: &LogId,
    before: u64,
    previous: EntryHash,
) -> Result<Option<Unsigned>, RowsError> {
    let (mut unsigned, mut at) = (Unsigned::default(), Tip { seq: before, hash: previous });
    loop {
        let held = tx.row::<Entries>(&(*log, (at.seq, at.hash)))?;
        let Some(entry) = held else { return Ok(None) };
        if entry.signature.is_some() || unsigned.is_too_far() {
            return Ok(Some(unsigned));
        }
        unsigned.add(&entry);
        let Some(seq) = at.seq.checked_sub(1) else { return Ok(Some(unsigned)) };
        at = Tip { seq, hash: entry.header.previous };
    }
}

fn place_of(
    tx: &Tx<'_>,
    rights: &dyn Rights,
    log: &LogId,
    first: &Entry,
) -> Result<Result<Place, RefusalCode>, RowsError> {
    if let Err(code) = check_entry(first) {
        return Ok(Err(code));
    }
    if let Some(row) = log_row(tx, log)? {
        let Some(before) = first.header.seq.checked_sub(1) else {
            return Ok(Ok(Place { row, is_new: false, unsigned: Unsigned::default() }));
        };
        let unsigned = unsigned_before(tx, log, before, first.header.previous)?;
        let place = unsigned.map(|unsigned| Place { row, is_new: false, unsigned });
        return Ok(place.ok_or(RefusalCode::Chain));
    }
    if first.header.seq != 0 {
        return Ok(Err(RefusalCode::Chain));
    }
    let Ok(start) = codec::decode::<LogStart>(&first.payload, LOG_START_BYTES) else {
        return Ok(Err(RefusalCode::Start));
    };
    if !start.descriptor.is_well_formed() {
        return Ok(Err(RefusalCode::Start));
    }
    Ok(match rights.may_open(log, &start) {
        Right::UnknownAuthor => Err(RefusalCode::UnknownAuthor),
        Right::Refused(code) => Err(RefusalCode::NoRight(code)),
        Right::Granted => {
            let document = start.descriptor.id();
            let row = LogRow { document, start, tips: Vec::new(), entries: 0, bytes: 0 };
            Ok(Place { row, is_new: true, unsigned: Unsigned::default() })
        }
    })
}

fn check_entry(entry: &Entry) -> Result<(), RefusalCode> {
    // The payload's hash was computed when the run was unpacked, so only sizes and
    // shape are left.
    entry.header.check().map_err(|_| RefusalCode::Malformed)
}

/// How many entries from the first are good, their hashes, and what stopped it.
type Checked = (usize, Vec<EntryHash>, Option<RefusalCode>);

fn check_chain(
    tx: &Tx<'_>,
    rights: &dyn Rights,
    log: &LogId,
    place: &Place,
    entries: &[Entry],
) -> Result<Checked, RowsError> {
    let cap = rights.cap(place.row.start.descriptor.class);
    let closing = rights.closing(log, &place.row.start);
    let device = &place.row.start.device;
    let mut hashes: Vec<EntryHash> = Vec::with_capacity(entries.len());
    let (mut good, mut unsigned) = (0, place.unsigned);
    // What is held already comes first, if any is.
    let mut is_held = !place.is_new;
    for (index, entry) in entries.iter().enumerate() {
        let header = &entry.header;
        if let Err(code) = check_entry(entry) {
            return Ok((good, hashes, Some(code)));
        }
        if index > 0 {
            let follows = header.log == *log
                && entries[index - 1].header.seq.checked_add(1) == Some(header.seq)
                && hashes.last() == Some(&header.previous);
            if !follows {
                return Ok((good, hashes, Some(RefusalCode::Chain)));
            }
        }
        if header.seq >= cap {
            return Ok((good, hashes, Some(RefusalCode::Full)));
        }
        if closing.is_some_and(|tip| header.seq > tip.seq.saturating_add(limits::PAST_CLOSING)) {
            return Ok((good, hashes, Some(RefusalCode::Closed)));
        }
        let hash = header.hash();
        hashes.push(hash);
        let held = match is_held {
            true => tx.row::<Entries>(&(*log, (header.seq, hash)))?,
            false => None,
        };
        is_held = held.is_some();
        unsigned.add(entry);
        if unsigned.is_too_far() {
            return Ok((good, hashes, Some(RefusalCode::Signature)));
        }
        let was_signed = held.is_some_and(|held| held.signature.is_some());
        if let Some(signature) = entry.signature.as_ref().filter(|_| !was_signed)
            && verify_entry(&hash, signature, device).is_err()
        {
            return Ok((good, hashes, Some(RefusalCode::Signature)));
        }
        if was_signed || entry.signature.is_some() {
            good = index + 1;
            unsigned = Unsigned::default();
        }
    }
    let fault = (good < entries.len()).then_some(RefusalCode::Signature);
    Ok((good, hashes, fault))
}

fn store(
    tx: &mut Tx<'_>,
    log: &LogId,
    place: Place,
    entries: &[Entry],
    hashes: &[EntryHash],
) -> Result<Vec<EntryHash>, RowsError> {
    let mut accepted = Vec::new();
    let mut n = order::position(tx)?.n;
    let Place { mut row, is_new, .. } = place;
    let mut document = tx
        .row::<Documents>(&row.document)?
        .unwrap_or_else(|| DocumentRow { descriptor: row.start.descriptor, frontier: Vec::new() });
    for (entry, hash) in entries.iter().zip(hashes) {
        let key = (*log, (entry.header.seq, *hash));
        if tx.has::<EntryPlaces>(hash)? {
            keep_signature(tx, &key, entry)?;
            continue;
        }
        extend_tips(&mut row.tips, entry, *hash);
        if row.tips.len() > BRANCHES {
            break;
        }
        extend_frontier(tx, &mut document.frontier, entry, *hash)?;
        row.entries += 1;
        row.bytes = row.bytes.saturating_add(entry_bytes(entry) as u64);
        tx.put::<Entries>(&key, entry);
        n += 1;
        tx.put::<EntryPlaces>(hash, &EntryPlace { log: *log, seq: entry.header.seq, n });
        accepted.push(*hash);
    }
    if accepted.is_empty() {
        return Ok(accepted);
    }
    tx.put::<Documents>(&row.document, &document);
    if is_new {
        tx.put::<LogsByDocument>(&(row.document, *log), &());
    }
    tx.put::<Logs>(log, &row);
    order::push(tx, &accepted)?;
    Ok(accepted)
}

/// Adds the signature to an entry that is held without one: a branch may follow it.
fn keep_signature(
    tx: &mut Tx<'_>,
    key: &(LogId, (u64, EntryHash)),
    entry: &Entry,
) -> Result<(), RowsError> {
    let held = tx.row::<Entries>(key)?;
    if entry.signature.is_some() && held.is_some_and(|held| held.signature.is_none()) {
        tx.put::<Entries>(key, entry);
    }
    Ok(())
}

/// Moves the frontier past an entry. One that arrives after an entry naming it is no
/// frontier any more; a cause that is not here yet is noted as waited for.
fn extend_frontier(
    tx: &mut Tx<'_>,
    frontier: &mut Vec<EntryHash>,
    entry: &Entry,
    hash: EntryHash,
) -> Result<(), RowsError> {
    let header = &entry.header;
    frontier.retain(|head| *head != header.previous && !header.causes.contains(head));
    for cause in &header.causes {
        if !tx.has::<EntryPlaces>(cause)? {
            tx.put::<Waiting>(&(*cause, hash), &());
        }
    }
    if !is_named(tx, &hash)?
        && let Err(at) = frontier.binary_search(&hash)
    {
        frontier.insert(at, hash);
    }
    Ok(())
}

/// Whether an entry that waits for this one names it as a cause. The first of a log only
/// goes on from it.
fn is_named(tx: &Tx<'_>, hash: &EntryHash) -> Result<bool, RowsError> {
    for (key, ()) in tx.rows_with_prefix::<Waiting>(&hash.0, WAITERS)? {
        let Some(waiter) = key.get(32..).and_then(EntryHash::from_slice) else { continue };
        if tx.row::<EntryPlaces>(&waiter)?.is_none_or(|place| place.seq > 0) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn extend_tips(tips: &mut Vec<Tip>, entry: &Entry, hash: EntryHash) {
    let seq = entry.header.seq;
    tips.retain(|tip| seq == 0 || tip.hash != entry.header.previous);
    tips.push(Tip { seq, hash });
    tips.sort_unstable();
}

/// Stores an entry of this device's own making; its log is given.
pub(super) fn store_own(
    tx: &mut Tx<'_>,
    log: &LogId,
    row: Option<LogRow>,
    start: &LogStart,
    entry: &Entry,
) -> Result<EntryHash, RowsError> {
    let is_new = row.is_none();
    let row = row.unwrap_or_else(|| LogRow {
        document: start.descriptor.id(),
        start: start.clone(),
        tips: Vec::new(),
        entries: 0,
        bytes: 0,
    });
    let hash = entry.hash();
    store(
        tx,
        log,
        Place { row, is_new, unsigned: Unsigned::default() },
        std::slice::from_ref(entry),
        &[hash],
    )?;
    Ok(hash)
}
