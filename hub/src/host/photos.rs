//! Photos: in from a file, out to a file.

use std::path::PathBuf;
use std::time::Duration;

use palier_model::keys::{BlobId, DocId};
use palier_node::photo::{self, Limits, PhotoError};

use super::{Opened, errors, read_file, write_file};
use crate::answer::{PhotoAdded, PhotoFile};
use crate::backend::Scope;
use crate::errors::{CliError, Result};

impl Opened {
    pub(super) async fn add_photo(
        &self,
        scope: &Scope,
        listing: DocId,
        file: PathBuf,
    ) -> Result<PhotoAdded> {
        let hood = self.hood_of(scope).await?;
        let limits = Limits::default();
        let limit = limits.input_bytes;
        let bytes = read_file(&file, limit)?.ok_or_else(|| {
            invalid(PhotoError::TooLarge { bytes: limit.saturating_add(1), limit })
        })?;
        let prepared = tokio::task::spawn_blocking(move || photo::prepare(&bytes, &limits))
            .await
            .map_err(CliError::internal)?
            .map_err(invalid)?;
        let size = prepared.bytes.len() as u64;
        let id = self
            .node
            .call(move |host| host.add_photo(&hood, &listing, &prepared))
            .await
            .map_err(errors::of_node)?;
        Ok(PhotoAdded { id: id.into(), listing: listing.into(), bytes: size, saved: true })
    }

    pub(super) async fn get_photo(
        &self,
        scope: &Scope,
        photo: BlobId,
        file: PathBuf,
        within_ms: i64,
    ) -> Result<PhotoFile> {
        let hood = self.hood_of(scope).await?;
        let within = Duration::from_millis(u64::try_from(within_ms).unwrap_or(0));
        let bytes = self.node.photo(hood, photo, within).await.map_err(errors::of_node)?;
        write_file(&file, &bytes)?;
        Ok(PhotoFile {
            id: photo.into(),
            file: file.display().to_string(),
            bytes: bytes.len() as u64,
        })
    }
}

fn invalid(error: PhotoError) -> CliError {
    CliError::new(error.code()).param("detail", error)
}
