//! What people read, in French and English.
//!
//! Texts live in Fluent files under `locales/`; both languages hold the same
//! messages with the same attributes and variables (a test compares them). No
//! sentence for people stands in Rust.

mod lang;

pub use lang::Lang;

use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

/// The files of one language.
const FRENCH: [&str; 4] = [
    include_str!("../../locales/fr/help.ftl"),
    include_str!("../../locales/fr/answers.ftl"),
    include_str!("../../locales/fr/errors.ftl"),
    include_str!("../../locales/fr/demo.ftl"),
];
const ENGLISH: [&str; 4] = [
    include_str!("../../locales/en/help.ftl"),
    include_str!("../../locales/en/answers.ftl"),
    include_str!("../../locales/en/errors.ftl"),
    include_str!("../../locales/en/demo.ftl"),
];

/// One value put into a text: a name and what stands there.
pub type Param<'a> = (&'a str, FluentValue<'a>);

/// The texts of one language.
pub struct Texts {
    lang: Lang,
    bundle: FluentBundle<FluentResource>,
}

impl Texts {
    /// The texts of `lang`, read once per process.
    pub fn of(lang: Lang) -> &'static Self {
        static FR: OnceLock<Texts> = OnceLock::new();
        static EN: OnceLock<Texts> = OnceLock::new();
        match lang {
            Lang::Fr => FR.get_or_init(|| Self::load(lang, &FRENCH)),
            Lang::En => EN.get_or_init(|| Self::load(lang, &ENGLISH)),
        }
    }

    fn load(lang: Lang, files: &[&str]) -> Self {
        let mut bundle = FluentBundle::new_concurrent(vec![lang.identifier()]);
        // Marks around each value would end up in what people copy and scripts grep.
        bundle.set_use_isolating(false);
        for file in files {
            let resource = match FluentResource::try_new((*file).to_owned()) {
                Ok(resource) => resource,
                Err((readable, errors)) => {
                    tracing::error!(?errors, "a text file is damaged");
                    readable
                }
            };
            if let Err(errors) = bundle.add_resource(resource) {
                tracing::error!(?errors, "a text stands twice");
            }
        }
        Self { lang, bundle }
    }

    /// Which language this is.
    pub const fn lang(&self) -> Lang {
        self.lang
    }

    /// A text without values.
    pub fn get(&self, key: &str) -> String {
        self.with(key, [])
    }

    /// A text with values. A key that is missing shows itself, so that it is seen.
    pub fn with<'a>(&self, key: &str, params: impl IntoIterator<Item = Param<'a>>) -> String {
        self.find(key, None, params).unwrap_or_else(|| key.to_owned())
    }

    /// A text, if there is one.
    pub fn try_with<'a>(
        &self,
        key: &str,
        params: impl IntoIterator<Item = Param<'a>>,
    ) -> Option<String> {
        self.find(key, None, params)
    }

    /// An attribute of a text (`.hint`, `.example`), if there is one.
    pub fn attribute<'a>(
        &self,
        key: &str,
        attribute: &str,
        params: impl IntoIterator<Item = Param<'a>>,
    ) -> Option<String> {
        self.find(key, Some(attribute), params)
    }

    fn find<'a>(
        &self,
        key: &str,
        attribute: Option<&str>,
        params: impl IntoIterator<Item = Param<'a>>,
    ) -> Option<String> {
        let message = self.bundle.get_message(key)?;
        let pattern = match attribute {
            None => message.value()?,
            Some(name) => message.get_attribute(name)?.value(),
        };
        let mut args = FluentArgs::new();
        for (name, value) in params {
            args.set(name, value);
        }
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, Some(&args), &mut errors);
        if !errors.is_empty() {
            tracing::debug!(key, ?errors, "a text lacks a value");
        }
        Some(text.into_owned())
    }
}

#[cfg(test)]
mod tests;
