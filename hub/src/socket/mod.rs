//! One owner per home: while `palier run` holds it, other commands go through its
//! Unix socket.
//!
//! A request is one bounded line of JSON, the response a stream of lines that ends
//! with `done`. Only the owner of the home may connect: the socket has mode 0600,
//! lies in a folder of mode 0700, and the peer's user is compared as well.

mod client;
mod path;
mod server;

pub use client::{call, is_held};
pub use path::SocketPath;
pub use server::{Handler, Server};

use std::path::PathBuf;

use palier_model::time::Instant;
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, DumpEvent};
use crate::args::MAX_ARGV_BYTES;
use crate::backend::Progress;
use crate::errors::CliError;
use crate::texts::Lang;

/// Longest request, in bytes. JSON may write each byte of a word as six.
const MAX_REQUEST_BYTES: usize = 6 * MAX_ARGV_BYTES + 64 * 1024;
/// Longest line of a response, in bytes: a list of 1,000 items with long texts.
const MAX_LINE_BYTES: usize = 64 * 1024 * 1024;

/// A command for the process that holds the home.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The command line, beginning with the program's name.
    pub argv: Vec<String>,
    /// What relative paths start from.
    pub cwd: PathBuf,
    /// The language of usage errors.
    pub lang: Lang,
    /// The time on the caller's clock.
    pub clock: Instant,
}

/// A line of the response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "one line at a time: read, shown, dropped")]
pub enum Line {
    /// How far it is.
    Progress(Progress),
    /// One line of a stream.
    Event {
        /// The line.
        event: DumpEvent,
    },
    /// The last line.
    Done {
        /// The exit code.
        exit: u8,
        /// The answer, if it went well and was no stream.
        answer: Option<Answer>,
        /// What failed.
        error: Option<CliError>,
    },
}

#[cfg(test)]
mod tests;
