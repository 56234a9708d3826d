//! A child process, what it said, and the file in which that is kept.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Lines of a failed command that are shown.
const TAIL_LINES: usize = 60;

/// A command that ended.
pub(crate) struct Ran {
    /// All it said, on both streams, in order.
    pub(crate) lines: Vec<String>,
    /// Whether it said that all is well.
    pub(crate) succeeded: bool,
    /// How long it took.
    pub(crate) seconds: u64,
}

impl Ran {
    /// The end of what it said.
    pub(crate) fn tail(&self) -> String {
        self.lines[self.lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }

    /// As one check.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.succeeded { Ok(()) } else { Err(self.tail()) }
    }
}

/// Runs a command in the workspace's folder; keeps what it says in
/// `target/xtask/NAME.log` and hands each line to `on_line` as it comes.
pub(crate) fn run(
    root: &Path,
    name: &str,
    mut command: Command,
    on_line: impl Fn(&str),
) -> Result<Ran, String> {
    let told = |error: std::io::Error| format!("{name}: {error}");
    let begun = Instant::now();
    let folder = root.join("target/xtask");
    std::fs::create_dir_all(&folder).map_err(told)?;
    let mut log = std::fs::File::create(folder.join(format!("{}.log", name.replace(' ', "-"))))
        .map_err(told)?;
    let (reader, writer) = std::io::pipe().map_err(told)?;
    let errors = writer.try_clone().map_err(told)?;
    command.current_dir(root).stdin(Stdio::null()).stdout(writer).stderr(errors);
    let mut child = command.spawn().map_err(told)?;
    // The command holds the pipe's ends for writing: reading would never end with it.
    drop(command);
    let mut lines = Vec::new();
    for line in BufReader::new(reader).split(b'\n') {
        let line = String::from_utf8_lossy(&line.map_err(told)?).into_owned();
        // A full disk must not hide what the tests say.
        let _ = writeln!(log, "{line}");
        on_line(&line);
        lines.push(line);
    }
    let succeeded = child.wait().map_err(told)?.success();
    Ok(Ran { lines, succeeded, seconds: begun.elapsed().as_secs() })
}
