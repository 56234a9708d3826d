//! What clap says about a command line, turned into an error of ours.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::CliError;

/// Longest piece of a command line repeated in an error, in characters.
const ECHO_CHARS: usize = 80;

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
    let mut out =
        CliError::new(code).param("argument", get(&[C::InvalidArg, C::InvalidSubcommand]));
    let value = get(&[C::InvalidValue, C::PriorArg]);
    if !value.is_empty() {
        out = out.param("value", value);
    }
    let expected = get(&[
        C::SuggestedArg,
        C::SuggestedSubcommand,
        C::SuggestedValue,
        C::ValidValue,
        C::ValidSubcommand,
    ]);
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

fn shown(value: &ContextValue) -> String {
    shown_in_full(value).chars().take(ECHO_CHARS).collect()
}

fn shown_in_full(value: &ContextValue) -> String {
    let plain = |text: String| text.chars().filter(|c| !c.is_control()).collect::<String>();
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
