//! Opening hours: each minute of a range is asked whether it is open, and why not.

use std::collections::{BTreeMap, BTreeSet};

use palier_model::time::civil::Date as CivilDate;
use palier_model::time::{
    Closed, Closure, HolidayCalendar, HolidayHours, Instant, Interval, OpeningPlan, WeekWindow,
    Weekday, Window, Zone,
};

use super::clocks::{Clocks, ZONES, date, day_of, minute_of};
use super::dice::Dice;
use super::recurrence::{self, Told};

type Hours = Vec<(i64, i64)>;

/// A plan as the oracle knows it.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    weekly: Option<Vec<(i64, i64, i64)>>,
    exceptions: BTreeMap<i64, Hours>,
    /// Whether the two of the east are holidays, and the hours.
    holidays: Option<(bool, Hours)>,
    blackouts: Vec<(i64, Option<i64>)>,
    closures: Vec<(Told, i64)>,
}

/// Written down from a calendar on paper.
fn is_holiday(day: i64, east: bool) -> bool {
    let this = date(day);
    let of_year: &[(i64, i64)] = match this.year {
        2026 => &[(4, 6), (5, 14), (5, 25)],
        2027 => &[(3, 29), (5, 6), (5, 17)],
        2028 => &[(4, 17), (5, 25), (6, 5)],
        _ => panic!("no such year"),
    };
    let fixed = [(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)];
    let good_friday = [(2026, 4, 3), (2027, 3, 26), (2028, 4, 14)];
    let short = (this.month, this.day);
    of_year.contains(&short)
        || fixed.contains(&short)
        || east && (short == (12, 26) || good_friday.contains(&(this.year, this.month, this.day)))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    Open,
    Blackout,
    Exception,
    Holiday,
    Hours,
}

/// Asks each minute from `from` up to `to`.
pub(crate) fn minutes(plan: &Plan, clocks: &Clocks, from: i64, to: i64) -> Vec<Why> {
    let mut closed: Hours = Vec::new();
    for (told, length) in &plan.closures {
        closed.extend(recurrence::intervals(told, clocks, *length, to + 3 * 1_440));
    }
    closed.extend(plan.blackouts.iter().map(|(a, b)| (*a, b.unwrap_or(i64::MAX))));
    let mut open: Hours = Vec::new();
    let days = from / 1_440 - 4..=to / 1_440 + 3;
    let rule = |day: i64| -> (Why, Hours) {
        if let Some(hours) = plan.exceptions.get(&day) {
            return (Why::Exception, hours.clone());
        }
        if let Some((east, hours)) = &plan.holidays
            && is_holiday(day, *east)
        {
            return (Why::Holiday, hours.clone());
        }
        let Some(weekly) = &plan.weekly else { return (Why::Hours, vec![(0, 1_440)]) };
        let of_day = weekly.iter().filter(|(weekday, ..)| *weekday == date(day).weekday);
        (Why::Hours, of_day.map(|(_, a, b)| (*a, *b)).collect())
    };
    for day in days.clone() {
        for (a, b) in rule(day).1 {
            open.push((clocks.minute(day * 1_440 + a), clocks.minute(day * 1_440 + b)));
        }
    }
    let kinds: BTreeMap<i64, Why> = days.map(|day| (day, rule(day).0)).collect();
    let mut why: Vec<Why> = (from..to).map(|at| kinds[&(clocks.wall(at) / 1_440)]).collect();
    let mut mark = |(a, b): (i64, i64), what: Why| {
        for at in a.max(from)..b.min(to) {
            why[(at - from) as usize] = what;
        }
    };
    open.into_iter().for_each(|hours| mark(hours, Why::Open));
    closed.into_iter().for_each(|hours| mark(hours, Why::Blackout));
    why
}

pub(crate) fn random(dice: &mut Dice, near: i64) -> Plan {
    let time = |dice: &mut Dice| {
        if dice.chance(30) { dice.from(0, 1_439) } else { 15 * dice.from(0, 95) }
    };
    let window = |dice: &mut Dice| {
        let from = time(dice);
        let length = if dice.chance(50) { 15 * dice.from(1, 60) } else { dice.from(1, 2_880) };
        (from, (from + length).min(2_880))
    };
    let some = |dice: &mut Dice, most| -> Hours {
        (0..dice.from(0, most)).map(|_| window(dice)).collect()
    };
    let today = near / 1_440;
    let mut plan = Plan::default();
    if dice.chance(80) {
        let windows = some(dice, 12).into_iter();
        plan.weekly = Some(windows.map(|(a, b)| (dice.from(0, 6), a, b)).collect());
    }
    if dice.chance(50) {
        let days: BTreeSet<i64> = (0..3).map(|_| today + dice.from(-2, 5)).collect();
        plan.exceptions = days.into_iter().map(|day| (day, some(dice, 2))).collect();
    }
    if dice.chance(50) {
        plan.holidays = Some((dice.chance(50), some(dice, 2)));
    }
    for _ in 0..dice.from(0, 3) {
        let from = near + dice.from(-2_000, 5_000);
        plan.blackouts.push((from, (!dice.chance(5)).then(|| from + dice.from(1, 1_500))));
    }
    if dice.chance(20) {
        plan.closures.push((recurrence::random(dice), dice.from(1, 600)));
    }
    plan
}

pub(crate) fn engine(plan: &Plan) -> OpeningPlan {
    let window = |(from, to): &(i64, i64)| Window { from: *from as u16, to: *to as u16 };
    let windows = |hours: &Hours| hours.iter().map(window).collect();
    let civil = |day: i64| {
        let day = date(day);
        CivilDate::new(day.year as i16, day.month as i8, day.day as i8).unwrap()
    };
    let week = |(weekday, from, to): &(i64, i64, i64)| WeekWindow {
        weekday: Weekday::ALL[*weekday as usize],
        window: window(&(*from, *to)),
    };
    let at = |minute: i64| Instant(minute * 60_000);
    let blackout = |(a, b): &(i64, Option<i64>)| Interval { start: at(*a), end: b.map(at) };
    let plan = OpeningPlan {
        weekly: plan.weekly.as_ref().map(|weekly| weekly.iter().map(week).collect()),
        exceptions: plan.exceptions.iter().map(|(day, it)| (civil(*day), windows(it))).collect(),
        holidays: plan.holidays.as_ref().map(|(east, hours)| HolidayHours {
            calendar: match east {
                true => HolidayCalendar::AlsaceMoselle,
                false => HolidayCalendar::France,
            },
            windows: windows(hours),
        }),
        blackouts: plan.blackouts.iter().map(blackout).collect(),
        closures: plan
            .closures
            .iter()
            .map(|(told, length)| Closure {
                recurrence: recurrence::engine(told),
                minutes: *length as u32,
            })
            .collect(),
    };
    plan.check().unwrap();
    plan
}

/// A minute near a change of clocks, a holiday or anywhere.
fn somewhere(dice: &mut Dice, clocks: &Clocks) -> i64 {
    if dice.chance(30) {
        let (month, day) = dice.one_of(&[(3, 26), (5, 1), (7, 14), (11, 11), (12, 25)]);
        return day_of(2027, month, day) * 1_440 + dice.from(-1_440, 1_440);
    }
    minute_of(dice, clocks, 1)
}

#[test]
fn places_are_open_when_each_minute_says_so() {
    super::each_seed("opening", |dice, seed| {
        let clocks = &ZONES[dice.from(0, ZONES.len() as i64 - 1) as usize];
        let zone = Zone::named(clocks.name).unwrap();
        let from = somewhere(dice, clocks);
        let to = from + dice.from(1, 4_000);
        let plan = random(dice, from);
        let told = minutes(&plan, clocks, from, to);
        let engine = engine(&plan);
        let range = Interval { start: Instant(from * 60_000), end: Some(Instant(to * 60_000)) };
        let open = engine.open(&zone, &range).unwrap();
        let mut runs = Vec::new();
        for (minute, _) in (from..).zip(&told).filter(|(_, why)| **why == Why::Open) {
            match runs.last_mut() {
                Some((_, end)) if *end == minute => *end += 1,
                _ => runs.push((minute, minute + 1)),
            }
        }
        let ms = |at: Instant| at.0 / 60_000;
        let found: Vec<_> =
            open.intervals().iter().map(|it| (ms(it.start), it.end.map_or(to, ms))).collect();
        assert_eq!(found, runs, "seed {seed}: {} {plan:?}", clocks.name);
        for _ in 0..3 {
            let index = dice.from(0, told.len() as i64 - 1);
            let why = engine.why_closed(&zone, Instant((from + index) * 60_000)).unwrap();
            let why = match why {
                None => Why::Open,
                Some(Closed::Blackout(_)) => Why::Blackout,
                Some(Closed::Exception(_)) => Why::Exception,
                Some(Closed::Holiday(..)) => Why::Holiday,
                Some(Closed::Hours) => Why::Hours,
            };
            assert_eq!(why, told[index as usize], "seed {seed}, minute {index}: {plan:?}");
        }
    });
}
