//! Answers about credits. All amounts are whole minutes.

use palier_model::keys::{BookingId, DeviceId, EntryHash, GroupId, MemberId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Shown, When};

/// `credit balance`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreditBalance {
    /// Whose; null where it is a group's.
    pub member: Option<Shown<MemberId>>,
    /// The group whose; null where it is a member's.
    pub group: Option<Shown<GroupId>>,
    /// What this device can spend at once; null for another member, or a group that this
    /// person does not manage.
    pub spendable_here: Option<u64>,
    /// Minutes received less minutes given, as far as they count.
    pub balance: i64,
    /// How far below nothing the balance may go.
    pub line: u64,
    /// Minutes from others that do not count yet.
    pub held_in: u64,
    /// Minutes to others that do not count yet.
    pub held_out: u64,
    /// By how much the balance lies below the line, after a double spend, an old copy put
    /// back, or a lost device.
    pub overdraft: u64,
    /// Whether it is proven that the same minutes were spent twice.
    pub double_spend: bool,
    /// The member's devices; of a group, those of its managers.
    pub devices: Vec<CreditDevice>,
}

/// What lies with one device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreditDevice {
    /// Which.
    pub id: Shown<DeviceId>,
    /// Whether it is this one.
    pub this: bool,
    /// The part of the line that began with it.
    pub line: u64,
    /// What it can spend, as far as is known here.
    pub spendable: u64,
}

/// A line of `credit list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreditLine {
    /// The transfer.
    pub id: Shown<EntryHash>,
    /// When its writer says it was.
    pub at: When,
    /// Which way it went.
    pub direction: CreditDirection,
    /// The other member; oneself where it passed between one's own devices, null for a
    /// group.
    pub member: Option<Shown<MemberId>>,
    /// The other group; null for a member.
    pub group: Option<Shown<GroupId>>,
    /// The other's name; empty where it is not known.
    pub name: String,
    /// From which device.
    pub from: Shown<DeviceId>,
    /// To which device.
    pub to: Shown<DeviceId>,
    /// How many minutes.
    pub minutes: u32,
    /// Whether it counts. What counts counts for ever; what is held may count later.
    pub counts: bool,
    /// Why it is held: `waits`, `uncovered` or `broken`; empty where it counts.
    pub held: String,
    /// The word that went with it; only the two parties read it.
    pub note: String,
    /// The deal it is for, which only its two sides can tell.
    pub booking: Option<Shown<BookingId>>,
}

/// Which way minutes went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CreditDirection {
    /// To another.
    Given,
    /// From another.
    Received,
    /// Between devices of one account.
    Allotted,
}

impl CreditDirection {
    /// As it stands in answers and files.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Received => "received",
            Self::Allotted => "allotted",
        }
    }
}

/// `credit list --csv`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreditFile {
    /// Where it is.
    pub file: String,
    /// How many transfers stand in it.
    pub lines: u64,
}
