//! What people are told: what counts and is firm, what was displaced and by whom, whom
//! it waits for, and which act did what.

use std::collections::{BTreeMap, BTreeSet};

use super::act::{
    Act, ActKind, BookingFacts, Calendar, Displaced, Effect, Held, HistoryLine, Released, Resized,
    Waits,
};
use super::graph::{Graph, NodeId};
use super::pass::{Ground, Layer, Verdict};
use super::spine::{Spine, Tenure};
use super::waitlist::Waitlist;
use crate::booking::records::{Op, Reason};
use crate::keys::{BookingId, DeviceId, EntryHash, MemberId};

pub(super) fn result(
    ground: &Ground<'_>,
    facts: &dyn BookingFacts,
    spine: &Spine,
    order: &[NodeId],
    (main, waitlist): (&Layer, &Waitlist),
    verdicts: &[Option<Verdict>],
) -> Calendar {
    let graph = ground.graph;
    let record = &graph.domain.record;
    let hash = |id: NodeId| graph.nodes[id].act.hash;
    let Firmness { places: firm_places, waiting_for, unsettled, is_loose } =
        firmness(graph, facts, spine, order);
    let counting: BTreeMap<BookingId, Held> = main
        .counting()
        .map(|placed| {
            let (what, (node, place)) = (placed.what, placed.root);
            let act = graph.nodes[node].act;
            let end = graph.nodes[placed.node].act;
            let resized = Resized {
                decision: end.hash,
                by: end.author,
                place: number(placed.from),
                firm: placed.from < firm_places,
            };
            let held = Held {
                booking: what.booking,
                resource: record.resources[what.resource].listing,
                interval: what.interval,
                quantity: what.quantity,
                firm: place < firm_places,
                place: number(place),
                decided_by: act.author,
                decision: act.hash,
                resized: (placed.node != node).then_some(resized),
            };
            (what.booking, held)
        })
        .collect();
    let history = history(graph, spine, order, waitlist, verdicts);
    let waits = |entry: &super::waitlist::Entry| Waits {
        booking: entry.what.booking,
        resource: record.resources[entry.what.resource].listing,
        interval: entry.what.interval,
        quantity: entry.what.quantity,
        place: number(entry.place),
        queued_by: graph.nodes[entry.by].act.author,
        decision: hash(entry.by),
        overtaken_by: entry.overtaken_by.iter().map(|by| hash(*by)).collect(),
    };
    let released = released(graph, order);
    let displaced = displaced(ground, order, verdicts, main, &counting);
    // There is a first tenure and the last one is in force.
    let tenure = spine.tenures.last();
    let in_tenure = tenure.and_then(|tenure| spine.decisions.get(tenure.from..)?.last());
    let mut heads: Vec<EntryHash> = graph.heads().into_iter().map(hash).collect();
    heads.sort_unstable();
    Calendar {
        counting: counting.into_values().collect(),
        displaced: displaced.into_values().collect(),
        waiting: waitlist.waiting().into_iter().map(waits).collect(),
        released: released.into_values().collect(),
        terms: record
            .resources
            .iter()
            .map(|resource| resource.listing)
            .zip(main.final_terms(ground).into_iter().cloned())
            .collect(),
        holder: tenure.map_or(record.holder, |tenure| tenure.holder),
        tenure: number(spine.tenures.len().saturating_sub(1)),
        begun_by: tenure.map_or(graph.domain.id, |tenure| tenure.begun_by),
        spine_end: in_tenure.map(|id| hash(*id)),
        waiting_for,
        unsettled,
        is_loose,
        entitled: graph.entitled.clone(),
        heads,
        incomplete: graph.incomplete.clone(),
        order: order.iter().map(|id| hash(*id)).collect(),
        firm_places: number(firm_places),
        history,
    }
}

/// How far the order is firm, and what that hangs on.
struct Firmness {
    places: usize,
    waiting_for: Vec<DeviceId>,
    unsettled: Vec<DeviceId>,
    is_loose: bool,
}

/// How many places are firm, and whose devices must write before all are.
fn firmness(
    graph: &Graph<'_>,
    facts: &dyn BookingFacts,
    spine: &Spine,
    order: &[NodeId],
) -> Firmness {
    let mut firm_decisions = spine.decisions.len();
    let mut unsettled: BTreeSet<DeviceId> = BTreeSet::new();
    let active: BTreeSet<DeviceId> =
        graph.entitled.iter().flat_map(|member| facts.devices(member)).collect();
    for pair in spine.tenures.windows(2) {
        let (ended, begun) = (&pair[0], &pair[1]);
        let Some(closing) = begun.closing else { continue };
        let silent = silent(graph, facts, ended, closing);
        if !silent.is_empty() {
            firm_decisions = firm_decisions.min(begun.from);
            unsettled.extend(silent);
        }
    }
    let firm_places = firm_decisions
        .checked_sub(1)
        .and_then(|last| order.iter().position(|id| *id == spine.decisions[last]))
        .map_or(0, |place| place + 1);
    let spine_places = spine
        .decisions
        .last()
        .and_then(|last| order.iter().position(|id| id == last))
        .map_or(0, |place| place + 1);
    // That somebody has seen something is nothing to be made firm: two who tell each
    // other so would never end.
    let says = |id: &NodeId| !matches!(graph.nodes[*id].op(), Some(Op::Seen));
    let said_places = order.iter().rposition(says).map_or(0, |place| place + 1);
    let is_loose = spine_places < said_places;
    let mut waiting = unsettled.clone();
    if let (true, Some(tenure)) = (spine_places < order.len(), spine.tenures.last()) {
        if active.contains(&tenure.holder.device) {
            waiting.insert(tenure.holder.device);
        } else {
            // The holder is gone: any other must close the tenure first.
            waiting.extend(&active);
        }
    }
    Firmness {
        places: firm_places,
        waiting_for: waiting.into_iter().collect(),
        unsettled: unsettled.into_iter().collect(),
        is_loose,
    }
}

/// Entitled devices that have written nothing that saw a closing, besides its author and
/// the holder it closed: one of them may have written another closing.
///
/// What settles a closing must not be unsettled by who is entitled or certified later.
/// So it waits for the founder's deciders, for whom the owner had named as far as the
/// closing and the first words of those waited for know, and for no device that was
/// certified after its author's: the closing of such a one is never preferred.
fn silent(
    graph: &Graph<'_>,
    facts: &dyn BookingFacts,
    ended: &Tenure,
    closing: NodeId,
) -> BTreeSet<DeviceId> {
    let author = graph.nodes[closing].act.author.device;
    // The first word of each device that saw the closing.
    let mut words: BTreeMap<DeviceId, NodeId> = BTreeMap::new();
    for (id, node) in graph.nodes.iter().enumerate() {
        if node.valid && graph.sees(id, closing) {
            let word = words.entry(node.act.author.device).or_insert(id);
            let earlier = (&node.key.0, &node.act.hash)
                < (&graph.nodes[*word].key.0, &graph.nodes[*word].act.hash);
            if earlier {
                *word = id;
            }
        }
    }
    let named_before = |word: NodeId| {
        let known = graph.named.iter().filter(move |(_, by)| graph.sees(word, *by));
        known.map(|(who, _)| *who)
    };
    let mut silent: BTreeSet<DeviceId> = BTreeSet::new();
    let mut done: BTreeSet<MemberId> = BTreeSet::new();
    let mut members: Vec<MemberId> = vec![graph.domain.owner];
    members.extend(&graph.domain.record.deciders);
    members.extend(named_before(closing));
    while let Some(member) = members.pop() {
        if !done.insert(member) {
            continue;
        }
        for device in facts.devices(&member) {
            let is_out = device == author
                || device == ended.holder.device
                || facts.certified_earlier(&author, &device);
            match words.get(&device) {
                _ if is_out => {}
                Some(word) => members.extend(named_before(*word)),
                None => drop(silent.insert(device)),
            }
        }
    }
    silent
}

fn released(graph: &Graph<'_>, order: &[NodeId]) -> BTreeMap<BookingId, Released> {
    let mut released: BTreeMap<BookingId, Released> = BTreeMap::new();
    for (place, id) in order.iter().enumerate() {
        let act = graph.nodes[*id].act;
        let mut out = |booking: BookingId, reason: Reason| {
            released.entry(booking).or_insert_with(|| Released {
                booking,
                reason,
                place: number(place),
                by: act.author,
                decision: act.hash,
            });
        };
        match graph.nodes[*id].op() {
            Some(Op::Release { booking, reason }) => out(*booking, *reason),
            Some(Op::Terms { cancels, resource, .. })
                if graph.domain.record.index_of(resource).is_some() =>
            {
                cancels.iter().for_each(|booking| out(*booking, Reason::TERMS));
            }
            _ => {}
        }
    }
    released
}

/// Bookings that were accepted, stand nowhere and were not released.
fn displaced(
    ground: &Ground<'_>,
    order: &[NodeId],
    verdicts: &[Option<Verdict>],
    main: &Layer,
    counting: &BTreeMap<BookingId, Held>,
) -> BTreeMap<BookingId, Displaced> {
    let graph = ground.graph;
    let mut displaced: BTreeMap<BookingId, Displaced> = BTreeMap::new();
    let mut put = |act: &Act, place: Option<usize>, by: Option<BookingId>, reason: Reason| {
        let ActKind::Decision {
            op: Op::Accept { booking, resource, interval, quantity, .. }, ..
        } = &act.kind
        else {
            return;
        };
        if counting.contains_key(booking) || main.is_released(booking) {
            return;
        }
        let out = Displaced {
            booking: *booking,
            resource: *resource,
            interval: *interval,
            quantity: *quantity,
            by,
            place: place.map(number),
            reason,
            decided_by: act.author,
            decision: act.hash,
        };
        displaced.insert(*booking, out);
    };
    // What fell because its decider was closed shows only where nothing else is known.
    let mut void: Vec<&Act> = graph
        .nodes
        .iter()
        .filter(|node| node.entitled && !node.valid)
        .map(|node| node.act)
        .collect();
    void.sort_unstable_by_key(|act| act.hash);
    for act in void {
        put(act, None, None, Reason::CLOSED);
    }
    for (place, id) in order.iter().enumerate() {
        if let Some(Verdict::Displaced { by, reason }) = verdicts[*id] {
            put(graph.nodes[*id].act, Some(place), by, reason);
        }
    }
    displaced
}

fn history(
    graph: &Graph<'_>,
    spine: &Spine,
    order: &[NodeId],
    waitlist: &Waitlist,
    verdicts: &[Option<Verdict>],
) -> BTreeMap<BookingId, Vec<HistoryLine>> {
    let mut history: BTreeMap<BookingId, Vec<HistoryLine>> = BTreeMap::new();
    let past_closing: BTreeMap<NodeId, NodeId> = spine.past_closing.iter().copied().collect();
    let mut line = |booking: BookingId, id: NodeId, place: Option<usize>, effect: Effect| {
        let act = graph.nodes[id].act;
        history.entry(booking).or_default().push(HistoryLine {
            act: act.hash,
            by: act.author,
            at: act.at,
            effect,
            place: place.map(number),
            past_closing: past_closing.get(&id).map(|closing| graph.nodes[*closing].act.hash),
        });
    };
    for (place, id) in order.iter().enumerate() {
        match graph.nodes[*id].op() {
            Some(Op::Accept { booking, .. }) => {
                let effect = match verdicts[*id] {
                    Some(Verdict::Counts) => Effect::Accepted,
                    Some(Verdict::Displaced { reason, .. }) => Effect::Displaced(reason),
                    _ => Effect::NoChange,
                };
                line(*booking, *id, Some(place), effect);
                for other in waitlist.overtaken.get(id).into_iter().flatten() {
                    line(*other, *id, Some(place), Effect::Overtaken(*booking));
                }
            }
            Some(Op::Resize { booking, .. }) => {
                let effect = match verdicts[*id] {
                    Some(Verdict::Resized { end }) => Effect::Resized { end },
                    Some(Verdict::Kept { end, reason }) => Effect::Kept { end, reason },
                    _ => Effect::NoChange,
                };
                line(*booking, *id, Some(place), effect);
            }
            Some(Op::Queue { booking, .. }) => match verdicts[*id] {
                Some(Verdict::Queued) => line(*booking, *id, Some(place), Effect::Queued),
                Some(_) => line(*booking, *id, Some(place), Effect::NoChange),
                None => {}
            },
            Some(Op::Release { booking, reason }) => {
                line(*booking, *id, Some(place), Effect::Released(*reason));
            }
            Some(Op::Terms { cancels, resource, .. })
                if graph.domain.record.index_of(resource).is_some() =>
            {
                for booking in cancels {
                    line(*booking, *id, Some(place), Effect::CancelledByTerms);
                }
            }
            _ => {}
        }
    }
    let mut void: Vec<(EntryHash, NodeId, BookingId)> = Vec::new();
    for (id, node) in graph.nodes.iter().enumerate().filter(|(_, node)| !node.valid) {
        let ActKind::Decision { op, .. } = &node.act.kind else { continue };
        if let (true, Some(booking)) = (node.entitled, op.booking()) {
            void.push((node.act.hash, id, booking));
        }
    }
    void.sort_unstable();
    for (_, id, booking) in void {
        line(booking, id, None, Effect::Void);
    }
    history
}

fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
