//! What a listing says: fields, limits, and everything that can be wrong with them.
//! The exact place is not here: it is sealed and told once a deal is agreed.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::availability::Availability;
use super::codes::{Category, ListingKind, ListingState, Tier};
use super::error::Invalid;
use super::photo::{MAX_PHOTOS, Photo};
use super::price::Price;
use crate::keys::EntryHash;
use crate::time::Instant;

/// Longest title, in characters.
pub const MAX_TITLE_CHARS: usize = 120;
/// Longest text, in characters.
pub const MAX_TEXT_CHARS: usize = 4_000;
/// Longest instructions and condition notes, in characters.
pub const MAX_NOTE_CHARS: usize = 2_000;
/// Longest zone (stairwell, block, street), in characters.
pub const MAX_ZONE_CHARS: usize = 60;
/// Most things alike in one listing.
pub const MAX_CAPACITY: u32 = 10_000;
/// Highest deposit, in cents.
pub const MAX_DEPOSIT_CENTS: u32 = 1_000_000;
/// Largest surface, in square centimetres (10,000 m²).
pub const MAX_SURFACE_CM2: u32 = 100_000_000;

/// A listing's content. Also what a draft is before it is published.
///
/// ```
/// use palier_model::listing::{ListingContent, ListingKind};
/// let ladder = ListingContent::new(ListingKind::Tool, "Échelle 3 m");
/// assert!(ladder.check().is_ok());
/// let nameless = ListingContent::new(ListingKind::Tool, " ");
/// assert!(nameless.check().is_err_and(|errors| errors.has("listing.title.empty")));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListingContent {
    /// What it is. Never changes.
    pub kind: ListingKind,
    /// What it is about.
    pub category: Category,
    /// One line, 1–120 characters.
    pub title: String,
    /// More words, up to 4,000 characters.
    pub text: String,
    /// Where, roughly: a stairwell, a block, a street.
    pub zone: String,
    /// Up to 8.
    pub photos: Vec<Photo>,
    /// What it costs.
    pub price: Price,
    /// What is left as a deposit, in cents.
    pub deposit_cents: u32,
    /// How many alike there are, or places at an event.
    pub capacity: u32,
    /// When it can be had.
    pub availability: Availability,
    /// For storage and rooms: surface in cm²; 0 where it is not said.
    pub surface_cm2: u32,
    /// For tools: what state it is in.
    pub condition: String,
    /// How to use it, what to heed.
    pub instructions: String,
    /// Who may ask; never empty.
    pub tiers: BTreeSet<Tier>,
    /// Whether it is shown.
    pub state: ListingState,
    /// From when on it is shown no more, unless renewed.
    pub expires_at: Option<Instant>,
    /// The record that founded the decision domain of this resource.
    pub domain: Option<EntryHash>,
}

/// A listing that is not published yet.
pub type ListingDraft = ListingContent;

impl ListingContent {
    /// A listing with a title and nothing else: free, one of it, open to all.
    pub fn new(kind: ListingKind, title: impl Into<String>) -> Self {
        Self {
            kind,
            category: Category::Other,
            title: title.into(),
            text: String::new(),
            zone: String::new(),
            photos: Vec::new(),
            price: Price::Free,
            deposit_cents: 0,
            capacity: 1,
            availability: Availability::default(),
            surface_cm2: 0,
            condition: String::new(),
            instructions: String::new(),
            tiers: Tier::ALL.iter().copied().collect(),
            state: ListingState::Published,
            expires_at: None,
            domain: None,
        }
    }

    /// Everything that is wrong with it.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut errors = Invalid::default();
        if self.title.trim().is_empty() {
            errors.add("listing.title.empty");
        }
        if self.title.chars().any(char::is_control) {
            errors.add("listing.title.control");
        }
        let chars = |text: &str| text.chars().count();
        errors.at_most("listing.title.long", chars(&self.title), MAX_TITLE_CHARS);
        errors.at_most("listing.text.long", chars(&self.text), MAX_TEXT_CHARS);
        errors.at_most("listing.zone.long", chars(&self.zone), MAX_ZONE_CHARS);
        if self.zone.chars().any(char::is_control) {
            errors.add("listing.zone.control");
        }
        errors.at_most("listing.condition.long", chars(&self.condition), MAX_NOTE_CHARS);
        errors.at_most("listing.instructions.long", chars(&self.instructions), MAX_NOTE_CHARS);
        errors.at_most("listing.photos.many", self.photos.len(), MAX_PHOTOS);
        let blobs: BTreeSet<_> = self.photos.iter().map(|photo| photo.blob).collect();
        if blobs.len() < self.photos.len() {
            errors.add("listing.photos.twice");
        }
        for photo in self.photos.iter().take(MAX_PHOTOS) {
            photo.check(&mut errors);
        }
        if !self.price.is_valid() {
            errors.add("listing.price.amount");
        }
        let (deposit, most) = (self.deposit_cents as usize, MAX_DEPOSIT_CENTS as usize);
        errors.at_most("listing.deposit.high", deposit, most);
        if self.capacity == 0 {
            errors.add("listing.capacity.zero");
        }
        errors.at_most("listing.capacity.high", self.capacity as usize, MAX_CAPACITY as usize);
        let (surface, most) = (self.surface_cm2 as usize, MAX_SURFACE_CM2 as usize);
        errors.at_most("listing.surface.high", surface, most);
        self.availability.check(&mut errors);
        if self.tiers.is_empty() {
            errors.add("listing.tiers.empty");
        }
        errors.into_result()
    }
}
