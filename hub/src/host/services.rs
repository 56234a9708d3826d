//! Help, payments and thanks: acts and answers.

use jiff::tz::TimeZone;
use palier_model::booking::lifecycle::{Side as ModelSide, Word as ModelWord};
use palier_model::keys::{BookingId, MemberId};
use palier_model::listing::Profiles;
use palier_model::replica::{ActError, NewProposal, NewReply, Replica, ServiceAct, ThanksLine};
use palier_model::rows::Tx;
use palier_model::service::{
    Deed, Fee, Payment as ModelPayment, PaymentStatus as ModelPaymentStatus, ServiceView, Stage,
    StepKind,
};
use palier_model::time::Instant;

use super::bookings::{delivery, title_of, word};
use super::{Opened, calendar, saved};
use crate::answer::{
    Booking, BookingDone, BookingRequested, BookingStatus, Event, Payment, PaymentStatus, Per,
    Price, Proposal, Saved, Service, Side, TextAccepted, Thanks, When,
};
use crate::backend::{BookingAct, NewBooking, Scope};
use crate::errors::{CliError, Result};

/// A deal about help, with what its answer needs besides.
pub(super) struct Read {
    pub(super) view: ServiceView,
    title: String,
    side: ModelSide,
    payment: Option<ModelPayment>,
    /// What could be agreed to now.
    open: Option<palier_model::keys::EntryHash>,
    /// Whether it is this person's turn.
    pub(super) to_decide: bool,
}

pub(super) fn read(
    replica: &Replica,
    tx: &Tx<'_>,
    view: ServiceView,
    now: Instant,
) -> std::result::Result<Read, ActError> {
    let not_found = || ActError::not_found("booking.not_found");
    let side = replica.own_side(&view).ok_or_else(not_found)?;
    Ok(Read {
        title: title_of(tx, &view.listing)?,
        side,
        payment: replica.payment_of(tx, &view)?,
        open: view.open_to(side, now).map(|it| it.id),
        to_decide: view.waits_for(side, now),
        view,
    })
}

impl Opened {
    /// Answers an offer or a need.
    pub(super) async fn answer(&self, scope: &Scope, new: NewBooking) -> Result<BookingRequested> {
        let hood = self.hood_of(scope).await?;
        let NewBooking { listing, interval, minutes, wait, text, .. } = new;
        if wait {
            return Err(CliError::new("booking.is_service"));
        }
        let reply = NewReply { listing, interval, minutes, text: text.unwrap_or_default() };
        let id = self
            .write(hood, move |replica, tx, now, rng| replica.answer_listing(tx, now, rng, reply));
        let (alternatives, why_not) = (Vec::new(), Vec::new());
        Ok(BookingRequested { id: id.await?.into(), saved: true, alternatives, why_not })
    }

    pub(super) async fn say_done(
        &self,
        scope: &Scope,
        id: BookingId,
        text: Option<String>,
    ) -> Result<BookingDone> {
        let hood = self.hood_of(scope).await?;
        let (done, side) = self
            .write(hood, move |replica, tx, now, rng| {
                if !replica.is_service(tx, &id)? {
                    // Also what is not known here: that says so.
                    replica.booking(tx, &id, now)?;
                    return Err(ActError::conflict("booking.not_service"));
                }
                let text = text.unwrap_or_default();
                let (done, changes) = replica.done(tx, now, rng, &id, text)?;
                let side = replica.own_side(&replica.service(tx, &id, now)?);
                Ok(((done, side), changes))
            })
            .await?;
        Ok(BookingDone {
            id: id.into(),
            saved: true,
            payment: done.payment.map(|it| payment(&it, side)),
            unpaid: done.unpaid.and_then(|error| calendar::whys(vec![error]).into_iter().next()),
        })
    }

    pub(super) async fn pay_deal(&self, scope: &Scope, id: BookingId) -> Result<Saved> {
        let hood = self.hood_of(scope).await?;
        let transfer = self.write(hood, move |replica, tx, now, _| {
            if !replica.is_service(tx, &id)? {
                replica.booking(tx, &id, now)?;
                return Err(ActError::conflict("booking.not_service"));
            }
            replica.pay(tx, now, &id)
        });
        Ok(saved(transfer.await?))
    }

    pub(super) async fn thank_for(
        &self,
        scope: &Scope,
        id: BookingId,
        text: Option<String>,
    ) -> Result<Saved> {
        let hood = self.hood_of(scope).await?;
        self.write(hood, move |replica, tx, now, _| replica.thank(tx, now, &id, text)).await?;
        Ok(saved(id))
    }

    pub(super) async fn thanks_of(
        &self,
        scope: &Scope,
        member: Option<MemberId>,
    ) -> Result<Vec<Thanks>> {
        let hood = self.hood_of(scope).await?;
        let zone = self.zone_of(hood).await?;
        let whose = member.unwrap_or(self.identity.member);
        let lines: Vec<(ThanksLine, String)> = self
            .look(hood, move |replica, tx, now| {
                let mut named = Vec::new();
                for line in replica.thanks_to(tx, &whose, now)? {
                    let profile = tx.row::<Profiles>(&line.view.from)?;
                    named.push((line, profile.map(|it| it.content.name).unwrap_or_default()));
                }
                Ok(named)
            })
            .await?;
        let shown = lines.into_iter().map(|(line, from_name)| {
            let view = line.view;
            Thanks {
                id: view.id.into(),
                from: view.from.into(),
                from_name,
                to: view.to.into(),
                at: When::new(view.at, &zone),
                text: view.text,
                mutual: view.mutual,
                hidden_until: view.hidden_until.map(|at| When::new(at, &zone)),
                booking: line.booking.map(Into::into),
            }
        });
        Ok(shown.collect())
    }

    /// A deal about help in the shape of a booking.
    pub(super) fn show_service(&self, read: &Read, zone: &TimeZone) -> Booking {
        let view = &read.view;
        // The agreed time; before that the newest that was proposed.
        let newest = view.proposals.last().map(|it| it.interval);
        let interval = view.life.interval.or(newest);
        let stage = view.life.stage;
        Booking {
            id: view.booking.into(),
            listing: view.listing.into(),
            title: read.title.clone(),
            status: status(stage),
            firm: view.life.agreed.is_some() && !matches!(stage, Stage::Cancelled),
            waiting_for: Vec::new(),
            start: interval.map(|it| When::new(it.start, zone)),
            end: interval.and_then(|it| it.end).map(|end| When::new(end, zone)),
            zone: zone.iana_name().unwrap_or("UTC").to_owned(),
            quantity: 1,
            requester: Some(view.requester.into()),
            mine: read.side == ModelSide::Requester,
            note: view.note.clone(),
            footing: None,
            text_accepted: TextAccepted::NotAsked,
            reason: reason(view).to_owned(),
            text: view.text.clone(),
            alternatives: Vec::new(),
            waitlist: 0,
            offer: None,
            handed_over: word(None, zone),
            returned: word(None, zone),
            service: Some(Box::new(Service {
                owner: view.owner.map(Into::into),
                helper: side(view.helper),
                side: side(read.side),
                wish: view.wish.map(price),
                proposals: proposals(read, zone),
                done: word(Some(view.life.done), zone),
            })),
            payment: read.payment.map(|it| payment(&it, Some(read.side))),
            end_firm: false,
            rolling: false,
            series: view.series.map(Into::into),
            asked_end: None,
            notice: None,
            delivery: delivery(view.delivery),
            history: view
                .history
                .iter()
                .map(|line| Event {
                    what: deed(&line.deed).to_owned(),
                    at: When::new(line.at, zone),
                    until: None,
                    by: Some(line.by.member.into()),
                    device: Some(line.by.device.into()),
                })
                .collect(),
        }
    }
}

/// What a verb on a booking is for a deal about help.
pub(super) fn act(act: BookingAct) -> std::result::Result<ServiceAct, ActError> {
    use palier_model::booking::StepKind as Booked;
    let word = |text: Option<String>| text.unwrap_or_default();
    Ok(match act {
        BookingAct::Accept { .. } => ServiceAct::Agree,
        BookingAct::Refuse { text } => ServiceAct::Refuse(word(text)),
        BookingAct::Cancel { text } => ServiceAct::End(word(text)),
        BookingAct::Propose { interval, minutes, text } => {
            ServiceAct::Propose(NewProposal { interval, minutes, text: word(text) })
        }
        BookingAct::Step { kind, text, .. } => {
            let kind = match kind {
                Booked::DISPUTED => StepKind::DISPUTED,
                Booked::SETTLED => StepKind::SETTLED,
                _ => return Err(ActError::conflict("booking.is_service")),
            };
            ServiceAct::Say(kind, word(text))
        }
        BookingAct::Wait
        | BookingAct::Offer { .. }
        | BookingAct::Take
        | BookingAct::StopWaiting
        | BookingAct::GrantEnd
        | BookingAct::KeepEnd { .. }
        | BookingAct::Notice { .. } => {
            return Err(ActError::conflict("booking.is_service"));
        }
    })
}

fn proposals(read: &Read, zone: &TimeZone) -> Vec<Proposal> {
    let shown = read.view.proposals.iter().map(|it| Proposal {
        id: it.id.into(),
        by: side(it.side),
        mine: it.side == read.side,
        at: When::new(it.at, zone),
        start: When::new(it.interval.start, zone),
        end: it.interval.end.map(|end| When::new(end, zone)),
        price: price(it.fee),
        text: it.text.clone(),
        agreed: it.agreed,
        open: read.open == Some(it.id),
    });
    shown.collect()
}

pub(super) const fn side(side: ModelSide) -> Side {
    match side {
        ModelSide::Requester => Side::Requester,
        ModelSide::Owner => Side::Owner,
    }
}

fn price(fee: Fee) -> Price {
    match fee {
        Fee::Free => Price::Free,
        Fee::Minutes(minutes) => Price::Credits { minutes: u64::from(minutes), per: Per::Once },
        Fee::Cents(cents) => Price::Euros { cents: u64::from(cents), per: Per::Once },
    }
}

fn payment(it: &ModelPayment, own: Option<ModelSide>) -> Payment {
    Payment {
        status: match it.status {
            ModelPaymentStatus::Due => PaymentStatus::Due,
            ModelPaymentStatus::Held => PaymentStatus::Held,
            ModelPaymentStatus::Paid => PaymentStatus::Paid,
        },
        payer: side(it.payer),
        mine: own == Some(it.payer),
        minutes: it.minutes,
        paid: it.paid,
        held: it.held,
        excess: it.excess,
    }
}

const fn status(stage: Stage) -> BookingStatus {
    match stage {
        Stage::Answered => BookingStatus::Requested,
        Stage::Proposed => BookingStatus::Proposed,
        Stage::Agreed => BookingStatus::Agreed,
        Stage::Due => BookingStatus::Due,
        Stage::Done => BookingStatus::Done,
        Stage::Closed => BookingStatus::Closed,
        Stage::Lapsed => BookingStatus::Lapsed,
        Stage::Declined => BookingStatus::Refused,
        Stage::Withdrawn => BookingStatus::Withdrawn,
        Stage::Cancelled => BookingStatus::Cancelled,
        Stage::Disputed => BookingStatus::Disputed,
    }
}

/// Who called it off.
const fn reason(view: &ServiceView) -> &'static str {
    let ModelWord { requester, .. } = view.life.ended;
    match (view.life.stage, requester) {
        (Stage::Cancelled, Some(_)) => "cancelled_by_requester",
        (Stage::Cancelled, None) => "cancelled_by_owner",
        _ => "",
    }
}

/// A line of history as a stable code.
const fn deed(deed: &Deed) -> &'static str {
    match deed {
        Deed::Answered => "answered",
        Deed::Proposed => "proposed",
        Deed::Agreed => "agreed",
        // `withdrawn` is the listing's.
        Deed::Said(StepKind::WITHDRAWN) => "answer_withdrawn",
        Deed::Said(kind) => kind.code(),
    }
}
