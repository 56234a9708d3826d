//! `device`. (`device recover` makes a home and is not here.)

use super::{On, Outcome, resolve};
use crate::answer::List;
use crate::args::Device;
use crate::backend::{Backend, LinkStep};
use crate::errors::{CliError, Result};

pub(super) async fn device<B: Backend>(on: On<'_, B>, verb: Device) -> Result<Outcome> {
    Ok(match verb {
        Device::List => List::whole(on.node.devices(on.scope).await?).into(),
        // The two meet again after the codes were compared: somebody must stay up.
        Device::Link(_) if !on.context.running => return Err(CliError::new("device.needs_run")),
        Device::Link(it) => {
            let step = match (it.link, it.confirm) {
                (_, Some(code)) => LinkStep::Confirm(code),
                (Some(link), None) => LinkStep::Accept(link),
                (None, None) => LinkStep::Offer,
            };
            let progress = on.context.progress();
            on.node.device_link(on.scope, step, it.within.as_ms(), progress).await?.into()
        }
        Device::Revoke(it) => {
            let id = resolve::device(on.node, on.scope, &it.device).await?;
            on.node.device_revoke(on.scope, id).await?.into()
        }
        Device::Recover(_) => return Err(CliError::new("home.already")),
    })
}
