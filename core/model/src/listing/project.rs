//! Documents in, rows of listings and profiles out.
//!
//! Invariant: the rows of one document follow from that document and from its owner's
//! standing alone, so they are the same whatever was there before.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::codes::ListingState;
use super::content::ListingContent;
use super::profile::ProfileContent;
use super::read;
use super::row::{
    BlobRefs, GroupProfileRow, GroupProfiles, ListingRow, Listings, ProfileRow, Profiles,
};
use crate::journal::edited::Edited;
use crate::journal::{Class, Descriptor, Owner, Period};
use crate::keys::{BlobId, DocId, GroupId, HoodHash, MemberId};
use crate::rows::{RowsError, Tx};

/// The object number of a member's profile: each member has one.
pub const PROFILE_NUMBER: [u8; 16] = [0; 16];

/// The document of a member's profile.
pub const fn profile_document(hood: HoodHash, member: MemberId) -> Descriptor {
    Descriptor::object(hood, Owner::Member(member), PROFILE_NUMBER)
}

/// The document of what a group says of itself.
pub const fn group_document(hood: HoodHash, group: GroupId) -> Descriptor {
    Descriptor::object(hood, Owner::Group(group), PROFILE_NUMBER)
}

/// Writes, changes or removes the row of a document that has changed. `is_offered` says
/// whether its owner is one of us: of whoever was removed or left, nothing is offered.
pub fn project(
    tx: &mut Tx<'_>,
    descriptor: &Descriptor,
    document: &Edited,
    is_offered: bool,
) -> Result<(), RowsError> {
    if descriptor.class != Class::Object {
        return Ok(());
    }
    let id = descriptor.id();
    match (descriptor.period, descriptor.owner) {
        (Period::Object(PROFILE_NUMBER), Owner::Member(member)) => {
            project_profile(tx, id, member, document)
        }
        (Period::Object(PROFILE_NUMBER), Owner::Group(group)) => project_group(tx, group, document),
        _ => project_listing(tx, id, descriptor.owner, document, is_offered),
    }
}

/// A listing as a document says it, if it says one.
pub fn listing_of(document: &Edited) -> Option<ListingContent> {
    // The document could be read when it was applied; if automerge fails here all the
    // same, one listing is missing, not the whole projection.
    catch_unwind(AssertUnwindSafe(|| read::listing(document.doc()))).ok()?
}

/// A profile as a document says it, if it says one.
pub fn profile_of(document: &Edited) -> Option<ProfileContent> {
    catch_unwind(AssertUnwindSafe(|| read::profile(document.doc()))).ok()?
}

fn project_listing(
    tx: &mut Tx<'_>,
    id: DocId,
    owner: Owner,
    document: &Edited,
    is_offered: bool,
) -> Result<(), RowsError> {
    let old = tx.row::<Listings>(&id)?;
    let new = document.times().and_then(|(created_at, updated_at)| {
        let mut content = listing_of(document)?;
        if !is_offered {
            content.state = ListingState::Withdrawn;
        }
        Some(ListingRow { id, owner, content, created_at, updated_at })
    });
    let blobs = |row: &Option<ListingRow>| {
        row.iter().flat_map(|row| &row.content.photos).map(|photo| photo.blob).collect()
    };
    point(tx, id, &blobs(&old), &blobs(&new));
    if old == new {
        return Ok(());
    }
    match new {
        Some(row) => tx.put::<Listings>(&id, &row),
        None if old.is_some() => tx.delete::<Listings>(&id),
        None => {}
    }
    Ok(())
}

fn project_profile(
    tx: &mut Tx<'_>,
    id: DocId,
    member: MemberId,
    document: &Edited,
) -> Result<(), RowsError> {
    let old = tx.row::<Profiles>(&member)?;
    let new = document.times().and_then(|(_, updated_at)| {
        let content = profile_of(document)?;
        Some(ProfileRow { member, document: id, content, updated_at })
    });
    let blobs = |row: &Option<ProfileRow>| {
        row.iter().filter_map(|row| row.content.photo.as_ref()).map(|photo| photo.blob).collect()
    };
    point(tx, id, &blobs(&old), &blobs(&new));
    match new {
        Some(row) => tx.put::<Profiles>(&member, &row),
        None if old.is_some() => tx.delete::<Profiles>(&member),
        None => {}
    }
    Ok(())
}

fn project_group(tx: &mut Tx<'_>, group: GroupId, document: &Edited) -> Result<(), RowsError> {
    let known = tx.row::<GroupProfiles>(&group)?;
    let new = document.times().and_then(|(_, updated_at)| {
        let mut content = profile_of(document)?;
        // Nobody fetches a picture of a group yet.
        content.photo = None;
        Some(GroupProfileRow { group, content, updated_at })
    });
    match new {
        Some(row) => tx.put::<GroupProfiles>(&group, &row),
        None if known.is_some() => tx.delete::<GroupProfiles>(&group),
        None => {}
    }
    Ok(())
}

/// Keeps what says which documents name a blob.
fn point(tx: &mut Tx<'_>, id: DocId, old: &BTreeSet<BlobId>, new: &BTreeSet<BlobId>) {
    for gone in old.difference(new) {
        tx.delete::<BlobRefs>(&(*gone, id));
    }
    for come in new.difference(old) {
        tx.put::<BlobRefs>(&(*come, id), &());
    }
}
