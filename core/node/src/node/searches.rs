//! Searches that are kept, and telling of what they find.

use std::collections::BTreeSet;

use palier_model::keys::{DocId, HoodHash};
use palier_model::listing::{News, SavedSearch, forget_search, save_search, saved_search};

use super::{Host, Node, NodeError, NodeEvent};

impl Host {
    /// Tells of listings that a kept search finds and that were not told of yet, among
    /// those that changed or among all.
    pub(super) fn look_out(&mut self, hood: &HoodHash, changed: Option<&BTreeSet<DocId>>) {
        if !self.looks_out || changed.is_some_and(BTreeSet::is_empty) {
            return;
        }
        let found = self
            .read(hood, |replica, tx, now| Ok(News::of(tx, &replica.me().member, changed, now)?));
        let news = match found {
            Ok(news) if news.is_empty() => return,
            Ok(news) => news,
            Err(error) => {
                tracing::warn!(%error, "kept searches were not run");
                return;
            }
        };
        // Remembered before it is told: never twice.
        let kept = self.act(hood, |_, tx, _, _| {
            news.keep(tx);
            Ok((news, Default::default()))
        });
        match kept {
            Ok(news) => {
                for found in news.found {
                    self.tell(NodeEvent::SearchMatched { hood: *hood, found: Box::new(found) });
                }
            }
            Err(error) => tracing::warn!(%error, "what kept searches found was not told"),
        }
    }
}

impl Node {
    /// From now on, new listings that kept searches find are told as
    /// [`NodeEvent::SearchMatched`]; at once, those that came since somebody last looked.
    pub async fn look_out(&self) -> Result<(), NodeError> {
        self.call(|host| {
            host.looks_out = true;
            let hoods: Vec<HoodHash> = host.engine.hoods().map(|(hood, _)| *hood).collect();
            hoods.iter().for_each(|hood| host.look_out(hood, None));
            Ok(())
        })
        .await
    }

    /// Keeps a search on this device.
    pub async fn save_search(&self, hood: HoodHash, search: SavedSearch) -> Result<(), NodeError> {
        self.act(hood, move |_, tx, now, _| {
            save_search(tx, &search, now)?;
            Ok(((), Default::default()))
        })
        .await
    }

    /// The searches that are kept, by name.
    pub async fn saved_searches(&self, hood: HoodHash) -> Result<Vec<SavedSearch>, NodeError> {
        self.read(hood, |_, tx, _| Ok(palier_model::listing::saved_searches(tx)?)).await
    }

    /// The search of a name.
    pub async fn saved_search(
        &self,
        hood: HoodHash,
        name: String,
    ) -> Result<SavedSearch, NodeError> {
        self.read(hood, move |_, tx, _| Ok(saved_search(tx, &name)?)).await
    }

    /// Keeps a search no longer.
    pub async fn forget_search(&self, hood: HoodHash, name: String) -> Result<(), NodeError> {
        self.act(hood, move |_, tx, _, _| {
            forget_search(tx, &name)?;
            Ok(((), Default::default()))
        })
        .await
    }
}
