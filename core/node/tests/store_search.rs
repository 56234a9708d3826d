//! The index finds exactly what the model's rule finds, in its order, page by page.

use palier_model::journal::Owner;
use palier_model::keys::{DocId, MemberId};
use palier_model::listing::{
    Category, ListingContent, ListingKind, ListingRow, ListingState, Listings, MaxPrice, Per,
    Price, SearchCursor, SearchQuery, search,
};
use palier_model::rows::{Key, MemoryRows, Table, TableKind, Tx, Writes};
use palier_model::time::Instant;
use palier_node::store::{Store, StoreOptions};

/// A small reproducible generator.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

const WORDS: [&str; 14] = [
    "perceuse",
    "Perche",
    "échelle",
    "ÉCHELON",
    "œuf",
    "vélo",
    "d'ici",
    "à",
    "n°12",
    "Straße",
    "日本",
    "e\u{301}tage",
    "free",
    "w",
];
const ZONES: [&str; 4] = ["", "Bâtiment A", "batiment a", "Cour"];

fn id(dice: &mut Dice) -> DocId {
    // Few, and alike at the front, so that listings change and places collide.
    let mut id = [7; 32];
    (id[3], id[31]) = (dice.below(3) as u8, dice.below(30) as u8);
    DocId(id)
}

fn listing(dice: &mut Dice, id: DocId) -> ListingRow {
    let words = |dice: &mut Dice, most| {
        (0..dice.below(most)).map(|_| dice.of(&WORDS)).collect::<Vec<_>>().join(" ")
    };
    let mut content = ListingContent::new(dice.of(ListingKind::ALL), words(dice, 4));
    content.text = words(dice, 9);
    content.category = dice.of(Category::ALL);
    content.zone = dice.of(&ZONES).to_owned();
    content.price = match dice.below(3) {
        0 => Price::Free,
        1 => Price::Credits { minutes: 1 + dice.below(9) as u32, per: Per::ALL[0] },
        _ => Price::Euros { cents: 1 + dice.below(900) as u32, per: Per::ALL[0] },
    };
    content.state = dice.of(&[
        ListingState::Published,
        ListingState::Published,
        ListingState::Published,
        ListingState::Paused,
        ListingState::Withdrawn,
    ]);
    content.expires_at = (dice.below(4) == 0).then(|| Instant(dice.below(200) as i64));
    let updated_at = Instant(dice.below(8) as i64);
    let owner = Owner::Member(MemberId([1; 32]));
    ListingRow { id, owner, content, created_at: Instant(0), updated_at }
}

fn query(dice: &mut Dice) -> SearchQuery {
    const TEXTS: [&str; 12] =
        ["", "", "per", "PERCEUSE", "ech", "perc ec", "o", "n 12", "wper", "stras", "\"OR*", "日"];
    SearchQuery {
        text: dice.of(&TEXTS).to_owned(),
        kind: (dice.below(4) == 0).then(|| dice.of(ListingKind::ALL)),
        category: (dice.below(6) == 0).then(|| dice.of(Category::ALL)),
        zone: (dice.below(4) == 0).then(|| dice.of(&ZONES).to_uppercase()),
        max_price: match dice.below(6) {
            0 => Some(MaxPrice::Free),
            1 => Some(MaxPrice::Credits(dice.below(10) as u32)),
            2 => Some(MaxPrice::EuroCents(dice.below(1_000) as u32)),
            _ => None,
        },
        cursor: None,
        limit: 1 + dice.below(7),
    }
}

fn write(store: &mut Store, memory: &mut MemoryRows, dice: &mut Dice) {
    let mut tx = Tx::new(memory);
    for _ in 0..1 + dice.below(5) {
        let id = id(dice);
        if dice.below(5) == 0 {
            tx.delete::<Listings>(&id);
        } else {
            tx.put::<Listings>(&id, &listing(dice, id));
        }
    }
    let writes = tx.into_writes();
    memory.commit(writes.clone());
    store.commit(writes).unwrap();
}

fn assert_agree(store: &Store, memory: &MemoryRows, dice: &mut Dice, what: &str) {
    let reader = store.reader().unwrap();
    let (now, mut query) = (Instant(100), query(dice));
    let mut ids = Vec::new();
    loop {
        let found = reader.search(&query, now).unwrap();
        ids.extend(found.items.iter().map(|row| row.id));
        query.cursor = found.next;
        if found.next.is_none() {
            break;
        }
        assert_eq!(found.items.len(), query.limit, "{what}: a page with a next one is full");
    }
    query.limit = 0;
    let expected = search(&Tx::new(memory), &query, now).unwrap();
    let mut expected: Vec<_> = expected.items.iter().map(|row| row.id).collect();
    // Places collide here on purpose: of those only the set is promised.
    ids.sort();
    expected.sort();
    assert_eq!(ids, expected, "{what}: {query:?}");
}

#[test]
fn the_index_finds_what_the_rule_finds() {
    for seed in 0..6 {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path(), StoreOptions::default()).unwrap();
        let (mut memory, mut dice) = (MemoryRows::default(), Dice(seed));
        for step in 0..25 {
            write(&mut store, &mut memory, &mut dice);
            for _ in 0..12 {
                assert_agree(&store, &memory, &mut dice, &format!("seed {seed}, step {step}"));
            }
        }
        store.reindex().unwrap();
        for _ in 0..40 {
            assert_agree(&store, &memory, &mut dice, &format!("seed {seed}, made anew"));
        }
        assert!(store.check().unwrap().is_sound());
    }
}

fn spread(n: u64) -> ListingRow {
    let mut dice = Dice(n);
    let mut row = listing(&mut dice, DocId(*blake3::hash(&n.to_le_bytes()).as_bytes()));
    row.content.state = ListingState::Published;
    row.content.expires_at = None;
    row
}

fn put(store: &mut Store, row: &ListingRow) {
    let mut tx = Tx::new(store.rows());
    tx.put::<Listings>(&row.id, row);
    let writes = tx.into_writes();
    store.commit(writes).unwrap();
}

#[test]
fn results_come_in_the_order_of_the_rule() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path(), StoreOptions::default()).unwrap();
    let rows: Vec<_> = (0..200).map(spread).collect();
    rows.iter().for_each(|row| put(&mut store, row));
    let all = SearchQuery::default();
    let found = store.search(&all, Instant(0)).unwrap();
    assert_eq!(found, search(&Tx::new(store.rows()), &all, Instant(0)).unwrap());
    // A cursor whose row has changed or gone since still stands where it stood.
    let after = &found.items[9];
    let mut query = SearchQuery { limit: 3, ..SearchQuery::default() };
    query.cursor = Some(SearchCursor { updated_at: after.updated_at, id: after.id });
    let expected = found.items[10..13].to_vec();
    assert_eq!(store.search(&query, Instant(0)).unwrap().items, expected);
    let mut changed = after.clone();
    changed.updated_at = Instant(99);
    put(&mut store, &changed);
    assert_eq!(store.search(&query, Instant(0)).unwrap().items, expected);
    store.commit(Writes::from([((Table::Listings, after.id.to_key()), None)])).unwrap();
    assert_eq!(store.search(&query, Instant(0)).unwrap().items, expected);
}

#[test]
fn emptied_tables_are_not_searched() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path(), StoreOptions::default()).unwrap();
    put(&mut store, &spread(1));
    put(&mut store, &spread(2));
    store.clear_tables(TableKind::Open).unwrap();
    let query = SearchQuery::default();
    assert!(store.search(&query, Instant(0)).unwrap().items.is_empty());
    put(&mut store, &spread(2));
    assert_eq!(store.search(&query, Instant(0)).unwrap().items, [spread(2)]);
    assert!(store.check().unwrap().is_sound());
}
