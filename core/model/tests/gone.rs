//! What becomes of bookings when one of their sides is in the neighbourhood no more.
#![cfg(feature = "sim")]

use palier_model::booking::lifecycle::Stage;
use palier_model::booking::{BookingView, Care, Mode, Reason, Status, StepKind, Terms};
use palier_model::keys::{BookingId, DocId, HoodHash};
use palier_model::listing::{ListingContent, ListingKind};
use palier_model::replica::{Deciding, NewRequest, NewStep};
use palier_model::sim::World;
use palier_model::time::Interval;

struct Street {
    world: World,
    hood: HoodHash,
    anna: usize,
    bo: usize,
    cleo: usize,
}

impl Street {
    fn new(seed: u64) -> Self {
        let mut world = World::new(seed);
        let [anna, bo, cleo] = ["Anna", "Bo", "Cleo"].map(|name| world.add_person(name));
        let hood = world.found(anna, "Les Érables").unwrap();
        for guest in [bo, cleo] {
            world.join(anna, guest, &hood).unwrap();
            world.connect(guest, anna);
        }
        world.connect(cleo, bo);
        let mut street = Self { world, hood, anna, bo, cleo };
        street.rest();
        street
    }

    fn rest(&mut self) {
        assert!(self.world.run_until_quiescent(120_000));
    }

    fn two_days_pass(&mut self) {
        self.world.advance(48 * 3_600_000);
    }

    /// Links end with the hours, and are made anew.
    fn two_hours_pass(&mut self) {
        self.world.advance(2 * 3_600_000);
        for guest in [self.bo, self.cleo] {
            self.world.connect(guest, self.anna);
        }
        self.rest();
    }

    fn publish(&mut self, by: usize, mode: Mode) -> DocId {
        let place = self.world.act(by, &self.hood, |replica, tx, now, rng| {
            let draft = ListingContent::new(ListingKind::Parking, "Place 12");
            let terms = Terms { mode, ..Terms::default() };
            let holder = replica.as_holder();
            let deciding = Deciding { holder, deciders: Default::default(), terms };
            replica.publish(tx, now.claimed, rng, draft, Some(deciding))
        });
        self.rest();
        place.unwrap()
    }

    /// Asks for some hours from now on, so many hours.
    fn ask(&mut self, by: usize, listing: DocId, from: i64, hours: i64) -> BookingId {
        let asked = self.world.act(by, &self.hood, |replica, tx, now, rng| {
            let start = now.claimed.plus_ms(from * 3_600_000);
            let new = NewRequest {
                listing,
                interval: Interval { start, end: Some(start.plus_ms(hours * 3_600_000)) },
                quantity: 1,
                waitlist: false,
                note: String::new(),
                accepts: Default::default(),
            };
            replica.request(tx, now.claimed, rng, new)
        });
        self.rest();
        asked.unwrap()
    }

    fn remove(&mut self, whom: usize) {
        let who = self.world.nodes[whom].engine.me().member;
        let removed = self.world.act(self.anna, &self.hood, |replica, tx, now, _| {
            Ok(((), replica.remove(tx, now.claimed, who)?))
        });
        removed.unwrap();
        self.world.run_until_quiescent(120_000);
    }

    fn seen(&mut self, by: usize, booking: &BookingId) -> BookingView {
        let hood = self.hood;
        let seen = self
            .world
            .read(by, &hood, |replica, tx, now| replica.booking(tx, booking, now.claimed));
        seen.unwrap()
    }
}

#[test]
fn what_somebody_who_is_gone_had_booked_is_free_again_and_what_he_has_is_not() {
    let mut street = Street::new(61);
    let (anna, bo, cleo) = (street.anna, street.bo, street.cleo);
    let place = street.publish(anna, Mode::Instant);
    let has = street.ask(bo, place, 1, 10);
    let booked = street.ask(bo, place, 48, 5);
    let early = street.ask(bo, place, 20, 5);
    assert_eq!(street.seen(bo, &booked).status, Status::Confirmed);
    street.two_hours_pass();
    for booking in [has, early] {
        let handed = street.world.act(anna, &street.hood.clone(), |replica, tx, now, rng| {
            let (kind, text) = (StepKind::HAND_OVER, String::new());
            let new = NewStep { booking, kind, text, proof: None };
            Ok(((), replica.step(tx, now.claimed, rng, new)?))
        });
        handed.unwrap();
    }
    street.remove(bo);
    let fell = street.seen(anna, &booked);
    assert_eq!((fell.status, fell.reason), (Status::Cancelled, Some(Reason::REQUESTER_GONE)));
    // Also what he was given before its time.
    for booking in [has, early] {
        let kept = street.seen(anna, &booking);
        assert_eq!(kept.status, Status::Confirmed);
        assert_eq!(kept.life.map(|life| life.stage), Some(Stage::HandedOver));
    }
    // Somebody else can have it.
    let next = street.ask(cleo, place, 46, 5);
    assert_eq!(street.seen(cleo, &next).status, Status::Confirmed);
}

#[test]
fn what_was_booked_of_somebody_who_is_gone_is_told_to_be_cancelled_with_what_else_is_free() {
    let mut street = Street::new(62);
    let (anna, bo, cleo) = (street.anna, street.bo, street.cleo);
    let (his, hers) = (street.publish(bo, Mode::ByRequest), street.publish(anna, Mode::ByRequest));
    let [soon, later, asked] =
        [(1, 10), (48, 5), (72, 5)].map(|(from, hours)| street.ask(cleo, his, from, hours));
    for booking in [soon, later] {
        let accepted = street.world.act(bo, &street.hood.clone(), |replica, tx, now, _| {
            Ok(((), replica.accept(tx, now.claimed, &booking, Care::AllTerms)?))
        });
        accepted.unwrap();
        street.rest();
        assert_eq!(street.seen(cleo, &booking).status, Status::Confirmed);
    }
    street.two_hours_pass();
    street.remove(bo);
    for booking in [later, asked] {
        let seen = street.seen(cleo, &booking);
        let told = (seen.status, seen.reason, seen.firm, seen.life.is_some());
        assert_eq!(told, (Status::Cancelled, Some(Reason::OWNER_GONE), false, false));
        assert!(seen.alternatives.iter().all(|it| it.listing == hers), "{:?}", seen.alternatives);
        assert!(!seen.alternatives.is_empty());
    }
    // That does not change when its time comes.
    street.two_days_pass();
    assert_eq!(street.seen(cleo, &later).status, Status::Cancelled);
    // What had begun goes on: it is still to be brought back.
    let begun = street.seen(cleo, &soon);
    assert_eq!((begun.status, begun.life.is_some()), (Status::Confirmed, true));
}
