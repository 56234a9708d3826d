//! The `palier` command: command line, hub and demo.
//!
//! `args` (what may be said) → `app` (which process does it) → `commands` (what it
//! asks of a node) → `backend` (the node, as the command line sees it). `answer` is
//! what scripts read, `render` what people read, `errors` and `texts` how both are
//! worded. No rule of sharing lives here.

pub mod answer;
pub mod app;
pub mod args;
pub mod backend;
pub mod commands;
pub mod demo;
pub mod errors;
pub mod host;
pub mod render;
pub mod socket;
pub mod terminal;
pub mod texts;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use errors::CliError;
use terminal::{Manner, Terminal};
use texts::{Lang, Texts};

/// The whole program. A panic ends as an internal error, never as exit 101.
pub fn main() -> ExitCode {
    let argv: Vec<_> = std::env::args_os().collect();
    // Said once, where logs go, instead of a trace among the answers.
    std::panic::set_hook(Box::new(|info| tracing::error!(%info, "panic")));
    let exit =
        catch_unwind(AssertUnwindSafe(|| app::run(&argv, host::NodeHost))).unwrap_or_else(|_| {
            let lang = Lang::detect(&argv, |name| std::env::var(name).ok());
            let manner = Manner { json: args::wants_json(&argv), quiet: false };
            Terminal::new(Texts::of(lang), manner).finish(Err(CliError::new("internal")))
        });
    ExitCode::from(exit)
}
