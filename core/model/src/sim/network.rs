//! The network between simulated nodes: ordered streams, as TCP gives them, with delays
//! and cuts drawn from a seed.

use std::collections::{BTreeMap, VecDeque};

use crate::engine::StreamId;
use crate::time::Instant;

/// A stream between two nodes.
#[derive(Debug)]
pub struct Link {
    /// Who opened it, and his session.
    pub initiator: (usize, StreamId),
    /// Who accepted it, and his session.
    pub responder: (usize, StreamId),
    /// Frames on their way to the initiator, and when they arrive.
    to_initiator: VecDeque<(Instant, Vec<u8>)>,
    /// Frames on their way to the responder.
    to_responder: VecDeque<(Instant, Vec<u8>)>,
    /// The end that is still to read what was sent before the other one closed.
    left: Option<(usize, StreamId)>,
}

/// Every stream there is.
#[derive(Debug, Default)]
pub struct Network {
    links: BTreeMap<u64, Link>,
    next: u64,
    /// Bytes of frames carried.
    pub bytes: u64,
}

impl Network {
    /// Opens a stream.
    pub fn open(&mut self, initiator: (usize, StreamId), responder: (usize, StreamId)) -> u64 {
        self.next += 1;
        let link = Link {
            initiator,
            responder,
            to_initiator: VecDeque::new(),
            to_responder: VecDeque::new(),
            left: None,
        };
        self.links.insert(self.next, link);
        self.next
    }

    /// The stream that one end belongs to.
    pub fn of(&self, end: (usize, StreamId)) -> Option<u64> {
        let found = self.links.iter().find(|(_, it)| it.initiator == end || it.responder == end);
        found.map(|(id, _)| *id)
    }

    /// Puts a frame on its way. Frames of one direction never overtake each other.
    pub fn send(&mut self, from: (usize, StreamId), bytes: Vec<u8>, arrives: Instant) {
        let Some(id) = self.of(from) else { return };
        let Some(link) = self.links.get_mut(&id) else { return };
        if link.left.is_some() {
            return;
        }
        self.bytes += bytes.len() as u64;
        let queue =
            if link.initiator == from { &mut link.to_responder } else { &mut link.to_initiator };
        let arrives = queue.back().map_or(arrives, |(last, _)| arrives.max(*last));
        queue.push_back((arrives, bytes));
    }

    /// The next frame that has arrived by `now`.
    pub fn receive(&mut self, now: Instant) -> Option<((usize, StreamId), Vec<u8>)> {
        for link in self.links.values_mut() {
            for (queue, end) in
                [(&mut link.to_initiator, link.initiator), (&mut link.to_responder, link.responder)]
            {
                if queue.front().is_some_and(|(at, _)| *at <= now)
                    && let Some((_, bytes)) = queue.pop_front()
                {
                    return Some((end, bytes));
                }
            }
        }
        None
    }

    /// One end closes a stream: the other reads what is on its way, and then its end.
    pub fn close(&mut self, end: (usize, StreamId)) {
        let Some(id) = self.of(end) else { return };
        let Some(link) = self.links.get_mut(&id) else { return };
        if link.left == Some(end) {
            self.links.remove(&id);
            return;
        }
        let (gone, left) = if link.initiator == end {
            (&mut link.to_initiator, link.responder)
        } else {
            (&mut link.to_responder, link.initiator)
        };
        gone.clear();
        link.left = Some(left);
    }

    /// The end of a closed stream that has read all there was.
    pub fn take_closed(&mut self) -> Option<(usize, StreamId)> {
        let drained = |link: &Link| {
            link.left.filter(|_| link.to_initiator.is_empty() && link.to_responder.is_empty())
        };
        let (id, end) = self.links.iter().find_map(|(id, link)| Some((*id, drained(link)?)))?;
        self.links.remove(&id);
        Some(end)
    }

    /// When the next frame arrives.
    pub fn next_arrival(&self) -> Option<Instant> {
        let fronts = |link: &Link| {
            let front = |queue: &VecDeque<(Instant, Vec<u8>)>| queue.front().map(|(at, _)| *at);
            [front(&link.to_initiator), front(&link.to_responder)]
        };
        self.links.values().flat_map(fronts).flatten().min()
    }

    /// Takes a stream away, with what is on its way; gives its ends.
    pub fn cut(&mut self, id: u64) -> Option<[(usize, StreamId); 2]> {
        self.links.remove(&id).map(|link| [link.initiator, link.responder])
    }

    /// The streams between two nodes, or of one.
    pub fn between(&self, a: usize, b: Option<usize>) -> Vec<u64> {
        let touches = |link: &Link| {
            let (i, r) = (link.initiator.0, link.responder.0);
            match b {
                Some(b) => (i == a && r == b) || (i == b && r == a),
                None => i == a || r == a,
            }
        };
        self.links.iter().filter(|(_, link)| touches(link)).map(|(id, _)| *id).collect()
    }
}
