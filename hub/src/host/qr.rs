//! Signed words on a hand-over or a return: shown, and checked.

use palier_model::booking::StepKind;
use palier_model::booking::lifecycle::Proof;
use palier_model::keys::BookingId;
use palier_model::replica::proof_error;

use super::Opened;
use super::bookings::title_of;
use crate::answer::{QrChecked, QrShown, QrStep, When};
use crate::backend::Scope;
use crate::errors::Result;

impl Opened {
    pub(super) async fn show_qr(
        &self,
        scope: &Scope,
        id: BookingId,
        step: StepKind,
    ) -> Result<QrShown> {
        let hood = self.hood_of(scope).await?;
        let zone = self.zone_of(hood).await?;
        let proof =
            self.look(hood, move |replica, tx, now| replica.show_proof(tx, now, &id, step)).await?;
        Ok(QrShown {
            code: proof.to_text(),
            booking: proof.booking.into(),
            step: shown(proof.kind),
            expires: When::new(proof.expires(), &zone),
        })
    }

    pub(super) async fn verify_qr(
        &self,
        scope: &Scope,
        code: String,
        booking: Option<BookingId>,
        step: Option<StepKind>,
    ) -> Result<QrChecked> {
        let hood = self.hood_of(scope).await?;
        let zone = self.zone_of(hood).await?;
        let (proof, title) = self
            .look(hood, move |replica, tx, now| {
                let proof = Proof::from_text(&code).map_err(proof_error)?;
                replica.check_proof(tx, &proof, booking.as_ref(), step, now)?;
                let title = title_of(tx, &proof.listing)?;
                Ok((proof, title))
            })
            .await?;
        Ok(QrChecked {
            valid: true,
            booking: proof.booking.into(),
            step: shown(proof.kind),
            holder: proof.member.into(),
            resource: proof.listing.into(),
            title,
            at: When::new(proof.at, &zone),
        })
    }
}

fn shown(kind: StepKind) -> QrStep {
    if kind == StepKind::RETURN { QrStep::Return } else { QrStep::Handover }
}
