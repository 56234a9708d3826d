//! Another end for a booking, and notice: asked, and as they are shown.

use jiff::tz::TimeZone;
use palier_model::booking::{AskedEnd as ModelAsked, Became, BookingView, GivenNotice as Given};
use palier_model::keys::BookingId;
use palier_model::projection::Changes;
use palier_model::replica::{ActError, EndQuoted};
use palier_model::time::Instant;

use super::bookings::title_of;
use super::{Opened, calendar, services};
use crate::answer::{AskedEnd, EndAsked, EndBecame, GivenNotice, When};
use crate::backend::{NewEnd, Scope};
use crate::errors::Result;

impl Opened {
    pub(super) async fn extend(
        &self,
        scope: &Scope,
        id: BookingId,
        new: NewEnd,
    ) -> Result<EndAsked> {
        let hood = self.hood_of(scope).await?;
        let NewEnd { end, text, dry_run } = new;
        let written = self.write(hood, move |replica, tx, now, rng| {
            if replica.is_service(tx, &id)? {
                return Err(ActError::conflict("booking.is_service"));
            }
            let (quoted, changes) = match dry_run {
                true => (replica.quote_end(tx, now, &id, end)?, Changes::default()),
                false => replica.ask_end(tx, now, rng, &id, end, text.unwrap_or_default())?,
            };
            let view = replica.booking(tx, &id, now)?;
            let title = title_of(tx, &view.listing)?;
            Ok(((quoted, view, title), changes))
        });
        let (quoted, view, title) = written.await?;
        asked(&view, title, quoted, end, !dry_run)
    }
}

fn asked(
    view: &BookingView,
    title: String,
    quoted: EndQuoted,
    end: Option<Instant>,
    saved: bool,
) -> Result<EndAsked> {
    let zone = calendar::zone_of(&quoted.then.terms);
    let interval = palier_model::time::Interval { start: view.interval.start, end };
    let total = quoted.before.ok().map(|quote| quote.total);
    let then = calendar::quote(view.listing, title, &interval, view.quantity, quoted.then)?;
    let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    Ok(EndAsked {
        id: view.booking.into(),
        saved,
        end: quoted.end.map(|end| When::new(end, &zone)),
        total,
        added: total.zip(then.total).map(|(before, then)| signed(then) - signed(before)),
        then: Box::new(then),
        latest_end: quoted.latest.map(|end| When::new(end, &zone)),
    })
}

/// Another end that was asked for; `against`: what it would mean, where that was looked at.
pub(super) fn asked_end(it: &ModelAsked, against: Option<EndQuoted>, zone: &TimeZone) -> AskedEnd {
    let when = |at: Instant| When::new(at, zone);
    let (became, reason) = match it.became {
        Became::Open => (EndBecame::Asked, ""),
        Became::Granted => (EndBecame::Granted, ""),
        Became::DidNotFit(reason) => (EndBecame::DidNotFit, reason.code()),
        Became::Refused(reason) => (EndBecame::Refused, reason.code()),
        Became::Lapsed => (EndBecame::Lapsed, ""),
    };
    let latest = against.as_ref().and_then(|it| it.latest);
    AskedEnd {
        at: when(it.at),
        until: it.end.map(when),
        became,
        reason: reason.to_owned(),
        note: it.note.clone(),
        text: it.text.clone(),
        why_not: against.map(|it| calendar::whys(it.then.broken)).unwrap_or_default(),
        latest_end: latest.map(when),
    }
}

pub(super) fn notice(it: &Given, zone: &TimeZone) -> GivenNotice {
    GivenNotice {
        by: services::side(it.by),
        at: When::new(it.at, zone),
        until: When::new(it.end, zone),
        text: it.text.clone(),
        took: it.took,
        earliest: it.earliest.map(|at| When::new(at, zone)),
    }
}
