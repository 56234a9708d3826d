//! The rows of calendars and bookings.
//!
//! Calendars, decisions, slots and states follow from open entries alone: they are
//! equal on all nodes with equal entries. Bookings hold what their parties sealed.

use serde::{Deserialize, Serialize};

use super::calendar::{Displaced, Held, HistoryLine, Released, Waits};
use super::records::{
    Answer, Cancel, CloseHolder, Decision, DomainId, DomainRecord, Extension, ExtensionAnswer,
    Holder, Notice, Offer, Request, Step, Taken, Terms,
};
use super::slots::SlotKey;
use crate::journal::{Owner, Ref};
use crate::keys::{BookingId, DeviceId, EntryHash, GroupId, MemberId};
use crate::rows::typed_table;

/// A domain: who holds it, what is in force, what it waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarRow {
    /// The member in whose document it was founded.
    pub owner: MemberId,
    /// The founding record.
    pub record: DomainRecord,
    /// Its entry.
    pub founded: Ref,
    /// Whether the founding entry counts: no closing of its author lies before it.
    pub counts: bool,
    /// Who holds the domain.
    pub holder: Holder,
    /// Which tenure this is.
    pub tenure: u32,
    /// The hand-over or closing that began it; none in the first.
    pub begun_by: Option<Ref>,
    /// The last spine decision of this tenure.
    pub spine_end: Option<Ref>,
    /// Whose devices must write before all is firm.
    pub waiting_for: Vec<DeviceId>,
    /// Those of them that have written nothing that saw a closing.
    pub unsettled: Vec<DeviceId>,
    /// Whether something was said after the last spine decision.
    pub is_loose: bool,
    /// Members entitled to decide, the owner included; sorted.
    pub entitled: Vec<MemberId>,
    /// What a new act names as seen; sorted.
    pub heads: Vec<Ref>,
    /// Each writer's last act here.
    pub last_of: Vec<(Holder, Ref)>,
    /// The terms in force, resource by resource.
    pub terms: Vec<Terms>,
    /// How many decisions have a place, and how many of those are firm.
    pub places: u32,
    /// See `places`.
    pub firm_places: u32,
    /// Devices of which an act waits for something it has seen: all they write after it
    /// waits as well. Sorted.
    pub incomplete: Vec<DeviceId>,
    /// Members whose acts are read here: those entitled, and any named by the owner.
    pub read: Vec<MemberId>,
    /// Whether every act about a booking has its place and left it a state: a decision
    /// that comes last can then be added without a pass.
    pub is_plain: bool,
    /// The group whose domain it is; none: the owner's own.
    pub group: Option<GroupId>,
    /// Of those entitled, who may decide now: of a group, its managers as they are. Sorted.
    pub deciding: Vec<MemberId>,
}

impl CalendarRow {
    /// Whose document it was founded in.
    pub fn owned_by(&self) -> Owner {
        self.group.map_or(Owner::Member(self.owner), Owner::Group)
    }
}

/// An act of a domain as it lies in its row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ActRecord {
    /// A decision.
    Decision(Decision),
    /// A closing of a holder.
    Close(CloseHolder),
}

/// An act of a domain with who wrote it and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionRow {
    /// Its entry.
    pub entry: Ref,
    /// Who wrote it.
    pub author: Holder,
    /// What it says.
    pub record: ActRecord,
    /// The group in whose document it stands; none: its author's own.
    pub group: Option<GroupId>,
}

/// What became of a booking in its domain's calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum OpenState {
    /// It counts.
    Held(Held),
    /// It was accepted and its place was taken.
    Displaced(Displaced),
    /// It was taken out.
    Released(Released),
    /// It was put on the waiting list, and nothing else was decided on it.
    Waiting(Waits),
}

/// What everyone may know of a booking: that something is busy, never who.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookingState {
    /// What became of it.
    pub state: OpenState,
    /// Which act did what.
    pub history: Vec<HistoryLine>,
}

/// A sealed record of a deal, opened, with who wrote it and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said<R> {
    /// Its entry.
    pub entry: Ref,
    /// Who wrote it.
    pub by: Holder,
    /// Whether it counts: its log was not closed before it.
    pub counts: bool,
    /// What it says.
    pub record: R,
}

/// A booking as its parties told it to each other.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BookingRow {
    /// The request; several where its author's devices told it twice.
    pub requests: Vec<Said<Request>>,
    /// Answers, in the order of (author, entry).
    pub answers: Vec<Said<Answer>>,
    /// Cancellations, in the order of (author, entry).
    pub cancels: Vec<Said<Cancel>>,
    /// What its sides said of it since, in the order of (author, entry).
    pub steps: Vec<Said<Step>>,
    /// Other ends that were asked for, in the order of (author, entry).
    pub extensions: Vec<Said<Extension>>,
    /// What was answered, in the order of (author, entry).
    pub extension_answers: Vec<Said<ExtensionAnswer>>,
    /// Notices given, in the order of (author, entry).
    pub notices: Vec<Said<Notice>>,
    /// What was offered to it while it waited, in the order of (author, entry).
    pub offers: Vec<Said<Offer>>,
    /// Which of that its requester took, in the order of (author, entry).
    pub taken: Vec<Said<Taken>>,
}

impl BookingRow {
    /// The request: of several one that counts, then that of the smaller entry hash.
    pub fn request(&self) -> Option<&Said<Request>> {
        self.requests.iter().min_by_key(|said| (!said.counts, said.entry.hash))
    }

    /// Whether its requester gave it up.
    pub fn is_given_up(&self) -> bool {
        let requester = self.request().map(|request| request.by.member);
        self.cancels.iter().any(|said| said.counts && Some(said.by.member) == requester)
    }
}

/// Receipts for one entry: who acknowledged it, in which entry; sorted.
pub type ReceiptRow = Vec<(MemberId, EntryHash)>;

typed_table!(
    /// domain id → row.
    Calendars, Calendars, DomainId, CalendarRow
);
typed_table!(
    /// domain id ‖ member ‖ entry hash → act.
    Decisions, Decisions, (DomainId, MemberId, EntryHash), DecisionRow
);
typed_table!(
    /// domain id ‖ class of length ‖ start in milliseconds ‖ booking id → what counts
    /// ([`super::slots`]).
    CalendarSlots, CalendarSlots, SlotKey, Held
);
typed_table!(
    /// domain id ‖ booking id → what became of it.
    BookingStates, BookingStates, (DomainId, BookingId), BookingState
);
typed_table!(
    /// domain id ‖ place ‖ booking id → who waits for room there.
    Waitlists, Waitlists, (DomainId, u64, BookingId), Waits
);
typed_table!(
    /// booking id → what its parties said.
    Bookings, Bookings, BookingId, BookingRow
);
typed_table!(
    /// entry hash → who acknowledged it.
    Receipts, Receipts, EntryHash, ReceiptRow
);
typed_table!(
    /// tag of a deal → its booking: what the deal's parties alone can tell.
    DealTags, DealTags, [u8; 32], BookingId
);
