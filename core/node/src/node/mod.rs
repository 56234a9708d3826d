//! One node: the model wired to store and net.
//!
//! [`Node`] is a handle; everything it is made of lives on one thread (`host`), so no lock
//! is held across anything, and dropping a future of a call never leaves half an act.

mod addresses;
mod bundles;
mod clock;
mod config;
mod doctor;
mod entropy;
mod error;
mod event;
mod hoods;
mod host;
mod identity;
mod inbox;
mod mend;
mod network;
mod peers;
mod photos;
mod reach;
mod searches;
mod stores;
mod transport;
mod turns;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use palier_model::engine::Engine;
use palier_model::keys::{HoodHash, Keystore};
use palier_model::projection::Changes;
use palier_model::replica::{ActError, ErrorKind, Replica};
use palier_model::rows::Tx;
use palier_model::sync::StoreId;
use palier_model::time::Instant;
use tokio::runtime::Builder;
use tokio::sync::{broadcast, mpsc, oneshot};

pub use bundles::{Exported, Imported};
pub use clock::Clock;
pub use config::{NetworkConfig, NodeConfig};
pub use doctor::Report;
pub use entropy::{SystemRng, system_rng};
pub use error::NodeError;
pub use event::NodeEvent;
pub use host::Host;
pub use identity::{Identity, NewIdentity};
use inbox::{Call, Inbox, Input};
pub use peers::MetPeer;
pub use stores::HoodStores;

use crate::home::{Home, Opening};
use mend::Ailing;

/// Calls that wait for the host.
const CALLS: usize = 64;
/// What the network brings and waits for the host.
const INPUTS: usize = 512;
/// Events a slow listener may lag behind before it misses some.
const EVENTS: usize = 4_096;

/// An open home. Clones speak to the same; it is closed by [`Node::shutdown`].
#[derive(Clone)]
pub struct Node {
    calls: mpsc::Sender<Call>,
    events: broadcast::Sender<NodeEvent>,
    /// What happened until somebody listens: kept for the first who does.
    early: Arc<Mutex<Option<broadcast::Receiver<NodeEvent>>>>,
    clock: Arc<Clock>,
    /// Whether this handle claims another time than the node.
    claims: bool,
}

impl Node {
    /// Makes a home for a new person. The words are in the answer and nowhere else.
    pub fn init(dir: &Path, state: &Path, name: &str) -> Result<NewIdentity, NodeError> {
        let name = name.trim();
        let content = palier_model::listing::ProfileContent::new(name);
        content.check().map_err(|_| NodeError::act(ErrorKind::Invalid, "invalid.name"))?;
        let home = Home::create(dir, state)?;
        let new = Identity::create(name);
        keep_identity(&home, &new.identity, &new.keys)?;
        Ok(new)
    }

    /// Makes a home for a person who has a phrase.
    pub fn init_from_phrase(
        dir: &Path,
        state: &Path,
        phrase: &palier_model::keys::Phrase,
        name: &str,
    ) -> Result<Identity, NodeError> {
        let home = Home::create(dir, state)?;
        let (identity, keys) = Identity::of_phrase(phrase, name);
        Identity::keep_recovery(phrase, Clock::default().claimed(), &home.keystore())?;
        keep_identity(&home, &identity, &keys)?;
        Ok(identity)
    }

    /// Gives the words again to a home of the person they belong to, so that one more
    /// neighbourhood can be come back to; `home.already` where it is someone else's.
    pub fn recover_again(
        dir: &Path,
        state: &Path,
        phrase: &palier_model::keys::Phrase,
    ) -> Result<Identity, NodeError> {
        let home = Home::open(dir, state)?;
        let keystore = home.keystore();
        let (identity, _) = Identity::load(&keystore)?.ok_or(NodeError::NoIdentity)?;
        if identity.member != phrase.member_key().id() {
            return Err(NodeError::act(ErrorKind::Conflict, "home.already"));
        }
        Identity::keep_recovery(phrase, Clock::default().claimed(), &keystore)?;
        Ok(identity)
    }

    /// Opens a home. Sockets, if it may have any, are opened before this returns.
    pub async fn open(config: NodeConfig) -> Result<Self, NodeError> {
        let (calls, called) = mpsc::channel(CALLS);
        let (inputs, queue) = mpsc::channel(INPUTS);
        let (events, early) = broadcast::channel(EVENTS);
        let (ready, opened) = oneshot::channel();
        let network = config.network.clone();
        let clock = Arc::new(Clock::default());
        if let Some(now) = config.now {
            clock.set(now);
        }
        let node = Self {
            calls,
            events: events.clone(),
            early: Arc::new(Mutex::new(Some(early))),
            clock: clock.clone(),
            claims: false,
        };
        let spawned = thread::Builder::new().name("palier-host".into()).spawn(move || {
            let Ok(runtime) = Builder::new_current_thread().enable_all().build() else { return };
            runtime.block_on(async move {
                match open_host(config, clock, inputs, events) {
                    Ok(host) => {
                        let _ = ready.send(Ok(()));
                        host.run(called, queue).await;
                    }
                    Err(error) => {
                        let _ = ready.send(Err(error));
                    }
                }
            });
        });
        spawned.map_err(|_| NodeError::Closed)?;
        opened.await.map_err(|_| NodeError::Closed)??;
        if let Some(network) = network {
            node.connect(network).await?;
        }
        Ok(node)
    }

    /// Opens the sockets of a node that has none.
    pub async fn connect(&self, network: NetworkConfig) -> Result<(), NodeError> {
        let (reply, answer) = oneshot::channel();
        self.send(Call::Connect(Box::new(network), reply)).await?;
        answer.await.map_err(|_| NodeError::Closed)?
    }

    /// Keeps links with whoever these addresses name.
    pub async fn keep(&self, addrs: Vec<String>) -> Result<(), NodeError> {
        let (reply, answer) = oneshot::channel();
        self.send(Call::Keep(addrs, reply)).await?;
        answer.await.map_err(|_| NodeError::Closed)?
    }

    /// Where this node can be found.
    pub async fn addresses(&self) -> Result<Vec<String>, NodeError> {
        let (reply, answer) = oneshot::channel();
        self.send(Call::Addresses(reply)).await?;
        answer.await.map_err(|_| NodeError::Closed)
    }

    /// Runs a job on the host's thread.
    pub async fn call<R: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Host) -> Result<R, NodeError> + Send + 'static,
    ) -> Result<R, NodeError> {
        let (reply, answer) = oneshot::channel();
        let claimed = self.claims.then(|| Arc::clone(&self.clock));
        let job = Box::new(move |host: &mut Host| {
            let done = match claimed {
                None => job(host),
                Some(clock) => {
                    let own = std::mem::replace(&mut host.clock, clock);
                    let done = job(host);
                    host.clock = own;
                    done
                }
            };
            let _ = reply.send(done);
        });
        self.send(Call::Job(job)).await?;
        answer.await.map_err(|_| NodeError::Closed)?
    }

    /// Does an act in a neighbourhood; returns when it is on disk.
    pub async fn act<R: Send + 'static>(
        &self,
        hood: HoodHash,
        act: impl FnOnce(
            &mut Replica,
            &mut Tx<'_>,
            Instant,
            &mut SystemRng,
        ) -> Result<(R, Changes), ActError>
        + Send
        + 'static,
    ) -> Result<R, NodeError> {
        self.call(move |host| host.act(&hood, act)).await
    }

    /// Reads a neighbourhood.
    pub async fn read<R: Send + 'static>(
        &self,
        hood: HoodHash,
        read: impl FnOnce(&mut Replica, &Tx<'_>, Instant) -> Result<R, ActError> + Send + 'static,
    ) -> Result<R, NodeError> {
        self.call(move |host| host.read(&hood, read)).await
    }

    async fn send(&self, call: Call) -> Result<(), NodeError> {
        self.calls.send(call).await.map_err(|_| NodeError::Closed)
    }

    /// What happens from now on; whoever asks first also hears what happened since the
    /// node was opened, as far as the queue reaches back: a session can be over before its
    /// opener had time to listen.
    pub fn subscribe(&self) -> broadcast::Receiver<NodeEvent> {
        let early = self.early.lock().unwrap_or_else(PoisonError::into_inner).take();
        early.unwrap_or_else(|| self.events.subscribe())
    }

    /// A handle whose acts claim that it is `now`; the node's own time stays as it is.
    pub fn claiming(&self, now: Instant) -> Self {
        Self { clock: Arc::new(self.clock.claiming(now)), claims: true, ..self.clone() }
    }

    /// The clocks.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Closes everything in order: when this returns, no lock, socket or timer is left.
    /// May be called again.
    pub async fn shutdown(&self) {
        let (reply, done) = oneshot::channel();
        if self.send(Call::Stop(reply)).await.is_ok() {
            let _ = done.await;
        }
    }
}

/// Keeps an identity, then makes the store, whose presence says that the home is whole.
fn keep_identity(
    home: &Home,
    identity: &Identity,
    keys: &palier_model::keys::DeviceKeys,
) -> Result<(), NodeError> {
    identity.store(keys, &home.keystore())?;
    let (mut store, _) = home.open_store(Default::default())?;
    let mut tx = Tx::new(store.rows());
    tx.put_raw(palier_model::rows::Table::Settings, b"home".to_vec(), vec![1]);
    let writes = tx.into_writes();
    store.commit(writes)?;
    Ok(())
}

fn open_host(
    config: NodeConfig,
    clock: Arc<Clock>,
    inputs: mpsc::Sender<Input>,
    events: broadcast::Sender<NodeEvent>,
) -> Result<Host, NodeError> {
    let home = Home::open(&config.dir, &config.state)?;
    let files = home.keystore();
    let keystore: &dyn Keystore = match &config.keystore {
        Some(keystore) => keystore.as_ref(),
        None => &files,
    };
    let (identity, keys) = Identity::load(keystore)?.ok_or(NodeError::NoIdentity)?;
    let mut stores = HoodStores::new(home, config.store.clone());
    let mut engine = Engine::new(identity.me(&keys), identity.name.clone());
    if let Some(secret) = Identity::load_recovery(clock.claimed(), keystore)? {
        engine.set_recovery(secret);
    }
    for (hood, opening) in stores.open_all() {
        load(&mut engine, &mut stores, &hood, opening, clock.claimed())?;
    }
    Ok(Host {
        engine,
        stores,
        clock,
        identity,
        events,
        inputs,
        inbox: Inbox::default(),
        network: None,
        rng: system_rng(),
        ailing: Ailing::default(),
        looks_out: false,
    })
}

/// Loads a neighbourhood; one whose rows are damaged is mended first.
fn load(
    engine: &mut Engine,
    stores: &mut HoodStores,
    hood: &HoodHash,
    opening: Result<Opening, NodeError>,
    now: Instant,
) -> Result<(), NodeError> {
    let me = engine.me().clone();
    let opening = match opening {
        Err(error) if error.is_damage() => {
            tracing::error!(%error, "a damaged store is mended");
            let salvage = stores.salvage(hood, now)?;
            mend::mend(stores, hood, &me, now, Some(salvage))?;
            Opening::Same
        }
        opening => opening?,
    };
    if stores.get(hood).is_some_and(mend::is_half_mended) {
        mend::mend(stores, hood, &me, now, None)?;
    }
    let copied = (opening == Opening::RestoredOrCloned).then(fresh_store_id);
    let loaded = match engine.load(hood, stores, copied).map_err(NodeError::from) {
        Err(error) if error.is_damage() => {
            tracing::error!(%error, "damaged rows are set aside");
            mend::mend(stores, hood, &me, now, None)?;
            engine.load(hood, stores, copied)?
        }
        loaded => loaded?,
    };
    if !loaded {
        tracing::warn!("a folder of a neighbourhood that was never set up");
    }
    Ok(())
}

/// A fresh store id.
pub fn fresh_store_id() -> StoreId {
    use rand_core::Rng;
    let mut id = [0; 16];
    system_rng().fill_bytes(&mut id);
    StoreId(id)
}
