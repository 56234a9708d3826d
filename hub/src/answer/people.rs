//! Answers about neighbourhoods, members and devices.

use std::collections::BTreeMap;

use palier_model::keys::{BlobId, DeviceId, HoodHash, MemberId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Shown, When};

/// A neighbourhood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hood {
    /// The hash of its secret id.
    pub id: Shown<HoodHash>,
    /// Its name.
    pub name: String,
    /// The IANA zone of its clocks.
    pub zone: String,
    /// How this person stands in it.
    pub status: MemberStatus,
    /// What this person is in it.
    pub roles: Vec<String>,
    /// How many members it has.
    pub members: u64,
    /// Its hubs.
    pub hubs: Vec<Shown<DeviceId>>,
}

/// How a member stands in a neighbourhood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MemberStatus {
    /// In.
    Member,
    /// Has asked, and waits.
    AwaitingApproval,
    /// Was refused.
    Refused,
    /// Left of its own will.
    Left,
    /// Was removed.
    Removed,
}

/// `invite create`, and an item of `invite list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Invitation {
    /// Its name here.
    pub id: String,
    /// What to send or show; only shown when it is made.
    pub link: Option<String>,
    /// Whether somebody must approve.
    pub approval: bool,
    /// How many it still lets in.
    pub uses_left: u32,
    /// Until when it holds.
    pub expires: When,
    /// Always true: the answer comes after it is on disk.
    pub saved: bool,
}

/// `join`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Joined {
    /// What came of it.
    pub status: JoinStatus,
    /// The neighbourhood, once it is known.
    pub id: Option<Shown<HoodHash>>,
    /// Why it was refused: a stable code.
    pub reason: Option<String>,
}

/// What came of joining.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JoinStatus {
    /// In.
    Joined,
    /// Somebody must approve.
    AwaitingApproval,
    /// Not let in.
    Refused,
}

/// A member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Member {
    /// Who.
    pub id: Shown<MemberId>,
    /// The name of the profile; empty until it came.
    pub name: String,
    /// `coordinator`, `hub`, `founder`.
    pub roles: Vec<String>,
    /// How this member stands.
    pub status: MemberStatus,
    /// Of someone who waits: where this person says to live.
    pub lives: Option<String>,
    /// The building attested.
    pub building: Option<String>,
    /// The landlord attested.
    pub landlord: Option<String>,
    /// Since when.
    pub since: Option<When>,
    /// How many deals neighbours thank this member for, as shown; null in lists.
    pub thanks: Option<u64>,
    /// For each device, how many of its entries were accepted here.
    #[schemars(with = "BTreeMap<String, u64>")]
    pub accepted_up_to: BTreeMap<Shown<DeviceId>, u64>,
}

/// A device of this person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Device {
    /// Which.
    pub id: Shown<DeviceId>,
    /// Whether it is this one.
    pub this: bool,
    /// How it stands.
    pub status: DeviceStatus,
    /// How often it was installed, restored or cloned.
    pub incarnation: u32,
    /// Since when.
    pub since: Option<When>,
}

/// How a device stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeviceStatus {
    /// It may write.
    Active,
    /// It is being linked.
    Pending,
    /// What it writes does not count.
    Revoked,
}

/// `device link`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeviceLink {
    /// How far it is.
    pub status: LinkStatus,
    /// What the new device is to be given.
    pub link: Option<String>,
    /// The code to compare, once both have met.
    pub code: Option<String>,
    /// The other device, once it has proved itself.
    pub device: Option<Shown<DeviceId>>,
}

/// How far the linking of a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkStatus {
    /// The link waits for the new device.
    Offered,
    /// Both show a code.
    Comparing,
    /// Confirmed here; the other has not confirmed yet.
    Confirmed,
    /// Done.
    Linked,
}

/// `hood sheet`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sheet {
    /// The neighbourhood.
    pub id: Shown<HoodHash>,
    /// What is kept beside the twelve words. It says where the neighbourhood is, and is as
    /// secret as an invitation.
    pub link: String,
}

/// `device recover`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Recovered {
    /// Who this person is.
    pub member: Shown<MemberId>,
    /// This device.
    pub device: Shown<DeviceId>,
    /// The neighbourhoods found again.
    pub hoods: Vec<Shown<HoodHash>>,
}

/// What neighbours see of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Profile {
    /// Who.
    pub member: Shown<MemberId>,
    /// The name.
    pub name: String,
    /// A few words.
    pub about: String,
    /// Languages spoken, as `fr`.
    pub languages: Vec<String>,
    /// The building attested.
    pub building: Option<String>,
    /// A picture.
    pub photo: Option<Shown<BlobId>>,
}
