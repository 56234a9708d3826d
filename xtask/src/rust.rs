//! Format and lints, and how cargo is called. Everything in the release profile, so that
//! dependencies are compiled once for both commands of the README.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::child;
use crate::progress::Progress;
use crate::report::Report;

/// The cargo that runs us.
pub(crate) fn cargo(words: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(words).env("CARGO_TERM_COLOR", "never");
    command
}

/// Which of our crates is being compiled or checked.
pub(crate) fn compiling(line: &str) -> Option<String> {
    let line = line.trim();
    let name = line.strip_prefix("Compiling ").or_else(|| line.strip_prefix("Checking "))?;
    name.starts_with("palier").then(|| format!("compiling {name}"))
}

/// Where the built command lies.
pub(crate) fn binary(root: &Path) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    root.join(target).join("release").join(format!("palier{}", std::env::consts::EXE_SUFFIX))
}

pub(crate) fn format(root: &Path, progress: &Progress) -> Report {
    let command = cargo(&["fmt", "--all", "--", "--check"]);
    of_component(root, progress, ("format", "rustfmt", "fmt"), command)
}

pub(crate) fn lints(root: &Path, progress: &Progress) -> Report {
    let command = cargo(&[
        "clippy",
        "--release",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "-D",
        "warnings",
    ]);
    of_component(root, progress, ("lints", "clippy", "clippy"), command)
}

/// Runs a check that comes with a component of the toolchain.
fn of_component(
    root: &Path,
    progress: &Progress,
    (name, component, subcommand): (&str, &str, &str),
    command: Command,
) -> Report {
    let is_there = || {
        let output = cargo(&[subcommand, "--version"]).current_dir(root).output();
        output.is_ok_and(|output| output.status.success())
    };
    if !is_there() {
        let line = format!("rustup component add {component}");
        if std::env::var_os("CI").is_some() {
            progress.now(&line);
            let _ = Command::new("rustup").args(["component", "add", component]).output();
        }
        if !is_there() {
            return Report::skipped(name, &format!("{component} is not installed: {line}"));
        }
    }
    let on_line = |line: &str| compiling(line).into_iter().for_each(|text| progress.now(&text));
    match child::run(root, name, command, on_line) {
        Ok(ran) => Report { seconds: Some(ran.seconds), ..Report::of_check(name, ran.check()) },
        Err(error) => Report::of_check(name, Err(error)),
    }
}
