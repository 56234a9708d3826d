//! What comes again: plans, requests and answers of a whole series.

use palier_model::booking::series::Planned;
use palier_model::booking::tariff::TariffError;
use palier_model::keys::{BookingId, DocId, SeriesId};
use palier_model::replica::{NewSeries, SeriesAct, SeriesPlan as ModelPlan, SeriesSkip};

use super::bookings::title_of;
use super::{Opened, calendar};
use crate::answer::{
    SeriesBooking, SeriesDone, SeriesItem, SeriesOccurrence, SeriesPlan, SeriesSaved, Span,
};
use crate::backend::{BookingAct, Scope};
use crate::errors::{CliError, Kind, Result};

/// The sum of what can be told; none where one has no total.
fn sum<'a>(items: impl Iterator<Item = &'a Planned>) -> Option<u64> {
    items
        .map(|it| it.quote.as_ref().ok().map(|quote| quote.total))
        .try_fold(0_u64, |all, one| one.map(|one| all.saturating_add(one)))
}

impl Opened {
    pub(super) async fn plan_of_series(&self, scope: &Scope, new: NewSeries) -> Result<SeriesPlan> {
        let hood = self.hood_of(scope).await?;
        let (listing, quantity) = (new.listing, new.quantity);
        if self.look(hood, move |replica, tx, _| Ok(replica.is_answered(tx, &listing)?)).await? {
            return self.plan_of_help(hood, new).await;
        }
        let (plan, title) = self
            .look(hood, move |replica, tx, now| {
                let plan = replica.plan_series(tx, now, &new, &SeriesSkip::default())?;
                Ok((plan, title_of(tx, &listing)?))
            })
            .await?;
        show(&plan, listing, title, quantity)
    }

    pub(super) async fn write_series(
        &self,
        scope: &Scope,
        new: NewSeries,
        skip: SeriesSkip,
        text: Option<String>,
    ) -> Result<SeriesSaved> {
        let hood = self.hood_of(scope).await?;
        let note = text.unwrap_or_default();
        let listing = new.listing;
        if self.look(hood, move |replica, tx, _| Ok(replica.is_answered(tx, &listing)?)).await? {
            return self.write_help(hood, new, skip, note).await;
        }
        let written = self.write(hood, move |replica, tx, now, rng| {
            replica.create_series(tx, now, rng, &new, &skip, &note)
        });
        let (plan, written) = written.await?;
        let zone = calendar::zone_of(&plan.terms);
        let mut items = Vec::with_capacity(plan.items.len());
        let mut asked = Vec::with_capacity(plan.items.len());
        for ((one, broken), booking) in plan.items.iter().zip(&written.bookings) {
            let Span { start, end } = calendar::span(&one.occurrence.interval, &zone);
            let (booking, why_not) = (booking.map(Into::into), calendar::whys(broken.clone()));
            if booking.is_some() {
                asked.push(one);
            }
            items.push(SeriesBooking { booking, start, end, why_not });
        }
        Ok(SeriesSaved {
            id: written.series.into(),
            saved: true,
            items,
            currency: calendar::currency_of(&plan.terms.tariff),
            total: sum(asked.into_iter()),
        })
    }

    /// Does the same to all of a series that is open to it, each on its own.
    pub(super) async fn act_on_series(
        &self,
        scope: &Scope,
        series: SeriesId,
        act: BookingAct,
    ) -> Result<SeriesDone> {
        let hood = self.hood_of(scope).await?;
        let zone = self.zone_of(hood).await?;
        let which = match &act {
            BookingAct::Accept { .. } => SeriesAct::Accept,
            BookingAct::Refuse { .. } => SeriesAct::Refuse,
            BookingAct::Cancel { .. } => SeriesAct::Cancel,
            _ => return Err(CliError::new("usage")),
        };
        let open: Vec<(BookingId, _)> = self
            .look(hood, move |replica, tx, now| replica.open_of_series(tx, now, &series, which))
            .await?;
        let mut items = Vec::with_capacity(open.len());
        for (id, interval) in open {
            let why_not = match self.act_on_booking(scope, id, act.clone()).await {
                Ok(_) => Vec::new(),
                // What is wrong with the home is wrong with all that follow.
                Err(error) if matches!(error.kind, Kind::Storage | Kind::Internal) => {
                    return Err(error);
                }
                Err(error) => error.reasons(),
            };
            let Span { start, end } = calendar::span(&interval, &zone);
            let done = why_not.is_empty();
            items.push(SeriesItem { booking: id.into(), start, end, done, why_not });
        }
        Ok(SeriesDone { id: series.into(), items })
    }
}

fn show(plan: &ModelPlan, listing: DocId, title: String, quantity: u32) -> Result<SeriesPlan> {
    let zone = calendar::zone_of(&plan.terms);
    let mut items = Vec::with_capacity(plan.items.len());
    for (one, broken) in &plan.items {
        let total = match &one.quote {
            Ok(quote) => Some(quote.total),
            Err(TariffError::OpenEnded) => None,
            Err(TariffError::TooHigh) => return Err(CliError::new("invalid.quantity")),
            Err(_) => return Err(CliError::new("invalid.range")),
        };
        let Span { start, end } = calendar::span(&one.occurrence.interval, &zone);
        let others = one.alternatives.iter().map(|it| calendar::span(&it.interval, &zone));
        items.push(SeriesOccurrence {
            start,
            end,
            available: broken.is_empty(),
            why_not: calendar::whys(broken.clone()),
            total,
            alternatives: others.collect(),
        });
    }
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let free = items.iter().filter(|it| it.available).count();
    let of_free = plan.items.iter().filter(|(_, broken)| broken.is_empty()).map(|(one, _)| one);
    Ok(SeriesPlan {
        listing: listing.into(),
        title,
        zone: plan.zone.name().to_owned(),
        quantity,
        free: count(free),
        conflicts: count(items.len() - free),
        currency: calendar::currency_of(&plan.terms.tariff),
        total: sum(plan.items.iter().map(|(one, _)| one)),
        total_free: sum(of_free),
        deposit_cents: plan.terms.deposit_cents.saturating_mul(u64::from(quantity)),
        accept: plan.terms.accept.clone(),
        items,
    })
}
