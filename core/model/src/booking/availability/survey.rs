//! One resource looked at over one range.

use serde::{Deserialize, Serialize};

use super::load::free_units;
use super::refusal::Refusal;
use crate::booking::footing::Footing;
use crate::booking::records::Terms;
use crate::time::{Instant, Interval, IntervalSet, OpeningError, Zone, ZoneError};

/// When the opening hours count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Attendance {
    /// All the time: a room.
    #[default]
    Throughout,
    /// When it is taken and when it is brought back: a tool that is lent over night.
    AtEnds,
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

/// What a booking is to the resource that is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// One of the resource itself.
    Same,
    /// One of a part of it, or of the whole that it is part of: takes all of it.
    Part,
}

/// Something that stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occupied {
    /// When.
    pub interval: Interval,
    /// How many units.
    pub quantity: u32,
    /// What it is to this resource.
    pub relation: Relation,
}

/// Who asks, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asker<'a> {
    /// What they are to the place.
    pub footing: Footing,
    /// What they have booked of this resource, past and to come.
    pub mine: &'a [Interval],
    /// Now.
    pub now: Instant,
}

/// One resource over one range.
#[derive(Debug, Clone)]
pub struct Survey<'a> {
    pub(super) zone: &'a Zone,
    pub(super) terms: &'a Terms,
    /// When hours count here.
    pub(super) attendance: Attendance,
    pub(super) range: Interval,
    /// Units that bookings leave, over the range.
    units: Vec<Segment>,
    /// Blocked by parts or the whole.
    parts: IntervalSet,
    /// Opening hours with what is closed taken off.
    pub(super) open: IntervalSet,
    /// Closures of the range.
    closed: IntervalSet,
}

impl<'a> Survey<'a> {
    /// Looks at `range`. `occupied` holds at least what lies in it or within the gap on
    /// either side.
    ///
    /// A range without an end can only be looked at where no opening hours stand against
    /// it: [`OpeningError::RangeTooLong`].
    pub fn new(
        zone: &'a Zone,
        terms: &'a Terms,
        occupied: &[Occupied],
        range: Interval,
    ) -> Result<Self, OpeningError> {
        let hours = match (terms.attendance, range.end) {
            // Only the start is attended.
            (Attendance::AtEnds, None) => {
                let day = Interval { end: Some(range.start.plus_ms(Instant::DAY_MS)), ..range };
                terms.opening.hours(zone, &day)?
            }
            // One instant more, to see whether the end of the range is still open.
            (Attendance::AtEnds, Some(end)) => {
                let more = Interval { end: Some(end.plus_ms(1)), ..range };
                terms.opening.hours(zone, &more)?
            }
            (Attendance::Throughout, _) => terms.opening.hours(zone, &range)?,
        };
        Self::within(zone, terms, occupied, range, hours, terms.attendance)
    }

    /// The same for a person who may make an exception: opening hours do not count,
    /// closures and what is booked do.
    pub fn of_calendar(
        zone: &'a Zone,
        terms: &'a Terms,
        occupied: &[Occupied],
        range: Interval,
    ) -> Result<Self, OpeningError> {
        let always = IntervalSet::of(range);
        Self::within(zone, terms, occupied, range, always, Attendance::Throughout)
    }

    fn within(
        zone: &'a Zone,
        terms: &'a Terms,
        occupied: &[Occupied],
        range: Interval,
        hours: IntervalSet,
        attendance: Attendance,
    ) -> Result<Self, OpeningError> {
        let closed = terms.opening.closed(zone, &range)?;
        let gap_ms = i64::try_from(terms.gap_ms()).unwrap_or(i64::MAX);
        let blocked = |other: &&Occupied| other.relation == Relation::Part;
        let around = |other: &Occupied| Interval {
            start: other.interval.start.plus_ms(-gap_ms),
            end: other.interval.end.map(|end| end.plus_ms(gap_ms)),
        };
        Ok(Self {
            zone,
            terms,
            attendance,
            range,
            units: free_units(terms.capacity, gap_ms, occupied, &range),
            parts: occupied.iter().filter(blocked).map(around).collect(),
            open: hours.minus(&closed),
            closed,
        })
    }

    /// Free units over the range, in segments without holes: none where it is closed.
    pub fn free(&self) -> Vec<Segment> {
        let open = match self.attendance {
            Attendance::Throughout => self.open.clone(),
            Attendance::AtEnds => IntervalSet::of(self.range).minus(&self.closed),
        };
        let mut free: Vec<Segment> = Vec::with_capacity(self.units.len());
        let mut tell = |start: Instant, end: Instant, units: u32| match free.last_mut() {
            _ if start >= end => {}
            Some(last) if last.free == units && last.end == start => last.end = end,
            _ => free.push(Segment { start, end, free: units }),
        };
        let mut windows = open.intervals().iter().peekable();
        for segment in &self.units {
            let mut at = segment.start;
            while let Some(window) = windows.peek() {
                if window.start >= segment.end {
                    break;
                }
                tell(at, window.start.max(at), 0);
                at = at.max(window.start);
                let end = window.end_or_max().min(segment.end);
                tell(at, end, segment.free);
                at = at.max(end);
                if window.end_or_max() > segment.end {
                    break;
                }
                windows.next();
            }
            tell(at, segment.end, 0);
        }
        free
    }

    /// Instants at which `quantity` units can be had: for [`Attendance::AtEnds`] whether
    /// or not somebody is there to hand them over.
    pub(super) fn available(&self, quantity: u32) -> IntervalSet {
        let enough = self.units.iter().filter(|segment| segment.free >= quantity);
        let end = |at: Instant| (at.0 < i64::MAX).then_some(at);
        let enough: IntervalSet =
            enough.map(|it| Interval { start: it.start, end: end(it.end) }).collect();
        match self.attendance {
            Attendance::Throughout => enough.intersection(&self.open),
            Attendance::AtEnds => enough.minus(&self.closed),
        }
    }

    /// Every rule that a wish breaks, in the order in which people would name them; empty:
    /// it can be had. `wanted` must lie within the range.
    pub fn why_not(
        &self,
        wanted: &Interval,
        quantity: u32,
        asker: &Asker<'_>,
    ) -> Result<Vec<Refusal>, OpeningError> {
        let capacity = self.terms.capacity;
        let mut broken = Vec::new();
        if quantity == 0 || quantity > capacity {
            broken.push(Refusal::Quantity { most: capacity });
        }
        broken.extend(asker.footing.against(self.terms));
        self.length(wanted, &mut broken);
        self.ahead(wanted, asker.now, &mut broken);
        if let Some(minutes) = self.terms.step_minutes
            && !self.on_steps(wanted, minutes)?
        {
            broken.push(Refusal::Step { minutes });
        }
        self.hours(wanted, &mut broken)?;
        self.units(wanted, quantity, &mut broken);
        for quota in &self.terms.quotas {
            if !quota.allows(self.zone, asker.mine, wanted, asker.now)? {
                broken.push(Refusal::Quota(*quota));
            }
        }
        Ok(broken)
    }

    /// What of all that a person could not make an exception of: how many there are,
    /// closures, what is booked.
    pub fn in_the_way(
        &self,
        wanted: &Interval,
        quantity: u32,
    ) -> Result<Vec<Refusal>, OpeningError> {
        let capacity = self.terms.capacity;
        let mut broken = Vec::new();
        if quantity == 0 || quantity > capacity {
            broken.push(Refusal::Quantity { most: capacity });
        }
        if let Some(at) = IntervalSet::of(self.range).minus(&self.closed).first_missing(wanted)
            && let Some(why) = self.terms.opening.why_closed(self.zone, at)?
        {
            broken.push(Refusal::Closed { at, why });
        }
        self.units(wanted, quantity, &mut broken);
        Ok(broken)
    }

    fn length(&self, wanted: &Interval, broken: &mut Vec<Refusal>) {
        let least_ms = self.terms.min_length_ms.unwrap_or(0);
        let most_ms = self.terms.max_length_ms;
        match wanted.length_ms().map(|length| u64::try_from(length).unwrap_or(0)) {
            None if most_ms.is_some() => broken.push(Refusal::OpenEnded),
            None => {}
            Some(length) => {
                if length == 0 || length < least_ms {
                    broken.push(Refusal::TooShort { least_ms: least_ms.max(1) });
                }
                if let Some(most_ms) = most_ms.filter(|most| length > *most) {
                    broken.push(Refusal::TooLong { most_ms });
                }
            }
        }
    }

    fn ahead(&self, wanted: &Interval, now: Instant, broken: &mut Vec<Refusal>) {
        if wanted.end.is_some_and(|end| end <= now) {
            broken.push(Refusal::Past);
        }
        let (earliest, latest) = self.starts_ahead(now);
        if self.terms.notice_ms > 0 && wanted.start < earliest {
            broken.push(Refusal::TooSoon { earliest });
        }
        if let Some(latest) = latest.filter(|latest| wanted.start > *latest) {
            broken.push(Refusal::TooFar { latest });
        }
    }

    /// The first and the last start that may be asked for now.
    pub(super) fn starts_ahead(&self, now: Instant) -> (Instant, Option<Instant>) {
        let after = |ms: u64| now.plus_ms(i64::try_from(ms).unwrap_or(i64::MAX));
        (after(self.terms.notice_ms), self.terms.horizon_ms.map(after))
    }

    /// Whether the start lies on a step of the local clock, and the end too or the length
    /// is a multiple.
    fn on_steps(&self, wanted: &Interval, minutes: u16) -> Result<bool, ZoneError> {
        let step_ms = i64::from(minutes) * 60_000;
        if past_step(self.zone, wanted.start, step_ms)? != 0 {
            return Ok(false);
        }
        let Some(end) = wanted.end else { return Ok(true) };
        let multiple = wanted.length_ms().is_some_and(|length| length % step_ms == 0);
        Ok(multiple || past_step(self.zone, end, step_ms)? == 0)
    }

    fn hours(&self, wanted: &Interval, broken: &mut Vec<Refusal>) -> Result<(), OpeningError> {
        let missing = match self.attendance {
            Attendance::Throughout => self.open.first_missing(wanted),
            Attendance::AtEnds => {
                let all = IntervalSet::of(self.range).minus(&self.closed);
                let start = (!self.open.contains(wanted.start)).then_some(wanted.start);
                let end = wanted.end.filter(|end| !self.attended(*end));
                start.or_else(|| all.first_missing(wanted)).or(end)
            }
        };
        let Some(at) = missing else { return Ok(()) };
        if let Some(why) = self.terms.opening.why_closed(self.zone, at)? {
            broken.push(Refusal::Closed { at, why });
        }
        Ok(())
    }

    /// Whether something can be brought back then: it is open, or just closing.
    pub(super) fn attended(&self, at: Instant) -> bool {
        self.open.contains(at) || self.open.contains(at.plus_ms(-1))
    }

    fn units(&self, wanted: &Interval, quantity: u32, broken: &mut Vec<Refusal>) {
        let part = self.parts.intervals().iter().find(|part| part.overlaps(wanted));
        if let Some(part) = part {
            broken.push(Refusal::Part { at: part.start.max(wanted.start) });
            return;
        }
        let ends_after = |segment: &&Segment| segment.end > wanted.start;
        let within = |segment: &&Segment| segment.start < wanted.end_or_max();
        let mut met = self.units.iter().filter(ends_after).take_while(within);
        let quantity = quantity.min(self.terms.capacity);
        if let Some(short) = met.find(|segment| segment.free < quantity) {
            let at = short.start.max(wanted.start);
            broken.push(Refusal::Taken { at, free: short.free });
        }
    }
}

/// How far an instant lies past a step of the local clock, in milliseconds.
pub(super) fn past_step(zone: &Zone, at: Instant, step_ms: i64) -> Result<i64, ZoneError> {
    // Steps divide the day, so that midnight is one and days need not be counted.
    let offset_ms = i64::from(zone.offset_seconds(at)?) * 1_000;
    Ok(at.0.saturating_add(offset_ms).rem_euclid(step_ms.max(1)))
}
