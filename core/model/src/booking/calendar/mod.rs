//! The calendar of a domain: `PROTOCOL.md` §7, the order of decisions, word for word.
//!
//! [`calendar`] is a pure function of the set of acts, whatever the order in which they
//! are handed in; an act whose causal past is not all there waits. `docs/booking-order.md`
//! says how each sentence of the protocol is read where it leaves a choice.
//!
//! With *n* acts of which *w* are mutually concurrent it takes about n·w steps for the
//! graph, n·log n for the order, and for each acceptance the acceptances near it in
//! time. The calendar of a stand-in's own causal past is kept from the decision before;
//! only a stand-in's act that joins two branches costs what it adds to the spine. Where
//! a log of a holder forked, or closings compete, an act that saw the losing branch and
//! not the winning one costs one pass over its past: n² in the worst case.

mod act;
mod graph;
mod occupants;
mod pass;
mod resize;
mod result;
mod spine;
mod timeline;
mod waitlist;

use std::collections::BTreeMap;

pub use act::{
    Act, ActKind, BookingFacts, Calendar, Displaced, Domain, Effect, Held, HistoryLine, Released,
    Resized, Waits,
};

pub(super) use occupants::peak;
pub(super) use timeline::{conflict, end_ms};

use graph::{Graph, NodeId};
use pass::{Ground, Layer, OwnPasts, Verdict};
use spine::{Spine, View, Ways};
use waitlist::Waitlist;

/// Computes the calendar of a domain from its acts.
pub fn calendar(domain: &Domain, acts: &[Act], facts: &dyn BookingFacts) -> Calendar {
    let graph = Graph::new(domain, acts);
    let ways = Ways::new(&graph);
    let spine = ways.spine(&graph, facts, View::All);
    let order = order(&graph, View::All, &spine);
    let mut run = Run::new(&graph, facts, &ways, &spine, &order);
    for (place, node) in order.iter().enumerate() {
        run.place(place, *node);
    }
    let Run { main, waitlist, verdicts, ground, .. } = run;
    result::result(&ground, facts, &spine, &order, (&main, &waitlist), &verdicts)
}

/// Before each spine decision the stand-ins' of its causal past, after the last one all
/// others; each group by (depth, releases first, tier, hash of turn, entry hash).
fn order(graph: &Graph<'_>, view: View, spine: &Spine) -> Vec<NodeId> {
    let mut order: Vec<NodeId> = Vec::with_capacity(graph.nodes.len());
    let mut is_placed = vec![false; graph.nodes.len()];
    for node in &spine.decisions {
        is_placed[*node] = true;
    }
    let mut group = |nodes: Vec<NodeId>, order: &mut Vec<NodeId>| {
        let mut group: Vec<NodeId> = nodes
            .into_iter()
            .filter(|id| graph.nodes[*id].op().is_some())
            .filter(|id| !std::mem::replace(&mut is_placed[*id], true))
            .collect();
        group.sort_unstable_by(|a, b| graph.nodes[*a].key.cmp(&graph.nodes[*b].key));
        order.extend(group);
    };
    let mut before = None;
    for node in &spine.decisions {
        group(graph.past_of(*node, before), &mut order);
        order.push(*node);
        before = Some(*node);
    }
    let rest = match view {
        View::All => (0..graph.nodes.len()).collect(),
        View::PastOf(of) => graph.past_of(of, before),
    };
    group(rest, &mut order);
    order
}

/// The pass over everything, with the calendars of stand-ins' causal pasts beside it.
struct Run<'a> {
    graph: &'a Graph<'a>,
    ground: Ground<'a>,
    facts: &'a dyn BookingFacts,
    ways: &'a Ways,
    spine: &'a Spine,
    is_spine: Vec<bool>,
    place_of: Vec<usize>,
    main: Layer,
    waitlist: Waitlist,
    verdicts: Vec<Option<Verdict>>,
    own_pasts: Vec<Option<OwnPasts>>,
    /// The state after an act and its causal past, until an act takes it further.
    after: BTreeMap<NodeId, Layer>,
}

impl<'a> Run<'a> {
    fn new(
        graph: &'a Graph<'a>,
        facts: &'a dyn BookingFacts,
        ways: &'a Ways,
        spine: &'a Spine,
        order: &[NodeId],
    ) -> Self {
        let count = graph.nodes.len();
        let mut is_spine = vec![false; count];
        for node in &spine.decisions {
            is_spine[*node] = true;
        }
        let mut place_of = vec![usize::MAX; count];
        for (place, node) in order.iter().enumerate() {
            place_of[*node] = place;
        }
        Self {
            graph,
            ground: Ground::new(graph),
            facts,
            ways,
            spine,
            is_spine,
            place_of,
            main: Layer::default(),
            waitlist: Waitlist::default(),
            verdicts: vec![None; count],
            own_pasts: vec![None; count],
            after: BTreeMap::new(),
        }
    }

    /// Gives the next decision its place.
    fn place(&mut self, place: usize, node: NodeId) {
        let is_spine = self.is_spine[node];
        let has_another_spine = self.has_another_spine(node);
        let what = self.ground.would_occupy(node);
        if is_spine && !has_another_spine {
            // The calendar of its causal past is what stands here. It matters only in a
            // view where it is not on the spine.
            if !what.is_empty() && !self.spine.forks.is_empty() {
                self.own_pasts[node] = Some(self.main.own_pasts(&self.ground, &self.main, &what));
            }
        } else {
            let kept = match self.graph.nodes[node].maximal_past.as_slice() {
                [only] => self.after.remove(only),
                _ => None,
            };
            let wanted = !what.is_empty() || kept.is_some();
            if wanted {
                let mut layer =
                    kept.unwrap_or_else(|| self.own_past_layer(node, has_another_spine));
                if !what.is_empty() {
                    self.own_pasts[node] = Some(layer.own_pasts(&self.ground, &self.main, &what));
                }
                layer.apply(&self.ground, &self.main, node, None);
                self.after.insert(node, layer);
            }
        }
        let own_past = if is_spine { None } else { self.own_pasts[node].as_ref() };
        let mut main = std::mem::take(&mut self.main);
        debug_assert_eq!(self.place_of[node], place);
        let fitted = self.waitlist.fitting(&self.ground, &main, node);
        let verdict = main.apply(&self.ground, &Layer::default(), node, own_past);
        self.verdicts[node] =
            self.waitlist.follow(&self.ground, &main, (node, place), verdict, &fitted);
        self.main = main;
    }

    /// Whether the causal past of an act shows another spine than the whole does.
    fn has_another_spine(&self, node: NodeId) -> bool {
        self.spine.forks.iter().any(|(way, preferred)| {
            self.graph.sees(node, *way)
                && !preferred.is_some_and(|preferred| self.graph.sees(node, preferred))
        })
    }

    /// The state after the causal past of an act.
    fn own_past_layer(&self, node: NodeId, has_another_spine: bool) -> Layer {
        let graph = self.graph;
        if has_another_spine {
            let view = View::PastOf(node);
            let spine = self.ways.spine(graph, self.facts, view);
            let mut layer = Layer::default();
            let base = Layer::default();
            let mut on_spine = spine.decisions.iter().peekable();
            for decision in order(graph, view, &spine) {
                let own_past = match on_spine.next_if_eq(&&decision) {
                    Some(_) => None,
                    None => self.own_pasts[decision].as_ref(),
                };
                layer.apply(&self.ground, &base, decision, own_past);
            }
            return layer;
        }
        // The spine is a causal chain: what is seen of it is a beginning of it.
        let seen = self.spine.decisions.partition_point(|at| graph.sees(node, *at));
        let last = seen.checked_sub(1).map(|last| self.spine.decisions[last]);
        let mut layer = Layer::over(last.map_or(0, |last| self.place_of[last] + 1));
        let mut added: Vec<NodeId> = graph
            .past_of(node, last)
            .into_iter()
            .filter(|id| graph.nodes[*id].op().is_some())
            .collect();
        added.sort_unstable_by(|a, b| graph.nodes[*a].key.cmp(&graph.nodes[*b].key));
        for decision in added {
            let own_past = self.own_pasts[decision].as_ref();
            layer.apply(&self.ground, &self.main, decision, own_past);
        }
        layer
    }
}
