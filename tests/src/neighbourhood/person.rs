//! One person of the neighbourhood: what it alone knows, laid over what all know.

use palier_model::journal::{Descriptor, LogRow, Root, Run, log_row, logs_of_document};
use palier_model::keys::{DeviceKeys, HoodHash, HoodId, LogId, Phrase};
use palier_model::replica::{HoodRow, Me, Replica, Standing};
use palier_model::rows::{MemoryRows, Table, TableKind, Tx, Writes};
use palier_model::sync::{JoinForm, StoreId};
use palier_model::time::Instant;
use rand_chacha::ChaCha20Rng;
use rand_core::Rng;

use super::Outcome;

/// Someone with one device.
pub(super) struct Person {
    pub(super) me: Me,
    pub(super) name: String,
    pub(super) replica: Replica,
    pub(super) own: Writes,
}

/// What names the neighbourhood.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hood {
    pub(super) id: HoodId,
    pub(super) hash: HoodHash,
    pub(super) root: Root,
}

/// The keys of a new person.
pub(super) fn new_me(rng: &mut ChaCha20Rng) -> Me {
    let phrase = Phrase::generate(rng);
    let keys = DeviceKeys::generate(rng);
    let member = phrase.member_key();
    Me {
        member: member.id(),
        certificate: Some(member.certify_device(&keys.id(), &keys.agreement_public())),
        recovery: member.recovery_public(),
        keys,
    }
}

/// A fresh store id.
pub(super) fn store_id(rng: &mut ChaCha20Rng) -> StoreId {
    let mut id = [0; 16];
    rng.fill_bytes(&mut id);
    StoreId(id)
}

impl Person {
    /// Someone who is about to come in: identity log and first key epoch are written.
    pub(super) fn new(
        base: &MemoryRows,
        hood: Hood,
        name: String,
        now: Instant,
        rng: &mut ChaCha20Rng,
    ) -> Outcome<Self> {
        let me = new_me(rng);
        let row = HoodRow {
            hash: hood.hash,
            id: Some(hood.id),
            root: Some(hood.root),
            name: String::new(),
            standing: Standing::Member,
            invitation: None,
        };
        let mut tx = Tx::new(base);
        let mut replica = Replica::prepare(&mut tx, &me, row, store_id(rng));
        let form = JoinForm { name: name.clone(), home: String::new(), languages: Vec::new() };
        replica.prepare_as_bearer(&mut tx, now, rng, None, form)?;
        replica.set_standing(&mut tx, Standing::Member);
        Ok(Self { me, name, replica, own: tx.into_writes() })
    }

    /// Does something on this person's rows.
    pub(super) fn on<R>(
        &mut self,
        base: &MemoryRows,
        act: impl FnOnce(&mut Replica, &mut Tx<'_>) -> R,
    ) -> R {
        let mut tx = Tx::new(base);
        tx.absorb(std::mem::take(&mut self.own));
        let done = act(&mut self.replica, &mut tx);
        self.own = tx.into_writes();
        done
    }

    /// Reads authority and secrets anew, now that `base` tells more.
    pub(super) fn reload(&mut self, base: &MemoryRows) -> Outcome<()> {
        self.forget_shared();
        let mut tx = Tx::new(base);
        tx.absorb(std::mem::take(&mut self.own));
        let loaded = Replica::load(&tx, &self.me)?;
        self.replica = loaded.ok_or("a person without rows")?;
        self.own = tx.into_writes();
        Ok(())
    }

    /// Drops what `base` has as well.
    pub(super) fn forget_shared(&mut self) {
        self.own.retain(|(table, _), _| is_own(*table));
    }

    /// Runs of this person's own logs beyond what somebody has, whose rows these are.
    pub(super) fn runs_beyond(&mut self, base: &MemoryRows, theirs: &Tx<'_>) -> Outcome<Vec<Run>> {
        let device = self.me.keys.id();
        let logs: Vec<LogId> = self
            .own
            .iter()
            .filter(|((table, _), _)| *table == Table::Logs)
            .filter_map(|((_, key), row)| {
                let row: LogRow =
                    palier_model::codec::decode_prefix(row.as_deref()?, 1 << 16).ok()?.0;
                (row.start.device == device).then(|| LogId::from_slice(key))?
            })
            .collect();
        self.on(base, |_, tx| collect(tx, &logs, theirs))
    }

    /// Runs of a document of this person beyond what somebody has.
    pub(super) fn runs_of(
        &mut self,
        base: &MemoryRows,
        document: &Descriptor,
        theirs: &Tx<'_>,
    ) -> Outcome<Vec<Run>> {
        self.on(base, |_, tx| {
            let logs = logs_of_document(tx, &document.id())?;
            collect(tx, &logs, theirs)
        })
    }
}

fn collect(tx: &Tx<'_>, logs: &[LogId], theirs: &Tx<'_>) -> Outcome<Vec<Run>> {
    let mut runs = Vec::new();
    for log in logs {
        let have = log_row(theirs, log)?.map(|row| row.tips).unwrap_or_default();
        if log_row(tx, log)?.is_some_and(|row| row.tips != have) {
            runs.extend(Run::collect(tx, log, &have, usize::MAX)?);
        }
    }
    Ok(runs)
}

/// Whether a table holds what one device alone knows.
fn is_own(table: Table) -> bool {
    matches!(table.kind(), TableKind::Private | TableKind::Local)
}

/// What all know, out of the rows of one.
pub(super) fn shared(rows: &MemoryRows) -> MemoryRows {
    let mut base = MemoryRows::default();
    for table in Table::ALL.iter().copied().filter(|table| !is_own(*table)) {
        let rows = rows.table(table);
        base.commit(rows.map(|(key, row)| ((table, key.clone()), Some(row.clone()))).collect());
    }
    base
}
