//! `listing`, `search`, `photo`.

use palier_model::booking::TermsEdit;
use palier_model::keys::DocId;

use super::{On, Outcome, calendar, changed, paging, resolve};
use crate::answer::{List, ListingKind, Saved};
use crate::args::{self, KindArg, Listing, ListingContent, Photo, Ref};
use crate::backend::{
    Backend, ListingChange, ListingEdit, ListingFilter, ListingPatch, NewListing,
};
use crate::errors::Result;

pub(super) async fn listing<B: Backend>(on: On<'_, B>, verb: Listing) -> Result<Outcome> {
    let (given, change) = match verb {
        Listing::Add(it) => return add(on, it).await,
        Listing::List(it) => {
            let filter = ListingFilter {
                kind: it.kind.map(kind),
                mine: it.mine,
                ..ListingFilter::default()
            };
            return Ok(on.node.listings(on.scope, filter, paging(it.page)).await?.into());
        }
        Listing::Show(it) => {
            let id = resolve::listing(on.node, on.scope, &it.listing).await?;
            return Ok(on.node.listing(on.scope, id).await?.into());
        }
        Listing::Edit(it) => return edit(on, it).await,
        Listing::Pause(it) => (it.listing, ListingChange::Pause),
        Listing::Fill(it) => (it.listing, ListingChange::Fill),
        Listing::Withdraw(it) => (it.listing, ListingChange::Withdraw),
        Listing::Renew(it) => (it.listing, ListingChange::Renew(on.instant_if(it.until).await?)),
        Listing::Holder(it) => {
            let device = resolve::device(on.node, on.scope, &it.device).await?;
            (it.listing, ListingChange::Holder(device))
        }
    };
    change_listing(on, &given, change).await
}

async fn edit<B: Backend>(on: On<'_, B>, it: args::ListingEdit) -> Result<Outcome> {
    let content = patch(on, it.content).await?;
    let content = ListingPatch { title: it.title, ..content };
    let terms = calendar::terms(*it.terms)?;
    let (content, terms) = changed((content, terms))?;
    // What bookings are held to is answered with what becomes of them.
    let has_terms = terms != TermsEdit::default() || !content.prices.is_empty() || it.dry_run;
    let id = resolve::listing(on.node, on.scope, &it.listing).await?;
    let edit = ListingEdit { content, terms, broken: None, dry_run: it.dry_run };
    let saved = on.node.listing_edit(on.scope, id, edit).await?;
    Ok(if has_terms { saved.into() } else { Saved::of(saved.id).into() })
}

async fn change_listing<B: Backend>(
    on: On<'_, B>,
    given: &Ref<DocId>,
    change: ListingChange,
) -> Result<Outcome> {
    let id = resolve::listing(on.node, on.scope, given).await?;
    Ok(on.node.listing_change(on.scope, id, change).await?.into())
}

async fn add<B: Backend>(on: On<'_, B>, it: args::ListingAdd) -> Result<Outcome> {
    let holder = match &it.holder {
        None => None,
        Some(device) => Some(resolve::device(on.node, on.scope, device).await?),
    };
    let group = match &it.group {
        None => None,
        Some(group) => Some(resolve::group(on.node, on.scope, group).await?),
    };
    let new = NewListing {
        kind: kind(it.kind),
        title: it.title,
        terms: calendar::terms(*it.terms)?,
        holder,
        parts: it.part,
        group,
        content: patch(on, it.content).await?,
    };
    Ok(on.node.listing_add(on.scope, new).await?.into())
}

async fn patch<B: Backend>(on: On<'_, B>, content: ListingContent) -> Result<ListingPatch> {
    Ok(ListingPatch {
        title: None,
        text: content.text,
        category: content.category,
        zone: content.zone,
        prices: content.price.iter().map(|price| price.0).collect(),
        until: on.instant_if(content.until).await?,
    })
}

pub(super) const fn kind(kind: KindArg) -> ListingKind {
    match kind {
        KindArg::Offer => ListingKind::Offer,
        KindArg::Need => ListingKind::Need,
        KindArg::Tool => ListingKind::Tool,
        KindArg::Parking => ListingKind::Parking,
        KindArg::Storage => ListingKind::Storage,
        KindArg::Room => ListingKind::Room,
        KindArg::Event => ListingKind::Event,
    }
}

pub(super) async fn search<B: Backend>(on: On<'_, B>, it: args::Search) -> Result<Outcome> {
    if let Some(name) = it.forget {
        return Ok(on.node.search_forget(on.scope, name).await?.into());
    }
    let filter = ListingFilter {
        words: it.words.join(" "),
        kind: it.kind.map(kind),
        category: it.category,
        zone: it.zone,
        price: it.price.map(|price| price.0),
        mine: false,
    };
    let filter = match (it.save, it.saved) {
        (Some(name), _) => return Ok(on.node.search_save(on.scope, name, filter).await?.into()),
        (None, Some(None)) => {
            return Ok(List::whole(on.node.searches(on.scope).await?).into());
        }
        (None, Some(Some(name))) => on.node.search_filter(on.scope, name).await?,
        (None, None) => filter,
    };
    Ok(on.node.listings(on.scope, filter, paging(it.page)).await?.into())
}

pub(super) async fn photo<B: Backend>(on: On<'_, B>, verb: Photo) -> Result<Outcome> {
    Ok(match verb {
        Photo::Add(it) => {
            let listing = resolve::listing(on.node, on.scope, &it.listing).await?;
            on.node.photo_add(on.scope, listing, on.context.path(&it.file)).await?.into()
        }
        Photo::Get(it) => {
            let photo = resolve::photo(on.node, on.scope, &it.photo).await?;
            let file = on.context.path(&it.file);
            on.node.photo_get(on.scope, photo, file, it.within.as_ms()).await?.into()
        }
    })
}
