//! Taking foreign entries in: the gate, then the rows that follow from what it let
//! through.

use super::Replica;
use crate::codec;
use crate::journal::{Class, LogStart, RefusalCode, Run, Verdict, accept, log_row};
use crate::keys::{EntryHash, LogId};
use crate::projection::{Changes, Projector};
use crate::rows::{RowsError, Tx};

/// What became of runs.
#[derive(Debug, Default)]
pub struct Taken {
    /// Entries that are new here.
    pub accepted: Vec<EntryHash>,
    /// What the gate said of each run, in the order given.
    pub verdicts: Vec<Verdict>,
    /// Which rows changed.
    pub changes: Changes,
}

impl Replica {
    /// Puts runs through the gate, charter and identity first, and projects what it let
    /// in. A run whose author becomes known by another of the same call is taken too.
    pub fn take(&mut self, tx: &mut Tx<'_>, runs: &[Run]) -> Result<Taken, RowsError> {
        let mut taken =
            Taken { verdicts: vec![Verdict::default(); runs.len()], ..Taken::default() };
        let mut first = Vec::new();
        let mut rest = Vec::new();
        for (index, run) in runs.iter().enumerate() {
            if comes_first(tx, run)? { first.push(index) } else { rest.push(index) }
        }
        // Each pass may make authors known whose runs the next one takes.
        let mut left = first;
        while !left.is_empty() {
            let before = taken.accepted.len();
            left = self.take_each(tx, runs, left, &mut taken)?;
            if taken.accepted.len() == before {
                break;
            }
        }
        self.take_each(tx, runs, rest, &mut taken)?;
        self.settle(tx, &mut taken.changes)?;
        Ok(taken)
    }

    /// Takes the runs of these numbers; gives those whose author is not known.
    fn take_each(
        &mut self,
        tx: &mut Tx<'_>,
        runs: &[Run],
        numbers: Vec<usize>,
        taken: &mut Taken,
    ) -> Result<Vec<usize>, RowsError> {
        let mut unknown = Vec::new();
        let mut accepted = Vec::new();
        for number in numbers {
            let Some(run) = runs.get(number) else { continue };
            let verdict = accept(tx, &self.authority, run)?;
            if verdict.refused.is_some_and(|refusal| refusal.code == RefusalCode::UnknownAuthor) {
                unknown.push(number);
            }
            if !verdict.accepted.is_empty() {
                // Facts at once: the next run's author may be made known by this one.
                let log = run.entries.first().map_or(LogId::ZERO, |it| it.header.log_id());
                self.learn_facts(tx, &log, &verdict.accepted)?;
                accepted.extend_from_slice(&verdict.accepted);
            }
            if let Some(place) = taken.verdicts.get_mut(number) {
                *place = verdict;
            }
        }
        self.project(tx, &accepted, &mut taken.changes)?;
        taken.accepted.extend(accepted);
        Ok(unknown)
    }

    /// What reads entries into the rows of this copy.
    pub(super) fn projector<'a, 'tx>(
        &'a mut self,
        tx: &'a mut Tx<'tx>,
        changes: &'a mut Changes,
    ) -> Projector<'a, 'tx> {
        Projector {
            tx,
            authority: &self.authority,
            member: self.me.member,
            keys: &self.me.keys,
            reader: &mut self.reader,
            documents: &mut self.documents,
            changes,
        }
    }

    /// Projects accepted entries, without what follows from changed authority.
    pub(super) fn project(
        &mut self,
        tx: &mut Tx<'_>,
        accepted: &[EntryHash],
        changes: &mut Changes,
    ) -> Result<(), RowsError> {
        self.projector(tx, changes).project(accepted)
    }
}

/// Whether a run is of charter or identity.
fn comes_first(tx: &Tx<'_>, run: &Run) -> Result<bool, RowsError> {
    let Some(first) = run.entries.first() else { return Ok(false) };
    let log: LogId = first.header.log_id();
    let class = match log_row(tx, &log)? {
        Some(row) => Some(row.start.descriptor.class),
        None if first.header.seq == 0 => codec::decode::<LogStart>(&first.payload, 1_024)
            .ok()
            .map(|start| start.descriptor.class),
        None => None,
    };
    Ok(class.is_some_and(Class::comes_first))
}
