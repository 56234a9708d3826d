//! Commands about what neighbours share.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use palier_model::keys::{BlobId, BookingId, DeviceId, DocId, GroupId, SeriesId};
use palier_model::ledger::bounds::MINUTES;

use super::deal::{BookingExtend, BookingNotice, BookingProblem, BookingPropose, BookingStep};
use super::values::between;
use super::{Duration, PriceArg, Ref, TermsArgs, TimeArg};

/// Which part of a list.
#[derive(Debug, Clone, Args)]
pub struct Page {
    /// How many at most.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = between(1, 1000))]
    pub limit: u32,
    /// What `next` said.
    #[arg(long, value_name = "NEXT")]
    pub after: Option<String>,
}

/// What is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KindArg {
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

/// `palier listing …`
#[derive(Debug, Clone, Subcommand)]
pub enum Listing {
    /// Publish one.
    Add(ListingAdd),
    /// Those of the neighbourhood.
    List(ListingList),
    /// One.
    Show(ListingRef),
    /// Change one.
    Edit(ListingEdit),
    /// Hide it for a while; `renew` shows it again.
    Pause(ListingRef),
    /// Say that an offer or a need found what it was for; `renew` shows it again.
    Fill(ListingRef),
    /// Take it back for good.
    Withdraw(ListingRef),
    /// Show it again, or for longer.
    Renew(ListingRenew),
    /// Say which device decides.
    Holder(ListingHolder),
}

/// `palier listing add`
#[derive(Debug, Clone, Args)]
pub struct ListingAdd {
    /// What is shared.
    #[arg(value_name = "KIND")]
    pub kind: KindArg,
    /// A short title.
    #[arg(long, value_name = "TEXT")]
    pub title: String,
    /// The device that decides; this one otherwise.
    #[arg(long, value_name = "DEVICE")]
    pub holder: Option<Ref<DeviceId>>,
    /// What it consists of; each can be booked by itself.
    #[arg(long, value_name = "TITLE")]
    pub part: Vec<String>,
    /// The group that shares it.
    #[arg(long, value_name = "GROUP")]
    pub group: Option<Ref<GroupId>>,
    /// What may be changed later.
    #[command(flatten)]
    pub content: ListingContent,
    /// What bookings are held to.
    #[command(flatten)]
    pub terms: Box<TermsArgs>,
}

/// What of a listing can be edited.
#[derive(Debug, Clone, Args)]
pub struct ListingContent {
    /// The description.
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    /// The category.
    #[arg(long, value_name = "WORD")]
    pub category: Option<String>,
    /// Roughly where: building, street, district.
    #[arg(long, value_name = "WORD")]
    pub zone: Option<String>,
    /// The price; several where they are for different lengths of time.
    #[arg(long, value_name = "PRICE")]
    pub price: Vec<PriceArg>,
    /// Until when it is shown.
    #[arg(long, value_name = "TIME")]
    pub until: Option<TimeArg>,
}

/// `palier listing list`
#[derive(Debug, Clone, Args)]
pub struct ListingList {
    /// Only these.
    #[arg(long, value_name = "KIND")]
    pub kind: Option<KindArg>,
    /// Only one's own, with those paused and withdrawn.
    #[arg(long)]
    pub mine: bool,
    /// Which part.
    #[command(flatten)]
    pub page: Page,
}

/// One listing.
#[derive(Debug, Clone, Args)]
pub struct ListingRef {
    /// The listing.
    #[arg(value_name = "LISTING")]
    pub listing: Ref<DocId>,
}

/// `palier listing edit`
#[derive(Debug, Clone, Args)]
pub struct ListingEdit {
    /// The listing.
    #[arg(value_name = "LISTING")]
    pub listing: Ref<DocId>,
    /// A short title.
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,
    /// The rest.
    #[command(flatten)]
    pub content: ListingContent,
    /// What bookings are held to from now on.
    #[command(flatten)]
    pub terms: Box<TermsArgs>,
    /// Only say what it would do to bookings.
    #[arg(long)]
    pub dry_run: bool,
}

/// `palier listing renew`
#[derive(Debug, Clone, Args)]
pub struct ListingRenew {
    /// The listing.
    #[arg(value_name = "LISTING")]
    pub listing: Ref<DocId>,
    /// Until when it is shown.
    #[arg(long, value_name = "TIME")]
    pub until: Option<TimeArg>,
}

/// `palier listing holder`
#[derive(Debug, Clone, Args)]
pub struct ListingHolder {
    /// The listing.
    #[arg(value_name = "LISTING")]
    pub listing: Ref<DocId>,
    /// The device that decides from now on.
    #[arg(value_name = "DEVICE")]
    pub device: Ref<DeviceId>,
}

/// `palier search`
#[derive(Debug, Clone, Args)]
pub struct Search {
    /// Words; accents and capitals do not matter.
    #[arg(value_name = "WORDS")]
    pub words: Vec<String>,
    /// Only these.
    #[arg(long, value_name = "KIND")]
    pub kind: Option<KindArg>,
    /// Only this category.
    #[arg(long, value_name = "WORD")]
    pub category: Option<String>,
    /// Only there.
    #[arg(long, value_name = "WORD")]
    pub zone: Option<String>,
    /// At most this price.
    #[arg(long, value_name = "PRICE")]
    pub price: Option<PriceArg>,
    /// Keep this search under a name, and tell of what is new.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["after", "limit"])]
    pub save: Option<String>,
    /// The searches that are kept; with a name, what that one finds.
    #[arg(long, value_name = "NAME", num_args = 0..=1, conflicts_with_all = ASKED)]
    pub saved: Option<Option<String>>,
    /// Keep a search no longer.
    #[arg(long, value_name = "NAME", conflicts_with_all = ASKED,
        conflicts_with_all = ["saved", "after", "limit"])]
    pub forget: Option<String>,
    /// Which part.
    #[command(flatten)]
    pub page: Page,
}

/// What a search asks: a kept one says that itself.
const ASKED: [&str; 6] = ["words", "kind", "category", "zone", "price", "save"];

/// `palier photo …`
#[derive(Debug, Clone, Subcommand)]
pub enum Photo {
    /// Add one to a listing of one's own.
    Add(PhotoAdd),
    /// Write one into a file.
    Get(PhotoGet),
}

/// `palier photo add`
#[derive(Debug, Clone, Args)]
pub struct PhotoAdd {
    /// The listing.
    #[arg(value_name = "LISTING")]
    pub listing: Ref<DocId>,
    /// The picture.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// `palier photo get`
#[derive(Debug, Clone, Args)]
pub struct PhotoGet {
    /// The photo, as `listing show` names it.
    #[arg(value_name = "PHOTO")]
    pub photo: Ref<BlobId>,
    /// Where to write it.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// How long to wait for it.
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub within: Duration,
}

/// `palier booking …`
#[derive(Debug, Clone, Subcommand)]
pub enum Booking {
    /// Ask for something, or answer an offer or a need.
    Request(BookingRequest),
    /// Propose a time for help.
    Propose(BookingPropose),
    /// Say yes.
    Accept(BookingAccept),
    /// Say no.
    Refuse(BookingReason),
    /// Take back one's request, or what one had accepted.
    Cancel(BookingReason),
    /// Say that help was done.
    Done(BookingDone),
    /// Ask for another end, or answer that.
    Extend(BookingExtend),
    /// End what has no end.
    Notice(BookingNotice),
    /// Say that it passed to whoever asked for it.
    Handover(BookingStep),
    /// Say that it came back.
    Return(BookingStep),
    /// Say what went wrong.
    Problem(BookingProblem),
    /// Those this person can read.
    List(BookingList),
    /// One.
    Show(BookingRef),
}

/// `palier booking request`
#[derive(Debug, Clone, Args)]
pub struct BookingRequest {
    /// The listing.
    #[arg(value_name = "LISTING")]
    pub listing: Ref<DocId>,
    /// From when; an offer or a need can be answered without.
    #[arg(long, value_name = "TIME")]
    pub start: Option<TimeArg>,
    /// Until when; without it until notice, where the listing allows it.
    #[arg(long, value_name = "TIME", requires = "start")]
    pub end: Option<TimeArg>,
    /// Minutes of help it is worth, of an offer or a need.
    #[arg(long, value_name = "N", value_parser = between(0, MINUTES))]
    pub minutes: Option<u32>,
    /// How many of those alike.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = between(1, 10_000))]
    pub quantity: u32,
    /// Wait where it is taken.
    #[arg(long, requires = "start")]
    pub wait: bool,
    /// A word to the owner. Only who decides reads it.
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    /// Accept the text of the listing.
    #[arg(long)]
    pub accept: bool,
}

/// One booking.
#[derive(Debug, Clone, Args)]
pub struct BookingRef {
    /// The booking.
    #[arg(value_name = "BOOKING")]
    pub booking: Ref<BookingId>,
}

/// One booking, or all of a series that are open.
#[derive(Debug, Clone, Args)]
pub struct BookingOrSeries {
    /// The booking.
    #[arg(value_name = "BOOKING", required_unless_present = "series")]
    pub booking: Option<Ref<BookingId>>,
    /// All of this series.
    #[arg(long, value_name = "SERIES", conflicts_with = "booking")]
    pub series: Option<Ref<SeriesId>>,
}

/// `palier booking done`
#[derive(Debug, Clone, Args)]
pub struct BookingDone {
    /// The booking.
    #[arg(value_name = "BOOKING")]
    pub booking: Ref<BookingId>,
    /// A word with it. Only the other side reads it.
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
}

/// `palier booking accept`
#[derive(Debug, Clone, Args)]
pub struct BookingAccept {
    /// Which.
    #[command(flatten)]
    pub of: BookingOrSeries,
    /// Even what somebody else was offered.
    #[arg(long)]
    pub anyway: bool,
}

/// One booking or a series, and why.
#[derive(Debug, Clone, Args)]
pub struct BookingReason {
    /// Which.
    #[command(flatten)]
    pub of: BookingOrSeries,
    /// Why. Only the other side reads it.
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
}

/// `palier booking list`
#[derive(Debug, Clone, Args)]
pub struct BookingList {
    /// Only of this listing.
    #[arg(long, value_name = "LISTING")]
    pub listing: Option<Ref<DocId>>,
    /// Only of this series.
    #[arg(long, value_name = "SERIES")]
    pub series: Option<Ref<SeriesId>>,
    /// Only what waits for this person's answer.
    #[arg(long)]
    pub to_decide: bool,
    /// Which part.
    #[command(flatten)]
    pub page: Page,
}

/// `palier waitlist`
#[derive(Debug, Clone, Args)]
pub struct Waitlist {
    /// What to do; without it, list.
    #[command(subcommand)]
    pub verb: Option<WaitlistVerb>,
}

/// `palier waitlist …`
#[derive(Debug, Clone, Subcommand)]
pub enum WaitlistVerb {
    /// The waiting lists this person stands on, or that of one's own listing.
    List(WaitlistList),
    /// Wait for a slot that is taken.
    Join(BookingRef),
    /// Offer somebody who waits what came free.
    Offer(WaitlistOffer),
    /// Take what one was offered.
    Take(BookingRef),
    /// Wait no longer, or let an offer go.
    Leave(BookingRef),
}

/// `palier waitlist offer`
#[derive(Debug, Clone, Args)]
pub struct WaitlistOffer {
    /// The booking that waits.
    #[arg(value_name = "BOOKING")]
    pub booking: Ref<BookingId>,
    /// For how long, instead of what the terms say.
    #[arg(long = "for-time", value_name = "TIME")]
    pub for_time: Option<Duration>,
    /// A word to whoever waits. Only the two sides read it.
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
}

/// `palier waitlist list`
#[derive(Debug, Clone, Args)]
pub struct WaitlistList {
    /// Only of this listing.
    #[arg(value_name = "LISTING")]
    pub listing: Option<Ref<DocId>>,
}
