//! From the beginning of an id to the id.

use palier_model::keys::{BlobId, BookingId, DeviceId, DocId, GroupId, MemberId, SeriesId};

use crate::answer::{List, Prefixed, Shown};
use crate::args::Ref;
use crate::backend::{Backend, BookingFilter, ListingFilter, Paging, Scope};
use crate::errors::{CliError, Result};

/// Items looked at in one go.
const PART: u32 = 1_000;

/// The one id among `candidates` that `given` means.
fn pick<T: Prefixed + PartialEq + Copy>(
    given: &Ref<T>,
    candidates: impl IntoIterator<Item = T>,
) -> Result<T> {
    let mut fitting = candidates.into_iter().filter(|id| given.fits(id));
    let Some(first) = fitting.next() else {
        return Err(CliError::new("id.not_found").param("id", given.as_str()));
    };
    if fitting.any(|other| other != first) {
        return Err(CliError::new("id.ambiguous").param("id", given.as_str()));
    }
    Ok(first)
}

fn first_part() -> Paging {
    Paging { limit: PART, after: None }
}

/// Adds the ids of one part and says where the next begins.
fn take<T, I>(part: List<I>, into: &mut Vec<T>, id: impl Fn(I) -> T) -> Option<Paging> {
    into.extend(part.items.into_iter().map(id));
    part.next.map(|after| Paging { limit: PART, after: Some(after) })
}

/// A member.
pub(super) async fn member<B: Backend>(
    node: &B,
    scope: &Scope,
    given: &Ref<MemberId>,
) -> Result<MemberId> {
    if let Some(id) = given.whole() {
        return Ok(id);
    }
    let mut ids = Vec::new();
    let mut next = Some(first_part());
    while let Some(paging) = next {
        let part = node.members(scope, paging).await?;
        next = take(part, &mut ids, |member| member.id.0);
    }
    pick(given, ids)
}

/// A group.
pub(super) async fn group<B: Backend>(
    node: &B,
    scope: &Scope,
    given: &Ref<GroupId>,
) -> Result<GroupId> {
    if let Some(id) = given.whole() {
        return Ok(id);
    }
    pick(given, node.groups(scope).await?.into_iter().map(|group| group.id.0))
}

/// A device: one's own, or one whose entries were accepted here.
pub(super) async fn device<B: Backend>(
    node: &B,
    scope: &Scope,
    given: &Ref<DeviceId>,
) -> Result<DeviceId> {
    if let Some(id) = given.whole() {
        return Ok(id);
    }
    let own = node.devices(scope).await?.into_iter().map(|device| device.id);
    let mut ids: Vec<Shown<DeviceId>> = own.collect();
    let mut next = Some(first_part());
    while let Some(paging) = next {
        let part = node.members(scope, paging).await?;
        let mut lists = Vec::new();
        next = take(part, &mut lists, |member| member.accepted_up_to.into_keys());
        ids.extend(lists.into_iter().flatten());
    }
    pick(given, ids.into_iter().map(|id| id.0))
}

/// A listing.
pub(super) async fn listing<B: Backend>(
    node: &B,
    scope: &Scope,
    given: &Ref<DocId>,
) -> Result<DocId> {
    if let Some(id) = given.whole() {
        return Ok(id);
    }
    let mut ids = Vec::new();
    for mine in [false, true] {
        let mut next = Some(first_part());
        while let Some(paging) = next {
            let filter = ListingFilter { mine, ..ListingFilter::default() };
            let part = node.listings(scope, filter, paging).await?;
            next = take(part, &mut ids, |listing| listing.id.0);
        }
    }
    pick(given, ids)
}

/// A booking.
pub(super) async fn booking<B: Backend>(
    node: &B,
    scope: &Scope,
    given: &Ref<BookingId>,
) -> Result<BookingId> {
    if let Some(id) = given.whole() {
        return Ok(id);
    }
    let mut ids = Vec::new();
    let mut next = Some(first_part());
    while let Some(paging) = next {
        let part = node.bookings(scope, BookingFilter::default(), paging).await?;
        next = take(part, &mut ids, |booking| booking.id.0);
    }
    pick(given, ids)
}

/// A series of bookings that this person can read.
pub(super) async fn series<B: Backend>(
    node: &B,
    scope: &Scope,
    given: &Ref<SeriesId>,
) -> Result<SeriesId> {
    if let Some(id) = given.whole() {
        return Ok(id);
    }
    let mut ids = Vec::new();
    let mut next = Some(first_part());
    while let Some(paging) = next {
        let part = node.bookings(scope, BookingFilter::default(), paging).await?;
        next = take(part, &mut ids, |booking| booking.series.map(|id| id.0));
    }
    pick(given, ids.into_iter().flatten())
}

/// A photo: of a listing that can be seen here, unless its id is given whole.
pub(super) async fn photo<B: Backend>(
    node: &B,
    scope: &Scope,
    given: &Ref<BlobId>,
) -> Result<BlobId> {
    if let Some(id) = given.whole() {
        return Ok(id);
    }
    let mut photos = Vec::new();
    for mine in [false, true] {
        let mut next = Some(first_part());
        while let Some(paging) = next {
            let filter = ListingFilter { mine, ..ListingFilter::default() };
            let part = node.listings(scope, filter, paging).await?;
            let mut lists = Vec::new();
            next = take(part, &mut lists, |listing| listing.photos);
            photos.extend(lists.into_iter().flatten().map(|photo| photo.0));
        }
    }
    pick(given, photos)
}
