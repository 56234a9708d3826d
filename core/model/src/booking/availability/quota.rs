//! How much of a resource one member may have.

use serde::{Deserialize, Serialize};

use crate::time::civil::Date;
use crate::time::{Instant, Interval, Zone, ZoneError, plus_days, plus_months};

/// Longest rolling window, in days.
const MAX_DAYS: u16 = 366;
/// Most calendar periods that one booking is looked at in.
const MAX_PERIODS: usize = 4_000;

/// The time over which is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum QuotaWindow {
    /// Any stretch of so many times 24 hours.
    Rolling {
        /// 1 to 366.
        days: u16,
    },
    /// A local day.
    Day,
    /// A local week, from Monday.
    Week,
    /// A local month.
    Month,
    /// What is not over yet.
    Ahead,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Measure {
    /// Bookings that start in the window.
    Bookings(u32),
    /// Booked minutes that lie in the window.
    Minutes(u32),
}

/// At most so much in any such window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// The window.
    pub window: QuotaWindow,
    /// The most of it.
    pub most: Measure,
}

impl Quota {
    /// Whether what lies ahead is counted, however far.
    pub(crate) const fn is_ahead(&self) -> bool {
        matches!(self.window, QuotaWindow::Ahead)
    }

    /// How far before and after a wish a window that holds a part of it may reach.
    pub(crate) const fn reach_ms(&self) -> i64 {
        let days = match self.window {
            QuotaWindow::Rolling { days } => days as i64,
            QuotaWindow::Day => 2,
            QuotaWindow::Week => 8,
            QuotaWindow::Month => 33,
            QuotaWindow::Ahead => 0,
        };
        days * Instant::DAY_MS
    }

    /// Whether it can be kept at all.
    pub fn is_valid(&self) -> bool {
        let window = match self.window {
            QuotaWindow::Rolling { days } => (1..=MAX_DAYS).contains(&days),
            _ => true,
        };
        let (Measure::Bookings(most) | Measure::Minutes(most)) = self.most;
        window && most > 0
    }

    /// Whether `wanted` would keep within it, beside what the member has. Only windows
    /// that `wanted` itself lies in are looked at.
    pub(super) fn allows(
        &self,
        zone: &Zone,
        mine: &[Interval],
        wanted: &Interval,
        now: Instant,
    ) -> Result<bool, ZoneError> {
        match self.most {
            Measure::Bookings(most) => {
                let count = self.most_bookings(zone, mine, wanted, now)?;
                Ok(count <= usize::try_from(most).unwrap_or(usize::MAX))
            }
            // Without an end there is no stretch of time that it keeps within.
            Measure::Minutes(_) if wanted.end.is_none() => Ok(false),
            Measure::Minutes(most) => {
                let time = self.most_time(zone, mine, wanted, now)?;
                Ok(time <= i128::from(most) * 60_000)
            }
        }
    }

    /// Bookings, the wanted one included, in the worst window.
    fn most_bookings(
        &self,
        zone: &Zone,
        mine: &[Interval],
        wanted: &Interval,
        now: Instant,
    ) -> Result<usize, ZoneError> {
        let starts = || mine.iter().chain([wanted]).map(|booking| booking.start);
        Ok(match self.window {
            QuotaWindow::Rolling { days } => {
                // The fullest window begins with one of the bookings in it.
                let length = i64::from(days) * Instant::DAY_MS;
                let begin = |at: &Instant| *at <= wanted.start && wanted.start < at.plus_ms(length);
                let within = |from: Instant| {
                    starts().filter(|at| from <= *at && *at < from.plus_ms(length)).count()
                };
                starts().filter(begin).map(within).max().unwrap_or(0)
            }
            QuotaWindow::Ahead => {
                1 + mine.iter().filter(|booking| booking.end_or_max() > now).count()
            }
            _ => {
                let period = self.period(zone, wanted.start)?;
                starts().filter(|at| period.contains(*at)).count()
            }
        })
    }

    /// Booked milliseconds, the wanted ones included, in the worst window.
    fn most_time(
        &self,
        zone: &Zone,
        mine: &[Interval],
        wanted: &Interval,
        now: Instant,
    ) -> Result<i128, ZoneError> {
        let all = || mine.iter().chain([wanted]);
        let end = wanted.end_or_max();
        let within = |from: i128, to: i128| -> i128 {
            let shared = |booking: &Interval| {
                let (start, end) = (booking.start.0, booking.end_or_max().0);
                (i128::from(end).min(to) - i128::from(start).max(from)).max(0)
            };
            all().map(shared).sum()
        };
        Ok(match self.window {
            QuotaWindow::Rolling { days } => {
                let length = i128::from(i64::from(days) * Instant::DAY_MS);
                let (first, last) =
                    (i128::from(wanted.start.0) - length + 1, i128::from(end.0) - 1);
                // The sum bends only where a window begins or ends with a booking.
                let bends = all().flat_map(|booking| [booking.start, booking.end_or_max()]);
                let bends = bends.map(|at| i128::from(at.0)).flat_map(|at| [at, at - length]);
                let begins = bends.filter(|at| (first..=last).contains(at)).chain([first, last]);
                begins.map(|from| within(from, from + length)).max().unwrap_or(0)
            }
            QuotaWindow::Ahead => {
                let ahead = all().filter(|booking| booking.end_or_max() > now);
                let length = |it: &Interval| i128::from(it.end_or_max().0) - i128::from(it.start.0);
                ahead.map(length).sum()
            }
            _ => {
                let (mut most, mut at) = (0, wanted.start);
                for _ in 0..MAX_PERIODS {
                    let period = self.period(zone, at)?;
                    let to = period.end_or_max();
                    most = most.max(within(period.start.0.into(), to.0.into()));
                    if to >= end {
                        break;
                    }
                    at = to;
                }
                most
            }
        })
    }

    /// The local day, week or month of an instant.
    fn period(&self, zone: &Zone, at: Instant) -> Result<Interval, ZoneError> {
        let date = zone.date(at)?;
        let (first, next): (Date, Date) = match self.window {
            QuotaWindow::Week => {
                let since_monday = i64::from(date.weekday().to_monday_zero_offset());
                let monday = plus_days(date, -since_monday)?;
                (monday, plus_days(monday, 7)?)
            }
            QuotaWindow::Month => (date.first_of_month(), plus_months(date.first_of_month(), 1)?),
            _ => (date, plus_days(date, 1)?),
        };
        let (start, end) = (zone.day_start(first)?, zone.day_start(next)?);
        Ok(Interval { start, end: Some(end) })
    }
}
