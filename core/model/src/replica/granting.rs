//! Grants that could not be given when a record was sealed, so that nobody is left with a
//! deal that only its author can read: its reader had no key epoch here yet, or the epoch
//! it was granted to went with a device that was revoked. They are given as soon as there
//! is an epoch to give them to, in whatever log this device writes by then: a key opens
//! what was sealed under it wherever that lies. What was granted in entries that are lost
//! is owed again.
//!
//! Invariant: nobody is granted a key here who was not a reader when it was used.

use std::collections::{BTreeMap, BTreeSet};

use rand_core::CryptoRng;

use super::settle::outboxes;
use super::write::{DealRow, Deals, KeyRow};
use super::{ActError, Replica};
use crate::journal::limits::LOG_ENTRIES;
use crate::journal::{Descriptor, Entries, kind::sealed, log_row, open};
use crate::keys::{BookingId, LogId, MemberId};
use crate::projection::{Changes, GrantCounts, epoch_keys, grant_count_key, keyring_of};
use crate::rows::{RowsError, Tx};
use crate::seal::{DealKey, DhCount, EpochKey, Grant, GrantTag, KeyTag, PairId, PairKey};
use crate::time::Instant;

/// Deals that are looked at.
const ALL: usize = 1 << 20;

/// Deals whose key somebody is owed, with the log in which it was used.
pub(super) type Owed = BTreeSet<(BookingId, LogId)>;

/// How a reader can be reached.
#[derive(Debug, Clone, Default)]
struct Reach {
    /// The epoch to grant to.
    epoch: Option<EpochKey>,
    /// Epochs that nobody can be sure to read any more.
    lost: BTreeSet<EpochKey>,
}

impl Replica {
    /// Notes that somebody is owed the key of a deal, if somebody is.
    pub(super) fn note_owed(&mut self, deal: &BookingId, log: &LogId, row: &DealRow) {
        // What was not looked through yet finds the row by itself.
        if let Some(owed) = self.owed.as_mut().filter(|_| row.is_owed()) {
            owed.insert((*deal, *log));
        }
    }

    /// Gives the grants that are owed and can be given now.
    pub(super) fn grant_what_is_owed(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        changes: &mut Changes,
    ) -> Result<(), ActError> {
        if !std::mem::take(&mut self.todo.grants) {
            return Ok(());
        }
        let mut reached = self.lost_epochs(tx)?;
        let mut all = match self.owed.take() {
            Some(owed) if reached.is_empty() => owed,
            Some(mut owed) => {
                owed.extend(all_owed(tx, &reached)?);
                owed
            }
            None => all_owed(tx, &reached)?,
        };
        let given = self.grant_each(tx, now, rng, &mut all, &mut reached, changes);
        self.owed = Some(all);
        given
    }

    /// The members of whom epochs are lost: as few as those whose devices revoked each
    /// other.
    fn lost_epochs(&self, tx: &Tx<'_>) -> Result<BTreeMap<MemberId, Reach>, RowsError> {
        let mut lost = BTreeMap::new();
        if tx.rows_with_prefix::<Deals>(&[], 1)?.is_empty() {
            return Ok(lost);
        }
        for (member, _) in self.authority.members() {
            let reach = self.reach_of(tx, member)?;
            if !reach.lost.is_empty() {
                lost.insert(*member, reach);
            }
        }
        Ok(lost)
    }

    fn reach_of(&self, tx: &Tx<'_>, reader: &MemberId) -> Result<Reach, RowsError> {
        let ring = keyring_of(tx, &self.authority, reader)?;
        let epoch = ring.for_writing().map(|facts| facts.public);
        let Some(epoch) = epoch.filter(|_| self.authority.is_active(reader)) else {
            return Ok(Reach::default());
        };
        let mut lost: BTreeSet<EpochKey> = epoch_keys(tx, reader)?.into_iter().collect();
        if lost.len() > 1 {
            for held in ring.held() {
                lost.remove(&held);
            }
        } else {
            lost.clear();
        }
        Ok(Reach { epoch: Some(epoch), lost })
    }

    /// After entries were lost: what was granted in them is owed again. Nobody else may
    /// have had them, and no reader can tell that a grant is missing.
    pub(super) fn owe_what_was_lost(&self, tx: &mut Tx<'_>) -> Result<(), RowsError> {
        let deals = tx.rows_with_prefix::<Deals>(&[], ALL)?;
        let keys = deals.iter().flat_map(|(_, row)| row.keys());
        let readers = keys.flat_map(|key| key.granted.iter().map(|(epoch, _)| *epoch)).collect();
        let stands = self.grants_that_stand(tx, &readers)?;
        for (place, mut row) in deals {
            for key in row.keys_mut() {
                let tag = DealKey::from_bytes(key.key).tag();
                let granted = std::mem::take(&mut key.granted);
                let (stand, lost): (Vec<_>, Vec<_>) =
                    granted.into_iter().partition(|(epoch, _)| stands.contains(&(tag, *epoch)));
                key.owed.extend(lost.into_iter().map(|(_, reader)| reader));
                key.owed.retain(|reader| stand.iter().all(|(_, has)| has != reader));
                key.owed.sort_unstable();
                key.owed.dedup();
                key.granted = stand;
            }
            let Some((deal, log)) = place_of(&place) else { continue };
            tx.put::<Deals>(&(deal, log), &row);
        }
        Ok(())
    }

    /// What this device granted to these epochs in entries that are here.
    fn grants_that_stand(
        &self,
        tx: &Tx<'_>,
        readers: &BTreeSet<EpochKey>,
    ) -> Result<BTreeSet<(KeyTag, EpochKey)>, RowsError> {
        let mut pairs = Vec::new();
        for secret in self.reader.secrets() {
            for reader in readers {
                // An epoch of small order was granted nothing.
                if let Ok(pair) = PairKey::for_writer(secret, reader, &mut DhCount::default()) {
                    pairs.push((PairId { writer: secret.public(), reader: *reader }, pair));
                }
            }
        }
        let mut stands = BTreeSet::new();
        let device = self.me.keys.id();
        for log in outboxes(tx)?.remove(&self.me.member).unwrap_or_default() {
            if log_row(tx, &log)?.is_none_or(|row| row.start.device != device) {
                continue;
            }
            let mut tags = BTreeMap::new();
            for (id, pair) in &pairs {
                let given = tx.row::<GrantCounts>(&grant_count_key(&log, id))?.unwrap_or(0);
                for earlier in 0..given.min(LOG_ENTRIES) {
                    tags.insert(GrantTag::new(pair, &log, earlier), (id.reader, pair, earlier));
                }
            }
            for (_, stored) in tx.rows_with_prefix::<Entries>(&log.0, ALL)? {
                if stored.header.kind != sealed::GRANT || tags.is_empty() {
                    continue;
                }
                let Ok(grant) = Grant::from_bytes(&stored.payload) else { continue };
                let Some((reader, pair, earlier)) = tags.get(&grant.tag()) else { continue };
                let core = stored.header.core_bytes();
                if let Ok(key) = grant.open(pair, &log, *earlier, &core) {
                    stands.insert((key.tag(), *reader));
                }
            }
        }
        Ok(stands)
    }

    fn grant_each(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        all: &mut Owed,
        reached: &mut BTreeMap<MemberId, Reach>,
        changes: &mut Changes,
    ) -> Result<(), ActError> {
        let descriptor = Descriptor::sealed(self.hood.hash, self.owner(), now);
        for (deal, log) in all.clone() {
            // None: never sealed after all.
            let Some(mut row) = tx.row::<Deals>(&(deal, log))? else {
                all.remove(&(deal, log));
                continue;
            };
            for key in row.keys_mut() {
                for reader in readers(key) {
                    let reach = match reached.get(&reader) {
                        Some(known) => known.clone(),
                        None => self.reach_of(tx, &reader)?,
                    };
                    reached.insert(reader, reach.clone());
                    let Some(epoch) = reach.epoch.filter(|_| lacks(key, &reader, &reach)) else {
                        continue;
                    };
                    let place = open(tx, &self.me.author(&self.own), &descriptor)?;
                    let (writer, secret) = self.writing_epoch(tx)?;
                    let by = (&writer, &secret);
                    let of = DealKey::from_bytes(key.key);
                    self.write_grant(tx, &descriptor, &place, by, epoch, &of, rng, changes)?;
                    key.owed.retain(|owed| *owed != reader);
                    key.note_granted(epoch, reader);
                }
            }
            if !row.is_owed() {
                all.remove(&(deal, log));
            }
            tx.put::<Deals>(&(deal, log), &row);
        }
        Ok(())
    }
}

/// Whoever was a reader when a key was used.
fn readers(key: &KeyRow) -> BTreeSet<MemberId> {
    key.granted.iter().map(|(_, reader)| *reader).chain(key.owed.iter().copied()).collect()
}

/// Whether a reader is owed a key, or all that it was granted to of his is lost.
fn lacks(key: &KeyRow, reader: &MemberId, reach: &Reach) -> bool {
    let mut theirs = key.granted.iter().filter(|(_, to)| to == reader);
    key.owed.contains(reader) || theirs.all(|(epoch, _)| reach.lost.contains(epoch))
}

/// Looks through all deals that this device sealed: for what was owed before it was opened,
/// or was granted to an epoch that is lost.
fn all_owed(tx: &Tx<'_>, lost: &BTreeMap<MemberId, Reach>) -> Result<Owed, RowsError> {
    let is_lost = |key: &KeyRow| {
        let gone = |reader: &MemberId| lost.get(reader).filter(|reach| lacks(key, reader, reach));
        readers(key).iter().any(|reader| gone(reader).is_some())
    };
    let rows = tx.rows_with_prefix::<Deals>(&[], ALL)?.into_iter();
    let owed = rows.filter(|(_, row)| row.is_owed() || row.keys().any(is_lost));
    Ok(owed.filter_map(|(key, _)| place_of(&key)).collect())
}

/// The deal and the log of a row.
fn place_of(key: &[u8]) -> Option<(BookingId, LogId)> {
    let (deal, log) = key.split_at_checked(32)?;
    Some((BookingId::from_slice(deal)?, LogId::from_slice(log)?))
}
