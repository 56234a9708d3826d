//! Invitations: kept by the device that redeems them, outside the journal.

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};

use super::{ActError, Replica};
use crate::authority::{Permission, Roles};
use crate::journal::{Run, log_row};
use crate::keys::{EntryHash, LogId};
use crate::projection::{Changes, Place};
use crate::rows::{RowsError, Table, Tx, Typed};
use crate::sync::{InvitationLink, JoinForm};
use crate::time::Instant;

/// Invitations one device keeps.
const INVITATIONS: usize = 200;
/// People one invitation can let in.
const INVITATION_USES: u32 = 5_000;

/// An invitation that this device redeems.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationRow {
    /// The secret its bearer has.
    pub secret: [u8; 32],
    /// A coordinator must approve whom it brings.
    pub approval: bool,
    /// People it still lets in.
    pub uses_left: u32,
    /// When it was made.
    pub at: Instant,
    /// Not good after this.
    pub expires: Instant,
    /// It was made worthless.
    pub revoked: bool,
    /// Roles of whom it brings: a hub's invitation.
    pub roles: Roles,
}

impl InvitationRow {
    /// Whether someone may still come in by it.
    pub fn is_open(&self, now: Instant) -> bool {
        !self.revoked && self.uses_left > 0 && now <= self.expires
    }

    /// What names it: BLAKE3 of its secret.
    pub fn id(&self) -> [u8; 32] {
        *blake3::hash(&self.secret).as_bytes()
    }
}

/// BLAKE3 of the secret → invitation.
pub struct Invitations;
impl Typed for Invitations {
    const TABLE: Table = Table::Invitations;
    type Key = [u8; 32];
    type Row = InvitationRow;
}

/// What a new invitation is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewInvitation {
    /// A coordinator must approve.
    pub approval: bool,
    /// How many it lets in.
    pub uses: u32,
    /// How long it is good, in milliseconds.
    pub good_for_ms: i64,
    /// Roles of whom it brings.
    pub roles: Roles,
}

impl Replica {
    /// Makes an invitation that this device redeems.
    pub fn invite(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        new: NewInvitation,
        addresses: Vec<String>,
    ) -> Result<InvitationLink, ActError> {
        self.check_member()?;
        self.check(Permission::Admit)?;
        if new.uses == 0 || new.uses > INVITATION_USES || new.good_for_ms <= 0 {
            return Err(ActError::invalid("invite.uses"));
        }
        let kept = tx.rows_with_prefix::<Invitations>(&[], INVITATIONS + 1)?;
        let open = kept.iter().filter(|(_, row)| row.is_open(now)).count();
        if open >= INVITATIONS {
            return Err(ActError::conflict("invite.too_many").with("limit", INVITATIONS));
        }
        for (key, row) in kept {
            if !row.is_open(now.plus_ms(-30 * Instant::DAY_MS)) {
                tx.delete_raw(Table::Invitations, key);
            }
        }
        let mut secret = [0; 32];
        rng.fill_bytes(&mut secret);
        let row = InvitationRow {
            secret,
            approval: new.approval,
            uses_left: new.uses,
            at: now,
            expires: now.plus_ms(new.good_for_ms),
            revoked: false,
            roles: new.roles,
        };
        tx.put::<Invitations>(&row.id(), &row);
        self.link_of(tx, &row, addresses)
    }

    /// The link of an invitation.
    pub fn link_of(
        &self,
        tx: &Tx<'_>,
        row: &InvitationRow,
        addresses: Vec<String>,
    ) -> Result<InvitationLink, ActError> {
        let root = self.hood.root.ok_or_else(|| ActError::not_allowed("member.awaiting"))?;
        Ok(InvitationLink {
            secret: row.secret,
            redeemer: self.me.keys.id(),
            hood: self.hood.hash,
            act: root.act,
            expires: row.expires,
            hood_name: self.name(tx)?,
            addresses,
        })
    }

    /// What the neighbourhood is called.
    pub fn name(&self, tx: &Tx<'_>) -> Result<String, RowsError> {
        let row = tx.row::<Place>(Place::KEY)?;
        Ok(row.map_or_else(|| self.hood.name.clone(), |row| row.record.name))
    }

    /// Makes an invitation worthless.
    pub fn revoke_invitation(&mut self, tx: &mut Tx<'_>, id: &[u8; 32]) -> Result<(), ActError> {
        let row = tx.row::<Invitations>(id)?;
        let mut row = row.ok_or_else(|| ActError::not_found("invite.not_found"))?;
        row.revoked = true;
        tx.put::<Invitations>(id, &row);
        Ok(())
    }

    /// The invitations that someone may still come in by.
    pub fn open_invitations(
        &self,
        tx: &Tx<'_>,
        now: Instant,
    ) -> Result<Vec<InvitationRow>, RowsError> {
        let rows = tx.rows_with_prefix::<Invitations>(&[], INVITATIONS)?;
        Ok(rows.into_iter().map(|(_, row)| row).filter(|row| row.is_open(now)).collect())
    }

    /// This member's own identity log, as a bearer sends it.
    pub fn identity_runs(&self, tx: &Tx<'_>) -> Result<Vec<Run>, RowsError> {
        let log = LogId(self.own.act.0);
        if log_row(tx, &log)?.is_none() {
            return Ok(Vec::new());
        }
        Run::collect(tx, &log, &[], usize::MAX)
    }

    /// Gets ready to be the bearer of an invitation: this member's identity log is begun,
    /// with a first key epoch.
    pub fn prepare_as_bearer(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        link: Option<String>,
        form: JoinForm,
    ) -> Result<(), ActError> {
        if !form.is_bounded() {
            return Err(ActError::invalid("invalid.text"));
        }
        let begun = self.own.act != EntryHash::ZERO;
        self.open_identity(tx)?;
        if !begun {
            self.open_epoch(tx, now, rng, &mut Changes::default())?;
        }
        tx.put::<Forms>(FORM, &form);
        self.set_hood(tx, |hood| {
            hood.invitation = link;
            hood.standing = super::Standing::Joining;
        });
        Ok(())
    }

    /// What this person said of itself when it set out to join.
    pub fn kept_form(&self, tx: &Tx<'_>) -> Result<JoinForm, RowsError> {
        let empty = || JoinForm { name: String::new(), home: String::new(), languages: Vec::new() };
        Ok(tx.row::<Forms>(FORM)?.unwrap_or_else(empty))
    }
}

const FORM: &str = "join form";

/// The form of a join under way.
struct Forms;
impl Typed for Forms {
    const TABLE: Table = Table::Settings;
    type Key = str;
    type Row = JoinForm;
}
