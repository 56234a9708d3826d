//! Figures beside others. The programs are a workspace of their own (`bench/`), so that
//! what they compare with is no dependency of Palier; they share its `target`.

use std::path::Path;

use crate::rust::cargo;

/// Builds and runs it with these arguments.
pub(crate) fn run(root: &Path, arguments: &[String]) -> bool {
    let is_calendars = |argument: &String| argument.eq_ignore_ascii_case("calendars");
    let of_calendars = arguments.is_empty() || arguments.iter().any(is_calendars);
    let others: Vec<String> = arguments.iter().filter(|it| !is_calendars(it)).cloned().collect();
    // Asked for alone it is measured alone.
    let of_others = arguments.is_empty() || !others.is_empty();
    (!of_others || beside_others(root, &others)) && (!of_calendars || calendars(root))
}

/// Figures of calendars, beside nobody's.
fn calendars(root: &Path) -> bool {
    let words = ["run", "--release", "--package", "palier-tests", "--example", "calendar_bench"];
    cargo(&words).current_dir(root).status().is_ok_and(|status| status.success())
}

fn beside_others(root: &Path, arguments: &[String]) -> bool {
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
