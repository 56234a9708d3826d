//! A resource that cannot be used for a while: closed then, and what was booked in it
//! taken back, each requester told why.
//!
//! Invariant: what falls is named by the terms that close it, so that everybody sees
//! which act did it; what was handed over already stays.

use rand_core::CryptoRng;

use super::calendar::check_terms;
use super::owning::readers;
use super::{ActError, Replica, Unfitting};
use crate::booking::records::bounds;
use crate::booking::{self, Bookings, Cancel, DomainView, Held, Reason, TermsEdit};
use crate::keys::DocId;
use crate::projection::Changes;
use crate::rows::Tx;
use crate::time::{Instant, Interval};

/// What a breakdown does, or would do.
#[derive(Debug, Clone)]
pub struct Broken {
    /// Bookings that fall.
    pub cancelled: Vec<Held>,
    /// Bookings that stay and would not be allowed any more.
    pub unfitting: Vec<Unfitting>,
}

impl Replica {
    /// Closes a resource for a while and takes back what is booked in it. Without `write`
    /// nothing is changed.
    pub fn break_down(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        (listing, range): (&DocId, Interval),
        text: &str,
        write: bool,
    ) -> Result<(Broken, Changes), ActError> {
        self.check_member()?;
        let domain = self.domain_of(tx, listing)?;
        let before = domain.terms(listing);
        let before = before.ok_or_else(|| ActError::conflict("listing.not_resource"))?;
        let edit = TermsEdit { block: vec![range], ..TermsEdit::default() };
        let terms = edit.applied_to(before, now);
        check_terms(&terms)?;
        let over = DomainView::over(tx, &domain.id, &range)?;
        let mut cancelled = Vec::new();
        for held in over.map(|view| view.held).unwrap_or_default() {
            let row = tx.row::<Bookings>(&held.booking)?.unwrap_or_default();
            let is_out = row.steps.iter().any(|step| step.counts);
            if held.resource == *listing && held.interval.overlaps(&range) && !is_out {
                cancelled.push(held);
            }
        }
        if cancelled.len() > bounds::CANCELS {
            return Err(ActError::invalid("calendar.cancels").with("most", bounds::CANCELS));
        }
        let mut unfitting = self.would_not_fit(tx, now, listing, &terms)?;
        let falls = |it: &Unfitting| cancelled.iter().any(|held| held.booking == it.held.booking);
        unfitting.retain(|it| !falls(it));
        let ids = cancelled.iter().map(|held| held.booking).collect();
        let me = self.as_holder();
        let decision = booking::set_terms(&domain, &me, *listing, terms, ids, now)
            .map_err(|error| self.decide_error_of(&domain, listing, &error))?;
        let mut changes = Changes::default();
        if write {
            changes.merge(self.decide(tx, now, &decision)?);
            for held in &cancelled {
                // Whose it is may not be known here: then the calendar alone says so.
                let row = tx.row::<Bookings>(&held.booking)?.unwrap_or_default();
                let Some(request) = row.request() else { continue };
                let mut readers = readers(&domain);
                readers.insert(request.by.member);
                let reason = Reason::UNAVAILABLE;
                let text = text.to_owned();
                let cancel = Cancel { at: now, booking: held.booking, reason, text };
                let deal = (&held.booking, &readers);
                self.write_deal(tx, now, rng, deal, &cancel, &mut changes)?;
            }
        }
        Ok((Broken { cancelled, unfitting }, changes))
    }
}
