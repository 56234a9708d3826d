//! `status`, `sync`, `doctor`, `dump`.

use super::{On, Outcome};
use crate::answer::DumpEvent;
use crate::args;
use crate::backend::Backend;
use crate::errors::{CliError, Kind, Result};

pub(super) async fn status<B: Backend>(on: On<'_, B>) -> Result<Outcome> {
    let mut status = on.node.status(on.scope).await?;
    status.home = on.context.home.display().to_string();
    status.running = on.context.running;
    Ok(status.into())
}

pub(super) async fn sync<B: Backend>(on: On<'_, B>, it: args::Sync) -> Result<Outcome> {
    if on.scope.offline {
        return Err(CliError::new("net.offline"));
    }
    let peers = it.peer.into_iter().map(|address| address.0).collect();
    let progress = on.context.progress();
    let done = on.node.sync(on.scope, it.within.as_ms(), peers, progress).await?;
    if done.peers == 0 {
        return Err(CliError::new("net.unreachable"));
    }
    let partial = !done.complete;
    Ok(Outcome::from(done).partial_if(partial, Kind::TimedOut))
}

pub(super) async fn doctor<B: Backend>(on: On<'_, B>, it: args::Doctor) -> Result<Outcome> {
    Ok(on.node.doctor(it.rebuild, on.context.progress()).await?.into())
}

pub(super) async fn dump<B: Backend>(on: On<'_, B>) -> Result<Outcome> {
    let mut rows: u64 = 0;
    let mut last = None;
    loop {
        let part = on.node.open_rows(on.scope, last.as_ref()).await?;
        if part.is_empty() {
            break;
        }
        for row in &part {
            rows += 1;
            let event = DumpEvent::Row {
                table: row.table.clone(),
                key: row.key.clone(),
                value: row.value.clone(),
            };
            on.context.sink.line(&event).await?;
        }
        last = part.into_iter().next_back();
    }
    let open_digest = on.node.status(on.scope).await?.open_digest.unwrap_or_default();
    on.context.sink.line(&DumpEvent::End { rows, open_digest }).await?;
    Ok(Outcome { answer: None, exit: 0 })
}
