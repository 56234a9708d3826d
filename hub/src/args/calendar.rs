//! `palier calendar …`, and the terms of a listing.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use palier_model::keys::DocId;

use super::hours::{
    CancelArg, DayHoursArg, HolidaysArg, HoursArg, MonthArg, OnArg, QuotaArg, SpanArg, StepArg,
};
use super::values::between;
use super::{ClosedArg, Duration, KindArg, PriceArg, Ref, TimeArg};

/// When opening hours count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AttendedArg {
    /// All the time: a room.
    Throughout,
    /// When it is taken and when it is brought back: a tool.
    Ends,
}

/// Who may ask: each is wider than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TiersArg {
    /// People of the same building.
    Building,
    /// And tenants of the same landlord.
    Landlord,
    /// Anybody of the neighbourhood.
    All,
}

/// Whether a landlord must attest whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AttestationArg {
    /// Yes.
    Required,
    /// No.
    None,
}

/// What a booking of a listing is held to.
#[derive(Debug, Clone, Default, Args)]
pub struct TermsArgs {
    /// How many alike.
    #[arg(long, value_name = "N", value_parser = between(1, 10_000))]
    pub capacity: Option<u32>,
    /// The holder's device accepts by itself what is free.
    #[arg(long, conflicts_with = "by_request")]
    pub instant: bool,
    /// A person answers.
    #[arg(long)]
    pub by_request: bool,
    /// Shortest booking.
    #[arg(long, value_name = "TIME")]
    pub min: Option<SpanArg>,
    /// Longest booking.
    #[arg(long, value_name = "TIME")]
    pub max: Option<SpanArg>,
    /// Asked for at least so long before.
    #[arg(long, value_name = "TIME")]
    pub notice: Option<SpanArg>,
    /// What has no end is ended at least so long before.
    #[arg(long, value_name = "TIME")]
    pub leave_notice: Option<SpanArg>,
    /// Asked for at most so long before.
    #[arg(long, value_name = "TIME")]
    pub horizon: Option<SpanArg>,
    /// Steps of the clock on which bookings begin and end.
    #[arg(long, value_name = "TIME")]
    pub step: Option<StepArg>,
    /// Free time between two bookings.
    #[arg(long, value_name = "TIME")]
    pub buffer: Option<SpanArg>,
    /// Opening hours of the week.
    #[arg(long, value_name = "HOURS")]
    pub hours: Vec<HoursArg>,
    /// When it is closed: dates, or hours that come again.
    #[arg(long, value_name = "DATES")]
    pub closed: Vec<ClosedArg>,
    /// Hours of dates unlike others.
    #[arg(long, value_name = "DATE HOURS")]
    pub day: Vec<DayHoursArg>,
    /// What holds on public holidays.
    #[arg(long, value_name = "HOURS")]
    pub holidays: Option<HolidaysArg>,
    /// When opening hours count.
    #[arg(long, value_name = "WHEN")]
    pub attended: Option<AttendedArg>,
    /// How much one member may have.
    #[arg(long, value_name = "QUOTA")]
    pub quota: Vec<QuotaArg>,
    /// Deposit.
    #[arg(long, value_name = "PRICE")]
    pub deposit: Option<PriceArg>,
    /// What cancelling costs.
    #[arg(long, value_name = "WHEN")]
    pub cancel: Option<CancelArg>,
    /// What a requester agrees to by asking.
    #[arg(long, value_name = "TEXT")]
    pub accept: Option<String>,
    /// How long somebody who waits is offered room that came free.
    #[arg(long, value_name = "TIME")]
    pub offer: Option<SpanArg>,
    /// Who may ask.
    #[arg(long, value_name = "WHO")]
    pub tiers: Option<TiersArg>,
    /// Whether only people whom a landlord attests may ask.
    #[arg(long, value_name = "WHICH")]
    pub attestation: Option<AttestationArg>,
    /// It is rented from a landlord, and let on.
    #[arg(long, requires = "consent")]
    pub rented: bool,
    /// Where the landlord agrees to that.
    #[arg(long, value_name = "TEXT", conflicts_with = "owned")]
    pub consent: Option<String>,
    /// It is one's own.
    #[arg(long, conflicts_with = "rented")]
    pub owned: bool,
    /// The time zone of the place.
    #[arg(long, value_name = "ZONE")]
    pub time_zone: Option<String>,
}

/// `palier calendar …`
#[derive(Debug, Clone, Subcommand)]
pub enum Calendar {
    /// A month of a listing.
    Show(CalendarShow),
    /// When it is free, or what is free then.
    Free(CalendarFree),
    /// What it would cost.
    Quote(CalendarQuote),
    /// Close it for a while.
    Block(CalendarBlock),
    /// What is due in the next days.
    Due(CalendarDue),
    /// Write a calendar file.
    Export(CalendarExport),
    /// Close it when a calendar file says that somebody is busy.
    Import(CalendarImport),
}

/// `palier calendar show`
#[derive(Debug, Clone, Args)]
pub struct CalendarShow {
    /// The listing.
    #[arg(value_name = "LISTING")]
    pub listing: Ref<DocId>,
    /// The month; this one otherwise.
    #[arg(long, value_name = "MONTH", conflicts_with_all = ["from", "to"])]
    pub month: Option<MonthArg>,
    /// From when.
    #[arg(long, value_name = "TIME", requires = "to")]
    pub from: Option<TimeArg>,
    /// Until when.
    #[arg(long, value_name = "TIME", requires = "from")]
    pub to: Option<TimeArg>,
}

/// `palier calendar free`
#[derive(Debug, Clone, Args)]
pub struct CalendarFree {
    /// The listing; without it all of a kind.
    #[arg(value_name = "LISTING")]
    pub listing: Option<Ref<DocId>>,
    /// Only these.
    #[arg(long, value_name = "KIND", conflicts_with = "listing")]
    pub kind: Option<KindArg>,
    /// A day or a part of one.
    #[arg(long, value_name = "DAY", conflicts_with_all = ["from", "to"], required_unless_present = "from")]
    pub on: Option<OnArg>,
    /// From when.
    #[arg(long, value_name = "TIME", requires = "to")]
    pub from: Option<TimeArg>,
    /// Until when.
    #[arg(long, value_name = "TIME", requires = "from")]
    pub to: Option<TimeArg>,
    /// Only what is free for so long.
    #[arg(long, value_name = "TIME")]
    pub length: Option<Duration>,
    /// How many of those alike.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = between(1, 10_000))]
    pub quantity: u32,
}

/// `palier calendar quote`
#[derive(Debug, Clone, Args)]
pub struct CalendarQuote {
    /// The listing.
    #[arg(value_name = "LISTING")]
    pub listing: Ref<DocId>,
    /// From when.
    #[arg(long, value_name = "TIME", required_unless_present = "on")]
    pub start: Option<TimeArg>,
    /// Until when; without it until notice, where the listing allows it.
    #[arg(long, value_name = "TIME", requires = "start")]
    pub end: Option<TimeArg>,
    /// A whole day or a part of one.
    #[arg(long, value_name = "DAY", conflicts_with_all = ["start", "end"])]
    pub on: Option<OnArg>,
    /// How many of those alike.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = between(1, 10_000))]
    pub quantity: u32,
}

/// `palier calendar block`
#[derive(Debug, Clone, Args)]
pub struct CalendarBlock {
    /// The listing.
    #[arg(value_name = "LISTING")]
    pub listing: Ref<DocId>,
    /// From when.
    #[arg(long, value_name = "TIME")]
    pub from: TimeArg,
    /// Until when.
    #[arg(long, value_name = "TIME")]
    pub to: TimeArg,
    /// Open it again.
    #[arg(long)]
    pub remove: bool,
    /// Take back what is booked in it.
    #[arg(long, conflicts_with = "remove")]
    pub cancel: bool,
    /// Why; only those whose bookings fall read it.
    #[arg(long, value_name = "TEXT", requires = "cancel")]
    pub text: Option<String>,
    /// Only say what it would do.
    #[arg(long)]
    pub dry_run: bool,
}

/// `palier calendar due`
#[derive(Debug, Clone, Args)]
pub struct CalendarDue {
    /// How far ahead.
    #[arg(long, value_name = "TIME", default_value = "7d")]
    pub within: Duration,
}

/// `palier calendar export`
#[derive(Debug, Clone, Args)]
pub struct CalendarExport {
    /// Where to write it.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The bookings of this listing.
    #[arg(long, value_name = "LISTING", conflicts_with = "mine")]
    pub listing: Option<Ref<DocId>>,
    /// One's own bookings.
    #[arg(long, required_unless_present = "listing")]
    pub mine: bool,
}

/// `palier calendar import`
#[derive(Debug, Clone, Args)]
pub struct CalendarImport {
    /// The listing.
    #[arg(value_name = "LISTING")]
    pub listing: Ref<DocId>,
    /// The calendar file.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Until when it is read.
    #[arg(long, value_name = "TIME", default_value = "+366d")]
    pub to: TimeArg,
    /// Only say what it would do.
    #[arg(long)]
    pub dry_run: bool,
}
