//! What a replica knows of itself: rows that no peer ever sees.

use serde::{Deserialize, Serialize};

use crate::journal::{Author, PhraseCertificate, Root};
use crate::keys::{DeviceKeys, EntryHash, HoodHash, HoodId, MemberId};
use crate::rows::{RowsError, Table, Tx, Typed};
use crate::sync::StoreId;

/// How this device stands to the neighbourhood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// It holds a bundle and reads what is open in it.
    Reader,
    /// It has an invitation and has not met its redeemer yet.
    Joining,
    /// Its application waits for a coordinator.
    AwaitingApproval,
    /// A coordinator said no.
    Refused,
    /// It is a member's device.
    Member,
}

/// The neighbourhood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoodRow {
    /// Its hash.
    pub hash: HoodHash,
    /// Its secret id; not known to who only holds a bundle or an invitation.
    pub id: Option<HoodId>,
    /// Where its authority begins, once that is known.
    pub root: Option<Root>,
    /// The name it was met under, until its own record is here.
    pub name: String,
    /// How this device stands to it.
    pub standing: Standing,
    /// The invitation it came by, while it is of use.
    pub invitation: Option<String>,
}

/// This device in this neighbourhood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelfRow {
    /// Begun anew by a restore or a clone.
    pub incarnation: u32,
    /// The act that certifies this device; zero until there is one.
    pub act: EntryHash,
    /// What cursors on this store are kept under; new with each incarnation.
    pub store: StoreId,
}

/// Rows with a name: `hood`, `self`.
pub(super) struct HoodSettings;
impl Typed for HoodSettings {
    const TABLE: Table = Table::Settings;
    type Key = str;
    type Row = HoodRow;
}

/// The row of this device.
pub(super) struct SelfSettings;
impl Typed for SelfSettings {
    const TABLE: Table = Table::Settings;
    type Key = str;
    type Row = SelfRow;
}

const HOOD: &str = "hood";
const SELF: &str = "self";
/// The same rows once more: no neighbour could give them back.
const HOOD_AGAIN: &str = "hood again";
const SELF_AGAIN: &str = "self again";

/// Both rows, where the store was set up.
pub(super) fn load(tx: &Tx<'_>) -> Result<Option<(HoodRow, SelfRow)>, RowsError> {
    let hood = match tx.row::<HoodSettings>(HOOD)? {
        None => tx.row::<HoodSettings>(HOOD_AGAIN)?,
        found => found,
    };
    let own = match tx.row::<SelfSettings>(SELF)? {
        None => tx.row::<SelfSettings>(SELF_AGAIN)?,
        found => found,
    };
    Ok(hood.zip(own))
}

pub(super) fn save_hood(tx: &mut Tx<'_>, row: &HoodRow) {
    tx.put::<HoodSettings>(HOOD, row);
    tx.put::<HoodSettings>(HOOD_AGAIN, row);
}

pub(super) fn save_self(tx: &mut Tx<'_>, row: &SelfRow) {
    tx.put::<SelfSettings>(SELF, row);
    tx.put::<SelfSettings>(SELF_AGAIN, row);
}

/// The person and the device: the same in every neighbourhood of a home.
#[derive(Debug, Clone)]
pub struct Me {
    /// Who.
    pub member: MemberId,
    /// The device's keys.
    pub keys: DeviceKeys,
    /// The phrase's certificate of the device; none on a device linked by another.
    pub certificate: Option<PhraseCertificate>,
    /// The X25519 key that key epochs are sealed to for a recovery.
    pub recovery: [u8; 32],
}

impl Me {
    /// The device as the journal sees it.
    pub(super) fn author(&self, own: &SelfRow) -> Author {
        Author {
            device: self.keys.id(),
            signing: self.keys.signing().clone(),
            incarnation: own.incarnation,
            act: own.act,
            certificate: self.certificate,
        }
    }
}
