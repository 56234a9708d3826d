//! What the charter promises, one promise a test.

// Shared by several test binaries, each of which uses a part.
#![allow(unreachable_pub, dead_code)]

#[path = "authority/world.rs"]
mod world;

use std::time::{Duration, Instant as Clock};

use palier_model::authority::{
    Added, Authority, Body, Closing, Home, Inviters, Permission, Policy, Role, Roles, Standing,
    Status,
};
use palier_model::journal::Class;
use palier_model::keys::EntryHash;
use palier_model::time::Instant;
use world::{HOOD, World, device, draw, member};

const OPEN: Policy = Policy { inviters: Inviters::Members, approval: false };
const COORDINATOR: Roles = Roles::NONE.with(Role::Coordinator);

/// Member 1 founded; 2 to `people` were admitted one after the other, with these roles.
fn house(people: u8, roles: Roles) -> World {
    let mut world = World::new(u64::from(people));
    world.found(OPEN);
    for m in 2..=people {
        world.phrase_device(m, 1);
        let body = world.admit(m, roles);
        world.write_seeing_all(1, 1, body);
    }
    world
}

fn remove(m: u8) -> Body {
    Body::Remove { member: member(m), closing: Closing::default() }
}

fn status(authority: &Authority, m: u8) -> Option<Status> {
    authority.member(&member(m)).map(|member| member.status)
}

fn is_void(authority: &Authority, act: &EntryHash, code: &str) -> bool {
    matches!(authority.explain(act), Standing::Void(void) if void.code == code)
}

#[test]
fn any_order_of_arrival_and_any_claimed_date_give_one_answer() {
    for seed in 0..200 {
        let mut world = draw(seed);
        let answer = |world: &World| {
            let authority = world.authority();
            let members: Vec<_> =
                authority.members().map(|(id, known)| (*id, known.clone())).collect();
            let mut voids: Vec<_> = authority.void_acts().collect();
            voids.sort_by_key(|(hash, _)| *hash);
            (members, voids)
        };
        let before = answer(&world);
        world.facts.reverse();
        for n in 0..world.facts.len() {
            let mut fact = (*world.facts[n]).clone();
            fact.at = Instant(world.below(1 << 40) as i64);
            world.facts[n] = fact.into();
        }
        assert_eq!(answer(&world), before, "seed {seed}");
    }
}

#[test]
fn a_lone_junior_cannot_finally_remove_a_senior_but_two_can() {
    let mut world = house(3, COORDINATOR);
    let known = world.heads(Class::Charter);
    let by_junior = world.write(2, 1, known.clone(), remove(1));
    assert_eq!(status(&world.authority(), 1), Some(Status::Removed));
    // The senior answers from what it knew before.
    let by_senior = world.write(1, 1, known, remove(2));
    let authority = world.authority();
    assert_eq!(status(&authority, 1), Some(Status::Active));
    assert_eq!(status(&authority, 2), Some(Status::Removed));
    assert!(is_void(&authority, &by_junior, "act.author_removed"));
    // A second junior stands by the first.
    world.write(3, 1, vec![by_junior], Body::Second { act: by_junior });
    let authority = world.authority();
    assert_eq!(status(&authority, 1), Some(Status::Removed));
    assert_eq!(status(&authority, 2), Some(Status::Active));
    assert!(is_void(&authority, &by_senior, "act.author_removed"));
}

#[test]
fn co_signers_appointed_by_the_removed_for_the_occasion_count_for_nothing() {
    let mut world = house(2, COORDINATOR);
    let known = world.heads(Class::Charter);
    world.write(1, 1, known.clone(), remove(2));
    for m in 3..=5 {
        world.phrase_device(m, 1);
        let body = world.admit(m, COORDINATOR);
        world.write(2, 1, known.clone(), body);
    }
    let by_junior = world.write(2, 1, known, remove(1));
    for m in 3..=5 {
        world.write(m, 1, vec![by_junior], Body::Second { act: by_junior });
    }
    let authority = world.authority();
    assert_eq!(status(&authority, 1), Some(Status::Active));
    assert_eq!(status(&authority, 2), Some(Status::Removed));
    assert_eq!(status(&authority, 3), None, "admitted by someone removed meanwhile");
}

#[test]
fn mutual_removal_is_resolved_by_rank() {
    let mut world = house(4, COORDINATOR);
    let known = world.heads(Class::Charter);
    world.write(3, 1, known.clone(), remove(2));
    world.write(2, 1, known.clone(), remove(3));
    world.write(4, 1, known, remove(3));
    let authority = world.authority();
    assert_eq!(status(&authority, 2), Some(Status::Active), "appointed before 3");
    assert_eq!(status(&authority, 3), Some(Status::Removed));
    assert_eq!(status(&authority, 4), Some(Status::Active));
}

#[test]
fn an_admission_is_never_undone_by_counting() {
    let mut world = house(2, COORDINATOR);
    let known = world.heads(Class::Charter);
    for m in 3..=6 {
        world.phrase_device(m, 1);
        // One invitation, redeemed at two devices at once; twice for one of them.
        let body = world.admit(m, Roles::NONE);
        world.write(1 + m % 2, 1, known.clone(), body.clone());
        if m == 6 {
            world.write(2, 1, known.clone(), body);
        }
    }
    let authority = world.authority();
    assert_eq!(authority.members().filter(|(_, m)| m.status == Status::Active).count(), 6);
    assert_eq!(authority.void_acts().count(), 0);
}

#[test]
fn whom_a_removed_person_admitted_before_stays_and_whom_meanwhile_does_not() {
    let mut world = house(3, COORDINATOR);
    for m in 4..=5 {
        world.phrase_device(m, 1);
    }
    let body = world.admit(4, Roles::NONE);
    world.write_seeing_all(2, 1, body);
    let known = world.heads(Class::Charter);
    world.write(3, 1, known.clone(), remove(2));
    let body = world.admit(5, Roles::NONE);
    let meanwhile = world.write(2, 1, known, body);
    let authority = world.authority();
    assert_eq!(status(&authority, 4), Some(Status::Active));
    assert_eq!(status(&authority, 5), None);
    assert!(is_void(&authority, &meanwhile, "act.author_removed"));
    // Whoever saw the void admission is none the worse for it.
    let home = Home { building: 3, landlord: 1 };
    world.write_seeing_all(1, 1, Body::Attest { member: member(4), home });
    assert_eq!(world.authority().member(&member(4)).map(|m| m.home), Some(home));
}

#[test]
fn a_removed_persons_later_acts_never_count_whatever_date_they_claim() {
    let mut world = house(3, COORDINATOR);
    world.phrase_device(4, 1);
    let before = world.heads(Class::Charter);
    let removal = world.write_seeing_all(1, 1, remove(3));
    let mut late = Vec::new();
    let body = world.admit(4, COORDINATOR);
    late.push(world.write(3, 1, before.clone(), body.clone()));
    late.push(world.write(3, 1, vec![removal], body));
    late.push(world.write(3, 1, before, remove(2)));
    late.push(world.write(3, 1, Vec::new(), Body::Appoint { member: member(2), role: Role::Hub }));
    // Relayed by an honest member who had seen them all.
    let home = Home { building: 1, landlord: 1 };
    world.write_seeing_all(2, 1, Body::Attest { member: member(2), home });
    for reverse in [false, true] {
        if reverse {
            world.facts.reverse();
        }
        let authority = world.authority();
        for act in &late {
            assert!(is_void(&authority, act, "act.author_removed"), "{:?}", authority.explain(act));
        }
        assert_eq!(status(&authority, 2), Some(Status::Active));
        assert_eq!(status(&authority, 4), None);
        assert_eq!(authority.member(&member(2)).map(|m| m.home), Some(home));
    }
}

#[test]
fn the_neighbourhood_never_ends_with_everyone_removed_by_a_void_chain() {
    // Everyone removes the next, all at once, in a ring of every size.
    for people in 2..=7 {
        let mut world = house(people, COORDINATOR);
        let known = world.heads(Class::Charter);
        for m in 1..=people {
            world.write(m, 1, known.clone(), remove(m % people + 1));
        }
        let authority = world.authority();
        let removed = authority.members().filter(|(_, m)| m.status == Status::Removed).count();
        assert!(removed < people as usize, "{people} people, {removed} removed");
        // Whoever is removed is so by a removal that counts.
        let counted = world
            .facts
            .iter()
            .filter(|fact| matches!(fact.body, Body::Remove { .. }))
            .filter(|fact| authority.counts_act(&fact.hash))
            .count();
        assert_eq!(removed, counted);
    }
}

#[test]
fn a_dismissed_coordinators_acts_meanwhile_do_not_count_but_a_new_appointment_does() {
    let mut world = house(3, COORDINATOR);
    let known = world.heads(Class::Charter);
    let dismiss = Body::Dismiss { member: member(3), role: Role::Coordinator };
    world.write(1, 1, known.clone(), dismiss);
    let meanwhile = world.write(3, 1, known, Body::Appoint { member: member(2), role: Role::Hub });
    let authority = world.authority();
    assert!(is_void(&authority, &meanwhile, "act.no_right"));
    assert_eq!(status(&authority, 3), Some(Status::Active), "still a member");
    assert_eq!(authority.may(&member(3), Permission::Remove), Err("authority.coordinators_only"));
    world.write_seeing_all(1, 1, Body::Appoint { member: member(3), role: Role::Coordinator });
    let again = world.write_seeing_all(3, 1, Body::Appoint { member: member(2), role: Role::Hub });
    let authority = world.authority();
    assert!(authority.counts_act(&again));
    assert!(!authority.counts_act(&meanwhile));
    assert_eq!(authority.may(&member(3), Permission::Remove), Ok(()));
}

#[test]
fn a_stolen_phone_acts_until_the_closing_and_the_phrase_has_the_last_word() {
    let mut world = house(2, COORDINATOR);
    let certify = Body::Certify { device: device(2, 2), agreement: [2; 32], phrase: false };
    world.write_seeing_all(2, 1, certify);
    let good = world.write_seeing_all(2, 2, Body::Appoint { member: member(1), role: Role::Hub });
    let seen = world.tip(&good);
    // The thief, with device 2, removes the founder and revokes device 1.
    let known = world.heads(Class::Charter);
    let theft = world.write(2, 2, known, remove(1));
    let known = world.heads(Class::Identity);
    let counter = Body::Revoke { device: device(2, 1), closing: Closing::default(), phrase: false };
    let counter = world.write(2, 2, known.clone(), counter);
    assert_eq!(status(&world.authority(), 1), Some(Status::Removed));
    let revoke = Body::Revoke { device: device(2, 2), closing: Closing::new([seen]), phrase: true };
    world.write(2, 1, Vec::new(), revoke);
    let authority = world.authority();
    assert!(authority.counts_act(&good));
    assert!(is_void(&authority, &theft, "act.device_revoked"));
    assert!(is_void(&authority, &counter, "act.device_revoked"));
    assert_eq!(status(&authority, 1), Some(Status::Active));
    let active = |d| authority.device(&device(2, d)).map(|known| known.is_active);
    assert_eq!((active(1), active(2)), (Some(true), Some(false)));
}

#[test]
fn two_devices_that_revoke_each_other_leave_the_older() {
    let mut world = house(2, COORDINATOR);
    world.write_seeing_all(
        2,
        1,
        Body::Certify { device: device(2, 2), agreement: [2; 32], phrase: false },
    );
    world.log_of(2, 2, Class::Identity);
    let known = world.heads(Class::Identity);
    for d in [1, 2] {
        let other = device(2, 3 - d);
        let closing = Closing::default();
        world.write(2, d, known.clone(), Body::Revoke { device: other, closing, phrase: false });
    }
    let authority = world.authority();
    assert!(authority.certified_before(&device(2, 1), &device(2, 2)));
    let active = |d| authority.device(&device(2, d)).map(|known| known.is_active);
    assert_eq!(active(1), Some(true));
    assert_ne!(active(2), Some(true));
}

#[test]
fn who_left_is_gone_with_all_rights_and_cannot_come_back_by_an_old_branch() {
    let mut world = house(2, COORDINATOR);
    let known = world.heads(Class::Charter);
    world.write_seeing_all(2, 1, Body::Leave { closing: Closing::default() });
    world.phrase_device(3, 1);
    let body = world.admit(3, Roles::NONE);
    let log = world.log_of(2, 1, Class::Charter).unwrap();
    let first = world.entries_of(log)[0];
    let late = world.write_after(first, known, Vec::new(), body);
    let authority = world.authority();
    assert_eq!(status(&authority, 2), Some(Status::Left));
    assert!(is_void(&authority, &late, "act.author_left"));
    assert_eq!(authority.may(&member(2), Permission::Write), Err("authority.left"));
    assert_eq!(authority.may(&member(9), Permission::Write), Err("authority.not_a_member"));
}

/// A neighbourhood of `people`, each with a phone, an admission, a home and an epoch.
fn crowd(people: u32) -> World {
    let mut world = World::new(7);
    world.found(Policy { inviters: Inviters::Hubs, approval: false });
    let mut last = world.heads(Class::Charter);
    for n in 2..=people {
        world.crowd_member(n, &mut last);
    }
    world
}

#[test]
fn a_large_neighbourhood_is_worked_out_at_once_and_grows_cheaply() {
    let mut world = crowd(5_000);
    assert!(world.facts.len() >= 20_000, "{}", world.facts.len());
    let mut authority = world.authority();
    let once = |_| {
        let begun = Clock::now();
        let again = world.authority();
        (begun.elapsed(), again.members().count())
    };
    // The best of several: what it takes on a machine that does nothing else.
    let (whole, _) = (0..8).map(once).min().unwrap();
    assert_eq!(authority.members().count(), 5_000);
    let newcomer = world.phrase_device(200, 1);
    let body = world.admit(200, Roles::NONE);
    let known = world.facts.iter().rfind(|fact| matches!(fact.body, Body::Attest { .. }));
    let causes = known.map(|fact| fact.hash).into_iter().collect();
    let admission = world.write(1, 1, causes, body);
    let begun = Clock::now();
    for hash in [newcomer, admission] {
        let fact = world.facts.iter().find(|fact| fact.hash == hash).cloned().unwrap();
        assert_eq!(authority.add(fact), Added::Extended);
    }
    let grown = begun.elapsed();
    eprintln!("{} acts: {whole:?}; two more: {grown:?}", world.facts.len());
    assert_eq!(authority.members().count(), 5_001);
    assert_eq!(
        authority.members().collect::<Vec<_>>(),
        Authority::compute(HOOD, world.root, world.facts.iter().cloned())
            .members()
            .collect::<Vec<_>>()
    );
    // Wide bounds: the figures are for reports, this only for a change of order.
    assert!(whole < Duration::from_secs(3), "{whole:?}");
    assert!(grown < Duration::from_millis(100), "{grown:?}");
}
