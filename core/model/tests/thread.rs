//! One act travels through all floors: found, invite, join, publish, ask, decide.
#![cfg(feature = "sim")]

use palier_model::booking::{Care, Mode, Status, Terms};
use palier_model::engine::LinkProgress;
use palier_model::listing::{ListingContent, ListingKind, Listings};
use palier_model::projection::Changes;
use palier_model::replica::{Deciding, NewRequest, Standing};
use palier_model::sim::World;
use palier_model::time::{Instant, Interval};

#[test]
fn what_one_publishes_the_other_reads_books_and_gets() {
    let mut world = World::new(1);
    let anna = world.add_person("Anna");
    let bo = world.add_person("Bo");
    let hood = world.found(anna, "Les Érables").unwrap();
    world.join(anna, bo, &hood).unwrap();
    let standing = world.read(bo, &hood, |replica, _, _| Ok(replica.hood().standing)).unwrap();
    assert_eq!(standing, Standing::Member);

    let id = world
        .act(anna, &hood, |replica, tx, now, rng| {
            let draft = ListingContent::new(ListingKind::Parking, "Place 12");
            let terms = Terms { mode: Mode::ByRequest, ..Terms::default() };
            let deciding =
                Deciding { holder: replica.as_holder(), deciders: Default::default(), terms };
            replica.publish(tx, now.claimed, rng, draft, Some(deciding))
        })
        .unwrap();
    world.connect(bo, anna);
    assert!(world.run_until_quiescent(60_000));
    let title = world
        .read(bo, &hood, |_, tx, _| Ok(tx.row::<Listings>(&id)?.map(|row| row.content.title)))
        .unwrap();
    assert_eq!(title.as_deref(), Some("Place 12"));

    let start = world.now(bo).claimed.plus_ms(Instant::DAY_MS);
    let interval = Interval { start, end: Some(start.plus_ms(3_600_000)) };
    let request = NewRequest {
        listing: id,
        interval,
        quantity: 1,
        waitlist: false,
        note: "merci".into(),
        accepts: Default::default(),
    };
    let booking = world
        .act(bo, &hood, |replica, tx, now, rng| replica.request(tx, now.claimed, rng, request))
        .unwrap();
    assert!(world.run_until_quiescent(120_000));
    let seen = world
        .read(anna, &hood, |replica, tx, now| replica.booking(tx, &booking, now.claimed))
        .unwrap();
    assert_eq!((seen.status, seen.note.as_str()), (Status::Requested, "merci"));
    world
        .act(anna, &hood, |replica, tx, now, _| {
            let changes: Changes = replica.accept(tx, now.claimed, &booking, Care::CalendarOnly)?;
            Ok(((), changes))
        })
        .unwrap();
    assert!(world.run_until_quiescent(120_000));
    let view = world
        .read(bo, &hood, |replica, tx, now| replica.booking(tx, &booking, now.claimed))
        .unwrap();
    assert_eq!((view.status, view.firm), (Status::Confirmed, true), "{view:?}");
}

#[test]
fn a_second_device_is_linked_and_edits_as_the_same_person() {
    let mut world = World::new(2);
    let anna = world.add_person("Anna");
    let hood = world.found(anna, "Les Érables").unwrap();
    let phone = world.add_person("nobody yet");
    let secret = {
        let rng = &mut world.rng;
        world.nodes[anna].engine.offer_link(rng)
    };
    world.nodes[phone].engine.accept_link(secret);
    world.connect(phone, anna);
    assert!(world.run_until_quiescent(20_000));
    let code = |world: &World, node: usize| match world.nodes[node].engine.link_progress() {
        Some(LinkProgress::Comparing(code)) => code,
        other => panic!("{other:?}"),
    };
    let shown = code(&world, anna);
    assert_eq!(shown, code(&world, phone));
    for node in [phone, anna] {
        let now = world.now(node);
        let it = &mut world.nodes[node];
        it.engine.confirm_link(&shown, now, &mut it.stores, &mut world.rng).unwrap();
        world.pump(node);
    }
    assert!(world.run_until_quiescent(20_000));
    assert_eq!(world.nodes[phone].engine.me().member, world.nodes[anna].engine.me().member);
    world.connect(phone, anna);
    assert!(world.run_until_quiescent(60_000));
    let id = world
        .act(phone, &hood, |replica, tx, now, rng| {
            let draft = ListingContent::new(ListingKind::Offer, "Du second téléphone");
            replica.publish(tx, now.claimed, rng, draft, None)
        })
        .unwrap();
    assert!(world.run_until_quiescent(60_000));
    let there = world.read(anna, &hood, |_, tx, _| Ok(tx.row::<Listings>(&id)?.is_some())).unwrap();
    assert!(there);
}
