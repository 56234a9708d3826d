//! Bookings (`PROTOCOL.md` §7): requests, answers, decisions, the calendar.
//!
//! Nobody writes another's side of a deal: the request is the requester's sealed
//! record, the answer the decider's, the decision an open one that says only *busy*.
//! Invariant: the calendar reads open records alone and is a pure function of their
//! set; no clock, no order of arrival and no claimed time has a say in it.

pub mod calendar;
pub mod records;

pub use calendar::{
    Act, ActKind, BookingFacts, Calendar, Displaced, Domain, Effect, Held, HistoryLine, Released,
    calendar,
};
pub use records::{
    Answer, Cancel, Cancellation, CloseHolder, Decision, DomainId, DomainRecord, Holder, Mode, Op,
    Outcome, Plan, Price, PricePer, Reason, Receipt, Record, RecordError, Request, Resource, Terms,
    booking_id,
};
