//! A world of nodes: engines, their rows, the network between them, one clock.

use std::collections::BTreeMap;

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use super::carrier::Carrier;
use super::network::Network;
use crate::authority::{Inviters, Policy};
use crate::engine::{CommitError, Engine, Event, LinkProgress, Now, Output, Stores, StreamId};
use crate::keys::{DeviceKeys, HoodHash, Phrase};
use crate::projection::{Changes, PlaceRecord};
use crate::replica::{ActError, Loss, Me, NewInvitation, Replica, replay};
use crate::rows::{MemoryRows, Rows, RowsError, Table, Tx, Writes};
use crate::sync::{JoinForm, PeerIds, Role, StoreId};
use crate::time::Instant;

/// When a world begins: 2026-11-24T12:00Z.
const BEGINS: Instant = Instant(1_795_521_600_000);
/// Delay of a frame, at most, in milliseconds.
const LATENCY_MS: u64 = 40;

/// The rows of a node, neighbourhood by neighbourhood.
#[derive(Debug, Clone, Default)]
pub struct SimStores {
    hoods: BTreeMap<HoodHash, MemoryRows>,
    /// A full disk takes nothing.
    pub full: bool,
    /// Commits done.
    pub commits: u64,
}

impl Stores for SimStores {
    fn rows(&self, hood: &HoodHash) -> Option<&dyn Rows> {
        self.hoods.get(hood).map(|rows| rows as &dyn Rows)
    }

    fn commit(&mut self, hood: &HoodHash, writes: Writes) -> Result<(), CommitError> {
        if self.full {
            return Err(CommitError::Full);
        }
        let rows = self.hoods.get_mut(hood);
        let rows = rows.ok_or_else(|| CommitError::Failed("no such neighbourhood".into()))?;
        rows.commit(writes);
        self.commits += 1;
        Ok(())
    }

    fn create(&mut self, hood: &HoodHash) -> Result<(), CommitError> {
        if self.full {
            return Err(CommitError::Full);
        }
        self.hoods.entry(*hood).or_default();
        Ok(())
    }
}

impl SimStores {
    /// The rows of a neighbourhood, for those who look from outside.
    pub fn memory(&self, hood: &HoodHash) -> Option<&MemoryRows> {
        self.hoods.get(hood)
    }

    /// The rows of a neighbourhood, for those who damage them.
    pub fn memory_mut(&mut self, hood: &HoodHash) -> Option<&mut MemoryRows> {
        self.hoods.get_mut(hood)
    }

    /// The neighbourhoods there are rows of.
    pub fn hoods(&self) -> Vec<HoodHash> {
        self.hoods.keys().copied().collect()
    }
}

/// A device.
pub struct SimNode {
    /// What runs on it.
    pub engine: Engine,
    /// What lies on its disk.
    pub stores: SimStores,
    /// What it was told.
    pub events: Vec<Event>,
    /// How far its wall clock is off.
    pub skew_ms: i64,
    /// Its transport's id.
    pub(super) peer: Vec<u8>,
    pub(super) name: String,
    /// Its streams lie.
    pub(super) carrier: Option<Carrier>,
}

/// Everything.
pub struct World {
    /// The devices.
    pub nodes: Vec<SimNode>,
    /// The streams between them.
    pub network: Network,
    /// Where every draw comes from.
    pub rng: ChaCha20Rng,
    /// Of a thousand frames, so many arrive changed: a carrier that lies.
    pub mangled_permille: u32,
    pub(super) now_ms: i64,
}

impl World {
    /// A world of a seed, with no device yet.
    pub fn new(seed: u64) -> Self {
        crate::journal::remember_signatures();
        Self {
            nodes: Vec::new(),
            network: Network::default(),
            rng: ChaCha20Rng::seed_from_u64(seed),
            mangled_permille: 0,
            now_ms: 0,
        }
    }

    /// Adds a person with a device of its own; gives the device's number.
    pub fn add_person(&mut self, name: &str) -> usize {
        let phrase = Phrase::generate(&mut self.rng);
        let keys = DeviceKeys::generate(&mut self.rng);
        let member = phrase.member_key();
        let me = Me {
            member: member.id(),
            certificate: Some(member.certify_device(&keys.id(), &keys.agreement_public())),
            recovery: member.recovery_public(),
            keys,
        };
        self.add_device(me, name)
    }

    /// Adds a device.
    pub fn add_device(&mut self, me: Me, name: &str) -> usize {
        let mut peer = vec![0; 32];
        self.rng.fill_bytes(&mut peer);
        self.nodes.push(SimNode {
            engine: Engine::new(me, name.to_owned()),
            stores: SimStores::default(),
            events: Vec::new(),
            skew_ms: 0,
            peer,
            name: name.to_owned(),
            carrier: None,
        });
        self.nodes.len() - 1
    }

    /// Both clocks of a device.
    pub fn now(&self, node: usize) -> Now {
        let skew = self.nodes.get(node).map_or(0, |node| node.skew_ms);
        Now { claimed: BEGINS.plus_ms(self.now_ms).plus_ms(skew), steady: Instant(self.now_ms) }
    }

    /// A fresh store id.
    pub fn store_id(&mut self) -> StoreId {
        let mut id = [0; 16];
        self.rng.fill_bytes(&mut id);
        StoreId(id)
    }

    /// A device founds a neighbourhood.
    pub fn found(&mut self, node: usize, name: &str) -> Result<HoodHash, ActError> {
        let store = self.store_id();
        let now = self.now(node);
        let rows = MemoryRows::default();
        let mut tx = Tx::new(&rows);
        let place = PlaceRecord { at: now.claimed, name: name.into(), zone: "Europe/Paris".into() };
        let policy = Policy { inviters: Inviters::Members, approval: false };
        let me = self.nodes[node].engine.me().clone();
        let (replica, changes) = Replica::found(&mut tx, &me, place, policy, store, &mut self.rng)?;
        let hood = replica.hood_hash();
        let writes = tx.into_writes();
        let it = &mut self.nodes[node];
        it.engine.create(hood, now, &mut it.stores, writes, replica, changes)?;
        self.pump(node);
        Ok(hood)
    }

    /// A device does an act in a neighbourhood.
    pub fn act<R>(
        &mut self,
        node: usize,
        hood: &HoodHash,
        act: impl FnOnce(
            &mut Replica,
            &mut Tx<'_>,
            Now,
            &mut ChaCha20Rng,
        ) -> Result<(R, Changes), ActError>,
    ) -> Result<R, ActError> {
        let now = self.now(node);
        let it = &mut self.nodes[node];
        let rng = &mut self.rng;
        let result =
            it.engine.act(hood, now, &mut it.stores, |replica, tx| act(replica, tx, now, rng));
        self.pump(node);
        result
    }

    /// A device reads a neighbourhood.
    pub fn read<R>(
        &mut self,
        node: usize,
        hood: &HoodHash,
        read: impl FnOnce(&mut Replica, &Tx<'_>, Now) -> Result<R, ActError>,
    ) -> Result<R, ActError> {
        let now = self.now(node);
        let it = &mut self.nodes[node];
        it.engine.read(hood, &it.stores, |replica, tx| read(replica, tx, now))
    }

    /// One device invites another, which joins over a stream between the two.
    pub fn join(&mut self, host: usize, guest: usize, hood: &HoodHash) -> Result<(), ActError> {
        let new = NewInvitation {
            approval: false,
            uses: 1,
            good_for_ms: Instant::DAY_MS,
            roles: Default::default(),
        };
        let link = self.act(host, hood, |replica, tx, now, rng| {
            let link = replica.invite(tx, now.claimed, rng, new, Vec::new())?;
            Ok((link, Changes::default()))
        })?;
        let now = self.now(guest);
        let name = self.nodes[guest].name.clone();
        let form = JoinForm { name, home: String::new(), languages: Vec::new() };
        let it = &mut self.nodes[guest];
        it.engine.prepare_join(&link, form, now, &mut it.stores, &mut self.rng)?;
        self.pump(guest);
        self.connect(guest, host);
        self.run_until_quiescent(60_000);
        self.disconnect(guest, host);
        Ok(())
    }

    /// A person links a second device next to a first one; gives its number, and whether
    /// it became the person's.
    pub fn link(&mut self, old: usize, name: &str) -> (usize, bool) {
        let phone = self.add_person(name);
        let secret = self.nodes[old].engine.offer_link(&mut self.rng);
        self.nodes[phone].engine.accept_link(secret);
        self.connect(phone, old);
        self.run_until_quiescent(20_000);
        if let Some(LinkProgress::Comparing(code)) = self.nodes[old].engine.link_progress() {
            for node in [phone, old] {
                let now = self.now(node);
                let it = &mut self.nodes[node];
                // Whatever goes wrong shows in what comes of it.
                let _ = it.engine.confirm_link(&code, now, &mut it.stores, &mut self.rng);
                self.pump(node);
            }
        }
        self.run_until_quiescent(20_000);
        self.disconnect(phone, old);
        self.nodes[phone].engine.cancel_link();
        self.nodes[old].engine.cancel_link();
        let member = |node: usize| self.nodes[node].engine.me().member;
        (phone, member(phone) == member(old))
    }

    /// A device takes in a bundle of all that another one holds.
    pub fn carry(&mut self, from: usize, to: usize, hood: &HoodHash) -> Result<(), ActError> {
        let runs = self.read(from, hood, |replica, tx, _| Ok(replica.all_runs(tx)?))?;
        self.act(to, hood, |replica, tx, _, _| Ok(((), replica.take(tx, &runs)?.changes)))
    }

    /// A device stops at once and comes up again with what was committed.
    pub fn restart(&mut self, node: usize) {
        for link in self.network.between(node, None) {
            self.cut(link);
        }
        self.load(node, None);
    }

    /// An old copy of a device's rows is put back; the device notices, as its home does.
    pub fn restore(&mut self, node: usize, copy: SimStores) {
        for link in self.network.between(node, None) {
            self.cut(link);
        }
        let store = self.store_id();
        self.nodes[node].stores = copy;
        self.load(node, Some(store));
    }

    /// The row of an entry is found damaged and set aside, as a node does when it meets
    /// one: all else is built anew.
    pub fn lose(&mut self, node: usize, hood: &HoodHash, key: Vec<u8>) -> Result<(), RowsError> {
        for link in self.network.between(node, None) {
            self.cut(link);
        }
        let store = self.store_id();
        let it = &mut self.nodes[node];
        let Some(rows) = it.stores.memory_mut(hood) else { return Ok(()) };
        rows.commit(Writes::from([((Table::Entries, key), None)]));
        let loss = Loss::default().with(Table::Entries);
        if let Some(replayed) = replay(rows, it.engine.me(), store, loss)? {
            rows.commit(replayed.writes);
        }
        it.stores.commits += 1;
        self.load(node, None);
        Ok(())
    }

    pub(super) fn load(&mut self, node: usize, copied: Option<StoreId>) {
        let it = &mut self.nodes[node];
        let mut engine = Engine::new(it.engine.me().clone(), it.name.clone());
        for hood in it.stores.hoods() {
            if let Err(error) = engine.load(&hood, &mut it.stores, copied) {
                tracing::error!(%error, "a simulated device could not be loaded");
            }
        }
        it.engine = engine;
    }

    /// From here on what leaves a device is tampered with.
    pub fn begin_lying(&mut self, node: usize) {
        let it = &mut self.nodes[node];
        it.carrier = Some(Carrier::new(it.engine.me().keys.signing().clone()));
    }

    /// Opens a stream from one device to another.
    pub fn connect(&mut self, from: usize, to: usize) -> u64 {
        let ids = PeerIds {
            initiator: self.nodes[from].peer.clone(),
            responder: self.nodes[to].peer.clone(),
        };
        let open = |world: &mut Self, node: usize, role: Role, ids: PeerIds| -> StreamId {
            let now = world.now(node);
            let it = &mut world.nodes[node];
            it.engine.open_stream(role, ids, now, &mut it.stores, &mut world.rng)
        };
        let responder = open(self, to, Role::Responder, ids.clone());
        let initiator = open(self, from, Role::Initiator, ids);
        let link = self.network.open((from, initiator), (to, responder));
        self.pump(to);
        self.pump(from);
        link
    }

    /// Cuts a stream: both ends notice.
    pub fn cut(&mut self, link: u64) {
        let Some(ends) = self.network.cut(link) else { return };
        for (node, stream) in ends {
            self.nodes[node].engine.drop_stream(stream);
            self.pump(node);
        }
    }

    /// Cuts every stream between two devices.
    pub fn disconnect(&mut self, a: usize, b: usize) {
        for link in self.network.between(a, Some(b)) {
            self.cut(link);
        }
    }

    /// Takes what a device puts out.
    pub fn pump(&mut self, node: usize) {
        while let Some(output) = self.nodes[node].engine.poll_output() {
            match output {
                Output::Send { stream, mut bytes, .. } => {
                    if self.mangled_permille > 0
                        && self.rng.next_u32() % 1_000 < self.mangled_permille
                    {
                        super::carrier::mangle(&mut bytes, &mut self.rng);
                    }
                    let carrier = self.nodes[node].carrier.as_mut();
                    let frames = match carrier {
                        Some(carrier) => carrier.twist(bytes, &mut self.rng),
                        None => vec![bytes],
                    };
                    let delay = 1 + i64::from(self.rng.next_u32() % LATENCY_MS as u32);
                    let arrives = Instant(self.now_ms + delay);
                    for bytes in frames {
                        self.network.send((node, stream), bytes, arrives);
                    }
                }
                Output::Close { stream, .. } => {
                    // What was sent before still arrives; then the other end notices.
                    self.network.close((node, stream));
                }
                Output::Event(event) => {
                    if let Event::CaughtUp { hood, .. } = &event {
                        self.make_whole(node, hood);
                    }
                    self.nodes[node].events.push(event);
                }
            }
        }
    }

    /// What waits for lost entries is tried again, as a node does when a neighbour has
    /// brought what it had.
    fn make_whole(&mut self, node: usize, hood: &HoodHash) {
        let rows = self.nodes[node].stores.memory(hood);
        if rows.is_some_and(|rows| rows.table(Table::Quarantine).next().is_some()) {
            let tried = self.act(node, hood, |replica, tx, _, _| Ok(((), replica.reattach(tx)?)));
            if let Err(error) = tried {
                tracing::debug!(%error, "what waits for lost entries still waits");
            }
        }
    }

    pub(super) fn deliver(&mut self, (node, stream): (usize, StreamId), bytes: &[u8]) {
        let now = self.now(node);
        let it = &mut self.nodes[node];
        it.engine.handle_frame(stream, bytes, now, &mut it.stores, &mut self.rng);
        self.pump(node);
    }

    /// Lets the world go on until nothing more happens by itself within the next few
    /// seconds of its clock, or `limit_ms` have passed. True where it came to rest.
    pub fn run_until_quiescent(&mut self, limit_ms: i64) -> bool {
        let end = self.now_ms + limit_ms;
        let mut busy_until = self.now_ms + 3_000;
        while self.now_ms < end {
            if self.turn() || self.network.next_arrival().is_some() {
                busy_until = self.now_ms + 3_000;
            }
            if self.now_ms >= busy_until {
                return true;
            }
            self.step_clock(end);
        }
        false
    }

    /// Lets the world go on for so long.
    pub fn run_for(&mut self, ms: i64) {
        let end = self.now_ms + ms;
        while self.now_ms < end {
            self.turn();
            self.step_clock(end);
        }
        self.turn();
    }

    /// Delivers what has arrived and tells every device the time; true where that did
    /// anything.
    fn turn(&mut self) -> bool {
        let mut moved = false;
        loop {
            if let Some((end, bytes)) = self.network.receive(Instant(self.now_ms)) {
                self.deliver(end, &bytes);
                moved = true;
            } else if let Some((node, stream)) = self.network.take_closed() {
                self.nodes[node].engine.drop_stream(stream);
                self.pump(node);
            } else {
                break;
            }
        }
        for node in 0..self.nodes.len() {
            let now = self.now(node);
            let it = &mut self.nodes[node];
            if it.engine.next_timeout().is_some_and(|at| at <= now.steady) {
                let commits = it.stores.commits;
                it.engine.handle_timeout(now, &mut it.stores, &mut self.rng);
                moved |= it.stores.commits > commits;
                self.pump(node);
            }
        }
        moved
    }

    /// Moves the clock to the next thing that happens.
    fn step_clock(&mut self, end: i64) {
        let timeouts = self.nodes.iter().filter_map(|node| node.engine.next_timeout());
        let next = timeouts.chain(self.network.next_arrival()).map(|at| at.0).min();
        let next = next.unwrap_or(end).max(self.now_ms + 1);
        self.now_ms = next.min(self.now_ms + 1_000).min(end);
    }

    /// Lets time pass on every clock.
    pub fn advance(&mut self, ms: i64) {
        self.now_ms += ms;
    }
}
