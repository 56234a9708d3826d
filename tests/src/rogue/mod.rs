//! Peers that do not play by the rules: real libp2p links to a real process, the model's
//! own meeting where they want to be let in, and then any bytes they like.

mod device;
mod raw;

use std::time::{Duration, Instant};

use ed25519_dalek::SigningKey;
use palier_model::sync::{
    Credential, Frame, MeetKey, Meeting, Met, Peer, PeerIds, Role, meeting::Step,
};
use palier_node::net::{DownReason, Link, LinkId, Multiaddr, Net, NetConfig, NetEvent, NetHandle};
use rand_core::Rng as _;
use tokio::sync::mpsc;
use tokio::time::timeout;

pub use device::{Device, Offer};
pub use raw::Length;
use raw::Raw;

/// Longer than any answer takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The network of one rogue.
pub struct Wire {
    net: NetHandle,
    events: mpsc::Receiver<NetEvent>,
}

impl Wire {
    /// A peer with a key of its own, listening nowhere.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn start() -> Self {
        let (net, events) = Net::start(NetConfig::phone()).expect("a network");
        Self { net, events }
    }

    /// A link with whoever an address names.
    ///
    /// # Panics
    /// Where nobody answers there.
    pub async fn link(&mut self, addr: &str) -> Talk {
        let addr: Multiaddr = addr.parse().expect("an address");
        self.net.dial(addr).await.expect("dialled");
        let link = self
            .wait(|event| match event {
                NetEvent::LinkUp(link) => Some(link),
                NetEvent::DialFailed { reason, .. } => panic!("not reached: {reason:?}"),
                _ => None,
            })
            .await;
        Talk::new(self.net.peer_id().to_bytes(), link)
    }

    /// How a link ended.
    ///
    /// # Panics
    /// Where it does not end.
    pub async fn ended(&mut self, id: LinkId) -> DownReason {
        self.wait(|event| match event {
            NetEvent::LinkDown { link, reason, .. } if link == id => Some(reason),
            _ => None,
        })
        .await
    }

    async fn wait<T>(&mut self, mut fits: impl FnMut(NetEvent) -> Option<T>) -> T {
        let found = async {
            loop {
                let event = self.events.recv().await.expect("the network runs");
                if let Some(found) = fits(event) {
                    return found;
                }
            }
        };
        timeout(PATIENCE, found).await.expect("an event of the network")
    }
}

/// A frame as it came.
#[derive(Debug, Clone)]
pub struct Heard {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// How long after the last frame that was sent.
    pub after: Duration,
}

impl Heard {
    /// Type and length: what whoever counts bytes sees.
    pub fn shape(&self) -> (u8, usize) {
        (self.bytes.first().copied().unwrap_or_default(), self.bytes.len())
    }
}

/// What a talk goes over.
enum Way {
    /// A link as every node has.
    Link(Link),
    /// One written by hand.
    Raw(Box<Raw>),
}

impl Way {
    async fn send(&mut self, bytes: Vec<u8>) {
        match self {
            Self::Link(link) => {
                let _ = link.writer.send(bytes).await;
            }
            Self::Raw(raw) => raw.send(&bytes).await,
        }
    }

    async fn recv(&mut self) -> Option<Vec<u8>> {
        match self {
            Self::Link(link) => link.reader.recv().await,
            Self::Raw(raw) => raw.recv().await,
        }
    }
}

/// One link and all that is said on it.
pub struct Talk {
    way: Way,
    role: Role,
    peers: PeerIds,
    said_at: Instant,
    said_bytes: usize,
    /// Which of the bytes said is flipped, counted over all frames.
    pub flip: Option<usize>,
    /// What was heard, in order.
    pub heard: Vec<Heard>,
}

impl Talk {
    fn new(me: Vec<u8>, link: Link) -> Self {
        let them = link.peer.to_bytes();
        let peers = match link.initiator {
            true => PeerIds { initiator: me, responder: them },
            false => PeerIds { initiator: them, responder: me },
        };
        let role = if link.initiator { Role::Initiator } else { Role::Responder };
        Self::over(Way::Link(link), role, peers)
    }

    fn over(way: Way, role: Role, peers: PeerIds) -> Self {
        let said_at = Instant::now();
        Self { way, role, peers, said_at, said_bytes: 0, flip: None, heard: Vec::new() }
    }

    /// A link written by hand, by a peer with a key of its own; the length of the frame of
    /// one number may be wrong. From that frame on nothing is heard. It ends with
    /// [`Talk::finish`].
    ///
    /// # Panics
    /// Where nobody answers there.
    pub async fn by_hand(addr: &str, wrong: Option<(usize, Length)>) -> Self {
        let (raw, initiator, responder) =
            timeout(PATIENCE, Raw::link(addr, wrong)).await.expect("a link");
        let peers = PeerIds { initiator, responder };
        Self::over(Way::Raw(Box::new(raw)), Role::Initiator, peers)
    }

    /// The link's name.
    ///
    /// # Panics
    /// Where it is written by hand: it has none.
    pub fn id(&self) -> LinkId {
        match &self.way {
            Way::Link(link) => link.id,
            Way::Raw(_) => panic!("a link written by hand has no name"),
        }
    }

    /// Frames sent on a link written by hand.
    pub fn sent_frames(&self) -> usize {
        match &self.way {
            Way::Link(_) => 0,
            Way::Raw(raw) => raw.sent(),
        }
    }

    /// Which side of the link this is.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Both ends, as the transport proved them.
    pub fn peers(&self) -> PeerIds {
        self.peers.clone()
    }

    /// Bytes of frames said so far.
    pub fn said_bytes(&self) -> usize {
        self.said_bytes
    }

    /// Sends a frame.
    pub async fn say(&mut self, frame: &Frame) {
        self.say_bytes(frame.to_bytes()).await;
    }

    /// Sends bytes as a frame, one of them flipped where that is wanted. On a link that is
    /// over it does nothing: the next [`Talk::hear`] tells.
    pub async fn say_bytes(&mut self, mut bytes: Vec<u8>) {
        if let Some(at) = self.flip.and_then(|flip| flip.checked_sub(self.said_bytes))
            && let Some(byte) = bytes.get_mut(at)
        {
            *byte ^= 1 << (at % 8);
        }
        self.said_bytes += bytes.len();
        self.said_at = Instant::now();
        self.way.send(bytes).await;
    }

    /// Sends a frame that is neither counted nor flipped.
    pub async fn say_aside(&mut self, frame: &Frame) {
        self.way.send(frame.to_bytes()).await;
    }

    /// The next frame; none when the link is over.
    ///
    /// # Panics
    /// Where neither comes.
    pub async fn hear(&mut self) -> Option<Vec<u8>> {
        let bytes = timeout(PATIENCE, self.way.recv()).await.expect("a frame or an end")?;
        self.heard.push(Heard { bytes: bytes.clone(), after: self.said_at.elapsed() });
        Some(bytes)
    }

    /// Types and lengths of all that was heard.
    pub fn shapes(&self) -> Vec<(u8, usize)> {
        self.heard.iter().map(Heard::shape).collect()
    }

    /// Meets as any node would; none where the other side will not.
    pub async fn meet(
        &mut self,
        credentials: Vec<Credential>,
        signing: &SigningKey,
    ) -> Option<Met> {
        let seed = random();
        let mut meeting =
            Meeting::new(self.role(), self.peers(), credentials, signing.clone(), &seed);
        let anybody = |_: &MeetKey, _: &Peer| true;
        if let Some(first) = meeting.start() {
            self.say(&first).await;
        }
        loop {
            let bytes = self.hear().await?;
            match meeting.handle(Frame::from_bytes(&bytes).ok().flatten(), &anybody) {
                Step::Send(frame) => self.say(&frame).await,
                Step::Done(frame, met) => {
                    if let Some(frame) = frame {
                        self.say(&frame).await;
                    }
                    return Some(met);
                }
                Step::Failed(frame) => {
                    if let Some(frame) = frame {
                        self.say(&frame).await;
                    }
                    return None;
                }
            }
        }
    }

    /// Ends a link written by hand.
    ///
    /// # Panics
    /// Where the other side does not let go of it.
    pub async fn finish(mut self) {
        if let Way::Raw(raw) = &mut self.way {
            timeout(PATIENCE, raw.finish()).await.expect("an end");
        }
    }

    /// Listens until the link is over.
    pub async fn hear_out(&mut self) {
        while self.hear().await.is_some() {}
    }
}

/// 32 fresh bytes.
pub fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    palier_node::node::system_rng().fill_bytes(&mut bytes);
    bytes
}
