//! A bare node of the network, driven by lines on standard input, for trials in network
//! namespaces. Everything it has to say is one JSON object a line.
//!
//! `net_probe hub|phone LISTEN [mdns] [RELAY…]` with multiaddresses; `-` listens nowhere. Commands:
//! `dial ADDR`, `keep ADDR`, `send TEXT` (on every link), `flood COUNT BYTES`, `gone`, `back`,
//! `switched`, `addresses`, `stats`, `quit`. Short frames that arrive are shown as `frame` events;
//! all are counted, which `stats` tells.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use palier_node::net::{
    Change, FrameWriter, Keypair, LinkId, Net, NetConfig, NetEvent, NetHandle, peer_of,
};
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// Longest frame shown as text; the rest is only counted.
const SHOWN_BYTES: usize = 200;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut config = match arguments.next().as_deref() {
        Some("hub") => NetConfig::hub(Keypair::generate_ed25519()),
        Some("phone") => NetConfig::phone(),
        _ => return Err("net_probe hub|phone LISTEN [RELAY…]".into()),
    };
    match arguments.next().as_deref() {
        None | Some("-") => {}
        Some(addr) => config.listen.push(addr.parse()?),
    }
    for relay in arguments {
        if relay == "mdns" {
            config.mdns = true;
        } else {
            config.relays.push(relay.parse()?);
        }
    }
    let (net, mut events) = Net::start(config)?;
    let (out, mut lines_out) = mpsc::channel::<Value>(1_024);
    let printing = std::thread::spawn(move || {
        let mut stdout = std::io::stdout().lock();
        while let Some(line) = lines_out.blocking_recv() {
            if writeln!(stdout, "{line}").and_then(|()| stdout.flush()).is_err() {
                break;
            }
        }
    });
    let (commands, mut lines) = mpsc::channel::<String>(16);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if commands.blocking_send(line).is_err() {
                break;
            }
        }
    });
    out.send(json!({"event": "started", "peer": net.peer_id().to_string()})).await?;
    let mut writers: BTreeMap<LinkId, FrameWriter> = BTreeMap::new();
    let received = Arc::new(AtomicU64::new(0));
    loop {
        tokio::select! {
            event = events.recv() => {
                let Some(event) = event else { break };
                tell(event, &mut writers, &out, &received).await?;
            }
            line = lines.recv() => match line {
                None => break,
                Some(line) if line == "quit" => break,
                Some(line) => {
                    if let Err(error) = obey(&line, &net, &writers, &out, &received).await {
                        out.send(json!({"event": "error", "error": error.to_string()})).await?;
                    }
                }
            },
        }
    }
    drop(writers);
    net.shutdown().await;
    out.send(json!({"event": "stopped"})).await?;
    drop(out);
    // Elsewhere, since the readers' tasks still hold the sender until they have run.
    let _ = tokio::task::spawn_blocking(move || printing.join()).await;
    Ok(())
}

async fn obey(
    line: &str,
    net: &NetHandle,
    writers: &BTreeMap<LinkId, FrameWriter>,
    out: &mpsc::Sender<Value>,
    received: &AtomicU64,
) -> Result<(), Box<dyn Error>> {
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    match verb {
        "dial" => net.dial(rest.parse()?).await?,
        "keep" => {
            let addr: palier_node::net::Multiaddr = rest.parse()?;
            net.keep(peer_of(&addr).ok_or("no peer in the address")?, vec![addr]).await?;
        }
        "send" => {
            for writer in writers.values() {
                writer.send(rest.as_bytes().to_vec()).await?;
            }
        }
        "flood" => {
            let (count, bytes) = rest.split_once(' ').ok_or("flood COUNT BYTES")?;
            let (count, bytes): (u64, usize) = (count.parse()?, bytes.parse()?);
            for writer in writers.values() {
                let writer = writer.clone();
                tokio::spawn(async move {
                    for _ in 0..count {
                        if writer.send(vec![0; bytes]).await.is_err() {
                            break;
                        }
                    }
                });
            }
        }
        "gone" => net.network_changed(Change::Gone).await,
        "back" => net.network_changed(Change::Back).await,
        "switched" => net.network_changed(Change::Switched).await,
        "addresses" => {
            let all: Vec<String> =
                net.addresses().await?.for_invitation().iter().map(ToString::to_string).collect();
            out.send(json!({"event": "addresses", "all": all})).await?;
        }
        "stats" => {
            let stats = net.stats();
            out.send(json!({
                "event": "stats", "links": net.links(), "bytes_in": stats.bytes_in,
                "bytes_out": stats.bytes_out, "frames_in": stats.frames_in,
                "frames_out": stats.frames_out, "read": received.load(Ordering::Relaxed),
            }))
            .await?;
        }
        _ => return Err(format!("unknown command {verb}").into()),
    }
    Ok(())
}

async fn tell(
    event: NetEvent,
    writers: &mut BTreeMap<LinkId, FrameWriter>,
    out: &mpsc::Sender<Value>,
    received: &Arc<AtomicU64>,
) -> Result<(), Box<dyn Error>> {
    let line = match event {
        NetEvent::LinkUp(link) => {
            writers.insert(link.id, link.writer);
            let (mut reader, out, received) = (link.reader, out.clone(), received.clone());
            let id = link.id.to_string();
            tokio::spawn(async move {
                while let Some(frame) = reader.recv().await {
                    received.fetch_add(1, Ordering::Relaxed);
                    if frame.len() <= SHOWN_BYTES {
                        let text = String::from_utf8_lossy(&frame);
                        let _ = out.send(json!({"event": "frame", "link": id, "text": text})).await;
                    }
                }
            });
            json!({"event": "link_up", "link": link.id.to_string(),
                "peer": link.peer.to_string(), "initiator": link.initiator,
                "relayed": link.relayed})
        }
        NetEvent::LinkDown { link, peer, reason } => {
            writers.remove(&link);
            json!({"event": "link_down", "link": link.to_string(), "peer": peer.to_string(),
                "reason": format!("{reason:?}")})
        }
        NetEvent::LinkMoved { link, relayed } => {
            json!({"event": "link_moved", "link": link.to_string(), "relayed": relayed})
        }
        NetEvent::Listening { addr } => json!({"event": "listening", "addr": addr.to_string()}),
        NetEvent::RelayReady { addr, .. } => {
            json!({"event": "relay_ready", "addr": addr.to_string()})
        }
        NetEvent::RelayLost { relay } => {
            json!({"event": "relay_lost", "relay": relay.to_string()})
        }
        NetEvent::HolePunch { peer, direct } => {
            json!({"event": "hole_punch", "peer": peer.to_string(), "direct": direct})
        }
        NetEvent::Discovered { peer, addrs } => {
            let addrs: Vec<String> = addrs.iter().map(ToString::to_string).collect();
            json!({"event": "discovered", "peer": peer.to_string(), "addrs": addrs})
        }
        NetEvent::Reachability(verdict) => {
            json!({"event": "reachability", "verdict": format!("{verdict:?}")})
        }
        NetEvent::DialFailed { peer, reason } => {
            json!({"event": "dial_failed", "peer": peer.to_string(),
                "reason": format!("{reason:?}")})
        }
        other => json!({"event": "other", "what": format!("{other:?}")}),
    };
    out.send(line).await?;
    Ok(())
}
