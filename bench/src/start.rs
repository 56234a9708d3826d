//! P6: opening a home, in a process of its own.

use std::path::PathBuf;
use std::time::Instant;

use palier_node::node::{Node, NodeConfig};
use palier_tests::neighbourhood::Outcome;
use serde_json::{Value, json};

use crate::make;
use crate::nodes::Place;
use crate::report::{Line, Report};

/// How this program is told to be the process that opens.
const OPEN: &str = "--open-home";
/// Times it is opened: the middle one counts.
const TIMES: usize = 5;

/// The home this process is to open, if it is to.
pub fn asked(mut arguments: impl Iterator<Item = String>) -> Option<Place> {
    let found = arguments.any(|argument| argument == OPEN);
    let mut next = || arguments.next().map(PathBuf::from);
    found.then(|| Some(Place { dir: next()?, state: next()? })).flatten()
}

/// Opens it and says how long that took and how much memory is held.
pub async fn child(place: &Place) -> Outcome<()> {
    let begun = Instant::now();
    let node = Node::open(NodeConfig::offline(&place.dir, &place.state)).await?;
    let took = begun.elapsed();
    let rss_kib = resident_kib();
    node.shutdown().await;
    println!("{}", json!({ "ms": took.as_secs_f64() * 1_000.0, "rss_kib": rss_kib }));
    Ok(())
}

/// Memory in use, as Linux says it.
fn resident_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// P6.
pub async fn open(scale: f64, report: &mut Report) -> Outcome<()> {
    let root = tempfile::tempdir()?;
    let place = Place::below(root.path(), "home");
    make::home(scale, &place)?;
    let (mut took, mut rss) = (Vec::new(), 0);
    for _ in 0..TIMES {
        let mut command = std::process::Command::new(std::env::current_exe()?);
        let output = command.arg(OPEN).arg(&place.dir).arg(&place.state).output()?;
        let said: Value = serde_json::from_slice(&output.stdout)?;
        took.push(said["ms"].as_f64().ok_or("the home was not opened")?);
        rss = rss.max(said["rss_kib"].as_u64().unwrap_or(0));
    }
    took.sort_by(f64::total_cmp);
    let (middle, mib) = (took[TIMES / 2], rss as f64 / 1_024.0);
    report.add(Line {
        figure: "P6",
        what: format!("open a home, the reference neighbourhood × {scale}"),
        target: "≤ 100 ms, RSS ≤ 48 MB",
        seen: format!("{middle:.0} ms, {mib:.0} MiB"),
        met: Some(middle <= 100.0 && mib <= 46.0),
        details: json!({ "ms": took, "rss_kib": rss }),
    });
    Ok(())
}
