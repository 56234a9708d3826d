//! Photos: what comes out is small, upright and tells nothing but what it shows; what
//! goes in may be anything.

use std::io::Cursor;
use std::time::{Duration, Instant};

use exif::experimental::Writer;
use exif::{Field, In, Rational, Tag, Value};
use jpeg_encoder::{ColorType, Encoder};
use palier_node::photo::{Foreign, Limits, PhotoError, Prepared, prepare};

const RED: [u8; 3] = [220, 30, 30];
/// The red of the two WebP files here.
const DARK_RED: [u8; 3] = [200, 30, 30];
const GREEN: [u8; 3] = [30, 200, 40];
const BLUE: [u8; 3] = [30, 40, 220];
const WHITE: [u8; 3] = [255, 255, 255];

/// 24 × 16, left half red and right half blue, coded by libwebp.
const LOSSY_WEBP: &str = "524946465800000057454250565038204c000000f003009d012a180010003eb5489e\
    49a72422a1300800e016894013a6505680fb00afffdc0003360000feed67c3b7b2e8dae6dc6e13486fa8f6b5b9ff\
    f2cfeb2c11fbfe2dd0b2ee01be3ec000";
/// The same, its upper half transparent.
const LOSSY_WEBP_ALPHA: &str = "524946467a00000057454250565038580a000000100000001700000f0000414c\
    50480d00000001100b26f94b67b03b2232fe7c005650382046000000d002009d012a180010003eb54a9f49a72422\
    a1300800e016896800007ed08000fef0dd3affebb26a9ae565dff877a7ffc764ff4367fffcb3fe3bff0653fd4da7\
    7ca429000000";

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks_exact(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
}

/// Four quarters: red and green above, blue and white below.
fn quarters(width: u32, height: u32) -> Vec<u8> {
    let pixel = |x, y| match (x < width / 2, y < height / 2) {
        (true, true) => RED,
        (false, true) => GREEN,
        (true, false) => BLUE,
        (false, false) => WHITE,
    };
    (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect()
}

/// Bytes that no coder can make small, from a seed.
fn noise(mut seed: u64, bytes: usize) -> Vec<u8> {
    let mut step = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 32) as u8
    };
    (0..bytes).map(|_| step()).collect()
}

/// Something like a photo: soft slopes with a little grain.
fn scene(width: u32, height: u32) -> Vec<u8> {
    let grain = noise(5, 4_096);
    let pixel = move |x: u32, y: u32| {
        let g = u32::from(grain[(x * 31 + y * 977) as usize % grain.len()]) / 8;
        let wave = (x * y / 900) % 120;
        [x * 190 / width + g, y * 190 / height + g, 60 + wave + g].map(|v| v.min(255) as u8)
    };
    (0..height).flat_map(|y| (0..width).flat_map(|x| pixel(x, y)).collect::<Vec<_>>()).collect()
}

fn jpeg(rgb: &[u8], width: u32, height: u32, quality: u8, progressive: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, quality);
    encoder.set_progressive(progressive);
    encoder.encode(rgb, width as u16, height as u16, ColorType::Rgb).unwrap();
    bytes
}

fn png(pixels: &[u8], width: u32, height: u32, color: png::ColorType) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(color);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().unwrap().write_image_data(pixels).unwrap();
    bytes
}

fn webp(pixels: &[u8], width: u32, height: u32, color: image_webp::ColorType) -> Vec<u8> {
    let mut bytes = Vec::new();
    image_webp::WebPEncoder::new(&mut bytes).encode(pixels, width, height, color).unwrap();
    bytes
}

/// What a camera writes beside the picture: the place, whose camera, a preview.
fn camera_notes(orientation: u16) -> Vec<u8> {
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
fn with_segment(jpeg: &[u8], marker: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u16 + 2).to_be_bytes();
    [&jpeg[..2], &[0xff, marker], &length, body, &jpeg[2..]].concat()
}

fn with_exif(jpeg: &[u8], orientation: u16) -> Vec<u8> {
    with_segment(jpeg, 0xe1, &[b"Exif\0\0", camera_notes(orientation).as_slice()].concat())
}

/// Puts a chunk right after the header of a PNG.
fn with_chunk(png: &[u8], kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u32).to_be_bytes();
    let crc = crc32(&[kind, body].concat()).to_be_bytes();
    [&png[..33], &length, kind, body, &crc, &png[33..]].concat()
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 }
        })
    })
}

/// The markers of a JPEG up to its picture, which must be all there is.
fn markers(jpeg: &[u8]) -> Vec<u8> {
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

fn contains(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|part| part == word.as_bytes())
}

/// Everything that a prepared photo must be.
fn check(photo: &Prepared) {
    let Limits { side, output_bytes, .. } = Limits::default();
    assert!(photo.width.max(photo.height) <= side && photo.bytes.len() <= output_bytes);
    for marker in markers(&photo.bytes) {
        assert!(matches!(marker, 0xc0 | 0xc4 | 0xda | 0xdb | 0xe0), "segment {marker:x}");
    }
    let (width, height, _) = pixels(&photo.bytes);
    assert_eq!((width, height), (photo.width, photo.height));
}

fn pixels(jpeg: &[u8]) -> (u32, u32, Vec<u8>) {
    use zune_jpeg::zune_core::bytestream::ZCursor;
    let mut decoder = zune_jpeg::JpegDecoder::new(ZCursor::new(jpeg));
    let rgb = decoder.decode().unwrap();
    let (width, height) = decoder.dimensions().unwrap();
    (width as u32, height as u32, rgb)
}

/// Whether the photo shows these colours in its four quarters, row by row.
#[track_caller]
fn assert_shows(photo: &Prepared, colours: [[u8; 3]; 4]) {
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

fn prepared(bytes: &[u8]) -> Prepared {
    let photo = prepare(bytes, &Limits::default()).unwrap();
    check(&photo);
    photo
}

fn refused(bytes: &[u8]) -> PhotoError {
    prepare(bytes, &Limits::default()).unwrap_err()
}

#[test]
fn the_place_and_all_else_a_camera_writes_are_gone() {
    let plain = jpeg(&quarters(64, 48), 64, 48, 90, false);
    let xmp = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>SERIAL-4711 GPSLatitude</x:xmpmeta>";
    let mut photo = with_exif(&plain, 1);
    photo = with_segment(&photo, 0xe1, xmp);
    photo = with_segment(&photo, 0xe2, b"ICC_PROFILE\0\x01\x01SERIAL-4711");
    photo = with_segment(&photo, 0xed, b"Photoshop 3.0\0SERIAL-4711");
    photo = with_segment(&photo, 0xfe, b"SERIAL-4711");
    photo.extend_from_slice(b"SERIAL-4711 behind the picture");
    let notes = exif::Reader::new().read_from_container(&mut Cursor::new(&photo)).unwrap();
    assert!(notes.get_field(Tag::GPSLatitude, In::PRIMARY).is_some(), "the test writes a place");

    let eight = png(&quarters(64, 48), 64, 48, png::ColorType::Rgb);
    let with_notes = with_chunk(&eight, b"eXIf", &camera_notes(1));
    let with_text = with_chunk(&with_notes, b"tEXt", b"Comment\0SERIAL-4711 GPSLatitude");
    let mut noted = Vec::new();
    let mut encoder = image_webp::WebPEncoder::new(&mut noted);
    encoder.set_exif_metadata(camera_notes(1));
    encoder.set_xmp_metadata(xmp.to_vec());
    encoder.encode(&quarters(64, 48), 64, 48, image_webp::ColorType::Rgb8).unwrap();

    for bytes in [photo, with_text, noted] {
        assert!(contains(&bytes, "SERIAL-4711"));
        let photo = prepared(&bytes);
        assert_shows(&photo, [RED, GREEN, BLUE, WHITE]);
        for word in
            ["Exif", "GPS", "SERIAL", "xmp", "ns.adobe", "ICC", "Kamera", "2026", "Photoshop"]
        {
            assert!(!contains(&photo.bytes, word), "{word} is left");
        }
        let notes = exif::Reader::new().read_from_container(&mut Cursor::new(&photo.bytes));
        assert!(notes.is_err());
    }
}

#[test]
fn one_foreign_segment_or_byte_is_enough_to_code_a_small_jpeg_again() {
    let plain = jpeg(&quarters(64, 48), 64, 48, 70, false);
    assert_eq!(prepared(&plain).bytes, plain, "nothing to remove, nothing to lose");
    let mut preview = plain.clone();
    // A preview of one pixel in the JFIF segment.
    preview[5] += 3;
    preview[18..20].copy_from_slice(&[1, 1]);
    preview.splice(20..20, [7, 8, 9]);
    let tail = [plain.as_slice(), b"behind"].concat();
    let hidden = [&plain[..plain.len() - 2], &[0xff, 0xfe, 0, 4, 7, 7, 0xff, 0xd9]].concat();
    let comment = with_segment(&plain, 0xfe, b"comment");
    let stray = [&plain[..20], b"stray", &plain[20..]].concat();
    for bytes in [preview, tail, hidden, comment, stray] {
        assert_ne!(prepared(&bytes).bytes, bytes);
    }
}

#[test]
fn every_orientation_comes_out_upright() {
    let (r, g, b, w) = (RED, GREEN, BLUE, WHITE);
    let upright = [
        [r, g, b, w],
        [g, r, w, b],
        [w, b, g, r],
        [b, w, r, g],
        [r, b, g, w],
        [b, r, w, g],
        [w, g, b, r],
        [g, w, r, b],
    ];
    let rgb = quarters(96, 64);
    let plain = jpeg(&rgb, 96, 64, 90, false);
    let plain_png = png(&rgb, 96, 64, png::ColorType::Rgb);
    for (orientation, colours) in (1..).zip(upright) {
        let size = if orientation < 5 { (96, 64) } else { (64, 96) };
        let mut notes = Vec::new();
        let mut encoder = image_webp::WebPEncoder::new(&mut notes);
        encoder.set_exif_metadata(camera_notes(orientation));
        encoder.encode(&rgb, 96, 64, image_webp::ColorType::Rgb8).unwrap();
        let in_png = with_chunk(&plain_png, b"eXIf", &camera_notes(orientation));
        for bytes in [with_exif(&plain, orientation), in_png, notes] {
            let photo = prepared(&bytes);
            assert_eq!((photo.width, photo.height), size, "orientation {orientation}");
            assert_shows(&photo, colours);
        }
    }
    assert_shows(&prepared(&with_exif(&plain, 9)), [r, g, b, w]);
}

#[test]
fn every_format_shows_its_colours_and_white_where_it_is_transparent() {
    let rgb = quarters(64, 48);
    let opaque = |pixel: &[u8]| [pixel[0], pixel[1], pixel[2], 255];
    // What lies under full transparency must not shine through.
    let alpha: Vec<u8> = rgb
        .chunks_exact(3)
        .flat_map(|pixel| if pixel == BLUE { [9, 9, 9, 0] } else { opaque(pixel) })
        .collect();
    let all = [RED, GREEN, BLUE, WHITE];
    let hole = [RED, GREEN, WHITE, WHITE];
    for (bytes, colours) in [
        (jpeg(&rgb, 64, 48, 90, false), all),
        (jpeg(&rgb, 64, 48, 90, true), all),
        (png(&rgb, 64, 48, png::ColorType::Rgb), all),
        (png(&alpha, 64, 48, png::ColorType::Rgba), hole),
        (webp(&rgb, 64, 48, image_webp::ColorType::Rgb8), all),
        (webp(&alpha, 64, 48, image_webp::ColorType::Rgba8), hole),
        (unhex(LOSSY_WEBP), [DARK_RED, BLUE, DARK_RED, BLUE]),
        (unhex(LOSSY_WEBP_ALPHA), [WHITE, WHITE, DARK_RED, BLUE]),
    ] {
        assert_shows(&prepared(&bytes), colours);
    }
    let gray: Vec<u8> = (0..64 * 48).map(|n| if n % 64 < 32 { 40 } else { 200 }).collect();
    let gray_alpha: Vec<u8> = gray.iter().flat_map(|v| [*v, 255]).collect();
    let mut gray_jpeg = Vec::new();
    Encoder::new(&mut gray_jpeg, 90).encode(&gray, 64, 48, ColorType::Luma).unwrap();
    for bytes in [
        with_exif(&gray_jpeg, 1),
        png(&gray, 64, 48, png::ColorType::Grayscale),
        png(&gray_alpha, 64, 48, png::ColorType::GrayscaleAlpha),
    ] {
        assert_shows(&prepared(&bytes), [[40; 3], [200; 3], [40; 3], [200; 3]]);
    }
}

#[test]
fn print_colours_become_screen_colours() {
    let cmyk = [0, 240, 240, 10].repeat(64 * 48);
    let mut bytes = Vec::new();
    Encoder::new(&mut bytes, 90).encode(&cmyk, 64, 48, ColorType::Cmyk).unwrap();
    let photo = prepared(&bytes);
    assert_ne!(photo.bytes, bytes);
    assert!(markers(&photo.bytes).iter().all(|marker| *marker != 0xee));
}

#[test]
fn a_large_photo_keeps_its_proportions_and_a_noisy_one_still_fits() {
    let photo = prepared(&jpeg(&quarters(3000, 1000), 3000, 1000, 80, false));
    assert_eq!((photo.width, photo.height), (1600, 533));
    assert_shows(&photo, [RED, GREEN, BLUE, WHITE]);
    let photo = prepared(&png(&quarters(2, 5000), 2, 5000, png::ColorType::Rgb));
    assert_eq!((photo.width, photo.height), (1, 1600));

    let noisy = prepared(&png(&noise(3, 3 * 1600 * 1600), 1600, 1600, png::ColorType::Rgb));
    assert!(noisy.width == noisy.height && noisy.width >= 900, "{}", noisy.width);
    let narrow = Limits { side: 320, output_bytes: 4_096, ..Limits::default() };
    let small = prepare(&jpeg(&scene(640, 480), 640, 480, 90, false), &narrow).unwrap();
    assert!(small.bytes.len() <= 4_096 && small.width <= 320);
    let nothing = Limits { output_bytes: 100, ..narrow };
    let refused = prepare(&jpeg(&scene(64, 48), 64, 48, 90, false), &nothing);
    assert_eq!(refused.unwrap_err().code(), "photo.too_large");
}

#[test]
fn preparing_twice_changes_nothing() {
    let scene = scene(1800, 1200);
    for bytes in [
        jpeg(&scene, 1800, 1200, 92, false),
        jpeg(&scene, 1800, 1200, 92, true),
        png(&scene, 1800, 1200, png::ColorType::Rgb),
        unhex(LOSSY_WEBP),
    ] {
        let photo = prepared(&bytes);
        assert_eq!(prepared(&photo.bytes), photo);
    }
}

#[test]
fn what_is_no_photo_is_refused_by_name() {
    let ftyp = |brand: &[u8]| [b"\0\0\0\x18ftyp", brand, b"\0\0\0\0mif1heic"].concat();
    let mut animated = unhex(LOSSY_WEBP_ALPHA);
    animated.extend_from_slice(b"ANIM\x06\0\0\0\0\0\0\0\0\0");
    let mut arithmetic = jpeg(&quarters(16, 16), 16, 16, 80, false);
    let frame = arithmetic.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    arithmetic[frame + 1] = 0xc9;
    for (bytes, foreign) in [
        (ftyp(b"heic"), Foreign::Heic),
        (ftyp(b"mif1"), Foreign::Heic),
        (ftyp(b"avif"), Foreign::Avif),
        (b"GIF89a".to_vec(), Foreign::Gif),
        (b"II*\0\x08\0\0\0".to_vec(), Foreign::Tiff),
        (animated, Foreign::Animation),
        (arithmetic, Foreign::RareJpeg),
        (b"%PDF-1.7".to_vec(), Foreign::Unknown),
        (Vec::new(), Foreign::Unknown),
    ] {
        assert_eq!(refused(&bytes), PhotoError::Format(foreign));
    }
    assert_eq!(refused(&vec![0xff; (24 << 20) + 1]).code(), "photo.too_large");
}

#[test]
fn a_photo_that_breaks_off_is_damaged() {
    let scene = scene(200, 150);
    for bytes in [
        jpeg(&scene, 200, 150, 80, false),
        jpeg(&scene, 200, 150, 80, true),
        png(&scene, 200, 150, png::ColorType::Rgb),
        webp(&scene, 200, 150, image_webp::ColorType::Rgb8),
    ] {
        for part in [bytes.len() / 2, bytes.len() * 9 / 10] {
            assert_eq!(refused(&bytes[..part]), PhotoError::Damaged);
        }
    }
}

/// Files of a few bytes that claim, or swell to, far more than they are.
fn bombs() -> Vec<(Vec<u8>, &'static str)> {
    let mut wide_png = png(&[0; 3], 1, 1, png::ColorType::Rgb);
    wide_png[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
    let crc = crc32(&wide_png[12..29]).to_be_bytes();
    wide_png[29..33].copy_from_slice(&crc);
    // One row that alone would take a gigabyte.
    let mut long_row = wide_png.clone();
    long_row[16..24].copy_from_slice(&[0x03, 0xd0, 0x90, 0, 0, 0, 0, 1]);
    let crc = crc32(&long_row[12..29]).to_be_bytes();
    long_row[29..33].copy_from_slice(&crc);

    let huge = |mut bytes: Vec<u8>, marker: u8, height: u16, width: u16| {
        let frame = bytes.windows(2).position(|pair| pair == [0xff, marker]).unwrap();
        bytes[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
        bytes[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
        bytes
    };
    let small = jpeg(&quarters(16, 16), 16, 16, 80, false);
    let progressive = jpeg(&quarters(16, 16), 16, 16, 80, true);
    let second_frame = with_segment(&small, 0xc0, &[8, 255, 255, 255, 255, 1, 1, 0x11, 0]);

    let mut lossless = webp(&quarters(16, 16), 16, 16, image_webp::ColorType::Rgb8);
    lossless[21..25].copy_from_slice(&[0xff, 0xff, 0xff, 0x0f]);
    let mut inner = unhex(LOSSY_WEBP_ALPHA);
    let frame = inner.windows(3).position(|tag| tag == [0x9d, 0x01, 0x2a]).unwrap();
    inner[frame + 3..frame + 7].copy_from_slice(&[0xff, 0x3f, 0xff, 0x3f]);
    vec![
        (wide_png, "photo.too_many_pixels"),
        (long_row, "photo.too_many_pixels"),
        (huge(small, 0xc0, 65_535, 65_535), "photo.too_many_pixels"),
        // Few enough pixels, but all coefficients at once would be too much.
        (huge(progressive, 0xc2, 7_900, 7_900), "photo.too_many_pixels"),
        (second_frame, "photo.damaged"),
        (lossless, "photo.too_many_pixels"),
        (inner, "photo.damaged"),
    ]
}

#[test]
fn bombs_are_refused_at_once() {
    for (n, (bytes, code)) in bombs().into_iter().enumerate() {
        let start = Instant::now();
        assert_eq!(refused(&bytes).code(), code, "bomb {n}");
        assert!(start.elapsed() < Duration::from_millis(100), "bomb {n}: {:?}", start.elapsed());
    }
}

/// Most memory, in KiB, that this process ever asked for (`VmPeak`) or held (`VmHWM`).
#[cfg(target_os = "linux")]
fn peak_kib(which: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(which)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Runs alone in a process of its own: see the test below.
#[cfg(target_os = "linux")]
#[test]
#[ignore = "run by bombs_take_little_memory"]
fn bombs_alone() {
    let bombs = bombs();
    let before = peak_kib("VmPeak");
    for (bytes, _) in &bombs {
        refused(bytes);
    }
    eprintln!("refusing {}", peak_kib("VmPeak") - before);

    let text = "x".repeat(48 << 20);
    let mut swelling = Vec::new();
    let mut encoder = png::Encoder::new(&mut swelling, 4_000, 4_000);
    encoder.set_color(png::ColorType::Rgb);
    encoder.add_ztxt_chunk("Comment".to_owned(), text).unwrap();
    let mut writer = encoder.write_header().unwrap();
    let mut rows = writer.stream_writer().unwrap();
    for _ in 0..4_000 {
        std::io::Write::write_all(&mut rows, &[0; 12_000]).unwrap();
    }
    rows.finish().unwrap();
    drop(writer);
    // Building it took memory: what is measured begins here.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = peak_kib("VmHWM");
    prepared(&swelling);
    eprintln!("swelling {}", peak_kib("VmHWM") - before);
}

#[cfg(target_os = "linux")]
#[test]
fn bombs_take_little_memory() {
    let run = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["bombs_alone", "--exact", "--ignored", "--nocapture"])
        .output()
        .unwrap();
    assert!(run.status.success(), "{run:?}");
    let text = String::from_utf8(run.stderr).unwrap();
    let kib = |word: &str| -> u64 {
        let rest = text.split_once(&format!("{word} ")).unwrap().1;
        rest.split_whitespace().next().unwrap().parse().unwrap()
    };
    assert!(kib("refusing") < 4_096, "{text}");
    // 48 MB of pixels and 48 MB of text went by.
    assert!(kib("swelling") < 40_960, "{text}");
}

/// Either a sound photo or a refusal, whatever comes in.
fn survive(bytes: &[u8]) {
    if let Ok(photo) = prepare(bytes, &Limits::default()) {
        check(&photo);
    }
}

#[test]
fn no_byte_of_a_jpeg_can_do_harm() {
    let small = with_exif(&jpeg(&quarters(20, 12), 20, 12, 60, false), 6);
    let progressive = jpeg(&quarters(20, 12), 20, 12, 60, true);
    for photo in [small, progressive] {
        for at in 0..photo.len() {
            for flip in [0x01, 0x10, 0x80, 0xff] {
                let mut bytes = photo.clone();
                bytes[at] ^= flip;
                survive(&bytes);
            }
            survive(&photo[..at]);
        }
    }
}

#[test]
fn mutants_of_every_format_do_no_harm() {
    let rgb = quarters(24, 16);
    let gray_alpha = noise(8, 2 * 24 * 16);
    let photos = [
        with_exif(&jpeg(&scene(24, 16), 24, 16, 75, false), 8),
        jpeg(&scene(24, 16), 24, 16, 75, true),
        with_chunk(&png(&rgb, 24, 16, png::ColorType::Rgb), b"eXIf", &camera_notes(3)),
        png(&gray_alpha, 24, 16, png::ColorType::GrayscaleAlpha),
        webp(&scene(24, 16), 24, 16, image_webp::ColorType::Rgb8),
        unhex(LOSSY_WEBP),
        unhex(LOSSY_WEBP_ALPHA),
    ];
    let mut seed = 11;
    for round in 0..600 {
        let photo = &photos[round % photos.len()];
        seed += 1;
        let dice = noise(seed * 0x9e37_79b9, 32);
        let mut bytes = photo.clone();
        for pick in dice.chunks_exact(4).take(1 + round % 6) {
            let at = usize::from(u16::from_le_bytes([pick[0], pick[1]])) % bytes.len();
            match pick[2] % 4 {
                0 => bytes[at] = pick[3],
                1 => bytes[at] ^= 1 << (pick[3] % 8),
                2 => drop(bytes.splice(at..at, [pick[3]; 3])),
                _ => drop(bytes.drain(at..(at + usize::from(pick[3] % 9)).min(bytes.len()))),
            }
        }
        survive(&bytes);
    }
}

/// Figures, on demand: `cargo test --release -p palier-node --test photo -- --ignored figures --nocapture`.
#[test]
#[ignore = "prints figures"]
fn figures() {
    let (width, height) = (4_000, 3_000);
    let rgb = scene(width, height);
    for (name, bytes) in [
        ("jpeg", jpeg(&rgb, width, height, 92, false)),
        ("progressive jpeg", jpeg(&rgb, width, height, 92, true)),
        ("png", png(&rgb, width, height, png::ColorType::Rgb)),
        ("lossless webp", webp(&rgb, width, height, image_webp::ColorType::Rgb8)),
    ] {
        let start = Instant::now();
        let photo = prepare(&bytes, &Limits::default()).unwrap();
        let taken_ms = start.elapsed().as_millis();
        let (before, after) = (bytes.len() >> 10, photo.bytes.len() >> 10);
        eprintln!("{name}, 12 megapixels: {before} KB to {after} KB in {taken_ms} ms");
    }
}
