//! What the terms of a resource say about time.

use super::quota::Quota;
use crate::booking::records::bounds;
use crate::time::OpeningPlan;

/// Most quotas of one resource.
const MAX_QUOTAS: usize = 8;

/// When the opening hours count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Attendance {
    /// All the time: a room.
    #[default]
    Throughout,
    /// When it is taken and when it is brought back: a tool that is lent over night.
    AtEnds,
}

/// The rules of one resource. Lengths are real time in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Units that can be out at once.
    pub capacity: u32,
    /// Free time wanted between two bookings: the greater of before and after.
    pub gap_ms: u64,
    /// Shortest booking.
    pub least_ms: u64,
    /// Longest booking; without it a booking may also be open-ended.
    pub most_ms: Option<u64>,
    /// Asked for at least this long before the start.
    pub notice_ms: u64,
    /// Asked for at most this long before the start.
    pub horizon_ms: Option<u64>,
    /// Starts and ends lie on multiples of so many minutes since local midnight; 1 to 1440,
    /// a divisor of 1440. A booking as long as a multiple may end anywhere.
    pub step_minutes: Option<u16>,
    /// Tiers from this one on are not served; 0 is this building.
    pub tiers: u8,
    /// How much one member may have.
    pub quotas: Vec<Quota>,
    /// Opening hours and closures.
    pub opening: OpeningPlan,
    /// When opening hours count.
    pub attendance: Attendance,
}

/// A rule that is out of bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is out of bounds")]
pub struct RulesError(pub &'static str);

impl Rules {
    /// Open to all, day and night, for any length.
    pub fn of_capacity(capacity: u32) -> Self {
        Self {
            capacity,
            gap_ms: 0,
            least_ms: 0,
            most_ms: None,
            notice_ms: 0,
            horizon_ms: None,
            step_minutes: None,
            tiers: bounds::TIERS,
            quotas: Vec::new(),
            opening: OpeningPlan::default(),
            attendance: Attendance::Throughout,
        }
    }

    /// Checks every bound.
    pub fn check(&self) -> Result<(), RulesError> {
        let within = |holds, what| if holds { Ok(()) } else { Err(RulesError(what)) };
        within(self.capacity <= bounds::UNITS, "capacity")?;
        let spans = [Some(self.gap_ms), Some(self.least_ms), self.most_ms];
        let ahead = [Some(self.notice_ms), self.horizon_ms];
        let short = |span: &u64| *span <= bounds::SPAN_MS;
        within(spans.iter().chain(&ahead).flatten().all(short), "span")?;
        within(self.most_ms.is_none_or(|most| most >= self.least_ms), "lengths")?;
        within(self.horizon_ms.is_none_or(|most| most >= self.notice_ms), "horizon")?;
        let divides = |step: u16| step != 0 && 1_440 % step == 0;
        within(self.step_minutes.is_none_or(divides), "step")?;
        within(self.tiers <= bounds::TIERS, "tiers")?;
        within(self.quotas.len() <= MAX_QUOTAS, "quotas")?;
        within(self.quotas.iter().all(Quota::is_valid), "quota")?;
        self.opening.check().map_err(|_| RulesError("opening hours"))
    }
}
