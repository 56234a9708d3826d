//! Availability: each minute is asked how many units one could still have, each wish is
//! held to every rule by itself, each search tries every minute.

use palier_model::booking::availability::{
    Asker, Attendance, Length, Measure, Occupied, Quota, QuotaWindow, Refusal, Relation, Survey,
};
use palier_model::booking::{Footing, Terms};
use palier_model::time::{Instant, Interval, Zone};

use super::clocks::{Clocks, ZONES, date, day_of, minute_of};
use super::dice::Dice;
use super::opening::{self, Why};

/// From, to (none: for ever), units, whether it is a part or the whole.
type Stands = (i64, Option<i64>, i64, bool);

/// A resource as the oracle knows it; all in minutes.
#[derive(Debug)]
struct Place {
    capacity: i64,
    gap: i64,
    least: i64,
    most: Option<i64>,
    notice: i64,
    horizon: Option<i64>,
    step: Option<i64>,
    tiers: i64,
    at_ends: bool,
    quotas: Vec<(QuotaWindow, Measure)>,
    stands: Vec<Stands>,
    mine: Vec<(i64, i64)>,
    now: i64,
    tier: i64,
    wants_landlord: bool,
    has_landlord: bool,
    /// The range, and for each of its minutes and two days more, why it is closed.
    from: i64,
    to: i64,
    why: Vec<Why>,
    /// Units out at each of those minutes, each booking with the gap after it.
    out: Vec<i64>,
}

impl Place {
    fn footing(&self) -> Footing {
        Footing { tier: self.tier as u8, attested: self.has_landlord }
    }

    fn out(&self, at: i64) -> i64 {
        self.out[(at - self.from) as usize]
    }

    fn why(&self, at: i64) -> Why {
        self.why[(at - self.from) as usize]
    }

    /// Whether so many units can be had for an interval: at no minute of it, or of the gap
    /// after it, are more out than the capacity, each with its own gap after it.
    fn fits(&self, from: i64, to: i64, quantity: i64) -> bool {
        let ends = |end: &Option<i64>| end.unwrap_or(i64::MAX / 2);
        let apart =
            |(a, b, _, part): &Stands| !part || from >= ends(b) + self.gap || to + self.gap <= *a;
        self.stands.iter().all(apart)
            && (from..to + self.gap).all(|at| self.out(at) + quantity <= self.capacity)
    }

    fn free(&self, at: i64) -> i64 {
        let closed = match self.why(at) {
            Why::Open => false,
            Why::Blackout => true,
            _ => !self.at_ends,
        };
        if closed {
            return 0;
        }
        (1..=self.capacity).rev().find(|units| self.fits(at, at + 1, *units)).unwrap_or(0)
    }

    fn is_closed(&self, from: i64, to: i64) -> bool {
        if self.at_ends {
            let brought_back = self.why(to) == Why::Open || self.why(to - 1) == Why::Open;
            let blackout = (from..to).any(|at| self.why(at) == Why::Blackout);
            self.why(from) != Why::Open || !brought_back || blackout
        } else {
            (from..to).any(|at| self.why(at) != Why::Open)
        }
    }

    fn quota_allows(
        &self,
        clocks: &Clocks,
        (window, most): (QuotaWindow, Measure),
        wanted: (i64, i64),
    ) -> bool {
        let all: Vec<(i64, i64)> = self.mine.iter().copied().chain([wanted]).collect();
        let windows: Vec<(i64, i64)> = match window {
            QuotaWindow::Rolling { days } => {
                let length = i64::from(days) * 1_440;
                (wanted.0 - length + 1..wanted.1).map(|from| (from, from + length)).collect()
            }
            QuotaWindow::Ahead => {
                let ahead: Vec<_> = all.iter().filter(|(_, end)| *end > self.now).collect();
                return match most {
                    Measure::Bookings(most) => {
                        let mine = self.mine.iter().filter(|(_, end)| *end > self.now).count();
                        mine < most as usize
                    }
                    Measure::Minutes(most) => {
                        ahead.iter().map(|(a, b)| b - a).sum::<i64>() <= i64::from(most)
                    }
                };
            }
            _ => {
                let day = |at: i64| clocks.wall(at) / 1_440;
                let days = day(wanted.0)..=day(wanted.1 - 1);
                let period = |day: i64| {
                    let this = date(day);
                    let (first, next) = match window {
                        QuotaWindow::Week => (day - this.weekday, day - this.weekday + 7),
                        QuotaWindow::Month => {
                            let (year, month) = match this.month {
                                12 => (this.year + 1, 1),
                                month => (this.year, month + 1),
                            };
                            (day - this.day + 1, day_of(year, month, 1))
                        }
                        _ => (day, day + 1),
                    };
                    (clocks.minute(first * 1_440), clocks.minute(next * 1_440))
                };
                days.map(period).collect()
            }
        };
        windows.into_iter().all(|(from, to)| match most {
            Measure::Bookings(most) => {
                let within = |at: i64| from <= at && at < to;
                let count = all.iter().filter(|(start, _)| within(*start)).count();
                !within(wanted.0) || count <= most as usize
            }
            Measure::Minutes(most) => {
                let shared = |(a, b): &(i64, i64)| (b.min(&to) - a.max(&from)).max(0);
                all.iter().map(shared).sum::<i64>() <= i64::from(most)
            }
        })
    }

    /// Codes of the rules that a wish breaks; all closures are one.
    fn why_not(&self, clocks: &Clocks, from: i64, to: i64, quantity: i64) -> Vec<&'static str> {
        let mut codes = Vec::new();
        let mut broken = |is: bool, code| {
            if is {
                codes.push(code);
            }
        };
        let length = to - from;
        broken(quantity == 0 || quantity > self.capacity, "booking.why.quantity");
        broken(self.tier >= self.tiers, "booking.why.tier");
        broken(self.wants_landlord && !self.has_landlord, "booking.why.not_attested");
        broken(length < self.least, "booking.why.too_short");
        broken(self.most.is_some_and(|most| length > most), "booking.why.too_long");
        broken(to <= self.now, "booking.why.past");
        let soon = self.notice > 0 && from < self.now + self.notice;
        broken(soon, "booking.why.too_soon");
        broken(self.horizon.is_some_and(|most| from > self.now + most), "booking.why.too_far");
        let off = |step: i64| {
            let on = |at: i64| clocks.wall(at) % step == 0;
            !(on(from) && (on(to) || length % step == 0))
        };
        broken(self.step.is_some_and(off), "booking.why.step");
        broken(self.is_closed(from, to), "closed");
        let units = quantity.min(self.capacity);
        let only_parts =
            self.stands.iter().filter(|(_, _, _, part)| *part).any(|(a, b, _, _)| {
                from < b.unwrap_or(i64::MAX / 2) + self.gap && *a < to + self.gap
            });
        broken(only_parts, "booking.why.part");
        broken(!only_parts && !self.fits(from, to, units), "booking.why.taken");
        for quota in &self.quotas {
            broken(!self.quota_allows(clocks, *quota, (from, to)), "booking.why.quota");
        }
        codes
    }
}

fn random(dice: &mut Dice, clocks: &Clocks) -> (Place, opening::Plan) {
    let from = minute_of(dice, clocks, 5);
    let to = from + 5 * dice.from(20, 300);
    let plan = if dice.chance(40) { opening::Plan::default() } else { opening::random(dice, from) };
    let time = |dice: &mut Dice, most: i64| 5 * dice.from(0, most);
    let stands = (0..dice.from(0, 8)).map(|_| {
        let start = from + 5 * dice.from(-60, 400);
        let end = (!dice.chance(5)).then(|| start + 5 * dice.from(1, 100));
        (start, end, dice.from(1, 3), dice.chance(15))
    });
    let stands: Vec<Stands> = stands.collect();
    let quota = |dice: &mut Dice| {
        let days = dice.from(1, 10) as u16;
        let window = dice.one_of(&[
            QuotaWindow::Rolling { days },
            QuotaWindow::Day,
            QuotaWindow::Week,
            QuotaWindow::Month,
            QuotaWindow::Ahead,
        ]);
        let most = match dice.chance(50) {
            true => Measure::Bookings(dice.from(1, 4) as u32),
            false => Measure::Minutes(5 * dice.from(1, 400) as u32),
        };
        (window, most)
    };
    let quotas = (0..if dice.chance(30) { dice.from(1, 2) } else { 0 }).map(|_| quota(dice));
    let quotas: Vec<_> = quotas.collect();
    let mine = (0..if quotas.is_empty() { 0 } else { dice.from(0, 6) }).map(|_| {
        let start = from + 5 * dice.from(-1_500, 1_500);
        (start, start + 5 * dice.from(1, 100))
    });
    let mine = mine.collect();
    let gap = if dice.chance(50) { 0 } else { time(dice, 12) };
    let last = to + 2 * 1_440;
    let mut out = vec![0; (last - from) as usize];
    for (start, end, units, part) in &stands {
        let end = end.map_or(last, |end| end + gap);
        for at in (*start).max(from)..end.min(last) {
            out[(at - from) as usize] += if *part { 0 } else { *units };
        }
    }
    let place = Place {
        capacity: dice.from(1, 5),
        gap,
        least: if dice.chance(60) { 0 } else { time(dice, 30) },
        most: dice.chance(30).then(|| 150 + 5 * dice.from(0, 100)),
        notice: if dice.chance(60) { 0 } else { time(dice, 100) },
        horizon: dice.chance(20).then(|| 500 + time(dice, 400)),
        step: dice.chance(50).then(|| dice.one_of(&[5, 15, 20, 30, 60, 90, 240, 1_440])),
        tiers: if dice.chance(80) { 8 } else { dice.from(0, 2) },
        at_ends: dice.chance(30),
        quotas,
        stands,
        mine,
        now: from + 5 * dice.from(-100, 60),
        tier: dice.from(0, 2),
        wants_landlord: dice.chance(10),
        has_landlord: dice.chance(50),
        from,
        to,
        why: opening::minutes(&plan, clocks, from, last),
        out,
    };
    (place, plan)
}

fn at(minute: i64) -> Instant {
    Instant(minute * 60_000)
}

fn interval(from: i64, to: i64) -> Interval {
    Interval { start: at(from), end: Some(at(to)) }
}

fn engine(place: &Place, plan: &opening::Plan) -> (Terms, Vec<Occupied>) {
    let ms = |minutes: i64| minutes as u64 * 60_000;
    // The gap is the greater of both buffers, whichever that is.
    let (before, after) = if place.now % 2 == 0 { (place.gap, 0) } else { (0, place.gap) };
    let terms = Terms {
        buffer_before_ms: ms(before),
        buffer_after_ms: ms(after),
        min_length_ms: (place.least > 0).then_some(ms(place.least)),
        max_length_ms: place.most.map(ms),
        notice_ms: ms(place.notice),
        horizon_ms: place.horizon.map(ms),
        step_minutes: place.step.map(|step| step as u16),
        tiers: place.tiers as u8,
        attested: place.wants_landlord,
        quotas: place
            .quotas
            .iter()
            .map(|(window, most)| Quota { window: *window, most: *most })
            .collect(),
        opening: opening::engine(plan),
        attendance: if place.at_ends { Attendance::AtEnds } else { Attendance::Throughout },
        ..Terms::of_capacity(place.capacity as u32)
    };
    let occupied = |(from, to, units, part): &Stands| Occupied {
        interval: Interval { start: at(*from), end: to.map(at) },
        quantity: *units as u32,
        relation: if *part { Relation::Part } else { Relation::Same },
    };
    (terms, place.stands.iter().map(occupied).collect())
}

#[test]
fn free_units_are_those_that_each_minute_could_still_have() {
    super::each_share(1, "free", |dice, seed| {
        let clocks = &ZONES[dice.from(0, ZONES.len() as i64 - 1) as usize];
        let zone = Zone::named(clocks.name).unwrap();
        let (place, plan) = random(dice, clocks);
        let (terms, occupied) = engine(&place, &plan);
        let range = interval(place.from, place.to);
        let survey = Survey::new(&zone, &terms, &occupied, range).unwrap();
        let free = survey.free();
        let mut minutes = Vec::new();
        for segment in &free {
            let length = (segment.end.0 - segment.start.0) / 60_000;
            minutes.extend((0..length).map(|_| i64::from(segment.free)));
        }
        let told: Vec<i64> = (place.from..place.to).map(|at| place.free(at)).collect();
        assert_eq!(minutes, told, "seed {seed}: {} {place:?} {plan:?}", clocks.name);
        assert!(free.windows(2).all(|it| it[0].end == it[1].start && it[0].free != it[1].free));
    });
}

#[test]
fn a_wish_is_refused_by_each_rule_it_breaks_and_no_other() {
    super::each_share(1, "why not", |dice, seed| {
        let clocks = &ZONES[dice.from(0, ZONES.len() as i64 - 1) as usize];
        let zone = Zone::named(clocks.name).unwrap();
        let (place, plan) = random(dice, clocks);
        let (terms, occupied) = engine(&place, &plan);
        terms.check().unwrap();
        let range = interval(place.from, place.to);
        let survey = Survey::new(&zone, &terms, &occupied, range).unwrap();
        let mine: Vec<_> = place.mine.iter().map(|(a, b)| interval(*a, *b)).collect();
        let asker = Asker { footing: place.footing(), mine: &mine, now: at(place.now) };
        for _ in 0..3 {
            let step = if dice.chance(50) { place.step.unwrap_or(5) } else { 5 };
            let from = dice.from(place.from, place.to - 5);
            let from = (from - clocks.wall(from).rem_euclid(step)).max(place.from);
            let to = (from + 5 * dice.from(1, 60)).min(place.to);
            let most = if dice.chance(10) { 6 } else { 2 };
            let quantity = dice.from(1, most);
            let found = survey.why_not(&interval(from, to), quantity as u32, &asker).unwrap();
            let code = |refusal: &Refusal| match refusal {
                Refusal::Closed { .. } => "closed",
                other => other.code(),
            };
            let mut found: Vec<_> = found.iter().map(code).collect();
            let mut told = place.why_not(clocks, from, to, quantity);
            found.sort_unstable();
            told.sort_unstable();
            assert_eq!(found, told, "seed {seed}: {from} {to} {quantity} {place:?} {plan:?}");
        }
    });
}

#[test]
fn the_earliest_fit_and_the_nearest_one_are_found() {
    super::each_share(5, "search", |dice, seed| {
        let clocks = &ZONES[dice.from(0, ZONES.len() as i64 - 1) as usize];
        let zone = Zone::named(clocks.name).unwrap();
        let (mut place, plan) = random(dice, clocks);
        // Quotas of time make holes of their own in a stretch: they are tried above.
        place.quotas.clear();
        let (terms, occupied) = engine(&place, &plan);
        let range = interval(place.from, place.to);
        let survey = Survey::new(&zone, &terms, &occupied, range).unwrap();
        let asker = Asker { footing: place.footing(), mine: &[], now: at(place.now) };
        let length = place.step.unwrap_or(5).min(240) * dice.from(1, 6);
        let quantity = dice.from(1, 2);
        let days = dice.chance(30).then(|| dice.from(1, 2));
        let can = |from: i64| -> Option<(i64, i64)> {
            let to = match days {
                None => from + length,
                Some(days) => {
                    let day = clocks.wall(from) / 1_440;
                    if clocks.minute(day * 1_440) != from {
                        return None;
                    }
                    clocks.minute((day + days) * 1_440)
                }
            };
            let multiple = days.is_some() || place.step.is_none_or(|step| length % step == 0);
            let fits = to <= place.to
                && from >= place.now
                && multiple
                && place.why_not(clocks, from, to, quantity).is_empty();
            fits.then_some((from, to))
        };
        let told: Vec<(i64, i64)> = (place.from..place.to).filter_map(can).collect();
        let wish = match days {
            None => Length::Ms(length * 60_000),
            Some(days) => Length::Days(days as u32),
        };
        let context =
            || format!("seed {seed}: {} {wish:?} {quantity} {place:?} {plan:?}", clocks.name);
        let found = survey.earliest(wish, quantity as u32, &asker).unwrap();
        let first = told.first().map(|(a, b)| interval(*a, *b));
        assert_eq!(found, first, "{}", context());
        // A wish that is none of whole days by chance, or one that is.
        let from = dice.from(place.from, place.to);
        let (from, to) = match days {
            None => (from, from + length),
            Some(days) => {
                let day = clocks.wall(from) / 1_440;
                (clocks.minute(day * 1_440), clocks.minute((day + days) * 1_440))
            }
        };
        let is_days = |at: i64| clocks.minute(clocks.wall(at) / 1_440 * 1_440) == at;
        if days.is_none() && is_days(from) && is_days(to) {
            return;
        }
        let near = survey.alternatives(&interval(from, to), quantity as u32, &asker, 5).unwrap();
        let others = told.iter().filter(|it| **it != (from, to));
        let nearest = others.min_by_key(|(start, _)| ((start - from).abs(), *start));
        let nearest = nearest.map(|(a, b)| interval(*a, *b));
        // Beside a wish that could be had only what begins elsewhere in its stretch is told.
        if !told.contains(&(from, to)) {
            assert_eq!(near.first().copied(), nearest, "wish {from} {to}, {}", context());
        }
        for other in near {
            let start = other.start.0 / 60_000;
            assert!(told.iter().any(|(a, b)| interval(*a, *b) == other), "{start}, {}", context());
        }
    });
}
