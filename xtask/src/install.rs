//! Tools that some suites need: installed through the system's package manager, unasked
//! only where nobody is there to be asked.

use std::io::{IsTerminal, Write};
use std::process::Command;

/// A program, and the Debian package that has it.
const TOOLS: [(&str, &str); 3] = [("strace", "strace"), ("ip", "iproute2"), ("nft", "nftables")];

/// Installs what is missing, if that can be done here.
pub(crate) fn ensure() {
    let mut missing: Vec<&str> = TOOLS
        .iter()
        .filter(|(program, _)| !is_there(program))
        .map(|(_, package)| *package)
        .collect();
    if !has_venv() {
        missing.push("python3-venv");
    }
    if missing.is_empty() || !cfg!(target_os = "linux") || !is_there("apt-get") {
        return;
    }
    let prefix = if is_root() { "" } else { "sudo " };
    let packages = missing.join(" ");
    let command = format!("{prefix}apt-get install --yes --no-install-recommends {packages}");
    let unattended = std::env::var_os("CI").is_some() && is_root();
    if !unattended && !agreed(&command) {
        crate::say(&format!("not installed: {packages}; the suites that need them say so"));
        return;
    }
    crate::say(&format!("installing: {packages}"));
    if !shell(&command, unattended) {
        shell(&format!("{prefix}apt-get update && {command}"), unattended);
    }
}

/// Runs a line; whoever was asked may be asked for a password, a machine is not.
fn shell(line: &str, unattended: bool) -> bool {
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).env("DEBIAN_FRONTEND", "noninteractive");
    if unattended {
        shell.output().is_ok_and(|output| output.status.success())
    } else {
        shell.status().is_ok_and(|status| status.success())
    }
}

fn is_there(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&paths).collect::<Vec<_>>();
    folders.extend(["/usr/sbin".into(), "/sbin".into()]);
    folders.iter().any(|folder| folder.join(program).is_file())
}

/// Debian has a `python3` that cannot make environments until a package is added.
fn has_venv() -> bool {
    let output = Command::new("python3").args(["-c", "import ensurepip, venv"]).output();
    output.is_ok_and(|output| output.status.success())
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

#[allow(clippy::print_stderr)]
fn agreed(command: &str) -> bool {
    if !std::io::stdin().is_terminal() {
        return false;
    }
    eprint!("Some suites need tools that are missing. Run this?\n  {command}\n[y/N] ");
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).is_ok() && answer.trim().eq_ignore_ascii_case("y")
}
