//! Instants, intervals, zones, recurrence, opening hours, public holidays.
//!
//! Invariant: what people say is wall-clock time in the zone of a place; instants are
//! derived from it, always by [`Zone::instant`]. Nothing here reads a clock.

mod change;
mod holidays;
mod instant;
mod interval;
mod interval_set;
pub mod limits;
mod occurrences;
mod opening;
mod recurrence;
mod rrule;
mod weekday;
mod wire;
mod zone;

pub use change::ClockChange;
pub use holidays::{Holiday, HolidayCalendar, easter_sunday};
pub use instant::Instant;
pub use interval::{Interval, IntervalError};
pub use interval_set::IntervalSet;
pub use occurrences::{Occurrence, Occurrences};
pub use opening::{Closed, Closure, HolidayHours, OpeningError, OpeningPlan, WeekWindow, Window};
pub use recurrence::{Bound, Pattern, Recurrence, RecurrenceError, Rule, Starts};
pub use rrule::RuleError;
pub(crate) use rrule::{date_time_text, read_date, read_date_time};
pub use weekday::Weekday;
pub(crate) use zone::at_minute;
pub use zone::{Zone, ZoneError};
pub(crate) use zone::{days_between, plus_days, plus_months};

/// Dates and times of the wall clock.
pub mod civil {
    pub use jiff::civil::{Date, DateTime, Time};
}
