//! `qr`.

use palier_model::booking::StepKind;

use super::{On, Outcome, resolve};
use crate::args::{Qr, QrStepArg};
use crate::backend::Backend;
use crate::errors::Result;

pub(super) async fn qr<B: Backend>(on: On<'_, B>, verb: Qr) -> Result<Outcome> {
    match verb {
        Qr::Show(it) => {
            let id = resolve::booking(on.node, on.scope, &it.booking).await?;
            Ok(on.node.qr_show(on.scope, id, step(it.step)).await?.into())
        }
        Qr::Verify(it) => {
            let booking = match &it.booking {
                None => None,
                Some(given) => Some(resolve::booking(on.node, on.scope, given).await?),
            };
            let step = it.step.map(step);
            Ok(on.node.qr_verify(on.scope, it.code, booking, step).await?.into())
        }
    }
}

const fn step(step: QrStepArg) -> StepKind {
    match step {
        QrStepArg::Handover => StepKind::HAND_OVER,
        QrStepArg::Return => StepKind::RETURN,
    }
}
