//! Those who wait and what they are offered, on random histories of a resource that
//! answers by itself: asking, giving up, taking, letting it pass, each followed until all
//! devices have done what they do by themselves; counted hour by hour, by hand.
//!
//! `PALIER_WAITING=500 cargo test --release -p palier-model --all-features --test waiting`
//! runs more; a failure prints the seed.
#![cfg(feature = "sim")]

use palier_model::booking::{
    Became, Care, DomainId, DomainView, Mode, Offering, Reason, Status, Terms, Waits, waiting,
};
use palier_model::keys::{BookingId, DocId, HoodHash};
use palier_model::listing::{ListingContent, ListingKind, Listings};
use palier_model::projection::Changes;
use palier_model::replica::{ActError, Deciding, NewRequest};
use palier_model::sim::World;
use palier_model::time::{Instant, Interval};
use rand_core::Rng as _;

const CASES: u64 = 40;
const HOUR: i64 = 3_600_000;
const HOURS: u64 = 12;
const ANNA: usize = 0;
const GUESTS: [usize; 3] = [1, 2, 3];

struct Place {
    world: World,
    hood: HoodHash,
    room: DocId,
    domain: DomainId,
    day: Instant,
    capacity: u32,
    asked: Vec<(usize, BookingId)>,
}

impl Place {
    fn new(seed: u64, capacity: u32, mode: Mode, offer_ms: u64) -> Self {
        let mut world = World::new(seed);
        for name in ["Anna", "Bo", "Cy", "Di"] {
            world.add_person(name);
        }
        let hood = world.found(ANNA, "Les Érables").unwrap();
        for guest in GUESTS {
            world.join(ANNA, guest, &hood).unwrap();
        }
        let room = world
            .act(ANNA, &hood, |replica, tx, now, rng| {
                let terms = Terms { mode, offer_ms, ..Terms::of_capacity(capacity) };
                let draft = ListingContent::new(ListingKind::Room, "Salle");
                let holder = replica.as_holder();
                let deciding = Deciding { holder, deciders: Default::default(), terms };
                replica.publish(tx, now.claimed, rng, draft, Some(deciding))
            })
            .unwrap();
        let domain = world
            .read(ANNA, &hood, |_, tx, _| Ok(tx.row::<Listings>(&room)?.unwrap().content.domain))
            .unwrap()
            .unwrap();
        let day = world.now(ANNA).claimed.plus_ms(200 * 24 * HOUR);
        let day = Instant(day.0 / HOUR * HOUR);
        let mut it = Self { world, hood, room, domain, day, capacity, asked: Vec::new() };
        it.settle();
        it
    }

    fn below(&mut self, n: u64) -> u64 {
        self.world.rng.next_u64() % n
    }

    /// Everybody meets, and every device does what it does by itself.
    fn settle(&mut self) {
        for _ in 0..2 {
            for guest in GUESTS {
                self.world.connect(ANNA, guest);
                self.world.run_until_quiescent(60_000);
                self.world.disconnect(ANNA, guest);
            }
            self.world.run_for(25_000);
        }
    }

    fn hours(&self, from: u64, to: u64) -> Interval {
        let at = |hour: u64| self.day.plus_ms(hour as i64 * HOUR);
        Interval { start: at(from), end: Some(at(to)) }
    }

    fn ask(&mut self, who: usize, interval: Interval, quantity: u32, waitlist: bool) -> BookingId {
        let (hood, listing) = (self.hood, self.room);
        let new = NewRequest {
            listing,
            interval,
            quantity,
            waitlist,
            note: String::new(),
            accepts: Default::default(),
        };
        let asked = self
            .world
            .act(who, &hood, |replica, tx, now, rng| replica.request(tx, now.claimed, rng, new));
        let id = asked.unwrap();
        self.asked.push((who, id));
        id
    }

    fn cancel(&mut self, who: usize, id: BookingId) -> bool {
        let hood = self.hood;
        let done = self.world.act(who, &hood, |replica, tx, now, rng| {
            Ok(((), replica.cancel(tx, now.claimed, rng, &id, String::new())?))
        });
        done.is_ok()
    }

    fn take(&mut self, who: usize, id: BookingId) -> Result<(), ActError> {
        let hood = self.hood;
        self.world.act(who, &hood, |replica, tx, now, rng| {
            Ok(((), replica.take_offer(tx, now.claimed, rng, &id)?))
        })
    }

    fn status(&mut self, node: usize, id: &BookingId) -> Status {
        let hood = self.hood;
        let view =
            self.world.read(node, &hood, |replica, tx, now| replica.booking(tx, id, now.claimed));
        view.unwrap().status
    }

    fn list(&mut self, node: usize) -> Vec<Waits> {
        let (hood, domain) = (self.hood, self.domain);
        self.world.read(node, &hood, |_, tx, _| Ok(waiting(tx, &domain)?)).unwrap()
    }

    fn offer(&mut self, id: &BookingId) -> Option<Offering> {
        let hood = self.hood;
        let view =
            self.world.read(ANNA, &hood, |replica, tx, now| replica.booking(tx, id, now.claimed));
        view.unwrap().offer
    }

    /// Units out in each hour, by what is booked and what is offered to others than one.
    fn out(&mut self, but: Option<&BookingId>) -> Vec<u32> {
        let (hood, domain) = (self.hood, self.domain);
        let view =
            self.world.read(ANNA, &hood, |_, tx, _| Ok(DomainView::load(tx, &domain)?.unwrap()));
        let held = view.unwrap().held.into_iter().map(|it| (it.interval, it.quantity));
        let mut all: Vec<(Interval, u32)> = held.collect();
        let now = self.world.now(ANNA).claimed;
        for waits in self.list(ANNA) {
            let offer = self.offer(&waits.booking);
            if Some(&waits.booking) != but && offer.is_some_and(|it| is_standing(&it, now)) {
                all.push((waits.interval, waits.quantity));
            }
        }
        let hour = |n: u64| self.day.plus_ms(n as i64 * HOUR);
        let out = |n: u64| {
            let there = all.iter().filter(|(interval, _)| interval.contains(hour(n)));
            there.map(|(_, quantity)| quantity).sum()
        };
        (0..HOURS).map(out).collect()
    }

    /// What must hold whenever everything is at rest.
    fn check(&mut self, what: &str) -> u32 {
        let most = self.capacity;
        let out = self.out(None);
        assert!(out.iter().all(|units| *units <= most), "offered what is not there, {what}");
        let list = self.list(ANNA);
        for guest in GUESTS {
            assert_eq!(self.list(guest), list, "another list, {what}");
        }
        assert!(list.iter().all(|waits| waits.overtaken_by.is_empty()), "overtaken, {what}");
        let now = self.world.now(ANNA).claimed;
        let mut offers = 0;
        for waits in &list {
            if self.offer(&waits.booking).is_some_and(|offer| is_standing(&offer, now)) {
                offers += 1;
                continue;
            }
            // Nothing that could be had is left lying.
            let out = self.out(Some(&waits.booking));
            let fits = (0..HOURS)
                .filter(|hour| waits.interval.contains(self.day.plus_ms(*hour as i64 * HOUR)))
                .all(|hour| out[hour as usize] + waits.quantity <= most);
            assert!(!fits, "{:?} fits and was not asked, {what}", waits.booking);
        }
        offers
    }
}

/// Said here on its own, so that the product's own word is tried.
fn is_standing(offer: &Offering, now: Instant) -> bool {
    offer.is_taken || now < offer.until
}

fn cases() -> u64 {
    std::env::var("PALIER_WAITING").ok().and_then(|n| n.parse().ok()).unwrap_or(CASES)
}

#[test]
fn room_that_comes_free_is_offered_in_order_and_nobody_is_passed_over() {
    let (mut offered, mut taken, mut passed) = (0, 0, 0);
    for seed in 0..cases() {
        let capacity = 1 + (seed % 3) as u32;
        let mut place = Place::new(seed, capacity, Mode::Instant, 24 * 3_600_000);
        // A clock that claims to be years early or late buys nothing.
        place.world.nodes[GUESTS[0]].skew_ms = -3 * 365 * 24 * HOUR;
        for step in 0..14 {
            let what = format!("seed {seed}, step {step}");
            let who = GUESTS[place.below(3) as usize];
            match place.below(10) {
                0..5 => {
                    let from = place.below(HOURS - 4);
                    let to = from + 1 + place.below(4);
                    let interval = place.hours(from, to);
                    let quantity = 1 + place.below(u64::from(capacity)) as u32;
                    let waitlist = place.below(4) > 0;
                    place.ask(who, interval, quantity, waitlist);
                }
                5..7 if !place.asked.is_empty() => {
                    let which = place.below(place.asked.len() as u64) as usize;
                    let (who, id) = place.asked[which];
                    place.cancel(who, id);
                }
                7..9 => {
                    let all = place.asked.clone();
                    for (who, id) in all {
                        if place.status(who, &id) == Status::Offered && place.take(who, id).is_ok()
                        {
                            taken += 1;
                            break;
                        }
                    }
                }
                _ => {
                    place.world.advance(25 * HOUR);
                    passed += 1;
                }
            }
            place.settle();
            offered += place.check(&what);
        }
    }
    assert!(offered > 10 && taken > 2 && passed > 5, "{offered} {taken} {passed}");
}

#[test]
fn who_claims_to_have_asked_earlier_stands_where_his_request_came() {
    let mut place = Place::new(3, 1, Mode::ByRequest, 0);
    let slot = place.hours(1, 3);
    let first = place.ask(GUESTS[0], slot, 1, false);
    place.settle();
    let hood = place.hood;
    let accept = |place: &mut Place, id: &BookingId, care: Care| {
        place.world.act(ANNA, &hood, |replica, tx, now, _| {
            let changes: Changes = replica.accept(tx, now.claimed, id, care)?;
            Ok(((), changes))
        })
    };
    accept(&mut place, &first, Care::CalendarOnly).unwrap();
    place.settle();
    let second = place.ask(GUESTS[1], slot, 1, true);
    place.settle();
    place.world.nodes[GUESTS[2]].skew_ms = -10 * 365 * 24 * HOUR;
    let third = place.ask(GUESTS[2], slot, 1, true);
    place.settle();
    let list: Vec<_> = place.list(GUESTS[0]).iter().map(|waits| waits.booking).collect();
    assert_eq!(list, [second, third]);
    assert_eq!([second, third].map(|id| place.status(ANNA, &id)), [Status::Waiting; 2]);
    // Room comes free: the decider is told whose turn it is, and nothing is done by itself.
    assert!(place.cancel(GUESTS[0], first));
    place.settle();
    for id in [second, third] {
        let view =
            place.world.read(ANNA, &hood, |replica, tx, now| replica.booking(tx, &id, now.claimed));
        let view = view.unwrap();
        assert_eq!((view.status, view.has_room), (Status::Waiting, true));
    }
    // It may be offered to the second alone, or given to the third: then all can see it.
    let offer = |place: &mut Place, id: BookingId| {
        place.world.act(ANNA, &hood, |replica, tx, now, rng| {
            let day = Some(24 * 3_600_000);
            Ok(((), replica.offer(tx, now.claimed, rng, &id, day, "Libre !".into())?))
        })
    };
    offer(&mut place, second).unwrap();
    assert_eq!(offer(&mut place, second).unwrap_err().code, "waitlist.offered");
    place.settle();
    assert_eq!(place.status(GUESTS[1], &second), Status::Offered);
    let told = accept(&mut place, &third, Care::CalendarOnly).unwrap_err();
    assert_eq!(told.code, "booking.offered");
    accept(&mut place, &third, Care::Overtake).unwrap();
    place.settle();
    for node in [ANNA, GUESTS[0], GUESTS[1], GUESTS[2]] {
        let list = place.list(node);
        assert_eq!(list.len(), 1);
        assert_eq!((list[0].booking, list[0].overtaken_by.len()), (second, 1));
    }
    assert_eq!(place.status(GUESTS[2], &third), Status::Confirmed);
    // What he could not have any more costs him nothing: he waits on, and is the next.
    assert_eq!(place.status(GUESTS[1], &second), Status::Waiting);
    place.world.advance(25 * HOUR);
    place.settle();
    assert_eq!(place.status(GUESTS[1], &second), Status::Waiting);
    assert!(place.cancel(GUESTS[2], third));
    place.settle();
    offer(&mut place, second).unwrap();
    place.settle();
    assert_eq!(place.status(GUESTS[1], &second), Status::Offered);
    place.world.advance(25 * HOUR);
    place.settle();
    assert_eq!(place.status(GUESTS[1], &second), Status::Cancelled);
}

#[test]
fn an_offer_that_nobody_takes_runs_out_and_the_next_one_is_asked() {
    let mut place = Place::new(5, 1, Mode::Instant, 24 * 3_600_000);
    let slot = place.hours(1, 3);
    let first = place.ask(GUESTS[0], slot, 1, false);
    place.settle();
    let second = place.ask(GUESTS[1], slot, 1, true);
    place.settle();
    let third = place.ask(GUESTS[2], slot, 1, true);
    place.settle();
    assert!(place.cancel(GUESTS[0], first));
    place.settle();
    assert_eq!(place.status(GUESTS[1], &second), Status::Offered);
    assert_eq!(place.status(GUESTS[2], &third), Status::Waiting);
    // Somebody who comes by meanwhile does not get it.
    let late = place.ask(GUESTS[0], slot, 1, false);
    place.settle();
    assert_eq!(place.status(ANNA, &late), Status::Refused);
    // It runs out: off the list, and the next one is asked.
    place.world.advance(25 * HOUR);
    assert_eq!(place.take(GUESTS[1], second).unwrap_err().code, "waitlist.ran_out");
    place.settle();
    assert_eq!(place.status(GUESTS[1], &second), Status::Cancelled);
    assert_eq!(place.status(GUESTS[2], &third), Status::Offered);
    place.take(GUESTS[2], third).unwrap();
    place.settle();
    assert_eq!(place.status(GUESTS[2], &third), Status::Confirmed);
    assert!(place.list(GUESTS[0]).is_empty());
    // Who let it pass may wait again, at the end.
    let hood = place.hood;
    let again = place
        .world
        .act(GUESTS[1], &hood, |replica, tx, now, rng| replica.wait(tx, now.claimed, rng, &second));
    let again = again.unwrap();
    place.settle();
    assert_eq!(place.status(GUESTS[1], &again), Status::Waiting);
}

/// One who has it and one who waits for it, in a room that answers by itself.
fn one_waits(seed: u64) -> (Place, BookingId, BookingId) {
    let mut place = Place::new(seed, 1, Mode::Instant, 24 * 3_600_000);
    let slot = place.hours(3, 5);
    let first = place.ask(GUESTS[0], slot, 1, false);
    place.settle();
    let second = place.ask(GUESTS[1], slot, 1, true);
    place.settle();
    assert_eq!(place.status(GUESTS[1], &second), Status::Waiting);
    (place, first, second)
}

#[test]
fn a_word_that_comes_too_late_takes_nothing_and_says_so() {
    let (mut place, first, second) = one_waits(7);
    assert!(place.cancel(GUESTS[0], first));
    place.settle();
    // Taken in time, out of reach; the decider's device goes on without it.
    place.take(GUESTS[1], second).unwrap();
    place.world.advance(25 * HOUR);
    place.world.run_for(25_000);
    assert_eq!(place.status(ANNA, &second), Status::Cancelled);
    place.settle();
    for node in [ANNA, GUESTS[1]] {
        let hood = place.hood;
        let look = place
            .world
            .read(node, &hood, |replica, tx, now| replica.booking(tx, &second, now.claimed));
        let view = look.unwrap();
        assert!(view.status == Status::Cancelled && view.has_lost_its_offer(), "{view:?}");
    }
    let hood = place.hood;
    let again = place
        .world
        .act(GUESTS[1], &hood, |replica, tx, now, rng| replica.wait(tx, now.claimed, rng, &second));
    let again = again.unwrap();
    place.settle();
    assert_eq!(place.status(GUESTS[1], &again), Status::Confirmed, "it is free");
}

#[test]
fn a_longer_end_is_no_way_round_those_who_wait() {
    let (mut place, first, second) = one_waits(9);
    let before = place.hours(1, 3);
    let neighbour = place.ask(GUESTS[2], before, 1, false);
    place.settle();
    assert_eq!(place.status(GUESTS[2], &neighbour), Status::Confirmed);
    assert!(place.cancel(GUESTS[0], first));
    place.settle();
    assert_eq!(place.status(GUESTS[1], &second), Status::Offered);
    let (hood, longer) = (place.hood, place.hours(1, 4).end);
    let asked = place.world.act(GUESTS[2], &hood, |replica, tx, now, rng| {
        replica.ask_end(tx, now.claimed, rng, &neighbour, longer, String::new())
    });
    asked.unwrap();
    place.settle();
    let look = place
        .world
        .read(GUESTS[2], &hood, |replica, tx, now| replica.booking(tx, &neighbour, now.claimed));
    let view = look.unwrap();
    let became = view.asked_end.map(|it| it.became);
    assert_eq!((view.interval, became), (before, Some(Became::Refused(Reason::TAKEN))));
    place.take(GUESTS[1], second).unwrap();
    place.settle();
    assert_eq!(place.status(GUESTS[1], &second), Status::Confirmed);
}
