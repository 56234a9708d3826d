//! WebP: the chunks around a picture, and the picture.
//!
//! Invariant: every picture chunk of the file has the size that was judged; the decoder
//! believes the inner ones.

use std::io::Cursor;

use image_webp::WebPDecoder;

use super::picture::Picture;
use super::shrink::{self, Layout};
use super::{Foreign, Limits, PhotoError};

/// A WebP, its chunks read.
pub(super) struct WebP<'a> {
    width: u32,
    height: u32,
    has_alpha: bool,
    is_lossless: bool,
    /// The camera's notes.
    pub(super) exif: Option<&'a [u8]>,
}

impl<'a> WebP<'a> {
    /// Reads the chunks' heads.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, PhotoError> {
        let mut rest = bytes.get(12..).ok_or(PhotoError::Damaged)?;
        let (mut size, mut exif) = (None, None);
        let (mut has_alpha, mut is_lossless) = (false, false);
        while let Some((kind, body, after)) = chunk(rest) {
            rest = after;
            let found = match kind {
                b"VP8X" => {
                    let flags = body.first().ok_or(PhotoError::Damaged)?;
                    has_alpha |= flags & 0x10 != 0;
                    canvas(body)
                }
                b"VP8 " => lossy(body),
                b"VP8L" => {
                    is_lossless = true;
                    // Its own flag, or that of the file around it: whichever asks more.
                    has_alpha |= body.get(4).is_some_and(|byte| byte & 0x10 != 0);
                    lossless(body)
                }
                b"ANIM" | b"ANMF" => return Err(PhotoError::Format(Foreign::Animation)),
                b"EXIF" => {
                    exif = exif.or(Some(body.strip_prefix(b"Exif\0\0").unwrap_or(body)));
                    continue;
                }
                _ => continue,
            };
            let found = found.ok_or(PhotoError::Damaged)?;
            if *size.get_or_insert(found) != found {
                return Err(PhotoError::Damaged);
            }
        }
        let (width, height) = size.ok_or(PhotoError::Damaged)?;
        Ok(Self { width, height, has_alpha, is_lossless, exif })
    }

    /// Decodes the picture, as small as `limits` want it.
    pub(super) fn decode(&self, bytes: &[u8], limits: &Limits) -> Result<Picture, PhotoError> {
        // Pixels; besides, lossless without alpha has four bytes a pixel, lossy one and a
        // half, and alpha of lossy comes as four and two.
        let pixels = u64::from(self.width) * u64::from(self.height);
        let pixel_bytes = match (self.is_lossless, self.has_alpha) {
            (false, false) => 5,
            (true, _) => 8,
            (false, true) => 12,
        };
        limits.admit(self.width, self.height, pixels * pixel_bytes)?;

        let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(|_| PhotoError::Damaged)?;
        if decoder.dimensions() != (self.width, self.height) || decoder.is_animated() {
            return Err(PhotoError::Damaged);
        }
        let layout = if decoder.has_alpha() { Layout::Rgba } else { Layout::Rgb };
        let size = self.width as usize * self.height as usize * layout.channels();
        let mut pixels = vec![0; size];
        decoder.read_image(&mut pixels).map_err(|_| PhotoError::Damaged)?;
        shrink::whole(layout, self.width, self.height, &pixels, limits)
    }
}

/// The next chunk's kind and body, and what follows. A last chunk may break off.
fn chunk(bytes: &[u8]) -> Option<(&[u8; 4], &[u8], &[u8])> {
    let (kind, rest) = bytes.split_first_chunk::<4>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let body = rest.get(..length).unwrap_or(rest);
    let after = rest.get(length.checked_add(length & 1)?..).unwrap_or_default();
    Some((kind, body, after))
}

fn canvas(body: &[u8]) -> Option<(u32, u32)> {
    let &[_, _, _, _, w0, w1, w2, h0, h1, h2, ..] = body else { return None };
    let side = |low, middle, high| 1 + u32::from_le_bytes([low, middle, high, 0]);
    Some((side(w0, w1, w2), side(h0, h1, h2)))
}

fn lossy(body: &[u8]) -> Option<(u32, u32)> {
    let &[_, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1, ..] = body else { return None };
    let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3fff);
    Some((side(w0, w1), side(h0, h1)))
}

fn lossless(body: &[u8]) -> Option<(u32, u32)> {
    let &[0x2f, b0, b1, b2, b3, ..] = body else { return None };
    let bits = u32::from_le_bytes([b0, b1, b2, b3]);
    Some((1 + (bits & 0x3fff), 1 + ((bits >> 14) & 0x3fff)))
}
