//! Hearing without telling: how a node meets somebody it takes for removed, or does not
//! know.
//!
//! Whom a removal names may hold an act that undoes it: two coordinators who removed each
//! other apart, and only one removal counts. Were he turned away, each side would keep to
//! what it saw and never learn of the other. Whom a node does not know may hold the act
//! that admitted him, which the node lost. So what they say goes through the gate like
//! anything else, and they are told nothing: no entry, no branch, no blob, no address, and
//! not how much there is.
//!
//! Invariant: while only hearing, no frame carries anything that was read from rows.

use super::exchange::{Exchange, Step, in_order};
use super::frame::NewsItem;
use super::reconcile::Snapshot;
use crate::journal::{Position, position};
use crate::rows::RowsError;
use crate::time::Instant;

impl Exchange {
    /// From here on the peer is only heard, or is told everything again.
    pub(super) fn hear_only(&mut self, only: bool, now: Instant) {
        if self.hears_only == only {
            return;
        }
        self.hears_only = only;
        self.telling.stop();
        self.outbox.drop_all();
        self.blobs.serve_nothing();
        self.reconciler = None;
        if !only && self.peer.is_some() {
            // What was not told meanwhile only a comparison of both sets finds.
            self.schedule_reconcile(now);
        }
    }

    /// What a comparison of sets is made with.
    pub(super) fn snapshot(&self, step: &Step<'_, '_>) -> Result<Snapshot, RowsError> {
        if self.hears_only { Ok(Snapshot::empty()) } else { Snapshot::take(step.tx, &self.both) }
    }

    /// How far the peer is told that this node's order goes.
    pub(super) fn told_position(&self, step: &Step<'_, '_>) -> Result<Position, RowsError> {
        if self.hears_only { Ok(Position::default()) } else { position(step.tx) }
    }

    /// Tells what only this side holds, and branches of logs too forked to compare; after
    /// that, what was accepted since.
    pub(super) fn tell_found(
        &mut self,
        found: Vec<(u64, NewsItem)>,
        snapshot: &mut Snapshot,
        now: Instant,
    ) {
        if self.hears_only {
            return;
        }
        let mut items = in_order(found);
        items.append(&mut snapshot.listed);
        self.telling.list(items, Some(snapshot.position));
        self.telling.begin(snapshot.position.n, now);
    }
}
