//! Shrinking while decoding: rows go in at full size, only the small picture is kept.
//!
//! Each new pixel is the mean of the area it covers, computed exactly in whole numbers.

use super::picture::Picture;
use super::{Limits, PhotoError};

/// How the bytes of a row are to be read, one byte a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    Gray,
    GrayAlpha,
    Rgb,
    Rgba,
}

impl Layout {
    pub(super) const fn channels(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::GrayAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }

    /// One pixel; where it is transparent, white shows through.
    fn rgb(self, pixel: &[u8]) -> [u8; 3] {
        match (self, pixel) {
            (Self::Gray, &[v]) => [v; 3],
            (Self::GrayAlpha, &[v, alpha]) => [on_white(v, alpha); 3],
            (Self::Rgb, &[r, g, b]) => [r, g, b],
            (Self::Rgba, &[r, g, b, alpha]) => [r, g, b].map(|v| on_white(v, alpha)),
            _ => [u8::MAX; 3],
        }
    }
}

fn on_white(value: u8, alpha: u8) -> u8 {
    let (value, alpha) = (u32::from(value), u32::from(alpha));
    let mixed = (value * alpha + 255 * (255 - alpha) + 127) / 255;
    u8::try_from(mixed).unwrap_or(u8::MAX)
}

/// Takes a picture row by row and makes it fit.
pub(super) struct Shrinker {
    layout: Layout,
    /// Size of what goes in.
    from: (u32, u32),
    /// Size of what comes out, nowhere larger.
    to: (u32, u32),
    /// Rows still to come.
    rows_left: u32,
    /// The present row shrunk sideways: sums in which each pixel of a row weighs `to.0`.
    row: Vec<u64>,
    /// What the rows add to the present row of the result: each weighs `to.1`.
    sums: Vec<u64>,
    /// How much of `from.1` the present row of the result still lacks.
    lacks: u32,
    rgb: Vec<u8>,
}

impl Shrinker {
    pub(super) fn new(layout: Layout, width: u32, height: u32, limits: &Limits) -> Self {
        let to = limits.fit(width, height);
        let samples = 3 * to.0 as usize;
        Self {
            layout,
            from: (width, height),
            to,
            rows_left: height,
            row: vec![0; samples],
            sums: vec![0; samples],
            lacks: height,
            rgb: Vec::with_capacity(samples * to.1 as usize),
        }
    }

    /// Takes the next row. Rows past the last one are ignored.
    pub(super) fn push(&mut self, row: &[u8]) {
        if self.rows_left == 0 {
            return;
        }
        self.rows_left -= 1;
        if self.from == self.to {
            let pixels = row.chunks_exact(self.layout.channels());
            self.rgb.extend(pixels.flat_map(|pixel| self.layout.rgb(pixel)));
            return;
        }
        self.sideways(row);
        // A row may end one row of the result and begin the next, never more than that.
        let weight = self.to.1;
        let here = weight.min(self.lacks);
        self.add(here);
        if self.lacks == 0 {
            self.emit();
            self.add(weight - here);
        }
    }

    fn sideways(&mut self, row: &[u8]) {
        self.row.fill(0);
        let (width, weight) = (self.from.0, self.to.0);
        let mut lacks = width;
        let mut into = self.row.chunks_exact_mut(3);
        let mut sum = into.next();
        for pixel in row.chunks_exact(self.layout.channels()) {
            let rgb = self.layout.rgb(pixel);
            let here = weight.min(lacks);
            gather(&mut sum, rgb, here);
            lacks -= here;
            if lacks == 0 {
                sum = into.next();
                gather(&mut sum, rgb, weight - here);
                lacks = width - (weight - here);
            }
        }
    }

    fn add(&mut self, weight: u32) {
        for (sum, value) in self.sums.iter_mut().zip(&self.row) {
            *sum += value * u64::from(weight);
        }
        self.lacks -= weight;
    }

    fn emit(&mut self) {
        let area = u64::from(self.from.0) * u64::from(self.from.1);
        let mean = |sum: &u64| u8::try_from((sum + area / 2) / area).unwrap_or(u8::MAX);
        self.rgb.extend(self.sums.iter().map(mean));
        self.sums.fill(0);
        self.lacks = self.from.1;
    }

    /// The picture, if all of it came.
    pub(super) fn finish(self) -> Result<Picture, PhotoError> {
        let (width, height) = self.to;
        if self.rgb.len() != 3 * width as usize * height as usize {
            return Err(PhotoError::Damaged);
        }
        Ok(Picture { width, height, rgb: self.rgb })
    }
}

fn gather(sum: &mut Option<&mut [u64]>, rgb: [u8; 3], weight: u32) {
    if let Some(sum) = sum {
        for (sum, value) in sum.iter_mut().zip(rgb) {
            *sum += u64::from(value) * u64::from(weight);
        }
    }
}

/// Shrinks a picture that is in memory as a whole.
pub(super) fn whole(
    layout: Layout,
    width: u32,
    height: u32,
    pixels: &[u8],
    limits: &Limits,
) -> Result<Picture, PhotoError> {
    let mut shrinker = Shrinker::new(layout, width, height, limits);
    pixels.chunks_exact(layout.channels() * width as usize).for_each(|row| shrinker.push(row));
    shrinker.finish()
}
