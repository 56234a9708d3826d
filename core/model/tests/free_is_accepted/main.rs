//! What is told free is what would be accepted, and nothing else: random domains with
//! parts, gaps and pools, each wish tried on the calendar's own pass; and each minute
//! counted by hand.
//!
//! `PALIER_CASES=1000000 cargo test --release -p palier-model --test free_is_accepted`
//! runs more; a failure prints the seed, which `PALIER_FIRST` replays.

#![allow(clippy::print_stdout)]

mod cost;

use std::collections::BTreeSet;

use palier_model::booking::availability::Asker;
use palier_model::booking::{
    Act, ActKind, BookingFacts, CalendarRow, Care, DecideError, Domain, DomainRecord, DomainView,
    Footing, Held, Holder, Op, Reason, Resource, Terms, Wanted, calendar, check,
};
use palier_model::journal::Ref;
use palier_model::keys::{BookingId, DeviceId, DocId, EntryHash, LogId, MemberId};
use palier_model::time::{Instant, Interval};

const CASES: u64 = 50_000;
/// Minutes in which everything lies.
const SPAN: u64 = 120;

/// splitmix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

struct Alone(DeviceId);

impl BookingFacts for Alone {
    fn certified_earlier(&self, _: &DeviceId, _: &DeviceId) -> bool {
        false
    }
    fn devices(&self, _: &MemberId) -> Vec<DeviceId> {
        vec![self.0]
    }
}

const ME: Holder = Holder { member: MemberId([1; 32]), device: DeviceId([2; 32]), incarnation: 0 };

fn minutes(from: u64, to: Option<u64>) -> Interval {
    let at = |minute: u64| Instant(minute as i64 * 60_000 + 1_800_000_000_000);
    Interval { start: at(from), end: to.map(at) }
}

fn hash(n: usize) -> EntryHash {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&(n as u64 + 1).to_be_bytes());
    EntryHash(bytes)
}

fn booking(n: usize) -> BookingId {
    BookingId(hash(n).0)
}

struct World {
    domain: Domain,
    acts: Vec<Act>,
}

impl World {
    fn new(dice: &mut Dice) -> Self {
        let count = 1 + dice.below(4) as usize;
        let resource = |n: usize, dice: &mut Dice| Resource {
            listing: DocId([n as u8 + 1; 32]),
            part_of: (n > 0 && dice.below(3) > 0).then(|| dice.below(n as u64) as u16),
            terms: Terms {
                buffer_before_ms: 60_000 * dice.below(2) * dice.below(12),
                buffer_after_ms: 60_000 * dice.below(2) * dice.below(12),
                ..Terms::of_capacity(1 + dice.below(5) as u32)
            },
        };
        let record = DomainRecord {
            at: Instant(1),
            resources: (0..count).map(|n| resource(n, dice)).collect(),
            holder: ME,
            deciders: vec![],
        };
        Self {
            domain: Domain { id: hash(9_999), owner: ME.member, record, managers: BTreeSet::new() },
            acts: vec![],
        }
    }

    fn act(&self, op: Op) -> Act {
        let prev = self.acts.last().map(|act| act.hash);
        Act {
            hash: hash(self.acts.len()),
            author: ME,
            at: Instant(1),
            past: prev.into_iter().collect(),
            counts: true,
            kind: ActKind::Decision { tenure: 0, prev, op },
        }
    }

    fn accept(&self, resource: DocId, interval: Interval, quantity: u32) -> Act {
        let booking = booking(self.acts.len());
        self.act(Op::Accept { booking, resource, interval, quantity, tier: 0 })
    }

    fn held(&self, acts: &[Act]) -> Vec<Held> {
        calendar(&self.domain, acts, &Alone(ME.device)).counting
    }

    /// Whether the pass would count it.
    fn would_count(&self, resource: DocId, interval: Interval, quantity: u32) -> bool {
        let act = self.accept(resource, interval, quantity);
        let acts: Vec<Act> = self.acts.iter().cloned().chain([act]).collect();
        self.held(&acts).iter().any(|held| held.booking == booking(self.acts.len()))
    }

    fn view(&self) -> DomainView {
        let mut held = self.held(&self.acts);
        held.sort_unstable_by_key(|held| (held.interval.start, held.booking));
        let founded =
            Ref { document: DocId([9; 32]), log: LogId([9; 32]), seq: 1, hash: self.domain.id };
        let row = CalendarRow {
            owner: ME.member,
            record: self.domain.record.clone(),
            founded,
            counts: true,
            holder: ME,
            tenure: 0,
            begun_by: None,
            spine_end: None,
            waiting_for: vec![],
            unsettled: vec![],
            is_loose: false,
            entitled: vec![ME.member],
            heads: vec![],
            last_of: vec![],
            terms: self.domain.record.resources.iter().map(|it| it.terms.clone()).collect(),
            places: 0,
            firm_places: 0,
            incomplete: Vec::new(),
            read: vec![],
            is_plain: true,
            group: None,
            deciding: vec![ME.member],
        };
        DomainView { id: self.domain.id, row, held, out: Vec::new() }
    }

    /// Whether one resource is the other, and whether it lies in it or holds it.
    fn kin(&self, a: usize, b: usize) -> bool {
        let resources = &self.domain.record.resources;
        let up = |mut at: usize| {
            let mut above = vec![at];
            while let Some(parent) = resources[at].part_of {
                at = usize::from(parent);
                above.push(at);
            }
            above
        };
        up(a).contains(&b) || up(b).contains(&a)
    }

    /// Units free for one minute, counted by hand.
    fn free_by_hand(&self, held: &[Held], resource: usize, minute: u64) -> u32 {
        let resources = &self.domain.record.resources;
        let terms = &resources[resource].terms;
        let gap = terms.buffer_before_ms.max(terms.buffer_after_ms) / 60_000;
        let minute_of = |at: Instant| ((at.0 - 1_800_000_000_000) / 60_000) as u64;
        let mut most_out = 0;
        // A booking of this minute meets others in it and while its own gap runs.
        for at in minute..minute + 1 + gap {
            let mut out = 0;
            for other in held {
                let of = resources.iter().position(|it| it.listing == other.resource);
                let end = other.interval.end.map_or(u64::MAX / 2, minute_of) + gap;
                if minute_of(other.interval.start) <= at && at < end {
                    match of {
                        Some(of) if of == resource => out += other.quantity,
                        Some(of) if self.kin(of, resource) => out += 1_000,
                        _ => {}
                    }
                }
            }
            most_out = most_out.max(out);
        }
        terms.capacity.saturating_sub(most_out)
    }
}

fn random_interval(dice: &mut Dice) -> Interval {
    let from = dice.below(SPAN);
    minutes(from, (dice.below(30) > 0).then(|| from + 1 + dice.below(40)))
}

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

#[test]
fn what_is_told_free_is_what_the_calendar_accepts_minute_by_minute() {
    let (first, cases) = (number("PALIER_FIRST", 0), number("PALIER_CASES", CASES));
    let begun = std::time::Instant::now();
    let (mut yes, mut no) = (0_u64, 0_u64);
    for seed in first..first + cases {
        let mut dice = Dice(seed);
        let mut world = World::new(&mut dice);
        let listings: Vec<DocId> =
            world.domain.record.resources.iter().map(|it| it.listing).collect();
        for _ in 0..dice.below(9) {
            let resource = listings[dice.below(listings.len() as u64) as usize];
            let act = match dice.below(8) {
                0 if !world.acts.is_empty() => {
                    let booking = booking(dice.below(world.acts.len() as u64) as usize);
                    world.act(Op::Release { booking, reason: Reason::NONE })
                }
                _ => world.accept(resource, random_interval(&mut dice), 1 + dice.below(3) as u32),
            };
            world.acts.push(act);
        }
        let view = world.view();
        let (from, to) = (dice.below(40), 40 + dice.below(SPAN));
        for (index, resource) in listings.iter().enumerate() {
            let free = view.free(resource, &minutes(from, Some(to))).unwrap();
            let mut told = Vec::new();
            for segment in &free {
                let length = (segment.end.0 - segment.start.0) / 60_000;
                told.extend((0..length).map(|_| segment.free));
            }
            let by_hand: Vec<u32> =
                (from..to).map(|at| world.free_by_hand(&view.held, index, at)).collect();
            assert_eq!(told, by_hand, "seed {seed}, resource {index}");
            // One of these minutes, on the pass itself.
            let at = from + dice.below(to - from);
            let units = told[(at - from) as usize];
            let one = minutes(at, Some(at + 1));
            assert!(units == 0 || world.would_count(*resource, one, units), "seed {seed}");
            assert!(!world.would_count(*resource, one, units + 1), "seed {seed}: {at}");
        }
        for _ in 0..3 {
            let index = dice.below(listings.len() as u64) as usize;
            let (resource, interval) = (listings[index], random_interval(&mut dice));
            let quantity = 1 + dice.below(5) as u32;
            let counts = world.would_count(resource, interval, quantity);
            let booking = booking(9_000);
            let wanted =
                Wanted { booking, resource, interval, quantity, footing: Footing::NEAREST };
            for care in [Care::AllTerms, Care::CalendarOnly] {
                let told = check(&view, &wanted, &[], care, Instant(0));
                assert_eq!(told.is_ok(), counts, "seed {seed}: {interval:?} {told:?}");
                if let Err(DecideError::Taken { by }) = told {
                    assert!(!by.is_empty(), "seed {seed}: taken by nobody");
                }
            }
            let asker = Asker { footing: Footing::NEAREST, mine: &[], now: Instant(0) };
            for other in view.alternatives(&resource, &interval, quantity, &asker, 4) {
                assert!(world.would_count(resource, other.interval, quantity), "seed {seed}");
            }
            if counts { yes += 1 } else { no += 1 }
        }
    }
    println!("{cases} cases from {first}: {yes} could be had, {no} not, {:?}", begun.elapsed());
    assert!(cases < 1_000 || (yes > cases / 4 && no > cases / 4), "{yes} {no}");
}
