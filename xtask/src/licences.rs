//! What the dependencies ask: every licence must be one of these.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Allowed for anyone.
const ALLOWED: [&str; 14] = [
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "ISC",
    "Zlib",
    "0BSD",
    "Unlicense",
    "CC0-1.0",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "IJG",
];
/// Allowed as it stands in a library that we do not change.
const WEAK_COPYLEFT: [&str; 1] = ["MPL-2.0"];

/// Checks every package; gives how many there are.
pub(crate) fn check(root: &Path) -> Result<usize, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(root)
        .output()
        .map_err(|error| error.to_string())?;
    let metadata: Value = serde_json::from_slice(&output.stdout)
        .map_err(|_| String::from_utf8_lossy(&output.stderr).into_owned())?;
    let packages = metadata["packages"].as_array().cloned().unwrap_or_default();
    let mut refused = Vec::new();
    for package in &packages {
        let name = package["name"].as_str().unwrap_or_default();
        let licence = package["license"].as_str().unwrap_or_default();
        if !is_allowed(licence) {
            refused.push(format!("{name}: {}", if licence.is_empty() { "none" } else { licence }));
        }
    }
    if refused.is_empty() { Ok(packages.len()) } else { Err(refused.join("\n")) }
}

/// Whether an SPDX expression can be met: of alternatives one must be allowed, of what
/// is joined by AND all.
fn is_allowed(expression: &str) -> bool {
    let plain = expression.replace(['(', ')'], " ").replace('/', " OR ");
    let one = |licence: &str| {
        let licence = licence.split(" WITH ").next().unwrap_or_default().trim();
        ALLOWED.contains(&licence) || WEAK_COPYLEFT.contains(&licence)
    };
    // "A AND B OR C" is only ever written in brackets in practice: all parts of an AND
    // must have an allowed alternative.
    !plain.trim().is_empty() && plain.split(" AND ").all(|all| all.split(" OR ").any(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_alternative_is_enough_and_gpl_is_not_allowed() {
        assert!(is_allowed("MIT OR Apache-2.0"));
        assert!(is_allowed("MIT/Apache-2.0"));
        assert!(is_allowed("(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(is_allowed("Apache-2.0 WITH LLVM-exception"));
        assert!(!is_allowed("GPL-3.0"));
        assert!(!is_allowed("MIT AND GPL-2.0"));
        assert!(!is_allowed(""));
    }
}
