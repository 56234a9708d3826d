//! The life of a booking between its two sides: every cell of the table in
//! `docs/life-cycles.md` is tried, and what was said gives one stage in whatever order.
//!
//! `PALIER_UPDATE_GOLDEN=1` writes the table anew.

#[path = "life_cycle/services.rs"]
mod services;

use std::fmt::Write as _;
use std::path::PathBuf;

use palier_model::booking::StepKind;
use palier_model::booking::lifecycle::{
    Life, RULES, Said, Side, Sides, Stage, StepError, Until, life, may,
};
use palier_model::time::{Instant, Interval};
use proptest::prelude::*;

const START: Instant = Instant(1_924_938_000_000);
const HOUR_MS: i64 = 3_600_000;

fn interval() -> Interval {
    Interval { start: START, end: Some(START.plus_ms(2 * HOUR_MS)) }
}

fn said(kind: StepKind, side: Side, after_ms: i64) -> Said {
    Said { kind, side, at: START.plus_ms(after_ms) }
}

/// What was said, and after how long the stage is looked at: a way into each stage.
fn way_into(stage: Stage) -> (Vec<Said>, i64) {
    let handed = said(StepKind::HAND_OVER, Side::Owner, 0);
    let returned = said(StepKind::RETURN, Side::Owner, HOUR_MS);
    match stage {
        Stage::Booked => (vec![], HOUR_MS),
        Stage::HandedOver => (vec![handed], HOUR_MS),
        Stage::Overdue => (vec![handed], 3 * HOUR_MS),
        Stage::Returned => (vec![handed, returned], HOUR_MS),
        Stage::Ended => (vec![], 3 * HOUR_MS),
        Stage::NoShow => (vec![said(StepKind::NO_SHOW, Side::Owner, HOUR_MS)], HOUR_MS),
        Stage::Lost => (vec![handed, said(StepKind::LOST, Side::Owner, HOUR_MS)], HOUR_MS),
        Stage::Disputed => {
            (vec![handed, returned, said(StepKind::DISPUTED, Side::Owner, HOUR_MS)], HOUR_MS)
        }
        Stage::Closed => {
            (vec![handed, returned, said(StepKind::RETURN, Side::Requester, HOUR_MS)], HOUR_MS)
        }
    }
}

fn at(stage: Stage) -> (Life, Instant) {
    let (said, after_ms) = way_into(stage);
    let now = START.plus_ms(after_ms);
    let life = life(&interval(), &said, now);
    assert_eq!(life.stage, stage, "the way into {}", stage.code());
    (life, now)
}

/// Where it leads if a side says it from there.
fn leads_to(stage: Stage, kind: StepKind, side: Side) -> Stage {
    let (mut told, after_ms) = way_into(stage);
    told.push(said(kind, side, after_ms));
    life(&interval(), &told, START.plus_ms(after_ms)).stage
}

fn side(side: Side) -> &'static str {
    match side {
        Side::Requester => "requester",
        Side::Owner => "owner",
    }
}

/// One cell, as the model answers: who may, and where it leads.
fn cell(stage: Stage, kind: StepKind) -> String {
    let (life, now) = at(stage);
    let mut may_say = Vec::new();
    let mut refused = Vec::new();
    for of in Side::ALL {
        match may(&life, kind, of, false, now) {
            Ok(()) => {
                may_say.push(format!("{} → {}", side(of), leads_to(stage, kind, of).code()));
            }
            Err(error) => refused.push(error.code().trim_start_matches("booking.step.")),
        }
    }
    if may_say.is_empty() {
        refused.dedup();
        format!("*{}*", refused.join(", "))
    } else {
        may_say.join("; ")
    }
}

fn days(ms: i64) -> String {
    match ms {
        0 => "0".to_owned(),
        ms if ms % Instant::DAY_MS == 0 => format!("{} d", ms / Instant::DAY_MS),
        ms => format!("{} min", ms / 60_000),
    }
}

fn document() -> String {
    let mut out = String::from(
        "# Life cycles

Written by `core/model/tests/life_cycle.rs`, which tries every cell.

## Bookings

A booking that the calendar confirms goes on between its two sides: whoever asked (*requester*) and whoever decides (*owner*). Each says what happened in a sealed record of its own; a code shown by the other side's device (`palier qr show`) carries their word as well. The stage follows from all that was said and from the time; the order in which it arrives does not matter.

By time alone: *booked* becomes *ended* and *handed_over* becomes *overdue* at the end of the booking; *returned* (one side's word), *no_show* and *ended* become *closed* after seven days in which nobody said otherwise. A stage is *disputed* where a side says so, where the owner says that nobody came and the requester that it was handed over or returned, and where the owner says that it is lost and the requester that it is back; it is closed when both say that it is settled. What the owner says is back before its end, or was never come for, is free for others from then on. The end of a booking is the one in force: as it was accepted, or as the two agreed or notice was given since.

### Before it holds

*Requested* until the owner's side answers. One that said it would wait is put on the list by the owner's device where the place is taken or spoken for: *waiting*, in the order of those decisions; one that was accepted and lost its place, *displaced*, waits at the place it had. *Offered* while what came free is offered to it and neither taken nor run out; *taken*, the owner's device accepts it, and it holds. An offer that runs out takes it off the list (*cancelled*), and the next one's turn comes; who let it pass may wait again, at the end. Who was passed over while it ran stays on the list and has one more offer for each time. One that was taken in time counts only if the owner's device hears of it before it has taken the booking off. What waits longer than until its start has *lapsed*.

| stage | comes next | by whom |
|---|---|---|
| requested | waiting | owner's device, or the owner |
| requested, waiting | confirmed, refused | owner; by itself where the listing is instant |
| waiting, displaced | offered | owner; by itself where the listing is instant |
| offered | confirmed | requester takes it, the owner's device accepts |
| offered | cancelled | time |
| requested, waiting, displaced, offered | cancelled | requester |
| requested, waiting | lapsed | time |

### Who may say what, from where

A cell says who may and which stage follows; in italics, why nobody may.

",
    );
    out.push_str("| stage |");
    for kind in StepKind::ALL {
        let _ = write!(out, " {} |", kind.code());
    }
    out.push_str("\n|---|");
    out.push_str(&"---|".repeat(StepKind::ALL.len()));
    for stage in Stage::ALL {
        let _ = write!(out, "\n| {} |", stage.code());
        for kind in StepKind::ALL {
            let _ = write!(out, " {} |", cell(stage, kind));
        }
    }
    out.push_str("\n\n### When\n\n| said | by | not before the start + | until the end + | again |\n|---|---|---|---|---|");
    for rule in RULES {
        let by = match rule.by {
            Sides::Either => "either",
            Sides::Only(of) => side(of),
        };
        let until = match rule.until {
            Until::Ever => "—".to_owned(),
            Until::AfterEnd(ms) => days(ms),
        };
        let again = if rule.repeats { "yes" } else { "no" };
        let _ = write!(
            out,
            "\n| {} | {by} | {} | {until} | {again} |",
            rule.kind.code(),
            days(rule.after_start_ms)
        );
    }
    out.push('\n');
    services::document(&mut out);
    out
}

#[test]
fn every_cell_of_the_table_is_as_it_is_told() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/life-cycles.md");
    let made = document();
    if std::env::var_os("PALIER_UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, &made).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), made);
}

#[test]
fn each_is_said_in_its_time_and_by_its_side_once() {
    for rule in RULES {
        let stage = rule.from[0];
        let (life, _) = at(stage);
        for of in Side::ALL {
            let is_theirs = rule.by != Sides::Only(of.other());
            let earliest = START.plus_ms(rule.after_start_ms);
            if !is_theirs {
                assert_eq!(may(&life, rule.kind, of, false, earliest), Err(StepError::OtherSide));
                continue;
            }
            assert_eq!(may(&life, rule.kind, of, false, earliest), Ok(()));
            let before = may(&life, rule.kind, of, false, earliest.plus_ms(-1));
            assert_eq!(before, Err(StepError::TooEarly { from: earliest }));
            let again = may(&life, rule.kind, of, true, earliest);
            assert_eq!(again.is_ok(), rule.repeats, "{} again", rule.kind.code());
            if let (Until::AfterEnd(ms), Some(end)) = (rule.until, life.interval.end) {
                let until = end.plus_ms(ms);
                assert_eq!(may(&life, rule.kind, of, false, until.plus_ms(-1)), Ok(()));
                let late = may(&life, rule.kind, of, false, until);
                assert_eq!(late, Err(StepError::TooLate { until }));
            }
        }
    }
}

#[test]
fn silence_closes_after_seven_days_and_not_before() {
    for stage in [Stage::Returned, Stage::NoShow, Stage::Ended] {
        let (told, after_ms) = way_into(stage);
        let changes = at(stage).0.changes_at.unwrap();
        let since = if stage == Stage::Ended { 2 * HOUR_MS } else { after_ms };
        assert_eq!(changes, START.plus_ms(since + 7 * Instant::DAY_MS));
        assert_eq!(life(&interval(), &told, changes.plus_ms(-1)).stage, stage);
        assert_eq!(life(&interval(), &told, changes).stage, Stage::Closed);
    }
    // Whoever claims to have said it long ago closes nothing sooner.
    let early = [said(StepKind::RETURN, Side::Requester, -100 * Instant::DAY_MS)];
    let now = START.plus_ms(HOUR_MS);
    assert_eq!(life(&interval(), &early, now).stage, Stage::Returned);
}

#[test]
fn what_is_rented_until_notice_is_never_overdue() {
    let open = Interval { start: START, end: None };
    let handed = [said(StepKind::HAND_OVER, Side::Owner, 0)];
    let years = START.plus_ms(4_000 * Instant::DAY_MS);
    assert_eq!(life(&open, &handed, years).stage, Stage::HandedOver);
    assert_eq!(life(&open, &[], years).stage, Stage::Booked);
}

fn any_said() -> impl Strategy<Value = Said> {
    let kind = prop::sample::select(StepKind::ALL.to_vec());
    let of = prop::sample::select(Side::ALL.to_vec());
    (kind, of, -3_i64..400).prop_map(|(kind, of, hours)| said(kind, of, hours * HOUR_MS))
}

proptest! {
    /// Nothing said twice, and no order of arrival, moves a stage; only time does, and by
    /// time alone nothing that was closed opens again.
    #[test]
    fn a_stage_follows_from_the_set_of_what_was_said(
        mut told in prop::collection::vec(any_said(), 0..8),
        turns in 0_usize..8,
        hours in -30_i64..500,
    ) {
        let now = START.plus_ms(hours * HOUR_MS);
        let seen = life(&interval(), &told, now);
        told.extend(told.clone());
        let len = told.len().max(1);
        told.rotate_left(turns % len);
        prop_assert_eq!(life(&interval(), &told, now), seen);
        if let Some(changes) = seen.changes_at {
            prop_assert!(changes > now);
            prop_assert_eq!(life(&interval(), &told, changes.plus_ms(-1)).stage, seen.stage);
            prop_assert_ne!(life(&interval(), &told, changes).stage, seen.stage);
        } else {
            let later = now.plus_ms(10_000 * HOUR_MS);
            prop_assert_eq!(life(&interval(), &told, later).stage, seen.stage);
        }
    }

    /// What one side says alone never speaks for the other.
    #[test]
    fn one_side_alone_agrees_to_nothing(
        told in prop::collection::vec(any_said(), 0..8),
        hours in 0_i64..100,
    ) {
        let mine: Vec<Said> = told.into_iter().filter(|it| it.side == Side::Owner).collect();
        let seen = life(&interval(), &mine, START.plus_ms(hours * HOUR_MS));
        prop_assert!(!seen.returned.is_agreed() && !seen.handed_over.is_agreed());
        prop_assert_ne!(seen.stage, Stage::Closed, "within a week of its end");
    }
}
