//! The terms of a resource: what a decider checks, and what the calendar needs.

use serde::{Deserialize, Serialize};

use super::{RecordError, bounds, check_interval, within};
use crate::time::Interval;

/// What a stretch of time costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Price {
    /// Nothing.
    #[default]
    Free,
    /// Credits, in whole minutes for the whole booking.
    Credits {
        /// Minutes.
        minutes: u64,
    },
    /// Money per stretch of time begun.
    Euros {
        /// Whole cents.
        cents: u64,
        /// Per what.
        per: PricePer,
    },
}

/// The stretch of time a price is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PricePer {
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// A week.
    Week,
    /// A month.
    Month,
}

/// How a request becomes a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Mode {
    /// A person answers.
    #[default]
    ByRequest,
    /// The holder's device answers by itself where terms allow.
    Instant,
}

/// What cancelling costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cancellation {
    /// Free of charge up to this long before the start, in milliseconds.
    pub free_until_ms: u64,
    /// After that, this part of the price is due, in percent.
    pub fee_percent: u8,
}

/// One window of a weekly plan, in the plan's own zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanWindow {
    /// 0 is Monday.
    pub weekday: u8,
    /// First minute of the day, 0–1439.
    pub from_minute: u16,
    /// First minute after it, up to 2880 (a window may run into the next day).
    pub to_minute: u16,
}

/// When a resource can be had: laid out for calendars, not yet judged.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Plan {
    /// The IANA zone of the place.
    pub zone: String,
    /// The week.
    pub windows: Vec<PlanWindow>,
}

/// The terms of one resource.
///
/// They apply from their place in the order on and never displace what is firm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Units that can be out at once.
    pub capacity: u32,
    /// Free time wanted before a booking, in milliseconds.
    pub buffer_before_ms: u64,
    /// Free time wanted after a booking, in milliseconds.
    pub buffer_after_ms: u64,
    /// Shortest booking, in milliseconds.
    pub min_length_ms: Option<u64>,
    /// Longest booking, in milliseconds; without it a booking may also be open-ended.
    pub max_length_ms: Option<u64>,
    /// Asked for at least this long before the start, in milliseconds.
    pub notice_ms: u64,
    /// Asked for at most this long before the start, in milliseconds.
    pub horizon_ms: Option<u64>,
    /// Starts and ends lie on multiples of this, in milliseconds.
    pub granularity_ms: Option<u64>,
    /// What it costs.
    pub price: Price,
    /// Deposit, in whole cents.
    pub deposit_cents: u64,
    /// Who answers.
    pub mode: Mode,
    /// What cancelling costs.
    pub cancellation: Cancellation,
    /// Tiers from this one on are not served; 0 is this building.
    pub tiers: u8,
    /// Weekly plan; none: always.
    pub plan: Option<Plan>,
    /// When it cannot be had. Blackouts have no buffers.
    pub blackouts: Vec<Interval>,
    /// Fields of a later version, kept untouched.
    pub more: Vec<u8>,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            capacity: 1,
            buffer_before_ms: 0,
            buffer_after_ms: 0,
            min_length_ms: None,
            max_length_ms: None,
            notice_ms: 0,
            horizon_ms: None,
            granularity_ms: None,
            price: Price::Free,
            deposit_cents: 0,
            mode: Mode::ByRequest,
            cancellation: Cancellation::default(),
            tiers: bounds::TIERS,
            plan: None,
            blackouts: Vec::new(),
            more: Vec::new(),
        }
    }
}

impl Terms {
    /// Terms for a pool of alike units, everything else as by default.
    pub fn of_capacity(capacity: u32) -> Self {
        Self { capacity, ..Self::default() }
    }

    /// The free time between two bookings: the greater of both buffers, not the sum.
    pub const fn gap_ms(&self) -> u64 {
        if self.buffer_before_ms > self.buffer_after_ms {
            self.buffer_before_ms
        } else {
            self.buffer_after_ms
        }
    }

    /// Checks every bound.
    pub fn check(&self) -> Result<(), RecordError> {
        within(self.capacity <= bounds::UNITS, "capacity")?;
        let spans = [
            Some(self.buffer_before_ms),
            Some(self.buffer_after_ms),
            self.min_length_ms,
            self.max_length_ms,
            Some(self.notice_ms),
            self.horizon_ms,
            self.granularity_ms,
            Some(self.cancellation.free_until_ms),
        ];
        within(spans.iter().flatten().all(|span| *span <= bounds::SPAN_MS), "span")?;
        within(self.granularity_ms != Some(0), "granularity")?;
        let shortest = self.min_length_ms.unwrap_or(0);
        within(self.max_length_ms.is_none_or(|longest| longest >= shortest), "lengths")?;
        let price = match self.price {
            Price::Free => 0,
            Price::Credits { minutes } => minutes,
            Price::Euros { cents, .. } => cents,
        };
        within(price <= bounds::PRICE && self.deposit_cents <= bounds::PRICE, "price")?;
        within(self.cancellation.fee_percent <= 100, "fee")?;
        within(self.tiers <= bounds::TIERS, "tiers")?;
        if let Some(plan) = &self.plan {
            within(plan.zone.len() <= bounds::ZONE_BYTES, "zone")?;
            within(plan.windows.len() <= bounds::WINDOWS, "windows")?;
            let sound = |w: &PlanWindow| {
                w.weekday < 7
                    && w.from_minute < 1_440
                    && w.from_minute < w.to_minute
                    && w.to_minute <= 2_880
            };
            within(plan.windows.iter().all(sound), "window")?;
        }
        within(self.blackouts.len() <= bounds::BLACKOUTS, "blackouts")?;
        self.blackouts.iter().try_for_each(check_interval)?;
        within(self.more.len() <= bounds::MORE_BYTES, "later fields")
    }
}
