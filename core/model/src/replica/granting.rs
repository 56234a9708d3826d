//! Grants that could not be given when a record was sealed: its reader had no key epoch
//! here yet. They are given as soon as there is one, so that whoever decides is not left
//! with a deal that only its author can read.

use std::collections::{BTreeMap, BTreeSet};

use rand_core::CryptoRng;

use super::write::{DealRow, Deals};
use super::{ActError, Replica};
use crate::booking::{Bookings, Calendars};
use crate::journal::{Descriptor, log_row};
use crate::keyring::Keyring;
use crate::keys::{BookingId, LogId, MemberId};
use crate::projection::{Changes, keyring_of};
use crate::rows::{Key, RowsError, Tx};
use crate::seal::{DealKey, EpochKey};
use crate::time::Instant;

/// Deals looked at in one round; the rest come in the next.
const ROUND: usize = 256;
/// Logs in which this device sealed records of one deal.
const LOGS: usize = 64;

/// What is owed in one deal.
#[derive(Default)]
struct Owed {
    /// By log: to which epochs the key is to be granted.
    grants: Vec<(LogId, DealRow, Vec<EpochKey>)>,
    /// Some reader has no epoch that could be granted to.
    is_unread: bool,
}

impl Replica {
    /// Gives the grants that are owed now, of the deals that were noted.
    pub(super) fn grant_what_is_owed(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        changes: &mut Changes,
    ) -> Result<(), ActError> {
        let descriptor = Descriptor::sealed(self.hood.hash, self.owner(), now);
        let mut rings = BTreeMap::new();
        for _ in 0..ROUND {
            let Some(deal) = self.todo.grants.pop_first() else { break };
            let owed = self.owed(tx, &deal, &descriptor, &mut rings)?;
            if owed.is_unread {
                self.todo.unread.insert(deal);
            }
            for (log, mut row, epochs) in owed.grants {
                let (writer, secret) = match self.writing_epoch(tx) {
                    Ok(found) => found,
                    Err(error) => {
                        self.todo.unread.insert(deal);
                        return Err(error);
                    }
                };
                let key = DealKey::from_bytes(row.key);
                for epoch in epochs {
                    let by = (&writer, &secret);
                    self.write_grant(tx, &descriptor, &log, by, epoch, &key, rng, changes)?;
                    let place = row.granted.binary_search(&epoch).unwrap_or_else(|place| place);
                    row.granted.insert(place, epoch);
                }
                tx.put::<Deals>(&(deal, log), &row);
            }
        }
        Ok(())
    }

    /// What this device owes the readers of a deal, in the log it writes to now: a grant
    /// says nothing of another log.
    fn owed(
        &self,
        tx: &Tx<'_>,
        deal: &BookingId,
        descriptor: &Descriptor,
        rings: &mut BTreeMap<MemberId, Keyring>,
    ) -> Result<Owed, RowsError> {
        let mut owed = Owed::default();
        let sealed = tx.rows_with_prefix::<Deals>(&deal.to_key(), LOGS)?;
        if sealed.is_empty() {
            return Ok(owed);
        }
        let Some(booking) = tx.row::<Bookings>(deal)? else { return Ok(owed) };
        let Some(request) = booking.request() else { return Ok(owed) };
        let mut readers = BTreeSet::from([request.by.member]);
        match tx.row::<Calendars>(&request.record.domain)? {
            Some(domain) => readers.extend(domain.entitled.into_iter().chain([domain.owner])),
            None => owed.is_unread = true,
        }
        readers.remove(&self.me.member);
        for (key, row) in sealed {
            let Some(log) = key.get(32..).and_then(LogId::from_slice) else { continue };
            if !self.writes_to(tx, &log, descriptor)? {
                continue;
            }
            let mut epochs = Vec::new();
            for reader in readers.iter().filter(|reader| self.authority.is_active(reader)) {
                if !rings.contains_key(reader) {
                    rings.insert(*reader, keyring_of(tx, &self.authority, reader)?);
                }
                let Some(ring) = rings.get(reader) else { continue };
                if ring.all().any(|epoch| row.granted.binary_search(&epoch.public).is_ok()) {
                    continue;
                }
                match ring.for_writing() {
                    Some(epoch) => epochs.push(epoch.public),
                    None => owed.is_unread = true,
                }
            }
            if !epochs.is_empty() {
                owed.grants.push((log, row, epochs));
            }
        }
        Ok(owed)
    }

    /// Whether a log is the one in which this device writes in a document now.
    fn writes_to(
        &self,
        tx: &Tx<'_>,
        log: &LogId,
        descriptor: &Descriptor,
    ) -> Result<bool, RowsError> {
        let own = self.as_holder();
        Ok(log_row(tx, log)?.is_some_and(|row| {
            row.document == descriptor.id()
                && row.start.device == own.device
                && row.start.incarnation == own.incarnation
        }))
    }
}
