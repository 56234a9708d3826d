//! Devices of this member: revoked, or come back by the phrase.

use rand_core::CryptoRng;

use super::{ActError, Replica};
use crate::authority::build;
use crate::codec;
use crate::journal::{Owner, entry, limits};
use crate::keyring::{Epoch, EpochOwner};
use crate::keys::{DeviceId, EntryHash};
use crate::ledger::Account;
use crate::projection::{Changes, Epochs};
use crate::rows::Tx;
use crate::sync::RecoverySheet;
use crate::time::Instant;

/// Key epochs of this member that a recovery opens.
const EPOCHS: usize = 4_096;

impl Replica {
    /// What stands beside the phrase on a recovery sheet.
    pub fn recovery_sheet(
        &self,
        tx: &Tx<'_>,
        addresses: Vec<String>,
    ) -> Result<RecoverySheet, ActError> {
        let (Some(hood), Some(root)) = (self.hood.id, self.hood.root) else {
            return Err(ActError::not_allowed("member.awaiting"));
        };
        let hood_name = self.name(tx)?;
        Ok(RecoverySheet { hood, log: root.log, act: root.act, hood_name, addresses })
    }

    /// Learns the secrets of every key epoch of this member that the phrase's recovery
    /// key opens: what was sealed for the devices before this one can be read again.
    pub fn recover_secrets(
        &mut self,
        tx: &mut Tx<'_>,
        recovery: &[u8; 32],
    ) -> Result<Changes, ActError> {
        let recovery = x25519_dalek::StaticSecret::from(*recovery);
        let member = self.me.member;
        let owner = EpochOwner { hood: self.hood.hash, member };
        for (key, row) in tx.rows_with_prefix::<Epochs>(&member.0, EPOCHS)? {
            let hash = key.get(32..).and_then(EntryHash::from_slice);
            let Some(hash) = hash.filter(|_| !self.reader.knows(&row.public)) else { continue };
            let Some(stored) = entry(tx, &hash)? else { continue };
            let read = codec::decode_prefix::<Epoch>(&stored.payload, limits::PAYLOAD_BYTES);
            let opened =
                read.ok().and_then(|(epoch, _)| epoch.open_with_recovery(&owner, &recovery).ok());
            let Some(opened) = opened else { continue };
            for secret in opened.earlier.into_iter().chain([opened.secret]) {
                self.reader.learn(tx, secret);
            }
        }
        let mut changes = Changes::default();
        self.settle(tx, &mut changes)?;
        Ok(changes)
    }

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
        let groups: Vec<_> = self.authority.groups().map(|(id, _)| Owner::Group(*id)).collect();
        for owner in std::iter::once(self.owner()).chain(groups) {
            if let Owner::Group(group) = owner
                && !self.authority.is_manager(&group, &member)
            {
                continue;
            }
            self.inherit_credits(tx, now, Account { owner, device }, &mut changes)?;
        }
        self.open_epoch(tx, now, rng, &mut changes)?;
        self.settle(tx, &mut changes)?;
        Ok(changes)
    }
}
