//! The terms of a resource: what a decider checks, and what the calendar needs.
//!
//! The calendar of §7 reads capacity and buffers alone; all else is judged by whoever
//! decides, and told to whoever asks ([`super::super::availability`]).

use serde::{Deserialize, Serialize};

use super::{RecordError, bounds, check_interval, within};
use crate::booking::availability::{Attendance, Quota};
use crate::booking::tariff::Tariff;
use crate::codec;
use crate::listing::zone_is_named;
use crate::time::{OpeningPlan, Zone, ZoneError};

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

/// The terms of one resource. Lengths are real time in milliseconds.
///
/// They apply from their place in the order on and never displace what is firm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Units that can be out at once.
    pub capacity: u32,
    /// Free time wanted before a booking.
    pub buffer_before_ms: u64,
    /// Free time wanted after a booking.
    pub buffer_after_ms: u64,
    /// Shortest booking.
    pub min_length_ms: Option<u64>,
    /// Longest booking; without it a booking may also be open-ended.
    pub max_length_ms: Option<u64>,
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
    /// The IANA zone of the place: what opening hours, steps, days and prices mean.
    pub zone: String,
    /// Opening hours and closures.
    pub opening: OpeningPlan,
    /// When opening hours count.
    pub attendance: Attendance,
    /// What it costs, for one piece.
    pub tariff: Tariff,
    /// Deposit for one piece, in whole cents.
    pub deposit_cents: u64,
    /// Who answers.
    pub mode: Mode,
    /// What cancelling costs.
    pub cancellation: Cancellation,
    /// What a requester agrees to by asking; empty: nothing.
    pub accept: String,
    /// A booking without an end ends at least this long after either side says so.
    pub leave_notice_ms: u64,
    /// How long somebody who waits is offered room that came free, in milliseconds, and at
    /// most until its start; 0: it is not asked again but accepted at once.
    pub offer_ms: u64,
    /// Whether only people whom a landlord attests may ask.
    pub attested: bool,
    /// What is rented from a landlord and let on: where he agrees to that, in the owner's
    /// words.
    pub consent: Option<String>,
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
            step_minutes: None,
            tiers: bounds::TIERS,
            quotas: Vec::new(),
            zone: "UTC".to_owned(),
            opening: OpeningPlan::default(),
            attendance: Attendance::default(),
            tariff: Tariff::default(),
            deposit_cents: 0,
            mode: Mode::ByRequest,
            cancellation: Cancellation::default(),
            accept: String::new(),
            leave_notice_ms: 0,
            offer_ms: 86_400_000,
            attested: false,
            consent: None,
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

    /// The zone of the place, if this version knows it.
    pub fn zone(&self) -> Result<Zone, ZoneError> {
        Zone::named(&self.zone)
    }

    /// Checks every bound. The same on every machine, whatever zones it knows.
    pub fn check(&self) -> Result<(), RecordError> {
        within(self.capacity <= bounds::UNITS, "capacity")?;
        let spans = [
            Some(self.buffer_before_ms),
            Some(self.buffer_after_ms),
            self.min_length_ms,
            self.max_length_ms,
            Some(self.notice_ms),
            self.horizon_ms,
            Some(self.cancellation.free_until_ms),
            Some(self.leave_notice_ms),
            Some(self.offer_ms),
        ];
        within(spans.iter().flatten().all(|span| *span <= bounds::SPAN_MS), "span")?;
        let shortest = self.min_length_ms.unwrap_or(0);
        within(self.max_length_ms.is_none_or(|longest| longest >= shortest), "lengths")?;
        within(self.horizon_ms.is_none_or(|most| most >= self.notice_ms), "horizon")?;
        let divides = |step: u16| step != 0 && 1_440 % step == 0;
        within(self.step_minutes.is_none_or(divides), "step")?;
        within(self.tiers <= bounds::TIERS, "tiers")?;
        within(self.quotas.len() <= bounds::QUOTAS, "quotas")?;
        within(self.quotas.iter().all(Quota::is_valid), "quota")?;
        within(!self.zone.is_empty() && zone_is_named(&self.zone), "zone")?;
        self.opening.check().map_err(|_| RecordError::Bounds("opening hours"))?;
        self.opening.blackouts.iter().try_for_each(check_interval)?;
        within(self.tariff.is_valid() && self.deposit_cents <= bounds::PRICE, "price")?;
        within(self.cancellation.fee_percent <= 100, "fee")?;
        within(self.accept.len() <= bounds::TEXT_BYTES, "text to accept")?;
        let says = |text: &String| !text.trim().is_empty() && text.len() <= bounds::CONSENT_BYTES;
        within(self.consent.as_ref().is_none_or(says), "consent")?;
        within(self.more.len() <= bounds::MORE_BYTES, "later fields")?;
        within(codec::encode(self).len() <= bounds::TERMS_BYTES, "terms")
    }
}
