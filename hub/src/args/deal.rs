//! Commands from the hand-over to the return.

use clap::{Args, Subcommand, ValueEnum};
use palier_model::keys::BookingId;
use palier_model::ledger::bounds::MINUTES;

use super::values::between;
use super::{Ref, TimeArg};

/// `palier booking handover`, `palier booking return`
#[derive(Debug, Clone, Args)]
pub struct BookingStep {
    /// The booking.
    #[arg(value_name = "BOOKING")]
    pub booking: Ref<BookingId>,
    /// Its condition. Only the other side reads it.
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    /// What the other side's device shows: their word as well.
    #[arg(long, value_name = "CODE")]
    pub qr: Option<String>,
}

/// `palier booking propose`
#[derive(Debug, Clone, Args)]
pub struct BookingPropose {
    /// The booking.
    #[arg(value_name = "BOOKING")]
    pub booking: Ref<BookingId>,
    /// From when.
    #[arg(long, value_name = "TIME")]
    pub start: TimeArg,
    /// Until when.
    #[arg(long, value_name = "TIME")]
    pub end: TimeArg,
    /// Minutes of help it is worth, where the listing's price says otherwise.
    #[arg(long, value_name = "N", value_parser = between(0, MINUTES))]
    pub minutes: Option<u32>,
    /// The exact place, a phone number. Only the other side reads it.
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
}

/// `palier booking extend`
#[derive(Debug, Clone, Args)]
pub struct BookingExtend {
    /// The booking.
    #[arg(value_name = "BOOKING")]
    pub booking: Ref<BookingId>,
    /// Ask for this end.
    #[arg(long, value_name = "TIME", conflicts_with_all = ["no_end", "accept", "refuse"],
        required_unless_present_any = ["no_end", "accept", "refuse"])]
    pub until: Option<TimeArg>,
    /// Ask for no end: until notice.
    #[arg(long, conflicts_with_all = ["accept", "refuse"])]
    pub no_end: bool,
    /// Say yes to the end that was asked for.
    #[arg(long, conflicts_with_all = ["refuse", "text", "dry_run"])]
    pub accept: bool,
    /// Say no to it.
    #[arg(long, conflicts_with = "dry_run")]
    pub refuse: bool,
    /// A word with it. Only the other side reads it.
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    /// Only say what it would cost and what is against it.
    #[arg(long)]
    pub dry_run: bool,
}

/// `palier booking notice`
#[derive(Debug, Clone, Args)]
pub struct BookingNotice {
    /// The booking.
    #[arg(value_name = "BOOKING")]
    pub booking: Ref<BookingId>,
    /// When it ends.
    #[arg(long, value_name = "TIME")]
    pub until: TimeArg,
    /// A word with it. Only the other side reads it.
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
}

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProblemArg {
    /// Nobody came for it.
    NoShow,
    /// It is damaged.
    Damaged,
    /// It is lost.
    Lost,
    /// Somebody else is in the place.
    Occupied,
    /// It is still taken past its end.
    Overstay,
    /// What the other side says is not so.
    Disputed,
    /// The two agree again.
    Settled,
    /// Whoever had it before has not brought it back yet.
    NotBack,
}

/// `palier booking problem`
#[derive(Debug, Clone, Args)]
pub struct BookingProblem {
    /// The booking.
    #[arg(value_name = "BOOKING")]
    pub booking: Ref<BookingId>,
    /// What.
    #[arg(value_name = "WHAT")]
    pub what: ProblemArg,
    /// More about it. Only the other side reads it.
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
}

/// What a code is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum QrStepArg {
    /// It passes to whoever asked for it.
    Handover,
    /// It comes back.
    Return,
}

/// `palier qr …`
#[derive(Debug, Clone, Subcommand)]
pub enum Qr {
    /// Show one's word on a hand-over or return, signed, as a code.
    Show(QrShow),
    /// Check such a code; it takes no network.
    Verify(QrVerify),
}

/// `palier qr show`
#[derive(Debug, Clone, Args)]
pub struct QrShow {
    /// The booking.
    #[arg(value_name = "BOOKING")]
    pub booking: Ref<BookingId>,
    /// What about it.
    #[arg(long, value_name = "STEP")]
    pub step: QrStepArg,
}

/// `palier qr verify`
#[derive(Debug, Clone, Args)]
pub struct QrVerify {
    /// The code's text.
    #[arg(value_name = "CODE")]
    pub code: String,
    /// It must be of this booking.
    #[arg(long, value_name = "BOOKING")]
    pub booking: Option<Ref<BookingId>>,
    /// It must be about this.
    #[arg(long, value_name = "STEP")]
    pub step: Option<QrStepArg>,
}
