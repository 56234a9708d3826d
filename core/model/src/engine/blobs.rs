//! Blobs: fetched on demand, in chunks that are each checked, from whoever has them.

use super::{Engine, Now, Stores};
use crate::keys::{BlobId, HoodHash};
use crate::rows::Tx;
use crate::sync::SessionId;
use crate::sync::blob::{self, Blobs};

impl Engine {
    /// Asks a neighbour for a blob; it goes on where an earlier transfer stopped. False
    /// where that session cannot take one more.
    pub fn fetch_blob(
        &mut self,
        id: SessionId,
        blob: BlobId,
        now: Now,
        stores: &dyn Stores,
    ) -> bool {
        let Some(hood) = self.sessions.get(&id).and_then(|live| live.hood) else { return false };
        let Some(rows) = stores.rows(&hood) else { return false };
        let mut tx = Tx::new(rows);
        if let Some(known) = self.hoods.get(&hood) {
            tx.absorb(known.deferred.clone());
        }
        let held = match tx.row::<Blobs>(&blob) {
            Ok(row) => row.map_or(0, |row| row.held),
            Err(_) => return false,
        };
        drop(tx);
        let asked = self.with_session(id, now, stores, |session, context| {
            session.fetch_blob(blob, held, context)
        });
        asked.unwrap_or(false)
    }

    /// Keeps a chunk that a session checked.
    pub(super) fn blob_chunk(
        &mut self,
        hood: &HoodHash,
        id: &BlobId,
        (size, chunks): (u32, &[[u8; 32]]),
        (index, bytes): (u8, &[u8]),
        now: Now,
        stores: &mut dyn Stores,
    ) {
        let Some(rows) = stores.rows(hood) else { return };
        let mut tx = Tx::new(rows);
        if let Some(known) = self.hoods.get(hood) {
            tx.absorb(known.deferred.clone());
        }
        match blob::put_chunk(&mut tx, id, size, chunks, index, bytes) {
            Ok(_) => {
                let writes = tx.into_writes();
                self.defer(hood, now, writes);
                // A chunk is 64 KiB: kept at once, so that a cut costs at most one.
                self.flush(hood, stores);
            }
            Err(error) => tracing::warn!(%error, "a chunk was not kept"),
        }
    }
}
