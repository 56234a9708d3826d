//! PNG: rows are shrunk as they come, so even a large one takes little memory.

use std::io::Cursor;

use ::png::{BitDepth, ColorType, Decoder, Transformations};

use super::picture::Picture;
use super::shrink::{self, Layout, Shrinker};
use super::{Limits, PhotoError};

/// Rows of full size that the decoder holds, besides what it inflates.
const ROWS: u64 = 8;
/// What the decoder holds whatever the picture.
const BASE_BYTES: u64 = 1 << 20;

/// Decodes a PNG, as small as `limits` want it.
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Picture, PhotoError> {
    let memory = usize::try_from(limits.memory_bytes).unwrap_or(usize::MAX);
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), ::png::Limits { bytes: memory });
    // Texts and colour profiles are compressed: not even looked at, they cannot swell.
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(Transformations::normalize_to_color8());
    let info = decoder.read_header_info().map_err(|_| PhotoError::Damaged)?;
    let (width, height, interlaced) = (info.width, info.height, info.interlaced);
    // 16 bits a channel, four of them, at most.
    let (row_bytes, whole_bytes) = (8 * u64::from(width), 4 * u64::from(width));
    let whole_bytes = if interlaced { whole_bytes.saturating_mul(height.into()) } else { 0 };
    limits.admit(width, height, BASE_BYTES + ROWS * row_bytes + whole_bytes)?;

    let mut reader = decoder.read_info().map_err(|_| PhotoError::Damaged)?;
    let layout = match reader.output_color_type() {
        (ColorType::Grayscale, BitDepth::Eight) => Layout::Gray,
        (ColorType::GrayscaleAlpha, BitDepth::Eight) => Layout::GrayAlpha,
        (ColorType::Rgb, BitDepth::Eight) => Layout::Rgb,
        (ColorType::Rgba, BitDepth::Eight) => Layout::Rgba,
        _ => return Err(PhotoError::Damaged),
    };
    if interlaced {
        let size = width as usize * height as usize * layout.channels();
        let mut pixels = vec![0; size];
        reader.next_frame(&mut pixels).map_err(|_| PhotoError::Damaged)?;
        return shrink::whole(layout, width, height, &pixels, limits);
    }
    let mut shrinker = Shrinker::new(layout, width, height, limits);
    let mut row = vec![0; width as usize * layout.channels()];
    for _ in 0..height {
        reader.read_row(&mut row).map_err(|_| PhotoError::Damaged)?.ok_or(PhotoError::Damaged)?;
        shrinker.push(&row);
    }
    shrinker.finish()
}

/// The camera's notes, wherever they are in the file.
pub(super) fn exif(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes.get(8..)?;
    loop {
        let (&length, after) = rest.split_first_chunk::<4>()?;
        let (kind, after) = after.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(length)).ok()?;
        let (body, after) = after.split_at_checked(length)?;
        if kind == b"eXIf" {
            return Some(body);
        }
        rest = after.get(4..)?;
    }
}
