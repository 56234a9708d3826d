//! What the command line asks of a node: one method for each operation.
//!
//! [`Host`] makes and opens homes, [`Backend`] is an open one. Inputs are plain
//! structs, outputs are the answers scripts read. The node's adapter implements
//! both; tests put a small stand-in there.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::tz::TimeZone;
use palier_model::booking::{StepKind, TermsEdit};
use palier_model::journal::Owner;
use palier_model::keys::{BlobId, BookingId, DeviceId, DocId, GroupId, MemberId, SeriesId};
use palier_model::replica::{NewSeries, SeriesSkip};
use palier_model::time::{Instant, Interval};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::answer::{
    Booking, BookingDone, BookingRequested, BundleExported, BundleImported, Calendar,
    CalendarExported, CalendarImported, CreditBalance, CreditFile, CreditLine, Device, DeviceLink,
    Doctor, EndAsked, FreeResource, FreeSlot, Group, Hood, Init, Invitation, Joined, List, Listing,
    ListingDetail, ListingKind, Member, PhotoAdded, PhotoFile, Price, Profile, QrChecked, QrShown,
    Quote, Recovered, Reminder, RunEvent, Saved, SavedSearch, SeriesDone, SeriesPlan, SeriesSaved,
    Sheet, Status, SyncDone, TermsSaved, Thanks, Waiting,
};
use crate::errors::Result;

/// In whose name, where and when an operation happens.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// The neighbourhood, by id, beginning of it, or name; needed only with several.
    pub hood: Option<String>,
    /// The member whose mandate is used.
    pub mandate_of: Option<MemberId>,
    /// Open no socket.
    pub offline: bool,
}

/// How a home is opened.
#[derive(Debug, Clone, Default)]
pub struct Opening {
    /// Sockets, if it may have any.
    pub network: Option<Network>,
    /// The time to claim instead of the clock's.
    pub now: Option<Instant>,
}

/// Which sockets a node opens. Addresses are multiaddresses.
#[derive(Debug, Clone, Default)]
pub struct Network {
    /// Where to listen; empty: any port (a hub: 4747).
    pub listen: Vec<String>,
    /// What to tell others instead.
    pub advertise: Vec<String>,
    /// Whom to dial at once.
    pub peers: Vec<String>,
    /// Whether to look on the local network.
    pub mdns: bool,
    /// Whether it stays up and serves others (`run`), or only asks (`sync`, `join`).
    pub serve: bool,
}

/// What takes more than a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Something.
    Working,
    /// A home is opened.
    Opening,
    /// Another command of this home is waited for.
    Waiting,
    /// A neighbour is looked for.
    Meeting,
    /// Entries are exchanged.
    Syncing,
    /// Rows are checked or built anew.
    Checking,
    /// A file is read or written.
    Bundling,
}

/// How far something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// What goes on.
    pub stage: Stage,
    /// How much is done.
    pub done: u64,
    /// Of how much, if that is known.
    pub total: Option<u64>,
}

/// Where progress is told. Must not block.
pub type OnProgress = Arc<dyn Fn(Progress) + Send + Sync>;

/// Which part of a list.
#[derive(Debug, Clone)]
pub struct Paging {
    /// How many at most.
    pub limit: u32,
    /// Where the part before ended.
    pub after: Option<String>,
}

/// A new invitation.
#[derive(Debug, Clone)]
pub struct NewInvitation {
    /// Somebody must approve.
    pub approval: bool,
    /// How many it lets in.
    pub uses: u32,
    /// How long it holds.
    pub expires_in_ms: i64,
}

/// What happens to a member.
#[derive(Debug, Clone)]
pub enum MemberAct {
    /// Let in, with what is attested.
    Approve { building: Option<String>, landlord: Option<String> },
    /// Building and landlord attested.
    Attest { building: Option<String>, landlord: Option<String> },
    /// A role given.
    Appoint(RoleName),
    /// A role taken back.
    Dismiss(RoleName),
    /// Somebody who waits is not let in.
    Refuse,
    /// Removed; somebody who waits is not let in.
    Remove,
}

/// A role in the neighbourhood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleName {
    /// Admits, attests, moderates.
    Coordinator,
    /// Always on: stores and forwards.
    Hub,
}

/// A step of linking a second device.
#[derive(Debug, Clone)]
pub enum LinkStep {
    /// On the old device: make a link and wait for the new one; or, while one is
    /// pending, say how far it is.
    Offer,
    /// On the new device: take the link.
    Accept(String),
    /// On both: the code that the other one shows.
    Confirm(String),
}

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

/// A request.
#[derive(Debug, Clone)]
pub struct NewBooking {
    /// Of what.
    pub listing: DocId,
    /// When; an offer or a need can be answered without.
    pub interval: Option<Interval>,
    /// How many of those alike.
    pub quantity: u32,
    /// Minutes of help it is worth, of an offer or a need.
    pub minutes: Option<u32>,
    /// Whether to wait where it is taken.
    pub wait: bool,
    /// A word to the owner; only who decides reads it.
    pub text: Option<String>,
    /// Whether the text of the listing is accepted.
    pub accept: bool,
}

/// What happens to a booking.
#[derive(Debug, Clone)]
pub enum BookingAct {
    /// The owner's side says yes.
    Accept {
        /// Even to what somebody else was offered.
        anyway: bool,
    },
    /// The owner's side says no.
    Refuse { text: Option<String> },
    /// The requester takes it back, or the owner's side what it had accepted.
    Cancel { text: Option<String> },
    /// One side says something of what was handed over.
    Step {
        /// What.
        kind: StepKind,
        /// A word to the other side.
        text: Option<String>,
        /// What the other side's device showed.
        qr: Option<String>,
    },
    /// Either side proposes a time for help.
    Propose {
        /// When.
        interval: Interval,
        /// Minutes of help for it, where the listing's price says otherwise.
        minutes: Option<u32>,
        /// A word to the other side.
        text: Option<String>,
    },
    /// The owner's side says yes to the end that was asked for.
    GrantEnd,
    /// It says no to that.
    KeepEnd { text: Option<String> },
    /// One side ends what has no end.
    Notice {
        /// When it ends.
        end: Instant,
        /// A word to the other side.
        text: Option<String>,
    },
    /// The requester waits for a slot that is taken.
    Wait,
    /// Who decides offers it what it waits for.
    Offer {
        /// For how long, instead of what the terms say.
        for_ms: Option<u64>,
        /// A word to the requester.
        text: Option<String>,
    },
    /// The requester takes what was offered.
    Take,
    /// The requester waits no longer.
    StopWaiting,
}

/// Another end that is asked for.
#[derive(Debug, Clone)]
pub struct NewEnd {
    /// The end; none: until notice.
    pub end: Option<Instant>,
    /// A word to the owner; only who decides reads it.
    pub text: Option<String>,
    /// Only say what it would mean.
    pub dry_run: bool,
}

/// Which bookings.
#[derive(Debug, Clone, Default)]
pub struct BookingFilter {
    /// Only of this listing.
    pub listing: Option<DocId>,
    /// Only of this series.
    pub series: Option<SeriesId>,
    /// Only what waits for this person's answer.
    pub to_decide: bool,
}

/// What happens to the managers of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupAct {
    /// One more.
    Add,
    /// One less.
    Remove,
}

/// Minutes for a neighbour or a group.
#[derive(Debug, Clone)]
pub struct NewGift {
    /// The group whose they are; none: one's own.
    pub from: Option<GroupId>,
    /// To whom.
    pub to: Owner,
    /// How many.
    pub minutes: u32,
    /// A word that the two alone read; empty for none.
    pub note: String,
}

/// A change of one's own profile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfilePatch {
    /// The name.
    pub name: Option<String>,
    /// A few words.
    pub about: Option<String>,
    /// Languages spoken.
    pub languages: Option<Vec<String>>,
}

/// One open row.
#[derive(Debug, Clone)]
pub struct OpenRow {
    /// Its table.
    pub table: String,
    /// Its key.
    pub key: String,
    /// What it holds.
    pub value: serde_json::Value,
}

/// What a person gives to come back.
#[derive(Clone)]
pub struct Recovery {
    /// The twelve words.
    pub phrase: String,
    /// An invitation, or the sheet's link, which says where the neighbourhood is.
    pub link: Option<String>,
    /// The name, where no profile has one.
    pub name: Option<String>,
    /// How long to wait for a neighbour.
    pub within_ms: i64,
}

/// One operation: a method whose future may move between threads. Implementations
/// write it as `async fn`.
macro_rules! operation {
    ($(#[$doc:meta])* $name:ident($($arg:ident: $type:ty),*) -> $out:ty) => {
        $(#[$doc])*
        fn $name(&self, $($arg: $type),*) -> impl Future<Output = Result<$out>> + Send;
    };
}

/// Makes and opens homes.
pub trait Host: Send + Sync + 'static {
    /// An open home.
    type Node: Backend;

    /// Whether there is an identity in this home.
    fn exists(&self, home: &Path) -> bool;
    operation!(
        /// Makes a home with an identity of its own.
        init(home: &Path, name: String) -> Init
    );
    operation!(
        /// Makes a home for an identity that exists, from its words and, if given, a
        /// link that says where the neighbourhood is.
        recover(home: &Path, given: Recovery, opening: Opening) -> Recovered
    );
    operation!(
        /// Opens a home. `home.busy` if another process has it: that is tried again.
        open(home: &Path, opening: Opening) -> Self::Node
    );
}

/// An open home.
pub trait Backend: Send + Sync + 'static {
    operation!(
        /// The zone of the neighbourhood's clocks; the computer's own where there is none.
        zone(scope: &Scope) -> TimeZone
    );
    operation!(
        /// The zone of a listing's clocks: its own, or the neighbourhood's.
        clocks(scope: &Scope, listing: DocId) -> TimeZone
    );
    operation!(
        /// How things stand. (`home` and `running` are filled in by the command line.)
        status(scope: &Scope) -> Status
    );
    operation!(
        /// Exchanges what is new, within a time. Partial results are an answer too.
        sync(scope: &Scope, within_ms: i64, peers: Vec<String>, progress: OnProgress) -> SyncDone
    );
    operation!(
        /// Checks the store.
        doctor(rebuild: bool, progress: OnProgress) -> Doctor
    );
    operation!(
        /// Open rows after a key, in order, a part at a time; empty at the end.
        open_rows(scope: &Scope, after: Option<&OpenRow>) -> Vec<OpenRow>
    );
    /// The time it is there.
    fn now(&self) -> Instant;
    /// The same home for one command that claims another time.
    fn claiming(&self, now: Instant) -> Self
    where
        Self: Sized;
    /// What `run` tells while it is up. Asked for once.
    fn events(&self) -> mpsc::Receiver<RunEvent>;
    /// Closes the home in order.
    fn close(self) -> impl Future<Output = ()> + Send;

    operation!(
        /// Founds a neighbourhood; the answer names its hash.
        hood_found(scope: &Scope, name: String, zone: Option<String>) -> Saved
    );
    operation!(
        /// Those of this home.
        hoods(scope: &Scope) -> Vec<Hood>
    );
    operation!(
        /// The one meant.
        hood(scope: &Scope) -> Hood
    );
    operation!(
        /// What to keep beside the words.
        hood_sheet(scope: &Scope) -> Sheet
    );
    operation!(
        /// Leaves it.
        hood_leave(scope: &Scope) -> Saved
    );
    operation!(
        /// Makes an invitation.
        invite(scope: &Scope, invitation: NewInvitation) -> Invitation
    );
    operation!(
        /// Those made here.
        invitations(scope: &Scope) -> Vec<Invitation>
    );
    operation!(
        /// Makes one worthless.
        invite_revoke(scope: &Scope, id: String) -> Saved
    );
    operation!(
        /// Joins by an invitation.
        join(scope: &Scope, link: String, lives: Option<String>, within_ms: i64, progress: OnProgress) -> Joined
    );
    operation!(
        /// Everyone, with those who wait if this person may admit.
        members(scope: &Scope, paging: Paging) -> List<Member>
    );
    operation!(
        /// One.
        member(scope: &Scope, id: MemberId) -> Member
    );
    operation!(
        /// An act on a member.
        member_act(scope: &Scope, id: MemberId, act: MemberAct) -> Saved
    );
    operation!(
        /// Founds a group.
        group_found(scope: &Scope, name: String, about: String) -> Saved
    );
    operation!(
        /// Every group.
        groups(scope: &Scope) -> Vec<Group>
    );
    operation!(
        /// One.
        group(scope: &Scope, id: GroupId) -> Group
    );
    operation!(
        /// A manager more or less.
        group_act(scope: &Scope, id: GroupId, member: MemberId, act: GroupAct) -> Saved
    );
    operation!(
        /// Those of this person.
        devices(scope: &Scope) -> Vec<Device>
    );
    operation!(
        /// A step of linking a second device.
        device_link(scope: &Scope, step: LinkStep, within_ms: i64, progress: OnProgress) -> DeviceLink
    );
    operation!(
        /// Revokes a device.
        device_revoke(scope: &Scope, id: DeviceId) -> Saved
    );
    operation!(
        /// A member's profile; one's own without a member.
        profile(scope: &Scope, member: Option<MemberId>) -> Profile
    );
    operation!(
        /// Changes one's own profile.
        profile_edit(scope: &Scope, patch: ProfilePatch) -> Saved
    );

    operation!(
        /// Publishes a listing.
        listing_add(scope: &Scope, listing: NewListing) -> Saved
    );
    operation!(
        /// Finds listings.
        listings(scope: &Scope, filter: ListingFilter, paging: Paging) -> List<Listing>
    );
    operation!(
        /// Keeps a search under a name.
        search_save(scope: &Scope, name: String, filter: ListingFilter) -> Saved
    );
    operation!(
        /// The searches that are kept, by name.
        searches(scope: &Scope) -> Vec<SavedSearch>
    );
    operation!(
        /// What a kept search asks.
        search_filter(scope: &Scope, name: String) -> ListingFilter
    );
    operation!(
        /// Keeps a search no longer.
        search_forget(scope: &Scope, name: String) -> Saved
    );
    operation!(
        /// One.
        listing(scope: &Scope, id: DocId) -> ListingDetail
    );
    operation!(
        /// Changes one.
        listing_change(scope: &Scope, id: DocId, change: ListingChange) -> Saved
    );
    operation!(
        /// Changes what one says and what its bookings are held to.
        listing_edit(scope: &Scope, id: DocId, edit: ListingEdit) -> TermsSaved
    );
    operation!(
        /// A resource over a range, day by day.
        calendar(scope: &Scope, id: DocId, range: Interval) -> Calendar
    );
    operation!(
        /// When a resource is free.
        free(scope: &Scope, id: DocId, query: FreeQuery) -> List<FreeSlot>
    );
    operation!(
        /// Which resources are free.
        free_resources(scope: &Scope, kind: Option<ListingKind>, query: FreeQuery) -> List<FreeResource>
    );
    operation!(
        /// What a wish would cost, and whether it could be had.
        quote(scope: &Scope, id: DocId, interval: Interval, quantity: u32) -> Quote
    );
    operation!(
        /// What is due within a time.
        reminders(scope: &Scope, within_ms: i64) -> List<Reminder>
    );
    operation!(
        /// Writes bookings into a calendar file.
        calendar_export(scope: &Scope, of: CalendarFileOf) -> CalendarExported
    );
    operation!(
        /// Closes a resource when a calendar file says so.
        calendar_import(scope: &Scope, file: BusyFile) -> CalendarImported
    );
    operation!(
        /// Adds a photo to a listing.
        photo_add(scope: &Scope, listing: DocId, file: PathBuf) -> PhotoAdded
    );
    operation!(
        /// Writes a photo into a file, fetched if it must be.
        photo_get(scope: &Scope, photo: BlobId, file: PathBuf, within_ms: i64) -> PhotoFile
    );
    operation!(
        /// Asks for something.
        booking_request(scope: &Scope, booking: NewBooking) -> BookingRequested
    );
    operation!(
        /// Asks for another end.
        booking_extend(scope: &Scope, id: BookingId, new: NewEnd) -> EndAsked
    );
    operation!(
        /// An act on a booking.
        booking_act(scope: &Scope, id: BookingId, act: BookingAct) -> Saved
    );
    operation!(
        /// Says that help was done; whoever was helped pays by that.
        booking_done(scope: &Scope, id: BookingId, text: Option<String>) -> BookingDone
    );
    operation!(
        /// Those this person can read.
        bookings(scope: &Scope, filter: BookingFilter, paging: Paging) -> List<Booking>
    );
    operation!(
        /// One.
        booking(scope: &Scope, id: BookingId) -> Booking
    );
    operation!(
        /// Every occurrence of a series, before anything is written.
        series_plan(scope: &Scope, series: NewSeries) -> SeriesPlan
    );
    operation!(
        /// Asks for all of a series, or for all but what is skipped.
        series_create(scope: &Scope, series: NewSeries, skip: SeriesSkip, text: Option<String>) -> SeriesSaved
    );
    operation!(
        /// The same act on all of a series that is open to it.
        series_act(scope: &Scope, id: SeriesId, act: BookingAct) -> SeriesDone
    );
    operation!(
        /// This device's signed word on a hand-over or a return.
        qr_show(scope: &Scope, id: BookingId, step: StepKind) -> QrShown
    );
    operation!(
        /// Checks such a word.
        qr_verify(
            scope: &Scope,
            code: String,
            booking: Option<BookingId>,
            step: Option<StepKind>
        ) -> QrChecked
    );
    operation!(
        /// The waiting lists this person stands on, or that of one listing of one's own.
        waitlist(scope: &Scope, listing: Option<DocId>) -> Vec<Waiting>
    );
    operation!(
        /// How a member or a group stands; oneself without one.
        credit_balance(scope: &Scope, whose: Option<Owner>) -> CreditBalance
    );
    operation!(
        /// Gives minutes.
        credit_give(scope: &Scope, gift: NewGift) -> Saved
    );
    operation!(
        /// Passes minutes to another device of one's own, or of a group to one of a manager.
        credit_allot(scope: &Scope, group: Option<GroupId>, device: DeviceId, minutes: u32) -> Saved
    );
    operation!(
        /// Pays what a deal was agreed to cost.
        credit_pay(scope: &Scope, booking: BookingId) -> Saved
    );
    operation!(
        /// Thanks the other side of a deal; without a text takes the word back.
        thanks_give(scope: &Scope, booking: BookingId, text: Option<String>) -> Saved
    );
    operation!(
        /// What neighbours said of a member; of oneself without one.
        thanks(scope: &Scope, member: Option<MemberId>) -> Vec<Thanks>
    );
    operation!(
        /// What was given and received, newest first.
        credit_lines(scope: &Scope, group: Option<GroupId>, paging: Paging) -> List<CreditLine>
    );
    operation!(
        /// Writes all of it into a file.
        credit_file(scope: &Scope, group: Option<GroupId>, file: PathBuf) -> CreditFile
    );
    operation!(
        /// Writes all entries into a file.
        bundle_export(scope: &Scope, file: PathBuf, progress: OnProgress) -> BundleExported
    );
    operation!(
        /// Takes the entries of a file through the gate.
        bundle_import(scope: &Scope, file: PathBuf, progress: OnProgress) -> BundleImported
    );
}
