//! Bundles: a neighbourhood in a file, through the same gate as everything else.

use std::collections::BTreeMap;

use palier_model::journal::{
    BUNDLE_BYTES, BundleHead, BundleReader, BundleWriter, RefusalCode, Run, Section,
};
use palier_model::keys::{BlobId, HoodHash};
use palier_model::projection::Changes;
use palier_model::replica::{ActError, HoodRow, Replica, Standing};
use palier_model::rows::{MemoryRows, Tx};
use palier_model::sync::blob::{self, Blobs};
use palier_model::sync::limits;

use super::{Host, NodeError, fresh_store_id};

/// What the frames of the last sections of a bundle take at most.
const SPARE_BYTES: usize = 64;
/// Runs taken in one transaction.
const BATCH: usize = 256;

/// What became of a bundle.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// The neighbourhood.
    pub hood: Option<HoodHash>,
    /// Entries that are new here.
    pub accepted: u64,
    /// Entries refused, by code.
    pub refused: BTreeMap<&'static str, u64>,
}

/// A bundle that is not in a file yet.
#[derive(Debug, Clone)]
pub struct Exported {
    /// The file.
    pub bytes: Vec<u8>,
    /// Entries in it.
    pub entries: u64,
    /// Where the order of acceptance stood.
    pub up_to: u64,
}

impl Host {
    /// All that lies here of a neighbourhood, as a bundle. Once it is written,
    /// [`Host::bundle_left`] is to be told.
    pub fn export_bundle(&mut self, hood: &HoodHash) -> Result<Exported, NodeError> {
        let hash = *hood;
        self.read(hood, |replica, tx, now| {
            let root = replica.hood().root;
            let root = root.ok_or_else(|| ActError::not_allowed("member.awaiting"))?;
            let mut writer = BundleWriter::new(&BundleHead { hood: hash, root, at: now });
            let mut entries = 0;
            for run in replica.all_runs(tx)? {
                entries += run.entries.len() as u64;
                writer.push(Section::Run(&run.to_bytes()));
            }
            // Photos as far as there is room; who lacks one asks for it when met.
            for id in blob::held(tx, true)? {
                let shown = blob::is_shown(tx, &id)?;
                let Some(bytes) = blob::read(tx, &id)?.filter(|_| shown) else { continue };
                if writer.len() + bytes.len() + SPARE_BYTES > BUNDLE_BYTES {
                    break;
                }
                writer.push(Section::Blob(&bytes));
            }
            let up_to = palier_model::journal::position(tx)?.n;
            Ok(Exported { bytes: writer.finish(), entries, up_to })
        })
    }

    /// A bundle is in a file: what it took up to a number of the order of acceptance has
    /// left the device.
    pub fn bundle_left(&mut self, hood: &HoodHash, up_to: u64) -> Result<(), NodeError> {
        self.act(hood, |_, tx, _, _| {
            palier_model::journal::mark_sent(tx, up_to)?;
            Ok(((), Changes::default()))
        })
    }

    /// Takes a bundle in. The good entries are kept, whatever else is in it.
    pub fn import_bundle(&mut self, bytes: &[u8]) -> Result<Imported, NodeError> {
        let invalid = |_| ActError::invalid("invalid.bundle");
        let (head, sections) = BundleReader::open(bytes).map_err(invalid)?;
        let mut imported = Imported { hood: Some(head.hood), ..Imported::default() };
        let is_new = !self.holds(&head.hood);
        let (mut runs, mut blobs) = (Vec::new(), Vec::new());
        for section in sections {
            match section {
                Ok(Section::Run(bytes)) => match Run::from_bytes(bytes) {
                    Ok(run) => runs.push(run),
                    Err(_) => *imported.refused.entry("gate.malformed").or_default() += 1,
                },
                Ok(Section::Blob(bytes)) => blobs.push(bytes),
                Err(_) => *imported.refused.entry("bundle.cut").or_default() += 1,
            }
        }
        if is_new {
            self.hold_as_reader(&head, &runs)?;
        } else {
            self.check_root(&head)?;
        }
        if self.holds(&head.hood) {
            self.take_runs(&head.hood, &runs, &mut imported)?;
            self.make_whole(&head.hood)?;
            for bytes in blobs {
                self.take_blob(&head.hood, bytes, &mut imported)?;
            }
        } else {
            let entries: usize = runs.iter().map(|run| run.entries.len()).sum();
            *imported.refused.entry("gate.chain").or_default() += entries as u64;
        }
        Ok(imported)
    }

    /// Keeps a photo that something here shows and that is not here yet.
    fn take_blob(
        &mut self,
        hood: &HoodHash,
        bytes: &[u8],
        imported: &mut Imported,
    ) -> Result<(), NodeError> {
        let id = BlobId(*blake3::hash(bytes).as_bytes());
        let (shown, here) = self.read(hood, |_, tx, _| {
            Ok((blob::is_shown(tx, &id)?, tx.row::<Blobs>(&id)?.is_some_and(|it| it.is_whole())))
        })?;
        if here {
            return Ok(());
        }
        let kept = shown && bytes.len() <= limits::BLOB_BYTES;
        if !kept {
            *imported.refused.entry("bundle.blob").or_default() += 1;
            return Ok(());
        }
        self.act(hood, |_, tx, _, _| {
            blob::put(tx, bytes).map_err(|_| ActError::invalid("invalid.photo"))?;
            Ok(((), Changes::default()))
        })
    }

    /// A bundle of a neighbourhood that begins elsewhere is another's.
    fn check_root(&mut self, head: &BundleHead) -> Result<(), NodeError> {
        let root = self.read(&head.hood, |replica, _, _| Ok(replica.hood().root))?;
        match root {
            Some(root) if root != head.root => {
                Err(ActError::conflict("bundle.other_neighbourhood").into())
            }
            _ => Ok(()),
        }
    }

    /// Makes room for a neighbourhood this person is not in: only if its founding is in
    /// the bundle, so that a damaged head leaves nothing behind.
    fn hold_as_reader(&mut self, head: &BundleHead, runs: &[Run]) -> Result<(), NodeError> {
        let founding = runs.iter().find_map(|run| {
            let first = run.entries.first()?;
            (first.header.log_id() == head.root.log && first.header.seq == 0).then_some(run)
        });
        let is_founded = founding.is_some_and(|run| {
            run.entries.get(1).is_some_and(|entry| entry.hash() == head.root.act)
        });
        if !is_founded {
            return Ok(());
        }
        let now = self.now();
        let rows = MemoryRows::default();
        let mut tx = Tx::new(&rows);
        let row = HoodRow {
            hash: head.hood,
            id: None,
            root: Some(head.root),
            name: String::new(),
            standing: Standing::Reader,
            invitation: None,
        };
        let me = self.engine.me().clone();
        let mut replica = Replica::prepare(&mut tx, &me, row, fresh_store_id());
        // Nothing is made for a neighbourhood of which nothing would be taken.
        let mut trial = Tx::new(&rows);
        trial.absorb(tx.writes().clone());
        if replica.take(&mut trial, runs)?.accepted.is_empty() {
            return Ok(());
        }
        let writes = tx.into_writes();
        let base = {
            let mut base = MemoryRows::default();
            base.commit(writes.clone());
            base
        };
        let replica = Replica::load(&base, &me)?.ok_or(NodeError::NoHood)?;
        self.engine.create(
            head.hood,
            now,
            &mut self.stores,
            writes,
            replica,
            Changes::default(),
        )?;
        Ok(())
    }

    fn take_runs(
        &mut self,
        hood: &HoodHash,
        runs: &[Run],
        imported: &mut Imported,
    ) -> Result<(), NodeError> {
        // Authors may be made known by runs that come later: those are tried again.
        let mut left: Vec<Run> = runs.to_vec();
        loop {
            let mut unknown = Vec::new();
            let mut accepted = 0;
            let mut refused: BTreeMap<&'static str, u64> = BTreeMap::new();
            for batch in left.chunks(BATCH) {
                let taken = self.act(hood, |replica, tx, _, _| {
                    let taken = replica.take(tx, batch)?;
                    Ok(((taken.accepted.len(), taken.verdicts), taken.changes))
                })?;
                accepted += taken.0 as u64;
                for (run, verdict) in batch.iter().zip(taken.1) {
                    match verdict.refused {
                        Some(refusal) if refusal.code == RefusalCode::UnknownAuthor => {
                            unknown.push(run.clone());
                        }
                        Some(refusal) => {
                            *refused.entry(refusal.code.code()).or_default() +=
                                refusal.entries as u64;
                        }
                        None => {}
                    }
                }
            }
            imported.accepted += accepted;
            for (code, n) in refused {
                *imported.refused.entry(code).or_default() += n;
            }
            if accepted == 0 || unknown.is_empty() {
                let entries: usize = unknown.iter().map(|run| run.entries.len()).sum();
                if entries > 0 {
                    *imported.refused.entry(RefusalCode::UnknownAuthor.code()).or_default() +=
                        entries as u64;
                }
                return Ok(());
            }
            left = unknown;
        }
    }
}
