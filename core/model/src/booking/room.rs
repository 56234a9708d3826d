//! What is free: segments of a range, what stands in the way, the nearest slots.
//!
//! The same gap and the same peak as in the calendar's pass, over what counts now.

use serde::{Deserialize, Serialize};

use super::calendar::{Held, conflict, end_ms};
use super::records::{DomainId, Terms};
use super::rows::{CalendarRow, CalendarSlots, Calendars};
use crate::keys::{BookingId, DocId};
use crate::rows::{Key, RowsError, Tx};
use crate::time::{Instant, Interval};

/// Most slots of one domain that are looked at.
const SLOTS: usize = 1 << 17;
/// Most segments of free and busy that one question gives.
const SEGMENTS: usize = 10_000;
/// Candidate starts that a search for alternatives tries, before and after.
const CANDIDATES: usize = 256;

/// A domain as it stands: its row and what counts.
#[derive(Debug, Clone)]
pub struct DomainView {
    /// Its id.
    pub id: DomainId,
    /// The row.
    pub row: CalendarRow,
    /// What counts, by start.
    pub held: Vec<Held>,
}

/// A stretch of time in which so many units can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// Its beginning.
    pub start: Instant,
    /// Its end.
    pub end: Instant,
    /// Units free throughout.
    pub free: u32,
}

/// Another slot that could be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Alternative {
    /// Of what.
    pub listing: DocId,
    /// When.
    pub interval: Interval,
}

impl DomainView {
    /// Reads a domain, if it is here and its founding counts.
    pub fn load(tx: &Tx<'_>, domain: &DomainId) -> Result<Option<Self>, RowsError> {
        let Some(row) = tx.row::<Calendars>(domain)?.filter(|row| row.counts) else {
            return Ok(None);
        };
        let slots = tx.rows_with_prefix::<CalendarSlots>(&domain.to_key(), SLOTS)?;
        let held = slots.into_iter().map(|(_, held)| held).collect();
        Ok(Some(Self { id: *domain, row, held }))
    }

    /// The terms of a resource in force.
    pub fn terms(&self, resource: &DocId) -> Option<&Terms> {
        self.row.terms.get(self.row.record.index_of(resource)?)
    }

    /// The booking `id`, if it counts.
    pub fn held(&self, booking: &BookingId) -> Option<&Held> {
        self.held.iter().find(|held| held.booking == *booking)
    }

    /// Whether one of two resources is part of the other.
    pub(super) fn related(&self, a: &DocId, b: &DocId) -> bool {
        let resources = &self.row.record.resources;
        let (Some(a), Some(b)) = (self.row.record.index_of(a), self.row.record.index_of(b)) else {
            return false;
        };
        // Parents stand before their parts, so this ends.
        let is_in = |mut part: usize, whole: usize| {
            while let Some(parent) = resources[part].part_of.map(usize::from) {
                if parent >= part {
                    return false;
                }
                if parent == whole {
                    return true;
                }
                part = parent;
            }
            false
        };
        a == b || is_in(a, b) || is_in(b, a)
    }

    /// What counts near an interval, on a resource, its parts and what it is part of.
    fn near(&self, resource: &DocId, interval: &Interval, gap_ms: i64) -> Vec<&Held> {
        self.held
            .iter()
            .take_while(|held| held.interval.start.0 < end_ms(interval).saturating_add(gap_ms))
            .filter(|held| conflict(&held.interval, interval, gap_ms))
            .filter(|held| self.related(&held.resource, resource))
            .collect()
    }

    /// Bookings that keep `quantity` units of a resource from being had in `interval`;
    /// empty: they can be had; none: there are not that many at all, or a blackout.
    pub fn in_the_way(
        &self,
        resource: &DocId,
        interval: &Interval,
        quantity: u32,
    ) -> Option<Vec<BookingId>> {
        let terms = self.terms(resource)?;
        if quantity > terms.capacity || terms.blackouts.iter().any(|b| b.overlaps(interval)) {
            return None;
        }
        let gap_ms = i64::try_from(terms.gap_ms()).unwrap_or(i64::MAX);
        let near = self.near(resource, interval, gap_ms);
        let whole = near.iter().any(|held| held.resource != *resource);
        let units = near.iter().map(|held| (held.interval, held.quantity));
        let peak = super::calendar::peak(units, interval, gap_ms);
        if !whole && peak + u64::from(quantity) <= u64::from(terms.capacity) {
            return Some(Vec::new());
        }
        Some(near.into_iter().map(|held| held.booking).collect())
    }

    /// How many units of a resource are free when, over a range: segments without holes.
    /// The gap wanted between bookings is taken off on both sides, so that what lies in
    /// a free segment can be had.
    pub fn free(&self, resource: &DocId, from: Instant, to: Instant) -> Vec<Segment> {
        let (Some(terms), Ok(range)) = (self.terms(resource), Interval::new(from, Some(to))) else {
            return Vec::new();
        };
        let gap_ms = i64::try_from(terms.gap_ms()).unwrap_or(i64::MAX);
        let near = self.near(resource, &range, gap_ms);
        // (instant, units taken or given back): a part or a whole takes all there is.
        let mut steps: Vec<(i64, i64)> = Vec::new();
        let mut step = |busy: &Interval, gap: i64, units: i64| {
            steps.push((busy.start.0.saturating_sub(gap).clamp(from.0, to.0), units));
            steps.push((end_ms(busy).saturating_add(gap).clamp(from.0, to.0), -units));
        };
        let all = i64::from(terms.capacity);
        for held in near {
            let is_own = held.resource == *resource;
            step(&held.interval, gap_ms, if is_own { i64::from(held.quantity) } else { all });
        }
        for blackout in &terms.blackouts {
            step(blackout, 0, all);
        }
        steps.sort_unstable();
        let mut segments: Vec<Segment> = Vec::new();
        let (mut at, mut taken) = (from.0, 0);
        let mut push = |start: i64, end: i64, taken: i64| {
            if start >= end || segments.len() >= SEGMENTS {
                return;
            }
            let free = u32::try_from((all - taken).max(0)).unwrap_or(0);
            match segments.last_mut() {
                Some(last) if last.free == free => last.end = Instant(end),
                _ => segments.push(Segment { start: Instant(start), end: Instant(end), free }),
            }
        };
        for (when, units) in steps {
            push(at, when, taken);
            at = at.max(when);
            taken += units;
        }
        push(at, to.0, taken);
        segments
    }

    /// The slots of the same length nearest to `wanted` on the same resource, not
    /// before `now`, nearest first.
    pub fn alternatives(
        &self,
        resource: &DocId,
        wanted: &Interval,
        quantity: u32,
        now: Instant,
        limit: usize,
    ) -> Vec<Alternative> {
        let (Some(terms), Some(end)) = (self.terms(resource), wanted.end) else {
            return Vec::new();
        };
        let length = end.0.saturating_sub(wanted.start.0);
        let gap_ms = i64::try_from(terms.gap_ms()).unwrap_or(i64::MAX);
        let step = terms.granularity_ms.and_then(|step| i64::try_from(step).ok()).unwrap_or(1);
        // A nearest slot touches something that stands there, or is the one wanted.
        let busy = self.held.iter().filter(|held| self.related(&held.resource, resource));
        let mut starts: Vec<i64> = vec![wanted.start.0];
        for held in busy {
            starts.push(up(end_ms(&held.interval).saturating_add(gap_ms), step));
            let before = held.interval.start.0.saturating_sub(gap_ms).saturating_sub(length);
            starts.push(before.div_euclid(step).saturating_mul(step));
        }
        for blackout in &terms.blackouts {
            starts.push(up(end_ms(blackout), step));
            let before = blackout.start.0.saturating_sub(length);
            starts.push(before.div_euclid(step).saturating_mul(step));
        }
        starts.retain(|start| *start >= now.0 && start.checked_add(length).is_some());
        starts.sort_unstable_by_key(|start| (start.abs_diff(wanted.start.0), *start));
        starts.dedup();
        let mut found = Vec::new();
        for start in starts.into_iter().take(2 * CANDIDATES) {
            let end = Some(Instant(start + length));
            let interval = Interval { start: Instant(start), end };
            let fits = self
                .in_the_way(resource, &interval, quantity)
                .is_some_and(|others| others.is_empty());
            if fits {
                found.push(Alternative { listing: *resource, interval });
            }
            if found.len() >= limit {
                break;
            }
        }
        found
    }

    /// Whether the very slot is free on this resource: for offering another one.
    pub fn same_slot(
        &self,
        resource: &DocId,
        wanted: &Interval,
        quantity: u32,
    ) -> Option<Alternative> {
        let others = self.in_the_way(resource, wanted, quantity)?;
        others.is_empty().then_some(Alternative { listing: *resource, interval: *wanted })
    }
}

/// The next multiple of `step` at or after `at`.
fn up(at: i64, step: i64) -> i64 {
    let down = at.div_euclid(step).saturating_mul(step);
    if down == at { at } else { down.saturating_add(step) }
}
