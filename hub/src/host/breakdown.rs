//! What cannot be used for a while: closed, and its bookings taken back.

use jiff::tz::TimeZone;
use palier_model::booking::Held;
use palier_model::keys::{DocId, HoodHash};
use palier_model::time::Interval;

use super::{Opened, calendar};
use crate::answer::{Fallen, Span, TermsSaved};
use crate::errors::Result;

impl Opened {
    /// Closes a resource and takes back what is booked in it.
    pub(super) async fn break_down(
        &self,
        hood: HoodHash,
        id: DocId,
        range: Interval,
        text: String,
        dry_run: bool,
    ) -> Result<TermsSaved> {
        let done = self.write(hood, move |replica, tx, now, rng| {
            replica.own_listing(tx, &id)?;
            replica.break_down(tx, now, rng, (&id, range), &text, !dry_run)
        });
        let broken = done.await?;
        let zone = self.zone_of(hood).await?;
        let fit = broken.unfitting.into_iter().map(|it| calendar::unfit(it, &zone));
        Ok(TermsSaved {
            id: id.into(),
            saved: !dry_run,
            would_not_fit: fit.collect(),
            cancelled: broken.cancelled.iter().map(|it| fallen(it, &zone)).collect(),
        })
    }
}

fn fallen(it: &Held, zone: &TimeZone) -> Fallen {
    let Span { start, end } = calendar::span(&it.interval, zone);
    Fallen { booking: it.booking.into(), start, end, quantity: it.quantity }
}
