use std::collections::BTreeSet;

use super::*;
use crate::booking::lifecycle::{Said, life};
use crate::booking::{Delivery, Footing, GivenNotice, Offering, StepKind, TextAccepted};
use crate::keys::EntryHash;

const ME: MemberId = MemberId([1; 32]);
const OTHER: MemberId = MemberId([2; 32]);
const MINUTE: i64 = 60_000;

fn at(minute: i64) -> Instant {
    Instant(minute * MINUTE)
}

/// What was told of a booking, in minutes.
#[derive(Debug, Clone, Copy)]
struct Facts {
    start: i64,
    end: Option<i64>,
    status: Status,
    mine: bool,
    handed: bool,
    back: bool,
    lost: bool,
    notice: bool,
    now: i64,
}

fn view(facts: &Facts) -> BookingView {
    let interval = Interval { start: at(facts.start), end: facts.end.map(at) };
    let said: Vec<Said> = [
        (facts.handed, StepKind::HAND_OVER),
        (facts.back, StepKind::RETURN),
        (facts.lost, StepKind::LOST),
    ]
    .into_iter()
    .filter(|(is, _)| *is)
    .map(|(_, kind)| Said { kind, side: Side::Owner, at: at(facts.start) })
    .collect();
    let holds = facts.status == Status::Confirmed;
    BookingView {
        booking: BookingId([7; 32]),
        domain: EntryHash([3; 32]),
        listing: DocId([4; 32]),
        requester: Some(if facts.mine { ME } else { OTHER }),
        owner: Some(if facts.mine { OTHER } else { ME }),
        interval,
        quantity: 1,
        note: String::new(),
        footing: Footing::NEAREST,
        is_served: true,
        text_accepted: TextAccepted::NotAsked,
        series: None,
        status: facts.status,
        firm: true,
        waiting_for: Vec::new(),
        reason: None,
        text: String::new(),
        by: None,
        alternatives: Vec::new(),
        waitlist: None,
        offer: None,
        has_room: false,
        life: holds.then(|| life(&interval, &said, at(facts.now))),
        end_firm: true,
        asked_end: None,
        notice: facts.notice.then(|| GivenNotice {
            by: Side::Owner,
            at: at(0),
            end: interval.end_or_max(),
            text: String::new(),
            took: facts.end.is_some(),
            earliest: None,
        }),
        delivery: Delivery::Received,
        history: Vec::new(),
        changes_at: None,
    }
}

/// Minute by minute: would a person want to be told of it then?
fn wants(facts: &Facts, minute: i64) -> BTreeSet<&'static str> {
    let mut wanted = BTreeSet::new();
    let end = facts.end.unwrap_or(i64::MAX);
    let week = 7 * 1_440;
    if facts.status == Status::Requested && !facts.mine && minute < facts.start {
        wanted.insert("question");
    }
    if facts.status != Status::Confirmed || facts.back || facts.lost {
        return wanted;
    }
    let is_over_unsaid = !facts.handed && end <= facts.now;
    if !facts.handed && !is_over_unsaid {
        let soon = minute >= facts.start - 60;
        if facts.mine && soon && minute < facts.start {
            wanted.insert("starts_soon");
        }
        if !facts.mine && soon && minute < end.min(facts.start + week) {
            wanted.insert("hand_over");
        }
    }
    if facts.handed && facts.end.is_some() {
        if facts.mine && minute < end && minute >= (end - 60).max(facts.start) {
            wanted.insert("return_due");
        }
        if minute >= end {
            wanted.insert("overdue");
        }
    }
    let goes_on = end > facts.now;
    if facts.notice && facts.end.is_some() && goes_on && minute >= end - week && minute < end {
        wanted.insert("notice_ends");
    }
    wanted
}

#[test]
fn each_minute_of_a_window_is_told_what_a_person_would_want_and_nothing_else() {
    let mut dice: u64 = 11;
    let mut roll = |n: i64| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33).cast_signed() % n
    };
    let statuses =
        [Status::Confirmed, Status::Requested, Status::Refused, Status::Cancelled, Status::Lapsed];
    let mut seen = BTreeSet::new();
    for case in 0..4_000 {
        let start = 20_000 + roll(400);
        let facts = Facts {
            start,
            end: (roll(5) > 0).then(|| start + 1 + roll(600)),
            status: if roll(3) > 0 { Status::Confirmed } else { statuses[roll(5) as usize] },
            mine: roll(2) == 0,
            handed: roll(2) == 0,
            back: roll(6) == 0,
            lost: roll(8) == 0,
            notice: roll(6) == 0,
            now: 20_000 + roll(1_200),
        };
        let window = 1 + roll(600);
        let minutes = facts.now..facts.now + window;
        let wanted: BTreeSet<_> = minutes.flat_map(|minute| wants(&facts, minute)).collect();
        let view = view(&facts);
        let of = |ms| of_booking(&view, &ME, at(facts.now), at(facts.now).plus_ms(ms));
        let told = of(window * MINUTE);
        let kinds: BTreeSet<_> = told.iter().map(|it| it.kind.code()).collect();
        assert_eq!(kinds, wanted, "case {case}: {facts:?} for {window} minutes");
        assert_eq!(kinds.len(), told.len(), "one for each kind");
        // What a short window tells a longer one tells too, unchanged.
        let longer = of(2 * window * MINUTE);
        assert!(told.iter().all(|it| longer.contains(it)), "case {case}");
        seen.extend(kinds);
    }
    assert_eq!(seen.len(), 6, "{seen:?}");
}

#[test]
fn an_offer_is_told_of_to_who_waits_before_it_runs_out_and_no_longer_once_it_is_taken() {
    let facts = Facts {
        start: 1_000,
        end: Some(1_100),
        status: Status::Offered,
        mine: true,
        handed: false,
        back: false,
        lost: false,
        notice: false,
        now: 0,
    };
    let told = |until: i64, is_taken: bool, now: i64, end: i64| {
        let entry = EntryHash([5; 32]);
        let offer = Offering { entry, until: at(until), text: String::new(), is_taken, made: 1 };
        let view = BookingView { offer: Some(offer), ..view(&facts) };
        let found = of_booking(&view, &ME, at(now), at(end));
        let found: Vec<_> = found.iter().map(|it| (it.kind, it.at, it.until)).collect();
        found
    };
    let due = |until: i64| vec![(ReminderKind::OfferRunsOut, at(until - 60), Some(at(until)))];
    assert_eq!(told(500, false, 0, 441), due(500));
    assert_eq!(told(500, false, 0, 440), []);
    assert_eq!(told(500, false, 499, 600), due(500));
    assert_eq!(told(500, false, 500, 600), []);
    assert_eq!(told(500, true, 0, 600), []);
}

#[test]
fn a_reminder_that_moves_keeps_its_id_and_codes_are_all_different() {
    let facts = Facts {
        start: 100,
        end: Some(200),
        status: Status::Confirmed,
        mine: true,
        handed: true,
        back: false,
        lost: false,
        notice: false,
        now: 110,
    };
    let due = |facts: &Facts| of_booking(&view(facts), &ME, at(110), at(1_000));
    let (before, after) = (due(&facts), due(&Facts { end: Some(400), ..facts }));
    let ids = |all: &[Reminder]| all.iter().map(Reminder::id).collect::<Vec<_>>();
    assert_eq!(ids(&before), ids(&after));
    assert_ne!(before, after);
    let codes: BTreeSet<_> = ReminderKind::ALL.iter().map(|kind| kind.code()).collect();
    assert_eq!(codes.len(), ReminderKind::ALL.len());
}
