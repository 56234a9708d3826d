//! Who is reachable where: what this node tells, hears, keeps for the next start, and the
//! hubs it can be reached through.

use palier_model::authority;
use palier_model::keys::{DeviceId, HoodHash};
use palier_model::projection::Changes;
use palier_model::sync::{DeviceAddresses, InvitationLink, SessionId};

use super::event::NodeEvent;
use super::host::Host;

impl Host {
    /// Addresses of hubs that were kept from earlier, and of whoever redeems an
    /// invitation that is under way.
    pub(super) fn known_hubs(&mut self) -> Vec<String> {
        let hoods: Vec<HoodHash> = self.engine.hoods().map(|(hood, _)| *hood).collect();
        let mut addrs = Vec::new();
        for hood in hoods {
            let kept = self.read(&hood, |replica, tx, _| {
                let mut addrs = super::addresses::kept(tx)?;
                let link = replica.hood().invitation.clone();
                let link = link.and_then(|link| InvitationLink::from_text(&link).ok());
                addrs.extend(link.map(|link| link.addresses).unwrap_or_default());
                Ok(addrs)
            });
            addrs.extend(kept.unwrap_or_default());
        }
        addrs.sort();
        addrs.dedup();
        addrs
    }

    /// Tells listeners and hubs where this node is now.
    pub(super) async fn addresses_changed(&mut self) {
        let Some(network) = &mut self.network else { return };
        let addrs = network.addresses().await;
        if network.told == addrs {
            return;
        }
        for addr in &addrs {
            let _ = self.events.send(NodeEvent::Listening(addr.clone()));
        }
        network.told = addrs;
        self.tell_addresses(None);
    }

    /// Tells one session, or all, who is reachable where: this device, and of those it
    /// heard of the ones that are in that session's neighbourhood.
    pub(super) fn tell_addresses(&mut self, only: Option<SessionId>) {
        let Some(network) = &self.network else { return };
        let own =
            DeviceAddresses { device: self.engine.me().keys.id(), addresses: network.told.clone() };
        let heard = network.heard.iter().map(|(device, addrs)| DeviceAddresses {
            device: *device,
            addresses: addrs.iter().map(ToString::to_string).collect(),
        });
        let all: Vec<DeviceAddresses> =
            std::iter::once(own).filter(|own| !own.addresses.is_empty()).chain(heard).collect();
        if all.is_empty() {
            return;
        }
        let sessions: Vec<SessionId> = match only {
            Some(session) => vec![session],
            None => self.engine.peers().iter().map(|peer| peer.session).collect(),
        };
        for session in sessions {
            let now = self.now();
            self.engine.tell_addresses(session, &all, now, &mut self.stores, &mut self.rng);
        }
    }

    /// A neighbour said where devices are.
    pub(super) async fn heard(&mut self, hood: HoodHash, devices: &[(DeviceId, Vec<String>)]) {
        let me = self.engine.me().keys.id();
        let mut news = false;
        for (device, addrs) in devices {
            // Only of members' devices: a neighbour cannot make others dial strangers.
            let known = self
                .engine
                .replica(&hood)
                .and_then(|replica| replica.authority().device(device))
                .is_some_and(|known| known.is_active);
            if *device == me || !known {
                continue;
            }
            if let Some(network) = &mut self.network {
                let before = network.heard.get(device).cloned();
                network.hear(*device, addrs);
                news |= network.heard.get(device) != before.as_ref();
            }
        }
        if news {
            self.use_hubs(&hood).await;
            self.tell_addresses(None);
        }
        if let Some(network) = &mut self.network {
            network.dial_heard(&self.engine).await;
        }
    }

    /// Lets this node be reached through hubs, and keeps their addresses for the next start.
    async fn use_hubs(&mut self, hood: &HoodHash) {
        let Some(network) = &mut self.network else { return };
        let Some(replica) = self.engine.replica(hood) else { return };
        let is_hub = |device: &DeviceId| {
            let authority = replica.authority();
            authority
                .device(device)
                .is_some_and(|known| authority.has_role(&known.member, authority::Role::Hub))
        };
        let hubs: Vec<_> = network
            .heard
            .iter()
            .filter(|(device, _)| is_hub(device))
            .map(|(device, addrs)| (*device, addrs.clone()))
            .collect();
        if hubs.is_empty() {
            return;
        }
        for (_, addrs) in &hubs {
            network.relay_through(addrs).await;
        }
        let kept = self.act(hood, |_, tx, _, _| {
            for (device, addrs) in &hubs {
                let addrs: Vec<String> = addrs.iter().map(ToString::to_string).collect();
                super::addresses::keep(tx, device, &addrs);
            }
            Ok(((), Changes::default()))
        });
        if let Err(error) = kept {
            tracing::warn!(%error, "addresses of hubs were not kept");
        }
    }
}
