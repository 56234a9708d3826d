//! Credits (`PROTOCOL.md` §7) against a slow oracle, on random histories: two devices a
//! member, partial merges, forks, closings, lines that come to be known late.
//!
//! `PALIER_CASES=100000 cargo test --release -p palier-model --test credit_oracle` runs
//! more; a failure names its seed, which `PALIER_FIRST` replays.
#![allow(clippy::print_stdout)]

mod history;
mod oracle;

use std::collections::{BTreeMap, BTreeSet};

use history::{Copy, Dice, History, Record, history};
use oracle::{Fact, Oracle};
use palier_model::keys::{DeviceId, EntryHash};
use palier_model::ledger::{Figures, Transfers, figures};
use palier_model::rows::Tx;

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

/// The transfers that count in a copy, with what is left after each.
fn counting(copy: &Copy) -> BTreeMap<EntryHash, i128> {
    let tx = Tx::new(&copy.rows);
    let rows = tx.rows_with_prefix::<Transfers>(&[], usize::MAX).unwrap();
    let counts = rows.into_iter().filter_map(|(_, row)| Some((row.at.hash, row.state.ok()?)));
    counts.map(|(hash, cover)| (hash, i128::from(cover.minutes))).collect()
}

fn facts(history: &History, has: &BTreeSet<EntryHash>) -> BTreeMap<EntryHash, Fact> {
    let known = history.items.iter().filter(|item| has.contains(&item.at.hash));
    known.map(|item| (item.at.hash, item.fact())).collect()
}

fn agrees(history: &History, copy: &Copy, what: &str) {
    let facts = facts(history, &copy.has);
    let told = Oracle::new(&facts, &copy.lines.0).counting();
    assert_eq!(counting(copy), told, "{what}");
}

/// All entries in a random order, looked at after each.
fn in_any_order(history: &History, dice: &mut Dice, what: &str) -> Copy {
    let mut items: Vec<_> = history.items.iter().collect();
    dice.shuffle(&mut items);
    let mut copy = Copy::new(&history.first_lines);
    let told_at = dice.below(items.len() + 1);
    let mut before = BTreeMap::new();
    for (number, item) in items.into_iter().enumerate() {
        if number == told_at {
            copy.set_lines(&history.lines);
        }
        copy.take(item);
        let now = counting(&copy);
        for hash in before.keys() {
            assert!(now.contains_key(hash), "a transfer counted and does no more, {what}");
        }
        before = now;
        if number % 4 == 0 {
            agrees(history, &copy, what);
        }
    }
    copy.set_lines(&history.lines);
    copy
}

fn of_owner(history: &History, copy: &Copy, number: usize) -> Figures {
    let owner = history.accounts[number * 2].owner;
    let devices: Vec<DeviceId> =
        history.accounts.iter().filter(|it| it.owner == owner).map(|it| it.device).collect();
    figures(&Tx::new(&copy.rows), &copy.lines, &owner, &devices).unwrap()
}

fn sums_hold(history: &History, copy: &Copy, what: &str) {
    let facts = facts(history, &copy.has);
    let balances = Oracle::new(&facts, &copy.lines.0).balances();
    let mut total = 0;
    for number in 0..history.accounts.len() / 2 {
        let shown = of_owner(history, copy, number);
        let told = balances.get(&shown.owner).copied().unwrap_or(0);
        assert_eq!(i128::from(shown.balance), told, "balance, {what}");
        total += shown.balance;
        let mut twice = BTreeSet::new();
        let is_double = history.items.iter().filter(|it| it.by.owner == shown.owner).any(
            |it| matches!(&it.record, Record::Transfer(t) if !twice.insert((it.by.device, t.n))),
        );
        assert_eq!(shown.double_spend, is_double, "double spend, {what}");
        let hazards = history.hazards.get(&shown.owner).cloned().unwrap_or_default();
        if !hazards.closing && !is_double {
            assert_eq!(shown.overdraft, 0, "over the limit without a fork or closing, {what}");
            let line = i64::try_from(shown.line).unwrap();
            assert!(shown.balance >= -line, "over the limit, {what}");
        }
        let excess = -(i128::from(shown.balance) + i128::from(shown.line));
        assert_eq!(i128::from(shown.overdraft), excess.max(0), "overdraft, {what}");
    }
    assert_eq!(total, 0, "what is given is received, {what}");
}

#[test]
fn what_counts_is_what_the_oracle_counts_in_whatever_order_it_came() {
    let first = number("PALIER_FIRST", 0);
    let mut seen = [0_u64; 5];
    for seed in first..first + number("PALIER_CASES", 10_000) {
        let what = format!("seed {seed}");
        let history = history(seed);
        let mut dice = Dice::new(seed ^ 0xfeed);
        let one = in_any_order(&history, &mut dice, &what);
        let other = in_any_order(&history, &mut dice, &what);
        agrees(&history, &one, &what);
        assert!(one.dump() == other.dump(), "rows hang on the order of arrival, {what}");
        sums_hold(&history, &one, &what);
        let counting = counting(&one);
        let all_honest = history.hazards.values().all(|hazards| !hazards.dishonest);
        for hash in history.honest.iter().filter(|_| all_honest) {
            assert!(counting.contains_key(hash), "an honest transfer is held, {what}");
        }
        let transfers = history.items.iter().filter(|it| matches!(it.record, Record::Transfer(_)));
        let transfers = transfers.count();
        seen[0] += transfers as u64;
        seen[1] += (transfers - counting.len()) as u64;
        seen[2] += (history.items.len() - transfers) as u64;
        for number in 0..history.accounts.len() / 2 {
            let shown = of_owner(&history, &one, number);
            seen[3] += u64::from(shown.double_spend);
            seen[4] += u64::from(shown.overdraft > 0);
        }
    }
    let [transfers, held, closings, doubles, overdrafts] = seen;
    println!(
        "{transfers} transfers, {held} held, {closings} closings, {doubles} double spends, \
         {overdrafts} overdrafts"
    );
    if first == 0 && number("PALIER_CASES", 10_000) >= 1_000 {
        assert!(seen.iter().all(|n| *n > 100), "histories are too tame: {seen:?}");
    }
}
