//! What a calendar is computed from, and what comes out.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::booking::records::{DomainId, DomainRecord, Holder, Op, Reason, Terms};
use crate::keys::{BookingId, DeviceId, DocId, EntryHash, MemberId};
use crate::time::{Instant, Interval};

/// What the calendar must be told about people and devices; `authority` answers.
pub trait BookingFacts {
    /// Whether device `a` was certified in the causal past of the certificate of `b`.
    fn certified_earlier(&self, a: &DeviceId, b: &DeviceId) -> bool;

    /// The devices of a member that no closing has ended.
    fn devices(&self, member: &MemberId) -> Vec<DeviceId>;
}

/// A domain as it was founded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// The hash of its founding entry.
    pub id: DomainId,
    /// The member in whose document it was founded.
    pub owner: MemberId,
    /// The founding record.
    pub record: DomainRecord,
    /// Of a group's domain: whoever was ever made its manager. They decide, but only those
    /// whom the founding record or an act of the owner names close a holder: what settles a
    /// closing must not hang on who is made a manager later.
    pub managers: BTreeSet<MemberId>,
}

/// What an act of a domain is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActKind {
    /// A decision.
    Decision {
        /// The tenure it names.
        tenure: u32,
        /// What it follows; none: the domain record.
        prev: Option<EntryHash>,
        /// What it does.
        op: Op,
    },
    /// A closing of a lost holder.
    Close {
        /// The tenure it ends.
        tenure: u32,
        /// The last spine decision it leaves in that tenure.
        last: Option<EntryHash>,
        /// Who holds next.
        new_holder: Holder,
        /// Whether the owner's phrase vouches for it.
        by_phrase: bool,
    },
}

/// One entry that speaks of a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// The entry.
    pub hash: EntryHash,
    /// Who wrote it.
    pub author: Holder,
    /// When, as its writer claimed.
    pub at: Instant,
    /// Acts of the domain it names or follows in its log. Its causal past is the
    /// closure of this; while one of them is missing, the act waits. What it follows
    /// (`prev`, `last`) is among them, or is not followed.
    pub past: Vec<EntryHash>,
    /// Whether it counts: no closing of its person or device lies before it.
    pub counts: bool,
    /// What it is.
    pub kind: ActKind,
}

/// A booking that has its place in the calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The booking.
    pub booking: BookingId,
    /// What is booked.
    pub resource: DocId,
    /// When.
    pub interval: Interval,
    /// How many units.
    pub quantity: u32,
    /// Whether it can fall only by a named act.
    pub firm: bool,
    /// Place of the decision in the domain's order.
    pub place: u32,
    /// Who decided.
    pub decided_by: Holder,
    /// The decision.
    pub decision: EntryHash,
    /// What gave it the end it has; none: it ends as it was accepted.
    pub resized: Option<Resized>,
}

/// The act by which a booking ends when it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resized {
    /// The decision.
    pub decision: EntryHash,
    /// Who decided.
    pub by: Holder,
    /// Its place in the domain's order.
    pub place: u32,
    /// Whether the end can change only by a named act.
    pub firm: bool,
}

/// A booking that was accepted and found its place taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Displaced {
    /// The booking.
    pub booking: BookingId,
    /// What it was for.
    pub resource: DocId,
    /// When.
    pub interval: Interval,
    /// How many units.
    pub quantity: u32,
    /// A booking that stands there, where there is one.
    pub by: Option<BookingId>,
    /// Place of the acceptance in the domain's order (none: it does not count at all).
    pub place: Option<u32>,
    /// Why.
    pub reason: Reason,
    /// Who had accepted it.
    pub decided_by: Holder,
    /// The acceptance.
    pub decision: EntryHash,
}

/// A booking that waits for room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waits {
    /// The booking.
    pub booking: BookingId,
    /// What it is for.
    pub resource: DocId,
    /// When.
    pub interval: Interval,
    /// How many units.
    pub quantity: u32,
    /// Its place on the list: that of the decision that put it there.
    pub place: u32,
    /// Who put it there.
    pub queued_by: Holder,
    /// The decision: one that queues, or an acceptance that was displaced.
    pub decision: EntryHash,
    /// Acceptances of others that took its room while it waited, in order.
    pub overtaken_by: Vec<EntryHash>,
}

/// A booking that was taken out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Released {
    /// The booking.
    pub booking: BookingId,
    /// Why.
    pub reason: Reason,
    /// Place of the release in the domain's order.
    pub place: u32,
    /// Who took it out.
    pub by: Holder,
    /// The release, or the terms that named it.
    pub decision: EntryHash,
}

/// What an act did to a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// Accepted, and it counted from there on.
    Accepted,
    /// Accepted, but its place was taken.
    Displaced(Reason),
    /// Accepted once more, or after it was released: nothing changed.
    NoChange,
    /// Taken out.
    Released(Reason),
    /// Taken out by terms that name it.
    CancelledByTerms,
    /// Put on the waiting list.
    Queued,
    /// Another was accepted where this one waited and would have had room.
    Overtaken(BookingId),
    /// Does not count: its author was not entitled, or closed before.
    Void,
    /// It ends then.
    Resized {
        /// The end; none: none.
        end: Option<Instant>,
    },
    /// A later end did not fit: it ends as before.
    Kept {
        /// The end that was meant; none: none.
        end: Option<Instant>,
        /// Why not.
        reason: Reason,
    },
}

/// One line of a booking's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryLine {
    /// The act.
    pub act: EntryHash,
    /// Who did it.
    pub by: Holder,
    /// When, as claimed.
    pub at: Instant,
    /// What it did.
    pub effect: Effect,
    /// Its place in the order; none: it has none.
    pub place: Option<u32>,
    /// Its writer held the domain and wrote on past the point at which this closing
    /// ended the tenure.
    pub past_closing: Option<EntryHash>,
}

/// The calendar of a domain: a pure function of the set of its acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// What counts, in the order of ids.
    pub counting: Vec<Held>,
    /// What was displaced and has not come back, in the order of ids.
    pub displaced: Vec<Displaced>,
    /// Who waits for room, in order.
    pub waiting: Vec<Waits>,
    /// What was taken out, in the order of ids.
    pub released: Vec<Released>,
    /// The terms in force at the end of the order, for each resource.
    pub terms: BTreeMap<DocId, Terms>,
    /// Who holds the domain.
    pub holder: Holder,
    /// Which tenure this is.
    pub tenure: u32,
    /// What began it: the domain, a hand-over or a closing.
    pub begun_by: EntryHash,
    /// The last spine decision of the tenure in force.
    pub spine_end: Option<EntryHash>,
    /// Whose devices must write before all that stands here is firm.
    pub waiting_for: Vec<DeviceId>,
    /// Devices that have written nothing that saw a closing.
    pub unsettled: Vec<DeviceId>,
    /// Whether something was said after the last spine decision.
    pub is_loose: bool,
    /// Members entitled to decide, the owner included; sorted.
    pub entitled: Vec<MemberId>,
    /// Acts that no other act has seen: what a new one names as seen.
    pub heads: Vec<EntryHash>,
    /// Acts that wait for something they have seen.
    pub incomplete: Vec<EntryHash>,
    /// Every decision that has a place, in order.
    pub order: Vec<EntryHash>,
    /// How many of them stand at or before the last firm decision.
    pub firm_places: u32,
    /// What was done about each booking, in order.
    pub history: BTreeMap<BookingId, Vec<HistoryLine>>,
}
