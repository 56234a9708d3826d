//! P2 and P3: meeting again, with nothing new and with one in a hundred changed.

use palier_model::journal::Run;
use palier_model::keys::HoodHash;
use palier_model::rows::{Rows, Table, Tx};
use palier_node::node::Node;
use palier_tests::neighbourhood::{Neighbourhood, Outcome, Plan};
use serde_json::json;

use crate::nodes::{self, Counted, Place};
use crate::report::{Line, Report};

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

    /// Changes come to the host by another way.
    async fn bring(&self, runs: Vec<Run>) -> Outcome<usize> {
        let host = self.host.open().await?;
        let before = nodes::entries(&host, self.hood).await?;
        host.act(self.hood, move |replica, tx, _, _| Ok(((), replica.take(tx, &runs)?.changes)))
            .await?;
        let after = nodes::entries(&host, self.hood).await?;
        host.shutdown().await;
        Ok(usize::try_from(after - before)?)
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
    for (who, target, limit) in [
        ("known peer", "≤ 10 KB beside the entries, ≤ 2 round trips, only those opened", 10_240),
        ("stranger", "≤ 150 KB beside the entries, ≤ 4 round trips, only those opened", 153_600),
    ] {
        let runs = made.change(usize::try_from(changed)?)?;
        let payload: u64 = runs.iter().map(|run| run.to_bytes().len() as u64).sum();
        let entries = both.bring(runs).await?;
        if who == "stranger" {
            both.forget().await?;
        }
        let (seen, opened) = both.meet().await?;
        let bytes = seen.stats.bytes_in + seen.stats.bytes_out;
        let beside = bytes.saturating_sub(payload);
        report.add(Line {
            figure: "P3",
            what: format!("reconnect, {documents} documents, {entries} new entries, {who}"),
            target,
            seen: format!(
                "{beside} bytes beside {payload} of entries, {} frames out, {} in, {} rounds of comparing, {opened} documents",
                seen.stats.frames_out, seen.stats.frames_in, seen.stats.reconcile_rounds
            ),
            met: Some(beside <= limit && opened <= u64::from(changed)),
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
