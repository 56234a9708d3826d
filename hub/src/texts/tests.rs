use std::collections::{BTreeMap, BTreeSet};

use fluent_bundle::FluentResource;

use super::*;

/// Every message and attribute with the variables it uses, by a scan that shares no
/// code with the formatter.
fn inventory(files: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    let mut out: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in files {
        let mut message = String::new();
        let mut key = String::new();
        for line in file.lines().filter(|line| !line.starts_with('#')) {
            let named = |line: &str| line.split_once('=').map(|(name, _)| name.trim().to_owned());
            if line.starts_with(|c: char| c.is_ascii_alphabetic()) {
                message = named(line).unwrap();
                key = message.clone();
                assert!(out.insert(key.clone(), BTreeSet::new()).is_none(), "{key} stands twice");
            } else if line.trim_start().starts_with('.') {
                key = format!("{message}{}", named(line).unwrap());
                out.entry(key.clone()).or_default();
            }
            for piece in line.split('$').skip(1) {
                let variable: String =
                    piece.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                out.entry(key.clone()).or_default().insert(variable);
            }
        }
    }
    out
}

#[test]
fn both_languages_say_the_same_things_with_the_same_values() {
    let (fr, en) = (inventory(&FRENCH), inventory(&ENGLISH));
    let keys =
        |all: &BTreeMap<String, BTreeSet<String>>| all.keys().cloned().collect::<BTreeSet<_>>();
    let (fr_keys, en_keys) = (keys(&fr), keys(&en));
    let alone: Vec<_> = fr_keys.symmetric_difference(&en_keys).collect();
    assert!(alone.is_empty(), "in one language only: {alone:?}");
    for (key, variables) in &fr {
        assert_eq!(variables, &en[key], "{key}");
    }
}

#[test]
fn every_file_is_sound_fluent() {
    for file in FRENCH.iter().chain(&ENGLISH) {
        if let Err((_, errors)) = FluentResource::try_new((*file).to_owned()) {
            panic!("{errors:?} in {file}");
        }
    }
}

#[test]
fn plurals_follow_each_language() {
    let said = |lang, n: u64| Texts::of(lang).with("hood-members", [("n", n.into())]);
    assert_eq!([0, 1, 2].map(|n| said(Lang::Fr, n)), ["0 membre", "1 membre", "2 membres"]);
    assert_eq!([0, 1, 2].map(|n| said(Lang::En, n)), ["0 members", "1 member", "2 members"]);
}

#[test]
fn a_missing_text_shows_its_key_and_never_panics() {
    let texts = Texts::of(Lang::Fr);
    assert_eq!(texts.get("no-such-text"), "no-such-text");
    assert_eq!(texts.attribute("help", "no-such", []), None);
    assert!(texts.with("saved", []).contains("Enregistré"));
}

/// Sources that name texts, and the files those texts stand in.
const SPEAKERS: [&str; 21] = [
    include_str!("../render/calendar.rs"),
    include_str!("../render/credit.rs"),
    include_str!("../render/deal.rs"),
    include_str!("../render/ends.rs"),
    include_str!("../render/group.rs"),
    include_str!("../render/words.rs"),
    include_str!("../render/mod.rs"),
    include_str!("../render/machine.rs"),
    include_str!("../render/people.rs"),
    include_str!("../render/request.rs"),
    include_str!("../render/reminder.rs"),
    include_str!("../render/series.rs"),
    include_str!("../render/service.rs"),
    include_str!("../render/sharing.rs"),
    include_str!("../render/style.rs"),
    include_str!("../render/when.rs"),
    include_str!("../demo/mod.rs"),
    include_str!("../demo/story.rs"),
    include_str!("../demo/verdict.rs"),
    include_str!("../args/help.rs"),
    include_str!("../errors/mod.rs"),
];

/// Literals shaped like keys: `booking-firm`.
fn keys_named() -> BTreeSet<String> {
    let shaped = |literal: &str| {
        let word = |word: &str| {
            !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        literal.contains('-') && literal.split('-').all(word)
    };
    let literals = SPEAKERS.iter().flat_map(|source| source.split('"').skip(1).step_by(2));
    literals.filter(|literal| shaped(literal)).map(str::to_owned).collect()
}

#[test]
fn every_text_that_is_named_exists_and_every_text_is_used() {
    let all = inventory(&ENGLISH);
    for key in keys_named() {
        assert!(all.contains_key(&key), "{key} is named but not there");
    }
    let named = keys_named();
    let whole: String = SPEAKERS.concat();
    // Made from codes: `help-…`, `error-…`, `month-3`, `role-hub`, `why-accepted`,
    // `holiday-christmas`.
    let made = ["help", "arg", "error", "month", "role", "why", "holiday"];
    for key in all.keys().filter(|key| !key.contains('.')) {
        let family = key.split('-').next().unwrap();
        let used = named.contains(key) || whole.contains(&format!("\"{key}\""));
        assert!(used || made.contains(&family), "{key} is never shown");
    }
}
