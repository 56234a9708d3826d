//! One act travels through all floors for real: two homes, two SQLite stores, libp2p on
//! loopback.

use std::time::Duration;

use palier_model::authority::{Inviters, Policy};
use palier_model::listing::{ListingContent, ListingKind, Listings};
use palier_model::projection::{Changes, PlaceRecord};
use palier_model::replica::{NewInvitation, Standing};
use palier_model::sync::JoinForm;
use palier_node::node::{NetworkConfig, Node, NodeConfig, NodeEvent};
use tempfile::TempDir;

fn listening() -> NetworkConfig {
    NetworkConfig { listen: vec!["/ip4/127.0.0.1/tcp/0".into()], ..NetworkConfig::default() }
}

async fn person(dirs: &TempDir, name: &str) -> Node {
    let (dir, state) = (dirs.path().join(name), dirs.path().join("state"));
    Node::init(&dir, &state, name).unwrap();
    let config = NodeConfig { network: Some(listening()), ..NodeConfig::offline(dir, state) };
    Node::open(config).await.unwrap()
}

async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let waited = tokio::time::timeout(Duration::from_secs(30), async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    assert!(waited.await.is_ok(), "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_publishes_the_other_lists_over_libp2p() {
    let dirs = TempDir::new().unwrap();
    let (anna, bo) = (person(&dirs, "Anna").await, person(&dirs, "Bo").await);
    let place = PlaceRecord {
        at: anna.clock().claimed(),
        name: "Les Érables".into(),
        zone: "Europe/Paris".into(),
    };
    let policy = Policy { inviters: Inviters::Members, approval: false };
    let hood = anna.found(place, policy).await.unwrap();
    until("an address", || async { !anna.addresses().await.unwrap().is_empty() }).await;
    let addresses = anna.addresses().await.unwrap();
    let link = anna
        .act(hood, move |replica, tx, now, rng| {
            let new = NewInvitation {
                approval: false,
                uses: 1,
                good_for_ms: 3_600_000,
                roles: Default::default(),
            };
            Ok((replica.invite(tx, now, rng, new, addresses)?, Changes::default()))
        })
        .await
        .unwrap();
    let form = JoinForm { name: "Bo".into(), home: String::new(), languages: Vec::new() };
    bo.join(link, form).await.unwrap();
    until("joined", || async {
        let standing = bo.read(hood, |replica, _, _| Ok(replica.hood().standing)).await;
        standing.is_ok_and(|standing| standing == Standing::Member)
    })
    .await;
    let id = anna
        .act(hood, |replica, tx, now, rng| {
            let draft = ListingContent::new(ListingKind::Offer, "Je répare les vélos");
            replica.publish(tx, now, rng, draft, None)
        })
        .await
        .unwrap();
    until("listed there", || async {
        let row = bo.read(hood, move |_, tx, _| Ok(tx.row::<Listings>(&id)?)).await.unwrap();
        row.is_some_and(|row| row.content.title == "Je répare les vélos")
    })
    .await;
    anna.shutdown().await;
    bo.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_opened_as_soon_as_it_was_closed_is_no_old_copy() {
    let dirs = TempDir::new().unwrap();
    let (dir, state) = (dirs.path().join("Anna"), dirs.path().join("state"));
    Node::init(&dir, &state, "Anna").unwrap();
    let open = || async { Node::open(NodeConfig::offline(&dir, &state)).await };
    let anna = open().await.unwrap();
    let place = PlaceRecord {
        at: anna.clock().claimed(),
        name: "Les Érables".into(),
        zone: "Europe/Paris".into(),
    };
    let policy = Policy { inviters: Inviters::Members, approval: false };
    let hood = anna.found(place, policy).await.unwrap();
    anna.shutdown().await;
    for _ in 0..20 {
        let anna = open().await.expect("the lock falls before the shutdown returns");
        let own = anna.read(hood, |replica, _, _| Ok(replica.own().incarnation)).await.unwrap();
        assert_eq!(own, 0, "it took itself for a copy");
        anna.act(hood, |replica, tx, now, rng| {
            let draft = ListingContent::new(ListingKind::Offer, "Vélos");
            replica.publish(tx, now, rng, draft, None)
        })
        .await
        .unwrap();
        anna.shutdown().await;
    }
}

/// A session can be over before whoever opened the node had time to listen.
#[tokio::test(flavor = "multi_thread")]
async fn what_happened_before_anybody_listened_is_heard_by_the_first_who_does() {
    let dirs = TempDir::new().unwrap();
    let anna = person(&dirs, "Anna").await;
    let at = anna.clock().claimed();
    let place = PlaceRecord { at, name: "Les Érables".into(), zone: "Europe/Paris".into() };
    anna.found(place, Policy { inviters: Inviters::Members, approval: false }).await.unwrap();
    // Answered after what the founding had to tell was told.
    anna.call(|_| Ok(())).await.unwrap();
    let hears_of_it = |mut events: tokio::sync::broadcast::Receiver<NodeEvent>| {
        std::iter::from_fn(move || events.try_recv().ok())
            .any(|event| matches!(event, NodeEvent::Engine(_)))
    };
    assert!(hears_of_it(anna.subscribe()));
    assert!(!hears_of_it(anna.subscribe()), "only the first hears of the past");
    anna.shutdown().await;
}
