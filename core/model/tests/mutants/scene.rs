//! Three neighbours: the one who is attacked, an honest one, and the one who attacks.

use palier_model::booking::{Care, Mode, Terms};
use palier_model::journal::{entry, log_row, since, verify_entry};
use palier_model::keys::{BookingId, DocId, HoodHash};
use palier_model::listing::{ListingContent, ListingEdit, ListingKind, Listings, ProfileEdit};
use palier_model::projection::{Changes, keyring_of};
use palier_model::replica::{Deciding, NewInvitation, NewRequest, Replica};
use palier_model::rows::{Rows, Table, TableKind, Tx};
use palier_model::seal::EpochKey;
use palier_model::sim::{SimStores, World};
use palier_model::sync::InvitationLink;
use palier_model::time::{Instant, Interval};

pub(crate) const VICTIM: usize = 0;
pub(crate) const FRIEND: usize = 1;
pub(crate) const MALLORY: usize = 2;

pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) hood: HoodHash,
    pub(crate) invitation: InvitationLink,
    listing: DocId,
    copies: Vec<SimStores>,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let mut world = World::new(1);
        for name in ["Anna", "Bo", "Mallory"] {
            world.add_person(name);
        }
        let hood = world.found(VICTIM, "Les Érables").expect("founded");
        for guest in [FRIEND, MALLORY] {
            world.join(VICTIM, guest, &hood).expect("joined");
        }
        world.connect(FRIEND, VICTIM);
        world.connect(MALLORY, VICTIM);
        assert!(world.run_until_quiescent(60_000));
        let mut listings = Vec::new();
        for node in [VICTIM, FRIEND, MALLORY] {
            listings.push(publish(&mut world, node, &hood, "Place"));
            let profile = ProfileEdit { name: Some("Moi".into()), ..ProfileEdit::default() };
            let edited = world.act(node, &hood, |replica, tx, now, _| {
                Ok(((), replica.edit_profile(tx, now.claimed, &profile)?))
            });
            edited.expect("profile");
        }
        assert!(world.run_until_quiescent(60_000));
        let listing = listings[VICTIM];
        for (node, of) in [(FRIEND, VICTIM), (MALLORY, VICTIM), (VICTIM, MALLORY)] {
            let booking = request(&mut world, node, &hood, listings[of], node as i64);
            assert!(world.run_until_quiescent(60_000));
            accept(&mut world, of, &hood, booking);
        }
        let invitation = world.act(VICTIM, &hood, |replica, tx, now, rng| {
            let new = NewInvitation {
                approval: true,
                uses: 100,
                good_for_ms: Instant::DAY_MS,
                roles: Default::default(),
            };
            let link = replica.invite(tx, now.claimed, rng, new, Vec::new())?;
            Ok((link, Changes::default()))
        });
        let invitation = invitation.expect("invited");
        assert!(world.run_until_quiescent(60_000));
        world.disconnect(FRIEND, VICTIM);
        world.disconnect(MALLORY, VICTIM);
        let copies = world.nodes.iter().map(|node| node.stores.clone()).collect();
        Self { world, hood, invitation, listing, copies }
    }

    /// All as it was before the attack.
    pub(crate) fn reset(&mut self) {
        for (node, copy) in self.copies.iter().enumerate() {
            self.world.nodes[node].stores = copy.clone();
            self.world.restart(node);
            self.world.nodes[node].events.clear();
        }
    }

    /// The epoch under which a device's member is written to.
    pub(crate) fn epoch(&self, node: usize) -> EpochKey {
        let it = &self.world.nodes[node];
        let tx = Tx::new(it.stores.memory(&self.hood).expect("rows"));
        let authority = it.engine.replica(&self.hood).expect("a member").authority();
        let ring = keyring_of(&tx, authority, &it.engine.me().member).expect("rows");
        ring.for_writing().expect("an epoch").public
    }

    /// Honest acts still work, arrive, and are read again as they were read.
    pub(crate) fn check(&mut self, round: u64) {
        let Self { world, hood, listing, .. } = self;
        let (hood, listing) = (*hood, *listing);
        world.connect(FRIEND, VICTIM);
        assert!(world.run_until_quiescent(120_000), "never quiet");
        let booking = request(world, FRIEND, &hood, listing, 10);
        assert!(world.run_until_quiescent(60_000));
        accept(world, VICTIM, &hood, booking);
        let title = format!("Place {round}");
        let new = publish(world, VICTIM, &hood, &title);
        let edit = ListingEdit { title: Some(title.clone()), ..ListingEdit::default() };
        let edited = world.act(VICTIM, &hood, |replica, tx, now, _| {
            Ok(((), replica.edit_listing(tx, now.claimed, &listing, &edit)?))
        });
        edited.expect("an honest edit");
        assert!(world.run_until_quiescent(120_000), "never quiet");
        for id in [listing, new] {
            let row = world.read(FRIEND, &hood, |_, tx, _| Ok(tx.row::<Listings>(&id)?));
            let row = row.expect("readable").expect("arrived");
            assert_eq!(row.content.title, title);
        }
        for node in [VICTIM, FRIEND] {
            let view = world
                .read(node, &hood, |replica, tx, now| replica.booking(tx, &booking, now.claimed));
            let view = view.expect("readable");
            assert_eq!(format!("{:?}", view.status), "Confirmed");
        }
        self.same();
        self.signed();
        self.rebuilt();
    }

    /// No entry is held whose signature is not its author's.
    fn signed(&self) {
        let tx = Tx::new(self.world.nodes[VICTIM].stores.memory(&self.hood).expect("rows"));
        for (_, hash) in since(&tx, 0, 1 << 20).expect("rows") {
            let it = entry(&tx, &hash).expect("rows").expect("held");
            let Some(signature) = &it.signature else { continue };
            let row = log_row(&tx, &it.header.log_id()).expect("rows").expect("held");
            let checked = verify_entry(&hash, signature, &row.start.device);
            assert!(checked.is_ok(), "a bad signature is held");
        }
    }

    /// Both honest devices hold the same entries and open rows.
    fn same(&self) {
        let rows = |node: usize| self.world.nodes[node].stores.memory(&self.hood).expect("rows");
        let keys = |node| rows(node).table(Table::EntryPlaces).map(|(key, _)| key);
        assert!(keys(VICTIM).eq(keys(FRIEND)), "other entries are held");
        for table in Table::ALL.iter().filter(|table| table.kind() == TableKind::Open) {
            let (a, b) = (rows(VICTIM).table(*table), rows(FRIEND).table(*table));
            assert!(a.eq(b), "{} differs", table.name());
        }
    }

    fn rebuilt(&self) {
        let it = &self.world.nodes[VICTIM];
        let rows = it.stores.memory(&self.hood).expect("rows");
        let loaded = Replica::load(rows, it.engine.me()).expect("readable");
        let mut replica = loaded.expect("set up");
        let mut tx = Tx::new(rows);
        replica.rebuild(&mut tx).expect("rebuilt");
        let open = Table::ALL.iter().copied().filter(|table| table.kind() == TableKind::Open);
        for table in open.chain([
            Table::Bookings,
            Table::Services,
            Table::DealTags,
            Table::Receipts,
            Table::SealedRecords,
        ]) {
            let read = |rows: &dyn Rows| rows.scan(table, &[], &[], false, 1 << 20).expect("rows");
            assert_eq!(read(rows), read(&tx), "{} is rebuilt otherwise", table.name());
        }
    }
}

fn publish(world: &mut World, node: usize, hood: &HoodHash, title: &str) -> DocId {
    let published = world.act(node, hood, |replica, tx, now, rng| {
        let draft = ListingContent::new(ListingKind::Parking, title);
        let terms = Terms { mode: Mode::ByRequest, capacity: 2, ..Terms::default() };
        let holder = replica.as_holder();
        let deciding = Deciding { holder, deciders: Default::default(), terms };
        replica.publish(tx, now.claimed, rng, draft, Some(deciding))
    });
    published.expect("an honest listing")
}

fn request(world: &mut World, node: usize, hood: &HoodHash, of: DocId, day: i64) -> BookingId {
    let start = Instant(1_795_521_600_000).plus_ms((20 + day) * Instant::DAY_MS);
    let interval = Interval { start, end: Some(start.plus_ms(3_600_000)) };
    let note = "merci".to_owned();
    let new = NewRequest {
        listing: of,
        interval,
        quantity: 1,
        waitlist: false,
        note,
        accepts: Default::default(),
    };
    let asked =
        world.act(node, hood, |replica, tx, now, rng| replica.request(tx, now.claimed, rng, new));
    asked.expect("an honest request")
}

fn accept(world: &mut World, node: usize, hood: &HoodHash, booking: BookingId) {
    let accepted = world.act(node, hood, |replica, tx, now, _| {
        Ok(((), replica.accept(tx, now.claimed, &booking, Care::CalendarOnly)?))
    });
    accepted.expect("an honest decision");
}
