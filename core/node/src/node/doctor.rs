//! The doctor: what is damaged is set aside, what follows from entries is built anew,
//! and the rest comes back from neighbours.

use palier_model::keys::HoodHash;
use palier_model::replica::{Fork, Loss};

use super::{Host, NodeError, mend};
use crate::store::Damaged;

/// What the doctor found.
#[derive(Debug, Default)]
pub struct Report {
    /// Logs that were continued twice. Nothing of them is lost.
    pub forks: Vec<Fork>,
    /// Rows that were set aside, and entries that are missing since.
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
        report.rebuilt |= self.mend(hood)?;
        if rebuild {
            let me = self.engine.me().clone();
            if let Some(store) = self.stores.get_mut(hood) {
                mend::rebuild(store, &me, Loss::default())?;
            }
            self.engine.reload_repaired(hood, &self.stores);
            report.rebuilt = true;
        }
        let found = self
            .read(hood, |replica, tx, _| Ok((replica.forks(tx)?, replica.figures(tx)?.entries)))?;
        report.forks.extend(found.0);
        report.entries += found.1;
        if let Some(store) = self.stores.get_mut(hood) {
            store.forget_returned()?;
            report.damaged.append(&mut store.quarantined()?);
            // Told once; but lost entries until they are back or given up.
            store.forget_quarantined(rebuild)?;
        }
        Ok(())
    }
}
