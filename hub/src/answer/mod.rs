//! Answers: one type for each JSON object that scripts may rely on.
//!
//! `palier schema` prints their schemas, and a golden file holds them: fields may
//! be added, none may change its meaning or go. Nothing here reads or decides.

mod calendar;
mod commands;
mod credit;
mod deal;
mod group;
mod machine;
mod people;
mod reminder;
mod series;
mod service;
mod sharing;
mod values;

pub use calendar::*;
pub use commands::COMMANDS;
pub use credit::*;
pub use deal::*;
pub use group::*;
pub use machine::*;
pub use people::*;
pub use reminder::*;
pub use series::*;
pub use service::*;
pub use sharing::*;
pub use values::{Prefixed, Shown, When};

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, schema_for};
use serde::{Deserialize, Serialize};

/// A list, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct List<T> {
    /// What stands in it.
    pub items: Vec<T>,
    /// Given to `--after`, brings the next part; null at the end.
    pub next: Option<String>,
}

impl<T> List<T> {
    /// A list that is whole.
    pub const fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}

/// A write that is on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Saved {
    /// What was written.
    pub id: String,
    /// Always true: the answer comes after it is on disk.
    pub saved: bool,
}

impl Saved {
    /// The answer to a write of `id`.
    pub fn of(id: impl std::fmt::Display) -> Self {
        Self { id: id.to_string(), saved: true }
    }
}

/// A failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorAnswer {
    /// What failed.
    pub error: ErrorBody,
}

/// What failed, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorBody {
    /// Stable code, as `booking.taken`.
    pub code: String,
    /// For people.
    pub message: String,
    /// What to do next.
    pub hint: String,
    /// Values of the message.
    pub params: BTreeMap<String, String>,
    /// What else is against it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Why>,
    /// What could be had instead, nearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<Span>,
    /// What somebody wrote that is to be read before one goes on: the text to accept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_read: Option<String>,
}

macro_rules! answers {
    ($($(#[$doc:meta])* $name:ident($type:ty)),+ $(,)?) => {
        /// Any answer. On the socket it travels with its name, so that the caller can
        /// say it in prose; scripts get the value alone.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "type", content = "value")]
        pub enum Answer {
            $($(#[$doc])* $name($type)),+
        }

        impl Answer {
            /// The object that scripts read.
            pub fn to_json(&self) -> serde_json::Result<String> {
                match self {
                    $(Self::$name(value) => serde_json::to_string(value)),+
                }
            }

            /// The name of the answer's type, as `palier schema` takes it.
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => stringify!($name)),+
                }
            }
        }

        $(impl From<$type> for Answer {
            fn from(value: $type) -> Self {
                Self::$name(value)
            }
        })+

        /// The JSON Schema of every answer, by name.
        pub fn schemas() -> BTreeMap<&'static str, Schema> {
            BTreeMap::from([
                ("Error", schema_for!(ErrorAnswer)),
                ("RunEvent", schema_for!(RunEvent)),
                ("DumpEvent", schema_for!(DumpEvent)),
                $((stringify!($name), schema_for!($type))),+
            ])
        }
    };
}

answers! {
    /// A write that is on disk.
    Saved(Saved),
    /// `init`
    Init(Init),
    /// Bare `palier` where there is no home yet.
    Welcome(Welcome),
    /// `status`
    Status(Status),
    /// `sync`
    Sync(SyncDone),
    /// `doctor`
    Doctor(Doctor),
    /// `demo`
    Demo(Demo),
    /// `schema`
    Schemas(Schemas),
    /// `completions`
    Completions(Completions),
    /// `--help`
    Help(Help),
    /// `--version`
    Version(Version),
    /// `hood list`
    Hoods(List<Hood>),
    /// `hood show`
    Hood(Hood),
    /// `hood sheet`
    Sheet(Sheet),
    /// `invite create`
    Invitation(Invitation),
    /// `invite list`
    Invitations(List<Invitation>),
    /// `join`
    Joined(Joined),
    /// `member list`
    Members(List<Member>),
    /// `member show`
    Member(Member),
    /// `group list`
    Groups(List<Group>),
    /// `group show`
    Group(Group),
    /// `device list`
    Devices(List<Device>),
    /// `device link`
    DeviceLink(DeviceLink),
    /// `device recover`
    Recovered(Recovered),
    /// `profile show`
    Profile(Profile),
    /// `listing list`, `search`
    Listings(List<Listing>),
    /// `search --saved`
    SavedSearches(List<SavedSearch>),
    /// `listing show`
    ListingDetail(ListingDetail),
    /// `photo add`
    PhotoAdded(PhotoAdded),
    /// `photo get`
    PhotoFile(PhotoFile),
    /// `listing edit`, `calendar block`
    TermsSaved(TermsSaved),
    /// `calendar show`
    Calendar(Calendar),
    /// `calendar free LISTING`
    FreeSlots(List<FreeSlot>),
    /// `calendar free --kind KIND`
    FreeResources(List<FreeResource>),
    /// `calendar quote`
    Quote(Quote),
    /// `calendar export`
    CalendarExported(CalendarExported),
    /// `calendar import`
    CalendarImported(CalendarImported),
    /// `calendar due`
    Reminders(List<Reminder>),
    /// `booking request`
    BookingRequested(BookingRequested),
    /// `booking done`
    BookingDone(BookingDone),
    /// `booking extend`
    EndAsked(EndAsked),
    /// `series plan`
    SeriesPlan(SeriesPlan),
    /// `series create`
    SeriesSaved(SeriesSaved),
    /// `booking accept|refuse|cancel --series SERIES`
    SeriesDone(SeriesDone),
    /// `booking list`
    Bookings(List<Booking>),
    /// `booking show`
    Booking(Booking),
    /// `qr show`
    QrShown(QrShown),
    /// `qr verify`
    QrChecked(QrChecked),
    /// `waitlist`
    Waitlist(List<Waiting>),
    /// `credit balance`
    CreditBalance(CreditBalance),
    /// `credit list`
    CreditLines(List<CreditLine>),
    /// `credit list --csv`
    CreditFile(CreditFile),
    /// `thanks list`
    ThanksList(List<Thanks>),
    /// `bundle export`
    BundleExported(BundleExported),
    /// `bundle import`
    BundleImported(BundleImported),
}

#[cfg(test)]
mod tests;
