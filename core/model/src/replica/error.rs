//! Why an act was not done, in terms that say what the person can do next.

use std::collections::BTreeMap;

use crate::booking::Alternative;
use crate::journal::AppendError;
use crate::listing::{MAX_SAVED_SEARCHES, SavedSearchError};
use crate::rows::RowsError;

/// What kind of trouble it is, and so what can be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// What was given is not valid: change it.
    Invalid,
    /// The person has no right to this: ask someone who has.
    NotAllowed,
    /// There is no such thing here (yet).
    NotFound,
    /// Something else stands in the way: look and choose again.
    Conflict,
    /// No room, or the disk failed: nothing was saved.
    Storage,
    /// A mistake of ours.
    Internal,
}

/// An act that was not done. Nothing of it was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}")]
pub struct ActError {
    /// What kind of trouble.
    pub kind: ErrorKind,
    /// Stable code: `booking.taken`.
    pub code: &'static str,
    /// What the message is made with; never what a peer sent.
    pub params: BTreeMap<&'static str, String>,
    /// What else is against it.
    pub also: Vec<ActError>,
    /// What could be had instead, nearest first.
    pub offers: Vec<Alternative>,
    /// What somebody wrote that is to be read with it: shown apart from the message.
    pub to_read: Option<Box<str>>,
}

impl ActError {
    /// An error without parameters.
    pub fn new(kind: ErrorKind, code: &'static str) -> Self {
        let (also, offers) = (Vec::new(), Vec::new());
        Self { kind, code, params: BTreeMap::new(), also, offers, to_read: None }
    }

    /// With words of somebody that are to be read.
    #[must_use]
    pub fn to_read(mut self, words: &str) -> Self {
        self.to_read = Some(words.into());
        self
    }

    /// What was given is not valid.
    pub fn invalid(code: &'static str) -> Self {
        Self::new(ErrorKind::Invalid, code)
    }

    /// The person has no right to this.
    pub fn not_allowed(code: &'static str) -> Self {
        Self::new(ErrorKind::NotAllowed, code)
    }

    /// There is no such thing.
    pub fn not_found(code: &'static str) -> Self {
        Self::new(ErrorKind::NotFound, code)
    }

    /// Something stands in the way.
    pub fn conflict(code: &'static str) -> Self {
        Self::new(ErrorKind::Conflict, code)
    }

    /// With a parameter for the message.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.params.insert(name, value.to_string());
        self
    }
}

impl From<SavedSearchError> for ActError {
    fn from(error: SavedSearchError) -> Self {
        match error {
            SavedSearchError::Name => Self::invalid("search.name"),
            SavedSearchError::Long => Self::invalid("search.too_long"),
            SavedSearchError::TooMany => {
                Self::conflict("search.too_many").with("limit", MAX_SAVED_SEARCHES)
            }
            SavedSearchError::NotFound => Self::not_found("search.not_found"),
            SavedSearchError::Rows(error) => error.into(),
        }
    }
}

impl From<RowsError> for ActError {
    fn from(error: RowsError) -> Self {
        let code = match error {
            RowsError::Corrupt { .. } => "storage.corrupt",
            RowsError::Storage(_) => "storage.failed",
        };
        Self::new(ErrorKind::Storage, code)
    }
}

impl From<AppendError> for ActError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Rows(error) => error.into(),
            AppendError::TooLarge(bytes) => Self::invalid("act.too_large").with("bytes", bytes),
            AppendError::Full => Self::conflict("act.log_full"),
        }
    }
}
