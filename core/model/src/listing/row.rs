//! Rows of listings and profiles: all that lists, search and detail need.
//!
//! A row follows from entries alone. What also depends on the time is computed on
//! reading, with a `now` given in.

use serde::{Deserialize, Serialize};

use super::codes::ListingState;
use super::content::ListingContent;
use super::fold::fold;
use super::profile::ProfileContent;
use crate::journal::Owner;
use crate::keys::{BlobId, DocId, GroupId, MemberId};
use crate::rows::{Table, Typed};
use crate::time::Instant;

/// Whether a listing is shown, at a given time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ListingStatus {
    /// Shown and open.
    Published,
    /// Shown to its owner only.
    Paused,
    /// Found what it was for; it can be renewed.
    Filled,
    /// Its time is over; it can be renewed.
    Expired,
    /// Taken down for good.
    Withdrawn,
}

impl ListingStatus {
    /// The code for JSON and scripts.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Paused => "paused",
            Self::Filled => "filled",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// One listing as it can be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListingRow {
    /// The document.
    pub id: DocId,
    /// Whose it is.
    pub owner: Owner,
    /// What it says; always within the limits of [`ListingContent`].
    pub content: ListingContent,
    /// Claimed time of its earliest change.
    pub created_at: Instant,
    /// Claimed time of its latest change.
    pub updated_at: Instant,
}

impl ListingRow {
    /// Whether it is shown at `now`.
    pub fn status(&self, now: Instant) -> ListingStatus {
        match self.content.state {
            ListingState::Withdrawn => ListingStatus::Withdrawn,
            ListingState::Filled => ListingStatus::Filled,
            _ if self.content.expires_at.is_some_and(|end| end <= now) => ListingStatus::Expired,
            ListingState::Paused => ListingStatus::Paused,
            ListingState::Published => ListingStatus::Published,
        }
    }

    /// When [`Self::status`] next changes by itself, after `now`.
    pub fn next_change(&self, now: Instant) -> Option<Instant> {
        let can_expire = self.content.state != ListingState::Withdrawn;
        self.content.expires_at.filter(|end| can_expire && *end > now)
    }

    /// What full-text search looks into: folded title, text, category, zone, notes.
    pub fn search_text(&self) -> String {
        let content = &self.content;
        let alts = content.photos.iter().map(|photo| photo.alt.as_str());
        let parts = [
            content.title.as_str(),
            &content.text,
            content.category.code(),
            &content.zone,
            &content.condition,
            &content.instructions,
        ];
        let parts: Vec<_> = parts.into_iter().chain(alts).collect();
        fold(&parts.join("\n"))
    }
}

/// One profile as it can be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileRow {
    /// Whose it is.
    pub member: MemberId,
    /// The document.
    pub document: DocId,
    /// What it says; always within the limits of [`ProfileContent`].
    pub content: ProfileContent,
    /// Claimed time of its latest change.
    pub updated_at: Instant,
}

/// What a group says of itself, as it can be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupProfileRow {
    /// Which group.
    pub group: GroupId,
    /// What it says; always within the limits of [`ProfileContent`].
    pub content: ProfileContent,
    /// Claimed time of its latest change.
    pub updated_at: Instant,
}

/// Table of what groups say of themselves.
#[derive(Debug)]
pub struct GroupProfiles;

impl Typed for GroupProfiles {
    const TABLE: Table = Table::GroupProfiles;
    type Key = GroupId;
    type Row = GroupProfileRow;
}

/// Table of listings.
#[derive(Debug)]
pub struct Listings;

impl Typed for Listings {
    const TABLE: Table = Table::Listings;
    type Key = DocId;
    type Row = ListingRow;
}

/// Table of profiles.
#[derive(Debug)]
pub struct Profiles;

impl Typed for Profiles {
    const TABLE: Table = Table::Profiles;
    type Key = MemberId;
    type Row = ProfileRow;
}

/// Which documents name a blob.
#[derive(Debug)]
pub struct BlobRefs;

impl Typed for BlobRefs {
    const TABLE: Table = Table::BlobRefs;
    type Key = (BlobId, DocId);
    type Row = ();
}
