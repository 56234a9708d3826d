//! Closings: how far the logs of a removed person or a revoked device count.
//!
//! Invariant: a closing that passes [`Closing::check`] is sorted by device, class,
//! owner, incarnation, log, and names no tip twice; it fits one payload.

use serde::{Deserialize, Serialize};

use super::act::ActError;
use crate::journal::{Class, Owner};
use crate::keys::{DeviceId, EntryHash, LogId};

/// Most tips in one closing: at some 150 bytes each they fit a payload of 64 KiB
/// beside 64 references.
pub const CLOSING_TIPS: usize = 320;

/// How far one log counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ClosedTip {
    /// Whose log it is.
    pub device: DeviceId,
    /// Class of its document.
    pub class: Class,
    /// Owner of its document.
    pub owner: Owner,
    /// The device's incarnation.
    pub incarnation: u32,
    /// The log.
    pub log: LogId,
    /// Position of the last entry that counts.
    pub seq: u64,
    /// Its hash.
    pub hash: EntryHash,
}

/// How far logs count; of those it does not name, older ones follow by `continues`,
/// all others count no further than their entry 0.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Closing {
    tips: Vec<ClosedTip>,
}

impl Closing {
    /// A closing of these tips, put in order. Past [`CLOSING_TIPS`] the rest is left
    /// out, so give those that matter most first.
    pub fn new(tips: impl IntoIterator<Item = ClosedTip>) -> Self {
        let mut tips: Vec<_> = tips.into_iter().take(CLOSING_TIPS).collect();
        tips.sort_unstable();
        tips.dedup();
        Self { tips }
    }

    /// The tips, in order.
    pub fn tips(&self) -> &[ClosedTip] {
        &self.tips
    }

    pub(super) fn check(&self) -> Result<(), ActError> {
        let sorted = self.tips.windows(2).all(|pair| pair[0] < pair[1]);
        if self.tips.len() <= CLOSING_TIPS && sorted { Ok(()) } else { Err(ActError::Closing) }
    }
}
