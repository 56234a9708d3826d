//! Small pieces: colour, short ids, texts of neighbours made harmless.

use std::fmt::Display;

use crate::texts::{Param, Texts};

/// Characters of an id shown to people; `Ref` takes them back.
const SHORT_ID_CHARS: usize = 12;

/// How to show an answer.
pub struct View<'a> {
    /// The language.
    pub texts: &'a Texts,
    /// Only on a terminal.
    pub color: bool,
    /// Only what a script needs.
    pub quiet: bool,
}

impl View<'_> {
    /// A text without values.
    pub fn get(&self, key: &str) -> String {
        self.texts.get(key)
    }

    /// A text with values.
    pub fn with<'a>(&self, key: &str, params: impl IntoIterator<Item = Param<'a>>) -> String {
        self.texts.with(key, params)
    }

    /// What matters most.
    pub fn strong(&self, text: &str) -> String {
        self.paint("1", text)
    }

    /// Good news.
    pub fn good(&self, text: &str) -> String {
        self.paint("32", text)
    }

    /// Bad news.
    pub fn bad(&self, text: &str) -> String {
        self.paint("31", text)
    }

    /// What matters less.
    pub fn faint(&self, text: &str) -> String {
        self.paint("2", text)
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.color && !text.is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// A line `name: value`, or nothing where there is no value.
    pub fn field(&self, key: &str, value: &str) -> String {
        if value.is_empty() {
            return String::new();
        }
        format!("  {}: {value}\n", self.get(key))
    }
}

/// The beginning of an id: enough to tell it apart and to give it back.
pub(super) fn short(id: &impl Display) -> String {
    id.to_string().chars().take(SHORT_ID_CHARS).collect()
}

/// A text as a terminal may have it: no escapes, no control characters, nothing that
/// turns the direction of what follows.
pub fn plain(text: &str) -> String {
    let harmless = |c: char| match c {
        '\n' | '\t' => ' ',
        c if c.is_control() => '\u{fffd}',
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c => c,
    };
    text.chars().map(harmless).collect()
}

/// The same, line breaks kept: for descriptions.
pub(super) fn paragraphs(text: &str) -> String {
    text.lines().map(plain).collect::<Vec<_>>().join("\n")
}
