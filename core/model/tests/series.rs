//! What a plan of a series says is what becomes of its occurrences one by one: random
//! terms, others' bookings and rules, each occurrence asked for, quoted and accepted on
//! the real floors, in their order.
//!
//! `PALIER_SERIES=2000 cargo test --release -p palier-model --all-features --test series`
//! runs more; a failure prints the seed.
#![cfg(feature = "sim")]

use std::collections::BTreeSet;

use palier_model::booking::availability::{Measure, Quota, QuotaWindow};
use palier_model::booking::{Care, Terms};
use palier_model::keys::{BookingId, DocId, HoodHash};
use palier_model::listing::{ListingContent, ListingKind};
use palier_model::projection::Changes;
use palier_model::replica::{
    ActError, Deciding, Moment, NewRequest, NewSeries, SeriesAct, SeriesSkip,
};
use palier_model::sim::World;
use palier_model::time::civil::Date;
use palier_model::time::{Instant, Interval};
use rand_core::Rng as _;

const CASES: u64 = 40;
const ANNA: usize = 0;
const BO: usize = 1;
const CY: usize = 2;

struct Place {
    world: World,
    hood: HoodHash,
    room: DocId,
}

impl Place {
    fn new(seed: u64, terms: impl FnOnce(&mut World) -> Terms) -> Self {
        let mut world = World::new(seed);
        for name in ["Anna", "Bo", "Cy"] {
            world.add_person(name);
        }
        let hood = world.found(ANNA, "Les Érables").unwrap();
        for guest in [BO, CY] {
            world.join(ANNA, guest, &hood).unwrap();
        }
        let terms = terms(&mut world);
        let room = world
            .act(ANNA, &hood, |replica, tx, now, rng| {
                let draft = ListingContent::new(ListingKind::Room, "Salle");
                let holder = replica.as_holder();
                let deciding = Deciding { holder, deciders: Default::default(), terms };
                replica.publish(tx, now.claimed, rng, draft, Some(deciding))
            })
            .unwrap();
        let mut it = Self { world, hood, room };
        it.meet();
        it
    }

    fn below(&mut self, n: u64) -> u64 {
        self.world.rng.next_u64() % n
    }

    fn meet(&mut self) {
        for guest in [BO, CY, BO] {
            self.world.connect(ANNA, guest);
            assert!(self.world.run_until_quiescent(60_000));
            self.world.disconnect(ANNA, guest);
        }
    }

    fn ask(&mut self, who: usize, interval: Interval, quantity: u32) -> Option<BookingId> {
        let (hood, listing) = (self.hood, self.room);
        let note = String::new();
        let new = NewRequest {
            listing,
            interval,
            quantity,
            waitlist: false,
            note,
            accepts: Default::default(),
        };
        self.world
            .act(who, &hood, |replica, tx, now, rng| replica.request(tx, now.claimed, rng, new))
            .ok()
    }

    fn accept(&mut self, booking: &BookingId, care: Care) -> bool {
        let hood = self.hood;
        let done = self.world.act(ANNA, &hood, |replica, tx, now, _| {
            let changes: Changes = replica.accept(tx, now.claimed, booking, care)?;
            Ok(((), changes))
        });
        done.is_ok()
    }

    /// Codes of all that stands against it, as Bo is told.
    fn why_not(&mut self, interval: &Interval, quantity: u32) -> Vec<String> {
        let quoted = self.world.read(BO, &self.hood, |replica, tx, now| {
            replica.quote(tx, now.claimed, &self.room, interval, quantity)
        });
        quoted.unwrap().broken.iter().map(|it| it.code.to_owned()).collect()
    }
}

fn random_terms(world: &mut World) -> Terms {
    let mut roll = |n: u64| world.rng.next_u64() % n;
    let windows = [
        QuotaWindow::Day,
        QuotaWindow::Week,
        QuotaWindow::Month,
        QuotaWindow::Ahead,
        QuotaWindow::Rolling { days: 10 },
    ];
    let quotas = (0..roll(3)).map(|_| {
        let window = windows[roll(5) as usize];
        let most = match roll(2) {
            0 => Measure::Bookings(1 + roll(4) as u32),
            _ => Measure::Minutes(60 * (1 + roll(12) as u32)),
        };
        Quota { window, most }
    });
    Terms {
        quotas: quotas.collect(),
        buffer_after_ms: 3_600_000 * roll(2) * roll(12),
        // Half an hour beside every start, for clocks go on while people meet.
        horizon_ms: (roll(4) == 0).then_some(40 * 86_400_000 + 1_800_000),
        zone: "Europe/Paris".into(),
        ..Terms::of_capacity(1 + roll(3) as u32)
    }
}

fn cases() -> u64 {
    std::env::var("PALIER_SERIES").ok().and_then(|n| n.parse().ok()).unwrap_or(CASES)
}

/// A random series that begins within a month of what the world calls now.
fn random_series(place: &mut Place) -> NewSeries {
    let rules = [
        "FREQ=DAILY;COUNT=9",
        "FREQ=DAILY;INTERVAL=2;COUNT=8",
        "FREQ=WEEKLY;COUNT=6",
        "FREQ=WEEKLY;BYDAY=MO,TU,SA;COUNT=9",
        "FREQ=MONTHLY;COUNT=4",
        "FREQ=MONTHLY;BYDAY=1TU,-1FR;COUNT=5",
    ];
    let rule = rules[place.below(6) as usize].parse().unwrap();
    let now = place.world.now(BO).claimed;
    let start = now.0 / 60_000 * 60_000 + (1 + place.below(600) as i64) * 3_600_000;
    // Now and then longer than from one to the next: they stand in each other's way.
    let hours = if place.below(4) == 0 { 20 + place.below(30) } else { 1 + place.below(5) };
    let end = start + hours as i64 * 3_600_000;
    NewSeries {
        listing: place.room,
        start: Moment::At(Instant(start)),
        end: Moment::At(Instant(end)),
        rule,
        except: BTreeSet::new(),
        quantity: 1 + place.below(2) as u32,
        accepts: Default::default(),
    }
}

/// A place with some bookings, and a series that Bo wants. The same seed makes the same.
fn prepare(seed: u64) -> (Place, NewSeries) {
    let mut place = Place::new(seed, random_terms);
    let now = place.world.now(CY).claimed;
    for _ in 0..place.below(12) {
        let who = if place.below(3) == 0 { BO } else { CY };
        let start = now.plus_ms((1 + place.below(40 * 24) as i64) * 3_600_000);
        let end = start.plus_ms((1 + place.below(30) as i64) * 3_600_000);
        let interval = Interval { start, end: Some(end) };
        let Some(id) = place.ask(who, interval, 1) else { continue };
        place.meet();
        place.accept(&id, Care::CalendarOnly);
    }
    place.meet();
    let new = random_series(&mut place);
    (place, new)
}

fn planned(place: &mut Place, new: &NewSeries) -> Vec<(Interval, Vec<String>)> {
    let none = SeriesSkip::default();
    let plan = place
        .world
        .read(BO, &place.hood, |replica, tx, now| replica.plan_series(tx, now.claimed, new, &none));
    let items = plan.unwrap().items.into_iter();
    let codes = |it: Vec<ActError>| it.iter().map(|it| it.code.to_owned()).collect();
    items.map(|(one, broken)| (one.occurrence.interval, codes(broken))).collect()
}

#[test]
fn an_occurrence_is_free_where_it_could_be_had_after_those_before_it() {
    let (mut free, mut not) = (0_u32, 0_u32);
    for seed in 0..cases() {
        let (mut place, new) = prepare(seed);
        // One by one, each quoted after those before it were accepted.
        for (interval, told) in planned(&mut place, &new) {
            let alone = place.why_not(&interval, new.quantity);
            assert_eq!(told, alone, "seed {seed}: {interval:?} of {new:?}");
            if !alone.is_empty() {
                not += 1;
                continue;
            }
            free += 1;
            let id = place.ask(BO, interval, new.quantity).unwrap();
            place.meet();
            assert!(place.accept(&id, Care::AllTerms), "seed {seed}");
            place.meet();
        }
    }
    assert!(free > 50 && not > 50, "{free} {not}");
}

#[test]
fn all_is_written_or_nothing_and_what_is_written_can_be_accepted_in_any_order() {
    let mut refused = 0;
    for seed in 0..cases() {
        let (mut place, new) = prepare(seed);
        let plan = planned(&mut place, &new);
        let free: Vec<Interval> =
            plan.iter().filter(|(_, broken)| broken.is_empty()).map(|it| it.0).collect();
        let hood = place.hood;
        let create = |place: &mut Place, skip: &SeriesSkip| {
            place.world.act(BO, &hood, |replica, tx, now, rng| {
                replica.create_series(tx, now.claimed, rng, &new, skip, "Chorale")
            })
        };
        let entries = |place: &mut Place| {
            let figures = place.world.read(BO, &hood, |replica, tx, _| Ok(replica.figures(tx)?));
            figures.unwrap().entries
        };
        let before = entries(&mut place);
        let all = create(&mut place, &SeriesSkip::default());
        if free.len() < plan.len() {
            refused += 1;
            let error = all.unwrap_err();
            assert_eq!(error.code, "series.conflicts", "seed {seed}");
            assert_eq!(error.also.len(), plan.len() - free.len(), "seed {seed}");
            assert_eq!(entries(&mut place), before, "seed {seed}: something was written");
            let skip = SeriesSkip { conflicts: true, ..SeriesSkip::default() };
            let some = create(&mut place, &skip);
            assert_eq!(some.is_ok(), !free.is_empty(), "seed {seed}");
            if free.is_empty() {
                continue;
            }
        } else {
            all.unwrap();
        }
        place.meet();
        let mine = place.world.read(ANNA, &hood, |replica, tx, now| {
            let mut all = replica.bookings(tx, now.claimed)?;
            all.retain(|view| view.series.is_some());
            let series = all[0].series.unwrap();
            assert!(all.iter().all(|view| view.series == Some(series)), "one series, one id");
            replica.open_of_series(tx, now.claimed, &series, SeriesAct::Accept)
        });
        let mut mine = mine.unwrap();
        assert_eq!(mine.iter().map(|it| it.1).collect::<Vec<_>>(), free, "seed {seed}");
        while !mine.is_empty() {
            let next = place.below(mine.len() as u64) as usize;
            let next = mine.swap_remove(next);
            assert!(place.accept(&next.0, Care::AllTerms), "seed {seed}: {next:?}");
        }
    }
    assert!(refused > 5, "{refused}");
}

#[test]
fn days_that_are_left_out_must_be_days_of_it_and_every_series_ends() {
    let mut place = Place::new(1, |_| Terms { zone: "Europe/Paris".into(), ..Terms::default() });
    let wall = |hour: i8| Moment::Wall(Date::constant(2070, 1, 7).at(hour, 0, 0, 0));
    let mut new = NewSeries {
        listing: place.room,
        start: wall(18),
        end: wall(20),
        rule: "FREQ=WEEKLY;COUNT=4".parse().unwrap(),
        except: BTreeSet::from([Date::constant(2070, 1, 14), Date::constant(2070, 1, 15)]),
        quantity: 1,
        accepts: Default::default(),
    };
    assert_eq!(planned(&mut place, &new).len(), 3);
    let hood = place.hood;
    let code = |place: &mut Place, new: &NewSeries, skip: &[Date]| {
        let skip = SeriesSkip { dates: skip.iter().copied().collect(), conflicts: false };
        let done = place.world.act(BO, &hood, |replica, tx, now, rng| {
            replica.create_series(tx, now.claimed, rng, new, &skip, "")
        });
        done.map_err(|error| error.code)
    };
    let other = Date::constant(2070, 1, 22);
    assert_eq!(code(&mut place, &new, &[other]).err(), Some("series.not_a_day"));
    let ((_, written), day) = (code(&mut place, &new, &[Date::constant(2070, 1, 21)]).unwrap(), 21);
    assert_eq!(written.bookings.iter().flatten().count(), 2, "without the {day}st");
    for (rule, told) in [
        ("FREQ=DAILY", "series.no_end"),
        ("FREQ=DAILY;COUNT=203", "series.too_many"),
        ("FREQ=DAILY;UNTIL=20691231T000000", "series.empty"),
    ] {
        new.rule = rule.parse().unwrap();
        assert_eq!(code(&mut place, &new, &[]).err(), Some(told), "{rule}");
    }
    new.end = wall(17);
    assert_eq!(code(&mut place, &new, &[]).err(), Some("invalid.interval"));
    new.rule = "FREQ=DAILY;COUNT=200".parse().unwrap();
    new.end = wall(19);
    new.except.clear();
    // What is asked for and not accepted stands in nobody's way.
    assert_eq!(code(&mut place, &new, &[]).map(|it| it.1.bookings.len()), Ok(200));
}
