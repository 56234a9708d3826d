//! One device with all its neighbourhoods and sessions, still without a machine: frames,
//! time and acts in; frames, commits and events out. The node runs it on SQLite and
//! libp2p, the simulator on memory and a seeded network.
//!
//! Invariant: nothing is acknowledged, to a person or to a peer, before the host's
//! [`Stores::commit`] returned; where that failed, what is in memory is loaded anew.

mod blobs;
mod channels;
mod join;
mod linking;
mod output;
mod recovery;
mod serve;
mod sessions;
mod streams;

use std::collections::{BTreeMap, VecDeque};

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use channels::Stream;
pub use channels::StreamId;
pub use linking::{DeviceLink, LinkProgress};
pub use output::{CommitError, Event, Output, Stores};
pub use sessions::MetPeer;
use sessions::{Footing, Live};

use crate::journal::position;
use crate::keys::HoodHash;
use crate::projection::Changes;
use crate::replica::{ActError, ErrorKind, Me, Replica};
use crate::rows::{MemoryRows, RowsError, Tx, Writes};
use crate::sync::{CloseReason, FetchBook, SessionId, Stats, StoreId};
use crate::time::Instant;

/// Small writes that nobody waits for are kept back this long at most.
const DEFER_MS: i64 = 2_000;
/// Duties are looked at this long after something changed.
const DUTIES_MS: i64 = 50;
/// Duties that hang on the time alone are looked at this often.
const DUTIES_EVERY_MS: i64 = 20_000;

/// Both clocks at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// What records claim.
    pub claimed: Instant,
    /// Never goes back: what sessions go by.
    pub steady: Instant,
}

/// A neighbourhood as the engine holds it.
#[derive(Debug)]
struct Hood {
    replica: Replica,
    deferred: Writes,
    deferred_since: Option<Instant>,
    duties_at: Option<Instant>,
    /// Own acts up to this number have left the device.
    sent: u64,
    /// An application that waits is not asked after before this, by the steady clock.
    ask_again_at: Option<Instant>,
    /// How often it was asked after.
    asked: u32,
}

/// A device.
pub struct Engine {
    me: Me,
    name: String,
    hoods: BTreeMap<HoodHash, Hood>,
    fetches: BTreeMap<HoodHash, FetchBook>,
    no_fetches: FetchBook,
    no_rows: MemoryRows,
    streams: BTreeMap<StreamId, Stream>,
    next_stream: u64,
    sessions: BTreeMap<SessionId, Live>,
    next_session: u64,
    link: Option<DeviceLink>,
    /// What opens the key epochs of devices before this one, while it is at hand.
    recovery: Option<Zeroizing<[u8; 32]>>,
    /// Somebody may not know this device yet: its certificate is shown in meetings.
    shows_certificate: bool,
    outputs: VecDeque<Output>,
    /// What sessions that are over exchanged.
    exchanged: Stats,
}

impl Engine {
    /// A device in no neighbourhood yet.
    pub fn new(me: Me, name: String) -> Self {
        Self {
            me,
            name,
            hoods: BTreeMap::new(),
            fetches: BTreeMap::new(),
            no_fetches: FetchBook::default(),
            no_rows: MemoryRows::default(),
            streams: BTreeMap::new(),
            next_stream: 0,
            sessions: BTreeMap::new(),
            next_session: 0,
            link: None,
            recovery: None,
            shows_certificate: false,
            outputs: VecDeque::new(),
            exchanged: Stats::default(),
        }
    }

    /// Who this is.
    pub fn me(&self) -> &Me {
        &self.me
    }

    /// Loads a neighbourhood whose rows are there. `copied`: this store is an old copy put
    /// back or a clone, so the device begins its next incarnation, under this store id,
    /// before anything else is written.
    pub fn load(
        &mut self,
        hood: &HoodHash,
        stores: &mut dyn Stores,
        copied: Option<StoreId>,
    ) -> Result<bool, ActError> {
        let Some(rows) = stores.rows(hood) else { return Ok(false) };
        let Some(mut replica) = Replica::load(rows, &self.me)? else { return Ok(false) };
        if let Some(store) = copied {
            let mut tx = Tx::new(rows);
            replica.begin_incarnation(&mut tx, store);
            let writes = tx.into_writes();
            stores.commit(hood, writes).map_err(commit_error)?;
        }
        self.put(*hood, replica);
        Ok(true)
    }

    fn put(&mut self, hash: HoodHash, replica: Replica) {
        let hood = Hood {
            replica,
            deferred: Writes::new(),
            deferred_since: None,
            duties_at: Some(Instant(i64::MIN)),
            sent: 0,
            ask_again_at: None,
            asked: 0,
        };
        self.hoods.insert(hash, hood);
        self.fetches.entry(hash).or_default();
    }

    /// The neighbourhoods, in the order of their hashes.
    pub fn hoods(&self) -> impl Iterator<Item = (&HoodHash, &Replica)> {
        self.hoods.iter().map(|(hash, hood)| (hash, &hood.replica))
    }

    /// One neighbourhood.
    pub fn replica(&self, hood: &HoodHash) -> Option<&Replica> {
        self.hoods.get(hood).map(|hood| &hood.replica)
    }

    /// Reads one neighbourhood, open documents included.
    pub fn read<R>(
        &mut self,
        hood: &HoodHash,
        stores: &dyn Stores,
        read: impl FnOnce(&mut Replica, &Tx<'_>) -> Result<R, ActError>,
    ) -> Result<R, ActError> {
        let (Some(known), Some(rows)) = (self.hoods.get_mut(hood), stores.rows(hood)) else {
            return Err(ActError::not_found("hood.not_found"));
        };
        let mut tx = Tx::new(rows);
        tx.absorb(known.deferred.clone());
        read(&mut known.replica, &tx)
    }

    /// Does an act in one neighbourhood: stages it, commits it in one transaction, and
    /// only then returns. An act that fails leaves nothing behind.
    pub fn act<R>(
        &mut self,
        hood: &HoodHash,
        now: Now,
        stores: &mut dyn Stores,
        act: impl FnOnce(&mut Replica, &mut Tx<'_>) -> Result<(R, Changes), ActError>,
    ) -> Result<R, ActError> {
        let (Some(known), Some(rows)) = (self.hoods.get_mut(hood), stores.rows(hood)) else {
            return Err(ActError::not_found("hood.not_found"));
        };
        let mut tx = Tx::new(rows);
        tx.absorb(known.deferred.clone());
        let before = position(&tx)?.n;
        let done = act(&mut known.replica, &mut tx);
        let after = position(&tx)?;
        let writes = tx.into_writes();
        let result = match done {
            Ok((result, changes)) => match stores.commit(hood, writes) {
                Ok(()) => Ok((result, changes)),
                Err(error) => Err(commit_error(error)),
            },
            Err(error) => Err(error),
        };
        match result {
            Ok((result, changes)) => {
                self.committed(hood, now, stores, changes, before, after);
                Ok(result)
            }
            Err(error) => {
                self.reload(hood, stores);
                Err(error)
            }
        }
    }

    /// After a commit: deferred writes went along, sessions and screens are told.
    fn committed(
        &mut self,
        hood: &HoodHash,
        now: Now,
        stores: &dyn Stores,
        changes: Changes,
        before: u64,
        after: crate::journal::Position,
    ) {
        if let Some(known) = self.hoods.get_mut(hood) {
            known.deferred.clear();
            known.deferred_since = None;
            known.replica.note_changes(&changes);
            if after.n > before || !changes.is_empty() {
                let due = now.steady.plus_ms(DUTIES_MS);
                known.duties_at = Some(known.duties_at.map_or(due, |at| at.min(due)));
            }
        }
        if after.n > before {
            let entries = usize::try_from(after.n - before).unwrap_or(usize::MAX);
            self.event(Event::Accepted { hood: *hood, entries, position: after });
            let ids: Vec<SessionId> = self.sessions.keys().copied().collect();
            for id in ids {
                let Some(live) = self.sessions.get_mut(&id) else { continue };
                if live.hood == Some(*hood) {
                    let mut is_new = false;
                    if changes.authority
                        && let (Some(known), Some((member, device))) =
                            (self.hoods.get(hood), live.peer)
                    {
                        let before = live.footing;
                        let by_phrase = before == Footing::ByPhrase;
                        live.footing = match known.footing(&member, &device, by_phrase) {
                            // Whoever was known stays so.
                            Footing::Unknown if before != Footing::Unknown => Footing::Removed,
                            footing => footing,
                        };
                        live.session.hear_only(live.footing.is_heard_only(), now.steady);
                        is_new = before == Footing::Unknown && live.footing != before;
                    }
                    live.session.handle_local(now.steady);
                    if is_new {
                        self.say_met(id);
                    }
                }
            }
            if changes.authority {
                self.limit_heard();
                self.look_again(now);
            }
        }
        if !changes.is_empty() {
            self.event(Event::Changed { hood: *hood, changes: Box::new(changes) });
        }
        let _ = stores;
    }

    /// Forgets what is in memory of a neighbourhood and reads it anew: after its rows were
    /// repaired from outside. Its sessions end; the next begin where the rows are.
    pub fn reload_repaired(&mut self, hood: &HoodHash, stores: &dyn Stores) {
        if let Some(known) = self.hoods.get_mut(hood) {
            known.deferred.clear();
            known.deferred_since = None;
        }
        self.reload(hood, stores);
        let ids: Vec<SessionId> = self.sessions.keys().copied().collect();
        for id in ids {
            if self.sessions.get(&id).is_some_and(|live| live.hood == Some(*hood)) {
                self.close_session(id, CloseReason::Done);
            }
        }
    }

    /// Forgets what is in memory of a neighbourhood and reads it anew.
    fn reload(&mut self, hood: &HoodHash, stores: &dyn Stores) {
        let Some(rows) = stores.rows(hood) else { return };
        match Replica::load(rows, &self.me) {
            Ok(Some(replica)) => {
                if let Some(known) = self.hoods.get_mut(hood) {
                    known.replica = replica;
                }
            }
            // Never set up: the act that was to do so failed.
            Ok(None) => {
                self.hoods.remove(hood);
            }
            Err(error) => tracing::error!(%error, "a neighbourhood could not be read again"),
        }
    }

    /// Founds or prepares a neighbourhood: `make` stages its first rows.
    pub fn create(
        &mut self,
        hash: HoodHash,
        now: Now,
        stores: &mut dyn Stores,
        writes: Writes,
        replica: Replica,
        changes: Changes,
    ) -> Result<(), ActError> {
        stores.create(&hash).map_err(commit_error)?;
        stores.commit(&hash, writes).map_err(commit_error)?;
        self.put(hash, replica);
        self.look_again(now);
        let position = match stores.rows(&hash) {
            Some(rows) => position(&Tx::new(rows))?,
            None => Default::default(),
        };
        self.committed(&hash, now, stores, changes, 0, position);
        Ok(())
    }

    /// Keeps small writes for the next commit of the neighbourhood.
    fn defer(&mut self, hood: &HoodHash, now: Now, writes: Writes) {
        if let Some(known) = self.hoods.get_mut(hood) {
            known.deferred.extend(writes);
            known.deferred_since.get_or_insert(now.steady);
        }
    }

    /// Commits what was kept back.
    fn flush(&mut self, hood: &HoodHash, stores: &mut dyn Stores) {
        let Some(known) = self.hoods.get_mut(hood) else { return };
        known.deferred_since = None;
        let writes = std::mem::take(&mut known.deferred);
        if !writes.is_empty()
            && let Err(error) = stores.commit(hood, writes)
        {
            // Cursors and marks: without them the next session does a little more.
            tracing::warn!(%error, "marks of sessions were not kept");
        }
    }

    /// Commits everything that was kept back: before a stop.
    pub fn flush_all(&mut self, stores: &mut dyn Stores) {
        let hoods: Vec<_> = self.hoods.keys().copied().collect();
        for hood in hoods {
            self.flush(&hood, stores);
        }
    }

    /// Time has passed: sessions, duties, deferred writes.
    pub fn handle_timeout(&mut self, now: Now, stores: &mut dyn Stores, rng: &mut dyn CryptoRng) {
        self.time_out_sessions(now, stores, rng);
        self.look_over_streams(now, stores, rng);
        let hoods: Vec<_> = self.hoods.keys().copied().collect();
        for hash in hoods {
            let Some(hood) = self.hoods.get_mut(&hash) else { continue };
            if hood.duties_at.is_some_and(|at| at <= now.steady) {
                hood.duties_at = Some(now.steady.plus_ms(DUTIES_EVERY_MS));
                self.do_duties(&hash, now, stores, rng);
            }
            let since = self.hoods.get(&hash).and_then(|hood| hood.deferred_since);
            if since.is_some_and(|since| since.plus_ms(DEFER_MS) <= now.steady) {
                self.flush(&hash, stores);
            }
        }
    }

    /// When [`Self::handle_timeout`] is next to be called, by the steady clock.
    pub fn next_timeout(&self) -> Option<Instant> {
        let sessions = self.sessions.values().filter_map(|live| live.session.next_timeout());
        let hoods = self.hoods.values().flat_map(|hood| {
            [hood.duties_at, hood.deferred_since.map(|since| since.plus_ms(DEFER_MS))]
        });
        sessions.chain(hoods.flatten()).chain(self.next_look()).min()
    }

    fn do_duties(
        &mut self,
        hood: &HoodHash,
        now: Now,
        stores: &mut dyn Stores,
        rng: &mut dyn CryptoRng,
    ) {
        // Duties often lead to duties (an acceptance to its receipt): a few rounds at once.
        for _ in 0..4 {
            let due =
                self.read(hood, stores, |replica, tx| Ok(replica.has_duties(tx, now.claimed)?));
            match due {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    tracing::warn!(%error, "duties could not be looked at");
                    return;
                }
            }
            let done = self.act(hood, now, stores, |replica, tx| {
                let changes = replica.do_duties(tx, now.claimed, rng)?;
                Ok(((), changes))
            });
            if let Err(error) = done {
                tracing::warn!(%error, "a duty was not done");
                return;
            }
        }
    }

    /// The next thing the host is to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    /// How many documents were loaded from their rows since the engine was made.
    pub fn documents_opened(&self) -> u64 {
        self.hoods.values().map(|hood| hood.replica.documents_opened()).sum()
    }

    /// Own acts up to this number of the order of acceptance have left the device.
    pub fn sent_up_to(&self, hood: &HoodHash) -> u64 {
        self.hoods.get(hood).map_or(0, |hood| hood.sent)
    }
}

/// A commit that failed, as an act sees it.
pub(crate) fn commit_error(error: CommitError) -> ActError {
    match error {
        CommitError::Full => ActError::new(ErrorKind::Storage, "storage.full"),
        CommitError::Failed(_) => ActError::new(ErrorKind::Storage, "storage.failed"),
    }
}

/// Rows that could not be read, as a session ends for it.
fn store_reason(error: &RowsError) -> CloseReason {
    tracing::error!(%error, "rows could not be read");
    CloseReason::Store
}
