//! Telling a peer who is reachable where: not before it said hello, and what was to be told
//! until then is told at once after it.

use super::effect::Out;
use super::exchange::Exchange;
use super::frame::{Addresses, DeviceAddresses, Frame};
use super::limits;

impl Exchange {
    /// Tells where devices are, or keeps it until it can be told.
    pub(super) fn tell_addresses(&mut self, devices: &[DeviceAddresses], out: &mut Out) {
        let mut devices = devices.to_vec();
        devices.truncate(limits::ADDRESS_DEVICES);
        for device in &mut devices {
            device.addresses.retain(|address| address.len() <= limits::ADDRESS_BYTES);
            device.addresses.truncate(limits::ADDRESSES);
        }
        self.untold = Some(devices);
        self.tell_untold(out);
    }

    /// Tells what was kept, where the peer may hear it now.
    pub(super) fn tell_untold(&mut self, out: &mut Out) {
        if self.peer.is_none() || self.hears_only {
            return;
        }
        if let Some(devices) = self.untold.take() {
            out.send(&Frame::Addresses(Addresses { devices }));
        }
    }
}
