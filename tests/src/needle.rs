//! Looks for a text in files, however it may be written there.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use memchr::memmem;

/// Largest output of a stream that is looked into.
const INFLATED_BYTES: usize = 256 << 10;
/// Beginnings of streams that one thread tries at once.
const PIECE: usize = 4_096;
/// No stream that holds a text begins with so many empty bytes.
const EMPTY: [u8; 8] = [0; 8];

/// A text to be found nowhere.
#[derive(Debug, Clone)]
pub struct Needle {
    text: String,
    forms: Vec<(&'static str, Vec<u8>)>,
}

/// Where a text was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// In which file.
    pub file: PathBuf,
    /// In which encoding.
    pub form: &'static str,
}

impl Needle {
    /// A fresh one: letters and digits, so that no folding of case or accents hides it.
    pub fn random() -> Self {
        const SIGNS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        let signs = crate::rogue::random().map(|byte| char::from(SIGNS[usize::from(byte % 32)]));
        Self::of(&String::from_iter(signs))
    }

    /// This text.
    pub fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let hex = |digits: &[u8; 16]| -> Vec<u8> {
            let digit = |value: u8| digits[usize::from(value)];
            bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
        };
        let mut forms = vec![
            ("utf-8", bytes.to_vec()),
            ("utf-16 LE", text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
            ("utf-16 BE", text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
            ("hex", hex(b"0123456789abcdef")),
            ("HEX", hex(b"0123456789ABCDEF")),
            ("reversed", bytes.iter().rev().copied().collect()),
        ];
        for (form, offset) in [("base64", 0), ("base64 + 1", 1), ("base64 + 2", 2)] {
            forms.push((form, base64(bytes, offset)));
        }
        Self { text: text.to_owned(), forms }
    }

    /// The text itself.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// In which encoding some bytes hold it, if in any.
    pub fn within(&self, bytes: &[u8]) -> Option<&'static str> {
        let holds = |form: &[u8]| memmem::find(bytes, form).is_some();
        self.forms.iter().find(|(_, form)| holds(form)).map(|(name, _)| *name)
    }
}

/// Every file in a folder, or the file, that holds one of some texts. `deep`: looks into
/// everything that may be a deflate stream as well, from each byte on.
///
/// # Panics
/// Where something cannot be read.
pub fn find(needles: &[&Needle], place: &Path, deep: bool) -> Vec<Found> {
    let within = |bytes: &[u8]| needles.iter().find_map(|needle| needle.within(bytes));
    let mut found = Vec::new();
    for file in files(place) {
        let bytes = fs::read(&file).expect("a readable file");
        let deeper =
            || (deep && inflates_to(&bytes, &|bytes| within(bytes).is_some())).then_some("deflate");
        let form = within(&bytes).or_else(deeper);
        found.extend(form.map(|form| Found { file: file.clone(), form }));
    }
    found
}

/// Whether something that may be a deflate stream, at whatever byte it begins, holds what
/// is looked for.
fn inflates_to(bytes: &[u8], holds: &(dyn Fn(&[u8]) -> bool + Sync)) -> bool {
    let next = AtomicUsize::new(0);
    let look = || {
        loop {
            let from = next.fetch_add(PIECE, Relaxed);
            if from >= bytes.len() {
                return false;
            }
            let mut begins = from..bytes.len().min(from + PIECE);
            let found = begins.any(|at| {
                let stream = &bytes[at..];
                !stream.starts_with(&EMPTY) && inflate(stream).is_some_and(|out| holds(&out))
            });
            if found {
                // The others need not go on.
                next.store(bytes.len(), Relaxed);
                return true;
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(look)).collect();
        // Every thread is waited for.
        all.into_iter().map(|it| it.join().expect("it looks")).filter(|found| *found).count() > 0
    })
}

/// Every file below a place.
///
/// # Panics
/// Where a folder cannot be read.
pub fn files(place: &Path) -> Vec<PathBuf> {
    if place.is_file() {
        return vec![place.to_owned()];
    }
    let Ok(entries) = fs::read_dir(place) else { return Vec::new() };
    entries.flat_map(|entry| files(&entry.expect("an entry").path())).collect()
}

/// Output of a deflate stream, cut short where it is long or breaks off.
fn inflate(bytes: &[u8]) -> Option<Vec<u8>> {
    let output = match miniz_oxide::inflate::decompress_to_vec_with_limit(bytes, INFLATED_BYTES) {
        Ok(output) => output,
        Err(error) => error.output,
    };
    (!output.is_empty()).then_some(output)
}

/// What of the text is whole in base64 when it begins `offset` bytes into a group of three.
fn base64(text: &[u8], offset: usize) -> Vec<u8> {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let skip = (3 - offset) % 3;
    let whole = text.get(skip..).unwrap_or_default().chunks_exact(3);
    whole
        .flat_map(|group| {
            let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
            [18, 12, 6, 0].map(|shift| SIGNS[(bits >> shift) as usize & 63])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_in_every_encoding_and_only_where_it_is() {
        let needle = Needle::of("klmno2pqrst3uvwxyz");
        let text = needle.text().as_bytes();
        let wide: Vec<u8> = needle.text().encode_utf16().flat_map(u16::to_le_bytes).collect();
        let reversed: Vec<u8> = text.iter().rev().copied().collect();
        for (form, bytes) in [
            ("utf-8", text.to_vec()),
            ("utf-16 LE", wide),
            ("reversed", reversed),
            // python3 -c 'import base64; print(base64.b64encode(b"klmno2pqrst3uvwxyz"))' and
            // with one and two bytes before it.
            ("base64", b"a2xtbm8ycHFyc3QzdXZ3eHl6".to_vec()),
            ("base64 + 1", b"eGtsbW5vMnBxcnN0M3V2d3h5eg==".to_vec()),
            ("base64 + 2", b"eHhrbG1ubzJwcXJzdDN1dnd4eXo=".to_vec()),
            ("hex", b"6b6c6d6e6f327071727374337576777879".to_vec()),
        ] {
            let hay = [b"before ".as_slice(), &bytes, b"7a after"].concat();
            assert_eq!(needle.within(&hay), Some(form));
        }
        assert_eq!(needle.within(b"klmno2pqrst3uvwxy and more"), None);
    }

    #[test]
    fn a_text_inside_a_compressed_stream_is_found_when_looking_deeply() {
        let needle = Needle::of("klmno2pqrst3uvwxyz");
        let root = tempfile::TempDir::new().unwrap();
        let text = format!("some words {} and so on and so on and so on", needle.text());
        let packed = miniz_oxide::deflate::compress_to_vec(text.as_bytes(), 9);
        fs::write(root.path().join("file"), [b"head".as_slice(), &packed, b"tail"].concat())
            .unwrap();
        assert_eq!(find(&[&needle], root.path(), true).len(), 1);
        let none = Needle::of("another2text3altogether");
        assert_eq!(find(&[&none], root.path(), true), []);
    }
}
