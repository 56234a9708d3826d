//! Figures beside others. The programs are a workspace of their own (`bench/`), so that
//! what they compare with is no dependency of Palier; they share its `target`.

use std::path::Path;

use crate::rust::cargo;

/// Builds and runs it with these arguments.
pub(crate) fn run(root: &Path, arguments: &[String]) -> bool {
    let mut command = cargo(&[
        "run",
        "--release",
        "--manifest-path",
        "bench/Cargo.toml",
        "--features",
        "others",
        "--",
    ]);
    command.args(arguments).current_dir(root).env("CARGO_TARGET_DIR", root.join("target"));
    command.status().is_ok_and(|status| status.success())
}
