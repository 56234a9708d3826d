//! A booking that counts gets another end.
//!
//! An earlier end always counts: it frees. A later one is judged as an acceptance of the
//! whole new interval would be; where that does not fit, the booking ends as before.
//! Invariant: what came of several such acts that did not see each other follows from
//! which they are, not from their order: an earlier end goes before a later one that had
//! not seen it. So nothing that lay in the way of a stand-in's acceptance is gone in a
//! later view without an act that he could have seen.

use super::graph::NodeId;
use super::pass::{Ground, Layer, Occupied, OwnPasts, Placed, Standing, Verdict};
use super::timeline::end_ms;
use crate::booking::records::Op;
use crate::keys::BookingId;
use crate::time::Interval;

impl Layer {
    /// Applies a change of the end.
    pub(super) fn resize(
        &mut self,
        ground: &Ground<'_>,
        base: &Self,
        node: NodeId,
        own_past: Option<&OwnPasts>,
    ) -> Option<Verdict> {
        let Some(Op::Resize { booking, from, end }) = ground.graph.nodes[node].op() else {
            return None;
        };
        let lengthens = Op::lengthens(*from, *end);
        let candidates = ground.with_its_end(node);
        let (mut verdict, mut becomes) = (Verdict::NoChange, None);
        if let Standing::Counts(placed, number) = self.standing(base, booking) {
            let interval = Interval { start: placed.what.interval.start, end: *end };
            let what = Occupied { interval, ..placed.what };
            // It is about what its writer saw accepted, or about nothing.
            if candidates.contains(&what) {
                let (old, new) = (end_ms(&placed.what.interval), end_ms(&interval));
                verdict = match lengthens {
                    false if new < old => Verdict::Resized { end: *end },
                    true if new > old && self.saw_every_cut(ground, base, node, booking) => {
                        match self.judge(ground, base, node, &what, own_past) {
                            Verdict::Displaced { reason, .. } => {
                                Verdict::Kept { end: *end, reason }
                            }
                            _ => Verdict::Resized { end: *end },
                        }
                    }
                    _ => Verdict::NoChange,
                };
                becomes = Some((what, placed.root, number));
            }
        }
        let is_moved = matches!(verdict, Verdict::Resized { .. });
        if let Some((what, root, number)) = becomes.filter(|_| is_moved) {
            match number {
                Some(number) => self.placed[number].until = self.places,
                None => self.tracks.entry(*booking).or_default().is_moved = true,
            }
            let number = self.put(node, what, usize::MAX, root, lengthens);
            self.tracks.entry(*booking).or_default().spans.push(number);
        }
        if lengthens {
            let counts = becomes.filter(|_| is_moved).map(|(what, ..)| what);
            for what in candidates.into_iter().filter(|what| Some(*what) != counts) {
                self.put(node, what, self.places, (node, self.places), true);
            }
        } else {
            self.tracks.entry(*booking).or_default().cuts.push((node, self.places));
        }
        Some(verdict)
    }

    fn put(
        &mut self,
        node: NodeId,
        what: Occupied,
        until: usize,
        root: (NodeId, usize),
        is_claim: bool,
    ) -> usize {
        let number = self.placed.len();
        self.timeline.add(what.resource, &what.interval, number);
        self.placed.push(Placed { node, what, from: self.places, until, root, is_claim });
        number
    }

    /// Whether an act has seen all before it that meant to end the booking earlier.
    fn saw_every_cut(
        &self,
        ground: &Ground<'_>,
        base: &Self,
        node: NodeId,
        booking: &BookingId,
    ) -> bool {
        let cuts = |layer: &Self| layer.tracks.get(booking).map(|it| it.cuts.clone());
        let below = cuts(base).unwrap_or_default();
        let below = below.into_iter().filter(|(_, place)| *place < self.floor);
        let mut all = below.chain(cuts(self).unwrap_or_default());
        all.all(|(cut, _)| ground.graph.sees(node, cut))
    }
}
