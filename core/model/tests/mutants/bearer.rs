//! A bearer of an invitation whose application is not what it should be.

use std::collections::VecDeque;

use palier_model::codec;
use palier_model::engine::Output;
use palier_model::journal::{
    Author, Descriptor, Run, accept, append, entry, kind, logs_of_document,
};
use palier_model::keys::{DeviceKeys, EntryHash, Phrase};
use palier_model::rows::{MemoryRows, Tx};
use palier_model::sync::{
    Accepted, Config, Context, Credential, Effect, FetchBook, JoinForm, MeetKey, Peer, PeerIds,
    Role, Session, SessionId,
};
use rand_chacha::ChaCha20Rng;

use crate::mutate::{below, mutate};
use crate::scene::{Scene, VICTIM};

struct Stranger {
    rows: MemoryRows,
    session: Session,
    fetches: FetchBook,
    identity: Vec<Run>,
}

/// Meets the victim on its invitation, takes its welcome, and applies.
pub(crate) fn apply(scene: &mut Scene, rng: &mut ChaCha20Rng, foreign: &[u8]) {
    let peers = PeerIds { initiator: vec![3; 38], responder: vec![2; 38] };
    let mut stranger = stranger(scene, rng, &peers);
    let now = scene.world.now(VICTIM);
    let victim = &mut scene.world.nodes[VICTIM];
    let at_victim = victim.engine.open_stream(
        Role::Responder,
        peers,
        now,
        &mut victim.stores,
        &mut scene.world.rng,
    );
    for _ in 0..40 {
        let mut to_victim = VecDeque::new();
        while let Some(effect) = stranger.session.poll_effect() {
            if let Effect::Send(bytes) = effect {
                to_victim.push_back(bytes);
            } else {
                stranger.does(effect, scene, rng, foreign);
            }
        }
        if below(rng, 30) == 0
            && let Some(bytes) = to_victim.front_mut()
        {
            mutate(rng, bytes, &[], &[], 100_000);
        }
        let mut moved = !to_victim.is_empty();
        for bytes in to_victim {
            let victim = &mut scene.world.nodes[VICTIM];
            let rng = &mut scene.world.rng;
            victim.engine.handle_frame(at_victim, &bytes, now, &mut victim.stores, rng);
        }
        while let Some(output) = scene.world.nodes[VICTIM].engine.poll_output() {
            if let Output::Send { stream, bytes, .. } = output
                && stream == at_victim
            {
                moved = true;
                stranger.with(|session, context| session.handle_frame(&bytes, context), now.steady);
            }
        }
        if !moved {
            break;
        }
    }
    scene.world.nodes[VICTIM].engine.drop_stream(at_victim);
}

fn stranger(scene: &Scene, rng: &mut ChaCha20Rng, peers: &PeerIds) -> Stranger {
    let phrase = Phrase::generate(rng);
    let keys = DeviceKeys::generate(rng);
    let certificate = phrase.member_key().certify_device(&keys.id(), &keys.agreement_public());
    let author = Author {
        device: keys.id(),
        signing: keys.signing().clone(),
        incarnation: 0,
        act: EntryHash::ZERO,
        certificate: Some(certificate),
    };
    let mut rows = MemoryRows::default();
    let mut tx = Tx::new(&rows);
    let identity = Descriptor::identity(scene.hood, certificate.member);
    append(&mut tx, &author, &identity, kind::identity::EPOCH, |_| vec![0; 60]).expect("fits");
    let log = logs_of_document(&tx, &identity.id()).expect("rows")[0];
    let entry0 = entry(&tx, &EntryHash(log.0)).expect("rows").expect("held");
    let runs = Run::collect(&tx, &log, &[], 1 << 16).expect("rows");
    let writes = tx.into_writes();
    rows.commit(writes);
    let credential = Credential {
        key: MeetKey::Invitation(scene.invitation.secret),
        member: certificate.member,
        certificate: codec::encode(&entry0),
        expect: None,
    };
    let config = Config {
        id: SessionId(1),
        role: Role::Initiator,
        peers: peers.clone(),
        credentials: vec![credential],
        signing: keys.signing().clone(),
        seed: keys.id().0,
    };
    let session = Session::new(scene.world.now(VICTIM).steady, config);
    Stranger { rows, session, fetches: FetchBook::default(), identity: runs }
}

impl Stranger {
    fn with(
        &mut self,
        act: impl FnOnce(&mut Session, &mut Context<'_>),
        now: palier_model::time::Instant,
    ) {
        let check = |_: &MeetKey, _: &Peer| true;
        let fetches = &mut self.fetches;
        let mut context = Context { now, rows: &self.rows, check: &check, fetches };
        act(&mut self.session, &mut context);
    }

    fn does(&mut self, effect: Effect, scene: &Scene, rng: &mut ChaCha20Rng, foreign: &[u8]) {
        match effect {
            Effect::Met { .. } => {
                self.session.open_bearer(scene.invitation.hood, scene.invitation.act);
            }
            Effect::Accept { ticket, runs } => {
                let replica = scene.world.nodes[VICTIM].engine.replica(&scene.hood);
                let rights = replica.expect("a member").authority();
                let mut tx = Tx::new(&self.rows);
                let verdicts =
                    runs.iter().map(|run| accept(&mut tx, rights, run).expect("rows")).collect();
                let writes = tx.into_writes();
                self.rows.commit(writes);
                let accepted = Accepted { verdicts, ..Accepted::default() };
                let now = scene.world.now(VICTIM).steady;
                self.with(|session, context| session.on_accepted(ticket, &accepted, context), now);
            }
            Effect::WelcomeDone => {
                let mut runs = self.identity.clone();
                match below(rng, 5) {
                    0 => runs.extend(Run::from_bytes(foreign)),
                    1 => runs.reverse(),
                    2 => runs = Run::from_bytes(foreign).into_iter().collect(),
                    3 => {
                        for run in &mut runs {
                            for it in &mut run.entries {
                                mutate(rng, &mut it.payload, &[], &[], 60_000);
                            }
                        }
                    }
                    _ => runs = runs.iter().cycle().take(40).cloned().collect(),
                }
                let name = "é".repeat(below(rng, 128));
                let home = "\u{202e}\0".repeat(below(rng, 60));
                let languages = vec!["fr".repeat(below(rng, 100)); below(rng, 17)];
                let form = JoinForm { name, home, languages };
                self.session.apply(&runs, form, &mut self.fetches);
            }
            _ => {}
        }
    }
}
