//! The order of `PROTOCOL.md` §7 said slowly: sets of entries, no index, no shortcut.
//! Shares nothing with the engine but the shape of an act.

use std::collections::{BTreeMap, BTreeSet};

use palier_model::booking::{Act, ActKind, BookingFacts, Domain, Holder, Op, Terms};
use palier_model::keys::{BookingId, DeviceId, EntryHash, MemberId};
use palier_model::time::Interval;

pub(crate) type Set = BTreeSet<EntryHash>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Busy {
    pub(crate) booking: BookingId,
    pub(crate) resource: usize,
    pub(crate) interval: Interval,
    pub(crate) quantity: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Became {
    Counts,
    Displaced,
    Moved,
    Kept,
    Queued,
    Nothing,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    pub(crate) order: Vec<EntryHash>,
    pub(crate) spine: Vec<EntryHash>,
    pub(crate) became: BTreeMap<EntryHash, Became>,
    pub(crate) counting: BTreeMap<BookingId, (EntryHash, Busy)>,
    /// Which act gave a booking the end it has, where that is not its acceptance.
    pub(crate) ends: BTreeMap<BookingId, EntryHash>,
    pub(crate) released: BTreeSet<BookingId>,
    pub(crate) in_force: Vec<(u32, u64)>,
    pub(crate) holder: Option<Holder>,
    pub(crate) tenure: u32,
    pub(crate) firm: BTreeSet<EntryHash>,
    pub(crate) waiting_for: BTreeSet<DeviceId>,
    /// Who waits, in order, with the act that put it there.
    pub(crate) list: Vec<(Busy, EntryHash)>,
    /// Acceptances that took the room of one that waited.
    pub(crate) overtaken: Vec<(EntryHash, BookingId)>,
}

pub(crate) struct Oracle<'a> {
    domain: &'a Domain,
    facts: &'a dyn BookingFacts,
    acts: BTreeMap<EntryHash, &'a Act>,
    past: BTreeMap<EntryHash, Set>,
    own: BTreeMap<EntryHash, Told>,
}

impl<'a> Oracle<'a> {
    /// Keeps the acts whose causal past is complete among `acts`.
    pub(crate) fn new(domain: &'a Domain, acts: &'a [Act], facts: &'a dyn BookingFacts) -> Self {
        let mut oracle = Self {
            domain,
            facts,
            acts: BTreeMap::new(),
            past: BTreeMap::new(),
            own: BTreeMap::new(),
        };
        loop {
            let mut grew = false;
            for act in acts {
                if oracle.acts.contains_key(&act.hash) {
                    continue;
                }
                let direct: Vec<_> = act.past.iter().filter(|h| **h != domain.id).collect();
                if direct.iter().all(|h| oracle.acts.contains_key(*h)) {
                    let mut past = Set::new();
                    for h in direct {
                        past.insert(*h);
                        past.extend(&oracle.past[h]);
                    }
                    oracle.past.insert(act.hash, past);
                    oracle.acts.insert(act.hash, act);
                    grew = true;
                }
            }
            if !grew {
                return oracle;
            }
        }
    }

    pub(crate) fn everything(&mut self) -> Told {
        let all: Set = self.acts.keys().copied().collect();
        self.tell(&all)
    }

    pub(crate) fn past_of(&self, hash: &EntryHash) -> &Set {
        &self.past[hash]
    }

    fn saw(&self, a: &EntryHash, b: &EntryHash) -> bool {
        *b == self.domain.id || self.past[a].contains(b)
    }

    fn named_by_owner(&self, act: &Act) -> Option<MemberId> {
        if act.author.member != self.domain.owner || !act.counts {
            return None;
        }
        match &act.kind {
            ActKind::Decision { op: Op::HandOver { to }, .. } => Some(to.member),
            ActKind::Close { new_holder, .. } => Some(new_holder.member),
            _ => None,
        }
    }

    fn valid(&self, hash: &EntryHash) -> bool {
        let act = self.acts[hash];
        let who = act.author.member;
        act.counts
            && (who == self.domain.owner
                || self.domain.record.deciders.contains(&who)
                || self.past[hash].iter().any(|h| self.named_by_owner(self.acts[h]) == Some(who)))
    }

    fn decisions(&self, of: &Set) -> Vec<EntryHash> {
        let is = |h: &&EntryHash| {
            self.valid(h) && matches!(self.acts[*h].kind, ActKind::Decision { .. })
        };
        of.iter().filter(is).copied().collect()
    }

    fn op(&self, hash: &EntryHash) -> &Op {
        match &self.acts[hash].kind {
            ActKind::Decision { op, .. } => op,
            ActKind::Close { .. } => panic!("a closing has no op"),
        }
    }

    fn depth(&self, hash: &EntryHash) -> u64 {
        self.decisions(&self.past[hash]).len() as u64
    }

    fn sort(&self, group: &mut [EntryHash]) {
        group.sort_by_key(|h| {
            let depth = self.depth(h);
            let (late, tier) = match self.op(h) {
                Op::Release { .. } => (1, 0),
                Op::Accept { tier, .. } => (2, *tier),
                _ => (2, 0),
            };
            let mut turn = self.domain.id.0.to_vec();
            turn.extend(depth.to_le_bytes());
            turn.extend(self.acts[h].author.device.0);
            (depth, late, tier, *blake3::hash(&turn).as_bytes(), *h)
        });
    }

    /// Returns the spine, for each tenure its holder and how many spine decisions lie
    /// before it, and the closings that count with the holder each closed.
    #[allow(clippy::type_complexity)]
    fn spine(
        &self,
        view: &Set,
    ) -> (Vec<EntryHash>, Vec<(Holder, usize)>, Vec<(EntryHash, Holder, usize)>) {
        let mut spine: Vec<EntryHash> = Vec::new();
        let mut tenures = Vec::new();
        let mut closed = Vec::new();
        let mut holder = self.domain.record.holder;
        let mut begun = self.domain.id;
        for number in 0.. {
            tenures.push((holder, spine.len()));
            let mut run: Vec<EntryHash> = Vec::new();
            loop {
                if let Some(last) = run.last()
                    && matches!(self.op(last), Op::HandOver { .. })
                {
                    break;
                }
                let at = run.last().copied().unwrap_or(begun);
                let next: Vec<EntryHash> = self
                    .decisions(view)
                    .into_iter()
                    .filter(|h| {
                        let act = self.acts[h];
                        let ActKind::Decision { tenure, prev, .. } = &act.kind else {
                            return false;
                        };
                        let prev = match prev {
                            Some(prev) => *prev,
                            None if number == 0 => self.domain.id,
                            None => return false,
                        };
                        act.author == holder && *tenure == number && prev == at
                    })
                    .collect();
                let Some(next) = next.iter().filter(|a| next.iter().all(|b| !self.saw(a, b))).min()
                else {
                    break;
                };
                run.push(*next);
            }
            let mut closings: Vec<EntryHash> = view
                .iter()
                .filter(|h| self.valid(h))
                .filter(|h| {
                    let act = self.acts[*h];
                    let ActKind::Close { tenure, last, .. } = &act.kind else { return false };
                    let another = act.author.device != holder.device
                        || act.author.incarnation > holder.incarnation;
                    let knows_it_over = run
                        .iter()
                        .any(|d| matches!(self.op(d), Op::HandOver { .. }) && self.saw(h, d));
                    *tenure == number
                        && another
                        && self.saw(h, &begun)
                        && !knows_it_over
                        && last.is_none_or(|last| run.contains(&last))
                })
                .copied()
                .collect();
            let phrase =
                |h: &EntryHash| matches!(self.acts[h].kind, ActKind::Close { by_phrase: true, .. });
            if closings.iter().any(phrase) {
                closings.retain(phrase);
            }
            let first: Vec<EntryHash> = closings
                .iter()
                .filter(|a| closings.iter().all(|b| !self.saw(a, b)))
                .copied()
                .collect();
            let device = |h: &EntryHash| self.acts[h].author.device;
            let chosen = first
                .iter()
                .filter(|a| {
                    first.iter().all(|b| !self.facts.certified_earlier(&device(b), &device(a)))
                })
                .min();
            if let Some(chosen) = chosen {
                let ActKind::Close { last, new_holder, .. } = &self.acts[chosen].kind else {
                    panic!("not a closing")
                };
                let keep = last.map_or(0, |l| run.iter().position(|h| *h == l).unwrap() + 1);
                run.truncate(keep);
                spine.extend(run);
                closed.push((*chosen, holder, spine.len()));
                holder = *new_holder;
                begun = *chosen;
                continue;
            }
            spine.extend(&run);
            match run.last().map(|h| self.op(h)) {
                Some(Op::HandOver { to }) => {
                    holder = *to;
                    begun = *run.last().unwrap();
                }
                _ => break,
            }
        }
        (spine, tenures, closed)
    }

    fn related(&self, a: usize, b: usize) -> bool {
        let up = |mut of: usize| {
            let mut all = vec![of];
            while let Some(parent) = self.domain.record.resources[of].part_of {
                of = usize::from(parent);
                all.push(of);
            }
            all
        };
        up(a).contains(&b) || up(b).contains(&a)
    }

    fn terms_of(&self, hash: &EntryHash, resource: usize) -> Option<(u32, u64)> {
        match self.op(hash) {
            Op::Terms { resource: of, terms, .. }
                if self.domain.record.index_of(of) == Some(resource) =>
            {
                Some(numbers(terms))
            }
            _ => None,
        }
    }

    fn busy(&self, hash: &EntryHash) -> Option<Busy> {
        match self.op(hash) {
            Op::Accept { booking, resource, interval, quantity, .. } => Some(Busy {
                booking: *booking,
                resource: self.domain.record.index_of(resource)?,
                interval: *interval,
                quantity: *quantity,
            }),
            _ => None,
        }
    }

    /// What an act that gives a booking a later end would make of each acceptance of it
    /// that it has seen, or one that gives an earlier end.
    fn with_end(&self, hash: &EntryHash) -> Vec<Busy> {
        let Op::Resize { booking, end, .. } = self.op(hash) else { return vec![] };
        let mut all = vec![];
        for accept in self.decisions(&self.past[hash]) {
            let Some(mut busy) = self.busy(&accept) else { continue };
            busy.interval.end = *end;
            if busy.booking == *booking && end.is_none_or(|end| end > busy.interval.start) {
                all.push(busy);
            }
        }
        all
    }

    fn is_later(&self, hash: &EntryHash) -> bool {
        match self.op(hash) {
            Op::Resize { from: Some(from), end: Some(end), .. } => end > from,
            Op::Resize { end, .. } => end.is_none(),
            _ => false,
        }
    }

    fn is_earlier(&self, hash: &EntryHash, of: &BookingId) -> bool {
        matches!(self.op(hash), Op::Resize { booking, .. } if booking == of) && !self.is_later(hash)
    }

    /// Whether there is room for something at a place of an order.
    fn room(
        &mut self,
        told: &Told,
        (order, place): (&[EntryHash], usize),
        me: &Busy,
        is_standin: bool,
    ) -> bool {
        let hash = order[place];
        let mut occ: Vec<Busy> = told.counting.values().map(|(_, busy)| busy.clone()).collect();
        let (mut capacity, mut gap) = told.in_force[me.resource];
        if is_standin {
            let own = self.own_past(&hash);
            occ.extend(own.counting.into_values().map(|(_, busy)| busy));
            capacity = capacity.min(own.in_force[me.resource].0);
            gap = gap.max(own.in_force[me.resource].1);
            for before in &order[..place] {
                if self.saw(&hash, before) {
                    continue;
                }
                occ.extend(self.busy(before));
                if self.is_later(before) {
                    occ.extend(self.with_end(before));
                }
                if let Some((c, g)) = self.terms_of(before, me.resource) {
                    capacity = capacity.min(c);
                    gap = gap.max(g);
                }
            }
        }
        // A booking never stands in its own way, and none occupies twice: of several ends
        // the latest.
        let mut once: Vec<Busy> = Vec::new();
        for busy in occ.into_iter().filter(|busy| busy.booking != me.booking) {
            let same = once.iter_mut().find(|other| {
                let it = |b: &Busy| (b.booking, b.resource, b.interval.start, b.quantity);
                it(other) == it(&busy)
            });
            match same {
                None => once.push(busy),
                Some(other) => {
                    other.interval.end = match (other.interval.end, busy.interval.end) {
                        (Some(a), Some(b)) => Some(a.max(b)),
                        _ => None,
                    };
                }
            }
        }
        self.fits(me, &once, capacity, gap)
    }

    fn own_past(&mut self, hash: &EntryHash) -> Told {
        if let Some(told) = self.own.get(hash) {
            return told.clone();
        }
        let past = self.past[hash].clone();
        let told = self.tell(&past);
        self.own.insert(*hash, told.clone());
        told
    }

    pub(crate) fn tell(&mut self, view: &Set) -> Told {
        let (spine, tenures, closed) = self.spine(view);
        // Order.
        let mut order: Vec<EntryHash> = Vec::new();
        let standins: Vec<EntryHash> =
            self.decisions(view).into_iter().filter(|h| !spine.contains(h)).collect();
        for decision in &spine {
            let mut group: Vec<EntryHash> = standins
                .iter()
                .filter(|h| !order.contains(h) && self.saw(decision, h))
                .copied()
                .collect();
            self.sort(&mut group);
            order.extend(group);
            order.push(*decision);
        }
        let mut rest: Vec<EntryHash> =
            standins.iter().filter(|h| !order.contains(h)).copied().collect();
        self.sort(&mut rest);
        order.extend(rest);
        // One pass.
        let mut told = Told { order: order.clone(), spine: spine.clone(), ..Told::default() };
        told.in_force = self.domain.record.resources.iter().map(|r| numbers(&r.terms)).collect();
        for (place, hash) in order.iter().enumerate() {
            match self.op(hash).clone() {
                Op::Release { booking, .. } => {
                    told.counting.remove(&booking);
                    told.released.insert(booking);
                    told.list.retain(|(waits, _)| waits.booking != booking);
                }
                Op::Queue { booking, resource, interval, quantity } => {
                    let Some(resource) = self.domain.record.index_of(&resource) else { continue };
                    let is_known = told.counting.contains_key(&booking)
                        || told.released.contains(&booking)
                        || told.list.iter().any(|(waits, _)| waits.booking == booking);
                    let became = if is_known { Became::Nothing } else { Became::Queued };
                    told.became.insert(*hash, became);
                    if !is_known {
                        told.list.push((Busy { booking, resource, interval, quantity }, *hash));
                    }
                }
                Op::Terms { resource, terms, cancels } => {
                    if let Some(at) = self.domain.record.index_of(&resource) {
                        told.in_force[at] = numbers(&terms);
                        for booking in cancels {
                            told.counting.remove(&booking);
                            told.released.insert(booking);
                            told.list.retain(|(waits, _)| waits.booking != booking);
                        }
                    }
                }
                Op::Accept { booking, .. } => {
                    let Some(me) = self.busy(hash) else {
                        told.became.insert(*hash, Became::Nothing);
                        continue;
                    };
                    if told.counting.contains_key(&booking) || told.released.contains(&booking) {
                        told.became.insert(*hash, Became::Nothing);
                        continue;
                    }
                    let is_standin = !spine.contains(hash);
                    let fits = self.room(&told, (&order, place), &me, is_standin);
                    let became = if fits { Became::Counts } else { Became::Displaced };
                    told.became.insert(*hash, became);
                    if !fits {
                        // It keeps its place, if it has one, and waits for what was said last.
                        match told.list.iter_mut().find(|(waits, _)| waits.booking == booking) {
                            Some((waits, _)) => *waits = me,
                            None => told.list.push((me, *hash)),
                        }
                        continue;
                    }
                    let had_room: Vec<Busy> = told
                        .list
                        .iter()
                        .map(|(waits, _)| waits)
                        .take_while(|waits| waits.booking != booking)
                        .filter(|waits| self.has_room(&told, waits))
                        .cloned()
                        .collect();
                    told.counting.insert(booking, (*hash, me));
                    told.ends.remove(&booking);
                    told.list.retain(|(waits, _)| waits.booking != booking);
                    for waits in had_room {
                        if !self.has_room(&told, &waits) {
                            told.overtaken.push((*hash, waits.booking));
                        }
                    }
                }
                Op::Resize { booking, end, .. } => {
                    told.became.insert(*hash, Became::Nothing);
                    let Some((accepted, before)) = told.counting.get(&booking).cloned() else {
                        continue;
                    };
                    let mut after = before.clone();
                    after.interval.end = end;
                    if !self.with_end(hash).contains(&after) {
                        continue;
                    }
                    let grows = match (before.interval.end, end) {
                        (Some(before), Some(after)) => after > before,
                        (before, after) => before.is_some() && after.is_none(),
                    };
                    let shrinks = !grows && before != after;
                    let moves = if self.is_later(hash) {
                        let cut = order[..place]
                            .iter()
                            .any(|h| self.is_earlier(h, &booking) && !self.saw(hash, h));
                        if !grows || cut {
                            continue;
                        }
                        let is_standin = !spine.contains(hash);
                        self.room(&told, (&order, place), &after, is_standin)
                    } else if shrinks {
                        true
                    } else {
                        continue;
                    };
                    let became = if moves { Became::Moved } else { Became::Kept };
                    told.became.insert(*hash, became);
                    if moves {
                        told.counting.insert(booking, (accepted, after));
                        told.ends.insert(booking, *hash);
                    }
                }
                _ => {}
            }
        }
        // Firm.
        let active: BTreeSet<DeviceId> = {
            let mut members: BTreeSet<MemberId> = BTreeSet::from([self.domain.owner]);
            members.extend(&self.domain.record.deciders);
            let named = view.iter().filter_map(|h| self.named_by_owner(self.acts[h]));
            members.extend(named);
            members.iter().flat_map(|m| self.facts.devices(m)).collect()
        };
        let mut firm_spine = spine.len();
        for (closing, holder, before) in &closed {
            let author = self.acts[closing].author.device;
            let named_in = |hash: &EntryHash| -> Vec<MemberId> {
                self.past[hash].iter().filter_map(|h| self.named_by_owner(self.acts[h])).collect()
            };
            let first_word = |device: DeviceId| {
                let words = view.iter().filter(|h| {
                    self.valid(h) && self.acts[*h].author.device == device && self.saw(h, closing)
                });
                words.min_by_key(|h| (self.depth(h), **h))
            };
            // Grows until nobody else is known of.
            let mut members: BTreeSet<MemberId> = BTreeSet::from([self.domain.owner]);
            members.extend(&self.domain.record.deciders);
            members.extend(named_in(closing));
            let silent = loop {
                let asked: BTreeSet<DeviceId> = members
                    .iter()
                    .flat_map(|m| self.facts.devices(m))
                    .filter(|d| *d != author && *d != holder.device)
                    .filter(|d| !self.facts.certified_earlier(&author, d))
                    .collect();
                let known = members.len();
                for word in asked.iter().filter_map(|d| first_word(*d)) {
                    members.extend(named_in(word));
                }
                if members.len() == known {
                    let is_silent = |d: &DeviceId| first_word(*d).is_none();
                    break asked.into_iter().filter(is_silent).collect::<Vec<_>>();
                }
            };
            if !silent.is_empty() {
                firm_spine = firm_spine.min(*before);
                told.waiting_for.extend(silent);
            }
        }
        if firm_spine > 0 {
            for hash in &order {
                told.firm.insert(*hash);
                if *hash == spine[firm_spine - 1] {
                    break;
                }
            }
        }
        let (holder, _) = *tenures.last().unwrap();
        if order.last() != spine.last() {
            if active.contains(&holder.device) {
                told.waiting_for.insert(holder.device);
            } else {
                told.waiting_for.extend(active);
            }
        }
        told.holder = Some(holder);
        told.tenure = tenures.len() as u32 - 1;
        told
    }

    fn has_room(&self, told: &Told, waits: &Busy) -> bool {
        let occ: Vec<Busy> = told.counting.values().map(|(_, busy)| busy.clone()).collect();
        let (capacity, gap) = told.in_force[waits.resource];
        self.fits(waits, &occ, capacity, gap)
    }

    /// Counts units at each instant at which they can only grow: whenever one begins.
    pub(crate) fn fits(&self, me: &Busy, occ: &[Busy], capacity: u32, gap: u64) -> bool {
        let covers = |busy: &Busy, t: i64| {
            busy.interval.start.0 <= t && busy.interval.end.is_none_or(|end| t < end.0 + gap as i64)
        };
        let begun = occ.iter().chain([me]).map(|busy| busy.interval.start.0);
        begun.filter(|t| covers(me, *t)).all(|t| {
            let mut units = u64::from(me.quantity);
            for busy in occ.iter().filter(|busy| covers(busy, t)) {
                if busy.resource == me.resource {
                    units += u64::from(busy.quantity);
                } else if self.related(busy.resource, me.resource) {
                    return false;
                }
            }
            units <= u64::from(capacity)
        })
    }
}

/// No finite interval of a test ends after this.
pub(crate) const LAST: i64 = 24;

fn numbers(terms: &Terms) -> (u32, u64) {
    (terms.capacity, terms.buffer_before_ms.max(terms.buffer_after_ms))
}
