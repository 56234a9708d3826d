//! Lives in which bookings that hold are handed over, come back and go wrong, beside all
//! else.

use super::scenario::Scenario;
use crate::booking::{StepKind, lifecycle::Life};
use crate::keys::BookingId;
use crate::replica::NewStep;

const HOUR_MS: i64 = 3_600_000;
/// Times from the start on at which people say something, claimed: some are refused.
const FROM_HOURS: i64 = -26;
const HOURS: u32 = 12 * 24;

impl Scenario {
    /// A side of some booking may say something of it.
    pub(super) fn hand_over_step(&mut self) -> Result<(), String> {
        let count = u32::try_from(self.world.nodes.len()).unwrap_or(1);
        let node = self.draw(count) as usize;
        if !self.is_in(node) {
            return Ok(());
        }
        let known = self.live_bookings(node);
        let count = u32::try_from(known.len()).unwrap_or(0);
        let Some((booking, life)) = known.get(self.draw(count) as usize).cloned() else {
            return Ok(());
        };
        // What both sides say at their time is said more often than what goes wrong.
        let kind = match self.draw(8) {
            0..3 => StepKind::HAND_OVER,
            3..6 => StepKind::RETURN,
            _ => StepKind::ALL[self.draw(9) as usize],
        };
        let hours = FROM_HOURS.saturating_add(i64::from(self.draw(HOURS)));
        let at = life.interval.start.plus_ms(hours * HOUR_MS);
        let hood = self.hood;
        let text = if self.draw(3) == 0 { "une rayure" } else { "" };
        let new = NewStep { booking, kind, text: text.to_owned(), proof: None };
        let said = self
            .world
            .act(node, &hood, |replica, tx, _, rng| Ok(((), replica.step(tx, at, rng, new)?)));
        let what = format!("says {} of {:02x}{:02x}", kind.code(), booking.0[0], booking.0[1]);
        if self.done(node, &what, said)?.is_some() {
            self.said += 1;
        }
        Ok(())
    }

    /// The bookings that hold for this device's member.
    fn live_bookings(&mut self, node: usize) -> Vec<(BookingId, Life)> {
        let (hood, mut live) = (self.hood, Vec::new());
        for id in self.bookings_of(node) {
            let view = self
                .world
                .read(node, &hood, |replica, tx, now| replica.booking(tx, &id, now.claimed));
            if let Some(life) = view.ok().and_then(|view| view.life) {
                live.push((id, life));
            }
        }
        live
    }
}
