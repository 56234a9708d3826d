//! Whatever bytes come in, nothing breaks.

use palier_node::photo::{Limits, prepare};

use crate::pictures::*;

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
