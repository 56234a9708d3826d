//! Figures of calendars on SQLite: `cargo xtask bench calendars`, or `cargo run --release
//! --package palier-tests --example calendar_bench [BOOKINGS [LISTINGS]]`. A room with
//! 2,000 bookings, "free on Saturday morning" over all tools, and acceptances in a
//! neighbourhood and in one ten times as large. Prints a table; fails on nothing but what
//! did not run.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::time::{Duration, Instant};

use palier_model::booking::Care;
use palier_model::keys::{BookingId, DocId, HoodHash};
use palier_model::listing::ListingKind;
use palier_model::rows::Writes;
use palier_model::time::{Instant as Moment, Interval, Zone};
use palier_node::node::{Node, NodeConfig};
use palier_tests::neighbourhood::{Neighbourhood, Outcome, Plan};

/// Bookings of the room.
const OF_ROOM: u32 = 2_000;
/// Acceptances that are timed, and looks at a calendar.
const TIMES: u32 = 40;
/// How much larger the larger neighbourhood is.
const TIMES_LARGER: u8 = 10;

fn line(name: &str, value: impl std::fmt::Display) {
    println!("| {name} | {value} |");
}

fn middle(mut took: Vec<Duration>) -> f64 {
    took.sort_unstable();
    took.get(took.len() / 2).copied().unwrap_or_default().as_secs_f64() * 1_000.0
}

/// The month, and the Saturday morning, that are looked at.
fn ranges() -> Outcome<(Interval, Interval)> {
    let zone = Zone::named("Europe/Paris")?;
    let at = |text: &str| -> Outcome<Moment> { Ok(zone.instant(text.parse()?)?) };
    let range = |from: &str, to: &str| -> Outcome<Interval> {
        Ok(Interval::new(at(from)?, Some(at(to)?))?)
    };
    Ok((
        range("2027-02-01T00:00", "2027-03-01T00:00")?,
        range("2027-02-13T08:00", "2027-02-13T12:00")?,
    ))
}

struct Seen {
    month_ms: f64,
    in_month: usize,
    free_ms: f64,
    free: usize,
    accept_ms: f64,
}

async fn look(node: &Node, hood: HoodHash, room: DocId, waiting: &[BookingId]) -> Outcome<Seen> {
    let (month, morning) = ranges()?;
    let (mut months, mut mornings, mut accepted) = (Vec::new(), Vec::new(), Vec::new());
    let (mut in_month, mut free) = (0, 0);
    for _ in 0..TIMES {
        let begun = Instant::now();
        let calendar =
            node.read(hood, move |replica, tx, now| replica.calendar(tx, now, &room, &month));
        in_month = calendar.await?.held.len();
        months.push(begun.elapsed());
    }
    for _ in 0..TIMES / 8 {
        let begun = Instant::now();
        let found = node.read(hood, move |replica, tx, now| {
            replica.free_resources(tx, now, Some(ListingKind::Tool), &morning, None, 1)
        });
        free = found.await?.len();
        mornings.push(begun.elapsed());
    }
    for &id in waiting {
        let begun = Instant::now();
        node.act(hood, move |replica, tx, now, _| {
            Ok(((), replica.accept(tx, now, &id, Care::CalendarOnly)?))
        })
        .await?;
        accepted.push(begun.elapsed());
    }
    let (month_ms, free_ms, accept_ms) = (middle(months), middle(mornings), middle(accepted));
    Ok(Seen { month_ms, in_month, free_ms, free, accept_ms })
}

async fn measure(
    made: &Neighbourhood,
    more: Writes,
    (room, waiting): (DocId, &[BookingId]),
) -> Outcome<Seen> {
    let root = tempfile::tempdir()?;
    let (dir, state) = (root.path().join("home"), root.path().join("state"));
    made.write_home_with(&dir, &state, more)?;
    let node = Node::open(NodeConfig::offline(&dir, &state)).await?;
    let seen = look(&node, made.hash(), room, waiting).await;
    node.shutdown().await;
    seen
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut numbers = std::env::args().skip(1).map(|it| it.parse::<u32>());
    let bookings = numbers.next().transpose()?.unwrap_or(20_000);
    let listings = numbers.next().transpose()?.unwrap_or(5_000);
    let begun = Instant::now();
    let mut made = Neighbourhood::make(Plan { seed: 3, members: 60, listings, bookings })?;
    // Every two hours from the first of January on: the month is full of them.
    let first = Moment(1_798_758_000_000);
    let (room, waiting) = made.room(first, OF_ROOM, TIMES)?;
    eprintln!("made in {:.0} s", begun.elapsed().as_secs_f64());
    let small = measure(&made, Writes::new(), (room, &waiting)).await?;
    let large = measure(&made, made.copies(TIMES_LARGER - 1), (room, &waiting)).await?;
    println!("| figure | value |\n|---|---|");
    let of = |ms: f64, other: f64| format!("{ms:.2} ms; {other:.2} ms; {:.2} ×", other / ms);
    let sizes = format!("{bookings} bookings; {TIMES_LARGER} × as many; ratio");
    line(
        &format!("month of a room with {OF_ROOM} bookings, {} in it ({sizes})", small.in_month),
        of(small.month_ms, large.month_ms),
    );
    line(
        &format!("free on Saturday morning, {} of {listings} tools ({sizes})", small.free),
        of(small.free_ms, large.free_ms),
    );
    line(&format!("one acceptance, durable ({sizes})"), of(small.accept_ms, large.accept_ms));
    Ok(())
}
