//! No code reaches a person without words.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::*;
use crate::texts::Lang;

/// What codes begin with: the subjects of [`TABLE`].
fn subjects() -> std::collections::BTreeSet<&'static str> {
    TABLE.iter().filter_map(|(code, _)| code.split_once('.').map(|(subject, _)| subject)).collect()
}

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            if !path.ends_with("tests") && !path.ends_with("sim") {
                sources(&path, found);
            }
        } else if path.extension().is_some_and(|it| it == "rs") && !path.ends_with("tests.rs") {
            found.push(path);
        }
    }
}

/// Whether a text is `subject.what` (or deeper) of small letters and underscores.
fn is_code(text: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty() && part.bytes().all(|it| it.is_ascii_lowercase() || it == b'_')
    };
    text.contains('.') && text.split('.').all(part)
}

/// Every code that a source file of the workspace's crates holds as a text.
fn declared() -> BTreeMap<String, PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    for part in ["core/model/src", "core/node/src", "hub/src"] {
        sources(&root.join(part), &mut files);
    }
    let subjects = subjects();
    let mut codes = BTreeMap::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        // What a module's own tests say is no promise.
        let product = text.split("#[cfg(test)]").next().unwrap();
        for literal in product.split('"').filter(|it| is_code(it)) {
            if literal.split('.').next().is_some_and(|subject| subjects.contains(subject)) {
                codes.insert(literal.to_owned(), file.clone());
            }
        }
    }
    codes
}

#[test]
fn every_code_that_a_crate_declares_has_words_of_its_own() {
    let declared = declared();
    assert!(declared.len() > 100, "the sources were not read: {}", declared.len());
    let missing: Vec<_> =
        declared.iter().filter(|(code, _)| !TABLE.iter().any(|(known, _)| known == code)).collect();
    assert!(missing.is_empty(), "no place in the table, so no words: {missing:#?}");
}

#[test]
fn every_code_says_what_happened_and_what_to_do_in_both_languages() {
    for lang in Lang::ALL {
        let texts = Texts::of(lang);
        for (code, _) in TABLE {
            let key = CliError::new(code).key();
            assert!(texts.try_with(&key, []).is_some(), "{code} has no message in {lang:?}");
            assert!(texts.attribute(&key, "hint", []).is_some(), "{code}: no hint in {lang:?}");
        }
        for kind in Kind::ALL {
            let unknown = CliError::of_kind("unheard.of", kind);
            assert!(!unknown.message(texts).starts_with("error-"));
            assert!(!unknown.hint(texts).is_empty(), "{kind:?} says nothing in {lang:?}");
        }
    }
}

#[test]
fn exit_codes_are_those_of_the_contract() {
    let exits: Vec<u8> = Kind::ALL.iter().map(|kind| kind.exit()).collect();
    assert_eq!(exits, [1, 2, 3, 4, 5, 6, 7, 8, 9, 130]);
    let mut codes: Vec<&str> = TABLE.iter().map(|(code, _)| *code).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), TABLE.len(), "a code stands twice");
}
