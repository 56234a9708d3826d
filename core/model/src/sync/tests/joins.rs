//! Invitations and device links.

use std::collections::VecDeque;

use super::super::*;
use super::world::{HOOD, Node, drain, with_context};
use crate::codec;
use crate::journal::{Descriptor, Run, kind, log_row};
use crate::keys::{DeviceId, EntryHash, LogId, MemberId, Phrase};
use crate::rows::Tx;
use crate::time::Instant;

const SECRET: [u8; 32] = [0x42; 32];
const NOW: Instant = Instant(1_700_000_000_000);

struct Pair {
    bearer: Node,
    redeemer: Node,
    at_bearer: Session,
    at_redeemer: Session,
    act: EntryHash,
    log: LogId,
    applications: Vec<Application>,
    answers: Vec<JoinAnswer>,
    closed: Vec<CloseReason>,
}

fn form() -> JoinForm {
    JoinForm {
        name: "Amina".into(),
        home: "B, 3e gauche".into(),
        languages: vec!["fr".into(), "ar".into()],
    }
}

/// A bearer with an identity log that its phrase certified, and a redeemer with a charter.
fn pair() -> Pair {
    let mut bearer = Node::new(1);
    let mut redeemer = Node::new(2);
    let certificate =
        Phrase::from_entropy([50; 16]).member_key().certify_device(&bearer.author.device, &[7; 32]);
    let member = certificate.member;
    bearer.author.certificate = Some(certificate);
    let identity = Descriptor::identity(HOOD.hash(), member);
    bearer.write(&identity, 1, 40);
    redeemer.charter(200);
    redeemer.write_objects(0..20, 3);
    let tx = Tx::new(&redeemer.rows);
    let log =
        crate::journal::logs_of_document(&tx, &Descriptor::charter(HOOD.hash()).id()).unwrap()[0];
    let act = log_row(&tx, &log).unwrap().unwrap().tips[0].hash;
    let tx = Tx::new(&bearer.rows);
    let own = crate::journal::logs_of_document(&tx, &identity.id()).unwrap()[0];
    let entry0 = crate::journal::entry(&tx, &EntryHash(own.0)).unwrap().unwrap();
    let certificate = codec::encode(&entry0);
    assert!(certificate.len() <= limits::CERTIFICATE_BYTES, "{}", certificate.len());
    let peers = PeerIds { initiator: vec![1; 38], responder: vec![2; 38] };
    let config = |node: &Node, role, member, certificate, expect| Config {
        id: SessionId(1),
        role,
        peers: peers.clone(),
        credentials: vec![Credential {
            key: MeetKey::Invitation(SECRET),
            member,
            certificate,
            expect,
        }],
        signing: node.author.signing.clone(),
        seed: node.author.device.0,
    };
    let to = Some(redeemer.author.device);
    let at_bearer = Session::new(NOW, config(&bearer, Role::Initiator, member, certificate, to));
    let at_redeemer =
        Session::new(NOW, config(&redeemer, Role::Responder, MemberId::ZERO, vec![], None));
    Pair {
        bearer,
        redeemer,
        at_bearer,
        at_redeemer,
        act,
        log,
        applications: Vec::new(),
        answers: Vec::new(),
        closed: Vec::new(),
    }
}

impl Pair {
    /// Runs the join as two nodes would; `act` is the first act on the invitation.
    fn run(&mut self, invited_to: EntryHash) {
        let (mut to_redeemer, mut to_bearer) = (VecDeque::new(), VecDeque::new());
        to_redeemer.extend(self.drain(true, invited_to));
        loop {
            let (is_bearer, bytes) = if let Some(bytes) = to_redeemer.pop_front() {
                (false, bytes)
            } else if let Some(bytes) = to_bearer.pop_front() {
                (true, bytes)
            } else {
                return;
            };
            let (node, session) = if is_bearer {
                (&mut self.bearer, &mut self.at_bearer)
            } else {
                (&mut self.redeemer, &mut self.at_redeemer)
            };
            let check =
                |_: &MeetKey, peer: &Peer| is_bearer || bearer_entry(peer, &HOOD.hash()).is_some();
            let mut context =
                Context { now: NOW, rows: &node.rows, check: &check, fetches: &mut node.fetches };
            session.handle_frame(&bytes, &mut context);
            let sent = self.drain(is_bearer, invited_to);
            if is_bearer { &mut to_redeemer } else { &mut to_bearer }.extend(sent);
        }
    }

    fn drain(&mut self, is_bearer: bool, invited_to: EntryHash) -> Vec<Vec<u8>> {
        let (node, session) = if is_bearer {
            (&mut self.bearer, &mut self.at_bearer)
        } else {
            (&mut self.redeemer, &mut self.at_redeemer)
        };
        let mut frames = Vec::new();
        while let Some(effect) = session.poll_effect() {
            match effect {
                Effect::Send(bytes) => frames.push(bytes),
                Effect::Met { .. } if is_bearer => session.open_bearer(HOOD.hash(), invited_to),
                Effect::Met { .. } => {
                    let welcome = Welcome {
                        hood: HOOD,
                        log: self.log,
                        act: self.act,
                        hood_name: "Les Érables".into(),
                    };
                    with_context(node, NOW, |c| session.open_redeemer(welcome, c));
                }
                Effect::Accept { ticket, runs } => {
                    let mut tx = Tx::new(&node.rows);
                    let verdicts = runs
                        .iter()
                        .map(|run| crate::journal::accept(&mut tx, &node.rights, run).unwrap())
                        .collect();
                    let writes = tx.into_writes();
                    node.rows.commit(writes);
                    let accepted = Accepted { verdicts, ..Accepted::default() };
                    with_context(node, NOW, |c| session.on_accepted(ticket, &accepted, c));
                }
                Effect::WelcomeDone => {
                    let tx = Tx::new(&node.rows);
                    let member = node.author.certificate.unwrap().member;
                    let document = Descriptor::identity(HOOD.hash(), member).id();
                    let log = crate::journal::logs_of_document(&tx, &document).unwrap()[0];
                    let runs = Run::collect(&tx, &log, &[], 1 << 17).unwrap();
                    session.apply(&runs, form(), &mut node.fetches);
                }
                Effect::Application(application) => {
                    self.applications.push(*application);
                    session.admit_result(JoinAnswer::AwaitingApproval, &mut node.fetches);
                }
                Effect::JoinAnswered(answer) => self.answers.push(answer),
                Effect::Close(reason) => self.closed.push(reason),
                Effect::Welcomed(_) => {}
                other => panic!("{other:?}"),
            }
        }
        frames
    }
}

#[test]
fn a_bearer_learns_the_charter_applies_and_is_answered() {
    let mut pair = pair();
    let act = pair.act;
    pair.run(act);
    assert_eq!(pair.answers, [JoinAnswer::AwaitingApproval]);
    let application = &pair.applications[0];
    assert_eq!(application.form, form());
    assert_eq!(application.invitation, *blake3::hash(&SECRET).as_bytes());
    assert_eq!(application.identity[0].entries.len(), 2);
    assert_eq!(pair.closed, [CloseReason::Done, CloseReason::Done]);
    // Charter yes, objects no: it is no member yet.
    let tx = Tx::new(&pair.bearer.rows);
    assert!(log_row(&tx, &pair.log).unwrap().is_some());
    let object = pair.redeemer.object(1).id();
    assert!(crate::journal::logs_of_document(&tx, &object).unwrap().is_empty());
}

#[test]
fn a_bearer_does_not_join_another_neighbourhood_than_it_was_invited_to() {
    let mut pair = pair();
    pair.run(EntryHash([3; 32]));
    assert!(pair.applications.is_empty());
    assert!(pair.closed.contains(&CloseReason::Misbehaved));
}

#[test]
fn a_bearer_whose_device_its_phrase_did_not_certify_is_told_no() {
    let mut pair = pair();
    let mut stranger = Node::new(3);
    stranger.author.certificate = pair.bearer.author.certificate;
    // Another device shows the first one's certificate.
    let tx = Tx::new(&pair.bearer.rows);
    let member = pair.bearer.author.certificate.unwrap().member;
    let document = Descriptor::identity(HOOD.hash(), member).id();
    let own = crate::journal::logs_of_document(&tx, &document).unwrap()[0];
    let entry0 = crate::journal::entry(&tx, &EntryHash(own.0)).unwrap().unwrap();
    let config = Config {
        id: SessionId(1),
        role: Role::Initiator,
        peers: PeerIds { initiator: vec![1; 38], responder: vec![2; 38] },
        credentials: vec![Credential {
            key: MeetKey::Invitation(SECRET),
            member,
            certificate: codec::encode(&entry0),
            expect: None,
        }],
        signing: stranger.author.signing.clone(),
        seed: [8; 32],
    };
    pair.at_bearer = Session::new(NOW, config);
    let act = pair.act;
    pair.run(act);
    assert_eq!(pair.closed, [CloseReason::NotMet, CloseReason::NotMet]);
}

#[test]
fn a_certificate_for_another_neighbourhood_is_none_for_this() {
    let pair = pair();
    let tx = Tx::new(&pair.bearer.rows);
    let member = pair.bearer.author.certificate.unwrap().member;
    let document = Descriptor::identity(HOOD.hash(), member).id();
    let own = crate::journal::logs_of_document(&tx, &document).unwrap()[0];
    let entry0 = crate::journal::entry(&tx, &EntryHash(own.0)).unwrap().unwrap();
    let device = pair.bearer.author.device;
    let peer = Peer { member, device, certificate: codec::encode(&entry0) };
    assert!(bearer_entry(&peer, &HOOD.hash()).is_some());
    assert!(bearer_entry(&peer, &crate::keys::HoodHash([4; 32])).is_none());
    let other = Peer { device: DeviceId([4; 32]), ..peer.clone() };
    assert!(bearer_entry(&other, &HOOD.hash()).is_none());
    let other = Peer { member: MemberId([4; 32]), ..peer };
    assert!(bearer_entry(&other, &HOOD.hash()).is_none());
    assert_eq!(entry0.header.kind, kind::LOG_START);
}

#[test]
fn messages_of_a_link_pass_sealed_and_in_order() {
    let (mut a, mut b) = (Node::new(1), Node::new(2));
    let peers = PeerIds { initiator: vec![1; 38], responder: vec![2; 38] };
    let session = |node: &Node, role| {
        let config = Config {
            id: SessionId(1),
            role,
            peers: peers.clone(),
            credentials: vec![Credential {
                key: MeetKey::Link(SECRET),
                member: MemberId::ZERO,
                certificate: vec![],
                expect: None,
            }],
            signing: node.author.signing.clone(),
            seed: node.author.device.0,
        };
        Session::new(NOW, config)
    };
    let (mut at_a, mut at_b) = (session(&a, Role::Initiator), session(&b, Role::Responder));
    let mut step = |to_b: Vec<Vec<u8>>, at_a: &mut Session, at_b: &mut Session| {
        let mut to_a = Vec::new();
        for bytes in to_b {
            with_context(&mut b, NOW, |c| at_b.handle_frame(&bytes, c));
            to_a.extend(drain(&mut b, at_b, NOW).0);
            at_b.open_link();
        }
        let mut next = Vec::new();
        for bytes in to_a {
            with_context(&mut a, NOW, |c| at_a.handle_frame(&bytes, c));
            next.extend(drain(&mut a, at_a, NOW).0);
        }
        next
    };
    let first = match at_a.poll_effect() {
        Some(Effect::Send(bytes)) => bytes,
        other => panic!("{other:?}"),
    };
    let proof = step(vec![first], &mut at_a, &mut at_b);
    step(proof, &mut at_a, &mut at_b);
    at_a.open_link();
    at_a.send_link(b"commitment".to_vec(), &mut FetchBook::default());
    at_a.send_link(b"reveal".to_vec(), &mut FetchBook::default());
    let mut sealed = Vec::new();
    while let Some(Effect::Send(bytes)) = at_a.poll_effect() {
        assert!(!bytes.windows(6).any(|window| window == b"reveal"));
        sealed.push(bytes);
    }
    step(sealed.clone(), &mut at_a, &mut at_b);
    // Repeated, it does not open again.
    step(vec![sealed[0].clone()], &mut at_a, &mut at_b);
    assert!(at_b.is_over());
    let links: Vec<_> = b.others.iter().filter(|other| other.starts_with("Link")).collect();
    assert_eq!(links.len(), 2);
}
