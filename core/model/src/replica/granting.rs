//! Grants that could not be given when a record was sealed: its reader had no key epoch
//! here yet. They are given as soon as there is one, so that whoever decides is not left
//! with a deal that only its author can read.
//!
//! Invariant: nobody is granted a key here who was not a reader when it was used.

use std::collections::BTreeSet;

use rand_core::CryptoRng;

use super::write::{DealRow, Deals};
use super::{ActError, Replica};
use crate::journal::{Descriptor, log_row};
use crate::keys::{BookingId, LogId};
use crate::projection::{Changes, keyring_of};
use crate::rows::{RowsError, Tx};
use crate::seal::DealKey;
use crate::time::Instant;

/// Deals that are looked at.
const ALL: usize = 1 << 20;

/// Deals whose key somebody is owed, with the log in which it was used.
pub(super) type Owed = BTreeSet<(BookingId, LogId)>;

impl Replica {
    /// Notes that somebody is owed the key of a deal, if somebody is.
    pub(super) fn note_owed(&mut self, deal: &BookingId, log: &LogId, row: &DealRow) {
        // What was not looked through yet finds the row by itself.
        if let Some(owed) = self.owed.as_mut().filter(|_| !row.owed.is_empty()) {
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
        let mut all = match self.owed.take() {
            Some(owed) => owed,
            None => all_owed(tx)?,
        };
        let given = self.grant_each(tx, now, rng, &mut all, changes);
        self.owed = Some(all);
        given
    }

    fn grant_each(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        all: &mut Owed,
        changes: &mut Changes,
    ) -> Result<(), ActError> {
        let descriptor = Descriptor::sealed(self.hood.hash, self.owner(), now);
        for (deal, log) in all.clone() {
            // None that is owed: given and committed, or never sealed after all. A grant says
            // nothing of another log, and nothing is added to an earlier one.
            let row = tx.row::<Deals>(&(deal, log))?.filter(|row| !row.owed.is_empty());
            let (Some(mut row), true) = (row, self.writes_to(tx, &log, &descriptor)?) else {
                all.remove(&(deal, log));
                continue;
            };
            let (writer, secret) = self.writing_epoch(tx)?;
            let (by, key) = ((&writer, &secret), DealKey::from_bytes(row.key));
            let mut left = Vec::new();
            for reader in std::mem::take(&mut row.owed) {
                let ring = keyring_of(tx, &self.authority, &reader)?;
                let epoch = ring.for_writing().map(|facts| facts.public);
                match epoch.filter(|_| self.authority.is_active(&reader)) {
                    Some(epoch) => {
                        self.write_grant(tx, &descriptor, &log, by, epoch, &key, rng, changes)?;
                        row.note_granted(epoch);
                    }
                    None => left.push(reader),
                }
            }
            row.owed = left;
            tx.put::<Deals>(&(deal, log), &row);
        }
        Ok(())
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

/// Looks through all deals that this device sealed, once after it was opened.
fn all_owed(tx: &Tx<'_>) -> Result<Owed, RowsError> {
    let rows = tx.rows_with_prefix::<Deals>(&[], ALL)?.into_iter();
    let owed = rows.filter(|(_, row)| !row.owed.is_empty());
    let place = |(key, _): (Vec<u8>, DealRow)| {
        let (deal, log) = key.split_at_checked(32)?;
        Some((BookingId::from_slice(deal)?, LogId::from_slice(log)?))
    };
    Ok(owed.filter_map(place).collect())
}
