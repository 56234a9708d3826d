//! One device's copy of one neighbourhood, without a machine: everything below composed.
//!
//! The node runs it on SQLite and libp2p, the simulator on memory and a seeded network.
//! Every method stages its writes in a [`Tx`]; whoever owns the store commits them in one
//! transaction. Where a commit fails, [`Replica::load`] it anew: what is in memory is
//! only ever a cache of the rows.

mod applications;
mod bookings;
mod breakdown;
mod calendar;
mod credits;
mod devices;
mod duties;
mod ends;
mod error;
mod fees;
mod footing;
mod granting;
mod groups;
mod help_series;
mod hood;
mod invite;
mod listings;
mod members;
mod owning;
mod payments;
mod rebuild;
mod recount;
mod refused;
mod reminders;
mod replay;
mod series;
mod services;
mod settle;
mod setup;
mod steps;
mod take;
mod thanks;
mod views;
mod waiting;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use applications::{Applicant, ApplicationRow, Applications};
pub use bookings::NewRequest;
pub use breakdown::Broken;
pub use calendar::{Calendar, FreeResource, Quoted, Unfitting};
pub use credits::{Gift, StatementLine};
pub use ends::EndQuoted;
pub use error::{ActError, ErrorKind};
pub use groups::GroupView;
pub use help_series::{HelpDate, HelpPlan};
pub use invite::{InvitationRow, Invitations, NewInvitation};
pub use listings::{Deciding, is_resource};
pub use payments::Done;
pub use refused::served_code;
pub use replay::{Loss, Replayed, lost_entries, replay};
pub use series::{Moment, NewSeries, SeriesAct, SeriesPlan, SeriesSkip, SeriesWritten};
pub use services::{NewProposal, NewReply, ServiceAct};
pub use setup::{HoodRow, Me, SelfRow, Standing};
pub use steps::{NewStep, proof_error};
pub use take::Taken;
pub use thanks::ThanksLine;
pub use views::{Figures, Fork};

use crate::authority::{Authority, Cut, Fact};
use crate::duties::Todo;
use crate::journal::edited::DocumentCache;
use crate::journal::{Logs, Root, entry};
use crate::keys::{EntryHash, HoodHash, HoodId, LogId, MemberId};
use crate::projection::Reader;
use crate::rows::{Rows, RowsError, Tx};
use crate::sync::StoreId;

/// Documents kept open.
const OPEN_DOCUMENTS: usize = 256;
/// Logs of one neighbourhood that are looked at when it is opened.
const LOGS: usize = 1 << 20;

/// A device's copy of a neighbourhood.
#[derive(Debug)]
pub struct Replica {
    me: Me,
    hood: HoodRow,
    own: SelfRow,
    authority: Authority,
    /// Members of whom not everything counts, as the rows have it.
    cuts: BTreeMap<MemberId, Cut>,
    reader: Reader,
    documents: DocumentCache,
    todo: Todo,
    /// Whom keys of deals are owed; none before that was looked through.
    owed: Option<granting::Owed>,
}

impl Replica {
    /// The replica whose rows these are; none where they were never set up.
    pub fn load(rows: &dyn Rows, me: &Me) -> Result<Option<Self>, RowsError> {
        let tx = Tx::new(rows);
        let Some((hood, own)) = setup::load(&tx)? else { return Ok(None) };
        let authority = load_authority(&tx, &hood)?;
        Ok(Some(Self {
            me: me.clone(),
            cuts: authority.cuts(&(me.member, own.act)),
            authority,
            reader: Reader::load(rows)?,
            documents: DocumentCache::new(OPEN_DOCUMENTS),
            todo: Todo::default(),
            owed: None,
            hood,
            own,
        }))
    }

    /// Sets rows up for a neighbourhood this device knows of but is not in yet.
    pub fn prepare(tx: &mut Tx<'_>, me: &Me, hood: HoodRow, store: StoreId) -> Self {
        let own = SelfRow { incarnation: 0, act: EntryHash::ZERO, store };
        setup::save_hood(tx, &hood);
        setup::save_self(tx, &own);
        Self {
            me: me.clone(),
            authority: Authority::compute(hood.hash, root_of(&hood), []),
            cuts: BTreeMap::new(),
            reader: Reader::default(),
            documents: DocumentCache::new(OPEN_DOCUMENTS),
            todo: Todo::default(),
            owed: None,
            hood,
            own,
        }
    }

    /// Begins the next incarnation: this store is an old copy put back, or a clone.
    pub fn begin_incarnation(&mut self, tx: &mut Tx<'_>, store: StoreId) {
        self.own.incarnation = self.own.incarnation.saturating_add(1);
        self.own.store = store;
        setup::save_self(tx, &self.own);
    }

    /// Who this is.
    pub fn me(&self) -> &Me {
        &self.me
    }

    /// The neighbourhood.
    pub fn hood(&self) -> &HoodRow {
        &self.hood
    }

    /// The neighbourhood's hash.
    pub fn hood_hash(&self) -> HoodHash {
        self.hood.hash
    }

    /// The neighbourhood's secret id, where it is known.
    pub fn hood_id(&self) -> Option<HoodId> {
        self.hood.id
    }

    /// This device's row.
    pub fn own(&self) -> &SelfRow {
        &self.own
    }

    /// Who may do what.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The documents that are open, with a count of how many were opened.
    pub fn documents(&mut self) -> &mut DocumentCache {
        &mut self.documents
    }

    /// How many documents were loaded from their rows since this replica was.
    pub fn documents_opened(&self) -> u64 {
        self.documents.opened()
    }

    /// Who reads: what was granted to this member.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    fn set_hood(&mut self, tx: &mut Tx<'_>, change: impl FnOnce(&mut HoodRow)) {
        change(&mut self.hood);
        setup::save_hood(tx, &self.hood);
    }

    /// Sets where authority begins, once that is known and checked.
    pub fn set_root(
        &mut self,
        tx: &mut Tx<'_>,
        id: Option<HoodId>,
        root: Root,
    ) -> Result<(), RowsError> {
        self.set_hood(tx, |hood| {
            hood.root = Some(root);
            hood.id = id.or(hood.id);
        });
        self.authority = load_authority(tx, &self.hood)?;
        Ok(())
    }

    /// Says how this device stands to the neighbourhood from now on.
    pub fn set_standing(&mut self, tx: &mut Tx<'_>, standing: Standing) {
        self.set_hood(tx, |hood| hood.standing = standing);
    }
}

/// Where there is no root yet, authority begins nowhere and grants nothing.
fn root_of(hood: &HoodRow) -> Root {
    hood.root.unwrap_or(Root { log: LogId::ZERO, act: EntryHash::ZERO })
}

/// Authority as it follows from the entries that are stored.
fn load_authority(tx: &Tx<'_>, hood: &HoodRow) -> Result<Authority, RowsError> {
    let mut facts = Vec::new();
    for (key, row) in tx.rows_with_prefix::<Logs>(&[], LOGS)? {
        let Some(log) = LogId::from_slice(&key) else { continue };
        if row.start.descriptor.class.comes_first() {
            for (_, entry) in tx.rows_with_prefix::<crate::journal::Entries>(&log.0, LOGS)? {
                facts.push(Arc::new(Fact::read_held(&entry, &row.start)));
            }
        } else if row.start.continues.is_some()
            && let Some(start) = entry(tx, &EntryHash(log.0))?
        {
            facts.push(Arc::new(Fact::read_held(&start, &row.start)));
        }
    }
    Ok(Authority::compute(hood.hash, root_of(hood), facts))
}
