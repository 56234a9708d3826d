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
