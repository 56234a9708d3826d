//! The doctor: what is damaged is set aside, what follows from entries is built anew,
//! and the rest comes back from neighbours.

use palier_model::engine::Stores;
use palier_model::keys::HoodHash;
use palier_model::replica::{Fork, replay};

use super::{Host, NodeError, fresh_store_id};
use crate::store::Damaged;

/// What the doctor found.
#[derive(Debug, Default)]
pub struct Report {
    /// Logs that were continued twice. Nothing of them is lost.
    pub forks: Vec<Fork>,
    /// Rows that were set aside.
    pub damaged: Vec<Damaged>,
    /// Entries looked at.
    pub entries: u64,
    /// Whether rows were built anew.
    pub rebuilt: bool,
}

impl Host {
    /// Checks every store; sets damaged rows aside and builds anew what follows from
    /// entries, also where nothing is wrong if `rebuild` says so.
    pub fn examine(&mut self, rebuild: bool) -> Result<Report, NodeError> {
        let hoods: Vec<HoodHash> = self.engine.hoods().map(|(hood, _)| *hood).collect();
        let mut report = Report::default();
        self.engine.flush_all(&mut self.stores);
        for hood in hoods {
            self.examine_one(&hood, rebuild, &mut report)?;
        }
        Ok(report)
    }

    fn examine_one(
        &mut self,
        hood: &HoodHash,
        rebuild: bool,
        report: &mut Report,
    ) -> Result<(), NodeError> {
        let now = self.clock.claimed();
        let Some(store) = self.stores.get_mut(hood) else { return Ok(()) };
        let health = store.check()?;
        for damaged in &health.damaged {
            store.quarantine(damaged, now)?;
        }
        if health.index_damaged {
            store.reindex()?;
        }
        let mut known = store.quarantined()?;
        let is_damaged = !health.damaged.is_empty();
        if is_damaged || rebuild {
            self.rebuild(hood)?;
            report.rebuilt = true;
        }
        let found = self
            .read(hood, |replica, tx, _| Ok((replica.forks(tx)?, replica.figures(tx)?.entries)))?;
        report.forks.extend(found.0);
        report.entries += found.1;
        report.damaged.append(&mut known);
        // Told once: what was set aside is built anew or fetched again.
        if let Some(store) = self.stores.get_mut(hood) {
            store.forget_quarantined()?;
        }
        Ok(())
    }

    fn rebuild(&mut self, hood: &HoodHash) -> Result<(), NodeError> {
        let me = self.engine.me().clone();
        let Some(rows) = self.stores.rows(hood) else { return Ok(()) };
        if let Some(replayed) = replay(rows, &me, fresh_store_id())? {
            let store = self.stores.get_mut(hood).ok_or(NodeError::NoHood)?;
            store.commit(replayed.writes)?;
        }
        self.engine.reload_repaired(hood, &self.stores);
        Ok(())
    }
}
