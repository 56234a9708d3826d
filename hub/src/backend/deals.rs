//! What is asked about bookings and help.

use palier_model::booking::StepKind;
use palier_model::keys::{DocId, SeriesId};
use palier_model::time::{Instant, Interval};

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
