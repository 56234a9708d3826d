//! The tests of all crates: in modules, whole-system, and in documentation. One call of
//! cargo, one line of the table for each crate.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::child;
use crate::libtest::{self, Binary};
use crate::progress::Progress;
use crate::report::Report;
use crate::rust::{binary, cargo, compiling};

/// Seeds of the simulator on a machine that checks every change.
const CI_SEEDS: &str = "3000";

/// Builds the `palier` command, which tests call, then runs every test.
pub(crate) fn run(root: &Path, progress: &Progress, quick: bool) -> Vec<Report> {
    let compiled = |line: &str| compiling(line).into_iter().for_each(|text| progress.now(&text));
    let build = cargo(&["build", "--release", "--package", "palier-hub"]);
    let built = child::run(root, "build", build, compiled).and_then(|ran| ran.check());
    if built.is_err() {
        return vec![Report::of_check("build", built)];
    }
    let mut words = vec!["test", "--release", "--workspace", "--all-features", "--no-fail-fast"];
    if quick {
        words.extend(["--lib", "--bins"]);
    }
    // Shown, so that a test which found that it cannot run here is seen to say so.
    words.extend(["--", "--show-output"]);
    let mut command = cargo(&words);
    command.env("PALIER_BIN", binary(root));
    if std::env::var_os("PALIER_SIM_SEEDS").is_none() && std::env::var_os("CI").is_some() {
        command.env("PALIER_SIM_SEEDS", CI_SEEDS);
    }
    let on_line = |line: &str| {
        let line = line.trim();
        let shown = line.starts_with("Running ")
            || line.starts_with("Doc-tests ")
            || (line.starts_with("test ") && line.ends_with("... FAILED"));
        if shown { progress.now(line) } else { compiled(line) }
    };
    let ran = match child::run(root, "tests", command, on_line) {
        Ok(ran) => ran,
        Err(error) => return vec![Report::of_check("tests", Err(error))],
    };
    let mut reports = by_package(&packages(root), libtest::read(&ran.lines));
    // Something failed that is no test: it did not compile, for instance.
    if !ran.succeeded && reports.iter().all(|report| report.failed == 0) {
        reports.push(Report::of_check("tests", ran.check()));
    }
    if quick {
        reports.push(Report::skipped("whole systems", "left out by --quick"));
    }
    reports
}

/// Name of each target of ours, as its file is called, to its package.
fn packages(root: &Path) -> BTreeMap<String, String> {
    let mut packages = BTreeMap::new();
    let output =
        cargo(&["metadata", "--format-version", "1", "--no-deps"]).current_dir(root).output();
    let metadata: Value = output
        .ok()
        .and_then(|output| serde_json::from_slice(&output.stdout).ok())
        .unwrap_or_default();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        for target in package["targets"].as_array().into_iter().flatten() {
            let target = target["name"].as_str().unwrap_or_default().replace('-', "_");
            packages.insert(target, name.to_owned());
        }
    }
    packages
}

fn by_package(packages: &BTreeMap<String, String>, binaries: Vec<Binary>) -> Vec<Report> {
    let mut reports: BTreeMap<String, Report> = BTreeMap::new();
    for binary in binaries {
        let name = packages.get(&binary.name).unwrap_or(&binary.name).clone();
        let report = reports.entry(name.clone()).or_insert_with(|| Report::named(&name));
        report.passed += binary.passed;
        report.failed += binary.failed;
        report.skipped += binary.skipped;
        for why in binary.why {
            if !report.why.contains(&why) {
                report.why.push(why);
            }
        }
        if !binary.failures.is_empty() {
            report.tail += &format!("-- {}\n{}\n", binary.name, binary.failures.join("\n"));
        }
    }
    // A crate without tests says nothing in the table.
    let says = |report: &Report| report.passed + report.failed + report.skipped > 0;
    reports.into_values().filter(says).collect()
}
