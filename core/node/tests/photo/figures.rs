//! How long it takes.

use std::time::Instant;

use palier_node::photo::{Limits, prepare};

use crate::pictures::*;

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
