//! Frames on a substream: length as four bytes, least significant first, then that many bytes.
//!
//! Lengths from `0xFFFF_0000` on are no frames: the low byte says that the link goes on over
//! another substream (0), or why it ends (a [`Goodbye`]). Invariant: a length is checked before
//! anything is allocated, and memory grows only as bytes arrive.

use std::io;

use futures::{AsyncRead, AsyncReadExt as _};

use super::event::Goodbye;

/// Largest frame, in bytes.
pub const MAX_FRAME_BYTES: usize = 512 * 1024;
/// Bytes before each frame.
pub(super) const HEADER_BYTES: usize = 4;
/// From here on a length is a sign.
const SIGNS: u32 = 0xFFFF_0000;
/// Memory grows by at most this much ahead of the bytes.
const STEP_BYTES: usize = 64 * 1024;

/// What a header announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// A frame of so many bytes.
    Frame(usize),
    /// The link goes on over the next substream.
    Moved,
    /// The link ends.
    Goodbye(Goodbye),
    /// More than may be.
    Oversized,
}

pub(super) fn parse(header: [u8; HEADER_BYTES], max_bytes: usize) -> Header {
    let length = u32::from_le_bytes(header);
    if length >= SIGNS {
        return match header[0] {
            0 => Header::Moved,
            code => Header::Goodbye(Goodbye::from_code(code)),
        };
    }
    match usize::try_from(length) {
        Ok(length) if length <= max_bytes => Header::Frame(length),
        _ => Header::Oversized,
    }
}

/// The header of a frame; `None` if it is too large to be sent.
pub(super) fn header(frame: &[u8]) -> Option<[u8; HEADER_BYTES]> {
    if frame.len() > MAX_FRAME_BYTES {
        return None;
    }
    u32::try_from(frame.len()).ok().map(u32::to_le_bytes)
}

pub(super) fn moved() -> [u8; HEADER_BYTES] {
    SIGNS.to_le_bytes()
}

pub(super) fn goodbye(goodbye: Goodbye) -> [u8; HEADER_BYTES] {
    (SIGNS | u32::from(goodbye.code())).to_le_bytes()
}

/// Reads the body a header announced.
pub(super) async fn read_body<R: AsyncRead + Unpin>(
    reader: &mut R,
    length: usize,
) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    while body.len() < length {
        let from = body.len();
        let step = (length - from).min(STEP_BYTES.max(from));
        body.resize(from + step, 0);
        reader.read_exact(&mut body[from..]).await?;
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_signs_and_sizes_that_must_not_be() {
        assert_eq!(parse([5, 0, 0, 0], 10), Header::Frame(5));
        assert_eq!(parse([11, 0, 0, 0], 10), Header::Oversized);
        assert_eq!(parse([0xFF, 0xFF, 0xFE, 0xFF], MAX_FRAME_BYTES), Header::Oversized);
        assert_eq!(parse(moved(), 10), Header::Moved);
        for code in 1..=u8::MAX {
            let bye = Goodbye::from_code(code);
            assert_eq!(parse(goodbye(bye), 10), Header::Goodbye(bye));
        }
        assert_eq!(header(&vec![0; MAX_FRAME_BYTES]), Some([0, 0, 8, 0]));
        assert_eq!(header(&vec![0; MAX_FRAME_BYTES + 1]), None);
    }

    #[test]
    fn a_body_that_never_comes_holds_little_memory() {
        let mut short: &[u8] = &[7; 100];
        let read = futures::executor::block_on(read_body(&mut short, MAX_FRAME_BYTES));
        assert!(read.is_err());
        let mut whole: &[u8] = &[9; 200_000];
        let read = futures::executor::block_on(read_body(&mut whole, 150_000)).expect("there");
        assert_eq!(read, vec![9; 150_000]);
    }
}
