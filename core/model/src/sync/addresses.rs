//! Telling a peer who is reachable where: not before it said hello, and nothing that it
//! knows already.
//!
//! Invariant: in one session no address of a device is told twice unless it changed in
//! between, none back to whom it came from, and no peer is told where itself is.

use std::collections::BTreeMap;

use super::effect::Out;
use super::exchange::Exchange;
use super::frame::{Addresses, DeviceAddresses, Frame};
use super::limits;
use crate::keys::DeviceId;

/// What is known of addresses on both sides of a session.
#[derive(Default)]
pub(super) struct AddressDesk {
    /// To be told once the peer said hello.
    untold: Vec<DeviceAddresses>,
    /// What either side told the other last, of at most [`KNOWN`] devices.
    known: BTreeMap<DeviceId, Vec<String>>,
}

/// Devices of which it is remembered what was told.
const KNOWN: usize = 4 * limits::ADDRESS_DEVICES;

impl AddressDesk {
    /// Notes what the peer said.
    pub(super) fn heard(&mut self, devices: &[DeviceAddresses]) {
        devices.iter().for_each(|it| self.note(it));
    }

    fn note(&mut self, it: &DeviceAddresses) {
        if self.known.len() < KNOWN || self.known.contains_key(&it.device) {
            self.known.insert(it.device, it.addresses.clone());
        }
    }

    /// Takes what the peer does not know yet.
    fn take(&mut self) -> Vec<DeviceAddresses> {
        let mut news = std::mem::take(&mut self.untold);
        news.retain(|it| self.known.get(&it.device) != Some(&it.addresses));
        news.iter().for_each(|it| self.note(it));
        news
    }
}

impl Exchange {
    /// Tells where devices are, or keeps it until it can be told.
    pub(super) fn tell_addresses(&mut self, devices: &[DeviceAddresses], out: &mut Out) {
        let peer = self.device();
        let mut devices: Vec<DeviceAddresses> =
            devices.iter().filter(|it| it.device != peer).cloned().collect();
        devices.truncate(limits::ADDRESS_DEVICES);
        for device in &mut devices {
            device.addresses.retain(|address| address.len() <= limits::ADDRESS_BYTES);
            device.addresses.truncate(limits::ADDRESSES);
        }
        self.addresses.untold = devices;
        self.tell_untold(out);
    }

    /// Tells what was kept, where the peer may hear it now.
    pub(super) fn tell_untold(&mut self, out: &mut Out) {
        if self.peer.is_none() || self.hears_only {
            return;
        }
        let devices = self.addresses.take();
        if !devices.is_empty() {
            out.send(&Frame::Addresses(Addresses { devices }));
        }
    }
}
