//! `docs/cli.md`: what stands below its mark is made from the command tree itself.

use std::fmt::Write as _;

use clap::{Command, CommandFactory as _};

use super::{Cli, localised};
use crate::answer::{COMMANDS, schemas};
use crate::texts::{Lang, Texts};

/// The page.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/cli.md");
/// What stands above it is written by hand.
const MARK: &str =
    "<!-- Below: made from the program; PALIER_UPDATE_GOLDEN=1 writes it anew. -->\n";

/// Every command that does something, with its words.
fn commands(command: &Command, words: &str, out: &mut Vec<(String, Command)>) {
    if !command.is_subcommand_required_set() && !words.is_empty() {
        out.push((words.to_owned(), command.clone()));
    }
    for child in command.get_subcommands() {
        let words = format!("{words} {}", child.get_name());
        commands(child, words.trim(), out);
    }
}

fn generated() -> String {
    let texts = Texts::of(Lang::En);
    let mut tree = localised(texts);
    tree.build();
    let mut all = Vec::new();
    commands(&tree, "", &mut all);
    let mut page = String::new();
    for (words, command) in all {
        let key = format!("help-{}", words.replace(' ', "-"));
        let example = texts.attribute(&key, "example", []).unwrap_or_default();
        let (_, answers) = COMMANDS.iter().find(|(of, _)| *of == words).unwrap();
        let answers: Vec<_> = answers.iter().map(|name| format!("`{name}`")).collect();
        let text = texts.get(&key);
        writeln!(page, "\n### palier {words}\n\n{text}\n\n```\n{example}\n```\n").unwrap();
        for arg in command.get_arguments().filter(|arg| !arg.is_global_set()) {
            let name = match (arg.get_long(), arg.get_value_names()) {
                (Some(long), Some([value, ..])) if arg.get_action().takes_values() => {
                    format!("--{long} {value}")
                }
                (Some(long), _) => format!("--{long}"),
                (None, Some([value, ..])) => value.to_string(),
                (None, _) => continue,
            };
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            writeln!(page, "- `{name}`: {help}").unwrap();
        }
        writeln!(page, "- Answers: {}", answers.join(", ")).unwrap();
    }
    page
}

#[test]
fn the_page_of_commands_says_what_the_program_does() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (head, told) = page.split_once(MARK).unwrap();
    let made = generated();
    if std::env::var_os("PALIER_UPDATE_GOLDEN").is_some() {
        return std::fs::write(PAGE, format!("{head}{MARK}{made}")).unwrap();
    }
    assert!(told == made, "docs/cli.md is out of date; PALIER_UPDATE_GOLDEN=1 writes it");
}

#[test]
fn every_command_says_which_answer_it_gives() {
    let mut all = Vec::new();
    commands(&Cli::command(), "", &mut all);
    let mut all: Vec<String> = all.into_iter().map(|(words, _)| words).collect();
    let mut told: Vec<String> = COMMANDS.iter().map(|(words, _)| (*words).to_owned()).collect();
    all.sort();
    told.sort();
    assert_eq!(all, told);
    let names = schemas();
    for name in COMMANDS.iter().flat_map(|(_, names)| *names) {
        assert!(names.contains_key(name), "{name} has no schema");
    }
}
