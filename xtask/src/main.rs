//! Chores of the house. `cargo xtask test` runs every suite and ends with a table;
//! `cargo xtask licences` checks what the dependencies ask; `cargo xtask sim` runs whole
//! neighbourhoods from many seeds, `cargo xtask mutate` loses rules to see them seen, and
//! `cargo xtask bench` measures.

mod bench;
mod child;
mod install;
mod libtest;
mod licences;
mod mutate;
mod progress;
mod python;
mod report;
mod rust;
mod sim;
mod table;
mod tests;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use progress::Progress;
use report::Report;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Chores of the house")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Run every suite and end with a table: suite, passed, failed, skipped and why.
    Test {
        /// Only what is fast: format, lints, licences, and the tests inside the crates.
        #[arg(long)]
        quick: bool,
    },
    /// Check the licences of the dependencies.
    Licences,
    /// Lose one rule after another in a copy of the tree, and tell how many seeds of the
    /// simulator it takes to see that.
    Mutate {
        /// Only rules whose name holds this.
        #[arg(default_value = "")]
        only: String,
        /// Seeds after which a rule counts as held by nothing.
        #[arg(long, default_value_t = 3_000)]
        seeds: u64,
    },
    /// Measure, beside others, what the targets speak of; all of it, or these figures.
    Bench {
        /// Figures and options: `P1`, `calendars`, `--scale 0.1`, `--documents 100,1000`, `--json FILE`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
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
        Chore::Test { quick } => test(&root, quick),
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
        Chore::Mutate { only, seeds } => mutate::run(&root, &only, seeds),
        Chore::Bench { arguments } => bench::run(&root, &arguments),
        Chore::Sim { seeds, from } => sim::run(&root, seeds, from),
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

/// One step: its name, and what does it.
type Step<'a> = (&'a str, Box<dyn Fn(&Progress) -> Vec<Report> + 'a>);

fn test(root: &Path, quick: bool) -> bool {
    let mut steps: Vec<Step<'_>> = vec![
        ("format", Box::new(|progress| vec![rust::format(root, progress)])),
        ("lints", Box::new(|progress| vec![rust::lints(root, progress)])),
        ("licences", Box::new(|_| vec![licences::suite(root)])),
        ("tests", Box::new(move |progress| tests::run(root, progress, quick))),
    ];
    if !quick {
        install::ensure();
        steps.push(("second readers", Box::new(|progress| python::run(root, progress))));
    }
    let progress = Progress::new();
    let mut reports: Vec<Report> = Vec::new();
    for (number, (name, step)) in steps.iter().enumerate() {
        progress.line(&format!("[{}/{}] {name}", number + 1, steps.len()));
        for report in step(&progress) {
            progress.line(&format!("      {}", report.line()));
            if !report.tail.is_empty() {
                progress.line(&report.tail);
            }
            reports.push(report);
        }
    }
    progress.end();
    table::print(&reports)
}
