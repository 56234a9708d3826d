//! The text that terms ask a requester to accept, and whether a request does.
//!
//! Invariant: a request says which text it accepts by its hash, so that nobody accepts
//! words that were not shown: other terms ask anew. Kinds of use: what must not be stored,
//! rules of a house, a photo taken.

use serde::{Deserialize, Serialize};

use super::records::{Request, Terms};

/// Hash of a text that is accepted; means nothing elsewhere.
pub type TextHash = [u8; 32];

/// Its domain.
const CONTEXT: &str = "palier text to accept v1";

/// The hash by which a text is accepted.
pub fn text_hash(text: &str) -> TextHash {
    blake3::derive_key(CONTEXT, text.as_bytes())
}

/// What whoever asks says to a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Accepts {
    /// Nothing: enough where there is none.
    #[default]
    Nothing,
    /// Yes to the one in force here: it was just shown.
    InForce,
    /// Yes to this one and to no other.
    This(TextHash),
}

impl Accepts {
    /// What a request under `terms` says it accepts; an error where that is not the text
    /// in force.
    pub fn to(self, terms: &Terms) -> Result<Option<TextHash>, TextAccepted> {
        let wanted = terms.text_to_accept();
        let said = match self {
            Self::Nothing => None,
            Self::InForce => wanted,
            Self::This(text) => Some(text),
        };
        match TextAccepted::of(terms, said.as_ref()) {
            enough if enough.is_enough() => Ok(wanted),
            other => Err(other),
        }
    }
}

/// Whether a request accepts the text that is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextAccepted {
    /// There is no text.
    #[default]
    NotAsked,
    /// It does.
    Current,
    /// It accepts another: an earlier one, as far as is known here.
    Other,
    /// It accepts none.
    Missing,
}

impl TextAccepted {
    /// What a request that accepts `accepted` says to `terms`.
    pub fn of(terms: &Terms, accepted: Option<&TextHash>) -> Self {
        match (terms.text_to_accept(), accepted) {
            (None, _) => Self::NotAsked,
            (Some(wanted), Some(accepted)) if wanted == *accepted => Self::Current,
            (Some(_), Some(_)) => Self::Other,
            (Some(_), None) => Self::Missing,
        }
    }

    /// Whether a device may say yes by itself.
    pub const fn is_enough(self) -> bool {
        matches!(self, Self::NotAsked | Self::Current)
    }
}

impl Terms {
    /// The hash of the text that a requester accepts, where there is one.
    pub fn text_to_accept(&self) -> Option<TextHash> {
        (!self.accept.is_empty()).then(|| text_hash(&self.accept))
    }
}

impl Request {
    /// Whether it accepts the text of these terms.
    pub fn text_accepted(&self, terms: &Terms) -> TextAccepted {
        TextAccepted::of(terms, self.accepted.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_words_in_force_are_accepted() {
        let terms = |text: &str| Terms { accept: text.into(), ..Terms::default() };
        let of = |terms: &Terms, said: Option<&str>| {
            TextAccepted::of(terms, said.map(text_hash).as_ref())
        };
        assert_eq!(of(&terms(""), None), TextAccepted::NotAsked);
        assert_eq!(of(&terms(""), Some("old")), TextAccepted::NotAsked);
        let now = terms("Pas d’essence");
        assert_eq!(of(&now, Some("Pas d’essence")), TextAccepted::Current);
        for other in ["Pas d’essence ", "pas d’essence", "Pas d'essence", ""] {
            assert_eq!(of(&now, Some(other)), TextAccepted::Other, "{other:?}");
        }
        assert_eq!(of(&now, None), TextAccepted::Missing);
        assert_eq!(Accepts::InForce.to(&now), Ok(Some(text_hash(&now.accept))));
        assert_eq!(Accepts::InForce.to(&terms("")), Ok(None));
        assert_eq!(Accepts::This(text_hash("old")).to(&terms("")), Ok(None));
        assert_eq!(Accepts::Nothing.to(&now), Err(TextAccepted::Missing));
        assert_eq!(Accepts::This(text_hash("old")).to(&now), Err(TextAccepted::Other));
        assert!(!of(&now, None).is_enough() && !of(&now, Some("x")).is_enough());
        // No other use of BLAKE3 in this protocol gives the same bytes.
        assert_ne!(text_hash("x"), *blake3::hash(b"x").as_bytes());
    }
}
