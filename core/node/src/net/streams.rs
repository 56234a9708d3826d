//! Raw substreams as a libp2p behaviour: open one on a connection we choose, take those of others.
//!
//! Not `libp2p-stream`: that one picks a connection at random when there are a relayed and a
//! direct one, does not say which connection a substream came by, drops inbound substreams while
//! its reader is busy, and keeps a sender for every connection there ever was.
//!
//! Invariant: each ticket given to [`Behaviour::open`] is answered once, unless its connection
//! closes first.

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use libp2p::core::transport::PortUse;
use libp2p::core::upgrade::ReadyUpgrade;
use libp2p::core::{Endpoint, Multiaddr};
use libp2p::swarm::handler::{
    ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound,
};
use libp2p::swarm::{
    ConnectionDenied, ConnectionHandler, ConnectionHandlerEvent, ConnectionId, FromSwarm,
    NetworkBehaviour, NotifyHandler, StreamUpgradeError, SubstreamProtocol, THandler,
    THandlerInEvent, THandlerOutEvent, ToSwarm,
};
use libp2p::{PeerId, Stream, StreamProtocol};

/// The name of our protocol; its number rises when frames of an older node mean something else.
pub(super) const PALIER: StreamProtocol = StreamProtocol::new("/palier/1");
/// libp2p's ping, opened by hand to see at once whether a connection still lives.
pub(super) const PING: StreamProtocol = StreamProtocol::new("/ipfs/ping/1.0.0");

/// Names one attempt to open a substream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Ticket(pub(super) u64);

/// Why a substream could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OpenError {
    Unsupported,
    Failed,
}

#[derive(Debug)]
pub(super) enum Event {
    Inbound { peer: PeerId, connection: ConnectionId, stream: Stream },
    Opened { ticket: Ticket, result: Result<Stream, OpenError> },
}

#[derive(Debug)]
pub(super) struct OpenRequest {
    ticket: Ticket,
    protocol: StreamProtocol,
}

#[derive(Default)]
pub(super) struct Behaviour {
    queue: VecDeque<ToSwarm<Event, OpenRequest>>,
    waker: Option<Waker>,
}

impl Behaviour {
    /// Asks for a substream on this very connection.
    pub(super) fn open(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        ticket: Ticket,
        protocol: StreamProtocol,
    ) {
        self.queue.push_back(ToSwarm::NotifyHandler {
            peer_id: peer,
            handler: NotifyHandler::One(connection),
            event: OpenRequest { ticket, protocol },
        });
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl NetworkBehaviour for Behaviour {
    type ConnectionHandler = Handler;
    type ToSwarm = Event;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(Handler::default())
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(Handler::default())
    }

    fn on_swarm_event(&mut self, _: FromSwarm<'_>) {}

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        let event = match event {
            FromHandler::Inbound(stream) => Event::Inbound { peer, connection, stream },
            FromHandler::Opened(ticket, result) => Event::Opened { ticket, result },
        };
        self.queue.push_back(ToSwarm::GenerateEvent(event));
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Event, THandlerInEvent<Self>>> {
        if let Some(action) = self.queue.pop_front() {
            return Poll::Ready(action);
        }
        self.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// What a connection's handler reports.
#[derive(Debug)]
pub(super) enum FromHandler {
    Inbound(Stream),
    Opened(Ticket, Result<Stream, OpenError>),
}

#[derive(Default)]
pub(super) struct Handler {
    wanted: VecDeque<OpenRequest>,
    reports: VecDeque<FromHandler>,
    waker: Option<Waker>,
}

impl Handler {
    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl ConnectionHandler for Handler {
    type FromBehaviour = OpenRequest;
    type ToBehaviour = FromHandler;
    type InboundProtocol = ReadyUpgrade<StreamProtocol>;
    type OutboundProtocol = ReadyUpgrade<StreamProtocol>;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = Ticket;

    fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol> {
        SubstreamProtocol::new(ReadyUpgrade::new(PALIER), ())
    }

    fn on_behaviour_event(&mut self, request: OpenRequest) {
        self.wanted.push_back(request);
        self.wake();
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Self::OutboundProtocol, Ticket, FromHandler>> {
        if let Some(report) = self.reports.pop_front() {
            return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(report));
        }
        if let Some(request) = self.wanted.pop_front() {
            return Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest {
                protocol: SubstreamProtocol::new(
                    ReadyUpgrade::new(request.protocol),
                    request.ticket,
                ),
            });
        }
        self.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<'_, Self::InboundProtocol, Self::OutboundProtocol, (), Ticket>,
    ) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
                protocol, ..
            }) => self.reports.push_back(FromHandler::Inbound(protocol)),
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound {
                protocol,
                info,
            }) => self.reports.push_back(FromHandler::Opened(info, Ok(protocol))),
            ConnectionEvent::DialUpgradeError(DialUpgradeError { info, error }) => {
                let error = match error {
                    StreamUpgradeError::NegotiationFailed => OpenError::Unsupported,
                    _ => OpenError::Failed,
                };
                self.reports.push_back(FromHandler::Opened(info, Err(error)));
            }
            _ => return,
        }
        self.wake();
    }
}
