//! What a booking costs: prices by unit of time, the cheapest way to pay for an interval,
//! line by line.
//!
//! # What the units are
//! Units are laid one after another from the start of the booking, months first, then
//! weeks and days, then hours, until its end is covered. A unit begun is paid whole.
//! - A **month** leads to the same wall time on the same day of the next month; where that
//!   month lacks the day, on its last. Several are counted from the start together: three
//!   months from 30 November end on 28 February.
//! - A **week** is seven days, a **day** leads to the same wall time on the next date: 23,
//!   24 or 25 hours, one price.
//! - An **hour** is sixty minutes of real time, so that a day of 23 hours paid by the hour
//!   is 23 hours.
//!
//! Any number of each is lawful, also one that reaches past the end: where a day costs
//! less than five hours, five hours cost a day. Invariant: [`Tariff::quote`] gives the
//! least total of all lawful combinations; amounts are whole cents or whole minutes.

use std::cmp::Reverse;

use crate::time::limits::RANGE_DAYS;
use serde::{Deserialize, Serialize};

use crate::time::{Instant, Interval, Zone, ZoneError, days_between, plus_days, plus_months};

/// Milliseconds in an hour.
const HOUR_MS: i64 = 3_600_000;

/// What amounts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Currency {
    /// Money, in whole cents.
    Cents,
    /// Credits, in whole minutes.
    Minutes,
}

/// What a price is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Unit {
    /// The whole booking, however long.
    Once,
    /// Sixty minutes begun.
    Hour,
    /// A day begun.
    Day,
    /// Seven days begun.
    Week,
    /// A month begun.
    Month,
}

/// Prices of units; those without one cannot be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rates {
    /// An hour.
    pub hour: Option<u64>,
    /// A day.
    pub day: Option<u64>,
    /// A week.
    pub week: Option<u64>,
    /// A month.
    pub month: Option<u64>,
}

/// What one piece of a resource costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Tariff {
    /// Nothing.
    #[default]
    Free,
    /// The same for any length.
    Once {
        /// Of what.
        currency: Currency,
        /// How much, at least 1.
        amount: u64,
    },
    /// By time.
    ByTime {
        /// Of what.
        currency: Currency,
        /// How much, each at least 1.
        rates: Rates,
    },
}

/// One line of a quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// The unit.
    pub unit: Unit,
    /// How many of it.
    pub count: u64,
    /// What one costs, for one piece.
    pub price: u64,
    /// For how many pieces.
    pub quantity: u32,
    /// `count` × `price` × `quantity`.
    pub amount: u64,
}

/// What a booking costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// Of what; `None`: free.
    pub currency: Option<Currency>,
    /// Greatest unit first; empty if free.
    pub lines: Vec<Line>,
    /// Their sum.
    pub total: u64,
    /// What is left as a deposit and given back, in cents, for all pieces.
    pub deposit_cents: u64,
}

/// Why there is no quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TariffError {
    /// A price of zero or over the limit, or none at all.
    #[error("not a tariff")]
    Tariff,
    /// Until notice: there is no total, only the prices.
    #[error("without an end there is no total")]
    OpenEnded,
    /// Longer than ten years, or no time at all.
    #[error("the interval is empty or too long")]
    Interval,
    /// More than can be counted.
    #[error("the amount is too high")]
    TooHigh,
    /// No such time in this zone.
    #[error(transparent)]
    Zone(#[from] ZoneError),
}

impl Rates {
    /// The highest price of a unit.
    pub const MAX: u64 = super::records::bounds::PRICE;

    /// Whether there is a price, and each is one that can be asked.
    pub fn is_valid(&self) -> bool {
        let rates = [self.hour, self.day, self.week, self.month];
        let mut given = rates.into_iter().flatten().peekable();
        given.peek().is_some() && given.all(|rate| (1..=Self::MAX).contains(&rate))
    }
}

impl Tariff {
    /// Whether each price is one that can be asked.
    pub fn is_valid(&self) -> bool {
        match self {
            Self::Free => true,
            Self::Once { amount, .. } => (1..=Rates::MAX).contains(amount),
            Self::ByTime { rates, .. } => rates.is_valid(),
        }
    }

    /// What `quantity` pieces cost for an interval in the zone of the place.
    ///
    /// ```
    /// use palier_model::booking::tariff::{Currency, Rates, Tariff};
    /// use palier_model::time::{Zone, civil::Date};
    /// let rates = Rates { hour: Some(200), ..Rates::default() };
    /// let tariff = Tariff::ByTime { currency: Currency::Cents, rates };
    /// let paris = Zone::named("Europe/Paris").unwrap();
    /// let day = paris.day(Date::constant(2027, 10, 31)).unwrap().unwrap();
    /// assert_eq!(tariff.quote(&paris, &day, 1, 0).unwrap().total, 5_000);
    /// ```
    pub fn quote(
        &self,
        zone: &Zone,
        interval: &Interval,
        quantity: u32,
        deposit_cents: u64,
    ) -> Result<Quote, TariffError> {
        if !self.is_valid() {
            return Err(TariffError::Tariff);
        }
        let (currency, counts) = match self {
            Self::Free => (None, Vec::new()),
            Self::Once { currency, amount } => (Some(*currency), vec![(Unit::Once, 1, *amount)]),
            Self::ByTime { currency, rates } => (Some(*currency), cheapest(zone, interval, rates)?),
        };
        let mut lines = Vec::with_capacity(counts.len());
        let mut total: u64 = 0;
        for (unit, count, price) in counts {
            let each = count.checked_mul(price).ok_or(TariffError::TooHigh)?;
            let amount = each.checked_mul(u64::from(quantity)).ok_or(TariffError::TooHigh)?;
            total = total.checked_add(amount).ok_or(TariffError::TooHigh)?;
            lines.push(Line { unit, count, price, quantity, amount });
        }
        let deposit = deposit_cents.checked_mul(u64::from(quantity));
        let deposit_cents = deposit.ok_or(TariffError::TooHigh)?;
        Ok(Quote { currency, lines, total, deposit_cents })
    }
}

/// What is due of a total when a booking is given up `before_start_ms` ahead: nothing up
/// to `free_until_ms` ahead, then `fee_percent` of it, rounded down.
pub fn cancellation_fee(
    total: u64,
    before_start_ms: i64,
    free_until_ms: u64,
    fee_percent: u8,
) -> u64 {
    let is_free = u64::try_from(before_start_ms).is_ok_and(|ahead| ahead >= free_until_ms);
    let percent = if is_free { 0 } else { u128::from(fee_percent.min(100)) };
    u64::try_from(u128::from(total) * percent / 100).unwrap_or(total)
}

/// One combination, by how good it is: least total, then fewest pieces, then the greatest.
type Combination = (u64, u64, Reverse<u64>, Reverse<u64>, Reverse<u64>, u64);

/// The best lawful combination: units, how many, price of one; greatest unit first.
fn cheapest(
    zone: &Zone,
    interval: &Interval,
    rates: &Rates,
) -> Result<Vec<(Unit, u64, u64)>, TariffError> {
    let end = interval.end.ok_or(TariffError::OpenEnded)?;
    let length = interval.length_ms().unwrap_or(0);
    if length <= 0 || length > RANGE_DAYS * Instant::DAY_MS {
        return Err(TariffError::Interval);
    }
    let steps = Steps::new(zone, interval.start, end)?;
    let mut best: Option<Combination> = None;
    for months in 0.. {
        if months > 0 && rates.month.is_none() {
            break;
        }
        let first = steps.months(months)?;
        for days in 0.. {
            let at = steps.at(first + days)?;
            best = consider(best, rates, months, days, end.0.saturating_sub(at.0));
            // Past the end only a whole week can still be cheaper than single days.
            if at >= end && days % 7 == 0 || rates.day.or(rates.week).is_none() {
                break;
            }
        }
        if steps.at(first)? >= end {
            break;
        }
    }
    let (_, _, Reverse(months), Reverse(weeks), Reverse(days), hours) =
        best.ok_or(TariffError::Tariff)?;
    let all = [
        (Unit::Month, months, rates.month),
        (Unit::Week, weeks, rates.week),
        (Unit::Day, days, rates.day),
        (Unit::Hour, hours, rates.hour),
    ];
    let some = |(unit, count, rate): (Unit, u64, Option<u64>)| Some((unit, count, rate?));
    Ok(all.into_iter().filter(|(_, count, _)| *count > 0).filter_map(some).collect())
}

/// The better of `best` and so many months and days with hours for the rest.
fn consider(
    best: Option<Combination>,
    rates: &Rates,
    months: usize,
    all_days: usize,
    rest_ms: i64,
) -> Option<Combination> {
    let (months, all_days) = (months as u64, all_days as u64);
    let hours = u64::try_from((rest_ms.max(0) + HOUR_MS - 1) / HOUR_MS).unwrap_or(u64::MAX);
    let weeks = match (rates.week, rates.day) {
        (Some(week), Some(day)) if week <= 7 * day => all_days / 7,
        (Some(_), None) => all_days / 7,
        _ => 0,
    };
    let days = all_days - 7 * weeks;
    let cost = |count: u64, rate: Option<u64>| match (count, rate) {
        (0, _) => Some(0),
        (count, rate) => count.checked_mul(rate?),
    };
    let total = [
        cost(months, rates.month),
        cost(weeks, rates.week),
        cost(days, rates.day),
        cost(hours, rates.hour),
    ];
    let total = total.into_iter().try_fold(0_u64, |sum, cost| sum.checked_add(cost?));
    let pieces = months + weeks + days + hours;
    let this =
        total.map(|total| (total, pieces, Reverse(months), Reverse(weeks), Reverse(days), hours));
    match (best, this) {
        (Some(best), Some(this)) => Some(best.min(this)),
        (best, this) => best.or(this),
    }
}

/// Where whole days after the start lead: the same wall time, day by day.
struct Steps {
    at: Vec<Instant>,
    start: crate::time::civil::DateTime,
}

impl Steps {
    fn new(zone: &Zone, start: Instant, end: Instant) -> Result<Self, TariffError> {
        let wall = zone.wall(start)?;
        // Months or weeks that begin before the end may reach five weeks past it.
        let last = days_between(wall.date(), zone.wall(end)?.date()) + 40;
        let mut at = vec![start];
        for days in 1..=last {
            at.push(zone.instant(plus_days(wall.date(), days)?.to_datetime(wall.time()))?);
        }
        Ok(Self { at, start: wall })
    }

    /// How many days so many months are.
    fn months(&self, months: usize) -> Result<usize, TariffError> {
        let months = i64::try_from(months).map_err(|_| TariffError::Interval)?;
        let date = plus_months(self.start.date(), months)?;
        let days = days_between(self.start.date(), date);
        usize::try_from(days).map_err(|_| TariffError::Interval)
    }

    fn at(&self, days: usize) -> Result<Instant, TariffError> {
        self.at.get(days).copied().ok_or(TariffError::Interval)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::civil::{Date, DateTime};

    fn paris() -> Zone {
        Zone::named("Europe/Paris").unwrap_or_else(|error| panic!("{error}"))
    }

    fn between(from: DateTime, to: DateTime) -> Interval {
        let at = |wall| paris().instant(wall).unwrap_or_default();
        Interval { start: at(from), end: Some(at(to)) }
    }

    fn quote(rates: Rates, interval: &Interval) -> (Vec<(Unit, u64)>, u64) {
        let tariff = Tariff::ByTime { currency: Currency::Cents, rates };
        let quote = tariff.quote(&paris(), interval, 1, 0);
        let quote = quote.unwrap_or_else(|error| panic!("{error}"));
        (quote.lines.iter().map(|line| (line.unit, line.count)).collect(), quote.total)
    }

    #[test]
    fn a_day_of_23_or_25_hours_at_two_euros_an_hour() {
        let hourly = Rates { hour: Some(200), ..Rates::default() };
        let day = |month, day| {
            let day = paris().day(Date::constant(2027, month, day));
            day.ok().flatten().unwrap_or_else(|| panic!("a day"))
        };
        assert_eq!(quote(hourly, &day(3, 28)), (vec![(Unit::Hour, 23)], 4_600));
        assert_eq!(quote(hourly, &day(10, 31)), (vec![(Unit::Hour, 25)], 5_000));
        let daily = Rates { day: Some(1_000), ..hourly };
        assert_eq!(quote(daily, &day(3, 28)), (vec![(Unit::Day, 1)], 1_000));
    }

    #[test]
    fn the_cheapest_way_may_reach_past_the_end() {
        let rates =
            Rates { hour: Some(200), day: Some(900), week: Some(2_500), month: Some(9_000) };
        let from = Date::constant(2027, 5, 3).at(9, 0, 0, 0);
        let to = |day: i8, hour: i8| Date::constant(2027, 5, day).at(hour, 0, 0, 0);
        let cost = |end| quote(rates, &between(from, end));
        assert_eq!(cost(to(3, 13)), (vec![(Unit::Hour, 4)], 800));
        assert_eq!(cost(to(3, 14)), (vec![(Unit::Day, 1)], 900));
        assert_eq!(cost(to(4, 10)), (vec![(Unit::Day, 1), (Unit::Hour, 1)], 1_100));
        assert_eq!(cost(to(6, 9)), (vec![(Unit::Week, 1)], 2_500));
        assert_eq!(
            cost(to(11, 11)),
            (vec![(Unit::Week, 1), (Unit::Day, 1), (Unit::Hour, 2)], 3_800)
        );
        assert_eq!(cost(to(31, 9)), (vec![(Unit::Month, 1)], 9_000));
    }

    #[test]
    fn months_are_counted_together_from_the_start() {
        let monthly = Rates { month: Some(3_000), ..Rates::default() };
        let from = Date::constant(2027, 1, 31).at(0, 0, 0, 0);
        let until = |month, day| {
            quote(monthly, &between(from, Date::constant(2027, month, day).at(0, 0, 0, 0)))
        };
        assert_eq!(until(2, 28).0, [(Unit::Month, 1)]);
        assert_eq!(until(3, 1).0, [(Unit::Month, 2)]);
        assert_eq!(until(3, 31).0, [(Unit::Month, 2)]);
    }

    #[test]
    fn pieces_and_deposits_are_counted_and_free_is_free() {
        let hour = between(
            Date::constant(2027, 5, 3).at(9, 0, 0, 0),
            Date::constant(2027, 5, 3).at(9, 1, 0, 0),
        );
        let once = Tariff::Once { currency: Currency::Minutes, amount: 30 };
        let quote = once.quote(&paris(), &hour, 3, 500);
        assert!(quote.is_ok_and(|quote| quote.total == 90 && quote.deposit_cents == 1_500));
        let free = Tariff::Free.quote(&paris(), &Interval { end: None, ..hour }, 1, 0);
        assert!(free.is_ok_and(|free| free.total == 0 && free.currency.is_none()));
    }

    #[test]
    fn what_has_no_price_says_why() {
        let rates = Rates { hour: Some(Rates::MAX), ..Rates::default() };
        let tariff = |rates| Tariff::ByTime { currency: Currency::Cents, rates };
        let start = Instant(1_800_000_000_000);
        let for_ever = Interval { start, end: None };
        let quote = |rates, interval: &Interval, quantity| {
            tariff(rates).quote(&paris(), interval, quantity, 0).map(|quote| quote.total)
        };
        assert_eq!(quote(rates, &for_ever, 1), Err(TariffError::OpenEnded));
        assert_eq!(quote(Rates::default(), &for_ever, 1), Err(TariffError::Tariff));
        let zero = Rates { day: Some(0), ..rates };
        assert_eq!(quote(zero, &for_ever, 1), Err(TariffError::Tariff));
        let years = Interval { start, end: Some(start.plus_ms(3_650 * Instant::DAY_MS)) };
        assert_eq!(quote(rates, &years, u32::MAX), Err(TariffError::TooHigh));
        assert_eq!(quote(rates, &years, 1), Ok(3_650 * 24 * Rates::MAX));
        let longer = Interval { start, end: Some(start.plus_ms(4_000 * Instant::DAY_MS)) };
        assert_eq!(quote(rates, &longer, 1), Err(TariffError::Interval));
    }

    #[test]
    fn a_fee_for_giving_up_late_is_rounded_down() {
        assert_eq!(cancellation_fee(999, 86_400_000, 86_400_000, 50), 0);
        assert_eq!(cancellation_fee(999, 86_399_999, 86_400_000, 50), 499);
        assert_eq!(cancellation_fee(999, -1, 0, 100), 999);
        assert_eq!(cancellation_fee(u64::MAX, 0, 1, 100), u64::MAX);
    }
}
