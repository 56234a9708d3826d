//! From content to changes. Only what differs is written, so that what two devices
//! edit at once merges field by field, texts character by character.

use automerge::transaction::{Transactable, Transaction};
use automerge::{AutomergeError, ObjId, ObjType, ROOT, ReadDoc, ScalarValue};

use super::availability::{Availability, day_to_text, week_to_text};
use super::codes::Tier;
use super::content::ListingContent;
use super::edit::{ListingEdit, ProfileEdit};
use super::error::Invalid;
use super::photo::Photo;
use super::profile::ProfileContent;
use super::{keys as k, read};
use crate::journal::change::ChangeBody;
use crate::journal::edited::{EditError, Edited};
use crate::keys::EntryHash;
use crate::time::Instant;

/// Differences larger than this (characters out × characters in) replace the whole
/// changed stretch instead of being searched for what stayed within it.
const DIFF_AREA: usize = 250_000;

/// Why content was not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The content is not valid.
    #[error("{0}")]
    Invalid(#[from] Invalid),
    /// The document cannot take it.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The document holds no listing or profile (any more).
    #[error("there is nothing to edit")]
    Absent,
}

/// What becomes of the texts and lists that are there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Objects {
    /// They are edited, so that they merge.
    Kept,
    /// New ones take their place.
    Anew,
}

/// Edits, and where that names too much for one change (a text of which every character
/// came by a change of its own) puts new objects in place of the old.
fn or_anew<T>(edit: impl Fn(Objects) -> Result<T, EditError>) -> Result<T, EditError> {
    match edit(Objects::Kept) {
        Err(EditError::TooLarge) => edit(Objects::Anew),
        done => done,
    }
}

type Done = Result<(), AutomergeError>;

/// The first change of a new listing's document.
pub fn create(at: Instant, draft: &ListingContent) -> Result<ChangeBody, WriteError> {
    draft.check()?;
    let made = Edited::new().edit(&[], at, |tx| {
        tx.put(ROOT, k::KIND, draft.kind.code())?;
        write_listing(tx, &ListingEdit::all_of(draft), Objects::Kept)
    })?;
    made.ok_or(WriteError::Absent)
}

/// A change of a listing on top of `past` (usually [`Edited::heads`]); none if nothing
/// differs.
pub fn edit(
    document: &Edited,
    past: &[EntryHash],
    at: Instant,
    edit: &ListingEdit,
) -> Result<Option<ChangeBody>, WriteError> {
    let now = read::listing(document.doc()).ok_or(WriteError::Absent)?;
    // Only what is given is judged: a zone that this machine does not know must not
    // keep anyone from withdrawing a listing.
    let mut content = ListingContent::new(now.kind, "-");
    edit.apply_to(&mut content);
    content.check()?;
    let with = |objects| document.edit(past, at, |tx| write_listing(tx, edit, objects));
    Ok(or_anew(with)?)
}

/// A change of a profile on top of `past`, or its first one in an empty document; none
/// if nothing differs.
pub fn edit_profile(
    document: &Edited,
    past: &[EntryHash],
    at: Instant,
    edit: &ProfileEdit,
) -> Result<Option<ChangeBody>, WriteError> {
    let mut content = read::profile(document.doc()).unwrap_or_default();
    edit.apply_to(&mut content);
    content.check()?;
    let with = |objects| document.edit(past, at, |tx| write_profile(tx, edit, objects));
    Ok(or_anew(with)?)
}

/// The first change of a profile.
pub fn create_profile(at: Instant, profile: &ProfileContent) -> Result<ChangeBody, WriteError> {
    let edit = ProfileEdit::all_of(profile);
    edit_profile(&Edited::new(), &[], at, &edit)?.ok_or(WriteError::Absent)
}

fn write_listing(tx: &mut Transaction<'_>, edit: &ListingEdit, objects: Objects) -> Done {
    if let Some(title) = &edit.title {
        put_text(tx, k::TITLE, title, objects)?;
    }
    if let Some(text) = &edit.text {
        put_text(tx, k::TEXT, text, objects)?;
    }
    if let Some(condition) = &edit.condition {
        put_text(tx, k::CONDITION, condition, objects)?;
    }
    if let Some(instructions) = &edit.instructions {
        put_text(tx, k::INSTRUCTIONS, instructions, objects)?;
    }
    if let Some(category) = edit.category {
        put(tx, &ROOT, k::CATEGORY, category.code().into())?;
    }
    if let Some(zone) = &edit.zone {
        put(tx, &ROOT, k::ZONE, zone.as_str().into())?;
    }
    if let Some(price) = edit.price {
        put(tx, &ROOT, k::PRICE, price.to_string().into())?;
    }
    if let Some(state) = edit.state {
        // Concurrent states stay side by side until one is put over them, so put it
        // even where it equals the one that counts.
        if tx.get_all(ROOT, k::STATE)?.len() > 1 {
            tx.put(ROOT, k::STATE, state.code())?;
        }
        put(tx, &ROOT, k::STATE, state.code().into())?;
    }
    let numbers = [
        (k::DEPOSIT, edit.deposit_cents),
        (k::CAPACITY, edit.capacity),
        (k::SURFACE, edit.surface_cm2),
    ];
    for (key, n) in numbers {
        if let Some(n) = n {
            put(tx, &ROOT, key, i64::from(n).into())?;
        }
    }
    match edit.expires_at {
        Some(Some(at)) => put(tx, &ROOT, k::EXPIRES, at.0.into())?,
        Some(None) => remove(tx, &ROOT, k::EXPIRES)?,
        None => {}
    }
    if let Some(domain) = edit.domain {
        put(tx, &ROOT, k::DOMAIN, ScalarValue::Bytes(domain.0.to_vec()))?;
    }
    if let Some(tiers) = &edit.tiers {
        let map = object(tx, k::TIERS, ObjType::Map, objects)?;
        for tier in Tier::ALL {
            if tiers.contains(tier) {
                put(tx, &map, tier.code(), true.into())?;
            } else {
                remove(tx, &map, tier.code())?;
            }
        }
    }
    if let Some(photos) = &edit.photos {
        put_photos(tx, photos, objects)?;
    }
    if let Some(availability) = &edit.availability {
        put_availability(tx, availability, objects)?;
    }
    Ok(())
}

fn write_profile(tx: &mut Transaction<'_>, edit: &ProfileEdit, objects: Objects) -> Done {
    if let Some(name) = &edit.name {
        put(tx, &ROOT, k::NAME, name.as_str().into())?;
    }
    if let Some(about) = &edit.about {
        put_text(tx, k::ABOUT, about, objects)?;
    }
    if let Some(languages) = &edit.languages {
        put(tx, &ROOT, k::LANGUAGES, languages.join(" ").into())?;
    }
    match &edit.photo {
        Some(Some(photo)) => {
            let now = read::profile(tx).and_then(|profile| profile.photo);
            if now.as_ref() != Some(photo) {
                let map = tx.put_object(ROOT, k::PHOTO, ObjType::Map)?;
                fill_photo(tx, &map, photo)?;
            }
        }
        Some(None) => remove(tx, &ROOT, k::PHOTO)?,
        None => {}
    }
    Ok(())
}

/// Puts a value where another stands or none.
fn put(tx: &mut Transaction<'_>, object: &ObjId, key: &str, value: ScalarValue) -> Done {
    match read::get(tx, object, key) {
        Some((now, _, None)) if now == value => Ok(()),
        _ => tx.put(object, key, value),
    }
}

fn remove(tx: &mut Transaction<'_>, object: &ObjId, key: &str) -> Done {
    match tx.get(object, key)? {
        Some(_) => tx.delete(object, key),
        None => Ok(()),
    }
}

/// The object under a key, made if there is none of this kind, or anew.
fn object(
    tx: &mut Transaction<'_>,
    key: &str,
    kind: ObjType,
    objects: Objects,
) -> Result<ObjId, AutomergeError> {
    match read::object(tx, &ROOT, key, kind) {
        Some(id) if objects == Objects::Kept => Ok(id),
        _ => tx.put_object(ROOT, key, kind),
    }
}

fn put_text(tx: &mut Transaction<'_>, key: &str, new: &str, objects: Objects) -> Done {
    let id = object(tx, key, ObjType::Text, objects)?;
    let old = tx.text(&id)?;
    if old == new {
        return Ok(());
    }
    let (was, is): (Vec<char>, Vec<char>) = (old.chars().collect(), new.chars().collect());
    let same = was.iter().zip(&is).take_while(|(a, b)| a == b).count();
    let tail = was[same..].iter().rev().zip(is[same..].iter().rev());
    let tail = tail.take_while(|(a, b)| a == b).count();
    let (gone, come) = (was.len() - same - tail, is.len() - same - tail);
    if gone > 0 && come > 0 && gone.saturating_mul(come) <= DIFF_AREA {
        return tx.update_text(&id, new);
    }
    let come: String = is[same..same + come].iter().collect();
    tx.splice_text(&id, same, isize::try_from(gone).unwrap_or(0), &come)
}

fn fill_photo(tx: &mut Transaction<'_>, map: &ObjId, photo: &Photo) -> Done {
    put(tx, map, k::BLOB, ScalarValue::Bytes(photo.blob.0.to_vec()))?;
    put(tx, map, k::ALT, photo.alt.as_str().into())?;
    put(tx, map, k::SIZE, i64::from(photo.size_bytes).into())?;
    put(tx, map, k::WIDTH, i64::from(photo.width).into())?;
    put(tx, map, k::HEIGHT, i64::from(photo.height).into())
}

/// Removes, moves and inserts so that the list shows exactly `photos`.
fn put_photos(tx: &mut Transaction<'_>, photos: &[Photo], objects: Objects) -> Done {
    let list = object(tx, k::PHOTOS, ObjType::List, objects)?;
    let wanted: Vec<_> = photos.iter().map(|photo| photo.blob).collect();
    let kept = |now: &[(usize, Photo)]| {
        now.iter()
            .map(|(_, photo)| photo.blob)
            .filter(|blob| wanted.contains(blob))
            .collect::<Vec<_>>()
    };
    let stay = kept(&read::photos(tx));
    let in_order = wanted.iter().filter(|blob| stay.contains(blob)).eq(stay.iter());
    // Whatever is not one of the photos that stay goes, what cannot be read included.
    let shown = read::photos(tx);
    for place in (0..tx.length(&list)).rev() {
        let photo = shown.iter().find(|(at, _)| *at == place).map(|(_, photo)| photo.blob);
        if !in_order || !photo.is_some_and(|blob| stay.contains(&blob)) {
            tx.delete(&list, place)?;
        }
    }
    for (place, photo) in photos.iter().enumerate() {
        if in_order && stay.contains(&photo.blob) {
            if let Some((_, map, Some(ObjType::Map))) = read::get(tx, &list, place) {
                fill_photo(tx, &map, photo)?;
            }
        } else {
            let map = tx.insert_object(&list, place, ObjType::Map)?;
            fill_photo(tx, &map, photo)?;
        }
    }
    Ok(())
}

fn put_availability(
    tx: &mut Transaction<'_>,
    availability: &Availability,
    objects: Objects,
) -> Done {
    put(tx, &ROOT, k::TIME_ZONE, availability.zone.as_str().into())?;
    put(tx, &ROOT, k::WEEKLY, week_to_text(&availability.weekly).into())?;
    let map = object(tx, k::EXCEPTIONS, ObjType::Map, objects)?;
    let days: Vec<_> =
        availability.exceptions.iter().map(|(day, w)| (day.key(), day_to_text(w))).collect();
    let now: Vec<_> = tx.keys(&map).collect();
    for key in now.iter().filter(|key| days.iter().all(|(day, _)| day != *key)) {
        remove(tx, &map, key)?;
    }
    for (day, text) in days {
        put(tx, &map, &day, text.into())?;
    }
    Ok(())
}
