//! Entries on their way to a peer: owners take turns, and of each owner its logs, so that
//! a flood in one log or in a thousand delays what another wrote by no more than a batch.
//!
//! Invariant: what is kept of a wanted log is where the peer stands in it, and at most a
//! megabyte of runs for a log that forked; entries are read when there is room to send.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_bytes::ByteBuf;

use super::effect::CloseReason;
use super::frame::{Runs, Want};
use super::limits;
use super::short::Short;
use crate::journal::{Descriptor, Entry, Owner, Run, Tip, log_row};
use crate::keys::{EntryHash, LogId};
use crate::rows::{Key, Rows, RowsError, Table, Tx, prefix_end};

/// What is collected at once from a log that forked, since finding where to go on costs
/// a walk through it.
const FORKED_BYTES: usize = 1 << 20;
/// Room a frame keeps for the list of logs that are done.
const DONE_BYTES: usize = limits::LOGS * 16 + 64;

struct Outgoing {
    log: LogId,
    short: Short,
    have: Vec<Tip>,
    ready: VecDeque<Vec<u8>>,
}

/// Logs by the owner of their document, and whose turn it is.
#[derive(Default)]
struct Lines {
    of: BTreeMap<Owner, VecDeque<Outgoing>>,
    turns: VecDeque<Owner>,
}

impl Lines {
    fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    fn clear(&mut self) {
        *self = Self::default();
    }

    /// At the end of its owner's line.
    fn push(&mut self, owner: Owner, outgoing: Outgoing) {
        let line = self.of.entry(owner).or_default();
        if line.is_empty() {
            self.turns.push_back(owner);
        }
        line.push_back(outgoing);
    }

    /// The line of the owner whose turn it is; it goes back by `end_turn`.
    fn begin_turn(&mut self) -> Option<(Owner, VecDeque<Outgoing>)> {
        let owner = self.turns.pop_front()?;
        Some((owner, self.of.remove(&owner)?))
    }

    /// The owner comes after all others, or first again where its turn was cut short.
    fn end_turn(&mut self, owner: Owner, line: VecDeque<Outgoing>, is_cut: bool) {
        if line.is_empty() {
            return;
        }
        if is_cut {
            self.turns.push_front(owner);
        } else {
            self.turns.push_back(owner);
        }
        self.of.insert(owner, line);
    }
}

/// What a peer asked for and was not yet sent.
#[derive(Default)]
pub(super) struct Outbox {
    first: Lines,
    rest: Lines,
    queued: BTreeSet<Short>,
    unknown: VecDeque<Short>,
}

impl Outbox {
    /// Whether nothing is left to send.
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_empty() && self.rest.is_empty() && self.unknown.is_empty()
    }

    /// Takes a want in.
    pub(super) fn want(&mut self, tx: &Tx<'_>, want: &Want) -> Result<(), CloseReason> {
        if self.queued.contains(&want.log) {
            return Ok(());
        }
        if self.queued.len() + self.unknown.len() >= limits::WANTED_LOGS {
            return Err(CloseReason::Flood);
        }
        let logs = logs_of_short(tx, &want.log)?;
        if logs.is_empty() {
            self.unknown.push_back(want.log);
        }
        for log in logs {
            let mut have = Vec::new();
            for (seq, short) in &want.have {
                have.extend(entry_of_short(tx, &log, *seq, short)?);
            }
            self.push(tx, log, have)?;
        }
        Ok(())
    }

    /// Answers a want as if nothing of that log were here.
    pub(super) fn deny(&mut self, want: &Want) -> Result<(), CloseReason> {
        if self.unknown.len() >= limits::WANTED_LOGS {
            return Err(CloseReason::Flood);
        }
        self.unknown.push_back(want.log);
        Ok(())
    }

    /// Leaves off what was to be sent; the peer is told that no more comes.
    pub(super) fn drop_all(&mut self) {
        self.first.clear();
        self.rest.clear();
        self.unknown.extend(std::mem::take(&mut self.queued));
    }

    /// Queues a log for a peer that holds `have` of it.
    pub(super) fn push(
        &mut self,
        tx: &Tx<'_>,
        log: LogId,
        have: Vec<Tip>,
    ) -> Result<(), CloseReason> {
        let short = Short::of(&log.0);
        let Some(row) = log_row(tx, &log)? else { return Ok(()) };
        self.queued.insert(short);
        let outgoing = Outgoing { log, short, have, ready: VecDeque::new() };
        let Descriptor { class, owner, .. } = row.start.descriptor;
        let lines = if class.comes_first() { &mut self.first } else { &mut self.rest };
        lines.push(owner, outgoing);
        Ok(())
    }

    /// The next frame of runs, if there is anything to send.
    pub(super) fn next_batch(&mut self, tx: &Tx<'_>) -> Result<Option<Runs>, RowsError> {
        let mut batch = Runs { runs: Vec::new(), done: Vec::new() };
        let mut bytes = DONE_BYTES;
        while batch.done.len() < limits::LOGS
            && let Some(short) = self.unknown.pop_front()
        {
            batch.done.push(short);
        }
        while has_room(&batch, bytes) {
            // Charter and identity completely, then the rest.
            let lines = if self.first.is_empty() { &mut self.rest } else { &mut self.first };
            let Some((owner, mut line)) = lines.begin_turn() else { break };
            let turn_ends = bytes + limits::TURN_BYTES;
            let mut is_cut = false;
            while bytes < turn_ends
                && has_room(&batch, bytes)
                && let Some(mut outgoing) = line.pop_front()
            {
                if outgoing.turn(tx, &mut batch, &mut bytes)? {
                    self.queued.remove(&outgoing.short);
                    batch.done.push(outgoing.short);
                } else if bytes >= limits::BATCH_BYTES && !outgoing.ready.is_empty() {
                    // It had no room in this frame, so it begins the next.
                    line.push_front(outgoing);
                    is_cut = true;
                } else {
                    line.push_back(outgoing);
                }
            }
            lines.end_turn(owner, line, is_cut);
        }
        let is_empty = batch.runs.is_empty() && batch.done.is_empty();
        Ok((!is_empty).then_some(batch))
    }
}

fn has_room(batch: &Runs, bytes: usize) -> bool {
    bytes < limits::BATCH_BYTES
        && batch.done.len() < limits::LOGS
        && batch.runs.len() < limits::RUNS / 2
}

impl Outgoing {
    /// Puts in what one log may at a time; true when the peer has all of it.
    fn turn(
        &mut self,
        tx: &Tx<'_>,
        batch: &mut Runs,
        bytes: &mut usize,
    ) -> Result<bool, RowsError> {
        let Some(row) = log_row(tx, &self.log)? else { return Ok(true) };
        if self.ready.is_empty() {
            let max = if row.is_linear() { limits::TURN_BYTES } else { FORKED_BYTES };
            let runs = Run::collect(tx, &self.log, &self.have, max)?;
            if runs.is_empty() {
                return Ok(true);
            }
            for run in runs {
                self.sent(&run);
                self.ready.extend(split(run).iter().map(Run::to_bytes));
            }
        }
        let mut turn = 0;
        while let Some(run) = self.ready.front() {
            let fits = *bytes + run.len() + 8 < limits::FRAME_BYTES || batch.runs.is_empty();
            if !fits {
                *bytes = (*bytes).max(limits::BATCH_BYTES);
                return Ok(false);
            }
            if turn > 0 && turn + run.len() > limits::TURN_BYTES {
                return Ok(false);
            }
            turn += run.len();
            *bytes += run.len() + 8;
            batch.runs.extend(self.ready.pop_front().map(ByteBuf::from));
        }
        Ok(row.tips.iter().all(|tip| self.have.contains(tip)))
    }

    /// The peer will hold the end of this run, and so all before it.
    fn sent(&mut self, run: &Run) {
        if let (Some(first), Some(last)) = (run.entries.first(), run.entries.last()) {
            let previous = first.header.previous;
            self.have.retain(|tip| tip.hash != previous);
            self.have.push(Tip { seq: last.header.seq, hash: last.hash() });
        }
    }
}

/// Cuts a run at signatures into parts that fit a turn.
fn split(run: Run) -> Vec<Run> {
    let mut parts = Vec::new();
    let mut open: Vec<Entry> = Vec::new();
    let mut bytes = 0;
    for entry in run.entries {
        bytes += entry.payload.len() + entry.header.causes.len() * 32 + 96;
        let signed = entry.signature.is_some();
        open.push(entry);
        if signed && bytes >= limits::TURN_BYTES {
            parts.push(Run { entries: std::mem::take(&mut open) });
            bytes = 0;
        }
    }
    if !open.is_empty() {
        parts.push(Run { entries: open });
    }
    parts
}

/// The logs whose ids begin so: none or one, but for a collision.
pub(super) fn logs_of_short(tx: &Tx<'_>, short: &Short) -> Result<Vec<LogId>, RowsError> {
    let rows = tx.scan(Table::Logs, &short.0, &prefix_end(&short.0), false, 2)?;
    Ok(rows.iter().filter_map(|(key, _)| LogId::from_slice(key)).collect())
}

/// The entry of a log at `seq` whose hash begins so.
pub(super) fn entry_of_short(
    tx: &Tx<'_>,
    log: &LogId,
    seq: u64,
    short: &Short,
) -> Result<Option<Tip>, RowsError> {
    let mut from = (*log, seq).to_key();
    from.extend(short.0);
    let rows = tx.scan(Table::Entries, &from, &prefix_end(&from), false, 1)?;
    Ok(rows.first().and_then(|(key, _)| {
        let hash = EntryHash::from_slice(key.get(40..)?)?;
        Some(Tip { seq, hash })
    }))
}
