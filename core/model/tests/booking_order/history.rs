//! Random histories of one domain: a holder and others who stand in, partitions,
//! merges, changes of holder, forked logs, people who lie about what they saw.

use std::collections::{BTreeMap, BTreeSet};

use palier_model::booking::{
    Act, ActKind, BookingFacts, Domain, DomainRecord, Holder, Op, Reason, Resource, Terms, calendar,
};
use palier_model::keys::{BookingId, DeviceId, DocId, EntryHash, MemberId};
use palier_model::time::{Instant, Interval};

use super::oracle::LAST;

/// splitmix64.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn bytes(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes());
        }
        bytes
    }
}

pub(crate) struct World {
    pub(crate) devices: BTreeMap<MemberId, Vec<DeviceId>>,
    rank: BTreeMap<DeviceId, u64>,
    concurrent: bool,
}

impl BookingFacts for World {
    fn certified_earlier(&self, a: &DeviceId, b: &DeviceId) -> bool {
        !self.concurrent && self.rank.get(a) < self.rank.get(b)
    }

    fn devices(&self, member: &MemberId) -> Vec<DeviceId> {
        self.devices.get(member).cloned().unwrap_or_default()
    }
}

/// Which hazards a history may hold.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Hazards {
    pub(crate) closings: bool,
    pub(crate) forks: bool,
    pub(crate) lies: bool,
    pub(crate) void: bool,
}

pub(crate) struct History {
    pub(crate) domain: Domain,
    pub(crate) world: World,
    pub(crate) acts: Vec<Act>,
    /// Views held by one device one after the other: each within the next.
    pub(crate) views: Vec<Vec<BTreeSet<EntryHash>>>,
}

impl History {
    pub(crate) fn of(&self, view: &BTreeSet<EntryHash>) -> Vec<Act> {
        self.acts.iter().filter(|act| view.contains(&act.hash)).cloned().collect()
    }
}

struct Writer {
    who: Holder,
    known: BTreeSet<EntryHash>,
    last: Option<EntryHash>,
}

pub(crate) fn history(seed: u64, steps: u64, hazards: Hazards) -> History {
    let mut dice = Dice::new(seed);
    let owner = MemberId([1; 32]);
    let hub = MemberId([2; 32]);
    let later = MemberId([3; 32]);
    let device = |n: u8| DeviceId(*blake3::hash(&[n]).as_bytes());
    let holder = |member, n| Holder { member, device: device(n), incarnation: 0 };
    let everyone = [holder(owner, 1), holder(hub, 2), holder(owner, 3), holder(later, 4)];
    let count = 2 + dice.below(3) as usize;
    let resources = if dice.chance(25) {
        vec![(None, 1), (Some(0), 1), (Some(0), 2)]
    } else {
        vec![(None, 1 + dice.below(2) as u32)]
    };
    let listing = |n: usize| DocId([n as u8 + 1; 32]);
    let record = DomainRecord {
        at: Instant(0),
        resources: resources
            .iter()
            .enumerate()
            .map(|(n, (part_of, capacity))| Resource {
                listing: listing(n),
                part_of: *part_of,
                terms: Terms::of_capacity(*capacity),
            })
            .collect(),
        holder: everyone[dice.below(count.min(3) as u64) as usize],
        deciders: vec![hub],
    };
    let domain = Domain { id: EntryHash(dice.bytes()), owner, record, managers: BTreeSet::new() };
    let world = World {
        devices: BTreeMap::from([
            (owner, if count > 2 { vec![device(1), device(3)] } else { vec![device(1)] }),
            (hub, vec![device(2)]),
            (later, vec![device(4)]),
        ]),
        rank: (1..=4).map(|n| (device(n), u64::from(n * 7 % 5))).collect(),
        concurrent: dice.chance(30),
    };
    let mut writers: Vec<Writer> = everyone[..count]
        .iter()
        .map(|who| Writer { who: *who, known: BTreeSet::new(), last: None })
        .collect();
    let mut history = History { domain, world, acts: Vec::new(), views: vec![Vec::new(); count] };
    for _ in 0..steps {
        let at = dice.below(writers.len() as u64) as usize;
        if dice.chance(30) {
            let from = dice.below(writers.len() as u64) as usize;
            let theirs = writers[from].known.clone();
            writers[at].known.extend(theirs);
            if at < count {
                history.views[at].push(writers[at].known.clone());
            }
            continue;
        }
        if hazards.forks && dice.chance(4) {
            // A clone goes on from what its original knows now.
            let clone = Writer {
                who: writers[at].who,
                known: writers[at].known.clone(),
                last: writers[at].last,
            };
            writers.push(clone);
            continue;
        }
        if hazards.forks && dice.chance(2) {
            writers[at].who.incarnation += 1;
        }
        let act = write(&mut dice, &history, &writers[at], hazards, &everyone[..count]);
        writers[at].known.insert(act.hash);
        writers[at].last = Some(act.hash);
        history.acts.push(act);
        if at < count {
            history.views[at].push(writers[at].known.clone());
        }
    }
    if hazards.void && dice.chance(50) {
        // A device is closed at some point of its log; what follows does not count.
        let closed = everyone[dice.below(count as u64) as usize].device;
        let from = dice.below(steps) as usize;
        for act in history.acts.iter_mut().skip(from) {
            act.counts &= act.author.device != closed;
        }
        for devices in history.world.devices.values_mut() {
            devices.retain(|device| *device != closed);
        }
    }
    history
}

fn write(
    dice: &mut Dice,
    history: &History,
    writer: &Writer,
    hazards: Hazards,
    everyone: &[Holder],
) -> Act {
    let acts = history.of(&writer.known);
    let now = calendar(&history.domain, &acts, &history.world);
    let lies = hazards.lies && dice.chance(15);
    let mut past: Vec<EntryHash> = now.heads.clone();
    if lies {
        past.retain(|_| dice.chance(50));
    }
    past.extend(writer.last);
    let holds = now.holder == writer.who;
    let mut tenure = now.tenure;
    let mut prev = if holds { now.spine_end.or(Some(now.begun_by)) } else { writer.last };
    if lies && dice.chance(40) && !acts.is_empty() {
        prev = Some(acts[dice.below(acts.len() as u64) as usize].hash);
        tenure = dice.below(3) as u32;
    }
    let hash = EntryHash(dice.bytes());
    let at = Instant(dice.below(1_000) as i64);
    if hazards.closings && !holds && dice.chance(8) {
        let spine_end = if lies && !acts.is_empty() {
            Some(acts[dice.below(acts.len() as u64) as usize].hash)
        } else {
            now.spine_end
        };
        past.extend(spine_end);
        past.push(now.begun_by);
        past.retain(|hash| *hash != history.domain.id);
        let new_holder = everyone[dice.below(everyone.len() as u64) as usize];
        let kind =
            ActKind::Close { tenure, last: spine_end, new_holder, by_phrase: dice.chance(15) };
        return Act { hash, author: writer.who, at, past, counts: true, kind };
    }
    past.extend(prev.filter(|hash| *hash != history.domain.id));
    let resources = &history.domain.record.resources;
    let resource = resources[dice.below(resources.len() as u64) as usize].listing;
    let booking = BookingId([dice.below(9) as u8; 32]);
    let op = match dice.below(100) {
        0..42 => {
            let start = dice.below(LAST as u64 - 6) as i64 / 2;
            let end = start + 1 + dice.below(4) as i64;
            let end = if dice.chance(4) { None } else { Some(Instant(end)) };
            Op::Accept {
                booking,
                resource: if dice.chance(2) { DocId([99; 32]) } else { resource },
                interval: Interval { start: Instant(start), end },
                quantity: 1 + u32::from(dice.chance(15)),
                tier: dice.below(3) as u8,
            }
        }
        42..54 => {
            // Mostly what is booked here, from the end it has; liars say what they like.
            let known: Vec<_> = now.counting.iter().collect();
            let some = known.get(dice.below(known.len().max(1) as u64) as usize);
            let (booking, start, from) = match some {
                Some(held) if !(lies && dice.chance(50)) => {
                    (held.booking, held.interval.start.0, held.interval.end)
                }
                _ => (booking, dice.below(9) as i64, Some(Instant(dice.below(12) as i64))),
            };
            let end = Some(Instant((start + dice.below(9) as i64 - 1).max(0)));
            let end = if dice.chance(6) { None } else { end };
            if end == from { Op::Seen } else { Op::Resize { booking, from, end } }
        }
        54..63 => {
            let start = dice.below(LAST as u64 - 6) as i64 / 2;
            let end = start + 1 + dice.below(4) as i64;
            Op::Queue {
                booking,
                resource: if dice.chance(2) { DocId([99; 32]) } else { resource },
                interval: Interval { start: Instant(start), end: Some(Instant(end)) },
                quantity: 1 + u32::from(dice.chance(15)),
            }
        }
        63..72 => Op::Release { booking, reason: Reason::NONE },
        72..82 => {
            let mut terms = Terms::of_capacity(dice.below(4) as u32);
            terms.buffer_before_ms = dice.below(3);
            terms.buffer_after_ms = dice.below(2);
            let cancels = if dice.chance(20) { vec![booking] } else { vec![] };
            Op::Terms { resource, terms: terms.into(), cancels }
        }
        82..88 => Op::HandOver { to: everyone[dice.below(everyone.len() as u64) as usize] },
        _ => Op::Seen,
    };
    let kind = ActKind::Decision { tenure, prev, op };
    Act { hash, author: writer.who, at, past, counts: true, kind }
}
