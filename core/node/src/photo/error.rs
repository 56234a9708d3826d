//! Why a photo was not taken.

use std::fmt;

/// Why [`prepare`](super::prepare) refused a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PhotoError {
    /// Not a still JPEG, PNG or WebP.
    #[error("{0} is not taken; JPEG, PNG and WebP are")]
    Format(Foreign),
    /// The file has too many bytes.
    #[error("the photo has {bytes} bytes, at most {limit} are taken")]
    TooLarge {
        /// Bytes of the file.
        bytes: usize,
        /// Most that are taken.
        limit: usize,
    },
    /// It would take too much memory, whatever the size of the file.
    #[error("the photo has too many pixels: {width} × {height}")]
    TooManyPixels {
        /// Width by its header.
        width: u32,
        /// Height by its header.
        height: u32,
    },
    /// It breaks off, or contradicts itself.
    #[error("the photo is damaged")]
    Damaged,
}

impl PhotoError {
    /// A stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Format(_) => "photo.format",
            Self::TooLarge { .. } => "photo.too_large",
            Self::TooManyPixels { .. } => "photo.too_many_pixels",
            Self::Damaged => "photo.damaged",
        }
    }
}

/// What came instead of a photo that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Foreign {
    /// HEIC or HEIF: what iPhones write unless told otherwise.
    Heic,
    /// AVIF.
    Avif,
    /// GIF.
    Gif,
    /// TIFF, and most cameras' raw formats.
    Tiff,
    /// An animation.
    Animation,
    /// JPEG of a kind that no camera writes: arithmetic, lossless or 12 bits deep.
    RareJpeg,
    /// Anything else.
    Unknown,
}

impl Foreign {
    /// Its name in scripts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Heic => "heic",
            Self::Avif => "avif",
            Self::Gif => "gif",
            Self::Tiff => "tiff",
            Self::Animation => "animation",
            Self::RareJpeg => "rare_jpeg",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Heic => "HEIC",
            Self::Avif => "AVIF",
            Self::Gif => "GIF",
            Self::Tiff => "TIFF",
            Self::Animation => "an animation",
            Self::RareJpeg => "this rare kind of JPEG",
            Self::Unknown => "this format",
        })
    }
}
