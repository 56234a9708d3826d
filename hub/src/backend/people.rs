//! What is asked about people: invitations, members, devices, groups, credits.

use palier_model::journal::Owner;
use palier_model::keys::GroupId;

/// A new invitation.
#[derive(Debug, Clone)]
pub struct NewInvitation {
    /// Somebody must approve.
    pub approval: bool,
    /// How many it lets in.
    pub uses: u32,
    /// How long it holds.
    pub expires_in_ms: i64,
}

/// What happens to a member.
#[derive(Debug, Clone)]
pub enum MemberAct {
    /// Let in, with what is attested.
    Approve { building: Option<String>, landlord: Option<String> },
    /// Building and landlord attested.
    Attest { building: Option<String>, landlord: Option<String> },
    /// A role given.
    Appoint(RoleName),
    /// A role taken back.
    Dismiss(RoleName),
    /// Somebody who waits is not let in.
    Refuse,
    /// Removed; somebody who waits is not let in.
    Remove,
}

/// A role in the neighbourhood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleName {
    /// Admits, attests, moderates.
    Coordinator,
    /// Always on: stores and forwards.
    Hub,
}

/// A step of linking a second device.
#[derive(Debug, Clone)]
pub enum LinkStep {
    /// On the old device: make a link and wait for the new one; or, while one is
    /// pending, say how far it is.
    Offer,
    /// On the new device: take the link.
    Accept(String),
    /// On both: the code that the other one shows.
    Confirm(String),
}

/// What happens to the managers of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupAct {
    /// One more.
    Add,
    /// One less.
    Remove,
}

/// Minutes for a neighbour or a group.
#[derive(Debug, Clone)]
pub struct NewGift {
    /// The group whose they are; none: one's own.
    pub from: Option<GroupId>,
    /// To whom.
    pub to: Owner,
    /// How many.
    pub minutes: u32,
    /// A word that the two alone read; empty for none.
    pub note: String,
}

/// A change of one's own profile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfilePatch {
    /// The name.
    pub name: Option<String>,
    /// A few words.
    pub about: Option<String>,
    /// Languages spoken.
    pub languages: Option<Vec<String>>,
}

/// One open row.
#[derive(Debug, Clone)]
pub struct OpenRow {
    /// Its table.
    pub table: String,
    /// Its key.
    pub key: String,
    /// What it holds.
    pub value: serde_json::Value,
}

/// What a person gives to come back.
#[derive(Clone)]
pub struct Recovery {
    /// The twelve words.
    pub phrase: String,
    /// An invitation, or the sheet's link, which says where the neighbourhood is.
    pub link: Option<String>,
    /// The name, where no profile has one.
    pub name: Option<String>,
    /// How long to wait for a neighbour.
    pub within_ms: i64,
}
