//! Answers about what is due.

use palier_model::keys::{BookingId, DocId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Shown, When};

/// What a reminder is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReminderKind {
    /// What this person booked begins.
    StartsSoon,
    /// Somebody comes for what is this person's.
    HandOver,
    /// What this person has is to be brought back.
    ReturnDue,
    /// It was to be back.
    Overdue,
    /// It ends by notice.
    NoticeEnds,
    /// Somebody asks, and waits for this person's answer.
    Question,
    /// Somebody asks for another end, and waits for this person's answer.
    EndQuestion,
    /// What this person waits for and was offered goes to the next one.
    OfferRunsOut,
    /// Help was agreed for then.
    HelpSoon,
    /// Its time is over: it can be said that it was done.
    HelpDone,
}

/// An item of `calendar due`: one notification that a phone schedules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reminder {
    /// The same as long as it is the same reminder: one that moved keeps it.
    pub id: String,
    /// What it is about.
    pub kind: ReminderKind,
    /// From when it is to be told; past: now.
    pub at: When,
    /// From when it is not to be told any more; null: until something is said.
    pub until: Option<When>,
    /// The booking.
    pub booking: Shown<BookingId>,
    /// Its listing.
    pub listing: Shown<DocId>,
    /// The listing's title; empty until it came.
    pub listing_title: String,
    /// From when what it is about is; null where no time was proposed.
    pub start: Option<When>,
    /// Until when.
    pub end: Option<When>,
    /// What to show, in the person's language.
    pub title: String,
}
