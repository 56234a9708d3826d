//! A picture in memory, small by then, and how it is turned.

/// Red, green and blue, a byte each, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Picture {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) rgb: Vec<u8>,
}

impl Picture {
    /// The picture upright, given the EXIF orientation it was stored with.
    pub(super) fn turned(self, orientation: u32) -> Self {
        if !(2..=8).contains(&orientation) {
            return self;
        }
        let (width, height) = (self.width as usize, self.height as usize);
        let swaps = orientation >= 5;
        let (out_width, out_height) = if swaps { (height, width) } else { (width, height) };
        let mut rgb = Vec::with_capacity(self.rgb.len());
        for y in 0..out_height {
            for x in 0..out_width {
                // Both lie within the picture: a turned row is as long as a side of it.
                let (from_x, from_y) = match orientation {
                    2 => (width - 1 - x, y),
                    3 => (width - 1 - x, height - 1 - y),
                    4 => (x, height - 1 - y),
                    5 => (y, x),
                    6 => (y, height - 1 - x),
                    7 => (width - 1 - y, height - 1 - x),
                    _ => (width - 1 - y, x),
                };
                let at = 3 * (from_y * width + from_x);
                rgb.extend_from_slice(&self.rgb[at..at + 3]);
            }
        }
        let (width, height) =
            if swaps { (self.height, self.width) } else { (self.width, self.height) };
        Self { width, height, rgb }
    }
}
