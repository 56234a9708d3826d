//! People who ask to join, as the device that redeems their invitation passes them on,
//! sealed, to the coordinators; and who was refused, as a coordinator tells that device.
//!
//! Invariant: one row for each applicant, invitation and author, the latest record of
//! each, so that nobody can write over what another passed on.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::codec;
use crate::journal::limits;
use crate::keys::{EntryHash, MemberId};
use crate::rows::{RowsError, Table, Tx, Typed};
use crate::sync::JoinForm;
use crate::time::Instant;

/// Kinds of sealed record, as they stand at the front of a plaintext.
///
/// Numbers are on the wire for ever: never reuse one.
pub mod inner {
    /// [`super::ApplicationRecord`].
    pub const APPLICATION: u16 = 0x20;
    /// [`super::RefusalRecord`].
    pub const REFUSAL: u16 = 0x21;
}

/// Someone asks to join.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationRecord {
    /// When it came.
    pub at: Instant,
    /// Who.
    pub member: MemberId,
    /// Entry 0 of its identity log.
    pub identity: EntryHash,
    /// Its identity log as it came, not yet through the gate.
    pub runs: Vec<ByteBuf>,
    /// The invitation it came by: BLAKE3 of the secret.
    pub invitation: [u8; 32],
    /// What it says of itself.
    pub form: JoinForm,
}

/// A coordinator said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalRecord {
    /// When.
    pub at: Instant,
    /// Whom.
    pub member: MemberId,
    /// By which invitation it had come.
    pub invitation: [u8; 32],
}

/// An application as it was passed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicantRow {
    /// The record's entry.
    pub entry: EntryHash,
    /// What it says.
    pub record: ApplicationRecord,
}

/// applicant ‖ invitation ‖ author → application.
pub struct Applicants;
impl Typed for Applicants {
    const TABLE: Table = Table::Applicants;
    type Key = (MemberId, ([u8; 32], MemberId));
    type Row = ApplicantRow;
}

/// applicant ‖ invitation ‖ author → ().
pub struct Refusals;
impl Typed for Refusals {
    const TABLE: Table = Table::Refusals;
    type Key = (MemberId, ([u8; 32], MemberId));
    type Row = ();
}

/// Takes an opened record in; false where it is about something else.
pub fn project_people(
    tx: &mut Tx<'_>,
    kind: u16,
    body: &[u8],
    entry: &EntryHash,
    author: &MemberId,
) -> Result<bool, RowsError> {
    match kind {
        inner::APPLICATION => {
            let read = codec::decode_prefix::<ApplicationRecord>(body, limits::PAYLOAD_BYTES);
            let Some((record, _)) = read.ok().filter(|(it, _)| it.form.is_bounded()) else {
                return Ok(false);
            };
            let key = (record.member, (record.invitation, *author));
            let before = tx.row::<Applicants>(&key)?;
            let newer = (record.at, *entry);
            if before.is_none_or(|row| (row.record.at, row.entry) < newer) {
                tx.put::<Applicants>(&key, &ApplicantRow { entry: *entry, record });
            }
            Ok(true)
        }
        inner::REFUSAL => {
            let read = codec::decode_prefix::<RefusalRecord>(body, limits::PAYLOAD_BYTES);
            let Ok((record, _)) = read else { return Ok(false) };
            tx.put::<Refusals>(&(record.member, (record.invitation, *author)), &());
            Ok(true)
        }
        _ => Ok(false),
    }
}
