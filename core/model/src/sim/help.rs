//! Lives in which neighbours help each other and thank, and bookings get another end or
//! notice, beside all else.

use std::collections::{BTreeMap, BTreeSet};

use super::scenario::Scenario;
use super::world::World;
use crate::booking::{Accepts, Care, Reason, Status};
use crate::journal::Owner;
use crate::keys::{BookingId, DeviceId, DocId, HoodHash, MemberId};
use crate::listing::{ListingContent, ListingKind, Listings, Price};
use crate::replica::{NewProposal, NewReply, NewRequest, ServiceAct};
use crate::rows::{Table, Tx};
use crate::service::{Services, Stage, StepKind};
use crate::time::{Instant, Interval};

const HOUR_MS: i64 = 3_600_000;
/// When help and bookings without an end begin: some days into the life.
const BASE_MS: i64 = 1_795_521_600_000 + 4 * Instant::DAY_MS;
/// Hours from the start on at which people say something, claimed: some are refused.
const FROM_HOURS: i64 = -26;
const HOURS: u32 = 10 * 24;

impl Scenario {
    /// Somebody offers, answers, agrees, says something, thanks; or asks for another end.
    pub(super) fn help_step(&mut self) -> Result<(), String> {
        let count = u32::try_from(self.world.nodes.len()).unwrap_or(1);
        let node = self.draw(count) as usize;
        if !self.is_in(node) {
            return Ok(());
        }
        match self.draw(26) {
            0..2 => self.offer(node),
            2..6 => self.answer(node),
            6..15 => self.on_help(node),
            15..17 => self.without_end(node),
            17..19 => self.accept(node),
            19..24 => self.other_end(node),
            _ => self.thank(node),
        }
    }

    fn offer(&mut self, node: usize) -> Result<(), String> {
        let needs = self.draw(2) == 0;
        let kind = if needs { ListingKind::Need } else { ListingKind::Offer };
        let hood = self.hood;
        let published = self.world.act(node, &hood, |replica, tx, now, rng| {
            let draft =
                ListingContent { price: Price::Free, ..ListingContent::new(kind, "Coup de main") };
            replica.publish(tx, now.claimed, rng, draft, None)
        });
        if let Some(id) = self.done(node, &format!("publishes help, needs {needs}"), published)? {
            self.helps.push(id);
        }
        Ok(())
    }

    /// One of a few times: they collide.
    fn time(&mut self) -> Interval {
        let start = Instant(BASE_MS + i64::from(self.draw(12)) * 6 * HOUR_MS);
        let hours = 1 + i64::from(self.draw(3));
        Interval { start, end: Some(start.plus_ms(hours * HOUR_MS)) }
    }

    /// One of these that a device knows and that is another's.
    fn one_of(&mut self, node: usize, all: &[DocId]) -> Option<DocId> {
        let me = Owner::Member(self.world.nodes[node].engine.me().member);
        let rows = self.world.nodes[node].stores.memory(&self.hood)?;
        let tx = Tx::new(rows);
        let known = |id: &&DocId| {
            let row = tx.row::<Listings>(id).ok().flatten();
            row.is_some_and(|row| row.owner != me)
        };
        let known: Vec<DocId> = all.iter().filter(known).copied().collect();
        let at = self.draw(u32::try_from(known.len()).unwrap_or(0)) as usize;
        known.get(at).copied()
    }

    fn answer(&mut self, node: usize) -> Result<(), String> {
        let helps = self.helps.clone();
        let Some(listing) = self.one_of(node, &helps) else { return Ok(()) };
        let interval = if self.draw(3) == 0 { None } else { Some(self.time()) };
        let reply = NewReply { listing, interval, minutes: Some(0), text: "volontiers".into() };
        let hood = self.hood;
        let answered = self.world.act(node, &hood, |replica, tx, now, rng| {
            replica.answer_listing(tx, now.claimed, rng, reply)
        });
        self.done(node, &format!("answers, proposes {}", interval.is_some()), answered)?;
        Ok(())
    }

    /// The deals about help that a device knows of.
    fn helps_of(&self, node: usize) -> Vec<BookingId> {
        let rows = self.world.nodes[node].stores.memory(&self.hood);
        let keys = rows.into_iter().flat_map(|rows| rows.table(Table::Services));
        keys.filter_map(|(key, _)| BookingId::from_slice(key)).collect()
    }

    /// A side does something with a deal about help.
    fn on_help(&mut self, node: usize) -> Result<(), String> {
        let known = self.helps_of(node);
        let at = self.draw(u32::try_from(known.len()).unwrap_or(0)) as usize;
        let Some(id) = known.get(at).copied() else { return Ok(()) };
        let hood = self.hood;
        let seen =
            self.world.read(node, &hood, |replica, tx, now| replica.service(tx, &id, now.claimed));
        let Ok(view) = seen else { return Ok(()) };
        let start = view.life.interval.map_or(Instant(BASE_MS), |interval| interval.start);
        let hours = FROM_HOURS.saturating_add(i64::from(self.draw(HOURS)));
        let (mut at, text) = (start.plus_ms(hours * HOUR_MS), String::new());
        let now = self.world.now(node).claimed;
        // What comes next is done more often than all else.
        let is_next = self.draw(3) > 0;
        let (what, act) = match (view.life.stage, self.draw(12)) {
            (Stage::Proposed, _) if is_next => {
                at = now;
                ("agrees", ServiceAct::Agree)
            }
            (Stage::Agreed | Stage::Due | Stage::Done, _) if is_next => {
                let hours = i64::from(self.draw(6));
                at = start.plus_ms(hours * HOUR_MS);
                ("says done", ServiceAct::Say(StepKind::DONE, text))
            }
            (_, 0..3) => {
                at = now;
                let new = NewProposal { interval: self.time(), minutes: Some(0), text };
                ("proposes a time", ServiceAct::Propose(new))
            }
            (_, 3..7) => {
                at = now;
                ("agrees", ServiceAct::Agree)
            }
            (_, 7..10) => ("says done", ServiceAct::Say(StepKind::DONE, text)),
            (_, 10) => ("ends it", ServiceAct::End(text)),
            _ => {
                let kind = StepKind::ALL[self.draw(6) as usize];
                ("says something", ServiceAct::Say(kind, text))
            }
        };
        let acted = self.world.act(node, &hood, |replica, tx, _, rng| {
            Ok(((), replica.act_on_service(tx, at, rng, &id, act)?))
        });
        let what = format!("{what} of {:02x}{:02x}", id.0[0], id.0[1]);
        if self.done(node, &what, acted)?.is_some() {
            self.said += 1;
        }
        Ok(())
    }

    /// Asks for something until notice.
    fn without_end(&mut self, node: usize) -> Result<(), String> {
        let listings = self.listings.clone();
        let Some(listing) = self.one_of(node, &listings) else { return Ok(()) };
        let interval = Interval { end: None, ..self.time() };
        let new = NewRequest {
            listing,
            interval,
            quantity: 1,
            waitlist: false,
            note: "pour longtemps".into(),
            accepts: Accepts::Nothing,
        };
        let hood = self.hood;
        let asked = self
            .world
            .act(node, &hood, |replica, tx, now, rng| replica.request(tx, now.claimed, rng, new));
        self.done(node, "asks until notice", asked)?;
        Ok(())
    }

    /// A side of a booking that holds asks for another end, answers that, or gives notice.
    fn other_end(&mut self, node: usize) -> Result<(), String> {
        let hood = self.hood;
        let mut held = Vec::new();
        for id in self.bookings_of(node) {
            let view = self
                .world
                .read(node, &hood, |replica, tx, now| replica.booking(tx, &id, now.claimed));
            held.extend(view.ok().filter(|view| view.status == Status::Confirmed));
        }
        let at = self.draw(u32::try_from(held.len()).unwrap_or(0)) as usize;
        let Some(view) = held.get(at) else { return Ok(()) };
        let (id, start) = (view.booking, view.interval.start);
        let later = start.plus_ms((1 + i64::from(self.draw(9))) * HOUR_MS);
        let days = start.plus_ms(i64::from(self.draw(20)) * Instant::DAY_MS);
        let end = if self.draw(6) == 0 { None } else { Some(later) };
        let verb = self.draw(9);
        let acted = self.world.act(node, &hood, |replica, tx, now, rng| {
            let (at, text) = (now.claimed, String::new());
            let changes = match verb {
                0..4 => replica.ask_end(tx, at, rng, &id, end, text)?.1,
                4..6 => replica.grant_end(tx, at, rng, &id, Care::CalendarOnly)?,
                6 => replica.refuse_end(tx, at, rng, &id, Reason::NONE, text)?,
                _ => replica.give_notice(tx, at, rng, &id, days, text)?,
            };
            Ok(((), changes))
        });
        let what = match verb {
            0..4 => "asks for another end",
            4..6 => "grants another end",
            6 => "refuses another end",
            _ => "gives notice",
        };
        let what = format!("{what} of {:02x}{:02x}", id.0[0], id.0[1]);
        if self.done(node, &what, acted)?.is_some() {
            self.said += 1;
        }
        Ok(())
    }

    fn thank(&mut self, node: usize) -> Result<(), String> {
        let mut known = self.helps_of(node);
        known.extend(self.bookings_of(node));
        let at = self.draw(u32::try_from(known.len()).unwrap_or(0)) as usize;
        let Some(id) = known.get(at).copied() else { return Ok(()) };
        let text = if self.draw(4) == 0 { None } else { Some("merci".to_owned()) };
        let hood = self.hood;
        let later = Instant(BASE_MS + 40 * Instant::DAY_MS);
        let thanked = self.world.act(node, &hood, |replica, tx, _, _| {
            let (entry, changes) = replica.thank(tx, later, &id, text)?;
            Ok((entry, changes))
        });
        if self.done(node, "thanks", thanked)?.is_some() {
            self.said += 1;
        }
        Ok(())
    }
}

/// The two sides of each deal about help are shown the same; gives how many were compared.
/// `revokers` and `worn` as for bookings.
pub(super) fn deals(
    world: &mut World,
    nodes: &[usize],
    hood: &HoodHash,
    revokers: &BTreeSet<MemberId>,
    worn: &BTreeSet<DeviceId>,
) -> Result<usize, String> {
    let text = |error: crate::rows::RowsError| format!("rows cannot be read: {error}");
    let mut told_apart: BTreeSet<BookingId> = BTreeSet::new();
    let mut seen: BTreeMap<BookingId, Vec<(usize, String)>> = BTreeMap::new();
    let mut sides: BTreeMap<BookingId, BTreeSet<MemberId>> = BTreeMap::new();
    for node in nodes {
        let Some(rows) = world.nodes[*node].stores.memory(hood) else { continue };
        let tx = Tx::new(rows);
        let mut ids = Vec::new();
        for (key, row) in tx.rows_with_prefix::<Services>(&[], 1 << 20).map_err(text)? {
            let (Some(id), Some(reply)) = (BookingId::from_slice(&key), row.reply()) else {
                continue;
            };
            if !reply.counts {
                continue;
            }
            let of = sides.entry(id).or_default();
            of.insert(reply.by.member);
            of.extend(crate::service::owner_of(&tx, &reply.record.listing).map_err(text)?);
            let mut by = std::iter::once(reply.by.device)
                .chain(row.proposals.iter().map(|it| it.by.device))
                .chain(row.agreements.iter().map(|it| it.by.device))
                .chain(row.steps.iter().map(|it| it.by.device));
            if by.any(|device| worn.contains(&device)) {
                told_apart.insert(id);
            }
            ids.push(id);
        }
        for id in ids {
            let view =
                world.read(*node, hood, |replica, tx, now| replica.service(tx, &id, now.claimed));
            let Ok(view) = view else { continue };
            let shown = format!(
                "{:?} {:?} {:?} {:?} {:?}",
                view.life, view.proposals, view.text, view.note, view.history
            );
            seen.entry(id).or_default().push((*node, shown));
        }
    }
    for (id, of) in sides.iter().filter(|(id, _)| !told_apart.contains(id)) {
        let short = format!("{:02x}{:02x}", id.0[0], id.0[1]);
        let views = seen.get(id).map(Vec::as_slice).unwrap_or_default();
        for node in nodes {
            let member = world.nodes[*node].engine.me().member;
            let must = of.contains(&member) && !revokers.contains(&member);
            if must && !views.iter().any(|(other, _)| other == node) {
                return Err(format!("node {node}, a side, cannot read help {short}"));
            }
        }
        if let Some(pair) = views.windows(2).find(|pair| pair[0].1 != pair[1].1) {
            return Err(format!("sides of help {short} see other things: {pair:#?}"));
        }
    }
    Ok(seen.len())
}
