//! What a person changes: only the fields that are given are written, so that what
//! another device changed meanwhile stays.

use std::collections::BTreeSet;

use super::availability::Availability;
use super::codes::{Category, ListingState, Tier};
use super::content::ListingContent;
use super::photo::Photo;
use super::price::Price;
use super::profile::ProfileContent;
use crate::keys::EntryHash;
use crate::time::Instant;

/// Fields of a listing to change.
///
/// ```
/// use palier_model::listing::{ListingEdit, ListingState};
/// let pause = ListingEdit { state: Some(ListingState::Paused), ..Default::default() };
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListingEdit {
    /// See [`ListingContent::category`].
    pub category: Option<Category>,
    /// See [`ListingContent::title`].
    pub title: Option<String>,
    /// See [`ListingContent::text`].
    pub text: Option<String>,
    /// See [`ListingContent::zone`].
    pub zone: Option<String>,
    /// See [`ListingContent::photos`].
    pub photos: Option<Vec<Photo>>,
    /// See [`ListingContent::price`].
    pub price: Option<Price>,
    /// See [`ListingContent::deposit_cents`].
    pub deposit_cents: Option<u32>,
    /// See [`ListingContent::capacity`].
    pub capacity: Option<u32>,
    /// See [`ListingContent::availability`].
    pub availability: Option<Availability>,
    /// See [`ListingContent::surface_cm2`].
    pub surface_cm2: Option<u32>,
    /// See [`ListingContent::condition`].
    pub condition: Option<String>,
    /// See [`ListingContent::instructions`].
    pub instructions: Option<String>,
    /// See [`ListingContent::tiers`].
    pub tiers: Option<BTreeSet<Tier>>,
    /// See [`ListingContent::state`].
    pub state: Option<ListingState>,
    /// See [`ListingContent::expires_at`]; `Some(None)` takes it away.
    pub expires_at: Option<Option<Instant>>,
    /// See [`ListingContent::domain`].
    pub domain: Option<EntryHash>,
}

impl ListingEdit {
    /// Every field, for a listing that is new.
    pub(super) fn all_of(content: &ListingContent) -> Self {
        let content = content.clone();
        Self {
            category: Some(content.category),
            title: Some(content.title),
            text: Some(content.text),
            zone: Some(content.zone),
            photos: Some(content.photos),
            price: Some(content.price),
            deposit_cents: Some(content.deposit_cents),
            capacity: Some(content.capacity),
            availability: Some(content.availability),
            surface_cm2: Some(content.surface_cm2),
            condition: Some(content.condition),
            instructions: Some(content.instructions),
            tiers: Some(content.tiers),
            state: Some(content.state),
            expires_at: Some(content.expires_at),
            domain: content.domain,
        }
    }

    /// The content as it will be.
    pub fn apply_to(&self, content: &mut ListingContent) {
        let edit = self.clone();
        set(&mut content.category, edit.category);
        set(&mut content.title, edit.title);
        set(&mut content.text, edit.text);
        set(&mut content.zone, edit.zone);
        set(&mut content.photos, edit.photos);
        set(&mut content.price, edit.price);
        set(&mut content.deposit_cents, edit.deposit_cents);
        set(&mut content.capacity, edit.capacity);
        set(&mut content.availability, edit.availability);
        set(&mut content.surface_cm2, edit.surface_cm2);
        set(&mut content.condition, edit.condition);
        set(&mut content.instructions, edit.instructions);
        set(&mut content.tiers, edit.tiers);
        set(&mut content.state, edit.state);
        set(&mut content.expires_at, edit.expires_at);
        content.domain = edit.domain.or(content.domain);
    }
}

/// Fields of a profile to change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProfileEdit {
    /// See [`ProfileContent::name`].
    pub name: Option<String>,
    /// See [`ProfileContent::about`].
    pub about: Option<String>,
    /// See [`ProfileContent::languages`].
    pub languages: Option<Vec<String>>,
    /// See [`ProfileContent::photo`]; `Some(None)` takes it away.
    pub photo: Option<Option<Photo>>,
}

impl ProfileEdit {
    /// Every field, for a profile that is new.
    pub(super) fn all_of(content: &ProfileContent) -> Self {
        let content = content.clone();
        Self {
            name: Some(content.name),
            about: Some(content.about),
            languages: Some(content.languages),
            photo: Some(content.photo),
        }
    }

    /// The content as it will be.
    pub fn apply_to(&self, content: &mut ProfileContent) {
        let edit = self.clone();
        set(&mut content.name, edit.name);
        set(&mut content.about, edit.about);
        set(&mut content.languages, edit.languages);
        set(&mut content.photo, edit.photo);
    }
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}
