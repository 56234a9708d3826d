//! Devices with stores and logs of their own, and a place that two of them decide on.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use palier_model::booking::{
    self, BookingFacts, BookingState, BookingStates, BookingView, Care, DecideError, DomainFacts,
    DomainId, DomainRecord, DomainView, Holder, Record, Request, Terms, Wanted, booking_id, inner,
};
use palier_model::journal::{
    self, Author, Class, Descriptor, Entry, LogStart, Owner, Ref, Right, Rights, Run, Tip, kind,
};
use palier_model::keys::{
    BookingId, DeviceId, DocId, EntryHash, HoodHash, HoodId, LogId, MemberId,
};
use palier_model::rows::{MemoryRows, RowsError, Table, Tx};
use palier_model::time::{Instant, Interval};

pub(crate) const HOUR: i64 = 3_600_000;
pub(crate) const DAY: i64 = 24 * HOUR;
pub(crate) const NOW: Instant = Instant(1_760_000_000_000);

pub(crate) struct Everyone(pub(crate) BTreeMap<MemberId, Vec<DeviceId>>);

impl Rights for Everyone {
    fn may_open(&self, _: &LogId, _: &LogStart) -> Right {
        Right::Granted
    }
    fn cap(&self, _: Class) -> u64 {
        10_000
    }
    fn closing(&self, _: &LogId, _: &LogStart) -> Option<Tip> {
        None
    }
}

impl BookingFacts for Everyone {
    fn certified_earlier(&self, _: &DeviceId, _: &DeviceId) -> bool {
        false
    }
    fn devices(&self, member: &MemberId) -> Vec<DeviceId> {
        self.0.get(member).cloned().unwrap_or_default()
    }
}

impl DomainFacts for Everyone {
    fn counts(&self, _: &Tx<'_>, _: &LogId, _: &Tip) -> Result<bool, RowsError> {
        Ok(true)
    }
}

pub(crate) struct Device {
    pub(crate) me: Holder,
    pub(crate) author: Author,
    pub(crate) rows: MemoryRows,
}

pub(crate) fn hood() -> HoodHash {
    HoodId([7; 32]).hash()
}

impl Device {
    pub(crate) fn new(member: MemberId, n: u8) -> Self {
        let signing = SigningKey::from_bytes(&[n; 32]);
        let device = DeviceId(signing.verifying_key().to_bytes());
        Self {
            me: Holder { member, device, incarnation: 0 },
            author: Author {
                device,
                signing,
                incarnation: 0,
                act: EntryHash([n; 32]),
                certificate: None,
            },
            rows: MemoryRows::default(),
        }
    }

    /// Writes a record into the own open document and projects it.
    pub(crate) fn write<R: Record>(&mut self, facts: &Everyone, record: &R) -> Ref {
        let mut tx = Tx::new(&self.rows);
        let descriptor = Descriptor::open(hood(), Owner::Member(self.me.member), NOW);
        let payload = record.to_payload().unwrap();
        let entry =
            journal::append(&mut tx, &self.author, &descriptor, R::KIND, |_| payload).unwrap();
        let domain = booking::project_open(&mut tx, facts, &entry, &self.me).unwrap();
        // A whole pass finds nothing to change.
        let short_way = tx.writes().clone();
        booking::recompute(&mut tx, facts, &domain).unwrap();
        assert_eq!(*tx.writes(), short_way);
        let at = Ref {
            document: descriptor.id(),
            log: entry.header.log_id(),
            seq: entry.header.seq,
            hash: entry.hash(),
        };
        let writes = tx.into_writes();
        self.rows.commit(writes);
        at
    }

    /// Takes in what `other` has.
    pub(crate) fn hear(&mut self, facts: &Everyone, other: &Self) {
        let theirs = Tx::new(&other.rows);
        let mut tx = Tx::new(&self.rows);
        for (key, _) in other.rows.table(Table::Logs) {
            let log = LogId::from_slice(key).unwrap();
            let have = journal::log_row(&tx, &log).unwrap().map(|row| row.tips);
            let start = journal::log_row(&theirs, &log).unwrap().unwrap().start;
            let have = have.unwrap_or_default();
            for run in Run::collect(&theirs, &log, &have, 1 << 20).unwrap() {
                let verdict = journal::accept(&mut tx, facts, &run).unwrap();
                assert!(verdict.refused.is_none(), "{verdict:?}");
                for hash in verdict.accepted {
                    let entry = journal::entry(&tx, &hash).unwrap().unwrap();
                    project(&mut tx, facts, &entry, &start);
                }
            }
        }
        let writes = tx.into_writes();
        self.rows.commit(writes);
    }

    pub(crate) fn domain(&self, domain: &DomainId) -> DomainView {
        DomainView::load(&Tx::new(&self.rows), domain).unwrap().unwrap()
    }

    pub(crate) fn accept(
        &mut self,
        facts: &Everyone,
        domain: &DomainId,
        wanted: &Wanted,
    ) -> Result<Ref, DecideError> {
        self.accept_at(facts, domain, wanted, NOW)
    }

    /// The same, claiming another time.
    pub(crate) fn accept_at(
        &mut self,
        facts: &Everyone,
        domain: &DomainId,
        wanted: &Wanted,
        at: Instant,
    ) -> Result<Ref, DecideError> {
        let view = self.domain(domain);
        let state = self.state(domain, &wanted.booking);
        let care = Care::CalendarOnly;
        let decision = booking::accept(&view, &self.me, wanted, &[], state.as_ref(), care, at)?;
        Ok(self.write(facts, &decision))
    }

    /// What became of a booking.
    pub(crate) fn state(&self, domain: &DomainId, booking: &BookingId) -> Option<BookingState> {
        Tx::new(&self.rows).row::<BookingStates>(&(*domain, *booking)).unwrap()
    }

    /// What the holder's device writes by itself.
    pub(crate) fn firm_up(&mut self, facts: &Everyone, domain: &DomainId) {
        let view = self.domain(domain);
        if let Some(decision) = booking::seen(&view, &self.me, NOW).unwrap() {
            self.write(facts, &decision);
        }
    }

    pub(crate) fn told(&mut self, kind: u16, payload: &[u8], entry: &Ref, by: &Holder) {
        let mut tx = Tx::new(&self.rows);
        booking::project_sealed(&mut tx, &Everyone(BTreeMap::new()), kind, payload, entry, by)
            .unwrap();
        let writes = tx.into_writes();
        self.rows.commit(writes);
    }

    pub(crate) fn view(&self, id: &BookingId) -> BookingView {
        let tx = Tx::new(&self.rows);
        booking::view(&tx, id, &self.me.member, &[], &AllNear, NOW).unwrap().unwrap()
    }

    /// Every row that follows from open records.
    pub(crate) fn open_rows(&self) -> Vec<(Table, Vec<u8>, Vec<u8>)> {
        let tables = [
            Table::Calendars,
            Table::Decisions,
            Table::CalendarSlots,
            Table::BookingStates,
            Table::Waitlists,
        ];
        let rows = |table| self.rows.table(table).map(move |(k, v)| (table, k.clone(), v.clone()));
        tables.into_iter().flat_map(rows).collect()
    }
}

pub(crate) fn project(tx: &mut Tx<'_>, facts: &Everyone, entry: &Entry, start: &LogStart) {
    if entry.header.kind == kind::LOG_START {
        return;
    }
    let Owner::Member(member) = start.descriptor.owner else { panic!("a member's log") };
    let author = Holder { member, device: start.device, incarnation: start.incarnation };
    booking::project_open(tx, facts, entry, &author).unwrap();
}

pub(crate) struct Place {
    pub(crate) facts: Everyone,
    pub(crate) owner: Device,
    pub(crate) hub: Device,
    pub(crate) domain: DomainId,
    pub(crate) listing: DocId,
}

/// A parking place of one owner; the hub holds it, the owner's phone stands in.
pub(crate) fn place() -> Place {
    let mut owner = Device::new(MemberId([1; 32]), 1);
    let hub = Device::new(MemberId([2; 32]), 2);
    let facts = Everyone(BTreeMap::from([
        (owner.me.member, vec![owner.me.device]),
        (hub.me.member, vec![hub.me.device]),
    ]));
    let listing = DocId([5; 32]);
    let record = DomainRecord::single(NOW, listing, Terms::default(), hub.me, vec![hub.me.member]);
    let domain = owner.write(&facts, &record).hash;
    let mut place = Place { facts, owner, hub, domain, listing };
    place.hub.hear(&place.facts, &place.owner);
    place
}

impl Place {
    pub(crate) fn meet(&mut self) {
        self.hub.hear(&self.facts, &self.owner);
        self.owner.hear(&self.facts, &self.hub);
    }

    pub(crate) fn wanted(&self, who: u8, day: i64) -> Wanted {
        let start = Instant(NOW.0 + day * DAY);
        Wanted {
            booking: booking_id(&MemberId([who; 32]), &[who; 32]),
            resource: self.listing,
            interval: Interval { start, end: Some(start.plus_ms(2 * HOUR)) },
            quantity: 1,
            footing: palier_model::booking::Footing::NEAREST,
        }
    }

    pub(crate) fn asked(&self, who: u8, wanted: &Wanted) -> Request {
        Request {
            at: NOW,
            booking: wanted.booking,
            random: [who; 32],
            listing: self.listing,
            domain: self.domain,
            interval: wanted.interval,
            quantity: 1,
            waitlist: true,
            note: String::new(),
            refs: vec![],
            series: None,
            accepted: None,
        }
    }

    /// A request of neighbour `who`, as both deciders read it.
    pub(crate) fn request(&mut self, who: u8, day: i64) -> Wanted {
        let wanted = self.wanted(who, day);
        let by =
            Holder { member: MemberId([who; 32]), device: DeviceId([who; 32]), incarnation: 0 };
        let request = self.asked(who, &wanted);
        let payload = request.to_payload().unwrap();
        for device in [&mut self.owner, &mut self.hub] {
            device.told(inner::REQUEST, &payload, &reference(who), &by);
        }
        wanted
    }
}

pub(crate) fn reference(n: u8) -> Ref {
    Ref { document: DocId([n; 32]), log: LogId([n; 32]), seq: 1, hash: EntryHash([n; 32]) }
}

/// Neighbours of whom all live next door and stay.
pub(crate) struct AllNear;

impl booking::Neighbours for AllNear {
    fn is_genuine(&self, _: &booking::lifecycle::Proof) -> bool {
        false
    }

    fn footing(&self, _: &MemberId, _: &MemberId) -> booking::Footing {
        booking::Footing::NEAREST
    }

    fn gone_since(&self, _: &MemberId) -> Option<Instant> {
        None
    }
}
