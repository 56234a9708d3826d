//! How an offer to somebody who waits stands: a function of what both sides said and of
//! the time.
//!
//! Invariant: one that nobody took has run out from its end on, at every node. One that was
//! taken stays taken, unless its decider's device, not knowing, took the booking off the
//! list after the end: that release is open and stands.

use serde::{Deserialize, Serialize};

use super::calendar::Waits;
use super::room::DomainView;
use super::rows::BookingRow;
use crate::keys::EntryHash;
use crate::time::Instant;

/// An offer as its two sides see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offering {
    /// Its entry: what takes it names.
    pub entry: EntryHash,
    /// Until when it can be taken.
    pub until: Instant,
    /// The decider's word.
    pub text: String,
    /// Whether the requester took it.
    pub is_taken: bool,
    /// How many were made to it so far.
    pub made: usize,
}

impl Offering {
    /// Whether it can be taken at `now`.
    pub fn is_running(&self, now: Instant) -> bool {
        !self.is_taken && now < self.until
    }

    /// Whether nobody took it in time.
    pub fn has_run_out(&self, now: Instant) -> bool {
        !self.is_taken && now >= self.until
    }

    /// Whether it takes the booking off the list: it ran out, and that was not because
    /// others were accepted in its place. Each who was gives it one more.
    pub fn ends_waiting(&self, waits: &Waits, now: Instant) -> bool {
        self.has_run_out(now) && self.made > waits.overtaken_by.len()
    }
}

/// The offer of a booking: one that was taken, else the one that runs longest.
pub fn offer_of(row: &BookingRow, domain: &DomainView) -> Option<Offering> {
    let requester = row.request().map(|request| request.by.member);
    let is_taken = |entry: &EntryHash| {
        let takes = |it: &&super::rows::Said<super::records::Taken>| {
            it.counts && Some(it.by.member) == requester && it.record.offer == *entry
        };
        row.taken.iter().any(|it| takes(&it))
    };
    let offers = row.offers.iter();
    let offers = offers.filter(|it| it.counts && domain.row.entitled.contains(&it.by.member));
    let offers: Vec<_> = offers.collect();
    let best = offers
        .iter()
        .map(|it| (is_taken(&it.entry.hash), it))
        .max_by_key(|(is_taken, it)| (*is_taken, it.record.until, it.entry.hash))?;
    let (is_taken, offer) = best;
    Some(Offering {
        entry: offer.entry.hash,
        until: offer.record.until,
        text: offer.record.text.clone(),
        is_taken,
        made: offers.len(),
    })
}
