//! A holder and three who stand in for it, cut off from each other in any way, watched at
//! every step.

use std::collections::{BTreeMap, BTreeSet};

use palier_model::booking::{
    self, DomainId, DomainRecord, Effect, OpenState, Reason, Terms, Wanted, booking_id,
};
use palier_model::keys::{BookingId, DocId, MemberId};
use palier_model::time::{Instant, Interval};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};

use crate::world::{DAY, Device, Everyone, HOUR, NOW};

/// Partitions that are played; `PALIER_PARTITIONS` says how many.
const PARTITIONS: u64 = 500;
const STEPS: usize = 40;
const WANTED: usize = 12;
/// The holder, the owner and two others.
const DEVICES: usize = 4;
/// Who claims another time, where somebody does.
const LIAR: usize = 2;
const TEN_YEARS_MS: i64 = 3_653 * DAY;

struct Street {
    facts: Everyone,
    devices: Vec<Device>,
    group: [u32; DEVICES],
    domain: DomainId,
    capacity: u32,
    wanted: Vec<Wanted>,
    firm: Vec<BTreeSet<BookingId>>,
    rng: ChaCha20Rng,
    claimed: Instant,
    trace: Vec<String>,
}

impl Street {
    fn new(seed: u64, claimed: Instant) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let number = |n: usize| u8::try_from(n + 1).unwrap();
        let mut devices: Vec<Device> =
            (0..DEVICES).map(|n| Device::new(MemberId([number(n); 32]), number(n))).collect();
        let facts = Everyone(devices.iter().map(|it| (it.me.member, vec![it.me.device])).collect());
        let capacity = 1 + rng.next_u32() % 3;
        let listing = DocId([5; 32]);
        let mut deciders: Vec<MemberId> =
            [0, 2, 3].iter().map(|n: &usize| devices[*n].me.member).collect();
        deciders.sort_unstable();
        let terms = Terms::of_capacity(capacity);
        let record = DomainRecord::single(NOW, listing, terms, devices[0].me, deciders);
        let domain = devices[1].write(&facts, &record).hash;
        let wanted = (0..WANTED).map(|n| {
            let start = Instant(NOW.0 + DAY + i64::from(rng.next_u32() % 10) * HOUR);
            let hours = 1 + i64::from(rng.next_u32() % 4);
            let who = u8::try_from(100 + n).unwrap();
            Wanted {
                booking: booking_id(&MemberId([who; 32]), &[who; 32]),
                resource: listing,
                interval: Interval { start, end: Some(start.plus_ms(hours * HOUR)) },
                quantity: 1 + rng.next_u32() % capacity,
                footing: palier_model::booking::Footing::NEAREST,
            }
        });
        let wanted = wanted.collect();
        let firm = vec![BTreeSet::new(); DEVICES];
        let group = [0; DEVICES];
        let trace = Vec::new();
        let mut street =
            Self { facts, devices, group, domain, capacity, wanted, firm, rng, claimed, trace };
        street.all_meet();
        street
    }

    fn draw(&mut self, of: usize) -> usize {
        self.rng.next_u32() as usize % of
    }

    fn hear(&mut self, who: usize, from: usize) {
        if who < from {
            let (left, right) = self.devices.split_at_mut(from);
            left[who].hear(&self.facts, &right[0]);
        } else if from < who {
            let (left, right) = self.devices.split_at_mut(who);
            right[0].hear(&self.facts, &left[from]);
        }
    }

    fn all_meet(&mut self) {
        for _ in 0..2 {
            for who in 0..DEVICES {
                for from in 0..DEVICES {
                    self.hear(who, from);
                }
            }
        }
    }

    fn step(&mut self) {
        let who = self.draw(DEVICES);
        let line = match self.draw(10) {
            0 => {
                self.group = std::array::from_fn(|_| self.rng.next_u32() % 2);
                format!("apart: {:?}", self.group)
            }
            1..4 => {
                let from = self.draw(DEVICES);
                if self.group[who] == self.group[from] {
                    self.hear(who, from);
                }
                format!("{who} hears {from}")
            }
            4 => {
                self.devices[0].firm_up(&self.facts, &self.domain);
                "the holder sees".to_owned()
            }
            5 => self.release(who),
            _ => {
                let wanted = &self.wanted[self.rng.next_u32() as usize % WANTED];
                let at = if who == LIAR { self.claimed } else { NOW };
                let device = &mut self.devices[who];
                let done = device.accept_at(&self.facts, &self.domain, wanted, at);
                format!("{who} accepts {:?}: {}", wanted.booking, done.is_ok())
            }
        };
        self.trace.push(line);
    }

    fn release(&mut self, who: usize) -> String {
        let held = self.devices[who].domain(&self.domain).held;
        let Some(held) = held.get(self.draw(held.len().max(1))) else { return String::new() };
        let device = &mut self.devices[who];
        let (view, state) =
            (device.domain(&self.domain), device.state(&self.domain, &held.booking));
        let me = device.me;
        let why = Reason::CANCELLED_BY_OWNER;
        let release = booking::release(&view, &me, held.booking, state.as_ref(), why, NOW);
        if let Ok(decision) = &release {
            device.write(&self.facts, decision);
        }
        format!("{who} releases {:?}: {}", held.booking, release.is_ok())
    }

    /// What must hold of every device's view, whatever befell.
    fn watch(&mut self) {
        let holder = self.devices[0].me.device;
        for (n, device) in self.devices.iter().enumerate() {
            let view = device.domain(&self.domain);
            for at in view.held.iter().map(|held| held.interval.start) {
                let there = |it: &&booking::Held| {
                    it.interval.start <= at && it.interval.end.is_none_or(|end| at < end)
                };
                let units: u32 = view.held.iter().filter(there).map(|it| it.quantity).sum();
                assert!(units <= self.capacity, "{n} shows {units} at {at:?}: {:#?}", self.trace);
            }
            if view.held.iter().any(|held| !held.firm) {
                let named = view.row.waiting_for.contains(&holder);
                assert!(named, "{n} does not say whom it waits for: {:#?}", self.trace);
            }
            let firm: BTreeSet<BookingId> =
                view.held.iter().filter(|it| it.firm).map(|it| it.booking).collect();
            for fallen in self.firm[n].difference(&firm) {
                let state = device.state(&self.domain, fallen).unwrap();
                let named = matches!(state.state, OpenState::Released(_))
                    && state.history.iter().any(|it| matches!(it.effect, Effect::Released(_)));
                assert!(named, "{n}: {fallen:?} fell without a named act: {:#?}", self.trace);
            }
            self.firm[n] = firm;
        }
    }
}

/// What each decider's acceptances came to, at the end, in the eyes of all.
fn play(seed: u64, claimed: Instant) -> BTreeMap<BookingId, bool> {
    let mut street = Street::new(seed, claimed);
    for _ in 0..STEPS {
        street.step();
        street.watch();
    }
    street.all_meet();
    street.watch();
    street.devices[0].firm_up(&street.facts, &street.domain);
    street.all_meet();
    street.watch();
    let rows = street.devices[0].open_rows();
    assert!(street.devices.iter().all(|device| device.open_rows() == rows), "seed {seed}");
    let view = street.devices[0].domain(&street.domain);
    assert!(view.held.iter().all(|held| held.firm), "seed {seed}");
    let state = |it: &Wanted| street.devices[0].state(&street.domain, &it.booking);
    let won = |it: &Wanted| Some((it.booking, matches!(state(it)?.state, OpenState::Held(_))));
    street.wanted.iter().filter_map(won).collect()
}

#[test]
fn however_the_deciders_are_cut_off_no_view_shows_more_than_there_is() {
    let many = std::env::var("PALIER_PARTITIONS").ok().and_then(|it| it.parse().ok());
    let (mut won, mut lost) = (0, 0);
    for seed in 0..many.unwrap_or(PARTITIONS) {
        let honest = play(seed, NOW);
        won += honest.values().filter(|won| **won).count();
        lost += honest.values().filter(|won| !**won).count();
        // Who claims to have decided ten years ago wins not one contest more.
        assert_eq!(play(seed, Instant(NOW.0 - TEN_YEARS_MS)), honest, "seed {seed}");
    }
    assert!(won > 0 && lost > 0, "somebody won and somebody lost: {won}, {lost}");
}
