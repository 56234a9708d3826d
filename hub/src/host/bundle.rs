//! Bundles: out to a file, in from a file.

use std::path::PathBuf;

use palier_model::journal::BUNDLE_BYTES;

use super::{Opened, errors, read_file, write_file};
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
        let made =
            self.node.call(move |host| host.export_bundle(&hood)).await.map_err(errors::of_node)?;
        write_file(&file, &made.bytes)?;
        let left = self.node.call(move |host| host.bundle_left(&hood, made.up_to)).await;
        left.map_err(errors::of_node)?;
        Ok(BundleExported {
            file: file.display().to_string(),
            entries: made.entries,
            bytes: made.bytes.len() as u64,
            saved: true,
        })
    }

    pub(super) async fn import_bundle(
        &self,
        file: PathBuf,
        progress: OnProgress,
    ) -> Result<BundleImported> {
        progress(Progress { stage: Stage::Bundling, done: 0, total: None });
        let bytes =
            read_file(&file, BUNDLE_BYTES)?.ok_or_else(|| CliError::new("invalid.bundle"))?;
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
