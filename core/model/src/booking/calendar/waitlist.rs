//! Who waits for room, in the order of decisions: whom a decider's device queued, and
//! whose acceptance was displaced, each at the place of the first such decision.
//!
//! Invariant: the list follows from open records alone, so all who hold the same entries
//! see the same order; neither a claimed time nor an id has a say in it. An acceptance
//! that takes the room of somebody before it on the list is told, whoever wrote it.

use std::collections::BTreeMap;

use super::graph::NodeId;
use super::pass::{Ground, Layer, Occupied, Standing, Verdict};
use super::timeline::{Timeline, conflict};
use crate::booking::records::Op;
use crate::keys::BookingId;

/// One that waits, or did.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) what: Occupied,
    /// Place of the decision that put it there.
    pub(super) place: usize,
    /// That decision.
    pub(super) by: NodeId,
    /// Acceptances that took its room while it waited.
    pub(super) overtaken_by: Vec<NodeId>,
    is_open: bool,
}

/// The list as it stands after some decisions.
#[derive(Debug, Default)]
pub(super) struct Waitlist {
    entries: Vec<Entry>,
    open: BTreeMap<BookingId, usize>,
    timeline: Timeline,
    /// Whom each acceptance overtook.
    pub(super) overtaken: BTreeMap<NodeId, Vec<BookingId>>,
}

impl Waitlist {
    /// Those before an acceptance on the list that would have room now, where it wants to
    /// go.
    pub(super) fn fitting(&self, ground: &Ground<'_>, main: &Layer, node: NodeId) -> Vec<usize> {
        let Some(what) = ground.accepted(node).filter(|_| !self.open.is_empty()) else {
            return Vec::new();
        };
        let own = self.open.get(&what.booking).map_or(usize::MAX, |at| self.entries[*at].place);
        let gap_ms = ground.widest_gap_ms();
        let mut fitting = Vec::new();
        for resource in ground.touching(what.resource) {
            for number in self.timeline.near(resource, &what.interval, gap_ms) {
                let entry = &self.entries[number];
                let is_before = entry.is_open && entry.place < own;
                if is_before
                    && entry.what.booking != what.booking
                    && entry.what.resource == resource
                    && conflict(&entry.what.interval, &what.interval, gap_ms)
                    && main.has_room(ground, &entry.what)
                {
                    fitting.push(number);
                }
            }
        }
        fitting.sort_unstable();
        fitting.dedup();
        fitting
    }

    /// Follows a decision that has just been applied. `fitted`: who would have had room
    /// before it. Gives the verdict on one that queues.
    pub(super) fn follow(
        &mut self,
        ground: &Ground<'_>,
        main: &Layer,
        (node, place): (NodeId, usize),
        verdict: Option<Verdict>,
        fitted: &[usize],
    ) -> Option<Verdict> {
        match ground.graph.nodes[node].op() {
            Some(Op::Accept { booking, .. }) => match verdict {
                Some(Verdict::Counts) => {
                    self.leave(booking);
                    for number in fitted {
                        let entry = &mut self.entries[*number];
                        if !main.has_room(ground, &entry.what) {
                            entry.overtaken_by.push(node);
                            self.overtaken.entry(node).or_default().push(entry.what.booking);
                        }
                    }
                }
                Some(Verdict::Displaced { .. }) => {
                    if let Some(what) = ground.accepted(node) {
                        self.join(what, place, node);
                    }
                }
                _ => {}
            },
            Some(Op::Queue { booking, .. }) => {
                let what = ground.wanted(node)?;
                let base = Layer::default();
                let is_free = matches!(main.standing(&base, booking), Standing::Free);
                if !is_free || self.open.contains_key(booking) {
                    return Some(Verdict::NoChange);
                }
                self.join(what, place, node);
                return Some(Verdict::Queued);
            }
            Some(Op::Release { booking, .. }) => self.leave(booking),
            Some(Op::Terms { resource, cancels, .. })
                if ground.graph.domain.record.index_of(resource).is_some() =>
            {
                cancels.iter().for_each(|booking| self.leave(booking));
            }
            _ => {}
        }
        verdict
    }

    /// Puts a booking on the list; one that is there keeps its place, and waits for what
    /// was said last.
    fn join(&mut self, what: Occupied, place: usize, by: NodeId) {
        let mut entry = Entry { what, place, by, overtaken_by: Vec::new(), is_open: true };
        if let Some(before) = self.open.get(&what.booking) {
            let before = &mut self.entries[*before];
            if before.what == what {
                return;
            }
            before.is_open = false;
            entry.place = before.place;
            entry.by = before.by;
            entry.overtaken_by.clone_from(&before.overtaken_by);
        }
        let number = self.entries.len();
        self.timeline.add(what.resource, &what.interval, number);
        self.open.insert(what.booking, number);
        self.entries.push(entry);
    }

    fn leave(&mut self, booking: &BookingId) {
        if let Some(number) = self.open.remove(booking) {
            self.entries[number].is_open = false;
        }
    }

    /// Who waits at the end, in order.
    pub(super) fn waiting(&self) -> Vec<&Entry> {
        let mut all: Vec<&Entry> = self.open.values().map(|at| &self.entries[*at]).collect();
        all.sort_unstable_by_key(|entry| entry.place);
        all
    }
}
