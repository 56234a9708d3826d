//! Reading sealed documents: grants found by look-up, records opened when their key is
//! known, whichever comes first.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::epochs::epoch_keys;
use super::unfound::Unfound;
use crate::codec;
use crate::journal::{Entry, limits};
use crate::keys::{EntryHash, LogId, MemberId};
use crate::rows::{Rows, RowsError, Table, Tx, Typed, prefix_end};
use crate::seal::{
    DealKey, EpochKey, EpochSecret, Grant, GrantFinder, KeyTag, PairId, SealedPayload, open_record,
};

/// key tag → deal key.
pub struct DealKeys;
impl Typed for DealKeys {
    const TABLE: Table = Table::DealKeys;
    type Key = KeyTag;
    type Row = [u8; 32];
}

/// log ‖ writer epoch ‖ reader epoch → grants of that pair in that log.
pub struct GrantCounts;
impl Typed for GrantCounts {
    const TABLE: Table = Table::GrantCounts;
    type Key = Vec<u8>;
    type Row = u64;
}

/// The key of a row of [`GrantCounts`].
pub fn grant_count_key(log: &LogId, pair: &PairId) -> Vec<u8> {
    [log.0.as_slice(), &pair.writer.0, &pair.reader.0].concat()
}

/// epoch public key → secret.
pub struct EpochSecrets;
impl Typed for EpochSecrets {
    const TABLE: Table = Table::EpochSecrets;
    type Key = [u8; 32];
    type Row = [u8; 32];
}

/// key tag ‖ log ‖ seq ‖ entry → (): every sealed record by the key it needs.
pub struct SealedRecords;
impl Typed for SealedRecords {
    const TABLE: Table = Table::SealedRecords;
    type Key = (KeyTag, (LogId, (u64, EntryHash)));
    type Row = ();
}

/// A sealed record that could be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The entry.
    pub hash: EntryHash,
    /// Its log.
    pub log: LogId,
    /// The deal's key in that log.
    pub tag: KeyTag,
    /// Kind of what was sealed.
    pub kind: u16,
    /// What was sealed.
    pub body: Vec<u8>,
}

/// What stands in front of a sealed body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct InnerKind(u16);

/// The plaintext of a record: its kind, then its body.
pub fn plaintext(kind: u16, body: &[u8]) -> Vec<u8> {
    let mut bytes = codec::encode(&InnerKind(kind));
    bytes.extend_from_slice(body);
    bytes
}

/// Most records sealed under one key that are opened when it is found.
const RECORDS_OF_KEY: usize = 65_536;

/// Who reads: the secrets of a member's epochs, and the grants waited for.
#[derive(Debug, Default)]
pub struct Reader {
    secrets: Vec<EpochSecret>,
    finder: GrantFinder,
    /// Outboxes whose grants are waited for, under every secret known here and every epoch
    /// of their member.
    watched: BTreeMap<MemberId, BTreeSet<LogId>>,
    unfound: Unfound,
    /// A secret was learnt since this was last asked.
    grew: bool,
}

impl Reader {
    /// A reader with the secrets that were kept.
    pub fn load(rows: &dyn Rows) -> Result<Self, RowsError> {
        let tx = Tx::new(rows);
        let kept = tx.rows_with_prefix::<EpochSecrets>(&[], 65_536)?;
        let secrets = kept.into_iter().map(|(_, secret)| EpochSecret::from_bytes(secret)).collect();
        Ok(Self { secrets, ..Self::default() })
    }

    /// Whether a secret is known.
    pub fn knows(&self, key: &EpochKey) -> bool {
        self.secret(key).is_some()
    }

    /// The secret of an epoch of one's own.
    pub fn secret(&self, key: &EpochKey) -> Option<&EpochSecret> {
        self.secrets.iter().find(|secret| secret.public() == *key)
    }

    /// Every secret known.
    pub fn secrets(&self) -> &[EpochSecret] {
        &self.secrets
    }

    /// Whether any secret is known.
    pub fn has_secrets(&self) -> bool {
        !self.secrets.is_empty()
    }

    /// Whether a secret was learnt since this was last asked.
    pub fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.grew)
    }

    /// How many X25519 this reader has done to look for grants.
    pub fn agreements(&self) -> u64 {
        self.finder.count().0
    }

    /// Keeps a secret; true where it is new.
    pub fn learn(&mut self, tx: &mut Tx<'_>, secret: EpochSecret) -> bool {
        let public = secret.public();
        if self.knows(&public) {
            return false;
        }
        tx.put::<EpochSecrets>(&public.0, &secret.to_bytes());
        self.secrets.push(secret);
        self.watched.clear();
        self.unfound.clear();
        self.grew = true;
        true
    }

    /// Waits for grants that a member writes under an epoch it opened, in the logs of its
    /// that are watched.
    pub(super) fn note_epoch(
        &mut self,
        tx: &Tx<'_>,
        of: &MemberId,
        epoch: &EpochKey,
    ) -> Result<(), RowsError> {
        let logs = self.watched.get(of).cloned().unwrap_or_default();
        for log in logs {
            self.wait_for(tx, &log, of, epoch)?;
        }
        Ok(())
    }

    /// Waits for grants in a log of a member. Does nothing the second time, until there is
    /// another secret.
    fn watch(&mut self, tx: &Tx<'_>, log: &LogId, author: &MemberId) -> Result<(), RowsError> {
        if !self.watched.entry(*author).or_default().insert(*log) {
            return Ok(());
        }
        for epoch in epoch_keys(tx, author)? {
            self.wait_for(tx, log, author, &epoch)?;
        }
        Ok(())
    }

    fn wait_for(
        &mut self,
        tx: &Tx<'_>,
        log: &LogId,
        author: &MemberId,
        writer: &EpochKey,
    ) -> Result<(), RowsError> {
        for secret in &self.secrets {
            let pair = PairId { writer: *writer, reader: secret.public() };
            let known = tx.row::<GrantCounts>(&grant_count_key(log, &pair))?.unwrap_or(0);
            // An epoch of small order shares no secret with anyone: nothing to find.
            let new = self.finder.resume(secret, writer, log, known).unwrap_or_default();
            if new.iter().any(|tag| self.unfound.has(author, tag)) {
                self.unfound.forget(author);
            }
        }
        Ok(())
    }

    /// Whether a member's outboxes are to be looked through again, for an epoch of its
    /// came: not where what could not be opened is known and the epoch opens none of it.
    /// Whoever is told so gives every grant of that member to [`Self::take_grant`].
    pub(crate) fn looks_again(&mut self, at: &MemberId) -> bool {
        if self.unfound.keeps(at) {
            return false;
        }
        self.unfound.begin(at);
        true
    }

    /// Looks at a grant in a log of this author; gives what it opens.
    pub fn take_grant(
        &mut self,
        tx: &mut Tx<'_>,
        log: &LogId,
        author: &MemberId,
        entry: &Entry,
    ) -> Result<Vec<Opened>, RowsError> {
        self.watch(tx, log, author)?;
        let core = entry.header.core_bytes();
        let Ok(Some((expected, key))) = self.finder.open(log, &core, &entry.payload) else {
            if let Ok(grant) = Grant::from_bytes(&entry.payload) {
                self.unfound.note(author, grant.tag());
            }
            return Ok(Vec::new());
        };
        let next = self.finder.next(&expected.pair, log);
        if next.is_some_and(|tag| self.unfound.has(author, &tag)) {
            self.unfound.forget(author);
        }
        let count_key = grant_count_key(log, &expected.pair);
        let known = self.finder.known(&expected.pair, log);
        if tx.row::<GrantCounts>(&count_key)?.unwrap_or(0) < known {
            tx.put::<GrantCounts>(&count_key, &known);
        }
        if tx.has::<DealKeys>(&key.tag())? {
            return Ok(Vec::new());
        }
        self.learn_key(tx, &key)
    }

    /// Keeps a deal key and opens what was sealed under it and came before.
    fn learn_key(&self, tx: &mut Tx<'_>, key: &DealKey) -> Result<Vec<Opened>, RowsError> {
        tx.put::<DealKeys>(&key.tag(), &key.to_bytes());
        let prefix = key.tag().0;
        let rows =
            tx.scan(Table::SealedRecords, &prefix, &prefix_end(&prefix), false, RECORDS_OF_KEY)?;
        let mut opened = Vec::new();
        for (place, _) in rows {
            let Some(hash) = place.get(56..).and_then(EntryHash::from_slice) else { continue };
            let Some(log) = place.get(16..48).and_then(LogId::from_slice) else { continue };
            if let Some(entry) = crate::journal::entry(tx, &hash)? {
                opened.extend(open(key, &log, &hash, &entry));
            }
        }
        Ok(opened)
    }
}

/// Files a sealed record under the key it needs, and opens it where that is known.
pub fn take_record(
    tx: &mut Tx<'_>,
    log: &LogId,
    hash: &EntryHash,
    entry: &Entry,
) -> Result<Option<Opened>, RowsError> {
    let Ok(sealed) = SealedPayload::from_bytes(&entry.payload) else { return Ok(None) };
    let tag = sealed.key_tag();
    tx.put::<SealedRecords>(&(tag, (*log, (entry.header.seq, *hash))), &());
    let Some(key) = tx.row::<DealKeys>(&tag)? else { return Ok(None) };
    Ok(open(&DealKey::from_bytes(key), log, hash, entry))
}

/// Opens a record; none where it was not sealed as it should be.
fn open(key: &DealKey, log: &LogId, hash: &EntryHash, entry: &Entry) -> Option<Opened> {
    let core = entry.header.core_bytes();
    let plain = open_record(key, &core, &entry.payload).ok()?;
    let (InnerKind(kind), rest) = codec::decode_prefix(&plain, limits::PAYLOAD_BYTES).ok()?;
    let body = plain.get(plain.len().checked_sub(rest)?..)?.to_vec();
    Some(Opened { hash: *hash, log: *log, tag: key.tag(), kind, body })
}
