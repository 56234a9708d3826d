//! Photos that people add: checked, turned upright, made small, and rid of everything
//! but the picture.
//!
//! Invariants: size and memory are judged from the header, before anything is decoded;
//! what comes out is a JPEG that is nothing but a picture ([`jpeg::Jpeg::is_bare`]): no
//! place, no serial number, no comment, no embedded preview; and no bytes whatever make
//! this panic.
//!
//! ```
//! use palier_node::photo::{Limits, prepare};
//!
//! let refused = prepare(b"a text, no photo", &Limits::default()).unwrap_err();
//! assert_eq!(refused.code(), "photo.format");
//! ```

mod encode;
mod error;
mod jpeg;
mod kind;
mod limits;
mod orient;
mod picture;
mod png;
mod shrink;
mod webp;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub use self::error::{Foreign, PhotoError};
use self::kind::Kind;
pub use self::limits::Limits;

/// A photo as it is stored and sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Prepared {
    /// A JPEG of at most [`Limits::output_bytes`].
    pub bytes: Vec<u8>,
    /// Width in pixels, upright.
    pub width: u32,
    /// Height in pixels, upright.
    pub height: u32,
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes, width, height } = self;
        write!(f, "Prepared({width} × {height}, {} bytes)", bytes.len())
    }
}

/// Makes a photo ready to be stored: a JPEG, PNG or WebP goes in, a bare JPEG within
/// `limits` comes out. Preparing what was prepared gives the same bytes.
///
/// This computes for up to some seconds: call it where blocking is allowed.
///
/// # Errors
/// [`PhotoError`]. All but [`PhotoError::Damaged`] are found before anything is decoded.
pub fn prepare(bytes: &[u8], limits: &Limits) -> Result<Prepared, PhotoError> {
    if bytes.len() > limits.input_bytes {
        return Err(PhotoError::TooLarge { bytes: bytes.len(), limit: limits.input_bytes });
    }
    // The decoders are not known to panic, but they are other people's code on
    // strangers' bytes: one odd file must not end the node.
    catch_unwind(AssertUnwindSafe(|| convert(bytes, limits))).unwrap_or(Err(PhotoError::Damaged))
}

fn convert(bytes: &[u8], limits: &Limits) -> Result<Prepared, PhotoError> {
    let (picture, exif) = match kind::of(bytes)? {
        Kind::Jpeg => {
            let jpeg = jpeg::Jpeg::read(bytes)?;
            let picture = jpeg.decode(limits)?;
            let (width, height) = (jpeg.width, jpeg.height);
            if jpeg.is_bare && limits.holds(bytes.len(), width, height) {
                // Coding it again would only blur it, and give it another name.
                return Ok(Prepared { bytes: bytes.to_vec(), width, height });
            }
            (picture, jpeg.exif)
        }
        Kind::Png => (png::decode(bytes, limits)?, png::exif(bytes)),
        Kind::WebP => {
            let webp = webp::WebP::read(bytes)?;
            (webp.decode(bytes, limits)?, webp.exif)
        }
    };
    encode::encode(picture.turned(orient::of(exif)), limits)
}
