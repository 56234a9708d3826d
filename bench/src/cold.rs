//! P1 and P4: joining a neighbourhood that is there already.

use std::time::{Duration, Instant};

use palier_node::node::Node;
use palier_tests::neighbourhood::{Neighbourhood, Outcome, Plan};
use serde_json::json;

use crate::nodes::{self, Place};
use crate::report::{Line, Report, ms, processor};
use crate::{floor, make};

/// What one join took.
pub struct Joined {
    /// From the call until all is here.
    pub time: Duration,
    /// The same bytes and rows and nothing else.
    pub floor: Duration,
    /// Processor time of both nodes, and of the floor.
    pub processor: (Duration, Duration),
    /// Documents.
    pub documents: usize,
    /// Entries.
    pub entries: u64,
    /// Bytes that came.
    pub bytes: u64,
}

/// Joins the neighbourhood of a home that is made so.
async fn join(make: impl FnOnce(&Place) -> Outcome<()>) -> Outcome<Joined> {
    let root = tempfile::tempdir()?;
    let (host, guest) = (Place::below(root.path(), "host"), Place::below(root.path(), "guest"));
    make(&host)?;
    Node::init(&guest.dir, &guest.state, "New")?;
    let (host, guest) = (host.open().await?, guest.open().await?);
    let hash = host.call(|host| Ok(host.engine.hoods().next().map(|(hash, _)| *hash))).await?;
    let hash = hash.ok_or("no neighbourhood was made")?;
    let link = nodes::invite(&host, hash).await?;
    let entries = nodes::entries(&host, hash).await?;
    let (begun, used) = (Instant::now(), processor());
    nodes::join(&guest, link, entries).await?;
    let (time, join_used) = (begun.elapsed(), processor().saturating_sub(used));
    let counted = nodes::rest(&guest).await?.stats;
    let rows = nodes::rows(&guest, hash).await?;
    let documents = documents_in(&rows);
    host.shutdown().await;
    guest.shutdown().await;
    let used = processor();
    let (carried, inserted) =
        floor::measure(counted.bytes_in, counted.frames_in, &rows, root.path()).await?;
    let processor = (join_used, processor().saturating_sub(used));
    let floor = carried + inserted;
    Ok(Joined { time, floor, processor, documents, entries, bytes: counted.bytes_in })
}

fn documents_in(rows: &[(palier_model::rows::Table, Vec<palier_model::rows::RawRow>)]) -> usize {
    let of = rows.iter().find(|(table, _)| *table == palier_model::rows::Table::Documents);
    of.map_or(0, |(_, rows)| rows.len())
}

/// P1: the reference neighbourhood, beside the floor.
pub async fn reference(scale: f64, report: &mut Report) -> Outcome<()> {
    let joined = join(|place| make::home(scale, place)).await?;
    report.add(against_floor(&joined));
    Ok(())
}

fn against_floor(joined: &Joined) -> Line {
    let ratio = joined.time.as_secs_f64() / joined.floor.as_secs_f64();
    let (own, floor) = joined.processor;
    let work = own.as_secs_f64() / floor.as_secs_f64().max(0.01);
    Line {
        figure: "P1",
        what: format!(
            "cold join, {} entries, {} documents, {:.1} MB",
            joined.entries,
            joined.documents,
            joined.bytes as f64 / 1e6
        ),
        target: "≤ 3 × the floor",
        seen: format!(
            "{ratio:.2} × ({:.2} s; floor {:.2} s); of processor time {work:.1} × ({:.2} s; {:.2} s)",
            joined.time.as_secs_f64(),
            joined.floor.as_secs_f64(),
            own.as_secs_f64(),
            floor.as_secs_f64()
        ),
        met: Some(ratio <= 3.0),
        details: json!({
            "entries": joined.entries, "documents": joined.documents, "bytes": joined.bytes,
            "join_ms": ms(joined.time), "floor_ms": ms(joined.floor), "ratio": ratio,
            "join_processor_ms": ms(own), "floor_processor_ms": ms(floor), "work_ratio": work,
        }),
    }
}

/// P1 and P4: listings alone, more and more of them; with feature `others` also as
/// automerge documents.
pub async fn documents(counts: &[u32], report: &mut Report) -> Outcome<()> {
    let mut times = Vec::new();
    for count in counts {
        let made = Neighbourhood::make(Plan::documents(*count))?;
        let joined = join(|place| made.write_home(&place.dir, &place.state)).await?;
        report.add(against_floor(&joined));
        #[cfg(feature = "others")]
        beside_others(&made, &joined, report).await?;
        times.push((*count, joined.time));
    }
    let (Some((few, short)), Some((many, long))) = (times.first(), times.last()) else {
        return Ok(());
    };
    let (ratio, more) =
        (long.as_secs_f64() / short.as_secs_f64(), f64::from(*many) / f64::from(*few));
    report.add(Line {
        figure: "P4",
        what: format!("time for {many} documents ÷ time for {few}"),
        target: "≤ 1.2 × their number",
        seen: format!("{ratio:.1} for {more:.0} × as many"),
        met: Some(ratio <= more * 1.2),
        details: json!({ "few_ms": ms(*short), "many_ms": ms(*long), "ratio": ratio }),
    });
    Ok(())
}

/// The same contents, brought by others.
#[cfg(feature = "others")]
async fn beside_others(made: &Neighbourhood, joined: &Joined, report: &mut Report) -> Outcome<()> {
    let contents = crate::others::listings(made.rows());
    let own = joined.time.as_secs_f64();
    let count = contents.len();
    for (name, time, target, least) in [
        (
            "samod 0.16",
            crate::others::samod(&contents).await?,
            "≥ 5 × faster, ≥ 20 × at 4,000",
            if count >= 4_000 { 20.0 } else { 5.0 },
        ),
        ("automerge::sync, same transport", crate::others::automerge(&contents).await?, "—", 0.0),
    ] {
        let times = time.as_secs_f64() / own;
        report.add(Line {
            figure: "P1",
            what: format!("{count} documents, beside {name}"),
            target,
            seen: format!("{times:.1} × faster ({own:.2} s; {:.2} s)", time.as_secs_f64()),
            met: (least > 0.0).then_some(times >= least),
            details: json!({ "own_ms": own * 1_000.0, "other_ms": ms(time), "times": times }),
        });
    }
    Ok(())
}
