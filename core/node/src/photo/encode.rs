//! Coding as JPEG, as good as the limit on bytes allows.

use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, Encoder, SamplingFactor};

use super::picture::Picture;
use super::shrink::{self, Layout};
use super::{Limits, PhotoError, Prepared};

/// Tried in turn. Below the last one a smaller picture looks better.
const QUALITIES: [u8; 6] = [85, 80, 74, 66, 58, 50];

/// Codes the picture; if no quality makes it small enough, a smaller picture.
pub(super) fn encode(mut picture: Picture, limits: &Limits) -> Result<Prepared, PhotoError> {
    loop {
        let mut bytes = Vec::new();
        for quality in QUALITIES {
            bytes.clear();
            code(&picture, quality, &mut bytes)?;
            let (width, height) = (picture.width, picture.height);
            if limits.holds(bytes.len(), width, height) {
                return Ok(Prepared { bytes, width, height });
            }
        }
        let side = picture.width.max(picture.height);
        if side == 1 {
            return Err(PhotoError::TooLarge { bytes: bytes.len(), limit: limits.output_bytes });
        }
        let smaller = Limits { side: side - side.div_ceil(4), ..*limits };
        let Picture { width, height, rgb } = picture;
        picture = shrink::whole(Layout::Rgb, width, height, &rgb, &smaller)?;
    }
}

fn code(picture: &Picture, quality: u8, bytes: &mut Vec<u8>) -> Result<(), PhotoError> {
    let side = |length| u16::try_from(length).map_err(|_| PhotoError::Damaged);
    let (width, height) = (side(picture.width)?, side(picture.height)?);
    let mut encoder = Encoder::new(bytes, quality);
    encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    encoder.encode(&picture.rgb, width, height, ColorType::Rgb).map_err(|_| PhotoError::Damaged)
}
