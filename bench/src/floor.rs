//! The floor: the same bytes over the same transport, the same rows into SQLite in one
//! transaction, and nothing else.

use std::path::Path;
use std::time::{Duration, Instant};

use palier_model::rows::{RawRow, Table};
use palier_node::net::{Link, Multiaddr, Net, NetConfig, NetEvent, NetHandle, Protocol};
use palier_tests::neighbourhood::Outcome;
use rusqlite::Connection;
use tokio::sync::mpsc::Receiver;

/// Two ends of a link over loopback.
pub struct Pair {
    /// One.
    pub a: Link,
    /// The other.
    pub b: Link,
    pub(crate) nets: [NetHandle; 2],
    pub(crate) events: [Receiver<NetEvent>; 2],
}

impl Pair {
    /// Links two networks.
    pub async fn new() -> Outcome<Self> {
        let mut config = NetConfig::phone();
        config.listen.push("/ip4/127.0.0.1/tcp/0".parse()?);
        let (one, mut one_events) = Net::start(config)?;
        let (other, mut other_events) = Net::start(NetConfig::phone())?;
        let mut addr: Multiaddr = loop {
            if let Some(addr) = one.addresses().await?.listen.first() {
                break addr.clone();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        if !addr.iter().any(|part| matches!(part, Protocol::P2p(_))) {
            addr.push(Protocol::P2p(one.peer_id()));
        }
        other.dial(addr).await?;
        let (a, b) = (up(&mut one_events).await?, up(&mut other_events).await?);
        Ok(Self { a, b, nets: [one, other], events: [one_events, other_events] })
    }

    /// Closes everything.
    pub async fn close(self) {
        let Self { a, b, nets, events } = self;
        drop((a, b, events));
        for net in nets {
            net.shutdown().await;
        }
    }
}

async fn up(events: &mut Receiver<NetEvent>) -> Outcome<Link> {
    while let Some(event) = events.recv().await {
        if let NetEvent::LinkUp(link) = event {
            return Ok(link);
        }
    }
    Err("no link".into())
}

/// Time for so many bytes in so many frames, then for the rows.
pub async fn measure(
    bytes: u64,
    frames: u64,
    rows: &[(Table, Vec<RawRow>)],
    dir: &Path,
) -> Outcome<(Duration, Duration)> {
    let mut pair = Pair::new().await?;
    let size = usize::try_from(bytes / frames.max(1))?.max(1);
    let writer = pair.a.writer.clone();
    let begun = Instant::now();
    let sending = tokio::spawn(async move {
        for _ in 0..frames {
            if writer.send(vec![7; size]).await.is_err() {
                return;
            }
        }
    });
    let mut got = 0;
    while got < frames {
        pair.b.reader.recv().await.ok_or("the link ended")?;
        got += 1;
    }
    let carried = begun.elapsed();
    sending.await?;
    pair.close().await;
    Ok((carried, insert(rows, dir)?))
}

/// Time to insert rows in one durable transaction.
pub fn insert(rows: &[(Table, Vec<RawRow>)], dir: &Path) -> Outcome<Duration> {
    let mut connection = sqlite(dir)?;
    for (table, _) in rows {
        let name = table.name();
        connection.execute_batch(&format!(
            "CREATE TABLE {name} (key BLOB PRIMARY KEY NOT NULL, row BLOB NOT NULL) STRICT, WITHOUT ROWID"
        ))?;
    }
    let begun = Instant::now();
    let transaction = connection.transaction()?;
    for (table, rows) in rows {
        let sql = format!("INSERT INTO {} (key, row) VALUES (?1, ?2)", table.name());
        let mut statement = transaction.prepare(&sql)?;
        for (key, row) in rows {
            statement.execute((key, row))?;
        }
    }
    transaction.commit()?;
    Ok(begun.elapsed())
}

/// A plain database with the durability of the store.
pub fn sqlite(dir: &Path) -> Outcome<Connection> {
    let connection = Connection::open(dir.join("floor.db"))?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -4_096)?;
    Ok(connection)
}
