//! The side of every other command.

use std::io;
use std::path::Path;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use super::{Line, MAX_LINE_BYTES, Request, SocketPath};
use crate::answer::Answer;
use crate::commands::{Outcome, Sink};
use crate::errors::{CliError, Result};

/// Whether a process holds `home` and listens.
pub async fn is_held(home: &Path) -> bool {
    match SocketPath::of(home).find() {
        None => false,
        Some(path) => UnixStream::connect(path).await.is_ok(),
    }
}

/// Sends a command to the process that holds `home`. `None` if nobody does.
pub async fn call(home: &Path, request: &Request, sink: &dyn Sink) -> Result<Option<Outcome>> {
    let Some(path) = SocketPath::of(home).find() else { return Ok(None) };
    let stream = match UnixStream::connect(&path).await {
        Ok(stream) => stream,
        // Refused: the owner crashed and left its socket; the home's lock decides.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound
                    | io::ErrorKind::ConnectionRefused
                    | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(CliError::io(&error, &path)),
    };
    let (read, mut write) = stream.into_split();
    let mut bytes = serde_json::to_vec(request).map_err(CliError::internal)?;
    bytes.push(b'\n');
    write.write_all(&bytes).await.map_err(gone)?;
    let mut reader = BufReader::new(read);
    loop {
        let mut line = Vec::new();
        let mut bounded = (&mut reader).take(MAX_LINE_BYTES as u64);
        bounded.read_until(b'\n', &mut line).await.map_err(gone)?;
        if !line.ends_with(b"\n") {
            return Err(gone("it closed before it answered"));
        }
        match serde_json::from_slice(&line).map_err(CliError::internal)? {
            Line::Progress(progress) => sink.progress(progress),
            Line::Event { event } => sink.line(&event).await?,
            Line::Done { error: Some(error), .. } => return Err(error),
            Line::Done { exit, answer, error: None } => return Ok(Some(outcome(exit, answer))),
        }
    }
}

fn outcome(exit: u8, answer: Option<Answer>) -> Outcome {
    Outcome { answer, exit }
}

fn gone(detail: impl std::fmt::Display) -> CliError {
    tracing::debug!(%detail, "the process that holds the home is gone");
    CliError::new("node.gone")
}
