use super::*;
use crate::booking::tariff::{Currency, Rates, Tariff};
use crate::journal::Ref;
use crate::keys::{BookingId, DeviceId, DocId, EntryHash, LogId, MemberId};

fn reference(n: u8) -> Ref {
    Ref { document: DocId([n; 32]), log: LogId([n; 32]), seq: 7, hash: EntryHash([n; 32]) }
}

fn holder() -> Holder {
    Holder { member: MemberId([1; 32]), device: DeviceId([2; 32]), incarnation: 0 }
}

fn accept(start: i64, end: i64, quantity: u32) -> Decision {
    Decision {
        at: Instant(5),
        domain: EntryHash([3; 32]),
        tenure: 0,
        prev: Some(reference(1)),
        seen: vec![reference(1), reference(2)],
        op: Op::Accept {
            booking: BookingId([4; 32]),
            resource: DocId([5; 32]),
            interval: Interval { start: Instant(start), end: Some(Instant(end)) },
            quantity,
            tier: 0,
        },
    }
}

#[test]
fn records_go_there_and_back() {
    let domain =
        DomainRecord::single(Instant(1), DocId([5; 32]), Terms::default(), holder(), vec![]);
    assert_eq!(DomainRecord::from_payload(&domain.to_payload().unwrap()).unwrap(), domain);
    let ops = [
        accept(1, 2, 1).op,
        Op::Release { booking: BookingId([4; 32]), reason: Reason::NO_SHOW },
        Op::Terms {
            resource: DocId([5; 32]),
            terms: Terms::of_capacity(3).into(),
            cancels: vec![],
        },
        Op::HandOver { to: holder() },
        Op::Seen,
        Op::Resize { booking: BookingId([4; 32]), from: Some(Instant(7)), end: None },
        Op::Resize { booking: BookingId([4; 32]), from: None, end: Some(Instant(9)) },
    ];
    for op in ops {
        let decision = Decision { op, ..accept(1, 2, 1) };
        assert_eq!(Decision::from_payload(&decision.to_payload().unwrap()).unwrap(), decision);
    }
}

#[test]
fn fields_and_codes_of_a_later_version_are_left_alone() {
    let mut bytes = accept(1, 2, 1).to_payload().unwrap();
    bytes.extend([1, 2, 3]);
    assert_eq!(Decision::from_payload(&bytes).unwrap(), accept(1, 2, 1));
    let later = Decision { op: Op::Unknown { code: 77, body: vec![1, 2, 3] }, ..accept(1, 2, 1) };
    assert_eq!(Decision::from_payload(&later.to_payload().unwrap()).unwrap(), later);
    // A known code cannot hide as an unknown one, or hold more than its fields.
    let hidden = Decision { op: Op::Unknown { code: 5, body: vec![] }, ..accept(1, 2, 1) };
    assert!(hidden.to_payload().is_err());
}

#[test]
fn what_is_out_of_bounds_is_neither_written_nor_read() {
    for bad in [accept(2, 2, 1), accept(3, 2, 1), accept(1, 2, 0), accept(-1, 2, 1)] {
        assert!(matches!(bad.to_payload(), Err(RecordError::Bounds(_))), "{bad:?}");
        assert!(Decision::from_payload(&codec::encode(&bad)).is_err());
    }
    let same = Op::Resize { booking: BookingId([4; 32]), from: None, end: None };
    assert!(Decision { op: same, ..accept(1, 2, 1) }.to_payload().is_err());
    let unsorted = Decision { seen: vec![reference(2), reference(1)], ..accept(1, 2, 1) };
    assert!(unsorted.to_payload().is_err());
    let bad_terms = [
        Terms { step_minutes: Some(0), ..Terms::default() },
        Terms { step_minutes: Some(7), ..Terms::default() },
        Terms { zone: String::new(), ..Terms::default() },
        Terms { horizon_ms: Some(1), notice_ms: 2, ..Terms::default() },
        Terms { accept: "x".repeat(bounds::TEXT_BYTES + 1), ..Terms::default() },
        Terms {
            tariff: Tariff::ByTime { currency: Currency::Cents, rates: Rates::default() },
            ..Terms::default()
        },
    ];
    for terms in bad_terms {
        assert!(terms.check().is_err(), "{terms:?}");
    }
    let mut domain =
        DomainRecord::single(Instant(1), DocId([5; 32]), Terms::default(), holder(), vec![]);
    domain.resources[0].part_of = Some(0);
    assert!(domain.to_payload().is_err(), "a resource that is part of itself");
}

#[test]
fn a_booking_id_is_its_members_alone() {
    let random = [9; 32];
    let request = Request {
        at: Instant(1),
        booking: booking_id(&MemberId([1; 32]), &random),
        random,
        listing: DocId([5; 32]),
        domain: EntryHash([3; 32]),
        interval: Interval { start: Instant(1), end: None },
        quantity: 1,
        waitlist: true,
        note: "bonjour".into(),
        refs: vec![],
        series: None,
        accepted: None,
    };
    let back = Request::from_payload(&request.to_payload().unwrap()).unwrap();
    assert!(back.is_by(&MemberId([1; 32])) && !back.is_by(&MemberId([2; 32])));
}

#[test]
fn the_phrase_vouches_for_one_closing_only() {
    let phrase = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let owner = MemberId(phrase.verifying_key().to_bytes());
    let mut close = CloseHolder {
        at: Instant(1),
        domain: EntryHash([3; 32]),
        tenure: 0,
        last: None,
        seen: vec![],
        new_holder: holder(),
        phrase: None,
    };
    assert!(!close.is_by_phrase(&owner));
    close.sign_by_phrase(&phrase);
    assert!(close.is_by_phrase(&owner));
    let back = CloseHolder::from_payload(&close.to_payload().unwrap()).unwrap();
    assert!(back.is_by_phrase(&owner));
    close.tenure = 1;
    assert!(!close.is_by_phrase(&owner));
}
