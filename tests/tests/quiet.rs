//! Meeting again where nothing is new costs the same whatever the size of the
//! neighbourhood, and opens no document; where little is new, only what that is about.
//! Two `palier run` processes, and a forwarder between them that counts every byte.
//! `PALIER_QUIET_DOCUMENTS=10000` adds that size.

use std::path::Path;
use std::time::{Duration, Instant};

use palier_node::node::{Node, NodeConfig};
use palier_tests::forwarder::Forwarder;
use palier_tests::neighbourhood::{Neighbourhood, Plan};
use palier_tests::{Person, binary, until};
use serde_json::Value;
use tempfile::TempDir;

/// Bytes of a reconnect with nothing new, after the handshake.
const QUIET_BYTES: u64 = 1_024;
/// A hello each way: one round trip. Behind it each tells once where it listens now; nobody
/// waits for that.
const QUIET_FRAMES: u64 = 2 + 2;
/// What one in a hundred changed may cost beside the entries themselves.
const CHANGED_BYTES: u64 = 10 << 10;
/// Meetings of each, all of which must be alike: a second connection, which now and then
/// was made for nothing, costs two kilobytes.
const MEETINGS: usize = 4;
/// What the dearest of all may cost more than the cheapest among few documents.
const MORE_BYTES: u64 = 1 << 10;
/// Nothing passed the forwarder for this long: they are at rest.
const REST: Duration = Duration::from_millis(600);

/// What a meeting cost.
#[derive(Debug)]
struct Met {
    /// As the forwarder counted, handshakes and transport included.
    all_bytes: u64,
    /// As the nodes counted, handshake left out.
    session_bytes: u64,
    frames: u64,
    documents: u64,
}

struct Neighbours {
    made: Neighbourhood,
    host: Person,
    guest: Person,
    _root: TempDir,
}

fn counted(person: &Person) -> Value {
    person.must(&["status"]).json
}

fn of(status: &Value, field: &str) -> u64 {
    status["exchanged"][field].as_u64().unwrap_or_else(|| panic!("{field}: {status}"))
}

/// A forwarder to whoever listens at a multiaddress, and what to dial instead.
fn through(address: &str) -> (Forwarder, String) {
    let (before, rest) = address.split_once("/tcp/").unwrap();
    let (port, peer) = rest.split_once('/').unwrap();
    let forwarder = Forwarder::to(port.parse().unwrap()).unwrap();
    let address = format!("{before}/tcp/{}/{peer}", forwarder.address.port());
    (forwarder, address)
}

impl Neighbours {
    fn new(documents: u32) -> Self {
        let root = TempDir::new().unwrap();
        let host = Person::at(root.path(), "host").unwrap();
        let made = Neighbourhood::make(Plan::documents(documents)).unwrap();
        made.write_home(&host.home, &host.state).unwrap();
        let guest = Person::init(root.path(), "guest").unwrap();
        let both = Self { made, host, guest, _root: root };
        let running = both.host.run(&[]);
        let link = both.host.must(&["invite", "create"]).text("link");
        assert_eq!(both.guest.must(&["join", &link]).text("status"), "joined");
        let other = both.guest.run(&["--peer", &running.address()]);
        both.alike();
        other.stop();
        running.stop();
        // What joining left to say is said now.
        both.meet();
        both
    }

    fn alike(&self) {
        until("both hold the same", || {
            let (host, guest) = (counted(&self.host), counted(&self.guest));
            host["entries"] == guest["entries"] && host["open_digest"] == guest["open_digest"]
        });
    }

    /// Lets them meet through the forwarder until both hold the same and nothing passes
    /// any more.
    fn meet(&self) -> Met {
        let host = self.host.run(&[]);
        let (forwarder, address) = through(&host.address());
        let guest = self.guest.run(&["--peer", &address]);
        until("they have met", || {
            let guest = counted(&self.guest);
            of(&guest, "frames_in") > 0 && of(&guest, "frames_out") > 0
        });
        self.alike();
        let (mut bytes, mut since) = (forwarder.bytes(), Instant::now());
        while since.elapsed() < REST {
            std::thread::yield_now();
            if forwarder.bytes() != bytes {
                (bytes, since) = (forwarder.bytes(), Instant::now());
            }
        }
        let (one, other) = (counted(&self.host), counted(&self.guest));
        let met = Met {
            all_bytes: bytes,
            session_bytes: of(&other, "bytes_in") + of(&other, "bytes_out"),
            frames: of(&other, "frames_in") + of(&other, "frames_out"),
            documents: of(&one, "documents_opened") + of(&other, "documents_opened"),
        };
        guest.stop();
        host.stop();
        met
    }

    /// Some change their listings, and the host hears of it by another way; gives the
    /// bytes of it.
    fn change(&mut self, count: usize) -> u64 {
        let runs = self.made.change(count).unwrap();
        let bytes = runs.iter().map(|run| run.to_bytes().len() as u64).sum();
        let hood = self.made.hash();
        let (home, state): (&Path, &Path) = (&self.host.home, &self.host.state);
        let config = NodeConfig::offline(home, state);
        tokio::runtime::Runtime::new().unwrap().block_on(async move {
            let node = Node::open(config).await.unwrap();
            node.act(hood, move |replica, tx, _, _| Ok(((), replica.take(tx, &runs)?.changes)))
                .await
                .unwrap();
            node.shutdown().await;
        });
        bytes
    }
}

/// Shown with `--nocapture`.
#[allow(clippy::print_stderr)]
fn say(text: &str) {
    eprintln!("{text}");
}

fn sizes() -> Vec<u32> {
    let more = std::env::var("PALIER_QUIET_DOCUMENTS").ok().and_then(|count| count.parse().ok());
    [100, 1_000].into_iter().chain(more).collect()
}

#[test]
fn a_reconnect_with_nothing_new_is_as_quiet_among_thousands_of_documents_as_among_few() {
    if binary().is_none() {
        return;
    }
    let mut few: Option<u64> = None;
    for documents in sizes() {
        let mut both = Neighbours::new(documents);
        let (mut cheapest, mut dearest) = (u64::MAX, 0);
        for _ in 0..MEETINGS {
            let met = both.meet();
            say(&format!("{documents}, nothing new: {met:?}"));
            assert!(met.session_bytes <= QUIET_BYTES, "{documents}: {} bytes", met.session_bytes);
            assert_eq!(met.frames, QUIET_FRAMES, "{documents}");
            assert_eq!(met.documents, 0, "{documents}: a document was opened for nothing");
            cheapest = cheapest.min(met.all_bytes);
            dearest = dearest.max(met.all_bytes);
        }
        let more = dearest.saturating_sub(*few.get_or_insert(cheapest));
        assert!(more <= MORE_BYTES, "{documents}: {more} bytes more than among few");

        let changed = (documents / 100).max(1);
        let payload = both.change(usize::try_from(changed).unwrap());
        let met = both.meet();
        say(&format!("{documents}, {changed} changed, {payload} bytes of entries: {met:?}"));
        let beside = met.session_bytes.saturating_sub(payload);
        assert!(beside <= CHANGED_BYTES, "{documents}: {beside} bytes beside {payload}");
        assert_eq!(met.documents, u64::from(changed), "{documents}: only what changed");
    }
}
