//! Second readers: Python scripts written from `docs/format.md`, which share no code with
//! the product. Each is run with the path of the built `palier`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::child;
use crate::progress::Progress;
use crate::report::Report;
use crate::rust::binary;

/// What the scripts need.
const PACKAGES: [&str; 7] = [
    "blake3",
    "cryptography",
    "icalendar",
    "mnemonic",
    "python-dateutil",
    "recurring-ical-events",
    "tzdata",
];
/// How they are imported.
const MODULES: [&str; 7] = [
    "blake3",
    "cryptography",
    "icalendar",
    "mnemonic",
    "dateutil",
    "recurring_ical_events",
    "tzdata",
];
/// Where scripts lie.
const FOLDERS: [&str; 2] = ["core/model/tests/golden", "tests/second_reader"];
const NAME: &str = "second readers";

/// Runs each script: one test each.
pub(crate) fn run(root: &Path, progress: &Progress) -> Vec<Report> {
    let scripts = scripts(root);
    let python = match environment(root, progress) {
        Ok(python) => python,
        Err(why) => {
            let skipped = u64::try_from(scripts.len()).unwrap_or(u64::MAX);
            return vec![Report { skipped, ..Report::skipped(NAME, &why) }];
        }
    };
    let mut all = Report { seconds: Some(0), ..Report::named(NAME) };
    for script in scripts {
        let stem = script.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let stem = stem.unwrap_or_default();
        progress.now(&stem);
        let mut command = Command::new(&python);
        command.arg(&script).env("PALIER_BIN", binary(root));
        let ran = child::run(root, &format!("{NAME} {stem}"), command, |_| {});
        all.seconds = all.seconds.zip(ran.as_ref().ok()).map(|(sum, ran)| sum + ran.seconds);
        match ran.and_then(|ran| ran.check()) {
            Ok(()) => all.passed += 1,
            Err(tail) => {
                all.failed += 1;
                all.tail += &format!("-- {stem}\n{tail}\n");
            }
        }
    }
    vec![all]
}

fn scripts(root: &Path) -> Vec<PathBuf> {
    let mut scripts = Vec::new();
    for folder in FOLDERS {
        let Ok(entries) = std::fs::read_dir(root.join(folder)) else { continue };
        let files = entries.flatten().map(|entry| entry.path());
        scripts.extend(files.filter(|path| path.extension().is_some_and(|ext| ext == "py")));
    }
    scripts.sort();
    scripts
}

/// A Python of our own with what the scripts need, in the build folder.
fn environment(root: &Path, progress: &Progress) -> Result<PathBuf, String> {
    let dir = root.join("target/xtask/venv");
    let python = dir.join("bin/python");
    let works = |python: &Path| {
        let check = format!("import {}", MODULES.join(", "));
        Command::new(python).args(["-c", &check]).output().is_ok_and(|it| it.status.success())
    };
    if works(&python) {
        return Ok(python);
    }
    let run = |command: &mut Command, why: &str| match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        _ => Err(why.to_owned()),
    };
    progress.now("a Python environment for the second readers");
    run(
        Command::new("python3").args(["-m", "venv", "--clear"]).arg(&dir),
        "python3 with venv is not here: apt-get install python3-venv",
    )?;
    run(
        Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(PACKAGES),
        &format!("pip could not install {}", PACKAGES.join(", ")),
    )?;
    if works(&python) { Ok(python) } else { Err("the Python packages do not work".to_owned()) }
}
