//! Answers about what neighbours share.

use palier_model::keys::{BlobId, BookingId, DeviceId, DocId, GroupId, MemberId, SeriesId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AskedEnd, GivenNotice, Payment, Service, Shown, Terms, When, Word};

/// What is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ListingKind {
    /// Help offered.
    Offer,
    /// Help wanted.
    Need,
    /// A tool to lend.
    Tool,
    /// A parking place.
    Parking,
    /// A cellar, box or shelf.
    Storage,
    /// A room.
    Room,
    /// An event or workshop.
    Event,
}

/// How a listing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ListingStatus {
    /// Shown.
    Published,
    /// Hidden for a while.
    Paused,
    /// It found what it was for.
    Filled,
    /// Its time is over.
    Expired,
    /// Taken back for good.
    Withdrawn,
}

/// A price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Price {
    /// Nothing.
    Free,
    /// Minutes of help.
    Credits {
        /// Whole minutes.
        minutes: u64,
        /// For how long.
        per: Per,
    },
    /// Money.
    Euros {
        /// Whole cents.
        cents: u64,
        /// For how long.
        per: Per,
    },
}

/// What a price is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// Each time.
    Once,
    /// Each hour.
    Hour,
    /// Each day.
    Day,
    /// Each week.
    Week,
    /// Each month.
    Month,
}

/// A listing in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Listing {
    /// Which.
    pub id: Shown<DocId>,
    /// What is shared.
    pub kind: ListingKind,
    /// A short title.
    pub title: String,
    /// How it stands.
    pub status: ListingStatus,
    /// Whose it is; null where it is a group's.
    pub owner: Option<Shown<MemberId>>,
    /// The group whose it is; null where it is a member's.
    pub group: Option<Shown<GroupId>>,
    /// The name of the owner's profile, or of the group; empty until it came.
    pub owner_name: String,
    /// The category, or an empty text.
    pub category: String,
    /// Roughly where, or an empty text.
    pub zone: String,
    /// The price.
    pub price: Price,
    /// How many alike.
    pub capacity: u32,
    /// Its photos.
    pub photos: Vec<Shown<BlobId>>,
    /// Until when it is shown.
    pub until: Option<When>,
}

/// An item of `search --saved`. What is null or empty asks nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SavedSearch {
    /// What its person calls it.
    pub name: String,
    /// Words that must all occur.
    pub words: String,
    /// Only this kind.
    pub kind: Option<ListingKind>,
    /// Only this category.
    pub category: Option<String>,
    /// Only there.
    pub zone: Option<String>,
    /// At most this price; for how long it holds is not compared.
    pub price: Option<Price>,
    /// Since when it is kept.
    pub since: When,
}

/// `listing show`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ListingDetail {
    /// As in lists.
    #[serde(flatten)]
    pub listing: Listing,
    /// The description.
    pub text: String,
    /// Whether the holder's device accepts by itself.
    pub instant: bool,
    /// The device that decides; none for help offered or wanted.
    pub holder: Option<Shown<DeviceId>>,
    /// Devices that may decide while the holder is away.
    pub stand_ins: Vec<Shown<DeviceId>>,
    /// What bookings are held to; none for help offered or wanted.
    pub terms: Option<Box<Terms>>,
    /// The listing that it is part of: what is booked of one keeps the other.
    pub part_of: Option<Shown<DocId>>,
    /// The listings that are part of it.
    pub parts: Vec<Shown<DocId>>,
    /// When it was published.
    pub published: Option<When>,
    /// How many neighbours answered an offer or a need of one's own; null for others, who
    /// cannot know.
    pub answers: Option<u64>,
    /// What this person may do with it: `request`, `edit`, `pause`, `withdraw`, …
    pub may: Vec<String>,
}

/// `photo add`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PhotoAdded {
    /// The photo.
    pub id: Shown<BlobId>,
    /// The listing.
    pub listing: Shown<DocId>,
    /// Size as kept, place removed.
    pub bytes: u64,
    /// Always true: the answer comes after it is on disk.
    pub saved: bool,
}

/// `photo get`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PhotoFile {
    /// The photo.
    pub id: Shown<BlobId>,
    /// Where it was written.
    pub file: String,
    /// Its size.
    pub bytes: u64,
}

/// How a booking stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BookingStatus {
    /// Asked, not answered.
    Requested,
    /// It waits for room.
    Waiting,
    /// It waits, and was offered what it waits for.
    Offered,
    /// It holds.
    Confirmed,
    /// It was handed over.
    HandedOver,
    /// It was handed over, and its end has passed.
    Overdue,
    /// One side says that it is back.
    Returned,
    /// Its end has passed, and neither side said anything.
    Ended,
    /// Nobody came for it.
    NoShow,
    /// It is lost.
    Lost,
    /// The two sides say different things.
    Disputed,
    /// Over: both say so, or nobody spoke against it for seven days.
    Closed,
    /// It was accepted, and another stands in its place.
    Displaced,
    /// The answer was no.
    Refused,
    /// Taken back.
    Cancelled,
    /// Help: a time was proposed, and none is agreed.
    Proposed,
    /// Help: a time is agreed.
    Agreed,
    /// Help: its time has passed, and neither side said anything.
    Due,
    /// Help: one side says that it was done.
    Done,
    /// Help: whoever answered took it back.
    Withdrawn,
    /// Help: its time passed long ago, and neither side ever said anything.
    Lapsed,
}

/// How far an act of this person got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Nobody has it yet.
    OnDevice,
    /// Somebody took it.
    Sent,
    /// The other side has it.
    Received,
}

/// `booking show`, and an item of `booking list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Booking {
    /// Which.
    pub id: Shown<BookingId>,
    /// What it was asked for together with, if it is one of a series.
    pub series: Option<Shown<SeriesId>>,
    /// Of which listing.
    pub listing: Shown<DocId>,
    /// Its title; empty until it came.
    pub title: String,
    /// How it stands.
    pub status: BookingStatus,
    /// Whether it can only fall by an act of somebody, not by merging.
    pub firm: bool,
    /// The devices whose word would make it firm.
    pub waiting_for: Vec<Shown<DeviceId>>,
    /// From when; null: of help for which no time was proposed.
    pub start: Option<When>,
    /// Until when; null: until notice.
    pub end: Option<When>,
    /// The zone of the place.
    pub zone: String,
    /// How many of those alike.
    pub quantity: u32,
    /// Who asked, if this person may know.
    pub requester: Option<Shown<MemberId>>,
    /// Whether this person asked.
    pub mine: bool,
    /// The words of whoever asked.
    pub note: String,
    /// What whoever asked is to the place; null of help.
    pub footing: Option<Footing>,
    /// Whether it accepts the text that the listing asks to accept now.
    pub text_accepted: TextAccepted,
    /// Why it stands so: a stable code, or an empty text.
    pub reason: String,
    /// The words of whoever decided.
    pub text: String,
    /// What else is free instead, once it is displaced or refused as taken.
    pub alternatives: Vec<Alternative>,
    /// Place on the waiting list, from 1; 0: not on it.
    pub waitlist: u64,
    /// What it was offered while it waited.
    pub offer: Option<Box<BookingOffer>>,
    /// Who says that it was handed over.
    pub handed_over: Word,
    /// Who says that it came back.
    pub returned: Word,
    /// Of help: what its two sides propose and say; null of what is booked.
    pub service: Option<Box<Service>>,
    /// What was agreed in minutes and what of it was passed on; null where nothing is due.
    pub payment: Option<Payment>,
    /// Whether its end can only change by an act of somebody, not by merging.
    pub end_firm: bool,
    /// Whether it has no end: it goes on until notice.
    pub rolling: bool,
    /// Another end that was asked for, and what became of it.
    pub asked_end: Option<Box<AskedEnd>>,
    /// Notice that was given.
    pub notice: Option<Box<GivenNotice>>,
    /// How far this person's last act on it got.
    pub delivery: Delivery,
    /// What happened, oldest first.
    pub history: Vec<Event>,
}

/// What a booking that waits was offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BookingOffer {
    /// Until when it can be taken.
    pub until: When,
    /// The words of whoever decides.
    pub text: String,
    /// Whether it was taken.
    pub taken: bool,
    /// Whether nobody took it in time.
    pub ran_out: bool,
}

/// What somebody is to a place, as the neighbourhood attests homes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Footing {
    /// `building`: the same as the owner's; `landlord`: the same landlord; `outside`.
    pub tier: String,
    /// Whether a landlord is attested.
    pub attested: bool,
    /// Whether the listing is open to them now.
    pub served: bool,
}

/// Whether a request accepts a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TextAccepted {
    /// There is none to accept.
    #[default]
    NotAsked,
    /// It accepts the one in force.
    Current,
    /// It accepts another one: the listing had it before.
    Other,
    /// It accepts none.
    Missing,
}

/// Something free instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Alternative {
    /// The listing: the same at another time, or another like it.
    pub listing: Shown<DocId>,
    /// Its title.
    pub title: String,
    /// From when.
    pub start: When,
    /// Until when.
    pub end: Option<When>,
}

/// One thing that happened to a booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// What: a stable code, as `requested`, `accepted`, `displaced`.
    pub what: String,
    /// When, as its author claimed.
    pub at: When,
    /// The end that it is about, if it is about one; null as well: none.
    pub until: Option<When>,
    /// Whose act it was, if this person may know.
    pub by: Option<Shown<MemberId>>,
    /// On which device.
    pub device: Option<Shown<DeviceId>>,
}

/// A place on a waiting list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Waiting {
    /// The booking that waits.
    pub booking: Shown<BookingId>,
    /// For which listing.
    pub listing: Shown<DocId>,
    /// Its title.
    pub title: String,
    /// The place among those who wait for the same room, from 1. None where only those who
    /// decide can know it: of a request that would wait, before anything was decided on it.
    pub place: Option<u64>,
    /// How many of those alike.
    pub quantity: u32,
    /// Whether this person asked for it.
    pub mine: bool,
    /// How many were accepted before it where it would have had room.
    pub overtaken: u64,
    /// Whether there is room for it now.
    pub has_room: bool,
    /// Until when it is offered that, if this person may know.
    pub offered_until: Option<When>,
    /// From when.
    pub start: When,
    /// Until when.
    pub end: Option<When>,
}
