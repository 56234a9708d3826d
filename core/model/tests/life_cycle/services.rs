//! The life of a deal about help: the same for services.

use std::fmt::Write as _;

use palier_model::booking::lifecycle::{Side, Sides, StepError, Until};
use palier_model::keys::EntryHash;
use palier_model::service::{
    Agreed, Life, Move, Proposed, RULES, Said, Stage, StepKind, Told, in_force, life, may,
};
use palier_model::time::{Instant, Interval};
use proptest::prelude::*;

use super::{HOUR_MS, START, days, side};

fn hash(n: u8) -> EntryHash {
    EntryHash([n; 32])
}

fn proposed(n: u8, side: Side, hours: i64) -> Proposed {
    let start = START.plus_ms(hours * HOUR_MS);
    let interval = Interval { start, end: Some(start.plus_ms(2 * HOUR_MS)) };
    Proposed { id: hash(n), side, interval }
}

fn agreed(n: u8, side: Side, proposal: u8, over: &[u8]) -> Agreed {
    let over = over.iter().map(|n| hash(*n)).collect();
    Agreed { id: hash(n), side, proposal: hash(proposal), over }
}

fn said(kind: StepKind, side: Side, after_ms: i64) -> Said {
    Said { kind, side, at: START.plus_ms(after_ms) }
}

/// What was told, and after how long the stage is looked at: a way into each stage. The
/// owner proposes a time, and whoever answered agrees.
fn way_into(stage: Stage) -> (Told, i64) {
    let mut told = Told::default();
    if stage == Stage::Answered {
        return (told, 0);
    }
    let ends = |kind, side| said(kind, side, -HOUR_MS);
    match stage {
        Stage::Withdrawn => told.said.push(ends(StepKind::WITHDRAWN, Side::Requester)),
        Stage::Declined => told.said.push(ends(StepKind::DECLINED, Side::Owner)),
        _ => {}
    }
    told.proposals.push(proposed(1, Side::Owner, 0));
    if matches!(stage, Stage::Proposed | Stage::Withdrawn | Stage::Declined) {
        return (told, 0);
    }
    told.agreements.push(agreed(2, Side::Requester, 1, &[]));
    let done = |side| said(StepKind::DONE, side, HOUR_MS);
    let after_ms = match stage {
        Stage::Due => 3 * HOUR_MS,
        Stage::Lapsed => 31 * Instant::DAY_MS,
        _ => HOUR_MS,
    };
    match stage {
        Stage::Done => told.said.push(done(Side::Owner)),
        Stage::Closed => told.said.extend(Side::ALL.map(done)),
        Stage::Cancelled => told.said.push(ends(StepKind::CANCELLED, Side::Owner)),
        Stage::Disputed => {
            told.said.extend([done(Side::Owner), said(StepKind::DISPUTED, Side::Owner, HOUR_MS)]);
        }
        _ => {}
    }
    (told, after_ms)
}

fn at(stage: Stage) -> (Life, Instant) {
    let (told, after_ms) = way_into(stage);
    let now = START.plus_ms(after_ms);
    let life = life(&told, now);
    assert_eq!(life.stage, stage, "the way into {}", stage.code());
    (life, now)
}

/// Where it leads if a side does it from there.
fn leads_to(stage: Stage, what: Move, side: Side) -> Stage {
    let (mut told, after_ms) = way_into(stage);
    match what {
        Move::Propose => told.proposals.push(proposed(8, side, 24)),
        Move::Agree => {
            told.proposals.push(proposed(8, side.other(), 24));
            let known: Vec<u8> = if told.agreements.is_empty() { vec![] } else { vec![2] };
            told.agreements.push(agreed(9, side, 8, &known));
        }
        Move::Say(kind) => told.said.push(said(kind, side, after_ms)),
    }
    life(&told, START.plus_ms(after_ms)).stage
}

/// One cell, as the model answers: who may, and where it leads.
fn cell(stage: Stage, what: Move) -> String {
    let (life, now) = at(stage);
    let mut can = Vec::new();
    let mut refused = Vec::new();
    for of in Side::ALL {
        match may(&life, what, of, false, now) {
            Ok(()) => can.push(format!("{} → {}", side(of), leads_to(stage, what, of).code())),
            Err(error) => refused.push(error.code().trim_start_matches("booking.step.")),
        }
    }
    if can.is_empty() {
        refused.dedup();
        format!("*{}*", refused.join(", "))
    } else {
        can.join("; ")
    }
}

/// The part of the page about services.
pub(super) fn document(out: &mut String) {
    out.push_str(
        "
## Services

An answer to an offer or a need is a deal between whoever answered (*requester*) and the listing's *owner*. There is no calendar: either proposes a time, the other agrees or proposes another, and both say that it was done. An agreement counts where it names a proposal of the other side; a later one may replace it. Of several that none of the rest replaces, because both agreed at once to what the other had proposed, the earlier start counts, then the earlier end, then the smaller hash: both consented to each, and nobody misses the one that comes first.

By time alone: *agreed* becomes *due* at its end and *lapsed* thirty days later; *done* (one side's word) becomes *closed* after seven days in which nobody said otherwise. A deal is *disputed* where a side says so, and where one called it off and the other says that it was done; it is closed when both say that it is settled.

### Who may do what, from where

",
    );
    out.push_str("| stage |");
    for what in Move::ALL {
        let _ = write!(out, " {} |", what.code());
    }
    out.push_str("\n|---|");
    out.push_str(&"---|".repeat(Move::ALL.len()));
    for stage in Stage::ALL {
        let _ = write!(out, "\n| {} |", stage.code());
        for what in Move::ALL {
            let _ = write!(out, " {} |", cell(stage, what));
        }
    }
    out.push_str("\n\n### When it may be done\n\n| done | by | not before the agreed start + | until the agreed end + | again |\n|---|---|---|---|---|");
    for rule in RULES {
        let by = match rule.by {
            Sides::Either => "either",
            Sides::Only(of) => side(of),
        };
        let after = rule.after_start_ms.map_or_else(|| "—".to_owned(), days);
        let until = match rule.until {
            Until::Ever => "—".to_owned(),
            Until::AfterEnd(ms) => days(ms),
        };
        let again = if rule.repeats { "yes" } else { "no" };
        let _ = write!(out, "\n| {} | {by} | {after} | {until} | {again} |", rule.what.code());
    }
    out.push('\n');
}

#[test]
fn each_is_done_in_its_time_and_by_its_side_once() {
    for rule in RULES {
        for of in Side::ALL {
            let (life, now) = at(rule.from[0]);
            if rule.by == Sides::Only(of.other()) {
                assert_eq!(may(&life, rule.what, of, false, now), Err(StepError::OtherSide));
                continue;
            }
            assert_eq!(may(&life, rule.what, of, false, now), Ok(()), "{}", rule.what.code());
            assert_eq!(may(&life, rule.what, of, true, now).is_ok(), rule.repeats);
            let Some(interval) = life.interval else { continue };
            if let Some(ms) = rule.after_start_ms {
                let from = interval.start.plus_ms(ms);
                assert_eq!(may(&life, rule.what, of, false, from), Ok(()));
                let early = may(&life, rule.what, of, false, from.plus_ms(-1));
                assert_eq!(early, Err(StepError::TooEarly { from }));
            }
            if let (Until::AfterEnd(ms), Some(end)) = (rule.until, interval.end) {
                let until = end.plus_ms(ms);
                assert_eq!(may(&life, rule.what, of, false, until.plus_ms(-1)), Ok(()));
                let late = may(&life, rule.what, of, false, until);
                assert_eq!(late, Err(StepError::TooLate { until }));
            }
        }
    }
}

#[test]
fn one_word_alone_closes_after_seven_days_and_not_before() {
    let (told, _) = way_into(Stage::Done);
    let changes = at(Stage::Done).0.changes_at.unwrap();
    assert_eq!(changes, START.plus_ms(HOUR_MS + 7 * Instant::DAY_MS));
    assert_eq!(life(&told, changes.plus_ms(-1)).stage, Stage::Done);
    assert_eq!(life(&told, changes).stage, Stage::Closed);
    // Whoever claims to have said it long ago closes nothing sooner.
    let mut early = way_into(Stage::Agreed).0;
    early.said.push(said(StepKind::DONE, Side::Owner, -100 * Instant::DAY_MS));
    assert_eq!(life(&early, START.plus_ms(HOUR_MS)).stage, Stage::Done);
}

#[test]
fn two_who_agree_at_once_to_each_others_time_meet_at_the_earlier_one() {
    let told = Told {
        proposals: vec![proposed(1, Side::Owner, 48), proposed(2, Side::Requester, 24)],
        agreements: vec![agreed(3, Side::Requester, 1, &[]), agreed(4, Side::Owner, 2, &[])],
        said: vec![],
    };
    let seen = life(&told, START);
    assert_eq!((seen.stage, seen.agreed), (Stage::Agreed, Some(hash(2))));
    // Whoever saw both and agrees to a third replaces both.
    let mut moved = told.clone();
    moved.proposals.push(proposed(5, Side::Owner, 72));
    moved.agreements.push(agreed(6, Side::Requester, 5, &[3, 4]));
    assert_eq!(life(&moved, START).agreed, Some(hash(5)));
    // Nobody agrees for the other, nor to a proposal of their own.
    let mut own = told;
    own.agreements = vec![agreed(3, Side::Owner, 1, &[]), agreed(4, Side::Requester, 2, &[])];
    assert_eq!(life(&own, START).stage, Stage::Proposed);
}

fn any_told() -> impl Strategy<Value = Told> {
    let of = || prop::sample::select(Side::ALL.to_vec());
    let proposal = (of(), -3_i64..60);
    let agreement = (of(), 0_u8..6, prop::collection::btree_set(100_u8..108, 0..3));
    let step = (prop::sample::select(StepKind::ALL.to_vec()), of(), -3_i64..900);
    (
        prop::collection::vec(proposal, 0..5),
        prop::collection::vec(agreement, 0..6),
        prop::collection::vec(step, 0..5),
    )
        .prop_map(|(proposals, agreements, steps)| Told {
            proposals: (0..).zip(proposals).map(|(n, (by, at))| proposed(n, by, at)).collect(),
            // One names only what was there before it.
            agreements: (100_u8..)
                .zip(agreements)
                .map(|(n, (by, of, over))| {
                    let over: Vec<u8> = over.into_iter().filter(|it| *it < n).collect();
                    agreed(n, by, of, &over)
                })
                .collect(),
            said: steps.into_iter().map(|(kind, by, h)| said(kind, by, h * HOUR_MS)).collect(),
        })
}

/// Slowly and obviously: which proposal is agreed.
fn agreed_slowly(told: &Told) -> Option<EntryHash> {
    let proposal = |id: EntryHash| told.proposals.iter().find(|it| it.id == id);
    let mut left = Vec::new();
    for one in &told.agreements {
        let Some(named) = proposal(one.proposal) else { continue };
        if named.side == one.side {
            continue;
        }
        let mut replaced = false;
        for other in &told.agreements {
            let is_valid = proposal(other.proposal).is_some_and(|it| it.side != other.side);
            replaced |= is_valid && other.over.contains(&one.id);
        }
        if !replaced {
            left.push((
                named.interval.start.0,
                named.interval.end.map(|it| it.0),
                named.id,
                one.id,
            ));
        }
    }
    left.sort();
    left.first().map(|it| it.2)
}

proptest! {
    /// No order of arrival and nothing told twice moves a stage; only time does.
    #[test]
    fn a_stage_follows_from_the_set_of_what_was_told(
        told in any_told(),
        turns in 0_usize..8,
        hours in -30_i64..1_500,
    ) {
        let now = START.plus_ms(hours * HOUR_MS);
        let seen = life(&told, now);
        prop_assert_eq!(seen.agreed, agreed_slowly(&told));
        let mut other = told.clone();
        other.proposals.extend(told.proposals.clone());
        other.agreements.extend(told.agreements.clone());
        other.said.extend(told.said.clone());
        let turn = |len: usize| turns % len.max(1);
        let (p, a, s) = (other.proposals.len(), other.agreements.len(), other.said.len());
        other.proposals.rotate_left(turn(p));
        other.agreements.rotate_left(turn(a));
        other.said.rotate_left(turn(s));
        prop_assert_eq!(life(&other, now), seen);
        match seen.changes_at {
            Some(changes) => {
                prop_assert!(changes > now);
                prop_assert_eq!(life(&told, changes.plus_ms(-1)).stage, seen.stage);
                prop_assert_ne!(life(&told, changes).stage, seen.stage);
            }
            None => {
                let later = now.plus_ms(10_000 * HOUR_MS);
                prop_assert_eq!(life(&told, later).stage, seen.stage);
            }
        }
    }

    /// What one side says alone never agrees on a time, whatever it proposes and agrees to.
    #[test]
    fn one_side_alone_agrees_to_nothing(told in any_told(), hours in 0_i64..1_500) {
        let mut mine = told;
        mine.proposals.retain(|it| it.side == Side::Owner);
        mine.agreements.retain(|it| it.side == Side::Owner);
        mine.said.retain(|it| it.side == Side::Owner);
        let seen = life(&mine, START.plus_ms(hours * HOUR_MS));
        prop_assert!(in_force(&mine).is_empty());
        let is_open = matches!(seen.stage, Stage::Answered | Stage::Proposed | Stage::Declined);
        prop_assert!(is_open, "{:?}", seen.stage);
    }
}
