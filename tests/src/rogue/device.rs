//! A device of a home in the hands of somebody who writes and says with it what no honest
//! program would.

use ed25519_dalek::SigningKey;
use palier_model::engine::{Engine, Event, Now, Output, Stores};
use palier_model::journal::{EntryPlaces, Position, Run, position, since};
use palier_model::keys::{EntryHash, HoodHash, LogId};
use palier_model::listing::{ListingContent, ListingEdit, ListingKind};
use palier_model::projection::Changes;
use palier_model::rows::Tx;
use palier_model::sync::frame::NewsItem;
use palier_model::sync::reconcile::{Reconciler, Snapshot};
use palier_model::sync::{
    Credential, Interest, InvitationLink, JoinAnswer, JoinForm, MeetKey, Short,
};
use palier_model::time::Instant;
use palier_node::home::Home;
use palier_node::node::{Clock, HoodStores, Identity, SystemRng, system_rng};

use super::Talk;
use crate::Person;

/// Bytes of one listing's log, more than it has.
const LOG_BYTES: usize = 64 << 10;

/// The engine of a home, driven by hand.
pub struct Device {
    /// The engine.
    pub engine: Engine,
    /// Its stores.
    pub stores: HoodStores,
    clock: Clock,
    rng: SystemRng,
}

/// A listing that nobody was shown yet.
#[derive(Debug, Clone)]
pub struct Offer {
    /// The branch it is on, as announcements name it.
    pub item: NewsItem,
    /// Its only entries.
    pub run: Run,
    /// Where the writer's order stands with it.
    pub position: Position,
}

impl Device {
    /// Takes over a home that no process holds.
    ///
    /// # Panics
    /// Where it cannot be opened.
    pub fn of(person: &Person) -> Self {
        let home = Home::open(&person.home, &person.state).expect("the home");
        let (identity, keys) = Identity::load(&home.keystore()).expect("keys").expect("identity");
        let mut stores = HoodStores::new(home, Default::default());
        let mut engine = Engine::new(identity.me(&keys), identity.name.clone());
        for (hood, _) in stores.open_all() {
            engine.load(&hood, &mut stores, None).expect("a neighbourhood");
        }
        Self { engine, stores, clock: Clock::default(), rng: system_rng() }
    }

    /// Both clocks.
    pub fn now(&self) -> Now {
        Now { claimed: self.clock.claimed(), steady: self.clock.steady() }
    }

    /// The neighbourhood it is in.
    ///
    /// # Panics
    /// Where there is none.
    pub fn hood(&self) -> HoodHash {
        *self.engine.hoods().next().expect("a neighbourhood").0
    }

    /// The device's key.
    pub fn signing(&self) -> SigningKey {
        self.engine.me().keys.signing().clone()
    }

    /// What lets it in.
    ///
    /// # Panics
    /// Where it does not know the neighbourhood's id.
    pub fn credential(&self) -> Credential {
        let id = self.engine.replica(&self.hood()).and_then(|replica| replica.hood().id);
        Credential {
            key: MeetKey::Hood(id.expect("a member knows the id")),
            member: self.engine.me().member,
            certificate: Vec::new(),
            expect: None,
        }
    }

    /// Writes a listing and tells nobody.
    ///
    /// # Panics
    /// Where it cannot be written.
    pub fn offer(&mut self, title: &str) -> Offer {
        let (hood, now) = (self.hood(), self.now());
        let before = self.position().n;
        let mut content = ListingContent::new(ListingKind::Tool, title.to_owned());
        content.expires_at = Some(now.claimed.plus_ms(30 * Instant::DAY_MS));
        let rng = &mut self.rng;
        self.engine
            .act(&hood, now, &mut self.stores, |replica, tx| {
                replica.publish(tx, now.claimed, rng, content, None)
            })
            .expect("published");
        let position = self.position();
        self.read(|tx| {
            let new: Vec<(u64, EntryHash)> = since(tx, before, 16).expect("rows");
            let (_, hash) = new.last().expect("an entry");
            let place = tx.row::<EntryPlaces>(hash).expect("rows").expect("its place");
            let log: LogId = place.log;
            let mut runs = Run::collect(tx, &log, &[], LOG_BYTES).expect("rows");
            let item = NewsItem { log: Short::of(&log.0), seq: place.seq, tip: Short::of(&hash.0) };
            Offer { item, run: runs.remove(0), position }
        })
    }

    /// Writes entries as fast as it can and tells nobody: listings, or edits of a few.
    ///
    /// # Panics
    /// Where they cannot be written.
    pub fn flood(&mut self, count: usize, at_once: usize, edits: bool) {
        let (hood, now) = (self.hood(), self.now());
        let mut written = 0;
        while written < count {
            let rng = &mut self.rng;
            let many = at_once.min(count - written);
            self.engine
                .act(&hood, now, &mut self.stores, |replica, tx| {
                    let mut all = Changes::default();
                    let mut last = None;
                    for n in 0..many {
                        let title = format!("Flood {}", written + n);
                        match last {
                            Some(id) if edits => {
                                let edit = ListingEdit { title: Some(title), ..Default::default() };
                                replica.edit_listing(tx, now.claimed, &id, &edit)?;
                            }
                            _ => {
                                let mut content = ListingContent::new(ListingKind::Tool, title);
                                content.expires_at =
                                    Some(now.claimed.plus_ms(30 * Instant::DAY_MS));
                                let (id, changes) =
                                    replica.publish(tx, now.claimed, rng, content, None)?;
                                all = changes;
                                last = Some(id);
                            }
                        }
                    }
                    Ok(((), all))
                })
                .expect("written");
            written += many;
        }
    }

    /// How far its order of acceptance goes.
    pub fn position(&self) -> Position {
        self.read(|tx| position(tx).expect("rows"))
    }

    /// The first message of a comparison of all it holds.
    pub fn first_comparison(&self) -> Vec<u8> {
        self.read(|tx| {
            let snapshot = Snapshot::take(tx, &Interest::full()).expect("rows");
            Reconciler::new(snapshot).start().expect("a message")
        })
    }

    fn read<T>(&self, read: impl FnOnce(&Tx<'_>) -> T) -> T {
        read(&Tx::new(self.stores.rows(&self.hood()).expect("rows")))
    }

    /// Gets ready to join by an invitation.
    ///
    /// # Panics
    /// Where the link is none.
    pub fn bear(&mut self, link: &str) {
        let link = InvitationLink::from_text(link).expect("a link");
        let form =
            JoinForm { name: "Rogue".into(), home: "Nowhere".into(), languages: vec!["fr".into()] };
        let now = self.now();
        self.engine
            .prepare_join(&link, form, now, &mut self.stores, &mut self.rng)
            .expect("prepared");
    }

    /// Speaks as its engine does, until it joined, or until the link is over.
    pub async fn join(&mut self, talk: &mut Talk) -> Option<JoinAnswer> {
        let now = self.now();
        let (role, peers) = (talk.role(), talk.peers());
        let stream = self.engine.open_stream(role, peers, now, &mut self.stores, &mut self.rng);
        let mut joined = None;
        loop {
            while let Some(output) = self.engine.poll_output() {
                match output {
                    Output::Send { bytes, .. } => talk.say_bytes(bytes).await,
                    Output::Event(Event::JoinAnswered { answer, .. }) => joined = Some(answer),
                    Output::Close { .. } => return joined,
                    Output::Event(_) => {}
                }
            }
            let Some(bytes) = talk.hear().await else {
                self.engine.drop_stream(stream);
                while self.engine.poll_output().is_some() {}
                return joined;
            };
            let now = self.now();
            self.engine.handle_frame(stream, &bytes, now, &mut self.stores, &mut self.rng);
        }
    }
}
