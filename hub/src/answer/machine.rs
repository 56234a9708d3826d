//! Answers about this node and its home.

use std::collections::BTreeMap;

use palier_model::keys::{DeviceId, DocId, HoodHash, LogId, MemberId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Shown, When};

/// `init`: shown once; the phrase is kept nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Init {
    /// Who this person is.
    pub member: Shown<MemberId>,
    /// This device.
    pub device: Shown<DeviceId>,
    /// The recovery words.
    pub phrase: Phrase,
}

/// One entropy, two wordings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Phrase {
    /// Twelve French words.
    pub fr: String,
    /// Twelve English words.
    pub en: String,
}

/// Where to begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Welcome {
    /// Where the home would be.
    pub home: String,
    /// Always false: there is none yet.
    pub initialised: bool,
    /// The three ways in.
    pub ways: Vec<Way>,
}

/// One way in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Way {
    /// Which.
    pub way: WayKind,
    /// The commands, in order.
    pub commands: Vec<String>,
}

/// The three ways in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WayKind {
    /// Found a neighbourhood.
    Found,
    /// "I have an invitation".
    Join,
    /// "I have my recovery sheet".
    Recover,
}

/// `status`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Status {
    /// Where the data lie.
    pub home: String,
    /// The program's version.
    pub version: String,
    /// Whether `palier run` holds the home.
    pub running: bool,
    /// Who this person is.
    pub member: Shown<MemberId>,
    /// This device.
    pub device: Shown<DeviceId>,
    /// The neighbourhood these figures are of, if there is one.
    pub hood: Option<Shown<HoodHash>>,
    /// Its name.
    pub hood_name: Option<String>,
    /// Devices whose logs are known.
    pub nodes: u64,
    /// Documents.
    pub documents: u64,
    /// Entries kept.
    pub entries: u64,
    /// Size of the store.
    pub bytes: u64,
    /// Own acts that nobody has taken yet.
    pub unsent: u64,
    /// Where this node listens.
    pub listening: Vec<String>,
    /// Who it talks to in that neighbourhood, or in all where these figures are of none.
    pub peers: Vec<Peer>,
    /// What went over the network since the node was opened.
    pub traffic: Traffic,
    /// What neighbours said to each other since the node was opened, handshakes left out.
    pub exchanged: Exchanged,
    /// Digest of all open rows: equal on two nodes that hold the same entries.
    pub open_digest: Option<String>,
}

/// What sessions exchanged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Exchanged {
    /// Frames received.
    pub frames_in: u64,
    /// Frames sent.
    pub frames_out: u64,
    /// Bytes of frames received.
    pub bytes_in: u64,
    /// Bytes of frames sent.
    pub bytes_out: u64,
    /// Entries that came.
    pub entries_in: u64,
    /// Documents that were opened, by whatever was done.
    pub documents_opened: u64,
}

/// One node that this one talks to, once for each neighbourhood shared with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Peer {
    /// Its device, once it has proved it.
    pub device: Option<Shown<DeviceId>>,
    /// Its member.
    pub member: Option<Shown<MemberId>>,
    /// The address it is reached at.
    pub address: String,
    /// Whether a hub passes the bytes on.
    pub relayed: bool,
    /// Since when.
    pub since: Option<When>,
    /// The neighbourhood in which the two talk.
    pub hood: Option<Shown<HoodHash>>,
}

/// Bytes over the network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Traffic {
    /// Received.
    pub bytes_in: u64,
    /// Sent.
    pub bytes_out: u64,
}

/// `sync`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SyncDone {
    /// Neighbours talked to.
    pub peers: u64,
    /// Entries that came.
    pub received: u64,
    /// Entries that went.
    pub sent: u64,
    /// Bytes over the network.
    pub traffic: Traffic,
    /// Whether there was nothing left to exchange; exit 9 otherwise.
    pub complete: bool,
    /// Whether this person still waits to be let in, so that there was nothing to exchange.
    pub waiting: bool,
}

/// `doctor`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Doctor {
    /// Nothing that needs a person.
    pub ok: bool,
    /// Logs continued twice: a backup put back, a phone cloned. Nothing is lost.
    pub forks: Vec<Fork>,
    /// Rows that were damaged on disk; the next sync brings them again.
    pub quarantined: Vec<Quarantined>,
    /// Entries looked at.
    pub entries_checked: u64,
    /// Whether what screens read was built anew.
    pub rebuilt: bool,
}

/// A log with more than one end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fork {
    /// The log.
    pub log: Shown<LogId>,
    /// The device that wrote it.
    pub device: Shown<DeviceId>,
    /// Its document.
    pub document: Shown<DocId>,
    /// How many ends.
    pub tips: u64,
}

/// A damaged row, set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Quarantined {
    /// The table.
    pub table: String,
    /// The row.
    pub key: String,
    /// What is wrong, as a stable code.
    pub code: String,
}

/// `schema`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Schemas {
    /// By name of the answer.
    pub schemas: BTreeMap<String, serde_json::Value>,
}

/// `completions`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Completions {
    /// The shell.
    pub shell: String,
    /// What it is to read.
    pub script: String,
}

/// `--help`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Help {
    /// How the command is used, with an example, as people read it.
    pub help: String,
}

/// `--version`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Version {
    /// The program's version.
    pub version: String,
}

/// `bundle export`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BundleExported {
    /// The file.
    pub file: String,
    /// Entries in it.
    pub entries: u64,
    /// Its size.
    pub bytes: u64,
    /// Always true: the answer comes after it is on disk.
    pub saved: bool,
}

/// `bundle import`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BundleImported {
    /// Entries taken that were not there before.
    pub accepted: u64,
    /// Why others were not, by code. Exit 7 if any.
    pub refused: Vec<Refused>,
}

/// Entries refused for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refused {
    /// The reason, as `gate.signature`.
    pub code: String,
    /// How many.
    pub n: u64,
}

/// `demo`: computed from what each process answered when asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Demo {
    /// Every process holds the same open rows.
    pub converged: bool,
    /// The processes.
    pub nodes: Vec<DemoNode>,
    /// How many hold the contested slot: one.
    pub contested_slot_holders: u64,
    /// How many were displaced from it.
    pub displaced: u64,
    /// Entries each process holds.
    pub entries: u64,
    /// How long it took.
    pub wall_ms: u64,
    /// Where the homes are; none where they are gone by now (without `--keep`).
    pub directory: Option<String>,
}

/// One process of the demo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DemoNode {
    /// Who.
    pub name: String,
    /// Its home; none where it is gone by now.
    pub home: Option<String>,
    /// Entries it holds.
    pub entries: u64,
    /// Bytes over the network.
    pub traffic: Traffic,
    /// Digest of its open rows.
    pub open_digest: String,
}

/// One line of `run --json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum RunEvent {
    /// Other commands may now be given.
    Ready {
        /// This device.
        device: Shown<DeviceId>,
        /// Where it listens.
        listening: Vec<String>,
    },
    /// Somebody came.
    PeerJoined {
        /// The device, once it has proved it.
        device: Option<Shown<DeviceId>>,
        /// Its address.
        address: String,
        /// Whether a hub passes the bytes on.
        relayed: bool,
        /// In which neighbourhood.
        hood: Option<Shown<HoodHash>>,
    },
    /// Somebody went.
    PeerLeft {
        /// The device.
        device: Option<Shown<DeviceId>>,
        /// In which neighbourhood.
        hood: Option<Shown<HoodHash>>,
    },
    /// Entries came.
    Received {
        /// How many.
        entries: u64,
    },
    /// This person's application was answered.
    JoinAnswered {
        /// What came of it.
        status: super::JoinStatus,
    },
    /// Somebody asks to join: `member list` shows what they say of themselves.
    Applied {
        /// In which neighbourhood.
        hood: Shown<HoodHash>,
        /// Who.
        member: Shown<MemberId>,
    },
    /// A new listing of somebody else fits searches that are kept; told once for each.
    SearchMatched {
        /// In which neighbourhood.
        hood: Shown<HoodHash>,
        /// The names of the searches.
        searches: Vec<String>,
        /// The listing.
        listing: Shown<DocId>,
        /// What it is.
        kind: super::ListingKind,
        /// Its title.
        title: String,
    },
    /// The last line.
    Stopped,
}

/// One line of `dump --open`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum DumpEvent {
    /// One open row.
    Row {
        /// Its table.
        table: String,
        /// Its key.
        key: String,
        /// What it holds.
        value: serde_json::Value,
    },
    /// The last line.
    End {
        /// How many rows there were.
        rows: u64,
        /// Their digest, as `status` says it.
        open_digest: String,
    },
}
