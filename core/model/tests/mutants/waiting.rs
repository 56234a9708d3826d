//! Acts whose past never comes: nobody is kept busy by them, and nobody's own acts wait
//! with them.

use palier_model::authority::{Payload, Preamble, Role, Second, Standing};
use palier_model::codec;
use palier_model::journal::kind::{self, Kind};
use palier_model::journal::{
    Author, Class, Descriptor, Entry, Header, LogRow, LogStart, Owner, Ref, Run, Tip, entry,
    log_row, logs_of_document, sign_entry,
};
use palier_model::keys::{EntryHash, LogId};
use palier_model::projection::{EpochRow, Epochs, keyring_of};
use palier_model::rows::Tx;

use crate::scene::{FRIEND, MALLORY, Scene, VICTIM};

/// More than any honest device writes by itself in the time these tests take.
const FEW: usize = 6;

/// How a device writes: whoever copied its home writes so too.
fn author(scene: &Scene, node: usize) -> Author {
    let replica = scene.world.nodes[node].engine.replica(&scene.hood).expect("a member");
    let (me, own) = (replica.me(), replica.own());
    Author {
        device: me.keys.id(),
        signing: me.keys.signing().clone(),
        incarnation: own.incarnation,
        act: own.act,
        certificate: me.certificate,
    }
}

fn identity(scene: &Scene, node: usize) -> Descriptor {
    Descriptor::identity(scene.hood, scene.world.nodes[node].engine.me().member)
}

fn rows(scene: &Scene, node: usize) -> Tx<'_> {
    Tx::new(scene.world.nodes[node].stores.memory(&scene.hood).expect("rows"))
}

/// The identity log of a device.
fn identity_log(scene: &Scene, node: usize) -> (LogId, LogRow) {
    let tx = rows(scene, node);
    let logs = logs_of_document(&tx, &identity(scene, node).id()).expect("rows");
    let log = *logs.first().expect("a log");
    (log, log_row(&tx, &log).expect("rows").expect("held"))
}

/// Key epochs of a member, as a device reads them.
fn epochs(scene: &Scene, node: usize, of: usize) -> Vec<(EntryHash, EpochRow)> {
    let member = scene.world.nodes[of].engine.me().member;
    let found = rows(scene, node).rows_with_prefix::<Epochs>(&member.0, 1 << 20).expect("rows");
    let hash = |key: &[u8]| EntryHash::from_slice(&key[32..]).expect("a hash");
    found.into_iter().map(|(key, row)| (hash(&key), row)).collect()
}

fn written(
    by: &Author,
    log: LogId,
    after: Tip,
    causes: &[EntryHash],
    kind: Kind,
    payload: Vec<u8>,
) -> Entry {
    let header = Header::new(log, after.seq + 1, after.hash, causes.to_vec(), kind, &payload);
    let signature = Some(sign_entry(&header.hash(), &by.signing));
    Entry { header, payload, signature }
}

fn tip(of: &Entry) -> Tip {
    Tip { seq: of.header.seq, hash: of.hash() }
}

fn start(by: &Author, descriptor: Descriptor, incarnation: u32) -> Entry {
    let start = LogStart {
        descriptor,
        device: by.device,
        incarnation,
        act: by.act,
        continues: None,
        certificate: by.certificate.filter(|_| descriptor.class == Class::Identity),
    };
    let payload = codec::encode(&start);
    let header =
        Header::new(LogId::ZERO, 0, EntryHash::ZERO, Vec::new(), kind::LOG_START, &payload);
    let signature = Some(sign_entry(&header.hash(), &by.signing));
    Entry { header, payload, signature }
}

fn take(scene: &mut Scene, node: usize, entries: Vec<Entry>) {
    let count = entries.len();
    let hood = scene.hood;
    let now = scene.world.now(node);
    let it = &mut scene.world.nodes[node];
    let taken = it.engine.act(&hood, now, &mut it.stores, |replica, tx| {
        let taken = replica.take(tx, &[Run { entries }])?;
        Ok((taken.accepted.len(), taken.changes))
    });
    assert_eq!(taken.expect("the store stays readable"), count, "not let in");
}

fn stands(scene: &Scene, node: usize, act: &EntryHash) -> Standing {
    scene.world.nodes[node].engine.replica(&scene.hood).expect("a member").authority().explain(act)
}

/// An epoch that the device's own log has already, written once more elsewhere in it: the
/// device sees several.
fn first_epoch(scene: &Scene, node: usize) -> Entry {
    let (hash, _) = epochs(scene, node, node).remove(0);
    entry(&rows(scene, node), &hash).expect("rows").expect("held")
}

/// Needs an epoch, and whatever it writes waits for an entry that is held back. Gives that
/// entry.
fn silence(scene: &mut Scene, node: usize, causes_in_the_log: bool) -> Entry {
    let by = author(scene, node);
    let epoch = first_epoch(scene, node);
    let (log, row) = identity_log(scene, node);
    let tip_of_log = *row.tips.last().expect("a tip");
    let root = Tip { seq: 0, hash: EntryHash(log.0) };
    let again = |after: Tip, end: u8| {
        let payload = [&epoch.payload[..], &[end]].concat();
        written(&by, log, after, &[], kind::identity::EPOCH, payload)
    };
    let held_back = again(root, 1);
    let second = again(tip_of_log, 2);
    let waits = if causes_in_the_log {
        written(&by, log, tip(&second), &[held_back.hash()], 0x7777, Vec::new())
    } else {
        // What an act refers to in its own document is waited for by authority alone.
        let document = identity(scene, node).id();
        let at = Ref { document, log, seq: 1, hash: held_back.hash() };
        let refers = palier_model::authority::Certify {
            preamble: Preamble::new(scene.world.now(node).claimed, vec![at]),
            device: palier_model::keys::DeviceId([9; 32]),
            agreement: [9; 32],
            phrase: None,
        };
        let payload = refers.to_bytes();
        written(&by, log, tip(&second), &[], kind::identity::CERTIFY, payload)
    };
    take(scene, node, vec![second.clone(), waits.clone()]);
    assert_eq!(stands(scene, node, &second.hash()), Standing::Counts);
    assert_eq!(stands(scene, node, &waits.hash()), Standing::Waiting);
    held_back
}

#[test]
fn a_device_whose_own_acts_wait_opens_no_epochs_for_ever() {
    for causes_in_the_log in [true, false] {
        let mut scene = Scene::new();
        let held_back = silence(&mut scene, VICTIM, causes_in_the_log);
        let secrets = |scene: &Scene| {
            let replica = scene.world.nodes[VICTIM].engine.replica(&scene.hood).expect("a member");
            replica.reader().secrets().len()
        };
        let before = (identity_log(&scene, VICTIM).1.entries, secrets(&scene));
        scene.world.run_for(600_000);
        let after = (identity_log(&scene, VICTIM).1.entries, secrets(&scene));
        assert_eq!(after, before, "acts written into the void");

        // When what it waits for comes, it opens the one epoch that it owes.
        take(&mut scene, VICTIM, vec![held_back]);
        scene.world.run_for(600_000);
        let found = epochs(&scene, VICTIM, VICTIM);
        assert!(found.iter().all(|(hash, _)| stands(&scene, VICTIM, hash) == Standing::Counts));
        assert!(found.len() <= FEW, "{} epochs", found.len());
        let replica = scene.world.nodes[VICTIM].engine.replica(&scene.hood).expect("a member");
        let member = scene.world.nodes[VICTIM].engine.me().member;
        let ring = keyring_of(&rows(&scene, VICTIM), replica.authority(), &member).expect("rows");
        assert_eq!(ring.needs_new_epoch(), None);
    }
}

/// A member writes acts into the charter, each in a log of its own: one that says nothing,
/// of a hash that sorts before most, and one that refers to what nobody has.
fn acts_without_past(scene: &Scene, count: u32) -> Vec<Vec<Entry>> {
    let by = author(scene, MALLORY);
    let charter = Descriptor::charter(scene.hood);
    let mut logs = Vec::new();
    for n in 0..count {
        let first = start(&by, charter, 100 + n);
        let log = LogId(first.hash().0);
        let small = (0..u16::MAX).map(|n| {
            let payload = n.to_be_bytes().to_vec();
            written(&by, log, tip(&first), &[], 0x7777, payload)
        });
        let small = small.into_iter().find(|it| it.hash().0[0] < 16).expect("one of thousands");
        let at = Ref { document: charter.id(), log, seq: 7, hash: EntryHash([n as u8; 32]) };
        let preamble = Preamble::new(scene.world.now(MALLORY).claimed, vec![at]);
        let act = Second { preamble, act: EntryHash([7; 32]) };
        let payload = act.to_bytes();
        let waits = written(&by, log, tip(&small), &[], kind::charter::SECOND, payload);
        logs.push(vec![first, small, waits]);
    }
    logs
}

#[test]
fn what_a_coordinator_does_never_waits_with_a_members_act_that_waits() {
    let mut scene = Scene::new();
    let hood = scene.hood;
    let member = |scene: &Scene, node: usize| scene.world.nodes[node].engine.me().member;
    let appoint = |scene: &mut Scene, node: usize, of: usize| {
        let of = member(scene, of);
        let appointed = scene.world.act(node, &hood, |replica, tx, now, _| {
            Ok(((), replica.appoint(tx, now.claimed, of, Role::Coordinator)?))
        });
        appointed.expect("a coordinator");
        let replica = scene.world.nodes[node].engine.replica(&hood).expect("a member");
        assert!(replica.authority().has_role(&of, Role::Coordinator), "the charter is frozen");
    };
    // More than an act can name.
    for entries in acts_without_past(&scene, 100) {
        let waits = tip(entries.last().expect("entries")).hash;
        take(&mut scene, VICTIM, entries);
        assert_eq!(stands(&scene, VICTIM, &waits), Standing::Waiting);
    }
    appoint(&mut scene, VICTIM, FRIEND);
    // The next one has its appointment in its past, whatever else there is to name.
    scene.world.carry(VICTIM, FRIEND, &hood).expect("taken");
    appoint(&mut scene, FRIEND, MALLORY);
    scene.check(0);
    let replica = scene.world.nodes[VICTIM].engine.replica(&hood).expect("a member");
    assert!(replica.authority().has_role(&member(&scene, MALLORY), Role::Coordinator));
}

#[test]
fn a_device_can_be_revoked_while_acts_wait_in_charter_and_identity() {
    let mut scene = Scene::new();
    let (thief, ready) = scene.world.link(VICTIM, "Stolen");
    assert!(ready);
    scene.world.connect(thief, VICTIM);
    assert!(scene.world.run_until_quiescent(120_000));
    scene.world.disconnect(thief, VICTIM);
    for entries in acts_without_past(&scene, 3) {
        take(&mut scene, VICTIM, entries);
    }
    // Whoever holds the phone writes what is never to count.
    let by = author(&scene, thief);
    let descriptor = identity(&scene, VICTIM);
    assert_eq!(descriptor.owner, Owner::Member(scene.world.nodes[VICTIM].engine.me().member));
    let mut first = start(&by, descriptor, 100);
    if by.certificate.is_some() {
        // Linked by another device: without a certificate of the phrase's.
        first = start(&Author { certificate: None, ..by.clone() }, descriptor, 100);
    }
    let log = LogId(first.hash().0);
    let at = Ref { document: descriptor.id(), log, seq: 7, hash: EntryHash([8; 32]) };
    let refers = palier_model::authority::Certify {
        preamble: Preamble::new(scene.world.now(thief).claimed, vec![at]),
        device: palier_model::keys::DeviceId([9; 32]),
        agreement: [9; 32],
        phrase: None,
    };
    let payload = refers.to_bytes();
    let waits = written(&by, log, tip(&first), &[], kind::identity::CERTIFY, payload);
    take(&mut scene, VICTIM, vec![first, waits.clone()]);
    assert_eq!(stands(&scene, VICTIM, &waits.hash()), Standing::Waiting);

    let hood = scene.hood;
    let revoked = scene.world.act(VICTIM, &hood, |replica, tx, now, rng| {
        Ok(((), replica.revoke_device(tx, now.claimed, rng, by.device)?))
    });
    revoked.expect("revoked");
    let replica = scene.world.nodes[VICTIM].engine.replica(&hood).expect("a member");
    let known = replica.authority().device(&by.device).expect("known");
    assert!(!known.is_active, "the stolen phone stays");
}
