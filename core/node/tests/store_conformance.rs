//! SQLite answers every question as the rows in memory do.

use palier_model::rows::{Rows, Table, Writes, conformance};
use palier_node::store::{Store, StoreOptions};
use tempfile::TempDir;

struct OnDisk {
    dir: TempDir,
    store: Option<Store>,
}

impl OnDisk {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), StoreOptions::default()).unwrap();
        Self { dir, store: Some(store) }
    }
}

impl conformance::Store for OnDisk {
    fn rows(&self) -> &dyn Rows {
        self.store.as_ref().unwrap().rows()
    }

    fn commit(&mut self, writes: Writes) {
        self.store.as_mut().unwrap().commit(writes).unwrap();
    }

    fn reopen(&mut self) {
        self.store = None;
        self.store = Some(Store::open(self.dir.path(), StoreOptions::default()).unwrap());
    }
}

#[test]
fn rows_on_disk_conform() {
    conformance::check(OnDisk::new);
}

#[test]
fn a_reader_sees_one_moment_while_the_writer_writes() {
    let mut on_disk = OnDisk::new();
    let store = on_disk.store.as_mut().unwrap();
    let put = |store: &mut Store, row: &[u8]| {
        let key = b"key".to_vec();
        store.commit(Writes::from([((Table::Entries, key), Some(row.to_vec()))])).unwrap();
    };
    put(store, b"before");
    let reader = store.reader().unwrap();
    put(store, b"after");
    let readers = store.readers().clone();
    std::thread::spawn(move || {
        assert_eq!(reader.get(Table::Entries, b"key").unwrap(), Some(b"before".to_vec()));
        drop(reader);
        let later = readers.get().unwrap();
        assert_eq!(later.get(Table::Entries, b"key").unwrap(), Some(b"after".to_vec()));
    })
    .join()
    .unwrap();
}
