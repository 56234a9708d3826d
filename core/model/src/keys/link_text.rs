//! What the QR of a device link says: a secret, and where the old device listens.

use std::fmt;
use std::str::FromStr;

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use super::ids::base32;
use crate::codec;

/// What the text begins with.
const PREFIX: &str = "palier-device:";
/// Version of what follows.
const VERSION: u8 = 1;
/// Most addresses in one text: it must fit in a QR that a cheap phone can read.
pub const LINK_ADDRESSES: usize = 8;
/// Longest address, in bytes.
pub const LINK_ADDRESS_BYTES: usize = 128;
/// Longest text, in bytes.
const TEXT_BYTES: usize = 2_048;

/// 256 random bits that old and new device share through the QR. Wiped when dropped.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkSecret([u8; 32]);

/// A text that is no device link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a device link, or one of a later version")]
pub struct LinkTextError;

/// What the old device shows and the new one scans.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkText {
    version: u8,
    /// The secret.
    pub secret: LinkSecret,
    /// Where the old device can be reached, and which peer it is there.
    pub addresses: Vec<String>,
}

impl LinkSecret {
    /// A new secret. It serves for one link.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        let mut secret = Self([0; 32]);
        rng.fill_bytes(&mut secret.0);
        secret
    }

    /// The secret of these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Drop for LinkSecret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for LinkSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkSecret(…)")
    }
}

impl LinkText {
    /// A link text. Addresses beyond [`LINK_ADDRESSES`], and those that are too long,
    /// are left out.
    pub fn new(secret: LinkSecret, mut addresses: Vec<String>) -> Self {
        addresses.retain(|address| address.len() <= LINK_ADDRESS_BYTES);
        addresses.truncate(LINK_ADDRESSES);
        Self { version: VERSION, secret, addresses }
    }

    fn is_within_limits(&self) -> bool {
        self.version == VERSION
            && self.addresses.len() <= LINK_ADDRESSES
            && self.addresses.iter().all(|address| address.len() <= LINK_ADDRESS_BYTES)
    }
}

impl fmt::Display for LinkText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", base32().encode(&codec::encode(self)))
    }
}

impl FromStr for LinkText {
    type Err = LinkTextError;

    /// Reads a text; upper case (which QR codes hold best) or lower case.
    fn from_str(text: &str) -> Result<Self, LinkTextError> {
        let text = text.trim();
        if text.len() > TEXT_BYTES {
            return Err(LinkTextError);
        }
        let text = text.to_ascii_lowercase();
        let body = text.strip_prefix(PREFIX).ok_or(LinkTextError)?;
        let bytes = base32().decode(body.as_bytes()).map_err(|_| LinkTextError)?;
        let link: Self = codec::decode(&bytes, TEXT_BYTES).map_err(|_| LinkTextError)?;
        if link.is_within_limits() { Ok(link) } else { Err(LinkTextError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_goes_there_and_back_in_either_case() {
        let secret = LinkSecret::from_bytes([7; 32]);
        let long = "x".repeat(LINK_ADDRESS_BYTES + 1);
        let link = LinkText::new(secret, vec!["/ip4/192.168.1.7/tcp/4001".into(), long]);
        assert_eq!(link.addresses.len(), 1);
        let text = link.to_string();
        assert_eq!(text.parse(), Ok(link.clone()));
        assert_eq!(format!(" {}\n", text.to_uppercase()).parse(), Ok(link));
    }

    #[test]
    fn other_versions_and_floods_are_refused() {
        let secret = LinkSecret::from_bytes([7; 32]);
        let mut link = LinkText::new(secret, Vec::new());
        link.version = 2;
        assert_eq!(link.to_string().parse::<LinkText>(), Err(LinkTextError));
        link.version = VERSION;
        link.addresses = vec![String::new(); LINK_ADDRESSES + 1];
        assert_eq!(link.to_string().parse::<LinkText>(), Err(LinkTextError));
        for text in ["", "palier-device:", "palier-device:é", "PALIER-DEVICE:aaaa", "hood_aaaa"] {
            assert_eq!(text.parse::<LinkText>(), Err(LinkTextError));
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let link = LinkText::new(LinkSecret::from_bytes([7; 32]), Vec::new());
        assert!(!format!("{link:?}").contains('7'));
    }
}
