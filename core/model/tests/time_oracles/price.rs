//! Prices: every number of months, weeks and days is tried, hours for the rest.

use palier_model::booking::tariff::{Currency, Rates, Tariff, Unit};
use palier_model::time::{Instant, Interval, Zone};

use super::clocks::{Clocks, ZONES, date, day_of, minute_of, month_length};

/// Months, weeks, days, hours.
type Counts = [i64; 4];
/// How good a combination is: the least is the best.
type Key = (i64, i64, i64, i64, i64);

/// The minute to which so many months and days lead.
fn after(clocks: &Clocks, start: i64, months: i64, days: i64) -> i64 {
    if months == 0 && days == 0 {
        return start;
    }
    let wall = clocks.wall(start);
    let first = date(wall / 1_440);
    let (mut year, mut month) = (first.year, first.month);
    for _ in 0..months {
        (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    }
    let day = first.day.min(month_length(year, month));
    clocks.minute((day_of(year, month, day) + days) * 1_440 + wall % 1_440)
}

/// The best of all combinations: least total, then fewest pieces, then the greatest.
fn best(clocks: &Clocks, start: i64, end: i64, rates: [Option<i64>; 4]) -> Option<(i64, Counts)> {
    let [month, week, day, hour] = rates;
    let length = end - start;
    let most = |rate: Option<i64>, minutes: i64| rate.map_or(0, |_| length / minutes + 2);
    let mut best: Option<(Key, (i64, Counts))> = None;
    for months in 0..=most(month, 28 * 1_440) {
        let from = after(clocks, start, months, 0);
        for weeks in 0..=most(week, 7 * 1_440) {
            for days in 0..=most(day, 1_440) {
                let so_far = months * month.unwrap_or(0)
                    + weeks * week.unwrap_or(0)
                    + days * day.unwrap_or(0);
                if best.as_ref().is_some_and(|(key, _)| so_far > key.0) {
                    break;
                }
                let reached = if months + weeks + days == 0 {
                    start
                } else if 7 * weeks + days == 0 {
                    from
                } else {
                    after(clocks, start, months, 7 * weeks + days)
                };
                let hours = if reached >= end { 0 } else { (end - reached + 59) / 60 };
                if hours > 0 && hour.is_none() {
                    continue;
                }
                let total = so_far + hours * hour.unwrap_or(0);
                let pieces = months + weeks + days + hours;
                let key = (total, pieces, -months, -weeks, -days);
                if best.as_ref().is_none_or(|(other, _)| key < *other) {
                    best = Some((key, (total, [months, weeks, days, hours])));
                }
            }
        }
    }
    best.map(|(_, found)| found)
}

#[test]
fn nothing_is_cheaper_than_the_quote() {
    super::each_seed("price", |dice, seed| {
        let clocks = &ZONES[dice.from(0, ZONES.len() as i64 - 1) as usize];
        let zone = Zone::named(clocks.name).unwrap();
        let start = minute_of(dice, clocks, 15);
        let days = dice.one_of(&[1, 3, 10, 40, 70]);
        let step = dice.one_of(&[1, 30, 60, 1_440]);
        let end = start + step * dice.from(1, (days * 1_440 / step).max(1));
        // Near what one would ask, so that it is close which is cheaper.
        let hour = dice.from(1, 300);
        let mut about = |times: i64, percent: i64| {
            let usual = (hour * times * percent / 100).max(1);
            dice.chance(70).then(|| dice.from((usual * 6 / 10).max(1), usual * 15 / 10))
        };
        let mut rates = [about(720, 25), about(168, 35), about(24, 60), about(1, 100)];
        if rates.iter().all(Option::is_none) {
            rates[dice.from(0, 3) as usize] = Some(hour);
        }
        let quantity = dice.from(1, 3);
        let told = best(clocks, start, end, rates).unwrap();
        let of = |index: usize| rates[index].map(|rate| rate as u64);
        let rates = Rates { month: of(0), week: of(1), day: of(2), hour: of(3) };
        let tariff = Tariff::ByTime { currency: Currency::Minutes, rates };
        let interval =
            Interval { start: Instant(start * 60_000), end: Some(Instant(end * 60_000)) };
        let quote = tariff.quote(&zone, &interval, quantity as u32, 7).unwrap();
        let count = |unit| {
            quote.lines.iter().find(|line| line.unit == unit).map_or(0, |line| line.count as i64)
        };
        let counts = [Unit::Month, Unit::Week, Unit::Day, Unit::Hour].map(count);
        let found = (quote.total as i64, counts);
        let told = (told.0 * quantity, told.1);
        assert_eq!(found, told, "seed {seed}: {} {start} {end} {rates:?}", clocks.name);
        assert_eq!(quote.total, quote.lines.iter().map(|line| line.amount).sum::<u64>());
        assert_eq!(quote.deposit_cents, 7 * quantity as u64);
    });
}
