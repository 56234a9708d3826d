//! The simulator of whole neighbourhoods, over many seeds.

use std::path::Path;

use crate::rust::cargo;

/// Runs it; a failure prints the seed that replays it.
pub(crate) fn run(root: &Path, seeds: u64, from: u64) -> bool {
    let tests = root.join("core/model/tests");
    if !tests.join("simulation.rs").is_file() && !tests.join("simulation").is_dir() {
        crate::say("there is no test `simulation` in core/model yet");
        return false;
    }
    let mut command = cargo(&[
        "test",
        "--release",
        "--package",
        "palier-model",
        "--all-features",
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
