//! Answers about groups.

use palier_model::keys::{GroupId, MemberId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Shown, When};

/// `group show`, and an item of `group list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Group {
    /// Which.
    pub id: Shown<GroupId>,
    /// Its name; empty until it came.
    pub name: String,
    /// A few words.
    pub about: String,
    /// Since when.
    pub since: When,
    /// Who founded it.
    pub founder: Shown<MemberId>,
    /// Who manages it: whoever was one before the others first.
    pub managers: Vec<Manager>,
    /// Whether this person manages it.
    pub mine: bool,
    /// Minutes received less minutes given, as far as they count.
    pub balance: i64,
}

/// A manager of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Manager {
    /// Who.
    pub id: Shown<MemberId>,
    /// The name of the profile; empty until it came.
    pub name: String,
}
