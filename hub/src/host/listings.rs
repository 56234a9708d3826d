//! Listings: publish, find, show, change.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use palier_model::booking::tariff::{Currency, Rates, Tariff};
use palier_model::booking::{DomainView, Mode, Terms, TermsEdit};
use palier_model::journal::Owner;
use palier_model::keys::{DeviceId, DocId, HoodHash, MemberId};
use palier_model::listing::{
    Category, GroupProfiles, ListingContent, ListingEdit as ModelEdit, ListingKind as ModelKind,
    ListingRow, ListingState, ListingStatus as ModelStatus, Listings, MaxPrice, Per as ModelPer,
    Price as ModelPrice, Profiles, SearchCursor, SearchPage, SearchQuery,
};
use palier_model::projection::Changes;
use palier_model::replica::{ActError, Deciding, Replica, is_resource};
use palier_model::rows::Tx;
use palier_model::time::Instant;

use super::{Opened, calendar, errors, saved};
use crate::answer::{
    List, Listing, ListingDetail, ListingKind, ListingStatus, Per, Price, Saved, TermsSaved, When,
};
use crate::backend::{
    ListingChange, ListingEdit, ListingFilter, ListingPatch, NewListing, Paging, Scope,
};
use crate::errors::{CliError, Result};

/// How long a listing is shown where nothing is said: 180 days.
const SHOWN_MS: i64 = 180 * Instant::DAY_MS;

impl Opened {
    pub(super) async fn publish(&self, scope: &Scope, new: NewListing) -> Result<Saved> {
        let hood = self.hood_of(scope).await?;
        let place_zone = self.zone_of(hood).await?;
        let kind = kind_in(new.kind);
        let mut content = ListingContent::new(kind, new.title.clone());
        edit_of(&new.content)?.apply_to(&mut content);
        content.title = new.title;
        content.capacity = new.terms.capacity.unwrap_or(1);
        let only_capacity = TermsEdit { capacity: new.terms.capacity, ..TermsEdit::default() };
        if !is_resource(kind) && (new.terms != only_capacity || new.content.prices.len() > 1) {
            return Err(CliError::new("listing.not_resource"));
        }
        content.deposit_cents = deposit(&new.terms)?.unwrap_or(0);
        let terms = TermsEdit {
            tariff: Some(tariff_of(&new.content.prices)?),
            zone: new.terms.zone.clone().or(Some(zone_name(&place_zone))),
            ..new.terms
        };
        let (holder, until, group, parts) = (new.holder, new.content.until, new.group, new.parts);
        let id = self
            .write(hood, move |replica, tx, now, rng| {
                content.expires_at = until.or(Some(now.plus_ms(SHOWN_MS)));
                let deciding = match is_resource(kind) {
                    true => {
                        let terms = terms.applied_to(&Terms::default(), now);
                        Some(deciding(replica, tx, terms, holder)?)
                    }
                    false => None,
                };
                let owner = group.map_or(Owner::Member(replica.me().member), Owner::Group);
                let part = |title| ListingContent { title, capacity: 1, ..content.clone() };
                let parts: Vec<_> = parts.into_iter().map(part).collect();
                let drafts = (owner, std::iter::once(content).chain(parts).collect());
                let (ids, changes) = replica.publish_with_parts(tx, now, rng, drafts, deciding)?;
                let id = ids.first().copied();
                Ok((id.ok_or_else(|| ActError::invalid("listing.parts"))?, changes))
            })
            .await?;
        Ok(saved(id))
    }

    /// What a listing says and what its bookings are held to, in one act.
    pub(super) async fn edit_listing(
        &self,
        scope: &Scope,
        id: DocId,
        edit: ListingEdit,
    ) -> Result<TermsSaved> {
        let hood = self.hood_of(scope).await?;
        let ListingEdit { content, terms, broken, dry_run } = edit;
        if let Some((range, text)) = broken {
            return self.break_down(hood, id, range, text, dry_run).await;
        }
        let mut content_edit = edit_of(&content)?;
        content_edit.capacity = terms.capacity;
        content_edit.deposit_cents = deposit(&terms)?;
        let tariff = match content.prices.as_slice() {
            [] => None,
            prices => Some(tariff_of(prices)?),
        };
        let several = content.prices.len() > 1;
        let terms = TermsEdit { tariff, ..terms };
        let work = move |replica: &mut Replica, tx: &mut Tx<'_>, now: Instant| {
            let row = replica.own_listing(tx, &id)?;
            let is_resource = row.content.domain.is_some();
            let mut unfitting = Vec::new();
            let mut changes = Changes::default();
            let only_content = TermsEdit {
                capacity: terms.capacity,
                tariff: terms.tariff,
                ..TermsEdit::default()
            };
            if is_resource && terms != TermsEdit::default() {
                let (found, done) = replica.set_terms(tx, now, &id, &terms, !dry_run)?;
                unfitting = found;
                changes.merge(done);
            } else if !is_resource && (terms != only_content || several) {
                return Err(ActError::conflict("listing.not_resource"));
            }
            if content_edit != ModelEdit::default() && !dry_run {
                changes.merge(replica.edit_listing(tx, now, &id, &content_edit)?);
            }
            Ok((unfitting, changes))
        };
        let unfitting = self.write(hood, move |replica, tx, now, _| work(replica, tx, now)).await?;
        let zone = self.zone_of(hood).await?;
        let would_not_fit = unfitting.into_iter().map(|it| calendar::unfit(it, &zone)).collect();
        let cancelled = Vec::new();
        Ok(TermsSaved { id: id.into(), saved: !dry_run, would_not_fit, cancelled })
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
                let owners: Vec<Owner> = page.items.iter().map(|row| row.owner).collect();
                let names = host.read(&hood, |_, tx, _| owner_names(tx, &owners))?;
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
            .look(hood, move |replica, tx, _| {
                let rows = tx.rows_with_prefix::<Listings>(&[], 100_000)?;
                let mine: Vec<ListingRow> = rows
                    .into_iter()
                    .map(|(_, row)| row)
                    .filter(|row| is_mine(replica, row, &me))
                    .collect();
                let owners: Vec<Owner> = mine.iter().map(|row| row.owner).collect();
                let names = owner_names(tx, &owners)?;
                Ok((mine, names))
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
        let (row, names, domain, stand_ins, answers, mine) = self
            .look(hood, move |replica, tx, now| {
                let row = tx.row::<Listings>(&id)?;
                let row = row.ok_or_else(|| ActError::not_found("listing.not_found"))?;
                let names = owner_names(tx, &[row.owner])?;
                let mine = is_mine(replica, &row, &me);
                let domain = match row.content.domain {
                    Some(domain) => DomainView::head(tx, &domain)?,
                    None => None,
                };
                let stand_ins = domain.as_ref().map(|view| stand_ins(replica, view));
                let answers = match is_answered(&row) {
                    true => replica.answers_to(tx, &id, now)?,
                    false => None,
                };
                Ok((row, names, domain, stand_ins.unwrap_or_default(), answers, mine))
            })
            .await?;
        let now = self.node.clock().claimed();
        let listing = show(&row, &names, now, &zone);
        let terms = domain.as_ref().and_then(|view| view.terms(&id));
        Ok(ListingDetail {
            text: row.content.text.clone(),
            instant: terms.is_some_and(|terms| terms.mode == Mode::Instant),
            holder: domain.as_ref().map(|view| view.row.holder.device.into()),
            stand_ins: stand_ins.into_iter().map(Into::into).collect(),
            terms: terms.map(calendar::terms).map(Box::new),
            part_of: domain.as_ref().and_then(|view| whole_of(view, &id)).map(Into::into),
            parts: domain.iter().flat_map(|view| parts_of(view, &id)).map(Into::into).collect(),
            published: Some(When::new(row.created_at, &zone)),
            answers,
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
            ListingChange::Pause => {
                ModelEdit { state: Some(ListingState::Paused), ..Default::default() }
            }
            ListingChange::Withdraw => {
                ModelEdit { state: Some(ListingState::Withdrawn), ..Default::default() }
            }
            ListingChange::Renew(until) => ModelEdit {
                state: Some(ListingState::Published),
                expires_at: until.map(Some),
                ..Default::default()
            },
            ListingChange::Holder(_) | ListingChange::Fill => ModelEdit::default(),
        };
        self.write(hood, move |replica, tx, now, _| {
            let changes = match change {
                ListingChange::Holder(device) => replica.set_holder(tx, now, &id, &device)?,
                ListingChange::Fill => replica.fill_listing(tx, now, &id)?,
                ListingChange::Renew(None) => {
                    let expires_at = Some(Some(now.plus_ms(SHOWN_MS)));
                    replica.edit_listing(tx, now, &id, &ModelEdit { expires_at, ..edit })?
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
    terms: Terms,
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
    Ok(Deciding { holder, deciders, terms })
}

/// The name of a zone that a place can have.
pub(super) fn zone_name(zone: &TimeZone) -> String {
    zone.iana_name().unwrap_or("UTC").to_owned()
}

/// A deposit as lists show it.
fn deposit(terms: &TermsEdit) -> Result<Option<u32>> {
    let cents = terms.deposit_cents.map(u32::try_from).transpose();
    cents.map_err(|_| CliError::new("invalid.deposit"))
}

/// The tariff of prices: one for the whole time, or one for each length of time, all of
/// one currency.
fn tariff_of(prices: &[Price]) -> Result<Tariff> {
    let mut found: Option<(Currency, Rates)> = None;
    for price in prices {
        let (currency, amount, per) = match *price {
            Price::Free if prices.len() == 1 => return Ok(Tariff::Free),
            Price::Free => return Err(CliError::new("invalid.prices")),
            Price::Credits { minutes, per } => (Currency::Minutes, minutes, per),
            Price::Euros { cents, per } => (Currency::Cents, cents, per),
        };
        let (of, rates) = found.get_or_insert((currency, Rates::default()));
        let rate = match per {
            Per::Once if prices.len() == 1 => return Ok(Tariff::Once { currency, amount }),
            Per::Once => return Err(CliError::new("invalid.prices")),
            Per::Hour => &mut rates.hour,
            Per::Day => &mut rates.day,
            Per::Week => &mut rates.week,
            Per::Month => &mut rates.month,
        };
        if *of != currency || rate.replace(amount).is_some() {
            return Err(CliError::new("invalid.prices"));
        }
    }
    Ok(found.map_or(Tariff::Free, |(currency, rates)| Tariff::ByTime { currency, rates }))
}

fn stand_ins(replica: &Replica, view: &DomainView) -> Vec<DeviceId> {
    let authority = replica.authority();
    let devices = view.row.deciding.iter().flat_map(|member| authority.devices_of(member));
    devices
        .filter(|(id, device)| device.is_active && *id != view.row.holder.device)
        .map(|(id, _)| id)
        .collect()
}

/// The resource that one is part of.
fn whole_of(view: &DomainView, id: &DocId) -> Option<DocId> {
    let resources = &view.row.record.resources;
    let of = resources.iter().find(|it| it.listing == *id)?.part_of?;
    Some(resources.get(usize::from(of))?.listing)
}

/// The resources that are part of one.
fn parts_of(view: &DomainView, id: &DocId) -> Vec<DocId> {
    let all = view.row.record.resources.iter().map(|it| it.listing);
    all.filter(|part| whole_of(view, part) == Some(*id)).collect()
}

/// Whether a listing is a person's own, or that of a group he manages.
fn is_mine(replica: &Replica, row: &ListingRow, me: &MemberId) -> bool {
    match &row.owner {
        Owner::Group(group) => replica.authority().is_manager(group, me),
        owner => *owner == Owner::Member(*me),
    }
}

/// Names by owner.
pub(super) type OwnerNames = std::collections::BTreeMap<Owner, String>;

pub(super) fn owner_names(
    tx: &Tx<'_>,
    owners: &[Owner],
) -> std::result::Result<OwnerNames, ActError> {
    let mut names = OwnerNames::new();
    for owner in owners {
        let name = match owner {
            Owner::Member(member) => tx.row::<Profiles>(member)?.map(|row| row.content.name),
            Owner::Group(group) => tx.row::<GroupProfiles>(group)?.map(|row| row.content.name),
            Owner::Hood => None,
        };
        names.extend(name.map(|name| (*owner, name)));
    }
    Ok(names)
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

fn show(row: &ListingRow, names: &OwnerNames, now: Instant, zone: &TimeZone) -> Listing {
    let content = &row.content;
    Listing {
        id: row.id.into(),
        kind: kind_out(content.kind),
        title: content.title.clone(),
        status: match row.status(now) {
            ModelStatus::Published => ListingStatus::Published,
            ModelStatus::Paused => ListingStatus::Paused,
            ModelStatus::Expired => ListingStatus::Expired,
            ModelStatus::Filled => ListingStatus::Filled,
            _ => ListingStatus::Withdrawn,
        },
        owner: super::credits::member_in(&row.owner).map(Into::into),
        group: super::credits::group_in(&row.owner).map(Into::into),
        owner_name: names.get(&row.owner).cloned().unwrap_or_default(),
        category: content.category.code().to_owned(),
        zone: content.zone.clone(),
        price: price_out(&content.price),
        capacity: content.capacity,
        photos: content.photos.iter().map(|photo| photo.blob.into()).collect(),
        until: content.expires_at.map(|at| When::new(at, zone)),
    }
}

/// Whether it is answered rather than booked by time.
fn is_answered(row: &ListingRow) -> bool {
    matches!(row.content.kind, ModelKind::Offer | ModelKind::Need)
}

fn may(row: &ListingRow, mine: bool, resource: bool, now: Instant) -> Vec<String> {
    let status = row.status(now);
    let verbs: &[&str] = match (mine, status) {
        (_, ModelStatus::Withdrawn) => &[],
        (true, ModelStatus::Published) if resource => {
            &["edit", "pause", "renew", "withdraw", "holder", "photo"]
        }
        (true, ModelStatus::Published) if is_answered(row) => {
            &["edit", "pause", "renew", "fill", "withdraw", "photo"]
        }
        (true, ModelStatus::Published) => &["edit", "pause", "renew", "withdraw", "photo"],
        (true, _) => &["edit", "renew", "withdraw", "photo"],
        (false, ModelStatus::Published) if resource || is_answered(row) => &["request"],
        (false, _) => &[],
    };
    verbs.iter().map(|verb| (*verb).to_owned()).collect()
}

fn edit_of(patch: &ListingPatch) -> Result<ModelEdit> {
    Ok(ModelEdit {
        title: patch.title.clone(),
        text: patch.text.clone(),
        category: category(patch.category.as_deref())?,
        zone: patch.zone.clone(),
        price: patch.prices.first().copied().map(price_in),
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

pub(super) fn kind_in(kind: ListingKind) -> ModelKind {
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
