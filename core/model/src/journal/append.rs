//! Writing an entry of one's own.

use ed25519_dalek::SigningKey;

use super::document::{Class, Descriptor};
use super::entry::{Entry, Header, LogStart, PhraseCertificate, Ref, sign_entry};
use super::log::{LogRow, log_row};
use super::ready::ready_heads;
use super::{gate, kind, limits};
use crate::codec;
use crate::keys::{DeviceId, EntryHash, LogId};
use crate::rows::{RowsError, Table, Tx, Typed};

/// Why an entry could not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The store.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// Larger than [`limits::PAYLOAD_BYTES`].
    #[error("{0} bytes are too many for one entry")]
    TooLarge(usize),
    /// The log holds as many entries as it may.
    #[error("this log is full until the next period")]
    Full,
}

/// A device as it writes.
#[derive(Clone)]
pub struct Author {
    /// Its id.
    pub device: DeviceId,
    /// Its signing key.
    pub signing: SigningKey,
    /// Its incarnation.
    pub incarnation: u32,
    /// The act that certified it in its member's identity document; zero for a device
    /// whose identity log begins with the phrase's own certificate.
    pub act: EntryHash,
    /// That certificate, for entry 0 of the identity log.
    pub certificate: Option<PhraseCertificate>,
}

/// class ‖ owner (‖ document for an object) → this device's log there.
struct OwnLogs;
impl Typed for OwnLogs {
    const TABLE: Table = Table::OwnLogs;
    type Key = Vec<u8>;
    type Row = LogId;
}

fn own_log_key(descriptor: &Descriptor) -> Vec<u8> {
    // Objects live side by side, so each has its own succession of logs; a period of
    // the other classes is succeeded by the next.
    let mut key = codec::encode(&(descriptor.class, descriptor.owner));
    if descriptor.class == Class::Object {
        key.extend(descriptor.id().0);
    }
    key
}

/// The log this device writes in a document.
enum OwnLog {
    /// It is there.
    Open(LogId, Box<LogRow>),
    /// It is to be opened, and continues another.
    Next(Option<Ref>),
}

/// The log this device writes in a document, or what a new one continues.
fn own_log(tx: &Tx<'_>, author: &Author, descriptor: &Descriptor) -> Result<OwnLog, RowsError> {
    let Some(log) = tx.row::<OwnLogs>(&own_log_key(descriptor))? else {
        return Ok(OwnLog::Next(None));
    };
    let Some(row) = log_row(tx, &log)? else { return Ok(OwnLog::Next(None)) };
    let same = row.document == descriptor.id()
        && row.start.device == author.device
        && row.start.incarnation == author.incarnation
        && (row.start.act == author.act || descriptor.class == Class::Identity);
    if same {
        return Ok(OwnLog::Open(log, Box::new(row)));
    }
    let last = row.tips.last().map(|tip| Ref {
        document: row.document,
        log,
        seq: tip.seq,
        hash: tip.hash,
    });
    Ok(OwnLog::Next(last.filter(|_| row.start.device == author.device)))
}

/// Writes one entry at the end of this device's log of a document, which is opened if
/// it is not there yet. Causes are the heads of the document's other logs. `payload`
/// is given the header's core, which a sealed payload is bound to.
pub fn append(
    tx: &mut Tx<'_>,
    author: &Author,
    descriptor: &Descriptor,
    kind: kind::Kind,
    payload: impl FnOnce(&[u8]) -> Vec<u8>,
) -> Result<Entry, AppendError> {
    let heads = ready_heads(tx, &descriptor.id())?;
    append_after(tx, author, descriptor, kind, heads, payload)
}

/// The same after heads that the caller chose, the weightiest first: at most as many as a
/// header may name are named.
pub fn append_after(
    tx: &mut Tx<'_>,
    author: &Author,
    descriptor: &Descriptor,
    kind: kind::Kind,
    heads: Vec<EntryHash>,
    payload: impl FnOnce(&[u8]) -> Vec<u8>,
) -> Result<Entry, AppendError> {
    let (log, row) = match own_log(tx, author, descriptor)? {
        OwnLog::Open(log, row) => (log, *row),
        OwnLog::Next(continues) => open_log(tx, author, descriptor, continues)?,
    };
    let Some(tip) = row.tips.last().copied() else { return Err(AppendError::Full) };
    let seq = tip.seq + 1;
    if seq >= limits::LOG_ENTRIES {
        return Err(AppendError::Full);
    }
    let mut causes = heads;
    // Not this log's own tip; and a log opened in this very act stands in the frontier
    // with its entry 0.
    causes.retain(|hash| *hash != tip.hash && hash.0 != log.0);
    causes.truncate(limits::CAUSES);
    let core = Header::new(log, seq, tip.hash, causes, kind, &[]);
    let payload = payload(&core.core_bytes());
    if payload.len() > limits::PAYLOAD_BYTES {
        return Err(AppendError::TooLarge(payload.len()));
    }
    let header = Header::new(log, seq, tip.hash, core.causes, kind, &payload);
    let signature = sign_entry(&header.hash(), &author.signing);
    let entry = Entry { header, payload, signature: Some(signature) };
    let start = row.start.clone();
    gate::store_own(tx, &log, Some(row), &start, &entry)?;
    Ok(entry)
}

/// Opens this device's log of a document; does nothing where it is open.
pub fn open(
    tx: &mut Tx<'_>,
    author: &Author,
    descriptor: &Descriptor,
) -> Result<LogId, AppendError> {
    match own_log(tx, author, descriptor)? {
        OwnLog::Open(log, _) => Ok(log),
        OwnLog::Next(continues) => Ok(open_log(tx, author, descriptor, continues)?.0),
    }
}

fn open_log(
    tx: &mut Tx<'_>,
    author: &Author,
    descriptor: &Descriptor,
    continues: Option<Ref>,
) -> Result<(LogId, LogRow), AppendError> {
    let is_identity = descriptor.class == Class::Identity;
    let start = LogStart {
        descriptor: *descriptor,
        device: author.device,
        incarnation: author.incarnation,
        act: if is_identity && author.certificate.is_some() { EntryHash::ZERO } else { author.act },
        continues,
        certificate: author.certificate.filter(|_| is_identity),
    };
    let payload = codec::encode(&start);
    let header =
        Header::new(LogId::ZERO, 0, EntryHash::ZERO, Vec::new(), kind::LOG_START, &payload);
    let hash = header.hash();
    let log = LogId(hash.0);
    let signature = sign_entry(&hash, &author.signing);
    let entry = Entry { header, payload, signature: Some(signature) };
    gate::store_own(tx, &log, None, &start, &entry)?;
    tx.put::<OwnLogs>(&own_log_key(descriptor), &log);
    let row = log_row(tx, &log)?.ok_or(AppendError::Full)?;
    Ok((log, row))
}
