//! What is no photo, or far more than it claims, is refused at once and at little cost.

use std::time::{Duration, Instant};

use palier_node::photo::{Foreign, PhotoError};

use crate::pictures::*;

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
        .args(["refused::bombs_alone", "--exact", "--ignored", "--nocapture"])
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
