//! What the parties of a deal told each other: opened sealed records in, rows of bookings
//! out.
//!
//! Invariant: a row is a pure function of the set of records and of what authority says
//! about them, whatever the order. What does not count (any more) stays, marked so:
//! between the parties it is evidence.

use std::collections::BTreeSet;

use super::project::{DomainFacts, ProjectError, tip};
use super::records::{
    Answer, Cancel, Extension, ExtensionAnswer, Holder, Notice, Offer, Receipt, Record, Request,
    Step, StepKind, TagUse, Taken, deal_tag, inner,
};
use super::rows::{BookingRow, Bookings, DealTags, Receipts, Said};
use crate::journal::Ref;
use crate::keys::{BookingId, EntryHash, MemberId};
use crate::rows::{RowsError, Tx};

/// Records of one kind by one device about one booking that are kept.
pub const SAID_BY_DEVICE: usize = 16;
/// The same by one member.
const SAID_BY_MEMBER: usize = 128;
/// Times that one device may say the same step of one booking.
pub const SAME_BY_DEVICE: usize = 4;
/// The same by one member.
const SAME_BY_MEMBER: usize = 16;
/// Acknowledgements of one entry that are kept.
const RECEIPTS: usize = 64;
/// Bookings that are looked at again.
const BOOKINGS: usize = 1 << 20;

/// What an opened sealed record was about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Touched {
    /// A booking.
    Booking(BookingId),
    /// Entries that were acknowledged.
    Receipts(Vec<EntryHash>),
}

/// Takes in an opened sealed record of a deal: its inner kind, its body, the entry it
/// came in and who wrote that.
pub fn project_sealed(
    tx: &mut Tx<'_>,
    facts: &dyn DomainFacts,
    kind: u16,
    body: &[u8],
    entry: &Ref,
    author: &Holder,
) -> Result<Touched, ProjectError> {
    let counts = facts.counts(tx, &entry.log, &tip(entry))?;
    let (entry, by) = (*entry, *author);
    match kind {
        inner::REQUEST => {
            let record = Request::from_payload(body)?;
            if !record.is_by(&author.member) {
                return Err(ProjectError::Author);
            }
            let booking = record.booking;
            note_tags(tx, &booking, &record.random);
            let mut row = tx.row::<Bookings>(&booking)?.unwrap_or_default();
            keep(&mut row.requests, Said { entry, by, counts, record });
            tx.put::<Bookings>(&booking, &row);
            Ok(Touched::Booking(booking))
        }
        inner::ANSWER => about(tx, body, by, entry, counts, |row| &mut row.answers),
        inner::CANCEL => about(tx, body, by, entry, counts, |row| &mut row.cancels),
        inner::STEP => {
            let record = Step::from_payload(body)?;
            let booking = record.booking;
            let mut row = tx.row::<Bookings>(&booking)?.unwrap_or_default();
            keep_step(&mut row.steps, Said { entry, by, counts, record });
            tx.put::<Bookings>(&booking, &row);
            Ok(Touched::Booking(booking))
        }
        inner::EXTENSION => about(tx, body, by, entry, counts, |row| &mut row.extensions),
        inner::EXTENSION_ANSWER => {
            about(tx, body, by, entry, counts, |row| &mut row.extension_answers)
        }
        inner::NOTICE => about(tx, body, by, entry, counts, |row| &mut row.notices),
        inner::OFFER => about(tx, body, by, entry, counts, |row| &mut row.offers),
        inner::TAKEN => about(tx, body, by, entry, counts, |row| &mut row.taken),
        inner::RECEIPT => {
            // That something arrived is true whatever became of who says so.
            let record = Receipt::from_payload(body)?;
            for hash in &record.hashes {
                let mut row = tx.row::<Receipts>(hash)?.unwrap_or_default();
                row.push((author.member, entry.hash));
                row.sort_unstable();
                // One a member is enough to know that it arrived.
                row.dedup_by_key(|(member, _)| *member);
                row.truncate(RECEIPTS);
                tx.put::<Receipts>(hash, &row);
            }
            Ok(Touched::Receipts(record.hashes))
        }
        kind => Err(ProjectError::Kind(kind)),
    }
}

/// Notes by which tags a deal is named in open records.
pub fn note_tags(tx: &mut Tx<'_>, booking: &BookingId, random: &[u8; 32]) {
    for of in [TagUse::Transfer, TagUse::Thanks] {
        tx.put::<DealTags>(&deal_tag(of, booking, random), booking);
    }
}

/// A record that says of which booking it is.
trait OfBooking: Record {
    fn booking(&self) -> BookingId;
}

macro_rules! of_booking {
    ($($record:ty),*) => {
        $(impl OfBooking for $record {
            fn booking(&self) -> BookingId {
                self.booking
            }
        })*
    };
}
of_booking!(Answer, Cancel, Extension, ExtensionAnswer, Notice, Offer, Taken);

/// Keeps a record that anybody may have written about a booking.
fn about<R: OfBooking>(
    tx: &mut Tx<'_>,
    body: &[u8],
    by: Holder,
    entry: Ref,
    counts: bool,
    of: impl FnOnce(&mut BookingRow) -> &mut Vec<Said<R>>,
) -> Result<Touched, ProjectError> {
    let record = R::from_payload(body)?;
    let booking = record.booking();
    let mut row = tx.row::<Bookings>(&booking)?.unwrap_or_default();
    keep(of(&mut row), Said { entry, by, counts, record });
    tx.put::<Bookings>(&booking, &row);
    Ok(Touched::Booking(booking))
}

/// Keeps a record in the order of (author, entry), of each device and of each member the
/// first few as they lie in their logs: a function of the set, nobody crowds out another,
/// and what was written past a closing crowds out nothing before it.
pub(crate) fn keep<R>(said: &mut Vec<Said<R>>, new: Said<R>) {
    let by = new.by;
    if !insert(said, new) {
        return;
    }
    let device = |held: &Said<R>| (held.by.member, held.by.device) == (by.member, by.device);
    drop_last(said, SAID_BY_DEVICE, device);
    drop_last(said, SAID_BY_MEMBER, |held| held.by.member == by.member);
}

/// Keeps a step as [`keep`] does, of each kind by itself: whoever reports the same again and
/// again can still say that it is back. Kinds of a later version count as one.
fn keep_step(said: &mut Vec<Said<Step>>, new: Said<Step>) {
    let (by, kind) = (new.by, new.record.kind);
    if !insert(said, new) {
        return;
    }
    let known = |kind: StepKind| Some(kind).filter(|kind| StepKind::ALL.contains(kind));
    let same = |held: &Said<Step>| known(held.record.kind) == known(kind);
    let device = |held: &Said<Step>| (held.by.member, held.by.device) == (by.member, by.device);
    drop_last(said, SAME_BY_DEVICE, |held| same(held) && device(held));
    drop_last(said, SAME_BY_MEMBER, |held| same(held) && held.by.member == by.member);
}

/// Puts a record into its place, unless it is there.
fn insert<R>(said: &mut Vec<Said<R>>, new: Said<R>) -> bool {
    let key = |said: &Said<R>| (said.by.member, said.entry.hash);
    let place = said.binary_search_by_key(&key(&new), key);
    if let Err(at) = place {
        said.insert(at, new);
    }
    place.is_err()
}

/// Where there are more than so many, drops the one that lies last in its log.
fn drop_last<R>(said: &mut Vec<Said<R>>, most: usize, of: impl Fn(&Said<R>) -> bool) {
    let those = || said.iter().enumerate().filter(|(_, held)| of(held));
    if those().count() > most
        && let Some((last, _)) = those().max_by_key(|(_, held)| (held.entry.seq, held.entry.hash))
    {
        said.remove(last);
    }
}

/// Asks again which records of these members count, as when authority changed; gives the
/// bookings that read otherwise now.
pub fn recount(
    tx: &mut Tx<'_>,
    facts: &dyn DomainFacts,
    members: &BTreeSet<MemberId>,
) -> Result<Vec<BookingId>, RowsError> {
    let mut changed = Vec::new();
    for (key, mut row) in tx.rows_with_prefix::<Bookings>(&[], BOOKINGS)? {
        let Some(booking) = BookingId::from_slice(&key) else { continue };
        let any = recount_said(tx, facts, members, &mut row.requests)?
            | recount_said(tx, facts, members, &mut row.answers)?
            | recount_said(tx, facts, members, &mut row.cancels)?
            | recount_said(tx, facts, members, &mut row.steps)?
            | recount_said(tx, facts, members, &mut row.extensions)?
            | recount_said(tx, facts, members, &mut row.extension_answers)?
            | recount_said(tx, facts, members, &mut row.notices)?
            | recount_said(tx, facts, members, &mut row.offers)?
            | recount_said(tx, facts, members, &mut row.taken)?;
        if any {
            tx.put::<Bookings>(&booking, &row);
            changed.push(booking);
        }
    }
    Ok(changed)
}

pub(crate) fn recount_said<R>(
    tx: &Tx<'_>,
    facts: &dyn DomainFacts,
    members: &BTreeSet<MemberId>,
    said: &mut [Said<R>],
) -> Result<bool, RowsError> {
    let mut changed = false;
    for held in said.iter_mut().filter(|held| members.contains(&held.by.member)) {
        let counts = facts.counts(tx, &held.entry.log, &tip(&held.entry))?;
        changed |= std::mem::replace(&mut held.counts, counts) != counts;
    }
    Ok(changed)
}
