//! Photos of listings as blobs.

use palier_model::keys::{BlobId, DocId, HoodHash};
use palier_model::listing::{ListingEdit, Photo};
use palier_model::replica::ActError;
use palier_model::sync::blob;

use super::{Host, Node, NodeError};
use crate::photo::Prepared;

impl Host {
    /// Keeps a prepared photo and shows it with a listing of one's own.
    pub fn add_photo(
        &mut self,
        hood: &HoodHash,
        listing: &DocId,
        photo: &Prepared,
    ) -> Result<BlobId, NodeError> {
        self.act(hood, |replica, tx, now, _| {
            let row = replica.own_listing(tx, listing)?;
            let id = blob::put(tx, &photo.bytes).map_err(|_| ActError::invalid("invalid.photo"))?;
            let mut photos = row.content.photos;
            photos.retain(|known| known.blob != id);
            photos.push(Photo {
                blob: id,
                alt: String::new(),
                size_bytes: u32::try_from(photo.bytes.len()).unwrap_or(u32::MAX),
                width: photo.width,
                height: photo.height,
            });
            let edit = ListingEdit { photos: Some(photos), ..Default::default() };
            let changes = replica.edit_listing(tx, now, listing, &edit)?;
            Ok((id, changes))
        })
    }

    /// A photo, if all of it is here.
    pub fn photo(&mut self, hood: &HoodHash, id: &BlobId) -> Result<Option<Vec<u8>>, NodeError> {
        self.read(hood, |_, tx, _| Ok(blob::read(tx, id)?))
    }

    /// Asks whoever is met for a photo; false where nobody is.
    pub fn fetch_photo(&mut self, hood: &HoodHash, id: BlobId) -> bool {
        let now = self.now();
        let peers = self.engine.peers();
        let mut asked = false;
        for peer in peers.iter().filter(|peer| peer.hood == *hood) {
            asked |= self.engine.fetch_blob(peer.session, id, now, &self.stores);
            if asked {
                break;
            }
        }
        asked
    }
}

impl Node {
    /// A photo, fetched from a neighbour if it must be, within a time.
    pub async fn photo(
        &self,
        hood: HoodHash,
        id: BlobId,
        within: std::time::Duration,
    ) -> Result<Vec<u8>, NodeError> {
        let begun = std::time::Instant::now();
        let mut asked_at: Option<std::time::Instant> = None;
        loop {
            if let Some(bytes) = self.call(move |host| host.photo(&hood, &id)).await? {
                return Ok(bytes);
            }
            if begun.elapsed() >= within {
                return Err(ActError::not_found("photo.not_found").into());
            }
            let due = asked_at.is_none_or(|at| at.elapsed() >= std::time::Duration::from_secs(2));
            if due && self.call(move |host| Ok(host.fetch_photo(&hood, id))).await? {
                asked_at = Some(std::time::Instant::now());
            }
            tokio::time::sleep(std::time::Duration::from_millis(30)).await;
        }
    }
}
