//! `waitlist`.

use super::{On, Outcome, resolve};
use crate::answer::List;
use crate::args::{Waitlist, WaitlistList, WaitlistVerb};
use crate::backend::{Backend, BookingAct};
use crate::errors::Result;

pub(super) async fn waitlist<B: Backend>(on: On<'_, B>, it: Waitlist) -> Result<Outcome> {
    let verb = it.verb.unwrap_or(WaitlistVerb::List(WaitlistList { listing: None }));
    let (given, act) = match verb {
        WaitlistVerb::List(it) => {
            let listing = match &it.listing {
                None => None,
                Some(given) => Some(resolve::listing(on.node, on.scope, given).await?),
            };
            return Ok(List::whole(on.node.waitlist(on.scope, listing).await?).into());
        }
        WaitlistVerb::Join(it) => (it.booking, BookingAct::Wait),
        WaitlistVerb::Offer(it) => {
            let for_ms = it.for_time.and_then(|time| u64::try_from(time.as_ms()).ok());
            (it.booking, BookingAct::Offer { for_ms, text: it.text })
        }
        WaitlistVerb::Take(it) => (it.booking, BookingAct::Take),
        WaitlistVerb::Leave(it) => (it.booking, BookingAct::StopWaiting),
    };
    let id = resolve::booking(on.node, on.scope, &given).await?;
    Ok(on.node.booking_act(on.scope, id, act).await?.into())
}
