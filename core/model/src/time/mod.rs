//! Instants and intervals. Zones and recurrence build on these.

mod instant;
mod interval;

pub use instant::Instant;
pub use interval::{Interval, IntervalError};
