//! What a member can sign that is small to send and might be large to take in: each is
//! taken within a fifth of a second, or a tenth of a millisecond for each of its entries.

use std::collections::BTreeMap;

use palier_model::authority::Preamble;
use palier_model::booking::{Decision, DomainRecord, Holder, Op, Record, Resource, Terms};
use palier_model::codec;
use palier_model::journal::{
    Class, Descriptor, Entry, Header, LogStart, Owner, Ref, Run, Tip, kind, sign_entry,
};
use palier_model::keyring::{Epoch, EpochOwner, NextEpoch};
use palier_model::keys::{BookingId, DocId, EntryHash, LogId};
use palier_model::projection::DealKeys;
use palier_model::seal::{DealKey, DhCount, EpochSecret, GRANT_BYTES, Grant, PairKey};
use palier_model::time::{Instant, Interval, OpeningPlan};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use crate::attack::{Attack, Totals};
use crate::scene::{Scene, VICTIM};

const NOW: Instant = Instant(1_795_521_600_000);

/// The pen in the hand of somebody patient.
struct Writer {
    author: palier_model::journal::Author,
    descriptor: Descriptor,
    log: LogId,
    tip: Tip,
    entries: Vec<Entry>,
}

impl Writer {
    /// Begins a log of its own.
    fn new(attack: &Attack<'_>, class: Class, incarnation: u32) -> Self {
        let author = attack.author().clone();
        let owner = Owner::Member(attack.member());
        let hood = attack.hood();
        let descriptor = match class {
            Class::Sealed => Descriptor::sealed(hood, owner, NOW),
            Class::Object => Descriptor::object(hood, owner, [77; 16]),
            Class::Identity => Descriptor::identity(hood, attack.member()),
            _ => Descriptor::open(hood, owner, NOW),
        };
        let start = LogStart {
            descriptor,
            device: author.device,
            incarnation,
            act: if class == Class::Identity { EntryHash::ZERO } else { author.act },
            continues: None,
            certificate: author.certificate.filter(|_| class == Class::Identity),
        };
        let payload = codec::encode(&start);
        let header =
            Header::new(LogId::ZERO, 0, EntryHash::ZERO, Vec::new(), kind::LOG_START, &payload);
        let hash = header.hash();
        let signature = Some(sign_entry(&hash, &author.signing));
        let entries = vec![Entry { header, payload, signature }];
        Self { author, descriptor, log: LogId(hash.0), tip: Tip { seq: 0, hash }, entries }
    }

    fn write(&mut self, kind: u16, payload: Vec<u8>, causes: Vec<EntryHash>) -> Ref {
        self.write_bound(kind, causes, |_| payload)
    }

    /// The payload is given the header's core.
    fn write_bound(
        &mut self,
        kind: u16,
        causes: Vec<EntryHash>,
        payload: impl FnOnce(&[u8]) -> Vec<u8>,
    ) -> Ref {
        let seq = self.tip.seq + 1;
        let core = Header::new(self.log, seq, self.tip.hash, causes.clone(), kind, &[]);
        let payload = payload(&core.core_bytes());
        let header = Header::new(self.log, seq, self.tip.hash, causes, kind, &payload);
        let hash = header.hash();
        let signature = Some(sign_entry(&hash, &self.author.signing));
        self.entries.push(Entry { header, payload, signature });
        self.tip = Tip { seq, hash };
        Ref { document: self.descriptor.id(), log: self.log, seq, hash }
    }

    /// One run of all that was written; the signatures that may be left out are.
    fn run(self) -> Run {
        let mut run = Run { entries: self.entries };
        run.thin();
        run
    }

    fn each_alone(self) -> Vec<Run> {
        self.entries.into_iter().map(|it| Run { entries: vec![it] }).collect()
    }
}

fn noise(rng: &mut ChaCha20Rng) -> EntryHash {
    let mut hash = [0; 32];
    rng.fill_bytes(&mut hash);
    EntryHash(hash)
}

fn small_runs(attack: &Attack<'_>) -> Vec<Run> {
    let mut writer = Writer::new(attack, Class::Open, 100);
    for n in 0..2_000_u32 {
        writer.write(0x7777, n.to_be_bytes().to_vec(), Vec::new());
    }
    writer.each_alone()
}

fn unknown_causes(attack: &Attack<'_>) -> Vec<Run> {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let mut writer = Writer::new(attack, Class::Object, 100);
    for _ in 0..400 {
        let causes = (0..64).map(|_| noise(&mut rng)).collect();
        writer.write(kind::CHANGE, vec![0; 8], causes);
    }
    vec![writer.run()]
}

/// A log with more branches than are kept.
fn branches(attack: &Attack<'_>) -> Vec<Run> {
    let mut writer = Writer::new(attack, Class::Object, 100);
    let root = writer.tip;
    for n in 0..1_100_u32 {
        writer.tip = root;
        writer.write(kind::CHANGE, n.to_be_bytes().to_vec(), Vec::new());
    }
    writer.each_alone()
}

fn grants(attack: &Attack<'_>) -> Vec<Run> {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let mut writer = Writer::new(attack, Class::Sealed, 100);
    for _ in 0..4_000 {
        let mut payload = vec![0; GRANT_BYTES];
        rng.fill_bytes(&mut payload);
        writer.write(kind::sealed::GRANT, payload, Vec::new());
    }
    vec![writer.run()]
}

/// Of the epoch of this number.
fn secret(n: u32) -> EpochSecret {
    let mut secret = [1; 32];
    secret[..4].copy_from_slice(&n.to_be_bytes());
    EpochSecret::from_bytes(secret)
}

/// Key epochs, each of another key, that nobody needs.
fn epochs(attack: &Attack<'_>, count: u32) -> Writer {
    let mut writer = Writer::new(attack, Class::Identity, 100);
    let next = NextEpoch {
        owner: EpochOwner { hood: attack.hood(), member: attack.member() },
        preamble: Preamble::new(NOW, Vec::new()),
        predecessors: Vec::new(),
        devices: &BTreeMap::from([(writer.author.device, [9; 32])]),
        recovery: [9; 32],
        earlier: &[],
    };
    let mut rng = ChaCha20Rng::seed_from_u64(4);
    let (mut epoch, _) = Epoch::open_next(next, &mut rng).expect("an epoch");
    for n in 0..count {
        epoch.public = secret(n).public();
        writer.write(kind::identity::EPOCH, codec::encode(&epoch), Vec::new());
    }
    writer
}

fn epochs_and_grants(attack: &Attack<'_>) -> Vec<Run> {
    let mut runs = vec![epochs(attack, 2_000).run()];
    runs.extend(grants(attack));
    runs
}

fn domain(attack: &Attack<'_>, writer: &mut Writer, resources: u8, blackouts: usize) -> EntryHash {
    let holder = Holder { member: attack.member(), device: writer.author.device, incarnation: 100 };
    let blackout =
        |n: usize| Interval { start: NOW.plus_ms(n as i64 * 10), end: Some(NOW.plus_ms(1 << 40)) };
    let blackouts: Vec<_> = (0..blackouts).map(blackout).collect();
    let resource = |n: u8| Resource {
        listing: DocId([n; 32]),
        part_of: n.checked_sub(1).map(u16::from),
        terms: Terms {
            opening: OpeningPlan { blackouts: blackouts.clone(), ..OpeningPlan::default() },
            ..Terms::of_capacity(100_000)
        },
    };
    let resources = (0..resources).map(resource).collect();
    let record = DomainRecord { at: NOW, resources, holder, deciders: Vec::new() };
    writer.write(kind::open::DOMAIN, record.to_payload().expect("bounded"), Vec::new()).hash
}

/// Acceptances one over another, each seeing the last or none.
fn decisions(
    attack: &Attack<'_>,
    resources: u8,
    blackouts: usize,
    count: u32,
    ordered: bool,
) -> Vec<Run> {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let mut writer = Writer::new(attack, Class::Open, 100);
    let domain = domain(attack, &mut writer, resources, blackouts);
    let mut prev = None;
    for n in 0..count {
        let start = NOW.plus_ms(i64::from(n) * 3_600_000);
        let op = Op::Accept {
            booking: BookingId(noise(&mut rng).0),
            resource: DocId([(n % u32::from(resources)) as u8; 32]),
            interval: Interval { start, end: Some(start.plus_ms(3_600_000)) },
            quantity: 1,
            tier: 0,
        };
        let decision =
            Decision { at: NOW, domain, tenure: 0, prev, seen: prev.into_iter().collect(), op };
        let payload = decision.to_payload().expect("bounded");
        let at = writer.write(kind::open::DECISION, payload, Vec::new());
        prev = ordered.then_some(at);
    }
    vec![writer.run()]
}

#[test]
fn what_is_small_to_send_is_not_large_to_take_in() {
    let mut scene = Scene::new();
    type Make = Box<dyn Fn(&Attack<'_>) -> Vec<Run>>;
    let bombs: Vec<(&str, Make)> = vec![
        ("two thousand runs of one entry", Box::new(small_runs)),
        ("causes that nobody has", Box::new(unknown_causes)),
        ("more branches than are kept", Box::new(branches)),
        ("grants for nobody", Box::new(grants)),
        ("grants for nobody under two thousand epochs", Box::new(epochs_and_grants)),
        ("a chain of parts under blackouts", Box::new(|it| decisions(it, 64, 50, 64, true))),
        (
            "two thousand decisions one over another",
            Box::new(|it| decisions(it, 1, 0, 2_000, true)),
        ),
        (
            "decisions that saw nothing of each other",
            Box::new(|it| decisions(it, 1, 0, 1_000, false)),
        ),
    ];
    let mut slow = Vec::new();
    for (what, make) in bombs {
        scene.reset();
        let mut totals = Totals::default();
        let mut attack = Attack::new(&mut scene, ChaCha20Rng::seed_from_u64(0), &mut totals);
        let runs = make(&attack);
        let entries: usize = runs.iter().map(|run| run.entries.len()).sum();
        // As they travel.
        let runs = runs.iter().map(|run| Run::from_bytes(&run.to_bytes()).expect("a run"));
        let runs: Vec<Run> = runs.collect();
        let (spent, taken) = attack.take(&runs);
        attack.end();
        eprintln!("{what}: {entries} entries, {taken} taken, {spent} ms");
        assert!(taken > 1, "{what}: nothing got past the first door");
        if spent > 200 + entries as u64 / 10 {
            slow.push(format!("{what}: {spent} ms"));
        }
        scene.check(0);
    }
    assert!(slow.is_empty(), "{slow:?}");
}

#[test]
fn epochs_that_come_one_by_one_do_not_read_all_grants_again_each() {
    let mut scene = Scene::new();
    let mut totals = Totals::default();
    let mut attack = Attack::new(&mut scene, ChaCha20Rng::seed_from_u64(0), &mut totals);
    attack.take(&grants(&attack));
    let mut spent = 0;
    let runs = epochs(&attack, 200).each_alone();
    for run in &runs {
        let (ms, taken) = attack.take(std::slice::from_ref(run));
        assert_eq!(taken, 1, "not let in");
        spent += ms;
    }
    attack.end();
    eprintln!("{} epochs one by one after 4,000 grants: {spent} ms", runs.len());
    assert!(spent < 200 + runs.len() as u64, "{spent} ms");
    scene.check(0);
}

#[test]
fn a_grant_is_found_whenever_its_authors_epoch_comes() {
    let mut scene = Scene::new();
    let reader = scene.epoch(VICTIM);
    let mut totals = Totals::default();
    let mut attack = Attack::new(&mut scene, ChaCha20Rng::seed_from_u64(0), &mut totals);
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    let deal = |n: u32, again: u8| DealKey::from_bytes([n as u8 * 10 + again; 32]);
    let found = |attack: &Attack<'_>, deal: &DealKey| attack.victim_has::<DealKeys>(&deal.tag());

    // Two grants under each epoch, in one log and in another; then the epochs, one by one.
    for incarnation in [100, 101] {
        let mut writer = Writer::new(&attack, Class::Sealed, incarnation);
        let log = writer.log;
        for n in 0..4 {
            let mut count = DhCount::default();
            let pair = PairKey::for_writer(&secret(n), &reader, &mut count).expect("a pair");
            for earlier in 0..2 {
                let key = deal(n, earlier as u8 + incarnation as u8 % 100 * 2);
                writer.write_bound(kind::sealed::GRANT, Vec::new(), |core| {
                    Grant::seal(&pair, &log, earlier, core, &key, &mut rng).to_bytes()
                });
            }
        }
        attack.take(&[writer.run()]);
    }
    for (n, run) in epochs(&attack, 4).each_alone().into_iter().enumerate() {
        attack.take(&[run]);
        for epoch in 0..4 {
            for again in 0..4 {
                // The first of the runs opens the log.
                let is_found = found(&attack, &deal(epoch, again));
                assert_eq!(is_found, (epoch as usize) < n, "epoch {epoch}, {again}");
            }
        }
    }
    attack.end();
    scene.check(0);
}

#[test]
fn a_run_that_unpacks_to_much_is_given_up_at_its_limit() {
    for size in [2 << 20, 64 << 20] {
        let packed = miniz_oxide::deflate::compress_to_vec(&vec![0; size], 9);
        let bytes = [&[1, 1], packed.as_slice()].concat();
        let begun = std::time::Instant::now();
        assert!(Run::from_bytes(&bytes).is_err());
        assert!(begun.elapsed().as_millis() < 2_000, "{size}: {:?}", begun.elapsed());
    }
}
