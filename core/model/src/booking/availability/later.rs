//! How much longer something can be kept.

use super::survey::{Asker, Attendance, Survey};
use crate::time::{Instant, Interval, OpeningError};

impl Survey<'_> {
    /// The latest end at or before that of `wanted`, and after `after`, with which it
    /// breaks no rule. Where ends lie on steps, one on a step of the local clock.
    pub fn latest_end(
        &self,
        wanted: &Interval,
        after: Instant,
        quantity: u32,
        asker: &Asker<'_>,
    ) -> Result<Option<Instant>, OpeningError> {
        let longest = self
            .terms
            .max_length_ms
            .map(|most| wanted.start.plus_ms(i64::try_from(most).unwrap_or(i64::MAX)));
        let last = wanted.end_or_max().min(self.range.end_or_max());
        let last = longest.map_or(last, |longest| last.min(longest));
        let available = self.available(quantity);
        let held = after.plus_ms(-1).max(wanted.start);
        let Some(stretch) = available.intervals().iter().find(|it| it.contains(held)) else {
            return Ok(None);
        };
        let mut end = last.min(stretch.end_or_max());
        if self.attendance == Attendance::AtEnds {
            // It is brought back while somebody is there.
            let open = self.open.intervals().iter().rev().find(|it| it.start <= end);
            let Some(open) = open else { return Ok(None) };
            end = end.min(open.end_or_max());
        }
        let interval = |end: Instant| Interval { start: wanted.start, end: Some(end) };
        for end in [end, self.step_down(end)?] {
            let fits = end > after && self.why_not(&interval(end), quantity, asker)?.is_empty();
            if fits {
                return Ok(Some(end));
            }
        }
        Ok(None)
    }
}
