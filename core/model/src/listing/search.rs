//! What one can search for. [`SearchQuery::matches`] is the rule; an index may only
//! find the same rows faster.

use serde::{Deserialize, Serialize};

use super::codes::{Category, ListingKind};
use super::fold::fold;
use super::price::Price;
use super::row::{ListingRow, ListingStatus, Listings};
use crate::keys::DocId;
use crate::rows::{RowsError, Tx};
use crate::time::Instant;

/// Most rows on one page.
pub const MAX_PAGE: usize = 200;
/// Most words of a query that count.
pub const MAX_WORDS: usize = 16;
/// Most listings that a search without an index reads.
const SCAN_LIMIT: usize = 100_000;

/// What one is ready to give. A free listing fits every limit; a listing priced in the
/// other currency fits none. The unit is not converted: the figure shown is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum MaxPrice {
    /// Only what is free.
    Free,
    /// At most so many minutes.
    Credits(u32),
    /// At most so many cents.
    EuroCents(u32),
}

impl MaxPrice {
    /// Whether a price is within this limit.
    pub const fn allows(self, price: &Price) -> bool {
        match (self, price) {
            (_, Price::Free) => true,
            (Self::Credits(most), Price::Credits { minutes, .. }) => *minutes <= most,
            (Self::EuroCents(most), Price::Euros { cents, .. }) => *cents <= most,
            _ => false,
        }
    }
}

/// Where the next page begins: after this row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchCursor {
    /// Its `updated_at`.
    pub updated_at: Instant,
    /// Its id.
    pub id: DocId,
}

/// A search. Empty fields ask nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchQuery {
    /// Words that must all occur, the beginning of a word being enough.
    pub text: String,
    /// Only this kind.
    pub kind: Option<ListingKind>,
    /// Only this category.
    pub category: Option<Category>,
    /// Only this zone (accents and case ignored).
    pub zone: Option<String>,
    /// Only within this price.
    pub max_price: Option<MaxPrice>,
    /// The page after this row.
    pub cursor: Option<SearchCursor>,
    /// Rows on one page; 0 and too many mean [`MAX_PAGE`].
    pub limit: usize,
}

/// One page of what was found, the latest changed first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchPage {
    /// The rows.
    pub items: Vec<ListingRow>,
    /// Where the next page begins, if there is one.
    pub next: Option<SearchCursor>,
}

impl SearchQuery {
    /// The folded words looked for.
    pub fn words(&self) -> Vec<String> {
        fold(&self.text)
            .split(' ')
            .filter(|w| !w.is_empty())
            .take(MAX_WORDS)
            .map(Into::into)
            .collect()
    }

    /// Rows on one page.
    pub const fn page_size(&self) -> usize {
        if self.limit == 0 || self.limit > MAX_PAGE { MAX_PAGE } else { self.limit }
    }

    /// Whether everything but the words fits, for an index that found the words.
    pub fn matches_fields(&self, row: &ListingRow, now: Instant) -> bool {
        let content = &row.content;
        row.status(now) == ListingStatus::Published
            && self.kind.is_none_or(|kind| kind == content.kind)
            && self.category.is_none_or(|category| category == content.category)
            && self.max_price.is_none_or(|most| most.allows(&content.price))
            && self.zone.as_ref().is_none_or(|zone| fold(zone) == fold(&content.zone))
    }

    /// Whether a row is found at `now`.
    pub fn matches(&self, row: &ListingRow, now: Instant) -> bool {
        self.matches_fields(row, now) && self.matches_words(&row.search_text())
    }

    /// Whether the words fit what [`ListingRow::search_text`] gives.
    pub fn matches_words(&self, text: &str) -> bool {
        self.words()
            .iter()
            .all(|word| text.split(' ').any(|found| found.starts_with(word.as_str())))
    }

    /// Sorts found rows, the latest changed first, and cuts out the page asked for.
    pub fn page(&self, mut found: Vec<ListingRow>) -> SearchPage {
        let place = |row: &ListingRow| (std::cmp::Reverse(row.updated_at), row.id);
        if let Some(cursor) = self.cursor {
            let after = (std::cmp::Reverse(cursor.updated_at), cursor.id);
            found.retain(|row| place(row) > after);
        }
        found.sort_by_key(place);
        let more = found.len() > self.page_size();
        found.truncate(self.page_size());
        let next = found.last().filter(|_| more);
        let next = next.map(|row| SearchCursor { updated_at: row.updated_at, id: row.id });
        SearchPage { items: found, next }
    }
}

/// Searches without an index, by reading every listing.
pub fn search(tx: &Tx<'_>, query: &SearchQuery, now: Instant) -> Result<SearchPage, RowsError> {
    let rows = tx.rows_with_prefix::<Listings>(&[], SCAN_LIMIT)?;
    let found = rows.into_iter().map(|(_, row)| row).filter(|row| query.matches(row, now));
    Ok(query.page(found.collect()))
}
