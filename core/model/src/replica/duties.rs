//! Doing what [`crate::duties`] says is due.

use rand_core::CryptoRng;

use super::{ActError, Replica, Standing};
use crate::booking::Care;
use crate::duties::{Duty, due};
use crate::projection::Changes;
use crate::rows::{RowsError, Tx};
use crate::time::Instant;

impl Replica {
    /// Whether something may be due.
    pub fn has_duties(&self, _tx: &Tx<'_>, now: Instant) -> Result<bool, RowsError> {
        let only_receipts = !self.todo.all
            && !self.todo.epochs
            && self.todo.bookings.is_empty()
            && self.todo.domains.is_empty();
        let silent = self.todo.is_empty() || (only_receipts && !self.todo.may_receipt(now));
        Ok(self.hood.standing == Standing::Member && !silent)
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
        self.settle(tx, &mut changes)?;
        Ok(changes)
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
                self.open_epoch(tx, now, rng, changes)?;
                Changes::default()
            }
            Duty::Seen(decision) | Duty::Release(decision) => {
                self.decide_anew(tx, now, &decision)?
            }
            Duty::Accept(booking) => self.accept(tx, now, &booking, Care::CalendarOnly)?,
            Duty::Refuse(booking, reason) => {
                self.refuse(tx, now, rng, &booking, reason, String::new())?
            }
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
        use crate::booking::{DomainView, Op, release, seen};
        let Some(view) = DomainView::load(tx, &decision.domain)? else {
            return Ok(Changes::default());
        };
        let me = self.as_holder();
        let anew = match &decision.op {
            Op::Release { booking, reason } => {
                let state = self.state_of(tx, &decision.domain, booking)?;
                release(&view, &me, *booking, state.as_ref(), *reason, now).map(Some)
            }
            _ => seen(&view, &me, now),
        };
        match anew {
            Ok(Some(decision)) => self.decide(tx, now, &decision),
            _ => Ok(Changes::default()),
        }
    }
}
