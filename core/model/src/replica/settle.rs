//! What follows from changed authority: rows that hang on who may do what are looked at
//! again, and grants for secrets that were not known before.

use std::collections::BTreeMap;

use super::Replica;
use crate::booking;
use crate::journal::{Class, Entries, Logs, Owner, kind};
use crate::keys::{LogId, MemberId};
use crate::ledger;
use crate::projection::{Changes, choose_place};
use crate::rows::{RowsError, Tx};

/// Logs, and entries of one, that are looked at again at once.
const AGAIN: usize = 1 << 20;

impl Replica {
    /// Brings rows in line with authority and secrets as they are now.
    pub fn settle(&mut self, tx: &mut Tx<'_>, changes: &mut Changes) -> Result<(), RowsError> {
        let recounted = self.recount(tx, changes)?;
        if changes.authority {
            changes.credits.extend(ledger::recount_lines(tx, &self.authority)?);
        }
        if changes.authority || recounted {
            changes.place |= choose_place(tx, &self.authority)?;
            for domain in booking::domains(tx, AGAIN)? {
                booking::recompute(tx, &self.authority, &domain).map_err(rows_error)?;
                changes.domains.insert(domain);
            }
        }
        let secrets_grew = self.reader.take_news();
        if !self.reader.has_secrets() {
            return Ok(());
        }
        let members: Vec<MemberId> = if secrets_grew {
            self.authority.members().map(|(member, _)| *member).collect()
        } else {
            changes.epochs.iter().copied().filter(|it| self.reader.looks_again(it)).collect()
        };
        if members.is_empty() {
            return Ok(());
        }
        let outboxes = outboxes(tx)?;
        for member in members {
            let logs = outboxes.get(&member).map_or(&[][..], Vec::as_slice);
            self.look_for_grants(tx, &member, logs, changes)?;
        }
        Ok(())
    }

    /// Looks through a member's outboxes again, for grants that could not be found when
    /// they came.
    fn look_for_grants(
        &mut self,
        tx: &mut Tx<'_>,
        member: &MemberId,
        logs: &[LogId],
        changes: &mut Changes,
    ) -> Result<(), RowsError> {
        for log in logs {
            for (_, stored) in tx.rows_with_prefix::<Entries>(&log.0, AGAIN)? {
                if stored.header.kind != kind::sealed::GRANT {
                    continue;
                }
                for opened in self.reader.take_grant(tx, log, member, &stored)? {
                    self.projector(tx, changes).read_opened(&opened)?;
                }
            }
        }
        Ok(())
    }
}

/// Every outbox, by whose it is.
pub(super) fn outboxes(tx: &Tx<'_>) -> Result<BTreeMap<MemberId, Vec<LogId>>, RowsError> {
    let mut outboxes: BTreeMap<MemberId, Vec<LogId>> = BTreeMap::new();
    for (key, row) in tx.rows_with_prefix::<Logs>(&[], AGAIN)? {
        let of = &row.start.descriptor;
        if let (Class::Sealed, Owner::Member(member), Some(log)) =
            (of.class, of.owner, LogId::from_slice(&key))
        {
            outboxes.entry(member).or_default().push(log);
        }
    }
    Ok(outboxes)
}

/// What was stored was read once: only the store can fail when it is read again.
fn rows_error(error: booking::ProjectError) -> RowsError {
    match error {
        booking::ProjectError::Rows(error) => error,
        other => RowsError::Storage(other.to_string()),
    }
}
