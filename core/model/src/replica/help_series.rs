//! Help that comes again: an answer to an offer or a need with a time for each date, all
//! written together, each a deal of its own.
//!
//! Invariant: of a series all that was to be written is written, or nothing. What stands
//! against a date is only what this person can know: that it is over, and help agreed
//! already; the other side says yes or no to each.

use rand_core::CryptoRng;

use super::fees::fee_of;
use super::refused::told;
use super::series::{NewSeries, SeriesAct, SeriesSkip, SeriesWritten, series_error};
use super::services::NewReply;
use super::{ActError, Replica};
use crate::booking::series::{SeriesError, SeriesWish};
use crate::keys::{DocId, SeriesId};
use crate::listing::Listings;
use crate::projection::{Changes, Place};
use crate::rows::Tx;
use crate::service::{Fee, ServiceView, Stage};
use crate::time::{Instant, Interval, Recurrence, Zone};

/// One date of a series of help.
#[derive(Debug, Clone)]
pub struct HelpDate {
    /// When.
    pub interval: Interval,
    /// What is given for it.
    pub fee: Fee,
    /// What stands against it, as errors with typed values.
    pub broken: Vec<ActError>,
}

/// A series of help before it is written.
#[derive(Debug, Clone)]
pub struct HelpPlan {
    /// The zone of the place.
    pub zone: Zone,
    /// By start.
    pub dates: Vec<HelpDate>,
}

impl Replica {
    /// Every date of a series of help, with what it costs and what stands against it.
    pub fn plan_help(
        &self,
        tx: &Tx<'_>,
        now: Instant,
        new: &NewSeries,
        skip: &SeriesSkip,
    ) -> Result<HelpPlan, ActError> {
        let (row, _) = self.may_answer(tx, now, &new.listing)?;
        if new.quantity != 1 {
            return Err(ActError::invalid("booking.why.quantity").with("most", 1));
        }
        let place = tx.row::<Place>(Place::KEY)?;
        let zone = place.and_then(|row| Zone::named(&row.record.zone).ok());
        let zone = zone.unwrap_or_else(Zone::utc);
        let (start, end) = (new.start.wall(&zone)?, new.end.wall(&zone)?);
        let occurrences = || -> Result<_, SeriesError> {
            let recurrence = Recurrence::new(start, new.rule.clone())?;
            let mut wish = SeriesWish::new(recurrence, end, 1)?;
            wish.leave_out(&new.except, false)?;
            wish.leave_out(&skip.dates, true)?;
            wish.occurrences(&zone)
        };
        let occurrences = occurrences().map_err(series_error)?;
        let mut agreed = self.agreed_help(tx, now)?;
        let mut dates = Vec::with_capacity(occurrences.len());
        for occurrence in occurrences {
            let interval = occurrence.interval;
            let at = told(interval.start, &zone);
            let mut broken = Vec::new();
            if interval.start <= now {
                broken.push(ActError::invalid("booking.why.past").with("start_at", &at));
            }
            let other = agreed.iter().find(|(other, _)| other.overlaps(&interval));
            if let Some((_, listing)) = other {
                let title = tx.row::<Listings>(listing)?.map(|row| row.content.title);
                let error = ActError::conflict("booking.why.busy").with("start_at", &at);
                broken.push(error.with("title", title.unwrap_or_default()));
            }
            if broken.is_empty() {
                // No date of it stands in the way of another.
                agreed.push((interval, new.listing));
            }
            dates.push(HelpDate { interval, fee: fee_of(tx, &row, &interval, None)?, broken });
        }
        Ok(HelpPlan { zone, dates })
    }

    /// Answers with all of a series at once, or with all but what is skipped.
    pub fn create_help(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        new: &NewSeries,
        skip: &SeriesSkip,
        note: &str,
    ) -> Result<((HelpPlan, SeriesWritten), Changes), ActError> {
        let plan = self.plan_help(tx, now, new, skip)?;
        let conflicts = plan.dates.iter().filter(|it| !it.broken.is_empty()).count();
        if conflicts == plan.dates.len() || (conflicts > 0 && !skip.conflicts) {
            return Err(conflicts_error(&plan, conflicts));
        }
        let mut id = [0; 16];
        rng.fill_bytes(&mut id);
        let series = SeriesId(id);
        let mut changes = Changes::default();
        let mut bookings = Vec::with_capacity(plan.dates.len());
        for date in &plan.dates {
            if !date.broken.is_empty() {
                bookings.push(None);
                continue;
            }
            let reply = NewReply {
                listing: new.listing,
                interval: Some(date.interval),
                minutes: None,
                text: note.to_owned(),
            };
            let one = (reply, Some(series));
            bookings.push(Some(self.answer_in(tx, now, rng, one, &mut changes)?));
        }
        Ok(((plan, SeriesWritten { series, bookings }), changes))
    }

    /// When this member helps or is helped, as it was agreed.
    fn agreed_help(&self, tx: &Tx<'_>, now: Instant) -> Result<Vec<(Interval, DocId)>, ActError> {
        let holds = |view: &ServiceView| matches!(view.life.stage, Stage::Agreed | Stage::Due);
        let all = self.services(tx, now)?;
        let agreed = all.iter().filter(|view| holds(view));
        Ok(agreed.filter_map(|view| Some((view.life.interval?, view.listing))).collect())
    }

    /// Deals about help of a series that are open to an act of this person; none where the
    /// series is of bookings, or not known.
    pub(super) fn open_help_of(
        &self,
        tx: &Tx<'_>,
        now: Instant,
        series: &SeriesId,
        act: SeriesAct,
    ) -> Result<Option<Vec<ServiceView>>, ActError> {
        let mut all = self.services(tx, now)?;
        all.retain(|view| view.series == Some(*series));
        let Some(first) = all.first() else { return Ok(None) };
        let requester = first.requester;
        if all.iter().any(|view| view.requester != requester) {
            // Somebody gave an answer the id of another's series.
            return Err(ActError::conflict("series.several_people"));
        }
        all.retain(|view| {
            let stage = view.life.stage;
            let before = matches!(stage, Stage::Answered | Stage::Proposed);
            match act {
                SeriesAct::Accept => self
                    .own_side(view)
                    .is_some_and(|side| before && view.open_to(side, now).is_some()),
                SeriesAct::Refuse => before,
                SeriesAct::Cancel => before || stage == Stage::Agreed,
            }
        });
        Ok(Some(all))
    }
}

fn conflicts_error(plan: &HelpPlan, conflicts: usize) -> ActError {
    let mut error = ActError::conflict("series.conflicts")
        .with("conflicts", conflicts)
        .with("occurrences", plan.dates.len());
    for date in plan.dates.iter().filter(|date| !date.broken.is_empty()) {
        let at = told(date.interval.start, &plan.zone);
        let mut of = ActError::conflict("series.conflict").with("start_at", at);
        of.also.clone_from(&date.broken);
        error.also.push(of);
    }
    error
}
