//! JPEG: the segments around a picture, and the picture.
//!
//! Invariant: the decoder is given only the segments a picture needs, so nothing that is
//! read here differently from there can grow its memory, and no metadata reaches it.

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::picture::Picture;
use super::shrink::{self, Layout};
use super::{Foreign, Limits, PhotoError};

/// Most scans of a progressive picture. Encoders write about ten, and each one costs a
/// pass over all pixels.
const MAX_SCANS: usize = 40;

const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;
const DHT: u8 = 0xc4;
const DQT: u8 = 0xdb;
const DRI: u8 = 0xdd;
const APP0: u8 = 0xe0;
const APP1: u8 = 0xe1;
/// Adobe's: in which colours the picture is.
const APP14: u8 = 0xee;

/// A JPEG, its header read.
pub(super) struct Jpeg<'a> {
    pub(super) width: u32,
    pub(super) height: u32,
    /// 1 gray, 3 colours, 4 print colours.
    components: u8,
    /// Coefficients that are kept while decoding: all, if the picture comes in passes.
    coefficients: u64,
    /// The camera's notes.
    pub(super) exif: Option<&'a [u8]>,
    /// Whether the file is a plain picture and nothing else whatever: no segment beside
    /// those needed to show it, no byte after its end.
    pub(super) is_bare: bool,
    /// What the decoder is given.
    picture: Vec<u8>,
}

/// What a start of frame says.
struct Frame {
    width: u32,
    height: u32,
    components: u8,
    /// All there are, in whole blocks.
    coefficients: u64,
    progressive: bool,
}

impl<'a> Jpeg<'a> {
    /// Reads all up to the picture's first scan.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, PhotoError> {
        let mut rest = bytes.get(2..).ok_or(PhotoError::Damaged)?;
        let mut picture = vec![0xff, SOI];
        let (mut frame, mut exif, mut is_bare) = (None, None, true);
        loop {
            let Segment { marker, body, after, is_next } = Segment::find(rest)?;
            rest = after;
            is_bare &= is_next;
            match marker {
                0xc0..=0xc2 if frame.is_some() => return Err(PhotoError::Damaged),
                0xc0..=0xc2 => frame = Some(Frame::read(marker, body)?),
                DHT | DQT | SOS => {}
                DRI | APP14 => is_bare = false,
                0xc3..=0xcf => return Err(PhotoError::Format(Foreign::RareJpeg)),
                _ => {
                    is_bare &= marker == APP0 && is_plain_jfif(body);
                    if marker == APP1 && exif.is_none() {
                        exif = body.strip_prefix(b"Exif\0\0");
                    }
                    continue;
                }
            }
            let length = u16::try_from(body.len() + 2).map_err(|_| PhotoError::Damaged)?;
            picture.extend_from_slice(&[0xff, marker]);
            picture.extend_from_slice(&length.to_be_bytes());
            picture.extend_from_slice(body);
            if marker == SOS {
                let Frame { width, height, components, coefficients, progressive } =
                    frame.ok_or(PhotoError::Damaged)?;
                let in_passes = progressive || body.first() != Some(&components);
                let coefficients = if in_passes { coefficients } else { 0 };
                is_bare &= components != 4 && !in_passes && is_plain_scan(rest);
                picture.extend_from_slice(rest);
                return Ok(Self {
                    width,
                    height,
                    components,
                    coefficients,
                    exif,
                    is_bare,
                    picture,
                });
            }
        }
    }

    /// Decodes the picture, as small as `limits` want it.
    pub(super) fn decode(&self, limits: &Limits) -> Result<Picture, PhotoError> {
        limits.admit(self.width, self.height, self.memory_bytes())?;
        let (layout, colours) = if self.components == 1 {
            (Layout::Gray, ColorSpace::Luma)
        } else {
            (Layout::Rgb, ColorSpace::RGB)
        };
        let options = DecoderOptions::default()
            .set_strict_mode(true)
            .set_max_width(self.width as usize)
            .set_max_height(self.height as usize)
            .jpeg_set_max_scans(MAX_SCANS)
            .jpeg_set_out_colorspace(colours);
        let mut decoder =
            JpegDecoder::new_with_options(ZCursor::new(self.picture.as_slice()), options);
        decoder.decode_headers().map_err(|_| PhotoError::Damaged)?;
        if decoder.dimensions() != Some((self.width as usize, self.height as usize)) {
            return Err(PhotoError::Damaged);
        }
        let size = self.width as usize * self.height as usize * layout.channels();
        let mut pixels = vec![0; size];
        decoder.decode_into(&mut pixels).map_err(|_| PhotoError::Damaged)?;
        shrink::whole(layout, self.width, self.height, &pixels, limits)
    }

    /// The bytes it takes to decode.
    fn memory_bytes(&self) -> u64 {
        let pixels = u64::from(self.width) * u64::from(self.height);
        let pixel_bytes = if self.components == 1 { 1 } else { 3 };
        pixels * pixel_bytes + 2 * self.coefficients + self.picture.len() as u64
    }
}

impl Frame {
    fn read(marker: u8, body: &[u8]) -> Result<Self, PhotoError> {
        let &[depth, h1, h0, w1, w0, components, ref planes @ ..] = body else {
            return Err(PhotoError::Damaged);
        };
        if depth != 8 {
            return Err(PhotoError::Format(Foreign::RareJpeg));
        }
        let (width, height) = (u16::from_be_bytes([w1, w0]), u16::from_be_bytes([h1, h0]));
        let is_known = matches!(components, 1 | 3 | 4);
        if width == 0 || height == 0 || !is_known || planes.len() != 3 * usize::from(components) {
            return Err(PhotoError::Damaged);
        }
        let (width, height) = (u32::from(width), u32::from(height));
        let coefficients = coefficients(width, height, planes).ok_or(PhotoError::Damaged)?;
        Ok(Self { width, height, components, coefficients, progressive: marker == 0xc2 })
    }
}

/// How many coefficients all planes have; each plane is three bytes, the second one how
/// finely it is sampled across and down.
fn coefficients(width: u32, height: u32, planes: &[u8]) -> Option<u64> {
    const BLOCK_SIDE: u32 = 8;
    let sampling = |plane: &[u8]| (u32::from(plane[1] >> 4), u32::from(plane[1] & 0x0f));
    let sampled: Vec<_> = match planes.len() {
        // A single plane is not sampled, whatever it says.
        3 => vec![(1, 1)],
        _ => planes.chunks_exact(3).map(sampling).collect(),
    };
    let across = sampled.iter().map(|(h, _)| *h).max().filter(|h| (1..=4).contains(h))?;
    let down = sampled.iter().map(|(_, v)| *v).max().filter(|v| (1..=4).contains(v))?;
    let units = u64::from(width.div_ceil(BLOCK_SIDE * across))
        * u64::from(height.div_ceil(BLOCK_SIDE * down));
    let blocks: u32 = sampled.iter().map(|(h, v)| h * v).sum();
    Some(units * u64::from(blocks) * u64::from(BLOCK_SIDE * BLOCK_SIDE))
}

/// A piece of the header.
struct Segment<'a> {
    marker: u8,
    body: &'a [u8],
    /// What follows.
    after: &'a [u8],
    /// Whether there was nothing before it.
    is_next: bool,
}

impl<'a> Segment<'a> {
    fn find(bytes: &'a [u8]) -> Result<Self, PhotoError> {
        let (mut rest, mut is_next) = (bytes, true);
        loop {
            // Some cameras leave stray bytes between segments: every reader skips them.
            match *rest {
                [0xff, SOI | 0x00 | 0x01 | 0xd0..=0xd7, ref after @ ..] => {
                    (rest, is_next) = (after, false);
                }
                [0xff, EOI, ..] | [] => return Err(PhotoError::Damaged),
                [0xff, marker, high, low, ref after @ ..] if marker != 0xff => {
                    let length = usize::from(u16::from_be_bytes([high, low]));
                    let (body, after) = length
                        .checked_sub(2)
                        .and_then(|length| after.split_at_checked(length))
                        .ok_or(PhotoError::Damaged)?;
                    return Ok(Self { marker, body, after, is_next });
                }
                [_, ref after @ ..] => (rest, is_next) = (after, false),
            }
        }
    }
}

/// Density and nothing more: this segment can hold a preview.
fn is_plain_jfif(body: &[u8]) -> bool {
    matches!(body, [b'J', b'F', b'I', b'F', 0, 1, _, 0..=2, _, _, _, _, 0, 0])
}

/// Whether the scan ends the picture and the picture ends the file.
fn is_plain_scan(scan: &[u8]) -> bool {
    let Some(data) = scan.strip_suffix(&[0xff, EOI]) else { return false };
    let mut after_ff = false;
    for byte in data {
        if after_ff && *byte != 0 {
            return false;
        }
        after_ff = *byte == 0xff;
    }
    !after_ff
}
