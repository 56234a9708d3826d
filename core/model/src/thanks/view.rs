//! Thanks as a member is shown them.

use super::record::{Given, ThanksRow, ThanksRows};
use super::rule::{shown_from, spoken};
use crate::keys::{EntryHash, MemberId};
use crate::rows::{Key, RowsError, Tx};
use crate::time::Instant;

/// Deals for which one member is thanked that are looked at.
const DEALS: usize = 1 << 16;

/// Thanks as they are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThanksView {
    /// The word's entry.
    pub id: EntryHash,
    /// Who thanks.
    pub from: MemberId,
    /// Who is thanked.
    pub to: MemberId,
    /// The tag of the deal.
    pub deal: [u8; 32],
    /// When it was written, as claimed.
    pub at: Instant,
    /// The word.
    pub text: String,
    /// Whether the other thanked with the same tag: each names the other.
    pub mutual: bool,
    /// From when on others see it; none: they do.
    pub hidden_until: Option<Instant>,
}

/// What of the thanks that a member received `viewer` is shown at `now`: the newest first.
/// `counts` says whether a word does: none of somebody removed does that lies past the
/// closing.
pub fn received(
    tx: &Tx<'_>,
    (member, viewer): (&MemberId, &MemberId),
    counts: &dyn Fn(&Given) -> Result<bool, RowsError>,
    now: Instant,
) -> Result<Vec<ThanksView>, RowsError> {
    let mut shown = Vec::new();
    for (key, row) in tx.rows_with_prefix::<ThanksRows>(&member.to_key(), DEALS)? {
        let (deal, from) = (key.get(32..64), key.get(64..).and_then(MemberId::from_slice));
        let deal: Option<[u8; 32]> = deal.and_then(|deal| deal.try_into().ok());
        let (Some(deal), Some(from)) = (deal, from) else { continue };
        let row = counting(row, counts)?;
        let Some(said) = spoken(&row, |_| true) else { continue };
        let Some(text) = said.word.record.text.clone() else { continue };
        let back = tx.row::<ThanksRows>(&(from, deal, *member))?.unwrap_or_default();
        let back = counting(back, counts)?;
        let answer = spoken(&back, |_| true);
        let from_when = shown_from(said.since, answer.is_some());
        let is_hidden = from_when > now;
        if is_hidden && from != *viewer {
            continue;
        }
        shown.push(ThanksView {
            id: said.word.entry.hash,
            from,
            to: *member,
            deal,
            at: said.word.record.at,
            text,
            mutual: answer.is_some_and(|answer| answer.word.record.text.is_some()),
            hidden_until: is_hidden.then_some(from_when),
        });
    }
    shown.sort_unstable_by(|a, b| b.at.cmp(&a.at).then(a.id.cmp(&b.id)));
    Ok(shown)
}

/// Those that count.
fn counting(
    row: ThanksRow,
    counts: &dyn Fn(&Given) -> Result<bool, RowsError>,
) -> Result<ThanksRow, RowsError> {
    let mut those = Vec::with_capacity(row.len());
    for given in row {
        if counts(&given)? {
            those.push(given);
        }
    }
    Ok(those)
}
