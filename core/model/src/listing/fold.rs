//! Text as search sees it: without accents, case and punctuation.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Folds text to lower-case words without accents, one space between two.
///
/// ```
/// assert_eq!(palier_model::listing::fold("L’Échelle, à Œuvrer!"), "l echelle a oeuvrer");
/// ```
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut gap = false;
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        if !c.is_alphanumeric() {
            // Lower-casing can bring marks back (İ): they part no words.
            gap |= !is_combining_mark(c);
            continue;
        }
        if gap && !folded.is_empty() {
            folded.push(' ');
        }
        gap = false;
        match c {
            'œ' => folded.push_str("oe"),
            'æ' => folded.push_str("ae"),
            'ß' => folded.push_str("ss"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'đ' | 'ð' => folded.push('d'),
            'ı' => folded.push('i'),
            c => folded.push(c),
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_case_and_ligatures_do_not_matter() {
        assert_eq!(fold("PERCEUSE À PERCUSSION"), fold("perceuse a percussion"));
        assert_eq!(fold("e\u{301}tage"), fold("étage"));
        assert_eq!(fold("ﬁxation"), "fixation");
        assert_eq!(fold("İstanbul"), "istanbul");
        assert_eq!(fold("  ,, "), "");
    }
}
