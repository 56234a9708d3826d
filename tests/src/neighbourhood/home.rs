//! The founder's home on disk, as if its node had written it.

use std::path::Path;

use palier_model::engine::Stores;
use palier_model::rows::{Table, Tx, Writes};
use palier_node::home::Home;
use palier_node::node::{HoodStores, Identity};

use super::{Neighbourhood, Outcome};

impl Neighbourhood {
    /// Writes the founder's home.
    pub fn write_home(&self, dir: &Path, state: &Path) -> Outcome<()> {
        self.write_home_with(dir, state, Writes::new())
    }

    /// Writes the founder's home, and more rows into it.
    pub fn write_home_with(&self, dir: &Path, state: &Path, more: Writes) -> Outcome<()> {
        let home = Home::create(dir, state)?;
        let me = &self.founder.me;
        let identity = Identity {
            member: me.member,
            certificate: me.certificate,
            recovery: me.recovery,
            name: self.founder.name.clone(),
        };
        identity.store(&me.keys, &home.keystore())?;
        let (mut store, _) = home.open_store(Default::default())?;
        let mut tx = Tx::new(store.rows());
        tx.put_raw(Table::Settings, b"home".to_vec(), vec![1]);
        let writes = tx.into_writes();
        store.commit(writes)?;
        drop(store);
        let mut stores = HoodStores::new(home, Default::default());
        stores.create(&self.hash())?;
        let mut writes = Writes::new();
        for table in Table::ALL {
            let rows = self.rows().table(*table);
            writes.extend(rows.map(|(key, row)| ((*table, key.clone()), Some(row.clone()))));
        }
        stores.commit(&self.hash(), writes)?;
        stores.commit(&self.hash(), more)?;
        Ok(())
    }
}
