//! Answers about what comes again.

use palier_model::keys::{BookingId, DocId, SeriesId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Shown, Span, When, Why};

/// One occurrence of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SeriesOccurrence {
    /// From when.
    pub start: When,
    /// Until when.
    pub end: Option<When>,
    /// Whether it could be had beside those before it, as far as is known here.
    pub available: bool,
    /// Every rule against it.
    pub why_not: Vec<Why>,
    /// What it costs.
    pub total: Option<u64>,
    /// What could be had instead, nearest first.
    pub alternatives: Vec<Span>,
}

/// `series plan`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SeriesPlan {
    /// The listing.
    pub listing: Shown<DocId>,
    /// Its title.
    pub title: String,
    /// The zone of the place.
    pub zone: String,
    /// How many of those alike, each time.
    pub quantity: u32,
    /// Every occurrence, by start.
    pub items: Vec<SeriesOccurrence>,
    /// How many of them could be had.
    pub free: u64,
    /// How many could not.
    pub conflicts: u64,
    /// What amounts are: `cents` or `minutes`; null: free.
    pub currency: Option<String>,
    /// What all of them cost.
    pub total: Option<u64>,
    /// What those cost that could be had.
    pub total_free: Option<u64>,
    /// What is left as a deposit each time and given back, in cents.
    pub deposit_cents: u64,
    /// What is agreed to by asking.
    pub accept: String,
}

/// One occurrence of a series that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SeriesBooking {
    /// The booking; null: it was left out.
    pub booking: Option<Shown<BookingId>>,
    /// From when.
    pub start: When,
    /// Until when.
    pub end: Option<When>,
    /// Why it was left out.
    pub why_not: Vec<Why>,
}

/// `series create`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SeriesSaved {
    /// The series.
    pub id: Shown<SeriesId>,
    /// Always true: the answer comes after all of it is on disk.
    pub saved: bool,
    /// Every occurrence, by start.
    pub items: Vec<SeriesBooking>,
    /// What amounts are: `cents` or `minutes`; null: free.
    pub currency: Option<String>,
    /// What those cost that were asked for.
    pub total: Option<u64>,
}

/// What became of one booking of a series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SeriesItem {
    /// The booking.
    pub booking: Shown<BookingId>,
    /// From when.
    pub start: When,
    /// Until when.
    pub end: Option<When>,
    /// Whether it was done and is on disk.
    pub done: bool,
    /// Why not.
    pub why_not: Vec<Why>,
}

/// `booking accept|refuse|cancel --series SERIES`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SeriesDone {
    /// The series.
    pub id: Shown<SeriesId>,
    /// What of it was open to this, by start; each was written on its own.
    pub items: Vec<SeriesItem>,
}
