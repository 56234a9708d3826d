//! How large a photo may come in, and how large it goes out.

use palier_model::listing::{MAX_PHOTO_BYTES, MAX_PIXELS};
use palier_model::sync::limits::BLOB_BYTES;

use super::PhotoError;

// What a listing may name must be what a blob may hold.
const _: () = assert!(MAX_PHOTO_BYTES as usize <= BLOB_BYTES);

/// Limits of [`prepare`](super::prepare). The default ones fit a telephone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes taken in. A 50-megapixel JPEG has some 15 MB.
    pub input_bytes: usize,
    /// Most pixels taken in.
    pub pixels: u64,
    /// Most memory, in bytes, that decoding may take at once.
    pub memory_bytes: u64,
    /// Long side of what comes out, in pixels; never above what a listing may name.
    pub side: u32,
    /// Most bytes that come out.
    pub output_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            input_bytes: 24 << 20,
            pixels: 64_000_000,
            // A plain JPEG of 64 megapixels takes 192 MB.
            memory_bytes: 256 << 20,
            side: 1_600,
            output_bytes: MAX_PHOTO_BYTES as usize,
        }
    }
}

impl Limits {
    /// Whether a picture of this size may be decoded at the cost of `memory_bytes`.
    pub(super) fn admit(
        &self,
        width: u32,
        height: u32,
        memory_bytes: u64,
    ) -> Result<(), PhotoError> {
        let pixels = u64::from(width) * u64::from(height);
        if pixels > self.pixels || memory_bytes > self.memory_bytes {
            return Err(PhotoError::TooManyPixels { width, height });
        }
        Ok(())
    }

    /// Whether a photo of this size can stay as it is.
    pub(super) fn holds(&self, bytes: usize, width: u32, height: u32) -> bool {
        bytes <= self.output_bytes && width.max(height) <= self.long_side()
    }

    /// The size that a picture is shrunk to, in proportion, and never to nothing.
    pub(super) fn fit(&self, width: u32, height: u32) -> (u32, u32) {
        let (side, long) = (u64::from(self.long_side()), u64::from(width.max(height)));
        if long <= side {
            return (width, height);
        }
        let part = |length: u32| {
            let scaled = (u64::from(length) * side + long / 2) / long;
            u32::try_from(scaled).unwrap_or(u32::MAX).max(1)
        };
        (part(width), part(height))
    }

    fn long_side(&self) -> u32 {
        self.side.clamp(1, MAX_PIXELS)
    }
}
