//! From a document to content. A document holds what its owner's devices put there,
//! which need not be valid: what is not is left out, cut to its limit or replaced by
//! the field's default, alike on every node.

use std::collections::{BTreeMap, BTreeSet};

use automerge::{ObjId, ObjType, Prop, ROOT, ReadDoc, ScalarValue, Value};

use super::availability::{
    Availability, Day, MAX_EXCEPTIONS, day_from_text, week_from_text, zone_is_named,
};
use super::codes::{Category, ListingKind, ListingState, Tier};
use super::content::{
    ListingContent, MAX_CAPACITY, MAX_DEPOSIT_CENTS, MAX_NOTE_CHARS, MAX_SURFACE_CM2,
    MAX_TEXT_CHARS, MAX_TITLE_CHARS, MAX_ZONE_CHARS,
};
use super::keys as k;
use super::photo::{MAX_ALT_CHARS, MAX_PHOTOS, Photo};
use super::price::Price;
use super::profile::{
    MAX_ABOUT_CHARS, MAX_LANGUAGES, MAX_NAME_CHARS, ProfileContent, language_is_valid,
};
use crate::keys::{BlobId, EntryHash};
use crate::time::Instant;

/// A value and, if it is an object, which.
pub(super) fn get<D: ReadDoc>(
    doc: &D,
    object: &ObjId,
    at: impl Into<Prop>,
) -> Option<(ScalarValue, ObjId, Option<ObjType>)> {
    match doc.get(object, at).ok()?? {
        (Value::Scalar(value), id) => Some((value.into_owned(), id, None)),
        (Value::Object(kind), id) => Some((ScalarValue::Null, id, Some(kind))),
    }
}

pub(super) fn object<D: ReadDoc>(doc: &D, at: &ObjId, key: &str, kind: ObjType) -> Option<ObjId> {
    get(doc, at, key).filter(|(_, _, found)| *found == Some(kind)).map(|(_, id, _)| id)
}

fn string<D: ReadDoc>(doc: &D, object: &ObjId, key: &str) -> Option<String> {
    match get(doc, object, key)? {
        (ScalarValue::Str(text), ..) => Some(text.to_string()),
        _ => None,
    }
}

fn int<D: ReadDoc>(doc: &D, object: &ObjId, key: &str) -> Option<i64> {
    match get(doc, object, key)? {
        (ScalarValue::Int(n), ..) => Some(n),
        _ => None,
    }
}

fn bytes32<D: ReadDoc>(doc: &D, object: &ObjId, key: &str) -> Option<[u8; 32]> {
    match get(doc, object, key)? {
        (ScalarValue::Bytes(bytes), ..) => bytes.try_into().ok(),
        _ => None,
    }
}

/// A whole number from 0 to `most`, held within them.
fn bounded<D: ReadDoc>(doc: &D, key: &str, most: u32) -> Option<u32> {
    let n = int(doc, &ROOT, key)?.clamp(0, i64::from(most));
    u32::try_from(n).ok()
}

/// Text cut to its limit.
fn text<D: ReadDoc>(doc: &D, key: &str, limit: usize) -> String {
    let Some(id) = object(doc, &ROOT, key, ObjType::Text) else { return String::new() };
    doc.text(&id).unwrap_or_default().chars().take(limit).collect()
}

/// One line of text: cut to its limit, without control characters.
fn line(text: &str, limit: usize) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(limit).collect()
}

/// The state: where devices set it concurrently, the most withdrawn.
fn state<D: ReadDoc>(doc: &D) -> ListingState {
    let all = doc.get_all(ROOT, k::STATE).unwrap_or_default();
    let states = all.iter().filter_map(|(value, _)| ListingState::from_code(value.as_str()?));
    states.max().unwrap_or(ListingState::Published)
}

fn photo<D: ReadDoc>(doc: &D, map: &ObjId) -> Option<Photo> {
    let measure = |key| int(doc, map, key).and_then(|n| u32::try_from(n).ok());
    let alt = string(doc, map, k::ALT).unwrap_or_default();
    let photo = Photo {
        blob: BlobId(bytes32(doc, map, k::BLOB)?),
        alt: alt.chars().take(MAX_ALT_CHARS).collect(),
        size_bytes: measure(k::SIZE)?,
        width: measure(k::WIDTH)?,
        height: measure(k::HEIGHT)?,
    };
    photo.is_measured().then_some(photo)
}

/// The photos in order, each once, with their place in the list.
pub(super) fn photos<D: ReadDoc>(doc: &D) -> Vec<(usize, Photo)> {
    let Some(list) = object(doc, &ROOT, k::PHOTOS, ObjType::List) else { return Vec::new() };
    let mut found: Vec<(usize, Photo)> = Vec::new();
    for n in 0..doc.length(&list) {
        if found.len() == MAX_PHOTOS {
            break;
        }
        if let Some((_, id, Some(ObjType::Map))) = get(doc, &list, n)
            && let Some(photo) = photo(doc, &id)
            && found.iter().all(|(_, other)| other.blob != photo.blob)
        {
            found.push((n, photo));
        }
    }
    found
}

fn availability<D: ReadDoc>(doc: &D) -> Availability {
    let zone = string(doc, &ROOT, k::TIME_ZONE).filter(|zone| zone_is_named(zone));
    let weekly = string(doc, &ROOT, k::WEEKLY).and_then(|text| week_from_text(&text));
    let mut exceptions = BTreeMap::new();
    if let Some(map) = object(doc, &ROOT, k::EXCEPTIONS, ObjType::Map) {
        // Merged, there can be more than one device would write: the latest days stay,
        // since those gone by matter least.
        let days = doc.keys(&map).filter_map(|key| Some((Day::from_key(&key)?, key)));
        let mut days: Vec<_> = days.collect();
        days.sort();
        let old = days.len().saturating_sub(MAX_EXCEPTIONS);
        for (day, key) in &days[old..] {
            let windows = string(doc, &map, key).and_then(|text| day_from_text(&text));
            if let Some(windows) = windows {
                exceptions.insert(*day, windows);
            }
        }
    }
    Availability { zone: zone.unwrap_or_default(), weekly: weekly.unwrap_or_default(), exceptions }
}

fn tiers<D: ReadDoc>(doc: &D) -> BTreeSet<Tier> {
    let map = object(doc, &ROOT, k::TIERS, ObjType::Map);
    let listed = |tier: &Tier| {
        let value = map.as_ref().and_then(|map| get(doc, map, tier.code()));
        matches!(value, Some((ScalarValue::Boolean(true), ..)))
    };
    let tiers: BTreeSet<_> = Tier::ALL.iter().copied().filter(listed).collect();
    // Two devices can each take another tier away: the narrowest is left.
    if tiers.is_empty() { BTreeSet::from([Tier::Building]) } else { tiers }
}

/// A listing's content. None without a kind, a title or a price that can be read: a
/// listing of a later version must not be shown as something it is not.
pub(super) fn listing<D: ReadDoc>(doc: &D) -> Option<ListingContent> {
    let kind = ListingKind::from_code(&string(doc, &ROOT, k::KIND)?)?;
    let title = line(&text(doc, k::TITLE, MAX_TITLE_CHARS), MAX_TITLE_CHARS);
    if title.trim().is_empty() {
        return None;
    }
    let price: Price = string(doc, &ROOT, k::PRICE)?.parse().ok()?;
    let category = string(doc, &ROOT, k::CATEGORY).and_then(|code| Category::from_code(&code));
    Some(ListingContent {
        kind,
        category: category.unwrap_or(Category::Other),
        title,
        text: text(doc, k::TEXT, MAX_TEXT_CHARS),
        zone: line(&string(doc, &ROOT, k::ZONE).unwrap_or_default(), MAX_ZONE_CHARS),
        photos: photos(doc).into_iter().map(|(_, photo)| photo).collect(),
        price,
        deposit_cents: bounded(doc, k::DEPOSIT, MAX_DEPOSIT_CENTS).unwrap_or(0),
        capacity: bounded(doc, k::CAPACITY, MAX_CAPACITY).unwrap_or(1).max(1),
        availability: availability(doc),
        surface_cm2: bounded(doc, k::SURFACE, MAX_SURFACE_CM2).unwrap_or(0),
        condition: text(doc, k::CONDITION, MAX_NOTE_CHARS),
        instructions: text(doc, k::INSTRUCTIONS, MAX_NOTE_CHARS),
        tiers: tiers(doc),
        state: state(doc),
        expires_at: int(doc, &ROOT, k::EXPIRES).map(Instant),
        domain: bytes32(doc, &ROOT, k::DOMAIN).map(EntryHash),
    })
}

/// A profile's content. None without a name.
pub(super) fn profile<D: ReadDoc>(doc: &D) -> Option<ProfileContent> {
    let name = line(&string(doc, &ROOT, k::NAME)?, MAX_NAME_CHARS);
    if name.trim().is_empty() {
        return None;
    }
    let languages = string(doc, &ROOT, k::LANGUAGES).unwrap_or_default();
    let languages = languages.split(' ').filter(|tag| language_is_valid(tag));
    let picture = object(doc, &ROOT, k::PHOTO, ObjType::Map);
    Some(ProfileContent {
        name,
        about: text(doc, k::ABOUT, MAX_ABOUT_CHARS),
        languages: languages.take(MAX_LANGUAGES).map(Into::into).collect(),
        photo: picture.and_then(|map| photo(doc, &map)),
    })
}
