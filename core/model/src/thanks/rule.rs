//! Which word of a member about a deal stands, and from when it is shown.

use super::record::Given;
use crate::keys::EntryHash;
use crate::time::Instant;

/// One side's thanks are shown after so long, though the other never spoke.
pub const SILENCE_MS: i64 = 7 * Instant::DAY_MS;

/// What a member said of a deal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spoken<'a> {
    /// The word that stands; one without a text was taken back.
    pub word: &'a Given,
    /// When the member first spoke of it, as claimed: a correction hides nothing again.
    pub since: Instant,
}

/// The words that no later one replaces: later in the same log, or one that names it.
pub fn heads(given: &[&Given]) -> Vec<EntryHash> {
    let replaces = |later: &Given, one: &Given| {
        let of = (&later.entry, &one.entry);
        (of.0.log == of.1.log && of.0.seq > of.1.seq) || later.record.over.contains(&of.1.hash)
    };
    let is_head = |one: &&&Given| !given.iter().any(|later| replaces(later, one));
    given.iter().filter(is_head).map(|given| given.entry.hash).collect()
}

/// What stands of all that a member said of a deal; `counts` says which of it does. Of
/// several that none replaces, one that takes back stands before one that thanks, so that
/// taking back is not undone by chance; then the smaller hash.
pub fn spoken<'a>(given: &'a [Given], counts: impl Fn(&Given) -> bool) -> Option<Spoken<'a>> {
    let those: Vec<&Given> = given.iter().filter(|it| counts(it)).collect();
    let heads = heads(&those);
    let word = those
        .iter()
        .filter(|it| heads.contains(&it.entry.hash))
        .min_by_key(|it| (it.record.text.is_some(), it.entry.hash))?;
    let since = those.iter().map(|it| it.record.at).min()?;
    Some(Spoken { word, since })
}

/// From when on thanks are shown to others than their writer: at once where the other side
/// spoke as well.
pub fn shown_from(since: Instant, other_spoke: bool) -> Instant {
    if other_spoke { Instant(i64::MIN) } else { since.plus_ms(SILENCE_MS) }
}
