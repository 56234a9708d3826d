//! What is overdue still stands in the way: a thing that was handed over and is not back, a
//! place that is still taken past its end.
//!
//! Open records do not tell it (a hand-over is sealed), so only those who decide on a place
//! know, on their own devices: they are told that it is not free, and say yes to nothing
//! that begins before it can be back. Invariant: it is a function of what was said and of
//! `now`; the calendar knows nothing of it, so nothing that holds is displaced by it.

use super::availability::Refusal;
use super::calendar::Held;
use super::lifecycle::{self, Proof, Side, Stage};
use super::records::{StepKind, Terms};
use super::room::{DomainView, RoomError};
use super::rows::Bookings;
use super::slots::slots_over;
use super::status::said;
use crate::authority::Authority;
use crate::keys::MemberId;
use crate::rows::{RowsError, Tx};
use crate::time::{Instant, Interval};

/// What is still out is not counted on before so long from now: two hours.
pub const STILL_OUT_MS: i64 = 2 * 3_600_000;
/// How long ago what is still out may have ended: a year. After that somebody says that it
/// is lost.
const LOOKED_BACK_MS: i64 = 366 * Instant::DAY_MS;

/// Whether a proof is its member's word: a device that was revoked since was theirs when it
/// signed.
pub fn is_genuine(authority: &Authority, proof: &Proof) -> bool {
    authority.device_of(&proof.member, &proof.device).is_some()
        && proof.is_signed(&authority.hood())
}

/// Whether what was said of a booking means that its thing or place is not free.
fn is_out(interval: &Interval, said: &[lifecycle::Said], now: Instant) -> bool {
    let overstays =
        || said.iter().any(|it| it.kind == StepKind::OVERSTAY && it.side == Side::Owner);
    match lifecycle::life(interval, said, now).stage {
        Stage::Overdue | Stage::Lost => true,
        Stage::Ended => overstays(),
        _ => false,
    }
}

impl DomainView {
    /// Notes what is still out, where that matters to a range: where `me` decides, and the
    /// range begins before it can be back.
    pub fn note_still_out(
        &mut self,
        tx: &Tx<'_>,
        range: &Interval,
        genuine: &dyn Fn(&Proof) -> bool,
        me: &MemberId,
        now: Instant,
    ) -> Result<(), RowsError> {
        let gap = self.row.terms.iter().map(Terms::gap_ms).max().unwrap_or(0);
        let back = now.plus_ms(STILL_OUT_MS);
        let matters = back.plus_ms(i64::try_from(gap).unwrap_or(i64::MAX));
        if range.start >= matters || !self.row.entitled.contains(me) {
            return Ok(());
        }
        let past = Interval { start: now.plus_ms(-LOOKED_BACK_MS), end: Some(now) };
        for mut held in slots_over(tx, &self.id, &past)? {
            if held.interval.end.is_none_or(|end| end > now) {
                continue;
            }
            let Some(row) = tx.row::<Bookings>(&held.booking)? else { continue };
            if row.steps.is_empty() || !is_out(&held.interval, &said(&row, self, genuine), now) {
                continue;
            }
            held.interval.end = Some(back);
            self.out.push(held);
        }
        Ok(())
    }

    /// What counts, with what is still out for as long as it is not counted on.
    pub(super) fn standing_there(&self) -> impl Iterator<Item = &Held> {
        let is_out = |held: &&Held| self.out.iter().any(|out| out.booking == held.booking);
        self.held.iter().filter(move |held| !is_out(held)).chain(&self.out)
    }

    /// Says of a wish that only what is still out stands in its way; `again` asks the same of
    /// the domain without it.
    pub(super) fn naming_what_is_out(
        &self,
        broken: Vec<Refusal>,
        again: impl FnOnce(&Self) -> Result<Vec<Refusal>, RoomError>,
    ) -> Result<Vec<Refusal>, RoomError> {
        let until = self.out.iter().filter_map(|held| held.interval.end).max();
        let Some(until) = until.filter(|_| broken.iter().any(Refusal::is_taken)) else {
            return Ok(broken);
        };
        let without = Self { out: Vec::new(), ..self.clone() };
        let mut left = again(&without)?;
        if !left.iter().any(Refusal::is_taken) {
            left.push(Refusal::StillOut { until });
        }
        Ok(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    fn out(said: &[(StepKind, Side, i64)], hours: i64) -> bool {
        let interval = Interval { start: Instant(0), end: Some(Instant(2 * HOUR_MS)) };
        let said: Vec<_> = said
            .iter()
            .map(|(kind, side, at)| lifecycle::Said {
                kind: *kind,
                side: *side,
                at: Instant(at * HOUR_MS),
            })
            .collect();
        is_out(&interval, &said, Instant(hours * HOUR_MS))
    }

    #[test]
    fn what_was_handed_over_is_out_from_its_end_until_somebody_says_otherwise() {
        let handed = (StepKind::HAND_OVER, Side::Owner, 0);
        assert!(!out(&[], 3), "nobody came for it");
        assert!(!out(&[handed], 1), "its time is not over");
        for hours in [2, 3, 24, 1_000, 9_000] {
            assert!(out(&[handed], hours), "{hours}");
        }
        for side in Side::ALL {
            assert!(!out(&[handed, (StepKind::RETURN, side, 3)], 4), "back, says {side:?}");
            assert!(out(&[handed, (StepKind::LOST, side, 3)], 4), "lost");
        }
        let settled = [Side::Owner, Side::Requester].map(|side| (StepKind::SETTLED, side, 5));
        let lost = [&[handed, (StepKind::LOST, Side::Owner, 3)][..], &settled].concat();
        assert!(!out(&lost, 6), "the two agreed on it");
    }

    #[test]
    fn a_place_whose_owner_says_that_it_is_still_taken_is_so() {
        let overstay = |side| (StepKind::OVERSTAY, side, 3);
        assert!(out(&[overstay(Side::Owner)], 4));
        assert!(!out(&[overstay(Side::Requester)], 4), "not his to say");
        let left = (StepKind::RETURN, Side::Requester, 5);
        assert!(!out(&[overstay(Side::Owner), left], 6));
    }
}
