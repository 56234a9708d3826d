//! Limits on everything that comes from outside, enforced when encoding and decoding.

/// Largest payload of one entry, in bytes: a long text, never a photo.
pub const PAYLOAD_BYTES: usize = 64 << 10;
/// Largest header of one entry, in bytes: 64 causes and what is fixed.
pub const HEADER_BYTES: usize = 2_304;
/// Most heads of other logs that one entry may name.
pub const CAUSES: usize = 64;
/// Most references that one payload may carry.
pub const REFS: usize = 64;
/// Between two kept signatures lie at most this many entries …
pub const RUN_SIGNATURE_ENTRIES: usize = 64;
/// … and this many bytes of header and payload (or one entry).
pub const RUN_SIGNATURE_BYTES: usize = 64 << 10;
/// Largest run once unpacked, in bytes, and in entries.
pub const RUN_BYTES: usize = 1 << 20;
/// Most entries in one run.
pub const RUN_ENTRIES: usize = 4_096;
/// A log with more tips than this leaves the fingerprints and is exchanged by listing.
pub const LOG_TIPS: usize = 8;
/// Entries this far past a closing are refused.
pub const PAST_CLOSING: u64 = 256;
/// Entries one log may hold.
pub const LOG_ENTRIES: u64 = 1 << 20;
