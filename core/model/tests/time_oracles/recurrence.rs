//! Recurrence: each day after the start is asked whether the rule names it.

use std::collections::BTreeSet;

use palier_model::time::civil::{Date as CivilDate, DateTime};
use palier_model::time::{Bound, Instant, Interval, Pattern, Recurrence, Rule, Weekday, Zone};

use super::clocks::{Clocks, DAYS, ZONES, date, month_length};
use super::dice::Dice;

/// A rule as the oracle knows it; `days` are weekdays or days of a month.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    /// Start in minutes of the wall clock.
    pub(crate) start: i64,
    every: i64,
    kind: Kind,
    week_start: i64,
    until: Option<i64>,
    count: Option<usize>,
    without: BTreeSet<i64>,
}

#[derive(Debug, Clone)]
enum Kind {
    Day,
    Week(BTreeSet<i64>),
    MonthDay(BTreeSet<i64>),
    MonthWeekday(BTreeSet<(i64, i64)>),
}

/// All starts up to the wall minute `last`, day by day.
pub(crate) fn starts(told: &Told, last: i64) -> Vec<i64> {
    let (first_day, time) = (told.start / 1_440, told.start % 1_440);
    let first = date(first_day);
    let (mut found, mut counted) = (Vec::new(), 0);
    for day in first_day..=last / 1_440 {
        let this = date(day);
        let last_of_month = month_length(this.year, this.month);
        let months = (this.year - first.year) * 12 + this.month - first.month;
        // Day 4 was a Monday.
        let week = |day: i64| (day - 4 - told.week_start + 7).div_euclid(7);
        let named = match &told.kind {
            Kind::Day => (day - first_day) % told.every == 0,
            Kind::Week(days) => {
                let named = if days.is_empty() {
                    this.weekday == first.weekday
                } else {
                    days.contains(&this.weekday)
                };
                named && (week(day) - week(first_day)) % told.every == 0
            }
            Kind::MonthDay(days) => {
                let named = if days.is_empty() {
                    this.day == first.day
                } else {
                    days.contains(&this.day) || days.contains(&(this.day - last_of_month - 1))
                };
                named && months % told.every == 0
            }
            Kind::MonthWeekday(days) => {
                let nth = (this.day - 1) / 7 + 1;
                let from_end = -((last_of_month - this.day) / 7 + 1);
                let is = |nth| days.contains(&(nth, this.weekday));
                (is(0) || is(nth) || is(from_end)) && months % told.every == 0
            }
        };
        let at = day * 1_440 + time;
        if !named || told.until.is_some_and(|until| at > until) || at > last {
            continue;
        }
        counted += 1;
        if told.count.is_some_and(|count| counted > count) {
            break;
        }
        if !told.without.contains(&at) {
            found.push(at);
        }
    }
    found
}

/// A random rule, first as the oracle knows it.
pub(crate) fn random(dice: &mut Dice) -> Told {
    let start = dice.from(DAYS.0 + 3, DAYS.0 + 500) * 1_440 + 15 * dice.from(0, 95);
    let some = |dice: &mut Dice, low, high| -> BTreeSet<i64> {
        (0..dice.from(0, 3)).map(|_| dice.from(low, high)).filter(|n| *n != 0 || low == 0).collect()
    };
    let kind = match dice.from(0, 3) {
        0 => Kind::Day,
        1 => Kind::Week(some(dice, 0, 6)),
        2 => Kind::MonthDay(some(dice, -31, 31)),
        _ => {
            let nth = |dice: &mut Dice| if dice.chance(20) { 0 } else { dice.from(-5, 5) };
            let days = (0..dice.from(1, 3)).map(|_| (nth(dice), dice.from(0, 6)));
            Kind::MonthWeekday(days.collect())
        }
    };
    let ends = dice.from(0, 2);
    let mut told = Told {
        start,
        every: if dice.chance(50) { 1 } else { dice.from(1, 14) },
        kind,
        week_start: if dice.chance(60) { 0 } else { dice.from(0, 6) },
        until: (ends == 1).then(|| start + dice.from(-1_440, 500_000)),
        count: (ends == 2).then(|| dice.from(1, 40) as usize),
        without: BTreeSet::new(),
    };
    if dice.chance(50) {
        let all = starts(&told, start + 200 * 1_440);
        told.without.extend((0..3).filter(|_| !all.is_empty()).map(|_| dice.one_of(&all)));
        told.without.insert(start + dice.from(0, 2_000));
    }
    told
}

/// The wall time of a minute.
pub(crate) fn civil(wall: i64) -> DateTime {
    let day = date(wall / 1_440);
    let of = CivilDate::new(day.year as i16, day.month as i8, day.day as i8).unwrap();
    of.at((wall % 1_440 / 60) as i8, (wall % 60) as i8, 0, 0)
}

/// The same rule as the engine knows it.
pub(crate) fn engine(told: &Told) -> Recurrence {
    let weekday = |index: &i64| Weekday::ALL[*index as usize];
    let pattern = match &told.kind {
        Kind::Day => Pattern::Daily,
        Kind::Week(days) => Pattern::Weekly {
            weekdays: days.iter().map(weekday).collect(),
            week_start: weekday(&told.week_start),
        },
        Kind::MonthDay(days) => {
            Pattern::MonthlyByDay { days: days.iter().map(|day| *day as i8).collect() }
        }
        Kind::MonthWeekday(days) => Pattern::MonthlyByWeekday {
            weekdays: days.iter().map(|(nth, day)| (*nth as i8, weekday(day))).collect(),
        },
    };
    let bound = match (told.until, told.count) {
        (Some(until), _) => Bound::Until(civil(until)),
        (_, Some(count)) => Bound::Count(count as u32),
        _ => Bound::Forever,
    };
    let rule = Rule { pattern, interval: told.every as u16, bound };
    let mut recurrence = Recurrence::new(civil(told.start), rule).unwrap();
    recurrence.exceptions = told.without.iter().map(|at| civil(*at)).collect();
    recurrence
}

/// Each occurrence as minutes of real time.
pub(crate) fn intervals(told: &Told, clocks: &Clocks, length: i64, last: i64) -> Vec<(i64, i64)> {
    let interval = |start: i64| {
        let (from, to) = (clocks.minute(start), clocks.minute(start + length));
        (from, if to > from { to } else { from + length })
    };
    starts(told, last).into_iter().map(interval).collect()
}

#[test]
fn rules_name_the_days_that_a_walk_day_by_day_finds() {
    super::each_seed("recurrence", |dice, seed| {
        let told = random(dice);
        let recurrence = engine(&told);
        let text = recurrence.rule.to_string();
        assert_eq!(text.parse().as_ref(), Ok(&recurrence.rule), "seed {seed}");
        let from = told.start + dice.from(-10_000, 400_000);
        let to = from + dice.from(0, 400_000);
        let mut found = Vec::new();
        for at in recurrence.starts_from(civil(from)) {
            if at >= civil(to) {
                break;
            }
            found.push(at);
        }
        let walk = starts(&told, to).into_iter().filter(|at| (from..to).contains(at));
        let walk: Vec<_> = walk.map(civil).collect();
        assert_eq!(found, walk, "seed {seed}: {told:?}");
    });
}

#[test]
fn occurrences_are_where_the_clocks_put_them() {
    super::each_seed("occurrences", |dice, seed| {
        let told = random(dice);
        let clocks = &ZONES[dice.from(0, ZONES.len() as i64 - 1) as usize];
        let zone = Zone::named(clocks.name).unwrap();
        let length = if dice.chance(50) { 15 * dice.from(1, 40) } else { dice.from(1, 15_000) };
        let from = (told.start + dice.from(-20_000, 400_000)).min((DAYS.1 - 60) * 1_440);
        let to = from + dice.from(1, 40_000);
        let range = Interval { start: Instant(from * 60_000), end: Some(Instant(to * 60_000)) };
        let found = engine(&told).occurrences(&zone, length as u32, &range, usize::MAX).unwrap();
        let found: Vec<_> = found
            .items
            .iter()
            .map(|it| (it.interval.start.0 / 60_000, it.interval.end.unwrap().0 / 60_000))
            .collect();
        let walk = intervals(&told, clocks, length, to + 3 * 1_440);
        let walk: Vec<_> = walk.into_iter().filter(|(a, b)| *a < to && from < *b).collect();
        assert_eq!(found, walk, "seed {seed}: {} {length} {told:?}", clocks.name);
    });
}
