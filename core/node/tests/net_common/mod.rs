//! Nodes on loopback for the tests of the network, and waiting for conditions.
#![allow(dead_code, unreachable_pub)]

use std::time::{Duration, Instant};

use palier_node::net::{
    Keypair, Link, LinkId, Multiaddr, Net, NetConfig, NetEvent, NetHandle, PeerId,
};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Longer than anything here takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Node {
    pub net: NetHandle,
    pub events: mpsc::Receiver<NetEvent>,
    pub addr: Multiaddr,
}

/// A phone that listens on a free port of the loopback.
pub fn phone() -> NetConfig {
    let mut config = NetConfig::phone();
    config.listen.push("/ip4/127.0.0.1/tcp/0".parse().expect("address"));
    config
}

pub fn hub() -> NetConfig {
    let mut config = NetConfig::hub(Keypair::generate_ed25519());
    config.listen.push("/ip4/127.0.0.1/tcp/0".parse().expect("address"));
    config
}

impl Node {
    pub async fn start(config: NetConfig) -> Node {
        let listens = !config.listen.is_empty();
        let (net, events) = Net::start(config).expect("starts");
        let mut node = Node { net, events, addr: Multiaddr::empty() };
        if listens {
            let addr = node
                .wait("listening", |event| match event {
                    NetEvent::Listening { addr } => Some(addr),
                    _ => None,
                })
                .await;
            node.addr = addr.with_p2p(node.id()).expect("address");
        }
        node
    }

    pub fn id(&self) -> PeerId {
        self.net.peer_id()
    }

    pub async fn next(&mut self) -> NetEvent {
        timeout(PATIENCE, self.events.recv()).await.expect("an event in time").expect("running")
    }

    /// The first event that fits; others are dropped.
    pub async fn wait<T>(&mut self, what: &str, mut fits: impl FnMut(NetEvent) -> Option<T>) -> T {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match timeout(left, self.events.recv()).await {
                Ok(Some(event)) => {
                    if let Some(found) = fits(event) {
                        return found;
                    }
                }
                Ok(None) => panic!("the network stopped while waiting for {what}"),
                Err(_) => panic!("no {what} in {PATIENCE:?}"),
            }
        }
    }

    pub async fn link(&mut self) -> Link {
        self.wait("link", |event| match event {
            NetEvent::LinkUp(link) => Some(link),
            _ => None,
        })
        .await
    }

    pub async fn down(&mut self, id: LinkId) -> palier_node::net::DownReason {
        self.wait("link down", |event| match event {
            NetEvent::LinkDown { link, reason, .. } if link == id => Some(reason),
            _ => None,
        })
        .await
    }
}

/// Two nodes with a link; the first dialled.
pub async fn pair() -> (Node, Link, Node, Link) {
    let mut a = Node::start(phone()).await;
    let mut b = Node::start(phone()).await;
    a.net.dial(b.addr.clone()).await.expect("dial");
    let (at_a, at_b) = (a.link().await, b.link().await);
    assert!(at_a.initiator && !at_b.initiator);
    assert_eq!((at_a.peer, at_b.peer), (b.id(), a.id()));
    (a, at_a, b, at_b)
}

pub async fn within<T>(what: &str, work: impl Future<Output = T>) -> T {
    match timeout(PATIENCE, work).await {
        Ok(value) => value,
        Err(_) => panic!("{what} took longer than {PATIENCE:?}"),
    }
}

/// Waits until a condition holds.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
