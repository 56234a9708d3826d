//! Founding, naming and leaving a neighbourhood; key epochs.

use std::collections::BTreeMap;

use rand_core::CryptoRng;

use super::setup::{HoodRow, Me, SelfRow, Standing};
use super::{ActError, Replica};
use crate::authority::{Caps, Found, Payload, Policy, Preamble, Status};
use crate::codec;
use crate::journal::{Descriptor, Root, kind, open};
use crate::keyring::{EPOCH_DEVICES, Epoch, EpochOwner, NextEpoch};
use crate::keys::{DeviceId, EntryHash, HoodId, LogId};
use crate::projection::{Changes, PlaceRecord, keyring_of, recovery_keys};
use crate::rows::Tx;
use crate::sync::StoreId;
use crate::time::Instant;

impl Replica {
    /// Founds a neighbourhood: this member is its first coordinator.
    pub fn found(
        tx: &mut Tx<'_>,
        me: &Me,
        place: PlaceRecord,
        policy: Policy,
        store: StoreId,
        rng: &mut dyn CryptoRng,
    ) -> Result<(Self, Changes), ActError> {
        if !place.may_be_written() {
            return Err(ActError::invalid("invalid.name"));
        }
        let mut secret = [0; 32];
        rng.fill_bytes(&mut secret);
        let id = HoodId(secret);
        let row = HoodRow {
            hash: id.hash(),
            id: Some(id),
            root: None,
            name: place.name.clone(),
            standing: Standing::Member,
            invitation: None,
        };
        let now = place.at;
        let mut replica = Self::prepare(tx, me, row, store);
        let mut changes = Changes::default();
        let identity = replica.open_identity(tx)?;
        let charter = Descriptor::charter(replica.hood.hash);
        let found = Found {
            preamble: Preamble::new(now, Vec::new()),
            hood: replica.hood.hash,
            founder: me.member,
            identity,
            caps: Caps::default(),
            policy,
        };
        let log = open(tx, &replica.me.author(&replica.own), &charter)?;
        let act = replica.write(
            tx,
            &charter,
            kind::charter::FOUND,
            |_| found.to_bytes(),
            &mut changes,
        )?;
        replica.set_root(tx, Some(id), Root { log, act })?;
        replica.open_epoch(tx, now, rng, &mut changes)?;
        replica.name_place(tx, place, &mut changes)?;
        replica.settle(tx, &mut changes)?;
        Ok((replica, changes))
    }

    /// Opens this device's identity log with the phrase's certificate; gives entry 0.
    pub fn open_identity(&mut self, tx: &mut Tx<'_>) -> Result<EntryHash, ActError> {
        let descriptor = Descriptor::identity(self.hood.hash, self.me.member);
        let log: LogId = open(tx, &self.me.author(&self.own), &descriptor)?;
        let entry = EntryHash(log.0);
        self.learn_facts(tx, &log, &[entry])?;
        if self.own.act == EntryHash::ZERO {
            self.set_act(tx, entry);
        }
        Ok(entry)
    }

    /// Notes the act that certifies this device.
    pub fn set_act(&mut self, tx: &mut Tx<'_>, act: EntryHash) {
        let own = SelfRow { act, ..self.own.clone() };
        super::setup::save_self(tx, &own);
        self.own = own;
    }

    /// Opens the next key epoch of this member, sealed to its active devices.
    pub fn open_epoch(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        changes: &mut Changes,
    ) -> Result<EntryHash, ActError> {
        let member = self.me.member;
        let descriptor = Descriptor::identity(self.hood.hash, member);
        let ring = keyring_of(tx, &self.authority, &member)?;
        let mut devices: BTreeMap<DeviceId, [u8; 32]> = self
            .authority
            .devices_of(&member)
            .into_iter()
            .filter(|(_, device)| device.is_active)
            .map(|(id, device)| (id, device.agreement))
            .take(EPOCH_DEVICES)
            .collect();
        devices.insert(self.me.keys.id(), self.me.keys.agreement_public());
        // A device linked by another learnt the recovery key from the phrase's own
        // certificate in the member's first log.
        let recovery = recovery_keys(tx, &descriptor)?.first().copied();
        let next = NextEpoch {
            owner: EpochOwner { hood: self.hood.hash, member },
            preamble: Preamble::new(now, Vec::new()),
            predecessors: ring.tips(),
            devices: &devices,
            recovery: recovery.unwrap_or(self.me.recovery),
            earlier: self.reader.secrets(),
        };
        let (epoch, secret) =
            Epoch::open_next(next, rng).map_err(|_| ActError::conflict("device.no_epoch"))?;
        self.reader.learn(tx, secret);
        self.write(tx, &descriptor, kind::identity::EPOCH, |_| codec::encode(&epoch), changes)
    }

    /// Says what the neighbourhood is called.
    pub fn name_place(
        &mut self,
        tx: &mut Tx<'_>,
        place: PlaceRecord,
        changes: &mut Changes,
    ) -> Result<EntryHash, ActError> {
        if !place.may_be_written() {
            return Err(ActError::invalid("invalid.name"));
        }
        let descriptor = Descriptor::open(self.hood.hash, self.owner(), place.at);
        let payload = codec::encode(&place);
        self.write(tx, &descriptor, kind::open::PLACE, |_| payload, changes)
    }

    /// Leaves the neighbourhood: what this member wrote until now stays, nothing later
    /// counts.
    pub fn leave(&mut self, tx: &mut Tx<'_>, now: Instant) -> Result<Changes, ActError> {
        self.check_member()?;
        let mut changes = Changes::default();
        let draft = crate::authority::build::leave(tx, &self.authority, now, self.me.member)?;
        self.write_draft(tx, draft, &mut changes)?;
        self.settle(tx, &mut changes)?;
        Ok(changes)
    }

    /// Whether this device may write at all.
    pub fn check_member(&self) -> Result<(), ActError> {
        let device = self.authority.device_of(&self.me.member, &self.me.keys.id());
        match (self.hood.standing, device) {
            (Standing::Member, Some(device)) if device.is_active => Ok(()),
            (Standing::Member, Some(_)) => Err(ActError::not_allowed(self.why_closed())),
            (Standing::Member, None) => Err(ActError::not_allowed("member.awaiting")),
            _ => Err(ActError::not_allowed("member.awaiting")),
        }
    }

    /// Why this device writes no more: the person is gone, or the device alone.
    fn why_closed(&self) -> &'static str {
        match self.authority.member(&self.me.member).map(|member| member.status) {
            Some(Status::Removed) => "member.removed",
            Some(Status::Left) => "member.left",
            _ => "device.revoked",
        }
    }
}
