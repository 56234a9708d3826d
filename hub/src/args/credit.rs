//! Commands about credits.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use palier_model::keys::{DeviceId, GroupId, MemberId};
use palier_model::ledger::bounds;

use super::values::between;
use super::{BookingRef, Page, PartyRef, Ref};

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
    #[arg(value_name = "MEMBER", conflicts_with = "of")]
    pub member: Option<Ref<MemberId>>,
    /// A group.
    #[arg(long, value_name = "GROUP")]
    pub of: Option<Ref<GroupId>>,
}

/// `palier credit give`
#[derive(Debug, Clone, Args)]
pub struct CreditGive {
    /// To whom: a member or a group.
    #[arg(value_name = "MEMBER|GROUP")]
    pub to: PartyRef,
    /// How many.
    #[arg(long, value_name = "N", value_parser = between(1, bounds::MINUTES))]
    pub minutes: u32,
    /// A word that the two alone read.
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// The group whose minutes they are.
    #[arg(long, value_name = "GROUP")]
    pub of: Option<Ref<GroupId>>,
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
    /// The group whose minutes they are.
    #[arg(long, value_name = "GROUP")]
    pub of: Option<Ref<GroupId>>,
}

/// `palier credit list`
#[derive(Debug, Clone, Args)]
pub struct CreditList {
    /// Write all of it into this file instead.
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// A group.
    #[arg(long, value_name = "GROUP")]
    pub of: Option<Ref<GroupId>>,
    /// Which part.
    #[command(flatten)]
    pub page: Page,
}
