//! Reading for screens: figures and digests of a neighbourhood as it lies here.

use std::collections::{BTreeMap, BTreeSet};

use super::Replica;
use crate::journal::{Documents, Logs, Run, position, sent_up_to, since};
use crate::keys::{DeviceId, LogId};
use crate::rows::{Rows, RowsError, Table, TableKind, Tx};

/// Rows read at once while a digest is made.
const STEP: usize = 1_024;
/// Logs that are looked at.
const LOGS: usize = 1 << 20;

/// What lies here of a neighbourhood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Devices whose logs are known.
    pub devices: u64,
    /// Documents.
    pub documents: u64,
    /// Entries.
    pub entries: u64,
    /// Own entries that have not left the device.
    pub unsent: u64,
}

/// A log that was continued twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    /// The log.
    pub log: LogId,
    /// Who wrote it.
    pub device: DeviceId,
    /// Its document.
    pub document: crate::keys::DocId,
    /// How many ends it has.
    pub tips: usize,
}

impl Replica {
    /// Counts what lies here.
    pub fn figures(&self, tx: &Tx<'_>) -> Result<Figures, RowsError> {
        let mut devices = BTreeSet::new();
        for (_, row) in tx.rows_with_prefix::<Logs>(&[], LOGS)? {
            devices.insert(row.start.device);
        }
        let documents = tx.scan(Table::Documents, &[], &[], false, LOGS)?.len();
        let me = self.me.keys.id();
        let mut unsent = 0;
        let mut from = sent_up_to(tx)?;
        loop {
            let part = since(tx, from, STEP)?;
            let Some((last, _)) = part.last() else { break };
            from = *last;
            for (_, hash) in &part {
                let mine = match crate::journal::entry(tx, hash)? {
                    Some(entry) => crate::journal::log_row(tx, &entry.header.log_id())?
                        .is_some_and(|row| row.start.device == me),
                    None => false,
                };
                unsent += u64::from(mine);
            }
        }
        Ok(Figures {
            devices: devices.len() as u64,
            documents: documents as u64,
            entries: position(tx)?.n,
            unsent,
        })
    }

    /// A digest of all open rows: equal on two nodes that hold the same entries.
    pub fn open_digest(&self, tx: &Tx<'_>) -> Result<[u8; 32], RowsError> {
        let mut hasher = blake3::Hasher::new_derive_key("palier open rows v1");
        for table in Table::ALL.iter().filter(|table| table.kind() == TableKind::Open) {
            let mut from = Vec::new();
            loop {
                let part = tx.scan(*table, &from, &[], false, STEP)?;
                for (key, row) in &part {
                    hasher.update(&[*table as u8]);
                    for bytes in [key, row] {
                        hasher.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
                    }
                }
                let Some((last, _)) = part.last().filter(|_| part.len() == STEP) else { break };
                from = last.clone();
                from.push(0);
            }
        }
        Ok(*hasher.finalize().as_bytes())
    }

    /// How many entries of each device were accepted here.
    pub fn accepted(&self, tx: &Tx<'_>) -> Result<BTreeMap<DeviceId, u64>, RowsError> {
        let mut accepted = BTreeMap::new();
        for (_, row) in tx.rows_with_prefix::<Logs>(&[], LOGS)? {
            *accepted.entry(row.start.device).or_insert(0) += row.entries;
        }
        Ok(accepted)
    }

    /// Logs that were continued twice: nothing of them is lost.
    pub fn forks(&self, tx: &Tx<'_>) -> Result<Vec<Fork>, RowsError> {
        let mut forks = Vec::new();
        for (key, row) in tx.rows_with_prefix::<Logs>(&[], LOGS)? {
            if let (Some(log), false) = (LogId::from_slice(&key), row.is_linear()) {
                let (device, document) = (row.start.device, row.document);
                forks.push(Fork { log, device, document, tips: row.tips.len() });
            }
        }
        Ok(forks)
    }

    /// Every run of the journal, charter and identity first, for a bundle.
    pub fn all_runs(&self, tx: &Tx<'_>) -> Result<Vec<Run>, RowsError> {
        let mut logs: Vec<(crate::journal::Class, LogId)> = Vec::new();
        for (key, row) in tx.rows_with_prefix::<Logs>(&[], LOGS)? {
            logs.extend(LogId::from_slice(&key).map(|log| (row.start.descriptor.class, log)));
        }
        logs.sort_unstable();
        let mut runs = Vec::new();
        for (_, log) in logs {
            runs.extend(Run::collect(tx, &log, &[], usize::MAX)?);
        }
        Ok(runs)
    }

    /// Whether a document is known here.
    pub fn knows_document(&self, tx: &Tx<'_>, id: &crate::keys::DocId) -> Result<bool, RowsError> {
        tx.has::<Documents>(id)
    }
}
