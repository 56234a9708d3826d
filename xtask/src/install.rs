//! Tools that some suites need: installed through the system's package manager, unasked
//! only where nobody is there to be asked.

use std::io::{IsTerminal, Write};
use std::process::Command;

/// A program, and the Debian package that has it.
const TOOLS: [(&str, &str); 4] =
    [("strace", "strace"), ("ip", "iproute2"), ("nft", "nftables"), ("python3", "python3-venv")];

/// Installs what is missing, if that can be done here.
pub(crate) fn ensure() {
    let missing: Vec<&str> = TOOLS
        .iter()
        .filter(|(program, _)| !is_there(program))
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() || !is_there("apt-get") {
        return;
    }
    let command = format!("apt-get install --yes --no-install-recommends {}", missing.join(" "));
    let unattended = std::env::var_os("CI").is_some() && is_root();
    if !unattended && !agreed(&command) {
        crate::say(&format!(
            "not installed: {}; the suites that need them say so",
            missing.join(" ")
        ));
        return;
    }
    crate::say(&format!("installing: {}", missing.join(" ")));
    let quiet = |line: &str| {
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).env("DEBIAN_FRONTEND", "noninteractive");
        shell.output().is_ok_and(|output| output.status.success())
    };
    let prefix = if is_root() { "" } else { "sudo " };
    if !quiet(&format!("{prefix}{command}")) {
        quiet(&format!("{prefix}apt-get update && {prefix}{command}"));
    }
}

fn is_there(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&paths).collect::<Vec<_>>();
    folders.extend(["/usr/sbin".into(), "/sbin".into()]);
    folders.iter().any(|folder| folder.join(program).is_file())
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.starts_with(b"0"))
}

fn agreed(command: &str) -> bool {
    if !std::io::stdin().is_terminal() {
        return false;
    }
    crate::say(&format!(
        "Some suites need tools that are missing. Run this?\n  sudo {command}\n[y/N] "
    ));
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).is_ok() && answer.trim().eq_ignore_ascii_case("y")
}
