//! Doing what [`crate::duties`] says is due.

use std::cmp::Ordering;

use rand_core::CryptoRng;

use super::{ActError, Replica, Standing};
use crate::booking::{Care, Footing};
use crate::duties::{Duty, due};
use crate::journal::{Descriptor, log_row, logs_of_document};
use crate::projection::Changes;
use crate::rows::{RowsError, Tx};
use crate::time::Instant;

/// Of so many looks a device with a copy acts at one.
const TWINS_DRAW: u32 = 8;

impl Replica {
    /// Whether something may be due.
    pub fn has_duties(&self, tx: &Tx<'_>, now: Instant) -> Result<bool, RowsError> {
        let only_receipts = !self.todo.all
            && !self.todo.epochs
            && !self.todo.members
            && self.todo.bookings.is_empty()
            && self.todo.domains.is_empty()
            && !self.todo.grants;
        let silent = self.todo.is_empty() || (only_receipts && !self.todo.may_receipt(now));
        let silent = silent && !self.todo.has_woken(now);
        if self.hood.standing != Standing::Member {
            return Ok(false);
        }
        Ok(!silent || !self.to_pass_on(tx)?.is_empty())
    }

    /// Notes what changed, for duties.
    pub fn note_changes(&mut self, changes: &Changes) {
        self.todo.note(changes);
    }

    /// Does what is due. A duty that cannot be done is left: it is logged, and looked at
    /// again when something about it changes.
    pub fn do_duties(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
    ) -> Result<Changes, ActError> {
        let mut changes = Changes::default();
        if self.check_member().is_err() {
            self.todo.all = false;
            self.todo.members = false;
            return Ok(changes);
        }
        let me = self.as_holder();
        for duty in due(tx, &self.authority, &me, &mut self.todo, now)? {
            match self.do_duty(tx, now, rng, duty, &mut changes) {
                Ok(()) => {}
                Err(error) if error.kind == super::ErrorKind::Storage => return Err(error),
                Err(error) => tracing::info!(code = error.code, "a duty was left"),
            }
        }
        match self.grant_what_is_owed(tx, now, rng, &mut changes) {
            Err(error) if error.kind == super::ErrorKind::Storage => return Err(error),
            Err(error) => tracing::info!(code = error.code, "a key is still owed"),
            Ok(()) => {}
        }
        match self.pass_applications_on(tx, now, rng, &mut changes) {
            Err(error) if error.kind == super::ErrorKind::Storage => return Err(error),
            Err(error) => tracing::info!(code = error.code, "an application was not passed on"),
            Ok(()) => {}
        }
        self.settle(tx, &mut changes)?;
        Ok(changes)
    }

    /// Whether another copy of this device writes under its key: one that began after it,
    /// or one that goes on with the same log.
    fn has_twin(&self, tx: &Tx<'_>) -> Result<bool, RowsError> {
        let document = Descriptor::identity(self.hood.hash, self.me.member).id();
        let mut alike = 0;
        for log in logs_of_document(tx, &document)? {
            let Some(row) = log_row(tx, &log)? else { continue };
            if row.start.device != self.me.keys.id() {
                continue;
            }
            match row.start.incarnation.cmp(&self.own().incarnation) {
                Ordering::Less => {}
                Ordering::Equal => alike += row.tips.len(),
                Ordering::Greater => return Ok(true),
            }
        }
        Ok(alike > 1)
    }

    fn do_duty(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        duty: Duty,
        changes: &mut Changes,
    ) -> Result<(), ActError> {
        let done = match duty {
            Duty::OpenEpoch => {
                // A copy of this device sees the same and is the opener as well: were both
                // to act at once, there would be two again, for ever.
                if self.has_twin(tx)? && !rng.next_u32().is_multiple_of(TWINS_DRAW) {
                    self.todo.epochs = true;
                    return Ok(());
                }
                self.open_epoch(tx, now, rng, changes)?;
                Changes::default()
            }
            Duty::Seen(decision) | Duty::Release(decision) | Duty::Queue(decision) => {
                self.decide_anew(tx, now, &decision)?
            }
            Duty::Accept(booking) => self.accept(tx, now, &booking, Care::Overtake)?,
            Duty::Offer(booking) => self.offer(tx, now, rng, &booking, None, String::new())?,
            Duty::Refuse(booking, reason) => {
                self.refuse(tx, now, rng, &booking, reason, String::new())?
            }
            Duty::Extend(booking, asked) if self.still_asked(tx, &booking, &asked)? => {
                self.grant_end(tx, now, rng, &booking, Care::AllTerms)?
            }
            Duty::KeepEnd(booking, asked, reason) if self.still_asked(tx, &booking, &asked)? => {
                self.refuse_end(tx, now, rng, &booking, reason, String::new())?
            }
            Duty::Extend(..) | Duty::KeepEnd(..) => Changes::default(),
            Duty::Leave(booking, end) => self.end_by_notice(tx, now, &booking, end)?,
            Duty::Acknowledge(booking, hashes) => {
                self.acknowledge(tx, now, rng, &booking, hashes)?
            }
        };
        changes.merge(done);
        Ok(())
    }

    /// Writes a decision in its place as it is now: one that was written a moment ago in
    /// the same round may have moved the spine.
    fn decide_anew(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        decision: &crate::booking::Decision,
    ) -> Result<Changes, ActError> {
        use crate::booking::{DomainView, Op, Wanted, queue, release, seen};
        let Some(view) = DomainView::head(tx, &decision.domain)? else {
            return Ok(Changes::default());
        };
        let me = self.as_holder();
        let anew = match &decision.op {
            Op::Release { booking, reason } => {
                let state = self.state_of(tx, &decision.domain, booking)?;
                release(&view, &me, *booking, state.as_ref(), *reason, now).map(Some)
            }
            Op::Queue { booking, resource, interval, quantity } => {
                let state = self.state_of(tx, &decision.domain, booking)?;
                let wanted = Wanted {
                    booking: *booking,
                    resource: *resource,
                    interval: *interval,
                    quantity: *quantity,
                    footing: Footing::NEAREST,
                };
                queue(&view, &me, &wanted, state.as_ref(), now).map(Some)
            }
            _ => seen(&view, &me, now),
        };
        match anew {
            Ok(Some(decision)) => self.decide(tx, now, &decision),
            _ => Ok(Changes::default()),
        }
    }
}
