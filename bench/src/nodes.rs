//! Nodes on loopback.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use palier_model::authority::Roles;
use palier_model::engine::Event;
use palier_model::keys::HoodHash;
use palier_model::replica::NewInvitation;
use palier_model::rows::{RawRow, Rows, Table};
use palier_model::sync::{InvitationLink, JoinForm, Stats};
use palier_node::node::{NetworkConfig, Node, NodeConfig, NodeEvent};
use palier_tests::neighbourhood::Outcome;
use tokio::sync::broadcast::Receiver;

/// Nothing takes longer than this.
const PATIENCE: Duration = Duration::from_secs(1_800);
/// A session on which nothing is on its way for this long is at rest.
const REST: Duration = Duration::from_millis(700);

/// A home in a temporary folder.
#[derive(Clone)]
pub struct Place {
    /// The folder.
    pub dir: PathBuf,
    /// The place outside every backup.
    pub state: PathBuf,
}

impl Place {
    /// A place below a folder.
    pub fn below(root: &Path, name: &str) -> Self {
        Self { dir: root.join(name), state: root.join(format!("{name}-state")) }
    }

    /// Opens the node with sockets.
    pub async fn open(&self) -> Outcome<Node> {
        let mut config = NodeConfig::offline(&self.dir, &self.state);
        config.network = Some(NetworkConfig {
            listen: vec!["/ip4/127.0.0.1/tcp/0".into()],
            ..NetworkConfig::default()
        });
        Ok(Node::open(config).await?)
    }
}

/// Where a node listens, once it does.
pub async fn addresses(node: &Node) -> Outcome<Vec<String>> {
    let begun = Instant::now();
    loop {
        let addresses = node.addresses().await?;
        if !addresses.is_empty() {
            return Ok(addresses);
        }
        if begun.elapsed() > PATIENCE {
            return Err("a node does not listen".into());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The TCP port a node listens on, once it does.
pub async fn port(node: &Node) -> Outcome<u16> {
    let addresses = addresses(node).await?;
    let tcp = addresses.iter().find_map(|at| at.split_once("/tcp/")?.1.split('/').next());
    Ok(tcp.ok_or("a node listens on no port")?.parse()?)
}

/// An invitation by a node.
pub async fn invite(node: &Node, hood: HoodHash) -> Outcome<InvitationLink> {
    let addresses = addresses(node).await?;
    let link = node
        .act(hood, move |replica, tx, now, rng| {
            let new = NewInvitation {
                approval: false,
                uses: 100,
                good_for_ms: 86_400_000,
                roles: Roles::default(),
            };
            Ok((replica.invite(tx, now, rng, new, addresses)?, Default::default()))
        })
        .await?;
    Ok(link)
}

/// How many entries a node holds.
pub async fn entries(node: &Node, hood: HoodHash) -> Outcome<u64> {
    Ok(node.read(hood, |_, tx, _| Ok(palier_model::journal::position(tx)?.n)).await?)
}

/// Joins and waits until everything the other had is here.
pub async fn join(node: &Node, link: InvitationLink, entries: u64) -> Outcome<()> {
    let mut events = node.subscribe();
    let form = JoinForm { name: "New".into(), home: String::new(), languages: Vec::new() };
    node.join(link, form).await?;
    wait(&mut events, |event| match event {
        NodeEvent::Engine(Event::Accepted { position, .. }) => position.n >= entries,
        _ => false,
    })
    .await
}

/// Waits for an event.
pub async fn wait(
    events: &mut Receiver<NodeEvent>,
    mut is_it: impl FnMut(&NodeEvent) -> bool,
) -> Outcome<()> {
    let until = tokio::time::Instant::now() + PATIENCE;
    loop {
        let event = tokio::time::timeout_at(until, events.recv()).await;
        match event.map_err(|_| "waited too long")? {
            Ok(event) if is_it(&event) => return Ok(()),
            Ok(_) => {}
            Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// What a node counted: sessions, and documents opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    /// Of its sessions, handshakes left out.
    pub stats: Stats,
    /// Documents loaded.
    pub documents: u64,
}

/// What a node counted so far.
pub async fn counted(node: &Node) -> Outcome<Counted> {
    Ok(node
        .call(|host| {
            let engine = &host.engine;
            Ok(Counted { stats: engine.exchanged(), documents: engine.documents_opened() })
        })
        .await?)
}

/// Waits until nothing was exchanged for a while and the session is quiet.
pub async fn rest(node: &Node) -> Outcome<Counted> {
    let mut seen = counted(node).await?;
    let mut since = Instant::now();
    let begun = Instant::now();
    while since.elapsed() < REST {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let now = counted(node).await?;
        let quiet = node.call(|host| Ok(host.engine.peers().iter().all(|it| it.is_quiet))).await?;
        if now != seen || !quiet {
            (seen, since) = (now, Instant::now());
        }
        if begun.elapsed() > PATIENCE {
            return Err("never at rest".into());
        }
    }
    Ok(seen)
}

/// Every row of a neighbourhood's store, table by table.
pub async fn rows(node: &Node, hood: HoodHash) -> Outcome<Vec<(Table, Vec<RawRow>)>> {
    let read = node.read(hood, |_, tx, _| {
        let mut all = Vec::new();
        for table in Table::ALL {
            all.push((*table, tx.scan(*table, &[], &[], false, usize::MAX >> 1)?));
        }
        Ok(all)
    });
    Ok(read.await?)
}
