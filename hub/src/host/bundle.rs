//! Bundles: out to a file, in from a file.

use std::path::PathBuf;

use palier_model::journal::BUNDLE_BYTES;
use palier_node::home::write_atomically;

use super::{Opened, errors};
use crate::answer::{BundleExported, BundleImported, Refused};
use crate::backend::{OnProgress, Progress, Scope, Stage};
use crate::errors::{CliError, Result};

impl Opened {
    pub(super) async fn export_bundle(
        &self,
        scope: &Scope,
        file: PathBuf,
        progress: OnProgress,
    ) -> Result<BundleExported> {
        let hood = self.hood_of(scope).await?;
        progress(Progress { stage: Stage::Bundling, done: 0, total: None });
        let (bytes, entries) =
            self.node.call(move |host| host.export_bundle(&hood)).await.map_err(errors::of_node)?;
        write_atomically(&file, &bytes).map_err(|error| CliError::io(&error, &file))?;
        Ok(BundleExported {
            file: file.display().to_string(),
            entries,
            bytes: bytes.len() as u64,
            saved: true,
        })
    }

    pub(super) async fn import_bundle(
        &self,
        file: PathBuf,
        progress: OnProgress,
    ) -> Result<BundleImported> {
        let size = std::fs::metadata(&file).map_err(|error| CliError::io(&error, &file))?.len();
        if size > BUNDLE_BYTES as u64 {
            return Err(CliError::new("invalid.bundle"));
        }
        progress(Progress { stage: Stage::Bundling, done: 0, total: None });
        let bytes = std::fs::read(&file).map_err(|error| CliError::io(&error, &file))?;
        let imported = self
            .node
            .call(move |host| host.import_bundle(&bytes))
            .await
            .map_err(errors::of_node)?;
        let refused = imported.refused.into_iter();
        Ok(BundleImported {
            accepted: imported.accepted,
            refused: refused.map(|(code, n)| Refused { code: code.to_owned(), n }).collect(),
        })
    }
}
