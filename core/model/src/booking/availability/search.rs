//! The earliest fit, and what lies nearest to a wish.

use super::quota::Quota;
use super::survey::{Asker, Attendance, Survey, past_step};
use crate::time::{Instant, Interval, IntervalSet, OpeningError, Zone, ZoneError, plus_days};

/// Days that one search looks at.
const MAX_DAYS: usize = 4_000;
/// Stretches of possible starts that one search looks at.
const MAX_STRETCHES: usize = 4_096;

/// How long something is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// So many milliseconds of real time.
    Ms(i64),
    /// So many whole local days.
    Days(u32),
}

/// How many whole local days an interval is; `None` if it is not.
pub fn whole_days(zone: &Zone, interval: &Interval) -> Option<u32> {
    let end = interval.end?;
    let (first, last) = (zone.date(interval.start).ok()?, zone.date(end).ok()?);
    let bounds = [zone.day_start(first).ok()?, zone.day_start(last).ok()?];
    let days = u32::try_from(crate::time::days_between(first, last)).ok()?;
    (bounds == [interval.start, end] && days > 0).then_some(days)
}

impl Survey<'_> {
    /// The first interval of that length within the range that breaks no rule, not before
    /// `now`. Where starts lie on steps, a length of milliseconds must be a multiple.
    pub fn earliest(
        &self,
        length: Length,
        quantity: u32,
        asker: &Asker<'_>,
    ) -> Result<Option<Interval>, OpeningError> {
        let mut found = None;
        self.each_start(length, quantity, asker, |interval| {
            found.get_or_insert(interval);
            false
        })?;
        Ok(found)
    }

    /// What can be had of the same length nearest to `wanted`, nearest first, of two as
    /// near the earlier: in each free stretch the nearest before and the nearest after. A
    /// wish of whole local days is answered with whole local days.
    pub fn alternatives(
        &self,
        wanted: &Interval,
        quantity: u32,
        asker: &Asker<'_>,
        limit: usize,
    ) -> Result<Vec<Interval>, OpeningError> {
        let Some(length_ms) = wanted.length_ms() else { return Ok(Vec::new()) };
        let mut near = Vec::new();
        match whole_days(self.zone, wanted) {
            Some(days) => {
                self.each_start(Length::Days(days), quantity, asker, |interval| {
                    near.push(interval);
                    true
                })?;
            }
            None if !asker.footing.is_served(self.terms) => {}
            None => {
                let starts = self.starts(length_ms, quantity, asker.now);
                for stretch in starts.intervals().iter().take(MAX_STRETCHES) {
                    let last = stretch.end_or_max().plus_ms(-1);
                    let middle = wanted.start.clamp(stretch.start, last);
                    for start in [self.step_down(middle)?, self.step_up(middle)?] {
                        let interval = self.of_length(start, length_ms);
                        if stretch.contains(start) && self.keeps_quotas(&interval, asker)? {
                            near.push(interval);
                        }
                    }
                }
            }
        }
        near.sort_unstable_by_key(|it| (it.start.0.abs_diff(wanted.start.0), it.start));
        near.dedup();
        near.retain(|interval| interval != wanted);
        near.truncate(limit);
        Ok(near)
    }

    /// Calls `found` with what can be had: each day at which so many days can begin, or the
    /// first start of each stretch of possible ones that keeps the quotas, rising, until it
    /// says no.
    fn each_start(
        &self,
        length: Length,
        quantity: u32,
        asker: &Asker<'_>,
        mut found: impl FnMut(Interval) -> bool,
    ) -> Result<(), OpeningError> {
        if !asker.footing.is_served(self.terms) {
            return Ok(());
        }
        match length {
            Length::Ms(length_ms) => {
                let starts = self.starts(length_ms, quantity, asker.now);
                for stretch in starts.intervals().iter().take(MAX_STRETCHES) {
                    let Some(start) = self.first_in(stretch, length_ms, asker)? else { continue };
                    if !found(self.of_length(start, length_ms)) {
                        break;
                    }
                }
            }
            Length::Days(count) => {
                let earliest = self.range.start.max(asker.now);
                let mut date = self.zone.date(earliest)?;
                for _ in 0..MAX_DAYS {
                    let days = self.zone.days(date, count)?;
                    let ends_in = |it: &Interval| it.end_or_max() <= self.range.end_or_max();
                    if let Some(days) = days.filter(|days| days.start >= earliest) {
                        if !ends_in(&days) {
                            break;
                        }
                        let is_day = days.length_ms().is_some_and(|length| length > 0);
                        let fits = is_day && self.why_not(&days, quantity, asker)?.is_empty();
                        if fits && !found(days) {
                            break;
                        }
                    }
                    date = plus_days(date, 1)?;
                }
            }
        }
        Ok(())
    }

    /// Every start, steps and quotas aside, from which so much time can be had.
    fn starts(&self, length_ms: i64, quantity: u32, now: Instant) -> IntervalSet {
        let terms = self.terms;
        let out_of_bounds = u64::try_from(length_ms).map_or(true, |length| {
            length == 0
                || length < terms.min_length_ms.unwrap_or(0)
                || terms.max_length_ms.is_some_and(|most| length > most)
        });
        if out_of_bounds || quantity == 0 || quantity > terms.capacity {
            return IntervalSet::default();
        }
        let step_ms = terms.step_minutes.map_or(1, |minutes| i64::from(minutes) * 60_000);
        if length_ms % step_ms != 0 {
            return IntervalSet::default();
        }
        // The last start of a stretch is the one that ends with it.
        let before_ends = |stretch: &Interval| {
            let end = stretch.end.map(|end| end.plus_ms(1 - length_ms));
            Interval { start: stretch.start, end }
        };
        let available = self.available(quantity);
        let mut starts: IntervalSet = available.intervals().iter().map(before_ends).collect();
        if self.attendance == Attendance::AtEnds {
            let back = |stretch: &Interval| Interval {
                start: stretch.start.plus_ms(-length_ms),
                end: stretch.end.map(|end| end.plus_ms(1 - length_ms)),
            };
            let ends: IntervalSet = self.open.intervals().iter().map(back).collect();
            starts = starts.intersection(&self.open).intersection(&ends);
        }
        let (earliest, latest) = self.starts_ahead(now);
        let start = self.range.start.max(earliest).max(now);
        let end = latest.map(|latest| latest.plus_ms(1));
        let ahead: IntervalSet = [Interval { start, end }].into_iter().collect();
        starts.intersection(&ahead)
    }

    /// The first start on a step in a stretch that keeps the quotas.
    fn first_in(
        &self,
        stretch: &Interval,
        length_ms: i64,
        asker: &Asker<'_>,
    ) -> Result<Option<Instant>, ZoneError> {
        let mut start = self.step_up(stretch.start)?;
        // A quota of days, weeks or months may allow a later day of the same stretch.
        for _ in 0..MAX_DAYS {
            if !stretch.contains(start) {
                return Ok(None);
            }
            if self.keeps_quotas(&self.of_length(start, length_ms), asker)? {
                return Ok(Some(start));
            }
            let next = self.zone.day_start(plus_days(self.zone.date(start)?, 1)?)?;
            start = self.step_up(next)?;
        }
        Ok(None)
    }

    fn keeps_quotas(&self, interval: &Interval, asker: &Asker<'_>) -> Result<bool, ZoneError> {
        let keeps = |quota: &Quota| quota.allows(self.zone, asker.mine, interval, asker.now);
        self.terms.quotas.iter().try_fold(true, |all, quota| Ok(all && keeps(quota)?))
    }

    fn of_length(&self, start: Instant, length_ms: i64) -> Interval {
        Interval { start, end: Some(start.plus_ms(length_ms)) }
    }

    /// The first step of the local clock at or after an instant.
    fn step_up(&self, at: Instant) -> Result<Instant, ZoneError> {
        let Some(minutes) = self.terms.step_minutes else { return Ok(at) };
        let step_ms = i64::from(minutes) * 60_000;
        let past = past_step(self.zone, at, step_ms)?;
        if past == 0 {
            return Ok(at);
        }
        let next = at.plus_ms(step_ms - past);
        // A change of clocks in between puts the steps elsewhere.
        let from = self.zone.change_between(at, next)?.unwrap_or(next);
        let past = past_step(self.zone, from, step_ms)?;
        Ok(if past == 0 { from } else { from.plus_ms(step_ms - past) })
    }

    /// The last step of the local clock at or before an instant.
    pub(super) fn step_down(&self, at: Instant) -> Result<Instant, ZoneError> {
        let Some(minutes) = self.terms.step_minutes else { return Ok(at) };
        let step_ms = i64::from(minutes) * 60_000;
        let down = at.plus_ms(-past_step(self.zone, at, step_ms)?);
        let Some(change) = self.zone.change_between(down, at)? else { return Ok(down) };
        let past = past_step(self.zone, change, step_ms)?;
        if past == 0 {
            return Ok(change);
        }
        let before = change.plus_ms(-1);
        Ok(before.plus_ms(-past_step(self.zone, before, step_ms)?))
    }
}
