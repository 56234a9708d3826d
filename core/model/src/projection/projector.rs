//! The way from an accepted entry to the rows it changes.

use std::collections::{BTreeMap, BTreeSet};

use super::applicants::project_people;
use super::changes::Changes;
use super::epochs::take_epoch;
use super::facts::{entry_counts, is_closed};
use super::outbox::{Opened, Reader, take_record};
use super::place::{choose_place, project_place};
use crate::authority::{Authority, Reach};
use crate::booking::{self, DomainId, Holder, ProjectError, Touched};
use crate::journal::edited::{self, DocumentCache, Edited, Outcome, apply_all};
use crate::journal::{
    Class, Descriptor, Entry, EntryPlaces, LogStart, Owner, Period, Ref, Tip, entry, kind, log_row,
    mark_unread, settle, wake,
};
use crate::keyring::EpochOwner;
use crate::keys::{DeviceKeys, EntryHash, LogId, MemberId};
use crate::ledger;
use crate::listing;
use crate::rows::{RowsError, Tx};
use crate::service;
use crate::thanks;

/// What projecting needs at hand.
pub struct Projector<'a, 'tx> {
    /// Where rows are read and written.
    pub tx: &'a mut Tx<'tx>,
    /// Who may do what.
    pub authority: &'a Authority,
    /// Whose copy this is.
    pub member: MemberId,
    /// The keys of the device it lies on.
    pub keys: &'a DeviceKeys,
    /// What that member can open.
    pub reader: &'a mut Reader,
    /// Open documents.
    pub documents: &'a mut DocumentCache,
    /// What changed.
    pub changes: &'a mut Changes,
}

/// What is done once for all entries that were read together.
#[derive(Default)]
struct Batch {
    /// Entries of edited documents: each document is saved once.
    edits: BTreeMap<Descriptor, Vec<Entry>>,
    /// Domains to be recomputed.
    stale: BTreeSet<DomainId>,
}

/// The log of the entry read last: entries come in runs.
struct LastLog {
    id: LogId,
    start: LogStart,
    reach: Reach,
}

/// Who writes a log: its owner, or for a group one of its managers.
fn author(authority: &Authority, log: &LogId, start: &LogStart) -> Option<Holder> {
    let member = match start.descriptor.owner {
        Owner::Member(member) => member,
        Owner::Group(_) => authority.author_of(log, start)?,
        Owner::Hood => return None,
    };
    Some(Holder { member, device: start.device, incarnation: start.incarnation })
}

impl Projector<'_, '_> {
    /// Reads newly accepted entries, and those that waited for them.
    pub fn project(&mut self, accepted: &[EntryHash]) -> Result<(), RowsError> {
        let mut batch = Batch::default();
        let mut ready = Vec::new();
        let mut last = None;
        mark_unread(self.tx, accepted);
        for hash in accepted {
            let Some(stored) = entry(self.tx, hash)? else { continue };
            self.note_reach(hash, &stored, &mut last)?;
            if settle(self.tx, hash, &stored)? {
                ready.push((*hash, stored));
            }
            // Oldest first: what waits for this one is read before what comes later.
            while let Some((hash, stored)) = ready.pop() {
                self.read(&hash, stored, &mut batch, &mut last)?;
                for woken in wake(self.tx, &hash)?.into_iter().rev() {
                    if let Some(stored) = entry(self.tx, &woken)? {
                        ready.push((woken, stored));
                    }
                }
            }
        }
        for (descriptor, entries) in batch.edits {
            self.apply_edits(&descriptor, &entries)?;
        }
        for domain in batch.stale {
            let recomputed = booking::recompute(self.tx, self.authority, &domain);
            if let Err(ProjectError::Rows(error)) = recomputed {
                return Err(error);
            }
        }
        Ok(())
    }

    /// The log of an entry. How far it counts does not change while entries are read.
    fn log_of<'last>(
        &self,
        stored: &Entry,
        last: &'last mut Option<LastLog>,
    ) -> Result<Option<&'last LastLog>, RowsError> {
        let header = &stored.header;
        let is_last = header.seq > 0 && last.as_ref().is_some_and(|last| last.id == header.log);
        if !is_last {
            let id = header.log_id();
            *last = log_row(self.tx, &id)?.map(|row| {
                let reach = self.authority.closing_of(&id, &row.start);
                LastLog { id, start: row.start, reach }
            });
        }
        Ok(last.as_ref())
    }

    /// Notes whose entries are to be counted again: how far a closed log counts can hang on
    /// the log that continues it, and is not known before its last entry is here.
    fn note_reach(
        &mut self,
        hash: &EntryHash,
        stored: &Entry,
        last: &mut Option<LastLog>,
    ) -> Result<(), RowsError> {
        let Some(log) = self.log_of(stored, last)? else { return Ok(()) };
        let Some(Holder { member, .. }) = author(self.authority, &log.id, &log.start) else {
            return Ok(());
        };
        let continues = stored.header.seq == 0 && log.start.continues.is_some();
        let is_last = matches!(log.reach, Reach::UpTo(tip) if tip.hash == *hash);
        if continues || is_last {
            self.changes.recount.insert(member);
        }
        Ok(())
    }

    fn read(
        &mut self,
        hash: &EntryHash,
        stored: Entry,
        batch: &mut Batch,
        last: &mut Option<LastLog>,
    ) -> Result<(), RowsError> {
        let Some(LastLog { id: log, start, .. }) = self.log_of(&stored, last)? else {
            return Ok(());
        };
        match start.descriptor.class {
            Class::Charter => self.changes.authority = true,
            Class::Identity => self.read_identity(hash, start, &stored)?,
            Class::Object => batch.edits.entry(start.descriptor).or_default().push(stored),
            Class::Open => self.read_open(hash, start, &stored, &mut batch.stale)?,
            Class::Sealed => self.read_sealed(hash, log, start, &stored)?,
            Class::Ledger => self.read_ledger(hash, log, start, &stored)?,
            Class::Ticket => {}
        }
        Ok(())
    }

    fn read_identity(
        &mut self,
        hash: &EntryHash,
        start: &LogStart,
        stored: &Entry,
    ) -> Result<(), RowsError> {
        self.changes.authority = true;
        let Owner::Member(member) = start.descriptor.owner else { return Ok(()) };
        self.changes.epochs.insert(member);
        if stored.header.kind == kind::identity::EPOCH {
            let own = (member == self.member).then_some(self.keys);
            let owner = EpochOwner { hood: start.descriptor.hood, member };
            take_epoch(self.tx, self.reader, own, &owner, start.device, hash, &stored.payload)?;
        }
        Ok(())
    }

    fn apply_edits(&mut self, of: &Descriptor, entries: &[Entry]) -> Result<(), RowsError> {
        if is_closed(self.tx, self.authority, of)? {
            // What counts may now adopt what did not, so single entries say nothing.
            let new: BTreeSet<EntryHash> = entries.iter().map(Entry::hash).collect();
            return self.rebuild_document(of, &new);
        }
        let outcomes = apply_all(self.tx, self.documents, of, entries)?;
        let hashes = entries.iter().map(Entry::hash);
        let changed = self.note_outcomes(hashes.zip(outcomes));
        if changed { self.show_document(of) } else { Ok(()) }
    }

    /// Makes an edited document anew from what counts of it.
    pub fn rebuild_document(
        &mut self,
        of: &Descriptor,
        new: &BTreeSet<EntryHash>,
    ) -> Result<(), RowsError> {
        let authority = self.authority;
        let counts = |tx: &Tx<'_>, log: &LogId, tip: &Tip| entry_counts(tx, authority, log, tip);
        let outcomes = edited::rebuild(self.tx, self.documents, of, &counts)?;
        self.note_outcomes(outcomes.into_iter().filter(|(hash, _)| new.contains(hash)));
        self.show_document(of)
    }

    /// Whether anything changed a document.
    fn note_outcomes(&mut self, outcomes: impl Iterator<Item = (EntryHash, Outcome)>) -> bool {
        let mut changed = false;
        for (hash, outcome) in outcomes {
            match outcome {
                Outcome::Changed | Outcome::Full => changed = true,
                Outcome::Void(error) => self.changes.unreadable.push((hash, error.code())),
                _ => {}
            }
        }
        changed
    }

    /// Writes the rows of an edited document as it is now.
    fn show_document(&mut self, of: &Descriptor) -> Result<(), RowsError> {
        let is_offered = match of.owner {
            Owner::Member(member) => self.authority.is_active(&member),
            _ => true,
        };
        let empty = Edited::new();
        let document = self.documents.read(self.tx, &of.id())?.unwrap_or(&empty);
        listing::project(self.tx, of, document, is_offered)?;
        match (of.period, of.owner) {
            (Period::Object(listing::PROFILE_NUMBER), Owner::Member(member)) => {
                self.changes.profiles.insert(member);
            }
            (Period::Object(listing::PROFILE_NUMBER), Owner::Group(group)) => {
                self.changes.groups.insert(group);
            }
            _ => {
                self.changes.listings.insert(of.id());
            }
        }
        Ok(())
    }

    fn read_open(
        &mut self,
        hash: &EntryHash,
        start: &LogStart,
        stored: &Entry,
        stale: &mut BTreeSet<DomainId>,
    ) -> Result<(), RowsError> {
        let log = stored.header.log_id();
        let Some(author) = author(self.authority, &log, start) else { return Ok(()) };
        match stored.header.kind {
            kind::open::PLACE => {
                project_place(self.tx, hash, &stored.payload);
                self.changes.place |= choose_place(self.tx, self.authority)?;
            }
            kind::open::DOMAIN | kind::open::DECISION | kind::open::CLOSE_HOLDER => {
                let group = match start.descriptor.owner {
                    Owner::Group(group) => Some(group),
                    _ => None,
                };
                let by = (&author, group);
                match booking::take_open(self.tx, self.authority, stored, by, stale) {
                    Ok(domain) => self.touched_domain(domain),
                    Err(error) => self.not_read(*hash, error)?,
                }
            }
            // People thank, groups do not.
            kind::open::THANKS if matches!(start.descriptor.owner, Owner::Member(_)) => {
                let document = start.descriptor.id();
                let at = Ref { document, log, seq: stored.header.seq, hash: *hash };
                match thanks::take(self.tx, stored, at, &author) {
                    Ok(member) => drop(self.changes.thanks.insert(member)),
                    Err(error) => self.not_read(*hash, error)?,
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn read_ledger(
        &mut self,
        hash: &EntryHash,
        log: &LogId,
        start: &LogStart,
        stored: &Entry,
    ) -> Result<(), RowsError> {
        if !matches!(stored.header.kind, kind::ledger::TRANSFER | kind::ledger::CLOSING) {
            return Ok(());
        }
        let by = ledger::Account { owner: start.descriptor.owner, device: start.device };
        let (document, seq) = (start.descriptor.id(), stored.header.seq);
        let at = Ref { document, log: *log, seq, hash: *hash };
        match ledger::take(self.tx, self.authority, stored, at, &by) {
            Ok(owners) => self.changes.credits.extend(owners),
            Err(error) => self.not_read(*hash, error)?,
        }
        Ok(())
    }

    fn read_sealed(
        &mut self,
        hash: &EntryHash,
        log: &LogId,
        start: &LogStart,
        stored: &Entry,
    ) -> Result<(), RowsError> {
        // What a group is told is sealed to its managers, each in his own outbox.
        let Owner::Member(_) = start.descriptor.owner else { return Ok(()) };
        let Some(author) = author(self.authority, log, start) else { return Ok(()) };
        match stored.header.kind {
            kind::sealed::GRANT => {
                let author = author.member;
                for opened in self.reader.take_grant(self.tx, log, &author, stored)? {
                    self.read_opened(&opened)?;
                }
            }
            kind::sealed::RECORD => {
                if let Some(opened) = take_record(self.tx, log, hash, stored)? {
                    self.read_opened(&opened)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Reads a record that could be opened.
    pub fn read_opened(&mut self, opened: &Opened) -> Result<(), RowsError> {
        let Some(row) = log_row(self.tx, &opened.log)? else { return Ok(()) };
        let Some(author) = author(self.authority, &opened.log, &row.start) else { return Ok(()) };
        let Some(place) = self.tx.row::<EntryPlaces>(&opened.hash)? else { return Ok(()) };
        if project_people(self.tx, opened.kind, &opened.body, &opened.hash, &author.member)? {
            self.changes.applications = true;
            return Ok(());
        }
        let at = Ref { document: row.document, log: opened.log, seq: place.seq, hash: opened.hash };
        if opened.kind == ledger::inner::NOTE {
            match ledger::take_note(self.tx, &opened.body, &at, &author.member) {
                Ok(_) => {
                    let both = [author.member, self.member].map(Owner::Member);
                    self.changes.credits.extend(both);
                }
                Err(error) => self.not_read(opened.hash, error)?,
            }
            return Ok(());
        }
        let (tx, authority) = (&mut *self.tx, self.authority);
        if service::is_kind(opened.kind) {
            let (kind, body) = (opened.kind, &opened.body);
            match service::project_sealed(tx, authority, kind, body, &at, &author) {
                Ok(booking) => drop(self.changes.bookings.insert(booking)),
                Err(error) => self.not_read(opened.hash, error)?,
            }
            return Ok(());
        }
        match booking::project_sealed(tx, authority, opened.kind, &opened.body, &at, &author) {
            Ok(Touched::Booking(booking)) => {
                self.changes.bookings.insert(booking);
            }
            Ok(_) => {}
            Err(error) => self.not_read(opened.hash, error)?,
        }
        Ok(())
    }

    /// A domain was touched: its bookings may read otherwise now.
    fn touched_domain(&mut self, domain: DomainId) {
        self.changes.domains.insert(domain);
    }

    /// A record that says nothing counts against its author; a store that fails stops us.
    fn not_read(&mut self, hash: EntryHash, error: ProjectError) -> Result<(), RowsError> {
        match error {
            ProjectError::Rows(error) => Err(error),
            _ => {
                self.changes.unreadable.push((hash, "content.record"));
                Ok(())
            }
        }
    }
}
