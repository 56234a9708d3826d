//! P8 and P9: one durable write, and how soon it is seen next door.

use std::time::{Duration, Instant};

use palier_model::engine::Event;
use palier_model::keys::DocId;
use palier_model::listing::{ListingContent, ListingKind};
use palier_model::replica::NewRequest;
use palier_model::rows::{Rows, Table};
use palier_model::time::{Instant as Moment, Interval};
use palier_node::node::{Node, NodeEvent};
use palier_tests::neighbourhood::{Neighbourhood, Outcome, Plan};
use serde_json::json;

use crate::floor;
use crate::nodes::{self, Place};
use crate::report::{Line, Report, ms, percentile};

/// Writes of each kind.
const WRITES: u32 = 60;
/// What is gathered before it is announced.
const WINDOW: Duration = Duration::from_millis(100);
/// Bytes of the one row that plain SQLite writes.
const ROW_BYTES: usize = 1_000;

/// P8: a request against one row in plain SQLite, in turns.
pub async fn write(report: &mut Report) -> Outcome<()> {
    let root = tempfile::tempdir()?;
    let place = Place::below(root.path(), "home");
    let made = Neighbourhood::make(Plan::documents(200))?;
    made.write_home(&place.dir, &place.state)?;
    let hood = made.hash();
    let node = place.open().await?;
    let listings: Vec<DocId> = node
        .read(hood, |_, tx, _| {
            let rows = tx.scan(Table::Listings, &[], &[], false, WRITES as usize)?;
            Ok(rows.iter().filter_map(|(key, _)| DocId::from_slice(key)).collect())
        })
        .await?;
    let plain = floor::sqlite(root.path())?;
    plain.execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, row BLOB NOT NULL) STRICT")?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for (number, listing) in (0_i64..).zip(listings) {
        let begun = Instant::now();
        node.act(hood, move |replica, tx, now, rng| {
            let start = now.plus_ms(Moment::DAY_MS * (1 + number));
            let interval = Interval { start, end: Some(start.plus_ms(3_600_000)) };
            let note = "merci".to_owned();
            let new = NewRequest {
                listing,
                interval,
                quantity: 1,
                waitlist: false,
                note,
                accepts: Default::default(),
            };
            replica.request(tx, now, rng, new)
        })
        .await?;
        ours.push(begun.elapsed());
        let begun = Instant::now();
        plain.execute("INSERT INTO t (row) VALUES (?1)", [vec![7_u8; ROW_BYTES]])?;
        theirs.push(begun.elapsed());
    }
    node.shutdown().await;
    let (own, other) = (percentile(&mut ours, 50), percentile(&mut theirs, 50));
    let ratio = own.as_secs_f64() / other.as_secs_f64();
    report.add(Line {
        figure: "P8",
        what: "durable write of one booking (four signed entries, sealed)".into(),
        target: "≤ 2 × one FULL SQLite insert",
        seen: format!("{ratio:.2} × ({:.2} ms; {:.2} ms)", ms(own), ms(other)),
        met: Some(ratio <= 2.0),
        details: json!({ "own_ms": ms(own), "sqlite_ms": ms(other), "ratio": ratio }),
    });
    Ok(())
}

/// P9: from the call that publishes until the neighbour's rows have it.
pub async fn publish(report: &mut Report) -> Outcome<()> {
    let root = tempfile::tempdir()?;
    let (host, guest) = (Place::below(root.path(), "host"), Place::below(root.path(), "guest"));
    let made = Neighbourhood::make(Plan::documents(200))?;
    made.write_home(&host.dir, &host.state)?;
    let hood = made.hash();
    Node::init(&guest.dir, &guest.state, "New")?;
    let (host, guest) = (host.open().await?, guest.open().await?);
    let link = nodes::invite(&host, hood).await?;
    nodes::join(&guest, link, nodes::entries(&host, hood).await?).await?;
    nodes::rest(&guest).await?;
    nodes::rest(&host).await?;
    let mut events = guest.subscribe();
    let mut took = Vec::new();
    for number in 0..WRITES {
        let begun = Instant::now();
        let id = host
            .act(hood, move |replica, tx, now, rng| {
                let draft = ListingContent::new(ListingKind::Offer, format!("Offre {number}"));
                replica.publish(tx, now, rng, draft, None)
            })
            .await?;
        nodes::wait(&mut events, |event| match event {
            NodeEvent::Engine(Event::Changed { changes, .. }) => changes.listings.contains(&id),
            _ => false,
        })
        .await?;
        took.push(begun.elapsed().saturating_sub(WINDOW));
    }
    host.shutdown().await;
    guest.shutdown().await;
    let (half, most) = (percentile(&mut took, 50), percentile(&mut took, 95));
    report.add(Line {
        figure: "P9",
        what: "published on one node, visible on another, beyond the batch window".into(),
        target: "p95 ≤ 50 ms",
        seen: format!("p50 {:.1} ms, p95 {:.1} ms", ms(half), ms(most)),
        met: Some(most <= Duration::from_millis(50)),
        details: json!({ "p50_ms": ms(half), "p95_ms": ms(most) }),
    });
    Ok(())
}
