//! What is due in the next days, for a phone to schedule.

use super::{ActError, Replica};
use crate::reminder::{self, Reminder};
use crate::rows::Tx;
use crate::time::Instant;

impl Replica {
    /// What is due from `now` on within so long, by when it is told. Empty where nothing is.
    pub fn reminders(
        &self,
        tx: &Tx<'_>,
        now: Instant,
        within_ms: i64,
    ) -> Result<Vec<Reminder>, ActError> {
        if !(1..=reminder::WINDOW_MS).contains(&within_ms) {
            return Err(ActError::invalid("invalid.range"));
        }
        let end = now.plus_ms(within_ms);
        let mut found = Vec::new();
        for view in self.bookings(tx, now)? {
            found.extend(reminder::of_booking(&view, &self.me.member, now, end));
        }
        for view in self.services(tx, now)? {
            let Some(side) = self.own_side(&view) else { continue };
            found.extend(reminder::of_service(&view, side, now, end));
        }
        Ok(reminder::in_order(found))
    }
}
