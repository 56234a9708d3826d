//! What follows from changed authority: rows that hang on who may do what are looked at
//! again, and grants for secrets that were not known before.

use super::Replica;
use crate::booking;
use crate::journal::{Class, Entries, Owner, kind, log_row};
use crate::keys::{LogId, MemberId};
use crate::projection::{Changes, all_keys, choose_place};
use crate::rows::{Rows, RowsError, Table, Tx};

/// Logs, and entries of one, that are looked at again at once.
const AGAIN: usize = 1 << 20;

impl Replica {
    /// Brings rows in line with authority and secrets as they are now.
    pub fn settle(&mut self, tx: &mut Tx<'_>, changes: &mut Changes) -> Result<(), RowsError> {
        let recounted = self.recount(tx, changes)?;
        if changes.authority || recounted {
            changes.place |= choose_place(tx, &self.authority)?;
            for domain in booking::domains(tx, AGAIN)? {
                booking::recompute(tx, &self.authority, &domain).map_err(rows_error)?;
                changes.domains.insert(domain);
            }
        }
        let secrets_grew = self.reader.take_news();
        let members: Vec<MemberId> = if secrets_grew {
            self.authority.members().map(|(member, _)| *member).collect()
        } else {
            changes.epochs.iter().copied().collect()
        };
        for member in members {
            self.look_for_grants(tx, &member, changes)?;
        }
        Ok(())
    }

    /// Looks through a member's outboxes again, for grants that could not be found when
    /// they came.
    fn look_for_grants(
        &mut self,
        tx: &mut Tx<'_>,
        member: &MemberId,
        changes: &mut Changes,
    ) -> Result<(), RowsError> {
        if !self.reader.has_secrets() {
            return Ok(());
        }
        let epochs = all_keys(tx, member)?;
        for log in self.outboxes(tx, member)? {
            for (_, stored) in tx.rows_with_prefix::<Entries>(&log.0, AGAIN)? {
                if stored.header.kind != kind::sealed::GRANT {
                    continue;
                }
                for opened in self.reader.take_grant(tx, &log, &epochs, &stored)? {
                    self.projector(tx, changes).read_opened(&opened)?;
                }
            }
        }
        Ok(())
    }

    fn outboxes(&self, tx: &Tx<'_>, member: &MemberId) -> Result<Vec<LogId>, RowsError> {
        let mut logs = Vec::new();
        for (key, _) in tx.scan(Table::Logs, &[], &[], false, AGAIN)? {
            let Some(log) = LogId::from_slice(&key) else { continue };
            let Some(row) = log_row(tx, &log)? else { continue };
            let of = &row.start.descriptor;
            if of.class == Class::Sealed && of.owner == Owner::Member(*member) {
                logs.push(log);
            }
        }
        Ok(logs)
    }
}

/// What was stored was read once: only the store can fail when it is read again.
fn rows_error(error: booking::ProjectError) -> RowsError {
    match error {
        booking::ProjectError::Rows(error) => error,
        other => RowsError::Storage(other.to_string()),
    }
}
