//! Help that comes again: plans, and answers written together.

use jiff::tz::TimeZone;
use palier_model::keys::HoodHash;
use palier_model::replica::{HelpDate, HelpPlan, NewSeries, SeriesSkip};
use palier_model::service::Fee;

use super::bookings::title_of;
use super::{Opened, calendar};
use crate::answer::{SeriesBooking, SeriesOccurrence, SeriesPlan, SeriesSaved, Span};
use crate::errors::Result;

fn amount(fee: Fee) -> u64 {
    match fee {
        Fee::Free => 0,
        Fee::Minutes(amount) | Fee::Cents(amount) => u64::from(amount),
    }
}

fn currency(dates: &[HelpDate]) -> Option<String> {
    let of = |date: &HelpDate| match date.fee {
        Fee::Free => None,
        Fee::Minutes(_) => Some("minutes"),
        Fee::Cents(_) => Some("cents"),
    };
    dates.iter().find_map(of).map(str::to_owned)
}

fn zone_of(plan: &HelpPlan) -> TimeZone {
    TimeZone::get(plan.zone.name()).unwrap_or(TimeZone::UTC)
}

fn sum<'a>(dates: impl Iterator<Item = &'a HelpDate>) -> u64 {
    dates.map(|date| amount(date.fee)).fold(0, u64::saturating_add)
}

impl Opened {
    pub(super) async fn plan_of_help(&self, hood: HoodHash, new: NewSeries) -> Result<SeriesPlan> {
        let listing = new.listing;
        let (plan, title) = self
            .look(hood, move |replica, tx, now| {
                let plan = replica.plan_help(tx, now, &new, &SeriesSkip::default())?;
                Ok((plan, title_of(tx, &listing)?))
            })
            .await?;
        let zone = zone_of(&plan);
        let is_free = |date: &&HelpDate| date.broken.is_empty();
        let total_free = sum(plan.dates.iter().filter(is_free));
        let free = plan.dates.iter().filter(is_free).count();
        let items = plan.dates.iter().map(|date| {
            let Span { start, end } = calendar::span(&date.interval, &zone);
            SeriesOccurrence {
                start,
                end,
                available: date.broken.is_empty(),
                why_not: calendar::whys(date.broken.clone()),
                total: Some(amount(date.fee)),
                alternatives: Vec::new(),
            }
        });
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        Ok(SeriesPlan {
            listing: listing.into(),
            title,
            zone: plan.zone.name().to_owned(),
            quantity: 1,
            items: items.collect(),
            free: count(free),
            conflicts: count(plan.dates.len() - free),
            currency: currency(&plan.dates),
            total: Some(sum(plan.dates.iter())),
            total_free: Some(total_free),
            deposit_cents: 0,
            accept: String::new(),
        })
    }

    pub(super) async fn write_help(
        &self,
        hood: HoodHash,
        new: NewSeries,
        skip: SeriesSkip,
        note: String,
    ) -> Result<SeriesSaved> {
        let written = self.write(hood, move |replica, tx, now, rng| {
            replica.create_help(tx, now, rng, &new, &skip, &note)
        });
        let (plan, written) = written.await?;
        let zone = zone_of(&plan);
        let items = plan.dates.iter().zip(&written.bookings).map(|(date, booking)| {
            let Span { start, end } = calendar::span(&date.interval, &zone);
            let why_not = calendar::whys(date.broken.clone());
            SeriesBooking { booking: booking.map(Into::into), start, end, why_not }
        });
        let asked = plan.dates.iter().filter(|date| date.broken.is_empty());
        Ok(SeriesSaved {
            id: written.series.into(),
            saved: true,
            items: items.collect(),
            currency: currency(&plan.dates),
            total: Some(sum(asked)),
        })
    }
}
