//! Photos as people add them: turned upright, made small, and stripped of everything but
//! the picture, above all of where it was taken.
//!
//! Invariant: what comes out was encoded here from pixels alone, so nothing that a camera
//! wrote beside them can be in it.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, Rgb, RgbImage};
use palier_model::sync::limits::BLOB_BYTES;

/// Largest file that is looked at, in bytes.
pub const INPUT_BYTES: usize = 24 << 20;
/// Largest picture that is decoded, in pixels of a side.
const SIDE_PIXELS: u32 = 12_000;
/// Most memory a decoder may take, in bytes.
const DECODE_BYTES: u64 = 256 << 20;
/// Longest side of what is kept.
const KEPT_PIXELS: u32 = 1_600;
/// Qualities tried, the best first.
const QUALITIES: [u8; 5] = [85, 75, 65, 50, 35];

/// A photo ready to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// A JPEG.
    pub bytes: Vec<u8>,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
}

/// Why a file makes no photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PhotoError {
    /// Not a JPEG, PNG or WebP.
    #[error("this is no JPEG, PNG or WebP picture")]
    Format,
    /// The file is too large.
    #[error("the file is larger than {INPUT_BYTES} bytes")]
    TooLarge,
    /// The picture has too many pixels.
    #[error("the picture has too many pixels")]
    TooManyPixels,
    /// It cannot be decoded.
    #[error("the picture is damaged")]
    Damaged,
}

/// Prepares a photo from the bytes of a file.
pub fn prepare(bytes: &[u8]) -> Result<Prepared, PhotoError> {
    // Decoders are others' code on others' bytes: a panic there is a damaged picture.
    std::panic::catch_unwind(|| try_prepare(bytes)).unwrap_or(Err(PhotoError::Damaged))
}

fn try_prepare(bytes: &[u8]) -> Result<Prepared, PhotoError> {
    if bytes.len() > INPUT_BYTES {
        return Err(PhotoError::TooLarge);
    }
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|_| PhotoError::Format)?;
    let known = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP];
    if !reader.format().is_some_and(|format| known.contains(&format)) {
        return Err(PhotoError::Format);
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_PIXELS);
    limits.max_image_height = Some(SIDE_PIXELS);
    limits.max_alloc = Some(DECODE_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(of_decoder)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(of_decoder)?;
    if picture.width() > KEPT_PIXELS || picture.height() > KEPT_PIXELS {
        picture = picture.resize(KEPT_PIXELS, KEPT_PIXELS, FilterType::Triangle);
    }
    picture.apply_orientation(orientation);
    encode(&on_white(&picture))
}

fn of_decoder(error: image::ImageError) -> PhotoError {
    match error {
        image::ImageError::Limits(_) => PhotoError::TooManyPixels,
        image::ImageError::Unsupported(_) => PhotoError::Format,
        _ => PhotoError::Damaged,
    }
}

/// The picture without transparency.
fn on_white(picture: &DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.to_rgb8();
    }
    let from = picture.to_rgba8();
    RgbImage::from_fn(from.width(), from.height(), |x, y| {
        let [r, g, b, a] = from.get_pixel(x, y).0;
        let over = |c: u8| {
            let mixed = u32::from(c) * u32::from(a) + 255 * (255 - u32::from(a));
            u8::try_from(mixed / 255).unwrap_or(u8::MAX)
        };
        Rgb([over(r), over(g), over(b)])
    })
}

fn encode(picture: &RgbImage) -> Result<Prepared, PhotoError> {
    let mut picture = picture.clone();
    loop {
        for quality in QUALITIES {
            let mut bytes = Vec::new();
            let encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
            picture.write_with_encoder(encoder).map_err(|_| PhotoError::Damaged)?;
            if bytes.len() <= BLOB_BYTES {
                return Ok(Prepared { bytes, width: picture.width(), height: picture.height() });
            }
        }
        let (width, height) = (picture.width() / 2, picture.height() / 2);
        if width == 0 || height == 0 {
            return Err(PhotoError::Damaged);
        }
        picture = image::imageops::resize(&picture, width, height, FilterType::Triangle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A JPEG with an EXIF block that says where it was taken and how it is turned.
    fn with_exif(width: u32, height: u32, orientation: u16) -> Vec<u8> {
        let plain = prepare(&png(width, height)).unwrap().bytes;
        let mut tiff = b"II*\0\x08\0\0\0".to_vec();
        let entry = |tag: u16, kind: u16, count: u32, value: u32| {
            let mut bytes = tag.to_le_bytes().to_vec();
            bytes.extend(kind.to_le_bytes());
            bytes.extend(count.to_le_bytes());
            bytes.extend(value.to_le_bytes());
            bytes
        };
        tiff.extend(2_u16.to_le_bytes());
        tiff.extend(entry(0x0112, 3, 1, u32::from(orientation)));
        tiff.extend(entry(0x8825, 4, 1, 38));
        tiff.extend(0_u32.to_le_bytes());
        tiff.extend(1_u16.to_le_bytes());
        tiff.extend(entry(0x0001, 2, 2, u32::from(b'N')));
        tiff.extend(0_u32.to_le_bytes());
        tiff.extend(b"48.8566 GPS-NEEDLE");
        let mut app1 = b"Exif\0\0".to_vec();
        app1.extend(tiff);
        let mut out = plain[..2].to_vec();
        out.extend([0xff, 0xe1]);
        out.extend(u16::try_from(app1.len() + 2).unwrap().to_be_bytes());
        out.extend(app1);
        out.extend(&plain[2..]);
        out
    }

    fn png(width: u32, height: u32) -> Vec<u8> {
        let picture = RgbImage::from_fn(width, height, |x, y| {
            Rgb([(x % 256) as u8, (y % 256) as u8, ((x * y) % 256) as u8])
        });
        let mut bytes = Vec::new();
        DynamicImage::from(picture)
            .write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)
            .unwrap();
        bytes
    }

    #[test]
    fn a_photo_comes_out_without_where_it_was_taken() {
        let photo = with_exif(64, 32, 6);
        assert!(photo.windows(10).any(|it| it == b"GPS-NEEDLE"));
        assert!(exif::Reader::new().read_from_container(&mut Cursor::new(&photo)).is_ok());
        let prepared = prepare(&photo).unwrap();
        assert!(!prepared.bytes.windows(10).any(|it| it == b"GPS-NEEDLE"));
        assert!(!prepared.bytes.windows(4).any(|it| it == b"Exif"));
        assert!(
            exif::Reader::new().read_from_container(&mut Cursor::new(&prepared.bytes)).is_err()
        );
        // Turned upright: wide became high.
        assert_eq!((prepared.width, prepared.height), (32, 64));
    }

    #[test]
    fn a_large_photo_is_made_small() {
        let prepared = prepare(&png(3_000, 2_000)).unwrap();
        assert!(prepared.bytes.len() <= BLOB_BYTES);
        assert_eq!(prepared.width.max(prepared.height), KEPT_PIXELS);
    }

    #[test]
    fn what_is_no_photo_is_refused_and_nothing_panics() {
        assert_eq!(prepare(b"").unwrap_err(), PhotoError::Format);
        assert_eq!(prepare(b"GIF89a........").unwrap_err(), PhotoError::Format);
        assert_eq!(prepare(&vec![0; INPUT_BYTES + 1]).unwrap_err(), PhotoError::TooLarge);
        let good = with_exif(48, 48, 1);
        for at in 0..good.len().min(1_500) {
            let mut bad = good.clone();
            bad[at] ^= 0x55;
            let _ = prepare(&bad);
        }
    }
}
