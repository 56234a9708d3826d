//! Key epochs as rows: what is open about each, and the secrets of one's own.

use serde::{Deserialize, Serialize};

use super::outbox::Reader;
use crate::authority::{Authority, Standing};
use crate::booking::Holder;
use crate::codec;
use crate::journal::{Descriptor, Logs, limits, logs_of_document};
use crate::keyring::{Epoch, EpochFacts, EpochOwner, Keyring};
use crate::keys::{DeviceId, DeviceKeys, EntryHash, MemberId};
use crate::rows::{RowsError, Table, Tx, Typed};
use crate::seal::EpochKey;

/// Epochs of one member that are looked at.
const EPOCHS_OF_MEMBER: usize = 4_096;

/// What is open about one epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochRow {
    /// The device that opened it.
    pub author: DeviceId,
    /// The key.
    pub public: EpochKey,
    /// The acts it follows.
    pub predecessors: Vec<EntryHash>,
    /// The devices it is sealed to.
    pub devices: Vec<DeviceId>,
    /// How many earlier secrets it holds.
    pub earlier: u32,
}

/// member ‖ act → row.
pub struct Epochs;
impl Typed for Epochs {
    const TABLE: Table = Table::Epochs;
    type Key = (MemberId, EntryHash);
    type Row = EpochRow;
}

/// Files an epoch, and learns its secret where it is sealed to this device.
pub(super) fn take_epoch(
    tx: &mut Tx<'_>,
    reader: &mut Reader,
    own: Option<&DeviceKeys>,
    owner: &EpochOwner,
    author: DeviceId,
    hash: &EntryHash,
    payload: &[u8],
) -> Result<(), RowsError> {
    let Ok((epoch, _)) = codec::decode_prefix::<Epoch>(payload, limits::PAYLOAD_BYTES) else {
        return Ok(());
    };
    let facts = EpochFacts::new(*hash, author, &epoch);
    let row = EpochRow {
        author,
        public: facts.public,
        predecessors: facts.predecessors,
        devices: facts.devices,
        earlier: u32::try_from(facts.earlier).unwrap_or(u32::MAX),
    };
    tx.put::<Epochs>(&(owner.member, *hash), &row);
    reader.note_epoch(tx, &owner.member, &facts.public)?;
    let opened = own.and_then(|keys| epoch.open_with_device(owner, keys).ok());
    if let Some(opened) = opened {
        for secret in opened.earlier.into_iter().chain([opened.secret]) {
            reader.learn(tx, secret);
        }
    }
    Ok(())
}

fn rows_of(tx: &Tx<'_>, member: &MemberId) -> Result<Vec<(EntryHash, EpochRow)>, RowsError> {
    let rows = tx.rows_with_prefix::<Epochs>(&member.0, EPOCHS_OF_MEMBER)?;
    let hash = |key: &[u8]| key.get(32..).and_then(EntryHash::from_slice);
    Ok(rows.into_iter().filter_map(|(key, row)| Some((hash(&key)?, row))).collect())
}

/// Every key a member ever opened an epoch under: what a reader watches.
pub(crate) fn epoch_keys(tx: &Tx<'_>, member: &MemberId) -> Result<Vec<EpochKey>, RowsError> {
    Ok(rows_of(tx, member)?.into_iter().map(|(_, row)| row.public).collect())
}

/// The keyring of a member, as authority lets it be.
pub fn keyring_of(
    tx: &Tx<'_>,
    authority: &Authority,
    member: &MemberId,
) -> Result<Keyring, RowsError> {
    let epochs = rows_of(tx, member)?
        .into_iter()
        .filter(|(hash, _)| authority.counts_act(hash))
        .map(|(hash, row)| EpochFacts {
            hash,
            is_blind: !authority.saw_revocations(member, &hash),
            author: row.author,
            public: row.public,
            predecessors: row.predecessors,
            devices: row.devices,
            earlier: row.earlier as usize,
        });
    let active = authority.devices_of(member).into_iter().filter(|(_, device)| device.is_active);
    Ok(Keyring::new(epochs, active.map(|(id, _)| id)))
}

/// Whether what this device writes next of itself would wait: the last entry of its
/// identity log does, for something that is not here. Only a copy of the device that
/// signs under its key can have written that. When what is missing comes, authority
/// changes, and with it what is due.
pub fn own_acts_wait(tx: &Tx<'_>, authority: &Authority, me: &Holder) -> Result<bool, RowsError> {
    let document = Descriptor::identity(authority.hood(), me.member).id();
    for log in logs_of_document(tx, &document)? {
        let Some(row) = tx.row::<Logs>(&log)? else { continue };
        if (row.start.device, row.start.incarnation) != (me.device, me.incarnation) {
            continue;
        }
        let last = row.tips.last();
        if last.is_some_and(|tip| authority.explain(&tip.hash) == Standing::Waiting) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The recovery keys that the phrase's certificates of a member name.
pub fn recovery_keys(tx: &Tx<'_>, identity: &Descriptor) -> Result<Vec<[u8; 32]>, RowsError> {
    let mut keys = Vec::new();
    for log in logs_of_document(tx, &identity.id())? {
        let row = tx.row::<Logs>(&log)?;
        keys.extend(row.and_then(|row| row.start.certificate).map(|it| it.recovery));
    }
    keys.sort_unstable();
    keys.dedup();
    Ok(keys)
}
