//! The stores of a home: one for each neighbourhood, each in a folder of its own.

use std::collections::BTreeMap;
use std::fs;

use palier_model::engine::{CommitError, Stores};
use palier_model::keys::HoodHash;
use palier_model::rows::{Rows, Writes};
use palier_model::time::Instant;

use super::NodeError;
use crate::home::{Home, Opening};
use crate::store::{Salvage, Store, StoreError, StoreOptions};

/// The folder that holds those of the neighbourhoods.
const FOLDER: &str = "hoods";

/// What is open.
pub struct HoodStores {
    // Before the home, whose lock falls with it: a store that is closed after somebody
    // else could open it reads as an old copy put back.
    stores: BTreeMap<HoodHash, Store>,
    options: StoreOptions,
    home: Home,
}

impl HoodStores {
    /// The stores of a home, none of them open yet.
    pub fn new(home: Home, options: StoreOptions) -> Self {
        Self { home, options, stores: BTreeMap::new() }
    }

    /// The home.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// Opens every store there is; gives each with whether it is a copy, or why it could
    /// not be opened.
    pub fn open_all(&mut self) -> Vec<(HoodHash, Result<Opening, NodeError>)> {
        let dir = self.home.dir().join(FOLDER);
        let mut opened = Vec::new();
        let Ok(entries) = fs::read_dir(&dir) else { return opened };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(hood) = name.to_str().and_then(|name| name.parse::<HoodHash>().ok()) else {
                continue;
            };
            opened.push((hood, self.open(&hood)));
        }
        opened.sort_unstable_by_key(|(hood, _)| *hood);
        opened
    }

    fn open(&mut self, hood: &HoodHash) -> Result<Opening, NodeError> {
        let folder = format!("{FOLDER}/{hood}");
        let (store, opening) = self.home.open_store_in(&folder, self.options.clone())?;
        self.stores.insert(*hood, store);
        Ok(opening)
    }

    /// Saves what is sound of a store whose file is damaged, into a new one.
    pub fn salvage(&mut self, hood: &HoodHash, now: Instant) -> Result<Salvage, NodeError> {
        // Closed first: nobody may have it open.
        self.stores.remove(hood);
        let folder = format!("{FOLDER}/{hood}");
        let salvage = self.home.salvage_in(&folder, &self.options, now)?;
        self.open(hood)?;
        Ok(salvage)
    }

    /// One store.
    pub fn get(&self, hood: &HoodHash) -> Option<&Store> {
        self.stores.get(hood)
    }

    /// One store, to be repaired or cared for.
    pub fn get_mut(&mut self, hood: &HoodHash) -> Option<&mut Store> {
        self.stores.get_mut(hood)
    }

    /// Does something during which all reads of a store share one transaction.
    pub fn holding<R>(&mut self, work: impl FnOnce(&mut Self) -> R) -> R {
        self.stores.values_mut().for_each(Store::hold);
        let done = work(self);
        self.stores.values_mut().for_each(Store::release);
        done
    }

    /// Every store.
    pub fn all_mut(&mut self) -> impl Iterator<Item = (&HoodHash, &mut Store)> {
        self.stores.iter_mut()
    }
}

/// A store's error as the engine sees it.
fn commit_error(error: StoreError) -> CommitError {
    match error {
        StoreError::StorageFull => CommitError::Full,
        other => CommitError::Failed(other.to_string()),
    }
}

impl Stores for HoodStores {
    fn rows(&self, hood: &HoodHash) -> Option<&dyn Rows> {
        self.stores.get(hood).map(Store::rows)
    }

    fn commit(&mut self, hood: &HoodHash, writes: Writes) -> Result<(), CommitError> {
        let store = self.stores.get_mut(hood);
        let store = store.ok_or_else(|| CommitError::Failed("not open".into()))?;
        store.commit(writes).map_err(commit_error)
    }

    fn create(&mut self, hood: &HoodHash) -> Result<(), CommitError> {
        if self.stores.contains_key(hood) {
            return Ok(());
        }
        match self.open(hood) {
            Ok(_) => Ok(()),
            Err(NodeError::Home(crate::home::HomeError::Store(error))) => Err(commit_error(error)),
            Err(error) => Err(CommitError::Failed(error.to_string())),
        }
    }
}
