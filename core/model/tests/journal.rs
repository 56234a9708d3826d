//! The journal's promises: what is written can be carried, cut, mixed and taken in
//! again in any order, and what breaks a rule stops at the rule.

use ed25519_dalek::SigningKey;
use palier_model::journal::{
    Author, Class, Descriptor, Entries, LogStart, Owner, RefusalCode, Right, Rights, Run, Tip,
    accept, append, document_heads, is_ancestor_or_same, kind, log_row, logs_of_document, path,
    position,
};
use palier_model::keys::{DeviceId, EntryHash, HoodHash, LogId, MemberId};
use palier_model::rows::{MemoryRows, Rows, Table, Tx};
use palier_model::time::Instant;
use proptest::prelude::*;

struct Everyone;

impl Rights for Everyone {
    fn may_open(&self, _: &LogId, _: &LogStart) -> Right {
        Right::Granted
    }
    fn cap(&self, _: Class) -> u64 {
        1_000
    }
    fn closing(&self, _: &LogId, _: &LogStart) -> Option<Tip> {
        None
    }
}

fn author(number: u8) -> Author {
    let signing = SigningKey::from_bytes(&[number; 32]);
    Author {
        device: DeviceId(signing.verifying_key().to_bytes()),
        signing,
        incarnation: 0,
        act: EntryHash([number; 32]),
        certificate: None,
    }
}

fn open_document(number: u8) -> Descriptor {
    Descriptor::open(
        HoodHash([1; 32]),
        Owner::Member(MemberId([number; 32])),
        Instant(1_790_000_000_000),
    )
}

fn write(rows: &mut MemoryRows, author: &Author, document: &Descriptor, payload: &[u8]) {
    let mut tx = Tx::new(rows);
    append(&mut tx, author, document, kind::open::DECISION, |_| payload.to_vec()).unwrap();
    let writes = tx.into_writes();
    rows.commit(writes);
}

fn runs(rows: &MemoryRows, document: &Descriptor, have: &[Tip]) -> Vec<Run> {
    let tx = Tx::new(rows);
    let logs = logs_of_document(&tx, &document.id()).unwrap();
    logs.iter().flat_map(|log| Run::collect(&tx, log, have, 1 << 20).unwrap()).collect()
}

fn take(rows: &mut MemoryRows, run: &Run) -> (usize, Option<RefusalCode>) {
    let run = Run::from_bytes(&run.to_bytes()).unwrap();
    let mut tx = Tx::new(rows);
    let verdict = accept(&mut tx, &Everyone, &run).unwrap();
    let writes = tx.into_writes();
    rows.commit(writes);
    (verdict.accepted.len(), verdict.refused.map(|refusal| refusal.code))
}

fn journal_of(rows: &MemoryRows) -> Vec<(Table, Vec<u8>, Vec<u8>)> {
    [Table::Documents, Table::Logs, Table::LogsByDocument]
        .into_iter()
        .flat_map(|table| {
            rows.table(table).map(move |(key, row)| (table, key.clone(), row.clone()))
        })
        .collect()
}

#[test]
fn what_one_writes_another_holds() {
    let (mut here, mut there) = (MemoryRows::default(), MemoryRows::default());
    let document = open_document(1);
    for n in 0..200_u32 {
        write(&mut here, &author(1), &document, &n.to_be_bytes());
    }
    let runs = runs(&here, &document, &[]);
    let taken: usize = runs.iter().map(|run| take(&mut there, run).0).sum();
    assert_eq!(taken, 201);
    assert_eq!(journal_of(&here), journal_of(&there));
    let mut kept = 0;
    for (_, row) in there.table(Table::Entries) {
        let entry: palier_model::journal::Entry =
            palier_model::codec::decode(row, 1 << 20).unwrap();
        kept += usize::from(entry.signature.is_some());
    }
    assert!((4..=20).contains(&kept), "signatures thinned to a few: {kept}");
}

#[test]
fn a_cloned_phone_forks_the_log_and_nothing_is_lost() {
    let mut phone = MemoryRows::default();
    let document = open_document(1);
    write(&mut phone, &author(1), &document, b"before");
    let mut clone = phone.clone();
    for n in 0..70_u8 {
        write(&mut phone, &author(1), &document, &[1, n]);
        write(&mut clone, &author(1), &document, &[2, n]);
    }
    let mut third = MemoryRows::default();
    for run in runs(&clone, &document, &[]).iter().chain(&runs(&phone, &document, &[])) {
        assert_eq!(take(&mut third, run).1, None);
    }
    let from_third = runs(&third, &document, &[]);
    for rows in [&mut phone, &mut clone] {
        for run in &from_third {
            assert_eq!(take(rows, run).1, None);
        }
    }
    assert_eq!(journal_of(&phone), journal_of(&third));
    assert_eq!(journal_of(&clone), journal_of(&third));
    let tx = Tx::new(&third);
    let log = logs_of_document(&tx, &document.id()).unwrap()[0];
    let row = log_row(&tx, &log).unwrap().unwrap();
    assert_eq!((row.tips.len(), row.entries), (2, 142));
    assert_eq!(document_heads(&tx, &document.id()).unwrap().len(), 2);
    let way = path(&tx, &log, &EntryHash::ZERO, &row.tips[0].hash).unwrap();
    assert_eq!(way.len(), 72);
    let at = |n: usize| Tip { seq: n as u64, hash: way[n] };
    assert!(is_ancestor_or_same(&tx, &log, &at(3), &at(50)).unwrap());
    assert!(!is_ancestor_or_same(&tx, &log, &at(3), &row.tips[1]).unwrap());
    assert!(is_ancestor_or_same(&tx, &log, &at(1), &row.tips[1]).unwrap());
}

#[test]
fn what_breaks_a_rule_stops_at_the_rule() {
    let mut here = MemoryRows::default();
    let document = open_document(1);
    for n in 0..5_u8 {
        write(&mut here, &author(1), &document, &[n]);
    }
    let tx = Tx::new(&here);
    let log = logs_of_document(&tx, &document.id()).unwrap()[0];
    let entries: Vec<_> = tx
        .rows_with_prefix::<Entries>(&log.0, 100)
        .unwrap()
        .into_iter()
        .map(|(_, entry)| entry)
        .collect();
    let run = |from: usize, to: usize| Run { entries: entries[from..to].to_vec() };
    let fresh = MemoryRows::default;

    let mut bad = run(0, 6);
    bad.entries[4].payload = b"other".to_vec();
    assert_eq!(take(&mut fresh(), &bad), (4, Some(RefusalCode::Signature)));

    let mut bare = run(0, 6);
    bare.entries[5].signature = None;
    assert_eq!(take(&mut fresh(), &bare), (5, Some(RefusalCode::Signature)));

    let mut stolen = run(0, 6);
    stolen.entries[5].signature = stolen.entries[4].signature;
    assert_eq!(take(&mut fresh(), &stolen), (5, Some(RefusalCode::Signature)));

    assert_eq!(take(&mut fresh(), &run(2, 6)), (0, Some(RefusalCode::Chain)));
    let mut twice = fresh();
    assert_eq!(take(&mut twice, &run(0, 4)), (4, None));
    assert_eq!(take(&mut twice, &run(2, 6)), (2, None));
    assert_eq!(take(&mut twice, &run(0, 6)), (0, None));
    assert_eq!(position(&Tx::new(&twice)).unwrap().n, 6);
}

#[test]
fn an_unsigned_stretch_longer_than_allowed_is_refused() {
    let mut here = MemoryRows::default();
    let document = open_document(1);
    for n in 0..70_u8 {
        write(&mut here, &author(1), &document, &[n]);
    }
    let mut run = runs(&here, &document, &[]).remove(0);
    let last = run.entries.len() - 1;
    for entry in &mut run.entries[..last] {
        entry.signature = None;
    }
    assert_eq!(take(&mut MemoryRows::default(), &run), (0, Some(RefusalCode::Signature)));
}

fn tips(rows: &MemoryRows, document: &Descriptor) -> Vec<Tip> {
    let tx = Tx::new(rows);
    let logs = logs_of_document(&tx, &document.id()).unwrap();
    logs.iter().flat_map(|log| log_row(&tx, log).unwrap().unwrap().tips).collect()
}

/// Hands one what it lacks of another's; nothing of it may be refused.
fn pass(from: &MemoryRows, to: &mut MemoryRows, document: &Descriptor) {
    let have = tips(to, document);
    for run in runs(from, document, &have) {
        assert_eq!(take(to, &run).1, None);
    }
    let all: Vec<_> = from.table(Table::EntryPlaces).map(|(key, _)| key).collect();
    assert!(all.into_iter().all(|key| to.get(Table::EntryPlaces, key).unwrap().is_some()));
}

#[test]
fn a_branch_that_leaves_a_log_between_two_signatures_can_be_passed_on() {
    let document = open_document(1);
    let mut phone = MemoryRows::default();
    for n in 0..40_u8 {
        write(&mut phone, &author(1), &document, &[n]);
    }
    let mut clone = phone.clone();
    let mut other = MemoryRows::default();
    pass(&clone, &mut other, &document);
    for n in 0..30_u8 {
        write(&mut phone, &author(1), &document, &[1, n]);
    }
    // Whoever takes it all at once keeps the signatures at its end, and none at the fork.
    let mut hub = MemoryRows::default();
    pass(&phone, &mut hub, &document);
    for n in 0..60_u8 {
        write(&mut clone, &author(1), &document, &[2, n]);
    }
    pass(&clone, &mut other, &document);
    pass(&other, &mut hub, &document);
    let mut newcomer = MemoryRows::default();
    pass(&hub, &mut newcomer, &document);
    assert_eq!(journal_of(&hub), journal_of(&newcomer));
}

#[test]
fn a_full_log_takes_no_more() {
    let mut here = MemoryRows::default();
    let document = open_document(1);
    for _ in 0..1_005 {
        write(&mut here, &author(1), &document, b"flood");
    }
    let mut there = MemoryRows::default();
    let codes: Vec<_> =
        runs(&here, &document, &[]).iter().filter_map(|run| take(&mut there, run).1).collect();
    assert_eq!(codes, [RefusalCode::Full]);
    let tx = Tx::new(&there);
    let log = logs_of_document(&tx, &document.id()).unwrap()[0];
    assert!(log_row(&tx, &log).unwrap().unwrap().entries <= 1_000);
}

#[test]
fn a_run_that_unpacks_to_more_than_allowed_is_refused() {
    let bomb = miniz_oxide::deflate::compress_to_vec(&vec![0; 64 << 20], 9);
    assert!(bomb.len() < 100_000);
    assert!(Run::from_bytes(&[&[1, 1], bomb.as_slice()].concat()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Copies of one device write on apart, and what each has is passed on in any way: from
    /// whoever holds it, a newcomer takes all of it.
    #[test]
    fn however_copies_of_a_device_part_all_they_wrote_can_be_passed_on(
        acts in proptest::collection::vec((0..4_usize, 0..4_usize, 1..45_u8), 4..14),
    ) {
        let document = open_document(1);
        let mut nodes = vec![MemoryRows::default(); 4];
        write(&mut nodes[0], &author(1), &document, b"begun");
        for (n, (who, other, many)) in acts.into_iter().enumerate() {
            if who == other {
                // A copy is the copy of somebody from here on.
                nodes[who] = nodes[(who + 1) % 4].clone();
            } else if who < 2 {
                for at in 0..many {
                    write(&mut nodes[who], &author(1), &document, &[u8::try_from(n).unwrap(), at]);
                }
            } else {
                let from = nodes[other].clone();
                pass(&from, &mut nodes[who], &document);
            }
            let mut newcomer = MemoryRows::default();
            pass(&nodes[who], &mut newcomer, &document);
        }
    }

    /// Three devices write one document, see each other's entries at random moments,
    /// and a fourth takes all runs in a random order: the same journal everywhere.
    #[test]
    fn any_order_of_arrival_gives_the_same_journal(
        acts in proptest::collection::vec((0..3_usize, 0..3_usize, any::<bool>()), 1..60),
        shuffle in any::<u64>(),
    ) {
        let document = open_document(9);
        let mut nodes = vec![MemoryRows::default(); 3];
        for (n, (who, other, meet)) in acts.iter().enumerate() {
            if *meet && who != other {
                for run in runs(&nodes[*other].clone(), &document, &[]) {
                    take(&mut nodes[*who], &run);
                }
            }
            let number = u8::try_from(*who).unwrap() + 1;
            write(&mut nodes[*who], &author(number), &document, &n.to_be_bytes());
        }
        let mut all: Vec<Run> = nodes.iter().flat_map(|rows| runs(rows, &document, &[])).collect();
        let mut seed = shuffle;
        for i in (1..all.len()).rev() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            all.swap(i, usize::try_from(seed >> 33).unwrap() % (i + 1));
        }
        let mut fourth = MemoryRows::default();
        for run in &all { take(&mut fourth, run); }
        for rows in &mut nodes {
            for run in &all { take(rows, run); }
            prop_assert_eq!(journal_of(rows), journal_of(&fourth));
        }
        let rows: &dyn Rows = &fourth;
        prop_assert!(!rows.scan(Table::Order, &[], &[], false, 1).unwrap().is_empty());
    }
}
