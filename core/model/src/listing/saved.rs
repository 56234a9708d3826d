//! Searches that a person keeps, and the new listings they find.
//!
//! Invariant: a listing is told of once, however many searches it fits and however often
//! it changes. All of it stays on this device: nobody learns what somebody looks for.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::codes::{Category, ListingKind, ListingState};
use super::content::MAX_ZONE_CHARS;
use super::row::{ListingRow, Listings};
use super::search::{MaxPrice, SearchQuery};
use crate::journal::Owner;
use crate::keys::{DocId, MemberId};
use crate::rows::{RowsError, Table, Tx, Typed};
use crate::time::Instant;

/// Most searches kept in one neighbourhood.
pub const MAX_SAVED_SEARCHES: usize = 50;
/// Longest name of a search, in characters.
pub const MAX_SEARCH_NAME_CHARS: usize = 40;
/// Longest words of a search that is kept, in characters.
pub const MAX_SEARCH_TEXT_CHARS: usize = 200;
/// Most listings told of at once; the others are told of next time.
pub const MAX_NEWS: usize = 500;
/// Most listings looked at.
const SCAN_LIMIT: usize = 100_000;

/// A search that is kept. Empty fields ask nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedSearch {
    /// What its person calls it.
    pub name: String,
    /// Words that must all occur.
    pub text: String,
    /// Only this kind.
    pub kind: Option<ListingKind>,
    /// Only this category.
    pub category: Option<Category>,
    /// Only this zone.
    pub zone: Option<String>,
    /// Only within this price.
    pub max_price: Option<MaxPrice>,
    /// Since when it is kept.
    pub saved_at: Instant,
}

impl SavedSearch {
    /// What `query` asks, under a name.
    pub fn new(name: &str, query: SearchQuery, now: Instant) -> Self {
        let SearchQuery { text, kind, category, zone, max_price, .. } = query;
        Self { name: name.trim().to_owned(), text, kind, category, zone, max_price, saved_at: now }
    }

    /// The search itself, from its first page.
    pub fn query(&self) -> SearchQuery {
        SearchQuery {
            text: self.text.clone(),
            kind: self.kind,
            category: self.category,
            zone: self.zone.clone(),
            max_price: self.max_price,
            ..SearchQuery::default()
        }
    }

    fn check(&self) -> Result<(), SavedSearchError> {
        let is_long = |text: &str, most: usize| text.chars().count() > most;
        let is_named = !self.name.is_empty()
            && !is_long(&self.name, MAX_SEARCH_NAME_CHARS)
            && !self.name.chars().any(char::is_control);
        if !is_named {
            return Err(SavedSearchError::Name);
        }
        let zone = self.zone.as_deref().unwrap_or_default();
        if is_long(&self.text, MAX_SEARCH_TEXT_CHARS) || is_long(zone, MAX_ZONE_CHARS) {
            return Err(SavedSearchError::Long);
        }
        Ok(())
    }
}

/// Why a search was not kept, run or forgotten.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SavedSearchError {
    /// The name is empty, too long or holds control characters.
    #[error("not a name of a search")]
    Name,
    /// Its words or zone are too long.
    #[error("the search is too long")]
    Long,
    /// There are [`MAX_SAVED_SEARCHES`].
    #[error("too many searches are kept")]
    TooMany,
    /// None has this name.
    #[error("no search has this name")]
    NotFound,
    /// Rows could not be read.
    #[error(transparent)]
    Rows(#[from] RowsError),
}

/// name → search.
struct SavedSearches;
impl Typed for SavedSearches {
    const TABLE: Table = Table::SavedSearches;
    type Key = str;
    type Row = SavedSearch;
}

/// listing id → (): it was there when a search was saved, or was told of since.
struct Told;
impl Typed for Told {
    const TABLE: Table = Table::SearchTold;
    type Key = DocId;
    type Row = ();
}

/// Keeps a search, in place of one of that name. What it finds now is not news.
pub fn save_search(
    tx: &mut Tx<'_>,
    search: &SavedSearch,
    now: Instant,
) -> Result<(), SavedSearchError> {
    search.check()?;
    let name = search.name.as_str();
    if !tx.has::<SavedSearches>(name)? && saved_searches(tx)?.len() >= MAX_SAVED_SEARCHES {
        return Err(SavedSearchError::TooMany);
    }
    let query = search.query();
    for (_, row) in tx.rows_with_prefix::<Listings>(&[], SCAN_LIMIT)? {
        if query.matches(&row, now) {
            tx.put::<Told>(&row.id, &());
        }
    }
    tx.put::<SavedSearches>(name, search);
    Ok(())
}

/// Every search that is kept, by name.
pub fn saved_searches(tx: &Tx<'_>) -> Result<Vec<SavedSearch>, RowsError> {
    let rows = tx.rows_with_prefix::<SavedSearches>(&[], MAX_SAVED_SEARCHES)?;
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

/// The search of a name.
pub fn saved_search(tx: &Tx<'_>, name: &str) -> Result<SavedSearch, SavedSearchError> {
    tx.row::<SavedSearches>(name.trim())?.ok_or(SavedSearchError::NotFound)
}

/// Keeps a search no longer. Without any, what was told of is forgotten too.
pub fn forget_search(tx: &mut Tx<'_>, name: &str) -> Result<(), SavedSearchError> {
    let search = saved_search(tx, name)?;
    tx.delete::<SavedSearches>(search.name.as_str());
    if saved_searches(tx)?.is_empty() {
        for (id, ()) in tx.rows_with_prefix::<Told>(&[], SCAN_LIMIT)? {
            tx.delete_raw(Table::SearchTold, id);
        }
    }
    Ok(())
}

/// A new listing, and the searches that find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The listing.
    pub listing: ListingRow,
    /// Names of searches, in order.
    pub searches: Vec<String>,
}

/// What kept searches find that was not told of yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct News {
    /// To be told of.
    pub found: Vec<Found>,
    /// Told of once and withdrawn since: need not be remembered.
    gone: Vec<DocId>,
}

impl News {
    /// Looks among listings that changed, or among all.
    pub fn of(
        tx: &Tx<'_>,
        me: &MemberId,
        changed: Option<&BTreeSet<DocId>>,
        now: Instant,
    ) -> Result<Self, RowsError> {
        let mut news = Self::default();
        let searches: Vec<(String, SearchQuery)> =
            saved_searches(tx)?.into_iter().map(|it| (it.name.clone(), it.query())).collect();
        if searches.is_empty() {
            return Ok(news);
        }
        match changed {
            None => {
                for (_, row) in tx.rows_with_prefix::<Listings>(&[], SCAN_LIMIT)? {
                    news.look_at(tx, me, &searches, row, now)?;
                }
            }
            Some(changed) => {
                for id in changed {
                    match tx.row::<Listings>(id)? {
                        Some(row) => news.look_at(tx, me, &searches, row, now)?,
                        None => news.gone.extend(tx.has::<Told>(id)?.then_some(*id)),
                    }
                }
            }
        }
        Ok(news)
    }

    fn look_at(
        &mut self,
        tx: &Tx<'_>,
        me: &MemberId,
        searches: &[(String, SearchQuery)],
        row: ListingRow,
        now: Instant,
    ) -> Result<(), RowsError> {
        if row.owner == Owner::Member(*me) {
            return Ok(());
        }
        let is_told = tx.has::<Told>(&row.id)?;
        if row.content.state == ListingState::Withdrawn {
            self.gone.extend(is_told.then_some(row.id));
            return Ok(());
        }
        if is_told || self.found.len() >= MAX_NEWS {
            return Ok(());
        }
        let text = row.search_text();
        let fits =
            |query: &SearchQuery| query.matches_fields(&row, now) && query.matches_words(&text);
        let names: Vec<String> = searches
            .iter()
            .filter(|(_, query)| fits(query))
            .map(|(name, _)| name.clone())
            .collect();
        if !names.is_empty() {
            self.found.push(Found { listing: row, searches: names });
        }
        Ok(())
    }

    /// Whether there is nothing to tell and nothing to keep.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty() && self.gone.is_empty()
    }

    /// Remembers what is told of: before it is.
    pub fn keep(&self, tx: &mut Tx<'_>) {
        for found in &self.found {
            tx.put::<Told>(&found.listing.id, &());
        }
        for id in &self.gone {
            tx.delete::<Told>(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ListingContent, Price};
    use super::*;
    use crate::rows::MemoryRows;

    const ME: MemberId = MemberId([1; 32]);
    const NOW: Instant = Instant(1_000);

    fn listing(n: u8, owner: u8, title: &str) -> ListingRow {
        let content = ListingContent::new(ListingKind::Tool, title);
        let (created_at, updated_at) = (Instant(1), Instant(2));
        let owner = Owner::Member(MemberId([owner; 32]));
        ListingRow { id: DocId([n; 32]), owner, content, created_at, updated_at }
    }

    fn search(name: &str, text: &str) -> SavedSearch {
        let query = SearchQuery { text: text.to_owned(), ..SearchQuery::default() };
        SavedSearch::new(name, query, NOW)
    }

    fn put(tx: &mut Tx<'_>, row: &ListingRow) {
        tx.put::<Listings>(&row.id, row);
    }

    /// What is told of, among `changed` or all.
    fn news(tx: &mut Tx<'_>, changed: Option<&[u8]>) -> Vec<(u8, String)> {
        let changed: Option<BTreeSet<DocId>> =
            changed.map(|all| all.iter().map(|n| DocId([*n; 32])).collect());
        let news = News::of(tx, &ME, changed.as_ref(), NOW).unwrap();
        news.keep(tx);
        let shown = |it: &Found| (it.listing.id.0[0], it.searches.join("+"));
        news.found.iter().map(shown).collect()
    }

    #[test]
    fn a_new_listing_of_somebody_else_is_told_once() {
        let rows = MemoryRows::default();
        let mut tx = Tx::new(&rows);
        put(&mut tx, &listing(1, 2, "Perceuse"));
        save_search(&mut tx, &search("outils", "perceuse"), NOW).unwrap();
        save_search(&mut tx, &search("tout", ""), NOW).unwrap();
        assert_eq!(news(&mut tx, None), [], "what was there is no news");
        put(&mut tx, &listing(2, 2, "Perceuse à percussion"));
        put(&mut tx, &listing(3, 1, "Ma perceuse"));
        put(&mut tx, &listing(4, 3, "Échelle"));
        let both = (2, "outils+tout".to_owned());
        assert_eq!(news(&mut tx, Some(&[2, 3])), [both]);
        put(&mut tx, &listing(2, 2, "Perceuse, moins chère"));
        assert_eq!(news(&mut tx, Some(&[2])), [], "however often it changes");
        assert_eq!(news(&mut tx, None), [(4, "tout".to_owned())]);
        assert_eq!(news(&mut tx, None), []);
    }

    #[test]
    fn paused_and_dear_listings_are_told_once_they_fit() {
        let rows = MemoryRows::default();
        let mut tx = Tx::new(&rows);
        let query = SearchQuery { max_price: Some(MaxPrice::Free), ..SearchQuery::default() };
        save_search(&mut tx, &SavedSearch::new(" don ", query, NOW), NOW).unwrap();
        let mut row = listing(1, 2, "Canapé");
        row.content.price = Price::Euros { cents: 100, per: crate::listing::Per::Once };
        put(&mut tx, &row);
        assert_eq!(news(&mut tx, None), []);
        row.content.price = Price::Free;
        row.content.state = ListingState::Paused;
        put(&mut tx, &row);
        assert_eq!(news(&mut tx, None), []);
        row.content.state = ListingState::Published;
        put(&mut tx, &row);
        assert_eq!(news(&mut tx, None), [(1, "don".to_owned())]);
        row.content.state = ListingState::Withdrawn;
        put(&mut tx, &row);
        assert_eq!(news(&mut tx, Some(&[1])), []);
        assert!(!tx.has::<Told>(&row.id).unwrap(), "what is withdrawn need not be remembered");
        let gone = BTreeSet::from([DocId([9; 32])]);
        let nothing = News::of(&tx, &ME, Some(&gone), NOW).unwrap();
        assert!(nothing.is_empty(), "what was never told of costs no write when it goes");
    }

    #[test]
    fn searches_are_kept_by_name_within_limits() {
        let rows = MemoryRows::default();
        let mut tx = Tx::new(&rows);
        for n in 0..MAX_SAVED_SEARCHES {
            save_search(&mut tx, &search(&format!("n{n}"), "x"), NOW).unwrap();
        }
        let more = save_search(&mut tx, &search("more", "x"), NOW);
        assert_eq!(more, Err(SavedSearchError::TooMany));
        save_search(&mut tx, &search("n0", "y"), NOW).unwrap();
        assert_eq!(saved_search(&tx, " n0 ").unwrap().text, "y");
        for bad in ["", " ", "a\nb", &"é".repeat(MAX_SEARCH_NAME_CHARS + 1)] {
            assert_eq!(save_search(&mut tx, &search(bad, ""), NOW), Err(SavedSearchError::Name));
        }
        let long = "é".repeat(MAX_SEARCH_TEXT_CHARS + 1);
        assert_eq!(save_search(&mut tx, &search("n0", &long), NOW), Err(SavedSearchError::Long));
        for n in 0..MAX_SAVED_SEARCHES {
            forget_search(&mut tx, &format!("n{n}")).unwrap();
        }
        assert_eq!(forget_search(&mut tx, "n0"), Err(SavedSearchError::NotFound));
        assert_eq!(saved_searches(&tx).unwrap(), []);
    }

    #[test]
    fn with_the_last_search_what_was_told_is_forgotten() {
        let rows = MemoryRows::default();
        let mut tx = Tx::new(&rows);
        put(&mut tx, &listing(1, 2, "Échelle"));
        save_search(&mut tx, &search("a", ""), NOW).unwrap();
        assert!(tx.has::<Told>(&DocId([1; 32])).unwrap());
        forget_search(&mut tx, "a").unwrap();
        assert!(!tx.has::<Told>(&DocId([1; 32])).unwrap());
        assert!(News::of(&tx, &ME, None, NOW).unwrap().is_empty());
    }
}
