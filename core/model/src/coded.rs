//! Values as text: what a QR code or a message carries.
//!
//! Text = prefix, then base64url without padding of: version, postcard body, and the first
//! four bytes of BLAKE3 over both, so that a mistyped text is told from one that expired.

use data_encoding::BASE64URL_NOPAD;
use serde::{Serialize, de::DeserializeOwned};

use crate::codec;

/// Longest text that is read, in bytes.
pub const TEXT_BYTES: usize = 4_096;

const VERSION: u8 = 1;
const CHECK_BYTES: usize = 4;

/// Why a text is none of those asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodedError {
    /// It begins with something else.
    #[error("not a link of Palier")]
    Prefix,
    /// Letters are missing, wrong or too many.
    #[error("the link is damaged or incomplete")]
    Damaged,
    /// Made by a newer Palier.
    #[error("the link needs a newer version of Palier")]
    Version,
}

/// The text of a value.
pub fn to_text<T: Serialize>(prefix: &str, body: &T) -> String {
    let mut bytes = vec![VERSION];
    bytes.extend(codec::encode(body));
    let check = blake3::hash(&bytes);
    bytes.extend_from_slice(&check.as_bytes()[..CHECK_BYTES]);
    format!("{prefix}{}", BASE64URL_NOPAD.encode(&bytes))
}

/// A value from its text.
pub fn from_text<T: Serialize + DeserializeOwned>(
    prefix: &str,
    text: &str,
) -> Result<T, CodedError> {
    let body = text.trim().strip_prefix(prefix).ok_or(CodedError::Prefix)?;
    if body.len() > TEXT_BYTES {
        return Err(CodedError::Damaged);
    }
    let bytes = BASE64URL_NOPAD.decode(body.as_bytes()).map_err(|_| CodedError::Damaged)?;
    let split = bytes.len().checked_sub(CHECK_BYTES).ok_or(CodedError::Damaged)?;
    let (signed, check) = bytes.split_at(split);
    if &blake3::hash(signed).as_bytes()[..CHECK_BYTES] != check {
        return Err(CodedError::Damaged);
    }
    match signed.split_first() {
        Some((&VERSION, body)) => codec::decode(body, TEXT_BYTES).map_err(|_| CodedError::Damaged),
        Some(_) => Err(CodedError::Version),
        None => Err(CodedError::Damaged),
    }
}
