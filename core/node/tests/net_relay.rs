//! Through a hub's relay: reservations, relayed links, leaving the relay, hubs that come back.

mod net_common;

use net_common::{Node, hub, phone, within};
use palier_node::net::{Change, DownReason, NetConfig, NetEvent, PeerId, circuit, without_peer};

/// Dials only: whoever wants to reach it needs the relay, and no hole can be punched to it.
fn hidden() -> NetConfig {
    let mut config = phone();
    config.listen.clear();
    config
}

async fn behind(hub: &Node, mut config: NetConfig) -> Node {
    config.relays = vec![hub.addr.clone()];
    let mut node = Node::start(config).await;
    reserved(&mut node, hub.id()).await;
    node
}

async fn reserved(node: &mut Node, hub: PeerId) {
    node.wait("reservation", |event| match event {
        NetEvent::RelayReady { relay, .. } if relay == hub => Some(()),
        _ => None,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_reach_only_a_hub_talk_through_it_are_told_so_and_try_to_leave_it() {
    const FRAMES: usize = 40;
    let hub = Node::start(hub()).await;
    let mut a = behind(&hub, hidden()).await;
    let mut b = behind(&hub, hidden()).await;
    let found = b.net.addresses().await.expect("running").for_invitation();
    assert_eq!(found, vec![circuit(&hub.addr, b.id())]);

    a.net.dial(found[0].clone()).await.expect("dial");
    let at_a = a.link().await;
    // The attempt may be over before the link is up.
    let mut punched = None;
    let mut at_b = b
        .wait("link", |event| match event {
            NetEvent::HolePunch { direct, .. } => {
                punched = Some(direct);
                None
            }
            NetEvent::LinkUp(link) => Some(link),
            _ => None,
        })
        .await;
    assert!(at_a.relayed && at_b.relayed);
    assert!(at_a.initiator && !at_b.initiator);
    // More than libp2p's own 128 KiB for a circuit.
    let writer = at_a.writer.clone();
    let sending = tokio::spawn(async move {
        for n in 0..FRAMES {
            writer.send(vec![n as u8; 64 * 1024]).await.expect("open");
        }
    });
    for n in 0..FRAMES {
        let frame = within("relayed frame", at_b.reader.recv()).await;
        assert_eq!(frame, Some(vec![n as u8; 64 * 1024]));
    }
    within("sender", sending).await.expect("sent");
    let direct = match punched {
        Some(direct) => direct,
        None => {
            b.wait("attempt to punch a hole", |event| match event {
                NetEvent::HolePunch { direct, .. } => Some(direct),
                NetEvent::LinkDown { reason, .. } => panic!("the relayed link ended: {reason:?}"),
                _ => None,
            })
            .await
        }
    };
    assert!(!direct, "nothing listens, so nothing can be reached");
    at_a.writer.send(b"still here".to_vec()).await.expect("open");
    assert_eq!(within("frame", at_b.reader.recv()).await, Some(b"still here".to_vec()));
    for node in [a, b, hub] {
        node.net.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_leaves_the_relay_for_a_direct_connection_without_losing_a_frame() {
    let hub = Node::start(hub()).await;
    // Both listen on loopback, so that the hole "punched" there leads somewhere.
    let mut a = behind(&hub, phone()).await;
    let mut b = behind(&hub, phone()).await;
    a.net.dial(circuit(&hub.addr, b.id())).await.expect("dial");
    let (at_a, at_b) = (a.link().await, b.link().await);
    assert!(at_a.relayed && at_b.relayed);

    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let mut traffic = tokio::task::JoinSet::new();
    let mut readers = tokio::task::JoinSet::new();
    let mut writers = Vec::new();
    let (a_link, b_link) = (at_a.id, at_b.id);
    for link in [at_a, at_b] {
        let (writer, mut reader) = (link.writer, link.reader);
        writers.push(writer.clone());
        let stop = stop.clone();
        traffic.spawn(async move {
            let mut sent = 0u32;
            while sent < 100 || !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let mut frame = sent.to_le_bytes().to_vec();
                frame.resize(300, 0);
                writer.send(frame).await.expect("open");
                sent += 1;
                // Traffic, not a flood: the hub ends a circuit that carries too much.
                if sent.is_multiple_of(20) {
                    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                }
            }
            writer.send(vec![]).await.expect("open");
            sent
        });
        readers.spawn(async move {
            let mut expected = 0u32;
            loop {
                let frame = within("frame", reader.recv()).await.expect("open");
                if frame.is_empty() {
                    return (expected, reader);
                }
                assert_eq!(frame[..4], expected.to_le_bytes(), "in order, none lost");
                expected += 1;
            }
        });
    }
    for (node, id) in [(&mut a, a_link), (&mut b, b_link)] {
        let relayed = node
            .wait("move", |event| match event {
                NetEvent::LinkMoved { link, relayed } if link == id => Some(relayed),
                NetEvent::LinkDown { reason, .. } => panic!("ended instead: {reason:?}"),
                _ => None,
            })
            .await;
        assert!(!relayed);
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    let sent: u32 = within("writers", traffic.join_all()).await.into_iter().sum();
    let got = within("readers", readers.join_all()).await;
    assert_eq!(sent, got.iter().map(|(n, _)| n).sum::<u32>());
    assert!(sent >= 200);
    // The hub is no longer needed.
    hub.net.shutdown().await;
    drop(got);
    for node in [a, b] {
        node.net.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reservation_comes_back_after_the_hub_has() {
    let mut config = hub();
    let old = Node::start(config.clone()).await;
    let mut a = behind(&old, hidden()).await;
    old.net.shutdown().await;
    a.wait("loss", |event| match event {
        NetEvent::RelayLost { relay } if relay == old.id() => Some(()),
        _ => None,
    })
    .await;
    assert_eq!(a.net.addresses().await.expect("running").relayed, vec![]);
    config.listen = vec![without_peer(&old.addr)];
    let new = Node::start(config).await;
    reserved(&mut a, new.id()).await;
    a.net.shutdown().await;
    new.net.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_network_ends_every_link_and_begins_again_at_once() {
    let mut hub = Node::start(hub()).await;
    let mut a = behind(&hub, hidden()).await;
    a.net.keep(hub.id(), vec![hub.addr.clone()]).await.expect("keep");
    let (first, mut first_at_hub) = (a.link().await, hub.link().await);
    a.net.network_changed(Change::Back).await;
    // The same network: the connection answers the probe and the link goes on.
    first.writer.send(b"on".to_vec()).await.expect("open");
    assert_eq!(within("frame", first_at_hub.reader.recv()).await, Some(b"on".to_vec()));
    a.net.network_changed(Change::Switched).await;
    assert_eq!(a.down(first.id).await, DownReason::NetworkChanged);
    let (second, _second_at_hub) = (a.link().await, hub.link().await);
    assert_ne!(first.id, second.id);
    reserved_or_there(&mut a, &hub).await;
    a.net.network_changed(Change::Gone).await;
    assert_eq!(a.net.links(), 1, "a short gap does no harm");
    a.net.shutdown().await;
    hub.net.shutdown().await;
}

async fn reserved_or_there(node: &mut Node, hub: &Node) {
    let net = node.net.clone();
    let want = vec![circuit(&hub.addr, node.id())];
    within("reservation", async {
        while net.addresses().await.expect("running").relayed != want {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_known_peer_is_reached_through_the_relays_without_an_address() {
    let hub = Node::start(hub()).await;
    let mut a = behind(&hub, hidden()).await;
    let mut b = behind(&hub, hidden()).await;
    a.net.dial_peer(b.id(), vec![]).await.expect("dial");
    let (at_a, at_b) = (a.link().await, b.link().await);
    assert!(at_a.relayed && at_b.relayed);
    assert_eq!((a.net.links(), b.net.links()), (1, 1));
    for node in [a, b, hub] {
        node.net.shutdown().await;
    }
}
