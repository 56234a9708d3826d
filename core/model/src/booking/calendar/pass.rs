//! The one pass over an order of decisions: what counts, what is displaced.
//!
//! A [`Layer`] is the state after some decisions. It can lie over the state that
//! another layer had at an earlier place, so that the calendar of a stand-in's causal
//! past costs only what that past adds to the spine.

use std::collections::BTreeMap;

use super::graph::{Graph, NodeId};
use super::occupants::{Occupants, peak};
use super::timeline::{Timeline, conflict};
use crate::booking::records::{Op, Reason, Terms};
use crate::keys::BookingId;
use crate::time::{Instant, Interval};

/// An acceptance or another end that has its place.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) node: NodeId,
    pub(super) what: Occupied,
    pub(super) from: usize,
    /// Place at which it stopped counting; `from` where it never did.
    pub(super) until: usize,
    /// The acceptance it goes back to, and its place: an acceptance itself.
    pub(super) root: (NodeId, usize),
    /// Whether whoever has not seen it reckons with it whatever became of it: all but an
    /// earlier end.
    pub(super) is_claim: bool,
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
pub(super) struct Track {
    pub(super) spans: Vec<usize>,
    released: Option<usize>,
    /// Whether what counted of it in the base has another end here.
    pub(super) is_moved: bool,
    /// Acts that meant to end it earlier, with their places.
    pub(super) cuts: Vec<(NodeId, usize)>,
}

#[derive(Debug, Clone, Copy)]
struct TermsAt {
    node: NodeId,
    resource: usize,
    place: usize,
}

/// What the calendar of an act's own causal past says about each thing it may occupy.
pub(super) type OwnPasts = Vec<(Occupied, OwnPast)>;

/// What the calendar of an act's own causal past says about what it would occupy.
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
    Resized { end: Option<Instant> },
    Kept { end: Option<Instant>, reason: Reason },
}

/// The domain as the pass needs it.
pub(super) struct Ground<'a> {
    pub(super) graph: &'a Graph<'a>,
    /// For each resource, what it is part of and its parts, at any depth.
    related: Vec<Vec<usize>>,
    /// The acceptances of each booking.
    accepts: BTreeMap<BookingId, Vec<(NodeId, Occupied)>>,
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
        let mut accepts: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for node in 0..graph.nodes.len() {
            if let Some(what) = accepted(graph, node) {
                accepts.entry(what.booking).or_default().push((node, what));
            }
        }
        Self { graph, related, accepts, widest_gap_ms: ms(widest) }
    }

    /// What a decision would occupy: an acceptance of a resource of the domain, a later end.
    pub(super) fn would_occupy(&self, node: NodeId) -> Vec<Occupied> {
        match self.graph.nodes[node].op() {
            Some(Op::Accept { .. }) => self.accepted(node).into_iter().collect(),
            Some(Op::Resize { from, end, .. }) if Op::lengthens(*from, *end) => {
                self.with_its_end(node)
            }
            _ => Vec::new(),
        }
    }

    /// What the acceptances of its booking that a change of the end has seen would be with
    /// that end. Of an honest writer that is one.
    pub(super) fn with_its_end(&self, node: NodeId) -> Vec<Occupied> {
        let Some(Op::Resize { booking, end, .. }) = self.graph.nodes[node].op() else {
            return Vec::new();
        };
        let accepts = self.accepts.get(booking).map(Vec::as_slice).unwrap_or_default();
        let seen = accepts.iter().filter(|(accept, _)| self.graph.sees(node, *accept));
        let with_end = seen.map(|(_, what)| Occupied {
            interval: Interval { start: what.interval.start, end: *end },
            ..*what
        });
        let mut found: Vec<_> = with_end.filter(|what| what.interval.is_valid()).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// What an acceptance would occupy; none for one of something not in the domain.
    pub(super) fn accepted(&self, node: NodeId) -> Option<Occupied> {
        accepted(self.graph, node)
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
    pub(super) floor: usize,
    pub(super) placed: Vec<Placed>,
    pub(super) timeline: Timeline,
    pub(super) tracks: BTreeMap<BookingId, Track>,
    terms: Vec<TermsAt>,
    /// Decisions so far, those below included.
    pub(super) places: usize,
}

impl Layer {
    /// A layer over the first `floor` decisions of a base.
    pub(super) fn over(floor: usize) -> Self {
        Self { floor, places: floor, ..Self::default() }
    }

    /// Applies a decision. `own_past` is what a stand-in's acceptance or later end brings
    /// with it; none for one that has seen all before it.
    pub(super) fn apply(
        &mut self,
        ground: &Ground<'_>,
        base: &Self,
        node: NodeId,
        own_past: Option<&OwnPasts>,
    ) -> Option<Verdict> {
        let place = self.places;
        let mut outcome = None;
        match ground.graph.nodes[node].op() {
            Some(Op::Accept { .. }) => {
                let Some(what) = ground.accepted(node) else {
                    self.places += 1;
                    return Some(Verdict::NoChange);
                };
                let verdict = match self.standing(base, &what.booking) {
                    Standing::Free => self.judge(ground, base, node, &what, own_past),
                    _ => Verdict::NoChange,
                };
                let until = if verdict == Verdict::Counts { usize::MAX } else { place };
                let number = self.placed.len();
                self.timeline.add(what.resource, &what.interval, number);
                let root = (node, place);
                self.placed.push(Placed { node, what, from: place, until, root, is_claim: true });
                if verdict == Verdict::Counts {
                    self.tracks.entry(what.booking).or_default().spans.push(number);
                }
                outcome = Some(verdict);
            }
            Some(Op::Release { booking, .. }) => self.release(*booking, place),
            Some(Op::Resize { .. }) => outcome = self.resize(ground, base, node, own_past),
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

    /// Where a booking stands here.
    pub(super) fn standing<'b>(&'b self, base: &'b Self, booking: &BookingId) -> Standing<'b> {
        let mine = self.tracks.get(booking);
        let below = base.tracks.get(booking);
        let floor = self.floor;
        let released = mine.is_some_and(|track| track.released.is_some())
            || below.and_then(|track| track.released).is_some_and(|place| place < floor);
        if released {
            return Standing::Released;
        }
        let here = mine.and_then(|track| {
            track.spans.iter().copied().find(|number| self.placed[*number].is_open())
        });
        if let Some(number) = here {
            return Standing::Counts(&self.placed[number], Some(number));
        }
        let is_moved = mine.is_some_and(|track| track.is_moved);
        let mut spans = below.filter(|_| !is_moved).into_iter().flat_map(|track| &track.spans);
        match spans.find(|number| base.placed[**number].counts_after(floor)) {
            Some(number) => Standing::Counts(&base.placed[*number], None),
            None => Standing::Free,
        }
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
                    let is_over = self
                        .tracks
                        .get(&placed.what.booking)
                        .is_some_and(|track| track.released.is_some() || track.is_moved);
                    near.push((placed, placed.counts_after(self.floor) && !is_over));
                }
            }
        }
        near.retain(|(placed, _)| {
            placed.what.booking != what.booking
                && conflict(&placed.what.interval, &what.interval, ground.widest_gap_ms)
        });
        near
    }

    /// What this state, as the calendar of a causal past, says about each of `what`.
    pub(super) fn own_pasts(
        &self,
        ground: &Ground<'_>,
        base: &Self,
        what: &[Occupied],
    ) -> OwnPasts {
        what.iter().map(|what| (*what, self.own_past(ground, base, what))).collect()
    }

    fn own_past(&self, ground: &Ground<'_>, base: &Self, what: &Occupied) -> OwnPast {
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

    /// Whether there is room for something here, itself left out.
    pub(super) fn judge(
        &self,
        ground: &Ground<'_>,
        base: &Self,
        node: NodeId,
        what: &Occupied,
        own_past: Option<&OwnPasts>,
    ) -> Verdict {
        let terms = self.in_force(ground, base, what.resource);
        let (mut capacity, mut gap_ms) = (terms.capacity, terms.gap_ms());
        let mut occupied = Occupants::default();
        for (placed, counts) in self.near(ground, base, what) {
            let unseen =
                own_past.is_some() && placed.is_claim && !ground.graph.sees(node, placed.node);
            if counts || unseen {
                occupied.add(placed.what, counts);
            }
        }
        if let Some(own_pasts) = own_past {
            for (_, own_past) in own_pasts.iter().filter(|(of, _)| of == what) {
                capacity = capacity.min(own_past.capacity);
                gap_ms = gap_ms.max(own_past.gap_ms);
                own_past.occupied.iter().for_each(|what| occupied.add(*what, false));
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
        let occupied = occupied.in_conflict(&what.interval, gap);
        let first = |only_parts: bool| {
            let in_the_way =
                occupied.iter().filter(|(other, _)| !only_parts || other.resource != what.resource);
            in_the_way
                .min_by_key(|(other, counts)| (!counts, other.interval.start, other.booking))
                .map(|(other, _)| other.booking)
        };
        if occupied.iter().any(|(other, _)| other.resource != what.resource) {
            return Verdict::Displaced { by: first(true), reason: Reason::PARTS };
        }
        let units = occupied.iter().map(|(other, _)| (other.interval, other.quantity));
        let peak = peak(units, &what.interval, gap);
        if peak + u64::from(what.quantity) <= u64::from(capacity) {
            return Verdict::Counts;
        }
        let reason = if occupied.is_empty() { Reason::TERMS } else { Reason::TAKEN };
        Verdict::Displaced { by: first(false), reason }
    }

    /// What counts at the end.
    pub(super) fn counting(&self) -> impl Iterator<Item = &Placed> {
        self.placed.iter().filter(|placed| placed.is_open())
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
    pub(super) const fn is_open(&self) -> bool {
        self.until == usize::MAX
    }

    /// Whether it counts in the state after the first `places` decisions.
    const fn counts_after(&self, places: usize) -> bool {
        self.from < places && places <= self.until && self.from != self.until
    }
}

/// What an acceptance would occupy; none for one of something not in the domain.
fn accepted(graph: &Graph<'_>, node: NodeId) -> Option<Occupied> {
    match graph.nodes[node].op()? {
        Op::Accept { booking, resource, interval, quantity, .. } => Some(Occupied {
            booking: *booking,
            resource: graph.domain.record.index_of(resource)?,
            interval: *interval,
            quantity: *quantity,
        }),
        _ => None,
    }
}

/// Where a booking stands.
pub(super) enum Standing<'b> {
    /// Taken out: its id never counts again.
    Released,
    /// It counts so; with its number, if that is of this layer.
    Counts(&'b Placed, Option<usize>),
    /// Neither.
    Free,
}

fn ms(span: u64) -> i64 {
    i64::try_from(span).unwrap_or(i64::MAX)
}
