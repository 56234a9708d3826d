//! The spine: the holders' decisions, tenure after tenure.

use std::collections::BTreeMap;

use super::act::{ActKind, BookingFacts};
use super::graph::{Graph, NodeId};
use crate::booking::records::{Holder, Op};
use crate::keys::EntryHash;

/// Which acts a computation looks at: all, or the causal past of one.
#[derive(Debug, Clone, Copy)]
pub(super) enum View {
    All,
    PastOf(NodeId),
}

impl View {
    pub(super) fn holds(self, graph: &Graph<'_>, id: NodeId) -> bool {
        match self {
            Self::All => true,
            Self::PastOf(of) => graph.sees(of, id),
        }
    }
}

pub(super) struct Tenure {
    pub(super) holder: Holder,
    /// The domain, a hand-over or a closing.
    pub(super) begun_by: EntryHash,
    /// The closing that began it, if one did.
    pub(super) closing: Option<NodeId>,
    /// How many spine decisions lie before it.
    pub(super) from: usize,
}

#[derive(Default)]
pub(super) struct Spine {
    pub(super) decisions: Vec<NodeId>,
    pub(super) tenures: Vec<Tenure>,
    /// Decisions a holder wrote past the point at which a closing ended his tenure,
    /// with the closing.
    pub(super) past_closing: Vec<(NodeId, NodeId)>,
    /// Where another view could take another way: an act, and the one preferred to it
    /// here. A view that holds the first without the second has another spine.
    pub(super) forks: Vec<(NodeId, Option<NodeId>)>,
}

/// Valid decisions by (author, tenure, what they follow), and valid closings by tenure.
pub(super) struct Ways {
    following: BTreeMap<(Holder, u32, EntryHash), Vec<NodeId>>,
    closings: BTreeMap<u32, Vec<NodeId>>,
}

impl Ways {
    pub(super) fn new(graph: &Graph<'_>) -> Self {
        let mut ways = Self { following: BTreeMap::new(), closings: BTreeMap::new() };
        for (id, node) in graph.nodes.iter().enumerate().filter(|(_, node)| node.valid) {
            match &node.act.kind {
                ActKind::Decision { tenure, prev, .. } => {
                    let domain = (*tenure == 0).then_some(graph.domain.id);
                    // What is not in its causal past it does not follow.
                    let prev = prev.or(domain).filter(|prev| graph.has_seen(id, prev));
                    if let Some(prev) = prev {
                        let key = (node.act.author, *tenure, prev);
                        ways.following.entry(key).or_default().push(id);
                    }
                }
                ActKind::Close { tenure, .. } => {
                    ways.closings.entry(*tenure).or_default().push(id);
                }
            }
        }
        ways
    }

    /// The spine as a view shows it.
    pub(super) fn spine(&self, graph: &Graph<'_>, facts: &dyn BookingFacts, view: View) -> Spine {
        let mut spine = Spine::default();
        let mut number: u32 = 0;
        let mut tenure = Tenure {
            holder: graph.domain.record.holder,
            begun_by: graph.domain.id,
            closing: None,
            from: 0,
        };
        loop {
            let mut run = self.follow(graph, view, &tenure, number, &mut spine);
            let closing = self.closing(graph, facts, view, &tenure, number, &run, &mut spine);
            if let Some((closing, kept)) = closing {
                let cut = run.split_off(kept);
                if let Some(first) = cut.first() {
                    spine.forks.push((*first, Some(closing)));
                }
                spine.past_closing.extend(cut.into_iter().map(|id| (id, closing)));
            }
            let last = run.last().copied();
            spine.decisions.extend(run);
            spine.tenures.push(tenure);
            let next = match closing {
                Some((closing, _)) => match &graph.nodes[closing].act.kind {
                    ActKind::Close { new_holder, .. } => Some((*new_holder, closing)),
                    ActKind::Decision { .. } => None,
                },
                None => last.and_then(|last| match graph.nodes[last].op() {
                    Some(Op::HandOver { to }) => Some((*to, last)),
                    _ => None,
                }),
            };
            let (Some((holder, by)), Some(next_number)) = (next, number.checked_add(1)) else {
                return spine;
            };
            number = next_number;
            tenure = Tenure {
                holder,
                begun_by: graph.nodes[by].act.hash,
                closing: closing.map(|(closing, _)| closing),
                from: spine.decisions.len(),
            };
        }
    }

    /// The holder's decisions of one tenure, up to a hand-over.
    fn follow(
        &self,
        graph: &Graph<'_>,
        view: View,
        tenure: &Tenure,
        number: u32,
        spine: &mut Spine,
    ) -> Vec<NodeId> {
        let mut run = Vec::new();
        let mut at = tenure.begun_by;
        while let Some(ways) = self.following.get(&(tenure.holder, number, at)) {
            let ways: Vec<_> = ways.iter().copied().filter(|id| view.holds(graph, *id)).collect();
            // Several only where a log forked or its writer broke the rule: the one that
            // saw no other of them, then the smaller hash; the others become stand-ins'.
            let first = ways
                .iter()
                .copied()
                .filter(|a| !ways.iter().any(|b| graph.sees(*a, *b)))
                .min_by_key(|id| graph.nodes[*id].act.hash);
            let Some(next) = first else { break };
            let others = ways.iter().filter(|id| **id != next);
            spine.forks.extend(others.map(|id| (*id, Some(next))));
            run.push(next);
            if matches!(graph.nodes[next].op(), Some(Op::HandOver { .. })) {
                break;
            }
            at = graph.nodes[next].act.hash;
        }
        run
    }

    /// The closing that ends a tenure, and how many of its decisions it leaves.
    #[expect(clippy::too_many_arguments, reason = "one step of `spine`, split for length")]
    fn closing(
        &self,
        graph: &Graph<'_>,
        facts: &dyn BookingFacts,
        view: View,
        tenure: &Tenure,
        number: u32,
        run: &[NodeId],
        spine: &mut Spine,
    ) -> Option<(NodeId, usize)> {
        let all: Vec<NodeId> = self
            .closings
            .get(&number)?
            .iter()
            .copied()
            .filter(|id| view.holds(graph, *id))
            .collect();
        let begun_by = graph.find(&tenure.begun_by);
        let hand_over = run
            .last()
            .copied()
            .filter(|last| matches!(graph.nodes[*last].op(), Some(Op::HandOver { .. })));
        let mut candidates: Vec<(NodeId, usize, bool)> = Vec::new();
        for id in &all {
            let act = graph.nodes[*id].act;
            let ActKind::Close { last, by_phrase, .. } = &act.kind else { continue };
            let same_device = act.author.device == tenure.holder.device;
            let may = !same_device || act.author.incarnation > tenure.holder.incarnation;
            // Whoever has seen the tenure end cannot end it again.
            let knows = begun_by.is_none_or(|begun_by| graph.sees(*id, begun_by))
                && hand_over.is_none_or(|hand_over| !graph.sees(*id, hand_over));
            let kept = match last {
                None => Some(0),
                Some(last) if !graph.has_seen(*id, last) => None,
                Some(last) => {
                    run.iter().position(|at| graph.nodes[*at].act.hash == *last).map(|at| at + 1)
                }
            };
            if let (true, true, Some(kept)) = (may, knows, kept) {
                candidates.push((*id, kept, *by_phrase));
            }
        }
        if candidates.iter().any(|(_, _, by_phrase)| *by_phrase) {
            candidates.retain(|(_, _, by_phrase)| *by_phrase);
        }
        let device = |id: NodeId| graph.nodes[id].act.author.device;
        let unseen: Vec<_> = candidates
            .iter()
            .copied()
            .filter(|a| !candidates.iter().any(|b| graph.sees(a.0, b.0)))
            .collect();
        let chosen = unseen
            .iter()
            .copied()
            .filter(|a| !unseen.iter().any(|b| facts.certified_earlier(&device(b.0), &device(a.0))))
            .min_by_key(|a| graph.nodes[a.0].act.hash)
            .map(|(id, kept, _)| (id, kept));
        let others = all.iter().filter(|id| chosen.is_none_or(|(chosen, _)| chosen != **id));
        spine.forks.extend(others.map(|id| (*id, None)));
        chosen
    }
}
