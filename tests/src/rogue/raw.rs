//! A link written by hand: the same transport and the same protocol as a node's, but the
//! four bytes of length before a frame are whatever is wanted.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::{AsyncReadExt as _, AsyncWriteExt as _};
use libp2p::core::muxing::{StreamMuxerBox, StreamMuxerExt as _, SubstreamBox};
use libp2p::core::transport::{DialOpts, PortUse};
use libp2p::core::{Endpoint, upgrade::Version};
use libp2p::identity::Keypair;
use libp2p::multiaddr::{Multiaddr, Protocol};
use libp2p::{Transport as _, noise, tcp, yamux};
use tokio::task::JoinHandle;

/// What multistream-select says on each side: that it is one, and which protocol follows.
const SELECT: &[u8] = b"\x13/multistream/1.0.0\n\x0a/palier/1\n";
/// A new link, opened by whoever dialled.
const HELLO: u8 = 1;
const YES: u8 = 1;
/// From here on a length is a sign and no frame follows.
const SIGNS: u32 = 0xFFFF_0000;

/// What a length becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// One bit of it is flipped.
    Flip(u32),
    /// Another one.
    Is(u32),
}

/// The link.
pub(super) struct Raw {
    stream: SubstreamBox,
    connection: JoinHandle<()>,
    /// Of which frame the length is wrong.
    wrong: Option<(usize, Length)>,
    sent: usize,
    is_broken: bool,
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

/// Lets a connection work; what the other side opens is let go. Ready when it is over.
fn work(muxer: &mut StreamMuxerBox, cx: &mut Context<'_>) -> Poll<()> {
    loop {
        match muxer.poll_inbound_unpin(cx) {
            Poll::Ready(Ok(_)) => continue,
            Poll::Ready(Err(_)) => return Poll::Ready(()),
            Poll::Pending => {}
        }
        match Pin::new(&mut *muxer).poll_unpin(cx) {
            Poll::Ready(Ok(_)) => {}
            Poll::Ready(Err(_)) => return Poll::Ready(()),
            Poll::Pending => return Poll::Pending,
        }
    }
}

impl Raw {
    /// A link with whoever an address names, and both ends as bytes: this one, that one.
    pub(super) async fn link(
        addr: &str,
        wrong: Option<(usize, Length)>,
    ) -> (Self, Vec<u8>, Vec<u8>) {
        let mut addr: Multiaddr = addr.parse().expect("an address");
        if let Some(Protocol::P2p(_)) = addr.iter().last() {
            addr.pop();
        }
        let keypair = Keypair::generate_ed25519();
        let mut transport = tcp::tokio::Transport::new(tcp::Config::default().nodelay(true))
            .upgrade(Version::V1)
            .authenticate(noise::Config::new(&keypair).expect("noise"))
            .multiplex(yamux::Config::default())
            .boxed();
        let as_dialler = DialOpts { role: Endpoint::Dialer, port_use: PortUse::New };
        let dialled = transport.dial(addr, as_dialler).expect("an address");
        let (peer, mut muxer) = dialled.await.expect("reached");
        let opened = poll_fn(|cx| match muxer.poll_outbound_unpin(cx) {
            Poll::Ready(opened) => Poll::Ready(opened),
            Poll::Pending => {
                assert!(work(&mut muxer, cx).is_pending(), "the connection ended");
                Poll::Pending
            }
        });
        let mut stream = opened.await.expect("a substream");
        let connection = tokio::spawn(async move {
            poll_fn(|cx| work(&mut muxer, cx)).await;
        });
        stream.write_all(SELECT).await.expect("written");
        stream.write_all(&[HELLO]).await.expect("written");
        stream.flush().await.expect("written");
        let mut answer = [0; SELECT.len() + 1];
        stream.read_exact(&mut answer).await.expect("an answer");
        assert_eq!(answer.split_at(SELECT.len()), (SELECT, &[YES][..]));
        let raw = Self { stream, connection, wrong, sent: 0, is_broken: false };
        (raw, keypair.public().to_peer_id().to_bytes(), peer.to_bytes())
    }

    /// Frames sent so far.
    pub(super) fn sent(&self) -> usize {
        self.sent
    }

    /// Sends a frame. What the other side no longer takes is lost.
    pub(super) async fn send(&mut self, frame: &[u8]) {
        let mut length = u32::try_from(frame.len()).expect("a frame");
        if let Some((_, how)) = self.wrong.filter(|(number, _)| *number == self.sent) {
            length = match how {
                Length::Flip(bit) => length ^ (1 << bit),
                Length::Is(other) => other,
            };
            self.is_broken = true;
        }
        self.sent += 1;
        let bytes = [&length.to_le_bytes(), frame].concat();
        if self.stream.write_all(&bytes).await.is_ok() {
            let _ = self.stream.flush().await;
        }
    }

    /// The next frame; none when the link is over, and none after a wrong length: the other
    /// side may be waiting for what never comes.
    pub(super) async fn recv(&mut self) -> Option<Vec<u8>> {
        if self.is_broken {
            return None;
        }
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).await.ok()?;
        let length = u32::from_le_bytes(length);
        if length >= SIGNS {
            return None;
        }
        let mut frame = vec![0; length as usize];
        self.stream.read_exact(&mut frame).await.ok()?;
        Some(frame)
    }

    /// Says that nothing more comes, and listens until the other side has ended it too.
    pub(super) async fn finish(&mut self) {
        let _ = self.stream.close().await;
        let mut rest = Vec::new();
        let _ = self.stream.read_to_end(&mut rest).await;
    }
}
