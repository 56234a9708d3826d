//! Commands about thanks.

use clap::{Args, Subcommand};
use palier_model::keys::{BookingId, MemberId};

use super::{BookingRef, Ref};

/// `palier thanks …`
#[derive(Debug, Clone, Subcommand)]
pub enum Thanks {
    /// Thank the other side of a deal that is over.
    Give(ThanksGive),
    /// Take one's word back.
    Withdraw(BookingRef),
    /// What neighbours said of somebody.
    List(ThanksList),
}

/// `palier thanks give`
#[derive(Debug, Clone, Args)]
pub struct ThanksGive {
    /// The deal.
    #[arg(value_name = "BOOKING")]
    pub booking: Ref<BookingId>,
    /// The word. Every neighbour may read it.
    #[arg(long, value_name = "TEXT")]
    pub text: String,
}

/// `palier thanks list`
#[derive(Debug, Clone, Args)]
pub struct ThanksList {
    /// Whom; oneself without.
    #[arg(value_name = "MEMBER")]
    pub member: Option<Ref<MemberId>>,
}
