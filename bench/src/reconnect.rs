//! P2 and P3: meeting again, with nothing new and with one in a hundred changed.

use std::time::{Duration, Instant};

use palier_model::engine::Event;
use palier_model::journal::Run;
use palier_model::keys::HoodHash;
use palier_model::rows::{Rows, Table, Tx};
use palier_node::node::{Node, NodeEvent};
use palier_tests::forwarder::Forwarder;
use palier_tests::neighbourhood::{Neighbourhood, Outcome, Plan};
use serde_json::json;

use crate::nodes::{self, Counted, Place};
use crate::report::{Line, Report};

/// How long a byte is on its way, each way, where round trips are counted: long beside
/// what the nodes compute meanwhile.
const FAR: Duration = Duration::from_millis(200);

/// What the nodes compute is not another round trip.
const HALF: f64 = 0.5;

/// Two homes that know each other and hold the same.
struct Neighbours {
    hood: HoodHash,
    host: Place,
    guest: Place,
}

impl Neighbours {
    /// Opens both, lets them meet, and gives what the guest counted and both opened.
    async fn meet(&self) -> Outcome<(Counted, u64)> {
        let (host, guest) = (self.host.open().await?, self.guest.open().await?);
        guest.keep(nodes::addresses(&host).await?).await?;
        while guest.call(|node| Ok(node.engine.peers().is_empty())).await? {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let seen = nodes::rest(&guest).await?;
        let opened = seen.documents + nodes::counted(&host).await?.documents;
        host.shutdown().await;
        guest.shutdown().await;
        Ok((seen, opened))
    }

    /// As [`meet`](Self::meet), over a long line, until the guest holds so many entries:
    /// gives the time from its call to then in round trips as well, and how many of them
    /// had passed when the two knew who they are.
    async fn meet_far(&self, entries: u64) -> Outcome<(Counted, u64, Trips)> {
        let (host, guest) = (self.host.open().await?, self.guest.open().await?);
        let port = nodes::port(&host).await?;
        let line = Forwarder::far(port, FAR)?;
        let mut events = guest.subscribe();
        let begun = Instant::now();
        guest.keep(vec![format!("/ip4/127.0.0.1/tcp/{}", line.address.port())]).await?;
        nodes::wait(&mut events, |event| matches!(event, NodeEvent::Engine(Event::Met { .. })))
            .await?;
        let met = begun.elapsed();
        nodes::wait(&mut events, |event| match event {
            NodeEvent::Engine(Event::Accepted { position, .. }) => position.n >= entries,
            _ => false,
        })
        .await?;
        let trips = Trips { to_meet: trips(met), to_hold: trips(begun.elapsed()) };
        let seen = nodes::rest(&guest).await?;
        let opened = seen.documents + nodes::counted(&host).await?.documents;
        host.shutdown().await;
        guest.shutdown().await;
        Ok((seen, opened, trips))
    }

    /// Changes come to the host by another way.
    async fn bring(&self, runs: Vec<Run>) -> Outcome<(u64, u64)> {
        let host = self.host.open().await?;
        let before = nodes::entries(&host, self.hood).await?;
        host.act(self.hood, move |replica, tx, _, _| Ok(((), replica.take(tx, &runs)?.changes)))
            .await?;
        let after = nodes::entries(&host, self.hood).await?;
        host.shutdown().await;
        Ok((after - before, after))
    }

    /// Both forget how far they had read each other: they are strangers.
    async fn forget(&self) -> Outcome<()> {
        for place in [&self.host, &self.guest] {
            let node = place.open().await?;
            node.act(self.hood, |_, tx: &mut Tx<'_>, _, _| {
                for (key, _) in tx.scan(Table::Cursors, &[], &[], false, 1_024)? {
                    tx.delete_raw(Table::Cursors, key);
                }
                Ok(((), Default::default()))
            })
            .await?;
            node.shutdown().await;
        }
        Ok(())
    }
}

/// Round trips of a meeting, from the call on.
#[derive(Debug, Clone, Copy)]
struct Trips {
    /// Until both knew whom they speak to: TCP, Noise, streams, the two hellos.
    to_meet: f64,
    /// Until what was new was stored.
    to_hold: f64,
}

fn trips(time: Duration) -> f64 {
    time.as_secs_f64() / (2.0 * FAR.as_secs_f64())
}

async fn neighbours(made: &Neighbourhood, root: &std::path::Path) -> Outcome<Neighbours> {
    let (host, guest) = (Place::below(root, "host"), Place::below(root, "guest"));
    made.write_home(&host.dir, &host.state)?;
    let hood = made.hash();
    Node::init(&guest.dir, &guest.state, "New")?;
    let (one, other) = (host.open().await?, guest.open().await?);
    let link = nodes::invite(&one, hood).await?;
    let entries = nodes::entries(&one, hood).await?;
    nodes::join(&other, link, entries).await?;
    nodes::rest(&other).await?;
    nodes::rest(&one).await?;
    one.shutdown().await;
    other.shutdown().await;
    Ok(Neighbours { hood, host, guest })
}

/// P2 and P3 for so many documents.
pub async fn reconnect(documents: u32, report: &mut Report) -> Outcome<()> {
    let mut made = Neighbourhood::make(Plan::documents(documents))?;
    let root = tempfile::tempdir()?;
    let both = neighbours(&made, root.path()).await?;
    // The first time after a join what was written on joining is told.
    both.meet().await?;
    let (seen, opened) = both.meet().await?;
    let bytes = seen.stats.bytes_in + seen.stats.bytes_out;
    report.add(Line {
        figure: "P2",
        what: format!("reconnect, {documents} documents, nothing new"),
        target: "1 round trip, ≤ 1 KB, 0 documents",
        seen: format!(
            "{} frames out, {} in, {bytes} bytes, {opened} documents",
            seen.stats.frames_out, seen.stats.frames_in
        ),
        met: Some(bytes <= 1_024 && opened == 0 && seen.stats.frames_out <= 2),
        details: details(&seen, opened, 0),
    });
    let changed = (documents / 100).max(1);
    for (who, target, limit, most) in [
        (
            "known peer",
            "≤ 10 KB beside the entries, ≤ 2 round trips, only those opened",
            10_240,
            2.0,
        ),
        (
            "stranger",
            "≤ 150 KB beside the entries, ≤ 4 round trips, only those opened",
            153_600,
            4.0,
        ),
    ] {
        let runs = made.change(usize::try_from(changed)?)?;
        let payload: u64 = runs.iter().map(|run| run.to_bytes().len() as u64).sum();
        let (entries, held) = both.bring(runs).await?;
        if who == "stranger" {
            both.forget().await?;
        }
        let (seen, opened, trips) = both.meet_far(held).await?;
        let after = trips.to_hold - trips.to_meet;
        let bytes = seen.stats.bytes_in + seen.stats.bytes_out;
        let beside = bytes.saturating_sub(payload);
        report.add(Line {
            figure: "P3",
            what: format!("reconnect, {documents} documents, {entries} new entries, {who}"),
            target,
            seen: format!(
                "{beside} bytes beside {payload} of entries, {} frames out, {} in, {} rounds of comparing, {opened} documents, {after:.1} round trips after {:.1} to meet",
                seen.stats.frames_out,
                seen.stats.frames_in,
                seen.stats.reconcile_rounds,
                trips.to_meet
            ),
            met: Some(
                beside <= limit && opened <= u64::from(changed) && after < most + HALF,
            ),
            details: details(&seen, opened, payload),
        });
    }
    Ok(())
}

fn details(seen: &Counted, opened: u64, payload: u64) -> serde_json::Value {
    json!({
        "bytes_in": seen.stats.bytes_in, "bytes_out": seen.stats.bytes_out,
        "frames_in": seen.stats.frames_in, "frames_out": seen.stats.frames_out,
        "reconcile": seen.stats.reconcile_rounds, "logs_opened": seen.stats.logs_opened,
        "documents_opened": opened, "payload": payload,
    })
}
