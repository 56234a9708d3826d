//! Every byte of the frames of a session flipped, one at a time, and every bit of the
//! lengths before them, against a running node: it lives, serves an honest neighbour afterwards, lists nothing new, and each costs it
//! little.

#![cfg(target_os = "linux")]

use std::collections::BTreeSet;

use palier_model::keys::{BlobId, DeviceId};
use palier_model::sync::frame::{
    Ack, Addresses, BlobChunk, BlobHead, BlobWant, Bye, DeviceAddresses, Hello, Need, News, Ping,
    Reconcile, Runs, Want,
};
use palier_model::sync::{CloseReason, Cursor, Frame, Interest, JoinAnswer, StoreId};
use palier_tests::process::{cpu_ms, resident_bytes};
use palier_tests::rogue::{Device, Length, Talk, Wire, random};
use palier_tests::{Person, Running, binary};
use serde_bytes::ByteBuf;
use tempfile::TempDir;

/// Every how many bytes one is flipped here; `PALIER_TEST_FLIP_STEP=1` flips them all.
const STEP: usize = 61;
/// The same for the bits of lengths, which are few.
const LENGTH_STEP: usize = 7;
/// CPU for one of them, on average, the connection included.
const CPU_MS: u64 = 200;
/// Memory that all of them together may leave behind, in bytes.
const GROWTH_BYTES: u64 = 64 << 20;

fn step() -> usize {
    let given = std::env::var("PALIER_TEST_FLIP_STEP").ok().and_then(|it| it.parse().ok());
    given.unwrap_or(STEP).max(1)
}

/// Titles that a home lists, all of them.
fn titles(person: &Person) -> BTreeSet<String> {
    let mut titles = BTreeSet::new();
    let mut after: Option<String> = None;
    loop {
        let mut words = vec!["listing", "list"];
        words.extend(after.iter().flat_map(|after| ["--after", after.as_str()]));
        let page = person.must(&words).json;
        let items = page["items"].as_array().expect("items").clone();
        titles.extend(items.iter().map(|it| it["title"].as_str().unwrap_or("").to_owned()));
        match page["next"].as_str() {
            Some(next) => after = Some(next.to_owned()),
            None => return titles,
        }
    }
}

/// What a member says in a session: a frame of each type, with a listing that is new.
fn frames(rogue: &mut Device, comparison: &[u8], title: &str) -> Vec<Frame> {
    let offer = rogue.offer(title);
    let other = rogue.offer(&format!("{title}, second"));
    let store = StoreId([7; 16]);
    let blob = BlobId(random());
    let run = |bytes: Vec<u8>| vec![ByteBuf::from(bytes)];
    let cursor = Cursor { store, position: offer.position };
    let addresses = vec!["/ip4/127.0.0.1/tcp/9/p2p/12D3KooWA".to_owned()];
    vec![
        Frame::Hello(Hello {
            store,
            position: offer.position,
            cursor: Some(cursor),
            cursor_good: false,
            interest: Interest::full(),
        }),
        Frame::Reconcile(Reconcile { round: 0, message: comparison.to_vec() }),
        Frame::Need(Need { ids: vec![random(), random()], last: true }),
        Frame::Wants(vec![Want { log: offer.item.log, have: vec![(0, offer.item.tip)] }]),
        Frame::News(News {
            to: Some(offer.position),
            items: vec![offer.item],
            inline: run(offer.run.to_bytes()),
        }),
        Frame::Runs(Runs { runs: run(other.run.to_bytes()), done: vec![other.item.log] }),
        Frame::Ack(Ack { runs: 700, news: 300, read: Some(1) }),
        Frame::BlobWant(BlobWant { blob, held: 0 }),
        Frame::BlobChunk(BlobChunk { blob, index: 0, bytes: vec![5; 200] }),
        Frame::Addresses(Addresses {
            devices: vec![DeviceAddresses { device: DeviceId(random()), addresses }],
        }),
        Frame::Ping(Ping { answer: true }),
        // Nobody asked for it: the last that is heard.
        Frame::BlobHead(BlobHead { blob, size: 100_000, chunks: vec![[1; 32], [2; 32]] }),
    ]
}

/// One session of a member, with one byte flipped; gives how many bytes it said.
async fn exchange(
    wire: &mut Wire,
    addr: &str,
    rogue: &Device,
    say: &[Frame],
    flip: Option<usize>,
) -> Talk {
    let mut talk = wire.link(addr).await;
    talk.flip = flip;
    if talk.meet(vec![rogue.credential()], &rogue.signing()).await.is_some() {
        let (last, rest) = say.split_last().expect("frames");
        for frame in rest {
            talk.say(frame).await;
        }
        // Answered once all before it was dealt with: an end that comes at once may leave
        // out what still waits, and then nothing would have been tried.
        talk.say_aside(&Frame::Ping(Ping { answer: true })).await;
        let answer = Frame::Ping(Ping { answer: false }).to_bytes();
        while talk.hear().await.is_some_and(|heard| heard != answer) {}
        talk.say(last).await;
    }
    talk.say_aside(&Frame::Bye(Bye { reason: CloseReason::Done as u8 })).await;
    talk.hear_out().await;
    wire.ended(talk.id()).await;
    talk
}

/// One join, with one byte flipped.
async fn join(
    wire: &mut Wire,
    addr: &str,
    bearer: &mut Device,
    flip: Option<usize>,
) -> (usize, Option<JoinAnswer>) {
    let mut talk = wire.link(addr).await;
    talk.flip = flip;
    let answer = bearer.join(&mut talk).await;
    let (id, said) = (talk.id(), talk.said_bytes());
    drop(talk);
    wire.ended(id).await;
    (said, answer)
}

struct Cost {
    cpu_ms: u64,
    resident: u64,
}

impl Cost {
    fn of(node: &Running) -> Self {
        let (cpu, resident) = (cpu_ms(node.pid()), resident_bytes(node.pid()));
        Self { cpu_ms: cpu.expect("it lives"), resident: resident.expect("it lives") }
    }
}

/// A running node, a member who plays by no rules, one who does, and a bearer of an
/// invitation.
struct Stage {
    victim: Person,
    node: Running,
    honest: Person,
    rogue: Device,
    bearer: Device,
    addr: String,
    before: BTreeSet<String>,
    comparison: Vec<u8>,
    written: BTreeSet<String>,
}

impl Stage {
    fn set(root: &TempDir) -> Self {
        let victim = Person::init(root.path(), "victim").expect("a home");
        victim.must(&["hood", "found", "Ici"]);
        victim.must(&["listing", "add", "tool", "--title", "Honest"]);
        let node = victim.run(&[]);
        let [rogue, honest] = ["rogue", "honest"].map(|name| {
            let person = Person::init(root.path(), name).expect("a home");
            let link = victim.must(&["invite", "create"]).text("link");
            person.must(&["join", &link]);
            person
        });
        let bearer = Person::init(root.path(), "bearer").expect("a home");
        let link = victim.must(&["invite", "create", "--approval", "--uses", "1000"]).text("link");
        let addr = node.address();
        let before = titles(&victim);
        let rogue = Device::of(&rogue);
        let mut bearer = Device::of(&bearer);
        bearer.bear(&link);
        let comparison = rogue.first_comparison();
        let written = BTreeSet::new();
        Self { victim, node, honest, rogue, bearer, addr, before, comparison, written }
    }

    fn compose(&mut self, number: usize) -> Vec<Frame> {
        let title = format!("Rogue {number}");
        self.written.extend([title.clone(), format!("{title}, second")]);
        frames(&mut self.rogue, &self.comparison, &title)
    }

    /// What so many of them cost since then.
    fn weigh(&self, start: &Cost, flips: u64, bytes: usize) {
        let end = Cost::of(&self.node);
        let spent = end.cpu_ms - start.cpu_ms;
        let grown = end.resident.saturating_sub(start.resident);
        eprintln!(
            "{flips} flips in {bytes} bytes: {spent} ms of CPU in all, {grown} bytes more of memory"
        );
        assert!(spent / flips < CPU_MS, "{spent} ms of CPU for {flips}");
        assert!(grown < GROWTH_BYTES, "{grown} bytes more");
    }

    /// Nothing is listed that was not written, and an honest neighbour is served.
    fn check(self) {
        let Self { victim, addr, before, written, honest, node, .. } = self;
        let listed = titles(&victim);
        let new: Vec<_> = listed.difference(&before).filter(|it| !written.contains(*it)).collect();
        assert!(new.is_empty(), "{new:?}");
        let synced = honest.must(&["sync", "--peer", &addr]);
        assert_eq!(synced.json["complete"], true, "{}", synced.json);
        assert_eq!(titles(&honest), listed);
        assert_eq!(victim.must(&["doctor"]).json["quarantined"], serde_json::json!([]));
        drop(node);
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

#[test]
fn a_flipped_byte_of_a_session_does_a_running_node_no_harm() {
    if binary().is_none() {
        return;
    }
    let root = TempDir::new().expect("a folder");
    let mut stage = Stage::set(&root);
    let addr = stage.addr.clone();
    runtime().block_on(async {
        let mut wire = Wire::start();
        // Intact, each of them does what it is for.
        let say = stage.compose(0);
        let whole = exchange(&mut wire, &addr, &stage.rogue, &say, None).await;
        let said = whole.said_bytes();
        let kinds: BTreeSet<u8> = whole.shapes().into_iter().map(|(kind, _)| kind).collect();
        for kind in [0x10, 0x11, 0x16, 0x19, 0x30, 0x31] {
            assert!(kinds.contains(&kind), "no answer of type {kind:#x}: {kinds:x?}");
        }
        let listed = titles(&stage.victim);
        assert!(listed.contains("Rogue 0") && listed.contains("Rogue 0, second"));
        let (join_bytes, answer) = join(&mut wire, &addr, &mut stage.bearer, None).await;
        assert_eq!(answer, Some(JoinAnswer::AwaitingApproval));

        let start = Cost::of(&stage.node);
        let mut flips = 0;
        for at in (0..said).step_by(step()) {
            let say = stage.compose(1 + at);
            exchange(&mut wire, &addr, &stage.rogue, &say, Some(at)).await;
            assert!(stage.node.lives(), "byte {at} of a session");
            flips += 1;
        }
        for at in (0..join_bytes).step_by(step()) {
            join(&mut wire, &addr, &mut stage.bearer, Some(at)).await;
            assert!(stage.node.lives(), "byte {at} of a join");
            flips += 1;
        }
        assert!(said + join_bytes > 3_000);
        stage.weigh(&start, flips, said + join_bytes);
    });
    stage.check();
}

/// One session of a member by hand, with one length that is wrong. What would have been
/// said follows it: the node may take it for the rest of a frame.
async fn session_by_hand(
    addr: &str,
    rogue: &Device,
    say: &[Frame],
    wrong: Option<(usize, Length)>,
) -> usize {
    let mut talk = Talk::by_hand(addr, wrong).await;
    talk.meet(vec![rogue.credential()], &rogue.signing()).await;
    let (last, rest) = say.split_last().expect("frames");
    for frame in rest {
        talk.say(frame).await;
    }
    talk.say(&Frame::Ping(Ping { answer: true })).await;
    let answer = Frame::Ping(Ping { answer: false }).to_bytes();
    while talk.hear().await.is_some_and(|heard| heard != answer) {}
    talk.say(last).await;
    talk.say(&Frame::Bye(Bye { reason: CloseReason::Done as u8 })).await;
    let sent = talk.sent_frames();
    talk.finish().await;
    sent
}

/// One join by hand, with one length that is wrong.
async fn join_by_hand(
    addr: &str,
    bearer: &mut Device,
    wrong: Option<(usize, Length)>,
) -> (usize, Option<JoinAnswer>) {
    let mut talk = Talk::by_hand(addr, wrong).await;
    let answer = bearer.join(&mut talk).await;
    let sent = talk.sent_frames();
    talk.finish().await;
    (sent, answer)
}

/// Every bit of the length of each of so many frames, and of the first and the last what
/// no flip makes of it: signs that the link ends or goes on elsewhere, and the most.
fn wrong_lengths(frames: usize) -> Vec<(usize, Length)> {
    let bits = (0..frames).flat_map(|frame| (0..32).map(move |bit| (frame, Length::Flip(bit))));
    let mut wrong: Vec<_> = bits.step_by(step().min(LENGTH_STEP)).collect();
    let signs = [0, 1, 512 << 10, (512 << 10) + 1, 0xFFFF_0000, 0xFFFF_0001, u32::MAX];
    for frame in [0, frames - 1] {
        wrong.extend(signs.map(|sign| (frame, Length::Is(sign))));
    }
    wrong
}

#[test]
fn a_wrong_length_before_a_frame_does_a_running_node_no_harm() {
    if binary().is_none() {
        return;
    }
    let root = TempDir::new().expect("a folder");
    let mut stage = Stage::set(&root);
    let addr = stage.addr.clone();
    runtime().block_on(async {
        // Intact, they are understood.
        let say = stage.compose(0);
        let sent = session_by_hand(&addr, &stage.rogue, &say, None).await;
        let listed = titles(&stage.victim);
        assert!(listed.contains("Rogue 0") && listed.contains("Rogue 0, second"));
        let (join_sent, answer) = join_by_hand(&addr, &mut stage.bearer, None).await;
        assert_eq!(answer, Some(JoinAnswer::AwaitingApproval));
        assert!(sent > say.len() && join_sent > 1, "{sent} and {join_sent} frames");

        let start = Cost::of(&stage.node);
        let mut flips = 0;
        for wrong in wrong_lengths(sent) {
            let say = stage.compose(1 + flips);
            session_by_hand(&addr, &stage.rogue, &say, Some(wrong)).await;
            assert!(stage.node.lives(), "{wrong:?} of a session");
            flips += 1;
        }
        for wrong in wrong_lengths(join_sent) {
            join_by_hand(&addr, &mut stage.bearer, Some(wrong)).await;
            assert!(stage.node.lives(), "{wrong:?} of a join");
            flips += 1;
        }
        stage.weigh(&start, flips as u64, 4 * (sent + join_sent));
    });
    stage.check();
}
