//! Waiting lists as they are read: who waits for room, in the order of decisions.
//!
//! Invariant: a place on a list follows from open records alone, the same for all who
//! hold the same entries. What only deciders can know, a request that would wait and was
//! not put on the list yet, has none.

use super::availability::PartTree;
use super::calendar::Waits;
use super::records::DomainId;
use super::room::DomainView;
use super::rows::{BookingRow, BookingStates, Bookings, Waitlists};
use super::status::is_open_request;
use crate::keys::{BookingId, DocId};
use crate::rows::{Key, RowsError, Tx};
use crate::time::{Instant, Interval};

/// Most that one list is read for.
const WAITING: usize = 1 << 16;
/// Bookings that are looked through for requests that would wait.
const BOOKINGS: usize = 1 << 17;

/// One that waits for a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InLine {
    /// The booking.
    pub booking: BookingId,
    /// When it is for.
    pub interval: Interval,
    /// How many units.
    pub quantity: u32,
    /// Its place among those who wait for the same room, from 1; none: nobody put it on
    /// the list yet.
    pub place: Option<u32>,
    /// How many were accepted before it where it would have had room.
    pub overtaken: u32,
    /// Whether there is room for it now.
    pub has_room: bool,
}

/// Who waits in a domain, in order.
pub fn waiting(tx: &Tx<'_>, domain: &DomainId) -> Result<Vec<Waits>, RowsError> {
    let rows = tx.rows_with_prefix::<Waitlists>(&domain.to_key(), WAITING)?;
    Ok(rows.into_iter().map(|(_, waits)| waits).collect())
}

/// The place of a booking among those who wait for room that it needs as well.
pub(super) fn place_in(view: &DomainView, list: &[Waits], booking: &BookingId) -> Option<u32> {
    let me = list.iter().find(|waits| waits.booking == *booking)?;
    let tree = PartTree::of_domain(&view.row.record).unwrap_or_default();
    let index = |waits: &Waits| view.row.record.index_of(&waits.resource);
    let touches = |other: &Waits| {
        let (Some(mine), Some(theirs)) = (index(me), index(other)) else { return false };
        tree.relation(mine, theirs).is_some()
    };
    let before = list
        .iter()
        .take_while(|other| other.booking != *booking)
        .filter(|other| touches(other) && other.interval.overlaps(&me.interval));
    u32::try_from(before.count() + 1).ok()
}

/// The list of a listing for a slot: in order, and after it the requests that would wait
/// and are on no list yet, in no order.
pub fn waitlist(
    tx: &Tx<'_>,
    domain: &DomainId,
    listing: &DocId,
    slot: &Interval,
    now: Instant,
) -> Result<Vec<InLine>, RowsError> {
    let Some(view) = DomainView::head(tx, domain)? else { return Ok(Vec::new()) };
    let list = waiting(tx, domain)?;
    let here = |waits: &&Waits| {
        let is_over = waits.interval.start < now;
        waits.resource == *listing && waits.interval.overlaps(slot) && !is_over
    };
    let mut found: Vec<InLine> = Vec::new();
    for waits in list.iter().filter(here) {
        let there = DomainView::over(tx, domain, &waits.interval)?;
        found.push(InLine {
            booking: waits.booking,
            interval: waits.interval,
            quantity: waits.quantity,
            place: place_in(&view, &list, &waits.booking),
            overtaken: u32::try_from(waits.overtaken_by.len()).unwrap_or(u32::MAX),
            has_room: there.is_some_and(|there| there.has_room(waits)),
        });
    }
    for (_, row) in tx.rows_with_prefix::<Bookings>(&[], BOOKINGS)? {
        if let Some(would) = would_wait(tx, &view, &row, now)?
            && would.0 == *listing
            && would.1.interval.overlaps(slot)
        {
            found.push(would.1);
        }
    }
    Ok(found)
}

/// A request that said it would wait, on which nothing was decided yet.
fn would_wait(
    tx: &Tx<'_>,
    view: &DomainView,
    row: &BookingRow,
    now: Instant,
) -> Result<Option<(DocId, InLine)>, RowsError> {
    let Some(request) = row.request() else { return Ok(None) };
    let record = &request.record;
    if record.domain != view.id || !record.waitlist || !is_open_request(row, view, now) {
        return Ok(None);
    }
    if tx.has::<BookingStates>(&(view.id, record.booking))? {
        return Ok(None);
    }
    let (booking, interval, quantity) = (record.booking, record.interval, record.quantity);
    let line = InLine { booking, interval, quantity, place: None, overtaken: 0, has_room: false };
    Ok(Some((record.listing, line)))
}
