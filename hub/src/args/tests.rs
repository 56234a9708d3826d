use clap::CommandFactory;

use super::*;

fn words(line: &str) -> Vec<OsString> {
    let words = shlex::split(line).unwrap_or_else(|| panic!("quotes do not close: {line}"));
    words.into_iter().map(OsString::from).collect()
}

#[test]
fn the_command_tree_is_sound() {
    Cli::command().debug_assert();
    for lang in Lang::ALL {
        localised(Texts::of(lang)).debug_assert();
    }
}

#[test]
fn every_command_has_help_and_an_example_that_is_taken_in_both_languages() {
    for lang in Lang::ALL {
        let texts = Texts::of(lang);
        for key in paths(&Cli::command()) {
            assert!(texts.try_with(&key, []).is_some(), "no {key} in {lang:?}");
            let example = texts.attribute(&key, "example", []);
            let example = example.unwrap_or_else(|| panic!("no {key}.example in {lang:?}"));
            for line in example.lines().filter(|line| line.contains("palier")) {
                let line = line.split(" > ").next().unwrap();
                if let Err(error) = parse(&words(line), texts) {
                    panic!("the example of {key} in {lang:?} is not taken: {line}: {error}");
                }
            }
        }
    }
}

fn walk(command: &clap::Command, visit: &mut impl FnMut(&clap::Command)) {
    visit(command);
    command.get_subcommands().for_each(|child| walk(child, visit));
}

#[test]
fn every_argument_is_explained_with_its_values_and_its_default() {
    for lang in Lang::ALL {
        let mut tree = localised(Texts::of(lang));
        tree.build();
        walk(&tree, &mut |command| {
            for arg in command.get_arguments() {
                let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                let name = format!("{} {}", command.get_name(), arg.get_id());
                assert!(!help.is_empty() && !help.starts_with("arg-"), "{name} in {lang:?}");
                if !arg.get_action().takes_values() {
                    continue;
                }
                for value in arg.get_possible_values() {
                    assert!(help.contains(value.get_name()), "{name}: {help}");
                }
                for value in arg.get_default_values() {
                    assert!(help.contains(&*value.to_string_lossy()), "{name}: {help}");
                }
            }
        });
    }
}

#[test]
fn help_speaks_only_the_language_asked_for() {
    for (lang, yes, no) in [(Lang::Fr, "Exemple", "Usage:"), (Lang::En, "Example", "Exemple")] {
        let texts = Texts::of(lang);
        for line in ["palier --help", "palier help booking", "palier booking request -h"] {
            let Ok(Parsed::Text(Told::Help(text))) = parse(&words(line), texts) else {
                panic!("{line}")
            };
            assert!(text.contains(yes) && !text.contains(no), "{line} in {lang:?}:\n{text}");
            assert!(!text.contains("Options:\n") || lang == Lang::En);
        }
    }
}

#[test]
fn global_flags_stand_before_or_after_the_verb() {
    let texts = Texts::of(Lang::En);
    for line in ["palier --json -n rue status", "palier status --json -n rue"] {
        let Ok(Parsed::Command(cli)) = parse(&words(line), texts) else { panic!("{line}") };
        assert!(cli.global.json && cli.global.hood.as_deref() == Some("rue"));
    }
    assert!(wants_json(&words("palier x --json")) && !wants_json(&words("palier -- --json")));
}

#[test]
fn a_wrong_command_line_has_a_code_and_exit_2() {
    let texts = Texts::of(Lang::En);
    for (line, code) in [
        ("palier bookings", "usage.unknown_command"),
        ("palier booking", "usage.missing_command"),
        ("palier status --jsn", "usage.unknown_argument"),
        ("palier booking request", "usage.missing_argument"),
        ("palier booking show mem_aaaa", "usage.invalid_id"),
        ("palier listing add castle --title x", "usage.invalid_value"),
        ("palier invite create --uses 0", "usage.invalid_value"),
        ("palier status -q -v", "usage.conflict"),
    ] {
        let error = parse(&words(line), texts).map(|_| ()).unwrap_err();
        assert_eq!((error.code.as_str(), error.exit()), (code, 2), "{line}");
    }
    let long = [OsString::from("palier"), OsString::from("x".repeat(MAX_ARGV_BYTES))];
    assert_eq!(parse(&long, texts).map(|_| ()).unwrap_err().code, "usage.too_long");
}
