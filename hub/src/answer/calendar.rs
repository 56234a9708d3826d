//! Answers about time: terms, calendars, quotes.

use std::collections::BTreeMap;

use palier_model::keys::{BookingId, DocId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Alternative, ListingKind, Price, Shown, When};

/// Hours on the wall clock, `08:00` to `20:00`; past `24:00` on the next day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hours {
    /// From when.
    pub from: String,
    /// Until when.
    pub to: String,
}

/// Hours of a weekday.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WeekHours {
    /// `monday` to `sunday`: the day on which they begin.
    pub weekday: String,
    /// From when.
    pub from: String,
    /// Until when.
    pub to: String,
}

/// A date unlike others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DayHours {
    /// The date.
    pub date: String,
    /// Its hours; empty: closed.
    pub hours: Vec<Hours>,
}

/// What holds on public holidays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HolidayTerms {
    /// Whose: `france` or `alsace_moselle`.
    pub calendar: String,
    /// The hours; empty: closed.
    pub hours: Vec<Hours>,
}

/// How much one member may have: bookings or minutes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QuotaTerms {
    /// Over which time: `rolling`, `day`, `week`, `month`, `ahead`.
    pub window: String,
    /// How many days, of a rolling one.
    pub days: Option<u32>,
    /// Most bookings.
    pub most_bookings: Option<u32>,
    /// Most minutes.
    pub most_minutes: Option<u32>,
}

/// A stretch of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Span {
    /// From when.
    pub start: When,
    /// Until when; null: until notice.
    pub end: Option<When>,
}

/// What bookings of a listing are held to. Lengths are whole minutes, rounded up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Terms {
    /// The IANA zone of the place.
    pub time_zone: String,
    /// Shortest booking.
    pub min_minutes: Option<u64>,
    /// Longest booking; null: also until notice.
    pub max_minutes: Option<u64>,
    /// Asked for at least so long before.
    pub notice_minutes: u64,
    /// What has no end is ended at least so long before.
    pub leave_notice_minutes: u64,
    /// Asked for at most so long before.
    pub horizon_minutes: Option<u64>,
    /// Bookings begin and end on these steps of the clock.
    pub step_minutes: Option<u32>,
    /// Free time between two bookings.
    pub buffer_minutes: u64,
    /// Hours of the week; null: day and night.
    pub hours: Option<Vec<WeekHours>>,
    /// Dates unlike others.
    pub days: Vec<DayHours>,
    /// Public holidays; null: days like others.
    pub holidays: Option<HolidayTerms>,
    /// When opening hours count: `throughout` or `ends`.
    pub attended: String,
    /// Closed then.
    pub blocked: Vec<Span>,
    /// Closed again and again: rules after RFC 5545.
    pub closures: Vec<String>,
    /// How much one member may have.
    pub quotas: Vec<QuotaTerms>,
    /// Every price; empty: free.
    pub prices: Vec<Price>,
    /// Deposit in cents, for one.
    pub deposit_cents: u64,
    /// Cancelled free of charge up to so long before.
    pub cancel_free_minutes: u64,
    /// After that this part of the price is due.
    pub cancel_fee_percent: u32,
    /// What a requester agrees to by asking.
    pub accept: String,
    /// So long somebody who waits is offered room that came free; 0: accepted at once.
    pub offer_minutes: u64,
    /// Who may ask: `building` (the owner's), `landlord` (and the owner's landlord's), `all`.
    pub open_to: String,
    /// Whether only people whom a landlord attests may ask.
    pub attestation_required: bool,
    /// What is rented from a landlord and let on: where he agrees, in the owner's words;
    /// null: it is not.
    pub consent: Option<String>,
}

/// A rule that is broken: a stable code with its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Why {
    /// Stable code, as `booking.why.closed`.
    pub code: String,
    /// Its values.
    pub params: BTreeMap<String, String>,
}

/// A booking that stays though the terms would not allow it any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WouldNotFit {
    /// The booking.
    pub booking: Shown<BookingId>,
    /// From when.
    pub start: When,
    /// Until when.
    pub end: Option<When>,
    /// How many.
    pub quantity: u32,
    /// Every rule that it breaks.
    pub why: Vec<Why>,
}

/// `listing edit`, `calendar block`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TermsSaved {
    /// The listing.
    pub id: Shown<DocId>,
    /// Whether it is on disk; false only with `--dry-run`.
    pub saved: bool,
    /// Bookings that stay and would not be allowed any more.
    pub would_not_fit: Vec<WouldNotFit>,
    /// Bookings that fall, with `calendar block --cancel`.
    pub cancelled: Vec<Fallen>,
}

/// A booking that falls because the thing cannot be used then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fallen {
    /// The booking.
    pub booking: Shown<BookingId>,
    /// From when.
    pub start: When,
    /// Until when.
    pub end: Option<When>,
    /// How many.
    pub quantity: u32,
}

/// An item of `calendar free LISTING`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FreeSlot {
    /// From when.
    pub start: When,
    /// Until when.
    pub end: When,
    /// How many are free throughout.
    pub free: u32,
}

/// An item of `calendar free --kind KIND`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FreeResource {
    /// The listing.
    pub listing: Shown<DocId>,
    /// What is shared.
    pub kind: ListingKind,
    /// Its title.
    pub title: String,
    /// From when.
    pub start: When,
    /// Until when.
    pub end: Option<When>,
    /// How many are free throughout.
    pub free: u32,
}

/// How a day stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DayState {
    /// Free all the time that it is open.
    Free,
    /// Something is booked.
    Partly,
    /// Nothing is left.
    Full,
    /// Closed all day.
    Closed,
}

/// A day of a calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CalendarDay {
    /// The date.
    pub date: String,
    /// How it stands.
    pub state: DayState,
    /// Minutes in which at least one is free.
    pub free_minutes: u64,
    /// Minutes in which it is open.
    pub open_minutes: u64,
    /// The public holiday, as a stable code.
    pub holiday: Option<String>,
}

/// What is booked: never who.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Busy {
    /// The booking.
    pub booking: Shown<BookingId>,
    /// From when.
    pub start: When,
    /// Until when; null: until notice.
    pub end: Option<When>,
    /// How many.
    pub quantity: u32,
    /// Whether it can only fall by an act of somebody.
    pub firm: bool,
    /// Whether this person asked for it.
    pub mine: bool,
}

/// `calendar show`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Calendar {
    /// The listing.
    pub listing: Shown<DocId>,
    /// Its title.
    pub title: String,
    /// The zone of the place.
    pub zone: String,
    /// How many alike.
    pub capacity: u32,
    /// Who may ask: `building`, `landlord`, `all`.
    pub open_to: String,
    /// Whether this person may, as the neighbourhood attests it.
    pub open_to_me: bool,
    /// From when.
    pub start: When,
    /// Until when.
    pub end: When,
    /// Its days.
    pub days: Vec<CalendarDay>,
    /// What is booked, by start.
    pub busy: Vec<Busy>,
    /// When how many are free: none where it is closed.
    pub free: Vec<FreeSlot>,
}

/// A line of a quote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QuoteLine {
    /// `once`, `hour`, `day`, `week`, `month`.
    pub unit: String,
    /// How many of it.
    pub count: u64,
    /// What one costs, for one piece.
    pub price: u64,
    /// For how many pieces.
    pub quantity: u32,
    /// What the line costs.
    pub amount: u64,
}

/// `calendar quote`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Quote {
    /// The listing.
    pub listing: Shown<DocId>,
    /// Its title.
    pub title: String,
    /// From when.
    pub start: When,
    /// Until when; null: until notice.
    pub end: Option<When>,
    /// The zone of the place.
    pub zone: String,
    /// How long it is.
    pub minutes: Option<u64>,
    /// How many of those alike.
    pub quantity: u32,
    /// What amounts are: `cents` or `minutes`; null: free.
    pub currency: Option<String>,
    /// Line by line, greatest unit first.
    pub lines: Vec<QuoteLine>,
    /// What it costs; null: until notice there is no total.
    pub total: Option<u64>,
    /// What is left as a deposit and given back, in cents.
    pub deposit_cents: u64,
    /// Cancelled free of charge until then.
    pub cancel_free_until: When,
    /// After that this part of the price is due.
    pub cancel_fee_percent: u32,
    /// What is agreed to by asking.
    pub accept: String,
    /// Whether it could be had, as far as is known here.
    pub available: bool,
    /// Every rule against it.
    pub why_not: Vec<Why>,
    /// What could be had instead, nearest first.
    pub alternatives: Vec<Alternative>,
}

/// `booking request`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BookingRequested {
    /// The booking.
    pub id: Shown<BookingId>,
    /// Always true: the answer comes after it is on disk.
    pub saved: bool,
    /// What stands there already, as far as is known here; empty: nothing.
    pub why_not: Vec<Why>,
    /// What could be had instead, nearest first.
    pub alternatives: Vec<Span>,
}

/// `calendar export`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CalendarExported {
    /// Where it was written.
    pub file: String,
    /// How many events.
    pub events: u64,
}

/// `calendar import`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CalendarImported {
    /// The listing.
    pub id: Shown<DocId>,
    /// Whether it is on disk; false only with `--dry-run`.
    pub saved: bool,
    /// How many events were read.
    pub events: u64,
    /// Stretches in which it is closed now.
    pub blocked: u64,
    /// Events that could not be read: which of the file, from 1, and what about it.
    pub left_out: Vec<LeftOut>,
    /// Bookings that stay and would not be allowed any more.
    pub would_not_fit: Vec<WouldNotFit>,
}

/// An event of a calendar file that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftOut {
    /// Which of the file, from 1.
    pub event: u64,
    /// What about it: `RRULE`, `TZID`, …
    pub why: String,
}
