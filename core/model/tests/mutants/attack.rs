//! The attack: mutants given to the gate and to sessions, each within its limits.

use palier_model::engine::{Output, StreamId};
use palier_model::journal::{Author, Run};
use palier_model::keys::{HoodHash, MemberId};
use palier_model::rows::{Tx, Typed};
use palier_model::sync::{PeerIds, Role};
use rand_chacha::ChaCha20Rng;

use crate::bearer;
use crate::frames;
use crate::mutate::below;
use crate::pen::Pen;
use crate::scene::{MALLORY, Scene, VICTIM};

const CPU_LIMIT_MS: u64 = 200;
/// All that one frame may make a device send: both windows, and an answer.
const SENT_LIMIT: usize = 4 << 20;
/// Frames kept as they were sent, for mutants.
const HEARD: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct Totals {
    pub(crate) mutants: u64,
    /// Entries taken in.
    pub(crate) accepted: u64,
    /// Sessions begun.
    pub(crate) sessions: u64,
    /// Applications made by bearers.
    pub(crate) applications: u64,
    /// The slowest mutant.
    pub(crate) slowest_ms: u64,
}

pub(crate) struct Attack<'a> {
    scene: &'a mut Scene,
    rng: ChaCha20Rng,
    pen: Pen,
    heard: Vec<Vec<u8>>,
    /// The victim's end of a stream and the attacker's.
    line: Option<(StreamId, StreamId)>,
    totals: &'a mut Totals,
}

/// CPU of this thread in ms.
fn cpu_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    stat.split(' ').next().and_then(|ns| ns.parse::<u64>().ok()).unwrap_or(0) / 1_000_000
}

impl<'a> Attack<'a> {
    pub(crate) fn new(scene: &'a mut Scene, rng: ChaCha20Rng, totals: &'a mut Totals) -> Self {
        let it = &scene.world.nodes[MALLORY];
        let replica = it.engine.replica(&scene.hood).expect("a member");
        let (me, own) = (replica.me(), replica.own());
        let author = Author {
            device: me.keys.id(),
            signing: me.keys.signing().clone(),
            incarnation: own.incarnation,
            act: own.act,
            certificate: me.certificate,
        };
        let rows = it.stores.memory(&scene.hood).expect("rows");
        let pen = Pen::new(rows, author, scene.hood);
        Self { scene, rng, pen, heard: Vec::new(), line: None, totals }
    }

    /// One mutant.
    pub(crate) fn mutant(&mut self) {
        self.totals.mutants += 1;
        let before = cpu_ms();
        let entries = self.entries();
        match below(&mut self.rng, 100) {
            0..35 => self.at_the_gate(),
            35..98 => self.on_a_session(),
            98 => self.as_a_bearer(),
            _ => self.time(),
        }
        let spent = cpu_ms() - before;
        self.totals.slowest_ms = self.totals.slowest_ms.max(spent);
        self.totals.accepted += self.entries() - entries;
    }

    fn entries(&self) -> u64 {
        let rows = self.scene.world.nodes[VICTIM].stores.memory(&self.scene.hood).expect("rows");
        palier_model::journal::position(&Tx::new(rows)).expect("rows").n
    }

    /// Within the limit of CPU; what the victim puts out is counted and thrown away.
    fn measured(&mut self, what: &str, act: impl FnOnce(&mut Self)) {
        let before = cpu_ms();
        act(self);
        let spent = cpu_ms() - before;
        assert!(spent < CPU_LIMIT_MS, "{what}: {spent} ms");
        let mut sent = 0;
        while let Some(output) = self.scene.world.nodes[VICTIM].engine.poll_output() {
            if let Output::Send { bytes, .. } = output {
                sent += bytes.len();
            }
        }
        assert!(sent < SENT_LIMIT, "{what}: {sent} bytes sent");
    }

    /// Runs straight to the gate; gives the CPU in ms, and how many entries were taken.
    pub(crate) fn take(&mut self, runs: &[Run]) -> (u64, u64) {
        let (before, entries) = (cpu_ms(), self.entries());
        let hood = self.scene.hood;
        let now = self.scene.world.now(VICTIM);
        let victim = &mut self.scene.world.nodes[VICTIM];
        let taken = victim.engine.act(&hood, now, &mut victim.stores, |replica, tx| {
            let taken = replica.take(tx, runs)?;
            Ok(((), taken.changes))
        });
        taken.expect("the store stays readable");
        (cpu_ms() - before, self.entries() - entries)
    }

    /// Whether the victim has such a row.
    pub(crate) fn victim_has<T: Typed>(&self, key: &T::Key) -> bool {
        let rows = self.scene.world.nodes[VICTIM].stores.memory(&self.scene.hood).expect("rows");
        Tx::new(rows).has::<T>(key).expect("rows")
    }

    /// Who signs.
    pub(crate) fn author(&self) -> &Author {
        self.pen.author()
    }

    pub(crate) fn hood(&self) -> HoodHash {
        self.scene.hood
    }

    pub(crate) fn member(&self) -> MemberId {
        self.scene.world.nodes[MALLORY].engine.me().member
    }

    /// A run straight to the gate, as from a bundle.
    fn at_the_gate(&mut self) {
        let rows = self.scene.world.nodes[VICTIM].stores.memory(&self.scene.hood).expect("rows");
        let bytes = self.pen.run(&mut self.rng, rows);
        self.measured("a run", |it| {
            let Ok(run) = Run::from_bytes(&bytes) else { return };
            it.take(&[run]);
        });
    }

    fn on_a_session(&mut self) {
        let is_over = self
            .line
            .is_none_or(|(victim, _)| !self.scene.world.nodes[VICTIM].engine.has_stream(victim));
        if is_over || below(&mut self.rng, 200) == 0 {
            self.begin();
        }
        let Some((stream, _)) = self.line else { return };
        let rows = self.scene.world.nodes[VICTIM].stores.memory(&self.scene.hood).expect("rows");
        let bytes = frames::bytes(&mut self.rng, &self.pen, rows, &self.heard);
        let what = format!("a frame of type {:02x?}, {} bytes", bytes.first(), bytes.len());
        self.measured(&what, |it| it.deliver(stream, &bytes));
    }

    fn deliver(&mut self, stream: StreamId, bytes: &[u8]) {
        let world = &mut self.scene.world;
        let now = world.now(VICTIM);
        let victim = &mut world.nodes[VICTIM];
        victim.engine.handle_frame(stream, bytes, now, &mut victim.stores, &mut world.rng);
    }

    /// A new session, led honestly so far as chance says.
    fn begin(&mut self) {
        self.drop_line();
        self.totals.sessions += 1;
        let world = &mut self.scene.world;
        let initiates = below(&mut self.rng, 2) == 0;
        let (mine, its) = if initiates {
            (Role::Initiator, Role::Responder)
        } else {
            (Role::Responder, Role::Initiator)
        };
        let peers = PeerIds { initiator: vec![1; 38], responder: vec![2; 38] };
        let mut open = |node: usize, role| {
            let now = world.now(node);
            let it = &mut world.nodes[node];
            it.engine.open_stream(role, peers.clone(), now, &mut it.stores, &mut world.rng)
        };
        let line = (open(VICTIM, its), open(MALLORY, mine));
        self.line = Some(line);
        let steps = if below(&mut self.rng, 6) == 0 { below(&mut self.rng, 6) } else { 40 };
        for _ in 0..steps {
            if !self.honest_step(line) {
                break;
            }
        }
    }

    /// Carries what both sides have to say; false where they are silent.
    fn honest_step(&mut self, (victim, mallory): (StreamId, StreamId)) -> bool {
        let mut moved = false;
        for (from, to, end) in [(MALLORY, VICTIM, victim), (VICTIM, MALLORY, mallory)] {
            let mut sent = Vec::new();
            while let Some(output) = self.scene.world.nodes[from].engine.poll_output() {
                if let Output::Send { stream, bytes, .. } = output
                    && (stream == victim && from == VICTIM || stream == mallory && from == MALLORY)
                {
                    sent.push(bytes);
                }
            }
            for bytes in sent {
                moved = true;
                if to == VICTIM {
                    if self.heard.len() >= HEARD {
                        let at = below(&mut self.rng, HEARD);
                        self.heard.swap_remove(at);
                    }
                    self.heard.push(bytes.clone());
                }
                let world = &mut self.scene.world;
                let now = world.now(to);
                let it = &mut world.nodes[to];
                it.engine.handle_frame(end, &bytes, now, &mut it.stores, &mut world.rng);
            }
        }
        moved
    }

    fn as_a_bearer(&mut self) {
        self.totals.applications += 1;
        let rows = self.scene.world.nodes[VICTIM].stores.memory(&self.scene.hood).expect("rows");
        let foreign = self.pen.run(&mut self.rng, rows);
        let mut rng = self.rng.clone();
        self.measured("a bearer", |it| bearer::apply(it.scene, &mut rng, &foreign));
        self.rng = rng;
    }

    /// Some time passes on the victim's clock.
    fn time(&mut self) {
        let ms = [10, 200, 5_000, 61_000][below(&mut self.rng, 4)];
        self.scene.world.advance(ms);
        self.measured("time", |it| {
            let world = &mut it.scene.world;
            let now = world.now(VICTIM);
            let victim = &mut world.nodes[VICTIM];
            victim.engine.handle_timeout(now, &mut victim.stores, &mut world.rng);
        });
    }

    fn drop_line(&mut self) {
        if let Some((victim, mallory)) = self.line.take() {
            self.scene.world.nodes[VICTIM].engine.drop_stream(victim);
            self.scene.world.nodes[MALLORY].engine.drop_stream(mallory);
        }
        for node in [VICTIM, MALLORY] {
            while self.scene.world.nodes[node].engine.poll_output().is_some() {}
        }
    }

    /// The attacker goes away.
    pub(crate) fn end(mut self) {
        self.drop_line();
    }
}
