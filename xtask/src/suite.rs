//! A suite: one kind of test, and what came of it.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Lines of a failed suite that are shown.
const TAIL_LINES: usize = 60;

/// How a suite ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Everything passed.
    Passed,
    /// Something failed: the end of what it said.
    Failed(String),
    /// It could not be run: why.
    Skipped(String),
}

/// What came of a suite.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    /// Its name.
    pub(crate) name: String,
    /// Tests passed.
    pub(crate) passed: u64,
    /// Tests failed.
    pub(crate) failed: u64,
    /// Tests not run.
    pub(crate) skipped: u64,
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// How long it took.
    pub(crate) seconds: u64,
}

/// A suite of one check.
pub(crate) fn of_check(name: &str, result: Result<(), String>) -> Report {
    let (passed, failed, outcome) = match result {
        Ok(()) => (1, 0, Outcome::Passed),
        Err(error) => (0, 1, Outcome::Failed(error)),
    };
    Report { name: name.to_owned(), passed, failed, skipped: 0, outcome, seconds: 0 }
}

/// A suite that could not be run.
pub(crate) fn skipped(name: &str, why: &str) -> Report {
    let outcome = Outcome::Skipped(why.to_owned());
    Report { name: name.to_owned(), passed: 0, failed: 0, skipped: 1, outcome, seconds: 0 }
}

/// Runs a command, keeps what it says in `target/xtask/NAME.log`, shows each line that
/// `progress` finds worth it, and hands all lines to `count`.
pub(crate) fn run(
    root: &Path,
    name: &str,
    mut command: Command,
    progress: impl Fn(&str) -> Option<String>,
    count: impl FnOnce(&[String]) -> (u64, u64, u64),
) -> Report {
    let begun = Instant::now();
    let log_dir = root.join("target/xtask");
    let _ = std::fs::create_dir_all(&log_dir);
    let file = log_dir.join(format!("{}.log", name.replace(' ', "-")));
    let mut log = std::fs::File::create(&file).ok();
    let (reader, writer) = match std::io::pipe() {
        Ok(pipe) => pipe,
        Err(error) => return of_check(name, Err(error.to_string())),
    };
    let spawned = writer.try_clone().and_then(|errors| {
        command.current_dir(root).stdin(Stdio::null()).stdout(writer).stderr(errors).spawn()
    });
    // The command holds the pipe's ends for writing: without it gone, reading never ends.
    drop(command);
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => return of_check(name, Err(format!("{name}: {error}"))),
    };
    let mut lines = Vec::new();
    for line in BufReader::new(reader).split(b'\n') {
        let Ok(line) = line else { break };
        let line = String::from_utf8_lossy(&line).into_owned();
        if let Some(log) = &mut log {
            let _ = writeln!(log, "{line}");
        }
        if let Some(text) = progress(&line) {
            crate::say(&format!("      {text}"));
        }
        lines.push(line);
    }
    let succeeded = child.wait().is_ok_and(|status| status.success());
    let (passed, mut failed, skipped) = count(&lines);
    if !succeeded {
        failed = failed.max(1);
    }
    let outcome = if failed == 0 {
        Outcome::Passed
    } else {
        let from = lines.len().saturating_sub(TAIL_LINES);
        Outcome::Failed(lines[from..].join("\n"))
    };
    let seconds = begun.elapsed().as_secs();
    Report { name: name.to_owned(), passed, failed, skipped, outcome, seconds }
}
