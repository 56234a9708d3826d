//! A neighbourhood of any size from a seed: real people with real keys, every entry
//! written, sealed, signed and taken in through the model's own doors.
//!
//! What all know lies in one set of rows; each person's own rows are laid over it, so that
//! five hundred replicas cost little more than one. The founder takes in everything in the
//! end: its rows are the neighbourhood's.

mod home;
mod person;
mod plan;
mod room;
mod words;

use palier_model::authority::build::{self, Newcomer};
use palier_model::authority::{Home, Inviters, Policy, Roles};
use palier_model::booking::{Care, Terms};
use palier_model::journal::{Descriptor, Owner, Run};
use palier_model::keys::{DocId, EntryHash, HoodHash};
use palier_model::listing::{Category, ListingContent, ListingEdit, ListingKind, ProfileEdit};
use palier_model::projection::{Changes, PlaceRecord};
use palier_model::replica::{Deciding, NewRequest, Replica};
use palier_model::rows::{MemoryRows, Tx, Writes};
use palier_model::time::{Instant, Interval};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use person::{Hood, Person};
pub use plan::Plan;
use words::{below, words};

/// What can go wrong while a neighbourhood is made.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// When the first act is: two years before 2026-11-24T12:00Z.
const BEGINS: Instant = Instant(1_795_521_600_000 - 730 * Instant::DAY_MS);
/// Listings are published in this many days, bookings made in the rest.
const PUBLISHING_DAYS: i64 = 80;
/// All of it.
const DAYS: i64 = 729;
/// Runs the founder takes in at once, as a session would.
const RUNS_AT_ONCE: usize = 512;
const HOUR_MS: i64 = 3_600_000;

/// A thing that can be asked for.
#[derive(Debug, Clone, Copy)]
struct Listing {
    id: DocId,
    owner: usize,
}

/// The neighbourhood.
pub struct Neighbourhood {
    rng: ChaCha20Rng,
    hood: Hood,
    founder: Person,
    founder_rows: MemoryRows,
    base: MemoryRows,
    /// All but the founder.
    people: Vec<Person>,
    listings: Vec<Listing>,
    now: Instant,
}

impl Neighbourhood {
    /// Makes it.
    pub fn make(plan: Plan) -> Outcome<Self> {
        let mut hood = Self::found(plan.seed)?;
        hood.admit(plan.members.saturating_sub(1))?;
        hood.publish(plan.listings)?;
        hood.book(plan.bookings)?;
        hood.gather()?;
        Ok(hood)
    }

    fn found(seed: u64) -> Outcome<Self> {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let me = person::new_me(&mut rng);
        let mut rows = MemoryRows::default();
        let mut tx = Tx::new(&rows);
        let place = PlaceRecord { at: BEGINS, name: "Îlot".into(), zone: "Europe/Paris".into() };
        let policy = Policy { inviters: Inviters::Members, approval: false };
        let store = person::store_id(&mut rng);
        let (replica, _) = Replica::found(&mut tx, &me, place, policy, store, &mut rng)?;
        let id = replica.hood_id().ok_or("a neighbourhood without an id")?;
        let root = replica.hood().root.ok_or("a neighbourhood without a root")?;
        let writes = tx.into_writes();
        rows.commit(writes);
        let founder = Person { me, name: "Founder".into(), replica, own: Writes::new() };
        Ok(Self {
            rng,
            hood: Hood { id, hash: id.hash(), root },
            founder,
            base: person::shared(&rows),
            founder_rows: rows,
            people: Vec::new(),
            listings: Vec::new(),
            now: BEGINS,
        })
    }

    /// Does something on the founder's rows and commits it.
    fn on_founder<R>(
        &mut self,
        act: impl FnOnce(&mut Replica, &mut Tx<'_>, &mut ChaCha20Rng) -> Outcome<R>,
    ) -> Outcome<R> {
        let mut tx = Tx::new(&self.founder_rows);
        let done = act(&mut self.founder.replica, &mut tx, &mut self.rng)?;
        let writes = tx.into_writes();
        self.founder_rows.commit(writes);
        Ok(done)
    }

    fn admit(&mut self, count: u32) -> Outcome<()> {
        let (hood, now) = (self.hood, self.now);
        for number in 0..count {
            let name = format!("Voisin {number}");
            let mut new = Person::new(&self.base, hood, name, now, &mut self.rng)?;
            let runs = new.on(&self.base, |replica, tx| replica.identity_runs(tx))?;
            let newcomer = Newcomer {
                member: new.me.member,
                entry0: EntryHash(runs.first().ok_or("no identity")?.entries[0].header.log_id().0),
                invitation: [0; 32],
                home: Home::default(),
                roles: Roles::default(),
            };
            self.on_founder(|replica, tx, _| {
                let draft = build::admit(now, hood.hash, newcomer);
                replica.write_draft(tx, draft, &mut Changes::default())?;
                replica.take(tx, &runs)?;
                Ok(())
            })?;
            self.people.push(new);
        }
        self.base = person::shared(&self.founder_rows);
        for person in &mut self.people {
            person.reload(&self.base)?;
            let edit = ProfileEdit { name: Some(person.name.clone()), ..ProfileEdit::default() };
            person.on(&self.base, |replica, tx| replica.edit_profile(tx, now, &edit))?;
        }
        Ok(())
    }

    fn publish(&mut self, count: u32) -> Outcome<()> {
        for number in 0..count {
            let part = i64::from(number) * PUBLISHING_DAYS * Instant::DAY_MS;
            self.now = BEGINS.plus_ms(HOUR_MS + part / i64::from(count));
            let owner = below(&mut self.rng, self.people.len() as u32) as usize;
            let mut draft = ListingContent::new(ListingKind::Tool, words(&mut self.rng, 4));
            draft.category = Category::Other;
            let length = 10 + below(&mut self.rng, 40);
            draft.text = words(&mut self.rng, length);
            draft.zone = words(&mut self.rng, 2);
            let (now, rng) = (self.now, &mut self.rng);
            let (id, _) = self.people[owner].on(&self.base, |replica, tx| {
                let deciding = Deciding {
                    holder: replica.as_holder(),
                    deciders: Default::default(),
                    terms: Terms::default(),
                };
                replica.publish(tx, now, rng, draft, Some(deciding))
            })?;
            self.listings.push(Listing { id, owner });
        }
        self.gather()
    }

    fn book(&mut self, count: u32) -> Outcome<()> {
        let span = (DAYS - PUBLISHING_DAYS - 10) * Instant::DAY_MS;
        for number in 0..count {
            let part = i64::from(number) * span / i64::from(count);
            self.now = BEGINS.plus_ms((PUBLISHING_DAYS + 10) * Instant::DAY_MS + part);
            let at = below(&mut self.rng, self.listings.len() as u32) as usize;
            let guest = below(&mut self.rng, self.people.len() as u32) as usize;
            let Some(listing) = self.listings.get(at).copied() else { return Ok(()) };
            if listing.owner != guest {
                self.deal(listing, guest)?;
            }
        }
        if count > 0 { self.gather() } else { Ok(()) }
    }

    /// One asks, the other accepts.
    fn deal(&mut self, listing: Listing, guest: usize) -> Outcome<()> {
        let now = self.now;
        let start = now.plus_ms((1 + i64::from(below(&mut self.rng, 24 * 30))) * HOUR_MS);
        let hours = 2 + i64::from(below(&mut self.rng, 46));
        let new = NewRequest {
            listing: listing.id,
            interval: Interval { start, end: Some(start.plus_ms(hours * HOUR_MS)) },
            quantity: 1,
            waitlist: false,
            note: words(&mut self.rng, 8),
            accepts: Default::default(),
        };
        let rng = &mut self.rng;
        let (booking, _) =
            self.people[guest].on(&self.base, |replica, tx| replica.request(tx, now, rng, new))?;
        let member = self.people[guest].me.member;
        let sealed = Descriptor::sealed(self.hood.hash, Owner::Member(member), now);
        let mut theirs = Tx::new(&self.base);
        theirs.absorb(std::mem::take(&mut self.people[listing.owner].own));
        let runs = self.people[guest].runs_of(&self.base, &sealed, &theirs);
        self.people[listing.owner].own = theirs.into_writes();
        let runs = runs?;
        self.people[listing.owner].on(&self.base, |replica, tx| -> Outcome<()> {
            replica.take(tx, &runs)?;
            // Taken for that time: it stays unanswered.
            let _ = replica.accept(tx, now, &booking, Care::CalendarOnly);
            Ok(())
        })
    }

    /// The founder takes in what everyone wrote, and everyone sees it.
    fn gather(&mut self) -> Outcome<()> {
        for number in 0..self.people.len() {
            let runs = {
                let theirs = Tx::new(&self.founder_rows);
                self.people[number].runs_beyond(&self.base, &theirs)?
            };
            for part in runs.chunks(RUNS_AT_ONCE) {
                self.take(part)?;
            }
        }
        self.base = person::shared(&self.founder_rows);
        self.people.iter_mut().for_each(Person::forget_shared);
        Ok(())
    }

    fn take(&mut self, runs: &[Run]) -> Outcome<()> {
        self.on_founder(|replica, tx, _| {
            let taken = replica.take(tx, runs)?;
            match taken.verdicts.iter().find_map(|verdict| verdict.refused) {
                Some(refusal) => Err(format!("an entry was refused: {refusal:?}").into()),
                None => Ok(()),
            }
        })
    }

    /// So many listings are changed by their owners; gives what they wrote. The founder
    /// has not seen it.
    pub fn change(&mut self, count: usize) -> Outcome<Vec<Run>> {
        self.now = self.now.plus_ms(HOUR_MS);
        let now = self.now;
        let mut runs = Vec::new();
        for listing in self.listings.clone().into_iter().take(count) {
            let title = words(&mut self.rng, 5);
            let edit = ListingEdit { title: Some(title), ..ListingEdit::default() };
            let owner = &mut self.people[listing.owner];
            owner
                .on(&self.base, |replica, tx| replica.edit_listing(tx, now, &listing.id, &edit))?;
            let theirs = Tx::new(&self.founder_rows);
            let descriptor = owner
                .on(&self.base, |_, tx| tx.row::<palier_model::journal::Documents>(&listing.id))?;
            let descriptor = descriptor.ok_or("a listing without a document")?.descriptor;
            runs.extend(owner.runs_of(&self.base, &descriptor, &theirs)?);
        }
        Ok(runs)
    }

    /// Its hash.
    pub fn hash(&self) -> HoodHash {
        self.hood.hash
    }

    /// The founder's rows: everything.
    pub fn rows(&self) -> &MemoryRows {
        &self.founder_rows
    }
}
