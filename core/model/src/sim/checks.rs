//! What must hold in a neighbourhood, looked at from outside with nothing of the
//! calendar's own arithmetic.

use std::collections::{BTreeMap, BTreeSet};

use super::world::World;
use crate::booking::{BookingStates, Bookings, Calendars, DomainId, DomainView, Effect, OpenState};
use crate::journal::{EntryPlaces, Logs, Rights as _, limits};
use crate::keys::{BookingId, DeviceId, EntryHash, HoodHash, LogId, MemberId};
use crate::replica::Replica;
use crate::rows::{MemoryRows, Rows, Table, TableKind, Tx};

const ALL: usize = 1 << 20;

/// What was firm where, as long as it was.
#[derive(Debug, Default)]
pub struct Watch {
    firm: BTreeMap<(usize, DomainId, BookingId), u64>,
    /// Domains whose every view was counted.
    pub counted: u64,
    /// Bookings that were ever firm in some view.
    pub ever_firm: BTreeSet<BookingId>,
}

fn short(bytes: &[u8]) -> String {
    bytes.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

fn text(error: impl std::fmt::Display) -> String {
    format!("rows cannot be read: {error}")
}

impl Watch {
    /// Forgets a node whose rows were put back.
    pub fn forget(&mut self, node: usize) {
        self.firm.retain(|(of, ..), _| *of != node);
    }

    /// Looks at every calendar of a node.
    pub fn look(&mut self, node: usize, rows: &MemoryRows) -> Result<(), String> {
        let tx = Tx::new(rows);
        for (key, row) in tx.rows_with_prefix::<Calendars>(&[], ALL).map_err(text)? {
            let Some(domain) = EntryHash::from_slice(&key) else { continue };
            let Some(view) = DomainView::load(&tx, &domain).map_err(text)? else {
                self.firm.retain(|(of, in_domain, _), _| *of != node || *in_domain != domain);
                continue;
            };
            self.counted += 1;
            count(&view).map_err(|what| format!("node {node}: {what}"))?;
            let firm: BTreeSet<BookingId> =
                view.held.iter().filter(|it| it.firm).map(|it| it.booking).collect();
            let known: Vec<_> = self
                .firm
                .range((node, domain, BookingId([0; 32]))..=(node, domain, BookingId([0xff; 32])))
                .map(|((.., booking), _)| *booking)
                .collect();
            for booking in known {
                if firm.contains(&booking) {
                    continue;
                }
                self.firm.remove(&(node, domain, booking));
                let state = tx.row::<BookingStates>(&(domain, booking)).map_err(text)?;
                let named = state.as_ref().is_some_and(|state| {
                    matches!(state.state, OpenState::Released(_) | OpenState::Held(_))
                        || state.history.iter().any(|line| {
                            line.past_closing.is_some()
                                || matches!(
                                    line.effect,
                                    Effect::Void
                                        | Effect::Released(_)
                                        | Effect::CancelledByTerms
                                        | Effect::Displaced(crate::booking::Reason::CLOSED)
                                )
                        })
                });
                if !named && !is_forked(&tx, &row.entitled)? {
                    return Err(format!(
                        "node {node}: booking {} was firm and fell without a named act: {state:?}",
                        short(&booking.0)
                    ));
                }
            }
            for booking in firm {
                self.firm.insert((node, domain, booking), 0);
                self.ever_firm.insert(booking);
            }
        }
        Ok(())
    }
}

/// Whether a device of these members provably continued a log twice, or began one
/// incarnation twice.
fn is_forked(tx: &Tx<'_>, members: &[crate::keys::MemberId]) -> Result<bool, String> {
    let mut begun = BTreeSet::new();
    for (_, row) in tx.rows_with_prefix::<Logs>(&[], ALL).map_err(text)? {
        let start = &row.start;
        let crate::journal::Owner::Member(owner) = start.descriptor.owner else { continue };
        if !members.contains(&owner) {
            continue;
        }
        let twice = !begun.insert((row.document, start.device, start.incarnation));
        if twice || !row.is_linear() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Counts what is confirmed: at no instant more than there is.
fn count(view: &DomainView) -> Result<(), String> {
    for resource in &view.row.record.resources {
        let Some(terms) = view.terms(&resource.listing) else { continue };
        let gap = i64::try_from(terms.gap_ms()).unwrap_or(i64::MAX);
        let held: Vec<_> = view.held.iter().filter(|it| it.resource == resource.listing).collect();
        for at in &held {
            let instant = at.interval.start.0;
            let busy: u64 = held
                .iter()
                .filter(|it| {
                    let end = it.interval.end.map_or(i64::MAX, |end| end.0.saturating_add(gap));
                    it.interval.start.0 <= instant && instant < end
                })
                .map(|it| u64::from(it.quantity))
                .sum();
            if busy > u64::from(terms.capacity) {
                return Err(format!(
                    "{busy} of {} units are confirmed at {instant} in domain {}: {:?}",
                    terms.capacity,
                    short(&view.id.0),
                    view.held
                ));
            }
        }
    }
    Ok(())
}

/// The entries a node holds.
pub(super) fn entries(rows: &MemoryRows) -> BTreeSet<Vec<u8>> {
    rows.table(Table::EntryPlaces).map(|(key, _)| key.clone()).collect()
}

/// The entries a node holds that it would take in today. Of somebody who was closed out
/// some had taken more before they knew than others take afterwards.
pub(super) fn carried(rows: &MemoryRows, replica: &Replica) -> BTreeSet<Vec<u8>> {
    let tx = Tx::new(rows);
    let logs = tx.rows_with_prefix::<Logs>(&[], ALL).unwrap_or_default();
    let last: BTreeMap<LogId, u64> = logs
        .into_iter()
        .filter_map(|(key, row)| {
            let log = LogId::from_slice(&key)?;
            let tip = replica.authority().closing(&log, &row.start)?;
            // What is taken ends in a signature.
            let sure = limits::PAST_CLOSING - limits::RUN_SIGNATURE_ENTRIES as u64;
            Some((log, tip.seq.saturating_add(sure)))
        })
        .collect();
    let mut held = entries(rows);
    if !last.is_empty() {
        held.retain(|key| {
            let hash = EntryHash::from_slice(key);
            let place = hash.and_then(|hash| tx.row::<EntryPlaces>(&hash).ok().flatten());
            place.is_none_or(|at| last.get(&at.log).is_none_or(|last| at.seq <= *last))
        });
    }
    held
}

/// A node: its number, its rows, what reads them.
pub(super) type Of<'a> = (usize, &'a MemoryRows, &'a Replica);

/// Two nodes hold the same entries, and the same open rows.
pub(super) fn same(a: Of<'_>, b: Of<'_>) -> Result<(), String> {
    let (mine, theirs) = (carried(a.1, a.2), carried(b.1, b.2));
    if mine != theirs {
        let lacks = |node: usize, rows: &MemoryRows, missing: Vec<&Vec<u8>>| {
            let lines: Vec<_> = missing.iter().take(8).map(|key| describe(rows, key)).collect();
            format!("node {node} lacks {}: {}", missing.len(), lines.join("; "))
        };
        return Err(format!(
            "nodes {} and {} hold other entries: {}; {}",
            a.0,
            b.0,
            lacks(a.0, b.1, theirs.difference(&mine).collect()),
            lacks(b.0, a.1, mine.difference(&theirs).collect()),
        ));
    }
    for table in Table::ALL.iter().copied().filter(|table| table.kind() == TableKind::Open) {
        // Entries that only one of both carries have rows there alone.
        let is_of_both = |key: &Vec<u8>| match table {
            Table::Calendars => mine.contains(key),
            Table::Decisions => key.get(64..).is_some_and(|entry| mine.contains(entry)),
            _ => true,
        };
        compare_some(table, a.1, b.1, &is_of_both).map_err(|what| {
            format!("nodes {} and {} hold the same entries, but {what}", a.0, b.0)
        })?;
    }
    Ok(())
}

/// The last entries a node took in.
pub(super) fn last(rows: &MemoryRows, count: usize) -> String {
    let tx = Tx::new(rows);
    let from = crate::journal::position(&tx).map_or(0, |at| at.n.saturating_sub(count as u64));
    let hashes = crate::journal::since(&tx, from, count).unwrap_or_default();
    let lines: Vec<_> = hashes.iter().map(|(_, hash)| describe(rows, &hash.0)).collect();
    lines.join("; ")
}

fn describe(rows: &MemoryRows, hash: &[u8]) -> String {
    let tx = Tx::new(rows);
    let Some(hash) = EntryHash::from_slice(hash) else { return String::new() };
    let found = crate::journal::entry(&tx, &hash).ok().flatten();
    let Some(found) = found else { return short(&hash.0) };
    let row = crate::journal::log_row(&tx, &found.header.log_id()).ok().flatten();
    let of = row.map(|row| {
        (
            row.start.descriptor.class,
            short(&row.start.device.0),
            row.start.incarnation,
            row.tips.len(),
        )
    });
    format!(
        "{} kind {:#x} seq {} of log {} {of:?}",
        short(&hash.0),
        found.header.kind,
        found.header.seq,
        short(&found.header.log_id().0)
    )
}

fn compare(table: Table, a: &dyn Rows, b: &dyn Rows) -> Result<(), String> {
    compare_some(table, a, b, &|_| true)
}

fn compare_some(
    table: Table,
    a: &dyn Rows,
    b: &dyn Rows,
    which: &dyn Fn(&Vec<u8>) -> bool,
) -> Result<(), String> {
    let read = |rows: &dyn Rows| -> Result<BTreeMap<Vec<u8>, Vec<u8>>, String> {
        let all = rows.scan(table, &[], &[], false, ALL).map_err(text)?.into_iter();
        Ok(all.filter(|(key, _)| which(key)).collect())
    };
    let (a, b) = (read(a)?, read(b)?);
    if a == b {
        return Ok(());
    }
    let keys: BTreeSet<_> = a.keys().chain(b.keys()).collect();
    let other: Vec<_> = keys.into_iter().filter(|key| a.get(*key) != b.get(*key)).collect();
    let lengths: Vec<_> = other
        .iter()
        .take(4)
        .map(|key| (short(key), a.get(*key).map(Vec::len), b.get(*key).map(Vec::len)))
        .collect();
    Err(format!("{} rows of {} differ: {lengths:?}", other.len(), table.name()))
}

/// What is read again is what was read as it came.
pub(super) fn rebuilt(world: &World, node: usize, hood: &HoodHash) -> Result<(), String> {
    let it = &world.nodes[node];
    let Some(rows) = it.stores.memory(hood) else { return Ok(()) };
    let loaded = Replica::load(rows, it.engine.me()).map_err(text)?;
    let Some(mut replica) = loaded else { return Ok(()) };
    let mut tx = Tx::new(rows);
    replica.rebuild(&mut tx).map_err(text)?;
    let open = Table::ALL.iter().copied().filter(|table| table.kind() == TableKind::Open);
    for table in open.chain([
        Table::Bookings,
        Table::Services,
        Table::DealTags,
        Table::CreditNotes,
        Table::Receipts,
        Table::Pending,
        Table::Waiting,
        Table::SealedRecords,
    ]) {
        compare(table, rows, &tx)
            .map_err(|what| format!("node {node} rebuilt is not what it was: {what}"))?;
    }
    Ok(())
}

/// The parties of each deal are shown the same. `worn`: devices that lost rows again and
/// again; what such a device sealed before somebody's key reached it, it can no longer
/// hand that one the key of.
pub(super) fn deals(
    world: &mut World,
    nodes: &[usize],
    hood: &HoodHash,
    revokers: &BTreeSet<MemberId>,
    worn: &BTreeSet<DeviceId>,
) -> Result<usize, String> {
    let mut told_apart: BTreeSet<BookingId> = BTreeSet::new();
    let mut seen: BTreeMap<BookingId, Vec<(usize, String)>> = BTreeMap::new();
    let mut parties: BTreeMap<BookingId, BTreeSet<MemberId>> = BTreeMap::new();
    for node in nodes {
        let Some(rows) = world.nodes[*node].stores.memory(hood) else { continue };
        let tx = Tx::new(rows);
        let mut ids = Vec::new();
        for (key, row) in tx.rows_with_prefix::<Bookings>(&[], ALL).map_err(text)? {
            let (Some(id), Some(request)) = (BookingId::from_slice(&key), row.request()) else {
                continue;
            };
            let of = parties.entry(id).or_default();
            of.insert(request.by.member);
            let mut by = std::iter::once(request.by.device)
                .chain(row.answers.iter().map(|it| it.by.device))
                .chain(row.cancels.iter().map(|it| it.by.device))
                .chain(row.steps.iter().map(|it| it.by.device));
            if by.any(|device| worn.contains(&device)) {
                told_apart.insert(id);
            }
            if let Some(row) = tx.row::<Calendars>(&request.record.domain).map_err(text)? {
                of.insert(row.owner);
                of.extend(row.entitled);
            }
            ids.push(id);
        }
        for id in ids {
            let view = world
                .read(*node, hood, |replica, tx, now| replica.booking(tx, &id, now.claimed))
                .map_err(|error| format!("node {node} cannot show a deal: {error}"))?;
            let shown = format!(
                "{:?} firm {} waiting {} {:?} x{} {:?} by {:?} list {:?} {:?} {:?} {:?} {:?} {}",
                view.status,
                view.firm,
                view.waiting_for.len(),
                view.interval,
                view.quantity,
                view.reason,
                view.by,
                view.waitlist,
                view.history,
                view.life,
                view.asked_end,
                view.notice,
                view.end_firm
            );
            seen.entry(id).or_default().push((*node, shown));
        }
    }
    for (id, views) in seen.iter().filter(|(id, _)| !told_apart.contains(id)) {
        let of = &parties[id];
        let is_party = |node: usize| of.contains(&world.nodes[node].engine.me().member);
        for node in nodes.iter().filter(|node| is_party(**node)) {
            let member = world.nodes[*node].engine.me().member;
            let may_lack = revokers.contains(&member);
            if !may_lack && !views.iter().any(|(other, _)| other == node) {
                let reads: Vec<usize> = views.iter().map(|(other, _)| *other).collect();
                let id = short(&id.0);
                return Err(format!("node {node}, a party, cannot read deal {id}: {reads:?} do"));
            }
        }
        let views: Vec<_> = views.iter().filter(|(node, _)| is_party(*node)).collect();
        if let Some(pair) = views.windows(2).find(|pair| pair[0].1 != pair[1].1) {
            return Err(format!("parties of deal {} see other things: {pair:#?}", short(&id.0)));
        }
    }
    Ok(seen.len())
}
