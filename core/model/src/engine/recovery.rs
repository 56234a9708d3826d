//! Coming back by the phrase: a device that nobody knows yet brings its own certificate,
//! and reads again what was sealed for those before it.

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::join::new_store;
use super::{Engine, Now, Stores};
use crate::codec;
use crate::journal::{Root, entry};
use crate::keys::HoodHash;
use crate::replica::{ActError, HoodRow, Replica, Standing};
use crate::rows::{MemoryRows, Tx};
use crate::sync::RecoverySheet;

impl Engine {
    /// Keeps what opens earlier key epochs at hand: it is used whenever a neighbour has
    /// brought all it had.
    pub fn set_recovery(&mut self, secret: [u8; 32]) {
        self.recovery = Some(Zeroizing::new(secret));
        self.shows_certificate = true;
    }

    /// Sets a neighbourhood up as a member's recovered device: the next session with any
    /// neighbour brings its documents.
    pub fn prepare_recovery(
        &mut self,
        sheet: &RecoverySheet,
        now: Now,
        stores: &mut dyn Stores,
        rng: &mut dyn CryptoRng,
    ) -> Result<HoodHash, ActError> {
        let hash = sheet.hood.hash();
        let root = Root { log: sheet.log, act: sheet.act };
        self.shows_certificate = true;
        match self.hoods.get(&hash).map(|hood| hood.replica.hood().standing) {
            Some(Standing::Member) => return Ok(hash),
            Some(_) => {
                self.act(&hash, now, stores, |replica, tx| {
                    replica.set_root(tx, Some(sheet.hood), root)?;
                    replica.open_identity(tx)?;
                    replica.set_standing(tx, Standing::Member);
                    Ok(((), Default::default()))
                })?;
                self.look_again(now);
                return Ok(hash);
            }
            None => {}
        }
        let rows = MemoryRows::default();
        let mut tx = Tx::new(&rows);
        let row = HoodRow {
            hash,
            id: Some(sheet.hood),
            root: Some(root),
            name: sheet.hood_name.clone(),
            standing: Standing::Member,
            invitation: None,
        };
        let mut replica = Replica::prepare(&mut tx, &self.me, row, new_store(rng));
        replica.open_identity(&mut tx)?;
        let writes = tx.into_writes();
        self.create(hash, now, stores, writes, replica, Default::default())?;
        Ok(hash)
    }

    /// What a phrase-certified device shows where somebody may not know it yet: its
    /// signed entry 0.
    pub(super) fn certificate_for(&self, replica: &Replica, stores: &dyn Stores) -> Vec<u8> {
        let is_needed = self.shows_certificate && self.me.certificate.is_some();
        let rows = stores.rows(&replica.hood_hash()).filter(|_| is_needed);
        let entry0 = rows.and_then(|rows| entry(&Tx::new(rows), &replica.own().act).ok()?);
        entry0.map(|entry0| codec::encode(&entry0)).unwrap_or_default()
    }

    /// Opens what the recovery key opens, after a neighbour brought what it had.
    pub(super) fn recover_secrets(&mut self, hood: &HoodHash, now: Now, stores: &mut dyn Stores) {
        let Some(recovery) = self.recovery.clone() else { return };
        let done = self.act(hood, now, stores, |replica, tx| {
            Ok(((), replica.recover_secrets(tx, &recovery)?))
        });
        if let Err(error) = done {
            tracing::warn!(%error, "earlier keys were not recovered");
        }
    }
}
