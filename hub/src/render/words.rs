//! Lengths of time and instants in words, for messages whose values are codes.

use jiff::civil::Date;

use super::View;
use super::when::{date, moment};
use crate::answer::When;
use crate::texts::Texts;

/// Minutes of a day of 24 hours.
const DAY: u64 = 1_440;

/// `2 days 3 h 15 min`
pub(super) fn length(minutes: u64, view: &View<'_>) -> String {
    let parts = [
        ("length-days", minutes / DAY),
        ("length-hours", minutes % DAY / 60),
        ("length-minutes", minutes % 60),
    ];
    let some = parts.iter().filter(|(_, n)| *n > 0);
    let words: Vec<String> = some.map(|(key, n)| view.with(key, [("n", (*n).into())])).collect();
    if words.is_empty() { view.with("length-minutes", [("n", 0.into())]) } else { words.join(" ") }
}

/// The words for a value of an error, if its name says what it is.
pub fn words_of(name: &str, value: &str, texts: &Texts) -> Option<String> {
    let view = View { texts, color: false, quiet: false };
    if name.ends_with("_minutes") {
        return Some(length(value.parse().ok()?, &view));
    }
    if name == "at" || name.ends_with("_at") {
        let when: When = serde_json::from_value(value.into()).ok()?;
        return Some(moment(&when, &view));
    }
    match name {
        "date" => Some(date(value.parse::<Date>().ok()?, &view)),
        _ => None,
    }
}
