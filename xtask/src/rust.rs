//! The suites that cargo runs. Everything in the release profile, so that dependencies
//! are compiled once for both commands of the README.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::suite::{self, Report};

fn cargo(words: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(words).env("CARGO_TERM_COLOR", "never");
    command
}

fn quiet(_: &str) -> Option<String> {
    None
}

/// Which crate is being compiled, now and then.
fn compiling(line: &str) -> Option<String> {
    let name = line.trim().strip_prefix("Compiling ")?;
    name.starts_with("palier").then(|| format!("compiling {name}"))
}

pub(crate) fn format(root: &Path) -> Report {
    suite::run(root, "format", cargo(&["fmt", "--all", "--", "--check"]), quiet, |_| (1, 0, 0))
        .settled()
}

pub(crate) fn lints(root: &Path) -> Report {
    let words = [
        "clippy",
        "--release",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "-D",
        "warnings",
    ];
    suite::run(root, "lints", cargo(&words), compiling, |_| (1, 0, 0)).settled()
}

/// Every test of every crate: in modules, whole-system, and in documentation.
pub(crate) fn tests(root: &Path) -> Report {
    let mut build = cargo(&["build", "--release", "--package", "palier-hub"]);
    build.current_dir(root);
    let built = build.status().is_ok_and(|status| status.success());
    if !built {
        return suite::of_check("tests", Err("the palier command could not be built".into()));
    }
    let words = ["test", "--release", "--workspace", "--all-features", "--no-fail-fast"];
    let mut command = cargo(&words);
    command.env("PALIER_BIN", binary(root));
    if std::env::var_os("PALIER_SIM_SEEDS").is_none() && std::env::var_os("CI").is_some() {
        command.env("PALIER_SIM_SEEDS", "3000");
    }
    let progress = |line: &str| {
        let line = line.trim();
        let shown = line.starts_with("Running ")
            || line.starts_with("Doc-tests ")
            || line.contains("... FAILED");
        if shown { Some(line.to_owned()) } else { compiling(line) }
    };
    suite::run(root, "tests", command, progress, count)
}

/// Adds the closing lines of the test runner up.
fn count(lines: &[String]) -> (u64, u64, u64) {
    let mut sums = (0, 0, 0);
    for line in lines.iter().filter(|line| line.starts_with("test result:")) {
        for part in line.split([';', '.']) {
            let mut words = part.split_whitespace();
            let (Some(number), Some(word)) = (words.next(), words.next()) else { continue };
            let Ok(number) = number.parse::<u64>() else { continue };
            match word {
                "passed" => sums.0 += number,
                "failed" => sums.1 += number,
                "ignored" => sums.2 += number,
                _ => {}
            }
        }
    }
    sums
}

/// Where the built command lies.
pub(crate) fn binary(root: &Path) -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    target.join("release/palier")
}

/// The simulator over many seeds.
pub(crate) fn simulate(root: &Path, seeds: u64, from: u64) -> bool {
    let mut command = cargo(&[
        "test",
        "--release",
        "--package",
        "palier-model",
        "--features",
        "sim",
        "--test",
        "simulation",
        "--",
        "--nocapture",
    ]);
    command
        .current_dir(root)
        .env("PALIER_SIM_SEEDS", seeds.to_string())
        .env("PALIER_SIM_FROM", from.to_string());
    command.status().is_ok_and(|status| status.success())
}

impl Report {
    /// A suite of one check: it either passed or failed.
    fn settled(mut self) -> Self {
        self.passed = u64::from(self.failed == 0);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_added_up() {
        let lines = [
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s",
            "noise",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 2.1s",
        ];
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        assert_eq!(count(&lines), (15, 2, 1));
    }
}
