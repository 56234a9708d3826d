//! Bookings (`PROTOCOL.md` §7): requests, answers, decisions, the calendar.
//!
//! Nobody writes another's side of a deal: the request is the requester's sealed
//! record, the answer the decider's, the decision an open one that says only *busy*.
//! Invariant: the calendar reads open records alone and is a pure function of their
//! set; no clock, no order of arrival and no claimed time has a say in it.

pub mod availability;
pub mod calendar;
mod decide;
mod extend;
mod extension;
mod history;
pub mod lifecycle;
mod project;
pub mod records;
mod room;
mod rows;
pub mod series;
mod slots;
mod status;
pub mod tariff;
mod terms_edit;
pub(crate) mod told;

pub use calendar::{
    Act, ActKind, BookingFacts, Calendar, Displaced, Domain, Effect, Held, HistoryLine, Released,
    Resized, calendar,
};
pub use decide::{
    Care, DecideError, Standing, Wanted, accept, check, close_holder, hand_over, release, seen,
    set_terms, waits_for, who_may,
};
pub use extension::{
    AskedEnd, Became, GivenNotice, NOTICE_HEARD_MS, NewEnd, asked_end, booked_beside, check_end,
    earliest_end, ends_by_notice, is_open, latest_end, may_change_at, noticed_end, resize,
    why_not_end,
};
pub use history::delivery_of;
pub use project::{
    DomainFacts, Managers, ProjectError, domain_acts, domains, project_open, recompute, take_open,
};
pub use records::{
    Answer, Cancel, Cancellation, CloseHolder, Decision, DomainId, DomainRecord, Extension,
    ExtensionAnswer, Holder, Mode, Notice, Op, Outcome, Reason, Receipt, Record, RecordError,
    Request, Resource, Step, StepKind, TagUse, Terms, booking_id, deal_tag, inner,
};
pub use room::{Alternative, DomainView, RoomError, booked_by};
pub use rows::{
    ActRecord, BookingRow, BookingState, BookingStates, Bookings, CalendarRow, CalendarSlots,
    Calendars, DealTags, DecisionRow, Decisions, OpenState, ReceiptRow, Receipts, Said,
};
pub use slots::{SlotKey, slot_key, slots_over};
pub use status::{BookingView, Deed, Delivery, HistoryEntry, Status, side_of, view, waitlist};
pub use terms_edit::TermsEdit;
pub use told::{SAME_BY_DEVICE, Touched, note_tags, project_sealed, recount};
