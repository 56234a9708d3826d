//! What was written past a closing counts for nothing, whoever relays it, in whatever
//! order entry and closing come; and counts again where the closing does not.
#![cfg(feature = "sim")]

#[allow(unreachable_pub)]
mod neighbours;
#[allow(unreachable_pub)]
mod services;

use std::collections::{BTreeMap, BTreeSet};

use neighbours::Neighbours;
use palier_model::authority::Role;
use palier_model::booking::{Bookings, Care, Mode, Reason, Status};
use palier_model::journal::Entry;
use palier_model::keys::{BookingId, DocId};
use palier_model::listing::{ListingEdit, ListingStatus, Listings, ProfileEdit};
use palier_model::rows::{Table, Tx};
use palier_model::time::Instant;

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

/// One act, or a meeting of two; most fail for somebody, as acts do.
fn step(them: &mut Neighbours, listings: &[DocId], turn: u64) {
    let nodes = them.world.nodes.len();
    let node = them.below(nodes);
    let other = them.below(nodes);
    let listing = listings[them.below(listings.len())];
    let bookings: Vec<_> = {
        let tx = Tx::new(them.rows(node));
        let rows = tx.rows_with_prefix::<Bookings>(&[], 1_000).unwrap();
        rows.iter().filter_map(|(key, _)| BookingId::from_slice(key)).collect()
    };
    let booking = bookings.get(them.below(bookings.len())).copied();
    let role = if them.below(3) > 0 { Role::Coordinator } else { Role::Hub };
    let member = them.member(other);
    let _ = match (them.below(100), booking) {
        (0..26, _) => them.rename(node, listing, &format!("Place {turn}")),
        (26..34, _) => them.do_act(node, |replica, tx, now, _| {
            let edit = ProfileEdit { name: Some(format!("{turn}")), ..ProfileEdit::default() };
            Ok(((), replica.edit_profile(tx, now, &edit)?))
        }),
        (34..44, _) => them.request(node, listing, (turn % 4) as i64).map(drop),
        (44..54, Some(booking)) => them.do_act(node, |replica, tx, now, _| {
            Ok(((), replica.accept(tx, now, &booking, Care::CalendarOnly)?))
        }),
        (54..58, Some(booking)) => them.do_act(node, |replica, tx, now, rng| {
            Ok(((), replica.cancel(tx, now, rng, &booking, String::new())?))
        }),
        (58..61, Some(booking)) => them.do_act(node, |replica, tx, now, rng| {
            let why = Reason::UNAVAILABLE;
            Ok(((), replica.refuse(tx, now, rng, &booking, why, String::new())?))
        }),
        (61..71, _) => them.remove(node, other),
        (71..77, _) => them.revoke(node, other),
        (77..80, _) => them
            .do_act(node, |replica, tx, now, _| Ok(((), replica.appoint(tx, now, member, role)?))),
        (80..83, _) => them
            .do_act(node, |replica, tx, now, _| Ok(((), replica.dismiss(tx, now, member, role)?))),
        (83..84, _) => them.do_act(node, |replica, tx, now, _| Ok(((), replica.leave(tx, now)?))),
        (84..88, _) => {
            them.carry(other, node);
            Ok(())
        }
        (90..93, _) => them.answer(node, listing).map(drop),
        (93..99, _) => them.any_service_act(node, turn),
        (88..90, _) => {
            them.world.advance(100 * Instant::DAY_MS);
            Ok(())
        }
        _ => {
            them.meet(node, other);
            Ok(())
        }
    };
}

fn shuffle(them: &mut Neighbours, entries: &mut [Entry]) {
    for at in (1..entries.len()).rev() {
        entries.swap(at, them.below(at + 1));
    }
}

/// `PALIER_COUNTING` says how many lives, `PALIER_COUNTING_FROM` the first one.
#[test]
fn what_counts_hangs_on_the_set_of_entries_and_a_rebuild_says_the_same() {
    let from = setting("PALIER_COUNTING_FROM", 0);
    let lives = setting("PALIER_COUNTING", 12);
    let (mut left_out, mut taken_up_again) = (0, 0);
    for seed in from..from + lives {
        let mut them = Neighbours::new(seed, 4);
        them.link(1);
        for whom in [1, 2] {
            let member = them.member(whom);
            let appointed = them.do_act(0, |replica, tx, now, _| {
                Ok(((), replica.appoint(tx, now, member, Role::Coordinator)?))
            });
            appointed.unwrap();
        }
        let listings = [
            them.publish(1, "Place", Mode::ByRequest),
            them.publish(2, "Place", Mode::Instant),
            them.publish(3, "Place", Mode::ByRequest),
            them.need(1),
        ];
        them.meet_all();
        let before = them.rows(1).clone();
        for turn in 0..55 {
            step(&mut them, &listings, turn);
        }
        let entries = them.written();
        let mut first = None;
        for order in 0..3 {
            let mut entries = entries.clone();
            shuffle(&mut them, &mut entries);
            let part = [1, 5, 40][order];
            let mut copy = them.copy_of(1, before.clone());
            let mut n = 0;
            copy.take_all(entries, part, |copy| {
                n += part;
                if n % 40 < part {
                    assert_same(&copy.derived(), &copy.rebuilt(), &format!("seed {seed}, rebuilt"));
                }
            });
            assert_same(&copy.derived(), &copy.rebuilt(), &format!("seed {seed}, rebuilt"));
            left_out += copy.left_out();
            taken_up_again += copy.taken_up_again;
            let rows = copy.derived();
            if let Some(first) = &first {
                assert_same(first, &rows, &format!("seed {seed}, order {order}"));
            } else {
                first = Some(rows);
            }
        }
    }
    eprintln!("{lives} lives: {left_out} changes left out, {taken_up_again} taken up again");
    assert!(lives < 12 || (left_out > 0 && taken_up_again > 0), "nothing was put to the test");
}

type Derived = BTreeMap<(Table, Vec<u8>), Vec<u8>>;

fn assert_same(a: &Derived, b: &Derived, what: &str) {
    let keys: BTreeSet<_> = a.keys().chain(b.keys()).collect();
    let other = keys.into_iter().filter(|key| a.get(*key) != b.get(*key));
    let other: Vec<String> =
        other.map(|(table, key)| format!("{table:?} {:02x?}", &key[..key.len().min(4)])).collect();
    assert!(other.is_empty(), "{what}: {other:?}");
}

#[test]
fn a_change_by_a_revoked_phone_is_taken_out_when_the_revocation_comes_after_it() {
    let mut them = Neighbours::new(1, 2);
    let phone = them.link(1);
    let listing = them.publish(1, "Place 12", Mode::ByRequest);
    them.meet_all();
    them.revoke(1, phone).unwrap();
    them.rename(phone, listing, "Place volée").unwrap();
    them.carry(phone, 0);
    assert_eq!(them.title(0, &listing).as_deref(), Some("Place volée"));
    them.meet(0, 1);
    assert_eq!(them.title(0, &listing).as_deref(), Some("Place 12"));
    // Nor when the owner's other device goes on writing with the stray change at hand.
    them.rename(1, listing, "Place 13").unwrap();
    them.meet(0, 1);
    for node in [0, 1] {
        assert_eq!(them.title(node, &listing).as_deref(), Some("Place 13"), "node {node}");
    }
    them.rename(phone, listing, "Encore").unwrap();
    them.carry(phone, 0);
    assert_eq!(them.title(0, &listing).as_deref(), Some("Place 13"));
}

#[test]
fn what_somebody_entitled_had_taken_up_before_the_revocation_is_adopted() {
    let mut them = Neighbours::new(2, 2);
    let phone = them.link(1);
    let tablet = them.link(1);
    let listing = them.publish(1, "Place 12", Mode::ByRequest);
    them.meet_all();
    them.revoke(1, phone).unwrap();
    them.rename(phone, listing, "Place 12 bis").unwrap();
    them.carry(phone, tablet);
    let profile = ListingEdit { text: Some("au sous-sol".into()), ..Default::default() };
    let edited = them.do_act(tablet, |replica, tx, now, _| {
        Ok(((), replica.edit_listing(tx, now, &listing, &profile)?))
    });
    edited.unwrap();
    them.carry(tablet, 1);
    them.carry(phone, 1);
    let row = them.listing(1, &listing).unwrap();
    assert_eq!(
        (row.content.title.as_str(), row.content.text.as_str()),
        ("Place 12 bis", "au sous-sol")
    );
}

#[test]
fn whoever_was_removed_by_one_who_was_removed_first_counts_again() {
    let mut them = Neighbours::new(3, 3);
    for whom in [1, 2] {
        let member = them.member(whom);
        let appointed = them.do_act(0, |replica, tx, now, _| {
            Ok(((), replica.appoint(tx, now, member, Role::Coordinator)?))
        });
        appointed.unwrap();
    }
    let listing = them.publish(2, "Place 12", Mode::ByRequest);
    them.meet_all();
    let before = them.rows(2).clone();
    // Bo removes Cy; Anna, who is older and has not seen that, removes Bo.
    them.remove(1, 2).unwrap();
    them.rename(2, listing, "Place 13").unwrap();
    them.remove(0, 1).unwrap();
    let (anna, bo, cy) = (them.written_by(0), them.written_by(1), them.written_by(2));
    let shown = |copy: &neighbours::Copy| {
        let row = Tx::new(&copy.rows).row::<Listings>(&listing).unwrap().unwrap();
        (row.content.title.clone(), row.status(Instant(0)))
    };
    let mut copy = them.copy_of(2, before);
    copy.take_all(bo, 8, |_| ());
    assert_eq!(shown(&copy), ("Place 12".into(), ListingStatus::Withdrawn));
    copy.take_all(cy, 8, |_| ());
    copy.take_all(anna, 8, |_| ());
    assert_eq!(shown(&copy), ("Place 13".into(), ListingStatus::Published));
    assert_eq!(copy.taken_up_again, 1);
}

#[test]
fn a_word_of_a_revoked_phone_past_its_closing_ends_no_deal_and_begins_none() {
    let mut them = Neighbours::new(4, 2);
    let phone = them.link(1);
    let listing = them.publish(0, "Place 12", Mode::ByRequest);
    them.meet_all();
    let booking = them.request(1, listing, 1).unwrap();
    them.meet_all();
    them.revoke(1, phone).unwrap();
    let cancelled = them.do_act(phone, |replica, tx, now, rng| {
        Ok(((), replica.cancel(tx, now, rng, &booking, String::new())?))
    });
    cancelled.unwrap();
    let late = them.request(phone, listing, 2).unwrap();
    them.carry(phone, 0);
    let status = |them: &mut Neighbours, booking| {
        let hood = them.hood;
        let read = them
            .world
            .read(0, &hood, |replica, tx, now| replica.booking(tx, &booking, now.claimed));
        read.map(|view| (view.status, view.reason)).unwrap()
    };
    assert_eq!(status(&mut them, booking).0, Status::Cancelled);
    assert_eq!(status(&mut them, late).0, Status::Requested);
    them.meet(0, 1);
    assert_eq!(status(&mut them, booking), (Status::Requested, None));
    assert_eq!(status(&mut them, late), (Status::Cancelled, Some(Reason::CLOSED)));
    let accepted = them.do_act(0, |replica, tx, now, _| {
        Ok(((), replica.accept(tx, now, &late, Care::CalendarOnly)?))
    });
    assert_eq!(accepted.unwrap_err().code, "booking.requester_gone");
}

#[test]
fn of_a_removed_member_nothing_is_offered_and_nothing_asked_or_accepted() {
    let mut them = Neighbours::new(5, 3);
    let listing = them.publish(1, "Place 12", Mode::ByRequest);
    them.meet_all();
    let mine = them.publish(0, "Place 1", Mode::ByRequest);
    them.meet_all();
    let open = them.request(1, mine, 1).unwrap();
    let kept = them.request(1, mine, 5).unwrap();
    them.meet_all();
    let accept = |them: &mut Neighbours, booking| {
        them.do_act(0, |replica, tx, now, _| {
            Ok(((), replica.accept(tx, now, &booking, Care::CalendarOnly)?))
        })
    };
    accept(&mut them, kept).unwrap();
    them.meet_all();
    them.remove(0, 1).unwrap();
    them.meet_all();
    let now = them.world.now(2).claimed;
    for node in [0, 2] {
        let row = them.listing(node, &listing).unwrap();
        assert_eq!(row.status(now), ListingStatus::Withdrawn, "node {node}");
    }
    assert_eq!(them.request(2, listing, 1).unwrap_err().code, "listing.withdrawn");
    assert_eq!(accept(&mut them, open).unwrap_err().code, "booking.requester_gone");
    // What was promised him and has not begun is free for others.
    let hood = them.hood;
    let view =
        them.world.read(0, &hood, |replica, tx, now| replica.booking(tx, &kept, now.claimed));
    let view = view.unwrap();
    assert_eq!((view.status, view.reason), (Status::Cancelled, Some(Reason::REQUESTER_GONE)));
    assert!(them.rename(1, listing, "Encore").is_ok(), "its own home was not told yet");
}

#[test]
fn a_revoked_phone_reads_nothing_of_a_deal_that_is_sealed_later() {
    let mut them = Neighbours::new(6, 2);
    let phone = them.link(1);
    let listing = them.publish(0, "Place 12", Mode::ByRequest);
    them.meet_all();
    let booking = them.request(1, listing, 1).unwrap();
    them.meet_all();
    assert!(them.deal(phone, &booking).is_some_and(|row| row.request().is_some()));
    them.revoke(1, phone).unwrap();
    them.meet(0, 1);
    // Both sides of the deal go on, and a bundle brings all of it to the phone.
    let refused = them.do_act(0, |replica, tx, now, rng| {
        let why = Reason::UNAVAILABLE;
        Ok(((), replica.refuse(tx, now, rng, &booking, why, "en travaux".into())?))
    });
    refused.unwrap();
    let cancelled = them.do_act(1, |replica, tx, now, rng| {
        Ok(((), replica.cancel(tx, now, rng, &booking, "tant pis".into())?))
    });
    cancelled.unwrap();
    them.meet(0, 1);
    them.carry(0, phone);
    them.carry(1, phone);
    let told = |them: &Neighbours, node| {
        let row = them.deal(node, &booking).unwrap();
        (row.requests.len(), row.answers.len(), row.cancels.len())
    };
    assert_eq!(told(&them, 0), (1, 1, 1));
    assert_eq!(told(&them, 1), (1, 1, 1));
    assert_eq!(told(&them, phone), (1, 0, 0));
}

#[test]
fn who_was_removed_decides_nothing_more_and_reads_nothing_of_what_he_decided() {
    let mut them = Neighbours::new(7, 3);
    let hub = them.as_holder(2);
    let listing = them.publish_held(0, "Place 12", hub);
    them.meet_all();
    let booking = them.request(1, listing, 1).unwrap();
    them.meet_all();
    let decide = |them: &mut Neighbours, node: usize| {
        them.do_act(node, |replica, tx, now, _| {
            Ok(((), replica.accept(tx, now, &booking, Care::CalendarOnly)?))
        })
    };
    let before = them.rows(0).clone();
    them.remove(0, 2).unwrap();
    them.meet(0, 1);
    // The hub does not know yet, and accepts; that counts nowhere else.
    decide(&mut them, 2).unwrap();
    them.carry(2, 0);
    assert_eq!(them.status(0, &booking), Status::Displaced);
    assert_eq!(them.status(2, &booking), Status::Confirmed);
    // Its owner closes the lost holder, and decides firmly again.
    let mine = them.me(0).keys.id();
    let held = them
        .do_act(0, |replica, tx, now, _| Ok(((), replica.set_holder(tx, now, &listing, &mine)?)));
    held.unwrap();
    decide(&mut them, 0).unwrap();
    them.meet(0, 1);
    let hood = them.hood;
    for node in [0, 1] {
        let view = them
            .world
            .read(node, &hood, |replica, tx, now| replica.booking(tx, &booking, now.claimed));
        let view = view.unwrap();
        assert_eq!((view.status, view.firm), (Status::Confirmed, true), "node {node}");
    }
    // What the others say to each other from now on is not for the hub.
    let cancelled = them.do_act(1, |replica, tx, now, rng| {
        Ok(((), replica.cancel(tx, now, rng, &booking, "tant pis".into())?))
    });
    cancelled.unwrap();
    them.meet(0, 1);
    them.carry(0, 2);
    them.carry(1, 2);
    assert_eq!(them.deal(0, &booking).unwrap().cancels.len(), 1);
    assert_eq!(them.deal(2, &booking).unwrap().cancels.len(), 0);
    // In whatever order all this came.
    let mut copy = them.copy_of(0, before);
    let entries = them.written();
    copy.take_all(entries, 3, |_| ());
    assert_same(&copy.derived(), &copy.rebuilt(), "rebuilt");
}

#[test]
fn a_removed_members_home_says_so_once_it_hears_and_keeps_what_it_has() {
    let mut them = Neighbours::new(8, 2);
    let listing = them.publish(1, "Place 12", Mode::ByRequest);
    them.meet_all();
    them.remove(0, 1).unwrap();
    assert!(them.rename(1, listing, "Place 13").is_ok(), "it was not told yet");
    them.carry(0, 1);
    let refused = them.rename(1, listing, "Place 14").unwrap_err();
    assert_eq!(refused.code, "member.removed");
    let row = them.listing(1, &listing).unwrap();
    assert_eq!(
        (row.content.title.as_str(), row.status(Instant(0))),
        ("Place 12", ListingStatus::Withdrawn)
    );
    let hood = them.hood;
    let name = them.world.read(1, &hood, |replica, tx, _| Ok(replica.name(tx)?)).unwrap();
    assert_eq!(name, "Les Érables");
    let kept = them.written_by(1).len();
    assert!(kept > 3, "its own entries stay: {kept}");
}

#[test]
fn a_displaced_booking_of_who_is_gone_lets_those_behind_go_first() {
    let mut them = Neighbours::new(9, 4);
    let stand_in = them.as_holder(3);
    let listing = them.publish_instant_with(0, "Place 12", stand_in.member);
    them.meet_all();
    // Apart, the owner's device takes Cy at both hours, the stand-in Bo and herself.
    let [gone, behind] =
        [them.request(1, listing, 1).unwrap(), them.request(3, listing, 2).unwrap()];
    them.meet(1, 3);
    for booking in [gone, behind] {
        let accepted = them.do_act(3, |replica, tx, now, _| {
            Ok(((), replica.accept(tx, now, &booking, Care::CalendarOnly)?))
        });
        accepted.unwrap();
    }
    let taken = [them.request(2, listing, 1).unwrap(), them.request(2, listing, 2).unwrap()];
    them.meet(2, 0);
    them.meet_all();
    assert_eq!([gone, behind].map(|it| them.status(0, &it)), [Status::Displaced; 2]);
    them.remove(0, 1).unwrap();
    for booking in taken {
        assert_eq!(them.status(0, &booking), Status::Confirmed);
        let given_up = them.do_act(2, |replica, tx, now, rng| {
            Ok(((), replica.cancel(tx, now, rng, &booking, String::new())?))
        });
        given_up.unwrap();
    }
    them.meet_all();
    them.meet_all();
    assert_eq!(them.status(0, &gone), Status::Displaced);
    assert_eq!(them.status(0, &behind), Status::Offered);
}
