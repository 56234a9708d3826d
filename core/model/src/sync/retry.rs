//! Asking again for what the gate did not want: entries of an author who was not known
//! may be wanted once he is.
//!
//! Invariant: sets are compared again only after charter or identity grew here; nothing
//! else makes an author known.

use std::collections::BTreeSet;

use super::limits;
use crate::journal::{EntryPlaces, log_row, position, since};
use crate::rows::{RowsError, Tx};
use crate::time::Instant;

/// When to look, and from where.
pub(super) struct Retry {
    /// When to look whether it is worth it.
    pub(super) at: Option<Instant>,
    /// How far this node's order went when that was last looked at.
    tried: u64,
}

impl Retry {
    pub(super) fn new(tx: &Tx<'_>) -> Result<Self, RowsError> {
        Ok(Self { at: None, tried: position(tx)?.n })
    }

    /// Looks in a while, unless that is planned already.
    pub(super) fn plan(&mut self, now: Instant) {
        self.at.get_or_insert(now.plus_ms(limits::RECONCILE_EVERY_MS));
    }

    /// Whether charter or identity grew since this was last asked.
    pub(super) fn is_worth_it(&mut self, tx: &Tx<'_>) -> Result<bool, RowsError> {
        let mut seen = BTreeSet::new();
        loop {
            let rows = since(tx, self.tried, limits::PAGE_ENTRIES)?;
            let Some((last, _)) = rows.last() else { return Ok(false) };
            self.tried = *last;
            for (_, hash) in &rows {
                let Some(place) = tx.row::<EntryPlaces>(hash)? else { continue };
                if !seen.insert(place.log) {
                    continue;
                }
                if let Some(row) = log_row(tx, &place.log)?
                    && row.start.descriptor.class.comes_first()
                {
                    return Ok(true);
                }
            }
        }
    }
}
