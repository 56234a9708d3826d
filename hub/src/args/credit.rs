//! Commands about credits.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use palier_model::keys::{DeviceId, MemberId};
use palier_model::ledger::bounds;

use super::values::between;
use super::{BookingRef, Page, Ref};

/// `palier credit …`
#[derive(Debug, Clone, Subcommand)]
pub enum Credit {
    /// How one stands.
    Balance(CreditBalance),
    /// Give minutes.
    Give(CreditGive),
    /// Pass minutes to another device of one's own.
    Allot(CreditAllot),
    /// Pay what a deal was agreed to cost.
    Pay(BookingRef),
    /// What was given and received.
    List(CreditList),
}

/// `palier credit balance`
#[derive(Debug, Clone, Args)]
pub struct CreditBalance {
    /// A neighbour.
    #[arg(value_name = "MEMBER")]
    pub member: Option<Ref<MemberId>>,
}

/// `palier credit give`
#[derive(Debug, Clone, Args)]
pub struct CreditGive {
    /// To whom.
    #[arg(value_name = "MEMBER")]
    pub member: Ref<MemberId>,
    /// How many.
    #[arg(long, value_name = "N", value_parser = between(1, bounds::MINUTES))]
    pub minutes: u32,
    /// A word that the two alone read.
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
}

/// `palier credit allot`
#[derive(Debug, Clone, Args)]
pub struct CreditAllot {
    /// To which.
    #[arg(value_name = "DEVICE")]
    pub device: Ref<DeviceId>,
    /// How many.
    #[arg(long, value_name = "N", value_parser = between(1, bounds::MINUTES))]
    pub minutes: u32,
}

/// `palier credit list`
#[derive(Debug, Clone, Args)]
pub struct CreditList {
    /// Write all of it into this file instead.
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Which part.
    #[command(flatten)]
    pub page: Page,
}
