//! One place, two people: devices with stores and logs of their own decide apart, then
//! exchange entries through the gate. Rows are compared, not answers alone.

mod partitions;
mod world;

use std::collections::BTreeMap;

use palier_model::booking::availability::Asker;
use palier_model::booking::{
    self, Answer, BookingStates, Bookings, Care, DecideError, Decision, Delivery, DomainRecord,
    Footing, Holder, Op, Outcome, Reason, Record, Resource, Standing, Status, Terms, inner,
};
use palier_model::journal::{self, Descriptor, Entry, Owner};
use palier_model::keys::{BookingId, DeviceId, DocId, EntryHash, MemberId};
use palier_model::rows::{MemoryRows, Table, Tx};
use palier_model::time::{Instant, Interval};

use world::*;

#[test]
fn two_acceptances_in_a_partition_leave_one_firm_holder_and_one_told_why() {
    let mut place = place();
    let (first, second) = (place.request(11, 2), place.request(12, 2));
    let domain = place.domain;
    assert_eq!(booking::who_may(&place.hub.domain(&domain), &place.hub.me), Standing::Holder);
    assert_eq!(booking::who_may(&place.owner.domain(&domain), &place.owner.me), Standing::StandIn);
    place.hub.accept(&place.facts, &domain, &first).unwrap();
    place.owner.accept(&place.facts, &domain, &second).unwrap();
    let before = place.owner.view(&second.booking);
    assert_eq!((before.status, before.firm), (Status::Confirmed, false));
    assert_eq!(before.waiting_for, vec![place.hub.me.device]);
    assert!(place.hub.view(&first.booking).firm);
    place.meet();
    place.hub.firm_up(&place.facts, &domain);
    place.meet();
    for device in [&place.owner, &place.hub] {
        let won = device.view(&first.booking);
        assert_eq!((won.status, won.firm), (Status::Confirmed, true));
        let lost = device.view(&second.booking);
        assert_eq!(lost.status, Status::Displaced);
        assert_eq!((lost.reason, lost.by), (Some(Reason::TAKEN), Some(first.booking)));
        assert_eq!(lost.waitlist, Some(1));
        let nearest = &lost.alternatives[0];
        assert!(!nearest.interval.overlaps(&first.interval));
        assert_eq!(lost.alternatives.len(), 2, "right before and right after");
        let range = Interval {
            start: Instant(NOW.0 + 2 * DAY - HOUR),
            end: Some(Instant(NOW.0 + 2 * DAY + 3 * HOUR)),
        };
        let free = device.domain(&domain).free(&place.listing, &range).unwrap();
        assert_eq!(free.iter().map(|s| s.free).collect::<Vec<_>>(), [1, 0, 1]);
    }
    assert_eq!(place.owner.open_rows(), place.hub.open_rows());
}

#[test]
fn double_booking_without_a_partition_is_refused_with_what_else_is_free() {
    let mut place = place();
    let (first, second) = (place.wanted(11, 2), place.wanted(12, 2));
    place.hub.accept(&place.facts, &place.domain, &first).unwrap();
    let error = place.hub.accept(&place.facts, &place.domain, &second).unwrap_err();
    assert_eq!(error.code(), "booking.taken");
    let DecideError::Taken { by } = error else { panic!("{error:?}") };
    assert_eq!(by, vec![first.booking]);
    let asker = Asker { footing: Footing::NEAREST, mine: &[], now: NOW };
    let view = place.hub.domain(&place.domain);
    let alternatives = view.alternatives(&place.listing, &second.interval, 1, &asker, 5);
    assert_eq!(alternatives[0].interval.start, first.interval.start.plus_ms(-2 * HOUR));
    let again = place.hub.accept(&place.facts, &place.domain, &first).unwrap_err();
    assert_eq!(again, DecideError::Already);
    let stranger = Device::new(MemberId([9; 32]), 9);
    let view = place.hub.domain(&place.domain);
    let error = booking::accept(&view, &stranger.me, &second, &[], None, Care::AllTerms, NOW);
    assert_eq!(error, Err(DecideError::NotEntitled));
}

#[test]
fn whoever_was_displaced_is_next_when_the_place_is_released() {
    let mut place = place();
    let domain = place.domain;
    let (first, second) = (place.request(11, 2), place.request(12, 2));
    place.hub.accept(&place.facts, &domain, &first).unwrap();
    place.owner.accept(&place.facts, &domain, &second).unwrap();
    place.meet();
    let third = place.request(13, 2);
    let tx = Tx::new(&place.hub.rows);
    let list = booking::waitlist(&tx, &domain, &place.listing, &first.interval, NOW).unwrap();
    let list: Vec<_> = list.iter().map(|line| (line.booking, line.place)).collect();
    assert_eq!(list, [(second.booking, Some(1)), (third.booking, None)], "nobody queued the third");
    let view = place.hub.domain(&domain);
    let state = tx.row::<BookingStates>(&(domain, first.booking)).unwrap();
    let release = booking::release(
        &view,
        &place.hub.me,
        first.booking,
        state.as_ref(),
        Reason::CANCELLED_BY_REQUESTER,
        NOW,
    );
    place.hub.write(&place.facts, &release.unwrap());
    assert_eq!(place.hub.view(&first.booking).status, Status::Cancelled);
    assert_eq!(place.hub.view(&second.booking).status, Status::Displaced, "nothing revives");
    place.hub.accept(&place.facts, &domain, &second).unwrap();
    place.meet();
    for device in [&place.owner, &place.hub] {
        let now = device.view(&second.booking);
        assert_eq!((now.status, now.firm), (Status::Confirmed, true));
        assert_eq!(now.history.len(), 3, "asked for, displaced, accepted: {:?}", now.history);
    }
    let error = place.hub.accept(&place.facts, &domain, &first).unwrap_err();
    assert_eq!(error, DecideError::Released);
    assert_eq!(place.owner.open_rows(), place.hub.open_rows());
}

#[test]
fn a_lost_holder_is_closed_and_the_other_decides_firmly() {
    let mut place = place();
    let domain = place.domain;
    let (first, late) = (place.wanted(11, 2), place.wanted(12, 2));
    let second = place.wanted(13, 4);
    // The hub accepts, and is never heard of again until much later.
    place.hub.accept(&place.facts, &domain, &late).unwrap();
    let view = place.owner.domain(&domain);
    let close = booking::close_holder(&view, &place.owner.me, place.owner.me, NOW).unwrap();
    place.owner.write(&place.facts, &close);
    assert_eq!(place.owner.domain(&domain).row.holder, place.owner.me);
    place.owner.accept(&place.facts, &domain, &first).unwrap();
    place.owner.accept(&place.facts, &domain, &second).unwrap();
    assert!(place.owner.domain(&domain).held.iter().all(|held| held.firm));
    place.meet();
    place.meet();
    for device in [&place.owner, &place.hub] {
        let held: Vec<_> = device.domain(&domain).held.iter().map(|h| h.booking).collect();
        assert_eq!(held, vec![first.booking, second.booking]);
        let tx = Tx::new(&device.rows);
        let state = tx.row::<BookingStates>(&(domain, late.booking)).unwrap().unwrap();
        assert!(state.history[0].past_closing.is_some(), "{state:?}");
    }
    assert_eq!(place.owner.open_rows(), place.hub.open_rows());
}

#[test]
fn what_a_settled_closing_made_firm_stays_firm_when_somebody_new_is_named() {
    let mut place = place();
    let domain = place.domain;
    let wanted = place.wanted(11, 2);
    let view = place.owner.domain(&domain);
    let close = booking::close_holder(&view, &place.owner.me, place.owner.me, NOW).unwrap();
    place.owner.write(&place.facts, &close);
    place.owner.accept(&place.facts, &domain, &wanted).unwrap();
    assert!(place.owner.domain(&domain).held[0].firm);
    let another = Device::new(MemberId([3; 32]), 3).me;
    place.facts.0.insert(another.member, vec![another.device]);
    let view = place.owner.domain(&domain);
    let hand_over = booking::hand_over(&view, &place.owner.me, another, NOW).unwrap();
    place.owner.write(&place.facts, &hand_over);
    let now = place.owner.domain(&domain);
    assert_eq!(now.row.holder, another);
    assert!(now.held[0].firm, "waits for {:?}", now.row.waiting_for);
}

#[test]
fn a_holder_who_goes_on_writes_what_a_whole_pass_would() {
    let mut owner = Device::new(MemberId([1; 32]), 1);
    let facts = Everyone(BTreeMap::from([(owner.me.member, vec![owner.me.device])]));
    let listings = [DocId([5; 32]), DocId([6; 32]), DocId([7; 32])];
    let resources = listings.iter().enumerate().map(|(n, listing)| Resource {
        listing: *listing,
        part_of: (n > 0).then_some(0),
        terms: Terms { buffer_after_ms: 1, ..Terms::of_capacity(n as u32 + 1) },
    });
    let record = DomainRecord {
        at: NOW,
        resources: resources.collect(),
        holder: owner.me,
        deciders: vec![],
    };
    let domain = owner.write(&facts, &record).hash;
    let mut dice: u64 = 1;
    let mut roll = |n: u64| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (dice >> 33) % n
    };
    for _ in 0..800 {
        let view = owner.domain(&domain);
        let any = booking::set_terms(&view, &owner.me, listings[0], Terms::default(), vec![], NOW);
        let booking = BookingId([roll(40) as u8; 32]);
        let resource = listings[roll(3) as usize];
        let op = match roll(40) {
            0 => Op::Terms {
                resource,
                terms: Terms::of_capacity(roll(4) as u32).into(),
                cancels: vec![booking],
            },
            1..8 => Op::Release { booking, reason: Reason::NONE },
            8..10 => Op::Seen,
            10..19 => {
                let held = view.held(&booking);
                let from = held.map_or(Some(Instant(roll(60) as i64)), |held| held.interval.end);
                let end = (roll(12) > 0).then(|| Instant(roll(70) as i64));
                if end == from { Op::Seen } else { Op::Resize { booking, from, end } }
            }
            19..26 => {
                let start = Instant(roll(60) as i64);
                let interval = Interval { start, end: Some(start.plus_ms(1 + roll(6) as i64)) };
                let resource = if roll(20) == 0 { DocId([9; 32]) } else { resource };
                Op::Queue { booking, resource, interval, quantity: 1 + roll(2) as u32 }
            }
            _ => {
                let start = Instant(roll(60) as i64);
                let interval = Interval { start, end: Some(start.plus_ms(1 + roll(6) as i64)) };
                Op::Accept { booking, resource, interval, quantity: 1, tier: 0 }
            }
        };
        // `write` compares the rows with those of a whole pass.
        owner.write(&facts, &Decision { op, ..any.unwrap() });
    }
    assert_eq!(owner.domain(&domain).row.firm_places, 800);
}

#[test]
fn rows_are_the_same_whatever_the_order_of_arrival() {
    let mut place = place();
    let domain = place.domain;
    for n in 0..12 {
        // Every other day is contested.
        let day = i64::from(n);
        let (a, b) = (place.wanted(20 + n, day), place.wanted(60 + n, day + 30 * (day % 2)));
        let _ = place.hub.accept(&place.facts, &domain, &a);
        let _ = place.owner.accept(&place.facts, &domain, &b);
        if n % 3 == 0 {
            place.meet();
        }
    }
    place.meet();
    assert_eq!(place.owner.open_rows(), place.hub.open_rows());
    let mut entries: Vec<(Entry, Holder)> = Vec::new();
    let tx = Tx::new(&place.hub.rows);
    for by in [&place.hub, &place.owner] {
        let descriptor = Descriptor::open(hood(), Owner::Member(by.me.member), NOW);
        for log in journal::logs_of_document(&tx, &descriptor.id()).unwrap() {
            let tip = journal::log_row(&tx, &log).unwrap().unwrap().tips[0];
            let path = journal::path(&tx, &log, &EntryHash::ZERO, &tip.hash).unwrap();
            let later = path[1..].iter().map(|h| journal::entry(&tx, h).unwrap().unwrap());
            entries.extend(later.map(|entry| (entry, by.me)));
        }
    }
    assert!(entries.len() > 20, "{}", entries.len());
    for turn in 0..entries.len() {
        // The journal without any row that follows from it.
        let mut fresh = Device::new(place.hub.me.member, 2);
        let mut writes = palier_model::rows::Writes::new();
        for table in [Table::Documents, Table::Logs, Table::Entries, Table::EntryPlaces] {
            let rows = place.hub.rows.table(table);
            writes.extend(rows.map(|(k, v)| ((table, k.clone()), Some(v.clone()))));
        }
        fresh.rows.commit(writes);
        entries.rotate_left(1);
        let half = entries.len() / 2;
        entries[..half].reverse();
        let mut tx = Tx::new(&fresh.rows);
        for (entry, by) in &entries {
            booking::project_open(&mut tx, &place.facts, entry, by).unwrap();
        }
        let writes = tx.into_writes();
        fresh.rows.commit(writes);
        assert_eq!(fresh.open_rows(), place.hub.open_rows(), "turn {turn}");
    }
}

#[test]
fn an_answer_or_a_cancel_of_a_third_person_changes_nothing() {
    let mut place = place();
    let wanted = place.request(11, 2);
    let stranger = Holder { member: MemberId([9; 32]), device: DeviceId([9; 32]), incarnation: 0 };
    let mut answer = Answer {
        at: NOW,
        booking: wanted.booking,
        request: reference(11).hash,
        outcome: Outcome::Refused { reason: Reason::TAKEN, text: "non".into() },
    };
    let payload = answer.to_payload().unwrap();
    place.owner.told(inner::ANSWER, &payload, &reference(50), &stranger);
    assert_eq!(place.owner.view(&wanted.booking).status, Status::Requested);
    let (owner, hub) = (place.owner.me, place.hub.me);
    answer.outcome = Outcome::Refused { reason: Reason::UNAVAILABLE, text: "en panne".into() };
    place.owner.told(inner::ANSWER, &answer.to_payload().unwrap(), &reference(51), &hub);
    let now = place.owner.view(&wanted.booking);
    assert_eq!((now.status, now.reason), (Status::Refused, Some(Reason::UNAVAILABLE)));
    assert_eq!(now.text, "en panne");
    // Nobody can put a request under another's name.
    let mut tx = Tx::new(&place.hub.rows);
    let row = tx.row::<Bookings>(&wanted.booking).unwrap().unwrap();
    let request = row.request().unwrap().record.to_payload().unwrap();
    let forged = booking::project_sealed(
        &mut tx,
        &place.facts,
        inner::REQUEST,
        &request,
        &reference(52),
        &owner,
    );
    assert!(forged.is_err());
}

#[test]
fn a_request_shows_how_far_it_got() {
    let mut place = place();
    // Any entry of the own journal will do for a request's.
    let view = place.owner.domain(&place.domain);
    let set =
        booking::set_terms(&view, &place.owner.me, place.listing, Terms::default(), vec![], NOW);
    let at = place.owner.write(&place.facts, &set.unwrap());
    let wanted = place.wanted(11, 2);
    let requester = MemberId([11; 32]);
    let by = Holder { member: requester, device: DeviceId([11; 32]), incarnation: 0 };
    let request = place.asked(11, &wanted);
    place.owner.told(inner::REQUEST, &request.to_payload().unwrap(), &at, &by);
    let shown = |rows: &MemoryRows| {
        let tx = Tx::new(rows);
        booking::view(&tx, &wanted.booking, &requester, &[], &world::AllNear, NOW)
            .unwrap()
            .unwrap()
            .delivery
    };
    assert_eq!(shown(&place.owner.rows), Delivery::OnDevice);
    let mut tx = Tx::new(&place.owner.rows);
    let position = journal::position(&tx).unwrap();
    journal::mark_sent(&mut tx, position.n).unwrap();
    let writes = tx.into_writes();
    place.owner.rows.commit(writes);
    assert_eq!(shown(&place.owner.rows), Delivery::Sent);
    let receipt = booking::Receipt { at: NOW, hashes: vec![at.hash] };
    let hub = place.hub.me;
    place.owner.told(inner::RECEIPT, &receipt.to_payload().unwrap(), &reference(70), &hub);
    assert_eq!(shown(&place.owner.rows), Delivery::Received);
}
