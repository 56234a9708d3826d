//! Alone in its process, so that file descriptors can be counted.

#![cfg(target_os = "linux")]

mod net_common;

use net_common::{Node, hub, phone};
use palier_node::net::circuit;

fn descriptors() -> Vec<String> {
    let mut all: Vec<String> = std::fs::read_dir("/proc/self/fd")
        .expect("proc")
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .map(|target| target.display().to_string())
        // The listing itself.
        .filter(|target| !target.contains("/fd"))
        .collect();
    all.sort();
    all
}

/// Names of the threads of this process.
fn names() -> Vec<String> {
    let mut all: Vec<String> = std::fs::read_dir("/proc/self/task")
        .expect("proc")
        .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path().join("comm")).ok())
        .map(|name| name.trim().to_string())
        .collect();
    all.sort();
    all
}

#[tokio::test]
async fn shutdown_leaves_no_socket_no_thread_and_says_goodbye() {
    // libp2p's timer (the crate futures-timer) has one thread a process, kept and idle.
    Node::start(phone()).await.net.shutdown().await;
    net_common::until("first ended", || !names().iter().any(|name| name == "palier-net")).await;
    let (before, threads_before) = (descriptors(), names());
    for round in 0..3 {
        let mut hub = Node::start(hub()).await;
        let mut nodes = Vec::new();
        for _ in 0..3 {
            let mut config = phone();
            // mDNS leaves tasks with sockets behind when its behaviour is dropped.
            config.mdns = true;
            config.relays = vec![hub.addr.clone()];
            nodes.push(Node::start(config).await);
        }
        for node in &mut nodes {
            node.net.dial(hub.addr.clone()).await.expect("dial");
            let (link, at_hub) = (node.link().await, hub.link().await);
            // Held, with something unread in it.
            at_hub.writer.send(vec![1; 10_000]).await.expect("open");
            std::mem::forget((link.reader, at_hub.reader));
        }
        // And something half begun.
        let nobody = palier_node::net::PeerId::random();
        nodes[0].net.dial(circuit(&hub.addr, nobody)).await.expect("begun");
        for node in &nodes {
            node.net.shutdown().await;
            node.net.shutdown().await;
        }
        if round == 0 {
            hub.net.shutdown().await;
        } else {
            // Letting go of the last handle stops it too.
            drop(hub.net);
            while hub.events.recv().await.is_some() {}
        }
    }
    net_common::until("threads ended", || names() == threads_before).await;
    assert_eq!(descriptors(), before);
}
