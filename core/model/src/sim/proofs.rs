//! What can be proved of a journal from outside, with nothing of the gate's and nothing of
//! the authority's own reading: who signed, who continued a log twice, what was written
//! after its writer was removed.

use std::collections::BTreeSet;

use ed25519_dalek::VerifyingKey;

use super::world::World;
use crate::authority::Status;
use crate::booking::{Calendars, DomainView};
use crate::journal::{Entries, Entry, LogRow, Logs};
use crate::keys::{DeviceId, EntryHash, HoodHash, LogId, MemberId};
use crate::replica::Replica;
use crate::rows::{MemoryRows, Tx};

const ALL: usize = 1 << 20;

/// What somebody knew of a member, or of one device of his, when he removed it.
pub(super) struct Closed {
    pub(super) member: MemberId,
    pub(super) device: Option<DeviceId>,
    /// Every entry that the remover held.
    pub(super) known: BTreeSet<Vec<u8>>,
}

fn text(error: impl std::fmt::Display) -> String {
    format!("rows cannot be read: {error}")
}

fn logs(tx: &Tx<'_>) -> Result<Vec<(LogId, LogRow)>, String> {
    let rows = tx.rows_with_prefix::<Logs>(&[], ALL).map_err(text)?;
    Ok(rows.into_iter().filter_map(|(key, row)| Some((LogId::from_slice(&key)?, row))).collect())
}

/// Every branch ends in its device's signature, and is a chain down to it.
pub(super) fn signed(rows: &MemoryRows) -> Result<(), String> {
    let tx = Tx::new(rows);
    for (log, row) in logs(&tx)? {
        let key = VerifyingKey::from_bytes(&row.start.device.0).map_err(text)?;
        for tip in &row.tips {
            let mut at = (tip.seq, tip.hash);
            let mut is_end = true;
            loop {
                let entry = tx.row::<Entries>(&(log, at)).map_err(text)?;
                let entry = entry.ok_or_else(|| format!("log {log:?} has a hole at {}", at.0))?;
                if !is_link(&entry, &at.1) || (is_end && !is_signed(&entry, &at.1, &key)) {
                    return Err(format!("entry {} of {log:?} is not its writer's", at.0));
                }
                let Some(before) = at.0.checked_sub(1) else { break };
                at = (before, entry.header.previous);
                is_end = false;
            }
        }
    }
    Ok(())
}

fn is_link(entry: &Entry, hash: &EntryHash) -> bool {
    let header = blake3::hash(&entry.header.to_bytes());
    header.as_bytes() == &hash.0
        && blake3::hash(&entry.payload).as_bytes() == &entry.header.payload_hash
}

fn is_signed(entry: &Entry, hash: &EntryHash, key: &VerifyingKey) -> bool {
    let message = [b"palier entry v1".as_slice(), &hash.0].concat();
    let signature = entry.signature.map(|it| ed25519_dalek::Signature::from_bytes(&it.0));
    signature.is_some_and(|signature| key.verify_strict(&message, &signature).is_ok())
}

/// A device that plays by the rules and exists once never continues a log twice.
pub(super) fn linear(rows: &MemoryRows, lone: &BTreeSet<DeviceId>) -> Result<(), String> {
    for (log, row) in logs(&Tx::new(rows))? {
        if row.tips.len() > 1 && lone.contains(&row.start.device) {
            return Err(format!("{log:?} of {:?} was continued twice", row.start.device));
        }
    }
    Ok(())
}

/// What a removed member or device founded or decided counts only where somebody who
/// removed it knew of it.
pub(super) fn closed(
    world: &World,
    node: usize,
    hood: &HoodHash,
    closings: &[Closed],
) -> Result<(), String> {
    let it = &world.nodes[node];
    let (Some(rows), Some(replica)) = (it.stores.memory(hood), it.engine.replica(hood)) else {
        return Ok(());
    };
    let tx = Tx::new(rows);
    for (key, row) in tx.rows_with_prefix::<Calendars>(&[], ALL).map_err(text)? {
        let Some(domain) = EntryHash::from_slice(&key) else { continue };
        let Some(view) = DomainView::load(&tx, &domain).map_err(text)? else { continue };
        let founded = (row.owner, None, row.founded.hash);
        let held = view.held.iter();
        let held = held.map(|it| (it.decided_by.member, Some(it.decided_by.device), it.decision));
        for (member, device, entry) in std::iter::once(founded).chain(held) {
            let mut of = closings
                .iter()
                .filter(|it| it.member == member && (it.device.is_none() || it.device == device));
            if is_active(replica, &member, device.as_ref()) || of.clone().next().is_none() {
                continue;
            }
            if !of.any(|it| it.known.contains(entry.0.as_slice())) {
                return Err(format!("{entry:?} counts, and nobody who removed its writer knew it"));
            }
        }
    }
    Ok(())
}

fn is_active(replica: &Replica, member: &MemberId, device: Option<&DeviceId>) -> bool {
    let authority = replica.authority();
    match device {
        Some(device) => authority.device_of(member, device).is_some_and(|it| it.is_active),
        None => authority.member(member).is_some_and(|it| it.status == Status::Active),
    }
}
