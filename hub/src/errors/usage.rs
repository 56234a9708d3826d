//! What clap says about a command line, turned into an error of ours.

use std::error::Error as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::CliError;

/// Longest piece of a command line repeated in an error, in characters.
const ECHO_CHARS: usize = 80;
/// Characters of what an id begins with.
const PREFIX_CHARS: usize = 4;

/// The error for a command line that clap refused.
pub fn from_clap(error: &clap::Error) -> CliError {
    let code = match error.kind() {
        ErrorKind::UnknownArgument => "usage.unknown_argument",
        ErrorKind::InvalidSubcommand => "usage.unknown_command",
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            "usage.missing_command"
        }
        ErrorKind::MissingRequiredArgument => "usage.missing_argument",
        ErrorKind::ArgumentConflict => "usage.conflict",
        ErrorKind::InvalidUtf8 => "usage.not_utf8",
        ErrorKind::InvalidValue
        | ErrorKind::ValueValidation
        | ErrorKind::NoEquals
        | ErrorKind::TooManyValues
        | ErrorKind::TooFewValues
        | ErrorKind::WrongNumberOfValues => "usage.invalid_value",
        _ => "usage",
    };
    let get = |kinds: &[ContextKind]| {
        kinds.iter().find_map(|kind| error.get(*kind)).map(shown).unwrap_or_default()
    };
    use ContextKind as C;
    // What a value of ours says it takes: a prefix, examples, bounds.
    let taken = error.source().map(|taken| plain(taken.to_string()));
    let is_prefix = |taken: &str| taken.len() == PREFIX_CHARS && taken.ends_with('_');
    let code = match &taken {
        Some(taken) if is_prefix(taken) => "usage.invalid_id",
        _ => code,
    };
    let mut out =
        CliError::new(code).param("argument", get(&[C::InvalidArg, C::InvalidSubcommand]));
    let value = get(&[C::InvalidValue, C::PriorArg]);
    if !value.is_empty() || taken.is_some() {
        out = out.param("value", value);
    }
    let expected = taken.unwrap_or_else(|| match error.kind() {
        ErrorKind::InvalidValue => get(&[C::ValidValue]),
        _ => get(&[C::SuggestedArg, C::SuggestedSubcommand, C::ValidSubcommand]),
    });
    if !expected.is_empty() {
        out = out.param("expected", expected);
    }
    if let Some(usage) = error.get(C::Usage) {
        let usage = shown_in_full(usage);
        let usage = usage.split_once(':').map_or(usage.as_str(), |(_, rest)| rest);
        out = out.param("usage", usage.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    out
}

fn plain(text: String) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

fn shown(value: &ContextValue) -> String {
    shown_in_full(value).chars().take(ECHO_CHARS).collect()
}

fn shown_in_full(value: &ContextValue) -> String {
    match value {
        ContextValue::String(text) => plain(text.clone()),
        ContextValue::Strings(all) => plain(all.join(", ")),
        ContextValue::StyledStr(text) => plain(text.to_string().replace('\n', " ")),
        ContextValue::StyledStrs(all) => {
            plain(all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        }
        ContextValue::Number(n) => n.to_string(),
        ContextValue::Bool(b) => b.to_string(),
        _ => String::new(),
    }
}
