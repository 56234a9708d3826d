//! Chores of the house. `cargo xtask test` runs every suite and ends with a table;
//! `cargo xtask licences` checks what the dependencies ask.

mod install;
mod licences;
mod python;
mod rust;
mod suite;
mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use suite::{Outcome, Report};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Chores of the house")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Run every suite and end with a table: suite, passed, failed, skipped and why.
    Test,
    /// Check the licences of the dependencies.
    Licences,
    /// Run the simulator of whole neighbourhoods over many seeds.
    Sim {
        /// How many seeds.
        #[arg(long, default_value_t = 3_000)]
        seeds: u64,
        /// The first one.
        #[arg(long, default_value_t = 0)]
        from: u64,
    },
}

fn main() -> ExitCode {
    let root = root();
    let passed = match Cli::parse().chore {
        Chore::Test => test(&root),
        Chore::Licences => match licences::check(&root) {
            Ok(count) => {
                say(&format!("{count} packages, all under licences that are allowed"));
                true
            }
            Err(error) => {
                say(&error);
                false
            }
        },
        Chore::Sim { seeds, from } => rust::simulate(&root, seeds, from),
    };
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The folder of the workspace.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Something for people: on standard error, where progress goes.
#[allow(clippy::print_stderr)]
fn say(text: &str) {
    eprintln!("{text}");
}

fn test(root: &Path) -> bool {
    install::ensure();
    let mut reports: Vec<Report> = Vec::new();
    let steps: [(&str, &dyn Fn() -> Report); 5] = [
        ("format", &|| rust::format(root)),
        ("lints", &|| rust::lints(root)),
        ("licences", &|| suite::of_check("licences", licences::check(root).map(|_| ()))),
        ("tests", &|| rust::tests(root)),
        ("second readers", &|| python::second_readers(root)),
    ];
    for (number, (name, step)) in steps.iter().enumerate() {
        say(&format!("[{}/{}] {name} …", number + 1, steps.len()));
        let report = step();
        say(&format!(
            "      {} passed, {} failed, {} skipped in {} s",
            report.passed, report.failed, report.skipped, report.seconds
        ));
        if let Outcome::Failed(tail) = &report.outcome {
            say(tail);
        }
        reports.push(report);
    }
    table::print(&reports)
}
