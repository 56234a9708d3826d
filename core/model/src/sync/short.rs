//! The first 16 bytes of a hash, where a session names what both sides can look up.
//!
//! A collision would take 2^64 work, could only be made by a log's own author, in his own
//! log, and would be found by the next comparison of fingerprints, which use whole hashes.

use serde::{Deserialize, Serialize};

/// The first half of a log id or entry hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Short(pub [u8; 16]);

impl Short {
    /// The first half of `hash`.
    pub fn of(hash: &[u8; 32]) -> Self {
        let mut short = [0; 16];
        short.copy_from_slice(&hash[..16]);
        Self(short)
    }
}
