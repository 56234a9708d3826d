//! Help in the person's language, with an example for every command.

use clap::builder::Resettable;
use clap::{Arg, ArgAction, Command, CommandFactory};

use super::Cli;
use crate::texts::Texts;

/// The whole command tree with its texts put in.
pub fn localised(texts: &Texts) -> Command {
    let version = env!("CARGO_PKG_VERSION");
    let command = Cli::command()
        .version(version)
        .arg(flag("help", 'h', ActionOf::Help))
        .arg(flag("version", 'V', ActionOf::Version).global(false));
    with_texts(command, "help", texts)
}

/// The name under which each command's texts stand: `help`, `help-booking`,
/// `help-booking-request`.
pub fn paths(command: &Command) -> Vec<String> {
    fn walk(command: &Command, key: String, out: &mut Vec<String>) {
        for child in command.get_subcommands() {
            walk(child, format!("{key}-{}", child.get_name()), out);
        }
        out.push(key);
    }
    let mut out = Vec::new();
    walk(command, "help".to_owned(), &mut out);
    out
}

enum ActionOf {
    Help,
    Version,
}

fn flag(name: &'static str, short: char, action: ActionOf) -> Arg {
    let action = match action {
        ActionOf::Help => ArgAction::Help,
        ActionOf::Version => ArgAction::Version,
    };
    Arg::new(name).long(name).short(short).action(action).global(true)
}

fn with_texts(mut command: Command, key: &str, texts: &Texts) -> Command {
    let about = texts.get(key);
    let example = texts.attribute(key, "example", []).unwrap_or_default();
    let template = template(&command, &example, texts);
    command = command.about(about).long_about(Resettable::Reset).help_template(template);
    command = command.mut_args(|arg| {
        let text = argument(key, arg.get_id().as_str(), texts);
        arg.help(text)
            .long_help(Resettable::Reset)
            .hide_env(true)
            .hide_default_value(true)
            .hide_possible_values(true)
    });
    let names: Vec<String> =
        command.get_subcommands().map(|child| child.get_name().to_owned()).collect();
    for name in names {
        let child_key = format!("{key}-{name}");
        command = command.mut_subcommand(name, |child| with_texts(child, &child_key, texts));
    }
    command
}

/// The text of an argument: its own for this command, else the one all share.
fn argument(command_key: &str, id: &str, texts: &Texts) -> String {
    let id = id.replace('_', "-");
    let own = command_key.replacen("help", "arg", 1);
    texts.try_with(&format!("{own}-{id}"), []).unwrap_or_else(|| texts.get(&format!("arg-{id}")))
}

/// The page: clap's own headings are English, so each stands in the template.
fn template(command: &Command, example: &str, texts: &Texts) -> String {
    let mut page = String::from("{about}\n\n");
    let mut section = |heading: &str, body: &str| {
        page.push_str(&format!("{}\n{body}\n\n", texts.get(heading)));
    };
    section("help-heading-usage", "  {usage}");
    if command.get_subcommands().next().is_some() {
        section("help-heading-commands", "{subcommands}");
    }
    if command.get_positionals().next().is_some() {
        section("help-heading-arguments", "{positionals}");
    }
    section("help-heading-options", "{options}");
    let indented: Vec<String> = example.lines().map(|line| format!("  {}", line.trim())).collect();
    page.push_str(&format!("{}\n{}", texts.get("help-heading-example"), indented.join("\n")));
    page
}
