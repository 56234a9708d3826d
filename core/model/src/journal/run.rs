//! Runs: how entries travel. Consecutive entries of one log, what their headers share
//! said once, compressed, with a signature at least every 64 entries and 64 KiB and
//! always on the last: the chain makes it vouch for all before.

use serde::{Deserialize, Serialize};

use super::entry::{Entry, HEADER_VERSION, Header, Signature};
use super::log::{Entries, LogRow, Tip, log_row, missing_paths};
use super::{kind, limits};
use crate::codec::{self, DecodeError};
use crate::keys::{EntryHash, LogId};
use crate::rows::{Key, Rows, RowsError, Table, Tx};

/// Version of the run encoding.
const RUN_VERSION: u8 = 1;
/// The body lies there as it is.
const RAW: u8 = 0;
/// The body is deflated (RFC 1951).
const DEFLATED: u8 = 1;
/// Bodies smaller than this are not worth compressing.
const COMPRESS_FROM_BYTES: usize = 256;
/// What one entry costs in a body beside causes and payload, at most.
const ENTRY_OVERHEAD_BYTES: usize = 96;

/// Why bytes are no run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// Not the shape of a run.
    #[error("run: {0}")]
    Decode(#[from] DecodeError),
    /// A version or way of packing that is not known here.
    #[error("a run of a version not known here")]
    Version,
    /// Unpacks to more than allowed, or not at all.
    #[error("a run that cannot be unpacked within its limit")]
    Unpack,
    /// No entries, or too many.
    #[error("a run of no or too many entries")]
    Count,
}

/// Consecutive entries of one log, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The entries. The first continues something the receiver holds, or is entry 0.
    pub entries: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Body {
    log: LogId,
    first_seq: u64,
    previous: EntryHash,
    entries: Vec<Item>,
}

#[derive(Serialize, Deserialize)]
struct Item {
    causes: Vec<EntryHash>,
    kind: kind::Kind,
    #[serde(with = "serde_bytes")]
    payload: Vec<u8>,
    signature: Option<Signature>,
}

impl Run {
    /// The run as it travels.
    pub fn to_bytes(&self) -> Vec<u8> {
        let first = self.entries.first().map(|entry| &entry.header);
        let body = codec::encode(&Body {
            log: first.map_or(LogId::ZERO, |header| header.log),
            first_seq: first.map_or(0, |header| header.seq),
            previous: first.map_or(EntryHash::ZERO, |header| header.previous),
            entries: self
                .entries
                .iter()
                .map(|entry| Item {
                    causes: entry.header.causes.clone(),
                    kind: entry.header.kind,
                    payload: entry.payload.clone(),
                    signature: entry.signature,
                })
                .collect(),
        });
        if body.len() >= COMPRESS_FROM_BYTES {
            let packed = miniz_oxide::deflate::compress_to_vec(&body, 6);
            if packed.len() < body.len() {
                return [&[RUN_VERSION, DEFLATED], packed.as_slice()].concat();
            }
        }
        [&[RUN_VERSION, RAW], body.as_slice()].concat()
    }

    /// A run from bytes, bounded before anything is allocated. Headers are rebuilt, so
    /// that hashes are those of what really came.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RunError> {
        if bytes.len() > limits::RUN_BYTES {
            let (size, limit) = (bytes.len(), limits::RUN_BYTES);
            return Err(DecodeError::TooLong { size, limit }.into());
        }
        let unpacked;
        let body: &[u8] = match bytes {
            [RUN_VERSION, RAW, body @ ..] => body,
            [RUN_VERSION, DEFLATED, packed @ ..] => {
                unpacked =
                    miniz_oxide::inflate::decompress_to_vec_with_limit(packed, limits::RUN_BYTES)
                        .map_err(|_| RunError::Unpack)?;
                &unpacked
            }
            _ => return Err(RunError::Version),
        };
        let body: Body = codec::decode(body, limits::RUN_BYTES)?;
        if body.entries.is_empty() || body.entries.len() > limits::RUN_ENTRIES {
            return Err(RunError::Count);
        }
        let mut log = body.log;
        let mut previous = body.previous;
        let mut seq = body.first_seq;
        let mut entries = Vec::with_capacity(body.entries.len());
        for item in body.entries {
            let header = Header {
                version: HEADER_VERSION,
                log,
                seq,
                previous,
                causes: item.causes,
                kind: item.kind,
                payload_len: u32::try_from(item.payload.len()).unwrap_or(u32::MAX),
                payload_hash: *blake3::hash(&item.payload).as_bytes(),
            };
            previous = header.hash();
            if seq == 0 {
                log = LogId(previous.0);
            }
            seq = seq.checked_add(1).ok_or(RunError::Count)?;
            entries.push(Entry { header, payload: item.payload, signature: item.signature });
        }
        Ok(Self { entries })
    }

    /// What whoever holds `have` of a log lacks, oldest first, up to about `max_bytes`
    /// of entries. Every run ends in a signature and can be taken in alone.
    pub fn collect(
        tx: &Tx<'_>,
        log: &LogId,
        have: &[Tip],
        max_bytes: usize,
    ) -> Result<Vec<Self>, RowsError> {
        let Some(row) = log_row(tx, log)? else { return Ok(Vec::new()) };
        if row.is_linear() {
            collect_linear(tx, log, have, max_bytes)
        } else {
            collect_branches(tx, log, &row, have, max_bytes)
        }
    }

    /// Signatures that the rule of 64 entries and 64 KiB does not ask for are dropped.
    pub fn thin(&mut self) {
        let Some(last) = self.entries.len().checked_sub(1) else { return };
        let (mut count, mut bytes) = (0, 0);
        for index in (0..last).rev() {
            let later = &self.entries[index + 1];
            count += 1;
            bytes += entry_bytes(later);
            let entry = &self.entries[index];
            // Keep it if the next signed one before it would come too late.
            let room = count < limits::RUN_SIGNATURE_ENTRIES / 2
                && bytes + entry_bytes(entry) < limits::RUN_SIGNATURE_BYTES / 2;
            if entry.signature.is_some() && room {
                self.entries[index].signature = None;
            } else if entry.signature.is_some() {
                (count, bytes) = (0, 0);
            }
        }
    }
}

/// What an entry counts for in limits of bytes.
pub(super) fn entry_bytes(entry: &Entry) -> usize {
    entry.payload.len() + entry.header.causes.len() * 32 + ENTRY_OVERHEAD_BYTES
}

/// Cuts entries into runs that each end in a signature and stay within the limits.
struct Cutter {
    runs: Vec<Run>,
    /// Whether the next run keeps the signature of its first entry, whatever follows.
    keeps_first: bool,
    open: Vec<Entry>,
    open_bytes: usize,
    total_bytes: usize,
    max_bytes: usize,
}

impl Cutter {
    fn new(max_bytes: usize) -> Self {
        Self {
            runs: Vec::new(),
            keeps_first: false,
            open: Vec::new(),
            open_bytes: 0,
            total_bytes: 0,
            max_bytes,
        }
    }

    /// Takes the next entry; false when there is enough.
    fn push(&mut self, entry: Entry) -> bool {
        let bytes = entry_bytes(&entry);
        let signed = entry.signature.is_some();
        self.open.push(entry);
        self.open_bytes += bytes;
        self.total_bytes += bytes;
        if !signed {
            return true;
        }
        // Half of the limit, since the next signature may be 64 KiB away.
        if self.open_bytes >= limits::RUN_BYTES / 2 || self.open.len() >= limits::RUN_ENTRIES / 2 {
            self.cut();
        }
        self.total_bytes < self.max_bytes
    }

    /// Ends the open run at its last signature.
    fn cut(&mut self) {
        while self.open.last().is_some_and(|entry| entry.signature.is_none()) {
            self.open.pop();
        }
        if !self.open.is_empty() {
            let mut run = Run { entries: std::mem::take(&mut self.open) };
            let first = run.entries.first().and_then(|entry| entry.signature);
            run.thin();
            if std::mem::take(&mut self.keeps_first)
                && let Some(entry) = run.entries.first_mut()
            {
                entry.signature = first;
            }
            self.runs.push(run);
        }
        self.open_bytes = 0;
    }
}

/// Entries read at once while a log is collected.
const COLLECT_STEP: usize = 128;

fn collect_linear(
    tx: &Tx<'_>,
    log: &LogId,
    have: &[Tip],
    max_bytes: usize,
) -> Result<Vec<Run>, RowsError> {
    let mut next = 0;
    for tip in have {
        if tx.has::<Entries>(&(*log, (tip.seq, tip.hash)))? {
            next = next.max(tip.seq + 1);
        }
    }
    let end = crate::rows::prefix_end(&log.0);
    let mut cutter = Cutter::new(max_bytes);
    'all: loop {
        let from = (*log, next).to_key();
        let rows = tx.scan(Table::Entries, &from, &end, false, COLLECT_STEP)?;
        let count = rows.len();
        for (key, bytes) in rows {
            let entry: Entry = codec::decode_kept(&bytes, limits::RUN_BYTES)
                .map_err(|_| RowsError::Corrupt { table: Table::Entries, key })?;
            next = entry.header.seq + 1;
            if !cutter.push(entry) {
                break 'all;
            }
        }
        if count < COLLECT_STEP {
            break;
        }
    }
    cutter.cut();
    Ok(cutter.runs)
}

fn collect_branches(
    tx: &Tx<'_>,
    log: &LogId,
    row: &LogRow,
    have: &[Tip],
    max_bytes: usize,
) -> Result<Vec<Run>, RowsError> {
    let mut cutter = Cutter::new(max_bytes);
    'all: for path in missing_paths(tx, log, row, have)? {
        // Where a branch begins between two signatures, the one before goes along.
        let before = match path.first() {
            Some(first) => signed_before(tx, log, first, have)?,
            None => Vec::new(),
        };
        cutter.keeps_first = !before.is_empty();
        for at in before.into_iter().chain(path) {
            let Some(entry) = tx.row::<Entries>(&(*log, (at.seq, at.hash)))? else { break };
            if !cutter.push(entry) {
                break 'all;
            }
        }
        cutter.cut();
    }
    cutter.cut();
    Ok(cutter.runs)
}

/// The way from the last signature before `first` to it, without it: none where that is
/// the end of what the receiver holds, since that is signed there.
fn signed_before(
    tx: &Tx<'_>,
    log: &LogId,
    first: &Tip,
    have: &[Tip],
) -> Result<Vec<Tip>, RowsError> {
    let mut way = Vec::new();
    let before = |at: &Tip| -> Result<Option<(Tip, bool)>, RowsError> {
        let entry = tx.row::<Entries>(&(*log, (at.seq, at.hash)))?;
        Ok(entry.and_then(|entry| {
            let hash = entry.header.previous;
            Some((Tip { seq: at.seq.checked_sub(1)?, hash }, entry.signature.is_some()))
        }))
    };
    let mut at = match before(first)? {
        Some((at, _)) if !have.contains(&at) => at,
        _ => return Ok(way),
    };
    // Between two signatures lie no more than so many.
    while way.len() <= limits::RUN_SIGNATURE_ENTRIES {
        way.push(at);
        match before(&at)? {
            Some((next, false)) => at = next,
            _ => break,
        }
    }
    way.reverse();
    Ok(way)
}
