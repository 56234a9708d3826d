//! Photos as content names them: the picture itself is a blob.

use serde::{Deserialize, Serialize};

use super::error::Invalid;
use crate::keys::BlobId;

/// Most photos of one listing.
pub const MAX_PHOTOS: usize = 8;
/// Largest stored photo, in bytes.
pub const MAX_PHOTO_BYTES: u32 = 512 << 10;
/// Longest description of a photo, in characters.
pub const MAX_ALT_CHARS: usize = 300;
/// Greatest width and height, in pixels.
pub const MAX_PIXELS: u32 = 8_192;

/// A photo: which blob, and what someone who cannot see it is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Photo {
    /// BLAKE3 of the stored bytes.
    pub blob: BlobId,
    /// What it shows, in words; may be empty.
    pub alt: String,
    /// Stored bytes.
    pub size_bytes: u32,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

impl Photo {
    pub(super) fn check(&self, errors: &mut Invalid) {
        errors.at_most("listing.photos.alt_long", self.alt.chars().count(), MAX_ALT_CHARS);
        if !self.is_measured() {
            errors.add("listing.photos.size");
        }
    }

    /// Whether size, width and height are possible.
    pub(super) fn is_measured(&self) -> bool {
        (1..=MAX_PHOTO_BYTES).contains(&self.size_bytes)
            && (1..=MAX_PIXELS).contains(&self.width)
            && (1..=MAX_PIXELS).contains(&self.height)
    }
}
