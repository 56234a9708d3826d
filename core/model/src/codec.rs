//! The one way bytes become values and values become bytes.
//!
//! The encoding is postcard 1 (little-endian base-128 varints, length-prefixed
//! sequences, fields in order). Decoding is strict: a value has exactly one
//! encoding, so that what is hashed or signed cannot be written in two ways.

use serde::{Serialize, de::DeserializeOwned};

/// Why bytes were not accepted as a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// Longer than the limit the caller set.
    #[error("{size} bytes where at most {limit} are allowed")]
    TooLong {
        /// Bytes offered.
        size: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Not the shape that was expected.
    #[error("not the expected shape")]
    Malformed,
    /// A value written in another than its one canonical way.
    #[error("not the canonical encoding")]
    NotCanonical,
    /// Bytes were left over.
    #[error("{0} bytes left over")]
    Trailing(usize),
}

/// Encodes a value. Values of this crate always can be.
pub fn encode<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    postcard::to_allocvec(value).unwrap_or_default()
}

/// Decodes a value that must fill `bytes` exactly and be written canonically.
pub fn decode<T: Serialize + DeserializeOwned>(
    bytes: &[u8],
    limit: usize,
) -> Result<T, DecodeError> {
    let (value, rest) = decode_prefix(bytes, limit)?;
    if rest == 0 { Ok(value) } else { Err(DecodeError::Trailing(rest)) }
}

/// Decodes a value at the start of `bytes`; what follows (fields of a later version)
/// is left alone. Returns the value and how many bytes followed it.
pub fn decode_prefix<T: Serialize + DeserializeOwned>(
    bytes: &[u8],
    limit: usize,
) -> Result<(T, usize), DecodeError> {
    if bytes.len() > limit {
        return Err(DecodeError::TooLong { size: bytes.len(), limit });
    }
    let (value, rest) =
        postcard::take_from_bytes::<T>(bytes).map_err(|_| DecodeError::Malformed)?;
    let used = bytes.len() - rest.len();
    if encode(&value) != bytes[..used] {
        return Err(DecodeError::NotCanonical);
    }
    Ok((value, rest.len()))
}

/// Decodes a value that this device itself encoded and keeps, at the start of `bytes`;
/// what follows is left alone. The one encoding is not asked for again: no hash or
/// signature is made over it, and bytes altered on disk are the store's to notice.
pub(crate) fn decode_kept<T: DeserializeOwned>(
    bytes: &[u8],
    limit: usize,
) -> Result<T, DecodeError> {
    if bytes.len() > limit {
        return Err(DecodeError::TooLong { size: bytes.len(), limit });
    }
    postcard::take_from_bytes::<T>(bytes)
        .map(|(value, _)| value)
        .map_err(|_| DecodeError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlong_varint_is_refused() {
        assert_eq!(decode::<u32>(&[0x81, 0x00], 10), Err(DecodeError::NotCanonical));
        assert_eq!(decode::<u32>(&[0x01], 10), Ok(1));
    }

    #[test]
    fn trailing_bytes_are_refused_unless_asked_for() {
        assert_eq!(decode::<u8>(&[1, 2], 10), Err(DecodeError::Trailing(1)));
        assert_eq!(decode_prefix::<u8>(&[1, 2], 10), Ok((1, 1)));
    }

    #[test]
    fn a_length_that_lies_allocates_nothing() {
        assert_eq!(
            decode::<Vec<u8>>(&[0xff, 0xff, 0xff, 0xff, 0x0f], 10),
            Err(DecodeError::Malformed)
        );
    }
}
