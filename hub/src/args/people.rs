//! Commands about neighbourhoods, members and devices.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use palier_model::keys::{DeviceId, MemberId};

use super::values::between;
use super::{Duration, Ref};

/// `palier hood …`
#[derive(Debug, Clone, Subcommand)]
pub enum Hood {
    /// Found one.
    Found(HoodFound),
    /// Those of this person.
    List,
    /// One.
    Show,
    /// What to keep beside the twelve words, to come back.
    Sheet,
    /// Leave it.
    Leave,
}

/// `palier hood found`
#[derive(Debug, Clone, Args)]
pub struct HoodFound {
    /// Its name.
    #[arg(value_name = "NAME")]
    pub name: String,
    /// The zone its wall clocks show; the computer's own otherwise.
    #[arg(long, value_name = "ZONE")]
    pub zone: Option<String>,
}

/// `palier invite …`
#[derive(Debug, Clone, Subcommand)]
pub enum Invite {
    /// Make one.
    Create(InviteCreate),
    /// Those made here.
    List,
    /// Make one worthless.
    Revoke(InviteRevoke),
}

/// `palier invite create`
#[derive(Debug, Clone, Args)]
pub struct InviteCreate {
    /// Somebody must approve who comes.
    #[arg(long)]
    pub approval: bool,
    /// How many people it lets in.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = between(1, 1000))]
    pub uses: u32,
    /// How long it holds.
    #[arg(long, value_name = "TIME", default_value = "14d")]
    pub expires: Duration,
}

/// `palier invite revoke`
#[derive(Debug, Clone, Args)]
pub struct InviteRevoke {
    /// As `invite list` shows it.
    #[arg(value_name = "INVITE")]
    pub id: String,
}

/// `palier join`
#[derive(Debug, Clone, Args)]
pub struct Join {
    /// The invitation.
    #[arg(value_name = "LINK")]
    pub link: String,
    /// Where this person lives: building, stairs, floor. Only who admits reads it.
    #[arg(long, value_name = "TEXT")]
    pub lives: Option<String>,
    /// How long to try.
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub within: Duration,
}

/// `palier member …`
#[derive(Debug, Clone, Subcommand)]
pub enum Member {
    /// Everyone.
    List(super::Page),
    /// One.
    Show(MemberRef),
    /// Let in who waits.
    Approve(MemberAttest),
    /// Do not let in who waits.
    Refuse(MemberRef),
    /// Say where a member lives.
    Attest(MemberAttest),
    /// Give a role.
    Appoint(MemberRole),
    /// Take a role back.
    Dismiss(MemberRole),
    /// Remove a member.
    Remove(MemberRef),
}

/// One member.
#[derive(Debug, Clone, Args)]
pub struct MemberRef {
    /// The member.
    #[arg(value_name = "MEMBER")]
    pub member: Ref<MemberId>,
}

/// A member, with building and landlord.
#[derive(Debug, Clone, Args)]
pub struct MemberAttest {
    /// The member.
    #[arg(value_name = "MEMBER")]
    pub member: Ref<MemberId>,
    /// The building, by the code the neighbourhood uses.
    #[arg(long, value_name = "CODE")]
    pub building: Option<String>,
    /// The landlord, by the code the neighbourhood uses.
    #[arg(long, value_name = "CODE")]
    pub landlord: Option<String>,
}

/// A role in the neighbourhood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Admits, attests, moderates.
    Coordinator,
    /// Always on: stores and forwards.
    Hub,
}

/// A member and a role.
#[derive(Debug, Clone, Args)]
pub struct MemberRole {
    /// The member.
    #[arg(value_name = "MEMBER")]
    pub member: Ref<MemberId>,
    /// The role.
    #[arg(value_name = "ROLE")]
    pub role: Role,
}

/// `palier device …`
#[derive(Debug, Clone, Subcommand)]
pub enum Device {
    /// Those of this person.
    List,
    /// Link a second one.
    Link(DeviceLink),
    /// Revoke a lost one.
    Revoke(DeviceRef),
    /// Come back with the words of the recovery sheet.
    Recover(DeviceRecover),
}

/// `palier device link`
#[derive(Debug, Clone, Args)]
pub struct DeviceLink {
    /// On the new device: the link the old one shows.
    #[arg(value_name = "LINK", conflicts_with = "confirm")]
    pub link: Option<String>,
    /// On both: the code the other one shows.
    #[arg(long, value_name = "CODE")]
    pub confirm: Option<String>,
    /// How long to wait for the other.
    #[arg(long, value_name = "TIME", default_value = "2m")]
    pub within: Duration,
}

/// One device.
#[derive(Debug, Clone, Args)]
pub struct DeviceRef {
    /// The device.
    #[arg(value_name = "DEVICE")]
    pub device: Ref<DeviceId>,
}

/// `palier device recover`
#[derive(Debug, Clone, Args)]
pub struct DeviceRecover {
    /// A file with the twelve words; without it they are read from standard input,
    /// so that they stand in no shell history.
    #[arg(long, value_name = "FILE")]
    pub phrase: Option<PathBuf>,
    /// An invitation or the recovery sheet's link, which says where the neighbourhood is.
    #[arg(long, value_name = "LINK")]
    pub link: Option<String>,
    /// The name neighbours see, where there is no profile yet.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// How long to wait for a neighbour.
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub within: Duration,
}

/// `palier profile …`
#[derive(Debug, Clone, Subcommand)]
pub enum Profile {
    /// One's own, or a neighbour's.
    Show(ProfileShow),
    /// Change one's own.
    Edit(ProfileEdit),
}

/// `palier profile show`
#[derive(Debug, Clone, Args)]
pub struct ProfileShow {
    /// The neighbour.
    #[arg(value_name = "MEMBER")]
    pub member: Option<Ref<MemberId>>,
}

/// `palier profile edit`
#[derive(Debug, Clone, Args)]
pub struct ProfileEdit {
    /// The name neighbours see.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// A few words about oneself.
    #[arg(long, value_name = "TEXT")]
    pub about: Option<String>,
    /// Languages spoken, as `fr,ar`.
    #[arg(long, value_name = "LANGUAGES", value_delimiter = ',')]
    pub languages: Option<Vec<String>>,
}
