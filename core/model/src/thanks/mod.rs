//! Thanks after a deal: an open word from one side to the other.
//!
//! Invariant: what a member said of a deal is a pure function of the set of entries and of
//! what counts; one word a side and deal. That it is shown only when both have spoken, or
//! after seven days, is a courtesy of the screens: the record is open, and whoever reads the
//! journal reads it at once. It proves that its writer wrote it, never that there was a deal.

mod record;
mod rule;
mod view;

pub use record::{Given, Thanks, ThanksRow, ThanksRows, bounds, take};
pub use rule::{SILENCE_MS, Spoken, heads, shown_from, spoken};
pub use view::{ThanksView, received};
