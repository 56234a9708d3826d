//! The calendars of a life against the slow oracle of the order of decisions.

use palier_model::booking::{Calendars, DomainView, domain_acts, domains};
use palier_model::replica::Replica;
use palier_model::rows::Tx;

use crate::oracle::Oracle;

/// Domains with more acts than this cost the oracle too much.
const ACTS: usize = 48;

/// Every calendar as it lies in its rows is the one that the oracle tells.
pub(crate) fn calendars(replica: &Replica, tx: &Tx<'_>) -> Result<(), String> {
    let text = |error: palier_model::rows::RowsError| error.to_string();
    for id in domains(tx, usize::MAX >> 1).map_err(text)? {
        let facts = replica.authority();
        let Some((domain, acts)) = domain_acts(tx, facts, &id).map_err(text)? else { continue };
        let row = tx.row::<Calendars>(&id).map_err(text)?;
        let view = DomainView::load(tx, &id).map_err(text)?;
        let (Some(row), Some(view)) = (row, view) else { continue };
        if acts.len() > ACTS {
            continue;
        }
        let told = Oracle::new(&domain, &acts, facts).everything();
        let here = (Some(row.holder), row.tenure, row.places as usize, row.waiting_for);
        let waiting: Vec<_> = told.waiting_for.iter().copied().collect();
        let there = (told.holder, told.tenure, told.order.len(), waiting);
        if here != there {
            return Err(format!("domain {id:?}: {here:?} here, {there:?} by the oracle"));
        }
        for held in &view.held {
            let counts = told.counting.get(&held.booking).map(|(decision, _)| *decision);
            let place = told.order.get(held.place as usize).copied();
            let firm = told.firm.contains(&held.decision);
            let there = told.counting.get(&held.booking).map(|(_, busy)| busy.interval);
            let end = held.resized.map(|it| it.decision);
            if there != Some(held.interval) || end != told.ends.get(&held.booking).copied() {
                return Err(format!(
                    "domain {id:?}: {held:?} here; {there:?} by the oracle, by {end:?}"
                ));
            }
            if counts != Some(held.decision) || place != Some(held.decision) || firm != held.firm {
                return Err(format!(
                    "domain {id:?}: {held:?} here; {counts:?} at {place:?}, firm {firm} by the oracle"
                ));
            }
        }
        if view.held.len() != told.counting.len() {
            let lost: Vec<_> = told
                .counting
                .iter()
                .filter(|(booking, _)| view.held(booking).is_none())
                .map(|(booking, (decision, busy))| {
                    let act = acts.iter().find(|act| act.hash == *decision);
                    (booking, busy, act)
                })
                .collect();
            return Err(format!("domain {id:?}: these do not count here: {lost:?}"));
        }
    }
    Ok(())
}
