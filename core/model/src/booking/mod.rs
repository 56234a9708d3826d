//! Bookings (`PROTOCOL.md` §7): requests, answers, decisions, the calendar.
//!
//! Nobody writes another's side of a deal: the request is the requester's sealed
//! record, the answer the decider's, the decision an open one that says only *busy*.
//! Invariant: the calendar reads open records alone and is a pure function of their
//! set; no clock, no order of arrival and no claimed time has a say in it.

mod accepted;
pub mod availability;
pub mod calendar;
mod decide;
mod extend;
mod extension;
mod footing;
mod history;
pub mod lifecycle;
mod neighbours;
mod offers;
mod project;
pub mod records;
mod room;
mod rows;
pub mod series;
mod slots;
mod status;
mod still_out;
pub mod tariff;
mod terms_edit;
pub(crate) mod told;
mod waiting;

pub use accepted::{Accepts, TextAccepted, TextHash, text_hash};
pub use calendar::{
    Act, ActKind, BookingFacts, Calendar, Displaced, Domain, Effect, Held, HistoryLine, Released,
    Resized, Waits, calendar,
};
pub use decide::{
    Care, DecideError, Standing, Wanted, accept, check, close_holder, hand_over, queue, release,
    seen, set_terms, waits_for, who_may,
};
pub use extension::{
    AskedEnd, Became, GivenNotice, NOTICE_HEARD_MS, NewEnd, asked_end, booked_beside, check_end,
    earliest_end, ends_by_notice, is_open, latest_end, may_change_at, next_turn, noticed_end,
    resize, why_not_end,
};
pub use footing::{Footing, tiers};
pub use history::delivery_of;
pub use neighbours::Neighbours;
pub use offers::{Offering, offer_of};
pub use project::{
    DomainFacts, Managers, ProjectError, domain_acts, domains, project_open, recompute, take_open,
};
pub use records::{
    Answer, Cancel, Cancellation, CloseHolder, Decision, DomainId, DomainRecord, Extension,
    ExtensionAnswer, Holder, Mode, Notice, Offer, Op, Outcome, Reason, Receipt, Record,
    RecordError, Request, Resource, Step, StepKind, TagUse, Taken, Terms, booking_id, bounds,
    deal_tag, inner,
};
pub use room::{Alternative, DomainView, RoomError, booked_by};
pub use rows::{
    ActRecord, BookingRow, BookingState, BookingStates, Bookings, CalendarRow, CalendarSlots,
    Calendars, DealTags, DecisionRow, Decisions, OpenState, ReceiptRow, Receipts, Said, Waitlists,
};
pub use slots::{SlotKey, slot_key, slots_over};
pub use status::{BookingView, Deed, Delivery, HistoryEntry, Status, side_of, view};
pub use still_out::{STILL_OUT_MS, is_genuine};
pub use terms_edit::{ClosedAgain, TermsEdit};
pub use told::{SAID_BY_DEVICE, SAME_BY_DEVICE, Touched, note_tags, project_sealed, recount};
pub use waiting::{InLine, waiting, waitlist};
