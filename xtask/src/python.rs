//! Second readers: Python scripts written from `docs/format.md`, which share no code with
//! the product. Each is run with the path of the built `palier`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::rust::binary;
use crate::suite::{self, Report};

/// What the scripts need.
const PACKAGES: [&str; 3] = ["blake3", "cryptography", "mnemonic"];
const NAME: &str = "second readers";

pub(crate) fn second_readers(root: &Path) -> Report {
    let scripts = scripts(root);
    let python = match environment(root) {
        Ok(python) => python,
        Err(why) => return suite::skipped(NAME, &why),
    };
    let (mut passed, mut failed, mut seconds) = (0, 0, 0);
    let mut said = Vec::new();
    for script in scripts {
        let mut command = Command::new(&python);
        command.arg(&script).env("PALIER_BIN", binary(root));
        let name = format!(
            "{NAME} {}",
            script.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default()
        );
        let report = suite::run(root, &name, command, |_| None, |_| (1, 0, 0));
        seconds += report.seconds;
        if report.failed == 0 {
            passed += 1;
        } else {
            failed += 1;
            if let suite::Outcome::Failed(tail) = report.outcome {
                said.push(tail);
            }
        }
    }
    let outcome =
        if failed == 0 { suite::Outcome::Passed } else { suite::Outcome::Failed(said.join("\n")) };
    Report { name: NAME.to_owned(), passed, failed, skipped: 0, outcome, seconds }
}

fn scripts(root: &Path) -> Vec<PathBuf> {
    let mut scripts = Vec::new();
    for folder in ["core/model/tests/golden", "tests/second_reader"] {
        let Ok(entries) = std::fs::read_dir(root.join(folder)) else { continue };
        let files = entries.flatten().map(|entry| entry.path());
        scripts.extend(files.filter(|path| path.extension().is_some_and(|ext| ext == "py")));
    }
    scripts.sort();
    scripts
}

/// A Python of our own with what the scripts need.
fn environment(root: &Path) -> Result<PathBuf, String> {
    let dir = root.join("target/xtask/venv");
    let python = dir.join("bin/python");
    let works = |python: &Path| {
        let check = "import blake3, cryptography, mnemonic";
        Command::new(python).args(["-c", check]).output().is_ok_and(|it| it.status.success())
    };
    if works(&python) {
        return Ok(python);
    }
    let run = |command: &mut Command, why: &str| match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        _ => Err(why.to_owned()),
    };
    run(Command::new("python3").args(["-m", "venv"]).arg(&dir), "python3 has no venv")?;
    run(
        Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(PACKAGES),
        "pip could not install blake3, cryptography, mnemonic",
    )?;
    if works(&python) { Ok(python) } else { Err("the Python packages do not work".to_owned()) }
}
