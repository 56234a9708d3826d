//! What the command line asks of a node: one method for each operation.
//!
//! [`Host`] makes and opens homes, [`Backend`] is an open one. Inputs are plain
//! structs, outputs are the answers scripts read. The node's adapter implements
//! both; tests put a small stand-in there.

mod deals;
mod listings;
mod people;
mod scope;

use std::future::Future;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use palier_model::booking::StepKind;
use palier_model::journal::Owner;
use palier_model::keys::{BlobId, BookingId, DeviceId, DocId, GroupId, MemberId, SeriesId};
use palier_model::replica::{NewSeries, SeriesSkip};
use palier_model::time::{Instant, Interval};
use tokio::sync::mpsc;

use crate::answer::{
    Booking, BookingDone, BookingRequested, BundleExported, BundleImported, Calendar,
    CalendarExported, CalendarImported, CreditBalance, CreditFile, CreditLine, Device, DeviceLink,
    Doctor, EndAsked, FreeResource, FreeSlot, Group, Hood, Init, Invitation, Joined, List, Listing,
    ListingDetail, ListingKind, Member, PhotoAdded, PhotoFile, Profile, QrChecked, QrShown, Quote,
    Recovered, Reminder, RunEvent, Saved, SavedSearch, SeriesDone, SeriesPlan, SeriesSaved, Sheet,
    Status, SyncDone, TermsSaved, Thanks, Waiting,
};
use crate::errors::Result;

pub use deals::{BookingAct, BookingFilter, NewBooking, NewEnd};
pub use listings::{
    BusyFile, CalendarFileOf, FreeQuery, ListingChange, ListingEdit, ListingFilter, ListingPatch,
    NewListing,
};
pub use people::{
    GroupAct, LinkStep, MemberAct, NewGift, NewInvitation, OpenRow, ProfilePatch, Recovery,
    RoleName,
};
pub use scope::{Network, OnProgress, Opening, Paging, Progress, Scope, Stage};

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
