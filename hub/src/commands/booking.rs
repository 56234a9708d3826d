//! `booking`.

use palier_model::time::Interval;

use super::{On, Outcome, paging, resolve};
use crate::args::{self, Booking};
use crate::backend::{Backend, BookingAct, BookingFilter, NewBooking};
use crate::errors::{CliError, Result};

pub(super) async fn booking<B: Backend>(on: On<'_, B>, verb: Booking) -> Result<Outcome> {
    let (given, act) = match verb {
        Booking::Request(it) => return request(on, it).await,
        Booking::List(it) => return list(on, it).await,
        Booking::Show(it) => {
            let id = resolve::booking(on.node, on.scope, &it.booking).await?;
            return Ok(on.node.booking(on.scope, id).await?.into());
        }
        Booking::Accept(it) => (it.booking, BookingAct::Accept),
        Booking::Refuse(it) => (it.booking, BookingAct::Refuse { text: it.text }),
        Booking::Cancel(it) => (it.booking, BookingAct::Cancel { text: it.text }),
    };
    let id = resolve::booking(on.node, on.scope, &given).await?;
    Ok(on.node.booking_act(on.scope, id, act).await?.into())
}

async fn request<B: Backend>(on: On<'_, B>, it: args::BookingRequest) -> Result<Outcome> {
    let start = on.instant(it.start).await?;
    let end = on.instant_if(it.end).await?;
    let interval = Interval::new(start, end).map_err(|_| CliError::new("invalid.interval"))?;
    let listing = resolve::listing(on.node, on.scope, &it.listing).await?;
    let new = NewBooking { listing, interval, quantity: it.quantity, text: it.text };
    Ok(on.node.booking_request(on.scope, new).await?.into())
}

async fn list<B: Backend>(on: On<'_, B>, it: args::BookingList) -> Result<Outcome> {
    let listing = match &it.listing {
        None => None,
        Some(given) => Some(resolve::listing(on.node, on.scope, given).await?),
    };
    let filter = BookingFilter { listing, to_decide: it.to_decide };
    Ok(on.node.bookings(on.scope, filter, paging(it.page)).await?.into())
}
