//! The one pass over an order of decisions: what counts, what is displaced.
//!
//! A [`Layer`] is the state after some decisions. It can lie over the state that
//! another layer had at an earlier place, so that the calendar of a stand-in's causal
//! past costs only what that past adds to the spine.

use std::collections::BTreeMap;

use super::graph::{Graph, NodeId};
use super::timeline::{Timeline, conflict, end_ms};
use crate::booking::records::{Op, Reason, Terms};
use crate::keys::BookingId;
use crate::time::Interval;

/// An acceptance that has its place.
#[derive(Debug, Clone)]
struct Placed {
    node: NodeId,
    what: Occupied,
    from: usize,
    /// Place at which it stopped counting; `from` where it never did.
    until: usize,
}

/// What an acceptance occupies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Occupied {
    pub(super) booking: BookingId,
    pub(super) resource: usize,
    pub(super) interval: Interval,
    pub(super) quantity: u32,
}

/// What a booking went through in one layer.
#[derive(Debug, Clone, Default)]
struct Track {
    spans: Vec<usize>,
    released: Option<usize>,
}

#[derive(Debug, Clone, Copy)]
struct TermsAt {
    node: NodeId,
    resource: usize,
    place: usize,
}

/// What the calendar of an act's own causal past says about what it accepts.
#[derive(Debug, Clone)]
pub(super) struct OwnPast {
    occupied: Vec<Occupied>,
    capacity: u32,
    gap_ms: u64,
}

/// What became of an acceptance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    NoChange,
    Queued,
    Counts,
    Displaced { by: Option<BookingId>, reason: Reason },
}

/// The domain as the pass needs it.
pub(super) struct Ground<'a> {
    pub(super) graph: &'a Graph<'a>,
    /// For each resource, what it is part of and its parts, at any depth.
    related: Vec<Vec<usize>>,
    /// The greatest gap any terms of the domain ask for.
    widest_gap_ms: i64,
}

impl<'a> Ground<'a> {
    pub(super) fn new(graph: &'a Graph<'a>) -> Self {
        let resources = &graph.domain.record.resources;
        let mut related = vec![Vec::new(); resources.len()];
        for index in 0..resources.len() {
            let mut up = resources[index].part_of;
            while let Some(parent) = up.map(usize::from).filter(|parent| *parent < index) {
                related[index].push(parent);
                related[parent].push(index);
                up = resources[parent].part_of;
            }
        }
        let set = graph.nodes.iter().filter_map(|node| match node.op() {
            Some(Op::Terms { terms, .. }) => Some(terms.gap_ms()),
            _ => None,
        });
        let initial = resources.iter().map(|resource| resource.terms.gap_ms());
        let widest = set.chain(initial).max().unwrap_or(0);
        Self { graph, related, widest_gap_ms: ms(widest) }
    }

    /// What an acceptance would occupy; none for one of something not in the domain.
    pub(super) fn occupied(&self, node: NodeId) -> Option<Occupied> {
        match self.graph.nodes[node].op()? {
            Op::Accept { booking, resource, interval, quantity, .. } => Some(Occupied {
                booking: *booking,
                resource: self.graph.domain.record.index_of(resource)?,
                interval: *interval,
                quantity: *quantity,
            }),
            _ => None,
        }
    }

    /// What one that queues waits for; none for something not in the domain.
    pub(super) fn wanted(&self, node: NodeId) -> Option<Occupied> {
        match self.graph.nodes[node].op()? {
            Op::Queue { booking, resource, interval, quantity } => Some(Occupied {
                booking: *booking,
                resource: self.graph.domain.record.index_of(resource)?,
                interval: *interval,
                quantity: *quantity,
            }),
            _ => None,
        }
    }

    /// A resource with what it is part of and its parts.
    pub(super) fn touching(&self, resource: usize) -> impl Iterator<Item = usize> + '_ {
        self.related[resource].iter().copied().chain([resource])
    }

    pub(super) const fn widest_gap_ms(&self) -> i64 {
        self.widest_gap_ms
    }

    fn terms(&self, at: Option<&TermsAt>, resource: usize) -> &'a Terms {
        let initial = &self.graph.domain.record.resources[resource].terms;
        match at.and_then(|at| self.graph.nodes[at.node].op()) {
            Some(Op::Terms { terms, .. }) => terms,
            _ => initial,
        }
    }
}

/// The state after some decisions, itself over a base up to a place.
#[derive(Debug, Clone, Default)]
pub(super) struct Layer {
    /// How many decisions of the base lie below.
    floor: usize,
    placed: Vec<Placed>,
    timeline: Timeline,
    tracks: BTreeMap<BookingId, Track>,
    terms: Vec<TermsAt>,
    /// Decisions so far, those below included.
    places: usize,
}

impl Layer {
    /// A layer over the first `floor` decisions of a base.
    pub(super) fn over(floor: usize) -> Self {
        Self { floor, places: floor, ..Self::default() }
    }

    /// Applies a decision. `own_past` is what a stand-in's acceptance brings with it;
    /// none for one that has seen all before it.
    pub(super) fn apply(
        &mut self,
        ground: &Ground<'_>,
        base: &Self,
        node: NodeId,
        own_past: Option<&OwnPast>,
    ) -> Option<Verdict> {
        let place = self.places;
        let mut outcome = None;
        match ground.graph.nodes[node].op() {
            Some(Op::Accept { .. }) => {
                let Some(what) = ground.occupied(node) else {
                    self.places += 1;
                    return Some(Verdict::NoChange);
                };
                let verdict = self.judge(ground, base, node, &what, own_past);
                let until = if verdict == Verdict::Counts { usize::MAX } else { place };
                let number = self.placed.len();
                self.timeline.add(what.resource, &what.interval, number);
                self.placed.push(Placed { node, what, from: place, until });
                if verdict == Verdict::Counts {
                    self.tracks.entry(what.booking).or_default().spans.push(number);
                }
                outcome = Some(verdict);
            }
            Some(Op::Release { booking, .. }) => self.release(*booking, place),
            Some(Op::Terms { resource, cancels, .. }) => {
                if let Some(resource) = ground.graph.domain.record.index_of(resource) {
                    self.terms.push(TermsAt { node, resource, place });
                    for booking in cancels {
                        self.release(*booking, place);
                    }
                }
            }
            _ => {}
        }
        self.places += 1;
        outcome
    }

    fn release(&mut self, booking: BookingId, place: usize) {
        let track = self.tracks.entry(booking).or_default();
        track.released.get_or_insert(place);
        for span in &track.spans {
            let placed = &mut self.placed[*span];
            placed.until = placed.until.min(place);
        }
    }

    /// Whether a booking is released here, and whether it counts.
    pub(super) fn status(&self, base: &Self, booking: &BookingId) -> (bool, bool) {
        let mine = self.tracks.get(booking);
        let below = base.tracks.get(booking);
        let floor = self.floor;
        let released = mine.is_some_and(|track| track.released.is_some())
            || below.and_then(|track| track.released).is_some_and(|place| place < floor);
        let counts = !released
            && (mine.is_some_and(|track| track.spans.iter().any(|at| self.placed[*at].is_open()))
                || below.is_some_and(|track| {
                    track.spans.iter().any(|at| base.placed[*at].counts_after(floor))
                }));
        (released, counts)
    }

    /// The terms of a resource in force here.
    fn in_force<'a>(&self, ground: &Ground<'a>, base: &Self, resource: usize) -> &'a Terms {
        let mine = self.terms.iter().rev().find(|at| at.resource == resource);
        let below = || {
            let of = |at: &&TermsAt| at.resource == resource && at.place < self.floor;
            base.terms.iter().rev().find(of)
        };
        ground.terms(mine.or_else(below), resource)
    }

    /// Acceptances placed here that may touch `what`, and whether each counts now.
    fn near<'b>(
        &'b self,
        ground: &Ground<'_>,
        base: &'b Self,
        what: &Occupied,
    ) -> Vec<(&'b Placed, bool)> {
        let mut near = Vec::new();
        let related = &ground.related[what.resource];
        for resource in related.iter().copied().chain([what.resource]) {
            let gap = ground.widest_gap_ms;
            for number in self.timeline.near(resource, &what.interval, gap) {
                let placed = &self.placed[number];
                near.push((placed, placed.is_open()));
            }
            if self.floor == 0 {
                continue;
            }
            for number in base.timeline.near(resource, &what.interval, gap) {
                let placed = &base.placed[number];
                if placed.from < self.floor {
                    let released = self
                        .tracks
                        .get(&placed.what.booking)
                        .is_some_and(|track| track.released.is_some());
                    near.push((placed, placed.counts_after(self.floor) && !released));
                }
            }
        }
        near.retain(|(placed, _)| {
            placed.what.booking != what.booking
                && conflict(&placed.what.interval, &what.interval, ground.widest_gap_ms)
        });
        near
    }

    /// What this state, as the calendar of a causal past, says about `what`.
    pub(super) fn own_past(&self, ground: &Ground<'_>, base: &Self, what: &Occupied) -> OwnPast {
        let terms = self.in_force(ground, base, what.resource);
        let near = self.near(ground, base, what);
        let counting = near.into_iter().filter(|(_, counts)| *counts);
        OwnPast {
            occupied: counting.map(|(placed, _)| placed.what).collect(),
            capacity: terms.capacity,
            gap_ms: terms.gap_ms(),
        }
    }

    /// Whether a booking that neither counts nor was released would count here, were it
    /// accepted on the spine.
    pub(super) fn has_room(&self, ground: &Ground<'_>, what: &Occupied) -> bool {
        // Without a past of its own it is no act of the graph that is judged.
        self.judge(ground, &Self::default(), NodeId::MAX, what, None) == Verdict::Counts
    }

    /// Whether an acceptance counts here.
    fn judge(
        &self,
        ground: &Ground<'_>,
        base: &Self,
        node: NodeId,
        what: &Occupied,
        own_past: Option<&OwnPast>,
    ) -> Verdict {
        let (released, counts) = self.status(base, &what.booking);
        if released || counts {
            return Verdict::NoChange;
        }
        let terms = self.in_force(ground, base, what.resource);
        let (mut capacity, mut gap_ms) = (terms.capacity, terms.gap_ms());
        // Each occupies once, however many sources name it; `true`: it counts here.
        let mut occupied: BTreeMap<Occupied, bool> = BTreeMap::new();
        for (placed, counts) in self.near(ground, base, what) {
            let unseen = own_past.is_some() && !ground.graph.sees(node, placed.node);
            if counts || unseen {
                *occupied.entry(placed.what).or_default() |= counts;
            }
        }
        if let Some(own_past) = own_past {
            capacity = capacity.min(own_past.capacity);
            gap_ms = gap_ms.max(own_past.gap_ms);
            for what in &own_past.occupied {
                occupied.entry(*what).or_default();
            }
            let below = base.terms.iter().filter(|at| at.place < self.floor);
            for at in below.chain(&self.terms).filter(|at| at.resource == what.resource) {
                if !ground.graph.sees(node, at.node) {
                    let unseen = ground.terms(Some(at), at.resource);
                    capacity = capacity.min(unseen.capacity);
                    gap_ms = gap_ms.max(unseen.gap_ms());
                }
            }
        }
        let gap = ms(gap_ms);
        occupied.retain(|other, _| conflict(&other.interval, &what.interval, gap));
        let first = |only_parts: bool| {
            let in_the_way =
                occupied.iter().filter(|(other, _)| !only_parts || other.resource != what.resource);
            in_the_way
                .min_by_key(|(other, counts)| (!**counts, other.interval.start, other.booking))
                .map(|(other, _)| other.booking)
        };
        if occupied.keys().any(|other| other.resource != what.resource) {
            return Verdict::Displaced { by: first(true), reason: Reason::PARTS };
        }
        let units = occupied.keys().map(|other| (other.interval, other.quantity));
        let peak = peak(units, &what.interval, gap);
        if peak + u64::from(what.quantity) <= u64::from(capacity) {
            return Verdict::Counts;
        }
        let reason = if occupied.is_empty() { Reason::TERMS } else { Reason::TAKEN };
        Verdict::Displaced { by: first(false), reason }
    }

    /// What counts at the end, each with the decision that made it so and its place.
    pub(super) fn counting(&self) -> impl Iterator<Item = (Occupied, NodeId, usize)> {
        self.placed
            .iter()
            .filter(|placed| placed.is_open())
            .map(|placed| (placed.what, placed.node, placed.from))
    }

    /// The terms of each resource in force at the end.
    pub(super) fn final_terms<'a>(&self, ground: &Ground<'a>) -> Vec<&'a Terms> {
        let count = ground.graph.domain.record.resources.len();
        (0..count).map(|resource| self.in_force(ground, self, resource)).collect()
    }

    /// Whether a booking was released at any place so far.
    pub(super) fn is_released(&self, booking: &BookingId) -> bool {
        self.tracks.get(booking).is_some_and(|track| track.released.is_some())
    }
}

impl Placed {
    const fn is_open(&self) -> bool {
        self.until == usize::MAX
    }

    /// Whether it counts in the state after the first `places` decisions.
    const fn counts_after(&self, places: usize) -> bool {
        self.from < places && places <= self.until && self.from != self.until
    }
}

/// The greatest quantity out at one time within `within`, each interval made longer by
/// the gap that must follow it. All of them are in conflict with `within`.
pub(in crate::booking) fn peak(
    units: impl Iterator<Item = (Interval, u32)>,
    within: &Interval,
    gap_ms: i64,
) -> u64 {
    let mut steps: Vec<(i64, bool, u64)> = Vec::new();
    for (interval, quantity) in units {
        let start = interval.start.0.max(within.start.0);
        let end = end_ms(&interval).saturating_add(gap_ms);
        steps.push((start, true, u64::from(quantity)));
        steps.push((end, false, u64::from(quantity)));
    }
    // At one instant ends come before starts: intervals are half-open.
    steps.sort_unstable();
    let (mut now, mut peak) = (0, 0);
    for (_, starts, quantity) in steps {
        now = if starts { now + quantity } else { now - quantity };
        peak = peak.max(now);
    }
    peak
}

fn ms(span: u64) -> i64 {
    i64::try_from(span).unwrap_or(i64::MAX)
}
