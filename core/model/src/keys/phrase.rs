//! The phrase of a member: 128 bits of entropy, shown as 12 words of BIP39.
//!
//! Invariant: the words are only a way to write the entropy down. The French and the
//! English phrase of one entropy are one identity.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

use bip39::Mnemonic;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::member::MemberKey;

/// Bytes of entropy behind a phrase.
const ENTROPY_BYTES: usize = 16;
/// Words of a phrase: 128 bits and 4 of checksum, 11 a word.
const WORDS: usize = 12;
/// Longest text that is looked at for words, in bytes.
const TEXT_BYTES: usize = 1_024;
/// Letters by which every word of a BIP39 list is told from the others.
const TELLING_LETTERS: usize = 4;

/// A language in which a phrase is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// French.
    French,
    /// English.
    English,
}

/// Why a text is no phrase. Names what the person typed: show it to them, never log it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PhraseError {
    /// Not 12 words.
    #[error("{found} words where {WORDS} are needed")]
    WordCount {
        /// Words found.
        found: usize,
    },
    /// Much longer than 12 words.
    #[error("far too long for a phrase")]
    TooLong,
    /// A word that is not in the list.
    #[error("word {position}, “{word}”, is not in the {language} list")]
    UnknownWord {
        /// Which word, from 1.
        position: usize,
        /// As it was typed, without accents and in lower case.
        word: String,
        /// The language most of the other words are in.
        language: Language,
        /// What may have been meant.
        meant: Option<String>,
    },
    /// All words exist, but the checksum says that one is wrong or out of place.
    #[error("the words do not belong together: one is wrong or out of place")]
    Checksum,
    /// The same words are a phrase in French and another in English.
    #[error("these words are a phrase in both languages: say which")]
    Ambiguous,
}

/// 128 bits from which a member's keys follow. Wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Phrase {
    entropy: Zeroizing<[u8; ENTROPY_BYTES]>,
}

impl Phrase {
    /// A phrase from entropy that the caller drew.
    pub fn from_entropy(entropy: [u8; ENTROPY_BYTES]) -> Self {
        Self { entropy: Zeroizing::new(entropy) }
    }

    /// A new phrase.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        let mut entropy = Zeroizing::new([0; ENTROPY_BYTES]);
        rng.fill_bytes(entropy.as_mut());
        Self { entropy }
    }

    /// The entropy.
    pub fn entropy(&self) -> &[u8; ENTROPY_BYTES] {
        &self.entropy
    }

    /// The 12 words, one space between, accents composed.
    ///
    /// ```
    /// use palier_model::keys::{Language, Phrase};
    /// let phrase = Phrase::from_entropy([0; 16]);
    /// let words = phrase.words(Language::English);
    /// assert!(words.ends_with("abandon about"));
    /// assert_eq!(Phrase::parse(&words).unwrap().entropy(), phrase.entropy());
    /// ```
    pub fn words(&self, language: Language) -> Zeroizing<String> {
        let Ok(words) = Mnemonic::from_entropy_in(language.list(), self.entropy.as_ref()) else {
            // 16 bytes are always an entropy.
            return Zeroizing::default();
        };
        let joined = Zeroizing::new(words.words().collect::<Vec<_>>().join(" "));
        Zeroizing::new(compose(&joined))
    }

    /// Reads a phrase in either language. Case, accents, spacing, numbering and
    /// punctuation between the words do not matter.
    pub fn parse(text: &str) -> Result<Self, PhraseError> {
        let words = split(text)?;
        let [french, english] =
            [Language::French, Language::English].map(|language| language.read(&words));
        match (french, english) {
            (Ok(french), Ok(english)) if french != english => Err(PhraseError::Ambiguous),
            (Ok(phrase), _) | (_, Ok(phrase)) => Ok(phrase),
            // The language that knows more of the words is the one that was meant.
            (Err(french), Err(english)) => {
                let known = |language: Language| {
                    words.iter().filter(|word| language.index().contains_key(word.as_str())).count()
                };
                let is_english = known(Language::English) > known(Language::French);
                Err(if is_english { english } else { french })
            }
        }
    }

    /// Reads a phrase in one language.
    pub fn parse_in(language: Language, text: &str) -> Result<Self, PhraseError> {
        language.read(&split(text)?)
    }

    /// The member's keys.
    pub fn member_key(&self) -> MemberKey {
        MemberKey::from_entropy(self.entropy.as_ref())
    }
}

impl fmt::Debug for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phrase(…)")
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::French => "French",
            Self::English => "English",
        })
    }
}

impl Language {
    fn list(self) -> bip39::Language {
        match self {
            Self::French => bip39::Language::French,
            Self::English => bip39::Language::English,
        }
    }

    /// Folded word → its place in the list.
    fn index(self) -> &'static BTreeMap<String, &'static str> {
        static FRENCH: OnceLock<BTreeMap<String, &'static str>> = OnceLock::new();
        static ENGLISH: OnceLock<BTreeMap<String, &'static str>> = OnceLock::new();
        let cell = match self {
            Self::French => &FRENCH,
            Self::English => &ENGLISH,
        };
        cell.get_or_init(|| {
            self.list().word_list().iter().map(|word| (fold(word).to_string(), *word)).collect()
        })
    }

    fn read(self, folded: &[Zeroizing<String>]) -> Result<Phrase, PhraseError> {
        let mut words = Vec::with_capacity(WORDS);
        for (at, word) in folded.iter().enumerate() {
            let Some(known) = self.index().get(word.as_str()) else {
                return Err(PhraseError::UnknownWord {
                    position: at.saturating_add(1),
                    word: word.to_string(),
                    language: self,
                    meant: self.nearest(word),
                });
            };
            words.push(*known);
        }
        let text = Zeroizing::new(words.join(" "));
        let mnemonic =
            Mnemonic::parse_in_normalized(self.list(), &text).map_err(|_| PhraseError::Checksum)?;
        let (bytes, length) = mnemonic.to_entropy_array();
        let bytes = Zeroizing::new(bytes);
        match bytes.get(..length).and_then(|bytes| bytes.try_into().ok()) {
            Some(entropy) => Ok(Phrase::from_entropy(entropy)),
            None => Err(PhraseError::WordCount { found: folded.len() }),
        }
    }

    /// The word that begins with the same letters, else the one a letter or two away.
    fn nearest(self, word: &str) -> Option<String> {
        let start: String = word.chars().take(TELLING_LETTERS).collect();
        let same_start = self.index().range(start.clone()..).next();
        let found = match same_start {
            Some((known, shown)) if known.starts_with(&start) => Some(*shown),
            _ => self
                .index()
                .iter()
                .map(|(known, shown)| (distance(known, word), *shown))
                .filter(|(far, _)| *far <= 2)
                .min()
                .map(|(_, shown)| shown),
        };
        found.map(compose)
    }
}

/// Words of a text, folded. Whatever is no letter separates them.
fn split(text: &str) -> Result<Vec<Zeroizing<String>>, PhraseError> {
    if text.len() > TEXT_BYTES {
        return Err(PhraseError::TooLong);
    }
    let folded = fold(text);
    let words: Vec<_> = folded
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| !word.is_empty())
        .map(|word| Zeroizing::new(word.to_owned()))
        .collect();
    if words.len() == WORDS {
        Ok(words)
    } else {
        Err(PhraseError::WordCount { found: words.len() })
    }
}

/// NFKD, without the marks that it splits off, in lower case.
fn fold(text: &str) -> Zeroizing<String> {
    let mut text = Cow::Borrowed(text);
    Mnemonic::normalize_utf8_cow(&mut text);
    let decomposed = Zeroizing::new(text.into_owned());
    Zeroizing::new(
        decomposed
            .chars()
            .filter(|c| !('\u{300}'..='\u{36f}').contains(c))
            .flat_map(char::to_lowercase)
            .collect(),
    )
}

/// The lists are decomposed; screens and printers do better with one sign a letter.
fn compose(words: &str) -> String {
    words.replace("e\u{301}", "é").replace("e\u{300}", "è")
}

/// Letters to change, add or drop to get from one word to the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(2 * WORDS).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn french_and_english_words_are_one_entropy(entropy: [u8; 16]) {
            let phrase = Phrase::from_entropy(entropy);
            for language in [Language::French, Language::English] {
                let words = phrase.words(language);
                prop_assert_eq!(words.split(' ').count(), 12);
                prop_assert_eq!(&Phrase::parse_in(language, &words).unwrap(), &phrase);
                prop_assert_eq!(&Phrase::parse(&words).unwrap(), &phrase);
                let typed = fold(&words).to_uppercase().replace(' ', "  \n ");
                prop_assert_eq!(&Phrase::parse(&typed).unwrap(), &phrase);
            }
        }

        #[test]
        fn any_text_is_a_typed_error_or_a_phrase(text in "\\PC{0,300}") {
            let _ = Phrase::parse(&text);
        }
    }

    #[test]
    fn a_folded_list_has_no_doubles_and_shown_words_are_composed() {
        for language in [Language::French, Language::English] {
            assert_eq!(language.index().len(), 2_048);
            for word in language.list().word_list() {
                assert!(compose(word).chars().all(char::is_alphabetic), "{word}");
            }
        }
    }

    #[test]
    fn a_numbered_sheet_typed_without_accents_is_read() {
        let phrase = Phrase::from_entropy(*b"palier, 12 mots.");
        let words = phrase.words(Language::French);
        let sheet: String =
            (1..).zip(words.split(' ')).map(|(n, w)| format!("{n}. {w},\n")).collect();
        assert_eq!(Phrase::parse(&sheet), Ok(phrase));
    }

    #[test]
    fn the_wrong_word_is_named_with_what_may_have_been_meant() {
        let words = Phrase::from_entropy([0; 16]).words(Language::English);
        let typed = words.replacen("abandon", "abandun", 3).replacen("abandun", "abandon", 2);
        assert_eq!(
            Phrase::parse(&typed),
            Err(PhraseError::UnknownWord {
                position: 3,
                word: "abandun".into(),
                language: Language::English,
                meant: Some("abandon".into()),
            })
        );
        assert_eq!(Phrase::parse("abandon"), Err(PhraseError::WordCount { found: 1 }));
        assert_eq!(Phrase::parse(&words.replace("about", "abandon")), Err(PhraseError::Checksum));
        assert_eq!(Phrase::parse(&"mot ".repeat(300)), Err(PhraseError::TooLong));
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Phrase::from_entropy([7; 16])), "Phrase(…)");
    }
}
