//! From the hand-over to the return: what this member says of a booking that holds, and
//! the signed word that the other side, or anybody, can check.

use rand_core::CryptoRng;

use super::owning::readers;
use super::{ActError, Replica};
use crate::booking::lifecycle::{
    self, Life, Proof, ProofError, ProofFacts, Shown, Side, StepError,
};
use crate::booking::{
    self, BookingRow, BookingStates, DomainId, DomainView, OpenState, Reason, Request, Said, Step,
    StepKind,
};
use crate::keys::{BookingId, DeviceId, DocId, MemberId};
use crate::projection::Changes;
use crate::rows::Tx;
use crate::time::Instant;

/// What one side says of a booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStep {
    /// Of which one.
    pub booking: BookingId,
    /// What.
    pub kind: StepKind,
    /// Its condition, or another word to the other side.
    pub text: String,
    /// What the other side's device showed.
    pub proof: Option<Proof>,
}

/// A booking that holds, for one of its sides.
struct Party {
    row: BookingRow,
    request: Said<Request>,
    domain: DomainView,
    side: Side,
    life: Life,
}

impl Replica {
    /// Says something of a booking: handed over, returned, damaged, …
    ///
    /// What the owner's side says is back before its end, or was never come for, is free for
    /// others from then on.
    pub fn step(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        new: NewStep,
    ) -> Result<Changes, ActError> {
        self.check_member()?;
        let party = self.party(tx, &new.booking, now)?;
        let same: Vec<_> = party.row.steps.iter().filter(|it| it.record.kind == new.kind).collect();
        let side = |step: &Said<Step>| booking::side_of(&party.row, &party.domain, &step.by.member);
        let before = same.iter().any(|step| step.counts && side(step) == Some(party.side));
        lifecycle::may(&party.life, new.kind, party.side, before, now).map_err(step_error)?;
        // One more would be said and not kept.
        let own = self.me.keys.id();
        if same.iter().filter(|step| step.by.device == own).count() >= booking::SAME_BY_DEVICE {
            return Err(step_error(StepError::Said));
        }
        if let Some(proof) = &new.proof {
            self.check_proof(tx, proof, Some(&new.booking), Some(new.kind), now)?;
            let shown_by = booking::side_of(&party.row, &party.domain, &proof.member);
            if shown_by != Some(party.side.other()) {
                return Err(proof_error(ProofError::NotParty));
            }
        }
        let step = Step {
            at: now,
            booking: new.booking,
            kind: new.kind,
            text: new.text,
            proof: new.proof,
        };
        let mut all = readers(&party.domain);
        all.insert(party.request.by.member);
        let mut changes = Changes::default();
        self.write_deal(tx, now, rng, (&new.booking, &all), &step, &mut changes)?;
        let frees = match (party.side, new.kind) {
            (Side::Owner, StepKind::RETURN) => Some(Reason::ENDED_EARLY),
            (Side::Owner, StepKind::NO_SHOW) => Some(Reason::NO_SHOW),
            _ => None,
        };
        let is_over = party.life.interval.end.is_some_and(|end| end <= now);
        if let (Some(reason), false) = (frees, is_over) {
            let state = self.state_of(tx, &party.domain.id, &new.booking)?;
            let me = self.as_holder();
            let domain = &party.domain;
            let release = booking::release(domain, &me, new.booking, state.as_ref(), reason, now);
            // Whoever cannot decide now has said his word all the same.
            if let Ok(decision) = release {
                changes.merge(self.decide(tx, now, &decision)?);
            }
        }
        Ok(changes)
    }

    /// The signed word of this device on a hand-over or a return: what it shows as a QR code.
    pub fn show_proof(
        &self,
        tx: &Tx<'_>,
        now: Instant,
        booking: &BookingId,
        kind: StepKind,
    ) -> Result<Proof, ActError> {
        self.check_member()?;
        if !matches!(kind, StepKind::HAND_OVER | StepKind::RETURN) {
            return Err(ActError::invalid("qr.step"));
        }
        let party = self.party(tx, booking, now)?;
        // That it was said before stops nobody from showing it.
        lifecycle::may(&party.life, kind, party.side, false, now).map_err(step_error)?;
        let random = match party.side {
            Side::Requester => Some(party.request.record.random),
            Side::Owner => None,
        };
        let shown = Shown {
            booking: *booking,
            kind,
            at: now,
            listing: party.request.record.listing,
            domain: party.domain.id,
            member: self.me.member,
            random,
        };
        Ok(Proof::sign(&self.hood.hash, &self.me.keys, &shown))
    }

    /// Checks a proof, also of a booking that this member cannot read. `booking` and `kind`:
    /// what it is to be of.
    pub fn check_proof(
        &self,
        tx: &Tx<'_>,
        proof: &Proof,
        booking: Option<&BookingId>,
        kind: Option<StepKind>,
        now: Instant,
    ) -> Result<(), ActError> {
        let facts = Facts { replica: self, tx };
        proof.verify(&self.hood.hash, booking, kind, &facts, now).map_err(proof_error)
    }

    /// Whether a proof is its member's word.
    pub(super) fn genuine(&self) -> impl Fn(&Proof) -> bool + '_ {
        |proof| booking::is_genuine(&self.authority, proof)
    }

    fn party(&self, tx: &Tx<'_>, id: &BookingId, now: Instant) -> Result<Party, ActError> {
        let (row, request) = self.deal(tx, id)?;
        let domain = self.domain(tx, &request.record.domain)?;
        let side = booking::side_of(&row, &domain, &self.me.member);
        let side = side.ok_or_else(|| ActError::not_allowed("booking.not_allowed"))?;
        let life = self.booking(tx, id, now)?.life;
        let life = life.ok_or_else(|| ActError::conflict("booking.wrong_state"))?;
        Ok(Party { row, request, domain, side, life })
    }
}

struct Facts<'a, 'tx> {
    replica: &'a Replica,
    tx: &'a Tx<'tx>,
}

impl ProofFacts for Facts<'_, '_> {
    fn speaks_for(&self, device: &DeviceId, member: &MemberId) -> bool {
        self.replica.authority.device_of(member, device).is_some_and(|known| known.is_active)
    }

    fn decides(&self, member: &MemberId, domain: &DomainId) -> bool {
        let view = DomainView::head(self.tx, domain).ok().flatten();
        view.is_some_and(|view| view.row.entitled.contains(member))
    }

    fn holds(&self, booking: &BookingId, domain: &DomainId, listing: &DocId) -> bool {
        let state = self.tx.row::<BookingStates>(&(*domain, *booking)).ok().flatten();
        state.is_some_and(|state| match state.state {
            OpenState::Held(held) => held.resource == *listing,
            OpenState::Released(out) => out.reason == Reason::ENDED_EARLY,
            OpenState::Displaced(_) | OpenState::Waiting(_) => false,
        })
    }
}

fn step_error(error: StepError) -> ActError {
    let out = ActError::conflict(error.code());
    match error {
        StepError::OtherSide => ActError::not_allowed(error.code()),
        StepError::Stage(stage) => out.with("stage", stage.code()),
        StepError::TooEarly { from } => out.with("from", from.0),
        StepError::TooLate { until } => out.with("until", until.0),
        StepError::Said => out,
    }
}

/// A proof that proves nothing, as an error of an act.
pub fn proof_error(error: ProofError) -> ActError {
    match error {
        ProofError::NotOne | ProofError::Version | ProofError::Tampered => {
            ActError::invalid(error.code())
        }
        _ => ActError::conflict(error.code()),
    }
}
