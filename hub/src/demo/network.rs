//! The demo's network: TCP forwarders that can be cut and healed.
//!
//! Each process listens on a port that only the demo knows and advertises a forwarder's.
//! A forwarder tells who calls by the port the call comes from: libp2p dials from the
//! port it listens on. While the network is cut, a call passes only within one side; one
//! whose origin is unknown does not pass.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// On which side of a cut somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// With the hub.
    Hub,
    /// With the owner's phone.
    Phone,
}

/// Who is where, and whether the network is cut.
pub(super) struct Network {
    cut: watch::Sender<bool>,
    sides: Arc<BTreeMap<SocketAddr, Side>>,
}

impl Network {
    /// A network that is whole, for processes listening at these addresses.
    pub(super) fn new(sides: BTreeMap<SocketAddr, Side>) -> Self {
        Self { cut: watch::Sender::new(false), sides: Arc::new(sides) }
    }

    /// Cuts the network in two: calls between the sides end, new ones fail.
    pub(super) fn cut(&self) {
        self.cut.send_replace(true);
    }

    /// Joins it again.
    pub(super) fn heal(&self) {
        self.cut.send_replace(false);
    }

    /// A forwarder to the process that listens at `target`.
    pub(super) async fn forward_to(&self, target: SocketAddr) -> io::Result<Forwarder> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let line = Line { target, sides: Arc::clone(&self.sides), cut: self.cut.subscribe() };
        let task = tokio::spawn(accept(listener, line));
        Ok(Forwarder { address, task })
    }
}

/// An address nobody listens at yet.
pub(super) async fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?.local_addr()
}

/// A way to one process, as long as it lives.
pub(super) struct Forwarder {
    /// Where the others call.
    pub(super) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Clone)]
struct Line {
    target: SocketAddr,
    sides: Arc<BTreeMap<SocketAddr, Side>>,
    cut: watch::Receiver<bool>,
}

impl Line {
    /// Whether a call from `origin` passes while the network is cut.
    fn passes(&self, origin: SocketAddr) -> bool {
        let from = self.sides.get(&origin);
        from.is_some() && from == self.sides.get(&self.target)
    }
}

async fn accept(listener: TcpListener, line: Line) {
    while let Ok((stream, origin)) = listener.accept().await {
        tokio::spawn(carry(stream, origin, line.clone()));
    }
}

/// Carries one call until an end hangs up or the network is cut.
async fn carry(mut caller: TcpStream, origin: SocketAddr, mut line: Line) {
    let passes = line.passes(origin);
    if *line.cut.borrow_and_update() && !passes {
        return;
    }
    let Ok(mut called) = TcpStream::connect(line.target).await else { return };
    let _ = (caller.set_nodelay(true), called.set_nodelay(true));
    let severed = async {
        if passes {
            std::future::pending::<()>().await;
        }
        let _ = line.cut.wait_for(|cut| *cut).await;
    };
    tokio::select! {
        _ = copy_bidirectional(&mut caller, &mut called) => {}
        () = severed => {}
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpSocket;

    use super::*;

    /// Echoes whatever comes.
    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = stream.into_split();
                    let _ = tokio::io::copy(&mut read, &mut write).await;
                });
            }
        });
        address
    }

    async fn call(from: SocketAddr, to: SocketAddr) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(from).unwrap();
        socket.connect(to).await.unwrap()
    }

    async fn answers(stream: &mut TcpStream) -> bool {
        let mut byte = [0u8; 1];
        stream.write_all(b"x").await.is_ok() && stream.read_exact(&mut byte).await.is_ok()
    }

    #[tokio::test]
    async fn a_cut_severs_the_sides_and_nothing_else_until_it_heals() {
        let target = echo().await;
        let [friend, far] = [free_address().await.unwrap(), free_address().await.unwrap()];
        let sides = [(target, Side::Hub), (friend, Side::Hub), (far, Side::Phone)];
        let network = Network::new(sides.into());
        let way = network.forward_to(target).await.unwrap();

        let mut near_call = call(friend, way.address).await;
        let mut far_call = call(far, way.address).await;
        let mut unknown_call = TcpStream::connect(way.address).await.unwrap();
        for stream in [&mut near_call, &mut far_call, &mut unknown_call] {
            assert!(answers(stream).await);
        }
        network.cut();
        assert!(answers(&mut near_call).await, "within a side calls go on");
        // The call ends by itself: wait for its end, not for a time.
        assert_eq!(far_call.read(&mut [0u8; 1]).await.unwrap_or(0), 0);
        assert_eq!(unknown_call.read(&mut [0u8; 1]).await.unwrap_or(0), 0);
        let mut late = TcpStream::connect(way.address).await.unwrap();
        assert!(!answers(&mut late).await, "who is unknown does not pass");
        network.heal();
        let mut again = TcpStream::connect(way.address).await.unwrap();
        assert!(answers(&mut again).await);
    }
}
