//! Comparing both sides' sets: who begins, what either turns out to lack, and when it is
//! worth doing again.
//!
//! Invariant: comparisons of one session are at least `RECONCILE_EVERY_MS` apart.

use super::effect::CloseReason;
use super::exchange::{Exchange, Step, in_order};
use super::frame::{Frame, Need, Reconcile};
use super::limits;
use super::meeting::Role;
use super::reconcile::{Next, Reconciler};
use crate::time::Instant;

impl Exchange {
    pub(super) fn start_reconcile(&mut self, step: &mut Step<'_, '_>) -> Result<(), CloseReason> {
        self.reconcile_due = None;
        self.reconciled_at = Some(step.now);
        let snapshot = self.snapshot(step)?;
        let mut reconciler = Reconciler::new(snapshot);
        let message = reconciler.start().map_err(|_| CloseReason::Protocol)?;
        self.telling.pause();
        self.reading.restart();
        self.reconciler = Some(reconciler);
        step.out.stats.reconcile_rounds += 1;
        step.out.send(&Frame::Reconcile(Reconcile { round: 0, message }));
        Ok(())
    }

    pub(super) fn reconcile(
        &mut self,
        theirs: &Reconcile,
        step: &mut Step<'_, '_>,
    ) -> Result<(), CloseReason> {
        step.out.stats.reconcile_rounds += 1;
        self.acked_at = step.now;
        match self.role {
            Role::Responder => self.answer(theirs, step),
            Role::Initiator => self.compare(theirs, step),
        }
    }

    fn answer(&mut self, theirs: &Reconcile, step: &mut Step<'_, '_>) -> Result<(), CloseReason> {
        if theirs.round == 0 {
            // A new one costs a scan of all logs, so it must not come often.
            let too_soon = self
                .reconciled_at
                .is_some_and(|at| step.now < at.plus_ms(limits::RECONCILE_EVERY_MS / 2));
            if too_soon {
                return Err(CloseReason::Flood);
            }
            self.reconciled_at = Some(step.now);
            self.reconcile_due = None;
            self.telling.pause();
            self.reading.restart();
            self.reconciler = Some(Reconciler::new(self.snapshot(step)?));
        }
        let Some(reconciler) = &mut self.reconciler else { return Err(CloseReason::Protocol) };
        if reconciler.round != theirs.round {
            return Err(CloseReason::Protocol);
        }
        let message = reconciler.answer(&theirs.message).map_err(|_| CloseReason::Protocol)?;
        step.out.stats.reconcile_rounds += 1;
        step.out.send(&Frame::Reconcile(Reconcile { round: theirs.round, message }));
        Ok(())
    }

    fn compare(&mut self, theirs: &Reconcile, step: &mut Step<'_, '_>) -> Result<(), CloseReason> {
        let Some(reconciler) = &mut self.reconciler else {
            // The responder asks for one.
            if theirs.message.is_empty() {
                self.schedule_reconcile(step.now);
            }
            return Ok(());
        };
        if theirs.message.is_empty() {
            return Ok(());
        }
        if reconciler.round != theirs.round {
            return Err(CloseReason::Protocol);
        }
        let next = reconciler.step(&theirs.message).map_err(|_| CloseReason::Protocol)?;
        match next {
            Next::Send(message) => {
                let round = reconciler.round;
                step.out.stats.reconcile_rounds += 1;
                step.out.send(&Frame::Reconcile(Reconcile { round, message }));
            }
            Next::Done { have, need } => {
                let mut chunks = need.chunks(limits::NEED_IDS).peekable();
                if chunks.peek().is_none() {
                    step.out.send(&Frame::Need(Need { ids: Vec::new(), last: true }));
                }
                while let Some(ids) = chunks.next() {
                    let last = chunks.peek().is_none();
                    step.out.send(&Frame::Need(Need { ids: ids.to_vec(), last }));
                }
                if let Some(mut reconciler) = self.reconciler.take() {
                    let found = reconciler.snapshot.items_of(&have);
                    self.tell_found(found, &mut reconciler.snapshot, step.now);
                }
            }
        }
        Ok(())
    }

    pub(super) fn need(&mut self, need: &Need, step: &mut Step<'_, '_>) -> Result<(), CloseReason> {
        let (Role::Responder, Some(reconciler)) = (self.role, &mut self.reconciler) else {
            return Err(CloseReason::Protocol);
        };
        let found = reconciler.snapshot.items_of(&need.ids);
        if need.last {
            if let Some(mut reconciler) = self.reconciler.take() {
                self.tell_found(found, &mut reconciler.snapshot, step.now);
            }
        } else if !self.hears_only {
            self.telling.list(in_order(found), None);
        }
        Ok(())
    }

    pub(super) fn schedule_reconcile(&mut self, now: Instant) {
        let earliest =
            self.reconciled_at.map_or(now, |at| at.plus_ms(limits::RECONCILE_EVERY_MS).max(now));
        self.reconcile_due = Some(self.reconcile_due.unwrap_or(earliest));
    }

    /// Looks later whether what the gate did not want may be wanted now.
    pub(super) fn retry_if_incomplete(&mut self, now: Instant) {
        if !self.reading.complete {
            self.retry.plan(now);
        }
    }

    pub(super) fn retry(&mut self, step: &Step<'_, '_>) -> Result<(), CloseReason> {
        self.retry.at = None;
        let is_idle = self.reconciler.is_none() && !self.reading.is_waiting();
        if !is_idle {
            self.retry_if_incomplete(step.now);
        } else if !self.reading.complete && self.retry.is_worth_it(step.tx)? {
            self.schedule_reconcile(step.now);
        }
        Ok(())
    }
}
