//! What must be looked at for duties since they were last done.

use std::collections::{BTreeMap, BTreeSet};

use crate::booking::DomainId;
use crate::keys::BookingId;
use crate::projection::Changes;
use crate::time::Instant;

/// Receipts are written at most this often.
const RECEIPTS_EVERY_MS: i64 = 60_000;

/// A device's list of what may ask something of it.
#[derive(Debug, Clone)]
pub struct Todo {
    /// Everything: after a start, when nothing is known of what was done before.
    pub all: bool,
    /// Key epochs of this member, or the devices that could hold one.
    pub epochs: bool,
    /// Who is in the neighbourhood.
    pub members: bool,
    /// Bookings that changed.
    pub bookings: BTreeSet<BookingId>,
    /// Domains that changed.
    pub domains: BTreeSet<DomainId>,
    /// Keys of deals that somebody is owed who had no key epoch: there may be one now.
    pub grants: bool,
    /// Bookings with entries that wait for a receipt.
    pub receipts: BTreeSet<BookingId>,
    /// Requests of a domain on which this device may decide when something else changes.
    pub open: BTreeMap<DomainId, BTreeSet<BookingId>>,
    /// Domains to be looked at again from then on: an offer runs out.
    wakes: BTreeSet<(Instant, DomainId)>,
    receipts_at: Option<Instant>,
}

impl Default for Todo {
    fn default() -> Self {
        Self {
            all: true,
            epochs: true,
            members: true,
            bookings: BTreeSet::new(),
            domains: BTreeSet::new(),
            grants: true,
            receipts: BTreeSet::new(),
            open: BTreeMap::new(),
            wakes: BTreeSet::new(),
            receipts_at: None,
        }
    }
}

impl Todo {
    /// Notes what changed.
    pub fn note(&mut self, changes: &Changes) {
        let keys_changed = changes.authority || !changes.epochs.is_empty();
        self.epochs |= keys_changed;
        self.grants |= keys_changed;
        self.members |= changes.authority;
        self.bookings.extend(&changes.bookings);
        self.receipts.extend(&changes.bookings);
        self.domains.extend(&changes.domains);
    }

    /// Looks at a domain again at that time.
    pub fn wake_at(&mut self, at: Instant, domain: DomainId) {
        self.wakes.insert((at, domain));
    }

    /// Whether there is something to be looked at because of the time.
    pub fn has_woken(&self, now: Instant) -> bool {
        self.wakes.first().is_some_and(|(at, _)| *at <= now)
    }

    /// Puts what is to be looked at by now among what changed.
    pub fn wake(&mut self, now: Instant) {
        while self.has_woken(now) {
            let Some((_, domain)) = self.wakes.pop_first() else { return };
            self.domains.insert(domain);
        }
    }

    /// Whether nothing can be due.
    pub fn is_empty(&self) -> bool {
        !self.all
            && !self.epochs
            && !self.members
            && self.bookings.is_empty()
            && self.domains.is_empty()
            && !self.grants
            && self.receipts.is_empty()
    }

    /// Whether receipts may be written now, by the claimed clock.
    pub fn may_receipt(&self, now: Instant) -> bool {
        // A clock that was set back must not silence a device for years.
        self.receipts_at.is_none_or(|at| now >= at.plus_ms(RECEIPTS_EVERY_MS) || now < at)
    }

    /// Notes that receipts were written.
    pub fn receipted(&mut self, now: Instant) {
        self.receipts.clear();
        self.receipts_at = Some(now);
    }
}
