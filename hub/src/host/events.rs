//! What `palier run` tells of what happens on the node.

use std::collections::{BTreeMap, BTreeSet};

use palier_model::engine::Event;
use palier_model::keys::{HoodHash, MemberId};
use palier_model::replica::Standing;
use palier_model::sync::JoinAnswer;
use palier_node::node::{Node, NodeEvent};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;

use super::listings::kind_out;
use crate::answer::{JoinStatus, RunEvent};

/// Events that may wait to be told.
const QUEUE: usize = 256;

/// What waits in each neighbourhood: news only when it changes.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// Those who ask to join.
    applicants: BTreeMap<HoodHash, BTreeSet<MemberId>>,
    /// How this person's own applications stand.
    own: BTreeMap<HoodHash, JoinStatus>,
}

impl Known {
    /// How things stand now.
    pub(super) async fn of(node: &Node) -> Self {
        let mut known = Self::default();
        let read = node.call(|host| {
            Ok(host
                .engine
                .hoods()
                .map(|(hood, replica)| (*hood, replica.hood().standing))
                .collect::<Vec<_>>())
        });
        for (hood, standing) in read.await.unwrap_or_default() {
            if standing == Standing::AwaitingApproval {
                known.own.insert(hood, JoinStatus::AwaitingApproval);
            }
            known.applicants.insert(hood, applicants(node, hood).await);
        }
        known
    }

    /// Those who ask to join and did not before.
    fn new_applicants(&mut self, hood: HoodHash, now: BTreeSet<MemberId>) -> Vec<MemberId> {
        let before = self.applicants.insert(hood, now.clone()).unwrap_or_default();
        now.difference(&before).copied().collect()
    }
}

async fn applicants(node: &Node, hood: HoodHash) -> BTreeSet<MemberId> {
    let read = node.read(hood, |replica, tx, _| {
        Ok(replica.applicants(tx)?.into_iter().map(|it| it.record.member).collect())
    });
    read.await.unwrap_or_else(|error| {
        tracing::warn!(%error, "who asks to join could not be read");
        BTreeSet::new()
    })
}

/// Tells what happens from now on, and what kept searches found meanwhile.
pub(super) fn events(node: &Node, known: Known) -> mpsc::Receiver<RunEvent> {
    let (tell, told) = mpsc::channel(QUEUE);
    tokio::spawn(follow(node.clone(), known, tell));
    told
}

async fn follow(node: Node, mut known: Known, tell: mpsc::Sender<RunEvent>) {
    let mut events = node.subscribe();
    if let Err(error) = node.look_out().await {
        tracing::warn!(%error, "kept searches were not run");
    }
    loop {
        let event = match events.recv().await {
            Ok(NodeEvent::Stopped) | Err(RecvError::Closed) => return,
            Ok(event) => event,
            Err(RecvError::Lagged(missed)) => {
                tracing::warn!(missed, "events came faster than they were read");
                continue;
            }
        };
        for event in shown(&node, &mut known, event).await {
            if tell.send(event).await.is_err() {
                return;
            }
        }
    }
}

async fn shown(node: &Node, known: &mut Known, event: NodeEvent) -> Vec<RunEvent> {
    vec![match event {
        NodeEvent::PeerJoined { hood, device, peer, relayed, .. } => {
            let (device, hood) = (Some(device.into()), Some(hood.into()));
            RunEvent::PeerJoined { device, address: peer, relayed, hood }
        }
        NodeEvent::PeerLeft { hood, device } => {
            RunEvent::PeerLeft { device: Some(device.into()), hood: Some(hood.into()) }
        }
        NodeEvent::SearchMatched { hood, found } => RunEvent::SearchMatched {
            hood: hood.into(),
            searches: found.searches,
            listing: found.listing.id.into(),
            kind: kind_out(found.listing.content.kind),
            title: found.listing.content.title,
        },
        NodeEvent::Engine(Event::Accepted { entries, .. }) => {
            RunEvent::Received { entries: entries as u64 }
        }
        NodeEvent::Engine(Event::JoinAnswered { hood, answer }) => {
            let status = match answer {
                JoinAnswer::Joined => JoinStatus::Joined,
                JoinAnswer::AwaitingApproval => JoinStatus::AwaitingApproval,
                JoinAnswer::Refused(_) => JoinStatus::Refused,
            };
            if known.own.insert(hood, status) == Some(status) {
                return Vec::new();
            }
            RunEvent::JoinAnswered { status }
        }
        // Here, or with whoever redeems the invitation and passes it on.
        NodeEvent::Engine(Event::Applied { hood, .. }) => return asking(node, known, hood).await,
        NodeEvent::Engine(Event::Changed { hood, changes }) if changes.applications => {
            return asking(node, known, hood).await;
        }
        _ => return Vec::new(),
    }]
}

async fn asking(node: &Node, known: &mut Known, hood: HoodHash) -> Vec<RunEvent> {
    let now = applicants(node, hood).await;
    let new = known.new_applicants(hood, now).into_iter();
    new.map(|member| RunEvent::Applied { hood: hood.into(), member: member.into() }).collect()
}
