//! What a session asks of its caller, and what it counts.

use std::collections::VecDeque;

use super::cursor::CursorRow;
use super::frame::{DeviceAddresses, Frame};
use super::join::{Application, JoinAnswer, Welcome};
use super::meeting::{MeetKey, Met};
use crate::journal::Run;
use crate::keys::{BlobId, DeviceId};
use crate::rows::RowsError;

/// Why a session ends. The numbers are on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
#[repr(u8)]
pub enum CloseReason {
    /// It did all it was opened for, or its caller ended it.
    Done = 0,
    /// The meeting failed: nothing is known of why.
    NotMet = 1,
    /// Bytes that are no frame, or a frame out of place.
    Protocol = 2,
    /// Entries that no honest node passes on.
    Misbehaved = 3,
    /// More than was allowed.
    Flood = 4,
    /// Something was due and did not come.
    Stalled = 5,
    /// No sign of life.
    Silent = 6,
    /// A frame of a later version that must be understood.
    Unsupported = 7,
    /// This node's store could not be read.
    Store = 8,
    /// The transport went away.
    Cut = 9,
}

impl CloseReason {
    /// The reason behind a number.
    pub fn from_number(number: u8) -> Self {
        match number {
            0 => Self::Done,
            1 => Self::NotMet,
            3 => Self::Misbehaved,
            4 => Self::Flood,
            5 => Self::Stalled,
            6 => Self::Silent,
            7 => Self::Unsupported,
            8 => Self::Store,
            9 => Self::Cut,
            _ => Self::Protocol,
        }
    }
}

impl From<RowsError> for CloseReason {
    fn from(_: RowsError) -> Self {
        Self::Store
    }
}

/// What the caller is to do, in this order.
#[derive(Debug)]
#[non_exhaustive]
pub enum Effect {
    /// Send a frame.
    Send(Vec<u8>),
    /// The meeting is over well: call [`super::Session::open`] with the rows of that
    /// neighbourhood (or the join's or link's next step) before the next frame.
    Met {
        /// What was shared.
        key: MeetKey,
        /// What else is: a session each is worth opening.
        also: Vec<MeetKey>,
        /// With whom.
        met: Met,
    },
    /// Put runs through the gate in one transaction, then call
    /// [`super::Session::on_accepted`] with this ticket.
    Accept {
        /// Given back with the result.
        ticket: u64,
        /// In this order.
        runs: Vec<Run>,
    },
    /// Keep how far this peer has been read, in a transaction no earlier than what was
    /// accepted before.
    SaveCursor {
        /// Whose store.
        device: DeviceId,
        /// How far.
        row: CursorRow,
    },
    /// Everything the peer had when the session began is here. Not `complete`: all but
    /// what the gate did not want yet.
    CaughtUp {
        /// Whether nothing was refused for lack of knowledge.
        complete: bool,
    },
    /// The peer holds durably what stands in this node's order up to `n`.
    PeerRead {
        /// How far.
        n: u64,
    },
    /// A checked chunk of a blob that was asked for.
    BlobChunk {
        /// The blob.
        blob: BlobId,
        /// Its size.
        size: u32,
        /// The chaining values of its chunks.
        chunks: Vec<[u8; 32]>,
        /// Which chunk.
        index: u8,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// Every chunk of the blob that was lacking has been given out.
    BlobDone(BlobId),
    /// The peer does not have the blob, or what it sent was not it.
    BlobMissing(BlobId),
    /// Where devices were last heard, as the peer has it.
    Addresses(Vec<DeviceAddresses>),
    /// To the bearer of an invitation: where it is about to join. Entries follow.
    Welcomed(Welcome),
    /// To the bearer: charter and identities are here; call
    /// [`super::Session::apply`].
    WelcomeDone,
    /// To the redeemer: someone asks to join; call
    /// [`super::Session::admit_result`].
    Application(Box<Application>),
    /// To the bearer: what came of it.
    JoinAnswered(JoinAnswer),
    /// A message of a device link.
    Link(Vec<u8>),
    /// The session is over; drop it.
    Close(CloseReason),
}

/// What a session counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Bytes of frames sent, of them runs and blobs.
    pub bytes_out: u64,
    /// Bytes of frames received.
    pub bytes_in: u64,
    /// Bytes of runs and chunks sent, those in announcements too, within `bytes_out`.
    pub payload_bytes_out: u64,
    /// Frames sent.
    pub frames_out: u64,
    /// Frames received.
    pub frames_in: u64,
    /// Messages of reconciliations sent or received.
    pub reconcile_rounds: u64,
    /// Entries accepted from the peer.
    pub entries_in: u64,
    /// Logs whose rows or entries were looked at because they changed.
    pub logs_opened: u64,
}

impl Stats {
    /// What was counted after `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        self.with(earlier, u64::saturating_sub)
    }

    /// Both together.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        self.with(other, u64::saturating_add)
    }

    fn with(&self, other: &Self, of: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            bytes_out: of(self.bytes_out, other.bytes_out),
            bytes_in: of(self.bytes_in, other.bytes_in),
            payload_bytes_out: of(self.payload_bytes_out, other.payload_bytes_out),
            frames_out: of(self.frames_out, other.frames_out),
            frames_in: of(self.frames_in, other.frames_in),
            reconcile_rounds: of(self.reconcile_rounds, other.reconcile_rounds),
            entries_in: of(self.entries_in, other.entries_in),
            logs_opened: of(self.logs_opened, other.logs_opened),
        }
    }
}

/// Effects in order, and the counters.
#[derive(Debug, Default)]
pub(super) struct Out {
    pub(super) effects: VecDeque<Effect>,
    pub(super) stats: Stats,
}

impl Out {
    /// Sends a frame; says how many bytes it has.
    pub(super) fn send(&mut self, frame: &Frame) -> usize {
        let bytes = frame.to_bytes();
        let size = bytes.len();
        self.stats.frames_out += 1;
        self.stats.bytes_out += size as u64;
        self.stats.payload_bytes_out += match frame {
            Frame::Runs(_) | Frame::BlobChunk(_) => size as u64,
            Frame::News(news) => news.inline.iter().map(|run| run.len() as u64).sum(),
            _ => 0,
        };
        self.effects.push_back(Effect::Send(bytes));
        size
    }

    pub(super) fn push(&mut self, effect: Effect) {
        self.effects.push_back(effect);
    }
}
