//! libp2p: transports, discovery, relay, frames in and out.
