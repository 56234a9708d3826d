//! One link: the task that turns a substream into frames, and the two halves its owner holds.
//!
//! Invariant: in each direction at most [`QUEUE_BYTES`] wait in memory, whatever the peer or the
//! owner does. While the owner does not read, the peer is held back by the substream's own window.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::io::{ReadHalf, WriteHalf};
use futures::{AsyncReadExt as _, AsyncWriteExt as _};
use libp2p::{PeerId, Stream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::timeout;

use super::event::{DownReason, Goodbye, LinkId};
use super::frame::{self, HEADER_BYTES, Header, MAX_FRAME_BYTES};
use super::hello::Answer;
use super::stats::Meter;

/// Bytes of frames waiting in one direction: one of the largest.
const QUEUE_BYTES: usize = MAX_FRAME_BYTES;
/// Frames waiting in one direction: small ones are many.
const QUEUE_FRAMES: usize = 256;
/// What a frame costs beside its bytes, so that empty ones are not free.
const FRAME_COST_BYTES: usize = 64;
/// Small frames are written together up to this.
const BATCH_BYTES: usize = 32 * 1024;
/// A goodbye that cannot be written in this time is not written.
const GOODBYE_WAIT: Duration = Duration::from_secs(2);
/// Time for the next substream to be there after the old one said so.
const MOVE_WAIT: Duration = Duration::from_secs(10);

/// A frame and the room it takes, given back when it has passed on.
type Queued = (Vec<u8>, OwnedSemaphorePermit);

/// A live link with a peer.
#[derive(Debug)]
pub struct Link {
    /// Its name in events.
    pub id: LinkId,
    /// The other side; Noise has proven its key.
    pub peer: PeerId,
    /// This side dialled. The two sides always disagree on it.
    pub initiator: bool,
    /// It passes through a relay, for now.
    pub relayed: bool,
    /// Frames from the peer. Dropping it ends the link.
    pub reader: FrameReader,
    /// Frames to the peer. Dropping it ends the link once what waits is written.
    pub writer: FrameWriter,
}

/// Frames from the peer, in order. Not reading holds back this peer and no other.
#[derive(Debug)]
pub struct FrameReader {
    frames: mpsc::Receiver<Queued>,
}

impl FrameReader {
    /// The next frame; `None` when the link is over. Nothing is lost when this is dropped midway.
    pub async fn recv(&mut self) -> Option<Vec<u8>> {
        self.frames.recv().await.map(|(frame, _)| frame)
    }

    /// A frame that is already there.
    pub fn try_recv(&mut self) -> Option<Vec<u8>> {
        self.frames.try_recv().ok().map(|(frame, _)| frame)
    }
}

/// The link is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the link is closed")]
pub struct LinkClosed;

/// Why a frame was not taken at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrySendError {
    /// The peer reads more slowly than we write.
    #[error("the peer is slow, the queue is full")]
    Full,
    /// The link is over, or the frame larger than [`MAX_FRAME_BYTES`].
    #[error("the link is closed or the frame too large")]
    Closed,
}

/// Frames to the peer, in order. Clones write to the same link.
#[derive(Clone, Debug)]
pub struct FrameWriter {
    frames: mpsc::Sender<Queued>,
    room: Arc<Semaphore>,
}

impl FrameWriter {
    /// Queues a frame, waiting while the peer is slow. A frame larger than [`MAX_FRAME_BYTES`]
    /// cannot be sent: it counts as a closed link.
    pub async fn send(&self, frame: Vec<u8>) -> Result<(), LinkClosed> {
        let cost = cost(frame.len()).ok_or(LinkClosed)?;
        let room = self.room.clone().acquire_many_owned(cost).await.map_err(|_| LinkClosed)?;
        self.frames.send((frame, room)).await.map_err(|_| LinkClosed)
    }

    /// Queues a frame if there is room now.
    pub fn try_send(&self, frame: Vec<u8>) -> Result<(), TrySendError> {
        let cost = cost(frame.len()).ok_or(TrySendError::Closed)?;
        if self.frames.is_closed() {
            return Err(TrySendError::Closed);
        }
        let room =
            self.room.clone().try_acquire_many_owned(cost).map_err(|_| TrySendError::Full)?;
        self.frames.try_send((frame, room)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => TrySendError::Full,
            mpsc::error::TrySendError::Closed(_) => TrySendError::Closed,
        })
    }

    /// Waits until the link is over.
    pub async fn closed(&self) {
        self.frames.closed().await;
    }
}

/// The room a frame takes: never more than there is, so that the largest still fits.
fn cost(bytes: usize) -> Option<u32> {
    if bytes > MAX_FRAME_BYTES {
        return None;
    }
    u32::try_from(bytes.saturating_add(FRAME_COST_BYTES).min(QUEUE_BYTES)).ok()
}

/// What the driver tells a link's task.
#[derive(Debug)]
pub(super) enum Order {
    /// Go on over this substream; `greet`: answer its hello first.
    Move { stream: Stream, greet: bool },
    /// Say goodbye and end.
    Close(Goodbye),
    /// The connection is closed: read what had arrived, then end.
    Gone,
    /// End at once, without a word.
    Drop(DownReason),
}

/// What a link's task tells the driver, beside its end.
pub(super) struct Moved(pub(super) LinkId);

/// Everything a link's task begins with.
pub(super) struct Seed {
    pub(super) id: LinkId,
    pub(super) stream: Stream,
    pub(super) greet: bool,
    pub(super) max_frame_bytes: usize,
    pub(super) meter: Meter,
    pub(super) orders: mpsc::UnboundedReceiver<Order>,
    pub(super) moved: mpsc::UnboundedSender<Moved>,
}

/// The halves for the owner and the work for a task; the task's result is why the link ended.
pub(super) fn link(
    seed: Seed,
) -> (FrameReader, FrameWriter, impl Future<Output = DownReason> + Send) {
    let (in_tx, in_rx) = mpsc::channel(QUEUE_FRAMES);
    let (out_tx, out_rx) = mpsc::channel(QUEUE_FRAMES);
    let room = Arc::new(Semaphore::new(QUEUE_BYTES));
    let reader = FrameReader { frames: in_rx };
    let writer = FrameWriter { frames: out_tx, room: room.clone() };
    let task = async move {
        let reason = run(seed, in_tx, out_rx).await;
        room.close();
        reason
    };
    (reader, writer, task)
}

async fn run(
    seed: Seed,
    in_tx: mpsc::Sender<Queued>,
    out_rx: mpsc::Receiver<Queued>,
) -> DownReason {
    let Seed { id, stream, greet, max_frame_bytes, meter, mut orders, moved } = seed;
    let (read_half, write_half) = stream.split();
    let (next_read_tx, next_read) = mpsc::channel(1);
    let (next_write_tx, next_write) = mpsc::channel(1);
    let (bye_tx, bye) = watch::channel(None);
    let (switched_tx, mut switched) = mpsc::channel::<()>(1);

    let reading = Reading { half: read_half, frames: in_tx, next: next_read, max_frame_bytes };
    let writing = Writing { half: write_half, frames: out_rx, next: next_write, bye };
    let mut reading = pin!(reading.run(meter.clone(), switched_tx.clone()));
    let mut writing = pin!(writing.run(meter, greet, switched_tx));
    // Both directions must have left the old substream before its connection may be closed.
    let mut directions_switched = 0u8;
    let mut closing: Option<Goodbye> = None;

    loop {
        tokio::select! {
            // Orders first: they know why the substream breaks in the same moment.
            biased;
            order = orders.recv() => match order {
                Some(Order::Move { stream, greet }) => {
                    let (read_half, write_half) = stream.split();
                    // A second move before the first is through would be the driver's mistake.
                    if next_read_tx.try_send(read_half).is_err()
                        || next_write_tx.try_send((write_half, greet)).is_err()
                    {
                        return DownReason::Lost;
                    }
                }
                Some(Order::Close(bye)) => closing = closing.or(Some(bye)),
                Some(Order::Gone) => {
                    return match timeout(GOODBYE_WAIT, &mut reading).await {
                        Ok(ReadEnd::Said(bye)) => DownReason::ClosedThere(bye),
                        _ => DownReason::Lost,
                    };
                }
                Some(Order::Drop(reason)) => return reason,
                None => return DownReason::Shutdown,
            },
            end = &mut reading, if closing.is_none() => match end {
                ReadEnd::Said(bye) => return DownReason::ClosedThere(bye),
                ReadEnd::Lost => return DownReason::Lost,
                ReadEnd::Refused(bye) => closing = Some(bye),
            },
            end = &mut writing => return match (end, closing) {
                (_, Some(bye)) | (WriteEnd::Said(bye), None) => DownReason::ClosedHere(bye),
                (WriteEnd::Lost, None) => {
                    // What the peer still said counts more than that it no longer listens.
                    match timeout(GOODBYE_WAIT, &mut reading).await {
                        Ok(ReadEnd::Said(bye)) => DownReason::ClosedThere(bye),
                        _ => DownReason::Lost,
                    }
                }
            },
            Some(()) = switched.recv() => {
                directions_switched += 1;
                if directions_switched == 2 {
                    directions_switched = 0;
                    let _ = moved.send(Moved(id));
                }
            }
        }
        if let Some(bye) = closing
            && bye_tx.send_if_modified(|said| said.replace(bye).is_none())
        {
            let _ = timeout(GOODBYE_WAIT, &mut writing).await;
            return DownReason::ClosedHere(bye);
        }
    }
}

enum ReadEnd {
    /// The peer said goodbye.
    Said(Goodbye),
    /// The substream broke.
    Lost,
    /// We want no more of it.
    Refused(Goodbye),
}

struct Reading {
    half: ReadHalf<Stream>,
    frames: mpsc::Sender<Queued>,
    next: mpsc::Receiver<ReadHalf<Stream>>,
    max_frame_bytes: usize,
}

impl Reading {
    async fn run(mut self, meter: Meter, switched: mpsc::Sender<()>) -> ReadEnd {
        let room = Arc::new(Semaphore::new(QUEUE_BYTES));
        loop {
            let mut header = [0; HEADER_BYTES];
            // The owner may let go while the peer is silent.
            let read = tokio::select! {
                read = self.half.read_exact(&mut header) => read,
                () = self.frames.closed() => return ReadEnd::Refused(Goodbye::Done),
            };
            if read.is_err() {
                return ReadEnd::Lost;
            }
            match frame::parse(header, self.max_frame_bytes) {
                Header::Frame(length) => {
                    let Some(cost) = cost(length) else {
                        return ReadEnd::Refused(Goodbye::OversizedFrame);
                    };
                    let room = tokio::select! {
                        room = room.clone().acquire_many_owned(cost) => room,
                        () = self.frames.closed() => return ReadEnd::Refused(Goodbye::Done),
                    };
                    let Ok(room) = room else { return ReadEnd::Lost };
                    let Ok(body) = frame::read_body(&mut self.half, length).await else {
                        return ReadEnd::Lost;
                    };
                    meter.received((HEADER_BYTES + length) as u64);
                    if self.frames.send((body, room)).await.is_err() {
                        return ReadEnd::Refused(Goodbye::Done);
                    }
                }
                Header::Moved => {
                    match timeout(MOVE_WAIT, self.next.recv()).await {
                        Ok(Some(half)) => self.half = half,
                        _ => return ReadEnd::Lost,
                    }
                    let _ = switched.send(()).await;
                }
                Header::Goodbye(bye) => return ReadEnd::Said(bye),
                Header::Oversized => return ReadEnd::Refused(Goodbye::OversizedFrame),
            }
        }
    }
}

enum WriteEnd {
    /// Goodbye is written.
    Said(Goodbye),
    /// The substream broke.
    Lost,
}

struct Writing {
    half: WriteHalf<Stream>,
    frames: mpsc::Receiver<Queued>,
    next: mpsc::Receiver<(WriteHalf<Stream>, bool)>,
    bye: watch::Receiver<Option<Goodbye>>,
}

impl Writing {
    async fn run(mut self, meter: Meter, greet: bool, switched: mpsc::Sender<()>) -> WriteEnd {
        if greet && self.write(&[Answer::Yes.byte()]).await.is_err() {
            return WriteEnd::Lost;
        }
        let mut batch = Vec::new();
        loop {
            tokio::select! {
                biased;
                bye = asked(&mut self.bye) => return self.part(bye).await,
                Some((half, greet)) = self.next.recv() => {
                    if self.write(&frame::moved()).await.is_err() {
                        return WriteEnd::Lost;
                    }
                    let _ = self.half.close().await;
                    self.half = half;
                    if greet && self.write(&[Answer::Yes.byte()]).await.is_err() {
                        return WriteEnd::Lost;
                    }
                    let _ = switched.send(()).await;
                }
                queued = self.frames.recv() => {
                    let Some((frame, room)) = queued else { return self.part(Goodbye::Done).await };
                    let mut rooms = vec![room];
                    let mut frames = u64::from(append(&mut batch, &frame));
                    while batch.len() < BATCH_BYTES
                        && let Ok((frame, room)) = self.frames.try_recv()
                    {
                        frames += u64::from(append(&mut batch, &frame));
                        rooms.push(room);
                    }
                    if self.write(&batch).await.is_err() {
                        return WriteEnd::Lost;
                    }
                    meter.sent(batch.len() as u64, frames);
                    batch.clear();
                    batch.shrink_to(BATCH_BYTES);
                }
            }
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.half.write_all(bytes).await?;
        self.half.flush().await
    }

    async fn part(&mut self, bye: Goodbye) -> WriteEnd {
        // What was queued before still goes out: the owner may close right after its last word.
        let written = timeout(GOODBYE_WAIT, async {
            let mut last = Vec::new();
            while let Ok((frame, _room)) = self.frames.try_recv() {
                append(&mut last, &frame);
            }
            last.extend_from_slice(&frame::goodbye(bye));
            self.write(&last).await?;
            self.half.close().await
        });
        match written.await {
            Ok(Ok(())) => WriteEnd::Said(bye),
            _ => WriteEnd::Lost,
        }
    }
}

/// Waits for the order to say goodbye.
async fn asked(bye: &mut watch::Receiver<Option<Goodbye>>) -> Goodbye {
    let said = bye.wait_for(Option::is_some).await.ok().and_then(|said| *said);
    said.unwrap_or(Goodbye::Done)
}

/// Header and frame together, to be written at once. Frames came through [`cost`].
fn append(batch: &mut Vec<u8>, frame: &[u8]) -> bool {
    let Some(header) = frame::header(frame) else { return false };
    batch.reserve_exact(HEADER_BYTES + frame.len());
    batch.extend_from_slice(&header);
    batch.extend_from_slice(frame);
    true
}

/// Opener's side of the hello: one byte out, one byte in.
pub(super) async fn greet(
    mut stream: Stream,
    hello: u8,
    wait: Duration,
) -> Option<(Answer, Stream)> {
    let talk = async {
        stream.write_all(&[hello]).await.ok()?;
        stream.flush().await.ok()?;
        let mut answer = [0];
        stream.read_exact(&mut answer).await.ok()?;
        Answer::from_byte(answer[0])
    };
    let answer = timeout(wait, talk).await.ok()??;
    Some((answer, stream))
}

/// Accepter's side: the byte of the hello.
pub(super) async fn hear(mut stream: Stream, wait: Duration) -> Option<(u8, Stream)> {
    let mut hello = [0];
    timeout(wait, stream.read_exact(&mut hello)).await.ok()?.ok()?;
    Some((hello[0], stream))
}

/// Answers a hello with no and closes.
pub(super) async fn refuse(mut stream: Stream, answer: Answer) {
    let _ = timeout(GOODBYE_WAIT, async {
        stream.write_all(&[answer.byte()]).await?;
        stream.close().await
    })
    .await;
}

/// Sends 32 bytes through the peer's ping and waits for them.
pub(super) async fn ping(mut stream: Stream, wait: Duration) -> bool {
    const PROBE: [u8; 32] = [0x50; 32];
    let talk = async {
        stream.write_all(&PROBE).await.ok()?;
        stream.flush().await.ok()?;
        let mut echo = [0; 32];
        stream.read_exact(&mut echo).await.ok()?;
        (echo == PROBE).then_some(())
    };
    matches!(timeout(wait, talk).await, Ok(Some(())))
}
