//! `booking`.

use palier_model::booking::StepKind;
use palier_model::time::Interval;

use super::{On, Outcome, paging, resolve};
use crate::args::{self, Booking, BookingOrSeries, ProblemArg, TimeArg};
use crate::backend::{Backend, BookingAct, BookingFilter, NewBooking, NewEnd};
use crate::errors::{CliError, Kind, Result};

pub(super) async fn booking<B: Backend>(on: On<'_, B>, verb: Booking) -> Result<Outcome> {
    let (given, act) = match verb {
        Booking::Request(it) => return request(on, it).await,
        Booking::List(it) => return list(on, it).await,
        Booking::Show(it) => {
            let id = resolve::booking(on.node, on.scope, &it.booking).await?;
            return Ok(on.node.booking(on.scope, id).await?.into());
        }
        Booking::Propose(it) => return propose(on, it).await,
        Booking::Done(it) => {
            let id = resolve::booking(on.node, on.scope, &it.booking).await?;
            return Ok(on.node.booking_done(on.scope, id, it.text).await?.into());
        }
        Booking::Extend(it) if !it.accept && !it.refuse => return extend(on, it).await,
        Booking::Extend(it) if it.accept => (it.booking, BookingAct::GrantEnd),
        Booking::Extend(it) => (it.booking, BookingAct::KeepEnd { text: it.text }),
        Booking::Notice(it) => {
            let end = on.instant(it.until).await?;
            (it.booking, BookingAct::Notice { end, text: it.text })
        }
        Booking::Accept(it) => {
            return on_any(on, it.of, BookingAct::Accept { anyway: it.anyway }).await;
        }
        Booking::Refuse(it) => {
            return on_any(on, it.of, BookingAct::Refuse { text: it.text }).await;
        }
        Booking::Cancel(it) => {
            return on_any(on, it.of, BookingAct::Cancel { text: it.text }).await;
        }
        Booking::Handover(it) => (it.booking, step(StepKind::HAND_OVER, it.text, it.qr)),
        Booking::Return(it) => (it.booking, step(StepKind::RETURN, it.text, it.qr)),
        Booking::Problem(it) => (it.booking, step(problem(it.what), it.text, None)),
    };
    let id = resolve::booking(on.node, on.scope, &given).await?;
    Ok(on.node.booking_act(on.scope, id, act).await?.into())
}

/// One booking, or all of a series that are open: then what became of each.
async fn on_any<B: Backend>(
    on: On<'_, B>,
    of: BookingOrSeries,
    act: BookingAct,
) -> Result<Outcome> {
    match (of.booking, of.series) {
        (Some(booking), _) => {
            let id = resolve::booking(on.node, on.scope, &booking).await?;
            Ok(on.node.booking_act(on.scope, id, act).await?.into())
        }
        (None, Some(series)) => {
            let id = resolve::series(on.node, on.scope, &series).await?;
            let done = on.node.series_act(on.scope, id, act).await?;
            let is_partial = done.items.iter().any(|item| !item.done);
            Ok(Outcome::from(done).partial_if(is_partial, Kind::Conflict))
        }
        (None, None) => Err(CliError::new("usage.missing_argument")),
    }
}

const fn step(kind: StepKind, text: Option<String>, qr: Option<String>) -> BookingAct {
    BookingAct::Step { kind, text, qr }
}

const fn problem(what: ProblemArg) -> StepKind {
    match what {
        ProblemArg::NoShow => StepKind::NO_SHOW,
        ProblemArg::Damaged => StepKind::DAMAGED,
        ProblemArg::Lost => StepKind::LOST,
        ProblemArg::Occupied => StepKind::OCCUPIED,
        ProblemArg::Overstay => StepKind::OVERSTAY,
        ProblemArg::Disputed => StepKind::DISPUTED,
        ProblemArg::Settled => StepKind::SETTLED,
        ProblemArg::NotBack => StepKind::NOT_BACK,
    }
}

async fn request<B: Backend>(on: On<'_, B>, it: args::BookingRequest) -> Result<Outcome> {
    let listing = resolve::listing(on.node, on.scope, &it.listing).await?;
    let clocks = on.node.clocks(on.scope, listing).await?;
    let interval = match it.start {
        None => None,
        Some(start) => Some(interval(on.on_clocks(&clocks), start, it.end).await?),
    };
    let args::BookingRequest { quantity, wait, minutes, text, accept, .. } = it;
    let new = NewBooking { listing, interval, quantity, minutes, wait, text, accept };
    Ok(on.node.booking_request(on.scope, new).await?.into())
}

async fn propose<B: Backend>(on: On<'_, B>, it: args::BookingPropose) -> Result<Outcome> {
    let interval = interval(on, it.start, Some(it.end)).await?;
    let act = BookingAct::Propose { interval, minutes: it.minutes, text: it.text };
    let id = resolve::booking(on.node, on.scope, &it.booking).await?;
    Ok(on.node.booking_act(on.scope, id, act).await?.into())
}

async fn interval<B: Backend>(
    on: On<'_, B>,
    start: TimeArg,
    end: Option<TimeArg>,
) -> Result<Interval> {
    let start = on.instant(start).await?;
    let end = on.instant_if(end).await?;
    Interval::new(start, end).map_err(|_| CliError::new("invalid.interval"))
}

async fn extend<B: Backend>(on: On<'_, B>, it: args::BookingExtend) -> Result<Outcome> {
    let end = on.instant_if(it.until).await?;
    let id = resolve::booking(on.node, on.scope, &it.booking).await?;
    let new = NewEnd { end, text: it.text, dry_run: it.dry_run };
    Ok(on.node.booking_extend(on.scope, id, new).await?.into())
}

async fn list<B: Backend>(on: On<'_, B>, it: args::BookingList) -> Result<Outcome> {
    let listing = match &it.listing {
        None => None,
        Some(given) => Some(resolve::listing(on.node, on.scope, given).await?),
    };
    let series = match &it.series {
        None => None,
        Some(given) => Some(resolve::series(on.node, on.scope, given).await?),
    };
    let filter = BookingFilter { listing, series, to_decide: it.to_decide };
    Ok(on.node.bookings(on.scope, filter, paging(it.page)).await?.into())
}
