//! Searches that are kept on this device.

use palier_model::listing::{MaxPrice, SavedSearch as ModelSearch};

use super::listings::{kind_out, query_of};
use super::{Opened, errors, saved};
use crate::answer::{Per, Price, Saved, SavedSearch, When};
use crate::backend::{ListingFilter, Scope};
use crate::errors::Result;

impl Opened {
    pub(super) async fn keep_search(
        &self,
        scope: &Scope,
        name: String,
        filter: ListingFilter,
    ) -> Result<Saved> {
        let hood = self.hood_of(scope).await?;
        let now = self.node.clock().claimed();
        let search = ModelSearch::new(&name, query_of(filter)?, now);
        let name = search.name.clone();
        self.node.save_search(hood, search).await.map_err(errors::of_node)?;
        Ok(saved(name))
    }

    pub(super) async fn kept_searches(&self, scope: &Scope) -> Result<Vec<SavedSearch>> {
        let hood = self.hood_of(scope).await?;
        let zone = self.zone_of(hood).await?;
        let kept = self.node.saved_searches(hood).await.map_err(errors::of_node)?;
        let shown = kept.into_iter().map(|it| SavedSearch {
            name: it.name,
            words: it.text,
            kind: it.kind.map(kind_out),
            category: it.category.map(|category| category.code().to_owned()),
            zone: it.zone,
            price: it.max_price.and_then(price_out),
            since: When::new(it.saved_at, &zone),
        });
        Ok(shown.collect())
    }

    pub(super) async fn kept_filter(&self, scope: &Scope, name: String) -> Result<ListingFilter> {
        let hood = self.hood_of(scope).await?;
        let it = self.node.saved_search(hood, name).await.map_err(errors::of_node)?;
        Ok(ListingFilter {
            words: it.text,
            kind: it.kind.map(kind_out),
            category: it.category.map(|category| category.code().to_owned()),
            zone: it.zone,
            price: it.max_price.and_then(price_out),
            mine: false,
        })
    }

    pub(super) async fn forget_search(&self, scope: &Scope, name: String) -> Result<Saved> {
        let hood = self.hood_of(scope).await?;
        let name = name.trim().to_owned();
        self.node.forget_search(hood, name.clone()).await.map_err(errors::of_node)?;
        Ok(saved(name))
    }
}

fn price_out(most: MaxPrice) -> Option<Price> {
    Some(match most {
        MaxPrice::Free => Price::Free,
        MaxPrice::Credits(minutes) => Price::Credits { minutes: minutes.into(), per: Per::Once },
        MaxPrice::EuroCents(cents) => Price::Euros { cents: cents.into(), per: Per::Once },
        _ => return None,
    })
}
