//! Photos: in from a file, out to a file.

use std::path::PathBuf;
use std::time::Duration;

use palier_model::keys::{BlobId, DocId};
use palier_node::home::write_atomically;
use palier_node::photo::{self, Limits, PhotoError};

use super::{Opened, errors};
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
        let size = std::fs::metadata(&file).map_err(|error| CliError::io(&error, &file))?.len();
        let limits = Limits::default();
        if size > limits.input_bytes as u64 {
            let bytes = usize::try_from(size).unwrap_or(usize::MAX);
            return Err(invalid(PhotoError::TooLarge { bytes, limit: limits.input_bytes }));
        }
        let bytes = std::fs::read(&file).map_err(|error| CliError::io(&error, &file))?;
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
        write_atomically(&file, &bytes).map_err(|error| CliError::io(&error, &file))?;
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
