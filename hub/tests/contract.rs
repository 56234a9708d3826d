//! The contract of the command line, held by the program itself: streams, exit codes,
//! the shape of errors.

use std::fs::File;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn palier(home: &std::path::Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_palier"));
    command.env_clear().env("PALIER_HOME", home).env("PALIER_STATE", home.join("state"));
    command.env("LANG", "en_GB.UTF-8").args(words).stdin(Stdio::null());
    command
}

fn give(words: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    palier(home.path(), words).output().unwrap()
}

/// The one object on standard output.
fn json(output: &Output) -> Value {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    assert_eq!(text.lines().count(), 1, "one object: {text}");
    serde_json::from_str(text).unwrap()
}

#[test]
fn every_failure_has_the_same_shape_and_its_exit_code() {
    for (words, code, exit) in [
        (vec!["--json", "bookings"], "usage.unknown_command", 2),
        (vec!["booking", "show", "--json"], "usage.missing_argument", 2),
        (vec!["status", "--json"], "home.none", 3),
        (vec!["--as", "../x", "status", "--json"], "invalid.profile", 7),
        (vec!["schema", "Nothing", "--json"], "usage.unknown_type", 2),
        (vec!["run", "--json"], "home.none", 3),
    ] {
        let output = give(&words);
        assert_eq!(output.status.code(), Some(exit), "{words:?}");
        let answer = json(&output);
        let error = &answer["error"];
        assert_eq!(error["code"], code, "{words:?}");
        assert!(error["message"].as_str().is_some_and(|text| !text.is_empty()));
        assert!(error["hint"].as_str().is_some_and(|text| !text.is_empty()));
        assert!(error["params"].is_object());
    }
}

#[test]
fn people_read_errors_on_standard_error_in_their_language() {
    let output = give(&["status"]);
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("palier init"));
    let output = give(&["status", "--lang", "fr"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("foyer"));
}

#[test]
fn bare_palier_in_an_empty_home_offers_three_ways() {
    let output = give(&["--json"]);
    assert_eq!(output.status.code(), Some(0));
    let ways = json(&output);
    let ways: Vec<_> = ways["ways"].as_array().unwrap().iter().map(|way| &way["way"]).collect();
    assert_eq!(ways, ["found", "join", "recover"]);
    let home = tempfile::tempdir().unwrap();
    palier(home.path(), &[]).output().unwrap();
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0, "looking makes nothing");
}

#[test]
fn schemas_are_printed_and_one_can_be_chosen() {
    let all = json(&give(&["schema"]));
    assert!(all["Booking"]["properties"]["waiting_for"].is_object());
    let one = json(&give(&["schema", "booking"]));
    assert_eq!(one.as_object().unwrap().len(), 1);
}

#[test]
fn completions_name_every_noun() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = String::from_utf8(give(&["completions", shell]).stdout).unwrap();
        for noun in ["booking", "listing", "waitlist", "doctor"] {
            assert!(script.contains(noun), "{noun} in {shell}");
        }
    }
}

/// The one object of a failure.
fn failure(words: &[&str], exit: i32, code: &str) -> Value {
    let output = give(words);
    assert_eq!(output.status.code(), Some(exit), "{words:?}");
    let answer = json(&output);
    assert_eq!(answer["error"]["code"], code, "{words:?}");
    answer["error"].clone()
}

#[test]
fn help_and_version_are_one_object_for_scripts() {
    for words in [vec!["--help", "--json"], vec!["booking", "request", "-h", "--json"]] {
        let help = json(&give(&words));
        assert!(help["help"].as_str().is_some_and(|text| text.contains("Example:")), "{help}");
    }
    assert_eq!(json(&give(&["--version", "--json"]))["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn a_malformed_id_is_named_and_the_way_to_a_right_one_is_told() {
    for lang in ["en", "fr"] {
        let words = ["photo", "add", "perceuse", "x.jpg", "--json", "--lang", lang];
        let error = failure(&words, 2, "usage.invalid_id");
        let said = |field: &str| error[field].as_str().unwrap().to_owned();
        assert!(said("message").contains("perceuse") && said("message").contains("lst_"));
        assert!(!said("message").contains('<') && said("hint").contains("`palier listing list`"));
    }
}

#[test]
fn a_value_that_cannot_be_read_comes_with_what_can() {
    for (words, taken) in [
        (vec!["listing", "add", "castle", "--title", "x"], "parking"),
        (vec!["invite", "create", "--uses", "0"], "1–1000"),
        (vec!["sync", "--within", "soon"], "30s"),
        (vec!["listing", "add", "tool", "--title", "x", "--price", "5"], "4.50eur"),
        (vec!["booking", "request", "lst_aaaa", "--start", "demain"], "2026-12-01T14:00"),
        (vec!["run", "--listen", "here"], "127.0.0.1:4747"),
    ] {
        let error = failure(&[&words[..], &["--json"]].concat(), 2, "usage.invalid_value");
        assert!(error["hint"].as_str().unwrap().contains(taken), "{words:?}: {error}");
    }
    let error = failure(&["statsu", "--json"], 2, "usage.unknown_command");
    assert!(error["hint"].as_str().unwrap().contains("status"), "{error}");
}

#[test]
fn a_failure_that_nobody_reads_is_no_success() {
    let home = tempfile::tempdir().unwrap();
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        writer
    };
    let output = palier(home.path(), &["--json", "status"]).stdout(closed()).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let output = palier(home.path(), &["status"]).stderr(closed()).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn a_stream_whose_reader_has_seen_enough_ends_without_complaint() {
    let home = tempfile::tempdir().unwrap();
    let must = |words: &[&str]| {
        assert!(palier(home.path(), words).output().unwrap().status.success(), "{words:?}");
    };
    must(&["init", "--name", "Anna"]);
    must(&["hood", "found", "Les Lilas"]);
    for words in [vec!["dump", "--open"], vec!["run", "--offline", "--json"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = palier(home.path(), &words).stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{words:?}");
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn whoever_is_interrupted_hears_so_in_one_object() {
    let home = tempfile::tempdir().unwrap();
    let mut command = palier(home.path(), &["device", "recover", "--json"]);
    // It waits for the twelve words.
    let (words, _waits) = std::io::pipe().unwrap();
    command.stdin(words).stdout(Stdio::piped());
    let child = command.spawn().unwrap();
    let pid = child.id().to_string();
    // Before it listens for the signal, the signal itself ends it.
    wait_for_handler(&pid);
    Command::new("kill").args(["-INT", &pid]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(json(&output)["error"]["code"], "interrupted");
}

/// Waits until a process has a handler for SIGINT.
#[cfg(target_os = "linux")]
fn wait_for_handler(pid: &str) {
    let begun = std::time::Instant::now();
    loop {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        if caught.is_some_and(|mask| mask & (1 << 1) != 0) {
            return;
        }
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "no handler");
        std::thread::yield_now();
    }
}

#[test]
fn help_ends_well_and_every_language_has_it() {
    for words in [vec!["--help"], vec!["help", "booking"], vec!["booking", "request", "-h"]] {
        let output = give(&words);
        assert_eq!(output.status.code(), Some(0));
        assert!(String::from_utf8_lossy(&output.stdout).contains("Example:"));
    }
    assert!(String::from_utf8_lossy(&give(&["--version"]).stdout).starts_with("palier "));
}

#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_cannot_be_written_is_no_success_and_no_panic() {
    let home = tempfile::tempdir().unwrap();
    for words in [vec!["schema"], vec!["--help"]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let status = palier(home.path(), &words).stdout(full).status().unwrap();
        assert_eq!(status.code(), Some(8), "{words:?}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let home = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = palier(home.path(), &["schema"]).stdout(writer).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
}
