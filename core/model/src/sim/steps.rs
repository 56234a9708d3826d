//! One step of a life: somebody acts, or something befalls.

use std::collections::BTreeSet;

use super::checks;
use super::hostile;
use super::proofs::Closed;
use super::scenario::Scenario;
use crate::authority::{Role, Status};
use crate::booking::{Care, Mode, Reason, Terms};
use crate::keys::{BookingId, DeviceId, MemberId};
use crate::listing::{ListingContent, ListingEdit, ListingKind, ListingState, ProfileEdit};
use crate::replica::{Deciding, NewRequest};
use crate::rows::Table;
use crate::time::{Instant, Interval};

const HOUR_MS: i64 = 3_600_000;
/// The grid of slots on which people ask: few, so that they collide.
const SLOTS: u32 = 8;

impl Scenario {
    pub(super) fn one_step(&mut self) -> Result<(), String> {
        let count = u32::try_from(self.world.nodes.len()).unwrap_or(1);
        let node = self.draw(count) as usize;
        if !self.is_in(node) {
            return self.late_join();
        }
        match self.draw(106) {
            0..9 => self.publish(node),
            9..13 => self.edit(node),
            13..15 => self.profile(node),
            15..36 => self.request(node),
            36..53 => self.accept(node),
            53..56 => self.refuse(node),
            56..61 => self.cancel(node),
            61..65 => self.set_holder(node),
            65..68 => self.roles(node),
            68..69 => self.remove(node),
            69..78 => self.meet(node),
            78..81 => self.cut(node),
            81..83 => self.partition(),
            83..86 => self.heal(),
            86..89 => {
                self.note(format!("node {node} stops and starts"));
                self.stop_and_start(node)
            }
            89..91 => self.disk(node),
            91..93 => self.clock(node),
            93..95 => self.copy(node),
            95..96 => self.put_back(),
            96..97 => self.clone_of(node),
            97..98 => {
                self.world.mangled_permille = if self.world.mangled_permille > 0 { 0 } else { 60 };
                self.note(format!("{} of 1000 frames are changed", self.world.mangled_permille));
                Ok(())
            }
            98..99 => self.odd(),
            99..101 => self.second_device(node),
            101..102 => self.revoke(node),
            102..104 => self.damage(node),
            _ => {
                let minutes = i64::from(self.draw(60));
                self.note(format!("{minutes} minutes pass"));
                self.world.advance(minutes * 60_000);
                Ok(())
            }
        }?;
        if !self.honest.iter().all(|honest| *honest) && self.draw(6) == 0 {
            self.odd()?;
        }
        Ok(())
    }

    fn late_join(&mut self) -> Result<(), String> {
        let Some(guest) = self.outside.pop() else { return Ok(()) };
        let mangled = std::mem::take(&mut self.world.mangled_permille);
        let hood = self.hood;
        let joined = self.world.join(0, guest, &hood);
        self.world.mangled_permille = mangled;
        self.done(guest, "joins", joined)?;
        Ok(())
    }

    fn publish(&mut self, node: usize) -> Result<(), String> {
        let (instant, hub, units, gap) =
            (self.draw(2) == 0, self.draw(2) == 0, 1 + self.draw(2), self.draw(3) == 0);
        let hood = self.hood;
        let hub_me = self.world.nodes[1].engine.me();
        let (hub_member, hub_device) = (hub_me.member, hub_me.keys.id());
        let published = self.world.act(node, &hood, |replica, tx, now, rng| {
            let draft = ListingContent::new(ListingKind::Parking, "Place");
            let terms = Terms {
                mode: if instant { Mode::Instant } else { Mode::ByRequest },
                capacity: units,
                buffer_after_ms: if gap { 1_800_000 } else { 0 },
                ..Terms::default()
            };
            let mut deciding =
                Deciding { holder: replica.as_holder(), deciders: Default::default(), terms };
            if hub {
                deciding.holder = replica.holder_of(tx, &hub_device)?;
                deciding.deciders.insert(hub_member);
            }
            replica.publish(tx, now.claimed, rng, draft, Some(deciding))
        });
        let what = format!("publishes {units} units, instant {instant}, hub {hub}");
        if let Some(id) = self.done(node, &what, published)? {
            self.listings.push(id);
        }
        Ok(())
    }

    fn listing(&mut self) -> Option<crate::keys::DocId> {
        let count = u32::try_from(self.listings.len()).unwrap_or(0);
        let at = self.draw(count) as usize;
        self.listings.get(at).copied()
    }

    fn edit(&mut self, node: usize) -> Result<(), String> {
        let Some(id) = self.listing() else { return Ok(()) };
        let (which, title) = (self.draw(6), format!("Place {}", self.step));
        let hood = self.hood;
        let edited = self.world.act(node, &hood, |replica, tx, now, _| {
            let mut edit = ListingEdit { title: Some(title), ..ListingEdit::default() };
            if which == 0 {
                edit.state = Some(ListingState::Withdrawn);
            }
            Ok(((), replica.edit_listing(tx, now.claimed, &id, &edit)?))
        });
        self.done(node, "edits a listing", edited)?;
        Ok(())
    }

    fn profile(&mut self, node: usize) -> Result<(), String> {
        let name = format!("Name {}", self.step);
        let hood = self.hood;
        let edited = self.world.act(node, &hood, |replica, tx, now, _| {
            let edit = ProfileEdit { name: Some(name), ..ProfileEdit::default() };
            Ok(((), replica.edit_profile(tx, now.claimed, &edit)?))
        });
        self.done(node, "edits its profile", edited)?;
        Ok(())
    }

    fn request(&mut self, node: usize) -> Result<(), String> {
        let Some(listing) = self.listing() else { return Ok(()) };
        let (slot, hours) = (i64::from(self.draw(SLOTS)), 1 + i64::from(self.draw(3)));
        let waitlist = self.draw(2) == 0;
        let base = 1_795_521_600_000 + 3 * Instant::DAY_MS;
        let start = Instant(base + slot * HOUR_MS);
        let interval = Interval { start, end: Some(start.plus_ms(hours * HOUR_MS)) };
        let new = NewRequest {
            listing,
            interval,
            quantity: 1,
            waitlist,
            note: "merci".to_owned(),
            accepts: Default::default(),
        };
        let hood = self.hood;
        let asked = self
            .world
            .act(node, &hood, |replica, tx, now, rng| replica.request(tx, now.claimed, rng, new));
        self.done(node, &format!("asks for slot {slot} of {hours} h"), asked)?;
        Ok(())
    }

    fn booking(&mut self, node: usize) -> Option<BookingId> {
        let known = self.bookings_of(node);
        let count = u32::try_from(known.len()).unwrap_or(0);
        let at = self.draw(count) as usize;
        known.get(at).copied()
    }

    pub(super) fn accept(&mut self, node: usize) -> Result<(), String> {
        // Try a few: most of what a device knows of is not its to decide.
        for _ in 0..4 {
            let Some(booking) = self.booking(node) else { return Ok(()) };
            let hood = self.hood;
            let accepted = self.world.act(node, &hood, |replica, tx, now, _| {
                Ok(((), replica.accept(tx, now.claimed, &booking, Care::CalendarOnly)?))
            });
            let what = format!("accepts {:02x}{:02x}", booking.0[0], booking.0[1]);
            if self.done(node, &what, accepted)?.is_some() {
                break;
            }
        }
        Ok(())
    }

    fn refuse(&mut self, node: usize) -> Result<(), String> {
        let Some(booking) = self.booking(node) else { return Ok(()) };
        let hood = self.hood;
        let refused = self.world.act(node, &hood, |replica, tx, now, rng| {
            let why = Reason::UNAVAILABLE;
            Ok(((), replica.refuse(tx, now.claimed, rng, &booking, why, "non".to_owned())?))
        });
        self.done(node, "refuses", refused)?;
        Ok(())
    }

    fn cancel(&mut self, node: usize) -> Result<(), String> {
        let Some(booking) = self.booking(node) else { return Ok(()) };
        let hood = self.hood;
        let cancelled = self.world.act(node, &hood, |replica, tx, now, rng| {
            Ok(((), replica.cancel(tx, now.claimed, rng, &booking, String::new())?))
        });
        let what = format!("cancels {:02x}{:02x}", booking.0[0], booking.0[1]);
        self.done(node, &what, cancelled)?;
        Ok(())
    }

    fn set_holder(&mut self, node: usize) -> Result<(), String> {
        let Some(listing) = self.listing() else { return Ok(()) };
        let to = if self.draw(2) == 0 { 1 } else { node };
        let device = self.world.nodes[to].engine.me().keys.id();
        let hood = self.hood;
        let set = self.world.act(node, &hood, |replica, tx, now, _| {
            Ok(((), replica.set_holder(tx, now.claimed, &listing, &device)?))
        });
        self.done(node, &format!("makes node {to} the holder"), set)?;
        Ok(())
    }

    fn other(&mut self) -> (usize, MemberId) {
        let count = u32::try_from(self.world.nodes.len()).unwrap_or(1);
        let other = self.draw(count) as usize;
        (other, self.world.nodes[other].engine.me().member)
    }

    fn roles(&mut self, node: usize) -> Result<(), String> {
        let (other, member) = self.other();
        let hood = self.hood;
        let (gives, role) =
            (self.draw(3) > 0, if self.draw(3) > 0 { Role::Coordinator } else { Role::Hub });
        let done = self.world.act(node, &hood, |replica, tx, now, _| {
            let changes = if gives {
                replica.appoint(tx, now.claimed, member, role)?
            } else {
                replica.dismiss(tx, now.claimed, member, role)?
            };
            Ok(((), changes))
        });
        let what = if gives { "appoints" } else { "dismisses" };
        self.done(node, &format!("{what} node {other} as {role:?}"), done)?;
        Ok(())
    }

    fn remove(&mut self, node: usize) -> Result<(), String> {
        let (other, member) = self.other();
        let hood = self.hood;
        let removed = self.world.act(node, &hood, |replica, tx, now, _| {
            Ok(((), replica.remove(tx, now.claimed, member)?))
        });
        if self.done(node, &format!("removes node {other}"), removed)?.is_some() {
            self.close(node, member, None);
            let replica = self.world.nodes[node].engine.replica(&hood);
            let known = replica.and_then(|replica| replica.authority().member(&member));
            if known.is_none_or(|known| known.status == Status::Active) {
                return Err(format!("node {node} removed node {other}, and nothing came of it"));
            }
        }
        Ok(())
    }

    /// Keeps what a device knows of a member, or of a device of his, as it closes it.
    fn close(&mut self, node: usize, member: MemberId, device: Option<DeviceId>) {
        if let Some(rows) = self.world.nodes[node].stores.memory(&self.hood) {
            self.closings.push(Closed { member, device, known: checks::entries(rows) });
        }
    }

    fn revoke(&mut self, node: usize) -> Result<(), String> {
        let me = self.world.nodes[node].engine.me();
        let (member, own, hood) = (me.member, me.keys.id(), self.hood);
        let replica = self.world.nodes[node].engine.replica(&hood);
        let devices = replica.map(|replica| replica.authority().devices_of(&member));
        let mut others = devices.unwrap_or_default();
        others.retain(|(device, known)| *device != own && known.is_active);
        let at = self.draw(u32::try_from(others.len()).unwrap_or(0)) as usize;
        let Some((device, _)) = others.get(at).copied() else { return Ok(()) };
        let revoked = self.world.act(node, &hood, |replica, tx, now, rng| {
            Ok(((), replica.revoke_device(tx, now.claimed, rng, device)?))
        });
        if self.done(node, "revokes another device of its member", revoked)?.is_some() {
            self.close(node, member, Some(device));
        }
        Ok(())
    }

    fn second_device(&mut self, node: usize) -> Result<(), String> {
        if self.world.nodes.len() >= 7 || self.world.nodes[node].carrier.is_some() {
            return Ok(());
        }
        let mangled = std::mem::take(&mut self.world.mangled_permille);
        let (phone, linked) = self.world.link(node, "phone");
        self.world.mangled_permille = mangled;
        self.honest.push(self.honest[node]);
        self.group.push(self.group[node]);
        self.note(format!("node {phone} becomes a second device of {node}: {linked}"));
        Ok(())
    }

    /// What was answered before is there after.
    fn stop_and_start(&mut self, node: usize) -> Result<(), String> {
        let held = |it: &Self| it.world.nodes[node].stores.memory(&it.hood).map(checks::entries);
        let before = held(self).unwrap_or_default();
        self.world.restart(node);
        let after = held(self).unwrap_or_default();
        match before.difference(&after).count() {
            0 => Ok(()),
            lost => Err(format!("node {node} lost {lost} entries that it had answered for")),
        }
    }

    fn meet(&mut self, node: usize) -> Result<(), String> {
        let (other, _) = self.other();
        let apart = other == node || self.group[other] != self.group[node];
        if apart || !self.world.network.between(node, Some(other)).is_empty() {
            return Ok(());
        }
        self.note(format!("node {node} meets {other}"));
        self.world.connect(node, other);
        Ok(())
    }

    fn cut(&mut self, node: usize) -> Result<(), String> {
        let links = self.world.network.between(node, None);
        let at = self.draw(u32::try_from(links.len()).unwrap_or(0)) as usize;
        if let Some(link) = links.get(at) {
            self.note(format!("node {node} loses a stream"));
            self.world.cut(*link);
        }
        Ok(())
    }

    fn partition(&mut self) -> Result<(), String> {
        for node in 0..self.group.len() {
            self.group[node] = self.draw(2);
        }
        self.note(format!("apart: {:?}", self.group));
        for a in 0..self.group.len() {
            for b in 0..a {
                if self.group[a] != self.group[b] {
                    self.world.disconnect(a, b);
                }
            }
        }
        Ok(())
    }

    fn heal(&mut self) -> Result<(), String> {
        self.note("together again".to_owned());
        self.group.iter_mut().for_each(|group| *group = 0);
        for node in 1..self.group.len() {
            if self.draw(2) == 0 && self.world.network.between(node, Some(0)).is_empty() {
                self.world.connect(node, 0);
            }
        }
        Ok(())
    }

    fn disk(&mut self, node: usize) -> Result<(), String> {
        let full = !self.world.nodes[node].stores.full;
        self.world.nodes[node].stores.full = full;
        self.note(format!("node {node}: disk full {full}"));
        Ok(())
    }

    fn clock(&mut self, node: usize) -> Result<(), String> {
        let skew = match self.draw(5) {
            0 => 0,
            1 => 45 * Instant::DAY_MS,
            2 => -2 * Instant::DAY_MS,
            _ => (i64::from(self.draw(7_200)) - 3_600) * 1_000,
        };
        self.world.nodes[node].skew_ms = skew;
        self.note(format!("node {node}: clock off by {skew} ms"));
        Ok(())
    }

    fn copy(&mut self, node: usize) -> Result<(), String> {
        self.note(format!("node {node} is backed up"));
        let mut copy = self.world.nodes[node].stores.clone();
        copy.full = false;
        self.copies.push((node, copy));
        Ok(())
    }

    fn put_back(&mut self) -> Result<(), String> {
        let Some((node, copy)) = self.copies.pop() else { return Ok(()) };
        self.note(format!("node {node}: its backup is put back"));
        self.copied.insert(self.world.nodes[node].engine.me().keys.id());
        self.world.restore(node, copy);
        self.watch.forget(node);
        Ok(())
    }

    /// An entry that a neighbour has as well is found damaged: what nobody else has is lost
    /// for good, and what was sealed with it.
    fn damage(&mut self, node: usize) -> Result<(), String> {
        let held = |node: usize| self.world.nodes[node].stores.memory(&self.hood);
        let others = (0..self.honest.len()).filter(|other| *other != node && self.honest[*other]);
        let elsewhere: BTreeSet<Vec<u8>> =
            others.filter_map(held).flat_map(checks::entries).collect();
        let rows = held(node).into_iter().flat_map(|rows| rows.table(Table::Entries));
        let keys: Vec<Vec<u8>> = rows
            .filter(|(key, _)| key.get(40..).is_some_and(|hash| elsewhere.contains(hash)))
            .map(|(key, _)| key.clone())
            .collect();
        let at = self.draw(u32::try_from(keys.len()).unwrap_or(0)) as usize;
        let Some(key) = keys.get(at).cloned() else { return Ok(()) };
        self.note(format!("node {node} finds an entry of {} damaged", keys.len()));
        let device = self.world.nodes[node].engine.me().keys.id();
        self.copied.insert(device);
        if !self.damaged.insert(device) {
            self.worn.insert(device);
        }
        // Whoever has it keeps it.
        self.copies.clear();
        let hood = self.hood;
        let lost = self.world.lose(node, &hood, key);
        self.watch.forget(node);
        lost.map_err(|error| format!("node {node}: {error}"))
    }

    fn clone_of(&mut self, node: usize) -> Result<(), String> {
        if self.world.nodes.len() >= 7 {
            return Ok(());
        }
        let noticed = self.draw(2) == 0;
        self.copied.insert(self.world.nodes[node].engine.me().keys.id());
        let it = &self.world.nodes[node];
        let (me, mut copy) = (it.engine.me().clone(), it.stores.clone());
        copy.full = false;
        let store = noticed.then(|| self.world.store_id());
        let twin = self.world.add_device(me, "twin");
        self.world.nodes[twin].stores = copy;
        self.world.load(twin, store);
        self.honest.push(self.honest[node]);
        self.group.push(self.group[node]);
        self.note(format!("node {twin} is a clone of {node}, noticed {noticed}"));
        Ok(())
    }

    fn odd(&mut self) -> Result<(), String> {
        let Some(node) = self.honest.iter().position(|honest| !honest) else { return Ok(()) };
        if !self.is_in(node) {
            return Ok(());
        }
        let hood = self.hood;
        if let Some(odd) = hostile::odd_entry(&mut self.world, node, &hood) {
            self.note(odd.line);
            if let Some(member) = odd.removes {
                self.close(node, member, None);
            }
        }
        Ok(())
    }
}
