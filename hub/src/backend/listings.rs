//! What is asked about listings and their calendars.

use std::path::PathBuf;

use palier_model::booking::TermsEdit;
use palier_model::keys::{DeviceId, DocId, GroupId};
use palier_model::time::{Instant, Interval};

use crate::answer::{ListingKind, Price};

/// What of a listing may be set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListingPatch {
    /// A short title.
    pub title: Option<String>,
    /// The description.
    pub text: Option<String>,
    /// The category.
    pub category: Option<String>,
    /// Roughly where.
    pub zone: Option<String>,
    /// The prices, the one that lists show first; empty: as it was.
    pub prices: Vec<Price>,
    /// Until when it is shown.
    pub until: Option<Instant>,
}

/// A new listing.
#[derive(Debug, Clone)]
pub struct NewListing {
    /// What is shared.
    pub kind: ListingKind,
    /// A short title.
    pub title: String,
    /// What bookings are held to, but for the price.
    pub terms: TermsEdit,
    /// The device that decides; this one where nothing is said.
    pub holder: Option<DeviceId>,
    /// Titles of its parts, each a listing of its own.
    pub parts: Vec<String>,
    /// The group that shares it; none: this person.
    pub group: Option<GroupId>,
    /// The rest; its title is not looked at.
    pub content: ListingPatch,
}

/// A change of a listing.
#[derive(Debug, Clone)]
pub enum ListingChange {
    /// Hidden for a while.
    Pause,
    /// Shown again, or for longer.
    Renew(Option<Instant>),
    /// Taken back for good.
    Withdraw,
    /// An offer or a need found what it was for.
    Fill,
    /// Another device decides.
    Holder(DeviceId),
}

/// A change of what a listing says and of what its bookings are held to.
#[derive(Debug, Clone)]
pub struct ListingEdit {
    /// What it says.
    pub content: ListingPatch,
    /// What bookings are held to, but for the price.
    pub terms: TermsEdit,
    /// It cannot be used then: what is booked in it falls, its requesters read why.
    pub broken: Option<(Interval, String)>,
    /// Only say what it would do to bookings.
    pub dry_run: bool,
}

/// What is asked of a calendar file.
#[derive(Debug, Clone)]
pub struct CalendarFileOf {
    /// The listing; none: one's own bookings.
    pub listing: Option<DocId>,
    /// Where to write it.
    pub file: PathBuf,
}

/// A calendar file to be read.
#[derive(Debug, Clone)]
pub struct BusyFile {
    /// The listing that is closed.
    pub listing: DocId,
    /// The file.
    pub file: PathBuf,
    /// Up to when it is read.
    pub to: Instant,
    /// Only say what it would do to bookings.
    pub dry_run: bool,
}

/// What is to be free.
#[derive(Debug, Clone, Copy)]
pub struct FreeQuery {
    /// From when to when.
    pub range: Interval,
    /// For how long, in milliseconds; none: throughout, of a listing any time.
    pub length_ms: Option<i64>,
    /// How many units.
    pub quantity: u32,
}

/// Which listings.
#[derive(Debug, Clone, Default)]
pub struct ListingFilter {
    /// Words to find; empty: all.
    pub words: String,
    /// Only these.
    pub kind: Option<ListingKind>,
    /// Only this category.
    pub category: Option<String>,
    /// Only there.
    pub zone: Option<String>,
    /// At most this price.
    pub price: Option<Price>,
    /// Only one's own, with those paused and withdrawn.
    pub mine: bool,
}
