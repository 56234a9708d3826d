//! Deals that pay: what was agreed in minutes is passed on once it was done.

use rand_core::CryptoRng;

use super::{ActError, ErrorKind, Replica};
use crate::booking::lifecycle::{Side, StepError};
use crate::keys::{BookingId, EntryHash, MemberId};
use crate::projection::Changes;
use crate::rows::{RowsError, Tx};
use crate::service::{self, Payment, ServiceView, Stage, StepKind};
use crate::time::Instant;

/// What came of saying that something was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The payment as it stands then; none where nothing is to be paid.
    pub payment: Option<Payment>,
    /// Why this device did not pay, where it was to: it stays due.
    pub unpaid: Option<ActError>,
}

impl Replica {
    /// Says that it was done. Whoever was helped confirms by that, and pays at once what was
    /// agreed in minutes, if this device can.
    pub fn done(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        booking: &BookingId,
        text: String,
    ) -> Result<(Done, Changes), ActError> {
        let mut changes = self.say(tx, now, rng, (booking, StepKind::DONE), text)?;
        let view = self.service(tx, booking, now)?;
        let payment = self.payment_of(tx, &view)?;
        let is_payer = |it: &Payment| self.own_side(&view) == Some(it.payer) && it.left() > 0;
        if !payment.as_ref().is_some_and(is_payer) {
            return Ok((Done { payment, unpaid: None }, changes));
        }
        let unpaid = match self.pay(tx, now, booking) {
            Ok((_, paid)) => {
                changes.merge(paid);
                None
            }
            Err(error) if error.kind == ErrorKind::Storage => return Err(error),
            // His word is said all the same.
            Err(error) => Some(error),
        };
        Ok((Done { payment: self.payment_of(tx, &view)?, unpaid }, changes))
    }

    /// Pays what is left of what was agreed; from the other side, gives back what was paid
    /// twice. Gives the transfer's entry.
    pub fn pay(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        booking: &BookingId,
    ) -> Result<(EntryHash, Changes), ActError> {
        self.check_member()?;
        let view = self.service(tx, booking, now)?;
        let not_found = || ActError::not_found("booking.not_found");
        let side = self.own_side(&view).ok_or_else(not_found)?;
        let payment = service::payment(tx, &view, true)?;
        let payment = payment.ok_or_else(|| ActError::conflict("credit.nothing_due"))?;
        let is_payer = side == payment.payer;
        let minutes = if is_payer { payment.left() } else { payment.excess };
        if minutes == 0 {
            let code = if is_payer { "credit.paid" } else { "credit.not_payer" };
            return Err(ActError::conflict(code));
        }
        if is_payer && !may_pay(view.life.stage) {
            let error: StepError<Stage> = StepError::Stage(view.life.stage);
            return Err(ActError::conflict(error.code()).with("stage", view.life.stage.code()));
        }
        let minutes = u32::try_from(minutes).map_err(|_| ActError::invalid("credit.minutes"))?;
        let other = view.member(side.other()).ok_or_else(not_found)?;
        let tag = service::transfer_tag(tx, &view)?;
        let payee = self.account_of(&other)?;
        let mut changes = Changes::default();
        let at = self.pass_on(tx, now, self.owner(), (payee, minutes), tag, &mut changes)?;
        self.settle(tx, &mut changes)?;
        changes.bookings.insert(*booking);
        Ok((at.hash, changes))
    }

    /// The payment of a deal about help.
    pub fn payment_of(
        &self,
        tx: &Tx<'_>,
        view: &ServiceView,
    ) -> Result<Option<Payment>, RowsError> {
        service::payment(tx, view, false)
    }

    /// Which deal a tag names, where this member is a side of it with `other`.
    pub(super) fn deal_of_tag(
        &self,
        tx: &Tx<'_>,
        tag: &[u8; 32],
        other: &MemberId,
    ) -> Result<Option<BookingId>, RowsError> {
        let Some(booking) = tx.row::<crate::booking::DealTags>(tag)? else { return Ok(None) };
        let Some((asked, owner)) = self.parties_of(tx, &booking)? else { return Ok(None) };
        let is_theirs = |one: &MemberId, two: &MemberId| *one == self.me.member && two == other;
        let theirs = is_theirs(&asked, &owner) || is_theirs(&owner, &asked);
        Ok(theirs.then_some(booking))
    }

    /// Whoever asked, and the owner.
    fn parties_of(
        &self,
        tx: &Tx<'_>,
        booking: &BookingId,
    ) -> Result<Option<(MemberId, MemberId)>, RowsError> {
        if let Some(row) = tx.row::<crate::booking::Bookings>(booking)?
            && let Some(request) = row.request()
        {
            let calendar = tx.row::<crate::booking::Calendars>(&request.record.domain)?;
            return Ok(calendar.map(|calendar| (request.by.member, calendar.owner)));
        }
        let Some(row) = tx.row::<service::Services>(booking)? else { return Ok(None) };
        let Some(reply) = row.reply() else { return Ok(None) };
        let owner = service::owner_of(tx, &reply.record.listing)?;
        Ok(owner.map(|owner| (reply.by.member, owner)))
    }

    /// The two sides of a deal that is over, for thanks: the other side's member and the
    /// request's random bytes.
    pub(super) fn closed_deal(
        &self,
        tx: &Tx<'_>,
        booking: &BookingId,
        now: Instant,
    ) -> Result<(MemberId, [u8; 32]), ActError> {
        let not_found = || ActError::not_found("booking.not_found");
        let not_closed = || ActError::conflict("thanks.not_closed");
        if self.is_service(tx, booking)? {
            let view = self.service(tx, booking, now)?;
            if view.life.stage != Stage::Closed {
                return Err(not_closed());
            }
            let side = self.own_side(&view).ok_or_else(not_found)?;
            let other = view.member(side.other()).ok_or_else(not_found)?;
            let row = tx.row::<service::Services>(booking)?.ok_or_else(not_found)?;
            let random = row.reply().ok_or_else(not_found)?.record.random;
            return Ok((other, random));
        }
        let (row, request) = self.deal(tx, booking)?;
        let domain = self.domain(tx, &request.record.domain)?;
        let side = crate::booking::side_of(&row, &domain, &self.me.member);
        let life = self.booking(tx, booking, now)?.life.ok_or_else(not_closed)?;
        if life.stage != crate::booking::lifecycle::Stage::Closed {
            return Err(not_closed());
        }
        let other = match side {
            // Of a group's things whoever holds them is thanked.
            Some(Side::Requester) if domain.row.group.is_some() => domain.row.holder.member,
            Some(Side::Requester) => domain.row.owner,
            Some(Side::Owner) => request.by.member,
            None => return Err(ActError::not_allowed("booking.not_allowed")),
        };
        if other == self.me.member {
            return Err(ActError::not_allowed("booking.not_allowed"));
        }
        Ok((other, request.record.random))
    }
}

/// Whether it can be paid: its time was agreed, and it was not called off.
const fn may_pay(stage: Stage) -> bool {
    matches!(
        stage,
        Stage::Agreed | Stage::Due | Stage::Done | Stage::Closed | Stage::Lapsed | Stage::Disputed
    )
}
