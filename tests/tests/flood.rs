//! A member floods the neighbourhood: what an honest neighbour writes meanwhile is seen by
//! others within a second. The flooder and the hub are `palier run` processes; the two
//! neighbours meet through the hub alone.
//! `PALIER_TEST_FLOOD=100000` floods with so many entries.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant as Timer};

use palier_model::engine::Event;
use palier_model::keys::{DocId, HoodHash};
use palier_model::listing::{ListingContent, ListingKind};
use palier_node::node::{NetworkConfig, Node, NodeConfig, NodeEvent};
use palier_tests::rogue::Device;
use palier_tests::{Person, binary, until};
use tempfile::TempDir;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// Entries of the flood on every run.
const FLOOD: usize = 5_000;
/// What an honest entry may be delayed by.
const DELAY: Duration = Duration::from_secs(1);
/// How often the flood is tried.
const FLOODS: usize = 3;
/// Entries looked at before the flood.
const CALM: usize = 10;

fn flood_size() -> usize {
    std::env::var("PALIER_TEST_FLOOD").ok().and_then(|it| it.parse().ok()).unwrap_or(FLOOD)
}

async fn open(person: &Person, hub: &str) -> Node {
    let network = NetworkConfig { peers: vec![hub.to_owned()], ..NetworkConfig::default() };
    let mut config = NodeConfig::offline(&person.home, &person.state);
    config.network = Some(network);
    Node::open(config).await.expect("a node")
}

async fn publish(node: &Node, hood: HoodHash, title: String) -> DocId {
    node.act(hood, move |replica, tx, now, rng| {
        let content = ListingContent::new(ListingKind::Offer, title);
        replica.publish(tx, now, rng, content, None)
    })
    .await
    .expect("published")
}

/// Waits until the listing is in the rows of whoever listens.
async fn seen(events: &mut Receiver<NodeEvent>, listing: DocId) {
    loop {
        match events.recv().await {
            Ok(NodeEvent::Engine(Event::Changed { changes, .. }))
                if changes.listings.contains(&listing) =>
            {
                return;
            }
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => panic!("the listener was too slow"),
            Err(RecvError::Closed) => panic!("the node ended"),
        }
    }
}

/// How long until the other sees what one wrote.
async fn delay(ben: &Node, carol: &Node, hood: HoodHash, title: String) -> Duration {
    let mut events = carol.subscribe();
    let begun = Timer::now();
    let listing = publish(ben, hood, title).await;
    let wait = tokio::time::timeout(Duration::from_secs(120), seen(&mut events, listing));
    wait.await.expect("an honest entry arrives");
    begun.elapsed()
}

fn entries(person: &Person) -> u64 {
    person.must(&["status"]).json["entries"].as_u64().unwrap_or_default()
}

/// One flood at a time: each measures what it delays.
static ALONE: Mutex<()> = Mutex::new(());

#[derive(Debug)]
struct Delays {
    median: Duration,
    longest: Duration,
}

fn sum_up(mut delays: Vec<Duration>) -> Delays {
    delays.sort_unstable();
    Delays { median: delays[delays.len() / 2], longest: delays[delays.len() - 1] }
}

fn flooded(edits: bool) {
    if binary().is_none() {
        return;
    }
    // Whatever else the machine does only adds: the least of a few floods tells what this
    // one costs.
    let delayed = (0..FLOODS).map(|_| flood(edits)).find(|delayed| *delayed < DELAY);
    assert!(delayed.is_some(), "an honest entry was delayed by {DELAY:?} in every flood");
}

/// By how much the honest entry that was delayed most was.
#[allow(clippy::print_stderr)]
fn flood(edits: bool) -> Duration {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let root = TempDir::new().unwrap();
    let hub = Person::init(root.path(), "hub").unwrap();
    hub.must(&["hood", "found", "Ici"]);
    let running = hub.run(&[]);
    let people = ["flooder", "ben", "carol"].map(|name| {
        let person = Person::init(root.path(), name).unwrap();
        let link = hub.must(&["invite", "create"]).text("link");
        assert_eq!(person.must(&["join", &link]).text("status"), "joined");
        person
    });
    let [flooder, ben, carol] = &people;
    let size = flood_size();
    let hood = {
        let mut device = Device::of(flooder);
        device.flood(size, 500, edits);
        device.hood()
    };
    let address = running.address();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (calm, during, took) = runtime.block_on(async {
        let (ben, carol) = (open(ben, &address).await, open(carol, &address).await);
        let mut calm = Vec::new();
        for n in 0..CALM {
            calm.push(delay(&ben, &carol, hood, format!("Calm {n}")).await);
        }
        let before = entries(&hub);
        let begun = Timer::now();
        let source = flooder.run(&["--peer", &address]);
        until("the flood begins", || entries(&hub) > before);
        let all = before + size as u64;
        let mut during = Vec::new();
        while entries(&hub) < all {
            during.push(delay(&ben, &carol, hood, format!("Honest {}", during.len())).await);
        }
        let took = begun.elapsed();
        source.stop();
        ben.shutdown().await;
        carol.shutdown().await;
        (sum_up(calm), sum_up(during), took)
    });
    eprintln!("{size} entries, edits {edits}, in {took:?}: calm {calm:?}, during {during:?}");
    during.longest.saturating_sub(calm.median)
}

#[test]
fn a_flood_of_listings_delays_an_honest_entry_by_less_than_a_second() {
    flooded(false);
}

#[test]
fn a_flood_of_edits_delays_an_honest_entry_by_less_than_a_second() {
    flooded(true);
}
