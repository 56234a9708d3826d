//! Honest changes, mutated with their structure in mind.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::scene::*;

pub(crate) struct Dice(ChaCha8Rng);

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
pub(crate) fn seeds(document: &Edited) -> Vec<(Vec<EntryHash>, ChangeBody)> {
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

pub(crate) fn mutants() {
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
