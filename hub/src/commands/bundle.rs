//! `bundle`.

use super::{On, Outcome};
use crate::args::Bundle;
use crate::backend::Backend;
use crate::errors::{Kind, Result};

pub(super) async fn bundle<B: Backend>(on: On<'_, B>, verb: Bundle) -> Result<Outcome> {
    let progress = on.context.progress();
    match verb {
        Bundle::Export(it) => {
            let file = on.context.path(&it.file);
            Ok(on.node.bundle_export(on.scope, file, progress).await?.into())
        }
        Bundle::Import(it) => {
            let file = on.context.path(&it.file);
            let done = on.node.bundle_import(on.scope, file, progress).await?;
            let partial = !done.refused.is_empty();
            Ok(Outcome::from(done).partial_if(partial, Kind::Invalid))
        }
    }
}
