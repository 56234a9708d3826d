//! A few nodes and the connections between them. One step delivers what is in flight in
//! one direction or the other: half a round trip.

use std::collections::VecDeque;

use ed25519_dalek::SigningKey;

use super::super::*;
use crate::journal::{
    Author, Class, Descriptor, LogStart, Owner, Right, Rights, Tip, Verdict, accept, append, kind,
    position,
};
use crate::keys::{DeviceId, EntryHash, HoodId, LogId, MemberId};
use crate::rows::{MemoryRows, Table, Tx};
use crate::time::Instant;

pub(super) const HOOD: HoodId = HoodId([0x11; 32]);

/// Who may write: everyone, but for devices named here.
#[derive(Clone, Default)]
pub(super) struct Doorman {
    pub(super) unknown: Vec<DeviceId>,
    pub(super) refused: Vec<DeviceId>,
    pub(super) cap: Option<u64>,
}

impl Rights for Doorman {
    fn may_open(&self, _: &LogId, start: &LogStart) -> Right {
        if self.unknown.contains(&start.device) {
            Right::UnknownAuthor
        } else if self.refused.contains(&start.device) {
            Right::Refused("test.refused")
        } else {
            Right::Granted
        }
    }

    fn cap(&self, _: Class) -> u64 {
        self.cap.unwrap_or(crate::journal::limits::LOG_ENTRIES)
    }

    fn closing(&self, _: &LogId, _: &LogStart) -> Option<Tip> {
        None
    }
}

pub(super) struct Node {
    pub(super) rows: MemoryRows,
    pub(super) author: Author,
    pub(super) store: StoreId,
    pub(super) rights: Doorman,
    pub(super) fetches: FetchBook,
    pub(super) caught_up: u32,
    pub(super) peer_read: u64,
    pub(super) accepts: Vec<Vec<Verdict>>,
    pub(super) others: Vec<String>,
    pub(super) blob_bytes: usize,
    pub(super) live: Interest,
    sessions: u64,
}

impl Node {
    pub(super) fn new(n: u8) -> Self {
        let signing = SigningKey::from_bytes(&[n; 32]);
        let device = DeviceId(signing.verifying_key().to_bytes());
        let author =
            Author { device, signing, incarnation: 0, act: EntryHash::ZERO, certificate: None };
        Self {
            rows: MemoryRows::default(),
            author,
            store: StoreId([n; 16]),
            rights: Doorman::default(),
            fetches: FetchBook::default(),
            caught_up: 0,
            peer_read: 0,
            accepts: Vec::new(),
            others: Vec::new(),
            blob_bytes: 0,
            live: Interest::full(),
            sessions: 0,
        }
    }

    pub(super) fn owner(&self) -> Owner {
        Owner::Member(MemberId(self.author.device.0))
    }

    pub(super) fn object(&self, number: u64) -> Descriptor {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&number.to_be_bytes());
        Descriptor::object(HOOD.hash(), self.owner(), id)
    }

    /// Writes entries of `size` bytes of noise into a document.
    pub(super) fn write(&mut self, descriptor: &Descriptor, entries: usize, size: usize) {
        let mut tx = Tx::new(&self.rows);
        for entry in 0..entries {
            let seed = blake3::hash(&position(&tx).unwrap().hash);
            let mut payload = vec![0; size];
            blake3::Hasher::new()
                .update(seed.as_bytes())
                .update(&entry.to_le_bytes())
                .finalize_xof()
                .fill(&mut payload);
            append(&mut tx, &self.author, descriptor, kind::CHANGE, |_| payload).unwrap();
        }
        let writes = tx.into_writes();
        self.rows.commit(writes);
    }

    /// Writes `entries` into each of the objects numbered so.
    pub(super) fn write_objects(&mut self, numbers: std::ops::Range<u64>, entries: usize) {
        for number in numbers {
            let descriptor = self.object(number);
            self.write(&descriptor, entries, 100);
        }
    }

    pub(super) fn charter(&mut self, entries: usize) {
        self.write(&Descriptor::charter(HOOD.hash()), entries, 60);
    }

    /// The set of entries held, as it lies on disk.
    pub(super) fn entries(&self) -> Vec<Vec<u8>> {
        self.rows.table(Table::EntryPlaces).map(|(key, _)| key.clone()).collect()
    }

    /// Takes over everything another holds, as if synced long ago.
    pub(super) fn copy_of(&mut self, other: &Self) {
        self.rows = other.rows.clone();
        let mut tx = Tx::new(&self.rows);
        for table in [Table::OwnLogs, Table::Cursors] {
            for (key, _) in other.rows.table(table) {
                tx.delete_raw(table, key.clone());
            }
        }
        let writes = tx.into_writes();
        self.rows.commit(writes);
    }

    /// One side of a new connection.
    pub(super) fn session(&mut self, now: Instant, role: Role, peers: &PeerIds) -> Session {
        self.sessions += 1;
        let credential = Credential {
            key: MeetKey::Hood(HOOD),
            member: MemberId(self.author.device.0),
            certificate: vec![1; 200],
            expect: None,
        };
        let mut seed = [0; 32];
        seed[0] = self.author.device.0[0];
        seed[1..9].copy_from_slice(&self.sessions.to_le_bytes());
        seed[9] = u8::from(role == Role::Initiator);
        let config = Config {
            id: SessionId(self.sessions),
            role,
            peers: peers.clone(),
            credentials: vec![credential],
            signing: self.author.signing.clone(),
            seed,
        };
        Session::new(now, config)
    }
}

pub(super) fn with_context<T>(
    node: &mut Node,
    now: Instant,
    act: impl FnOnce(&mut Context<'_>) -> T,
) -> T {
    let check = |_: &MeetKey, _: &Peer| true;
    act(&mut Context { now, rows: &node.rows, check: &check, fetches: &mut node.fetches })
}

/// Does what a session asks for; gives the frames it sends.
pub(super) fn drain(node: &mut Node, session: &mut Session, now: Instant) -> (Vec<Vec<u8>>, bool) {
    let mut frames = Vec::new();
    let mut accepted_any = false;
    while let Some(effect) = session.poll_effect() {
        match effect {
            Effect::Send(bytes) => {
                assert!(bytes.len() <= limits::FRAME_BYTES, "a frame of {} bytes", bytes.len());
                frames.push(bytes);
            }
            Effect::Met { .. } => {
                let open =
                    Open { store: node.store, interest: node.live.clone(), hears_only: false };
                with_context(node, now, |context| session.open(open, context));
            }
            Effect::Accept { ticket, runs } => {
                let mut tx = Tx::new(&node.rows);
                let from = position(&tx).unwrap().n;
                let verdicts: Vec<_> =
                    runs.iter().map(|run| accept(&mut tx, &node.rights, run).unwrap()).collect();
                let to = position(&tx).unwrap();
                let writes = tx.into_writes();
                node.rows.commit(writes);
                accepted_any |= to.n > from;
                node.accepts.push(verdicts.clone());
                let accepted = Accepted { verdicts, from, to };
                with_context(node, now, |context| session.on_accepted(ticket, &accepted, context));
            }
            Effect::SaveCursor { device, row } => {
                let mut tx = Tx::new(&node.rows);
                cursor::save(&mut tx, &device, &row);
                let writes = tx.into_writes();
                node.rows.commit(writes);
            }
            Effect::CaughtUp { .. } => node.caught_up += 1,
            Effect::PeerRead { n } => node.peer_read = n,
            Effect::BlobChunk { blob, size, chunks, index, bytes } => {
                node.blob_bytes += bytes.len();
                let mut tx = Tx::new(&node.rows);
                blob::put_chunk(&mut tx, &blob, size, &chunks, index, &bytes).unwrap();
                let writes = tx.into_writes();
                node.rows.commit(writes);
            }
            other => node.others.push(format!("{other:?}")),
        }
    }
    (frames, accepted_any)
}

pub(super) struct Wire {
    pub(super) a: usize,
    pub(super) b: usize,
    pub(super) at_a: Session,
    pub(super) at_b: Session,
    to_a: VecDeque<Vec<u8>>,
    to_b: VecDeque<Vec<u8>>,
    /// Frames it still carries.
    pub(super) budget: Option<usize>,
    pub(super) carried: usize,
}

pub(super) struct World {
    pub(super) now: Instant,
    pub(super) nodes: Vec<Node>,
    pub(super) wires: Vec<Wire>,
    /// Steps in which something arrived.
    pub(super) trips: u32,
}

impl World {
    pub(super) fn new(nodes: u8) -> Self {
        let nodes = (1..=nodes).map(Node::new).collect();
        Self { now: Instant(1_700_000_000_000), nodes, wires: Vec::new(), trips: 0 }
    }

    /// Connects two nodes and lets them meet.
    pub(super) fn connect(&mut self, a: usize, b: usize) -> usize {
        self.connect_for(a, b, None)
    }

    pub(super) fn connect_for(&mut self, a: usize, b: usize, budget: Option<usize>) -> usize {
        let peers = PeerIds { initiator: vec![a as u8; 38], responder: vec![b as u8; 38] };
        let at_a = self.nodes[a].session(self.now, Role::Initiator, &peers);
        let at_b = self.nodes[b].session(self.now, Role::Responder, &peers);
        let (to_a, to_b) = (VecDeque::new(), VecDeque::new());
        self.wires.push(Wire { a, b, at_a, at_b, to_a, to_b, budget, carried: 0 });
        self.collect();
        self.wires.len() - 1
    }

    /// Takes all wires away, as when the network goes.
    pub(super) fn cut(&mut self) {
        for wire in std::mem::take(&mut self.wires) {
            for (node, mut session) in [(wire.a, wire.at_a), (wire.b, wire.at_b)] {
                let fetches = &mut self.nodes[node].fetches;
                session.close(CloseReason::Cut, fetches);
            }
        }
    }

    pub(super) fn write(&mut self, node: usize, act: impl FnOnce(&mut Node)) {
        act(&mut self.nodes[node]);
        self.tell(node);
    }

    fn tell(&mut self, node: usize) {
        for wire in &mut self.wires {
            if wire.a == node {
                wire.at_a.handle_local(self.now);
            }
            if wire.b == node {
                wire.at_b.handle_local(self.now);
            }
        }
    }

    fn collect(&mut self) {
        let mut changed = Vec::new();
        for wire in &mut self.wires {
            let (frames, accepted) = drain(&mut self.nodes[wire.a], &mut wire.at_a, self.now);
            wire.to_b.extend(frames);
            if accepted {
                changed.push(wire.a);
            }
            let (frames, accepted) = drain(&mut self.nodes[wire.b], &mut wire.at_b, self.now);
            wire.to_a.extend(frames);
            if accepted {
                changed.push(wire.b);
            }
        }
        for node in changed {
            self.tell(node);
        }
    }

    /// Delivers what is in flight now; what is sent in answer waits for the next step.
    /// False where nothing was.
    pub(super) fn step(&mut self) -> bool {
        let mut any = false;
        let mut changed = Vec::new();
        self.now = self.now.plus_ms(1);
        for wire in &mut self.wires {
            let to_b = std::mem::take(&mut wire.to_b);
            let to_a = std::mem::take(&mut wire.to_a);
            let both =
                to_b.into_iter().map(|f| (true, f)).chain(to_a.into_iter().map(|f| (false, f)));
            for (is_b, bytes) in both {
                if let Some(budget) = &mut wire.budget {
                    if *budget == 0 {
                        break;
                    }
                    *budget -= 1;
                }
                any = true;
                wire.carried += 1;
                let (node, session) = if is_b {
                    (&mut self.nodes[wire.b], &mut wire.at_b)
                } else {
                    (&mut self.nodes[wire.a], &mut wire.at_a)
                };
                with_context(node, self.now, |context| session.handle_frame(&bytes, context));
                // As the node does: what a frame asks for is done before the next.
                let (frames, accepted) = drain(node, session, self.now);
                if accepted {
                    changed.push(if is_b { wire.b } else { wire.a });
                }
                if is_b { &mut wire.to_a } else { &mut wire.to_b }.extend(frames);
            }
        }
        for node in changed {
            self.tell(node);
        }
        self.timers();
        self.collect();
        if any {
            self.trips += 1;
        }
        any
    }

    pub(super) fn timers(&mut self) {
        for wire in &mut self.wires {
            for (node, session) in [(wire.a, &mut wire.at_a), (wire.b, &mut wire.at_b)] {
                if session.next_timeout().is_some_and(|at| at <= self.now) {
                    with_context(&mut self.nodes[node], self.now, |c| session.handle_timeout(c));
                }
            }
        }
    }

    /// Steps until nothing is in flight and nothing falls due within ten seconds.
    pub(super) fn settle(&mut self) {
        self.settle_within(10_000);
    }

    pub(super) fn settle_within(&mut self, horizon_ms: i64) {
        for _ in 0..200_000 {
            if self.step() {
                continue;
            }
            let until = self.now.plus_ms(horizon_ms);
            let next = self
                .wires
                .iter()
                .flat_map(|wire| [wire.at_a.next_timeout(), wire.at_b.next_timeout()])
                .flatten()
                .filter(|at| *at <= until)
                .min();
            match next {
                Some(at) => {
                    self.now = at.max(self.now);
                    self.timers();
                    self.collect();
                }
                None => return,
            }
        }
        panic!("never quiet");
    }

    /// Steps only while something is in flight.
    pub(super) fn flow(&mut self) {
        while self.step() {}
    }

    pub(super) fn assert_equal(&self) {
        let first = self.nodes[0].entries();
        for (n, node) in self.nodes.iter().enumerate().skip(1) {
            let here = node.entries();
            assert!(first == here, "node 0 has {}, node {n} has {}", first.len(), here.len());
        }
    }
}
