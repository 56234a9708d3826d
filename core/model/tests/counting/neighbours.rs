//! A few neighbours with several devices, the journal entry by entry, and copies that
//! take it in whatever order.

use std::collections::{BTreeMap, BTreeSet};

use palier_model::booking::{BookingRow, Bookings, Holder, Mode, Status, Terms};
use palier_model::engine::LinkProgress;
use palier_model::journal::{Entries, Entry, Logs, RefusalCode, Run};
use palier_model::keys::{BookingId, DocId, EntryHash, HoodHash, MemberId};
use palier_model::listing::{ListingContent, ListingEdit, ListingKind, ListingRow, Listings};
use palier_model::replica::{ActError, Deciding, Me, NewRequest, Replica};
use palier_model::rows::{MemoryRows, Rows, Table, TableKind, Tx};
use palier_model::sim::World;
use palier_model::time::{Instant, Interval};
use rand_core::Rng;

pub const EVERYTHING: usize = 1 << 20;

/// Some devices in one neighbourhood that the first of them founded.
pub struct Neighbours {
    pub world: World,
    pub hood: HoodHash,
}

impl Neighbours {
    /// So many people with one device each; the first founds, all have met.
    pub fn new(seed: u64, people: usize) -> Self {
        let mut world = World::new(seed);
        for name in ["Anna", "Bo", "Cy", "Di"].into_iter().take(people) {
            world.add_person(name);
        }
        let hood = world.found(0, "Les Érables").unwrap();
        for guest in 1..people {
            world.join(0, guest, &hood).unwrap();
        }
        let mut it = Self { world, hood };
        it.meet_all();
        it
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.world.rng.next_u64() % n.max(1) as u64) as usize
    }

    pub fn member(&self, node: usize) -> MemberId {
        self.world.nodes[node].engine.me().member
    }

    pub fn me(&self, node: usize) -> Me {
        self.world.nodes[node].engine.me().clone()
    }

    /// Links a second device; gives its number.
    pub fn link(&mut self, of: usize) -> usize {
        let phone = self.world.add_person("phone");
        let secret = self.world.nodes[of].engine.offer_link(&mut self.world.rng);
        self.world.nodes[phone].engine.accept_link(secret);
        self.world.connect(phone, of);
        assert!(self.world.run_until_quiescent(20_000));
        let code = match self.world.nodes[of].engine.link_progress() {
            Some(LinkProgress::Comparing(code)) => code,
            other => panic!("{other:?}"),
        };
        for node in [phone, of] {
            let now = self.world.now(node);
            let it = &mut self.world.nodes[node];
            it.engine.confirm_link(&code, now, &mut it.stores, &mut self.world.rng).unwrap();
            self.world.pump(node);
        }
        assert!(self.world.run_until_quiescent(20_000));
        self.meet(phone, of);
        self.meet_all();
        phone
    }

    /// Two devices meet, exchange all they may, and part.
    pub fn meet(&mut self, a: usize, b: usize) {
        self.world.connect(a, b);
        self.world.run_until_quiescent(30_000);
        self.world.disconnect(a, b);
    }

    /// Everybody meets the founder, twice: what the last one brought reaches the first.
    pub fn meet_all(&mut self) {
        for _ in 0..2 {
            for node in 1..self.world.nodes.len() {
                self.meet(0, node);
            }
        }
    }

    pub fn rows(&self, node: usize) -> &MemoryRows {
        self.world.nodes[node].stores.memory(&self.hood).unwrap()
    }

    pub fn do_act<R>(
        &mut self,
        node: usize,
        act: impl FnOnce(
            &mut Replica,
            &mut Tx<'_>,
            Instant,
            &mut rand_chacha::ChaCha20Rng,
        ) -> Result<(R, palier_model::projection::Changes), ActError>,
    ) -> Result<R, ActError> {
        let hood = self.hood;
        self.world.act(node, &hood, |replica, tx, now, rng| act(replica, tx, now.claimed, rng))
    }

    pub fn publish(&mut self, node: usize, title: &str, mode: Mode) -> DocId {
        self.publish_with(node, title, mode, None, None)
    }

    pub fn as_holder(&mut self, node: usize) -> Holder {
        let hood = self.hood;
        self.world.read(node, &hood, |replica, _, _| Ok(replica.as_holder())).unwrap()
    }

    fn publish_with(
        &mut self,
        node: usize,
        title: &str,
        mode: Mode,
        by: Option<Holder>,
        in_for: Option<MemberId>,
    ) -> DocId {
        let published = self.do_act(node, |replica, tx, now, rng| {
            let draft = ListingContent::new(ListingKind::Parking, title);
            let terms = Terms { mode, ..Terms::default() };
            let holder = by.unwrap_or(replica.as_holder());
            let deciders = by.map(|by| by.member).into_iter().chain(in_for).collect();
            replica.publish(tx, now, rng, draft, Some(Deciding { holder, deciders, terms }))
        });
        published.unwrap()
    }

    /// A place that another's device decides on.
    pub fn publish_held(&mut self, node: usize, title: &str, holder: Holder) -> DocId {
        self.publish_with(node, title, Mode::ByRequest, Some(holder), None)
    }

    /// A place whose owner's device decides by itself, and another may stand in.
    pub fn publish_instant_with(&mut self, node: usize, title: &str, in_for: MemberId) -> DocId {
        self.publish_with(node, title, Mode::Instant, None, Some(in_for))
    }

    /// What a device can read of a deal.
    pub fn deal(&self, node: usize, booking: &BookingId) -> Option<BookingRow> {
        Tx::new(self.rows(node)).row::<Bookings>(booking).unwrap()
    }

    pub fn status(&mut self, node: usize, booking: &BookingId) -> Status {
        let hood = self.hood;
        let read = self
            .world
            .read(node, &hood, |replica, tx, now| replica.booking(tx, booking, now.claimed));
        read.unwrap().status
    }

    pub fn rename(&mut self, node: usize, listing: DocId, title: &str) -> Result<(), ActError> {
        self.do_act(node, |replica, tx, now, _| {
            let edit = ListingEdit { title: Some(title.into()), ..ListingEdit::default() };
            Ok(((), replica.edit_listing(tx, now, &listing, &edit)?))
        })
    }

    pub fn request(
        &mut self,
        node: usize,
        listing: DocId,
        hour: i64,
    ) -> Result<BookingId, ActError> {
        self.do_act(node, |replica, tx, now, rng| {
            let start = Instant(now.0 - now.0 % Instant::DAY_MS + 3 * Instant::DAY_MS)
                .plus_ms(hour * 3_600_000);
            let interval = Interval { start, end: Some(start.plus_ms(3_600_000)) };
            let note = String::new();
            let new = NewRequest {
                listing,
                interval,
                quantity: 1,
                waitlist: true,
                note,
                accepts: Default::default(),
            };
            replica.request(tx, now, rng, new)
        })
    }

    pub fn revoke(&mut self, by: usize, device: usize) -> Result<(), ActError> {
        let device = self.me(device).keys.id();
        self.do_act(by, |replica, tx, now, rng| {
            Ok(((), replica.revoke_device(tx, now, rng, device)?))
        })
    }

    pub fn remove(&mut self, by: usize, whom: usize) -> Result<(), ActError> {
        let member = self.member(whom);
        self.do_act(by, |replica, tx, now, _| Ok(((), replica.remove(tx, now, member)?)))
    }

    pub fn listing(&self, node: usize, id: &DocId) -> Option<ListingRow> {
        Tx::new(self.rows(node)).row::<Listings>(id).unwrap()
    }

    pub fn title(&self, node: usize, id: &DocId) -> Option<String> {
        Some(self.listing(node, id)?.content.title)
    }

    /// What a device wrote itself, entry by entry.
    pub fn written_by(&self, node: usize) -> Vec<Entry> {
        let device = self.me(node).keys.id();
        let tx = Tx::new(self.rows(node));
        let mut entries = Vec::new();
        for (key, row) in tx.rows_with_prefix::<Logs>(&[], EVERYTHING).unwrap() {
            if row.start.device == device {
                let own = tx.rows_with_prefix::<Entries>(&key, EVERYTHING).unwrap();
                entries.extend(own.into_iter().map(|(_, entry)| entry));
            }
        }
        entries
    }

    /// What all devices wrote, entry by entry.
    pub fn written(&self) -> Vec<Entry> {
        (0..self.world.nodes.len()).flat_map(|node| self.written_by(node)).collect()
    }

    /// Carries what one device wrote to another, without a session between them.
    pub fn carry(&mut self, from: usize, to: usize) {
        let mut entries = self.written_by(from);
        let hood = self.hood;
        while !entries.is_empty() {
            let before = entries.len();
            let runs: Vec<Run> = runs_of(&entries);
            let taken = self.world.act(to, &hood, |replica, tx, _, _| {
                let taken = replica.take(tx, &runs)?;
                Ok((taken.verdicts, taken.changes))
            });
            let verdicts = taken.unwrap();
            let waits =
                |code| matches!(code, Some(RefusalCode::UnknownAuthor | RefusalCode::Chain));
            let mut verdicts = verdicts.iter().map(|it| waits(it.refused.map(|no| no.code)));
            entries.retain(|_| verdicts.next().unwrap());
            if entries.len() == before {
                break;
            }
        }
    }

    /// An empty-handed copy of a device as it was, to take entries in some order.
    pub fn copy_of(&self, node: usize, rows: MemoryRows) -> Copy {
        Copy { rows, me: self.me(node), left_out: BTreeSet::new(), taken_up_again: 0 }
    }
}

fn runs_of(entries: &[Entry]) -> Vec<Run> {
    entries.iter().map(|entry| Run { entries: vec![entry.clone()] }).collect()
}

/// A device's rows, apart from any world.
pub struct Copy {
    pub rows: MemoryRows,
    pub me: Me,
    left_out: BTreeSet<Vec<u8>>,
    /// Entries that were left out of their document and came back.
    pub taken_up_again: usize,
}

impl Copy {
    /// Takes entries in; gives those that wait for others.
    pub fn take(&mut self, entries: &[Entry]) -> Vec<Entry> {
        let mut replica = Replica::load(&self.rows, &self.me).unwrap().unwrap();
        let mut tx = Tx::new(&self.rows);
        let taken = replica.take(&mut tx, &runs_of(entries)).unwrap();
        let writes = tx.into_writes();
        self.rows.commit(writes);
        self.note_left_out();
        let verdicts = taken.verdicts.iter().zip(entries);
        let waits = verdicts.filter(|(verdict, _)| {
            let code = verdict.refused.map(|refusal| refusal.code);
            matches!(code, Some(RefusalCode::UnknownAuthor | RefusalCode::Chain))
        });
        waits.map(|(_, entry)| entry.clone()).collect()
    }

    /// Takes all, in this order and by so many at a time, again and again until nothing
    /// waits any more; `look` is called after each part.
    pub fn take_all(&mut self, mut entries: Vec<Entry>, part: usize, mut look: impl FnMut(&Self)) {
        while !entries.is_empty() {
            let before = entries.len();
            let mut waiting = Vec::new();
            for some in entries.chunks(part) {
                waiting.extend(self.take(some));
                look(self);
            }
            entries = waiting;
            assert!(entries.len() < before, "{before} entries wait for ever");
        }
    }

    fn note_left_out(&mut self) {
        let now = left_out(&self.rows);
        self.taken_up_again += self.left_out.difference(&now).count();
        self.left_out = now;
    }

    /// How many entries are left out of their documents.
    pub fn left_out(&self) -> usize {
        self.left_out.len()
    }

    /// Every row that follows from entries.
    pub fn derived(&self) -> BTreeMap<(Table, Vec<u8>), Vec<u8>> {
        derived(&self.rows)
    }

    /// The same, all read anew.
    pub fn rebuilt(&self) -> BTreeMap<(Table, Vec<u8>), Vec<u8>> {
        let mut replica = Replica::load(&self.rows, &self.me).unwrap().unwrap();
        let mut tx = Tx::new(&self.rows);
        replica.rebuild(&mut tx).unwrap();
        derived(&tx)
    }
}

/// Marks of entries that do not count, beside the documents: a row whose key is longer
/// than a document's, and which says so first.
fn left_out(rows: &MemoryRows) -> BTreeSet<Vec<u8>> {
    use palier_model::journal::edited::{Passed, PassedEntries};
    let tx = Tx::new(rows);
    let keys = rows.table(Table::Objects).map(|(key, _)| key.clone());
    keys.filter(|key| key.len() == 64)
        .filter(|key| {
            let document = DocId::from_slice(&key[..32]).unwrap();
            let entry = EntryHash::from_slice(&key[32..]).unwrap();
            let row = tx.row::<PassedEntries>(&(document, entry)).unwrap();
            row.is_some_and(|row| row.why == Passed::LeftOut)
        })
        .collect()
}

fn derived(rows: &dyn Rows) -> BTreeMap<(Table, Vec<u8>), Vec<u8>> {
    let open = Table::ALL.iter().copied().filter(|table| table.kind() == TableKind::Open);
    let mut all = BTreeMap::new();
    for table in open.chain([
        Table::Bookings,
        Table::Services,
        Table::DealTags,
        Table::Receipts,
        Table::Pending,
        Table::Waiting,
    ]) {
        for (key, row) in rows.scan(table, &[], &[], false, EVERYTHING).unwrap() {
            all.insert((table, key), row);
        }
    }
    all
}
