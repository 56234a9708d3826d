//! Errors as people and scripts see them: one code, one exit code, a message that
//! says what happened and a hint that says what to do next.
//!
//! Every code stands once, in [`table`]; its texts stand in `locales/*/errors.ftl`
//! under `error-` and the code with dots as hyphens.

mod table;
mod usage;

pub use table::TABLE;
pub use usage::from_clap;

use std::collections::BTreeMap;

use fluent_bundle::FluentValue;
use serde::{Deserialize, Serialize};

use crate::answer::{ErrorAnswer, ErrorBody, Span, Why};
use crate::render;
use crate::texts::{Param, Texts};

/// Values that are counts.
const COUNTS: [&str; 6] = ["most", "free", "days", "most_bookings", "conflicts", "occurrences"];

/// What an error means for who called: the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A fault of ours.
    Internal,
    /// The command line cannot be read.
    Usage,
    /// There is no such thing.
    NotFound,
    /// This person may not do it.
    NotAllowed,
    /// Something else stands in the way.
    Conflict,
    /// Nobody to talk to.
    Unreachable,
    /// What was given is no good.
    Invalid,
    /// The disk said no.
    Storage,
    /// Time ran out; the result is partial.
    TimedOut,
    /// The person stopped it.
    Interrupted,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Internal,
        Self::Usage,
        Self::NotFound,
        Self::NotAllowed,
        Self::Conflict,
        Self::Unreachable,
        Self::Invalid,
        Self::Storage,
        Self::TimedOut,
        Self::Interrupted,
    ];

    /// The exit code of the process.
    pub const fn exit(self) -> u8 {
        match self {
            Self::Internal => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::NotAllowed => 4,
            Self::Conflict => 5,
            Self::Unreachable => 6,
            Self::Invalid => 7,
            Self::Storage => 8,
            Self::TimedOut => 9,
            Self::Interrupted => 130,
        }
    }

    /// The key of the text that serves where a code has none of its own.
    const fn fallback(self) -> &'static str {
        match self {
            Self::Internal => "error-internal",
            Self::Usage => "error-usage",
            Self::NotFound => "error-not-found",
            Self::NotAllowed => "error-not-allowed",
            Self::Conflict => "error-conflict",
            Self::Unreachable => "error-unreachable",
            Self::Invalid => "error-invalid",
            Self::Storage => "error-storage",
            Self::TimedOut => "error-timed-out",
            Self::Interrupted => "error-interrupted",
        }
    }
}

/// A command that failed. Holds no text: texts are chosen where it is shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{code} {params:?}")]
pub struct CliError {
    /// Stable code, as `booking.taken`.
    pub code: String,
    /// What it means for the caller.
    pub kind: Kind,
    /// Values for the message: field names, limits, ids given by the caller. Never
    /// what a peer wrote.
    pub params: BTreeMap<String, String>,
    /// What else is against it.
    #[serde(default)]
    pub also: Vec<CliError>,
    /// What could be had instead, nearest first.
    #[serde(default)]
    pub alternatives: Vec<Span>,
    /// What somebody wrote that is to be read before one goes on.
    #[serde(default)]
    pub to_read: Option<Box<str>>,
}

impl CliError {
    /// An error whose code stands in [`TABLE`]; any other is a fault of ours.
    pub fn new(code: &str) -> Self {
        let kind = TABLE.iter().find(|(known, _)| *known == code).map(|(_, kind)| *kind);
        Self::of_kind(code, kind.unwrap_or(Kind::Internal))
    }

    /// An error of a layer below, which knows its own kind.
    pub fn of_kind(code: &str, kind: Kind) -> Self {
        let (params, also, alternatives) = (BTreeMap::new(), Vec::new(), Vec::new());
        Self { code: code.to_owned(), kind, params, also, alternatives, to_read: None }
    }

    /// A fault of ours. The detail is logged, never shown as if the person could act on it.
    pub fn internal(detail: impl std::fmt::Display) -> Self {
        tracing::error!(%detail, "internal error");
        Self::new("internal")
    }

    /// With one more value for the message.
    #[must_use]
    pub fn param(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.params.insert(name.to_owned(), value.to_string());
        self
    }

    /// An error of the operating system at a file that the person named or owns.
    pub fn io(error: &std::io::Error, path: &std::path::Path) -> Self {
        use std::io::ErrorKind as Io;
        let code = match error.kind() {
            Io::NotFound => "file.not_found",
            Io::IsADirectory | Io::NotADirectory => "file.no_file",
            Io::PermissionDenied => "file.denied",
            Io::StorageFull | Io::QuotaExceeded => "storage.full",
            _ => "storage.failed",
        };
        tracing::debug!(%error, path = %path.display(), "file error");
        Self::new(code).param("file", path.display())
    }

    /// The exit code of the process.
    pub const fn exit(&self) -> u8 {
        self.kind.exit()
    }

    /// What happened, in the person's language; what else is against it as well.
    pub fn message(&self, texts: &Texts) -> String {
        let values = self.values(texts);
        let own = texts
            .try_with(&self.key(), values.clone())
            .unwrap_or_else(|| texts.with(self.kind.fallback(), values));
        let all = std::iter::once(own).chain(self.also.iter().map(|it| it.message(texts)));
        all.collect::<Vec<_>>().join(" ")
    }

    /// What to do next, in the person's language.
    pub fn hint(&self, texts: &Texts) -> String {
        let guess = self.params.contains_key("expected").then_some("guess");
        let attribute = |key: &str, name| texts.attribute(key, name, self.values(texts));
        guess
            .and_then(|guess| attribute(&self.key(), guess))
            .or_else(|| attribute(&self.key(), "hint"))
            .or_else(|| attribute(self.kind.fallback(), "hint"))
            .unwrap_or_default()
    }

    /// It and what else is against it, as codes with their values.
    pub fn reasons(&self) -> Vec<Why> {
        let own = Why { code: self.code.clone(), params: self.params.clone() };
        std::iter::once(own).chain(self.also.iter().flat_map(Self::reasons)).collect()
    }

    /// The shape scripts read.
    pub fn to_answer(&self, texts: &Texts) -> ErrorAnswer {
        ErrorAnswer {
            error: ErrorBody {
                code: self.code.clone(),
                message: self.message(texts),
                hint: self.hint(texts),
                params: self.params.clone(),
                also: self.also.iter().flat_map(Self::reasons).collect(),
                alternatives: self.alternatives.clone(),
                to_read: self.to_read.as_deref().map(str::to_owned),
            },
        }
    }

    fn key(&self) -> String {
        format!("error-{}", self.code.replace(['.', '_'], "-"))
    }

    /// The values, and beside lengths and instants the words for them: `least` for
    /// `least_minutes`, `earliest` for `earliest_at`.
    fn values<'a>(&'a self, texts: &Texts) -> Vec<Param<'a>> {
        let mut values: Vec<Param<'a>> = Vec::with_capacity(2 * self.params.len());
        for (name, value) in &self.params {
            // Counts are numbers, so that a text can choose its plural.
            let count = COUNTS.contains(&name.as_str()).then(|| value.parse::<u64>().ok());
            let value_as = count.flatten().map(FluentValue::from);
            values.push((name, value_as.unwrap_or_else(|| FluentValue::from(value.as_str()))));
            if let Some(words) = render::words_of(name, value, texts) {
                let name = match name.as_str() {
                    "date" => "day",
                    "at" => "moment",
                    "most_minutes" => "most_words",
                    name => name.trim_end_matches("_minutes").trim_end_matches("_at"),
                };
                values.push((name, words.into()));
            }
        }
        values
    }
}

/// What a command gives back.
pub type Result<T, E = CliError> = std::result::Result<T, E>;

#[cfg(test)]
mod tests;
