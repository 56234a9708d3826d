//! Who this node talks to, and how much.

use palier_model::keys::{DeviceId, HoodHash, MemberId};

use super::{Host, NodeError};

/// A neighbour who is met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetPeer {
    /// In which neighbourhood.
    pub hood: HoodHash,
    /// Who.
    pub member: MemberId,
    /// With which device.
    pub device: DeviceId,
    /// The transport's name of it.
    pub address: String,
    /// Whether a hub passes the bytes on.
    pub relayed: bool,
}

impl Host {
    /// Whom this node talks to, once for each neighbourhood shared with them.
    pub fn peers(&self) -> Vec<MetPeer> {
        let Some(network) = &self.network else { return Vec::new() };
        let met = self.engine.peers().into_iter().filter_map(|peer| {
            let link = network.links.get(network.by_stream.get(&peer.stream)?)?;
            let address = format!("/p2p/{}", link.peer);
            let (hood, member, device) = (peer.hood, peer.member, peer.device);
            Some(MetPeer { hood, member, device, address, relayed: link.relayed })
        });
        met.collect()
    }

    /// Bytes received and sent since the network was opened.
    pub fn traffic(&self) -> (u64, u64) {
        self.network.as_ref().map_or((0, 0), |network| {
            let stats = network.net.stats();
            (stats.bytes_in, stats.bytes_out)
        })
    }

    /// The person says that the other device shows this code.
    pub fn confirm_link(&mut self, code: &str) -> Result<(), NodeError> {
        let now = self.now();
        self.engine.confirm_link(code, now, &mut self.stores, &mut self.rng)?;
        Ok(())
    }

    /// Keeps who this home is, after a link made it a member's device.
    pub(super) fn keep_linked(&mut self) {
        let me = self.engine.me().clone();
        if me.member == self.identity.member {
            return;
        }
        self.identity.member = me.member;
        self.identity.certificate = me.certificate;
        self.identity.recovery = me.recovery;
        self.engine.name().clone_into(&mut self.identity.name);
        let keystore = self.stores.home().keystore();
        if let Err(error) = self.identity.store(&me.keys, &keystore) {
            tracing::error!(%error, "the linked identity was not kept");
        }
    }
}
