//! Entries in, rows of calendars out.
//!
//! Invariant: what lies in the rows is a pure function of the set of entries handed in
//! and of what authority says about them, whatever the order; the unit of recomputation
//! is one domain.

use std::collections::{BTreeMap, BTreeSet};

use super::calendar::{Act, ActKind, BookingFacts, Calendar, Domain, calendar};
use super::extend;
use super::records::{
    CloseHolder, Decision, DomainId, DomainRecord, Holder, Op, Record, RecordError,
};
use super::rows::{
    ActRecord, BookingState, BookingStates, CalendarRow, CalendarSlots, Calendars, DecisionRow,
    Decisions, OpenState, Waitlists,
};
use super::slots::slot_key;
use crate::journal::{self, Entry, Ref, Tip};
use crate::keys::{BookingId, DeviceId, EntryHash, GroupId, LogId, MemberId};
use crate::rows::{Key, Rows as _, RowsError, Table, Tx};

/// Most acts of one member in one domain that are looked at.
const ACTS: usize = 1 << 17;
/// How many of a device's logs are followed back to find its act before.
const LOGS_BACK: usize = 64;

/// What the projection must be told besides; `authority` answers.
pub trait DomainFacts: BookingFacts {
    /// Whether an entry counts: no closing of its person or device lies before it.
    fn counts(&self, tx: &Tx<'_>, log: &LogId, tip: &Tip) -> Result<bool, RowsError>;

    /// Who manages a group.
    fn managers(&self, _group: &GroupId) -> Managers {
        Managers::default()
    }
}

/// Who manages a group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Managers {
    /// Whoever was ever made a manager. Only grows with the set of acts.
    pub ever: BTreeSet<MemberId>,
    /// Those who are now.
    pub now: BTreeSet<MemberId>,
}

impl Managers {
    fn of(facts: &dyn DomainFacts, row: &CalendarRow) -> Self {
        row.group.map_or_else(Self::default, |group| facts.managers(&group))
    }

    /// Whether somebody managed the group and does no more.
    fn is_former(&self, member: &MemberId) -> bool {
        self.ever.contains(member) && !self.now.contains(member)
    }
}

/// What a calendar asks, without the devices of those who manage the group no more.
struct OfGroup<'a> {
    facts: &'a dyn DomainFacts,
    managers: &'a Managers,
}

impl BookingFacts for OfGroup<'_> {
    fn certified_earlier(&self, a: &DeviceId, b: &DeviceId) -> bool {
        self.facts.certified_earlier(a, b)
    }

    fn devices(&self, member: &MemberId) -> Vec<DeviceId> {
        match self.managers.is_former(member) {
            true => Vec::new(),
            false => self.facts.devices(member),
        }
    }
}

/// Why an entry changed no row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectError {
    /// The store failed.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// The payload is none: it counts against its author, not against who carried it.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// Not written where, or by whom, such a record may be.
    #[error("not its author's to write")]
    Author,
    /// A kind this module does not know.
    #[error("kind {0:#x} is not a booking's")]
    Kind(u16),
}

/// Takes in a `DOMAIN`, `DECISION` or `CLOSE_HOLDER` entry and recomputes its domain.
pub fn project_open(
    tx: &mut Tx<'_>,
    facts: &dyn DomainFacts,
    entry: &Entry,
    author: &Holder,
) -> Result<DomainId, ProjectError> {
    let mut stale = BTreeSet::new();
    let domain = take_open(tx, facts, entry, (author, None), &mut stale)?;
    stale.iter().try_for_each(|domain| recompute(tx, facts, domain))?;
    Ok(domain)
}

/// Takes in one of several such entries. Domains whose rows do not follow yet are
/// `stale`: the caller recomputes each once, after the last entry, since a pass costs as
/// much as the domain holds.
///
/// Call it for every such entry that was accepted, whether or not what it refers to is
/// here: an act waits in its domain for what it has seen. `group`: in whose document it
/// stands, if not in its author's own.
pub fn take_open(
    tx: &mut Tx<'_>,
    facts: &dyn DomainFacts,
    entry: &Entry,
    (author, group): (&Holder, Option<GroupId>),
    stale: &mut BTreeSet<DomainId>,
) -> Result<DomainId, ProjectError> {
    let at = place(tx, entry)?;
    let (domain, record) = match entry.header.kind {
        DomainRecord::KIND => {
            let record = DomainRecord::from_payload(&entry.payload)?;
            let row = CalendarRow {
                owner: author.member,
                founded: at,
                counts: true,
                holder: record.holder,
                tenure: 0,
                begun_by: None,
                spine_end: None,
                waiting_for: Vec::new(),
                unsettled: Vec::new(),
                is_loose: false,
                entitled: Vec::new(),
                heads: Vec::new(),
                last_of: Vec::new(),
                terms: Vec::new(),
                places: 0,
                firm_places: 0,
                incomplete: Vec::new(),
                read: Vec::new(),
                is_plain: false,
                group,
                deciding: Vec::new(),
                record,
            };
            tx.put::<Calendars>(&at.hash, &row);
            stale.insert(at.hash);
            return Ok(at.hash);
        }
        Decision::KIND => {
            let record = Decision::from_payload(&entry.payload)?;
            (record.domain, ActRecord::Decision(record))
        }
        CloseHolder::KIND => {
            let record = CloseHolder::from_payload(&entry.payload)?;
            (record.domain, ActRecord::Close(record))
        }
        kind => return Err(ProjectError::Kind(kind)),
    };
    let key = (domain, author.member, at.hash);
    let is_new = !tx.has::<Decisions>(&key)?;
    let row = DecisionRow { entry: at, author: *author, record, group };
    tx.put::<Decisions>(&key, &row);
    if stale.contains(&domain) {
        return Ok(domain);
    }
    let Some(calendar) = tx.row::<Calendars>(&domain)? else { return Ok(domain) };
    if let ActRecord::Decision(decision) = &row.record
        && is_new
        && calendar.group == group
        && extend::comes_last(&calendar, decision, author)
        && facts.counts(tx, &at.log, &tip(&at))?
    {
        extend::extend(tx, &domain, calendar, decision, author, &at)?;
    } else if calendar.read.contains(&author.member) {
        stale.insert(domain);
    }
    // An act of someone who decides nothing here costs one row and no pass.
    Ok(domain)
}

/// The reference to an entry that is in the journal.
fn place(tx: &Tx<'_>, entry: &Entry) -> Result<Ref, ProjectError> {
    let log = entry.header.log_id();
    let row = journal::log_row(tx, &log)?.ok_or(ProjectError::Author)?;
    Ok(Ref { document: row.document, log, seq: entry.header.seq, hash: entry.hash() })
}

/// Recomputes a domain, as when authority changed. Writes only rows that differ.
pub fn recompute(
    tx: &mut Tx<'_>,
    facts: &dyn DomainFacts,
    domain: &DomainId,
) -> Result<(), ProjectError> {
    let Some(row) = tx.row::<Calendars>(domain)? else { return Ok(()) };
    let counts = facts.counts(tx, &row.founded.log, &tip(&row.founded))?;
    let managers = Managers::of(facts, &row);
    let of = domain_of(domain, &row, &managers);
    let (rows, read) = if counts { load(tx, &row, &managers)? } else { Default::default() };
    let acts = acts(tx, facts, (&of, row.group), &rows)?;
    let told = calendar(&of, &acts, &OfGroup { facts, managers: &managers });
    let decides = |member: &&MemberId| !managers.is_former(member);
    let deciding: Vec<MemberId> = told.entitled.iter().filter(decides).copied().collect();
    write_slots(tx, domain, &told)?;
    let is_plain = is_plain(&told);
    write_states(tx, domain, &told)?;
    write_waitlist(tx, domain, &told)?;
    let reference = |hash: &EntryHash| rows.get(hash).map(|row| row.entry);
    let mut heads: Vec<Ref> = told.heads.iter().filter_map(reference).collect();
    heads.sort_unstable();
    let incomplete: BTreeSet<DeviceId> =
        told.incomplete.iter().filter_map(|hash| Some(rows.get(hash)?.author.device)).collect();
    let next = CalendarRow {
        counts,
        holder: told.holder,
        tenure: told.tenure,
        begun_by: reference(&told.begun_by),
        spine_end: told.spine_end.as_ref().and_then(reference),
        waiting_for: told.waiting_for,
        unsettled: told.unsettled,
        is_loose: told.is_loose,
        entitled: told.entitled,
        deciding,
        heads,
        last_of: last_of(&rows, &told.incomplete),
        terms: of
            .record
            .resources
            .iter()
            .map(|resource| told.terms.get(&resource.listing).unwrap_or(&resource.terms).clone())
            .collect(),
        places: u32::try_from(told.order.len()).unwrap_or(u32::MAX),
        firm_places: told.firm_places,
        incomplete: incomplete.into_iter().collect(),
        read: read.into_iter().collect(),
        is_plain,
        ..row.clone()
    };
    if next != row {
        tx.put::<Calendars>(domain, &next);
    }
    Ok(())
}

/// A domain and its acts as its calendar is told them.
pub fn domain_acts(
    tx: &Tx<'_>,
    facts: &dyn DomainFacts,
    domain: &DomainId,
) -> Result<Option<(Domain, Vec<Act>)>, RowsError> {
    let Some(row) = tx.row::<Calendars>(domain)? else { return Ok(None) };
    let managers = Managers::of(facts, &row);
    let (rows, _) = load(tx, &row, &managers)?;
    let of = domain_of(domain, &row, &managers);
    let acts = acts(tx, facts, (&of, row.group), &rows)?;
    Ok(Some((of, acts)))
}

fn domain_of(id: &DomainId, row: &CalendarRow, managers: &Managers) -> Domain {
    let managers = managers.ever.clone();
    Domain { id: *id, owner: row.owner, record: row.record.clone(), managers }
}

/// Every domain there is, for when authority changed.
pub fn domains(tx: &Tx<'_>, limit: usize) -> Result<Vec<DomainId>, RowsError> {
    let rows = tx.scan(Table::Calendars, &[], &[], false, limit)?;
    Ok(rows.iter().filter_map(|(key, _)| EntryHash::from_slice(key)).collect())
}

pub(super) const fn tip(at: &Ref) -> Tip {
    Tip { seq: at.seq, hash: at.hash }
}

/// Acts by their hash, and whose they may be.
type Loaded = (BTreeMap<EntryHash, DecisionRow>, BTreeSet<MemberId>);

/// Whether every line of history has a place, and every booking in it a state.
fn is_plain(told: &Calendar) -> bool {
    let stated: BTreeSet<BookingId> = (told.counting.iter().map(|held| held.booking))
        .chain(told.displaced.iter().map(|out| out.booking))
        .chain(told.released.iter().map(|out| out.booking))
        .chain(told.waiting.iter().map(|waits| waits.booking))
        .collect();
    told.history.iter().all(|(booking, lines)| {
        stated.contains(booking) && lines.iter().all(|line| line.place.is_some())
    })
}

/// The acts of those who may be entitled: the owner, the deciders, and whom acts of the
/// owner name as holder.
fn load(tx: &Tx<'_>, row: &CalendarRow, managers: &Managers) -> Result<Loaded, RowsError> {
    let mut acts = BTreeMap::new();
    let mut members: Vec<MemberId> = vec![row.owner];
    members.extend(&row.record.deciders);
    members.extend(&managers.ever);
    let mut done: BTreeSet<MemberId> = BTreeSet::new();
    while let Some(member) = members.pop() {
        if !done.insert(member) {
            continue;
        }
        let prefix = (row.founded.hash, member).to_key();
        for (_, act) in tx.rows_with_prefix::<Decisions>(&prefix, ACTS)? {
            if member == row.owner {
                match &act.record {
                    ActRecord::Close(close) => members.push(close.new_holder.member),
                    ActRecord::Decision(Decision { op: Op::HandOver { to }, .. }) => {
                        members.push(to.member);
                    }
                    ActRecord::Decision(_) => {}
                }
            }
            acts.insert(act.entry.hash, act);
        }
    }
    Ok((acts, done))
}

/// The acts as the calendar wants them: with causal past and standing.
fn acts(
    tx: &Tx<'_>,
    facts: &dyn DomainFacts,
    (domain, group): (&Domain, Option<GroupId>),
    rows: &BTreeMap<EntryHash, DecisionRow>,
) -> Result<Vec<Act>, RowsError> {
    let mut logs: BTreeMap<LogId, Vec<Tip>> = BTreeMap::new();
    for row in rows.values() {
        logs.entry(row.entry.log).or_default().push(tip(&row.entry));
    }
    logs.values_mut().for_each(|tips| tips.sort_unstable());
    let mut acts = Vec::with_capacity(rows.len());
    for (hash, row) in rows {
        let (at, seen, named) = match &row.record {
            ActRecord::Decision(decision) => (decision.at, &decision.seen, decision.prev),
            ActRecord::Close(close) => (close.at, &close.seen, close.last),
        };
        let mut past = Vec::new();
        // What is not an act of this domain by anyone read here is waited for: an honest
        // writer names none, and whether it is in the journal must not matter.
        past.extend(seen.iter().chain(&named).map(|link| link.hash));
        past.extend(before_in_log(tx, &logs, &row.entry)?);
        past.sort_unstable();
        past.dedup();
        let kind = match &row.record {
            ActRecord::Decision(decision) => ActKind::Decision {
                tenure: decision.tenure,
                prev: named.map(|named| named.hash),
                op: decision.op.clone(),
            },
            ActRecord::Close(close) => ActKind::Close {
                tenure: close.tenure,
                last: named.map(|named| named.hash),
                new_holder: close.new_holder,
                by_phrase: close.is_by_phrase(&domain.owner),
            },
        };
        // What is decided for a group stands in its document, so that the end of a manager
        // ends it; in another's domain nobody speaks for a group.
        let is_manager = group.is_some() && domain.managers.contains(&row.author.member);
        let in_place = row.group == if is_manager { group } else { None };
        let counts = in_place && facts.counts(tx, &row.entry.log, &tip(&row.entry))?;
        acts.push(Act { hash: *hash, author: row.author, at, past, counts, kind });
    }
    Ok(acts)
}

/// The act of this domain that its writer wrote before, on the same branch of the log or
/// in the logs it continues.
fn before_in_log(
    tx: &Tx<'_>,
    logs: &BTreeMap<LogId, Vec<Tip>>,
    at: &Ref,
) -> Result<Option<EntryHash>, RowsError> {
    let mut log = at.log;
    let mut end = tip(at);
    for back in 0..LOGS_BACK {
        let tips = logs.get(&log).map(Vec::as_slice).unwrap_or_default();
        // In the log it continues, the last entry named may itself be an act.
        let limit =
            tips.partition_point(|tip| tip.seq < end.seq || (back > 0 && tip.seq == end.seq));
        for tip in tips[..limit].iter().rev() {
            if journal::is_ancestor_or_same(tx, &log, tip, &end)? {
                return Ok(Some(tip.hash));
            }
        }
        let Some(row) = journal::log_row(tx, &log)? else { return Ok(None) };
        let Some(continues) = row.start.continues else { return Ok(None) };
        log = continues.log;
        end = tip(&continues);
    }
    Ok(None)
}

/// The last act of each writer.
fn last_of(
    rows: &BTreeMap<EntryHash, DecisionRow>,
    incomplete: &[EntryHash],
) -> Vec<(Holder, Ref)> {
    let mut last: BTreeMap<Holder, Ref> = BTreeMap::new();
    for row in rows.values().filter(|row| incomplete.binary_search(&row.entry.hash).is_err()) {
        let mine = last.entry(row.author).or_insert(row.entry);
        let newer = |at: &Ref| (at.seq, at.hash);
        // A writer has one log a year; which is newer its document cannot tell, but
        // whatever is named is in the past of the heads that are named as well.
        if newer(&row.entry) > newer(mine) {
            *mine = row.entry;
        }
    }
    last.into_iter().collect()
}

fn write_slots(tx: &mut Tx<'_>, domain: &DomainId, told: &Calendar) -> Result<(), RowsError> {
    let mut wanted = BTreeMap::new();
    for held in &told.counting {
        wanted.insert(slot_key(domain, &held.interval, &held.booking).to_key(), held);
    }
    for (key, held) in tx.rows_with_prefix::<CalendarSlots>(&domain.to_key(), ACTS)? {
        match wanted.get(&key) {
            Some(same) if **same == held => drop(wanted.remove(&key)),
            Some(_) => {}
            None => tx.delete_raw(Table::CalendarSlots, key),
        }
    }
    for (key, held) in wanted {
        tx.put_raw(Table::CalendarSlots, key, crate::codec::encode(held));
    }
    Ok(())
}

fn write_waitlist(tx: &mut Tx<'_>, domain: &DomainId, told: &Calendar) -> Result<(), RowsError> {
    let mut wanted = BTreeMap::new();
    for waits in &told.waiting {
        wanted.insert((*domain, u64::from(waits.place), waits.booking).to_key(), waits);
    }
    for (key, waits) in tx.rows_with_prefix::<Waitlists>(&domain.to_key(), ACTS)? {
        match wanted.get(&key) {
            Some(same) if **same == waits => drop(wanted.remove(&key)),
            Some(_) => {}
            None => tx.delete_raw(Table::Waitlists, key),
        }
    }
    for (key, waits) in wanted {
        tx.put_raw(Table::Waitlists, key, crate::codec::encode(waits));
    }
    Ok(())
}

fn write_states(tx: &mut Tx<'_>, domain: &DomainId, told: &Calendar) -> Result<(), RowsError> {
    let held = told.counting.iter().map(|held| (held.booking, OpenState::Held(held.clone())));
    let displaced =
        told.displaced.iter().map(|out| (out.booking, OpenState::Displaced(out.clone())));
    let released = told.released.iter().map(|out| (out.booking, OpenState::Released(out.clone())));
    let waiting =
        told.waiting.iter().map(|waits| (waits.booking, OpenState::Waiting(waits.clone())));
    let mut wanted = BTreeMap::new();
    // Of one that was displaced its state tells that, whether or not it waits.
    for (booking, state) in waiting.chain(held).chain(displaced).chain(released) {
        let history = told.history.get(&booking).cloned().unwrap_or_default();
        wanted.insert((*domain, booking).to_key(), BookingState { state, history });
    }
    for (key, state) in tx.rows_with_prefix::<BookingStates>(&domain.to_key(), ACTS)? {
        match wanted.get(&key) {
            Some(same) if *same == state => drop(wanted.remove(&key)),
            Some(_) => {}
            None => tx.delete_raw(Table::BookingStates, key),
        }
    }
    for (key, state) in wanted {
        tx.put_raw(Table::BookingStates, key, crate::codec::encode(&state));
    }
    Ok(())
}
