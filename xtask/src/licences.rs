//! What the dependencies ask: every licence must be one of these.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::report::Report;

/// Allowed for anyone.
const ALLOWED: [&str; 13] = [
    "IJG",
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "0BSD",
    "Unlicense",
    "CC0-1.0",
    "Unicode-3.0",
];
/// Packages under MPL-2.0, which asks back only changes of their own files: we make none.
const MPL: [&str; 1] = ["attohttpc"];

/// The check as a suite.
pub(crate) fn suite(root: &Path) -> Report {
    Report::of_check("licences", check(root).map(|_| ()))
}

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
        if !is_allowed(name, licence) {
            refused.push(format!("{name}: {}", if licence.is_empty() { "none" } else { licence }));
        }
    }
    if refused.is_empty() { Ok(packages.len()) } else { Err(refused.join("\n")) }
}

/// Whether an SPDX expression can be met: of alternatives one must be allowed, of what
/// is joined by AND all.
fn is_allowed(name: &str, expression: &str) -> bool {
    let plain = expression.replace(['(', ')'], " ").replace('/', " OR ");
    let one = |licence: &str| {
        let licence = licence.split(" WITH ").next().unwrap_or_default().trim();
        ALLOWED.contains(&licence) || (licence == "MPL-2.0" && MPL.contains(&name))
    };
    // Brackets are taken away and AND is looked at before OR: this may refuse an odd
    // expression that could be met, and never allows one that cannot.
    !plain.trim().is_empty() && plain.split(" AND ").all(|all| all.split(" OR ").any(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_alternative_is_enough_and_gpl_is_not_allowed() {
        let allowed = |expression| is_allowed("any", expression);
        assert!(allowed("MIT OR Apache-2.0"));
        assert!(allowed("MIT/Apache-2.0"));
        assert!(allowed("(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(allowed("Apache-2.0 WITH LLVM-exception"));
        assert!(allowed("MIT OR Apache-2.0 OR LGPL-2.1-or-later"));
        assert!(!allowed("GPL-3.0"));
        assert!(!allowed("MIT AND GPL-2.0"));
        assert!(!allowed("(MIT AND GPL-2.0) OR (ISC AND GPL-2.0)"));
        assert!(!allowed("MPL-2.0"));
        assert!(!allowed(""));
    }
}
