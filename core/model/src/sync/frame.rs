//! Frames: what two nodes say to each other. One byte of type, then the body.
//!
//! Invariant: decoding allocates no more than a small multiple of the frame, and every
//! count in a decoded frame is within `limits`.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::cursor::{Cursor, Interest, StoreId};
use super::limits;
use super::meeting::{Meet, Proof};
use super::short::Short;
use crate::codec::{self, DecodeError};
use crate::journal::{Position, Signature};
use crate::keys::{BlobId, DeviceId, MemberId};

/// What a connection is asked for: the protocol and the version of its frames.
pub const PROTOCOL: &str = "/palier/1";

/// Types from here on must be understood: a session that meets an unknown one is closed.
/// Unknown types below are ignored.
pub const CRITICAL: u8 = 0x80;

/// Why bytes are no frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// Not the shape of a frame of its type.
    #[error("frame: {0}")]
    Decode(#[from] DecodeError),
    /// No bytes at all.
    #[error("an empty frame")]
    Empty,
    /// A count above its limit.
    #[error("a frame with too many parts")]
    Count,
    /// A type that must be understood and is not.
    #[error("frame type {0} is not known here")]
    Unsupported(u8),
}

/// Begins the exchange once two members have met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The sender's store.
    pub store: StoreId,
    /// How far its order of acceptance goes.
    pub position: Position,
    /// How far it has read the other's.
    pub cursor: Option<Cursor>,
    /// In the responder's: whether the initiator's cursor is good.
    pub cursor_good: bool,
    /// What it wants to hold.
    pub interest: Interest,
}

/// One message of a reconciliation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconcile {
    /// Counts from 0; a message with round 0 begins anew. From the responder, an empty
    /// message of round 0 asks the initiator to begin.
    pub round: u32,
    /// Negentropy version 1.
    #[serde(with = "serde_bytes")]
    pub message: Vec<u8>,
}

/// What the initiator turned out to lack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// Ids of items: BLAKE3(log ‖ tip).
    pub ids: Vec<[u8; 32]>,
    /// No more follow.
    pub last: bool,
}

/// A branch of a log that the sender holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NewsItem {
    /// The log.
    pub log: Short,
    /// Position of its tip.
    pub seq: u64,
    /// The tip.
    pub tip: Short,
}

/// A page of what the sender holds and the receiver may lack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// Whoever has what this page and the pages before it name has read the sender's
    /// order up to here. Absent where more pages of the same list follow, and where
    /// something is told ahead of its turn.
    pub to: Option<Position>,
    /// Tips, in the order in which they should be asked for.
    pub items: Vec<NewsItem>,
    /// Small entries of these logs, as runs.
    pub inline: Vec<ByteBuf>,
}

/// A log the sender wants, and what it holds of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Want {
    /// The log.
    pub log: Short,
    /// Tips held.
    pub have: Vec<(u64, Short)>,
}

/// Entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runs {
    /// Runs of several logs.
    pub runs: Vec<ByteBuf>,
    /// Logs of which all that was lacking has now been sent.
    pub done: Vec<Short>,
}

/// Bytes of frames the receiver has dealt with: taken durably, for runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// Of [`Runs`] and [`BlobChunk`] frames.
    pub runs: u32,
    /// Of [`News`] frames.
    pub news: u32,
    /// How far the sender of this has read the other's order, durably.
    pub read: Option<u64>,
}

/// A blob is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlobWant {
    /// The blob.
    pub blob: BlobId,
    /// Chunks held already: bit i for chunk i.
    pub held: u8,
}

/// What is needed to check each chunk of a blob by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlobHead {
    /// The blob.
    pub blob: BlobId,
    /// Its size in bytes; 0 where the sender does not have it.
    pub size: u32,
    /// The BLAKE3 chaining value of each chunk; none where one chunk is all.
    pub chunks: Vec<[u8; 32]>,
}

/// One chunk of a blob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlobChunk {
    /// The blob.
    pub blob: BlobId,
    /// Which chunk.
    pub index: u8,
    /// Its bytes.
    #[serde(with = "serde_bytes")]
    pub bytes: Vec<u8>,
}

/// Where a device was last heard to listen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceAddresses {
    /// The device.
    pub device: DeviceId,
    /// Addresses as its transport writes them.
    pub addresses: Vec<String>,
}

/// Who can be reached where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    /// Each device once.
    pub devices: Vec<DeviceAddresses>,
}

/// A message of a join or of a device link, sealed under the secret both know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// ChaCha20-Poly1305.
    #[serde(with = "serde_bytes")]
    pub ciphertext: Vec<u8>,
}

/// A sign of life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ping {
    /// Whether one is asked for in return.
    pub answer: bool,
}

/// A frame of another session on the same stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// Which: odd where the stream's initiator opened it, else even; never 0, and never
    /// used a second time on one stream.
    pub number: u32,
    /// The frame: of any type but this one.
    #[serde(with = "serde_bytes")]
    pub frame: Vec<u8>,
}

/// The session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bye {
    /// Why, as a number of [`super::CloseReason`].
    pub reason: u8,
}

macro_rules! frames {
    ($($(#[$doc:meta])* $name:ident($body:ty) = $number:literal;)*) => {
        /// A frame.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Frame { $($(#[$doc])* $name($body),)* }

        impl Frame {
            /// The frame's bytes.
            pub fn to_bytes(&self) -> Vec<u8> {
                match self {
                    $(Self::$name(body) => with_type($number, codec::encode(body)),)*
                }
            }

            fn decode_plain(kind: u8, body: &[u8]) -> Result<Option<Self>, FrameError> {
                Ok(Some(match kind {
                    $($number => Self::$name(codec::decode(body, limits::CHANNEL_FRAME_BYTES)?),)*
                    _ => return Ok(None),
                }))
            }
        }

        /// Every type of frame this code knows.
        pub const TYPES: &[u8] = &[$($number,)*];
    };
}

frames! {
    /// Hello.
    Hello(Hello) = 0x10;
    /// Reconciliation.
    Reconcile(Reconcile) = 0x11;
    /// What is lacking.
    Need(Need) = 0x12;
    /// What there is.
    News(News) = 0x13;
    /// What is wanted.
    Wants(Vec<Want>) = 0x14;
    /// Entries.
    Runs(Runs) = 0x15;
    /// Acknowledged.
    Ack(Ack) = 0x16;
    /// A blob is wanted.
    BlobWant(BlobWant) = 0x18;
    /// A blob begins.
    BlobHead(BlobHead) = 0x19;
    /// A piece of a blob.
    BlobChunk(BlobChunk) = 0x1a;
    /// Who is reachable.
    Addresses(Addresses) = 0x1c;
    /// Join and device link.
    Sealed(Sealed) = 0x20;
    /// Sign of life.
    Ping(Ping) = 0x30;
    /// The end.
    Bye(Bye) = 0x31;
    /// Of another session on the same stream.
    Channel(Channel) = 0x32;
    /// Meeting, I→R.
    Meet(Meet) = 0x80;
    /// Meeting, R→I.
    MeetAnswer(Meet) = 0x81;
    /// Meeting, a proof: padded.
    Proof(ProofBody) = 0x82;
    /// Meeting, "no": padded.
    No(()) = 0x83;
}

/// A [`Proof`] as a frame carries it.
pub type ProofBody = Proof;

/// The type of a frame that wraps one of another session.
pub const CHANNEL: u8 = 0x32;
const PROOF: u8 = 0x82;
const NO: u8 = 0x83;

fn with_type(kind: u8, body: Vec<u8>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(body.len() + 1);
    bytes.push(kind);
    bytes.extend(body);
    if kind == PROOF || kind == NO {
        // Refusal and proof look alike to whoever counts bytes.
        bytes.resize(limits::PROOF_FRAME_BYTES, 0);
    }
    bytes
}

impl Frame {
    /// A frame from bytes; none where its type is unknown and may be ignored.
    pub fn from_bytes(bytes: &[u8]) -> Result<Option<Self>, FrameError> {
        let (kind, body) = bytes.split_first().ok_or(FrameError::Empty)?;
        let limit = match *kind {
            CHANNEL => limits::CHANNEL_FRAME_BYTES,
            _ => limits::FRAME_BYTES,
        };
        if bytes.len() > limit {
            return Err(DecodeError::TooLong { size: bytes.len(), limit }.into());
        }
        let frame = match *kind {
            PROOF => Some(Self::Proof(decode_padded(body)?)),
            NO => {
                decode_padded::<()>(body)?;
                Some(Self::No(()))
            }
            kind => Self::decode_plain(kind, body)?,
        };
        match frame {
            Some(frame) if frame.counts_are_bounded() => Ok(Some(frame)),
            Some(_) => Err(FrameError::Count),
            None if *kind >= CRITICAL => Err(FrameError::Unsupported(*kind)),
            None => Ok(None),
        }
    }

    fn counts_are_bounded(&self) -> bool {
        match self {
            Self::Need(need) => need.ids.len() <= limits::NEED_IDS,
            Self::News(news) => {
                news.items.len() <= limits::PAGE_ITEMS && news.inline.len() <= limits::LOGS
            }
            Self::Wants(wants) => {
                wants.len() <= limits::LOGS
                    && wants.iter().all(|want| want.have.len() <= limits::HAVE_TIPS)
            }
            Self::Runs(runs) => runs.runs.len() <= limits::RUNS && runs.done.len() <= limits::LOGS,
            Self::BlobHead(head) => {
                head.size as usize <= limits::BLOB_BYTES
                    && head.chunks.len() <= limits::BLOB_BYTES / limits::BLOB_CHUNK_BYTES
            }
            Self::BlobChunk(chunk) => chunk.bytes.len() <= limits::BLOB_CHUNK_BYTES,
            Self::Addresses(list) => {
                list.devices.len() <= limits::ADDRESS_DEVICES
                    && list.devices.iter().all(|device| {
                        device.addresses.len() <= limits::ADDRESSES
                            && device.addresses.iter().all(|a| a.len() <= limits::ADDRESS_BYTES)
                    })
            }
            Self::Sealed(sealed) => sealed.ciphertext.len() <= limits::JOIN_MESSAGE_BYTES + 16,
            Self::Proof(proof) => proof.certificate.len() <= limits::CERTIFICATE_BYTES,
            Self::Hello(hello) => hello.interest.is_bounded(),
            Self::Channel(channel) => {
                channel.number > 0
                    && channel.frame.len() <= limits::FRAME_BYTES
                    && channel.frame.first().is_some_and(|kind| *kind != CHANNEL)
            }
            _ => true,
        }
    }
}

fn decode_padded<T: Serialize + serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, FrameError> {
    if body.len() + 1 != limits::PROOF_FRAME_BYTES {
        return Err(DecodeError::Malformed.into());
    }
    let (value, rest) = codec::decode_prefix(body, limits::PROOF_FRAME_BYTES)?;
    let padding = &body[body.len() - rest..];
    if padding.iter().any(|byte| *byte != 0) {
        return Err(DecodeError::NotCanonical.into());
    }
    Ok(value)
}

/// A proof's parts, for [`Proof`]: who, and the device's signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The member, or zero where only the device matters.
    pub member: MemberId,
    /// The device.
    pub device: DeviceId,
    /// Its signature.
    pub signature: Signature,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_types_are_ignored_or_refused_by_their_top_bit() {
        assert_eq!(Frame::from_bytes(&[0x7f, 1, 2, 3]), Ok(None));
        assert_eq!(Frame::from_bytes(&[0xf0]), Err(FrameError::Unsupported(0xf0)));
        assert_eq!(Frame::from_bytes(&[]), Err(FrameError::Empty));
    }

    #[test]
    fn a_frame_longer_than_the_limit_is_refused_before_it_is_read() {
        let long = vec![0x15; limits::FRAME_BYTES + 1];
        assert!(matches!(
            Frame::from_bytes(&long),
            Err(FrameError::Decode(DecodeError::TooLong { .. }))
        ));
    }

    #[test]
    fn a_channel_carries_the_largest_frame_and_no_channel() {
        let channel = |number, frame| Frame::Channel(Channel { number, frame });
        let largest = channel(u32::MAX, vec![0x15; limits::FRAME_BYTES]);
        let bytes = largest.to_bytes();
        assert_eq!(bytes.len(), limits::CHANNEL_FRAME_BYTES);
        assert_eq!(Frame::from_bytes(&bytes), Ok(Some(largest)));
        let ping = Frame::Ping(Ping { answer: true }).to_bytes();
        let inner = channel(1, ping.clone()).to_bytes();
        for bad in [
            channel(1, inner),
            channel(0, ping),
            channel(1, Vec::new()),
            channel(1, vec![0x15; limits::FRAME_BYTES + 1]),
        ] {
            assert!(Frame::from_bytes(&bad.to_bytes()).is_err());
        }
    }

    #[test]
    fn counts_above_their_limit_are_refused() {
        let need = Need { ids: vec![[0; 32]; limits::NEED_IDS + 1], last: true };
        assert_eq!(Frame::from_bytes(&Frame::Need(need).to_bytes()), Err(FrameError::Count));
    }

    #[test]
    fn a_no_is_as_long_as_a_proof_and_its_padding_is_zero() {
        let mut no = Frame::No(()).to_bytes();
        assert_eq!(no.len(), limits::PROOF_FRAME_BYTES);
        assert_eq!(Frame::from_bytes(&no), Ok(Some(Frame::No(()))));
        no[77] = 1;
        assert!(Frame::from_bytes(&no).is_err());
        assert!(Frame::from_bytes(&no[..900]).is_err());
    }
}
