//! What a file is, by its first bytes: its name says nothing that can be relied on.

use super::{Foreign, PhotoError};

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Jpeg,
    Png,
    WebP,
}

/// Tells the format, or why it is none that is read.
pub(super) fn of(bytes: &[u8]) -> Result<Kind, PhotoError> {
    let at = |from: usize, magic: &[u8]| bytes.get(from..).is_some_and(|b| b.starts_with(magic));
    let foreign = if at(0, &[0xff, 0xd8, 0xff]) {
        return Ok(Kind::Jpeg);
    } else if at(0, b"\x89PNG\r\n\x1a\n") {
        return Ok(Kind::Png);
    } else if at(0, b"RIFF") && at(8, b"WEBP") {
        return Ok(Kind::WebP);
    } else if at(4, b"ftyp") {
        match bytes.get(8..12) {
            Some(b"avif" | b"avis") => Foreign::Avif,
            Some(b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1") => {
                Foreign::Heic
            }
            _ => Foreign::Unknown,
        }
    } else if at(0, b"GIF8") {
        Foreign::Gif
    } else if at(0, b"II*\0") || at(0, b"MM\0*") {
        Foreign::Tiff
    } else {
        Foreign::Unknown
    };
    Err(PhotoError::Format(foreign))
}
