//! The right to write, as the journal asks for it.

use super::document::Class;
use super::entry::LogStart;
use super::log::Tip;
use crate::keys::LogId;

/// Whether a log may be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Its author may write there, or could when the log began.
    Granted,
    /// Nobody here knows the author (yet): nothing is stored, nobody is blamed.
    UnknownAuthor,
    /// The author is known and has no such right; the code says which rule.
    Refused(&'static str),
}

/// Who may write what: implemented by `authority`, a function of charter, identity and
/// the logs, never of clock or arrival.
pub trait Rights {
    /// Whether the log that begins with `start` may be kept.
    fn may_open(&self, id: &LogId, start: &LogStart) -> Right;
    /// Entries that one log of the class may hold, counted by seq.
    fn cap(&self, class: Class) -> u64;
    /// Where the log was closed: later entries do not count, and far later ones are
    /// refused.
    fn closing(&self, id: &LogId, start: &LogStart) -> Option<Tip>;
}
