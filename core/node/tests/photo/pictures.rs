//! Pictures as cameras and others write them, and what a prepared one must be.

use std::io::Cursor;

use exif::experimental::Writer;
use exif::{Field, In, Rational, Tag, Value};
use jpeg_encoder::{ColorType, Encoder};
use palier_node::photo::{Limits, PhotoError, Prepared, prepare};

pub(crate) const RED: [u8; 3] = [220, 30, 30];
/// The red of the two WebP files here.
pub(crate) const DARK_RED: [u8; 3] = [200, 30, 30];
pub(crate) const GREEN: [u8; 3] = [30, 200, 40];
pub(crate) const BLUE: [u8; 3] = [30, 40, 220];
pub(crate) const WHITE: [u8; 3] = [255, 255, 255];

/// 24 × 16, left half red and right half blue, coded by libwebp.
pub(crate) const LOSSY_WEBP: &str = "524946465800000057454250565038204c000000f003009d012a180010003eb5489e\
    49a72422a1300800e016894013a6505680fb00afffdc0003360000feed67c3b7b2e8dae6dc6e13486fa8f6b5b9ff\
    f2cfeb2c11fbfe2dd0b2ee01be3ec000";
/// The same, its upper half transparent.
pub(crate) const LOSSY_WEBP_ALPHA: &str = "524946467a00000057454250565038580a000000100000001700000f0000414c\
    50480d00000001100b26f94b67b03b2232fe7c005650382046000000d002009d012a180010003eb54a9f49a72422\
    a1300800e016896800007ed08000fef0dd3affebb26a9ae565dff877a7ffc764ff4367fffcb3fe3bff0653fd4da7\
    7ca429000000";

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks_exact(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
}

/// Four quarters: red and green above, blue and white below.
pub(crate) fn quarters(width: u32, height: u32) -> Vec<u8> {
    let pixel = |x, y| match (x < width / 2, y < height / 2) {
        (true, true) => RED,
        (false, true) => GREEN,
        (true, false) => BLUE,
        (false, false) => WHITE,
    };
    (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect()
}

/// Bytes that no coder can make small, from a seed.
pub(crate) fn noise(mut seed: u64, bytes: usize) -> Vec<u8> {
    let mut step = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 32) as u8
    };
    (0..bytes).map(|_| step()).collect()
}

/// Something like a photo: soft slopes with a little grain.
pub(crate) fn scene(width: u32, height: u32) -> Vec<u8> {
    let grain = noise(5, 4_096);
    let pixel = move |x: u32, y: u32| {
        let g = u32::from(grain[(x * 31 + y * 977) as usize % grain.len()]) / 8;
        let wave = (x * y / 900) % 120;
        [x * 190 / width + g, y * 190 / height + g, 60 + wave + g].map(|v| v.min(255) as u8)
    };
    (0..height).flat_map(|y| (0..width).flat_map(|x| pixel(x, y)).collect::<Vec<_>>()).collect()
}

pub(crate) fn jpeg(rgb: &[u8], width: u32, height: u32, quality: u8, progressive: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, quality);
    encoder.set_progressive(progressive);
    encoder.encode(rgb, width as u16, height as u16, ColorType::Rgb).unwrap();
    bytes
}

pub(crate) fn png(pixels: &[u8], width: u32, height: u32, color: png::ColorType) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(color);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().unwrap().write_image_data(pixels).unwrap();
    bytes
}

pub(crate) fn webp(
    pixels: &[u8],
    width: u32,
    height: u32,
    color: image_webp::ColorType,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    image_webp::WebPEncoder::new(&mut bytes).encode(pixels, width, height, color).unwrap();
    bytes
}

/// What a camera writes beside the picture: the place, whose camera, a preview.
pub(crate) fn camera_notes(orientation: u16) -> Vec<u8> {
    let field = |tag, value| Field { tag, ifd_num: In::PRIMARY, value };
    let text = |text: &str| Value::Ascii(vec![text.as_bytes().to_vec()]);
    let degrees = |d| Value::Rational([d, 12, 34].map(|num| Rational { num, denom: 1 }).to_vec());
    let fields = [
        field(Tag::Make, text("Kamera")),
        field(Tag::BodySerialNumber, text("SERIAL-4711")),
        field(Tag::Orientation, Value::Short(vec![orientation])),
        field(Tag::DateTimeOriginal, text("2026:05:04 10:11:12")),
        field(Tag::GPSLatitudeRef, text("N")),
        field(Tag::GPSLatitude, degrees(48)),
        field(Tag::GPSLongitudeRef, text("E")),
        field(Tag::GPSLongitude, degrees(2)),
    ];
    let preview = jpeg(&quarters(16, 16), 16, 16, 40, false);
    let mut writer = Writer::new();
    fields.iter().for_each(|field| writer.push_field(field));
    writer.set_jpeg(&preview, In::THUMBNAIL);
    let mut bytes = Cursor::new(Vec::new());
    writer.write(&mut bytes, false).unwrap();
    bytes.into_inner()
}

/// Puts a segment right after the start of a JPEG.
pub(crate) fn with_segment(jpeg: &[u8], marker: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u16 + 2).to_be_bytes();
    [&jpeg[..2], &[0xff, marker], &length, body, &jpeg[2..]].concat()
}

pub(crate) fn with_exif(jpeg: &[u8], orientation: u16) -> Vec<u8> {
    with_segment(jpeg, 0xe1, &[b"Exif\0\0", camera_notes(orientation).as_slice()].concat())
}

/// Puts a chunk right after the header of a PNG.
pub(crate) fn with_chunk(png: &[u8], kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u32).to_be_bytes();
    let crc = crc32(&[kind, body].concat()).to_be_bytes();
    [&png[..33], &length, kind, body, &crc, &png[33..]].concat()
}

pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 }
        })
    })
}

/// The markers of a JPEG up to its picture, which must be all there is.
pub(crate) fn markers(jpeg: &[u8]) -> Vec<u8> {
    let (mut at, mut found) = (2, Vec::new());
    while found.last() != Some(&0xda) {
        assert_eq!(jpeg[at], 0xff);
        found.push(jpeg[at + 1]);
        at += 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
    }
    let scan = jpeg[at..].windows(2).position(|pair| pair[0] == 0xff && pair[1] != 0);
    assert_eq!(scan.map(|end| at + end + 2), Some(jpeg.len()), "something follows the picture");
    found
}

pub(crate) fn contains(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|part| part == word.as_bytes())
}

/// Everything that a prepared photo must be.
pub(crate) fn check(photo: &Prepared) {
    let Limits { side, output_bytes, .. } = Limits::default();
    assert!(photo.width.max(photo.height) <= side && photo.bytes.len() <= output_bytes);
    for marker in markers(&photo.bytes) {
        assert!(matches!(marker, 0xc0 | 0xc4 | 0xda | 0xdb | 0xe0), "segment {marker:x}");
    }
    let (width, height, _) = pixels(&photo.bytes);
    assert_eq!((width, height), (photo.width, photo.height));
}

pub(crate) fn pixels(jpeg: &[u8]) -> (u32, u32, Vec<u8>) {
    use zune_jpeg::zune_core::bytestream::ZCursor;
    let mut decoder = zune_jpeg::JpegDecoder::new(ZCursor::new(jpeg));
    let rgb = decoder.decode().unwrap();
    let (width, height) = decoder.dimensions().unwrap();
    (width as u32, height as u32, rgb)
}

/// Whether the photo shows these colours in its four quarters, row by row.
#[track_caller]
pub(crate) fn assert_shows(photo: &Prepared, colours: [[u8; 3]; 4]) {
    let (width, height, rgb) = pixels(&photo.bytes);
    for (n, wanted) in colours.iter().enumerate() {
        let (x, y) =
            (width / 4 + width / 2 * (n as u32 % 2), height / 4 + height / 2 * (n as u32 / 2));
        let at = 3 * (y * width + x) as usize;
        let seen = &rgb[at..at + 3];
        let far = seen.iter().zip(wanted).any(|(a, b)| a.abs_diff(*b) > 24);
        assert!(!far, "quarter {n} is {seen:?}, not {wanted:?}");
    }
}

pub(crate) fn prepared(bytes: &[u8]) -> Prepared {
    let photo = prepare(bytes, &Limits::default()).unwrap();
    check(&photo);
    photo
}

pub(crate) fn refused(bytes: &[u8]) -> PhotoError {
    prepare(bytes, &Limits::default()).unwrap_err()
}
