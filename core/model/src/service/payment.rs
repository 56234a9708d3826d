//! What a deal was agreed to cost in minutes, and what of it was passed on.
//!
//! Invariant: it follows from transfers that name the deal by its tag and pass between its
//! two sides; one that another member copied the tag into says nothing.

use serde::{Deserialize, Serialize};

use super::view::ServiceView;
use crate::booking::lifecycle::Side;
use crate::booking::{TagUse, deal_tag};
use crate::ledger::{self, TransferRow};
use crate::rows::{RowsError, Tx};
use crate::service::{Services, Stage};

/// How far a payment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// Not all of it was passed on.
    Due,
    /// It was passed on, and does not count yet.
    Held,
    /// It counts.
    Paid,
}

/// The payment of a deal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// How far it is.
    pub status: PaymentStatus,
    /// Which side pays: the one that was helped.
    pub payer: Side,
    /// What was agreed, in minutes.
    pub minutes: u64,
    /// What counts of what was passed on, less what was given back.
    pub paid: u64,
    /// What was passed on and does not count yet.
    pub held: u64,
    /// What was paid beyond what was agreed, as by two devices apart: to be given back.
    pub excess: u64,
}

impl Payment {
    /// Of `minutes` agreed, from what each passed to the other: how much, and whether it
    /// counts.
    pub fn of(payer: Side, minutes: u64, given: &[(u32, bool)], back: &[(u32, bool)]) -> Self {
        let sum = |all: &[(u32, bool)], counts: bool| {
            let those = all.iter().filter(|(_, it)| *it == counts);
            those.fold(0_u64, |sum, (minutes, _)| sum.saturating_add(u64::from(*minutes)))
        };
        let paid = sum(given, true).saturating_sub(sum(back, true));
        let held = sum(given, false);
        let status = if paid >= minutes {
            PaymentStatus::Paid
        } else if paid.saturating_add(held) >= minutes {
            PaymentStatus::Held
        } else {
            PaymentStatus::Due
        };
        // What is on its way back is not given back twice.
        let excess = paid.saturating_sub(minutes).saturating_sub(sum(back, false));
        Self { status, payer, minutes, paid, held, excess }
    }

    /// What the payer has still to pass on.
    pub const fn left(&self) -> u64 {
        self.minutes.saturating_sub(self.paid).saturating_sub(self.held)
    }
}

/// The tag by which transfers name a deal; none where there is no answer.
pub fn transfer_tag(tx: &Tx<'_>, view: &ServiceView) -> Result<Option<[u8; 32]>, RowsError> {
    let row = tx.row::<Services>(&view.booking)?;
    let reply = row.as_ref().and_then(|row| row.reply());
    Ok(reply.map(|it| deal_tag(TagUse::Transfer, &view.booking, &it.record.random)))
}

/// The payment of a deal, as far as it is agreed in minutes: due once the payer says that it
/// was done or the deal is closed, and shown as soon as anything was passed on. `always`:
/// also before.
pub fn payment(
    tx: &Tx<'_>,
    view: &ServiceView,
    always: bool,
) -> Result<Option<Payment>, RowsError> {
    let minutes = view.agreed().map_or(0, |it| it.fee.minutes());
    let payer = view.helper.other();
    let sides = (view.member(payer), view.member(view.helper));
    let (Some(from), Some(to), Some(tag)) = (sides.0, sides.1, transfer_tag(tx, view)?) else {
        return Ok(None);
    };
    let given = ledger::of_deal(tx, &tag, &from, &to)?;
    let back = ledger::of_deal(tx, &tag, &to, &from)?;
    let is_due = view.life.done.by(payer).is_some() || view.life.stage == Stage::Closed;
    if given.is_empty() && (minutes == 0 || !(is_due || always)) {
        return Ok(None);
    }
    let flat = |rows: &[TransferRow]| {
        rows.iter().map(|row| (row.record.minutes, row.state.is_ok())).collect::<Vec<_>>()
    };
    Ok(Some(Payment::of(payer, u64::from(minutes), &flat(&given), &flat(&back))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(given: &[(u32, bool)], back: &[(u32, bool)]) -> (PaymentStatus, u64, u64) {
        let it = Payment::of(Side::Owner, 60, given, back);
        (it.status, it.left(), it.excess)
    }

    #[test]
    fn what_is_paid_twice_is_to_be_given_back_once() {
        use PaymentStatus::{Due, Held, Paid};
        assert_eq!(of(&[], &[]), (Due, 60, 0));
        assert_eq!(of(&[(40, true)], &[]), (Due, 20, 0));
        assert_eq!(of(&[(60, false)], &[]), (Held, 0, 0));
        assert_eq!(of(&[(60, true)], &[]), (Paid, 0, 0));
        assert_eq!(of(&[(60, true), (60, true)], &[]), (Paid, 0, 60));
        // The second does not count yet: nothing can be given back of it.
        assert_eq!(of(&[(60, true), (60, false)], &[]), (Paid, 0, 0));
        assert_eq!(of(&[(60, true), (60, true)], &[(60, false)]), (Paid, 0, 0));
        assert_eq!(of(&[(60, true), (60, true)], &[(60, true)]), (Paid, 0, 0));
    }
}
