//! What a member says of itself to neighbours.

use serde::{Deserialize, Serialize};

use super::error::Invalid;
use super::photo::Photo;

/// Longest name shown, in characters.
pub const MAX_NAME_CHARS: usize = 60;
/// Longest self-description, in characters.
pub const MAX_ABOUT_CHARS: usize = 2_000;
/// Most languages.
pub const MAX_LANGUAGES: usize = 8;

/// A member's profile.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ProfileContent {
    /// The name neighbours see, 1–60 characters.
    pub name: String,
    /// A few words, up to 2,000 characters.
    pub about: String,
    /// Language tags, the best first: `fr`, `pt-BR`.
    pub languages: Vec<String>,
    /// A picture.
    pub photo: Option<Photo>,
}

pub(super) fn language_is_valid(tag: &str) -> bool {
    (2..=16).contains(&tag.len())
        && tag.split('-').all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        })
}

impl ProfileContent {
    /// A profile with a name only.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Everything that is wrong with it.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut errors = Invalid::default();
        if self.name.trim().is_empty() {
            errors.add("profile.name.empty");
        }
        if self.name.chars().any(char::is_control) {
            errors.add("profile.name.control");
        }
        errors.at_most("profile.name.long", self.name.chars().count(), MAX_NAME_CHARS);
        errors.at_most("profile.about.long", self.about.chars().count(), MAX_ABOUT_CHARS);
        errors.at_most("profile.languages.many", self.languages.len(), MAX_LANGUAGES);
        if !self.languages.iter().all(|tag| language_is_valid(tag)) {
            errors.add("profile.languages.tag");
        }
        if let Some(photo) = &self.photo {
            photo.check(&mut errors);
        }
        errors.into_result()
    }
}
