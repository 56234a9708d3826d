//! Listings and profiles: what is edited and merged field by field (`FEATURES.md` 1–5
//! and 12). Content types with their limits, the rows, and search.
//!
//! Invariant: a row is always within the limits of its content type, whatever its
//! owner put into the document.

mod availability;
mod codes;
mod content;
mod edit;
mod error;
mod fold;
mod keys;
mod photo;
mod price;
mod profile;
mod project;
mod read;
mod row;
mod saved;
mod search;
mod write;

#[cfg(test)]
mod tests;

pub(crate) use availability::zone_is_named;
pub use availability::{
    Availability, DAY_MINUTES, Day, DayWindow, MAX_DAY_WINDOWS, MAX_EXCEPTIONS, MAX_WINDOWS,
    MAX_ZONE_BYTES, WeekWindow, day_from_text, day_to_text, week_from_text, week_to_text,
};
pub use codes::{Category, ListingKind, ListingState, Per, Tier, UnknownCode};
pub use content::{
    ListingContent, ListingDraft, MAX_CAPACITY, MAX_DEPOSIT_CENTS, MAX_NOTE_CHARS, MAX_SURFACE_CM2,
    MAX_TEXT_CHARS, MAX_TITLE_CHARS, MAX_ZONE_CHARS,
};
pub use edit::{ListingEdit, ProfileEdit};
pub use error::{FieldError, Invalid};
pub use fold::fold;
pub use photo::{MAX_ALT_CHARS, MAX_PHOTO_BYTES, MAX_PHOTOS, MAX_PIXELS, Photo};
pub use price::{MAX_AMOUNT, Price, PriceError};
pub use profile::{MAX_ABOUT_CHARS, MAX_LANGUAGES, MAX_NAME_CHARS, ProfileContent};
pub use project::{
    PROFILE_NUMBER, group_document, listing_of, profile_document, profile_of, project,
};
pub use row::{
    BlobRefs, GroupProfileRow, GroupProfiles, ListingRow, ListingStatus, Listings, ProfileRow,
    Profiles,
};
pub use saved::{
    Found, MAX_NEWS, MAX_SAVED_SEARCHES, MAX_SEARCH_NAME_CHARS, MAX_SEARCH_TEXT_CHARS, News,
    SavedSearch, SavedSearchError, forget_search, save_search, saved_search, saved_searches,
};
pub use search::{MAX_PAGE, MAX_WORDS, MaxPrice, SearchCursor, SearchPage, SearchQuery, search};
pub use write::{WriteError, create, create_profile, edit, edit_profile};
