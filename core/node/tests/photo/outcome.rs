//! What comes out is small, upright, and shows what it showed.

use std::io::Cursor;

use exif::{In, Tag};
use jpeg_encoder::{ColorType, Encoder};
use palier_node::photo::{Limits, prepare};

use crate::pictures::*;

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
