//! A neighbourhood's life from a seed: who is in it, what befalls it, and what must hold
//! while it lasts and once everybody has met again.

use std::collections::BTreeSet;

use rand_core::Rng;

use super::checks::{self, Watch};
use super::help;
use super::proofs::{self, Closed};
use super::world::{SimStores, World};
use crate::authority::Role;
use crate::keys::{BookingId, DeviceId, DocId, HoodHash, MemberId};
use crate::replica::{ActError, ErrorKind, Replica, Standing};
use crate::rows::{Table, Tx};

/// Acts and faults of one life.
const STEPS: u32 = 70;
/// Entries that no life comes near.
const ENTRIES: usize = 2_500;
/// Rounds in which everybody must have met again.
const ROUNDS: usize = 12;

/// Two devices.
type Pair = (usize, usize);

/// What went wrong, and how to see it again.
#[derive(Debug)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// After how many steps.
    pub step: u32,
    /// What did not hold.
    pub what: String,
    /// What happened until then.
    pub trace: Vec<String>,
}

/// What a life held.
#[derive(Debug, Clone, Copy, Default)]
pub struct Report {
    /// Entries at its end.
    pub entries: usize,
    /// Deals whose parties were compared.
    pub deals: usize,
    /// Calendars counted.
    pub counted: u64,
    /// Bookings that were firm.
    pub firm: usize,
    /// Things said of bookings that held.
    pub said: usize,
    /// Devices at its end.
    pub nodes: usize,
    /// Draws at its end: equal for equal lives.
    pub mark: u64,
}

/// What people do beside all else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// Nothing.
    Nothing,
    /// They give minutes, and pass some between devices.
    Credits,
    /// They hand over what was booked, bring it back, and say what went wrong.
    HandOvers,
    /// They help each other and thank, and bookings get another end or notice.
    Help,
}

/// A life under way.
pub(super) struct Scenario {
    pub(super) world: World,
    pub(super) hood: HoodHash,
    /// Devices that play by the rules.
    pub(super) honest: Vec<bool>,
    /// Devices that never joined yet.
    pub(super) outside: Vec<usize>,
    pub(super) group: Vec<u32>,
    pub(super) listings: Vec<DocId>,
    /// Offers and needs.
    pub(super) helps: Vec<DocId>,
    pub(super) copies: Vec<(usize, SimStores)>,
    pub(super) watch: Watch,
    /// What whoever removed somebody knew of him.
    pub(super) closings: Vec<Closed>,
    /// Devices that exist twice, or came up again with an old copy.
    pub(super) copied: BTreeSet<DeviceId>,
    /// Devices that found rows damaged once, and more than once.
    pub(super) damaged: BTreeSet<DeviceId>,
    pub(super) worn: BTreeSet<DeviceId>,
    pub(super) trace: Vec<String>,
    pub(super) step: u32,
    /// What is done beside all else: lives that other seeds name are left as they were.
    beside: Beside,
    /// Things said of bookings that hold.
    pub(super) said: usize,
    looked: Vec<u64>,
    judged: usize,
}

/// Plays the life of a seed.
pub fn play(seed: u64) -> Result<Report, Box<Failure>> {
    play_with(seed, &|_, _| Ok(()))
}

/// What else must hold at a life's end, of a device and its rows.
pub type Judge<'a> = &'a dyn Fn(&Replica, &Tx<'_>) -> Result<(), String>;

/// Plays the life of a seed, with one judge more at its end.
pub fn play_with(seed: u64, judge: Judge<'_>) -> Result<Report, Box<Failure>> {
    play_life(seed, Beside::Nothing, judge)
}

/// Plays the life of a seed, in which something is done beside all else.
pub fn play_beside(seed: u64, beside: Beside) -> Result<Report, Box<Failure>> {
    play_life(seed, beside, &|_, _| Ok(()))
}

fn play_life(seed: u64, beside: Beside, judge: Judge<'_>) -> Result<Report, Box<Failure>> {
    let mut it = match Scenario::new(seed) {
        Ok(it) => it,
        Err(error) => {
            let what = format!("nothing began: {error}");
            return Err(Box::new(Failure { seed, step: 0, what, trace: Vec::new() }));
        }
    };
    it.beside = beside;
    match it.live().and_then(|report| it.judged(judge).map(|()| report)) {
        Ok(report) => Ok(report),
        Err(what) => Err(Box::new(Failure { seed, step: it.step, what, trace: it.trace })),
    }
}

impl Scenario {
    fn new(seed: u64) -> Result<Self, ActError> {
        let mut world = World::new(seed);
        let people = 3 + world.rng.next_u32() as usize % 3;
        let names = ["Anna", "Hub", "Cyril", "Dora", "Emil"];
        for name in names.iter().take(people) {
            world.add_person(name);
        }
        let hood = world.found(0, "Les Érables")?;
        let late = people > 3 && world.rng.next_u32().is_multiple_of(3);
        let mut outside = Vec::new();
        for guest in 1..people {
            if late && guest == people - 1 {
                outside.push(guest);
            } else {
                world.join(0, guest, &hood)?;
            }
        }
        let hub = world.nodes[1].engine.me().member;
        let appointed = world.act(0, &hood, |replica, tx, now, _| {
            Ok(((), replica.appoint(tx, now.claimed, hub, Role::Hub)?))
        });
        appointed?;
        let mut honest = vec![true; people];
        // A member who does not play by the rules, now and then the hub, lies as a carrier
        // too.
        let hostile = match world.rng.next_u32() % 12 {
            0..4 if people > 3 => Some(2),
            4 => Some(1),
            _ => None,
        };
        if let Some(hostile) = hostile {
            honest[hostile] = false;
            world.begin_lying(hostile);
        }
        let group = vec![0; people];
        let mut it = Self {
            world,
            hood,
            honest,
            outside,
            group,
            listings: Vec::new(),
            helps: Vec::new(),
            copies: Vec::new(),
            watch: Watch::default(),
            closings: Vec::new(),
            copied: BTreeSet::new(),
            damaged: BTreeSet::new(),
            worn: BTreeSet::new(),
            trace: Vec::new(),
            step: 0,
            beside: Beside::Nothing,
            said: 0,
            looked: Vec::new(),
            judged: 0,
        };
        for guest in 1..people {
            it.world.connect(guest, 0);
        }
        it.world.run_until_quiescent(60_000);
        Ok(it)
    }

    pub(super) fn draw(&mut self, of: u32) -> u32 {
        self.world.rng.next_u32() % of.max(1)
    }

    pub(super) fn note(&mut self, line: String) {
        let now = self.world.now_ms;
        self.trace.push(format!("{now:>9} {line}"));
    }

    /// Whether an act failed as acts may.
    pub(super) fn done<R>(
        &mut self,
        node: usize,
        what: &str,
        result: Result<R, ActError>,
    ) -> Result<Option<R>, String> {
        match result {
            Ok(result) => {
                self.note(format!("node {node} {what}"));
                if self.world.nodes[node].stores.full {
                    return Err(format!("node {node} says {what}, and its disk is full"));
                }
                Ok(Some(result))
            }
            Err(error) => {
                self.note(format!("node {node} cannot {what}: {error}"));
                // Whoever joins needs room on both sides.
                let full = self.world.nodes.iter().any(|node| node.stores.full);
                let is_fault = error.kind == ErrorKind::Internal
                    || (error.kind == ErrorKind::Storage && !full);
                if is_fault { Err(format!("node {node}: {what}: {error:?}")) } else { Ok(None) }
            }
        }
    }

    fn live(&mut self) -> Result<Report, String> {
        while self.step < STEPS {
            self.step += 1;
            self.one_step()?;
            match self.beside {
                Beside::Nothing => {}
                Beside::Credits => self.credit_step()?,
                Beside::HandOvers => self.hand_over_step()?,
                // Help takes more words than all else.
                Beside::Help => {
                    self.help_step()?;
                    self.help_step()?;
                }
            }
            let ms = i64::from(self.draw(1_500));
            self.world.run_for(ms);
            self.look()?;
        }
        self.end()
    }

    /// Looks at the devices whose rows changed.
    fn look(&mut self) -> Result<(), String> {
        self.looked.resize(self.world.nodes.len(), u64::MAX);
        for node in 0..self.world.nodes.len() {
            let stores = &self.world.nodes[node].stores;
            if !self.honest[node] || self.looked[node] == stores.commits {
                continue;
            }
            self.looked[node] = stores.commits;
            if let Some(rows) = stores.memory(&self.hood) {
                self.watch.look(node, rows)?;
            }
        }
        Ok(())
    }

    /// Whether a device is a member's, by its own word.
    pub(super) fn is_in(&self, node: usize) -> bool {
        let replica = self.world.nodes[node].engine.replica(&self.hood);
        replica.is_some_and(|replica| replica.hood().standing == Standing::Member)
    }

    fn entries_of(&self, node: usize) -> usize {
        let it = &self.world.nodes[node];
        match (it.stores.memory(&self.hood), it.engine.replica(&self.hood)) {
            (Some(rows), Some(replica)) => checks::carried(rows, replica).len(),
            _ => 0,
        }
    }

    /// Lets the world come to rest, which it does not where devices write for ever.
    fn rest(&mut self) -> Result<bool, String> {
        for _ in 0..24 {
            if self.world.run_until_quiescent(10_000) {
                return Ok(true);
            }
            let most = (0..self.world.nodes.len()).max_by_key(|node| self.entries_of(*node));
            let node = most.unwrap_or(0);
            if let Some(rows) = self.world.nodes[node].stores.memory(&self.hood)
                && self.entries_of(node) > ENTRIES
            {
                return Err(format!("writing never ends: {}", checks::last(rows, 6)));
            }
        }
        Ok(false)
    }

    /// Connects devices in a ring, and each twin to two of it: a device never meets
    /// itself.
    fn ring(&mut self, nodes: &[usize]) {
        let mut core: Vec<usize> = Vec::new();
        let device = |world: &World, node: usize| world.nodes[node].engine.me().keys.id();
        for node in nodes {
            if core.iter().all(|known| device(&self.world, *known) != device(&self.world, *node)) {
                core.push(*node);
            }
        }
        let mut pairs: Vec<(usize, usize)> =
            core.iter().copied().zip(core.iter().copied().cycle().skip(1)).collect();
        for twin in nodes.iter().copied().filter(|node| !core.contains(node)) {
            let others = core.iter().copied();
            let others =
                others.filter(|node| device(&self.world, *node) != device(&self.world, twin));
            pairs.extend(others.take(2).map(|other| (twin, other)));
        }
        // Neighbours in the ring may be people of whom a device never heard.
        pairs.extend(self.chain(nodes).0);
        for (a, b) in pairs {
            if a != b && self.world.network.between(a, Some(b)).is_empty() {
                self.world.connect(a, b);
            }
        }
    }

    /// Whether a word passes between two devices that meet: a device never meets itself,
    /// and tells those alone whom it takes for active.
    fn can_meet(&self, a: usize, b: usize) -> bool {
        let me = |node: usize| self.world.nodes[node].engine.me();
        let tells = |node: usize, other: usize| {
            let replica = self.world.nodes[node].engine.replica(&self.hood);
            let known = replica.and_then(|replica| {
                replica.authority().device_of(&me(other).member, &me(other).keys.id())
            });
            known.is_some_and(|known| known.is_active)
        };
        me(a).keys.id() != me(b).keys.id() && (tells(a, b) || tells(b, a))
    }

    /// Who meets whom, so that a chain of meetings joins as many as can be, and a pair for
    /// each that none joins: copies of the only device, two who each take the other for
    /// removed, or do not know each other.
    fn chain(&self, nodes: &[usize]) -> (Vec<Pair>, Vec<Pair>) {
        let (mut meet, mut apart) = (Vec::new(), Vec::new());
        let mut joined: Vec<usize> = nodes.first().copied().into_iter().collect();
        let mut left: Vec<usize> = nodes.iter().skip(1).copied().collect();
        while !left.is_empty() {
            let met = |node: usize| joined.iter().find(|other| self.can_meet(node, **other));
            let found = left.iter().enumerate().find_map(|(at, node)| Some((at, *met(*node)?)));
            let node = left.swap_remove(found.map_or(0, |(at, _)| at));
            match found {
                Some((_, other)) => meet.push((node, other)),
                None => apart.push((joined[0], node)),
            }
            joined.push(node);
        }
        (meet, apart)
    }

    /// Those that no chain of meetings joins are handed each other's bundle.
    fn hand_over(&mut self, nodes: &[usize]) -> Result<(), String> {
        for (one, other) in self.chain(nodes).1 {
            for (from, to) in [(one, other), (other, one)] {
                let hood = self.hood;
                let carried = self.world.carry(from, to, &hood);
                let what = format!("is handed the bundle of node {from}");
                self.done(to, &what, carried)?;
            }
        }
        Ok(())
    }

    /// Who of these is a member, by all that anybody knows.
    fn active(&self, nodes: &[usize]) -> Result<Vec<usize>, String> {
        let read = |error| format!("rows cannot be read: {error}");
        let first = *nodes.first().ok_or("nobody is left")?;
        let it = &self.world.nodes[first];
        let rows = it.stores.memory(&self.hood).ok_or("no rows")?;
        let mut all = Replica::load(rows, it.engine.me()).map_err(read)?.ok_or("no rows")?;
        let mut tx = Tx::new(rows);
        for other in &nodes[1..] {
            let other = &self.world.nodes[*other];
            let Some(rows) = other.stores.memory(&self.hood) else { continue };
            let Some(replica) = other.engine.replica(&self.hood) else { continue };
            let runs = replica.all_runs(&Tx::new(rows)).map_err(read)?;
            all.take(&mut tx, &runs).map_err(read)?;
        }
        let active = |node: &usize| {
            let me = self.world.nodes[*node].engine.me();
            let known = all.authority().device_of(&me.member, &me.keys.id());
            known.is_some_and(|known| known.is_active)
        };
        Ok(nodes.iter().copied().filter(active).collect())
    }

    /// Everybody meets again; then everything must agree.
    fn end(&mut self) -> Result<Report, String> {
        self.note("everybody meets again".into());
        self.world.mangled_permille = 0;
        for node in &mut self.world.nodes {
            node.stores.full = false;
            node.skew_ms = 0;
        }
        let count = self.world.nodes.len();
        let all: Vec<usize> =
            (0..count).filter(|node| self.honest[*node] && self.is_in(*node)).collect();
        for node in 0..count {
            for link in self.world.network.between(node, None) {
                self.world.cut(link);
            }
        }
        // A year can have begun on some devices only, and what is claimed for later is
        // nobody's fault: all clocks agree from here on.
        let mut nodes = all.clone();
        let mut before = BTreeSet::new();
        for round in 0.. {
            self.ring(&nodes);
            // A member who does not play by the rules still carries.
            let hostile = (0..count).find(|node| !self.honest[*node] && self.is_in(*node));
            if let Some(hostile) = hostile
                && self.world.network.between(hostile, Some(nodes[0])).is_empty()
            {
                self.world.connect(hostile, nodes[0]);
            }
            let rested = self.rest()?;
            self.hand_over(&nodes)?;
            self.look()?;
            let active = self.active(&all)?;
            let now: BTreeSet<usize> = nodes.iter().map(|node| self.entries_of(*node)).collect();
            let calm = rested && now.len() == 1 && now == before && active == nodes;
            if calm {
                break;
            }
            if round == ROUNDS {
                self.agree(&nodes)?;
                return Err(format!("it never came to rest: {rested} {now:?} {before:?}"));
            }
            if active.is_empty() {
                return Err("nobody is left".into());
            }
            before = now;
            nodes = active;
            self.world.advance(61_000);
        }
        self.agree(&nodes)?;
        if let Some(rows) = self.world.nodes[nodes[0]].stores.memory(&self.hood) {
            proofs::signed(rows)?;
            proofs::linear(rows, &self.lone_devices())?;
            proofs::closed(&self.world, nodes[0], &self.hood, &self.closings)?;
        }
        self.judged = nodes[0];
        self.credits_hold(nodes[0])?;
        // What a device sealed that was revoked since, its own member may never read.
        let revokers: BTreeSet<MemberId> = (self.closings.iter())
            .filter(|closed| closed.device.is_some())
            .map(|closed| closed.member)
            .collect();
        let deals = checks::deals(&mut self.world, &nodes, &self.hood, &revokers, &self.worn)?;
        let helped = help::deals(&mut self.world, &nodes, &self.hood, &revokers, &self.worn)?;
        for node in &nodes {
            checks::rebuilt(&self.world, *node, &self.hood)?;
        }
        Ok(Report {
            entries: self.entries_of(nodes[0]),
            deals: deals + helped,
            counted: self.watch.counted,
            firm: self.watch.ever_firm.len(),
            said: self.said,
            nodes: count,
            mark: self.world.rng.next_u64(),
        })
    }

    /// Lets a judge look at one of those who agree.
    fn judged(&self, judge: Judge<'_>) -> Result<(), String> {
        let it = &self.world.nodes[self.judged];
        match (it.stores.memory(&self.hood), it.engine.replica(&self.hood)) {
            (Some(rows), Some(replica)) => judge(replica, &Tx::new(rows)),
            _ => Err("nobody is left to be judged".into()),
        }
    }

    /// Devices that play by the rules and were never copied.
    fn lone_devices(&self) -> BTreeSet<DeviceId> {
        let nodes = self.world.nodes.iter().zip(&self.honest);
        let honest = nodes.filter(|(_, honest)| **honest).map(|(it, _)| it.engine.me().keys.id());
        honest.filter(|device| !self.copied.contains(device)).collect()
    }

    fn agree(&self, nodes: &[usize]) -> Result<(), String> {
        let of = |node: usize| {
            let it = &self.world.nodes[node];
            Some((node, it.stores.memory(&self.hood)?, it.engine.replica(&self.hood)?))
        };
        for pair in nodes.windows(2) {
            let (Some(a), Some(b)) = (of(pair[0]), of(pair[1])) else { continue };
            checks::same(a, b)?;
        }
        Ok(())
    }

    /// The bookings a device knows of.
    pub(super) fn bookings_of(&self, node: usize) -> Vec<BookingId> {
        let rows = self.world.nodes[node].stores.memory(&self.hood);
        let keys = rows.into_iter().flat_map(|rows| rows.table(Table::Bookings));
        keys.filter_map(|(key, _)| BookingId::from_slice(key)).collect()
    }
}
