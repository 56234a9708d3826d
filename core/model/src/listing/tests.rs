//! Listings through documents: round trips, merges, and hostile documents.

use std::collections::BTreeSet;

use automerge::transaction::Transactable;
use automerge::{ObjType, ROOT};

use super::*;
use crate::journal::edited::{DocumentCache, Edited, Outcome, apply};
use crate::journal::{Descriptor, Entry, Header, Owner, kind};
use crate::keys::{BlobId, EntryHash, HoodHash, LogId, MemberId};
use crate::rows::{MemoryRows, Table, Tx};
use crate::time::Instant;

const MEMBER: MemberId = MemberId([2; 32]);

fn photo(n: u8) -> Photo {
    Photo { blob: BlobId([n; 32]), alt: format!("vue {n}"), size_bytes: 9, width: 4, height: 3 }
}

fn full() -> ListingContent {
    let mut content = ListingContent::new(ListingKind::Parking, "Place n° 12");
    content.category = Category::Car;
    content.text = "Au sous-sol, près de l’ascenseur.\nPas de camion.".into();
    content.zone = "Bât. C".into();
    content.photos = vec![photo(1), photo(2)];
    content.price = Price::Euros { cents: 450, per: Per::Day };
    content.deposit_cents = 2_000;
    content.capacity = 2;
    content.surface_cm2 = 125_000;
    content.condition = "Sol refait".into();
    content.instructions = "Fermer la grille".into();
    content.tiers = BTreeSet::from([Tier::Building, Tier::Landlord]);
    content.availability.zone = "Europe/Paris".into();
    content.availability.weekly = week_from_text("0 08:00-18:00 4 08:00-12:00").expect("week");
    let day = Day { year: 2026, month: 12, day: 24 };
    content.availability.exceptions.insert(day, Vec::new());
    content.expires_at = Some(Instant(1_900_000_000_000));
    content.domain = Some(EntryHash([9; 32]));
    content
}

/// Two devices of one member, one document, rows.
struct House {
    rows: MemoryRows,
    cache: DocumentCache,
    descriptor: Descriptor,
}

impl House {
    fn new(descriptor: Descriptor) -> Self {
        Self { rows: MemoryRows::default(), cache: DocumentCache::new(8), descriptor }
    }

    fn take(&mut self, entry: &Entry) -> Outcome {
        let mut tx = Tx::new(&self.rows);
        let outcome = apply(&mut tx, &mut self.cache, &self.descriptor, entry).expect("rows");
        let document = self.cache.read(&tx, &self.descriptor.id()).expect("rows").cloned();
        project(&mut tx, &self.descriptor, &document.unwrap_or_default(), true).expect("rows");
        let writes = tx.into_writes();
        self.rows.commit(writes);
        outcome
    }

    fn document(&mut self) -> Edited {
        let tx = Tx::new(&self.rows);
        self.cache.read(&tx, &self.descriptor.id()).expect("rows").cloned().unwrap_or_default()
    }

    fn listing(&self) -> Option<ListingRow> {
        Tx::new(&self.rows).row::<Listings>(&self.descriptor.id()).expect("rows")
    }
}

fn object() -> Descriptor {
    Descriptor::object(HoodHash([1; 32]), Owner::Member(MEMBER), [7; 16])
}

fn start(device: u8) -> Entry {
    let payload = vec![device];
    let header =
        Header::new(LogId::ZERO, 0, EntryHash::ZERO, Vec::new(), kind::LOG_START, &payload);
    Entry { header, payload, signature: None }
}

fn change(
    start: &Entry,
    seq: u64,
    previous: EntryHash,
    causes: &[EntryHash],
    payload: Vec<u8>,
) -> Entry {
    let log = LogId(start.hash().0);
    let header = Header::new(log, seq, previous, causes.to_vec(), kind::CHANGE, &payload);
    Entry { header, payload, signature: None }
}

#[test]
fn a_listing_with_every_field_is_read_as_it_was_written() {
    let mut house = House::new(object());
    let begin = start(0);
    house.take(&begin);
    let body = create(Instant(5), &full()).expect("valid");
    let payload = body.to_payload();
    assert!(payload.len() < 1_500, "{} bytes", payload.len());
    assert_eq!(house.take(&change(&begin, 1, begin.hash(), &[], payload)), Outcome::Changed);
    let row = house.listing().expect("row");
    assert_eq!(row.content, full());
    assert_eq!((row.created_at, row.updated_at), (Instant(5), Instant(5)));
    assert_eq!(house.rows.table(Table::BlobRefs).count(), 2);
    let same = edit(
        &house.document(),
        &house.document().heads(),
        Instant(6),
        &ListingEdit {
            text: Some(full().text),
            photos: Some(full().photos),
            availability: Some(full().availability),
            ..Default::default()
        },
    );
    assert_eq!(same, Ok(None), "what does not differ is not written");
}

/// Two devices edit at once; returns the row both end with.
fn merged(first: &ListingEdit, second: &ListingEdit) -> ListingRow {
    let (a, b) = (start(0), start(1));
    let base =
        change(&a, 1, a.hash(), &[], create(Instant(1), &full()).expect("valid").to_payload());
    let mut houses = [House::new(object()), House::new(object())];
    for house in &mut houses {
        for entry in [&a, &b, &base] {
            house.take(entry);
        }
    }
    let document = houses[0].document();
    let heads = document.heads();
    let body = |e: &ListingEdit, at| {
        edit(&document, &heads, Instant(at), e).expect("valid").expect("differs")
    };
    let one = change(&a, 2, base.hash(), &[], body(first, 2).to_payload());
    let two = change(&b, 1, b.hash(), &[base.hash()], body(second, 3).to_payload());
    assert_eq!(houses[0].take(&one), Outcome::Changed);
    assert_eq!(houses[0].take(&two), Outcome::Changed);
    assert_eq!(houses[1].take(&two), Outcome::Changed);
    assert_eq!(houses[1].take(&one), Outcome::Changed);
    let rows = houses.map(|house| house.listing().expect("row"));
    assert_eq!(rows[0], rows[1]);
    rows[0].clone()
}

#[test]
fn two_devices_merge_field_by_field_and_texts_by_character() {
    let row = merged(
        &ListingEdit {
            title: Some("Grande place n° 12".into()),
            price: Some(Price::Free),
            ..Default::default()
        },
        &ListingEdit {
            title: Some("Place n° 12 bis".into()),
            zone: Some("Bât. D".into()),
            ..Default::default()
        },
    );
    assert_eq!(row.content.title, "Grande place n° 12 bis");
    assert_eq!((row.content.price, row.content.zone.as_str()), (Price::Free, "Bât. D"));
    assert_eq!(row.updated_at, Instant(3));
}

#[test]
fn photos_and_exceptions_added_on_two_devices_are_all_there() {
    let day = |day| Day { year: 2027, month: 1, day };
    let with = |n, d| {
        let mut availability = full().availability;
        availability.exceptions.insert(day(d), Vec::new());
        let photos = vec![photo(1), photo(2), photo(n)];
        ListingEdit { photos: Some(photos), availability: Some(availability), ..Default::default() }
    };
    let row = merged(&with(3, 1), &with(4, 2));
    let blobs: BTreeSet<_> = row.content.photos.iter().map(|p| p.blob.0[0]).collect();
    assert_eq!(blobs, BTreeSet::from([1, 2, 3, 4]));
    assert_eq!(row.content.availability.exceptions.len(), 3);
    let row = merged(
        &ListingEdit { photos: Some(vec![photo(2)]), ..Default::default() },
        &ListingEdit { photos: Some(vec![photo(2), photo(1)]), ..Default::default() },
    );
    assert!(row.content.photos.iter().any(|p| p.blob == photo(2).blob));
}

#[test]
fn withdrawn_on_one_device_stays_withdrawn_whatever_the_other_did() {
    for (first, second) in [("withdrawn", "paused"), ("paused", "withdrawn")] {
        let state =
            |code| ListingEdit { state: ListingState::from_code(code), ..Default::default() };
        assert_eq!(merged(&state(first), &state(second)).content.state, ListingState::Withdrawn);
    }
}

#[test]
fn tiers_taken_away_on_two_devices_leave_the_narrowest() {
    let tiers = |tier| ListingEdit { tiers: Some(BTreeSet::from([tier])), ..Default::default() };
    let row = merged(&tiers(Tier::Building), &tiers(Tier::Landlord));
    assert_eq!(row.content.tiers, BTreeSet::from([Tier::Building]));
}

#[test]
fn texts_that_grew_past_the_limit_by_merging_are_cut_alike() {
    let long = |c: &str| ListingEdit {
        title: Some(format!("{}{}", full().title, c.repeat(100))),
        ..Default::default()
    };
    assert_eq!(merged(&long("a"), &long("b")).content.title.chars().count(), MAX_TITLE_CHARS);
}

#[test]
fn an_edit_that_is_not_valid_writes_nothing_and_names_each_field() {
    let mut house = House::new(object());
    let begin = start(0);
    house.take(&begin);
    let body = create(Instant(5), &full()).expect("valid");
    house.take(&change(&begin, 1, begin.hash(), &[], body.to_payload()));
    let wrong = ListingEdit { title: Some("  ".into()), capacity: Some(0), ..Default::default() };
    let document = house.document();
    match edit(&document, &document.heads(), Instant(6), &wrong) {
        Err(WriteError::Invalid(errors)) => {
            assert!(errors.has("listing.title.empty") && errors.has("listing.capacity.zero"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_document_full_of_nonsense_gives_what_is_valid_or_no_row() {
    let mut house = House::new(object());
    let begin = start(0);
    house.take(&begin);
    let nonsense = |title: bool| {
        Edited::new().edit(&[], Instant(1), |tx| {
            tx.put(ROOT, "kind", "tool")?;
            tx.put(ROOT, "price", "free")?;
            if title {
                let id = tx.put_object(ROOT, "title", ObjType::Text)?;
                tx.splice_text(&id, 0, 0, &format!("a\n{}", "b".repeat(9_000)))?;
            }
            tx.put(ROOT, "text", 5)?;
            tx.put(ROOT, "category", "no-such")?;
            tx.put(ROOT, "capacity", i64::MAX)?;
            tx.put(ROOT, "deposit", i64::MIN)?;
            tx.put(ROOT, "expires", i64::MIN)?;
            tx.put(ROOT, "weekly", "9 99:99-00:00")?;
            tx.put(ROOT, "time_zone", "../../etc/passwd\0")?;
            tx.put_object(ROOT, "tiers", ObjType::List)?;
            let list = tx.put_object(ROOT, "photos", ObjType::List)?;
            for n in 0..50 {
                tx.insert(&list, n, 1)?;
            }
            Ok(())
        })
    };
    let body = nonsense(true).expect("edit").expect("changed");
    house.take(&change(&begin, 1, begin.hash(), &[], body.to_payload()));
    let row = house.listing().expect("row");
    assert!(row.content.check().is_ok(), "{:?}", row.content.check());
    assert_eq!((row.content.title.len(), row.content.capacity), (MAX_TITLE_CHARS, MAX_CAPACITY));
    assert!(row.status(Instant(0)) == ListingStatus::Expired);

    let mut house = House::new(object());
    house.take(&begin);
    let body = nonsense(false).expect("edit").expect("changed");
    house.take(&change(&begin, 1, begin.hash(), &[], body.to_payload()));
    assert_eq!(house.listing(), None);
}

#[test]
fn a_profile_has_one_document_and_its_own_row() {
    let descriptor = profile_document(HoodHash([1; 32]), MEMBER);
    let mut house = House::new(descriptor);
    let begin = start(0);
    house.take(&begin);
    let mut profile = ProfileContent::new("Aïcha");
    profile.languages = vec!["fr".into(), "ar".into()];
    profile.photo = Some(photo(5));
    let body = create_profile(Instant(1), &profile).expect("valid");
    let first = change(&begin, 1, begin.hash(), &[], body.to_payload());
    house.take(&first);
    let document = house.document();
    let bye =
        ProfileEdit { photo: Some(None), about: Some("Bonjour".into()), ..Default::default() };
    let body = edit_profile(&document, &document.heads(), Instant(2), &bye).expect("valid");
    house.take(&change(&begin, 2, first.hash(), &[], body.expect("differs").to_payload()));
    let row = Tx::new(&house.rows).row::<Profiles>(&MEMBER).expect("rows").expect("row");
    profile.photo = None;
    profile.about = "Bonjour".into();
    assert_eq!((row.content, row.updated_at), (profile, Instant(2)));
    assert_eq!(house.rows.table(Table::BlobRefs).count(), 0);
    assert!(house.listing().is_none());
}

#[test]
fn search_ignores_accents_and_shows_only_what_is_published() {
    let row = |n: u8, title: &str, at: i64| {
        let content = ListingContent::new(ListingKind::Tool, title);
        let owner = Owner::Member(MEMBER);
        ListingRow {
            id: crate::keys::DocId([n; 32]),
            owner,
            content,
            created_at: Instant(at),
            updated_at: Instant(at),
        }
    };
    let mut rows = MemoryRows::default();
    let mut tx = Tx::new(&rows);
    for (n, title) in
        ["Échelle pliante", "Perceuse", "Escabeau, échelle", "Scie"].iter().enumerate()
    {
        let row = row(n as u8, title, n as i64);
        tx.put::<Listings>(&row.id, &row);
    }
    let mut hidden = row(9, "Échelle cachée", 9);
    hidden.content.state = ListingState::Paused;
    tx.put::<Listings>(&hidden.id, &hidden);
    let writes = tx.into_writes();
    rows.commit(writes);
    let tx = Tx::new(&rows);
    let query = SearchQuery { text: "ECHEL".into(), limit: 1, ..Default::default() };
    let first = search(&tx, &query, Instant(0)).expect("rows");
    assert_eq!(first.items[0].content.title, "Escabeau, échelle");
    let second =
        search(&tx, &SearchQuery { cursor: first.next, ..query }, Instant(0)).expect("rows");
    assert_eq!(second.items[0].content.title, "Échelle pliante");
    assert_eq!(second.next, None);
}
