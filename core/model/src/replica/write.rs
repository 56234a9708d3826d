//! Writing an act: chained and signed by the journal, projected at once, in one
//! transaction with the rows it changes.

use std::collections::BTreeSet;
use std::sync::Arc;

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};

use super::{ActError, Replica};
use crate::authority::Fact;
use crate::journal::{
    Class, Descriptor, Entry, Owner, append_after, entry, kind::Kind, kind::sealed, log_row,
    logs_of_document, open, ready_heads,
};
use crate::keyring::Need;
use crate::keys::{BookingId, EntryHash, LogId, MemberId};
use crate::projection::{
    Changes, GrantCounts, grant_count_key, keyring_of, own_acts_wait, plaintext,
};
use crate::rows::{RowsError, Table, Tx, Typed};
use crate::seal::{
    DealKey, DhCount, EpochKey, EpochSecret, Grant, PLAINTEXT_BYTES, PairId, PairKey, seal_record,
};
use crate::time::Instant;

/// Earlier keys of a deal that are kept.
const KEYS: usize = 16;

/// This device's keys of a deal in one of its logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DealRow {
    /// The one in use.
    current: KeyRow,
    /// Those before it, the oldest first.
    earlier: Vec<KeyRow>,
}

/// A key, and who has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeyRow {
    /// The key.
    pub(super) key: [u8; 32],
    /// Epochs it was granted to, and whose they are; sorted.
    pub(super) granted: Vec<(EpochKey, MemberId)>,
    /// Readers who had no epoch to grant it to when it was last used; sorted.
    pub(super) owed: Vec<MemberId>,
}

impl DealRow {
    fn new(rng: &mut dyn CryptoRng) -> Self {
        Self { current: KeyRow::new(rng), earlier: Vec::new() }
    }

    /// Takes another key from here on.
    fn renew(&mut self, rng: &mut dyn CryptoRng) {
        let old = std::mem::replace(&mut self.current, KeyRow::new(rng));
        self.earlier.push(old);
        if self.earlier.len() > KEYS {
            self.earlier.remove(0);
        }
    }

    /// All of them.
    pub(super) fn keys(&self) -> impl Iterator<Item = &KeyRow> {
        self.earlier.iter().chain([&self.current])
    }

    /// All of them.
    pub(super) fn keys_mut(&mut self) -> impl Iterator<Item = &mut KeyRow> {
        self.earlier.iter_mut().chain([&mut self.current])
    }

    /// Whether somebody is owed one of them.
    pub(super) fn is_owed(&self) -> bool {
        self.keys().any(|key| !key.owed.is_empty())
    }
}

impl KeyRow {
    fn new(rng: &mut dyn CryptoRng) -> Self {
        let key = *DealKey::generate(rng).to_bytes();
        Self { key, granted: Vec::new(), owed: Vec::new() }
    }

    fn was_granted(&self, epoch: &EpochKey) -> bool {
        self.granted.iter().any(|(to, _)| to == epoch)
    }

    /// Notes that the key was granted to an epoch of a member.
    pub(super) fn note_granted(&mut self, epoch: EpochKey, reader: MemberId) {
        if let Err(place) = self.granted.binary_search(&(epoch, reader)) {
            self.granted.insert(place, (epoch, reader));
        }
    }
}

/// The epochs of the readers of a deal.
struct ReaderEpochs {
    /// Those under which they are written to, and whose they are.
    written_to: Vec<(EpochKey, MemberId)>,
    /// All of theirs that no revoked device knows.
    fresh: BTreeSet<EpochKey>,
    /// Readers who have none to be written to under.
    without: Vec<MemberId>,
}

/// deal ‖ own log → key.
pub(super) struct Deals;
impl Typed for Deals {
    const TABLE: Table = Table::Deals;
    type Key = (BookingId, LogId);
    type Row = DealRow;
}

impl Replica {
    pub(super) fn owner(&self) -> Owner {
        Owner::Member(self.me.member)
    }

    /// Appends an entry of this device and projects it.
    pub(super) fn write(
        &mut self,
        tx: &mut Tx<'_>,
        descriptor: &Descriptor,
        kind: Kind,
        payload: impl FnOnce(&[u8]) -> Vec<u8>,
        changes: &mut Changes,
    ) -> Result<EntryHash, ActError> {
        let author = self.author_in(&descriptor.owner);
        let log = open(tx, &author, descriptor)?;
        let heads = match descriptor.class {
            Class::Charter => self.authority.charter_heads(),
            Class::Identity => {
                let logs = logs_of_document(tx, &descriptor.id())?;
                self.authority.identity_heads(&logs)
            }
            _ => ready_heads(tx, &descriptor.id())?,
        };
        let stored: Entry = append_after(tx, &author, descriptor, kind, heads, payload)?;
        let hash = stored.hash();
        self.learn_facts(tx, &log, &[EntryHash(log.0), hash])?;
        self.project(tx, &[EntryHash(log.0), hash], changes)?;
        Ok(hash)
    }

    /// Tells authority of entries of charter and identity, and of logs that continue
    /// others. The entries are of one log.
    pub(super) fn learn_facts(
        &mut self,
        tx: &Tx<'_>,
        log: &LogId,
        hashes: &[EntryHash],
    ) -> Result<(), RowsError> {
        let Some(row) = log_row(tx, log)? else { return Ok(()) };
        let is_act = row.start.descriptor.class.comes_first();
        for hash in hashes {
            // Entry 0 is what names the log.
            if is_act || (hash.0 == log.0 && row.start.continues.is_some()) {
                let Some(stored) = entry(tx, hash)? else { continue };
                self.authority.add(Arc::new(Fact::read_held(&stored, &row.start)));
            }
        }
        Ok(())
    }

    /// Seals a record of a deal for its readers (this member is always one), granting
    /// them the deal's key where they do not have it yet.
    pub(super) fn write_sealed(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        (deal, readers): (&BookingId, &BTreeSet<MemberId>),
        record: (u16, Vec<u8>),
        changes: &mut Changes,
    ) -> Result<EntryHash, ActError> {
        let plain = plaintext(record.0, &record.1);
        if plain.len() > PLAINTEXT_BYTES {
            return Err(ActError::invalid("act.too_large").with("bytes", plain.len()));
        }
        let descriptor = Descriptor::sealed(self.hood.hash, self.owner(), now);
        let log = open(tx, &self.me.author(&self.own), &descriptor)?;
        let mut row = match tx.row::<Deals>(&(*deal, log))? {
            Some(row) => row,
            None => DealRow::new(rng),
        };
        let ring = keyring_of(tx, &self.authority, &self.me.member)?;
        let is_stale = ring.needs_new_epoch() == Some(Need::AllStale);
        if is_stale && !own_acts_wait(tx, &self.authority, &self.as_holder())? {
            self.open_epoch(tx, now, rng, changes)?;
        }
        let (writer, secret) = self.writing_epoch(tx)?;
        let epochs = self.epochs_of_readers(tx, readers)?;
        // Who was granted the key and is no reader any more, or lost a device, knows it:
        // it seals nothing further.
        if row.current.granted.iter().any(|(epoch, _)| !epochs.fresh.contains(epoch)) {
            row.renew(rng);
        }
        let key = DealKey::from_bytes(row.current.key);
        for (epoch, reader) in epochs.written_to {
            if row.current.was_granted(&epoch) {
                continue;
            }
            self.write_grant(tx, &descriptor, &log, (&writer, &secret), epoch, &key, rng, changes)?;
            row.current.note_granted(epoch, reader);
        }
        row.current.owed = epochs.without;
        self.note_owed(deal, &log, &row);
        tx.put::<Deals>(&(*deal, log), &row);
        let mut sealed_payload = Ok(Vec::new());
        let hash = self.write(
            tx,
            &descriptor,
            sealed::RECORD,
            |core| {
                sealed_payload = seal_record(&key, core, &plain, rng);
                sealed_payload.clone().unwrap_or_default()
            },
            changes,
        )?;
        sealed_payload.map_err(|_| ActError::invalid("act.too_large"))?;
        Ok(hash)
    }

    /// The epochs of these members and this one. Nothing can be sealed to someone without
    /// an epoch: the deal goes on, and the key is granted once there is one.
    fn epochs_of_readers(
        &self,
        tx: &Tx<'_>,
        readers: &BTreeSet<MemberId>,
    ) -> Result<ReaderEpochs, RowsError> {
        let (mut written_to, mut fresh, mut without) = (Vec::new(), BTreeSet::new(), Vec::new());
        let mut readers = readers.clone();
        readers.insert(self.me.member);
        for reader in readers {
            let ring = keyring_of(tx, &self.authority, &reader)?;
            match ring.for_writing() {
                Some(facts) => written_to.push((facts.public, reader)),
                None => without.push(reader),
            }
            fresh.extend(ring.fresh().map(|facts| facts.public));
        }
        Ok(ReaderEpochs { written_to, fresh, without })
    }

    #[allow(clippy::too_many_arguments)]
    pub(super) fn write_grant(
        &mut self,
        tx: &mut Tx<'_>,
        descriptor: &Descriptor,
        log: &LogId,
        (writer, secret): (&EpochKey, &EpochSecret),
        reader: EpochKey,
        key: &DealKey,
        rng: &mut dyn CryptoRng,
        changes: &mut Changes,
    ) -> Result<(), ActError> {
        let pair = PairKey::for_writer(secret, &reader, &mut DhCount::default())
            .map_err(|_| ActError::conflict("seal.no_secret"))?;
        let count_key = grant_count_key(log, &PairId { writer: *writer, reader });
        let earlier = tx.row::<GrantCounts>(&count_key)?.unwrap_or(0);
        self.write(
            tx,
            descriptor,
            sealed::GRANT,
            |core| Grant::seal(&pair, log, earlier, core, key, rng).to_bytes(),
            changes,
        )?;
        tx.put::<GrantCounts>(&count_key, &(earlier + 1));
        Ok(())
    }

    /// Keeps a secret that another device handed over.
    pub fn learn_secret(&mut self, tx: &mut Tx<'_>, secret: EpochSecret) {
        self.reader.learn(tx, secret);
    }

    /// The epoch this member writes under, with its secret.
    pub(super) fn writing_epoch(&self, tx: &Tx<'_>) -> Result<(EpochKey, EpochSecret), ActError> {
        let ring = keyring_of(tx, &self.authority, &self.me.member)?;
        let written = ring.for_writing().map(|facts| facts.public);
        // A device that cannot read the newest epoch yet writes under one it knows.
        let known = written
            .filter(|public| self.reader.knows(public))
            .or_else(|| ring.all().map(|facts| facts.public).find(|key| self.reader.knows(key)));
        let public = known.ok_or_else(|| ActError::conflict("device.no_epoch"))?;
        let secret = self.reader.secret(&public).cloned();
        Ok((public, secret.ok_or_else(|| ActError::conflict("device.no_epoch"))?))
    }
}
