//! Which language to speak.

use std::ffi::OsString;

use serde::{Deserialize, Serialize};
use unic_langid::LanguageIdentifier;

/// A language Palier speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// French, spoken where nothing else is asked for.
    Fr,
    /// English.
    En,
}

impl Lang {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Fr, Self::En];

    pub(super) fn identifier(self) -> LanguageIdentifier {
        let tag = match self {
            Self::Fr => "fr",
            Self::En => "en",
        };
        tag.parse().unwrap_or_default()
    }

    /// The language a locale such as `en_GB.UTF-8` asks for, if we speak it.
    fn of_locale(locale: &str) -> Option<Self> {
        match locale.split(['_', '.', '-', '@']).next().unwrap_or_default() {
            "en" => Some(Self::En),
            "fr" => Some(Self::Fr),
            _ => None,
        }
    }

    /// What the command line asks for (`--lang en`), else the locale, else French.
    ///
    /// Looked for before arguments are parsed: help and usage errors speak it too.
    pub fn detect(argv: &[OsString], env: impl Fn(&str) -> Option<String>) -> Self {
        Self::in_arguments(argv).unwrap_or_else(|| {
            let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
                .into_iter()
                .filter_map(env)
                .find(|value| !value.is_empty());
            locale.and_then(|locale| Self::of_locale(&locale)).unwrap_or(Self::Fr)
        })
    }

    fn in_arguments(argv: &[OsString]) -> Option<Self> {
        let mut words = argv.iter().map(|word| word.to_string_lossy());
        while let Some(word) = words.next() {
            let value = match word.as_ref() {
                "--" => return None,
                "--lang" => words.next()?,
                other => match other.strip_prefix("--lang=") {
                    Some(value) => value.to_owned().into(),
                    None => continue,
                },
            };
            return Self::of_locale(&value);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(argv: &[&str], env: &[(&str, &str)]) -> Lang {
        let argv: Vec<OsString> = argv.iter().map(OsString::from).collect();
        Lang::detect(&argv, |name| {
            env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_flag_wins_then_the_locale_then_french() {
        assert_eq!(detect(&["palier", "--lang", "en"], &[("LANG", "fr_FR.UTF-8")]), Lang::En);
        assert_eq!(detect(&["palier", "x", "--lang=fr"], &[("LANG", "en_GB.UTF-8")]), Lang::Fr);
        assert_eq!(detect(&["palier"], &[("LANG", "en_GB.UTF-8")]), Lang::En);
        assert_eq!(detect(&["palier"], &[("LC_ALL", "fr_FR"), ("LANG", "en_GB")]), Lang::Fr);
        assert_eq!(detect(&["palier"], &[("LC_ALL", ""), ("LANG", "en")]), Lang::En);
        assert_eq!(detect(&["palier"], &[("LANG", "C.UTF-8")]), Lang::Fr);
        assert_eq!(detect(&["palier", "--", "--lang", "en"], &[]), Lang::Fr);
    }
}
