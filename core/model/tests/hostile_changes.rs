//! What the owner of a document can sign to harm those who read it: bombs and mutants
//! of changes. Each costs little, and nothing is kept that breaks a later write.
//!
//! `PALIER_MUTANTS=100000` runs more of the mutants.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use palier_model::journal::change::{
    After, CHANGE_OPS, ChangeBody, NewValue, ObjectRef, Op, OpRef,
};
use palier_model::journal::edited::{
    ContentError, DOCUMENT_CHANGES, DOCUMENT_OPS, EditError, Edited,
};
use palier_model::keys::{BlobId, EntryHash};
use palier_model::listing::{
    ListingContent, ListingEdit, ListingKind, ListingState, Photo, WriteError, create, edit,
    listing_of,
};
use palier_model::time::Instant;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

const CPU_LIMIT_MS: u64 = 200;
const MEMORY_LIMIT_KIB: u64 = 64 << 10;

fn hash(n: u64) -> EntryHash {
    EntryHash(*blake3::hash(&n.to_be_bytes()).as_bytes())
}

fn own(number: u32) -> OpRef {
    OpRef { entry: 0, number }
}

fn listing() -> ListingContent {
    let mut content = ListingContent::new(ListingKind::Tool, "Perceuse à percussion");
    content.text = "Avec ses mèches, dans une mallette bleue.".repeat(8);
    let photo = |n| Photo {
        blob: BlobId([n; 32]),
        alt: "la mallette".into(),
        size_bytes: 1,
        width: 1,
        height: 1,
    };
    content.photos = (0..4).map(photo).collect();
    content
}

/// An honest document: created, edited, and edited on two devices at once.
fn honest() -> Edited {
    let mut document = Edited::new();
    let body = create(Instant(1), &listing()).expect("valid");
    document.apply(&hash(0), &[], &body.to_payload()).expect("honest");
    let before = document.clone();
    for (n, text) in ["Sans ses mèches.", "Avec ses mèches, sauf celle de 8."].iter().enumerate()
    {
        let change = ListingEdit { text: Some((*text).into()), ..Default::default() };
        let body = edit(&before, &before.heads(), Instant(2), &change).expect("valid");
        let payload = body.expect("differs").to_payload();
        document.apply(&hash(1 + n as u64), &before.heads(), &payload).expect("honest");
    }
    document
}

/// An honest edit still works, and the row is read back as what was written.
fn still_works(document: &Edited, serial: u64) {
    let change = ListingEdit {
        title: Some(format!("Perceuse {serial}")),
        text: Some("Prêtée jusqu’à lundi.".into()),
        photos: Some(listing().photos[..1].to_vec()),
        state: Some(ListingState::Withdrawn),
        ..Default::default()
    };
    let heads = document.heads();
    let body = match edit(document, &heads, Instant(9), &change) {
        Ok(Some(body)) => body,
        // A mutant may have turned it into what is no listing: another edit must work.
        _ => {
            let put = |tx: &mut automerge::transaction::Transaction<'_>| {
                use automerge::transaction::Transactable;
                tx.put(automerge::ROOT, "title", serial as i64)
            };
            document.edit(&heads, Instant(9), put).expect("edit").expect("differs")
        }
    };
    let mut next = document.clone();
    next.apply(&hash(1_000_000 + serial), &heads, &body.to_payload()).expect("honest edit");
    let row = next.to_row();
    let read = Edited::from_row(&row).expect("row");
    assert_eq!(read.to_row(), row);
    assert_eq!(read.doc().hydrate(None), next.doc().hydrate(None));
    listing_of(&read);
}

/// CPU of this thread in ms, where the system tells.
fn cpu_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    stat.split(' ').next().and_then(|ns| ns.parse::<u64>().ok()).unwrap_or(0) / 1_000_000
}

fn status_kib(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|l| l.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Runs within the limits of time and memory.
fn within_limits<T>(what: &str, run: impl FnOnce() -> T) -> T {
    // Resets the high-water mark; tests run one after another in this file.
    static BASE: OnceLock<u64> = OnceLock::new();
    let rss = *BASE.get_or_init(|| status_kib("VmRSS:"));
    let reset = std::fs::write("/proc/self/clear_refs", "5").is_ok();
    let cpu = cpu_ms();
    let result = run();
    let (cpu, peak) = (cpu_ms() - cpu, status_kib("VmHWM:").saturating_sub(rss));
    eprintln!("{what}: {cpu} ms, {peak} KiB");
    assert!(cpu < CPU_LIMIT_MS, "{what}: {cpu} ms");
    assert!(!reset || peak < MEMORY_LIMIT_KIB, "{what}: {peak} KiB");
    result
}

fn body(start_op: u64, ops: Vec<Op>) -> ChangeBody {
    ChangeBody { at: Instant(1), start_op, table: Vec::new(), ops }
}

fn put(map: ObjectRef, key: &str, value: NewValue) -> Op {
    Op::Put { map, key: key.into(), value, over: Vec::new() }
}

/// The next free counter of an honest document.
fn next_op(document: &Edited) -> u64 {
    let touch = |tx: &mut automerge::transaction::Transaction<'_>| {
        use automerge::transaction::Transactable;
        tx.put(automerge::ROOT, "x", 1)
    };
    document.edit(&document.heads(), Instant(3), touch).expect("edit").expect("differs").start_op
}

fn bombs() {
    let document = honest();
    let next = next_op(&document);
    let (root, first) = (ObjectRef::Root, ObjectRef::Made(own(0)));
    let made = |kind| put(ObjectRef::Root, "a", kind);
    let insert = |value| Op::Insert { list: first, after: After::Head, value };
    let splice = |text: String| Op::Splice { text: first, after: After::Head, insert: text };
    let run = |count| Op::RemoveRun { from: first, first: own(1), count };
    let named =
        |entry: EntryHash, op: Op| ChangeBody { table: vec![entry], ..body(next, vec![op]) };
    let far = OpRef { entry: 1, number: u32::MAX };
    let nest = |depth: u32| {
        let mut ops = vec![made(NewValue::Map)];
        ops.extend((0..depth).map(|n| put(ObjectRef::Made(own(n)), "a", NewValue::Map)));
        body(next, ops)
    };
    let refused: Vec<(&str, ChangeBody)> = vec![
        (
            "ten bytes that remove 4 G elements",
            body(next, vec![made(NewValue::List), insert(NewValue::Null), run(u32::MAX)]),
        ),
        (
            "10 M operations by runs",
            body(next, {
                let mut ops = vec![made(NewValue::List), insert(NewValue::Null)];
                ops.extend((0..5_000).map(|_| run(1_000_000)));
                ops
            }),
        ),
        (
            "a run over what was never inserted",
            body(next, vec![made(NewValue::Text), splice("ab".into()), run(3)]),
        ),
        ("64 KiB of text", body(next, vec![made(NewValue::Text), splice("x".repeat(65_000))])),
        ("counter near 2^32", body(u64::from(u32::MAX), vec![made(NewValue::Null)])),
        ("counter near 2^63", body(1 << 63, vec![made(NewValue::Null)])),
        ("counter at the end", body(u64::MAX, vec![made(NewValue::Null)])),
        ("counter zero", body(0, vec![made(NewValue::Null)])),
        ("counter one too high", body(next + 1, vec![made(NewValue::Null)])),
        ("counter one too low", body(next - 1, vec![made(NewValue::Null)])),
        ("deep nesting", nest(16)),
        ("very deep nesting", nest(6_000)),
        ("itself as container", body(next, vec![put(first, "a", NewValue::Map)])),
        (
            "two that contain each other",
            body(
                next,
                vec![
                    put(ObjectRef::Made(own(1)), "a", NewValue::Map),
                    put(first, "a", NewValue::Map),
                ],
            ),
        ),
        (
            "after itself",
            body(
                next,
                vec![
                    made(NewValue::List),
                    Op::Insert {
                        list: first,
                        after: After::Element(own(1)),
                        value: NewValue::Null,
                    },
                ],
            ),
        ),
        (
            "an entry nobody has",
            named(
                hash(77),
                put(ObjectRef::Made(OpRef { entry: 1, number: 0 }), "a", NewValue::Null),
            ),
        ),
        (
            "an operation that entry lacks",
            named(hash(0), put(ObjectRef::Made(far), "a", NewValue::Null)),
        ),
        (
            "a scalar as container",
            body(next, vec![made(NewValue::Int(1)), put(first, "b", NewValue::Null)]),
        ),
        (
            "a removal as container",
            body(
                next,
                vec![
                    made(NewValue::Map),
                    Op::Delete { map: root, key: "a".into(), over: vec![own(0)] },
                    put(ObjectRef::Made(own(1)), "b", NewValue::Null),
                ],
            ),
        ),
        ("a map used as list", body(next, vec![made(NewValue::Map), insert(NewValue::Null)])),
        ("a list used as text", body(next, vec![made(NewValue::List), splice("x".into())])),
        (
            "a number put into a text",
            body(next, vec![made(NewValue::Text), insert(NewValue::Int(1))]),
        ),
        (
            "a predecessor under another key",
            body(
                next,
                vec![
                    made(NewValue::Null),
                    Op::Put {
                        map: root,
                        key: "b".into(),
                        value: NewValue::Null,
                        over: vec![own(0)],
                    },
                ],
            ),
        ),
        (
            "a predecessor twice",
            body(
                next,
                vec![
                    made(NewValue::Null),
                    Op::Delete { map: root, key: "a".into(), over: vec![own(0), own(0)] },
                ],
            ),
        ),
        (
            "a removal of nothing",
            body(next, vec![Op::Delete { map: root, key: "a".into(), over: vec![] }]),
        ),
        (
            "an increment of what is no counter",
            body(
                next,
                vec![
                    made(NewValue::Int(1)),
                    Op::Increment { map: root, key: "a".into(), by: 1, over: vec![own(0)] },
                ],
            ),
        ),
        (
            "an increment out of range",
            body(
                next,
                vec![
                    made(NewValue::Counter(1)),
                    Op::Increment { map: root, key: "a".into(), by: i64::MAX, over: vec![own(0)] },
                ],
            ),
        ),
        ("a counter out of range", body(next, vec![made(NewValue::Counter(i64::MIN))])),
        (
            "a time before all time",
            ChangeBody { at: Instant(i64::MIN), ..body(next, vec![made(NewValue::Null)]) },
        ),
        (
            "an entry named in vain",
            ChangeBody { table: vec![hash(0)], ..body(next, vec![made(NewValue::Null)]) },
        ),
        ("a long key", body(next, vec![put(root, &"k".repeat(65), NewValue::Null)])),
        (
            "5,000 values side by side",
            body(next, (0..5_000).map(|_| put(root, "title", NewValue::Null)).collect()),
        ),
        (
            "two values at one element",
            body(
                next,
                vec![
                    made(NewValue::List),
                    insert(NewValue::Null),
                    Op::Set { list: first, element: own(1), value: NewValue::Null, over: vec![] },
                ],
            ),
        ),
        ("no operation", body(next, vec![])),
    ];
    let before = document.to_row();
    for (what, body) in refused {
        let payload = body.to_payload();
        let mut target = document.clone();
        let outcome = within_limits(what, || target.apply(&hash(50), &document.heads(), &payload));
        assert!(outcome.is_err(), "{what} was accepted");
        assert_ne!(outcome, Err(ContentError::Unreadable), "{what} got as far as automerge");
        assert_eq!(target.to_row(), before, "{what} left something behind");
        still_works(&target, 1);
    }
    // What follows keeps within every limit and must be bearable.
    let accepted: Vec<(&str, ChangeBody)> = vec![
        (
            "as much text as one change may hold",
            body(next, vec![made(NewValue::Text), splice("é".repeat(16_383))]),
        ),
        (
            "10,000 inserts at the head",
            body(next, {
                let mut ops = vec![made(NewValue::List)];
                ops.extend((0..10_000).map(|_| insert(NewValue::Null)));
                ops
            }),
        ),
        (
            "8,000 maps",
            body(next, {
                let mut ops = vec![made(NewValue::List)];
                ops.extend((0..8_000).map(|_| insert(NewValue::Map)));
                ops
            }),
        ),
        (
            "one element removed 8,000 times",
            body(next, {
                let mut ops = vec![made(NewValue::List), insert(NewValue::Null)];
                ops.extend((0..8_000).map(|_| run(1)));
                ops
            }),
        ),
        (
            "one value put over 6,000 times",
            body(next, {
                let mut ops = vec![made(NewValue::Null)];
                ops.extend((0..6_000).map(|n| Op::Put {
                    map: root,
                    key: "a".into(),
                    value: NewValue::Null,
                    over: vec![own(n)],
                }));
                ops
            }),
        ),
        (
            "a counter pushed to the edge",
            body(next, {
                let mut ops = vec![made(NewValue::Counter(1 << 31))];
                ops.extend((0..5_000).map(|_| Op::Increment {
                    map: root,
                    key: "a".into(),
                    by: 1 << 31,
                    over: vec![own(0)],
                }));
                ops
            }),
        ),
    ];
    for (what, body) in accepted {
        let payload = body.to_payload();
        let mut target = document.clone();
        let outcome = within_limits(what, || target.apply(&hash(50), &document.heads(), &payload));
        assert_eq!(outcome, Ok(()), "{what}: {} bytes, {} ops", payload.len(), body.count());
        still_works(&target, 2);
        within_limits("  and read", || listing_of(&target));
    }
}

/// Fills a document to the brim in several ways: each step stays bearable, small edits
/// go on to the last part of it, then it says nothing.
fn overfull() {
    let first = ObjectRef::Made(own(0));
    let text = "x".repeat(CHANGE_OPS as usize - 1);
    let shapes: [(&str, NewValue, Vec<Op>); 5] = [
        (
            "text",
            NewValue::Text,
            vec![Op::Splice { text: first, after: After::Head, insert: text }],
        ),
        ("elements", NewValue::List, inserts(10_000, &NewValue::Null)),
        ("maps", NewValue::List, inserts(2_000, &NewValue::Map)),
        ("texts", NewValue::List, inserts(2_000, &NewValue::Text)),
        ("keys", NewValue::Map, {
            let key = |n| put(first, &format!("{n:05}"), NewValue::Int(n));
            (0..4_000).map(key).collect()
        }),
    ];
    for (what, container, fill) in shapes {
        let mut document = honest();
        for n in 0..40 {
            let mut ops = vec![put(ObjectRef::Root, "fill", container.clone())];
            ops.extend(fill.clone());
            let payload = body(next_op_of(&document), ops).to_payload();
            let heads = document.heads();
            let apply = || document.apply(&hash(100 + n), &heads, &payload);
            within_limits(&format!("full of {what}"), apply).expect("within limits");
            if document.is_full() {
                break;
            }
            let withdraw =
                ListingEdit { state: Some(ListingState::Withdrawn), ..Default::default() };
            let long = ListingEdit { text: Some("y".repeat(4_000)), ..Default::default() };
            let heads = document.heads();
            if document.op_count() > DOCUMENT_OPS / 4 * 3 {
                let refused = edit(&document, &heads, Instant(9), &long);
                assert_eq!(refused, Err(WriteError::Edit(EditError::DocumentFull)), "{what}");
            }
            if document.op_count() < DOCUMENT_OPS / 16 * 15 && what != "maps" && what != "texts" {
                assert!(matches!(edit(&document, &heads, Instant(9), &withdraw), Ok(Some(_))));
            }
            within_limits("  and loaded", || Edited::from_row(&document.to_row()).expect("row"));
        }
        assert!(document.is_full(), "{what}: {} operations", document.op_count());
        assert_eq!(listing_of(&document), None);
        assert!(Edited::from_row(&document.to_row()).is_some_and(|read| read.is_full()));
    }
}

fn inserts(count: u32, value: &NewValue) -> Vec<Op> {
    let list = ObjectRef::Made(own(0));
    let insert = |_| Op::Insert { list, after: After::Head, value: value.clone() };
    (0..count).map(insert).collect()
}

fn next_op_of(document: &Edited) -> u64 {
    let row = document.to_row();
    let end = |change: &palier_model::journal::edited::ChangeRow| {
        let body = ChangeBody::from_payload(&change.payload).expect("applied");
        body.start_op + u64::from(body.count())
    };
    row.changes.iter().map(end).max().unwrap_or(1)
}

/// Thousands of tiny changes, each a branch of its own: the worst shape of a document.
fn many_branches() {
    let mut document = honest();
    let heads = document.heads();
    let start = next_op_of(&document);
    let payload =
        body(start, vec![put(ObjectRef::Root, "state", NewValue::Str("published".into()))])
            .to_payload();
    for n in 0..600 {
        document.apply(&hash(10_000 + n), &heads, &payload).expect("good");
    }
    within_limits("one more of 600 branches", || document.apply(&hash(9_999), &heads, &payload))
        .expect("good");
    within_limits("an edit over 600 branches", || still_works(&document, 3));
    within_limits("600 branches loaded", || Edited::from_row(&document.to_row()).expect("row"));
    const { assert!(DOCUMENT_CHANGES > 601) };
}

struct Dice(ChaCha8Rng);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0.next_u64() as usize % n.max(1)
    }

    fn number(&mut self) -> u64 {
        match self.below(8) {
            0 => u64::MAX,
            1 => u64::from(u32::MAX) - self.below(3) as u64,
            2 => 1 << 63,
            3 => self.0.next_u64(),
            _ => self.below(40) as u64,
        }
    }

    fn reference(&mut self) -> OpRef {
        let number = u32::try_from(self.number()).unwrap_or(u32::MAX);
        OpRef { entry: self.below(4) as u32, number }
    }

    fn object(&mut self) -> ObjectRef {
        if self.below(3) == 0 { ObjectRef::Root } else { ObjectRef::Made(self.reference()) }
    }

    fn after(&mut self) -> After {
        if self.below(3) == 0 { After::Head } else { After::Element(self.reference()) }
    }

    fn value(&mut self) -> NewValue {
        match self.below(9) {
            0 => NewValue::Null,
            1 => NewValue::Bool(true),
            2 => NewValue::Int(self.number() as i64),
            3 => NewValue::Str("mutant\0".into()),
            4 => NewValue::Bytes(vec![0; self.below(40)]),
            5 => NewValue::Counter(self.below(9) as i64),
            6 => NewValue::Map,
            7 => NewValue::List,
            _ => NewValue::Text,
        }
    }

    fn key(&mut self) -> String {
        ["title", "text", "state", "photos", "alt", "new", ""][self.below(7)].into()
    }

    fn over(&mut self) -> Vec<OpRef> {
        let mut over: Vec<_> = (0..self.below(3)).map(|_| self.reference()).collect();
        over.sort_unstable();
        over
    }

    fn op(&mut self) -> Op {
        match self.below(9) {
            0 => Op::Put {
                map: self.object(),
                key: self.key(),
                value: self.value(),
                over: self.over(),
            },
            1 => Op::Delete { map: self.object(), key: self.key(), over: self.over() },
            2 => Op::Increment {
                map: self.object(),
                key: self.key(),
                by: self.number() as i64,
                over: self.over(),
            },
            3 => Op::Insert { list: self.object(), after: self.after(), value: self.value() },
            4 => Op::Set {
                list: self.object(),
                element: self.reference(),
                value: self.value(),
                over: self.over(),
            },
            5 => {
                Op::Add { list: self.object(), element: self.reference(), by: 1, over: self.over() }
            }
            6 => Op::Remove { from: self.object(), element: self.reference(), over: self.over() },
            7 => Op::RemoveRun {
                from: self.object(),
                first: self.reference(),
                count: self.number() as u32,
            },
            _ => Op::Splice { text: self.object(), after: self.after(), insert: "mü".into() },
        }
    }

    /// One field of one operation, or the order, number and frame of them.
    fn mutate(&mut self, body: &mut ChangeBody) {
        let at = self.below(body.ops.len());
        match self.below(10) {
            0 => body.ops.insert(at, self.op()),
            1 => body.ops[at] = self.op(),
            2 if body.ops.len() > 1 => drop(body.ops.remove(at)),
            3 => {
                let other = self.below(body.ops.len());
                body.ops.swap(at, other);
            }
            4 => body.ops.push(body.ops[at].clone()),
            5 if self.below(4) == 0 => body.start_op = self.number(),
            _ => self.mutate_op(&mut body.ops[at]),
        }
    }

    fn mutate_op(&mut self, op: &mut Op) {
        match op {
            Op::Put { map, key, value, over } => match self.below(4) {
                0 => *map = self.object(),
                1 => *key = self.key(),
                2 => *value = self.value(),
                _ => *over = self.over(),
            },
            Op::Delete { map, over, .. } | Op::Increment { map, over, .. } => match self.below(2) {
                0 => *map = self.object(),
                _ => *over = self.over(),
            },
            Op::Insert { list, after, value } => match self.below(3) {
                0 => *list = self.object(),
                1 => *after = self.after(),
                _ => *value = self.value(),
            },
            Op::Set { element, over, .. }
            | Op::Add { element, over, .. }
            | Op::Remove { element, over, .. } => match self.below(2) {
                0 => *element = self.reference(),
                _ => *over = self.over(),
            },
            Op::RemoveRun { from, first, count } => match self.below(3) {
                0 => *from = self.object(),
                1 => first.number = self.below(400) as u32,
                _ => *count = 1 + self.below(30) as u32,
            },
            Op::Splice { text, after, insert } => match self.below(3) {
                0 => *text = self.object(),
                1 => *after = self.after(),
                _ => insert.push('\u{301}'),
            },
        }
    }
}

/// Honest changes to start from, each with its past.
fn seeds(document: &Edited) -> Vec<(Vec<EntryHash>, ChangeBody)> {
    let heads = document.heads();
    let text = ListingEdit { text: Some("Avec une mèche de 6.".into()), ..Default::default() };
    let photos = ListingEdit {
        photos: Some(listing().photos.into_iter().rev().collect()),
        title: Some("Visseuse".into()),
        ..Default::default()
    };
    let mixed = |tx: &mut automerge::transaction::Transaction<'_>| {
        use automerge::transaction::Transactable;
        use automerge::{ObjType, ROOT};
        let map = tx.put_object(ROOT, "new", ObjType::Map)?;
        tx.put(&map, "n", automerge::ScalarValue::counter(3))?;
        tx.increment(&map, "n", 4)?;
        let list = tx.put_object(&map, "l", ObjType::List)?;
        for n in 0..5 {
            tx.insert(&list, n, n as i64)?;
        }
        tx.put(&list, 2, "two")?;
        tx.delete(&list, 3)?;
        let text = tx.insert_object(&list, 0, ObjType::Text)?;
        tx.splice_text(&text, 0, 0, "abcdef")?;
        tx.splice_text(&text, 2, 2, "x")?;
        tx.delete(&map, "n")
    };
    let mut seeds = Vec::new();
    for change in [text, photos] {
        seeds.push(edit(document, &heads, Instant(5), &change).expect("valid").expect("differs"));
    }
    seeds.push(document.edit(&heads, Instant(5), mixed).expect("edit").expect("differs"));
    let mut seeds: Vec<_> = seeds.into_iter().map(|body| (heads.clone(), body)).collect();
    // The first change of a document as well.
    seeds.push((Vec::new(), create(Instant(1), &listing()).expect("valid")));
    seeds
}

fn mutants() {
    let count =
        std::env::var("PALIER_MUTANTS").ok().and_then(|n| n.parse().ok()).unwrap_or(2_000_u64);
    let seed = std::env::var("PALIER_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(1_u64);
    let document = honest();
    let seeds = seeds(&document);
    let mut dice = Dice(ChaCha8Rng::seed_from_u64(seed));
    let (mut accepted, mut unreadable, mut slowest) = (0_u64, 0_u64, 0);
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    for n in 0..count {
        let (past, honest) = &seeds[dice.below(seeds.len())];
        let mut mutant = honest.clone();
        for _ in 0..=dice.below(2) {
            dice.mutate(&mut mutant);
        }
        let mut payload = mutant.to_payload();
        if dice.below(8) == 0 {
            let at = dice.below(payload.len());
            payload[at] ^= 1 << dice.below(8);
        }
        let mut target = document.clone();
        let cpu = cpu_ms();
        let outcome =
            catch_unwind(AssertUnwindSafe(|| target.apply(&hash(500 + n), past, &payload)));
        slowest = slowest.max(cpu_ms() - cpu);
        match outcome.unwrap_or_else(|_| panic!("mutant {n} of seed {seed} panicked: {mutant:?}")) {
            Ok(()) => {
                accepted += 1;
                let works = catch_unwind(AssertUnwindSafe(|| still_works(&target, n)));
                works.unwrap_or_else(|_| {
                    panic!("mutant {n} of seed {seed} broke a later write: {mutant:?}")
                });
            }
            Err(ContentError::Unreadable) => {
                unreadable += 1;
                assert_eq!(target.to_row(), document.to_row());
            }
            Err(_) => assert_eq!(target.change_count(), document.change_count()),
        }
    }
    std::panic::set_hook(quiet);
    eprintln!(
        "{count} mutants: {accepted} accepted, {unreadable} refused by automerge, slowest {slowest} ms"
    );
    assert!(accepted > count / 50, "the mutants hardly get in: {accepted}");
    assert!(slowest < CPU_LIMIT_MS);
}

/// One test, since memory is measured for the whole process.
#[test]
fn a_signed_change_costs_little_and_breaks_no_later_write() {
    bombs();
    overfull();
    many_branches();
    mutants();
}
