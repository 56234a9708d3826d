//! Seeded whole neighbourhoods: people offer, ask, decide, fall out of touch, restart, put
//! old copies back; then all meet, and everything honest is the same everywhere.
//!
//! `PALIER_SIM_SEEDS` says how many seeds (300 if not), `PALIER_SIM_FROM` the first. A
//! failure names the seed that replays it.
#![cfg(feature = "sim")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};

use palier_model::booking::{CalendarSlots, Calendars, Care, Mode, Status, Terms};
use palier_model::journal::Entries;
use palier_model::keys::{BookingId, DocId, HoodHash};
use palier_model::listing::{ListingContent, ListingEdit, ListingKind, ListingState};
use palier_model::projection::Changes;
use palier_model::replica::{ActError, Deciding, NewRequest, replay};
use palier_model::rows::{MemoryRows, Rows, Table, TableKind, Tx};
use palier_model::sim::{SimStores, World};
use palier_model::sync::StoreId;
use palier_model::time::{Instant, Interval};
use rand_core::Rng;

const PEOPLE: usize = 4;
/// Who holds the place; its owner stands in.
const HUB: usize = 0;
const OWNER: usize = 1;
const CAPACITY: u32 = 2;

struct Run {
    world: World,
    hood: HoodHash,
    place: DocId,
    listings: Vec<(usize, DocId)>,
    bookings: Vec<(usize, BookingId)>,
    copies: BTreeMap<usize, SimStores>,
    base: Instant,
}

impl Run {
    fn begin(seed: u64) -> Self {
        let mut world = World::new(seed);
        for name in ["Hub", "Owner", "Awa", "Karim"] {
            world.add_person(name);
        }
        let hood = world.found(HUB, "Ici").unwrap();
        for guest in 1..PEOPLE {
            world.join(HUB, guest, &hood).unwrap();
        }
        for guest in 1..PEOPLE {
            world.connect(guest, HUB);
        }
        assert!(world.run_until_quiescent(120_000));
        let holder = world.read(HUB, &hood, |replica, _, _| Ok(replica.as_holder())).unwrap();
        let place = world
            .act(OWNER, &hood, |replica, tx, now, rng| {
                let draft = ListingContent::new(ListingKind::Parking, "Place 14");
                let terms = Terms { capacity: CAPACITY, mode: Mode::ByRequest, ..Terms::default() };
                let deciding = Deciding { holder, deciders: [holder.member].into(), terms };
                replica.publish(tx, now.claimed, rng, draft, Some(deciding))
            })
            .unwrap();
        assert!(world.run_until_quiescent(120_000));
        let base = world.now(HUB).claimed.plus_ms(10 * Instant::DAY_MS);
        Self {
            world,
            hood,
            place,
            listings: Vec::new(),
            bookings: Vec::new(),
            copies: BTreeMap::new(),
            base,
        }
    }

    fn draw(&mut self, below: u32) -> usize {
        (self.world.rng.next_u32() % below) as usize
    }

    /// One thing happens. What is not allowed is refused, and changes nothing.
    fn step(&mut self) {
        let who = self.draw(PEOPLE as u32);
        let other = (who + 1 + self.draw(PEOPLE as u32 - 1)) % PEOPLE;
        let hood = self.hood;
        match self.draw(22) {
            0..=2 => {
                let title = format!("Offer {}", self.world.rng.next_u32());
                let done = self.world.act(who, &hood, |replica, tx, now, rng| {
                    let draft = ListingContent::new(ListingKind::Offer, title);
                    replica.publish(tx, now.claimed, rng, draft, None)
                });
                self.listings.extend(done.ok().map(|id| (who, id)));
            }
            3 | 4 if !self.listings.is_empty() => {
                let at = self.draw(self.listings.len() as u32);
                let (owner, id) = self.listings[at];
                let withdrawn = self.draw(3) == 0;
                let text = format!("Text {}", self.world.rng.next_u32());
                let edit = ListingEdit {
                    text: Some(text),
                    state: withdrawn.then_some(ListingState::Withdrawn),
                    ..Default::default()
                };
                let _ = self.world.act(owner, &hood, |replica, tx, now, _| {
                    Ok(((), replica.edit_listing(tx, now.claimed, &id, &edit)?))
                });
            }
            5..=7 => self.request(2 + who % 2),
            8..=11 => self.decide(),
            12 => {
                let Some((by, id)) = self.some_booking() else { return };
                let _ = self.world.act(by, &hood, |replica, tx, now, rng| {
                    Ok(((), replica.cancel(tx, now.claimed, rng, &id, String::new())?))
                });
            }
            13 | 14 => self.world.disconnect(who, other),
            15 | 16 => {
                self.world.connect(who, other);
            }
            17 => self.world.restart(who),
            18 => {
                let copy = self.world.nodes[who].stores.clone();
                self.copies.insert(who, copy);
            }
            19 => {
                if let Some(copy) = self.copies.remove(&who) {
                    self.world.restore(who, copy);
                }
            }
            20 => {
                let skew = i64::from(self.world.rng.next_u32() % 200_000) - 100_000;
                self.world.nodes[who].skew_ms = skew;
            }
            _ => {
                let full = self.world.nodes[who].stores.full;
                self.world.nodes[who].stores.full = !full && self.draw(4) == 0;
            }
        }
        let ms = i64::from(self.world.rng.next_u32() % 4_000);
        self.world.run_until_quiescent(ms);
    }

    fn some_booking(&mut self) -> Option<(usize, BookingId)> {
        let count = self.bookings.len() as u32;
        (count > 0).then(|| self.draw(count)).map(|at| self.bookings[at])
    }

    fn request(&mut self, who: usize) {
        let start = self.base.plus_ms(3_600_000 * self.draw(6) as i64);
        let length = 3_600_000 * (1 + self.draw(3) as i64);
        let interval = Interval { start, end: Some(start.plus_ms(length)) };
        let (place, hood) = (self.place, self.hood);
        let quantity = 1 + self.draw(2) as u32;
        let waitlist = self.draw(2) == 0;
        let done = self.world.act(who, &hood, |replica, tx, now, rng| {
            let note = String::new();
            let new = NewRequest { listing: place, interval, quantity, waitlist, note };
            replica.request(tx, now.claimed, rng, new)
        });
        self.bookings.extend(done.ok().map(|id| (who, id)));
    }

    fn decide(&mut self) {
        let Some((_, id)) = self.some_booking() else { return };
        let decider = self.draw(2);
        let hood = self.hood;
        let refuse = self.draw(6) == 0;
        let _ = self.world.act(decider, &hood, |replica, tx, now, rng| {
            let reason = palier_model::booking::Reason::NONE;
            let changes: Result<Changes, ActError> = if refuse {
                replica.refuse(tx, now.claimed, rng, &id, reason, String::new())
            } else {
                replica.accept(tx, now.claimed, &id, Care::CalendarOnly)
            };
            Ok(((), changes?))
        });
    }

    /// At no moment does any view confirm more than there is.
    fn check_capacity(&self, seed: u64) {
        for (number, node) in self.world.nodes.iter().enumerate() {
            let Some(rows) = node.stores.memory(&self.hood) else { continue };
            let tx = Tx::new(rows);
            for (key, _) in tx.rows_with_prefix::<Calendars>(&[], 100).unwrap() {
                let held = tx.rows_with_prefix::<CalendarSlots>(&key, 10_000).unwrap();
                let at: BTreeSet<i64> = held.iter().map(|(_, it)| it.interval.start.0).collect();
                for moment in at {
                    let there = held.iter().filter(|(_, it)| it.interval.contains(Instant(moment)));
                    let units: u32 = there.map(|(_, it)| it.quantity).sum();
                    assert!(units <= CAPACITY, "seed {seed}: node {number} confirms {units}");
                }
            }
        }
    }

    fn end(mut self, seed: u64) {
        for node in 0..PEOPLE {
            self.world.nodes[node].stores.full = false;
            self.world.nodes[node].skew_ms = 0;
            self.world.restart(node);
        }
        for _ in 0..2 {
            for node in 0..PEOPLE {
                for other in 0..node {
                    self.world.disconnect(node, other);
                    self.world.connect(node, other);
                }
            }
            assert!(self.world.run_until_quiescent(900_000), "seed {seed} does not come to rest");
        }
        self.check_capacity(seed);
        let hood = self.hood;
        let digests: BTreeSet<[u8; 32]> = (0..PEOPLE)
            .map(|node| {
                let digest = |replica: &mut palier_model::replica::Replica,
                              tx: &Tx<'_>,
                              _: palier_model::engine::Now| {
                    Ok(replica.open_digest(tx)?)
                };
                self.world.read(node, &hood, digest).unwrap()
            })
            .collect();
        if digests.len() != 1 {
            self.tell_difference(seed);
        }
        for (by, id) in self.bookings.clone() {
            let view = |world: &mut World, node: usize| {
                let seen = world
                    .read(node, &hood, |replica, tx, now| replica.booking(tx, &id, now.claimed));
                seen.ok().map(|it| (it.status, it.firm, it.waitlist))
            };
            let views: Vec<_> = [by, HUB, OWNER].map(|node| view(&mut self.world, node)).into();
            // A request that an old copy forgot before anybody had it is gone for all.
            let known: Vec<_> = views.iter().flatten().collect();
            assert!(known.is_empty() || known.len() == 3, "seed {seed}: {id} {views:?}");
            assert!(known.windows(2).all(|pair| pair[0] == pair[1]), "seed {seed}: {id} {views:?}");
            assert!(known.iter().all(|view| view.0 != Status::Confirmed || view.2.is_none()));
        }
        self.check_rebuild(seed);
    }

    fn tell_difference(&mut self, seed: u64) {
        let rows = |node: usize| self.world.nodes[node].stores.memory(&self.hood).unwrap();
        for table in Table::ALL {
            let read = |node: usize| -> BTreeSet<(Vec<u8>, Vec<u8>)> {
                rows(node).table(*table).map(|(key, row)| (key.clone(), row.clone())).collect()
            };
            let open = table.kind() == TableKind::Open || *table == Table::EntryPlaces;
            let keys =
                |node: usize| read(node).into_iter().map(|(key, _)| key).collect::<BTreeSet<_>>();
            for node in 1..PEOPLE {
                if open && *table != Table::EntryPlaces && read(0) != read(node) {
                    eprintln!("seed {seed}: {} differs between 0 and {node}", table.name());
                }
                if *table == Table::EntryPlaces && keys(0) != keys(node) {
                    let (a, b) = (keys(0), keys(node));
                    eprintln!(
                        "seed {seed}: entries: {} only in 0, {} only in {node}",
                        a.difference(&b).count(),
                        b.difference(&a).count()
                    );
                }
            }
        }
        panic!("seed {seed}: open rows differ");
    }

    /// What is built anew from the entries is what grew act by act.
    fn check_rebuild(&self, seed: u64) {
        let node = &self.world.nodes[OWNER];
        let rows = node.stores.memory(&self.hood).unwrap();
        let replayed = replay(rows, node.engine.me(), StoreId([9; 16])).unwrap().unwrap();
        let entries = rows.table(<Entries as palier_model::rows::Typed>::TABLE).count() as u64;
        assert_eq!(replayed.taken, entries, "seed {seed}: entries are lost by a rebuild");
        let mut anew: MemoryRows = rows.clone();
        anew.commit(replayed.writes);
        for table in Table::ALL.iter().filter(|table| table.kind() == TableKind::Open) {
            let all = |rows: &MemoryRows| rows.scan(*table, &[], &[], false, usize::MAX).unwrap();
            assert_eq!(all(rows), all(&anew), "seed {seed}: {} built anew differs", table.name());
        }
    }
}

fn simulate(seed: u64) {
    let mut run = Run::begin(seed);
    for _ in 0..30 {
        run.step();
        run.check_capacity(seed);
    }
    run.end(seed);
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|it| it.parse().ok()).unwrap_or(default)
}

#[test]
fn honest_nodes_agree_after_whatever_happened() {
    let (seeds, from) = (number("PALIER_SIM_SEEDS", 300), number("PALIER_SIM_FROM", 0));
    let next = AtomicU64::new(from);
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= from + seeds {
                        return;
                    }
                    simulate(seed);
                }
            });
        }
    });
}
