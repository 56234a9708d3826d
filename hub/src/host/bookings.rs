//! Bookings: ask, decide, look.

use jiff::tz::TimeZone;
use palier_model::booking::lifecycle::{Proof, Stage, Word as ModelWord};
use palier_model::booking::{
    Accepts, Alternative as ModelAlternative, Became, BookingView, Care, Deed,
    Delivery as ModelDelivery, Effect, Reason, Status, TextAccepted as ModelTextAccepted,
};
use palier_model::keys::{BookingId, DocId};
use palier_model::listing::Listings;
use palier_model::projection::Changes;
use palier_model::replica::{ActError, EndQuoted, NewRequest, NewStep, proof_error};
use palier_model::rows::Tx;
use palier_model::time::Instant;

use super::{Opened, calendar, ends, saved, services};
use crate::answer::{
    Alternative, Booking, BookingOffer, BookingRequested, BookingStatus, Delivery, Event, Footing,
    List, Saved, TextAccepted, When, Word,
};
use crate::backend::{Backend as _, BookingAct, BookingFilter, NewBooking, Paging, Scope};
use crate::errors::{CliError, Result};

/// A view with the titles that go with it.
struct Read {
    view: BookingView,
    title: String,
    titles: Vec<(DocId, String)>,
    /// What is against the end that is asked for, where that was looked at.
    against: Option<EndQuoted>,
}

impl Opened {
    pub(super) async fn request(&self, scope: &Scope, new: NewBooking) -> Result<BookingRequested> {
        let hood = self.hood_of(scope).await?;
        let asked = new.listing;
        if self.look(hood, move |replica, tx, _| Ok(replica.is_answered(tx, &asked)?)).await? {
            return self.answer(scope, new).await;
        }
        let NewBooking { listing, interval, quantity, wait, text, accept, .. } = new;
        let missing = || CliError::new("usage.missing_argument").param("argument", "--start");
        let interval = interval.ok_or_else(missing)?;
        let request = NewRequest {
            listing,
            interval,
            quantity,
            waitlist: wait,
            note: text.unwrap_or_default(),
            accepts: if accept { Accepts::InForce } else { Accepts::Nothing },
        };
        let zone = self.zone_of(hood).await?;
        let written = self.write(hood, move |replica, tx, now, rng| {
            let (id, changes) = replica.request(tx, now, rng, request)?;
            // It may be asked for though others were there before; that is told.
            let quoted = replica.quote(tx, now, &listing, &interval, quantity)?;
            Ok(((id, quoted), changes))
        });
        let (id, quoted) = written.await.map_err(|mut error| {
            for other in &mut error.alternatives {
                other.start = When::new(other.start.at, &zone);
                other.end = other.end.map(|end| When::new(end.at, &zone));
            }
            error
        })?;
        let others = quoted.alternatives.iter().map(|it| calendar::span(&it.interval, &zone));
        Ok(BookingRequested {
            id: id.into(),
            saved: true,
            alternatives: others.collect(),
            why_not: calendar::whys(quoted.broken),
        })
    }

    pub(super) async fn act_on_booking(
        &self,
        scope: &Scope,
        id: BookingId,
        act: BookingAct,
    ) -> Result<Saved> {
        let hood = self.hood_of(scope).await?;
        let id = self.write(hood, move |replica, tx, now, rng| {
            if replica.is_service(tx, &id)? {
                let act = services::act(act)?;
                return Ok((id, replica.act_on_service(tx, now, rng, &id, act)?));
            }
            let word = |text: Option<String>| text.unwrap_or_default();
            let changes: Changes = match act {
                BookingAct::Accept { anyway } => {
                    let care = if anyway { Care::Overtake } else { Care::CalendarOnly };
                    replica.accept(tx, now, &id, care)?
                }
                BookingAct::Offer { for_ms, text } => {
                    replica.offer(tx, now, rng, &id, for_ms, word(text))?
                }
                BookingAct::Take => replica.take_offer(tx, now, rng, &id)?,
                BookingAct::Refuse { text } => {
                    replica.refuse(tx, now, rng, &id, Reason::NONE, word(text))?
                }
                BookingAct::Cancel { text } => replica.cancel(tx, now, rng, &id, word(text))?,
                BookingAct::Step { kind, text, qr } => {
                    let proof = match qr {
                        None => None,
                        Some(code) => Some(Proof::from_text(&code).map_err(proof_error)?),
                    };
                    let new = NewStep { booking: id, kind, text: word(text), proof };
                    replica.step(tx, now, rng, new)?
                }
                BookingAct::Propose { .. } => {
                    // Also what is not known here: that says so.
                    replica.booking(tx, &id, now)?;
                    return Err(ActError::conflict("booking.not_service"));
                }
                BookingAct::GrantEnd => replica.grant_end(tx, now, rng, &id, Care::CalendarOnly)?,
                BookingAct::KeepEnd { text } => {
                    replica.refuse_end(tx, now, rng, &id, Reason::NONE, word(text))?
                }
                BookingAct::Notice { end, text } => {
                    replica.give_notice(tx, now, rng, &id, end, word(text))?
                }
                // A request of its own, under an id of its own.
                BookingAct::Wait => return replica.wait(tx, now, rng, &id),
                BookingAct::StopWaiting => replica.cancel(tx, now, rng, &id, String::new())?,
            };
            Ok((id, changes))
        });
        Ok(saved(id.await?))
    }

    pub(super) async fn find_bookings(
        &self,
        scope: &Scope,
        filter: BookingFilter,
        paging: Paging,
    ) -> Result<List<Booking>> {
        let hood = self.hood_of(scope).await?;
        let zone = self.zone_of(hood).await?;
        let (reads, services): (Vec<Read>, Vec<services::Read>) = self
            .look(hood, |replica, tx, now| {
                let views = replica.bookings(tx, now)?;
                let reads: std::result::Result<_, ActError> =
                    views.into_iter().map(|view| read(tx, view)).collect();
                let views = replica.services(tx, now)?.into_iter();
                let services: std::result::Result<_, ActError> =
                    views.map(|view| services::read(replica, tx, view, now)).collect();
                Ok((reads?, services?))
            })
            .await?;
        let me = self.identity.member;
        let fits = |read: &Read| {
            let waits = matches!(read.view.status, Status::Waiting | Status::Displaced);
            let is_open = read.view.status == Status::Requested
                || (waits && read.view.has_room && !ran_out(&read.view, self.now()));
            let to_decide = is_open && read.view.requester != Some(me);
            filter.listing.is_none_or(|listing| listing == read.view.listing)
                && filter.series.is_none_or(|series| read.view.series == Some(series))
                && (!filter.to_decide || to_decide)
        };
        let helps = |read: &services::Read| {
            filter.listing.is_none_or(|listing| listing == read.view.listing)
                && filter.series.is_none_or(|series| read.view.series == Some(series))
                && (!filter.to_decide || read.to_decide)
        };
        let helped = services.iter().filter(|it| helps(it));
        let booked = reads.iter().filter(|it| fits(it)).map(|read| self.show(read, &zone));
        let mut shown: Vec<Booking> =
            booked.chain(helped.map(|read| self.show_service(read, &zone))).collect();
        // Newest request first, of both.
        let asked = |it: &Booking| it.history.first().map(|line| line.at.at);
        shown.sort_by(|a, b| asked(b).cmp(&asked(a)).then_with(|| a.id.0.cmp(&b.id.0)));
        super::people::page(shown, &paging, |booking: &Booking| booking.id.to_string())
    }

    pub(super) async fn one_booking(&self, scope: &Scope, id: BookingId) -> Result<Booking> {
        let hood = self.hood_of(scope).await?;
        let zone = self.zone_of(hood).await?;
        let read = self
            .look(hood, move |replica, tx, now| {
                if replica.is_service(tx, &id)? {
                    let view = replica.service(tx, &id, now)?;
                    return Ok(Err(services::read(replica, tx, view, now)?));
                }
                let mut read = read(tx, replica.booking(tx, &id, now)?)?;
                let open = read.view.asked_end.as_ref();
                if let Some(asked) = open.filter(|it| it.became == Became::Open) {
                    read.against = replica.quote_end(tx, now, &id, asked.end).ok();
                }
                Ok(Ok(read))
            })
            .await?;
        Ok(match read {
            Ok(read) => self.show(&read, &zone),
            Err(service) => self.show_service(&service, &zone),
        })
    }

    fn show(&self, read: &Read, zone: &TimeZone) -> Booking {
        let view = &read.view;
        let title = |id: &DocId| {
            let found = read.titles.iter().find(|(of, _)| of == id);
            found.map(|(_, title)| title.clone()).unwrap_or_default()
        };
        let alternative = |it: &ModelAlternative| Alternative {
            listing: it.listing.into(),
            title: title(&it.listing),
            start: When::new(it.interval.start, zone),
            end: it.interval.end.map(|end| When::new(end, zone)),
        };
        Booking {
            id: view.booking.into(),
            series: view.series.map(Into::into),
            listing: view.listing.into(),
            title: read.title.clone(),
            status: match view.status {
                Status::Requested | Status::Lapsed => BookingStatus::Requested,
                Status::Waiting => BookingStatus::Waiting,
                Status::Offered => BookingStatus::Offered,
                Status::Confirmed => {
                    view.life.map_or(BookingStatus::Confirmed, |life| stage(life.stage))
                }
                Status::Displaced => BookingStatus::Displaced,
                Status::Refused => BookingStatus::Refused,
                Status::Cancelled => BookingStatus::Cancelled,
            },
            firm: view.firm,
            waiting_for: view.waiting_for.iter().map(|device| (*device).into()).collect(),
            start: Some(When::new(view.interval.start, zone)),
            end: view.interval.end.map(|end| When::new(end, zone)),
            zone: zone.iana_name().unwrap_or("UTC").to_owned(),
            quantity: view.quantity,
            requester: view.requester.map(Into::into),
            mine: view.requester == Some(self.identity.member),
            note: view.note.clone(),
            footing: Some(footing(view)),
            text_accepted: text_accepted(view.text_accepted),
            text: view.text.clone(),
            reason: match (view.status, view.reason) {
                (Status::Lapsed, _) => "lapsed".to_owned(),
                _ if view.has_lost_its_offer() => "offer_ran_out".to_owned(),
                (_, Some(reason)) => reason.code().to_owned(),
                (_, None) => String::new(),
            },
            alternatives: view.alternatives.iter().map(alternative).collect(),
            waitlist: view.waitlist.map_or(0, u64::from),
            offer: view.offer.as_ref().map(|offer| {
                Box::new(BookingOffer {
                    until: When::new(offer.until, zone),
                    text: offer.text.clone(),
                    taken: offer.is_taken,
                    ran_out: offer.has_run_out(self.now()),
                })
            }),
            handed_over: word(view.life.map(|life| life.handed_over), zone),
            returned: word(view.life.map(|life| life.returned), zone),
            service: None,
            payment: None,
            end_firm: view.end_firm,
            rolling: view.status == Status::Confirmed && view.interval.end.is_none(),
            asked_end: view
                .asked_end
                .as_ref()
                .map(|it| Box::new(ends::asked_end(it, read.against.clone(), zone))),
            notice: view.notice.as_ref().map(|it| Box::new(ends::notice(it, zone))),
            delivery: delivery(view.delivery),
            history: view
                .history
                .iter()
                .map(|line| Event {
                    what: deed(&line.deed).to_owned(),
                    at: When::new(line.at, zone),
                    until: end_of(&line.deed).map(|end| When::new(end, zone)),
                    by: Some(line.by.member.into()),
                    device: Some(line.by.device.into()),
                })
                .collect(),
        }
    }
}

/// Whether nobody took what was offered in time.
fn ran_out(view: &BookingView, now: Instant) -> bool {
    view.offer.as_ref().is_some_and(|offer| offer.has_run_out(now))
}

pub(super) fn title_of(tx: &Tx<'_>, listing: &DocId) -> std::result::Result<String, ActError> {
    Ok(tx.row::<Listings>(listing)?.map(|row| row.content.title).unwrap_or_default())
}

fn read(tx: &Tx<'_>, view: BookingView) -> std::result::Result<Read, ActError> {
    let mut titles = Vec::new();
    for alternative in &view.alternatives {
        titles.push((alternative.listing, title_of(tx, &alternative.listing)?));
    }
    Ok(Read { title: title_of(tx, &view.listing)?, titles, view, against: None })
}

fn footing(view: &BookingView) -> Footing {
    let tier = match view.footing.tier {
        0 => "building",
        1 => "landlord",
        _ => "outside",
    };
    let attested = view.footing.attested;
    Footing { tier: tier.to_owned(), attested, served: view.is_served }
}

const fn text_accepted(it: ModelTextAccepted) -> TextAccepted {
    match it {
        ModelTextAccepted::NotAsked => TextAccepted::NotAsked,
        ModelTextAccepted::Current => TextAccepted::Current,
        ModelTextAccepted::Other => TextAccepted::Other,
        ModelTextAccepted::Missing => TextAccepted::Missing,
    }
}

const fn stage(stage: Stage) -> BookingStatus {
    match stage {
        Stage::Booked => BookingStatus::Confirmed,
        Stage::HandedOver => BookingStatus::HandedOver,
        Stage::Overdue => BookingStatus::Overdue,
        Stage::Returned => BookingStatus::Returned,
        Stage::Ended => BookingStatus::Ended,
        Stage::NoShow => BookingStatus::NoShow,
        Stage::Lost => BookingStatus::Lost,
        Stage::Disputed => BookingStatus::Disputed,
        Stage::Closed => BookingStatus::Closed,
    }
}

pub(super) const fn delivery(delivery: ModelDelivery) -> Delivery {
    match delivery {
        ModelDelivery::OnDevice => Delivery::OnDevice,
        ModelDelivery::Sent => Delivery::Sent,
        ModelDelivery::Received => Delivery::Received,
    }
}

pub(super) fn word(word: Option<ModelWord>, zone: &TimeZone) -> Word {
    let when = |at: Option<Instant>| at.map(|at| When::new(at, zone));
    word.map_or_else(Word::default, |word| Word {
        requester: when(word.requester),
        owner: when(word.owner),
    })
}

/// The end that a line of history is about.
const fn end_of(deed: &Deed) -> Option<Instant> {
    match deed {
        Deed::Decided(Effect::Resized { end } | Effect::Kept { end, .. }) | Deed::EndAsked(end) => {
            *end
        }
        Deed::NoticeGiven(end) => Some(*end),
        _ => None,
    }
}

/// A line of history as a stable code.
const fn deed(deed: &Deed) -> &'static str {
    match deed {
        Deed::Requested => "requested",
        Deed::Offered => "offered",
        Deed::Taken => "taken_up",
        Deed::Refused(_) => "refused",
        Deed::Cancelled(_) => "cancelled",
        Deed::Decided(Effect::Accepted) => "accepted",
        Deed::Decided(Effect::Displaced(_)) => "displaced",
        Deed::Decided(Effect::NoChange) => "no_change",
        Deed::Decided(Effect::Released(_)) => "released",
        Deed::Decided(Effect::CancelledByTerms) => "cancelled_by_terms",
        Deed::Decided(Effect::Void) => "void",
        Deed::Decided(Effect::Resized { .. }) => "resized",
        Deed::Decided(Effect::Kept { .. }) => "end_kept",
        Deed::Decided(Effect::Queued) => "queued",
        Deed::Decided(Effect::Overtaken(_)) => "overtaken",
        Deed::EndAsked(_) => "end_asked",
        Deed::EndRefused(_) => "end_refused",
        Deed::NoticeGiven(_) => "notice_given",
        Deed::Said(kind) => kind.code(),
    }
}
