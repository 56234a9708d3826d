//! Commands about groups.

use clap::{Args, Subcommand};
use palier_model::keys::{GroupId, MemberId};

use super::Ref;

/// `palier group …`
#[derive(Debug, Clone, Subcommand)]
pub enum Group {
    /// Found one; whoever does is its first manager.
    Found(GroupFound),
    /// Those of the neighbourhood.
    List,
    /// One.
    Show(GroupRef),
    /// Make a member a manager.
    Add(GroupMember),
    /// End a manager.
    Remove(GroupMember),
}

/// `palier group found`
#[derive(Debug, Clone, Args)]
pub struct GroupFound {
    /// Its name.
    #[arg(value_name = "NAME")]
    pub name: String,
    /// A few words.
    #[arg(long, value_name = "TEXT")]
    pub about: Option<String>,
}

/// One group.
#[derive(Debug, Clone, Args)]
pub struct GroupRef {
    /// The group.
    #[arg(value_name = "GROUP")]
    pub group: Ref<GroupId>,
}

/// A group and a member.
#[derive(Debug, Clone, Args)]
pub struct GroupMember {
    /// The group.
    #[arg(value_name = "GROUP")]
    pub group: Ref<GroupId>,
    /// The member.
    #[arg(value_name = "MEMBER")]
    pub member: Ref<MemberId>,
}
