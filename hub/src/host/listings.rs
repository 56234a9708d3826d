//! Listings: publish, find, show, change.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use palier_model::booking::tariff::{Currency, Rates, Tariff};
use palier_model::booking::{DomainView, Mode, Terms};
use palier_model::journal::Owner;
use palier_model::keys::{DeviceId, DocId, HoodHash, MemberId};
use palier_model::listing::{
    Category, ListingContent, ListingEdit, ListingKind as ModelKind, ListingRow, ListingState,
    ListingStatus as ModelStatus, Listings, MaxPrice, Per as ModelPer, Price as ModelPrice,
    Profiles, SearchCursor, SearchPage, SearchQuery,
};
use palier_model::replica::{ActError, Deciding, Replica, is_resource};
use palier_model::rows::Tx;
use palier_model::time::Instant;

use super::{Opened, errors, saved};
use crate::answer::{
    List, Listing, ListingDetail, ListingKind, ListingStatus, Per, Price, Saved, When,
};
use crate::backend::{ListingChange, ListingFilter, ListingPatch, NewListing, Paging, Scope};
use crate::errors::{CliError, Result};

/// How long a listing is shown where nothing is said: 180 days.
const SHOWN_MS: i64 = 180 * Instant::DAY_MS;

impl Opened {
    pub(super) async fn publish(&self, scope: &Scope, new: NewListing) -> Result<Saved> {
        let hood = self.hood_of(scope).await?;
        let kind = kind_in(new.kind);
        let mut content = ListingContent::new(kind, new.title.clone());
        edit_of(&new.content)?.apply_to(&mut content);
        content.title = new.title;
        content.capacity = new.capacity.unwrap_or(1);
        let (instant, holder) = (new.instant, new.holder);
        let until = new.content.until;
        let id = self
            .write(hood, move |replica, tx, now, rng| {
                content.expires_at = until.or(Some(now.plus_ms(SHOWN_MS)));
                let deciding = match is_resource(kind) {
                    true => Some(deciding(replica, tx, &content, instant, holder)?),
                    false => None,
                };
                replica.publish(tx, now, rng, content, deciding)
            })
            .await?;
        Ok(saved(id))
    }

    pub(super) async fn find_listings(
        &self,
        scope: &Scope,
        filter: ListingFilter,
        paging: Paging,
    ) -> Result<List<Listing>> {
        let hood = self.hood_of(scope).await?;
        let zone = self.zone_of(hood).await?;
        if filter.mine {
            return self.own_listings(hood, &zone, &paging).await;
        }
        let query = SearchQuery {
            cursor: paging.after.as_deref().map(cursor_in).transpose()?,
            limit: paging.limit as usize,
            ..query_of(filter)?
        };
        let (page, names) = self
            .node
            .call(move |host| {
                let now = host.clock.claimed();
                let store = host.stores.get(&hood);
                let page: SearchPage =
                    store.ok_or(palier_node::node::NodeError::NoHood)?.search(&query, now)?;
                let owners: Vec<MemberId> = page.items.iter().filter_map(owner_of).collect();
                let names = host.read(&hood, |_, tx, _| names_of(tx, &owners))?;
                Ok((page, names))
            })
            .await
            .map_err(errors::of_node)?;
        let now = self.node.clock().claimed();
        let items = page.items.iter().map(|row| show(row, &names, now, &zone)).collect();
        Ok(List { items, next: page.next.map(|next| format!("{}.{}", next.updated_at.0, next.id)) })
    }

    async fn own_listings(
        &self,
        hood: HoodHash,
        zone: &TimeZone,
        paging: &Paging,
    ) -> Result<List<Listing>> {
        let me = self.identity.member;
        let (rows, names) = self
            .look(hood, move |_, tx, _| {
                let rows = tx.rows_with_prefix::<Listings>(&[], 100_000)?;
                let mine: Vec<ListingRow> = rows
                    .into_iter()
                    .map(|(_, row)| row)
                    .filter(|row| row.owner == Owner::Member(me))
                    .collect();
                Ok((mine, names_of(tx, &[me])?))
            })
            .await?;
        let now = self.node.clock().claimed();
        let items = rows.iter().map(|row| show(row, &names, now, zone)).collect();
        super::people::page(items, paging, |listing: &Listing| listing.id.to_string())
    }

    pub(super) async fn one_listing(&self, scope: &Scope, id: DocId) -> Result<ListingDetail> {
        let hood = self.hood_of(scope).await?;
        let zone = self.zone_of(hood).await?;
        let me = self.identity.member;
        let (row, names, domain, stand_ins) = self
            .look(hood, move |replica, tx, _| {
                let row = tx.row::<Listings>(&id)?;
                let row = row.ok_or_else(|| ActError::not_found("listing.not_found"))?;
                let names = names_of(tx, &owner_of(&row).into_iter().collect::<Vec<_>>())?;
                let domain = match row.content.domain {
                    Some(domain) => DomainView::load(tx, &domain)?,
                    None => None,
                };
                let stand_ins = domain.as_ref().map(|view| stand_ins(replica, view));
                Ok((row, names, domain, stand_ins.unwrap_or_default()))
            })
            .await?;
        let now = self.node.clock().claimed();
        let listing = show(&row, &names, now, &zone);
        let mine = row.owner == Owner::Member(me);
        let terms = domain.as_ref().and_then(|view| view.terms(&id));
        Ok(ListingDetail {
            text: row.content.text.clone(),
            instant: terms.is_some_and(|terms| terms.mode == Mode::Instant),
            holder: domain.as_ref().map(|view| view.row.holder.device.into()),
            stand_ins: stand_ins.into_iter().map(Into::into).collect(),
            published: Some(When::new(row.created_at, &zone)),
            may: may(&row, mine, domain.is_some(), now),
            listing,
        })
    }

    pub(super) async fn change_listing(
        &self,
        scope: &Scope,
        id: DocId,
        change: ListingChange,
    ) -> Result<Saved> {
        let hood = self.hood_of(scope).await?;
        let edit = match &change {
            ListingChange::Edit(patch) => edit_of(patch)?,
            ListingChange::Pause => {
                ListingEdit { state: Some(ListingState::Paused), ..Default::default() }
            }
            ListingChange::Withdraw => {
                ListingEdit { state: Some(ListingState::Withdrawn), ..Default::default() }
            }
            ListingChange::Renew(until) => ListingEdit {
                state: Some(ListingState::Published),
                expires_at: until.map(Some),
                ..Default::default()
            },
            ListingChange::Holder(_) => ListingEdit::default(),
        };
        self.write(hood, move |replica, tx, now, _| {
            let changes = match change {
                ListingChange::Holder(device) => replica.set_holder(tx, now, &id, &device)?,
                ListingChange::Renew(None) => {
                    let expires_at = Some(Some(now.plus_ms(SHOWN_MS)));
                    replica.edit_listing(tx, now, &id, &ListingEdit { expires_at, ..edit })?
                }
                _ => replica.edit_listing(tx, now, &id, &edit)?,
            };
            Ok(((), changes))
        })
        .await?;
        Ok(saved(id))
    }
}

/// Who decides on a new resource: the holder that was named, the owner's devices, and
/// whoever else the holder belongs to.
fn deciding(
    replica: &Replica,
    tx: &Tx<'_>,
    content: &ListingContent,
    instant: bool,
    holder: Option<DeviceId>,
) -> std::result::Result<Deciding, ActError> {
    let holder = match holder {
        Some(device) => replica.holder_of(tx, &device)?,
        None => replica.as_holder(),
    };
    let mut deciders = BTreeSet::new();
    if holder.member != replica.me().member {
        deciders.insert(holder.member);
    }
    let terms = Terms {
        capacity: content.capacity,
        mode: if instant { Mode::Instant } else { Mode::ByRequest },
        tariff: tariff_of(&content.price),
        deposit_cents: u64::from(content.deposit_cents),
        ..Terms::default()
    };
    Ok(Deciding { holder, deciders, terms })
}

/// The tariff of a price.
fn tariff_of(price: &ModelPrice) -> Tariff {
    let (currency, amount, per) = match *price {
        ModelPrice::Free => return Tariff::Free,
        ModelPrice::Credits { minutes, per } => (Currency::Minutes, u64::from(minutes), per),
        ModelPrice::Euros { cents, per } => (Currency::Cents, u64::from(cents), per),
    };
    let mut rates = Rates::default();
    match per {
        ModelPer::Hour => rates.hour = Some(amount),
        ModelPer::Day => rates.day = Some(amount),
        ModelPer::Week => rates.week = Some(amount),
        ModelPer::Month => rates.month = Some(amount),
        _ => return Tariff::Once { currency, amount },
    }
    Tariff::ByTime { currency, rates }
}

fn stand_ins(replica: &Replica, view: &DomainView) -> Vec<DeviceId> {
    let authority = replica.authority();
    let devices = view.row.entitled.iter().flat_map(|member| authority.devices_of(member));
    devices
        .filter(|(id, device)| device.is_active && *id != view.row.holder.device)
        .map(|(id, _)| id)
        .collect()
}

fn owner_of(row: &ListingRow) -> Option<MemberId> {
    match row.owner {
        Owner::Member(member) => Some(member),
        _ => None,
    }
}

/// Names by member.
pub(super) type Names = std::collections::BTreeMap<MemberId, String>;

pub(super) fn names_of(tx: &Tx<'_>, members: &[MemberId]) -> std::result::Result<Names, ActError> {
    let mut names = Names::new();
    for member in members {
        if let Some(row) = tx.row::<Profiles>(member)? {
            names.insert(*member, row.content.name);
        }
    }
    Ok(names)
}

fn show(row: &ListingRow, names: &Names, now: Instant, zone: &TimeZone) -> Listing {
    let content = &row.content;
    let owner = owner_of(row).unwrap_or(MemberId::ZERO);
    Listing {
        id: row.id.into(),
        kind: kind_out(content.kind),
        title: content.title.clone(),
        status: match row.status(now) {
            ModelStatus::Published => ListingStatus::Published,
            ModelStatus::Paused => ListingStatus::Paused,
            ModelStatus::Expired => ListingStatus::Expired,
            _ => ListingStatus::Withdrawn,
        },
        owner: owner.into(),
        owner_name: names.get(&owner).cloned().unwrap_or_default(),
        category: content.category.code().to_owned(),
        zone: content.zone.clone(),
        price: price_out(&content.price),
        capacity: content.capacity,
        photos: content.photos.iter().map(|photo| photo.blob.into()).collect(),
        until: content.expires_at.map(|at| When::new(at, zone)),
    }
}

fn may(row: &ListingRow, mine: bool, resource: bool, now: Instant) -> Vec<String> {
    let status = row.status(now);
    let verbs: &[&str] = match (mine, status) {
        (_, ModelStatus::Withdrawn) => &[],
        (true, ModelStatus::Published) if resource => {
            &["edit", "pause", "renew", "withdraw", "holder", "photo"]
        }
        (true, ModelStatus::Published) => &["edit", "pause", "renew", "withdraw", "photo"],
        (true, _) => &["edit", "renew", "withdraw", "photo"],
        (false, ModelStatus::Published) if resource => &["request"],
        (false, _) => &[],
    };
    verbs.iter().map(|verb| (*verb).to_owned()).collect()
}

fn edit_of(patch: &ListingPatch) -> Result<ListingEdit> {
    Ok(ListingEdit {
        title: patch.title.clone(),
        text: patch.text.clone(),
        category: category(patch.category.as_deref())?,
        zone: patch.zone.clone(),
        price: patch.price.map(price_in),
        expires_at: patch.until.map(Some),
        ..Default::default()
    })
}

fn category(code: Option<&str>) -> Result<Option<Category>> {
    let Some(code) = code else { return Ok(None) };
    let found = Category::from_code(&code.trim().to_lowercase());
    found.map(Some).ok_or_else(|| {
        let known: Vec<&str> = Category::ALL.iter().map(|category| category.code()).collect();
        CliError::new("invalid.category").param("value", code).param("known", known.join(", "))
    })
}

/// What a filter asks of the index, from its first page.
pub(super) fn query_of(filter: ListingFilter) -> Result<SearchQuery> {
    Ok(SearchQuery {
        text: filter.words,
        kind: filter.kind.map(kind_in),
        category: category(filter.category.as_deref())?,
        zone: filter.zone,
        max_price: filter.price.map(max_price),
        ..SearchQuery::default()
    })
}

fn cursor_in(text: &str) -> Result<SearchCursor> {
    let wrong = || CliError::new("invalid.after");
    let (at, id) = text.split_once('.').ok_or_else(wrong)?;
    let updated_at = Instant(at.parse().map_err(|_| wrong())?);
    Ok(SearchCursor { updated_at, id: id.parse().map_err(|_| wrong())? })
}

fn kind_in(kind: ListingKind) -> ModelKind {
    match kind {
        ListingKind::Offer => ModelKind::Offer,
        ListingKind::Need => ModelKind::Need,
        ListingKind::Tool => ModelKind::Tool,
        ListingKind::Parking => ModelKind::Parking,
        ListingKind::Storage => ModelKind::Storage,
        ListingKind::Room => ModelKind::Room,
        ListingKind::Event => ModelKind::Event,
    }
}

pub(super) fn kind_out(kind: ModelKind) -> ListingKind {
    match kind {
        ModelKind::Need => ListingKind::Need,
        ModelKind::Tool => ListingKind::Tool,
        ModelKind::Parking => ListingKind::Parking,
        ModelKind::Storage => ListingKind::Storage,
        ModelKind::Room => ListingKind::Room,
        ModelKind::Event => ListingKind::Event,
        _ => ListingKind::Offer,
    }
}

fn per_in(per: Per) -> ModelPer {
    match per {
        Per::Once => ModelPer::Once,
        Per::Hour => ModelPer::Hour,
        Per::Day => ModelPer::Day,
        Per::Week => ModelPer::Week,
        Per::Month => ModelPer::Month,
    }
}

fn per_out(per: ModelPer) -> Per {
    match per {
        ModelPer::Hour => Per::Hour,
        ModelPer::Day => Per::Day,
        ModelPer::Week => Per::Week,
        ModelPer::Month => Per::Month,
        _ => Per::Once,
    }
}

fn price_in(price: Price) -> ModelPrice {
    let amount = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    match price {
        Price::Free => ModelPrice::Free,
        Price::Credits { minutes, per } => {
            ModelPrice::Credits { minutes: amount(minutes), per: per_in(per) }
        }
        Price::Euros { cents, per } => ModelPrice::Euros { cents: amount(cents), per: per_in(per) },
    }
}

fn price_out(price: &ModelPrice) -> Price {
    match *price {
        ModelPrice::Free => Price::Free,
        ModelPrice::Credits { minutes, per } => {
            Price::Credits { minutes: u64::from(minutes), per: per_out(per) }
        }
        ModelPrice::Euros { cents, per } => {
            Price::Euros { cents: u64::from(cents), per: per_out(per) }
        }
    }
}

fn max_price(price: Price) -> MaxPrice {
    match price_in(price) {
        ModelPrice::Free => MaxPrice::Free,
        ModelPrice::Credits { minutes, .. } => MaxPrice::Credits(minutes),
        ModelPrice::Euros { cents, .. } => MaxPrice::EuroCents(cents),
    }
}
