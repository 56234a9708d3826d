//! What the engine asks of its host, and what it tells it.

use super::StreamId;
use crate::journal::Position;
use crate::keys::{BlobId, DeviceId, HoodHash, MemberId};
use crate::projection::Changes;
use crate::rows::{Rows, Writes};
use crate::sync::{CloseReason, JoinAnswer, SessionId};

/// Why writes were not committed. Nothing of them is on disk.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// There is no room.
    #[error("no room is left")]
    Full,
    /// The store cannot be written.
    #[error("the store cannot be written: {0}")]
    Failed(String),
}

/// Where the rows of each neighbourhood lie.
pub trait Stores {
    /// The rows of a neighbourhood.
    fn rows(&self, hood: &HoodHash) -> Option<&dyn Rows>;

    /// Commits writes in one transaction; returns when they are durable.
    fn commit(&mut self, hood: &HoodHash, writes: Writes) -> Result<(), CommitError>;

    /// Makes room for a neighbourhood that is new here.
    fn create(&mut self, hood: &HoodHash) -> Result<(), CommitError>;
}

/// What the host is to do.
#[derive(Debug)]
pub enum Output {
    /// Send a frame. Where several sessions of a stream have much to say, they take turns.
    Send {
        /// On which stream.
        stream: StreamId,
        /// Which of its sessions says it.
        from: SessionId,
        /// The frame.
        bytes: Vec<u8>,
    },
    /// Close a stream: its last session is over.
    Close {
        /// Which.
        stream: StreamId,
        /// Why.
        reason: CloseReason,
    },
    /// Something happened.
    Event(Event),
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A neighbour was met.
    Met {
        /// On which session.
        session: SessionId,
        /// On which stream.
        stream: StreamId,
        /// In which neighbourhood.
        hood: HoodHash,
        /// Who.
        member: MemberId,
        /// With which device.
        device: DeviceId,
    },
    /// A session is over.
    Parted {
        /// Which.
        session: SessionId,
        /// On which stream.
        stream: StreamId,
        /// With whom it was, where members had met.
        met: Option<(HoodHash, DeviceId)>,
        /// Why.
        reason: CloseReason,
    },
    /// Everything the neighbour had at the beginning is here.
    CaughtUp {
        /// On which session.
        session: SessionId,
        /// In which neighbourhood.
        hood: HoodHash,
    },
    /// Entries were accepted.
    Accepted {
        /// In which neighbourhood.
        hood: HoodHash,
        /// How many.
        entries: usize,
        /// Where the order of acceptance stands.
        position: Position,
    },
    /// Rows changed.
    Changed {
        /// In which neighbourhood.
        hood: HoodHash,
        /// Which.
        changes: Box<Changes>,
    },
    /// What this device wrote up to a point has left it.
    Sent {
        /// In which neighbourhood.
        hood: HoodHash,
        /// Up to this number of the order of acceptance.
        n: u64,
    },
    /// Someone asks to join and waits for a coordinator.
    Applied {
        /// Where.
        hood: HoodHash,
        /// Who.
        member: MemberId,
    },
    /// What came of this device's own application.
    JoinAnswered {
        /// Where.
        hood: HoodHash,
        /// What.
        answer: JoinAnswer,
    },
    /// A blob that was asked for is here.
    BlobArrived {
        /// Where.
        hood: HoodHash,
        /// Which.
        blob: BlobId,
    },
    /// A neighbour does not have the blob.
    BlobMissing {
        /// On which session.
        session: SessionId,
        /// Which.
        blob: BlobId,
    },
    /// A neighbour said where devices can be reached.
    Addresses {
        /// Where.
        hood: HoodHash,
        /// Devices and their addresses.
        devices: Vec<(DeviceId, Vec<String>)>,
    },
    /// The device link has come as far as the codes: show this one.
    LinkCode {
        /// What both devices must show.
        code: String,
    },
    /// The device link is done.
    Linked {
        /// The member the new device belongs to.
        member: MemberId,
        /// The other device.
        device: DeviceId,
        /// The neighbourhoods that came with it.
        hoods: Vec<HoodHash>,
    },
    /// The device link came to nothing.
    LinkFailed {
        /// Why: a stable code.
        code: &'static str,
    },
    /// The store failed while entries of a neighbour were taken in.
    StoreFailed {
        /// Where.
        hood: HoodHash,
        /// Why.
        error: CommitError,
    },
}
