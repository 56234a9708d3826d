//! People who come: by approval, through a member who is no coordinator, and back again
//! with their words.
#![cfg(feature = "sim")]

use palier_model::authority::Home;
use palier_model::keys::{DeviceKeys, HoodHash, Phrase};
use palier_model::replica::{Me, NewInvitation, Standing};
use palier_model::sim::World;
use palier_model::sync::{InvitationLink, JoinForm};
use palier_model::time::{Instant, Interval};

fn invite(world: &mut World, host: usize, hood: &HoodHash, uses: u32) -> InvitationLink {
    world
        .act(host, hood, |replica, tx, now, rng| {
            let new = NewInvitation {
                approval: true,
                uses,
                good_for_ms: Instant::DAY_MS,
                roles: Default::default(),
            };
            Ok((replica.invite(tx, now.claimed, rng, new, Vec::new())?, Default::default()))
        })
        .unwrap()
}

fn ask(world: &mut World, guest: usize, link: &InvitationLink) {
    let now = world.now(guest);
    let form = JoinForm { name: "Nora".into(), home: "B, 3e".into(), languages: vec!["fr".into()] };
    let it = &mut world.nodes[guest];
    it.engine.prepare_join(link, form, now, &mut it.stores, &mut world.rng).unwrap();
}

fn standing(world: &mut World, node: usize, hood: &HoodHash) -> Standing {
    world.read(node, hood, |replica, _, _| Ok(replica.hood().standing)).unwrap()
}

/// Meets, and gives a session that answers an application time to end.
fn meet(world: &mut World, from: usize, to: usize) {
    world.advance(400_000);
    world.connect(from, to);
    world.run_until_quiescent(60_000);
}

#[test]
fn whoever_was_approved_becomes_a_member_at_its_next_meeting_with_an_invitation_used_up() {
    let mut world = World::new(11);
    let anna = world.add_person("Anna");
    let nora = world.add_person("Nora");
    let hood = world.found(anna, "Les Érables").unwrap();
    let link = invite(&mut world, anna, &hood, 1);
    ask(&mut world, nora, &link);
    meet(&mut world, nora, anna);
    assert_eq!(standing(&mut world, nora, &hood), Standing::AwaitingApproval);
    // Asking again costs no further use and changes nothing.
    meet(&mut world, nora, anna);
    assert_eq!(standing(&mut world, nora, &hood), Standing::AwaitingApproval);
    let who = world.nodes[nora].engine.me().member;
    let waiting = world.read(anna, &hood, |replica, tx, _| Ok(replica.applicants(tx)?)).unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].record.form.home, "B, 3e");
    let home = Home { building: 66, landlord: 0 };
    world
        .act(anna, &hood, |replica, tx, now, _| {
            Ok(((), replica.approve(tx, now.claimed, &who, home)?))
        })
        .unwrap();
    meet(&mut world, nora, anna);
    assert_eq!(standing(&mut world, nora, &hood), Standing::Member);
    meet(&mut world, nora, anna);
    let attested = world
        .read(nora, &hood, |replica, _, _| Ok(replica.authority().member(&who).map(|it| it.home)))
        .unwrap();
    assert_eq!(attested, Some(home));
}

#[test]
fn an_invitation_that_is_used_up_tells_a_stranger_nothing() {
    let mut world = World::new(12);
    let anna = world.add_person("Anna");
    let (nora, eve) = (world.add_person("Nora"), world.add_person("Eve"));
    let hood = world.found(anna, "Les Érables").unwrap();
    let link = invite(&mut world, anna, &hood, 1);
    ask(&mut world, nora, &link);
    meet(&mut world, nora, anna);
    ask(&mut world, eve, &link);
    meet(&mut world, eve, anna);
    assert_eq!(standing(&mut world, eve, &hood), Standing::Joining);
    let id = world.read(eve, &hood, |replica, _, _| Ok(replica.hood().id)).unwrap();
    assert_eq!(id, None, "the neighbourhood's secret went to a stranger");
}

#[test]
fn an_application_reaches_the_coordinator_sealed_and_a_refusal_the_applicant() {
    let mut world = World::new(13);
    let anna = world.add_person("Anna");
    let (bo, carl) = (world.add_person("Bo"), world.add_person("Carl"));
    let (nora, omar) = (world.add_person("Nora"), world.add_person("Omar"));
    let hood = world.found(anna, "Les Érables").unwrap();
    for member in [bo, carl] {
        world.join(anna, member, &hood).unwrap();
        meet(&mut world, member, anna);
    }
    meet(&mut world, bo, anna);
    let link = invite(&mut world, bo, &hood, 2);
    for guest in [nora, omar] {
        ask(&mut world, guest, &link);
        meet(&mut world, guest, bo);
        assert_eq!(standing(&mut world, guest, &hood), Standing::AwaitingApproval);
    }
    meet(&mut world, bo, anna);
    meet(&mut world, carl, anna);
    let waiting = |world: &mut World, node: usize| {
        world.read(node, &hood, |replica, tx, _| Ok(replica.applicants(tx)?.len())).unwrap()
    };
    assert_eq!(waiting(&mut world, anna), 2);
    assert_eq!(waiting(&mut world, carl), 0, "a plain member reads who applies");
    let [first, second] = [nora, omar].map(|node| world.nodes[node].engine.me().member);
    world
        .act(anna, &hood, |replica, tx, now, rng| {
            let mut changes = replica.approve(tx, now.claimed, &first, Home::default())?;
            changes.merge(replica.refuse_application(tx, now.claimed, rng, &second)?);
            Ok(((), changes))
        })
        .unwrap();
    assert_eq!(waiting(&mut world, anna), 0);
    meet(&mut world, bo, anna);
    meet(&mut world, nora, bo);
    meet(&mut world, omar, bo);
    assert_eq!(standing(&mut world, nora, &hood), Standing::Member);
    assert_eq!(standing(&mut world, omar, &hood), Standing::Refused);
}

#[test]
fn a_phone_made_from_the_words_reads_again_what_was_sealed_before() {
    let mut world = World::new(14);
    let anna = world.add_person("Anna");
    let phrase = Phrase::from_entropy([9; 16]);
    let of_phrase = |world: &mut World| {
        let keys = DeviceKeys::generate(&mut world.rng);
        let member = phrase.member_key();
        Me {
            member: member.id(),
            certificate: Some(member.certify_device(&keys.id(), &keys.agreement_public())),
            recovery: member.recovery_public(),
            keys,
        }
    };
    let me = of_phrase(&mut world);
    let old = world.add_device(me, "Bo");
    let hood = world.found(anna, "Les Érables").unwrap();
    world.join(anna, old, &hood).unwrap();
    meet(&mut world, old, anna);
    let place = world
        .act(anna, &hood, |replica, tx, now, rng| {
            use palier_model::booking::Terms;
            use palier_model::listing::{ListingContent, ListingKind};
            use palier_model::replica::Deciding;
            let draft = ListingContent::new(ListingKind::Parking, "Place 12");
            let deciding = Deciding {
                holder: replica.as_holder(),
                deciders: Default::default(),
                terms: Terms::default(),
            };
            replica.publish(tx, now.claimed, rng, draft, Some(deciding))
        })
        .unwrap();
    meet(&mut world, old, anna);
    let start = world.now(old).claimed.plus_ms(Instant::DAY_MS);
    let request = palier_model::replica::NewRequest {
        listing: place,
        interval: Interval { start, end: Some(start.plus_ms(3_600_000)) },
        quantity: 1,
        waitlist: false,
        note: "pour ma sœur".into(),
        accepts: Default::default(),
    };
    let booking = world
        .act(old, &hood, |replica, tx, now, rng| replica.request(tx, now.claimed, rng, request))
        .unwrap();
    meet(&mut world, old, anna);
    // The phone is lost. A new one has the words and the sheet.
    let sheet =
        world.read(anna, &hood, |replica, tx, _| replica.recovery_sheet(tx, Vec::new())).unwrap();
    let me = of_phrase(&mut world);
    let new = world.add_device(me, "Bo");
    let now = world.now(new);
    let it = &mut world.nodes[new];
    it.engine.set_recovery(phrase.member_key().recovery().to_bytes());
    it.engine.prepare_recovery(&sheet, now, &mut it.stores, &mut world.rng).unwrap();
    meet(&mut world, new, anna);
    let seen =
        world.read(new, &hood, |replica, tx, now| replica.booking(tx, &booking, now.claimed));
    assert_eq!(seen.unwrap().note, "pour ma sœur");
    // And writes as the same person, whom the neighbour believes.
    let offer = world
        .act(new, &hood, |replica, tx, now, rng| {
            use palier_model::listing::{ListingContent, ListingKind};
            let draft = ListingContent::new(ListingKind::Offer, "De retour");
            replica.publish(tx, now.claimed, rng, draft, None)
        })
        .unwrap();
    meet(&mut world, new, anna);
    let there = world
        .read(anna, &hood, |_, tx, _| {
            Ok(tx.row::<palier_model::listing::Listings>(&offer)?.is_some())
        })
        .unwrap();
    assert!(there);
}

#[test]
fn a_stranger_with_the_sheet_and_other_words_gets_nothing() {
    let mut world = World::new(15);
    let anna = world.add_person("Anna");
    let eve = world.add_person("Eve");
    let hood = world.found(anna, "Les Érables").unwrap();
    let sheet =
        world.read(anna, &hood, |replica, tx, _| replica.recovery_sheet(tx, Vec::new())).unwrap();
    let now = world.now(eve);
    let it = &mut world.nodes[eve];
    it.engine.prepare_recovery(&sheet, now, &mut it.stores, &mut world.rng).unwrap();
    meet(&mut world, eve, anna);
    let knows =
        world.read(eve, &hood, |replica, _, _| Ok(replica.authority().members().count())).unwrap();
    assert_eq!(knows, 0);
}
