//! Prose about this node and its home.

use super::style::{View, plain, short};
use super::table::table;
use crate::answer::{
    BundleExported, BundleImported, Demo, Doctor, Init, JoinStatus, RunEvent, Status, SyncDone,
    WayKind, Welcome,
};
use crate::backend::Stage;
use crate::texts::Texts;

/// What goes on while something takes long.
pub fn stage(stage: Stage, texts: &Texts) -> String {
    texts.get(match stage {
        Stage::Working => "stage-working",
        Stage::Opening => "stage-opening",
        Stage::Waiting => "stage-waiting",
        Stage::Meeting => "stage-meeting",
        Stage::Syncing => "stage-syncing",
        Stage::Checking => "stage-checking",
        Stage::Bundling => "stage-bundling",
    })
}

/// A line of `palier run`.
pub fn run_event(event: &RunEvent, texts: &Texts) -> String {
    match event {
        RunEvent::Ready { listening, .. } => {
            let at = listening.iter().map(|address| plain(address)).collect::<Vec<_>>().join(", ");
            texts.with("run-ready", [("at", at.into()), ("n", listening.len().into())])
        }
        RunEvent::PeerJoined { device, address, relayed, .. } => {
            let who = device.map_or_else(|| plain(address), |device| short(&device));
            let key = if *relayed { "run-peer-relayed" } else { "run-peer-joined" };
            texts.with(key, [("who", who.into())])
        }
        RunEvent::PeerLeft { device, .. } => {
            let who = device.map_or_else(|| "?".to_owned(), |device| short(&device));
            texts.with("run-peer-left", [("who", who.into())])
        }
        RunEvent::JoinAnswered { status } => texts.get(match status {
            JoinStatus::Joined => "join-joined",
            JoinStatus::AwaitingApproval => "run-awaiting",
            JoinStatus::Refused => "join-refused",
        }),
        RunEvent::Applied { member, .. } => {
            texts.with("run-applied", [("who", short(member).into())])
        }
        RunEvent::SearchMatched { searches, listing, title, .. } => {
            let names = searches.iter().map(|name| plain(name)).collect::<Vec<_>>().join(", ");
            let params = [
                ("names", names.into()),
                ("title", plain(title).into()),
                ("id", short(listing).into()),
            ];
            texts.with("run-search-matched", params)
        }
        RunEvent::Received { entries } => texts.with("run-received", [("n", (*entries).into())]),
        RunEvent::Stopped => texts.get("run-stopped"),
    }
}

pub(super) fn init(it: &Init, view: &View<'_>) -> String {
    let mut out = format!("{}\n", view.with("init-done", [("member", short(&it.member).into())]));
    for words in [&it.phrase.fr, &it.phrase.en] {
        out.push_str(&format!("\n  {}\n", view.strong(words)));
    }
    out.push_str(&format!("\n{}", view.get("init-keep")));
    out
}

pub(super) fn welcome(it: &Welcome, view: &View<'_>) -> String {
    let mut out = view.get("welcome");
    for way in &it.ways {
        let key = match way.way {
            WayKind::Found => "welcome-found",
            WayKind::Join => "welcome-join",
            WayKind::Recover => "welcome-recover",
        };
        out.push_str(&format!("\n\n{}", view.strong(&view.get(key))));
        for command in &way.commands {
            out.push_str(&format!("\n  {command}"));
        }
    }
    out
}

pub(super) fn status(it: &Status, view: &View<'_>) -> String {
    let mut out = match &it.hood_name {
        Some(name) => format!("{}\n", view.strong(&plain(name))),
        None if it.documents > 0 => format!("{}\n", view.get("status-all-hoods")),
        None => format!("{}\n", view.get("status-no-hood")),
    };
    out.push_str(&view.field("field-home", &plain(&it.home)));
    out.push_str(&view.field("field-device", &short(&it.device)));
    let figures = [
        ("nodes", it.nodes.into()),
        ("documents", it.documents.into()),
        ("entries", it.entries.into()),
        ("size", size(it.bytes, view).into()),
    ];
    out.push_str(&format!("  {}\n", view.with("status-figures", figures)));
    if it.unsent > 0 {
        out.push_str(&format!("  {}\n", view.with("status-unsent", [("n", it.unsent.into())])));
    }
    let peers = view.with("status-peers", [("n", it.peers.len().into())]);
    out.push_str(&format!("  {}\n", if it.running { peers } else { view.get("status-asleep") }));
    for peer in &it.peers {
        let who = peer.device.map_or_else(|| "?".to_owned(), |device| short(&device));
        let how = view.get(if peer.relayed { "peer-relayed" } else { "peer-direct" });
        out.push_str(&format!("    {who} {} ({how})\n", plain(&peer.address)));
    }
    out.push_str(
        &view.field("field-digest", &it.open_digest.as_deref().map(plain).unwrap_or_default()),
    );
    out.trim_end().to_owned()
}

pub(super) fn sync(it: &SyncDone, view: &View<'_>) -> String {
    if it.waiting {
        return view.get("run-awaiting");
    }
    let key = if it.complete { "sync-complete" } else { "sync-partial" };
    let params =
        [("peers", it.peers.into()), ("received", it.received.into()), ("sent", it.sent.into())];
    view.with(key, params)
}

pub(super) fn doctor(it: &Doctor, view: &View<'_>) -> String {
    let mut out = if it.ok {
        view.good(&view.with("doctor-ok", [("n", it.entries_checked.into())]))
    } else {
        view.bad(&view.with("doctor-not-ok", [("n", it.entries_checked.into())]))
    };
    if it.rebuilt {
        out.push_str(&format!("\n{}", view.get("doctor-rebuilt")));
    }
    for fork in &it.forks {
        let params = [("device", short(&fork.device).into()), ("n", fork.tips.into())];
        out.push_str(&format!("\n{}", view.with("doctor-fork", params)));
    }
    for row in &it.quarantined {
        let params = [
            ("table", plain(&row.table).into()),
            ("key", plain(&row.key).into()),
            ("code", plain(&row.code).into()),
        ];
        out.push_str(&format!("\n{}", view.with("doctor-quarantined", params)));
    }
    out
}

pub(super) fn exported(it: &BundleExported, view: &View<'_>) -> String {
    let params = [
        ("n", it.entries.into()),
        ("file", plain(&it.file).into()),
        ("size", size(it.bytes, view).into()),
    ];
    view.with("bundle-exported", params)
}

pub(super) fn imported(it: &BundleImported, view: &View<'_>) -> String {
    let mut out = view.with("bundle-imported", [("n", it.accepted.into())]);
    for refused in &it.refused {
        let params = [("n", refused.n.into()), ("code", plain(&refused.code).into())];
        out.push_str(&format!("\n{}", view.with("bundle-refused", params)));
    }
    out
}

pub(super) fn demo(it: &Demo, view: &View<'_>) -> String {
    let headings = ["demo-node", "demo-entries", "demo-in", "demo-out", "demo-digest"];
    let headings: Vec<String> = headings.iter().map(|key| view.get(key)).collect();
    let rows: Vec<Vec<String>> = it
        .nodes
        .iter()
        .map(|node| {
            vec![
                node.name.clone(),
                node.entries.to_string(),
                size(node.traffic.bytes_in, view),
                size(node.traffic.bytes_out, view),
                node.open_digest.chars().take(16).collect(),
            ]
        })
        .collect();
    let verdict = [
        ("holders", it.contested_slot_holders.into()),
        ("displaced", it.displaced.into()),
        ("seconds", (it.wall_ms / 1_000).into()),
    ];
    let verdict = view.with(if it.converged { "demo-agree" } else { "demo-disagree" }, verdict);
    let verdict = if it.converged { view.good(&verdict) } else { view.bad(&verdict) };
    format!("{}\n\n{verdict}", table(&headings, &rows))
}

/// A size as people read it.
fn size(bytes: u64, view: &View<'_>) -> String {
    let (key, tenths) = match bytes {
        0..1_000 => return view.with("size-bytes", [("n", bytes.into())]),
        1_000..1_000_000 => ("size-kilo", bytes / 100),
        1_000_000..1_000_000_000 => ("size-mega", bytes / 100_000),
        _ => ("size-giga", bytes / 100_000_000),
    };
    let point = view.get("decimal-point");
    view.with(key, [("n", format!("{}{point}{}", tenths / 10, tenths % 10).into())])
}
