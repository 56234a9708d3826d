//! Mending a store: damaged rows are set aside, what follows from entries is built anew,
//! and what is gone is asked of neighbours again.
//!
//! Invariant: a device that lost something of its own goes on in a new incarnation, so
//! that nothing it once wrote is written a second time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant as Steady};

use palier_model::keys::{BlobId, HoodHash};
use palier_model::replica::{Loss, Me, lost_entries, replay};
use palier_model::rows::{Rows as _, Table, Tx, Writes};
use palier_model::sync::blob;
use palier_model::time::Instant;

use super::{HoodStores, Host, NodeError, fresh_store_id};
use crate::store::{Damaged, Salvage, Store};

/// The row that stands while a store is being mended.
const MENDING: &[u8] = b"mending";
/// A sound store is read through at most this often for the sake of damage that was met.
const AGAIN: Duration = Duration::from_secs(600);

/// Sets damaged rows of a store aside and builds anew what follows from the others.
/// `salvage`: what was left behind when its file was saved just now. Whether anything was
/// to be done.
pub(super) fn mend(
    stores: &mut HoodStores,
    hood: &HoodHash,
    me: &Me,
    now: Instant,
    salvage: Option<Salvage>,
) -> Result<bool, NodeError> {
    let Some(store) = stores.get_mut(hood) else { return Ok(false) };
    let mut health = store.check()?;
    let mut salvage = salvage;
    if !health.structure.is_empty() {
        tracing::error!(complaints = ?health.structure, "the trees of a store are damaged");
        salvage = Some(stores.salvage(hood, now)?);
        let Some(store) = stores.get_mut(hood) else { return Ok(false) };
        health = store.check()?;
    }
    let Some(store) = stores.get_mut(hood) else { return Ok(false) };
    if health.index_damaged {
        store.reindex()?;
    }
    let mut gone = health.damaged;
    if gone.is_empty() && salvage.is_none() && !is_half_mended(store) {
        return Ok(false);
    }
    if is_half_mended(store) {
        gone.extend(store.quarantined()?);
    } else {
        store.commit(Writes::from([((Table::Settings, MENDING.to_vec()), Some(vec![1]))]))?;
    }
    for damaged in &gone {
        store.quarantine(damaged, now)?;
    }
    if let Some(salvage) = salvage {
        gone.extend(salvage.damaged);
        let torn = salvage.torn.into_iter();
        gone.extend(torn.map(|table| Damaged { table, key: Vec::new() }));
    }
    let lost = lost_entries(store.rows())?;
    store.await_rows(Table::Entries, &lost, now)?;
    let loss = gone.iter().fold(Loss::default(), |loss, damaged| loss.with(damaged.table));
    mend_blobs(store, &gone)?;
    rebuild(store, me, loss)?;
    Ok(true)
}

/// Whether a mending was cut short: rows are gone, and what follows from them is not yet
/// built anew.
pub(super) fn is_half_mended(store: &Store) -> bool {
    !matches!(store.get(Table::Settings, MENDING), Ok(None))
}

/// Builds anew what follows from entries.
pub(super) fn rebuild(store: &mut Store, me: &Me, loss: Loss) -> Result<(), NodeError> {
    if let Some(replayed) = replay(store.rows(), me, fresh_store_id(), loss)? {
        let mut writes = replayed.writes;
        writes.insert((Table::Settings, MENDING.to_vec()), None);
        store.commit(writes)?;
    }
    Ok(())
}

/// Chunks that are gone are fetched again when somebody is met.
fn mend_blobs(store: &mut Store, gone: &[Damaged]) -> Result<(), NodeError> {
    let of_blobs = |table| matches!(table, Table::Blobs | Table::BlobChunks);
    let touched = gone.iter().filter(|damaged| of_blobs(damaged.table));
    let mut ids: BTreeSet<BlobId> =
        touched.filter_map(|damaged| BlobId::from_slice(damaged.key.get(..32)?)).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let mut tx = Tx::new(store.rows());
    // An altered key does not say whose chunk is missing.
    ids.extend(blob::held(&tx, true)?);
    for id in ids {
        blob::mend(&mut tx, &id)?;
    }
    let writes = tx.into_writes();
    Ok(store.commit(writes)?)
}

/// Neighbourhoods in which damage was met, and when there was nothing to mend after all.
#[derive(Debug, Default)]
pub(super) struct Ailing {
    noticed: BTreeSet<HoodHash>,
    in_vain: BTreeMap<HoodHash, Steady>,
}

impl Ailing {
    /// Damage was met there.
    pub(super) fn notice(&mut self, hood: &HoodHash) {
        if self.in_vain.get(hood).is_none_or(|at| at.elapsed() > AGAIN) {
            self.noticed.insert(*hood);
        }
    }
}

impl Host {
    /// Looks after the neighbourhoods in which damage was met. The doctor still tells of
    /// it when asked.
    pub(super) fn mend_ailing(&mut self) {
        for hood in std::mem::take(&mut self.ailing.noticed) {
            tracing::error!("damaged rows were met; they are set aside");
            match self.mend(&hood) {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::error!(%error, "a store could not be mended"),
            }
            self.ailing.in_vain.insert(hood, Steady::now());
        }
    }

    /// Mends one store; its sessions begin anew. Whether anything was to be done.
    pub(super) fn mend(&mut self, hood: &HoodHash) -> Result<bool, NodeError> {
        let (me, now) = (self.engine.me().clone(), self.clock.claimed());
        let mended = mend(&mut self.stores, hood, &me, now, None)?;
        if mended {
            self.engine.reload_repaired(hood, &self.stores);
        }
        Ok(mended)
    }

    /// After a neighbour gave what it has: what waited for lost entries is tried again,
    /// and blobs of which a part is missing are asked for.
    pub(super) fn make_whole(&mut self, hood: &HoodHash) -> Result<(), NodeError> {
        let (waits, partial) = self.read(hood, |replica, tx, _| {
            Ok((replica.has_unattached(tx)?, blob::held(tx, false)?))
        })?;
        if waits {
            self.act(hood, |replica, tx, _, _| Ok(((), replica.reattach(tx)?)))?;
        }
        for id in partial {
            self.fetch_photo(hood, id);
        }
        Ok(())
    }

    /// Notes damage that a read or an act met.
    pub(super) fn notice<R>(
        &mut self,
        hood: &HoodHash,
        result: Result<R, NodeError>,
    ) -> Result<R, NodeError> {
        if result.as_ref().is_err_and(NodeError::is_damage) {
            self.ailing.notice(hood);
        }
        result
    }
}
