//! Neighbourhoods of a home: founding, joining, coming back.

use palier_model::authority::Policy;
use palier_model::engine::Stores;
use palier_model::keys::HoodHash;
use palier_model::listing::ProfileEdit;
use palier_model::projection::PlaceRecord;
use palier_model::replica::Replica;
use palier_model::rows::{MemoryRows, Tx};
use palier_model::sync::{InvitationLink, JoinForm, RecoverySheet};

use super::{Host, Node, NodeError, fresh_store_id};

impl Host {
    /// Founds a neighbourhood, of which this person is the first coordinator.
    pub fn found(&mut self, place: PlaceRecord, policy: Policy) -> Result<HoodHash, NodeError> {
        let now = self.now();
        let rows = MemoryRows::default();
        let mut tx = Tx::new(&rows);
        let me = self.engine.me().clone();
        let store = fresh_store_id();
        let (mut replica, mut changes) =
            Replica::found(&mut tx, &me, place, policy, store, &mut self.rng)?;
        let name = ProfileEdit { name: Some(self.identity.name.clone()), ..Default::default() };
        changes.merge(replica.edit_profile(&mut tx, now.claimed, &name)?);
        let hood = replica.hood_hash();
        let writes = tx.into_writes();
        self.engine.create(hood, now, &mut self.stores, writes, replica, changes)?;
        Ok(hood)
    }

    /// Sets out to join by an invitation.
    pub fn prepare_join(&mut self, link: &InvitationLink, form: JoinForm) -> Result<(), NodeError> {
        let now = self.now();
        self.engine.prepare_join(link, form, now, &mut self.stores, &mut self.rng)?;
        Ok(())
    }

    /// What stands beside the words on a recovery sheet: the neighbourhood, and where its
    /// hubs (or this node, as `own` says) are found.
    pub fn recovery_sheet(
        &mut self,
        hood: &HoodHash,
        own: Vec<String>,
    ) -> Result<RecoverySheet, NodeError> {
        self.read(hood, |replica, tx, _| {
            let mut addresses = super::addresses::kept(tx)?;
            addresses.extend(own);
            addresses.dedup();
            replica.recovery_sheet(tx, addresses)
        })
    }

    /// Sets a neighbourhood up that the phrase's person comes back to.
    pub fn prepare_recovery(&mut self, sheet: &RecoverySheet) -> Result<HoodHash, NodeError> {
        let now = self.now();
        let hood = self.engine.prepare_recovery(sheet, now, &mut self.stores, &mut self.rng)?;
        // Under no device's name, since the sheet names none: the next start dials them too.
        let nobody = palier_model::keys::DeviceId(sheet.act.0);
        let addresses = sheet.addresses.clone();
        self.act(&hood, |_, tx, _, _| {
            super::addresses::keep(tx, &nobody, &addresses);
            Ok(((), Default::default()))
        })?;
        Ok(hood)
    }

    /// Takes the name that this person's profile already has: a home made from the words
    /// does not know it.
    pub fn learn_name(&mut self, hood: &HoodHash) -> Result<(), NodeError> {
        let member = self.identity.member;
        let row =
            self.read(hood, |_, tx, _| Ok(tx.row::<palier_model::listing::Profiles>(&member)?))?;
        let Some(name) = row.map(|row| row.content.name) else { return Ok(()) };
        if name.is_empty() || name == self.identity.name {
            return Ok(());
        }
        self.identity.name = name;
        let keys = self.engine.me().keys.clone();
        self.identity.store(&keys, &self.stores.home().keystore())
    }

    /// Publishes this person's name where that was not done yet: after a join.
    pub fn introduce(&mut self, hood: &HoodHash) -> Result<(), NodeError> {
        let name = self.identity.name.clone();
        let member = self.identity.member;
        let missing = self.read(hood, |replica, tx, _| {
            let row = tx.row::<palier_model::listing::Profiles>(&member)?;
            Ok(row.is_none() && replica.check_member().is_ok())
        })?;
        if !missing {
            return Ok(());
        }
        self.act(hood, |replica, tx, now, _| {
            let edit = ProfileEdit { name: Some(name), ..Default::default() };
            Ok(((), replica.edit_profile(tx, now, &edit)?))
        })
    }

    /// Whether a neighbourhood is here.
    pub fn holds(&self, hood: &HoodHash) -> bool {
        self.stores.rows(hood).is_some()
    }
}

impl Node {
    /// Founds a neighbourhood.
    pub async fn found(&self, place: PlaceRecord, policy: Policy) -> Result<HoodHash, NodeError> {
        self.call(move |host| host.found(place, policy)).await
    }

    /// Comes back to a neighbourhood with what a recovery sheet says, and dials those it
    /// names. Any member's device that is met brings its documents.
    pub async fn recover(&self, sheet: RecoverySheet) -> Result<HoodHash, NodeError> {
        let addresses = sheet.addresses.clone();
        let hood = self.call(move |host| host.prepare_recovery(&sheet)).await?;
        self.keep(addresses).await?;
        Ok(hood)
    }

    /// Sets out to join by an invitation, and dials whoever redeems it. What came of it is
    /// told by an event; where nobody is reached, the next start tries again.
    pub async fn join(&self, link: InvitationLink, form: JoinForm) -> Result<(), NodeError> {
        let addresses = link.addresses.clone();
        self.call(move |host| host.prepare_join(&link, form)).await?;
        self.keep(addresses).await
    }
}
