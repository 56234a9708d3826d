//! Calendar files after RFC 5545: events out, busy times in.
//!
//! Out: each event has a UID that stays, a SEQUENCE that rises, and a zone with its rules
//! (`VTIMEZONE`), so that any calendar shows the instants that Palier means. In: a strict
//! reader that takes nothing but when somebody is busy, and tells what it left out.

mod lines;
mod read;
mod write;

pub use read::{BusyTimes, ImportError, LeftOut, busy_times};
pub use write::{CalendarFile, Event, EventStatus, When, WriteError};

/// Limits on calendar files.
pub mod limits {
    /// Longest file that is read, in bytes.
    pub const FILE_BYTES: usize = 4 * 1024 * 1024;
    /// Longest line once unfolded, in bytes.
    pub const LINE_BYTES: usize = 64 * 1024;
    /// Most events of one file.
    pub const EVENTS: usize = 10_000;
    /// Most occurrences of all its events.
    pub const OCCURRENCES: usize = 20_000;
    /// Most changes of the clocks that one zone is told with.
    pub const CHANGES: usize = 400;
}
