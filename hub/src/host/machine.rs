//! The node itself: how it stands, what it exchanged, what it tells.

use std::time::{Duration, Instant as Steady};

use data_encoding::HEXLOWER;
use palier_model::engine::{Engine, Event};
use palier_model::keys::HoodHash;
use palier_model::replica::Standing;
use palier_model::rows::{Rows, Table, TableKind};
use palier_model::sync::JoinAnswer;
use palier_node::node::{MetPeer, NodeEvent};
use tokio::sync::broadcast::error::RecvError;

use super::hoods::known_reason;
use super::{Opened, errors};
use crate::answer::{Doctor, Exchanged, Fork, Peer, Quarantined, Status, SyncDone, Traffic};
use crate::backend::{OnProgress, OpenRow, Progress, Scope, Stage};
use crate::errors::{CliError, Result};

/// Rows given at once.
const PART: usize = 256;
/// Nothing on its way for this long means that a sync is done.
const QUIET: Duration = Duration::from_millis(400);

/// What the sessions of a device exchanged so far.
fn exchanged(engine: &Engine) -> Exchanged {
    let stats = engine.exchanged();
    Exchanged {
        frames_in: stats.frames_in,
        frames_out: stats.frames_out,
        bytes_in: stats.bytes_in,
        bytes_out: stats.bytes_out,
        entries_in: stats.entries_in,
        documents_opened: engine.documents_opened(),
    }
}

impl Opened {
    pub(super) async fn status_now(&self, scope: &Scope) -> Result<Status> {
        // With several neighbourhoods and none named: all of them together.
        let hood = match self.hood_of(scope).await {
            Ok(hood) => Some(hood),
            Err(error) if error.code == "hood.none" => None,
            Err(error) if error.code == "hood.ambiguous" && scope.hood.is_none() => None,
            Err(error) => return Err(error),
        };
        let listening = self.node.addresses().await.map_err(errors::of_node)?;
        let mut status = self
            .node
            .call(move |host| {
                let (bytes_in, bytes_out) = host.traffic();
                let mut status = Status {
                    home: String::new(),
                    version: env!("CARGO_PKG_VERSION").to_owned(),
                    running: false,
                    member: host.engine.me().member.into(),
                    device: host.engine.me().keys.id().into(),
                    hood: hood.map(Into::into),
                    hood_name: None,
                    nodes: 0,
                    documents: 0,
                    entries: 0,
                    bytes: 0,
                    unsent: 0,
                    listening,
                    peers: (host.peers().into_iter())
                        .filter(|peer| hood.is_none_or(|hood| peer.hood == hood))
                        .map(peer)
                        .collect(),
                    traffic: Traffic { bytes_in, bytes_out },
                    exchanged: exchanged(&host.engine),
                    open_digest: None,
                };
                let all = host.engine.hoods().map(|(hood, _)| *hood);
                let hoods: Vec<HoodHash> = hood.map_or_else(|| all.collect(), |hood| vec![hood]);
                for of in hoods {
                    status.bytes += host.stores.get(&of).map_or(0, |store| size_of(store.dir()));
                    let figures = host.read(&of, |replica, tx, _| Ok(replica.figures(tx)?))?;
                    status.nodes += figures.devices;
                    status.documents += figures.documents;
                    status.entries += figures.entries;
                    status.unsent += figures.unsent;
                }
                if let Some(hood) = hood {
                    let (name, digest) = host.read(&hood, |replica, tx, _| {
                        let digest = match replica.hood().standing {
                            Standing::Joining => None,
                            _ => Some(HEXLOWER.encode(&replica.open_digest(tx)?)),
                        };
                        Ok((replica.name(tx)?, digest))
                    })?;
                    (status.hood_name, status.open_digest) = (Some(name), digest);
                }
                Ok(status)
            })
            .await
            .map_err(errors::of_node)?;
        status.home = self.dir.display().to_string();
        Ok(status)
    }

    pub(super) async fn sync_now(
        &self,
        scope: &Scope,
        within_ms: i64,
        peers: Vec<String>,
        progress: OnProgress,
    ) -> Result<SyncDone> {
        if scope.offline {
            return Err(CliError::new("net.offline"));
        }
        let only = match scope.hood.is_some() {
            true => Some(self.hood_of(scope).await?),
            false => None,
        };
        let mut events = self.node.subscribe();
        self.ask_again(scope).await?;
        let before = self.figures(only).await?;
        if !peers.is_empty() {
            match self.node.keep(peers).await {
                Err(palier_node::node::NodeError::Unreachable) => {
                    return Err(CliError::new("net.offline"));
                }
                kept => kept.map_err(errors::of_node)?,
            }
        }
        let within = Duration::from_millis(u64::try_from(within_ms).unwrap_or(0));
        let begun = Steady::now();
        let mut quiet_since: Option<Steady> = None;
        let mut met = std::collections::BTreeSet::new();
        let mut answered = None;
        progress(Progress { stage: Stage::Meeting, done: 0, total: None });
        let complete = loop {
            if begun.elapsed() >= within {
                break false;
            }
            let step = tokio::time::timeout(Duration::from_millis(40), events.recv()).await;
            match step {
                Ok(Ok(NodeEvent::PeerJoined { hood, device, .. })) => {
                    if only.is_none_or(|only| only == hood) {
                        met.insert(device);
                    }
                    quiet_since = None;
                }
                Ok(Ok(NodeEvent::Engine(Event::Accepted { .. } | Event::Changed { .. }))) => {
                    quiet_since = None;
                    progress(Progress { stage: Stage::Syncing, done: 0, total: None });
                }
                Ok(Ok(NodeEvent::Engine(Event::JoinAnswered { answer, .. }))) => {
                    answered = Some(answer);
                    quiet_since = None;
                }
                Ok(Err(RecvError::Closed)) => return Err(CliError::new("node.gone")),
                _ => {}
            }
            // Who waits for a coordinator meets nobody but the one who knows the answer.
            let waits = match &answered {
                Some(JoinAnswer::Refused(code)) => return Err(CliError::new(&known_reason(code))),
                Some(JoinAnswer::AwaitingApproval) => true,
                _ => false,
            };
            let quiet = self
                .node
                .call(move |host| {
                    let engine = &host.engine;
                    let nothing_else = || engine.peers().is_empty() || engine.is_at_rest(None);
                    Ok(engine.is_at_rest(only.as_ref()) || waits && nothing_else())
                })
                .await
                .map_err(errors::of_node)?;
            if !quiet {
                quiet_since = None;
            } else if quiet_since.get_or_insert_with(Steady::now).elapsed() >= QUIET {
                break true;
            }
        };
        let present = self.node.call(|host| Ok(host.peers())).await.map_err(errors::of_node)?;
        let of_it = present.iter().filter(|peer| only.is_none_or(|only| peer.hood == only));
        met.extend(of_it.map(|peer| peer.device));
        if met.is_empty() && answered.is_none() {
            return Err(CliError::new("net.unreachable"));
        }
        let after = self.figures(only).await?;
        let (bytes_in, bytes_out) =
            self.node.call(|host| Ok(host.traffic())).await.map_err(errors::of_node)?;
        Ok(SyncDone {
            peers: met.len().max(usize::from(answered.is_some())) as u64,
            received: after.0.saturating_sub(before.0),
            sent: before.1.saturating_sub(after.1),
            traffic: Traffic { bytes_in, bytes_out },
            complete,
            waiting: answered == Some(JoinAnswer::AwaitingApproval),
        })
    }

    /// Has an application that waits asked after; an error where the answer was no, which
    /// nobody is asked again.
    async fn ask_again(&self, scope: &Scope) -> Result<()> {
        let hood = self.hood_of(scope).await.ok();
        let standing = self
            .node
            .call(move |host| {
                let now = host.now();
                host.engine.ask_again(now);
                let replica = hood.and_then(|hood| host.engine.replica(&hood));
                Ok(replica.map(|replica| replica.hood().standing))
            })
            .await
            .map_err(errors::of_node)?;
        match standing {
            Some(Standing::Refused) => Err(CliError::new("join.refused")),
            _ => Ok(()),
        }
    }

    /// Entries held and own entries not yet sent, of one neighbourhood or over all.
    async fn figures(&self, only: Option<HoodHash>) -> Result<(u64, u64)> {
        self.node
            .call(move |host| {
                let hoods = host.engine.hoods().map(|(hood, _)| *hood);
                let hoods: Vec<HoodHash> =
                    hoods.filter(|hood| only.is_none_or(|only| only == *hood)).collect();
                let (mut entries, mut unsent) = (0, 0);
                for hood in hoods {
                    let figures = host.read(&hood, |replica, tx, _| Ok(replica.figures(tx)?))?;
                    entries += figures.entries;
                    unsent += figures.unsent;
                }
                Ok((entries, unsent))
            })
            .await
            .map_err(errors::of_node)
    }

    pub(super) async fn examine(&self, rebuild: bool, progress: OnProgress) -> Result<Doctor> {
        progress(Progress { stage: Stage::Checking, done: 0, total: None });
        let report =
            self.node.call(move |host| host.examine(rebuild)).await.map_err(errors::of_node)?;
        let forks: Vec<Fork> = report
            .forks
            .into_iter()
            .map(|fork| Fork {
                log: fork.log.into(),
                device: fork.device.into(),
                document: fork.document.into(),
                tips: fork.tips as u64,
            })
            .collect();
        let quarantined: Vec<Quarantined> = report
            .damaged
            .into_iter()
            .map(|damaged| Quarantined {
                table: damaged.table.name().to_owned(),
                key: HEXLOWER.encode(&damaged.key),
                code: "storage.corrupt".to_owned(),
            })
            .collect();
        Ok(Doctor {
            ok: forks.is_empty() && quarantined.is_empty(),
            forks,
            quarantined,
            entries_checked: report.entries,
            rebuilt: report.rebuilt,
        })
    }

    pub(super) async fn open_rows_after(
        &self,
        scope: &Scope,
        after: Option<OpenRow>,
    ) -> Result<Vec<OpenRow>> {
        let hood = self.hood_of(scope).await?;
        self.look(hood, move |_, tx, _| {
            let open = || Table::ALL.iter().filter(|table| table.kind() == TableKind::Open);
            let mut rows = Vec::new();
            let from_table = after.as_ref().map_or("", |row| row.table.as_str());
            let mut passed = from_table.is_empty();
            for table in open() {
                let mut from = Vec::new();
                if table.name() == from_table {
                    passed = true;
                    let key = after.as_ref().map(|row| HEXLOWER.decode(row.key.as_bytes()));
                    from = key.and_then(std::result::Result::ok).unwrap_or_default();
                    from.push(0);
                }
                if !passed {
                    continue;
                }
                for (key, row) in tx.scan(*table, &from, &[], false, PART - rows.len())? {
                    rows.push(OpenRow {
                        table: table.name().to_owned(),
                        key: HEXLOWER.encode(&key),
                        value: serde_json::Value::String(HEXLOWER.encode(&row)),
                    });
                }
                if rows.len() >= PART {
                    break;
                }
            }
            Ok(rows)
        })
        .await
    }
}

fn peer(met: MetPeer) -> Peer {
    Peer {
        hood: Some(met.hood.into()),
        device: Some(met.device.into()),
        member: Some(met.member.into()),
        address: met.address,
        relayed: met.relayed,
        since: None,
    }
}

/// Bytes of the files in a folder.
fn size_of(dir: &std::path::Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    entries.flatten().filter_map(|entry| entry.metadata().ok()).map(|file| file.len()).sum()
}
