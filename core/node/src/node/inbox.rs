//! What comes to the host: calls of its owner, which never wait behind the network, and
//! what the network brings, where links take turns.
//!
//! Invariant: one turn takes in about what one transaction holds; so whoever floods delays
//! a neighbour by a few turns, and this device's owner by one.

use palier_model::engine::StreamId;
use palier_model::sync::limits;
use tokio::sync::{mpsc, oneshot};

use super::NodeError;
use super::config::NetworkConfig;
use super::host::Host;
use super::turns::Turns;
use crate::net::{LinkId, NetEvent};

/// Events and frames that wait here, at most; more wait in the channel, and in the links.
const WAITING: usize = 512;
/// Frames of one turn, at most.
const FRAMES: usize = 64;

/// Work for the host's thread.
pub(super) type Job = Box<dyn FnOnce(&mut Host) + Send>;

/// What the owner asks.
pub(super) enum Call {
    /// Something to do.
    Job(Job),
    /// Open the sockets.
    Connect(Box<NetworkConfig>, oneshot::Sender<Result<(), NodeError>>),
    /// Keep a link with these addresses.
    Keep(Vec<String>, oneshot::Sender<Result<(), NodeError>>),
    /// Give this node's addresses.
    Addresses(oneshot::Sender<Vec<String>>),
    /// End.
    Stop(oneshot::Sender<()>),
}

/// What the network brings.
pub(super) enum Input {
    /// Something of the network itself.
    Net(Box<NetEvent>),
    /// A frame of a stream.
    Frame(StreamId, Vec<u8>),
    /// A link gives no more frames.
    LinkEnd(StreamId),
}

/// What comes on a stream.
enum OnStream {
    Frame(Vec<u8>),
    End,
    Down(LinkId),
}

/// What is to be done in one turn, in this order.
#[derive(Default)]
pub(super) struct Turn {
    /// Frames, those of one stream together.
    pub(super) frames: Vec<(StreamId, Vec<u8>)>,
    /// Streams that give no more, and links that are gone, with all that came before dealt
    /// with.
    pub(super) ended: Vec<(StreamId, Option<LinkId>)>,
}

/// What came from the network and waits for its turn.
#[derive(Default)]
pub(super) struct Inbox {
    streams: Turns<StreamId, OnStream>,
}

impl Inbox {
    /// Whether more may come in.
    pub(super) const fn has_room(&self) -> bool {
        self.streams.len() < WAITING
    }

    /// Whether nothing waits.
    pub(super) const fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    /// Takes in what waits in the channel, up to an event of the network itself, which is
    /// given back.
    pub(super) fn fill(
        &mut self,
        first: Option<Input>,
        queue: &mut mpsc::Receiver<Input>,
    ) -> Option<Box<NetEvent>> {
        let mut next = first;
        loop {
            match next.take() {
                Some(Input::Frame(stream, bytes)) => {
                    self.streams.push(stream, bytes.len(), OnStream::Frame(bytes));
                }
                Some(Input::LinkEnd(stream)) => self.streams.push(stream, 0, OnStream::End),
                Some(Input::Net(event)) => return Some(event),
                None => {}
            }
            if !self.has_room() {
                return None;
            }
            next = Some(queue.try_recv().ok()?);
        }
    }

    /// A link is gone: its stream is told after the frames that came before.
    pub(super) fn link_down(&mut self, stream: StreamId, link: LinkId) {
        self.streams.push(stream, 0, OnStream::Down(link));
    }

    /// The next turn.
    pub(super) fn turn(&mut self) -> Turn {
        let mut turn = Turn::default();
        let mut bytes = 0;
        while turn.frames.len() < FRAMES
            && bytes < limits::BATCH_BYTES
            && let Some((stream, item)) = self.streams.pop()
        {
            match item {
                OnStream::Frame(frame) => {
                    bytes += frame.len();
                    turn.frames.push((stream, frame));
                }
                OnStream::End => turn.ended.push((stream, None)),
                OnStream::Down(link) => turn.ended.push((stream, Some(link))),
            }
        }
        // What one session brings is committed together.
        turn.frames.sort_by_key(|(stream, _)| *stream);
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(inbox: &mut Inbox, queue: &mut mpsc::Receiver<Input>, stream: StreamId, byte: u8) {
        let frame = vec![byte; 10 << 10];
        assert!(inbox.fill(Some(Input::Frame(stream, frame)), queue).is_none());
    }

    #[test]
    fn a_flood_on_one_link_delays_a_frame_of_another_by_a_turn() {
        let (_keep, mut queue) = mpsc::channel(1);
        let mut inbox = Inbox::default();
        for n in 0..20 {
            frame(&mut inbox, &mut queue, StreamId(1), n);
        }
        assert_eq!(inbox.turn().frames.len(), 4, "no more than one transaction holds");
        frame(&mut inbox, &mut queue, StreamId(2), 77);
        let turn = inbox.turn();
        assert!(turn.frames.iter().any(|(stream, _)| *stream == StreamId(2)));
        assert_eq!(turn.frames.len(), 4);
    }

    #[test]
    fn a_link_ends_after_the_frames_that_came_before() {
        let (_keep, mut queue) = mpsc::channel(1);
        let mut inbox = Inbox::default();
        for n in 0..6 {
            frame(&mut inbox, &mut queue, StreamId(1), n);
        }
        assert!(inbox.fill(Some(Input::LinkEnd(StreamId(1))), &mut queue).is_none());
        let first = inbox.turn();
        assert!(first.ended.is_empty() && first.frames.len() == 4);
        let second = inbox.turn();
        assert_eq!(second.frames.iter().map(|(_, it)| it[0]).collect::<Vec<_>>(), [4, 5]);
        assert_eq!(second.ended, [(StreamId(1), None)]);
        assert!(inbox.is_empty());
    }
}
