//! P1 and P4: joining a neighbourhood that is there already.

use std::time::{Duration, Instant};

use palier_node::node::Node;
use palier_tests::neighbourhood::{Neighbourhood, Outcome, Plan};
use serde_json::json;

use crate::floor;
use crate::nodes::{self, Place};
use crate::report::{Line, Report, ms};

/// What one join took.
pub struct Joined {
    /// From the call until all is here.
    pub time: Duration,
    /// The same bytes and rows and nothing else.
    pub floor: Duration,
    /// Documents.
    pub documents: usize,
    /// Entries.
    pub entries: u64,
    /// Bytes that came.
    pub bytes: u64,
}

/// Joins the neighbourhood of a plan.
pub async fn join(plan: Plan) -> Outcome<Joined> {
    let made = Instant::now();
    let hood = Neighbourhood::make(plan)?;
    crate::report::say(&format!("   made in {:.1} s: {plan:?}", made.elapsed().as_secs_f64()));
    let root = tempfile::tempdir()?;
    let (host, guest) = (Place::below(root.path(), "host"), Place::below(root.path(), "guest"));
    hood.write_home(&host.dir, &host.state)?;
    let hash = hood.hash();
    drop(hood);
    Node::init(&guest.dir, &guest.state, "New")?;
    let (host, guest) = (host.open().await?, guest.open().await?);
    let link = nodes::invite(&host, hash).await?;
    let entries = nodes::entries(&host, hash).await?;
    let begun = Instant::now();
    nodes::join(&guest, link, entries).await?;
    let time = begun.elapsed();
    let counted = nodes::rest(&guest).await?.stats;
    let rows = nodes::rows(&guest, hash).await?;
    let documents = documents(&rows);
    host.shutdown().await;
    guest.shutdown().await;
    let (carried, inserted) =
        floor::measure(counted.bytes_in, counted.frames_in, &rows, root.path()).await?;
    Ok(Joined { time, floor: carried + inserted, documents, entries, bytes: counted.bytes_in })
}

fn documents(rows: &[(palier_model::rows::Table, Vec<palier_model::rows::RawRow>)]) -> usize {
    let of = rows.iter().find(|(table, _)| *table == palier_model::rows::Table::Documents);
    of.map_or(0, |(_, rows)| rows.len())
}

/// P1: the reference neighbourhood, beside the floor.
pub async fn reference(scale: f64, report: &mut Report) -> Outcome<()> {
    let joined = join(Plan::scaled(scale)).await?;
    let ratio = joined.time.as_secs_f64() / joined.floor.as_secs_f64();
    report.add(Line {
        figure: "P1",
        what: format!(
            "cold join, {} entries, {} documents, {:.1} MB",
            joined.entries,
            joined.documents,
            joined.bytes as f64 / 1e6
        ),
        target: "≤ 3 × the floor",
        seen: format!(
            "{:.2} × ({:.2} s; floor {:.2} s)",
            ratio,
            joined.time.as_secs_f64(),
            joined.floor.as_secs_f64()
        ),
        met: Some(ratio <= 3.0),
        details: json!({
            "entries": joined.entries, "documents": joined.documents, "bytes": joined.bytes,
            "join_ms": ms(joined.time), "floor_ms": ms(joined.floor), "ratio": ratio,
        }),
    });
    Ok(())
}
