//! The order of decisions (`PROTOCOL.md` §7) against a slow oracle, on random histories.
//!
//! `PALIER_CASES=100000 cargo test --release -p palier-model --test booking_order`
//! runs more; a failure prints the hazards and the seed, which `PALIER_FIRST` replays.

mod history;
mod oracle;

use std::collections::{BTreeMap, BTreeSet};

use history::{Dice, Hazards, History, history};
use oracle::{Became, Busy, Oracle, Told};
use palier_model::booking::{Act, ActKind, Calendar, Effect, Op, calendar};
use palier_model::keys::EntryHash;
use palier_model::time::Instant;

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

fn of_view(history: &History, view: &BTreeSet<EntryHash>) -> Calendar {
    calendar(&history.domain, &history.of(view), &history.world)
}

fn effects(calendar: &Calendar) -> BTreeMap<EntryHash, Effect> {
    let lines = calendar.history.values().flatten();
    let own = lines.filter(|l| l.place.is_some() && !matches!(l.effect, Effect::Overtaken(_)));
    own.map(|l| (l.act, l.effect)).collect()
}

fn agree(history: &History, acts: &[Act], what: &str) -> Calendar {
    let engine = calendar(&history.domain, acts, &history.world);
    let told = Oracle::new(&history.domain, acts, &history.world).everything();
    assert_eq!(engine.order, told.order, "order, {what}");
    assert_eq!(Some(engine.holder), told.holder, "holder, {what}");
    assert_eq!(engine.tenure, told.tenure, "tenure, {what}");
    let effects = effects(&engine);
    for (hash, became) in &told.became {
        let same = match effects[hash] {
            Effect::Accepted => *became == Became::Counts,
            Effect::Displaced(_) => *became == Became::Displaced,
            Effect::NoChange => *became == Became::Nothing,
            Effect::Resized { .. } => *became == Became::Moved,
            Effect::Kept { .. } => *became == Became::Kept,
            Effect::Queued => *became == Became::Queued,
            _ => false,
        };
        assert!(same, "{what}: {hash:?} {:?} here, {became:?} there", effects[hash]);
    }
    let counting: Vec<_> = engine.counting.iter().map(|h| (h.booking, h.decision)).collect();
    let counted: Vec<_> = told.counting.iter().map(|(b, (h, _))| (*b, *h)).collect();
    assert_eq!(counting, counted, "counting, {what}");
    for held in &engine.counting {
        let (_, busy) = &told.counting[&held.booking];
        assert_eq!(held.interval, busy.interval, "interval, {what}");
        let end = held.resized.map(|it| (it.decision, it.firm));
        let by = told.ends.get(&held.booking).map(|by| (*by, told.firm.contains(by)));
        assert_eq!(end, by, "end, {what}");
        assert_eq!(held.firm, told.firm.contains(&held.decision), "firm, {what}");
    }
    the_list_is_the_same(&engine, &told, what);
    let released: Vec<_> = engine.released.iter().map(|r| r.booking).collect();
    assert_eq!(released, told.released.into_iter().collect::<Vec<_>>(), "released, {what}");
    let in_force: Vec<_> = history
        .domain
        .record
        .resources
        .iter()
        .map(|r| (engine.terms[&r.listing].capacity, engine.terms[&r.listing].gap_ms()))
        .collect();
    assert_eq!(in_force, told.in_force, "terms, {what}");
    let waiting: Vec<_> = told.waiting_for.into_iter().collect();
    assert_eq!(engine.waiting_for, waiting, "waiting for, {what}");
    engine
}

/// Who waits, in which order and for what, and whom an acceptance overtook.
fn the_list_is_the_same(engine: &Calendar, told: &Told, what: &str) {
    let list: Vec<_> =
        engine.waiting.iter().map(|w| (w.booking, w.interval, w.quantity, w.decision)).collect();
    let said: Vec<_> =
        told.list.iter().map(|(w, by)| (w.booking, w.interval, w.quantity, *by)).collect();
    assert_eq!(list, said, "waiting list, {what}");
    let places: Vec<_> = engine.waiting.iter().map(|w| w.place).collect();
    assert!(places.is_sorted(), "{what}");
    for waits in &engine.waiting {
        assert_eq!(engine.order[waits.place as usize], waits.decision, "{what}");
        let by: Vec<_> = told.overtaken.iter().filter(|(_, id)| *id == waits.booking).collect();
        let by: Vec<_> = by.into_iter().map(|(hash, _)| *hash).collect();
        let missed: Vec<_> = by.iter().filter(|hash| !waits.overtaken_by.contains(hash)).collect();
        assert!(missed.is_empty(), "overtaken in silence, {what}");
    }
    let mut overtaken: Vec<_> = engine
        .history
        .iter()
        .flat_map(|(id, lines)| lines.iter().map(move |line| (line, *id)))
        .filter(|(line, _)| matches!(line.effect, Effect::Overtaken(_)))
        .map(|(line, id)| (line.act, id))
        .collect();
    let mut said = told.overtaken.clone();
    overtaken.sort_unstable();
    said.sort_unstable();
    assert_eq!(overtaken, said, "overtaken, {what}");
}

/// No acceptance counts beyond the capacity in force at its place.
fn capacity_holds(history: &History, engine: &Calendar, acts: &[Act], what: &str) {
    let oracle = Oracle::new(&history.domain, acts, &history.world);
    let by_hash: BTreeMap<_, _> = acts.iter().map(|act| (act.hash, act)).collect();
    let effects = effects(engine);
    let record = &history.domain.record;
    let mut in_force: Vec<_> =
        record.resources.iter().map(|r| (r.terms.capacity, r.terms.gap_ms())).collect();
    let mut counting: BTreeMap<_, Busy> = BTreeMap::new();
    for hash in &engine.order {
        let ActKind::Decision { op, .. } = &by_hash[hash].kind else { continue };
        match op {
            Op::Accept { booking, resource, interval, quantity, .. }
                if effects[hash] == Effect::Accepted =>
            {
                let me = Busy {
                    booking: *booking,
                    resource: record.index_of(resource).unwrap(),
                    interval: *interval,
                    quantity: *quantity,
                };
                let (capacity, gap) = in_force[me.resource];
                let others: Vec<Busy> = counting.values().cloned().collect();
                assert!(oracle.fits(&me, &others, capacity, gap), "over capacity, {what}");
                counting.insert(*booking, me);
            }
            Op::Resize { booking, end, .. } if matches!(effects[hash], Effect::Resized { .. }) => {
                let mut me = counting.remove(booking).unwrap();
                let before = me.interval.end.map_or(i64::MAX, |end| end.0);
                me.interval.end = *end;
                let (capacity, gap) = in_force[me.resource];
                let others: Vec<Busy> = counting.values().cloned().collect();
                let longer = end.map_or(i64::MAX, |end| end.0) > before;
                let fits = !longer || oracle.fits(&me, &others, capacity, gap);
                assert!(fits, "longer than there is room, {what}");
                counting.insert(*booking, me);
            }
            Op::Release { booking, .. } => {
                counting.remove(booking);
            }
            Op::Terms { resource, terms, cancels } => {
                if let Some(at) = record.index_of(resource) {
                    in_force[at] = (terms.capacity, terms.gap_ms());
                    counting.retain(|b, _| !cancels.contains(b));
                }
            }
            _ => {}
        }
    }
    let left: Vec<_> = counting.keys().copied().collect();
    assert_eq!(left, engine.counting.iter().map(|h| h.booking).collect::<Vec<_>>(), "{what}");
}

/// What a later view may and may not change of an earlier one, without forks.
fn later_view_keeps(
    history: &History,
    before: (&BTreeSet<EntryHash>, &Calendar),
    after: (&BTreeSet<EntryHash>, &Calendar),
    what: &str,
) {
    let acts = history.of(after.0);
    let mut oracle = Oracle::new(&history.domain, &acts, &history.world);
    let spine_now = oracle.everything().spine;
    let new: Vec<&Act> = acts.iter().filter(|act| !before.0.contains(&act.hash)).collect();
    if new.iter().any(|act| matches!(act.kind, ActKind::Close { .. })) {
        return;
    }
    let released: BTreeSet<_> = after.1.released.iter().map(|r| r.booking).collect();
    for held in before.1.counting.iter().filter(|held| held.firm) {
        let same = after.1.counting.iter().any(|now| now.firm && now.decision == held.decision);
        assert!(same || released.contains(&held.booking), "a firm booking fell, {what}");
        // Nor is it shortened by merging: only by an act that says so.
        let now = after.1.counting.iter().find(|now| now.booking == held.booking);
        let end = |at: Option<Instant>| at.map_or(i64::MAX, |at| at.0);
        let sure = held.resized.is_none_or(|it| it.firm);
        let cut = |act: &&Act| match &act.kind {
            ActKind::Decision { op: Op::Resize { booking, from, end: to }, .. } => {
                *booking == held.booking && end(*to) < end(*from)
            }
            _ => false,
        };
        if let Some(now) = now.filter(|_| sure && !new.iter().any(cut)) {
            let kept = end(now.interval.end) >= end(held.interval.end);
            assert!(kept, "a firm booking was shortened, {what}");
        }
    }
    let is_firm = |hash: &EntryHash| {
        let place = before.1.order.iter().position(|h| h == hash);
        place.is_some_and(|place| place < before.1.firm_places as usize)
    };
    let (earlier, later) = (effects(before.1), effects(after.1));
    for (hash, effect) in &earlier {
        let now = later[hash];
        if is_firm(hash) {
            assert_eq!(*effect, now, "something firm changed, {what}");
        }
        let back = match effect {
            Effect::Displaced(_) => now == Effect::Accepted,
            Effect::Kept { .. } => matches!(now, Effect::Resized { .. }),
            _ => false,
        };
        if back {
            let seen = new.iter().any(|act| {
                oracle.past_of(&act.hash).contains(hash) && spine_now.contains(&act.hash)
            });
            assert!(seen, "a displaced booking came back by itself, {what}");
        }
    }
}

/// A holder's acceptance counts in every view as it did in that of its own past.
fn holders_word_stands(history: &History, view: &Calendar, acts: &[Act], what: &str) {
    let mut oracle = Oracle::new(&history.domain, acts, &history.world);
    let told = oracle.everything();
    for hash in &told.spine {
        let mut own = oracle.past_of(hash).clone();
        own.insert(*hash);
        let alone = oracle.tell(&own);
        if alone.spine.contains(hash) {
            assert_eq!(alone.became.get(hash), told.became.get(hash), "{what}");
        }
    }
    assert_eq!(view.order.len(), told.order.len());
}

fn check(seed: u64, hazards: Hazards) {
    let mut dice = Dice::new(seed ^ 0xabcd);
    let steps = 6 + dice.below(30);
    let history = history(seed, steps, hazards);
    let what = format!("seed {seed}, {hazards:?}");
    // Everything, in an order of arrival that has nothing to do with causes.
    let mut acts = history.acts.clone();
    for at in (1..acts.len()).rev() {
        acts.swap(at, dice.below(at as u64 + 1) as usize);
    }
    let all = agree(&history, &acts, &what);
    assert_eq!(all, calendar(&history.domain, &history.acts, &history.world), "{what}");
    capacity_holds(&history, &all, &acts, &what);
    // Claimed clocks buy nothing.
    for act in &mut acts {
        act.at = Instant(-1);
    }
    let mut other = calendar(&history.domain, &acts, &history.world);
    assert_eq!(all.order, other.order, "{what}");
    assert_eq!(all.counting, other.counting, "{what}");
    assert_eq!(all.displaced, other.displaced, "{what}");
    assert_eq!(all.waiting, other.waiting, "{what}");
    // Where something is missing, what saw it waits: the rest is a view of its own.
    let mut holes = history.acts.clone();
    holes.retain(|_| !dice.chance(8));
    other = agree(&history, &holes, &what);
    let complete: BTreeSet<_> =
        holes.iter().map(|act| act.hash).filter(|hash| !other.incomplete.contains(hash)).collect();
    let mut without = of_view(&history, &complete);
    without.incomplete.clone_from(&other.incomplete);
    assert_eq!(without, other, "{what}");
    // Views as they were.
    for views in &history.views {
        let mut before: Option<(&BTreeSet<EntryHash>, Calendar)> = None;
        for view in views {
            if !dice.chance(25) {
                continue;
            }
            let acts = history.of(view);
            let now = agree(&history, &acts, &what);
            capacity_holds(&history, &now, &acts, &what);
            holders_word_stands(&history, &now, &acts, &what);
            if let Some((earlier, calendar)) = &before
                && !hazards.forks
                && !hazards.lies
            {
                later_view_keeps(&history, (earlier, calendar), (view, &now), &what);
            }
            before = Some((view, now));
        }
    }
}

fn run(usual: u64, hazards: Hazards) {
    let first = number("PALIER_FIRST", 0);
    for seed in first..first + number("PALIER_CASES", usual) {
        check(seed, hazards);
    }
}

#[test]
fn a_holder_and_stand_ins_agree_after_every_partition() {
    run(1_000, Hazards::default());
}

#[test]
fn a_lost_holder_is_closed_and_all_agree_who_holds() {
    run(1_000, Hazards { closings: true, ..Hazards::default() });
}

#[test]
fn forks_lies_and_closed_devices_change_nothing_but_what_they_name() {
    run(1_000, Hazards { closings: true, forks: true, lies: true, void: true });
}
