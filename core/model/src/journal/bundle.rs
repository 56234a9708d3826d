//! Bundles: a neighbourhood's entries in a file, for where there is no network at all.
//! They go through the same gate as everything else.

use serde::{Deserialize, Serialize};

use super::limits;
use crate::codec;
use crate::keys::{EntryHash, HoodHash, LogId};
use crate::time::Instant;

/// What every bundle begins with: name and version of the format.
const MAGIC: &[u8; 8] = b"PALIERB1";
/// Largest bundle that is read, in bytes.
pub const BUNDLE_BYTES: usize = 512 << 20;
/// Largest head, in bytes.
const HEAD_BYTES: usize = 1_024;
/// Largest section: a run or a blob.
const SECTION_BYTES: usize = limits::RUN_BYTES;

const END: u8 = 0;
const RUN: u8 = 1;
const BLOB: u8 = 2;

/// The trust anchor of a neighbourhood: where everything begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Root {
    /// The founder's charter log.
    pub log: LogId,
    /// Its entry 1, the founding act.
    pub act: EntryHash,
}

/// What a bundle says of itself before its sections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleHead {
    /// The neighbourhood.
    pub hood: HoodHash,
    /// Where it begins.
    pub root: Root,
    /// Claimed time of writing.
    pub at: Instant,
}

/// One piece of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section<'a> {
    /// A run, as it travels.
    Run(&'a [u8]),
    /// A blob, whole.
    Blob(&'a [u8]),
}

/// Why a file is no bundle, or where it stops being one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// Not a bundle, or of a version not known here.
    #[error("this file is no bundle")]
    Magic,
    /// The head cannot be read.
    #[error("the head of this bundle cannot be read")]
    Head,
    /// Something in it is longer than allowed.
    #[error("this bundle holds something too large")]
    TooLarge,
    /// It ends in the middle, or its count of sections is wrong.
    #[error("this bundle is cut short")]
    Cut,
    /// A kind of section that is not known here.
    #[error("this bundle holds something of a later version")]
    Section,
}

/// Writes a bundle piece by piece.
#[derive(Debug)]
pub struct BundleWriter {
    bytes: Vec<u8>,
    sections: u32,
}

impl BundleWriter {
    /// A bundle of no sections yet.
    pub fn new(head: &BundleHead) -> Self {
        let mut writer = Self { bytes: MAGIC.to_vec(), sections: 0 };
        let head = codec::encode(head);
        writer.push_len(head.len());
        writer.bytes.extend(head);
        writer
    }

    /// Bytes so far.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Never: every bundle has a head.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    fn push_len(&mut self, len: usize) {
        self.bytes.extend(u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes());
    }

    /// Adds a section.
    pub fn push(&mut self, section: Section<'_>) {
        let (kind, body) = match section {
            Section::Run(body) => (RUN, body),
            Section::Blob(body) => (BLOB, body),
        };
        self.bytes.push(kind);
        self.push_len(body.len());
        self.bytes.extend(body);
        self.sections = self.sections.saturating_add(1);
    }

    /// The whole file.
    pub fn finish(mut self) -> Vec<u8> {
        self.bytes.push(END);
        self.push_len(4);
        self.bytes.extend(self.sections.to_le_bytes());
        self.bytes
    }
}

/// Reads a bundle piece by piece; after an error it gives nothing more.
#[derive(Debug)]
pub struct BundleReader<'a> {
    rest: &'a [u8],
    sections: u32,
    over: bool,
}

impl<'a> BundleReader<'a> {
    /// The head, and a reader of what follows it.
    pub fn open(bytes: &'a [u8]) -> Result<(BundleHead, Self), BundleError> {
        if bytes.len() > BUNDLE_BYTES {
            return Err(BundleError::TooLarge);
        }
        let rest = bytes.strip_prefix(MAGIC).ok_or(BundleError::Magic)?;
        let (head, rest) = take(rest, HEAD_BYTES)?;
        let head = codec::decode(head, HEAD_BYTES).map_err(|_| BundleError::Head)?;
        Ok((head, Self { rest, sections: 0, over: false }))
    }

    fn step(&mut self) -> Result<Option<Section<'a>>, BundleError> {
        let (kind, rest) = self.rest.split_first().ok_or(BundleError::Cut)?;
        let (body, rest) = take(rest, SECTION_BYTES)?;
        self.rest = rest;
        match *kind {
            END => {
                let whole = body == self.sections.to_le_bytes() && rest.is_empty();
                if whole { Ok(None) } else { Err(BundleError::Cut) }
            }
            RUN | BLOB => {
                self.sections = self.sections.saturating_add(1);
                Ok(Some(if *kind == RUN { Section::Run(body) } else { Section::Blob(body) }))
            }
            _ => Err(BundleError::Section),
        }
    }
}

fn take(bytes: &[u8], limit: usize) -> Result<(&[u8], &[u8]), BundleError> {
    let (len, rest) = bytes.split_first_chunk::<4>().ok_or(BundleError::Cut)?;
    let len = u32::from_le_bytes(*len) as usize;
    if len > limit {
        return Err(BundleError::TooLarge);
    }
    rest.split_at_checked(len).ok_or(BundleError::Cut)
}

impl<'a> Iterator for BundleReader<'a> {
    type Item = Result<Section<'a>, BundleError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let step = self.step();
        self.over = !matches!(step, Ok(Some(_)));
        step.transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> BundleHead {
        let root = Root { log: LogId([1; 32]), act: EntryHash([2; 32]) };
        BundleHead { hood: HoodHash([3; 32]), root, at: Instant(4) }
    }

    #[test]
    fn what_is_written_is_read() {
        let mut writer = BundleWriter::new(&head());
        writer.push(Section::Run(b"run"));
        writer.push(Section::Blob(b""));
        let bytes = writer.finish();
        let (found, reader) = BundleReader::open(&bytes).unwrap();
        assert_eq!(found, head());
        let sections: Vec<_> = reader.collect();
        assert_eq!(sections, [Ok(Section::Run(b"run")), Ok(Section::Blob(b""))]);
    }

    #[test]
    fn every_cut_is_noticed() {
        let mut writer = BundleWriter::new(&head());
        writer.push(Section::Run(b"run"));
        let bytes = writer.finish();
        for len in 0..bytes.len() {
            let whole = BundleReader::open(&bytes[..len])
                .is_ok_and(|(_, mut reader)| reader.all(|section| section.is_ok()));
            assert!(!whole, "cut at {len}");
        }
    }
}
