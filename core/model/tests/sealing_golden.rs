//! The bytes of keys, seals, epochs and device links, as `docs/format.md` gives
//! them: fixed inputs come to the bytes of the golden file, and the file's bytes open.
//!
//! The file is never changed, only joined by one for a later version.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use data_encoding::HEXLOWER;
use palier_model::authority::phrase::PhraseAct;
use palier_model::authority::{Payload, Preamble};
use palier_model::journal::{Header, kind};
use palier_model::keyring::{Epoch, EpochOwner, NextEpoch};
use palier_model::keys::{
    Accept, DeviceKeys, EntryHash, Envelope, HoodHash, Language, LinkSecret, LinkStep, LinkText,
    LogId, MemberId, Offer, Phrase,
};
use palier_model::seal::{
    DealKey, DhCount, EpochSecret, Grant, GrantFinder, PairKey, SealedPayload, open_record,
    seal_record,
};
use palier_model::time::Instant;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use x25519_dalek::{PublicKey, StaticSecret};

const GOLDEN: &str = include_str!("golden/sealing-v1.txt");

const HOOD: HoodHash = HoodHash([0x11; 32]);
const LOG: LogId = LogId([0x22; 32]);

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::from_seed([0x42; 32])
}

/// `00 01 02 …`, each moved by `start`.
fn counting<const N: usize>(start: u8) -> [u8; N] {
    std::array::from_fn(|at| (at as u8).wrapping_add(start))
}

fn phrase() -> Phrase {
    Phrase::from_entropy(counting(0))
}

fn device(start: u8) -> DeviceKeys {
    DeviceKeys::from_entropy(&counting(start))
}

fn core(kind: u16) -> Vec<u8> {
    let causes = vec![EntryHash([0x44; 32]), EntryHash([0x33; 32])];
    Header::new(LOG, 300, EntryHash([0x55; 32]), causes, kind, b"").core_bytes()
}

fn writer() -> EpochSecret {
    EpochSecret::from_bytes(counting(0x60))
}

fn reader() -> EpochSecret {
    EpochSecret::from_bytes(counting(0x80))
}

fn deal() -> DealKey {
    DealKey::from_bytes(counting(0xa0))
}

fn owner() -> EpochOwner {
    EpochOwner { hood: HOOD, member: phrase().member_key().id() }
}

#[derive(Default)]
struct Lines(String);

impl Lines {
    fn put(&mut self, name: &str, bytes: impl AsRef<[u8]>) {
        let _ = writeln!(self.0, "{name} = {}", HEXLOWER.encode(bytes.as_ref()));
    }

    fn text(&mut self, name: &str, text: &str) {
        let _ = writeln!(self.0, "{name} = {text}");
    }
}

fn written() -> String {
    let mut lines = Lines::default();
    keys(&mut lines);
    seals(&mut lines);
    epochs(&mut lines);
    link(&mut lines);
    lines.0
}

fn keys(lines: &mut Lines) {
    let (phrase, device) = (phrase(), device(0x10));
    let member = phrase.member_key();
    lines.put("phrase.entropy", phrase.entropy());
    lines.text("phrase.english", &phrase.words(Language::English));
    lines.text("phrase.french", &phrase.words(Language::French));
    lines.put("member.seed", member.signing().as_bytes());
    lines.put("member.id", member.id().0);
    lines.put("member.recovery_secret", member.recovery().as_bytes());
    lines.put("member.recovery_public", member.recovery_public());
    lines.put("device.stored", device.to_bytes());
    lines.put("device.id", device.id().0);
    lines.put("device.agreement", device.agreement_public());
    let certificate = member.certify_device(&device.id(), &device.agreement_public());
    lines.put("certificate.signature", certificate.signature.0);
    lines.put("act.hood", HOOD.0);
    lines.put("act.unsigned", b"unsigned act");
    let signature = member.sign_act(&HOOD, kind::identity::REVOKE, b"unsigned act").signature;
    lines.put("act.signature", signature.0);
    let secret = StaticSecret::from(counting(0x30));
    let public = PublicKey::from(&secret).to_bytes();
    let envelope = Envelope::seal(&public, b"purpose", b"message", &mut rng()).unwrap();
    lines.put("envelope.secret", secret.as_bytes());
    lines.put("envelope.info", b"purpose");
    lines.put("envelope.message", b"message");
    lines.put("envelope.enc", envelope.enc);
    lines.put("envelope.ciphertext", &envelope.ciphertext);
}

fn seals(lines: &mut Lines) {
    let (writer, reader, deal) = (writer(), reader(), deal());
    let pair = PairKey::for_writer(&writer, &reader.public(), &mut DhCount::default()).unwrap();
    lines.put("pair.writer_secret", writer.to_bytes().as_ref());
    lines.put("pair.writer_public", writer.public().0);
    lines.put("pair.reader_secret", reader.to_bytes().as_ref());
    lines.put("pair.reader_public", reader.public().0);
    lines.put("deal.key", deal.to_bytes().as_ref());
    lines.put("deal.tag", deal.tag().0);
    lines.put("grant.log", LOG.0);
    lines.text("grant.earlier", "3");
    let place = core(kind::sealed::GRANT);
    lines.put("grant.core", &place);
    let grant = Grant::seal(&pair, &LOG, 3, &place, &deal, &mut rng());
    lines.put("grant.payload", grant.to_bytes());
    let place = core(kind::sealed::RECORD);
    lines.put("record.core", &place);
    lines.put("record.plaintext", b"the gate opens with 4711");
    let payload = seal_record(&deal, &place, b"the gate opens with 4711", &mut rng()).unwrap();
    lines.put("record.payload", &payload);
    let sealed = SealedPayload::from_bytes(&payload).unwrap();
    lines.put("record.key", sealed.reveal(&deal, &place).unwrap().to_bytes().as_ref());
}

fn epochs(lines: &mut Lines) {
    let member = phrase().member_key();
    let devices = [device(0x10), device(0x70)];
    let agreements: BTreeMap<_, _> =
        devices.iter().map(|keys| (keys.id(), keys.agreement_public())).collect();
    let next = NextEpoch {
        owner: owner(),
        preamble: Preamble::new(Instant(1_767_225_600_000), Vec::new()),
        predecessors: vec![EntryHash([0x66; 32])],
        devices: &agreements,
        recovery: member.recovery_public(),
        earlier: &[writer(), reader()],
    };
    let (mut epoch, secret) = Epoch::open_next(next, &mut rng()).unwrap();
    epoch.sign(&HOOD, member.signing());
    lines.put("epoch.payload", epoch.to_bytes());
    lines.put("epoch.secret", secret.to_bytes().as_ref());
    lines.put("epoch.public", secret.public().0);
}

fn link(lines: &mut Lines) {
    let mut rng = rng();
    let (old_keys, new_keys) = (device(0x10), device(0x70));
    let secret = LinkSecret::from_bytes(counting(0xc0));
    let text = LinkText::new(secret.clone(), vec!["/ip4/192.168.1.7/tcp/4001".into()]);
    let member = phrase().member_key().id();
    let (mut old, first) = Offer::new(secret.clone(), member, &old_keys, &mut rng);
    let mut new = Accept::new(secret, &new_keys, &mut rng);
    let sent = |step: LinkStep| match step {
        LinkStep::Send(frame) | LinkStep::Compare { send: Some(frame), .. } => frame,
        other => panic!("nothing to send: {other:?}"),
    };
    let mut frames = vec![first];
    frames.push(sent(new.receive(&frames[0], &new_keys, &mut rng).unwrap()));
    frames.push(sent(old.receive(&frames[1], &mut rng).unwrap()));
    frames.push(sent(new.receive(&frames[2], &new_keys, &mut rng).unwrap()));
    let code = match old.receive(&frames[3], &mut rng).unwrap() {
        LinkStep::Compare { code, .. } => code.to_string(),
        other => panic!("no code: {other:?}"),
    };
    old.confirm(&code).unwrap();
    frames.push(sent(new.confirm(&code, &new_keys, &mut rng).unwrap()));
    old.receive(&frames[4], &mut rng).unwrap();
    frames.push(old.hand_over(b"what is handed over", &old_keys, &mut rng).unwrap());
    lines.text("link.text", &text.to_string());
    for (n, frame) in frames.iter().enumerate() {
        lines.put(&format!("link.frame{n}"), frame);
    }
    lines.text("link.code", &code);
    lines.put("link.new_device", new_keys.to_bytes());
    lines.put("link.payload", b"what is handed over");
}

#[test]
fn fixed_inputs_come_to_the_golden_bytes() {
    for (written, golden) in written().lines().zip(GOLDEN.lines()) {
        assert_eq!(written, golden);
    }
    assert_eq!(written(), GOLDEN);
}

#[test]
fn the_golden_bytes_open() {
    let file: BTreeMap<&str, &str> =
        GOLDEN.lines().filter_map(|line| line.split_once(" = ")).collect();
    let bytes = |name: &str| HEXLOWER.decode(file[name].as_bytes()).unwrap();
    let key = |name: &str| -> [u8; 32] { bytes(name).try_into().unwrap() };
    for language in ["phrase.english", "phrase.french"] {
        let member = Phrase::parse(file[language]).unwrap().member_key();
        assert_eq!(member.id(), MemberId(key("member.id")));
    }
    let envelope = Envelope { enc: key("envelope.enc"), ciphertext: bytes("envelope.ciphertext") };
    let opened = envelope.open(&StaticSecret::from(key("envelope.secret")), b"purpose").unwrap();
    assert_eq!(*opened, bytes("envelope.message"));

    let mut finder = GrantFinder::new();
    let writer = EpochSecret::from_bytes(key("pair.writer_secret")).public();
    finder.resume(&reader(), &writer, &LOG, 3).unwrap();
    let found = finder.open(&LOG, &bytes("grant.core"), &bytes("grant.payload"));
    let (expected, deal) = found.unwrap().unwrap();
    assert_eq!((expected.earlier, deal.to_bytes().to_vec()), (3, bytes("deal.key")));
    let record = open_record(&deal, &bytes("record.core"), &bytes("record.payload")).unwrap();
    assert_eq!(*record, bytes("record.plaintext"));

    let epoch = Epoch::from_bytes(&bytes("epoch.payload")).unwrap();
    let member = phrase().member_key();
    assert!(epoch.is_signed_by(&HOOD, &member.id()));
    let opened = epoch.open_with_recovery(&owner(), member.recovery()).unwrap();
    assert_eq!(opened.secret.to_bytes().to_vec(), bytes("epoch.secret"));
    assert!(opened.earlier.contains(&reader()) && opened.earlier.contains(&writer_secret(&key)));
    let by_device = epoch.open_with_device(&owner(), &device(0x70)).unwrap();
    assert_eq!(by_device.secret, opened.secret);
    let text: LinkText = file["link.text"].parse().unwrap();
    assert_eq!(text.secret, LinkSecret::from_bytes(counting(0xc0)));
}

fn writer_secret(key: &dyn Fn(&str) -> [u8; 32]) -> EpochSecret {
    EpochSecret::from_bytes(key("pair.writer_secret"))
}
