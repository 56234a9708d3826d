//! Devices of this member.

use rand_core::CryptoRng;

use super::{ActError, Replica};
use crate::authority::build;
use crate::keys::DeviceId;
use crate::projection::Changes;
use crate::rows::Tx;
use crate::time::Instant;

impl Replica {
    /// Revokes another device of this member; what is known of its logs stays. A new key
    /// epoch closes what is sealed from now on to it.
    pub fn revoke_device(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        device: DeviceId,
    ) -> Result<Changes, ActError> {
        self.check_member()?;
        let member = self.me.member;
        let known = self.authority.device_of(&member, &device);
        if !known.is_some_and(|known| known.is_active) {
            return Err(ActError::not_found("device.not_found"));
        }
        if device == self.me.keys.id() {
            return Err(ActError::conflict("device.this"));
        }
        let mut changes = Changes::default();
        let act = build::revoke(tx, &self.authority, now, member, device)?;
        let draft = build::draft_revoke(self.hood.hash, member, &act);
        self.write_draft(tx, draft, &mut changes)?;
        self.settle(tx, &mut changes)?;
        self.open_epoch(tx, now, rng, &mut changes)?;
        self.settle(tx, &mut changes)?;
        Ok(changes)
    }
}
