//! Groups: who writes for one, whose account it is, what a tool library of two managers
//! decides, and what is left of a manager who was put off.
#![cfg(feature = "sim")]

use std::collections::BTreeSet;

use palier_model::booking::{Care, Mode, Status, Terms};
use palier_model::journal::{Descriptor, LogStart, Owner, Right, Rights as _};
use palier_model::keys::{BookingId, DocId, EntryHash, GroupId, HoodHash, LogId, MemberId};
use palier_model::listing::{ListingContent, ListingEdit, ListingKind, Listings};
use palier_model::replica::{ActError, Deciding, Gift, NewRequest, Replica};
use palier_model::rows::Tx;
use palier_model::sim::World;
use palier_model::time::{Instant, Interval};

/// Anna who founded the neighbourhood, Bo, Cyril and Dounia, all in touch with Anna.
struct House {
    world: World,
    hood: HoodHash,
}

const ANNA: usize = 0;
const BO: usize = 1;
const CYRIL: usize = 2;
const DOUNIA: usize = 3;

impl House {
    fn begin(seed: u64) -> Self {
        let mut world = World::new(seed);
        for name in ["Anna", "Bo", "Cyril", "Dounia"] {
            world.add_person(name);
        }
        let hood = world.found(ANNA, "Les Érables").unwrap();
        for guest in [BO, CYRIL, DOUNIA] {
            world.join(ANNA, guest, &hood).unwrap();
            world.connect(guest, ANNA);
        }
        let mut house = Self { world, hood };
        house.quiet();
        house
    }

    fn quiet(&mut self) {
        assert!(self.world.run_until_quiescent(120_000));
    }

    fn member(&self, of: usize) -> MemberId {
        self.world.nodes[of].engine.me().member
    }

    /// Bo's group, with Cyril as its second manager.
    fn group(&mut self) -> GroupId {
        let hood = self.hood;
        let name = ("Outilthèque".to_owned(), "Perceuses".to_owned());
        let founded = self
            .world
            .act(BO, &hood, |replica, tx, now, _| replica.found_group(tx, now.claimed, name));
        let group = founded.unwrap();
        self.add(BO, group, CYRIL).unwrap();
        self.quiet();
        group
    }

    fn add(&mut self, by: usize, group: GroupId, whom: usize) -> Result<(), ActError> {
        let (hood, whom) = (self.hood, self.member(whom));
        self.world.act(by, &hood, |replica, tx, now, _| {
            Ok(((), replica.add_manager(tx, now.claimed, group, whom)?))
        })
    }

    fn remove(&mut self, by: usize, group: GroupId, whom: usize) -> Result<(), ActError> {
        let (hood, whom) = (self.hood, self.member(whom));
        self.world.act(by, &hood, |replica, tx, now, _| {
            Ok(((), replica.remove_manager(tx, now.claimed, group, whom)?))
        })
    }

    fn give(&mut self, by: usize, gift: Gift<'_>) -> Result<EntryHash, ActError> {
        let hood = self.hood;
        self.world.act(by, &hood, |replica, tx, now, rng| {
            replica.give_credits(tx, now.claimed, rng, gift)
        })
    }

    fn read<T>(
        &self,
        at: usize,
        read: impl FnOnce(&Replica, &Tx<'_>, Instant) -> Result<T, ActError>,
    ) -> T {
        let now = self.world.now(at).claimed;
        let it = &self.world.nodes[at];
        let rows = it.stores.memory(&self.hood).unwrap();
        let replica = it.engine.replica(&self.hood).unwrap();
        read(replica, &Tx::new(rows), now).unwrap()
    }

    fn balance(&self, at: usize, of: Owner) -> i64 {
        self.read(at, |replica, tx, _| Ok(replica.credits(tx, &of)?.balance))
    }

    fn managers(&self, at: usize, group: GroupId) -> Vec<MemberId> {
        self.read(at, |replica, _, _| Ok(replica.authority().managers(&group)))
    }

    /// A thing that a group lends, held by the device of `by`.
    fn lend(&mut self, by: usize, group: GroupId) -> DocId {
        let hood = self.hood;
        let lent = self.world.act(by, &hood, |replica, tx, now, rng| {
            let draft = ListingContent::new(ListingKind::Tool, "Perceuse");
            let terms = Terms { mode: Mode::ByRequest, ..Terms::default() };
            let me = replica.me().member;
            let all = replica.authority().managers(&group).into_iter();
            let deciders: BTreeSet<MemberId> = all.filter(|it| *it != me).collect();
            let deciding = Deciding { holder: replica.as_holder(), deciders, terms };
            let owner = Owner::Group(group);
            replica.publish_for(tx, now.claimed, rng, (owner, draft), Some(deciding))
        });
        lent.unwrap()
    }

    fn title(&mut self, by: usize, listing: DocId, title: &str) -> Result<(), ActError> {
        let hood = self.hood;
        let edit = ListingEdit { title: Some(title.to_owned()), ..ListingEdit::default() };
        self.world.act(by, &hood, |replica, tx, now, _| {
            Ok(((), replica.edit_listing(tx, now.claimed, &listing, &edit)?))
        })
    }

    fn titled(&self, at: usize, listing: DocId) -> String {
        self.read(at, |_, tx, _| {
            Ok(tx.row::<Listings>(&listing)?.map(|row| row.content.title).unwrap_or_default())
        })
    }

    fn ask(&mut self, by: usize, listing: DocId, day: i64) -> BookingId {
        let hood = self.hood;
        let start = self.world.now(by).claimed.plus_ms(day * Instant::DAY_MS);
        let interval = Interval { start, end: Some(start.plus_ms(3_600_000)) };
        let request = NewRequest {
            listing,
            interval,
            quantity: 1,
            waitlist: false,
            note: "svp".into(),
            accepts: Default::default(),
        };
        let asked = self
            .world
            .act(by, &hood, |replica, tx, now, rng| replica.request(tx, now.claimed, rng, request));
        asked.unwrap()
    }

    fn accept(&mut self, by: usize, booking: BookingId) -> Result<(), ActError> {
        let hood = self.hood;
        self.world.act(by, &hood, |replica, tx, now, _| {
            Ok(((), replica.accept(tx, now.claimed, &booking, Care::CalendarOnly)?))
        })
    }

    fn status(&self, at: usize, booking: BookingId) -> (Status, bool) {
        let view = self.read(at, |replica, tx, now| replica.booking(tx, &booking, now));
        (view.status, view.firm)
    }

    /// What everyone sees is the same, and what a rebuild leaves.
    fn agree(&mut self) {
        self.quiet();
        let digests: Vec<_> = (0..self.world.nodes.len())
            .map(|at| self.read(at, |replica, tx, _| Ok(replica.open_digest(tx)?)))
            .collect();
        assert!(digests.iter().all(|it| *it == digests[0]), "open rows differ");
        let hood = self.hood;
        for (at, before) in digests.iter().enumerate() {
            let rebuilt =
                self.world.act(at, &hood, |replica, tx, _, _| Ok(((), replica.rebuild(tx)?)));
            rebuilt.unwrap();
            let after = self.read(at, |replica, tx, _| Ok(replica.open_digest(tx)?));
            assert_eq!(after, *before, "a rebuild leaves other rows");
        }
    }
}

#[test]
fn a_group_and_its_account_are_the_same_everywhere() {
    let mut house = House::begin(40);
    let group = house.group();
    let (bo, cyril) = (house.member(BO), house.member(CYRIL));
    let of = Owner::Group(group);
    house.give(DOUNIA, Gift::of(of, 30)).unwrap();
    house.give(ANNA, Gift::of(of, 20)).unwrap();
    house.agree();
    for at in 0..4 {
        assert_eq!(house.managers(at, group), [bo, cyril]);
        assert_eq!(house.balance(at, of), 50);
        let view = house.read(at, |replica, tx, _| Ok(replica.group(tx, &group)?));
        assert_eq!(view.unwrap().name, "Outilthèque");
    }
    // A group has no line: what it spends it was given.
    let to = Owner::Member(house.member(ANNA));
    let spend = |minutes| Gift { from: Some(group), to, minutes, note: "" };
    assert_eq!(house.give(BO, spend(51)).unwrap_err().code, "credit.short");
    assert_eq!(house.give(CYRIL, spend(1)).unwrap_err().code, "credit.short");
    assert_eq!(house.give(DOUNIA, spend(1)).unwrap_err().code, "group.not_manager");
    let word = Gift { note: "merci", ..Gift::of(of, 1) };
    assert_eq!(house.give(DOUNIA, word).unwrap_err().code, "credit.note");
    house.give(BO, spend(50)).unwrap();
    house.agree();
    assert_eq!(house.balance(DOUNIA, of), 0);
}

#[test]
fn two_managers_apart_spend_no_more_than_the_group_has() {
    let mut house = House::begin(41);
    let group = house.group();
    let of = Owner::Group(group);
    house.give(ANNA, Gift::of(of, 60)).unwrap();
    house.quiet();
    let hood = house.hood;
    let cyrils = house.world.nodes[CYRIL].engine.me().keys.id();
    let dounias = house.world.nodes[DOUNIA].engine.me().keys.id();
    let allot = |house: &mut House, device, minutes| {
        house.world.act(BO, &hood, |replica, tx, now, _| {
            replica.allot_credits(tx, now.claimed, Some(group), (device, minutes))
        })
    };
    assert_eq!(allot(&mut house, dounias, 20).unwrap_err().code, "device.not_found");
    allot(&mut house, cyrils, 20).unwrap();
    house.quiet();
    for guest in [BO, CYRIL] {
        house.world.disconnect(guest, ANNA);
    }
    let to = Owner::Member(house.member(DOUNIA));
    let spend = |minutes| Gift { from: Some(group), to, minutes, note: "" };
    assert_eq!(house.give(BO, spend(41)).unwrap_err().code, "credit.short");
    assert_eq!(house.give(CYRIL, spend(21)).unwrap_err().code, "credit.short");
    house.give(BO, spend(40)).unwrap();
    house.give(CYRIL, spend(20)).unwrap();
    for guest in [BO, CYRIL] {
        house.world.connect(guest, ANNA);
    }
    house.agree();
    assert_eq!(house.balance(ANNA, of), 0);
    assert_eq!(house.balance(ANNA, to), 60);
}

#[test]
fn a_manager_is_put_off_by_himself_his_elder_or_a_coordinator_alone() {
    let mut house = House::begin(42);
    let group = house.group();
    assert_eq!(house.remove(CYRIL, group, BO).unwrap_err().code, "group.not_senior");
    assert_eq!(house.remove(DOUNIA, group, BO).unwrap_err().code, "group.not_senior");
    assert_eq!(house.add(DOUNIA, group, DOUNIA).unwrap_err().code, "group.not_manager");
    house.add(CYRIL, group, DOUNIA).unwrap();
    house.quiet();
    house.remove(BO, group, CYRIL).unwrap();
    house.quiet();
    assert_eq!(house.managers(ANNA, group), [house.member(BO), house.member(DOUNIA)]);
    // What Cyril did before he was put off stays: he made Dounia a manager.
    house.remove(DOUNIA, group, DOUNIA).unwrap();
    house.quiet();
    assert_eq!(house.remove(BO, group, BO).unwrap_err().code, "group.last_manager");
    house.add(ANNA, group, CYRIL).unwrap();
    house.quiet();
    house.remove(ANNA, group, BO).unwrap();
    house.agree();
    assert_eq!(house.managers(DOUNIA, group), [house.member(CYRIL)]);
    assert_eq!(house.title(BO, house_listing(), "x").unwrap_err().code, "listing.not_found");
}

fn house_listing() -> DocId {
    DocId([9; 32])
}

#[test]
fn what_somebody_writes_for_a_group_after_he_was_put_off_does_not_count() {
    let mut house = House::begin(43);
    let group = house.group();
    let listing = house.lend(BO, group);
    house.quiet();
    house.title(CYRIL, listing, "Perceuse de Cyril").unwrap();
    house.quiet();
    assert_eq!(house.titled(ANNA, listing), "Perceuse de Cyril");
    house.world.disconnect(CYRIL, ANNA);
    house.remove(BO, group, CYRIL).unwrap();
    house.quiet();
    // He has not heard of it, and writes on.
    house.title(CYRIL, listing, "À moi").unwrap();
    house.add(CYRIL, group, DOUNIA).unwrap();
    house.world.connect(CYRIL, ANNA);
    house.agree();
    for at in 0..4 {
        assert_eq!(house.titled(at, listing), "Perceuse de Cyril");
        assert_eq!(house.managers(at, group), [house.member(BO)]);
    }
    assert_eq!(house.title(CYRIL, listing, "Encore").unwrap_err().code, "listing.not_allowed");
    // A new appointment is a new right, and a new log.
    house.add(BO, group, CYRIL).unwrap();
    house.quiet();
    house.title(CYRIL, listing, "À nous").unwrap();
    house.agree();
    assert_eq!(house.titled(DOUNIA, listing), "À nous");
}

#[test]
fn a_removed_member_is_no_manager_and_his_minutes_pass_on() {
    let mut house = House::begin(44);
    let group = house.group();
    let of = Owner::Group(group);
    house.give(ANNA, Gift::of(of, 60)).unwrap();
    house.quiet();
    let (hood, bo) = (house.hood, house.member(BO));
    let removed = house
        .world
        .act(ANNA, &hood, |replica, tx, now, _| Ok(((), replica.remove(tx, now.claimed, bo)?)));
    removed.unwrap();
    house.quiet();
    assert_eq!(house.managers(DOUNIA, group), [house.member(CYRIL)]);
    let to = Owner::Member(house.member(DOUNIA));
    house.give(CYRIL, Gift { from: Some(group), to, minutes: 60, note: "" }).unwrap();
    house.quiet();
    assert_eq!(house.balance(DOUNIA, of), 0);
    assert_eq!(house.balance(DOUNIA, to), 60);
}

#[test]
fn who_steps_down_leaves_the_groups_minutes_with_who_stays() {
    let mut house = House::begin(45);
    let group = house.group();
    let of = Owner::Group(group);
    house.give(ANNA, Gift::of(of, 45)).unwrap();
    house.quiet();
    house.remove(BO, group, BO).unwrap();
    house.quiet();
    let to = Owner::Member(house.member(ANNA));
    house.give(CYRIL, Gift { from: Some(group), to, minutes: 45, note: "" }).unwrap();
    house.agree();
    assert_eq!(house.balance(ANNA, of), 0);
}

#[test]
fn a_tool_library_is_decided_by_either_manager() {
    let mut house = House::begin(46);
    let group = house.group();
    let listing = house.lend(BO, group);
    house.quiet();
    let first = house.ask(DOUNIA, listing, 1);
    house.quiet();
    for manager in [BO, CYRIL] {
        assert_eq!(house.status(manager, first).0, Status::Requested);
    }
    // Cyril stands in while Bo is away, and Bo's device makes it firm.
    house.world.disconnect(BO, ANNA);
    house.accept(CYRIL, first).unwrap();
    house.quiet();
    assert_eq!(house.status(DOUNIA, first), (Status::Confirmed, false));
    house.world.connect(BO, ANNA);
    house.agree();
    assert_eq!(house.status(DOUNIA, first), (Status::Confirmed, true));
    // A manager borrows as everyone does; a third who manages later decides as well.
    house.add(CYRIL, group, ANNA).unwrap();
    house.quiet();
    let second = house.ask(CYRIL, listing, 2);
    house.quiet();
    house.accept(ANNA, second).unwrap();
    house.agree();
    assert_eq!(house.status(CYRIL, second), (Status::Confirmed, true));
}

#[test]
fn an_acceptance_after_the_end_of_a_manager_holds_no_place() {
    let mut house = House::begin(47);
    let group = house.group();
    let listing = house.lend(BO, group);
    house.quiet();
    let (first, second) = (house.ask(DOUNIA, listing, 1), house.ask(DOUNIA, listing, 2));
    house.quiet();
    house.accept(CYRIL, first).unwrap();
    house.quiet();
    house.world.disconnect(CYRIL, ANNA);
    house.remove(BO, group, CYRIL).unwrap();
    house.quiet();
    house.accept(CYRIL, second).unwrap();
    house.world.connect(CYRIL, ANNA);
    house.agree();
    assert_eq!(house.status(DOUNIA, first), (Status::Confirmed, true), "before he was put off");
    assert_ne!(house.status(DOUNIA, second).0, Status::Confirmed);
    house.accept(BO, second).unwrap();
    house.agree();
    assert_eq!(house.status(DOUNIA, second), (Status::Confirmed, true));
}

#[test]
fn nobody_but_a_manager_opens_a_log_of_a_group() {
    let mut house = House::begin(48);
    let group = house.group();
    let founding = EntryHash(group.0);
    let device = |house: &House, of: usize| house.world.nodes[of].engine.me().keys.id();
    let start = |device, act| LogStart {
        descriptor: Descriptor::ledger(house.hood, Owner::Group(group)),
        device,
        incarnation: 0,
        act,
        continues: None,
        certificate: None,
    };
    let authority = house.world.nodes[ANNA].engine.replica(&house.hood).unwrap().authority();
    let may = |start: LogStart| authority.may_open(&LogId([1; 32]), &start);
    assert_eq!(may(start(device(&house, BO), founding)), Right::Granted);
    // Neither by another's appointment, nor by a certificate alone.
    for of in [ANNA, CYRIL, DOUNIA] {
        assert_eq!(may(start(device(&house, of), founding)), Right::UnknownAuthor);
        let own = house.world.nodes[of].engine.replica(&house.hood).unwrap().own().act;
        assert!(matches!(may(start(device(&house, of), own)), Right::Refused(_)));
    }
}
