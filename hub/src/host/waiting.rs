//! Waiting lists as they are shown: one's own places, and the list of a listing.

use jiff::tz::TimeZone;
use palier_model::booking::{
    self, BookingView, Bookings, Deed, Effect, HistoryEntry, InLine, Status,
};
use palier_model::keys::{DocId, HoodHash};
use palier_model::replica::ActError;
use palier_model::rows::Tx;
use palier_model::time::{Instant, Interval};

use super::Opened;
use super::bookings::title_of;
use crate::answer::{Waiting, When};
use crate::backend::Scope;
use crate::errors::Result;

impl Opened {
    pub(super) async fn waiting(
        &self,
        scope: &Scope,
        listing: Option<DocId>,
    ) -> Result<Vec<Waiting>> {
        let hood = self.hood_of(scope).await?;
        let zone = self.zone_of(hood).await?;
        match listing {
            Some(listing) => self.waiting_for(hood, &zone, listing).await,
            None => self.waiting_here(hood, &zone).await,
        }
    }

    /// The lists this person stands on.
    async fn waiting_here(&self, hood: HoodHash, zone: &TimeZone) -> Result<Vec<Waiting>> {
        let me = self.identity.member;
        let lines = self
            .look(hood, move |replica, tx, now| {
                let views = replica.bookings(tx, now)?.into_iter();
                let mut lines = Vec::new();
                for view in views.filter(|it| it.requester == Some(me)) {
                    if view.waitlist.is_none() && !would_wait(tx, &view)? {
                        continue;
                    }
                    let title = title_of(tx, &view.listing)?;
                    lines.push((line(&view), view.listing, title, Some(view)));
                }
                Ok(lines)
            })
            .await?;
        Ok(lines.into_iter().map(|it| self.in_line(it, zone)).collect())
    }

    /// The list of one listing, by opaque ids.
    async fn waiting_for(
        &self,
        hood: HoodHash,
        zone: &TimeZone,
        listing: DocId,
    ) -> Result<Vec<Waiting>> {
        let lines = self
            .look(hood, move |replica, tx, now| {
                let domain = replica.domain_of(tx, &listing)?;
                let always = Interval { start: Instant(0), end: None };
                let title = title_of(tx, &listing)?;
                let mut lines = Vec::new();
                for one in booking::waitlist(tx, &domain.id, &listing, &always, now)? {
                    // What its parties alone may know.
                    let is_mine = tx.has::<Bookings>(&one.booking)?;
                    let view = is_mine.then(|| replica.booking(tx, &one.booking, now).ok());
                    lines.push((one, listing, title.clone(), view.flatten()));
                }
                Ok(lines)
            })
            .await?;
        Ok(lines.into_iter().map(|it| self.in_line(it, zone)).collect())
    }

    fn in_line(
        &self,
        (one, listing, title, view): (InLine, DocId, String, Option<BookingView>),
        zone: &TimeZone,
    ) -> Waiting {
        let offered = view.as_ref().filter(|view| view.status == Status::Offered);
        let until = offered.and_then(|view| view.offer.as_ref()).map(|offer| offer.until);
        let requester = view.and_then(|view| view.requester);
        Waiting {
            booking: one.booking.into(),
            listing: listing.into(),
            title,
            place: one.place.map(u64::from),
            quantity: one.quantity,
            mine: requester == Some(self.identity.member),
            overtaken: u64::from(one.overtaken),
            has_room: one.has_room,
            offered_until: until.map(|at| When::new(at, zone)),
            start: When::new(one.interval.start, zone),
            end: one.interval.end.map(|end| When::new(end, zone)),
        }
    }
}

/// A booking of this person's own as it stands on a list.
fn line(view: &BookingView) -> InLine {
    let is_overtaken = |it: &&HistoryEntry| matches!(it.deed, Deed::Decided(Effect::Overtaken(_)));
    InLine {
        booking: view.booking,
        interval: view.interval,
        quantity: view.quantity,
        place: view.waitlist,
        overtaken: u32::try_from(view.history.iter().filter(is_overtaken).count()).unwrap_or(0),
        has_room: view.has_room,
    }
}

/// Whether nothing was decided on a request yet, and it would wait for another's place.
fn would_wait(tx: &Tx<'_>, view: &BookingView) -> std::result::Result<bool, ActError> {
    if view.status != Status::Requested {
        return Ok(false);
    }
    let row = tx.row::<Bookings>(&view.booking)?;
    Ok(row.is_some_and(|row| row.request().is_some_and(|it| it.record.waitlist)))
}
